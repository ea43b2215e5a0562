//! Shows the beginning of a table before anyone has said which column is what.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use super::csv::Records;
use super::{DataError, Format, ReadOptions, format, records, utf8};

/// Rows that are shown.
const ROWS: usize = 3;
/// Columns that are shown: of more, those who know them choose by number on the command line.
pub(super) const COLUMNS: usize = 64;
/// Characters of a field that are shown.
const CHARACTERS: usize = 60;
/// A column with more values than these has none to pick rows by.
const VALUES: usize = 10;

/// The beginning of a table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Preview {
    /// What the fields of JSON records are called, as far as they are shown; nothing where columns have numbers and perhaps a
    /// header.
    pub names: Option<Vec<String>>,
    /// The first rows, cut to what can be shown. A header is one of them.
    pub rows: Vec<Vec<String>>,
    /// The values of each column in the order of the file, trimmed, a header's name among them; empty where there are many, or
    /// lists and objects among them.
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
        Format::JsonLines => records::add_lines(text, &mut beginning),
        Format::Json => records::add_document(text, &mut beginning),
        Format::Conll | Format::Squad | Format::Text => None,
    };
    let Beginning { rows, values } = beginning;
    let values: Vec<Vec<String>> = values.into_iter().map(Option::unwrap_or_default).collect();
    Ok((values.len() > 1).then_some(Preview { names, rows, values }))
}

/// What is kept of the rows that have been seen.
#[derive(Default)]
pub(super) struct Beginning {
    rows: Vec<Vec<String>>,
    /// Of each column; nothing where none are shown.
    values: Vec<Option<Vec<String>>>,
}

impl Beginning {
    /// Adds a row; the first decides how many columns there are.
    pub(super) fn add(&mut self, row: &[Cow<'_, str>]) {
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

    /// Whether a column's field in the next row makes a difference.
    pub(super) fn looks_at(&self, column: usize) -> bool {
        self.rows.len() < ROWS || self.values.get(column).is_some_and(Option::is_some)
    }

    /// Shows no values of a column.
    pub(super) fn forget_values(&mut self, column: usize) {
        if let Some(values) = self.values.get_mut(column) {
            *values = None;
        }
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
    fn one_object_is_one_record() {
        let object = "{\n  \"course\": \" 言語 \",\n  \"examples\": [\n    {\"text\": \"駅へ\", \"n\": [1, 2.5, null, true]},\n    {}\n  ]\n}\n";
        for name in ["a.json", "a.txt"] {
            let preview = of(name, object).expect("a record");
            assert_eq!(preview.names.expect("names"), ["course", "examples"]);
            let examples = "[{\"text\":\"駅へ\",\"n\":[1,2.5,null,true]},{}]";
            assert_eq!(preview.rows, [[" 言語 ", examples]]);
            // Rows can be picked by a text, not by a list.
            assert_eq!(preview.values, [vec!["言語".to_owned()], Vec::new()]);
        }
        assert_eq!(of("a.json", "{\n\"data\": []\n}"), None);
        assert_eq!(of("a.json", "{\n}"), None);
    }

    #[test]
    fn lists_and_objects_are_shown_by_their_beginning() {
        let numbers = "[1,22,333],".repeat(1000);
        let long = "あ".repeat(1000);
        let record = format!("{{\"id\": 1, \"list\": [{numbers}0], \"object\": {{\"a\": \"{long}\", \"b\": {{}}}}}}");
        let preview = of("a.json", &format!("[{record}, {record}]")).expect("records");
        let list = format!("[{numbers}");
        let object = format!("{{\"a\":\"{long}");
        let cut = |text: &str| text.chars().take(CHARACTERS).collect::<String>();
        assert_eq!(
            preview.rows,
            [
                ["1".to_owned(), cut(&list), cut(&object)],
                ["1".to_owned(), cut(&list), cut(&object)]
            ]
        );
        assert_eq!(preview.values, [vec!["1".to_owned()], Vec::new(), Vec::new()]);
        // A list that fills the place to its last character is whole.
        let text = "a".repeat(CHARACTERS - 4);
        let exact = format!("[\"{text}\"]");
        let preview = of("a.json", &format!("{{\n\"list\": {exact}, \"id\": [\"{text}\", 1]}}")).expect("a record");
        assert_eq!(preview.rows, [[exact, format!("[\"{text}\",")]]);
    }

    #[test]
    fn records_are_shown_until_one_that_cannot_be_read() {
        for damaged in [
            "[{\"a\": 1, \"b\": \"x\"}, {\"a\": 2, \"b\":",
            "[{\"a\": 1, \"b\": \"x\"}, 3, {\"a\": 2, \"b\": \"y\"}]",
            "[{\"a\": 1, \"b\": \"x\"}, [{\"a\": 2, \"b\": \"y\"}]]",
        ] {
            let preview = of("a.json", damaged).expect("a record");
            assert_eq!(preview.names.expect("names"), ["a", "b"]);
            assert_eq!(preview.rows, [["1", "x"]]);
        }
        let preview = of(
            "a.jsonl",
            "{\"a\": 1, \"b\": 2}\n\n{\"b\": 3}\n{\"a\"\n{\"a\": 4, \"b\": 5}\n",
        )
        .expect("records");
        assert_eq!(preview.rows, [["1", "2"], ["", "3"]]);
        for nothing in [
            "[[{\"a\": 1, \"b\": 2}]]",
            "[3, {\"a\": 1, \"b\": 2}]",
            "{\n\"a\": 1, \"b\": 2",
        ] {
            assert_eq!(of("a.json", nothing), None, "{nothing}");
        }
    }

    #[test]
    fn many_records_and_many_fields_are_no_trouble() {
        let records: Vec<String> = (0..30)
            .map(|number| format!("{{\"part\": {}, \"id\": {number}}}", number % 2))
            .collect();
        let preview = of("a.json", &format!("[{}]", records.join(","))).expect("records");
        assert_eq!(preview.rows, [["0", "0"], ["1", "1"], ["0", "2"]]);
        assert_eq!(preview.values, [vec!["0".to_owned(), "1".to_owned()], Vec::new()]);
        let fields: Vec<String> = (0..COLUMNS + 10)
            .map(|number| format!("\"f{number}\": {number}"))
            .collect();
        let preview = of("a.json", &format!("[{{{}}}]", fields.join(","))).expect("a record");
        assert_eq!(preview.names.expect("names").len(), COLUMNS);
        assert_eq!((preview.rows[0].len(), preview.values.len()), (COLUMNS, COLUMNS));
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
        assert_eq!(of("a.csv", "label\nc\n"), None);
        assert_eq!(of("a.csv", ""), None);
        assert_eq!(of("a.json", "[1, 2"), None);
    }
}
