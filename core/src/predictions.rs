//! Holds what a model says of one example, a struct a task: plain data, which a program without models can read.
//!
//! The tasks make them; [`crate::protocol::Prediction`] is any of them.

mod answer;
mod continuation;
mod guess;
mod masks;
mod tags;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

pub use answer::{AnswerCandidate, AnswerPrediction};
pub use continuation::{Generation, StoppedBy};
pub use guess::WordGuess;
pub use masks::{MaskCandidate, MasksPrediction};
pub use tags::{EntityPrediction, TagsPrediction};

/// One label of several.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ClassPrediction {
    /// The label with the highest score.
    pub label: String,
    /// Its probability.
    pub score: f32,
    /// The probability of each label, in the order of the model's labels.
    pub scores: Map<String, Value>,
    /// The logits, in the order of the labels.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub logits: Option<Vec<f32>>,
}

/// Any number of labels.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LabelsPrediction {
    /// The labels whose probability reaches their threshold, in the order of the model's labels.
    pub labels: Vec<String>,
    /// The probability of each label, in the order of the model's labels.
    pub scores: Map<String, Value>,
    /// The logits, in the order of the labels.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub logits: Option<Vec<f32>>,
}

/// A number.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScorePrediction {
    /// The number, in the data's units.
    pub score: f32,
    /// The output.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub logits: Option<Vec<f32>>,
}
