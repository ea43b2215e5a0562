//! Reads questions about passages, with their answers, from SQuAD's files of version 1.1 and 2.0, or from the list of articles in
//! them by itself; [`super::answers`] checks them.

use serde::Deserialize;

use super::answers::{Answer, Asked, Ids, gold, starts, written};
use super::jsonl::{self, half_character};
use super::{
    ChosenColumn, Collector, Column, Columns, DataError, Dataset, Example, Filter, Format, Gold, Place, ReadOptions,
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

/// Reads a whole file; an example's line is the number of its question.
pub(super) fn read(name: &str, text: &str, options: &ReadOptions) -> Result<Dataset, DataError> {
    let articles = match articles(text) {
        Ok(articles) => articles,
        Err(error) => {
            let records = records(text).ok_or_else(|| unread(name, error))?;
            return jsonl::read_document(name, &records, options);
        }
    };
    if articles
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
    let paragraphs = articles.into_iter().flat_map(|Article { title, paragraphs }| {
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
            let gold = answered(asked, &question, &paragraph.context, &starts);
            let gold = match gold.and_then(|gold| ids.check(asked).map(|()| gold)) {
                Ok(gold) => gold,
                Err(error) => {
                    collector.leave_out(error, &question.question)?;
                    continue;
                }
            };
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

/// The answers to a question; nothing where it is only asked.
fn answered(asked: Asked, question: &Question, context: &str, starts: &[usize]) -> Result<Gold, DataError> {
    match &question.answers {
        Some(answers) => gold(asked, answers, question.is_impossible, context, starts),
        None => Ok(Gold::None),
    }
}

/// The articles of a file: those under `data`, or a list of nothing else.
fn articles(text: &str) -> serde_json::Result<Vec<Article>> {
    if text.trim_start().starts_with('[') {
        return serde_json::from_str(text);
    }
    let file: File = serde_json::from_str(text)?;
    Ok(file.data)
}

/// The records of a file that has one a question in the place of articles, as transformers' run_qa.py reads its own: a list of
/// them under `data`, a list by itself, or one record.
fn records(text: &str) -> Option<String> {
    let file: serde_json::Value = serde_json::from_str(text).ok()?;
    let records = file.get("data").unwrap_or(&file);
    let first = records.get(0).unwrap_or(records);
    let is_question = first.get("question").is_some() && first.get("context").is_some();
    is_question.then(|| records.to_string())
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
    fn articles_may_stand_by_themselves() {
        let list = r#"[{"title":"t","paragraphs":[{"context":"opened in 1899","qas":[
            {"id":"a","question":"When?","answers":[{"text":"1899","answer_start":10}]}]}]}]"#;
        for format in [None, Some(Format::Squad), Some(Format::Json), Some(Format::JsonLines)] {
            let of_format = ReadOptions { format, ..options() };
            let data = read_file("squad.json", list.as_bytes(), &of_format).expect("articles");
            let file = format!(r#"{{"data":{list}}}"#);
            assert_eq!((data.examples.len(), data.columns.format), (1, Format::Squad));
            assert_eq!(
                read_file("squad.json", file.as_bytes(), &of_format).expect("a file"),
                data
            );
        }
        let shifted = list.replace("10", "9");
        let error = read_file("squad.json", shifted.as_bytes(), &options()).expect_err("shifted");
        assert!(error.to_string().contains("question 1 (\"a\")"), "{error}");
        let elsewhere = read_file("squad.json", list.as_bytes(), &ReadOptions::default()).expect_err("no labels");
        assert!(
            elsewhere
                .to_string()
                .ends_with("which only question-answering learns from"),
            "{elsewhere}"
        );
    }

    #[test]
    fn one_record_may_stand_by_itself() {
        let record = "{\n\"question\": \"When?\",\n\"context\": \"in 1899\"\n}";
        let data = read_file("asked.json", record.as_bytes(), &options()).expect("a record");
        assert_eq!(data.examples[0].text_pair.as_deref(), Some("in 1899"));
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
