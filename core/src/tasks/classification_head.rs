//! Computes outputs for a whole text from its first token: a dense layer, an activation, dropout, a linear layer.
//!
//! BERT calls the first part its pooler; other families keep it in the classifier. Shared by the tasks that say something
//! of a whole text.

use burn::module::Module;
use burn::tensor::{Tensor, TensorData, activation};

use crate::models::encoder::{ClassificationHeadConfig, HeadActivation, ModelConfig};
use crate::models::layers::{Dropout, Linear, WeightInit};

/// What a vector passed on is multiplied by: most elements of a normalized one lie between -3 and 3, and the hyperbolic tangent is
/// nearly straight between -1 and 1.
const PASSED_ON: f64 = 0.3;

/// The first token's hidden state to `outputs` numbers.
#[derive(Module, Debug)]
pub struct ClassificationHead {
    /// `[hidden, hidden]`
    pub dense: Linear,
    /// `[hidden, outputs]`
    pub classifier: Linear,
    #[module(skip)]
    config: ClassificationHeadConfig,
}

impl ClassificationHead {
    /// A head with new random weights.
    pub fn init(config: &ModelConfig, outputs: usize, init: &mut WeightInit) -> Self {
        let hidden = config.sizes().hidden_size;
        Self {
            dense: init.linear(hidden, hidden),
            classifier: init.linear(hidden, outputs),
            config: config.classification_head(),
        }
    }

    /// The same weights with `config`'s dropout.
    pub fn with_config(mut self, config: &ModelConfig) -> Self {
        self.config = config.classification_head();
        self
    }

    /// The head whose outputs are `factor` times this one's.
    pub fn with_scaled_outputs(mut self, factor: f64) -> Self {
        self.classifier.weight = self.classifier.weight.map(|weight| weight * factor);
        self.classifier.bias = self.classifier.bias.map(|bias| bias * factor);
        self
    }

    /// The head whose dense layer passes the first token's vector on, so that what is fitted to its output hangs on no random
    /// weights.
    pub fn with_plain_dense(mut self) -> Self {
        self.dense.weight = self.dense.weight.map(|old| {
            let [hidden, _] = old.dims();
            Tensor::eye(hidden, &old.device()) * PASSED_ON
        });
        self.dense.bias = self.dense.bias.map(|old| old.zeros_like());
        self
    }

    /// The head with another last layer: `weight` `[hidden, outputs]` in row-major order, `bias` `[outputs]`.
    pub fn with_classifier(mut self, weight: Vec<f32>, bias: Vec<f32>) -> Self {
        self.classifier.weight = self.classifier.weight.map(|old| {
            let data = TensorData::new(weight, old.dims());
            Tensor::from_data(data, &old.device())
        });
        self.classifier.bias = self.classifier.bias.map(|old| {
            let data = TensorData::new(bias, old.dims());
            Tensor::from_data(data, &old.device())
        });
        self
    }

    /// What the last layer reads, BERT's `pooler_output`: `[batch, hidden]` of `hidden_states` `[batch, seq, hidden]`.
    pub fn pooled_output(&self, hidden_states: Tensor<3>, dropout: &mut Dropout) -> Tensor<2> {
        let [batch, _, hidden] = hidden_states.dims();
        let first = hidden_states.slice([0..batch, 0..1]).reshape([batch, hidden]);
        let x = self.dense.forward(dropout.forward(first, self.config.input_dropout));
        match self.config.activation {
            HeadActivation::Tanh => x.tanh(),
            HeadActivation::Relu => activation::relu(x),
        }
    }

    /// Logits, `[batch, outputs]`, of `hidden_states` `[batch, seq, hidden]`.
    pub fn forward(&self, hidden_states: Tensor<3>, dropout: &mut Dropout) -> Tensor<2> {
        let pooled_output = self.pooled_output(hidden_states, dropout);
        self.classifier
            .forward(dropout.forward(pooled_output, self.config.dropout))
    }
}
