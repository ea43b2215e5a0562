//! Reads questions about passages, with their answers, from SQuAD's files of version 1.1 and 2.0, and what records by themselves
//! hold of them.
//!
//! An answer is given by its text and the character at which it starts; an answer that does not stand there is an error that
//! names it, since a model that learns from shifted answers learns nonsense. So are a question that has answers and is said to
//! have none, and two questions of one id, by which scripts tell predictions apart.

use std::collections::HashMap;

use serde::Deserialize;

use super::jsonl::{self, half_character};
use super::{
    AnswerSpan, ChosenColumn, Collector, Column, Columns, DataError, Dataset, Example, Filter, Format, Gold, Place,
    ReadOptions,
};

#[derive(Deserialize)]
struct File {
    data: Vec<Article>,
}

#[derive(Deserialize)]
struct Article {
    #[serde(default)]
    title: serde_json::Value,
    paragraphs: Vec<Paragraph>,
}

#[derive(Deserialize)]
struct Paragraph {
    context: String,
    qas: Vec<Question>,
}

#[derive(Deserialize)]
struct Question {
    question: String,
    #[serde(default)]
    id: serde_json::Value,
    /// Not there in files that only ask.
    answers: Option<Vec<Answer>>,
    #[serde(default)]
    is_impossible: bool,
}

impl Question {
    /// Its id as text; nothing where it has none.
    fn id(&self) -> Option<String> {
        written(&self.id)
    }

    /// What a filter compares: a field of the question, or one of what it stands in.
    fn field(&self, field: Field, title: &serde_json::Value, context: &str) -> String {
        match field {
            Field::Title => written(title).unwrap_or_default(),
            Field::Context => context.to_owned(),
            Field::Id => self.id().unwrap_or_default(),
            Field::Question => self.question.clone(),
            Field::IsImpossible => self.is_impossible.to_string(),
        }
    }
}

/// A value as text; nothing where there is none.
pub(super) fn written(value: &serde_json::Value) -> Option<String> {
    match value {
        serde_json::Value::Null => None,
        serde_json::Value::String(text) => Some(text.clone()),
        other => Some(other.to_string()),
    }
}

/// What questions can be picked by.
#[derive(Clone, Copy)]
enum Field {
    Title,
    Context,
    Id,
    Question,
    IsImpossible,
}

impl Field {
    fn of(name: &str, filter: &Filter) -> Result<Self, DataError> {
        match &filter.column {
            Column::Name(field) if field == "title" => Ok(Self::Title),
            Column::Name(field) if field == "context" => Ok(Self::Context),
            Column::Name(field) if field == "id" => Ok(Self::Id),
            Column::Name(field) if field == "question" => Ok(Self::Question),
            Column::Name(field) if field == "is_impossible" => Ok(Self::IsImpossible),
            asked => Err(DataError::QuestionField {
                name: name.to_owned(),
                asked: asked.clone(),
            }),
        }
    }
}

#[derive(Deserialize)]
struct Answer {
    text: String,
    answer_start: i64,
}

impl Answer {
    /// The answers of a record by itself: a list of objects, or the same as two lists, which `datasets` makes of them. Nothing
    /// where it is neither.
    fn of_record(value: &serde_json::Value) -> Option<Vec<Self>> {
        let of = |text: &serde_json::Value, start: &serde_json::Value| {
            let (text, answer_start) = (text.as_str()?.to_owned(), start.as_i64()?);
            Some(Self { text, answer_start })
        };
        if let Some(answers) = value.as_array() {
            let answers = answers.iter();
            return answers
                .map(|answer| of(answer.get("text")?, answer.get("answer_start")?))
                .collect();
        }
        let [texts, starts] = ["text", "answer_start"].map(|key| value.get(key).and_then(serde_json::Value::as_array));
        let (texts, starts) = (texts?, starts?);
        let pairs = texts.iter().zip(starts).map(|(text, start)| of(text, start));
        (texts.len() == starts.len()).then(|| pairs.collect())?
    }
}

/// Reads a whole file; an example's line is the number of its question.
pub(super) fn read(name: &str, text: &str, options: &ReadOptions) -> Result<Dataset, DataError> {
    let file: File = match serde_json::from_str(text) {
        Ok(file) => file,
        Err(error) => {
            let records = records(text).ok_or_else(|| unread(name, error))?;
            return jsonl::read_document(name, &records, options);
        }
    };
    if file
        .data
        .iter()
        .all(|article| article.paragraphs.iter().all(|paragraph| paragraph.qas.is_empty()))
    {
        return Err(DataError::NoQuestions { name: name.to_owned() });
    }
    let mut collector = Collector::new(name, options);
    let compared = options
        .filter
        .as_ref()
        .map(|filter| Field::of(name, filter))
        .transpose()?;
    let mut ids = Ids::default();
    let mut line = 0;
    let paragraphs = file.data.into_iter().flat_map(|Article { title, paragraphs }| {
        paragraphs.into_iter().map(move |paragraph| (title.clone(), paragraph))
    });
    for (title, paragraph) in paragraphs {
        // One table for all questions.
        let starts = starts(&paragraph.context);
        for question in paragraph.qas {
            line += 1;
            let value = compared.map(|field| question.field(field, &title, &paragraph.context));
            if !collector.keeps(value.as_deref()) {
                continue;
            }
            let id = question.id();
            let asked = Asked {
                name,
                place: Place::Question(line),
                id: id.as_deref().unwrap_or_default(),
            };
            let gold = match &question.answers {
                Some(answers) => gold(asked, answers, question.is_impossible, &paragraph.context, &starts)?,
                None => Gold::None,
            };
            ids.check(asked)?;
            collector.examples.push(Example {
                text: question.question,
                text_pair: Some(paragraph.context.clone()),
                gold,
                line,
                id: id.map(String::into_boxed_str),
            });
        }
    }
    collector.finish(columns())
}

/// The list of a file that has a record a question in the place of articles, as transformers' run_qa.py reads its own.
fn records(text: &str) -> Option<String> {
    #[derive(Deserialize)]
    struct Records {
        data: Vec<serde_json::Map<String, serde_json::Value>>,
    }
    let records: Records = serde_json::from_str(text).ok()?;
    let first = records.data.first()?;
    let is_question = first.contains_key("question") && first.contains_key("context");
    is_question.then(|| serde_json::to_string(&records.data).ok())?
}

/// What is wrong with a file that is not read to its end.
fn unread(name: &str, source: serde_json::Error) -> DataError {
    let name = name.to_owned();
    match half_character(&source.to_string()) {
        Some(reason) => DataError::Json {
            name,
            line: source.line(),
            column: source.column(),
            reason: reason.to_owned(),
        },
        None => DataError::Squad { name, source },
    }
}

/// Where each character begins.
fn starts(context: &str) -> Vec<usize> {
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

fn gold(
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
    let answers = Answer::of_record(value).ok_or_else(|| DataError::NoAnswerList {
        name: asked.name.to_owned(),
        place: asked.place,
        field: field.to_owned(),
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

/// What a message calls the parts of the file.
fn columns() -> Columns {
    let named = |number: usize, name: &str| ChosenColumn {
        number,
        name: Some(name.to_owned()),
    };
    Columns {
        format: Format::Squad,
        header: false,
        text: named(1, "question"),
        pair: Some(named(2, "context")),
        label: Some(named(3, "answers")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::{GoldColumn, read as read_file};

    fn options() -> ReadOptions {
        ReadOptions {
            gold: GoldColumn::Answers,
            ..ReadOptions::default()
        }
    }

    fn of(qas: &str) -> Result<Dataset, String> {
        let json = format!(
            r#"{{"version":"1.1","data":[{{"title":"t","paragraphs":[{{"context":"𠮷野家 [SEP] opened in 1899.","qas":[{qas}]}}]}}]}}"#
        );
        read_file("squad.json", json.as_bytes(), &options()).map_err(|error| error.to_string())
    }

    #[test]
    fn answers_are_counted_in_characters() {
        let data = of(r#"{"id":"1","question":"When?","answers":[{"text":"1899","answer_start":20},{"text":"in 1899","answer_start":17}]},
            {"id":2,"question":"Who?","answers":[],"is_impossible":true},
            {"id":"3","question":"What?"}"#)
        .expect("valid");
        let [when, who, what] = &data.examples[..] else {
            panic!("{data:?}");
        };
        let starts: Vec<u32> = when
            .gold
            .answers()
            .expect("answers")
            .iter()
            .map(|answer| answer.start)
            .collect();
        assert_eq!((starts, when.line), (vec![20, 17], 1));
        assert_eq!(when.text_pair.as_deref(), Some("𠮷野家 [SEP] opened in 1899."));
        assert_eq!(who.gold.answers().map(<[_]>::len), Some(0));
        assert_eq!((what.gold.answers(), what.line), (None, 3));
        assert_eq!(
            data.columns.to_string(),
            "squad: text = question, text pair = context, label = answers"
        );
    }

    #[test]
    fn tempting_answers_of_impossible_questions_are_not_gold() {
        let question = r#"{"question":"?","answers":[],"plausible_answers":[{"text":"opened","answer_start":10}],"is_impossible":true}"#;
        let data = of(question).expect("valid");
        assert_eq!(data.examples[0].gold.answers().map(<[_]>::len), Some(0));
    }

    #[test]
    fn questions_that_contradict_themselves_or_stand_twice_are_named() {
        let both = r#"{"id":"q7","question":"?","answers":[{"text":"opened","answer_start":10}],"is_impossible":true}"#;
        assert_eq!(
            of(both).expect_err("both"),
            "squad.json: question 1 (\"q7\") is said to have no answer (is_impossible), but has \"opened\""
        );
        let question = |id: &str| format!(r#"{{"id":{id},"question":"?","answers":[]}}"#);
        let twice = [question("\"a\""), question("\"b\""), question("\"a\"")].join(",");
        assert_eq!(
            of(&twice).expect_err("twice"),
            "squad.json: question 3 has the id \"a\", which question 1 has too"
        );
        let nameless = r#"{"question":"?","answers":[]}"#;
        assert_eq!(of(&[nameless; 2].join(",")).expect("no ids").examples.len(), 2);
    }

    #[test]
    fn questions_are_picked_by_what_they_have() {
        let qas =
            r#"{"id":"a","question":"?","answers":[]},{"id":"b","question":"??","answers":[],"is_impossible":true}"#;
        let json = format!(
            r#"{{"data":[{{"title":"t","paragraphs":[{{"context":"c","qas":[{qas}]}}]}},
                {{"title":"u","paragraphs":[{{"context":"d","qas":[{}]}}]}}]}}"#,
            qas.replace("\"a\"", "7").replace("\"b\"", "\"d\"")
        );
        let of = |filter: &str| {
            let options = ReadOptions {
                filter: Some(filter.parse().expect("a filter")),
                ..options()
            };
            read_file("squad.json", json.as_bytes(), &options).map_err(|error| error.to_string())
        };
        for (filter, expected) in [
            ("title=u", vec![3, 4]),
            ("context=c", vec![1, 2]),
            ("id=7", vec![3]),
            ("question=??", vec![2, 4]),
            ("is_impossible=true", vec![2, 4]),
        ] {
            let data = of(filter).expect(filter);
            let lines: Vec<usize> = data.examples.iter().map(|example| example.line).collect();
            assert_eq!(
                (lines, data.skipped_by_filter),
                (expected.clone(), 4 - expected.len()),
                "{filter}"
            );
        }
        assert_eq!(
            of("title=v").expect_err("no such title"),
            "squad.json: none of 4 rows has title=v; the column holds \"t\", \"u\""
        );
        for asked in ["part", "1"] {
            assert_eq!(
                of(&format!("{asked}=x")).expect_err("no such field"),
                format!(
                    "squad.json: no field {asked:?}; questions in SQuAD's form are picked by title, context, id, question or is_impossible"
                )
            );
        }
    }

    #[test]
    fn half_a_character_is_said_where_it_stands() {
        let message = of(r#"{"question":"\ud83d?","answers":[]}"#).expect_err("half");
        assert!(message.starts_with("squad.json: line 1, column "), "{message}");
        assert!(message.contains("is half of a character"), "{message}");
    }

    #[test]
    fn questions_are_for_their_own_task() {
        let json = r#"{"version":"1.1","data":[{"paragraphs":[]}]}"#;
        let error = read_file("squad.json", json.as_bytes(), &ReadOptions::default()).expect_err("no labels");
        assert_eq!(
            error.to_string(),
            "squad.json holds questions about passages in SQuAD's form, which only question-answering learns from"
        );
    }

    #[test]
    fn files_without_a_question_are_said() {
        for text in [
            r#"{"data":[]}"#,
            r#"{"data":[{"paragraphs":[]}]}"#,
            r#"{"data":[{"paragraphs":[{"context":"a","qas":[]}]}]}"#,
        ] {
            let error = read_file("squad.json", text.as_bytes(), &options()).expect_err(text);
            assert_eq!(error.to_string(), "squad.json has SQuAD's form, but no question in it");
        }
    }

    #[test]
    fn answers_that_do_not_stand_where_they_should_are_named() {
        let wrong =
            |answer: &str| of(&format!(r#"{{"id":"q7","question":"?","answers":[{answer}]}}"#)).expect_err(answer);
        assert_eq!(
            wrong(r#"{"text":"1899","answer_start":19}"#),
            "squad.json: question 1 (\"q7\"): the answer \"1899\" should start at character 19, where there is \" 189\""
        );
        for answer in [
            r#"{"text":"1899","answer_start":-1}"#,
            r#"{"text":"1899","answer_start":4000000000}"#,
        ] {
            assert!(wrong(answer).contains("question 1"), "{}", wrong(answer));
        }
        assert_eq!(
            wrong(r#"{"text":"","answer_start":0}"#),
            "squad.json: question 1 (\"q7\") has an answer without text; where a passage holds no answer, the list of answers is empty"
        );
        let message = of(r#"{"question":"?","answers":[{"text":"1899"}]}"#).expect_err("no start");
        assert!(message.starts_with("squad.json is not of SQuAD's form"), "{message}");
    }
}
