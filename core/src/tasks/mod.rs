//! Holds one file a task: head, labels and what a prediction looks like.

pub mod sequence_classification;

use serde::{Deserialize, Serialize};

/// What a model is trained to do; the names are those of the command line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TaskKind {
    /// One label for a text or a pair of texts.
    #[default]
    SequenceClassification,
}

/// Labels and model that do not fit each other.
#[derive(Debug, thiserror::Error)]
pub enum TaskError {
    /// An example says what the training data never said.
    #[error("{file}, line {line}: label {label:?} does not occur in training; known: {}", known.join(", "))]
    UnknownLabel {
        /// The data file.
        file: String,
        /// Its line.
        line: usize,
        /// The label.
        label: String,
        /// The labels that the model can say.
        known: Vec<String>,
    },
    /// An example without a label where one is needed.
    #[error("{file}, line {line}: the example has no label; name the column with --label-column")]
    NoLabel {
        /// The data file.
        file: String,
        /// Its line.
        line: usize,
    },
    /// Too few classes to tell apart.
    #[error("{file}: every example has the label {label:?}; classification needs at least two")]
    OneLabel {
        /// The data file.
        file: String,
        /// The only label.
        label: String,
    },
    /// A file, or a part of one, without examples.
    #[error("{file}: there are no examples")]
    Empty {
        /// The data file.
        file: String,
    },
    /// Class weights under which nothing counts.
    #[error("--class-weights gives every label of the training data the weight 0")]
    NoWeight,
    /// A label that class weights name but the data does not.
    #[error("--class-weights names {label:?}, which is not a label; known: {}", known.join(", "))]
    UnknownWeightLabel {
        /// The label.
        label: String,
        /// The labels there are.
        known: Vec<String>,
    },
    /// A model that was never fine-tuned.
    #[error("the model has no trained classification head (missing: {}); fine-tune it first", missing.join(", "))]
    NoHead {
        /// The tensors that are not in the checkpoint.
        missing: Vec<String>,
    },
}
