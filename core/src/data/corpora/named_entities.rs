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

    fn is_blank(&self) -> bool {
        self.text.trim().is_empty()
    }
}

/// Reads the corpus: its entries, each with its page, those of a page next to each other.
///
/// # Errors
/// If it is not JSON of that form, a span does not hold its entity's name, an entity has no type, or entities overlap.
pub fn read(file: &SourceFile) -> Result<Vec<(String, Entry)>, CorpusError> {
    let text = decode::decode(file)?;
    let name = || file.name.clone();
    let entry = |(number, record)| {
        serde_json::from_value(record).map_err(|source| CorpusError::Record {
            name: name(),
            record: number,
            source,
        })
    };
    let entries: Vec<Entry> = (1..)
        .zip(records(&file.name, &text)?)
        .map(entry)
        .collect::<Result<_, _>>()?;
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

/// The entries as they stand in the file.
fn records(name: &str, text: &str) -> Result<Vec<Value>, CorpusError> {
    let found = match serde_json::from_str(text) {
        Ok(Value::Array(records)) => return Ok(records),
        Ok(Value::Object(_)) => "one object",
        Ok(_) => "a single value",
        Err(_) if is_lines(text) => "several objects, one behind the other",
        Err(error) => return Err(CorpusError::json(name, &error)),
    };
    let name = name.to_owned();
    Err(CorpusError::NoArray { name, found })
}

/// Whether text begins with an object and another one behind it, as JSON lines do.
fn is_lines(text: &str) -> bool {
    let mut values = serde_json::Deserializer::from_str(text).into_iter::<Value>();
    let is_object = values
        .next()
        .is_some_and(|value| value.is_ok_and(|value| value.is_object()));
    let rest = text.get(values.byte_offset()..).unwrap_or_default();
    is_object && rest.trim_start().starts_with('{')
}

/// Whether every entity has a type and the name that its span holds, and none shares a character with another.
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
        // Of this corpus every type is a word.
        let kind = entity.kind.trim();
        if kind.is_empty() || kind.contains(char::is_whitespace) {
            return Err(CorpusError::EntityType {
                name: name.to_owned(),
                record,
                curid: entry.curid.clone(),
                entity: entity.name.clone(),
                kind: entity.kind.clone(),
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
        let array = "ner.json: expected one JSON array of articles, found ";
        assert_eq!(message("{\"data\": []}"), format!("{array}one object"));
        assert_eq!(message("7"), format!("{array}a single value"));
        let lines = format!("{}\n{}\n", entry("1", ""), entry("2", ""));
        for lines in [lines.as_str(), "{}\n{\"curid\": NaN}"] {
            assert_eq!(message(lines), format!("{array}several objects, one behind the other"));
        }
        for kind in ["", " ", "地 名"] {
            let untyped = entity("港区", 5, 7).replace("地名", kind);
            let untyped = second(&[entity("東京都", 2, 5), untyped]);
            let expected = format!("record 2 (curid \"2\"): the entity \"港区\" has the type {kind:?}");
            assert!(untyped.contains(&expected), "{untyped}");
        }
        let halved = message(&format!(
            "[{},\n{}]",
            entry("1", ""),
            entry("2", "").replace('🗼', "\\ud83d")
        ));
        assert!(
            halved.starts_with("ner.json: line 2, column ") && halved.contains("half of a character"),
            "{halved}"
        );
        assert!(message("[]").contains("no entry"));
    }
}
