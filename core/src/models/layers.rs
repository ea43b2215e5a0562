//! Builds what the model families share: activations, dropout, initial weights, the attention bias.
//!
//! Embedding is burn's own module with BERT's initial values; what is costly is in [`crate::kernels`]. Used by the families; the
//! heads in [`crate::tasks`] use [`Linear`], [`WeightInit`] and [`Dropout`] too.

use burn::module::{Module, Param, ParamId};
use burn::nn::Embedding;
use burn::tensor::{Device, Tensor, TensorData, activation};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use serde::{Deserialize, Serialize};

use crate::kernels::{self, DropoutDraw};

/// The additive score of a padded position: `exp` of it is exactly zero, and it is far from overflow.
pub const MASKED_SCORE: f32 = -1e30;

/// The activations that BERT configurations name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum HiddenAct {
    /// x·Φ(x) with the exact erf.
    #[serde(rename = "gelu")]
    Gelu,
    /// GPT-2's tanh approximation of gelu.
    #[serde(rename = "gelu_new", alias = "gelu_pytorch_tanh")]
    GeluNew,
    /// max(x, 0).
    #[serde(rename = "relu")]
    Relu,
}

impl HiddenAct {
    /// Applies the activation to each element; any shape.
    pub fn forward<const D: usize>(self, x: Tensor<D>) -> Tensor<D> {
        match self {
            Self::Gelu => kernels::gelu(x),
            Self::GeluNew => kernels::gelu_tanh(x),
            Self::Relu => activation::relu(x),
        }
    }
}

/// Layer normalisation over the last axis.
#[derive(Module, Debug)]
pub struct LayerNorm {
    /// `[hidden]`
    pub weight: Param<Tensor<1>>,
    /// `[hidden]`
    pub bias: Param<Tensor<1>>,
    epsilon: f64,
}

impl LayerNorm {
    /// Normalises `x` `[..., hidden]`.
    pub fn forward<const D: usize>(&self, x: Tensor<D>) -> Tensor<D> {
        kernels::layer_norm(x, self.weight.val(), self.bias.val(), self.epsilon)
    }
}

/// `x · weight + bias` for each vector of `x`.
#[derive(Module, Debug)]
pub struct Linear {
    /// `[d_input, d_output]`
    pub weight: Param<Tensor<2>>,
    /// `[d_output]`
    pub bias: Param<Tensor<1>>,
}

impl Linear {
    /// Gives `[..., d_output]` for `x` `[..., d_input]`.
    pub fn forward<const D: usize>(&self, x: Tensor<D>) -> Tensor<D> {
        linear(x, self.weight.val(), self.bias.val())
    }
}

/// `x · weight + bias`: `[..., d_output]` for `x` `[..., d_input]`, `weight` `[d_input, d_output]` and `bias` `[d_output]`.
///
/// The vectors of all texts are rows of one matrix. burn multiplies text by text, and where it differentiates that, it computes
/// the weight's gradient for each text before it adds them up.
pub fn linear<const D: usize>(x: Tensor<D>, weight: Tensor<2>, bias: Tensor<1>) -> Tensor<D> {
    let mut shape = x.dims();
    let [d_input, d_output] = weight.dims();
    let rows = shape.iter().product::<usize>() / d_input;
    shape[D - 1] = d_output;
    kernels::linear_rows(x.reshape([rows, d_input]), weight, bias).reshape(shape)
}

/// Makes new weights, drawn on the host when they are first read: a seed gives the same model on every device, and
/// weights that a checkpoint replaces are never drawn.
pub struct WeightInit<'a> {
    seed: u64,
    drawn: u64,
    std: f64,
    device: &'a Device,
}

impl<'a> WeightInit<'a> {
    /// Draws from normal(0, `std`) on `device`; `std` is the config's `initializer_range`.
    pub fn new(seed: u64, std: f64, device: &'a Device) -> Self {
        Self {
            seed,
            drawn: 0,
            std,
            device,
        }
    }

    /// A linear layer `[d_input, d_output]` with normal weights and zero bias.
    pub fn linear(&mut self, d_input: usize, d_output: usize) -> Linear {
        Linear {
            weight: self.normal([d_input, d_output]),
            bias: self.constant(0.0, d_output),
        }
    }

    /// An embedding table `[rows, d_model]` with normal weights.
    pub fn embedding(&mut self, rows: usize, d_model: usize) -> Embedding {
        Embedding {
            weight: self.normal([rows, d_model]),
        }
    }

    /// A layer normalisation over the last axis: weight one, bias zero.
    pub fn layer_norm(&mut self, d_model: usize, epsilon: f64) -> LayerNorm {
        LayerNorm {
            weight: self.constant(1.0, d_model),
            bias: self.constant(0.0, d_model),
            epsilon,
        }
    }

    fn normal(&mut self, shape: [usize; 2]) -> Param<Tensor<2>> {
        self.scaled_matrix(shape, 1.0)
    }

    /// A matrix with normal weights of `scale` times the usual deviation.
    pub fn scaled_matrix(&mut self, shape: [usize; 2], scale: f64) -> Param<Tensor<2>> {
        self.drawn += 1;
        let (seed, std) = (mix(self.seed ^ mix(self.drawn)), self.std * scale);
        self.lazy(shape, move || {
            let mut rng = ChaCha8Rng::seed_from_u64(seed);
            (0..shape[0] * shape[1])
                .map(|_| (standard_normal(&mut rng) * std) as f32)
                .collect()
        })
    }

    /// A vector `[len]` of one value.
    pub fn constant(&self, value: f32, len: usize) -> Param<Tensor<1>> {
        self.lazy([len], move || vec![value; len])
    }

    fn lazy<const D: usize>(
        &self,
        shape: [usize; D],
        values: impl FnOnce() -> Vec<f32> + Send + Sync + 'static,
    ) -> Param<Tensor<D>> {
        let init = move |device: &Device, require_grad: bool| {
            Tensor::from_data(TensorData::new(values(), shape), device).set_require_grad(require_grad)
        };
        Param::uninitialized(ParamId::new(), init, self.device.clone(), true, shape.into())
    }
}

/// One standard normal number by the Box–Muller transform, from 128 bits of the generator.
fn standard_normal(rng: &mut ChaCha8Rng) -> f64 {
    let unit = |bits: u64| ((bits >> 11) as f64 + 0.5) / (1u64 << 53) as f64;
    let radius = (-2.0 * unit(rng.next_u64()).ln()).sqrt();
    radius * (std::f64::consts::TAU * unit(rng.next_u64())).cos()
}

/// Decides, one place after the other, which elements of a forward pass are dropped.
///
/// The masks depend only on seed, step and place, so a resumed run draws those of an unbroken one. [`Dropout::off`] is
/// what evaluation and prediction pass.
#[derive(Debug, Clone)]
pub struct Dropout {
    key: Option<u64>,
    place: u64,
    /// The number of the first of its rows in the whole batch.
    first_row: usize,
}

impl Dropout {
    /// No dropout at all.
    pub fn off() -> Self {
        Self {
            key: None,
            place: 0,
            first_row: 0,
        }
    }

    /// The masks of one forward pass of a training run.
    pub fn of_step(seed: u64, step: u64) -> Self {
        Self {
            key: Some(mix(seed ^ mix(step))),
            place: 0,
            first_row: 0,
        }
    }

    /// The part of the masks for the rows of a batch from `first_row` on, where the others are computed elsewhere.
    pub fn from_row(self, first_row: usize) -> Self {
        Self { first_row, ..self }
    }

    /// Zeroes each element of `x` `[batch, …]` with `probability` and scales the others by `1 / (1 - probability)`.
    pub fn forward<const D: usize>(&mut self, x: Tensor<D>, probability: f64) -> Tensor<D> {
        let Some(key) = self.key.filter(|_| probability > 0.0) else {
            return x;
        };
        self.place += 1;
        let elements_of_row = x.shape().num_elements() / x.dims()[0].max(1);
        let draw = DropoutDraw {
            key: key ^ mix(self.place),
            // Wraps as the numbers of the elements do.
            first: (self.first_row as u32).wrapping_mul(elements_of_row as u32),
            keep: 1.0 - probability,
        };
        kernels::dropout(x, draw)
    }
}

/// SplitMix64's finaliser: a bijection of 64 bits whose outputs pass for independent.
pub(crate) fn mix(x: u64) -> u64 {
    let x = x.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}

/// Attention probabilities, `[batch, heads, seq, seq]`, of `query` and `key` `[batch, seq, hidden]`: each query's sum to 1 over
/// the keys. `attention_bias` is `[batch, 1, 1, seq]`.
pub fn attention_probabilities(
    query: Tensor<3>,
    key: Tensor<3>,
    heads: usize,
    attention_bias: Option<&Tensor<4>>,
) -> Tensor<4> {
    let [_, _, hidden] = query.dims();
    let scores = kernels::product(split_heads(query, heads), split_heads(key, heads).transpose());
    let head_dim = hidden / heads;
    kernels::attention_softmax(scores, attention_bias, 1.0 / (head_dim as f64).sqrt())
}

/// What attention makes of `value` `[batch, seq, hidden]` under `probabilities` `[batch, heads, seq, seq]`.
pub fn attention_context(probabilities: Tensor<4>, value: Tensor<3>) -> Tensor<3> {
    let [_, heads, _, _] = probabilities.dims();
    merge_heads(kernels::product(probabilities, split_heads(value, heads)))
}

/// `[batch, heads, seq, head_dim]` to `[batch, seq, hidden]`.
pub fn merge_heads(x: Tensor<4>) -> Tensor<3> {
    let [batch, heads, seq, head_dim] = x.dims();
    x.swap_dims(1, 2).reshape([batch, seq, heads * head_dim])
}

/// `[batch, seq, hidden]` to `[batch, heads, seq, head_dim]`.
pub fn split_heads(x: Tensor<3>, heads: usize) -> Tensor<4> {
    let [batch, seq, hidden] = x.dims();
    x.reshape([batch, seq, heads, hidden / heads]).swap_dims(1, 2)
}

/// Turns an attention mask `[batch, seq]` (1 = keep) into what is added to the scores, `[batch, 1, 1, seq]`.
pub fn attention_bias(attention_mask: Tensor<2>) -> Tensor<4> {
    let [batch, seq] = attention_mask.dims();
    attention_mask
        .neg()
        .add_scalar(1.0)
        .mul_scalar(MASKED_SCORE)
        .reshape([batch, 1, 1, seq])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dropout_keeps_the_mean_and_repeats_by_key() {
        let device = Device::flex();
        let x = Tensor::<2>::ones([100, 103], &device);
        let draw = |step| {
            Dropout::of_step(7, step)
                .forward(x.clone(), 0.1)
                .into_data()
                .try_into_vec::<f32>()
                .expect("f32")
        };
        let first = draw(1);
        assert_eq!(first, draw(1));
        assert_ne!(first, draw(2));
        let mean = first.iter().sum::<f32>() / first.len() as f32;
        // Standard error of the mean: sqrt(0.1 / 0.9 / 10,300) = 0.0033; four of them.
        assert!((mean - 1.0).abs() < 0.0132, "{mean}");
    }

    #[test]
    fn masked_positions_get_no_attention() {
        let device = Device::flex();
        let mask = Tensor::<2>::from_data([[1.0, 1.0, 0.0]], &device);
        let scores = Tensor::<4>::from_data([[[[0.5, 1.5, 80.0]]]], &device) + attention_bias(mask);
        let probabilities = activation::softmax(scores, 3)
            .into_data()
            .try_into_vec::<f32>()
            .expect("f32");
        assert_eq!(probabilities[2], 0.0);
    }
}
