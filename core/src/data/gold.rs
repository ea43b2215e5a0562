//! Holds the right answer that a data file gives for a row: a label, several, or a number.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::{DataError, Place};

/// The right answer of an example.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub enum Gold {
    /// The file gives none.
    #[default]
    None,
    /// One label, trimmed, never empty.
    Label(String),
    /// Any number of labels, each once.
    Labels(Box<[String]>),
    /// A finite number.
    Score(f64),
}

impl Gold {
    /// The label, where there is one.
    pub fn label(&self) -> Option<&str> {
        match self {
            Self::Label(label) => Some(label),
            Self::None | Self::Labels(_) | Self::Score(_) => None,
        }
    }

    /// The labels, where there may be several.
    pub fn labels(&self) -> Option<&[String]> {
        match self {
            Self::Label(label) => Some(std::slice::from_ref(label)),
            Self::Labels(labels) => Some(labels),
            Self::None | Self::Score(_) => None,
        }
    }

    /// The number, where there is a finite one.
    pub fn score(&self) -> Option<f64> {
        match self {
            Self::Score(score) => Some(*score),
            Self::Label(text) => finite(text),
            Self::None | Self::Labels(_) => None,
        }
    }
}

/// Shows the answer as a file would write it; several labels are separated by commas.
impl fmt::Display for Gold {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::None => Ok(()),
            Self::Label(label) => f.write_str(label),
            Self::Labels(labels) => f.write_str(&labels.join(",")),
            Self::Score(score) => write!(f, "{score}"),
        }
    }
}

/// What the label column of a file holds; decides which of the known names it is looked for under.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum GoldColumn {
    /// One label a row.
    #[default]
    Label,
    /// A list of labels: a JSON array, or text separated by `|` or else by commas. It may be empty.
    Labels,
    /// A number.
    Score,
    /// Something that nobody asks for: it is not read.
    Unread,
}

impl GoldColumn {
    /// Names of the column, in order of preference.
    pub(super) fn names(self) -> [&'static str; 4] {
        match self {
            Self::Label | Self::Unread => ["label", "label_name", "labels", "score"],
            Self::Labels => ["labels", "label", "label_name", "score"],
            Self::Score => ["score", "label", "labels", "label_name"],
        }
    }
}

/// Reads the fields of a label column.
#[derive(Clone, Copy)]
pub(super) struct GoldReader<'a> {
    /// The file, for messages.
    pub name: &'a str,
    pub column: GoldColumn,
    /// The labels there are; data may name them by number.
    pub label_names: Option<&'a [String]>,
}

impl GoldReader<'_> {
    /// Reads a field as it stands in a cell or a JSON string.
    pub fn text(&self, text: &str, place: Place) -> Result<Gold, DataError> {
        let text = text.trim();
        match self.column {
            GoldColumn::Unread => Ok(Gold::None),
            GoldColumn::Labels => {
                let separator = if text.contains('|') { '|' } else { ',' };
                self.list(text.split(separator), place)
            }
            _ if text.is_empty() => Err(DataError::EmptyLabel {
                name: self.name.to_owned(),
                place,
            }),
            GoldColumn::Label => Ok(Gold::Label(self.label(text, place)?)),
            GoldColumn::Score => finite(text).map(Gold::Score).ok_or_else(|| DataError::NotANumber {
                name: self.name.to_owned(),
                place,
                found: text.to_owned(),
            }),
        }
    }

    /// Reads a list; blanks and repetitions are left out.
    pub fn list<'t>(&self, items: impl Iterator<Item = &'t str>, place: Place) -> Result<Gold, DataError> {
        let mut labels: Vec<String> = Vec::new();
        for item in items.map(str::trim).filter(|item| !item.is_empty()) {
            let label = self.label(item, place)?;
            if !labels.contains(&label) {
                labels.push(label);
            }
        }
        Ok(Gold::Labels(labels.into()))
    }

    /// A label by its name or, where names are given, by its 0-based number.
    fn label(&self, text: &str, place: Place) -> Result<String, DataError> {
        let Some(names) = self.label_names else {
            return Ok(text.to_owned());
        };
        if names.iter().any(|name| name == text) {
            return Ok(text.to_owned());
        }
        let by_number = text.parse::<usize>().ok().and_then(|number| names.get(number));
        by_number.cloned().ok_or_else(|| DataError::UnlistedLabel {
            name: self.name.to_owned(),
            place,
            label: text.to_owned(),
            count: names.len(),
        })
    }
}

fn finite(text: &str) -> Option<f64> {
    f64::from_str(text.trim()).ok().filter(|number| number.is_finite())
}
