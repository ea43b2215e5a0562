//! Shows the beginning of a table before anyone has said which column is what.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::csv::Records;
use super::{DataError, Format, ReadOptions, format, utf8};

/// Rows that are shown.
const ROWS: usize = 3;
/// Columns that are shown: of more, those who know them choose by number on the command line.
const COLUMNS: usize = 64;
/// Characters of a field that are shown.
const CHARACTERS: usize = 60;
/// A column with more values than these has none to pick rows by.
const VALUES: usize = 10;

/// The beginning of a table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Preview {
    /// What the fields of JSON records are called; nothing where columns have numbers and perhaps a header.
    pub names: Option<Vec<String>>,
    /// The first rows, cut to what can be shown. A header is one of them.
    pub rows: Vec<Vec<String>>,
    /// The values of each column in the order of the file, trimmed, a header's name among them; empty where there are many.
    pub values: Vec<Vec<String>>,
}

/// The beginning of a file; nothing where it has no columns, or cannot be cut into any.
///
/// # Errors
/// If it is not text in UTF-8.
pub fn preview(name: &str, bytes: &[u8], options: &ReadOptions) -> Result<Option<Preview>, DataError> {
    let text = utf8(name, bytes)?;
    let mut beginning = Beginning::default();
    let names = match format::detect(name, text, options) {
        format @ (Format::Csv | Format::Tsv | Format::Semicolon) => {
            let mut records = Records::new(text, format, options.quote);
            let mut fields = Vec::new();
            // The rows until one that cannot be cut.
            while let Ok(Some(_)) = records.next(&mut fields) {
                beginning.add(&fields);
            }
            None
        }
        Format::JsonLines => {
            let lines = text.lines().filter(|line| !line.trim().is_empty());
            beginning.add_records(lines.map_while(|line| serde_json::from_str(line).ok()))
        }
        Format::Json => match serde_json::from_str(text) {
            Ok(Value::Array(records)) => beginning.add_records(records.into_iter()),
            _ => None,
        },
        Format::Conll | Format::Squad | Format::Text => None,
    };
    let Beginning { rows, values } = beginning;
    let values: Vec<Vec<String>> = values.into_iter().map(Option::unwrap_or_default).collect();
    Ok((values.len() > 1).then_some(Preview { names, rows, values }))
}

/// What is kept of the rows that have been seen.
#[derive(Default)]
struct Beginning {
    rows: Vec<Vec<String>>,
    /// Of each column; nothing where there are too many.
    values: Vec<Option<Vec<String>>>,
}

impl Beginning {
    fn add(&mut self, row: &[Cow<'_, str>]) {
        if self.rows.is_empty() {
            self.values = vec![Some(Vec::new()); row.len().min(COLUMNS)];
        }
        let row = &row[..row.len().min(self.values.len())];
        if self.rows.len() < ROWS {
            let shown = |field: &Cow<'_, str>| field.chars().take(CHARACTERS).collect();
            self.rows.push(row.iter().map(shown).collect());
        }
        for (field, values) in row.iter().zip(&mut self.values) {
            let field = field.trim();
            if let Some(known) = values.as_mut().filter(|known| known.iter().all(|value| value != field)) {
                match known.len() {
                    VALUES => *values = None,
                    _ => known.push(field.to_owned()),
                }
            }
        }
    }

    /// Adds records by the fields of the first, whose names it gives.
    fn add_records(&mut self, records: impl Iterator<Item = Value>) -> Option<Vec<String>> {
        let mut records = records.peekable();
        let Some(Value::Object(first)) = records.peek() else {
            return None;
        };
        let names: Vec<String> = first.keys().cloned().collect();
        for record in records {
            let field = |name: &String| match record.get(name) {
                Some(Value::String(text)) => Cow::Borrowed(text.as_str()),
                Some(value) => Cow::Owned(value.to_string()),
                None => Cow::default(),
            };
            self.add(&names.iter().map(field).collect::<Vec<_>>());
        }
        Some(names)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(name: &str, text: &str) -> Option<Preview> {
        preview(name, text.as_bytes(), &ReadOptions::default()).expect("UTF-8")
    }

    #[test]
    fn a_table_shows_its_first_rows_and_the_values_to_pick_by() {
        let rows: String = (0..20)
            .map(|row| {
                format!(
                    "id{row}\t{}\t文{row}\t{}\n",
                    row % 2,
                    if row < 15 { "train" } else { "test " }
                )
            })
            .collect();
        let preview = of("pn.tsv", &rows).expect("a table");
        assert_eq!(preview.names, None);
        assert_eq!(preview.rows.len(), ROWS);
        assert_eq!(preview.rows[1], ["id1", "1", "文1", "train"]);
        let none: [&str; 0] = [];
        assert_eq!(preview.values[0], none);
        assert_eq!(preview.values[1], ["0", "1"]);
        assert_eq!(preview.values[3], ["train", "test"]);
    }

    #[test]
    fn records_show_their_fields() {
        let lines = "{\"utterance\": \"駅へ\", \"part\": 1}\n{\"part\": 2, \"utterance\": \"宿へ\"}\n";
        let array = "[{\"utterance\": \"駅へ\", \"part\": 1}, {\"part\": 2, \"utterance\": \"宿へ\"}]";
        for (name, text) in [("a.jsonl", lines), ("a.json", array)] {
            let preview = of(name, text).expect("records");
            assert_eq!(preview.names.expect("names"), ["utterance", "part"]);
            assert_eq!(preview.rows, [["駅へ", "1"], ["宿へ", "2"]]);
            assert_eq!(preview.values[1], ["1", "2"]);
        }
    }

    #[test]
    fn long_fields_and_damaged_rows_are_no_trouble() {
        let long = "あ".repeat(CHARACTERS + 1);
        let preview = of("a.csv", &format!("{long},b\nc\n\"d,e\n")).expect("a table");
        assert_eq!(
            preview.rows,
            [vec!["あ".repeat(CHARACTERS), "b".to_owned()], vec!["c".to_owned()]]
        );
        assert_eq!(of("a.tsv", "one\ntwo\n"), None);
        assert_eq!(of("a.csv", ""), None);
        assert_eq!(of("a.json", "[1, 2"), None);
    }
}
