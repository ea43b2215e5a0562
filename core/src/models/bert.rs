//! Computes BERT: embeddings and encoder layers, as in the checkpoint and in "BERT: Pre-training of Deep Bidirectional
//! Transformers" (Devlin et al., 2019). RoBERTa and XLM-R are the same but for how positions count.
//!
//! Field names spell the checkpoint's paths (`encoder.layer.0.attention.output.dense`); the exceptions stand in
//! [`crate::weights`]. Layers normalise after each residual addition. Heads, the pooler too, live in [`crate::tasks`].

mod config;

use std::ops::Range;

use burn::module::Module;
use burn::nn::Embedding;
use burn::tensor::Tensor;

use crate::batch::{Positions, Tokens};
use crate::models::encoder::{EncoderModel, ModelSizes};
use crate::models::layers::{Dropout, LayerNorm, Linear, WeightInit, attention_context, attention_probabilities};

pub use self::config::BertConfig;

/// The encoder: token ids in, hidden states out.
#[derive(Module, Debug)]
pub struct BertModel {
    /// Token ids to vectors.
    pub embeddings: BertEmbeddings,
    /// The stack of layers.
    pub encoder: BertEncoder,
    #[module(skip)]
    config: BertConfig,
}

impl BertModel {
    /// A model with new random weights; `config` must be valid.
    pub fn init(config: &BertConfig, init: &mut WeightInit) -> Self {
        Self {
            embeddings: BertEmbeddings::init(config, init),
            encoder: BertEncoder {
                layer: (0..config.num_hidden_layers)
                    .map(|_| BertLayer::init(config, init))
                    .collect(),
            },
            config: config.clone(),
        }
    }

    /// The same weights under another config of the same sizes.
    pub fn with_config(mut self, config: &BertConfig) -> Self {
        self.config = config.clone();
        self
    }

    /// Stops the gradient of the embeddings and the lowest `layers`.
    pub fn freeze(mut self, layers: usize) -> Self {
        self.embeddings = self.embeddings.no_grad();
        let encoder = self.encoder.layer.into_iter().enumerate();
        self.encoder.layer = encoder
            .map(|(index, layer)| if index < layers { layer.no_grad() } else { layer })
            .collect();
        self
    }
}

impl EncoderModel for BertModel {
    fn sizes(&self) -> ModelSizes {
        self.config.sizes()
    }

    fn embed(&self, tokens: &Tokens, dropout: &mut Dropout) -> Tensor<3> {
        dropout.forward(self.embeddings.forward(tokens), self.config.hidden_dropout_prob)
    }

    fn encode(
        &self,
        mut hidden_states: Tensor<3>,
        layers: Range<usize>,
        attention_bias: Option<&Tensor<4>>,
        dropout: &mut Dropout,
    ) -> Tensor<3> {
        for layer in &self.encoder.layer[layers] {
            hidden_states = layer.forward(hidden_states, attention_bias, &self.config, dropout);
        }
        hidden_states
    }

    fn attention(&self, hidden_states: Tensor<3>, layer: usize, attention_bias: Option<&Tensor<4>>) -> Tensor<4> {
        let attention = &self.encoder.layer[layer].attention.self_;
        attention.probabilities(hidden_states, attention_bias, &self.config)
    }

    fn word_embeddings(&self) -> Tensor<2> {
        self.embeddings.word_embeddings.weight.val()
    }

    fn padding_rows(&self) -> Vec<(&'static str, Range<usize>)> {
        let hidden = self.config.hidden_size;
        let row = |id: usize| id * hidden..(id + 1) * hidden;
        let words = self
            .config
            .pad_token_id
            .map(|id| ("embeddings.word_embeddings.weight", row(id)));
        let positions = match self.config.positions {
            Positions::Columns => None,
            Positions::Tokens { padding } => Some(("embeddings.position_embeddings.weight", row(padding as usize))),
        };
        words.into_iter().chain(positions).collect()
    }
}

/// Words, positions and token types, added and normalised.
#[derive(Module, Debug)]
pub struct BertEmbeddings {
    /// `[vocab, hidden]`
    pub word_embeddings: Embedding,
    /// `[max_position, hidden]`
    pub position_embeddings: Embedding,
    /// `[type_vocab, hidden]`
    pub token_type_embeddings: Embedding,
    /// Over the last axis.
    pub layer_norm: LayerNorm,
}

impl BertEmbeddings {
    fn init(config: &BertConfig, init: &mut WeightInit) -> Self {
        Self {
            word_embeddings: init.embedding(config.vocab_size, config.hidden_size),
            position_embeddings: init.embedding(config.max_position_embeddings, config.hidden_size),
            token_type_embeddings: init.embedding(config.type_vocab_size, config.hidden_size),
            layer_norm: init.layer_norm(config.hidden_size, config.layer_norm_eps),
        }
    }

    fn forward(&self, tokens: &Tokens) -> Tensor<3> {
        let Tokens {
            input_ids,
            token_type_ids,
            position_ids,
        } = tokens;
        let [_, seq] = input_ids.dims();
        let positions = match position_ids {
            Some(ids) => self.position_embeddings.forward(ids.clone()),
            // Columns count from the first even where a row is padded on the left, as transformers does.
            None => self.position_embeddings.weight.val().slice(0..seq).unsqueeze_dim(0),
        };
        let types = match token_type_ids {
            Some(ids) => self.token_type_embeddings.forward(ids.clone()),
            // Every token is of type 0: one row, broadcast.
            None => self.token_type_embeddings.weight.val().slice(0..1).unsqueeze_dim(0),
        };
        let sum = self.word_embeddings.forward(input_ids.clone()) + positions + types;
        self.layer_norm.forward(sum)
    }
}

/// The stack of layers.
#[derive(Module, Debug)]
pub struct BertEncoder {
    /// From the input upwards.
    pub layer: Vec<BertLayer>,
}

/// One layer: self-attention, then a feed-forward network, each added to its input and normalised.
#[derive(Module, Debug)]
pub struct BertLayer {
    /// Self-attention with its output projection.
    pub attention: BertAttention,
    /// `[hidden, intermediate]`
    pub intermediate: BertIntermediate,
    /// `[intermediate, hidden]`
    pub output: BertOutput,
}

impl BertLayer {
    fn init(config: &BertConfig, init: &mut WeightInit) -> Self {
        let (hidden, wide) = (config.hidden_size, config.intermediate_size);
        Self {
            attention: BertAttention {
                self_: BertSelfAttention {
                    query: init.linear(hidden, hidden),
                    key: init.linear(hidden, hidden),
                    value: init.linear(hidden, hidden),
                },
                output: BertOutput::init(hidden, config, init),
            },
            intermediate: BertIntermediate {
                dense: init.linear(hidden, wide),
            },
            output: BertOutput::init(wide, config, init),
        }
    }

    fn forward(
        &self,
        hidden_states: Tensor<3>,
        attention_bias: Option<&Tensor<4>>,
        config: &BertConfig,
        dropout: &mut Dropout,
    ) -> Tensor<3> {
        let context = self
            .attention
            .self_
            .forward(hidden_states.clone(), attention_bias, config, dropout);
        let attended = self.attention.output.forward(context, hidden_states, config, dropout);
        let wide = config
            .hidden_act
            .forward(self.intermediate.dense.forward(attended.clone()));
        self.output.forward(wide, attended, config, dropout)
    }
}

/// Self-attention and its output.
#[derive(Module, Debug)]
pub struct BertAttention {
    /// `attention.self` in the checkpoint; `self` is a reserved word.
    pub self_: BertSelfAttention,
    /// The projection of the heads' results.
    pub output: BertOutput,
}

/// Scaled dot-product attention over several heads.
#[derive(Module, Debug)]
pub struct BertSelfAttention {
    /// `[hidden, hidden]`
    pub query: Linear,
    /// `[hidden, hidden]`
    pub key: Linear,
    /// `[hidden, hidden]`
    pub value: Linear,
}

impl BertSelfAttention {
    fn forward(
        &self,
        hidden_states: Tensor<3>,
        attention_bias: Option<&Tensor<4>>,
        config: &BertConfig,
        dropout: &mut Dropout,
    ) -> Tensor<3> {
        let probabilities = self.probabilities(hidden_states.clone(), attention_bias, config);
        let probabilities = dropout.forward(probabilities, config.attention_probs_dropout_prob);
        attention_context(probabilities, self.value.forward(hidden_states))
    }

    /// Attention probabilities, `[batch, heads, seq, seq]`: each query's sum to 1 over the keys.
    fn probabilities(
        &self,
        hidden_states: Tensor<3>,
        attention_bias: Option<&Tensor<4>>,
        config: &BertConfig,
    ) -> Tensor<4> {
        let query = self.query.forward(hidden_states.clone());
        let key = self.key.forward(hidden_states);
        attention_probabilities(query, key, config.num_attention_heads, attention_bias)
    }
}

/// The first half of the feed-forward network.
#[derive(Module, Debug)]
pub struct BertIntermediate {
    /// `[hidden, intermediate]`
    pub dense: Linear,
}

/// A projection back to the hidden width, dropped out, added to the branch's input and normalised.
#[derive(Module, Debug)]
pub struct BertOutput {
    /// `[input, hidden]`
    pub dense: Linear,
    /// Over the last axis.
    pub layer_norm: LayerNorm,
}

impl BertOutput {
    fn init(d_input: usize, config: &BertConfig, init: &mut WeightInit) -> Self {
        Self {
            dense: init.linear(d_input, config.hidden_size),
            layer_norm: init.layer_norm(config.hidden_size, config.layer_norm_eps),
        }
    }

    fn forward(&self, x: Tensor<3>, residual: Tensor<3>, config: &BertConfig, dropout: &mut Dropout) -> Tensor<3> {
        let x = dropout.forward(self.dense.forward(x), config.hidden_dropout_prob);
        self.layer_norm.forward(x + residual)
    }
}
