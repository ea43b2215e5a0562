//! Reads a JSON record whose text is a list of words with a list of their tags, as `datasets` has CoNLL's tasks and run_ner.py
//! reads its files.

use std::borrow::Cow;

use serde_json::{Map, Value};

use super::columns::TEXT_NAMES;
use super::{Column, DataError, Gold, GoldColumn, Place, ReadOptions, TaggedWords};
use crate::bio::Tag;

/// What a list of words is called, in order of preference.
const WORDS: [&str; 2] = ["tokens", "words"];
/// What an evaluation calls the right tags of words, beside those that the model said.
pub const GOLD_TAGS: &str = "gold_tags";
/// What an evaluation calls the right spans of a text, beside those that the model said.
pub const GOLD_ENTITIES: &str = "gold_entities";
/// What the list of their tags is called, in order of preference.
const TAGS: [&str; 5] = [GOLD_TAGS, "ner_tags", "tags", "labels", "label"];

/// The options with the fields of `record` that hold words and their tags, where it has such and no others are asked for. A record
/// with a text of its own has words in the second place: they count if there is a tag for each, and no right spans beside.
pub(super) fn options<'a>(options: &'a ReadOptions, record: &Map<String, Value>) -> Cow<'a, ReadOptions> {
    let list = |name: &str| record.get(name).and_then(Value::as_array);
    // A record may leave its tags open where others have them.
    let is_open = |name: &str| record.get(name).is_some_and(Value::is_null);
    let tags = TAGS.into_iter().find(|name| list(name).is_some() || is_open(name));
    let counts = |words: &&str| {
        let length = |name: &str| list(name).map(Vec::len);
        let mut texts = TEXT_NAMES.iter();
        let has_text = texts.any(|name| record.get(*name).is_some_and(Value::is_string));
        let tagged = tags.is_some_and(|tags| length(tags) == length(words));
        list(words).is_some() && (tagged || !has_text)
    };
    let is_asked =
        options.gold == GoldColumn::Entities && options.text_column.is_none() && !record.contains_key(GOLD_ENTITIES);
    match WORDS.into_iter().find(counts).filter(|_| is_asked) {
        None => Cow::Borrowed(options),
        Some(words) => {
            let tags = || tags.map(|tags| Column::Name(tags.to_owned()));
            Cow::Owned(ReadOptions {
                text_column: Some(Column::Name(words.to_owned())),
                label_column: options.label_column.clone().or_else(tags),
                ..options.clone()
            })
        }
    }
}

/// The lists of a record, each with the name of its field.
pub(super) struct Lists<'a> {
    /// The file, for messages.
    pub name: &'a str,
    /// Where the record stands there.
    pub place: Place,
    /// The words.
    pub words: (&'a str, &'a [Value]),
    /// What holds their tags; nothing where the record has none.
    pub tags: Option<(&'a str, &'a Value)>,
    /// The tags there are, which numbers count in, from 0.
    pub label_names: Option<&'a [String]>,
}

impl Lists<'_> {
    /// The text, which is the words with a space between each two, and the words with their tags.
    ///
    /// # Errors
    /// If a word is none, there is not one tag for each, or a tag is none.
    pub(super) fn read(&self) -> Result<(String, Gold), DataError> {
        let (field, words) = self.words;
        let word = |word: &'_ Value| match word.as_str() {
            Some(word) if word.trim().is_empty() => Err(DataError::NoWord {
                name: self.name.to_owned(),
                place: self.place,
            }),
            // In a file with a word a line they would be something else.
            Some(word) if !word.contains(['\t', '\n', '\r']) => Ok(word.to_owned()),
            _ => Err(DataError::FieldKind {
                name: self.name.to_owned(),
                place: self.place,
                field: field.to_owned(),
                found: "no list of words without tabs and line breaks",
            }),
        };
        let words: Vec<String> = words.iter().map(word).collect::<Result<_, _>>()?;
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let tags = self.tags.map(|(field, tags)| self.tags_of(field, tags, words.len()));
        let tags = tags.transpose()?;
        let tags: Option<Vec<&str>> = tags.as_ref().map(|tags| tags.iter().map(String::as_str).collect());
        let (text, words) = TaggedWords::join(&words, tags.as_deref());
        Ok((text, Gold::Words(Box::new(words))))
    }

    fn tags_of(&self, field: &str, tags: &Value, words: usize) -> Result<Vec<String>, DataError> {
        let (name, place) = (|| self.name.to_owned(), self.place);
        let tags = tags.as_array().filter(|tags| tags.len() == words);
        let tags = tags.ok_or_else(|| DataError::WordTags {
            name: name(),
            place,
            field: field.to_owned(),
            words,
        })?;
        let tag = |value: &'_ Value| {
            let number = value.as_u64().and_then(|number| usize::try_from(number).ok());
            let tag = match (number, self.label_names) {
                (Some(_), None) => {
                    return Err(DataError::NumberedTags {
                        name: name(),
                        place,
                        field: field.to_owned(),
                    });
                }
                (Some(number), Some(names)) => match names.get(number) {
                    Some(tag) => Some(tag.as_str()),
                    None => {
                        return Err(DataError::UnlistedLabel {
                            name: name(),
                            place,
                            label: number.to_string(),
                            count: names.len(),
                        });
                    }
                },
                (None, _) => value.as_str().map(str::trim),
            };
            match tag.filter(|tag| Tag::parse_any(tag).is_some()) {
                Some(tag) => Ok(tag.to_owned()),
                None => Err(DataError::NotATag {
                    name: name(),
                    place,
                    found: tag.map_or_else(|| value.to_string(), str::to_owned),
                }),
            }
        };
        tags.iter().map(tag).collect()
    }
}

#[cfg(test)]
mod tests {
    use crate::data::{Dataset, GoldColumn, ReadOptions, read as read_file};

    fn of(records: &str, label_names: Option<&[&str]>) -> Result<Dataset, String> {
        let options = ReadOptions {
            gold: GoldColumn::Entities,
            label_names: label_names.map(|names| names.iter().map(|name| (*name).to_owned()).collect()),
            ..ReadOptions::default()
        };
        read_file("ner.jsonl", records.as_bytes(), &options).map_err(|error| error.to_string())
    }

    fn tags(data: &Dataset) -> Vec<&str> {
        let words = data.examples.iter().filter_map(|example| example.gold.words());
        words.filter_map(|words| words.tags()).flatten().collect()
    }

    #[test]
    fn words_are_read_with_their_tags() {
        let names = r#"{"id":"0","tokens":["𠮷田","さん","New York"],"ner_tags":["B-人","O"," I-地 "]}"#;
        let data = of(&format!("{names}\n{names}\n"), None).expect("words");
        assert_eq!(data.examples[1].text, "𠮷田 さん New York");
        assert_eq!(tags(&data), ["B-人", "O", "I-地", "B-人", "O", "I-地"]);
        let (found, _) = data.examples[0].gold.entities(&data.examples[0].text);
        let places: Vec<_> = found.iter().map(|entity| (entity.start, entity.end)).collect();
        assert_eq!(places, [(0, 2), (6, 14)]);
        assert_eq!(data.columns.to_string(), "json-lines: text = tokens, label = ner_tags");
        let numbers = r#"{"tokens":["a","b"],"pos_tags":[7,7],"ner_tags":[1,0]}"#;
        assert_eq!(tags(&of(numbers, Some(&["O", "B-X"])).expect("numbers")), ["B-X", "O"]);
        let alone = of(numbers, Some(&["O", "S-X"])).expect("numbers of BIOES");
        assert_eq!(tags(&alone), ["B-X", "O"]);
        let untagged = of(r#"{"words":["a","b"]}"#, None).expect("no tags");
        assert_eq!((untagged.examples[0].text.as_str(), tags(&untagged).len()), ("a b", 0));
    }

    #[test]
    fn a_text_with_spans_keeps_them_beside_a_list_of_words() {
        let spans = r#"{"text":"in Kyoto","tokens":["in","Kyoto"],"entities":[{"span":[3,8],"type":"X"}]}"#;
        let data = of(spans, None).expect("spans");
        assert_eq!(data.examples[0].gold.spans().map(<[_]>::len), Some(1));
        let labelled = r#"{"text":"a b c","words":["a","b","c"],"label":"joy"}"#;
        assert_eq!(
            of(labelled, None).expect("a text").columns.text.name.as_deref(),
            Some("text")
        );
        let tagged = r#"{"text":"in Kyoto","tokens":["in","Kyoto"],"ner_tags":["O","B-X"]}"#;
        assert_eq!(tags(&of(tagged, None).expect("words")), ["O", "B-X"]);
        // The first record leaves its tags open.
        let open = tagged
            .replace(r#"["O","B-X"]"#, "null")
            .replace(r#""text":"in Kyoto","#, "");
        assert_eq!(
            tags(&of(&format!("{open}\n{tagged}"), None).expect("words")),
            ["O", "B-X"]
        );
    }

    #[test]
    fn lists_that_do_not_fit_are_named() {
        const BLANK: &str = "has a word that is empty or only white space";
        for (record, expected) in [
            (
                r#"{"tokens":["a","b"],"ner_tags":["O"]}"#,
                "\"ner_tags\" is no list of tags, one for each of the 2 words",
            ),
            (
                r#"{"tokens":["a"],"ner_tags":["PER"]}"#,
                "\"PER\" is not a tag: write O, B-TYPE or I-TYPE",
            ),
            (
                r#"{"tokens":["a"],"ner_tags":[null]}"#,
                "\"null\" is not a tag: write O, B-TYPE or I-TYPE",
            ),
            (
                r#"{"tokens":["a"],"ner_tags":[3]}"#,
                "\"ner_tags\" has numbers for tags: --labels takes a file with the tags, one a line",
            ),
            (r#"{"tokens":["a",""],"ner_tags":["O","O"]}"#, BLANK),
            (r#"{"tokens":["a"," "]}"#, BLANK),
            (
                r#"{"tokens":[["a"]],"ner_tags":["O"]}"#,
                "\"tokens\" is no list of words without tabs and line breaks, expected text",
            ),
            (
                r#"{"tokens":["a\tb"],"ner_tags":["O"]}"#,
                "\"tokens\" is no list of words without tabs and line breaks, expected text",
            ),
            (r#"{"tokens":["a","\n"],"ner_tags":["O","O"]}"#, BLANK),
        ] {
            let good = r#"{"tokens":["a"],"ner_tags":["O"]}"#;
            let message = of(&format!("{good}\n{record}"), None).expect_err(record);
            assert!(
                message.starts_with("ner.jsonl: line 2") && message.ends_with(expected),
                "{message}"
            );
        }
        let message = of(r#"{"tokens":["a"],"ner_tags":[2]}"#, Some(&["O", "B-X"])).expect_err("no such tag");
        assert_eq!(
            message,
            "ner.jsonl: line 1: \"2\" is neither one of the 2 labels that were given nor the number of one"
        );
    }
}
