//! Holds what is wrong with the rows that were left out because they cannot be read.

use serde::{Deserialize, Serialize};

use super::DataError;

/// So many rows are told each by itself.
const TOLD: usize = 20;
/// Characters of a row that are shown.
const CHARACTERS: usize = 100;

/// The rows of a file that cannot be read.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Damage {
    /// How many there are; of tagged words, sentences.
    pub count: usize,
    /// The first of them.
    pub first: Vec<DamagedRow>,
}

/// A row that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DamagedRow {
    /// Which it is and what is wrong with it, as a [`DataError`] says.
    pub message: String,
    /// How it begins in the file; empty for a record of a JSON array.
    pub text: String,
}

impl Damage {
    pub(super) fn add(&mut self, error: &DataError, text: &str) {
        self.count += 1;
        if self.first.len() < TOLD {
            self.first.push(DamagedRow {
                message: error.to_string(),
                text: text.trim().chars().take(CHARACTERS).collect(),
            });
        }
    }
}
