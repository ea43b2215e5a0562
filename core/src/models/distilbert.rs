//! Computes DistilBERT: BERT without token types and pooler, under its own names, as in the checkpoint and in "DistilBERT, a
//! distilled version of BERT" (Sanh et al., 2019).
//!
//! Field names spell the checkpoint's paths (`transformer.layer.0.attention.q_lin`). Layers normalise after each residual
//! addition; attention's output is not dropped out, which BERT's is.

use std::ops::Range;

use burn::module::Module;
use burn::nn::Embedding;
use burn::tensor::Tensor;
use serde::{Deserialize, Serialize};

use crate::batch::Tokens;
use crate::bundle::BundleError;
use crate::models::config_checks::{
    check_dropouts, check_heads, check_layers, check_pad_token, check_sizes, check_small,
};
use crate::models::encoder::{EncoderModel, ModelSizes};
use crate::models::layers::{
    Dropout, HiddenAct, LayerNorm, Linear, WeightInit, attention_context, attention_probabilities,
};

/// DistilBERT's `config.json`, with Hugging Face's keys and defaults; unknown keys are ignored.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct DistilBertConfig {
    /// Rows of the word embedding table.
    pub vocab_size: usize,
    /// Width of the hidden states.
    pub dim: usize,
    /// Number of layers.
    pub n_layers: usize,
    /// Attention heads a layer; divides `dim`.
    pub n_heads: usize,
    /// Width of the feed-forward layer.
    pub hidden_dim: usize,
    /// Activation of the feed-forward layer.
    pub activation: HiddenAct,
    /// Dropout after the embeddings and the feed-forward network.
    pub dropout: f64,
    /// Dropout on the attention probabilities.
    pub attention_dropout: f64,
    /// Dropout before the classifier.
    pub seq_classif_dropout: f64,
    /// Dropout before the head of question answering.
    pub qa_dropout: f64,
    /// Longest sequence, in tokens.
    pub max_position_embeddings: usize,
    /// Standard deviation of new weights.
    pub initializer_range: f64,
    /// The word embedding that never learns, as torch's `padding_idx`.
    pub pad_token_id: Option<usize>,
}

impl Default for DistilBertConfig {
    fn default() -> Self {
        Self {
            vocab_size: 30522,
            dim: 768,
            n_layers: 6,
            n_heads: 12,
            hidden_dim: 3072,
            activation: HiddenAct::Gelu,
            dropout: 0.1,
            attention_dropout: 0.1,
            seq_classif_dropout: 0.2,
            qa_dropout: 0.1,
            max_position_embeddings: 512,
            initializer_range: 0.02,
            pad_token_id: Some(0),
        }
    }
}

/// Fixed in transformers' code, not in its config.
pub const LAYER_NORM_EPS: f64 = 1e-12;

impl DistilBertConfig {
    /// Checks that the sizes make a model; names the key that does not.
    pub fn validate(&self) -> Result<(), BundleError> {
        check_sizes(&[
            ("vocab_size", self.vocab_size),
            ("dim", self.dim),
            ("n_heads", self.n_heads),
            ("hidden_dim", self.hidden_dim),
            ("max_position_embeddings", self.max_position_embeddings),
        ])?;
        check_layers("n_layers", self.n_layers)?;
        check_heads(("n_heads", self.n_heads), ("dim", self.dim))?;
        check_dropouts(&[
            ("dropout", self.dropout),
            ("attention_dropout", self.attention_dropout),
            ("seq_classif_dropout", self.seq_classif_dropout),
            ("qa_dropout", self.qa_dropout),
        ])?;
        check_small(&[("initializer_range", self.initializer_range)])?;
        check_pad_token(self.pad_token_id, self.vocab_size)
    }

    /// The sizes that every family has.
    pub fn sizes(&self) -> ModelSizes {
        ModelSizes {
            vocab_size: self.vocab_size,
            hidden_size: self.dim,
            num_hidden_layers: self.n_layers,
            num_attention_heads: self.n_heads,
            intermediate_size: self.hidden_dim,
            max_length: self.max_position_embeddings,
            type_vocab_size: 0,
            // The tables and a layer normalisation.
            embedding_parameters: (self.vocab_size + self.max_position_embeddings + 2) * self.dim,
            final_parameters: 0,
            initializer_range: self.initializer_range,
        }
    }

    /// The same model with another dropout at every place.
    pub fn with_dropout(&self, probability: f64) -> Self {
        Self {
            dropout: probability,
            attention_dropout: probability,
            seq_classif_dropout: probability,
            qa_dropout: probability,
            ..self.clone()
        }
    }
}

/// The encoder: token ids in, hidden states out.
#[derive(Module, Debug)]
pub struct DistilBertModel {
    /// Token ids to vectors.
    pub embeddings: DistilBertEmbeddings,
    /// The stack of layers.
    pub transformer: DistilBertTransformer,
    #[module(skip)]
    config: DistilBertConfig,
}

impl DistilBertModel {
    /// A model with new random weights; `config` must be valid.
    pub fn init(config: &DistilBertConfig, init: &mut WeightInit) -> Self {
        Self {
            embeddings: DistilBertEmbeddings {
                word_embeddings: init.embedding(config.vocab_size, config.dim),
                position_embeddings: init.embedding(config.max_position_embeddings, config.dim),
                layer_norm: init.layer_norm(config.dim, LAYER_NORM_EPS),
            },
            transformer: DistilBertTransformer {
                layer: (0..config.n_layers)
                    .map(|_| DistilBertLayer::init(config, init))
                    .collect(),
            },
            config: config.clone(),
        }
    }

    /// The same weights under another config of the same sizes.
    pub fn with_config(mut self, config: &DistilBertConfig) -> Self {
        self.config = config.clone();
        self
    }

    /// Stops the gradient of the embeddings and the lowest `layers`.
    pub fn freeze(mut self, layers: usize) -> Self {
        self.embeddings = self.embeddings.no_grad();
        let all = self.transformer.layer.into_iter().enumerate();
        self.transformer.layer = all
            .map(|(index, layer)| if index < layers { layer.no_grad() } else { layer })
            .collect();
        self
    }
}

impl EncoderModel for DistilBertModel {
    fn sizes(&self) -> ModelSizes {
        self.config.sizes()
    }

    fn embed(&self, tokens: &Tokens, dropout: &mut Dropout) -> Tensor<3> {
        let [_, seq] = tokens.input_ids.dims();
        let positions = self.embeddings.position_embeddings.weight.val().slice(0..seq);
        let words = self.embeddings.word_embeddings.forward(tokens.input_ids.clone());
        let sum = self.embeddings.layer_norm.forward(words + positions.unsqueeze_dim(0));
        dropout.forward(sum, self.config.dropout)
    }

    fn encode(
        &self,
        mut hidden_states: Tensor<3>,
        layers: Range<usize>,
        attention_bias: Option<&Tensor<4>>,
        dropout: &mut Dropout,
    ) -> Tensor<3> {
        for layer in &self.transformer.layer[layers] {
            hidden_states = layer.forward(hidden_states, attention_bias, &self.config, dropout);
        }
        hidden_states
    }

    fn attention(&self, hidden_states: Tensor<3>, layer: usize, attention_bias: Option<&Tensor<4>>) -> Tensor<4> {
        let attention = &self.transformer.layer[layer].attention;
        attention.probabilities(hidden_states, attention_bias, &self.config)
    }

    fn word_embeddings(&self) -> Tensor<2> {
        self.embeddings.word_embeddings.weight.val()
    }

    fn padding_rows(&self) -> Vec<(&'static str, Range<usize>)> {
        let dim = self.config.dim;
        let row = self.config.pad_token_id.map(|id| id * dim..(id + 1) * dim);
        row.map(|row| ("embeddings.word_embeddings.weight", row))
            .into_iter()
            .collect()
    }
}

/// Words and positions, added and normalised.
#[derive(Module, Debug)]
pub struct DistilBertEmbeddings {
    /// `[vocab, hidden]`
    pub word_embeddings: Embedding,
    /// `[max_position, hidden]`
    pub position_embeddings: Embedding,
    /// Over the last axis.
    pub layer_norm: LayerNorm,
}

/// The stack of layers.
#[derive(Module, Debug)]
pub struct DistilBertTransformer {
    /// From the input upwards.
    pub layer: Vec<DistilBertLayer>,
}

/// One layer: self-attention, then a feed-forward network, each added to its input and normalised.
#[derive(Module, Debug)]
pub struct DistilBertLayer {
    /// Self-attention with its output projection.
    pub attention: DistilBertAttention,
    /// Over the last axis, after attention.
    pub sa_layer_norm: LayerNorm,
    /// The feed-forward network.
    pub ffn: DistilBertFeedForward,
    /// Over the last axis, after the feed-forward network.
    pub output_layer_norm: LayerNorm,
}

impl DistilBertLayer {
    fn init(config: &DistilBertConfig, init: &mut WeightInit) -> Self {
        let (dim, wide) = (config.dim, config.hidden_dim);
        Self {
            attention: DistilBertAttention {
                q_lin: init.linear(dim, dim),
                k_lin: init.linear(dim, dim),
                v_lin: init.linear(dim, dim),
                out_lin: init.linear(dim, dim),
            },
            sa_layer_norm: init.layer_norm(dim, LAYER_NORM_EPS),
            ffn: DistilBertFeedForward {
                lin1: init.linear(dim, wide),
                lin2: init.linear(wide, dim),
            },
            output_layer_norm: init.layer_norm(dim, LAYER_NORM_EPS),
        }
    }

    fn forward(
        &self,
        hidden_states: Tensor<3>,
        attention_bias: Option<&Tensor<4>>,
        config: &DistilBertConfig,
        dropout: &mut Dropout,
    ) -> Tensor<3> {
        let attention = &self.attention;
        let probabilities = attention.probabilities(hidden_states.clone(), attention_bias, config);
        let probabilities = dropout.forward(probabilities, config.attention_dropout);
        let context = attention_context(probabilities, attention.v_lin.forward(hidden_states.clone()));
        let attended = attention.out_lin.forward(context) + hidden_states;
        let attended = self.sa_layer_norm.forward(attended);
        let wide = config.activation.forward(self.ffn.lin1.forward(attended.clone()));
        let narrow = dropout.forward(self.ffn.lin2.forward(wide), config.dropout);
        self.output_layer_norm.forward(narrow + attended)
    }
}

/// Scaled dot-product attention over several heads.
#[derive(Module, Debug)]
pub struct DistilBertAttention {
    /// `[hidden, hidden]`
    pub q_lin: Linear,
    /// `[hidden, hidden]`
    pub k_lin: Linear,
    /// `[hidden, hidden]`
    pub v_lin: Linear,
    /// `[hidden, hidden]`
    pub out_lin: Linear,
}

impl DistilBertAttention {
    /// Attention probabilities, `[batch, heads, seq, seq]`.
    fn probabilities(
        &self,
        hidden_states: Tensor<3>,
        attention_bias: Option<&Tensor<4>>,
        config: &DistilBertConfig,
    ) -> Tensor<4> {
        let query = self.q_lin.forward(hidden_states.clone());
        let key = self.k_lin.forward(hidden_states);
        attention_probabilities(query, key, config.n_heads, attention_bias)
    }
}

/// The feed-forward network.
#[derive(Module, Debug)]
pub struct DistilBertFeedForward {
    /// `[hidden, intermediate]`
    pub lin1: Linear,
    /// `[intermediate, hidden]`
    pub lin2: Linear,
}
