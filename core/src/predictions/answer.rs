//! Holds what the model says of one question: the answer, where it stands in the passage, and what else it might be.

use std::fmt;

use serde::{Deserialize, Serialize};

/// What the model says of one question.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AnswerPrediction {
    /// The answer as it stands in the passage; empty where the passage holds none.
    pub answer: String,
    /// Its first character in the passage.
    pub start: usize,
    /// The character after its last.
    pub end: usize,
    /// Its probability among the best candidates.
    pub score: f32,
    /// How much better "no answer" is than the best answer, in logits; above 0 it is what the model says. Only of models that
    /// learned from questions without an answer.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub no_answer_score: Option<f32>,
    /// The next best answers, best first.
    pub runners_up: Vec<AnswerCandidate>,
    /// Why the question was not asked, where it has no passage or leaves no room for it; there is no answer then.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub unasked: Option<String>,
}

/// A part of the passage that may be the answer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AnswerCandidate {
    /// The part.
    pub answer: String,
    /// Its first character in the passage.
    pub start: usize,
    /// The character after its last.
    pub end: usize,
    /// Its probability among the best candidates.
    pub score: f32,
}

/// Shows the answer, or that there is none, or that the question was not asked.
impl fmt::Display for AnswerPrediction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.unasked, self.answer.is_empty()) {
            (Some(_), _) => f.write_str("(not asked)"),
            (None, true) => f.write_str("(no answer)"),
            (None, false) => f.write_str(&self.answer),
        }
    }
}
