//! Writes rows as the files that the core's readers take, for who trains on the command line with what the page holds.

use serde_json::{Value, json};
use terakoya_core::data::Gold;

use crate::messages::Row;

/// A data file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DataFile {
    /// What its name ends with, without the dot.
    pub extension: &'static str,
    /// What is in it.
    pub text: String,
}

/// Whether there are answers, and every one is of a kind.
fn all(rows: &[Row], is: fn(&Gold) -> bool) -> bool {
    let mut known = rows.iter().map(|row| &row.gold).filter(|gold| **gold != Gold::None);
    known.next().is_some_and(is) && known.all(is)
}

fn is_tagged(gold: &Gold) -> bool {
    matches!(gold, Gold::Words(words) if words.tags().is_some())
}

/// The rows as one file, in the form that their answers need: SQuAD's for answers in passages, a word a line for words that
/// were given, else an object a line. Of a row that waits for its answer only the texts are there.
pub fn write(rows: &[Row]) -> DataFile {
    let extension = extension(rows);
    let text = match extension {
        "json" => squad(rows),
        "conll" => rows.iter().map(words).collect(),
        _ => {
            let field = rows.iter().find_map(answer).map(|(field, _)| field);
            rows.iter().map(|row| format!("{}\n", record(row, field))).collect()
        }
    };
    DataFile { extension, text }
}

fn extension(rows: &[Row]) -> &'static str {
    match () {
        () if all(rows, |gold| matches!(gold, Gold::Answers(_))) => "json",
        () if !rows.is_empty() && rows.iter().all(|row| is_tagged(&row.gold)) => "conll",
        () => "jsonl",
    }
}

/// The name of the answers' column, where each is one label or number.
fn column(rows: &[Row]) -> Option<&'static str> {
    match () {
        () if all(rows, |gold| matches!(gold, Gold::Label(_))) => Some("label"),
        () if all(rows, |gold| matches!(gold, Gold::Score(_))) => Some("score"),
        () => None,
    }
}

/// What the name of the file that [`write_table`] makes ends with.
pub fn table_extension(rows: &[Row]) -> &'static str {
    column(rows).map_or_else(|| extension(rows), |_| "csv")
}

/// The rows as a table for spreadsheets, where each answer is one label or number; else as [`write`].
pub fn write_table(rows: &[Row]) -> DataFile {
    let Some(column) = column(rows) else {
        return write(rows);
    };
    let pairs = rows.iter().any(|row| row.text_pair.is_some());
    let mut text = match pairs {
        true => format!("sentence1,sentence2,{column}\n"),
        false => format!("text,{column}\n"),
    };
    for row in rows {
        text.push_str(&quoted(&row.text));
        if pairs {
            text.push(',');
            text.push_str(&quoted(row.text_pair.as_deref().unwrap_or_default()));
        }
        text.push(',');
        text.push_str(&quoted(&row.gold.to_string()));
        text.push('\n');
    }
    DataFile { extension: "csv", text }
}

fn quoted(field: &str) -> String {
    format!("\"{}\"", field.replace('"', "\"\""))
}

/// The row as an object. The first one decides which fields there are: where another has an answer, each has its `field`.
fn record(row: &Row, field: Option<&str>) -> Value {
    let mut record = match &row.text_pair {
        Some(pair) => json!({ "sentence1": row.text, "sentence2": pair }),
        None => json!({ "text": row.text }),
    };
    if let Some(field) = field {
        record[field] = answer(row).map_or(Value::Null, |(_, answer)| answer);
    }
    record
}

/// The field of a row's answer, and the answer.
fn answer(row: &Row) -> Option<(&'static str, Value)> {
    match &row.gold {
        Gold::Label(label) => Some(("label", json!(label))),
        Gold::Labels(labels) => Some(("labels", json!(labels))),
        Gold::Score(score) => Some(("score", json!(score))),
        // Where only some texts came as words, all are written as texts, and what the words' tags name as parts of them.
        gold if is_tagged(gold) || matches!(gold, Gold::Spans(_)) => {
            let parts = row.named_parts().into_iter();
            let parts = parts.map(|part| json!({ "span": [part.start, part.end], "type": part.label }));
            Some(("entities", parts.collect()))
        }
        _ => None,
    }
}

/// One word a line with its tag, and an empty line.
fn words(row: &Row) -> String {
    let Gold::Words(words) = &row.gold else {
        return String::new();
    };
    let tags: Vec<&str> = words.tags().map(Iterator::collect).unwrap_or_default();
    let line = |(word, tag): (&str, &str)| format!("{word}\t{tag}\n");
    let lines = words.words(&row.text).zip(tags).map(line);
    lines.chain(["\n".to_owned()]).collect()
}

fn squad(rows: &[Row]) -> String {
    let paragraph = |(number, row): (usize, &Row)| {
        let mut question = json!({ "id": number.to_string(), "question": row.text });
        if let Some(answers) = row.gold.answers() {
            question["is_impossible"] = json!(answers.is_empty());
            let answers = answers.iter();
            let answers = answers.map(|answer| json!({ "text": answer.text, "answer_start": answer.start }));
            question["answers"] = answers.collect();
        }
        json!({ "context": row.text_pair.as_deref().unwrap_or_default(), "qas": [question] })
    };
    let paragraphs: Vec<Value> = rows.iter().enumerate().map(paragraph).collect();
    json!({ "version": "v2.0", "data": [{ "title": "", "paragraphs": paragraphs }] }).to_string()
}

#[cfg(test)]
mod tests {
    use terakoya_core::data::{AnswerSpan, EntitySpan, GoldColumn, ReadOptions, TaggedWords, read};

    use super::*;

    fn part(start: u32, end: u32) -> EntitySpan {
        let label = "town".to_owned();
        EntitySpan { start, end, label }
    }

    #[test]
    fn words_among_texts_keep_their_names() {
        let (text, words) = TaggedWords::join(
            &["🗼", "in", "Kyoto", "bay", "or", "Nara"],
            Some(&["O", "O", "B-town", "I-town", "O", "B-town"]),
        );
        let rows = [
            (text, Gold::Words(words.into())),
            ("in Osaka".to_owned(), Gold::Spans([part(3, 8)].into())),
        ];
        let rows = rows.map(|(text, gold)| Row {
            text,
            text_pair: None,
            gold,
        });
        let file = write(&rows);
        assert_eq!(file.extension, "jsonl");
        let options = ReadOptions {
            gold: GoldColumn::Entities,
            ..ReadOptions::default()
        };
        let data = read("examples.jsonl", file.text.as_bytes(), &options).expect("the core reads what is written");
        let golds = data.examples.into_iter().map(|example| example.gold);
        let expected = [[part(5, 14), part(18, 22)].into(), [part(3, 8)].into()].map(Gold::Spans);
        assert_eq!(golds.collect::<Vec<_>>(), expected);
        assert_eq!(write(&rows[..1]).extension, "conll", "words by themselves stay words");
    }

    #[test]
    fn rows_that_wait_for_their_answers_are_there() {
        let text = "c".to_owned();
        let answers = Gold::Answers([AnswerSpan { start: 2, text }].into());
        let labels = Gold::Labels(["a".to_owned()].into());
        for (golds, gold, extension) in [
            ([Gold::None, Gold::Label("a, b".to_owned())], GoldColumn::Label, "csv"),
            ([Gold::None, Gold::Score(0.5)], GoldColumn::Score, "csv"),
            ([Gold::None, labels], GoldColumn::Labels, "jsonl"),
            ([Gold::None, Gold::Labels(Box::default())], GoldColumn::Labels, "jsonl"),
            (
                [Gold::None, Gold::Spans([part(0, 1)].into())],
                GoldColumn::Entities,
                "jsonl",
            ),
            ([answers, Gold::None], GoldColumn::Answers, "json"),
            ([Gold::Answers(Box::default()), Gold::None], GoldColumn::Answers, "json"),
            ([Gold::None, Gold::None], GoldColumn::Label, "jsonl"),
        ] {
            let row = |gold: &Gold| Row {
                text: "q \"r\"".to_owned(),
                text_pair: Some("b c".to_owned()),
                gold: gold.clone(),
            };
            let file = write_table(&golds.each_ref().map(row));
            assert_eq!(file.extension, extension, "{golds:?}");
            let options = ReadOptions {
                gold,
                unlabelled: true,
                ..ReadOptions::default()
            };
            let name = format!("examples.{extension}");
            let data = read(&name, file.text.as_bytes(), &options).expect("the core reads what is written");
            let again = data.examples.into_iter().map(|example| Row {
                text: example.text,
                text_pair: example.text_pair,
                gold: example.gold,
            });
            assert!(again.eq(golds.iter().map(row)), "{}", file.text);
        }
        let (text, untagged) = TaggedWords::join(&["in", "Nara"], None);
        let row = Row {
            text,
            text_pair: None,
            gold: Gold::Words(untagged.into()),
        };
        assert_eq!(write(&[row]).text, "{\"text\":\"in Nara\"}\n");
    }
}
