//! Holds the words that fit the places a text leaves open.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The likeliest words for each mask of a text, in the order of the text.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MasksPrediction {
    /// The likeliest first.
    pub masks: Vec<Vec<MaskCandidate>>,
    /// Why nothing was asked, where the text leaves no place open.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub unasked: Option<String>,
}

/// A word that may stand at a mask.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MaskCandidate {
    /// The token as text.
    pub token: String,
    /// Its probability.
    pub score: f32,
}

/// Shows the words of each mask with their probabilities, or that none was asked for; masks are separated by ` | `.
impl fmt::Display for MasksPrediction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.unasked.is_some() {
            return f.write_str("(not asked)");
        }
        for (number, mask) in self.masks.iter().enumerate() {
            if number > 0 {
                f.write_str(" | ")?;
            }
            for (rank, candidate) in mask.iter().enumerate() {
                let comma = if rank > 0 { ", " } else { "" };
                write!(f, "{comma}{} {:.4}", candidate.token, candidate.score)?;
            }
        }
        Ok(())
    }
}
