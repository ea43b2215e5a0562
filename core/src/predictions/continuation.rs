//! Holds how a text goes on, and why it ends.

use serde::{Deserialize, Serialize};

/// A continuation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Generation {
    /// The text without its prompt.
    pub text: String,
    /// Tokens that were added.
    pub tokens: usize,
    /// Why it ends.
    pub stopped_by: StoppedBy,
}

/// Why a continuation ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum StoppedBy {
    /// The model ended the text.
    EndOfText,
    /// As many tokens as were asked for.
    MaxNewTokens,
    /// The model reads no more tokens.
    Context,
    /// Whoever listened.
    Host,
}
