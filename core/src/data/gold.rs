//! Holds the right answer that a data file gives for a row: a label, several, a number, tags, spans.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::format::{Format, detect};
use super::label_list::is_list;
use super::words::GOLD_ENTITIES;
use super::{DataError, Place, ReadOptions};
use crate::bio::{Entity, Tag, entities, in_bio};

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
    /// The words of a text that is already split, with a tag each where the file has tags.
    Words(Box<TaggedWords>),
    /// The spans of a text that name something, in order, none over another.
    Spans(Box<[EntitySpan]>),
    /// What answers a question, any of several; nothing where the passage does not hold the answer.
    Answers(Box<[AnswerSpan]>),
}

/// The words of an [`super::Example`], whose text is these words with a space between each two.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TaggedWords {
    /// Where each word ends in the text, in bytes.
    ends: Box<[u32]>,
    /// The words' tags with a tab between each two; with a space where an earlier version wrote them.
    tags: Option<Box<str>>,
    /// How many of the tags were written in BIOES or BILOU.
    #[serde(default)]
    ends_of_entities: u32,
}

impl TaggedWords {
    /// Joins words, each with its tag where `tags` is there; gives the text and what is needed to split it again. Tags of
    /// BIOES and BILOU become BIO.
    pub fn join(words: &[&str], tags: Option<&[&str]>) -> (String, Self) {
        let mut ends = Vec::with_capacity(words.len());
        let mut text = String::new();
        for word in words {
            if !ends.is_empty() {
                text.push(' ');
            }
            text.push_str(word);
            ends.push(u32::try_from(text.len()).unwrap_or(u32::MAX));
        }
        let is_end = |tag: &&&str| Tag::parse_any(tag).is_some_and(|(_, ends)| ends);
        let count = tags.map_or(0, |tags| tags.iter().filter(is_end).count());
        let tags = tags.map(|tags| match count {
            0 => tags.join("\t"),
            _ => {
                let tags = tags
                    .iter()
                    .map(|tag| Tag::parse_any(tag).unwrap_or((Tag::Outside, false)));
                in_bio(tags).map(|tag| tag.to_string()).collect::<Vec<_>>().join("\t")
            }
        });
        let words = Self {
            ends: ends.into(),
            tags: tags.map(String::into_boxed_str),
            ends_of_entities: u32::try_from(count).unwrap_or(u32::MAX),
        };
        (text, words)
    }

    /// How many of the tags were written as those of BIOES or BILOU.
    pub fn ends_of_entities(&self) -> usize {
        self.ends_of_entities as usize
    }

    /// Number of words.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether there is no word.
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// The words of `text`.
    pub fn words<'a>(&'a self, text: &'a str) -> impl Iterator<Item = &'a str> {
        let starts = std::iter::once(0).chain(self.ends.iter().map(|&end| end as usize + 1));
        let ranges = starts.zip(self.ends.iter().map(|&end| end as usize));
        ranges.map(|(start, end)| text.get(start..end).unwrap_or_default())
    }

    /// The first character of each word of `text` and the one after its last.
    pub fn places<'a>(&'a self, text: &'a str) -> impl Iterator<Item = (usize, usize)> + 'a {
        let mut start = 0;
        self.words(text).map(move |word| {
            let end = start + word.chars().count();
            let place = (start, end);
            start = end + 1;
            place
        })
    }

    /// The words' tags, where the file has them.
    pub fn tags(&self) -> Option<impl Iterator<Item = &str>> {
        self.tags.as_ref().map(|tags| {
            let separator = if tags.contains('\t') { '\t' } else { ' ' };
            tags.splitn(self.len(), separator)
        })
    }
}

/// A named part of a text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EntitySpan {
    /// Its first character.
    pub start: u32,
    /// The character after its last.
    pub end: u32,
    /// What it is.
    pub label: String,
}

/// A part of a passage that answers a question.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AnswerSpan {
    /// Its first character.
    pub start: u32,
    /// The answer, which stands there.
    pub text: String,
}

impl Gold {
    /// Several labels from a field in which they are a list in brackets, or separated by `|`, or else by commas.
    pub fn of_list(text: &str) -> Self {
        let reader = GoldReader {
            name: "",
            column: GoldColumn::Labels,
            label_names: None,
            unlabelled: false,
        };
        // Brackets without a list of labels say none.
        reader.text(text, Place::Line(1)).unwrap_or_default()
    }

    /// The label, where there is one.
    pub fn label(&self) -> Option<&str> {
        match self {
            Self::Label(label) => Some(label),
            _ => None,
        }
    }

    /// The labels, where there may be several.
    pub fn labels(&self) -> Option<&[String]> {
        match self {
            Self::Label(label) => Some(std::slice::from_ref(label)),
            Self::Labels(labels) => Some(labels),
            _ => None,
        }
    }

    /// The number, where there is a finite one.
    pub fn score(&self) -> Option<f64> {
        match self {
            Self::Score(score) => Some(*score),
            Self::Label(text) => finite(text),
            _ => None,
        }
    }

    /// The words of a text that is already split.
    pub fn words(&self) -> Option<&TaggedWords> {
        match self {
            Self::Words(words) => Some(words),
            _ => None,
        }
    }

    /// The named spans, where they are known.
    pub fn spans(&self) -> Option<&[EntitySpan]> {
        match self {
            Self::Spans(spans) => Some(spans),
            _ => None,
        }
    }

    /// The entities of `text`, whose answer this is, in characters, and how many of them begin with an `I-` tag. A tag that is
    /// none names nothing.
    pub fn entities<'a>(&'a self, text: &str) -> (Vec<Entity<'a>>, usize) {
        if let Some((words, tags)) = self.words().and_then(|words| Some((words, words.tags()?))) {
            let (found, repaired) = entities(tags.map(|tag| Tag::parse(tag).unwrap_or(Tag::Outside)));
            let places: Vec<(usize, usize)> = words.places(text).collect();
            let in_characters = |entity: Entity<'a>| {
                let words = places.get(entity.start..entity.end)?;
                let ((start, _), (_, end)) = (*words.first()?, *words.last()?);
                Some(Entity { start, end, ..entity })
            };
            return (found.into_iter().filter_map(in_characters).collect(), repaired);
        }
        let spans = self.spans().unwrap_or_default().iter();
        let spans = spans.map(|span| Entity {
            start: span.start as usize,
            end: span.end as usize,
            entity_type: &span.label,
        });
        (spans.collect(), 0)
    }

    /// The answers, where they are known.
    pub fn answers(&self) -> Option<&[AnswerSpan]> {
        match self {
            Self::Answers(answers) => Some(answers),
            _ => None,
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
            Self::Words(words) => f.write_str(&words.tags.as_deref().unwrap_or_default().replace('\t', " ")),
            Self::Spans(spans) => {
                let spans = spans
                    .iter()
                    .map(|span| format!("{}-{} {}", span.start, span.end, span.label));
                f.write_str(&spans.collect::<Vec<_>>().join(", "))
            }
            Self::Answers(answers) => {
                let answers = answers.iter().map(|answer| answer.text.as_str());
                f.write_str(&answers.collect::<Vec<_>>().join(" / "))
            }
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
    /// A list of labels: a JSON array, also as text, or text separated by `|` or else by commas. It may be empty.
    Labels,
    /// A number.
    Score,
    /// Named parts of the text: a list of spans in JSON, else one word a line with its tag.
    Entities,
    /// Answers to a question about a passage, as SQuAD's files hold them, or records of questions.
    Answers,
    /// Something that nobody asks for: it is not read.
    Unread,
    /// Nothing: texts by themselves; a plain text file has one a line.
    Lines,
    /// Nothing: running text; a plain text file is a work, or several separated by form feeds.
    Documents,
}

impl GoldColumn {
    /// Whether the texts are all that counts, so that a file may be plain text.
    pub fn is_plain(self) -> bool {
        matches!(self, Self::Lines | Self::Documents)
    }

    /// Whether the column holds nothing that is asked for.
    pub(super) fn is_unread(self) -> bool {
        self == Self::Unread || self.is_plain()
    }

    /// Names of the column, in order of preference: first as an evaluation writes it, beside what the model said.
    pub(super) fn names(self) -> &'static [&'static str] {
        match self {
            Self::Label | Self::Unread | Self::Lines | Self::Documents => &[
                "gold",
                "label",
                "label_name",
                "labels",
                "score",
                "ラベル",
                "正解",
                "評価",
                "分類",
                "点数",
                "スコア",
            ],
            Self::Labels => &[
                "gold",
                "labels",
                "label",
                "label_name",
                "score",
                "ラベル",
                "正解",
                "分類",
            ],
            Self::Score => &[
                "gold",
                "score",
                "label",
                "labels",
                "label_name",
                "点数",
                "スコア",
                "評価",
                "ラベル",
                "正解",
            ],
            Self::Entities => &[GOLD_ENTITIES, "entities", "spans", "labels", "label"],
            Self::Answers => &["answers", "answer", "label", "labels"],
        }
    }
}

impl ReadOptions {
    /// The same for who shows labels or measures by them: a language model asks for none, but a table may have one. What is
    /// read as plain text, by the options or the file's `name`, stays lines or works.
    pub fn with_labels_of_tables(mut self, name: &str) -> Self {
        // The name and the options decide before anything of the text does.
        if self.gold.is_plain() && detect(name, "", &self) != Format::Text {
            self.gold = GoldColumn::Label;
        }
        self
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
    /// Whether an empty label is none yet.
    pub unlabelled: bool,
}

impl GoldReader<'_> {
    /// Reads a field as it stands in a cell or a JSON string.
    pub fn text(&self, text: &str, place: Place) -> Result<Gold, DataError> {
        let text = text.trim();
        match self.column {
            GoldColumn::Entities | GoldColumn::Answers => Ok(Gold::None),
            column if column.is_unread() => Ok(Gold::None),
            GoldColumn::Labels if is_list(text) => self.bracketed(text, place),
            GoldColumn::Labels => {
                let separator = if text.contains('|') { '|' } else { ',' };
                self.list(text.split(separator), place)
            }
            _ if text.is_empty() && self.unlabelled => Ok(Gold::None),
            _ if text.is_empty() => Err(DataError::EmptyLabel {
                name: self.name.to_owned(),
                place,
            }),
            GoldColumn::Score => finite(text).map(Gold::Score).ok_or_else(|| DataError::NotANumber {
                name: self.name.to_owned(),
                place,
                found: text.to_owned(),
            }),
            _ => Ok(Gold::Label(self.label(text, place)?)),
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

#[cfg(test)]
mod tests {
    use super::super::read;
    use super::*;

    #[test]
    fn words_become_characters_of_their_text() {
        let words = ["𠮷田", "さん", "東京", "都", "へ"];
        let (text, words) = TaggedWords::join(&words, Some(&["I-人", "O", "B-地", "I-地", "X"]));
        let gold = Gold::Words(Box::new(words));
        let (found, repaired) = gold.entities(&text);
        let found: Vec<_> = found
            .iter()
            .map(|entity| (entity.start, entity.end, entity.entity_type))
            .collect();
        assert_eq!((found, repaired), (vec![(0, 2, "人"), (6, 10, "地")], 1));
        let (text, words) = TaggedWords::join(&["東京"], None);
        assert_eq!(Gold::Words(Box::new(words)).entities(&text), (Vec::new(), 0));
    }

    #[test]
    fn only_tables_of_a_language_model_show_labels() {
        let read_as = |gold, name: &str, format| {
            let options = ReadOptions {
                format,
                gold,
                ..ReadOptions::default()
            };
            options.with_labels_of_tables(name).gold
        };
        for own in [GoldColumn::Lines, GoldColumn::Documents] {
            for (name, format, expected) in [
                ("works.txt", None, own),
                ("works", None, own),
                ("rows.tsv", None, GoldColumn::Label),
                ("rows.jsonl", None, GoldColumn::Label),
                ("rows.csv", Some(Format::Text), own),
                ("works.txt", Some(Format::Tsv), GoldColumn::Label),
            ] {
                assert_eq!(read_as(own, name, format), expected, "{name} {format:?}");
            }
        }
        assert_eq!(read_as(GoldColumn::Score, "rows.csv", None), GoldColumn::Score);
    }

    #[test]
    fn a_field_may_list_labels() {
        for (field, labels) in [
            ("0,2", vec!["0", "2"]),
            ("a, b|c|a, b", vec!["a, b", "c"]),
            (" joy ", vec!["joy"]),
            (",", vec![]),
        ] {
            assert_eq!(Gold::of_list(field).labels().unwrap_or_default(), labels, "{field}");
        }
    }

    #[test]
    fn rows_wait_for_their_labels_where_the_options_say_so() {
        let options = |gold, unlabelled| ReadOptions {
            gold,
            unlabelled,
            ..ReadOptions::default()
        };
        let golds = |name: &str, text: &str, gold| {
            let read = |unlabelled| read(name, text.as_bytes(), &options(gold, unlabelled));
            assert!(read(false).is_err(), "{name}");
            let data = read(true).unwrap_or_else(|error| panic!("{error}"));
            data.examples
                .into_iter()
                .map(|example| example.gold)
                .collect::<Vec<_>>()
        };
        let expected = [Gold::None, Gold::Label("1".to_owned()), Gold::None];
        let records = "{\"text\": \"a\", \"label\": null}\n{\"text\": \"b\", \"label\": 1}\n{\"text\": \"c\"}\n";
        for (name, text) in [("x.csv", "text,label\na,\nb,1\nc, \n"), ("x.jsonl", records)] {
            assert_eq!(golds(name, text, GoldColumn::Label), expected, "{name}");
        }
        let scores = golds("x.tsv", "text\tscore\na\t\nb\t2\n", GoldColumn::Score);
        assert_eq!(scores, [Gold::None, Gold::Score(2.0)]);
        let wrong = read("x.tsv", b"text\tscore\na\tx\n", &options(GoldColumn::Score, true));
        assert!(wrong.is_err_and(|error| error.to_string().contains("is not a number")));
        // A run file does not tell of it.
        let written =
            |unlabelled| serde_json::to_string(&options(GoldColumn::Label, unlabelled)).expect("serialisable");
        assert_eq!(written(true), written(false));
    }
}
