//! Reads data files into examples: one text or a pair, with a label where the file has one.
//!
//! Bytes come in, a [`Dataset`] or a [`DataError`] that names file and line goes out. `format` tells the formats
//! apart, `columns` decides which column is what, `csv` and `jsonl` read the rows, `conll` words with tags, `words` the same of a JSON
//! record, `spans` the named parts of its text, `squad` questions about passages, `text` plain text; `preview` shows the beginning of a
//! table, which `records` takes from JSON; `split` shuffles and cuts rows, `label_list` reads several labels of one row, `labels`
//! collects and renames labels, `damage` tells of rows that are left out. `corpora` turns course corpora into files that these readers take.

mod answers;
mod columns;
mod conll;
pub mod corpora;
mod csv;
mod damage;
mod error;
mod format;
mod gold;
mod jsonl;
mod label_list;
mod labels;
mod parse_error;
mod preview;
mod records;
mod spans;
mod split;
mod squad;
mod text;
mod words;

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use gold::GoldReader;

pub use columns::{ChosenColumn, Columns};
pub use damage::{Damage, DamagedRow};
pub use error::{DataError, Place};
pub use format::Format;
pub use gold::{AnswerSpan, EntitySpan, Gold, GoldColumn, TaggedWords};
pub use labels::{LabelMap, balanced_class_weights, collect_labels, name_labels, read_label_names, sort_by_label};
pub use parse_error::ParseError;
pub use preview::{Preview, preview};
pub use split::{SplitRatios, shuffle, split, split_text};
pub use words::{GOLD_ENTITIES, GOLD_TAGS};

/// One row of a data file.
///
/// Texts are kept exactly as in the file, with their spaces; labels are trimmed. A text may be empty (a model then
/// sees special tokens only), a label may not.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Example {
    /// The text, or the first text of a pair.
    pub text: String,
    /// The second text of a pair.
    pub text_pair: Option<String>,
    /// The right answer as written; [`Gold::None`] when the file has no label column.
    pub gold: Gold,
    /// The 1-based line on which the row starts; in a JSON array the 1-based number of the record, in SQuAD's form that of the
    /// question.
    pub line: usize,
    /// What the file calls the row, where it does: the id of a question about a passage.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<Box<str>>,
}

/// The rows of a file that has a name.
#[derive(Debug, Clone, Copy)]
pub struct NamedExamples<'a> {
    /// The file's name, for messages.
    pub name: &'a str,
    /// Its rows.
    pub examples: &'a [Example],
    /// What [`Example::line`] counts in it.
    pub place: fn(usize) -> Place,
}

impl NamedExamples<'_> {
    /// Where one of the rows stands, for messages.
    pub fn place_of(&self, example: &Example) -> Place {
        (self.place)(example.line)
    }
}

/// How to read a file; every field left `None` follows from the file itself.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ReadOptions {
    /// The format, where content and extension do not tell it.
    pub format: Option<Format>,
    /// The column of the text, or of the first text of a pair. Naming it turns off the search for a pair.
    pub text_column: Option<Column>,
    /// The column of the second text.
    pub pair_column: Option<Column>,
    /// The column of the label.
    pub label_column: Option<Column>,
    /// Whether `"` quotes fields; by default it does in csv and does not in tsv and `;`-separated text.
    pub quote: Option<Quote>,
    /// Whether the first row of delimited text is a header; by default it is one if it holds a known name or one that is asked
    /// for. Who says so has seen the columns and counts them: a [`Column::Number`] is then a position, whatever the header holds.
    // Not in what the command line writes of its options, since it has no flag for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub header: Option<bool>,
    /// Keeps only the rows with this value in this column.
    pub filter: Option<Filter>,
    /// What the label column holds.
    pub gold: GoldColumn,
    /// Whether a row whose label is empty waits for it, as [`Gold::None`]; else it is an error.
    // As with the header, the command line has no flag for it: who trains or measures wants to know of such a row.
    #[serde(skip_serializing)]
    pub unlabelled: bool,
    /// Whether a row that cannot be read is left out and told in [`Dataset::damage`]; else the first one is an error.
    // No flag for it either: the page asks before it goes on without such rows.
    #[serde(skip)]
    pub skip_damaged: bool,
    /// The labels there are, where a list of them was given; data may then name them by 0-based number.
    pub label_names: Option<Vec<String>>,
}

impl ReadOptions {
    /// Whether a column is chosen, which only tables and records have.
    fn names_columns(&self) -> bool {
        self.text_column.is_some() || self.pair_column.is_some() || self.filter.is_some()
    }
}

/// A column chosen by header name or by number.
///
/// Of a header or of a JSON record, a name that is exactly the digits of a number wins over the position, unless
/// [`ReadOptions::header`] is given. Digits do not make a row a header: it is one by its other names, or it is none.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged, try_from = "NumberOrText")]
pub enum Column {
    /// 1-based position.
    Number(usize),
    /// Header name, or the name of a JSON field.
    Name(String),
}

/// How a run file may spell a column: `3`, `"3"` and `"label"`.
#[derive(Deserialize)]
#[serde(untagged)]
enum NumberOrText {
    Number(usize),
    Text(String),
}

impl TryFrom<NumberOrText> for Column {
    type Error = ParseError;

    fn try_from(value: NumberOrText) -> Result<Self, Self::Error> {
        match value {
            NumberOrText::Number(number) => Ok(Self::Number(number)),
            NumberOrText::Text(text) => text.parse(),
        }
    }
}

impl FromStr for Column {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.trim() {
            "" => Err(ParseError::EmptyColumn),
            digits if digits.bytes().all(|byte| byte.is_ascii_digit()) => Ok(digits
                .parse()
                .map_or_else(|_| Self::Name(digits.to_owned()), Self::Number)),
            name => Ok(Self::Name(name.to_owned())),
        }
    }
}

impl fmt::Display for Column {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(number) => write!(f, "{number}"),
            Self::Name(name) => f.write_str(name),
        }
    }
}

/// Picks the rows of one part from a file that holds several: written `COLUMN=VALUE`, as in `5=train`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Filter {
    /// The column that is compared.
    pub column: Column,
    /// The value its trimmed field must equal.
    pub value: String,
}

impl FromStr for Filter {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (column, value) = text
            .split_once('=')
            .ok_or_else(|| ParseError::Filter { found: text.to_owned() })?;
        Ok(Self {
            column: column.parse()?,
            value: value.trim().to_owned(),
        })
    }
}

impl TryFrom<String> for Filter {
    type Error = ParseError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<Filter> for String {
    fn from(filter: Filter) -> Self {
        filter.to_string()
    }
}

impl fmt::Display for Filter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}={}", self.column, self.value)
    }
}

/// What `"` means in delimited text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Quote {
    /// RFC 4180: a field that starts with `"` ends at the next single `"`; it may hold separators, newlines and `""`.
    Standard,
    /// `"` is a character like any other.
    None,
}

impl FromStr for Quote {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.trim() {
            "standard" => Ok(Self::Standard),
            "none" => Ok(Self::None),
            found => Err(ParseError::Quote {
                found: found.to_owned(),
            }),
        }
    }
}

impl fmt::Display for Quote {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Standard => "standard",
            Self::None => "none",
        })
    }
}

/// The rows of one file.
#[derive(Clone, Debug, PartialEq)]
pub struct Dataset {
    /// The rows in file order, at least one.
    pub examples: Vec<Example>,
    /// Whether every example has a second text.
    pub has_pairs: bool,
    /// What was read from where, for a message.
    pub columns: Columns,
    /// How many rows the filter left out.
    pub skipped_by_filter: usize,
    /// The lines where works without a word begin, which were left out.
    pub blank_works: Vec<usize>,
    /// The rows that were left out because they cannot be read.
    pub damage: Damage,
}

/// Reads a whole data file; `name` serves messages and gives the extension.
///
/// A byte order mark is dropped, blank lines are skipped, `\r\n` ends a line like `\n`. The first malformed row is an
/// error, unless the options skip such rows, and so is a file without rows.
pub fn read(name: &str, bytes: &[u8], options: &ReadOptions) -> Result<Dataset, DataError> {
    let text = utf8(name, bytes)?;
    if format::is_words_as_table(name, text, options) {
        return Err(DataError::WordsElsewhere { name: name.to_owned() });
    }
    match format::detect(name, text, options) {
        Format::Json => jsonl::read_document(name, text, options),
        Format::JsonLines => jsonl::read_lines(name, text, options),
        Format::Conll => conll::read(name, text, options),
        Format::Squad => squad::read(name, text, options),
        Format::Text => text::read(name, text, options),
        format @ (Format::Csv | Format::Tsv | Format::Semicolon) => csv::read(name, text, format, options),
    }
}

/// The format that [`read`] takes a file for.
///
/// # Errors
/// If it is not text in UTF-8.
pub fn format_of(name: &str, bytes: &[u8], options: &ReadOptions) -> Result<Format, DataError> {
    Ok(format::detect(name, utf8(name, bytes)?, options))
}

/// How zips begin, which workbooks and documents are, and how Excel's older files do.
const PACKED: [&[u8]; 2] = [b"PK\x03\x04", b"\xd0\xcf\x11\xe0"];

/// The text of a file, without its byte order mark.
fn utf8<'a>(name: &str, bytes: &'a [u8]) -> Result<&'a str, DataError> {
    if PACKED.iter().any(|beginning| bytes.starts_with(beginning)) {
        return Err(DataError::Packed { name: name.to_owned() });
    }
    let text = std::str::from_utf8(bytes).map_err(|source| {
        let byte = source.valid_up_to();
        let line = 1 + bytes[..byte].iter().filter(|byte| **byte == b'\n').count();
        DataError::NotUtf8 {
            name: name.to_owned(),
            byte,
            line,
            source,
        }
    })?;
    Ok(text.strip_prefix('\u{feff}').unwrap_or(text))
}

/// The SHA-256 of a file as 64 lower-case hexadecimal digits, as `sha256sum` prints it.
pub fn sha256_hex(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Gathers the rows that pass the filter; shared by all formats.
struct Collector<'a> {
    name: &'a str,
    filter: Option<&'a Filter>,
    examples: Vec<Example>,
    skipped: usize,
    blank_works: Vec<usize>,
    damage: Damage,
    /// Whether there may be any.
    skip_damaged: bool,
    /// What is wrong with the first damaged row.
    first_error: Option<DataError>,
    gold: GoldReader<'a>,
    /// The first distinct values that did not match, one more than are shown.
    other_values: Vec<String>,
}

/// How many values of a filter column an error lists.
const LISTED_VALUES: usize = 10;

impl<'a> Collector<'a> {
    fn new(name: &'a str, options: &'a ReadOptions) -> Self {
        let filter = options.filter.as_ref();
        Self {
            name,
            filter,
            examples: Vec::new(),
            skipped: 0,
            blank_works: Vec::new(),
            damage: Damage::default(),
            skip_damaged: options.skip_damaged,
            first_error: None,
            gold: GoldReader {
                name,
                column: options.gold,
                label_names: options.label_names.as_deref(),
                unlabelled: options.unlabelled,
            },
            other_values: Vec::new(),
        }
    }

    /// Whether a row with this value in the filter column is kept; one without is none that is asked for.
    fn keeps(&mut self, value: Option<&str>) -> bool {
        let Some(filter) = self.filter else {
            return true;
        };
        let value = value.map(str::trim);
        if value == Some(&filter.value) {
            return true;
        }
        self.skipped += 1;
        let Some(value) = value else {
            return false;
        };
        if self.other_values.len() <= LISTED_VALUES && !self.other_values.iter().any(|other| other == value) {
            self.other_values.push(value.to_owned());
        }
        false
    }

    /// Whether no row has a value in the filter column.
    fn compared_nothing(&self) -> bool {
        self.examples.is_empty() && self.other_values.is_empty()
    }

    /// Goes on without a row that cannot be read, where that is asked for; `text` is how it stands in the file.
    fn leave_out(&mut self, error: DataError, text: &str) -> Result<(), DataError> {
        if !self.skip_damaged {
            return Err(error);
        }
        self.damage.add(&error, text);
        self.first_error.get_or_insert(error);
        Ok(())
    }

    fn finish(self, columns: Columns) -> Result<Dataset, DataError> {
        if let (true, Some(error)) = (self.examples.is_empty(), self.first_error) {
            return Err(error);
        }
        let name = self.name.to_owned();
        match self.filter {
            _ if !self.examples.is_empty() => Ok(Dataset {
                examples: self.examples,
                has_pairs: columns.pair.is_some(),
                columns,
                skipped_by_filter: self.skipped,
                blank_works: self.blank_works,
                damage: self.damage,
            }),
            Some(filter) if self.skipped > 0 => Err(DataError::NoMatch {
                name,
                filter: filter.clone(),
                rows: self.skipped,
                values: self.other_values,
            }),
            _ => Err(DataError::NoRows { name }),
        }
    }
}

#[cfg(test)]
mod properties;
#[cfg(test)]
mod tests;
