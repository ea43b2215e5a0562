//! Holds what a model guesses for a word that was hidden from it.

use serde::{Deserialize, Serialize};

use super::MaskCandidate;

/// What the model says of a hidden word.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct WordGuess {
    /// What stands before the word, shortened.
    pub before: String,
    /// The word as the text has it.
    pub there: String,
    /// What stands behind it, shortened.
    pub after: String,
    /// The token that was hidden, as text.
    pub word: String,
    /// Whether the likeliest candidate is that token.
    pub is_right: bool,
    /// The likeliest first.
    pub candidates: Vec<MaskCandidate>,
}
