//! Reads JSON records for `preview`: the fields of the first, and of a list or an object in one of them only the beginning.
//!
//! What nobody looks at is passed over while the records go by: a file of SQuAD's form is one record, and one of its fields is
//! nearly all of it. The records until one that cannot be read are there, as `jsonl` looks at the first before it comes to that.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserialize, DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::Value;

use super::preview::{Beginning, CHARACTERS, COLUMNS};

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
        let mut row = vec![Field::default(); names.len()];
        while let Some(name) = map.next_key::<String>()? {
            match names.iter().position(|known| *known == name) {
                Some(column) if self.beginning.looks_at(column) => row[column] = map.next_value()?,
                None if is_first && names.len() < COLUMNS => {
                    names.push(name);
                    row.push(map.next_value()?);
                }
                _ => drop(map.next_value::<IgnoredAny>()?),
            }
        }
        let texts: Vec<Cow<'_, str>> = row.iter().map(|field| Cow::Borrowed(field.text.as_str())).collect();
        self.beginning.add(&texts);
        // Rows are not picked by a list or an object.
        for (column, _) in row.iter().enumerate().filter(|(_, field)| field.is_nested) {
            self.beginning.forget_values(column);
        }
        Ok(())
    }
}

/// A value as it is shown: a text as it is, a number or a truth value as JSON, and the beginning of a list or an object.
#[derive(Clone, Default)]
struct Field {
    text: String,
    is_nested: bool,
}

impl<'de> Deserialize<'de> for Field {
    fn deserialize<D: Deserializer<'de>>(json: D) -> Result<Self, D::Error> {
        json.deserialize_any(FieldVisitor)
    }
}

struct FieldVisitor;

impl FieldVisitor {
    fn scalar(value: impl Into<Value>) -> Field {
        Field {
            text: value.into().to_string(),
            is_nested: false,
        }
    }
}

impl<'de> Visitor<'de> for FieldVisitor {
    type Value = Field;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_bool<E>(self, truth: bool) -> Result<Field, E> {
        Ok(Self::scalar(truth))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Field, E> {
        Ok(Self::scalar(number))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Field, E> {
        Ok(Self::scalar(number))
    }

    fn visit_f64<E>(self, number: f64) -> Result<Field, E> {
        Ok(Self::scalar(number))
    }

    fn visit_unit<E>(self) -> Result<Field, E> {
        Ok(Self::scalar(Value::Null))
    }

    fn visit_str<E>(self, text: &str) -> Result<Field, E> {
        Ok(Field {
            text: text.to_owned(),
            is_nested: false,
        })
    }

    fn visit_seq<A: SeqAccess<'de>>(self, array: A) -> Result<Field, A::Error> {
        let mut text = String::new();
        PartSeed(&mut text).visit_seq(array)?;
        Ok(Field { text, is_nested: true })
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Field, A::Error> {
        let mut text = String::new();
        PartSeed(&mut text).visit_map(map)?;
        Ok(Field { text, is_nested: true })
    }
}

/// Writes a value of a list or an object as JSON without spaces, until there is more than is shown; passes over the rest.
struct PartSeed<'t>(&'t mut String);

impl PartSeed<'_> {
    fn is_full(&self) -> bool {
        self.0.chars().nth(CHARACTERS).is_some()
    }

    fn scalar(self, value: impl Into<Value>) {
        self.push(&value.into().to_string());
    }

    fn push(self, json: &str) {
        if !self.is_full() {
            self.0.push_str(json);
        }
    }

    /// A text as JSON, cut to what is shown at most.
    fn quoted(text: &str) -> String {
        let end = text.char_indices().nth(CHARACTERS).map_or(text.len(), |(end, _)| end);
        Value::from(&text[..end]).to_string()
    }

    /// Ends what began with `[` or `{`; behind each of its values there is a comma.
    fn close(self, bracket: char) {
        if self.0.ends_with(',') {
            self.0.pop();
        }
        self.0.push(bracket);
    }
}

impl<'de> DeserializeSeed<'de> for PartSeed<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<(), D::Error> {
        if self.is_full() {
            return json.deserialize_ignored_any(IgnoredAny).map(drop);
        }
        json.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for PartSeed<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_bool<E>(self, truth: bool) -> Result<(), E> {
        self.scalar(truth);
        Ok(())
    }

    fn visit_i64<E>(self, number: i64) -> Result<(), E> {
        self.scalar(number);
        Ok(())
    }

    fn visit_u64<E>(self, number: u64) -> Result<(), E> {
        self.scalar(number);
        Ok(())
    }

    fn visit_f64<E>(self, number: f64) -> Result<(), E> {
        self.scalar(number);
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        self.scalar(Value::Null);
        Ok(())
    }

    fn visit_str<E>(self, text: &str) -> Result<(), E> {
        self.push(&Self::quoted(text));
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut array: A) -> Result<(), A::Error> {
        let text = self.0;
        text.push('[');
        while array.next_element_seed(PartSeed(text))?.is_some() {
            PartSeed(text).push(",");
        }
        PartSeed(text).close(']');
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let text = self.0;
        text.push('{');
        while let Some(name) = map.next_key::<String>()? {
            PartSeed(text).push(&format!("{}:", Self::quoted(&name)));
            map.next_value_seed(PartSeed(text))?;
            PartSeed(text).push(",");
        }
        PartSeed(text).close('}');
        Ok(())
    }
}
