//! Computes where an answer begins and ends: two outputs for each token.

use burn::module::Module;
use burn::tensor::Tensor;

use crate::models::encoder::ModelConfig;
use crate::models::layers::{Dropout, Linear, WeightInit};

/// Each token's hidden state to two numbers.
#[derive(Module, Debug)]
pub struct SpanHead {
    /// `[hidden, 2]`
    pub qa_outputs: Linear,
    #[module(skip)]
    dropout: f64,
}

impl SpanHead {
    /// A head with new random weights.
    pub fn init(config: &ModelConfig, init: &mut WeightInit) -> Self {
        Self {
            qa_outputs: init.linear(config.sizes().hidden_size, 2),
            dropout: config.span_dropout(),
        }
    }

    /// The same weights with `config`'s dropout.
    pub fn with_config(mut self, config: &ModelConfig) -> Self {
        self.dropout = config.span_dropout();
        self
    }

    /// Logits of beginning and of end, `[batch, seq, 2]`, of `hidden_states` `[batch, seq, hidden]`.
    pub fn forward(&self, hidden_states: Tensor<3>, dropout: &mut Dropout) -> Tensor<3> {
        self.qa_outputs.forward(dropout.forward(hidden_states, self.dropout))
    }
}
