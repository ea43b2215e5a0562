//! Updates weights with AdamW as torch's does: decoupled decay, bias-corrected moments, torch's epsilon.
//!
//! Gradients are collected by parameter path, added up over micro-batches and clipped by their global norm on the device,
//! without a readback. Biases and normalisation weights, which are the parameters of rank 1, do not decay.

use std::collections::BTreeMap;

use burn::module::{Module, ModuleMapper, ModuleVisitor, Param};
use burn::tensor::{Device, Gradients, Tensor, TensorData};

use crate::error::Error;
use crate::kernels::{AdamWStep, AdamWTensors, adamw, square_sum};
use crate::weights::{NamedTensor, serialize};

/// Gradients by parameter path, flat `[elements]`.
#[derive(Debug, Default)]
pub struct GradientSum {
    flat: BTreeMap<String, Tensor<1>>,
    /// What clipping leaves of them, `[1]`; the optimizer multiplies by it on its way.
    scale: Option<Tensor<1>>,
}

impl GradientSum {
    /// Adds the gradients of `module`'s parameters that a backward pass left in `gradients`.
    pub fn add<M: Module>(&mut self, module: &M, mut gradients: Gradients) {
        module.visit(&mut GradientVisitor {
            path: Vec::new(),
            gradients: &mut gradients,
            flat: &mut self.flat,
        });
    }

    /// Scales all gradients so that their joint 2-norm is at most `max_norm`; returns the norm before, `[1]`.
    pub fn clip_global_norm(&mut self, max_norm: f64) -> Option<Tensor<1>> {
        let squares = self.flat.values().map(|grad| square_sum(grad.clone()));
        let norm = squares.reduce(|sum, square| sum + square)?.sqrt();
        // torch.nn.utils.clip_grad_norm_ adds the same 1e-6.
        self.scale = Some((norm.clone() + 1e-6).recip().mul_scalar(max_norm).clamp_max(1.0));
        Some(norm)
    }

    /// Makes the gradient of a part of a parameter zero, where it has one.
    pub fn clear(&mut self, path: &str, elements: std::ops::Range<usize>) {
        if let Some(grad) = self.flat.get_mut(path) {
            grad.inplace(|grad| grad.slice_fill([elements], 0.0));
        }
    }

    /// The gradients by parameter path.
    pub fn into_parameters(self) -> BTreeMap<String, Tensor<1>> {
        self.flat
    }

    /// The sums that [`Self::into_parameters`] gave.
    pub fn of_parameters(flat: BTreeMap<String, Tensor<1>>) -> Self {
        Self { flat, scale: None }
    }

    /// The gradient of one parameter by its path, flat.
    pub fn get(&self, path: &str) -> Option<&Tensor<1>> {
        self.flat.get(path)
    }
}

struct GradientVisitor<'a> {
    path: Vec<String>,
    gradients: &'a mut Gradients,
    flat: &'a mut BTreeMap<String, Tensor<1>>,
}

impl ModuleVisitor for GradientVisitor<'_> {
    fn enter_module(&mut self, name: &str, _container_type: &str) {
        self.path.push(name.to_owned());
    }

    fn exit_module(&mut self, _name: &str, _container_type: &str) {
        self.path.pop();
    }

    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        let Some(grad) = param.val().grad_remove(self.gradients) else {
            return;
        };
        let grad = grad.flatten(0, D - 1);
        let path = self.path.join(".");
        let sum = match self.flat.remove(&path) {
            Some(sum) => sum + grad,
            None => grad,
        };
        self.flat.insert(path, sum);
    }
}

/// The constants of AdamW; defaults are torch's.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct AdamWConfig {
    /// Decay of the first moment.
    pub beta1: f64,
    /// Decay of the second moment.
    pub beta2: f64,
    /// Added to the root of the second moment.
    pub epsilon: f64,
    /// Decoupled weight decay of parameters of rank 2 and more.
    pub weight_decay: f64,
}

/// The optimizer with its moments.
#[derive(Debug)]
pub struct AdamW {
    config: AdamWConfig,
    /// Steps taken.
    time: u32,
    moments: BTreeMap<String, Moments>,
}

#[derive(Debug, Clone)]
struct Moments {
    first: Tensor<1>,
    second: Tensor<1>,
}

impl AdamW {
    /// An optimizer that has taken no step.
    pub fn new(config: AdamWConfig) -> Self {
        Self {
            config,
            time: 0,
            moments: BTreeMap::new(),
        }
    }

    /// One step: the module with its parameters moved against `gradients`. Parameters without a gradient stay.
    pub fn step<M: Module>(&mut self, module: M, gradients: GradientSum, learning_rate: f64) -> M {
        self.time += 1;
        let time = f64::from(self.time);
        let mut mapper = AdamWMapper {
            path: Vec::new(),
            gradients: gradients.flat,
            scale: gradients.scale,
            moments: &mut self.moments,
            config: self.config,
            learning_rate,
            correction1: 1.0 - self.config.beta1.powf(time),
            correction2: 1.0 - self.config.beta2.powf(time),
        };
        module.map(&mut mapper)
    }

    /// The state as a safetensors file: `first.PATH`, `second.PATH` and `time`. A sync point for each tensor.
    pub async fn save(&self, device: &Device) -> Result<Vec<u8>, Error> {
        let time = Tensor::from_data([self.time as f32], device);
        let flat = |name: String, values: Tensor<1>| NamedTensor {
            name,
            shape: values.dims().to_vec(),
            values,
            transposed: false,
        };
        let mut tensors = vec![flat("time".to_owned(), time)];
        for (path, moments) in &self.moments {
            for (kind, values) in [("first", &moments.first), ("second", &moments.second)] {
                tensors.push(flat(format!("{kind}.{path}"), values.clone()));
            }
        }
        serialize(tensors).await
    }

    /// The optimizer that [`Self::save`] wrote, or nothing where the bytes are not one.
    pub fn load(config: AdamWConfig, bytes: &[u8], device: &Device) -> Option<Self> {
        let file = safetensors::SafeTensors::deserialize(bytes).ok()?;
        let values = |name: &str| {
            let view = file.tensor(name).ok()?;
            let floats: Vec<f32> = view
                .data()
                .as_chunks::<4>()
                .0
                .iter()
                .map(|bytes| f32::from_le_bytes(*bytes))
                .collect();
            Some(floats)
        };
        let flat = |floats: Vec<f32>| {
            let len = floats.len();
            Tensor::from_data(TensorData::new(floats, [len]), device)
        };
        let time = *values("time")?.first()? as u32;
        let mut moments = BTreeMap::new();
        for name in file.names() {
            if let Some(path) = name.strip_prefix("first.") {
                let first = flat(values(name)?);
                let second = flat(values(&format!("second.{path}"))?);
                moments.insert(path.to_owned(), Moments { first, second });
            }
        }
        Some(Self { config, time, moments })
    }
}

struct AdamWMapper<'a> {
    path: Vec<String>,
    gradients: BTreeMap<String, Tensor<1>>,
    scale: Option<Tensor<1>>,
    moments: &'a mut BTreeMap<String, Moments>,
    config: AdamWConfig,
    learning_rate: f64,
    correction1: f64,
    correction2: f64,
}

impl AdamWMapper<'_> {
    /// The new values of a flat parameter.
    fn update(&mut self, path: String, values: Tensor<1>, grad: Tensor<1>, decay: f64) -> Tensor<1> {
        let AdamWConfig {
            beta1, beta2, epsilon, ..
        } = self.config;
        let step = AdamWStep {
            beta1: beta1 as f32,
            beta2: beta2 as f32,
            share1: (1.0 - beta1) as f32,
            share2: (1.0 - beta2) as f32,
            epsilon: epsilon as f32,
            shrink: (1.0 - self.learning_rate * decay) as f32,
            step_size: (self.learning_rate / self.correction1) as f32,
            root_correction: self.correction2.sqrt() as f32,
        };
        let moments = self.moments.remove(&path);
        let zeros = || Tensor::zeros(grad.dims(), &grad.device());
        let (first, second) = moments.map_or_else(|| (zeros(), zeros()), |both| (both.first, both.second));
        let scale = self.scale.clone().unwrap_or_else(|| Tensor::ones([1], &grad.device()));
        let tensors = AdamWTensors {
            values,
            grad,
            scale,
            first,
            second,
        };
        let (values, first, second) = adamw(tensors, step);
        self.moments.insert(path, Moments { first, second });
        values
    }
}

impl ModuleMapper for AdamWMapper<'_> {
    fn enter_module(&mut self, name: &str, _container_type: &str) {
        self.path.push(name.to_owned());
    }

    fn exit_module(&mut self, _name: &str, _container_type: &str) {
        self.path.pop();
    }

    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let path = self.path.join(".");
        let Some(grad) = self.gradients.remove(&path) else {
            return param;
        };
        let decay = if D > 1 { self.config.weight_decay } else { 0.0 };
        param.map(|tensor| {
            let shape = tensor.dims();
            let values = tensor.without_autodiff().flatten(0, D - 1);
            let values = self.update(path, values, grad, decay);
            Tensor::from_inner(values.reshape(shape)).require_grad()
        })
    }
}
