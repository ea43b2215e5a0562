//! Reads JSON records for `preview`, one at a time; the first says which fields there are.
//!
//! What nobody looks at any more is passed over while the records go by. The records until one that cannot be read are there,
//! as `jsonl` looks at the first before it comes to that.

use std::borrow::Cow;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::Value;

use super::preview::{Beginning, COLUMNS};

/// Adds one object a line; gives the names of the first one's fields.
pub(super) fn add_lines(text: &str, beginning: &mut Beginning) -> Option<Vec<String>> {
    let mut names = None;
    for line in text.lines().filter(|line| !line.trim().is_empty()) {
        let record = RecordSeed {
            names: &mut names,
            beginning,
        };
        let mut json = serde_json::Deserializer::from_str(line);
        if record.deserialize(&mut json).and_then(|()| json.end()).is_err() {
            break;
        }
    }
    names
}

/// Adds the objects of an array, or one object; gives the names of the first one's fields.
pub(super) fn add_document(text: &str, beginning: &mut Beginning) -> Option<Vec<String>> {
    let mut names = None;
    let records = RecordSeed {
        names: &mut names,
        beginning,
    };
    let mut json = serde_json::Deserializer::from_str(text);
    // What is wrong with the file is for those to say who read all of it.
    let _ = if text.trim_start().starts_with('[') {
        json.deserialize_seq(ArrayVisitor(records))
    } else {
        records.deserialize(&mut json)
    };
    names
}

/// Reads the objects of an array.
struct ArrayVisitor<'b>(RecordSeed<'b>);

impl<'de> Visitor<'de> for ArrayVisitor<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array of objects")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut array: A) -> Result<(), A::Error> {
        let RecordSeed { names, beginning } = self.0;
        while array.next_element_seed(RecordSeed { names, beginning })?.is_some() {}
        Ok(())
    }
}

/// Reads one object as a row.
struct RecordSeed<'b> {
    /// What the columns are called; set by the first record.
    names: &'b mut Option<Vec<String>>,
    beginning: &'b mut Beginning,
}

impl<'de> DeserializeSeed<'de> for RecordSeed<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<(), D::Error> {
        json.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for RecordSeed<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let is_first = self.names.is_none();
        let names = self.names.get_or_insert_default();
        let mut row: Vec<Option<Value>> = vec![None; names.len()];
        while let Some(name) = map.next_key::<String>()? {
            match names.iter().position(|known| *known == name) {
                Some(column) if self.beginning.looks_at(column) => row[column] = Some(map.next_value()?),
                None if is_first && names.len() < COLUMNS => {
                    names.push(name);
                    row.push(Some(map.next_value()?));
                }
                _ => drop(map.next_value::<IgnoredAny>()?),
            }
        }
        let texts: Vec<Cow<'_, str>> = row.iter().map(shown).collect();
        self.beginning.add(&texts);
        // Rows are not picked by a list or an object.
        let is_nested = |value: &Option<Value>| matches!(value, Some(Value::Array(_) | Value::Object(_)));
        for (column, _) in row.iter().enumerate().filter(|(_, value)| is_nested(value)) {
            self.beginning.forget_values(column);
        }
        Ok(())
    }
}

/// A text as it is, anything else as JSON.
fn shown(value: &Option<Value>) -> Cow<'_, str> {
    match value {
        Some(Value::String(text)) => Cow::Borrowed(text),
        Some(value) => Cow::Owned(value.to_string()),
        None => Cow::Borrowed(""),
    }
}
