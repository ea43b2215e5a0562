//! Reads texts with entities marked by spans of characters, as the Japanese Wikipedia corpus of Stockmark has them.
//!
//! One JSON array of `{"curid", "text", "entities": [{"name", "span": [start, end], "type"}]}`. Spans count characters
//! (Unicode scalar values), the end is behind the last. What is written has the same form, one entry a line.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{CorpusError, Labelled, SourceFile, decode};

/// A text with its entities.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// The number of the page that the text is from; texts of a page share it. Empty where the file does not say it: the
    /// text is a page by itself then.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub curid: String,
    /// The text.
    pub text: String,
    /// Its entities, in the order of the corpus.
    pub entities: Vec<Entity>,
}

/// An entity of an [`Entry`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entity {
    /// The characters of the span.
    pub name: String,
    /// First character and the one behind the last.
    pub span: [usize; 2],
    /// What it is.
    #[serde(rename = "type")]
    pub kind: String,
}

impl Labelled for Entry {
    fn labels(&self) -> Vec<&str> {
        self.entities.iter().map(|entity| &*entity.kind).collect()
    }
}

/// Reads the corpus: its entries, each with its page, those of a page next to each other.
///
/// # Errors
/// If it is not JSON of that form, a span does not hold its entity's name, or entities overlap.
pub fn read(file: &SourceFile) -> Result<Vec<(String, Entry)>, CorpusError> {
    let text = decode::decode(file)?;
    let name = || file.name.clone();
    let records: Vec<Value> =
        serde_json::from_str(&text).map_err(|source| CorpusError::Json { name: name(), source })?;
    let entry = |(number, record)| {
        serde_json::from_value(record).map_err(|source| CorpusError::Record {
            name: name(),
            record: number,
            source,
        })
    };
    let entries: Vec<Entry> = (1..).zip(records).map(entry).collect::<Result<_, _>>()?;
    if entries.is_empty() {
        return Err(CorpusError::Nothing { what: "entry in it" });
    }
    for (record, entry) in (1..).zip(&entries) {
        check(entry, record, &file.name)?;
    }
    let page = |record: usize, entry: &Entry| match entry.curid.as_str() {
        "" => format!("record {record:09}"),
        curid => curid.to_owned(),
    };
    let mut rows: Vec<(String, Entry)> = (1..)
        .zip(entries)
        .map(|(record, entry)| (page(record, &entry), entry))
        .collect();
    rows.sort_by(|(one, _), (other, _)| one.cmp(other));
    Ok(rows)
}

/// Whether every span holds its entity's name and none shares a character with another.
fn check(entry: &Entry, record: usize, name: &str) -> Result<(), CorpusError> {
    let mut entities: Vec<&Entity> = entry.entities.iter().collect();
    entities.sort_by_key(|entity| entity.span);
    let mut last: Option<&Entity> = None;
    for entity in entities {
        let [start, end] = entity.span;
        let found: String = entry.text.chars().take(end).skip(start).collect();
        if found != entity.name || start >= end {
            return Err(CorpusError::Span {
                name: name.to_owned(),
                record,
                curid: entry.curid.clone(),
                start,
                end,
                found,
                entity: entity.name.clone(),
            });
        }
        if let Some(last) = last.filter(|last| start < last.span[1]) {
            return Err(CorpusError::Overlap {
                name: name.to_owned(),
                record,
                curid: entry.curid.clone(),
                first: last.name.clone(),
                second: entity.name.clone(),
            });
        }
        last = Some(entity);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(text: &str) -> SourceFile {
        SourceFile {
            name: "ner.json".into(),
            bytes: text.as_bytes().to_vec(),
        }
    }

    fn entry(curid: &str, entities: &str) -> String {
        format!(r#"{{"curid": "{curid}", "text": "🗼は東京都港区にある。", "entities": [{entities}]}}"#)
    }

    fn entity(name: &str, start: usize, end: usize) -> String {
        format!(r#"{{"name": "{name}", "span": [{start}, {end}], "type": "地名"}}"#)
    }

    #[test]
    fn entries_of_a_page_come_together_and_are_written_as_read() {
        let one = entry("2", &[entity("東京都", 2, 5), entity("港区", 5, 7)].join(","));
        let rows = read(&file(&format!("[{one},{},{}]", entry("1", ""), entry("2", "")))).expect("entries");
        let pages: Vec<&str> = rows.iter().map(|(page, _)| &**page).collect();
        assert_eq!(pages, ["1", "2", "2"]);
        assert_eq!(rows[1].1.labels(), ["地名", "地名"]);
        let written = serde_json::to_value(&rows[1].1).expect("JSON");
        assert_eq!(written, serde_json::from_str::<serde_json::Value>(&one).expect("JSON"));
    }

    #[test]
    fn wrong_spans_and_forms_are_named() {
        let message = |text: &str| read(&file(text)).expect_err(text).to_string();
        let second =
            |entities: &[String]| message(&format!("[{},{}]", entry("1", ""), entry("2", &entities.join(","))));
        let shifted = second(&[entity("東京都", 3, 6)]);
        assert!(
            shifted.contains("record 2 (curid \"2\"): characters 3–6 are \"京都港\""),
            "{shifted}"
        );
        for (start, end) in [(2, 99), (5, 2), (2, 2), (99, 102)] {
            assert!(second(&[entity("東京都", start, end)]).contains("record 2"));
        }
        assert!(second(&[entity("東京都", 2, 5), entity("都港", 4, 6)]).contains("overlap"));
        assert!(message("[{\"curid\": 1}]").starts_with("ner.json: record 1 is not of"));
        assert!(message("{\"data\": []}").starts_with("ner.json: "));
        assert!(message("[]").contains("no entry"));
    }
}
