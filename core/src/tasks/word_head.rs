//! Compares hidden states with the words of the vocabulary, by the embedding table itself; used by the language models.
//!
//! The head for hidden words has a layer of its own between the two, and a bias for each word; the table belongs to the
//! encoder and learns from both sides.

use burn::module::{Module, Param};
use burn::tensor::Tensor;

use crate::kernels::Vocabulary;
use crate::models::encoder::ModelConfig;
use crate::models::layers::{HiddenAct, LayerNorm, Linear, WeightInit};

/// Hidden states to the words that come next: the embedding table, and no weights of its own.
#[derive(Module, Debug, Default)]
pub struct CausalLmHead {}

impl CausalLmHead {
    /// `states` `[rows, hidden]` on their way to the words of `table` `[vocab, hidden]`.
    pub fn forward(&self, states: Tensor<2>, table: Tensor<2>) -> Vocabulary {
        let [vocab, _] = table.dims();
        let bias = Tensor::zeros([vocab], &states.device());
        Vocabulary { states, table, bias }
    }
}

/// Hidden states to words: a dense layer, an activation, a normalisation, the embedding table.
#[derive(Module, Debug)]
pub struct MaskedLmHead {
    /// `[hidden, hidden]`
    pub dense: Linear,
    /// Over the last axis.
    pub layer_norm: LayerNorm,
    /// `[vocab]`
    pub bias: Param<Tensor<1>>,
    #[module(skip)]
    activation: HiddenAct,
}

impl MaskedLmHead {
    /// A head with new random weights.
    pub fn init(config: &ModelConfig, init: &mut WeightInit) -> Self {
        let sizes = config.sizes();
        let (activation, epsilon) = config.word_head();
        Self {
            dense: init.linear(sizes.hidden_size, sizes.hidden_size),
            layer_norm: init.layer_norm(sizes.hidden_size, epsilon),
            bias: init.constant(0.0, sizes.vocab_size),
            activation,
        }
    }

    /// `states` `[rows, hidden]` on their way to the words of `table` `[vocab, hidden]`.
    pub fn forward(&self, states: Tensor<2>, table: Tensor<2>) -> Vocabulary {
        let states = self.activation.forward(self.dense.forward(states));
        Vocabulary {
            states: self.layer_norm.forward(states),
            table,
            bias: self.bias.val(),
        }
    }
}
