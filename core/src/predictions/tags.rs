//! Holds what the model says of one text: its words or pieces with their tags, and the entities that the tags make.

use std::fmt;

use serde::{Deserialize, Serialize};

/// What the model says of one text.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TagsPrediction {
    /// The parts that are named, in the order of the text.
    pub entities: Vec<EntityPrediction>,
    /// A tag for each of `words`.
    pub tags: Vec<String>,
    /// The words that were given, else what the tokenizer cut the text into, without white space.
    pub words: Vec<String>,
    /// The logits of each place that got a tag, in the order of the labels.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub logits: Option<Vec<Vec<f32>>>,
}

/// A part of a text that the model names.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EntityPrediction {
    /// Its first character; of words that were given, in the text that they make with a space between each two.
    pub start: usize,
    /// The character after its last.
    pub end: usize,
    /// What it is.
    pub label: String,
    /// The part itself.
    pub text: String,
    /// Mean probability of its tags.
    pub score: f32,
}

impl TagsPrediction {
    /// One word a line with its tag behind a tab, and an empty line: the form of the course's `test_predictions.txt`.
    pub fn two_columns(&self) -> String {
        let lines = self
            .words
            .iter()
            .zip(&self.tags)
            .map(|(word, tag)| format!("{word}\t{tag}\n"));
        lines.chain(["\n".to_owned()]).collect()
    }
}

/// Shows the entities with their types: `東京/地名, 山田/人名`.
impl fmt::Display for TagsPrediction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, entity) in self.entities.iter().enumerate() {
            let comma = if number == 0 { "" } else { ", " };
            write!(f, "{comma}{}/{}", entity.text, entity.label)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_stand_beside_their_tags_and_entities_behind_each_other() {
        let entity = |text: &str, label: &str| EntityPrediction {
            start: 0,
            end: text.chars().count(),
            label: label.to_owned(),
            text: text.to_owned(),
            score: 1.0,
        };
        let owned = |words: [&str; 3]| words.map(str::to_owned).to_vec();
        let prediction = TagsPrediction {
            entities: vec![entity("山田", "人名"), entity("東京", "地名")],
            tags: owned(["B-人名", "O", "B-地名"]),
            words: owned(["山田", "と", "東京"]),
            logits: None,
        };
        assert_eq!(prediction.two_columns(), "山田\tB-人名\nと\tO\n東京\tB-地名\n\n");
        assert_eq!(prediction.to_string(), "山田/人名, 東京/地名");
    }
}
