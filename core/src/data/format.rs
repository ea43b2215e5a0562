//! Tells the format of a data file from its extension and its first lines.
//!
//! Separators are judged by what they make of the first records: a row that holds known header names decides, then a
//! tab that cuts every line into equally many fields, then the extension. Outside `.csv` files a `,` or `;` that is
//! followed by a space is punctuation, so a list of sentences stays one text a line. That somebody says there is a header
//! does not count, as every separator finds some first row.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};

use super::csv::Records;
use super::{GoldColumn, ParseError, Place, Quote, ReadOptions, columns, conll};

/// A way of writing rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Format {
    /// Comma-separated, quoted unless told otherwise.
    Csv,
    /// Tab-separated, literal unless told otherwise; also one text a line.
    Tsv,
    /// `;`-separated, literal unless told otherwise.
    Semicolon,
    /// One array of objects, or one object. Asked for by name it also accepts JSON lines.
    Json,
    /// One object a line.
    JsonLines,
    /// One word a line with its tag, sentences apart.
    Conll,
    /// Articles of passages with their questions, in JSON.
    Squad,
    /// Plain text, one a line, or works separated by form feeds for tasks that learn running text.
    Text,
}

impl FromStr for Format {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.trim() {
            "csv" => Ok(Self::Csv),
            "tsv" => Ok(Self::Tsv),
            "semicolon" => Ok(Self::Semicolon),
            "json" => Ok(Self::Json),
            "json-lines" | "jsonl" => Ok(Self::JsonLines),
            "conll" => Ok(Self::Conll),
            "squad" => Ok(Self::Squad),
            "text" | "txt" => Ok(Self::Text),
            found => Err(ParseError::Format {
                found: found.to_owned(),
            }),
        }
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Csv => "csv",
            Self::Tsv => "tsv",
            Self::Semicolon => "semicolon",
            Self::Json => "json",
            Self::JsonLines => "json-lines",
            Self::Conll => "conll",
            Self::Squad => "squad",
            Self::Text => "text",
        })
    }
}

impl Format {
    /// The byte between two fields; `None` where there is none.
    pub(super) fn separator(self) -> Option<u8> {
        match self {
            Self::Csv => Some(b','),
            Self::Tsv => Some(b'\t'),
            Self::Semicolon => Some(b';'),
            Self::Json | Self::JsonLines | Self::Conll | Self::Squad | Self::Text => None,
        }
    }

    /// What the number of an example counts in such a file.
    pub fn place(self) -> fn(usize) -> Place {
        match self {
            Self::Json => Place::Record,
            Self::Squad => Place::Question,
            Self::Csv | Self::Tsv | Self::Semicolon | Self::JsonLines | Self::Conll | Self::Text => Place::Line,
        }
    }

    /// How quotes are read when nothing else is asked for.
    pub(super) fn default_quote(self) -> Quote {
        match self {
            Self::Csv => Quote::Standard,
            _ => Quote::None,
        }
    }
}

/// Decides the format of a whole file.
pub(super) fn detect(name: &str, text: &str, options: &ReadOptions) -> Format {
    let extension = extension(name);
    match options.format {
        // Both names fit a file of SQuAD's.
        None | Some(Format::Json | Format::JsonLines) if options.gold == GoldColumn::Answers && is_squad(text) => {
            Format::Squad
        }
        Some(Format::Json) => json_kind(text),
        Some(format) => format,
        None if options.gold == GoldColumn::Entities && is_words(&extension, text) => Format::Conll,
        // Who names a column or picks rows by one has a table.
        None if options.gold.is_plain() && !options.names_columns() && is_text(&extension, text) => Format::Text,
        None => match extension.as_str() {
            "json" => json_kind(text),
            "jsonl" | "ndjson" if !text.trim_start().starts_with('[') => Format::JsonLines,
            "jsonl" | "ndjson" => Format::Json,
            "csv" | "tsv" => delimited(&extension, text, options),
            _ if is_json(text) => json_kind(text),
            _ => delimited(&extension, text, options),
        },
    }
}

/// Whether a file is one object with articles, or a list of them; damaged objects are recognised by how they begin.
fn is_squad(text: &str) -> bool {
    let text = text.trim_start();
    if text.starts_with('[') {
        // A text that holds these words has other quotes around them.
        return ["\"paragraphs\"", "\"qas\""].iter().all(|key| text.contains(key));
    }
    // A file without an article has the list of them.
    let is_list = |behind: &str| {
        let value = behind.trim_start().strip_prefix(':');
        value.is_some_and(|value| value.trim_start().starts_with('['))
    };
    let has_articles = || text.contains("\"paragraphs\"") || text.split("\"data\"").skip(1).any(is_list);
    text.starts_with('{') && (!first_line_is_object(text) || has_articles())
}

/// Whether a file is plain text where such is asked for: tables and records say so by their names or their form.
fn is_text(extension: &str, text: &str) -> bool {
    match extension {
        "csv" | "tsv" | "json" | "jsonl" | "ndjson" => false,
        "txt" => true,
        _ => !is_json(text),
    }
}

/// Whether a file of tagged words, by its name and its lines, would be read as a table with a label for each word, which nobody asks
/// for by a format or by columns.
pub(super) fn is_words_as_table(name: &str, text: &str, options: &ReadOptions) -> bool {
    let is_labelled = matches!(options.gold, GoldColumn::Label | GoldColumn::Labels | GoldColumn::Score);
    let is_asked = options.format.is_some() || options.names_columns() || options.label_column.is_some();
    is_labelled && !is_asked && WORDS.contains(&&*extension(name)) && conll::is_conll(text)
}

/// The extensions of files with one word a line.
const WORDS: [&str; 4] = ["conll", "bio", "iob", "iob2"];

/// Whether a file has one word a line.
fn is_words(extension: &str, text: &str) -> bool {
    match extension {
        extension if WORDS.contains(&extension) => true,
        "json" | "jsonl" | "ndjson" | "csv" => false,
        _ => conll::is_conll(text),
    }
}

fn extension(name: &str) -> String {
    let file = name.rsplit(['/', '\\']).next().unwrap_or(name);
    file.rsplit_once('.')
        .map(|(_, extension)| extension.to_ascii_lowercase())
        .unwrap_or_default()
}

/// Whether a file without a telling extension is JSON: a first line that is an object, or JSON throughout.
fn is_json(text: &str) -> bool {
    let text = text.trim_start();
    first_line_is_object(text) || (text.starts_with(['{', '[']) && serde_json::from_str::<IgnoredAny>(text).is_ok())
}

fn json_kind(text: &str) -> Format {
    let text = text.trim_start();
    if text.starts_with('[') || (text.starts_with('{') && !first_line_is_object(text)) {
        Format::Json
    } else {
        Format::JsonLines
    }
}

fn first_line_is_object(text: &str) -> bool {
    let line = text.lines().next().unwrap_or_default();
    line.starts_with('{') && serde_json::from_str::<IgnoredAny>(line).is_ok()
}

/// How many records are looked at to find the separator.
const SAMPLE_RECORDS: usize = 20;

/// The first records of a file as one separator cuts them; empty where quoting fails.
struct Sample<'a>(Vec<Vec<Cow<'a, str>>>);

impl<'a> Sample<'a> {
    fn take(format: Format, text: &'a str, options: &ReadOptions) -> Self {
        let mut records = Records::new(text, format, options.quote);
        let mut rows = Vec::new();
        let mut fields = Vec::new();
        while rows.len() < SAMPLE_RECORDS {
            match records.next(&mut fields) {
                Ok(Some(_)) => rows.push(std::mem::take(&mut fields)),
                Ok(None) => break,
                Err(_) => return Self(Vec::new()),
            }
        }
        Self(rows)
    }

    /// The first row has several fields and holds a name of a column.
    fn has_header(&self, options: &ReadOptions) -> bool {
        self.0
            .first()
            .is_some_and(|row| row.len() > 1 && columns::holds_a_name(row, options))
    }

    /// Every row has the same number of fields, more than one.
    fn is_table(&self) -> bool {
        self.0
            .first()
            .is_some_and(|first| first.len() > 1 && self.0.iter().all(|row| row.len() == first.len()))
    }

    /// No separator of at least two rows is followed by a space, as punctuation would be.
    fn is_tight(&self) -> bool {
        self.0.len() > 1
            && self
                .0
                .iter()
                .all(|row| row.iter().skip(1).all(|field| !field.starts_with(' ')))
    }
}

fn delimited(extension: &str, text: &str, options: &ReadOptions) -> Format {
    let [tab, semicolon, comma] =
        [Format::Tsv, Format::Semicolon, Format::Csv].map(|format| Sample::take(format, text, options));
    if tab.has_header(options) {
        return Format::Tsv;
    }
    if semicolon.has_header(options) {
        return Format::Semicolon;
    }
    if comma.has_header(options) {
        return Format::Csv;
    }
    match extension {
        _ if tab.is_table() => Format::Tsv,
        "tsv" => Format::Tsv,
        "csv" if !comma.is_table() && semicolon.is_table() => Format::Semicolon,
        "csv" => Format::Csv,
        _ if semicolon.is_table() && semicolon.is_tight() => Format::Semicolon,
        _ if comma.is_table() && comma.is_tight() => Format::Csv,
        _ => Format::Tsv,
    }
}
