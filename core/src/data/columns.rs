//! Decides which column holds the text, the second text, the label and the value to filter by.
//!
//! Columns asked for win; then the names of a header; then position: the only column left is the text, and of two
//! columns without a header the first is the text and the second the label (the filter's column does not count).
//! A first row is a header when the options say so; where they do not, when it holds one of the known names or a name that was
//! asked for. Japanese names of labels are words that may be labels themselves: by them alone a row is no header.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{Column, DataError, Format, ReadOptions};

/// Names of columns that belong together as a pair, in order of preference.
const PAIR_NAMES: [(&str, &str); 10] = [
    ("question", "context"),
    ("sentence1", "sentence2"),
    ("premise", "hypothesis"),
    ("text", "text_pair"),
    ("sentence", "text_pair"),
    ("質問", "文脈"),
    ("質問", "本文"),
    ("前提", "仮説"),
    ("文1", "文2"),
    ("文１", "文２"),
];
/// Names of a text column, in order of preference.
pub(super) const TEXT_NAMES: [&str; 13] = [
    "text",
    "sentence",
    "sentence1",
    "premise",
    "文",
    "本文",
    "テキスト",
    "内容",
    "文章",
    "質問",
    "前提",
    "文1",
    "文１",
];

/// A column that is read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChosenColumn {
    /// 1-based position; in JSON that of the field in the first record.
    pub number: usize,
    /// The name in the header or of the JSON field.
    pub name: Option<String>,
}

impl fmt::Display for ChosenColumn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.name {
            Some(name) => f.write_str(name),
            None => write!(f, "column {}", self.number),
        }
    }
}

/// What was read from where. Shows itself as one line: `semicolon with header: text = text, label = label_name`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Columns {
    /// The format the file was read as.
    pub format: Format,
    /// Whether the first row is a header; false for JSON, whose records name their fields.
    pub header: bool,
    /// The text.
    pub text: ChosenColumn,
    /// The second text.
    pub pair: Option<ChosenColumn>,
    /// The label.
    pub label: Option<ChosenColumn>,
}

impl fmt::Display for Columns {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let header = match (self.format, self.header) {
            (Format::Json | Format::JsonLines | Format::Conll | Format::Squad | Format::Text, _) => "",
            (_, true) => " with header",
            (_, false) => " without header",
        };
        write!(f, "{}{header}: text = {}", self.format, self.text)?;
        if let Some(pair) = &self.pair {
            write!(f, ", text pair = {pair}")?;
        }
        match &self.label {
            Some(label) => write!(f, ", label = {label}"),
            None => f.write_str(", no label"),
        }
    }
}

/// Positions of the columns that are read, 0-based, all different but for the filter's.
#[derive(Clone, Copy, Debug)]
pub(super) struct Roles {
    pub(super) text: usize,
    pub(super) pair: Option<usize>,
    pub(super) label: Option<usize>,
    pub(super) filter: Option<usize>,
}

impl Roles {
    /// Names the chosen columns for a message; `names` are the header or the JSON fields, if there are any.
    pub(super) fn describe(&self, format: Format, header: bool, names: Option<&[String]>) -> Columns {
        let chosen = |index: usize| ChosenColumn {
            number: index + 1,
            name: names.and_then(|names| names.get(index)).cloned(),
        };
        let (text, pair, label) = (chosen(self.text), self.pair.map(chosen), self.label.map(chosen));
        Columns {
            format,
            header,
            text,
            pair,
            label,
        }
    }
}

/// Whether a first row is a header, as the options say or its names show.
pub(super) fn is_header<S: AsRef<str>>(row: &[S], options: &ReadOptions) -> bool {
    options.header.unwrap_or_else(|| holds_a_name(row, options))
}

/// Whether a row holds a known name or one that was asked for.
pub(super) fn holds_a_name<S: AsRef<str>>(row: &[S], options: &ReadOptions) -> bool {
    let known = PAIR_NAMES
        .iter()
        .flat_map(|(first, second)| [*first, *second])
        .chain(TEXT_NAMES)
        .chain(options.gold.names().iter().copied().filter(|name| name.is_ascii()));
    let mut known = known.map(|name| find(row, name));
    known.any(|index| index.is_some())
        || asked_for(options).any(|column| matches!(column, Column::Name(name) if find(row, name).is_some()))
}

fn asked_for(options: &ReadOptions) -> impl Iterator<Item = &Column> {
    let columns = [&options.text_column, &options.pair_column, &options.label_column];
    columns
        .into_iter()
        .flatten()
        .chain(options.filter.as_ref().map(|filter| &filter.column))
}

/// Known names match in any case and with spaces around them.
pub(super) fn find<S: AsRef<str>>(row: &[S], name: &str) -> Option<usize> {
    row.iter()
        .position(|field| field.as_ref().trim().eq_ignore_ascii_case(name))
}

/// Whether the first row names the columns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Naming {
    /// A header, or the fields of a JSON record.
    Named,
    /// The first row is data.
    Positional,
}

/// Gives every column that is read its role.
pub(super) fn choose(name: &str, row: &[String], naming: Naming, options: &ReadOptions) -> Result<Roles, DataError> {
    let resolve = |asked: &Option<Column>| {
        asked
            .as_ref()
            .map(|asked| match (asked, options.header) {
                // Who knows whether there is a header has counted the columns.
                (Column::Number(_), Some(_)) => resolve(name, row, Naming::Positional, asked),
                _ => resolve(name, row, naming, asked),
            })
            .transpose()
    };
    let text = resolve(&options.text_column)?;
    let pair = resolve(&options.pair_column)?;
    let label = resolve(&options.label_column)?;
    let filter = resolve(&options.filter.as_ref().map(|filter| filter.column.clone()))?;

    let mut search = Search {
        row,
        taken: [text, pair, label].into_iter().flatten().collect(),
        filter,
    };
    let (text, pair, label) = match naming {
        Naming::Named => {
            let label = label.or_else(|| search.named(options.gold.names()));
            let (text, pair) = match text {
                Some(text) => (Some(text), pair),
                None => search.named_texts(pair),
            };
            (text.or_else(|| search.only_one_left()), pair, label)
        }
        Naming::Positional => {
            let two_columns = (0..row.len()).filter(|index| Some(*index) != filter).count() == 2;
            let text = text.or_else(|| {
                if two_columns {
                    search.first_left()
                } else {
                    search.only_one_left()
                }
            });
            let label = label.or_else(|| if two_columns { search.first_left() } else { None });
            (text, pair, label)
        }
    };
    let text = text.ok_or_else(|| DataError::ChooseColumns {
        name: name.to_owned(),
        row: row.to_vec(),
    })?;
    refuse_double_use(name, text, pair, label)?;
    Ok(Roles {
        text,
        pair,
        label,
        filter,
    })
}

/// Finds a column that was asked for: an exact name first, then any case, then the position.
fn resolve(name: &str, row: &[String], naming: Naming, asked: &Column) -> Result<usize, DataError> {
    let wanted = asked.to_string();
    let by_name = || {
        row.iter()
            .position(|field| field.trim() == wanted)
            .or_else(|| find(row, &wanted))
    };
    let by_name = if naming == Naming::Named { by_name() } else { None };
    let number = match asked {
        Column::Number(number) => Some(*number),
        Column::Name(_) => None,
    };
    let by_number = || {
        number
            .and_then(|number| number.checked_sub(1))
            .filter(|index| *index < row.len())
    };
    let unknown = || DataError::UnknownColumn {
        name: name.to_owned(),
        asked: asked.clone(),
        row: row.to_vec(),
    };
    by_name.or_else(by_number).ok_or_else(unknown)
}

/// The columns that have no role yet.
struct Search<'a> {
    row: &'a [String],
    taken: Vec<usize>,
    filter: Option<usize>,
}

impl Search<'_> {
    fn named(&mut self, names: &[&str]) -> Option<usize> {
        let mut found = names.iter().filter_map(|name| find(self.row, name));
        let index = found.find(|index| !self.taken.contains(index))?;
        self.taken.push(index);
        Some(index)
    }

    /// Looks for a pair, then for a single text; a second text that was asked for needs only a first.
    fn named_texts(&mut self, pair: Option<usize>) -> (Option<usize>, Option<usize>) {
        if pair.is_some() {
            return (self.named(&TEXT_NAMES), pair);
        }
        for (first, second) in PAIR_NAMES {
            if let (Some(text), Some(pair)) = (find(self.row, first), find(self.row, second))
                && !self.taken.contains(&text)
                && !self.taken.contains(&pair)
            {
                self.taken.extend([text, pair]);
                return (Some(text), Some(pair));
            }
        }
        (self.named(&TEXT_NAMES), None)
    }

    fn left(&self) -> impl Iterator<Item = usize> {
        (0..self.row.len()).filter(|index| Some(*index) != self.filter && !self.taken.contains(index))
    }

    fn first_left(&mut self) -> Option<usize> {
        let index = self.left().next()?;
        self.taken.push(index);
        Some(index)
    }

    fn only_one_left(&mut self) -> Option<usize> {
        if self.left().count() == 1 {
            self.first_left()
        } else {
            None
        }
    }
}

fn refuse_double_use(name: &str, text: usize, pair: Option<usize>, label: Option<usize>) -> Result<(), DataError> {
    let uses = [(Some(text), "text"), (pair, "text pair"), (label, "label")];
    for (at, (column, second)) in uses.iter().enumerate() {
        for (other, first) in &uses[..at] {
            if let Some(index) = column
                && column == other
            {
                return Err(DataError::SameColumn {
                    name: name.to_owned(),
                    column: index + 1,
                    first,
                    second,
                });
            }
        }
    }
    Ok(())
}
