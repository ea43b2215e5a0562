//! Shows the beginning of a table before anyone has said which column is what.

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
    let (names, rows) = match format::detect(name, text, options) {
        format @ (Format::Csv | Format::Tsv | Format::Semicolon) => (None, delimited(text, format, options)),
        Format::JsonLines => {
            let lines = text.lines().filter(|line| !line.trim().is_empty());
            fields(lines.map_while(|line| serde_json::from_str(line).ok()).collect())
        }
        Format::Json => match serde_json::from_str(text) {
            Ok(Value::Array(records)) => fields(records),
            _ => (None, Vec::new()),
        },
        Format::Conll | Format::Squad | Format::Text => (None, Vec::new()),
    };
    let width = rows.first().map_or(0, Vec::len).min(COLUMNS);
    let shown = |field: &String| field.chars().take(CHARACTERS).collect();
    let preview = Preview {
        names,
        values: (0..width).map(|column| values(&rows, column)).collect(),
        rows: rows
            .iter()
            .take(ROWS)
            .map(|row| row.iter().take(width).map(shown).collect())
            .collect(),
    };
    Ok((width > 1).then_some(preview))
}

/// The rows until one that cannot be cut.
fn delimited(text: &str, format: Format, options: &ReadOptions) -> Vec<Vec<String>> {
    let mut records = Records::new(text, format, options.quote);
    let mut fields = Vec::new();
    let mut rows = Vec::new();
    while let Ok(Some(_)) = records.next(&mut fields) {
        rows.push(fields.iter().map(|field| field.to_string()).collect());
    }
    rows
}

/// The fields of the first record, and the rows.
fn fields(records: Vec<Value>) -> (Option<Vec<String>>, Vec<Vec<String>>) {
    let Some(Value::Object(first)) = records.first() else {
        return (None, Vec::new());
    };
    let names: Vec<String> = first.keys().cloned().collect();
    let field = |value: Option<&Value>| match value {
        Some(Value::String(text)) => text.clone(),
        Some(value) => value.to_string(),
        None => String::new(),
    };
    let rows = records
        .iter()
        .map(|record| names.iter().map(|name| field(record.get(name))).collect())
        .collect();
    (Some(names), rows)
}

fn values(rows: &[Vec<String>], column: usize) -> Vec<String> {
    let mut values: Vec<String> = Vec::new();
    for field in rows.iter().filter_map(|row| row.get(column)) {
        let field = field.trim();
        if values.iter().all(|value| value != field) {
            if values.len() == VALUES {
                return Vec::new();
            }
            values.push(field.to_owned());
        }
    }
    values
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
