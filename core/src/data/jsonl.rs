//! Reads JSON rows: one array of objects, one object, or one object a line.
//!
//! The first record decides which fields are read; of the later ones only those are kept, so memory holds the texts. Of a
//! question about a passage its answers, its id and whether it is said to have no answer are read as `answers` checks them.
//! A list of words with their tags is read as `words` does.
//! Strings, numbers and truth values become text: an integral number without its fraction (`1.0` is `1`).

use std::borrow::Cow;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

use super::answers::{self, Asked};
use super::columns::{self, Naming, Roles};
use super::{
    Collector, Column, Columns, DataError, Dataset, Example, Format, Gold, GoldColumn, Place, ReadOptions, spans, words,
};

/// Reads one object a line; blank lines are skipped.
pub(super) fn read_lines(name: &str, text: &str, options: &ReadOptions) -> Result<Dataset, DataError> {
    let mut rows = Rows::new(name, options);
    for (index, line) in text.split('\n').enumerate() {
        if line.trim().is_empty() {
            continue;
        }
        let (place, taken) = (Place::Line(index + 1), rows.collector.examples.len());
        let damaged = rows.collector.damage.count;
        let mut json = serde_json::Deserializer::from_str(line);
        let seed = RecordSeed {
            rows: &mut rows,
            place,
            line,
        };
        let read = seed.deserialize(&mut json).and_then(|()| json.end());
        match rows.check(read, place.number(), line) {
            // Its record is left out already.
            Err(DataError::Json { .. }) if rows.collector.damage.count > damaged => {}
            Err(error @ DataError::Json { .. }) => {
                // There may be a whole record before what is wrong.
                rows.collector.examples.truncate(taken);
                rows.collector.leave_out(error, line)?;
            }
            checked => checked?,
        }
    }
    rows.finish(Format::JsonLines)
}

/// Reads one array of objects, or one object.
pub(super) fn read_document(name: &str, text: &str, options: &ReadOptions) -> Result<Dataset, DataError> {
    let mut rows = Rows::new(name, options);
    if text.trim().is_empty() {
        return rows.finish(Format::Json);
    }
    let mut json = serde_json::Deserializer::from_str(text);
    let read = if text.trim_start().starts_with('[') {
        json.deserialize_seq(ArrayVisitor { rows: &mut rows })
    } else {
        RecordSeed {
            rows: &mut rows,
            place: Place::Record(1),
            line: "",
        }
        .deserialize(&mut json)
    };
    let read = read.and_then(|()| json.end());
    rows.check(read, 1, text)?;
    rows.finish(Format::Json)
}

/// What has been read so far.
struct Rows<'a> {
    name: &'a str,
    options: &'a ReadOptions,
    collector: Collector<'a>,
    /// Names of the fields of the first record and what they are for; set by that record.
    fields: Option<Fields>,
    /// Of questions.
    ids: answers::Ids,
    /// Why the visitor stopped, where it was not the JSON reader that did.
    failure: Option<DataError>,
}

struct Fields {
    names: Vec<String>,
    /// How many of them the first record has.
    of_first: usize,
    roles: Roles,
    /// Of questions the [`answers::FIELDS`] that have no other role.
    asked: [Option<usize>; 2],
}

impl Fields {
    /// The fields that are read, each once: text, pair, label, those of questions, filter.
    fn wanted(&self) -> [Option<usize>; 6] {
        let (roles, [id, is_impossible]) = (&self.roles, self.asked);
        let others = [Some(roles.text), roles.pair, roles.label, id, is_impossible];
        let filter = roles.filter.filter(|index| !others.contains(&Some(*index)));
        let [text, pair, label, id, is_impossible] = others;
        [text, pair, label, id, is_impossible, filter]
    }
}

impl<'a> Rows<'a> {
    fn new(name: &'a str, options: &'a ReadOptions) -> Self {
        Self {
            name,
            options,
            collector: Collector::new(name, options),
            fields: None,
            ids: answers::Ids::default(),
            failure: None,
        }
    }

    /// Turns the JSON reader's error into one with the file's line; `first_line` is that of the `text` it was given.
    fn check(&mut self, read: Result<(), serde_json::Error>, first_line: usize, text: &str) -> Result<(), DataError> {
        let Err(error) = read else { return Ok(()) };
        Err(self.failure.take().unwrap_or_else(|| DataError::Json {
            name: self.name.to_owned(),
            line: first_line + error.line().saturating_sub(1),
            column: error.column(),
            reason: no_number(&error, text).map_or_else(|| reason(&error), str::to_owned),
        }))
    }

    fn finish(self, format: Format) -> Result<Dataset, DataError> {
        match self.fields {
            Some(Fields {
                names, roles, of_first, ..
            }) => {
                if let Some(filter) = self.collector.filter
                    && roles.filter >= Some(of_first)
                    && self.collector.compared_nothing()
                {
                    return Err(DataError::UnknownColumn {
                        name: self.name.to_owned(),
                        asked: filter.column.clone(),
                        row: names[..of_first].to_vec(),
                    });
                }
                let columns: Columns = roles.describe(format, false, Some(&names));
                self.collector.finish(columns)
            }
            None => Err(DataError::NoRows {
                name: self.name.to_owned(),
            }),
        }
    }

    /// Decides the fields by the first record and takes it.
    fn first(&mut self, mut record: Map<String, Value>, place: Place) -> Result<(), DataError> {
        let mut names: Vec<String> = record.keys().cloned().collect();
        let of_first = names.len();
        // Later records may have what the first one lacks.
        if let Some(Column::Name(field)) = self.options.filter.as_ref().map(|filter| &filter.column)
            && columns::find(&names, field).is_none()
        {
            names.push(field.clone());
        }
        let options = words::options(self.options, &record);
        let roles = columns::choose(self.name, &names, Naming::Named, &options).map_err(|error| match error {
            DataError::ChooseColumns { name, .. } if holds_passages(&record) => DataError::SquadElsewhere { name },
            error => error,
        })?;
        let is_asked = self.collector.gold.column == GoldColumn::Answers;
        let taken = [Some(roles.text), roles.pair, roles.label];
        let mut place_of = |field: &str| {
            let place = names.iter().position(|name| name == field).unwrap_or(names.len());
            if place == names.len() {
                names.push(field.to_owned());
            }
            Some(place).filter(|place| !taken.contains(&Some(*place)))
        };
        let asked = answers::FIELDS.map(|field| is_asked.then(|| place_of(field)).flatten());
        let fields = self.fields.insert(Fields {
            names,
            of_first,
            roles,
            asked,
        });
        let values = fields
            .wanted()
            .map(|index| index.and_then(|index| record.remove(&fields.names[index])));
        self.add(values, place)
    }

    /// Takes the values of a record in the order of [`Fields::wanted`].
    fn add(&mut self, values: [Option<Value>; 6], place: Place) -> Result<(), DataError> {
        let Some(fields) = &self.fields else {
            return Ok(());
        };
        let Fields { names, roles, .. } = fields;
        let read = |index: usize, value: Option<Value>| scalar(self.name, place, &names[index], value);
        if let Some(index) = roles.filter {
            // One field may serve the filter and another role; its value is then with the other.
            let at = fields.wanted().iter().position(|role| *role == Some(index));
            let value = at.and_then(|at| values[at].as_ref());
            let value = match value.filter(|value| !value.is_null()) {
                None => None,
                Some(Value::String(text)) => Some(Cow::Borrowed(text.as_str())),
                Some(other) => Some(Cow::Owned(read(index, Some(other.clone()))?)),
            };
            if !self.collector.keeps(value.as_deref()) {
                return Ok(());
            }
        }
        let [text, pair, label, id, is_impossible, _] = values;
        if let (GoldColumn::Entities, Some(Value::Array(list))) = (self.collector.gold.column, &text) {
            let example = self.tagged_words(fields, place, list, label.as_ref())?;
            self.collector.examples.push(example);
            return Ok(());
        }
        let text = read(roles.text, text)?;
        // A record that says so has no second text.
        let text_pair = roles.pair.filter(|_| pair != Some(Value::Null));
        let text_pair = text_pair.map(|index| read(index, pair)).transpose()?;
        let id = id.as_ref().and_then(answers::written);
        let gold = match (roles.label, label) {
            (None, _) => Gold::None,
            (Some(index), label) if self.collector.gold.column == GoldColumn::Answers => {
                let (name, id) = (self.name, id.as_deref().unwrap_or_default());
                let asked = Asked { name, place, id };
                let is_impossible = is_impossible == Some(Value::Bool(true));
                let context = text_pair.as_deref();
                let gold = answers::gold_of_record(asked, &names[index], label.as_ref(), is_impossible, context)?;
                if gold.answers().is_some() {
                    self.ids.check(asked)?;
                }
                gold
            }
            (Some(index), Some(Value::Array(items))) if self.collector.gold.column == GoldColumn::Labels => {
                self.collector.gold.check_items(&items, place)?;
                let items = items.into_iter().map(|item| read(index, Some(item)));
                let items: Vec<String> = items.collect::<Result<_, _>>()?;
                self.collector.gold.list(items.iter().map(String::as_str), place)?
            }
            (Some(_), Some(Value::Array(items))) if self.collector.gold.column == GoldColumn::Entities => {
                spans::read(self.name, place, &text, &items)?
            }
            (Some(index), Some(Value::Object(_))) if self.collector.gold.column == GoldColumn::Entities => {
                return Err(DataError::NoList {
                    name: self.name.to_owned(),
                    place,
                    field: names[index].clone(),
                });
            }
            (Some(_), _) if self.collector.gold.column.is_unread() => Gold::None,
            (Some(_), None | Some(Value::Null)) if self.options.unlabelled => Gold::None,
            (Some(index), label) => self.collector.gold.text(&read(index, label)?, place)?,
        };
        self.collector.examples.push(Example {
            text,
            text_pair,
            gold,
            line: place.number(),
            id: id.map(String::into_boxed_str),
        });
        Ok(())
    }

    /// The example of a record that has a list of words.
    fn tagged_words(
        &self,
        Fields { names, roles, .. }: &Fields,
        place: Place,
        words: &[Value],
        tags: Option<&Value>,
    ) -> Result<Example, DataError> {
        let tags = roles.label.zip(tags.filter(|tags| !tags.is_null()));
        let lists = words::Lists {
            name: self.name,
            place,
            words: (&names[roles.text], words),
            tags: tags.map(|(index, tags)| (names[index].as_str(), tags)),
            label_names: self.collector.gold.label_names,
        };
        let (text, gold) = lists.read()?;
        Ok(Example {
            text,
            text_pair: None,
            gold,
            line: place.number(),
            id: None,
        })
    }
}

/// Whether a record is a whole file in SQuAD's form, or an article of one.
fn holds_passages(record: &Map<String, Value>) -> bool {
    let article = record.get("data").and_then(|data| data.get(0));
    article.is_some_and(|article| article.get("paragraphs").is_some()) || record.contains_key("paragraphs")
}

/// The text of a string, number or truth value.
fn scalar(name: &str, place: Place, field: &str, value: Option<Value>) -> Result<String, DataError> {
    /// Below this every integral f64 is an exact i64.
    const EXACT: f64 = 9_007_199_254_740_992.0;
    let (name, field) = (|| name.to_owned(), || field.to_owned());
    match value {
        Some(Value::String(text)) => Ok(text),
        Some(Value::Bool(truth)) => Ok(truth.to_string()),
        Some(Value::Number(number)) => Ok(match number.as_f64() {
            Some(float) if number.is_f64() && float.fract() == 0.0 && float.abs() < EXACT => (float as i64).to_string(),
            _ => number.to_string(),
        }),
        Some(Value::Array(_)) => Err(DataError::FieldKind {
            name: name(),
            place,
            field: field(),
            found: "an array",
        }),
        Some(Value::Object(_)) => Err(DataError::FieldKind {
            name: name(),
            place,
            field: field(),
            found: "an object",
        }),
        Some(Value::Null) | None => Err(DataError::MissingField {
            name: name(),
            place,
            field: field(),
        }),
    }
}

/// What is wrong where the JSON reader stopped at what Python writes for a number that is none.
fn no_number(error: &serde_json::Error, text: &str) -> Option<&'static str> {
    let line = text.split('\n').nth(error.line().checked_sub(1)?)?;
    let at = line.get(error.column().saturating_sub(2)..)?;
    let at = at.trim_start_matches([' ', ':', ',', '[', '-']);
    ["NaN", "Infinity"]
        .iter()
        .any(|word| at.starts_with(word))
        .then_some("NaN and Infinity are not JSON; write a number, or leave the record out")
}

/// The message without its position, which counts from the start of the record.
pub(super) fn reason(error: &serde_json::Error) -> String {
    let mut message = error.to_string();
    message.truncate(message.rfind(" at line ").unwrap_or(message.len()));
    match half_character(&message) {
        Some(reason) => reason.to_owned(),
        None => message,
    }
}

/// What the JSON reader means by two of its messages; a program that cuts text in the middle of an emoji writes such.
pub(super) fn half_character(message: &str) -> Option<&'static str> {
    let half = ["lone leading surrogate in hex escape", "unexpected end of hex escape"];
    half.iter()
        .any(|known| message.starts_with(known))
        .then_some("a \\u escape from D800 to DFFF is half of a character, and the other half is not beside it")
}

/// Reads the objects of an array.
struct ArrayVisitor<'r, 'a> {
    rows: &'r mut Rows<'a>,
}

impl<'de> Visitor<'de> for ArrayVisitor<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array of objects with named fields")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut array: A) -> Result<(), A::Error> {
        let mut number = 1;
        while array
            .next_element_seed(RecordSeed {
                rows: self.rows,
                place: Place::Record(number),
                line: "",
            })?
            .is_some()
        {
            number += 1;
        }
        Ok(())
    }
}

/// Reads one object into the rows.
struct RecordSeed<'r, 'a> {
    rows: &'r mut Rows<'a>,
    place: Place,
    /// What it stands on by itself.
    line: &'r str,
}

impl<'de> DeserializeSeed<'de> for RecordSeed<'_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<(), D::Error> {
        json.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for RecordSeed<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object with named fields")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let taken = match &self.rows.fields {
            None => {
                let mut record = Map::new();
                while let Some((key, value)) = map.next_entry::<String, Value>()? {
                    record.insert(key, value);
                }
                self.rows.first(record, self.place)
            }
            Some(fields) => {
                let (wanted, names) = (fields.wanted(), &fields.names);
                let mut values = [const { None }; 6];
                while let Some(key) = map.next_key::<String>()? {
                    let slot = wanted
                        .iter()
                        .position(|index| index.is_some_and(|index| names[index] == key));
                    match slot {
                        Some(slot) => values[slot] = Some(map.next_value()?),
                        None => drop(map.next_value::<IgnoredAny>()?),
                    }
                }
                self.rows.add(values, self.place)
            }
        };
        let taken = match taken {
            // The columns are known, so it is this record that is wrong.
            Err(error) if self.rows.fields.is_some() => self.rows.collector.leave_out(error, self.line),
            taken => taken,
        };
        taken.map_err(|failure| {
            self.rows.failure = Some(failure);
            A::Error::custom("the record is not usable")
        })
    }
}
