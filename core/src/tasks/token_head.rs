//! Computes outputs for each token: dropout and a linear layer. Shared by the tasks that say something of every token.

use burn::module::Module;
use burn::tensor::Tensor;

use crate::models::encoder::ModelConfig;
use crate::models::layers::{Dropout, Linear, WeightInit};

/// Each token's hidden state to `outputs` numbers.
#[derive(Module, Debug)]
pub struct TokenHead {
    /// `[hidden, outputs]`
    pub classifier: Linear,
    #[module(skip)]
    dropout: f64,
}

impl TokenHead {
    /// A head with new random weights.
    pub fn init(config: &ModelConfig, outputs: usize, init: &mut WeightInit) -> Self {
        Self {
            classifier: init.linear(config.sizes().hidden_size, outputs),
            dropout: config.token_dropout(),
        }
    }

    /// The same weights with `config`'s dropout.
    pub fn with_config(mut self, config: &ModelConfig) -> Self {
        self.dropout = config.token_dropout();
        self
    }

    /// The head whose outputs are `factor` times this one's.
    pub fn with_scaled_outputs(mut self, factor: f64) -> Self {
        self.classifier.weight = self.classifier.weight.map(|weight| weight * factor);
        self.classifier.bias = self.classifier.bias.map(|bias| bias * factor);
        self
    }

    /// Logits, `[batch, seq, outputs]`, of `hidden_states` `[batch, seq, hidden]`.
    pub fn forward(&self, hidden_states: Tensor<3>, dropout: &mut Dropout) -> Tensor<3> {
        self.classifier.forward(dropout.forward(hidden_states, self.dropout))
    }
}
