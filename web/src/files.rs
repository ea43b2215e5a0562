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

/// Whether there are rows, and every answer is of a kind.
fn all(rows: &[Row], is: fn(&Gold) -> bool) -> bool {
    !rows.is_empty() && rows.iter().all(|row| is(&row.gold))
}

/// The rows as one file, in the form that their answers need: SQuAD's for answers in passages, a word a line for words that
/// were given, else an object a line.
pub fn write(rows: &[Row]) -> DataFile {
    let extension = extension(rows);
    let text = match extension {
        "json" => squad(rows),
        "conll" => rows.iter().map(words).collect(),
        _ => rows.iter().map(|row| format!("{}\n", record(row))).collect(),
    };
    DataFile { extension, text }
}

fn extension(rows: &[Row]) -> &'static str {
    match () {
        () if all(rows, |gold| matches!(gold, Gold::Answers(_))) => "json",
        () if all(rows, |gold| matches!(gold, Gold::Words(_))) => "conll",
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

fn record(row: &Row) -> Value {
    let mut record = match &row.text_pair {
        Some(pair) => json!({ "sentence1": row.text, "sentence2": pair }),
        None => json!({ "text": row.text }),
    };
    match &row.gold {
        Gold::Label(label) => record["label"] = json!(label),
        Gold::Labels(labels) => record["labels"] = json!(labels),
        Gold::Score(score) => record["score"] = json!(score),
        // Where only some texts came as words, all are written as texts, and what the words' tags name as parts of them.
        Gold::Words(words) if words.tags().is_none() => {}
        Gold::Words(_) | Gold::Spans(_) => {
            let parts = row.named_parts().into_iter();
            record["entities"] = parts
                .map(|part| json!({ "span": [part.start, part.end], "type": part.label }))
                .collect();
        }
        Gold::None | Gold::Answers(_) => {}
    }
    record
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
        let answers: Vec<Value> = row
            .gold
            .answers()
            .unwrap_or_default()
            .iter()
            .map(|answer| json!({ "text": answer.text, "answer_start": answer.start }))
            .collect();
        let question = json!({
            "id": number.to_string(),
            "question": row.text,
            "is_impossible": answers.is_empty(),
            "answers": answers,
        });
        json!({ "context": row.text_pair, "qas": [question] })
    };
    let paragraphs: Vec<Value> = rows.iter().enumerate().map(paragraph).collect();
    json!({ "version": "v2.0", "data": [{ "title": "", "paragraphs": paragraphs }] }).to_string()
}

#[cfg(test)]
mod tests {
    use terakoya_core::data::{EntitySpan, GoldColumn, ReadOptions, TaggedWords, read};

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
}
