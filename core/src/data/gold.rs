//! Holds the right answer that a data file gives for a row, as it is written there; tasks read it.

use serde::{Deserialize, Serialize};

/// The right answer of an example.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Gold {
    /// The file gives none.
    #[default]
    None,
    /// One label, trimmed, never empty.
    Label(String),
}

impl Gold {
    /// A label, where there is one.
    pub fn of_label(label: Option<&str>) -> Self {
        label.map_or(Self::None, |label| Self::Label(label.to_owned()))
    }

    /// The label, where there is one.
    pub fn label(&self) -> Option<&str> {
        match self {
            Self::Label(label) => Some(label),
            Self::None => None,
        }
    }
}
