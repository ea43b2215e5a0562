//! Joins an encoder of any family with a task's head.
//!
//! Parameter paths are `encoder.FAMILY.…` and `head.KIND.…`; [`crate::weights`] turns them into the checkpoint's names.

use std::ops::Range;

use burn::module::Module;
use burn::tensor::Tensor;

use crate::batch::Batch;
use crate::kernels::Vocabulary;
use crate::models::encoder::{Encoder, ModelConfig, ModelSizes};
use crate::models::layers::{Dropout, WeightInit};
use crate::rows::Row;
use crate::tasks::classification_head::ClassificationHead;
use crate::tasks::span_head::SpanHead;
use crate::tasks::token_head::TokenHead;
use crate::tasks::word_head::{CausalLmHead, MaskedLmHead};
use crate::training_config::TrainLayers;

/// A model with the head of one task.
#[derive(Module, Debug)]
pub struct Network {
    /// Token ids to hidden states.
    pub encoder: Encoder,
    /// Hidden states to what the task needs.
    pub head: Head,
}

/// The heads there are. One may serve several tasks; which weights of a checkpoint it has depends on the family and is
/// written in [`crate::weights`].
#[derive(Module, Debug)]
pub enum Head {
    /// Outputs for the whole text.
    Classification(ClassificationHead),
    /// Outputs for each token.
    Tokens(TokenHead),
    /// Where an answer begins and ends.
    Span(SpanHead),
    /// Words of the vocabulary for each token.
    MaskedLm(MaskedLmHead),
    /// The next word of the vocabulary for each token.
    CausalLm(CausalLmHead),
}

/// What a head is made from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HeadKind {
    /// [`Head::Classification`] with so many outputs.
    Classification(usize),
    /// [`Head::Tokens`] with so many outputs a token.
    Tokens(usize),
    /// [`Head::Span`].
    Span,
    /// [`Head::MaskedLm`].
    MaskedLm,
    /// [`Head::CausalLm`].
    CausalLm,
}

/// A task makes the head that it asks for, so it always finds it.
const OWN_HEAD: &str = "a task finds the head that it asked for";

impl Head {
    /// A head with new random weights.
    pub fn init(kind: HeadKind, config: &ModelConfig, init: &mut WeightInit) -> Self {
        match kind {
            HeadKind::Classification(outputs) => Self::Classification(ClassificationHead::init(config, outputs, init)),
            HeadKind::Tokens(outputs) => Self::Tokens(TokenHead::init(config, outputs, init)),
            HeadKind::Span => Self::Span(SpanHead::init(config, init)),
            HeadKind::MaskedLm => Self::MaskedLm(MaskedLmHead::init(config, init)),
            HeadKind::CausalLm => Self::CausalLm(CausalLmHead::default()),
        }
    }

    /// The head of tasks that were made with [`HeadKind::Classification`].
    pub fn classification(&self) -> &ClassificationHead {
        match self {
            Self::Classification(head) => head,
            _ => unreachable!("{OWN_HEAD}"),
        }
    }

    /// The head of tasks that were made with [`HeadKind::Tokens`].
    pub fn tokens(&self) -> &TokenHead {
        match self {
            Self::Tokens(head) => head,
            _ => unreachable!("{OWN_HEAD}"),
        }
    }

    /// The head of tasks that were made with [`HeadKind::Span`].
    pub fn span(&self) -> &SpanHead {
        match self {
            Self::Span(head) => head,
            _ => unreachable!("{OWN_HEAD}"),
        }
    }

    /// `states` `[rows, hidden]` on their way to the words of `table` `[vocab, hidden]`, for tasks that were made with
    /// [`HeadKind::MaskedLm`] or [`HeadKind::CausalLm`].
    pub fn vocabulary(&self, states: Tensor<2>, table: Tensor<2>) -> Vocabulary {
        match self {
            Self::MaskedLm(head) => head.forward(states, table),
            Self::CausalLm(head) => head.forward(states, table),
            _ => unreachable!("{OWN_HEAD}"),
        }
    }

    /// The head whose outputs are `factor` times this one's.
    pub fn with_scaled_outputs(self, factor: f64) -> Self {
        match self {
            head if factor == 1.0 => head,
            Self::Classification(head) => Self::Classification(head.with_scaled_outputs(factor)),
            Self::Tokens(head) => Self::Tokens(head.with_scaled_outputs(factor)),
            // Scores are scaled, never places nor words.
            head @ (Self::Span(_) | Self::MaskedLm(_) | Self::CausalLm(_)) => head,
        }
    }

    /// The head for a whole text whose dense layer passes the first token's vector on; others as they are.
    pub fn with_plain_dense(self) -> Self {
        match self {
            Self::Classification(head) => Self::Classification(head.with_plain_dense()),
            head => head,
        }
    }

    fn with_config(self, config: &ModelConfig) -> Self {
        match self {
            Self::Classification(head) => Self::Classification(head.with_config(config)),
            Self::Tokens(head) => Self::Tokens(head.with_config(config)),
            Self::Span(head) => Self::Span(head.with_config(config)),
            head @ (Self::MaskedLm(_) | Self::CausalLm(_)) => head,
        }
    }
}

/// Last hidden states of some rows, on their way through the head.
pub struct Pass<'a> {
    /// The model.
    pub network: &'a Network,
    /// `[batch, seq, hidden]`
    pub hidden_states: Tensor<3>,
    /// The rows, in the order of the batch.
    pub rows: &'a [&'a Row],
}

impl Network {
    /// A model with new random weights; `config` must be valid.
    pub fn init(config: &ModelConfig, head: HeadKind, init: &mut WeightInit) -> Self {
        Self {
            encoder: Encoder::init(config, init),
            head: Head::init(head, config, init),
        }
    }

    /// The sizes of the encoder.
    pub fn sizes(&self) -> ModelSizes {
        self.encoder.sizes()
    }

    /// `rows`' last hidden states, ready for a task's head.
    pub fn pass<'a>(&'a self, batch: &Batch, rows: &'a [&'a Row], dropout: &mut Dropout) -> Pass<'a> {
        let layers = self.sizes().num_hidden_layers;
        Pass {
            network: self,
            hidden_states: self.encoder.hidden_states(batch, layers, dropout),
            rows,
        }
    }

    /// The same weights with `config`'s dropout.
    pub fn with_config(self, config: &ModelConfig) -> Self {
        Self {
            encoder: self.encoder.with_config(config),
            head: self.head.with_config(config),
        }
    }

    /// Stops the gradient of everything that `layers` leaves frozen.
    pub fn freeze(mut self, layers: TrainLayers) -> Self {
        if layers != TrainLayers::All {
            let frozen = frozen_layers(layers, self.sizes().num_hidden_layers);
            self.encoder = self.encoder.freeze(frozen);
        }
        self
    }

    /// Parts of tables, flat, that never learn, such as the padding token's row: path, elements. As torch does it, a table
    /// that is also compared with hidden states learns all its rows from that side.
    pub fn padding_rows(&self) -> Vec<(String, Range<usize>)> {
        let mut rows = self.encoder.padding_rows();
        if let Head::MaskedLm(_) = self.head {
            rows.retain(|(path, _)| !path.ends_with("word_embeddings.weight"));
        }
        rows
    }
}

/// How many of the lower layers `layers` freezes.
pub fn frozen_layers(layers: TrainLayers, num_hidden_layers: usize) -> usize {
    match layers {
        TrainLayers::All => 0,
        TrainLayers::Top(top) => num_hidden_layers.saturating_sub(top),
        TrainLayers::Head => num_hidden_layers,
    }
}
