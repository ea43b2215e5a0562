//! Computes GPT-2, as in the checkpoint and in "Language Models are Unsupervised Multitask Learners" (Radford et al., 2019):
//! each token sees itself and what stands before it.
//!
//! Field names spell the checkpoint's paths (`h.0.attn.c_attn`). Layers normalise before each branch, and once more at the end.
//! While a text is continued, [`KeyValueCache`] keeps what attention has already computed of it.

mod cache;
mod config;

use std::ops::Range;

use burn::module::{Module, Param};
use burn::nn::Embedding;
use burn::tensor::{Device, Int, Tensor, TensorData};

use crate::batch::Tokens;
use crate::kernels;
use crate::models::encoder::{EncoderModel, ModelSizes};
use crate::models::layers::{Dropout, LayerNorm, MASKED_SCORE, WeightInit, linear, merge_heads, split_heads};

pub use self::cache::KeyValueCache;
pub use self::config::Gpt2Config;

/// The decoder: token ids in, hidden states out.
#[derive(Module, Debug)]
pub struct Gpt2Model {
    /// Words, `[vocab, hidden]`.
    pub wte: Embedding,
    /// Positions, `[n_positions, hidden]`.
    pub wpe: Embedding,
    /// From the input upwards.
    pub h: Vec<Gpt2Layer>,
    /// Over the last axis, after the last layer.
    pub ln_f: LayerNorm,
    #[module(skip)]
    config: Gpt2Config,
}

impl Gpt2Model {
    /// A model with new random weights; `config` must be valid.
    pub fn init(config: &Gpt2Config, init: &mut WeightInit) -> Self {
        Self {
            wte: init.embedding(config.vocab_size, config.n_embd),
            wpe: init.embedding(config.n_positions, config.n_embd),
            h: (0..config.n_layer).map(|_| Gpt2Layer::init(config, init)).collect(),
            ln_f: init.layer_norm(config.n_embd, config.layer_norm_epsilon),
            config: config.clone(),
        }
    }

    /// The same weights under another config of the same sizes.
    pub fn with_config(mut self, config: &Gpt2Config) -> Self {
        self.config = config.clone();
        self
    }

    /// Stops the gradient of the embeddings and the lowest `layers`.
    pub fn freeze(mut self, layers: usize) -> Self {
        self.wte = self.wte.no_grad();
        self.wpe = self.wpe.no_grad();
        if layers == self.h.len() {
            self.ln_f = self.ln_f.no_grad();
        }
        let all = self.h.into_iter().enumerate();
        self.h = all
            .map(|(index, layer)| if index < layers { layer.no_grad() } else { layer })
            .collect();
        self
    }

    /// Hidden states, `[1, new, hidden]`, of `input_ids` `[1, new]`, which stand behind what `cache` knows; it knows them, too,
    /// afterwards. Together they must not be longer than the model reads.
    pub fn continue_text(&self, input_ids: Tensor<2, Int>, cache: &mut KeyValueCache) -> Tensor<3> {
        let [_, new] = input_ids.dims();
        let start = cache.len();
        let capacity = cache.make_room(new);
        let positions = self.wpe.weight.val().slice(start..start + new).unsqueeze_dim(0);
        let mut hidden_states = self.wte.forward(input_ids) + positions;
        let bias = causal_bias(start, new, capacity, &hidden_states.device());
        for (layer, kept) in self.h.iter().zip(cache.layers()) {
            let attend = |keys_values: [Tensor<4>; 2]| {
                let [keys, values] = kept.put(keys_values, start, capacity);
                (keys, values)
            };
            hidden_states = layer.forward(hidden_states, &bias, attend, &self.config, &mut Dropout::off());
        }
        cache.read(new);
        self.ln_f.forward(hidden_states)
    }
}

impl EncoderModel for Gpt2Model {
    fn sizes(&self) -> ModelSizes {
        self.config.sizes()
    }

    fn embed(&self, tokens: &Tokens, dropout: &mut Dropout) -> Tensor<3> {
        let [_, seq] = tokens.input_ids.dims();
        let positions = self.wpe.weight.val().slice(0..seq).unsqueeze_dim(0);
        let sum = self.wte.forward(tokens.input_ids.clone()) + positions;
        dropout.forward(sum, self.config.embd_pdrop)
    }

    fn encode(
        &self,
        mut hidden_states: Tensor<3>,
        layers: Range<usize>,
        attention_bias: Option<&Tensor<4>>,
        dropout: &mut Dropout,
    ) -> Tensor<3> {
        let [_, seq, _] = hidden_states.dims();
        let bias = causal_and_padding(seq, attention_bias, &hidden_states.device());
        // What has passed all layers has passed the last normalisation, too.
        let ends = layers.end == self.h.len() && !layers.is_empty();
        for layer in &self.h[layers] {
            hidden_states = layer.forward(hidden_states, &bias, <[_; 2]>::into, &self.config, dropout);
        }
        match ends {
            true => self.ln_f.forward(hidden_states),
            false => hidden_states,
        }
    }

    fn attention(&self, hidden_states: Tensor<3>, layer: usize, attention_bias: Option<&Tensor<4>>) -> Tensor<4> {
        let [_, seq, _] = hidden_states.dims();
        let bias = causal_and_padding(seq, attention_bias, &hidden_states.device());
        let layer = &self.h[layer];
        let [query, key, _] = layer.attn.heads(layer.ln_1.forward(hidden_states), self.config.n_head);
        probabilities(query, key, &bias)
    }

    fn word_embeddings(&self) -> Tensor<2> {
        self.wte.weight.val()
    }

    fn padding_rows(&self) -> Vec<(&'static str, Range<usize>)> {
        Vec::new()
    }
}

/// What is added to the scores so that no token sees those behind it, `[1, 1, rows, columns]`: row 0 is token `start`.
fn causal_bias(start: usize, rows: usize, columns: usize, device: &Device) -> Tensor<4> {
    let mut bias = vec![MASKED_SCORE; rows * columns];
    for (row, bias) in bias.chunks_mut(columns.max(1)).enumerate() {
        let seen = (start + row + 1).min(columns);
        bias[..seen].fill(0.0);
    }
    let bias = TensorData::new(bias, [1, 1, rows, columns]);
    Tensor::from_data(bias, &device.clone().inner())
}

/// As [`causal_bias`] of a whole text, with the padding's `[batch, 1, 1, seq]`: `[batch, 1, seq, seq]`, or 1 for the batch.
fn causal_and_padding(seq: usize, padding: Option<&Tensor<4>>, device: &Device) -> Tensor<4> {
    let causal = causal_bias(0, seq, seq, device);
    match padding {
        Some(padding) => padding.clone().without_autodiff() + causal,
        None => causal,
    }
}

/// Attention probabilities, `[batch, heads, rows, columns]`, of `query` and `key` `[batch, heads, …, head_dim]`.
fn probabilities(query: Tensor<4>, key: Tensor<4>, bias: &Tensor<4>) -> Tensor<4> {
    let [_, _, _, head_dim] = query.dims();
    let scores = kernels::product(query, key.transpose());
    kernels::attention_softmax(scores, Some(bias), 1.0 / (head_dim as f64).sqrt())
}

/// One layer: self-attention, then a feed-forward network, each of a normalised input and added to it.
#[derive(Module, Debug)]
pub struct Gpt2Layer {
    /// Before attention.
    pub ln_1: LayerNorm,
    /// Self-attention with its output projection.
    pub attn: Gpt2Attention,
    /// Before the feed-forward network.
    pub ln_2: LayerNorm,
    /// The feed-forward network.
    pub mlp: Gpt2Mlp,
}

impl Gpt2Layer {
    fn init(config: &Gpt2Config, init: &mut WeightInit) -> Self {
        let (hidden, wide) = (config.n_embd, config.inner());
        // What is added up over the layers begins smaller, as the paper says.
        let branch = 1.0 / (2.0 * config.n_layer as f64).sqrt();
        Self {
            ln_1: init.layer_norm(hidden, config.layer_norm_epsilon),
            attn: Gpt2Attention {
                c_attn: Conv1d::init(hidden, 3 * hidden, 1.0, init),
                c_proj: Conv1d::init(hidden, hidden, branch, init),
            },
            ln_2: init.layer_norm(hidden, config.layer_norm_epsilon),
            mlp: Gpt2Mlp {
                c_fc: Conv1d::init(hidden, wide, 1.0, init),
                c_proj: Conv1d::init(wide, hidden, branch, init),
            },
        }
    }

    /// `bias` is `[batch or 1, 1, rows, columns]`; `all` makes of the new keys and values those that are attended to.
    fn forward(
        &self,
        hidden_states: Tensor<3>,
        bias: &Tensor<4>,
        all: impl FnOnce([Tensor<4>; 2]) -> (Tensor<4>, Tensor<4>),
        config: &Gpt2Config,
        dropout: &mut Dropout,
    ) -> Tensor<3> {
        let normalized = self.ln_1.forward(hidden_states.clone());
        let [query, key, value] = self.attn.heads(normalized, config.n_head);
        let (keys, values) = all([key, value]);
        let probabilities = dropout.forward(probabilities(query, keys, bias), config.attn_pdrop);
        let context = merge_heads(kernels::product(probabilities, values));
        let attended = dropout.forward(self.attn.c_proj.forward(context), config.resid_pdrop);
        let hidden_states = hidden_states + attended;
        let wide = self.mlp.c_fc.forward(self.ln_2.forward(hidden_states.clone()));
        let narrow = self.mlp.c_proj.forward(config.activation_function.forward(wide));
        hidden_states + dropout.forward(narrow, config.resid_pdrop)
    }
}

/// Self-attention.
#[derive(Module, Debug)]
pub struct Gpt2Attention {
    /// Queries, keys and values at once, `[hidden, 3 · hidden]`.
    pub c_attn: Conv1d,
    /// `[hidden, hidden]`
    pub c_proj: Conv1d,
}

impl Gpt2Attention {
    /// Queries, keys and values, `[batch, heads, seq, head_dim]` each, of `[batch, seq, hidden]`.
    fn heads(&self, hidden_states: Tensor<3>, heads: usize) -> [Tensor<4>; 3] {
        let [batch, seq, hidden] = hidden_states.dims();
        let all = self.c_attn.forward(hidden_states);
        [0, 1, 2].map(|part| {
            let columns = part * hidden..(part + 1) * hidden;
            split_heads(all.clone().slice([0..batch, 0..seq, columns]), heads)
        })
    }
}

/// The feed-forward network.
#[derive(Module, Debug)]
pub struct Gpt2Mlp {
    /// `[hidden, inner]`
    pub c_fc: Conv1d,
    /// `[inner, hidden]`
    pub c_proj: Conv1d,
}

/// A linear layer whose weight the checkpoint holds as `[input, output]`, under transformers' name for it.
#[derive(Module, Debug)]
pub struct Conv1d {
    /// `[input, output]`
    pub weight: Param<Tensor<2>>,
    /// `[output]`
    pub bias: Param<Tensor<1>>,
}

impl Conv1d {
    /// Normal weights of `scale` times the usual deviation, zero bias.
    fn init(d_input: usize, d_output: usize, scale: f64, init: &mut WeightInit) -> Self {
        Self {
            weight: init.scaled_matrix([d_input, d_output], scale),
            bias: init.constant(0.0, d_output),
        }
    }

    fn forward(&self, x: Tensor<3>) -> Tensor<3> {
        linear(x, self.weight.val(), self.bias.val())
    }
}

#[cfg(test)]
mod tests {
    use super::cache::GROWTH;
    use super::*;

    fn model(device: &Device) -> Gpt2Model {
        let config = Gpt2Config {
            vocab_size: 11,
            n_positions: 300,
            n_embd: 12,
            n_layer: 3,
            n_head: 4,
            initializer_range: 0.3,
            ..Gpt2Config::default()
        };
        Gpt2Model::init(&config, &mut WeightInit::new(5, config.initializer_range, device))
    }

    fn ids(count: usize, device: &Device) -> Tensor<2, Int> {
        let ids: Vec<i32> = (0..count as i32).map(|place| (place * 7 + place / 3) % 11).collect();
        Tensor::from_data(TensorData::new(ids, [1, count]), device)
    }

    fn values(tensor: Tensor<3>) -> Vec<f32> {
        tensor.into_data().try_into_vec().expect("f32")
    }

    /// Sums of up to 300 terms in another order.
    const TOLERANCE: f32 = 2e-5;

    #[test]
    fn the_cache_changes_nothing() {
        let device = Device::flex();
        let model = model(&device);
        // Beyond one growth of the buffers.
        let count = GROWTH + 5;
        let tokens = Tokens {
            input_ids: ids(count, &device),
            token_type_ids: None,
            position_ids: None,
        };
        let off = &mut Dropout::off();
        let whole = values(model.encode(model.embed(&tokens, off), 0..3, None, off));
        let mut cache = KeyValueCache::new(3);
        let mut parts = Vec::new();
        let mut start = 0;
        for new in [7, 1, 1, GROWTH - 10, 1, 5] {
            let part = ids(count, &device).slice([0..1, start..start + new]);
            parts.extend(values(model.continue_text(part, &mut cache)));
            start += new;
        }
        assert_eq!((start, cache.len()), (count, count));
        let difference = whole.iter().zip(&parts).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
        assert!(parts.len() == whole.len() && difference < TOLERANCE, "{difference}");
    }

    #[test]
    fn no_token_sees_those_behind_it() {
        let device = Device::flex();
        let model = model(&device);
        let off = &mut Dropout::off();
        let states = |count| {
            let tokens = Tokens {
                input_ids: ids(count, &device),
                token_type_ids: None,
                position_ids: None,
            };
            values(model.encode(
                model.embed(&tokens, &mut Dropout::off()),
                0..3,
                None,
                &mut Dropout::off(),
            ))
        };
        let (short, long) = (states(6), states(9));
        let difference = short.iter().zip(&long).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
        assert!(difference < TOLERANCE, "{difference}");
        let embedded = model.embed(
            &Tokens {
                input_ids: ids(5, &device),
                token_type_ids: None,
                position_ids: None,
            },
            off,
        );
        let attention: Vec<f32> = model
            .attention(embedded, 0, None)
            .into_data()
            .try_into_vec()
            .expect("f32");
        assert!(
            attention[1..5].iter().all(|&weight| weight == 0.0),
            "{:?}",
            &attention[..5]
        );
    }
}
