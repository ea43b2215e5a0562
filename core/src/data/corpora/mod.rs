//! Turns corpora as they are distributed into rows that the readers of [`crate::data`] take.
//!
//! Files come in as names and bytes, rows go out; `native` walks the folders and writes the files. `knbc` reads the
//! analysed blog corpus (its sentences through `knp`), `tables` the corpora that are tables of texts and labels,
//! `named_entities` texts with marked spans. `decode` tells UTF-8 from EUC-JP, `parts` splits rows into train, dev and test.

mod decode;
mod error;
pub mod knbc;
mod knp;
pub mod named_entities;
mod parts;
pub mod tables;

use std::collections::BTreeMap;
use std::fmt;

use serde::Serialize;

use crate::bio::{Tag, entities};

pub use error::CorpusError;
pub use parts::{Part, PartName, SplitBy, SplitPlan, cut, gather};

/// A file of a corpus.
#[derive(Clone, Debug)]
pub struct SourceFile {
    /// Its path as the user wrote it, with `/` or `\` between folders; the last part gives a sentence its number.
    pub name: String,
    /// What it holds.
    pub bytes: Vec<u8>,
}

impl SourceFile {
    /// The last part of the path.
    pub fn file_name(&self) -> &str {
        self.name.rsplit(['/', '\\']).next().unwrap_or(&self.name)
    }
}

/// A text or a pair of texts with its label, as a line of a csv file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TextRow {
    /// One text or two, as they stand in the corpus.
    pub texts: Vec<String>,
    /// The right answer.
    pub answer: Answer,
}

impl TextRow {
    /// The header of a file of such rows, with names that the readers look for.
    pub fn header(&self) -> Vec<&'static str> {
        let texts: &[&str] = match self.texts.len() {
            2 => &["sentence1", "sentence2"],
            _ => &["text"],
        };
        texts.iter().copied().chain([self.answer.column()]).collect()
    }

    /// The cells under the header.
    pub fn cells(&self) -> Vec<String> {
        self.texts.iter().cloned().chain([self.answer.to_string()]).collect()
    }
}

/// The right answer of a [`TextRow`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// One label.
    Label(String),
    /// Any number of labels.
    Labels(Vec<String>),
    /// A number as it is written in the corpus.
    Score(String),
}

impl Answer {
    /// The name of the column that holds such answers, as the readers look for it.
    pub fn column(&self) -> &'static str {
        match self {
            Self::Label(_) => "label",
            Self::Labels(_) => "labels",
            Self::Score(_) => "score",
        }
    }
}

/// Writes the answer as a cell; several labels are separated by `|`.
impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Label(text) | Self::Score(text) => f.write_str(text),
            Self::Labels(labels) => f.write_str(&labels.join("|")),
        }
    }
}

/// A sentence cut into words, each with its tag: `O`, `B-TYPE` or `I-TYPE`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TaggedSentence(pub Vec<(String, String)>);

/// What a summary of a row says.
pub trait Labelled {
    /// The labels of one row; for entities the type of each.
    fn labels(&self) -> Vec<&str>;

    /// Whether the row, or one text of its pair, has nothing to read.
    fn is_blank(&self) -> bool;
}

impl Labelled for TextRow {
    fn labels(&self) -> Vec<&str> {
        match &self.answer {
            Answer::Label(label) => vec![label],
            Answer::Labels(labels) => labels.iter().map(String::as_str).collect(),
            Answer::Score(_) => Vec::new(),
        }
    }

    fn is_blank(&self) -> bool {
        self.texts.iter().any(|text| text.trim().is_empty())
    }
}

/// As the trainer reads them: an `I-` may begin an entity.
impl Labelled for TaggedSentence {
    fn labels(&self) -> Vec<&str> {
        let tags = self.0.iter().map(|(_, tag)| Tag::parse(tag).unwrap_or(Tag::Outside));
        entities(tags).0.iter().map(|entity| entity.entity_type).collect()
    }

    fn is_blank(&self) -> bool {
        self.0.is_empty()
    }
}

/// How often each label occurs, in the order of their characters.
pub fn count_labels<T: Labelled>(rows: &[T]) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for label in rows.iter().flat_map(Labelled::labels) {
        *counts.entry(label.to_owned()).or_insert(0) += 1;
    }
    counts
}

/// The tags of all sentences: `O` first, then `B-` and `I-` of each type in the order of their characters.
pub fn tag_list<'a>(sentences: impl IntoIterator<Item = &'a TaggedSentence>) -> Vec<String> {
    let tags = sentences.into_iter().flat_map(|sentence| &sentence.0);
    let types: std::collections::BTreeSet<&str> = tags.filter_map(|(_, tag)| tag.get(2..)).collect();
    let both = types.iter().flat_map(|kind| [format!("B-{kind}"), format!("I-{kind}")]);
    std::iter::once("O".to_owned()).chain(both).collect()
}

/// Something that was left out or looks wrong, without stopping the conversion.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Notice {
    /// How often.
    pub count: usize,
    /// What it is.
    pub what: &'static str,
    /// The first of them.
    pub first: String,
}

impl fmt::Display for Notice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {} (the first: {})", self.what, self.count, self.first)
    }
}

/// Gathers what becomes a [`Notice`]; nothing where `items` is empty.
fn notice(what: &'static str, items: &[String]) -> Option<Notice> {
    let first = items.first()?.clone();
    let count = items.len();
    Some(Notice { count, what, first })
}

#[cfg(test)]
mod properties;
#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_cells_and_labels_are_counted() {
        let row = |answer| TextRow {
            texts: vec!["a".into(), " ".into()],
            answer,
        };
        assert!(row(Answer::Score("0".into())).is_blank());
        let rows = [
            row(Answer::Labels(vec!["joy".into(), "fear".into()])),
            row(Answer::Label("joy".into())),
            row(Answer::Score("3.8".into())),
            row(Answer::Labels(Vec::new())),
        ];
        let cells = rows.each_ref().map(|row| row.answer.to_string());
        assert_eq!(cells, ["joy|fear", "joy", "3.8", ""]);
        let counts = count_labels(&rows);
        assert_eq!(
            counts.into_iter().collect::<Vec<_>>(),
            [("fear".into(), 1), ("joy".into(), 2)]
        );
    }

    #[test]
    fn tags_are_listed_and_entities_counted_once() {
        let sentence = |tags: &[&str]| TaggedSentence(tags.iter().map(|tag| ("x".into(), (*tag).into())).collect());
        let sentences = [sentence(&["B-PERSON", "I-PERSON", "O"]), sentence(&["O", "B-DATE"])];
        assert_eq!(tag_list(&sentences), ["O", "B-DATE", "I-DATE", "B-PERSON", "I-PERSON"]);
        assert_eq!(count_labels(&sentences).values().sum::<usize>(), 2);
    }
}
