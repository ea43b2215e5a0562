//! Holds an example as the page, the worker and the browser's memory have it.

use serde::{Deserialize, Serialize};
use terakoya_core::bio::Entity;
use terakoya_core::data::{EntitySpan, Gold};

/// A row of the table of examples.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(from = "StoredRow")]
pub struct Row {
    /// The text; of a question about a passage, the question.
    pub text: String,
    /// The second text, or the passage.
    pub text_pair: Option<String>,
    /// Its right answer, where it is known.
    pub gold: Gold,
}

impl Row {
    /// The named parts of the text, as spans of characters, also where its words were given with tags.
    pub fn named_parts(&self) -> Vec<EntitySpan> {
        let (found, _) = self.gold.entities(&self.text);
        let span = |entity: Entity| EntitySpan {
            start: number(entity.start),
            end: number(entity.end),
            label: entity.entity_type.to_owned(),
        };
        found.into_iter().map(span).collect()
    }

    /// The first character of each given word and the one after its last; nothing where no words were given.
    pub fn word_places(&self) -> Vec<(u32, u32)> {
        let place = |(start, end)| (number(start), number(end));
        let words = self.gold.words();
        words.map_or_else(Vec::new, |words| words.places(&self.text).map(place).collect())
    }
}

/// A place in a text, whose characters a u32 counts.
fn number(place: usize) -> u32 {
    u32::try_from(place).unwrap_or(u32::MAX)
}

/// A row as browsers keep it: earlier versions knew labels only.
#[derive(Deserialize)]
struct StoredRow {
    text: String,
    #[serde(default)]
    text_pair: Option<String>,
    gold: Option<Gold>,
    label: Option<String>,
}

impl From<StoredRow> for Row {
    fn from(stored: StoredRow) -> Self {
        Self {
            text: stored.text,
            text_pair: stored.text_pair,
            gold: stored.gold.or(stored.label.map(Gold::Label)).unwrap_or_default(),
        }
    }
}
