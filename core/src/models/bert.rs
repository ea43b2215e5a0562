//! Computes BERT: embeddings and encoder layers, as in the checkpoint and in "BERT: Pre-training of Deep Bidirectional
//! Transformers" (Devlin et al., 2019). RoBERTa and XLM-R are the same but for how positions count.
//!
//! Field names spell the checkpoint's paths (`encoder.layer.0.attention.output.dense`); the exceptions stand in
//! [`crate::weights`]. Layers normalise after each residual addition. Heads, the pooler too, live in [`crate::tasks`].

use std::ops::Range;

use burn::module::Module;
use burn::nn::{Embedding, Linear};
use burn::tensor::Tensor;
use serde::{Deserialize, Serialize};

use crate::batch::{Positions, Tokens};
use crate::bundle::BundleError;
use crate::models::config_checks::{
    check_dropouts, check_heads, check_layers, check_pad_token, check_sizes, check_small,
};
use crate::models::encoder::{EncoderModel, ModelSizes};
use crate::models::layers::{Dropout, HiddenAct, LayerNorm, WeightInit, attention_context, attention_probabilities};

/// BERT's `config.json`, with Hugging Face's keys and defaults; unknown keys are ignored.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct BertConfig {
    /// Rows of the word embedding table.
    pub vocab_size: usize,
    /// Width of the hidden states.
    pub hidden_size: usize,
    /// Number of encoder layers.
    pub num_hidden_layers: usize,
    /// Attention heads a layer; divides `hidden_size`.
    pub num_attention_heads: usize,
    /// Width of the feed-forward layer.
    pub intermediate_size: usize,
    /// Activation of the feed-forward layer.
    pub hidden_act: HiddenAct,
    /// Dropout after the embeddings and on both residual branches.
    pub hidden_dropout_prob: f64,
    /// Dropout on the attention probabilities.
    pub attention_probs_dropout_prob: f64,
    /// Dropout before the classifier; `None` takes `hidden_dropout_prob`.
    pub classifier_dropout: Option<f64>,
    /// Longest sequence, in tokens.
    pub max_position_embeddings: usize,
    /// Rows of the token type table; 0 means the model has none.
    pub type_vocab_size: usize,
    /// Standard deviation of new weights.
    pub initializer_range: f64,
    /// The word embedding that never learns, as torch's `padding_idx`.
    pub pad_token_id: Option<usize>,
    /// Epsilon of the layer normalisations.
    pub layer_norm_eps: f64,
    /// Must be `absolute`.
    pub position_embedding_type: String,
    /// What position numbers count; not a key, it follows from the family.
    #[serde(skip)]
    pub positions: Positions,
}

impl Default for BertConfig {
    fn default() -> Self {
        Self {
            vocab_size: 30522,
            hidden_size: 768,
            num_hidden_layers: 12,
            num_attention_heads: 12,
            intermediate_size: 3072,
            hidden_act: HiddenAct::Gelu,
            hidden_dropout_prob: 0.1,
            attention_probs_dropout_prob: 0.1,
            classifier_dropout: None,
            max_position_embeddings: 512,
            type_vocab_size: 2,
            initializer_range: 0.02,
            pad_token_id: Some(0),
            layer_norm_eps: 1e-12,
            position_embedding_type: "absolute".to_owned(),
            positions: Positions::Columns,
        }
    }
}

impl BertConfig {
    /// Longest sequence, in tokens; 0 where the padding token's id leaves no position free.
    fn max_length(&self) -> usize {
        match self.positions {
            Positions::Columns => self.max_position_embeddings,
            Positions::Tokens { padding } => self.max_position_embeddings.saturating_sub(padding as usize + 1),
        }
    }

    /// The sizes that every family has.
    pub fn sizes(&self) -> ModelSizes {
        let tables = self.vocab_size + self.max_position_embeddings + self.type_vocab_size;
        ModelSizes {
            vocab_size: self.vocab_size,
            hidden_size: self.hidden_size,
            num_hidden_layers: self.num_hidden_layers,
            num_attention_heads: self.num_attention_heads,
            intermediate_size: self.intermediate_size,
            max_length: self.max_length(),
            type_vocab_size: self.type_vocab_size,
            // The tables and a layer normalisation.
            embedding_parameters: (tables + 2) * self.hidden_size,
            initializer_range: self.initializer_range,
        }
    }

    /// The same model with another dropout at every place.
    pub fn with_dropout(&self, probability: f64) -> Self {
        Self {
            hidden_dropout_prob: probability,
            attention_probs_dropout_prob: probability,
            classifier_dropout: None,
            ..self.clone()
        }
    }

    /// Checks that the sizes make a model; names the key that does not.
    pub fn validate(&self) -> Result<(), BundleError> {
        check_sizes(&[
            ("vocab_size", self.vocab_size),
            ("hidden_size", self.hidden_size),
            ("num_attention_heads", self.num_attention_heads),
            ("intermediate_size", self.intermediate_size),
            ("max_position_embeddings", self.max_position_embeddings),
        ])?;
        check_layers("num_hidden_layers", self.num_hidden_layers)?;
        check_heads(
            ("num_attention_heads", self.num_attention_heads),
            ("hidden_size", self.hidden_size),
        )?;
        check_dropouts(&[
            ("hidden_dropout_prob", self.hidden_dropout_prob),
            ("attention_probs_dropout_prob", self.attention_probs_dropout_prob),
            ("classifier_dropout", self.classifier_dropout.unwrap_or(0.0)),
        ])?;
        check_small(&[
            ("initializer_range", self.initializer_range),
            ("layer_norm_eps", self.layer_norm_eps),
        ])?;
        check_pad_token(self.pad_token_id, self.vocab_size)?;
        if self.max_length() == 0 {
            let reason = "must leave room behind pad_token_id, from which positions are counted";
            let key = "max_position_embeddings";
            return Err(BundleError::config(key, self.max_position_embeddings, reason));
        }
        if self.position_embedding_type != "absolute" {
            return Err(BundleError::config(
                "position_embedding_type",
                &self.position_embedding_type,
                "only absolute positions are known",
            ));
        }
        Ok(())
    }
}

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
    pub token_type_embeddings: Option<Embedding>,
    /// Over the last axis.
    pub layer_norm: LayerNorm,
}

impl BertEmbeddings {
    fn init(config: &BertConfig, init: &mut WeightInit) -> Self {
        Self {
            word_embeddings: init.embedding(config.vocab_size, config.hidden_size),
            position_embeddings: init.embedding(config.max_position_embeddings, config.hidden_size),
            token_type_embeddings: (config.type_vocab_size > 0)
                .then(|| init.embedding(config.type_vocab_size, config.hidden_size)),
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
        let mut sum = self.word_embeddings.forward(input_ids.clone()) + positions;
        if let Some(table) = &self.token_type_embeddings {
            sum = match token_type_ids {
                Some(ids) => sum + table.forward(ids.clone()),
                // Every token is of type 0: one row, broadcast.
                None => sum + table.weight.val().slice(0..1).unsqueeze_dim(0),
            };
        }
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
