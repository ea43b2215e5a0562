//! Reads GPT-2's config.json: its keys and defaults, and which values make no model.

use serde::{Deserialize, Serialize};

use crate::bundle::BundleError;
use crate::models::config_checks::{check_dropouts, check_heads, check_layers, check_sizes, check_small};
use crate::models::encoder::ModelSizes;
use crate::models::layers::HiddenAct;

/// GPT-2's `config.json`, with Hugging Face's keys and defaults; unknown keys are ignored.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Gpt2Config {
    /// Rows of the word embedding table.
    pub vocab_size: usize,
    /// Longest sequence, in tokens.
    #[serde(alias = "max_position_embeddings")]
    pub n_positions: usize,
    /// Width of the hidden states.
    #[serde(alias = "hidden_size")]
    pub n_embd: usize,
    /// Number of layers.
    #[serde(alias = "num_hidden_layers")]
    pub n_layer: usize,
    /// Attention heads a layer; divides `n_embd`.
    #[serde(alias = "num_attention_heads")]
    pub n_head: usize,
    /// Width of the feed-forward layer; `None` takes four times `n_embd`.
    pub n_inner: Option<usize>,
    /// Activation of the feed-forward layer.
    pub activation_function: HiddenAct,
    /// Dropout on both residual branches.
    pub resid_pdrop: f64,
    /// Dropout after the embeddings.
    pub embd_pdrop: f64,
    /// Dropout on the attention probabilities.
    pub attn_pdrop: f64,
    /// Epsilon of the layer normalisations.
    pub layer_norm_epsilon: f64,
    /// Standard deviation of new weights.
    pub initializer_range: f64,
    /// Must be true: scores are divided by the root of a head's width.
    pub scale_attn_weights: bool,
    /// Must be false.
    pub scale_attn_by_inverse_layer_idx: bool,
    /// Must be true: words are said by the table that reads them.
    pub tie_word_embeddings: bool,
}

impl Default for Gpt2Config {
    fn default() -> Self {
        Self {
            vocab_size: 50257,
            n_positions: 1024,
            n_embd: 768,
            n_layer: 12,
            n_head: 12,
            n_inner: None,
            activation_function: HiddenAct::GeluNew,
            resid_pdrop: 0.1,
            embd_pdrop: 0.1,
            attn_pdrop: 0.1,
            layer_norm_epsilon: 1e-5,
            initializer_range: 0.02,
            scale_attn_weights: true,
            scale_attn_by_inverse_layer_idx: false,
            tie_word_embeddings: true,
        }
    }
}

impl Gpt2Config {
    /// Width of the feed-forward layer.
    pub fn inner(&self) -> usize {
        self.n_inner.unwrap_or(4 * self.n_embd)
    }

    /// Checks that the sizes make a model; names the key that does not.
    pub fn validate(&self) -> Result<(), BundleError> {
        check_sizes(&[
            ("vocab_size", self.vocab_size),
            ("n_positions", self.n_positions),
            ("n_embd", self.n_embd),
            ("n_head", self.n_head),
            ("n_inner", self.inner()),
        ])?;
        check_layers("n_layer", self.n_layer)?;
        check_heads(("n_head", self.n_head), ("n_embd", self.n_embd))?;
        check_dropouts(&[
            ("resid_pdrop", self.resid_pdrop),
            ("embd_pdrop", self.embd_pdrop),
            ("attn_pdrop", self.attn_pdrop),
        ])?;
        check_small(&[
            ("initializer_range", self.initializer_range),
            ("layer_norm_epsilon", self.layer_norm_epsilon),
        ])?;
        let switches = [
            ("scale_attn_weights", self.scale_attn_weights, true),
            (
                "scale_attn_by_inverse_layer_idx",
                self.scale_attn_by_inverse_layer_idx,
                false,
            ),
            ("tie_word_embeddings", self.tie_word_embeddings, true),
        ];
        let wrong = switches.iter().find(|(_, value, known)| value != known);
        wrong.map_or(Ok(()), |(key, value, known)| {
            Err(BundleError::config(key, value, &format!("only {known} is known")))
        })
    }

    /// The sizes that every family has.
    pub fn sizes(&self) -> ModelSizes {
        ModelSizes {
            vocab_size: self.vocab_size,
            hidden_size: self.n_embd,
            num_hidden_layers: self.n_layer,
            num_attention_heads: self.n_head,
            intermediate_size: self.inner(),
            max_length: self.n_positions,
            type_vocab_size: 0,
            // The tables and the last normalisation.
            embedding_parameters: (self.vocab_size + self.n_positions) * self.n_embd,
            final_parameters: 2 * self.n_embd,
            initializer_range: self.initializer_range,
        }
    }

    /// The same model with another dropout at every place.
    pub fn with_dropout(&self, probability: f64) -> Self {
        Self {
            resid_pdrop: probability,
            embd_pdrop: probability,
            attn_pdrop: probability,
            ..self.clone()
        }
    }
}
