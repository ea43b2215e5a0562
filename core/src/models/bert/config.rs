//! Reads BERT's config.json and checks that its numbers make a model.

use serde::{Deserialize, Serialize};

use crate::batch::Positions;
use crate::bundle::BundleError;
use crate::models::config_checks::{
    check_dropouts, check_heads, check_layers, check_pad_token, check_sizes, check_small,
};
use crate::models::encoder::ModelSizes;
use crate::models::layers::HiddenAct;

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
    /// Rows of the token type table; at least one, since every token has a type: transformers fails on a table of none.
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
            final_parameters: 0,
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
            ("type_vocab_size", self.type_vocab_size),
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
