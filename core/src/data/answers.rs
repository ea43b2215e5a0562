//! Checks the answers to a question about a passage, wherever they are written, and reads those of a record by itself.
//!
//! An answer is given by its text and the character at which it starts; an answer that does not stand there is an error that
//! names it, since a model that learns from shifted answers learns nonsense. So are a question that has answers and is said to
//! have none, and two questions of one id, by which scripts tell predictions apart.

use std::collections::HashMap;

use serde::Deserialize;

use super::{AnswerSpan, DataError, Gold, Place};

/// An answer as files have it.
#[derive(Deserialize)]
pub(super) struct Answer {
    text: String,
    /// In characters of the passage.
    answer_start: i64,
}

impl Answer {
    /// The answers of a record by itself: a list of objects, or the same as two lists, which `datasets` makes of them.
    fn of_record(value: &serde_json::Value) -> Result<Vec<Self>, Unlisted> {
        let of = |text: &serde_json::Value, start: &serde_json::Value| {
            let (text, answer_start) = (text.as_str()?.to_owned(), start.as_i64()?);
            Some(Self { text, answer_start })
        };
        if let Some(answers) = value.as_array() {
            let answers = answers
                .iter()
                .map(|answer| of(answer.get("text")?, answer.get("answer_start")?));
            return answers.collect::<Option<_>>().ok_or(Unlisted::Other);
        }
        let [texts, starts] = ["text", "answer_start"].map(|key| value.get(key).and_then(serde_json::Value::as_array));
        let (Some(texts), Some(starts)) = (texts, starts) else {
            return Err(Unlisted::Other);
        };
        let (text_count, start_count) = (texts.len(), starts.len());
        if text_count != start_count {
            return Err(Unlisted::Unpaired {
                text_count,
                start_count,
            });
        }
        let answers = texts.iter().zip(starts).map(|(text, start)| of(text, start));
        answers.collect::<Option<_>>().ok_or(Unlisted::Other)
    }
}

/// Why a value is no list of answers.
enum Unlisted {
    /// Two lists that do not belong together.
    Unpaired { text_count: usize, start_count: usize },
    /// It is something else.
    Other,
}

/// A value as text; nothing where there is none.
pub(super) fn written(value: &serde_json::Value) -> Option<String> {
    match value {
        serde_json::Value::Null => None,
        serde_json::Value::String(text) => Some(text.clone()),
        other => Some(other.to_string()),
    }
}

/// Where each character begins.
pub(super) fn starts(context: &str) -> Vec<usize> {
    context.char_indices().map(|(at, _)| at).collect()
}

/// A question as messages name it.
#[derive(Clone, Copy)]
pub(super) struct Asked<'a> {
    /// The file.
    pub name: &'a str,
    /// Where it stands there.
    pub place: Place,
    /// Its id; empty where it has none.
    pub id: &'a str,
}

/// The ids that were met, each with its question.
#[derive(Default)]
pub(super) struct Ids(HashMap<Box<str>, Place>);

impl Ids {
    /// Refuses a question whose id another has, by which scripts tell predictions apart.
    pub fn check(&mut self, asked: Asked) -> Result<(), DataError> {
        let known = (!asked.id.is_empty()).then(|| self.0.insert(asked.id.into(), asked.place));
        match known.flatten() {
            None => Ok(()),
            Some(first) => Err(DataError::QuestionTwice {
                name: asked.name.to_owned(),
                place: asked.place,
                id: asked.id.into(),
                first,
            }),
        }
    }
}

/// The answers to a question, which its passage has to hold.
pub(super) fn gold(
    asked: Asked,
    answers: &[Answer],
    is_impossible: bool,
    context: &str,
    starts: &[usize],
) -> Result<Gold, DataError> {
    match answers.first() {
        Some(answer) if is_impossible => Err(DataError::ImpossibleAnswer {
            name: asked.name.to_owned(),
            place: asked.place,
            id: asked.id.into(),
            answer: answer.text.clone(),
        }),
        _ => spans(asked, answers, context, starts),
    }
}

/// The fields of a record by itself, beside those that columns are chosen for: what it is called by, and whether it is said to
/// have no answer.
pub(super) const FIELDS: [&str; 2] = ["id", "is_impossible"];

/// The answers of a record by itself, which its `field` holds; nothing where it holds none, since the question is only asked, and
/// where what it holds is a label of some other task.
pub(super) fn gold_of_record(
    asked: Asked,
    field: &str,
    value: Option<&serde_json::Value>,
    is_impossible: bool,
    context: Option<&str>,
) -> Result<Gold, DataError> {
    let is_list = |value: &serde_json::Value| value.is_array() || value.is_object();
    let meant = value.filter(|value| !value.is_null() && (is_list(value) || ANSWERS.contains(&field)));
    let (Some(value), Some(context)) = (meant, context) else {
        return Ok(Gold::None);
    };
    let (name, place, field) = (|| asked.name.to_owned(), asked.place, || field.to_owned());
    let answers = Answer::of_record(value).map_err(|unlisted| match unlisted {
        Unlisted::Unpaired {
            text_count,
            start_count,
        } => DataError::UnpairedAnswers {
            name: name(),
            place,
            field: field(),
            text_count,
            start_count,
        },
        Unlisted::Other => DataError::NoAnswerList {
            name: name(),
            place,
            field: field(),
        },
    })?;
    gold(asked, &answers, is_impossible, context, &starts(context))
}

/// What a field that holds answers is called.
const ANSWERS: [&str; 2] = ["answers", "answer"];

/// The answers, each of which has to stand where it says.
fn spans(asked: Asked, answers: &[Answer], context: &str, starts: &[usize]) -> Result<Gold, DataError> {
    let (name, place, id) = (|| asked.name.to_owned(), asked.place, || asked.id.into());
    let mut spans = Vec::with_capacity(answers.len());
    for answer in answers {
        if answer.text.is_empty() {
            return Err(DataError::EmptyAnswer {
                name: name(),
                place,
                id: id(),
            });
        }
        let at = usize::try_from(answer.answer_start)
            .ok()
            .and_then(|start| starts.get(start));
        let behind = at.and_then(|&at| context.get(at..));
        if !behind.is_some_and(|behind| behind.starts_with(&answer.text)) {
            return Err(DataError::Answer {
                name: name(),
                place,
                id: id(),
                answer: answer.text.clone(),
                start: answer.answer_start,
                found: behind.map_or(String::new(), |behind| {
                    behind.chars().take(answer.text.chars().count()).collect()
                }),
            });
        }
        spans.push(AnswerSpan {
            start: answer.answer_start as u32,
            text: answer.text.clone(),
        });
    }
    Ok(Gold::Answers(spans.into()))
}
