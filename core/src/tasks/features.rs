//! Turns hidden states into one vector a text, for `embed`: the mean over its tokens, or its first token.

use burn::tensor::Tensor;
use serde::{Deserialize, Serialize};

/// Vectors of texts, `[batch, hidden]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Pooling {
    /// Mean over the tokens, without padding; 0 where there is none.
    #[default]
    Mean,
    /// The first token.
    Cls,
}

impl Pooling {
    /// Pools `hidden_states` `[batch, seq, hidden]` under `attention_mask` `[batch, seq]` (1 = keep).
    pub fn forward(self, hidden_states: Tensor<3>, attention_mask: Tensor<2>) -> Tensor<2> {
        let [batch, seq, hidden] = hidden_states.dims();
        match self {
            Self::Cls => hidden_states.slice([0..batch, 0..1]).reshape([batch, hidden]),
            Self::Mean => {
                let mask = attention_mask.reshape([batch, seq, 1]);
                let sum = (hidden_states * mask.clone()).sum_dim(1);
                (sum / mask.sum_dim(1).clamp_min(1.0)).reshape([batch, hidden])
            }
        }
    }
}
