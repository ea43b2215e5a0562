//! Names the tasks. What each of them is stands in its file of `tasks`.

use std::fmt;

use serde::{Deserialize, Serialize};

/// What a model is trained to do; the names are those of the command line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TaskKind {
    /// One label for a text or a pair of texts.
    #[default]
    SequenceClassification,
    /// Any number of labels for a text or a pair of texts.
    MultiLabelClassification,
    /// A number for a text or a pair of texts.
    Regression,
    /// A tag for each word or piece of a text, which name parts of it.
    TokenClassification,
    /// A part of a passage that answers a question.
    QuestionAnswering,
    /// Words that are hidden in a text.
    MaskedLm,
    /// The next word of a text.
    CausalLm,
}

impl fmt::Display for TaskKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.serialize(f)
    }
}
