//! Writes networks and plain tensors as safetensors files of f32, under the names of [`super::spelling`].

use burn::module::{Module, ModuleVisitor, Param};
use burn::tensor::Tensor;
use serde_json::{Map, Value, json};

use super::spelling::{LABEL_LAYERS, Spelling, Walk, head_path, spelling};
use super::{WeightsError, transpose};
use crate::error::Error;
use crate::examples::host_values;
use crate::tasks::network::Network;

/// One parameter on its way to the host, in the checkpoint's layout.
struct Saved {
    name: ParameterName,
    /// Flat, in the module's layout.
    values: Tensor<1>,
}

/// A tensor on its way into a file.
pub struct NamedTensor {
    /// Its name there.
    pub name: String,
    /// Its shape there.
    pub shape: Vec<usize>,
    /// Its values, flat.
    pub values: Tensor<1>,
    /// Whether it is a matrix whose values lie as its transpose's would.
    pub transposed: bool,
}

struct Collector {
    walk: Walk,
    spelling: &'static Spelling,
    saved: Vec<Saved>,
}

impl ModuleVisitor for Collector {
    fn enter_module(&mut self, name: &str, container_type: &str) {
        self.walk.enter(name, container_type);
    }

    fn exit_module(&mut self, _name: &str, _container_type: &str) {
        self.walk.exit();
    }

    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        let values = param.val().without_autodiff();
        let transposed = self.walk.is_transposed();
        let mut shape = values.dims().to_vec();
        if transposed {
            shape.reverse();
        }
        let head = head_path(&self.walk.path);
        let name = ParameterName {
            path: self.walk.path.join("."),
            name: self.spelling.checkpoint_name(&self.walk.path),
            shape,
            transposed,
            learns: param.is_require_grad(),
            is_of_labels: head.is_some_and(|path| LABEL_LAYERS.iter().any(|layer| path.starts_with(layer))),
        };
        self.saved.push(Saved {
            name,
            values: values.flatten(0, D - 1),
        });
    }
}

/// A parameter under both its names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParameterName {
    /// Its path in the module.
    pub path: String,
    /// Its name in the checkpoint.
    pub name: String,
    /// Its shape in the checkpoint.
    pub shape: Vec<usize>,
    /// Whether its axes are swapped in the module.
    pub transposed: bool,
    /// Whether it has a gradient: not where it is frozen, nor off the autodiff device.
    pub learns: bool,
    /// Whether it belongs to the layer whose outputs are the labels.
    pub is_of_labels: bool,
}

impl ParameterName {
    /// Whether it belongs to the head.
    pub fn is_of_head(&self) -> bool {
        self.path.starts_with("head.")
    }
}

/// The parameters of `network` under both their names.
pub fn parameter_names(network: &Network) -> Vec<ParameterName> {
    collect(network).into_iter().map(|saved| saved.name).collect()
}

fn collect(network: &Network) -> Vec<Saved> {
    let mut collector = Collector {
        walk: Walk::default(),
        spelling: spelling(&network.encoder),
        saved: Vec::new(),
    };
    network.visit(&mut collector);
    collector.saved
}

/// Writes `network` as a safetensors file of f32. A sync point: reads every weight back.
pub async fn save(network: &Network) -> Result<Vec<u8>, Error> {
    save_where(network, |_| true).await
}

/// Writes what learns of a `network` in training: frozen weights stay as the base model has them. A sync point.
pub async fn save_learning(network: &Network) -> Result<Vec<u8>, Error> {
    save_where(network, |parameter| parameter.learns).await
}

/// Writes the parameters for which `keep` says yes. A sync point.
pub async fn save_where(network: &Network, keep: impl Fn(&ParameterName) -> bool) -> Result<Vec<u8>, Error> {
    let tensors = collect(network)
        .into_iter()
        .filter(|saved| keep(&saved.name))
        .map(|Saved { name, values }| NamedTensor {
            name: name.name,
            shape: name.shape,
            values,
            transposed: name.transposed,
        })
        .collect();
    serialize(tensors).await
}

/// A safetensors file of f32 tensors, with the metadata that transformers asks for. A sync point for each tensor: only one
/// is copied and turned beside the file, where the safetensors crate would hold all.
///
/// # Errors
/// If a value is not finite, which no reader would take, or the device fails.
pub async fn serialize(mut tensors: Vec<NamedTensor>) -> Result<Vec<u8>, Error> {
    tensors.sort_by(|a, b| a.name.cmp(&b.name));
    let mut header = Map::new();
    header.insert("__metadata__".to_owned(), json!({ "format": "pt" }));
    let mut end = 0;
    for NamedTensor { name, shape, .. } in &tensors {
        let start = end;
        end += 4 * shape.iter().product::<usize>();
        header.insert(
            name.clone(),
            json!({ "dtype": "F32", "shape": shape, "data_offsets": [start, end] }),
        );
    }
    let mut header = Value::Object(header).to_string();
    // The data must begin at a multiple of eight bytes.
    header.extend(std::iter::repeat_n(
        ' ',
        header.len().next_multiple_of(8) - header.len(),
    ));
    let mut file = Vec::with_capacity(8 + header.len() + end);
    file.extend_from_slice(&(header.len() as u64).to_le_bytes());
    file.extend_from_slice(header.as_bytes());
    for tensor in tensors {
        let mut values = host_values(tensor.values).await?;
        if values.iter().any(|value| !value.is_finite()) {
            let tensor = tensor.name;
            return Err(WeightsError::NotFinite { tensor }.into());
        }
        if let (true, &[rows, columns]) = (tensor.transposed, &tensor.shape[..]) {
            values = transpose(&values, columns, rows);
        }
        for value in values {
            file.extend_from_slice(&value.to_le_bytes());
        }
    }
    Ok(file)
}
