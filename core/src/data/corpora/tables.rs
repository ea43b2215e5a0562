//! Reads corpora that are tables of texts with labels: JRTE, JGLUE, emotion and GoEmotions.
//!
//! Those that [`crate::data`] reads by itself go through it, so that a damaged line is told in the same words; the
//! others have no header and a column that names the part, or labels that are numbers of lines in another file.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::data::{Example, Format, GoldColumn, ReadOptions, read};

use super::error::shortened;
use super::{Answer, CorpusError, PartName, SourceFile, TextRow, decode};

/// What the column of right answers holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AnswerKind {
    /// One of these labels.
    OneOf(&'static [&'static str]),
    /// How similar two sentences are, a number from 0 to 5.
    Similarity,
    /// One of [`EMOTIONS`], by its name or its number.
    Emotion,
}

/// What the texts of the emotion data set say, in the order of their numbers.
const EMOTIONS: [&str; 6] = ["sadness", "joy", "love", "anger", "fear", "surprise"];

fn is_emotion(label: &str) -> bool {
    EMOTIONS.contains(&label) || label.parse().is_ok_and(|number: usize| number < EMOTIONS.len())
}

/// Reads a table that tells its columns by names: csv, `;`-separated text, JSON.
///
/// # Errors
/// If the file cannot be read, has no column of labels, or an answer is none of its kind.
pub fn named_columns(file: &SourceFile, kind: AnswerKind) -> Result<Vec<TextRow>, CorpusError> {
    let dataset = read(&file.name, &file.bytes, &ReadOptions::default())?;
    let mut rows = Vec::with_capacity(dataset.examples.len());
    for example in dataset.examples {
        let answer = example.gold.label().ok_or_else(|| CorpusError::NoLabels {
            name: file.name.clone(),
            columns: dataset.columns.to_string(),
        })?;
        let wrong = |expected: String| CorpusError::Label {
            name: file.name.clone(),
            line: example.line,
            found: shortened(answer),
            expected,
        };
        let is_similarity = |score: f64| (0.0..=5.0).contains(&score);
        let answer = match kind {
            AnswerKind::OneOf(labels) if labels.contains(&answer) => Answer::Label(answer.to_owned()),
            AnswerKind::OneOf(labels) => return Err(wrong(format!("one of {}", labels.join(", ")))),
            AnswerKind::Emotion if is_emotion(answer) => Answer::Label(answer.to_owned()),
            AnswerKind::Emotion => {
                return Err(CorpusError::Emotion {
                    name: file.name.clone(),
                    line: example.line,
                    found: shortened(answer),
                    known: EMOTIONS.join(", "),
                });
            }
            AnswerKind::Similarity if answer.parse().is_ok_and(is_similarity) => Answer::Score(answer.to_owned()),
            AnswerKind::Similarity => return Err(wrong("a number from 0 to 5".to_owned())),
        };
        let texts = std::iter::once(example.text).chain(example.text_pair).collect();
        rows.push(TextRow { texts, answer });
    }
    let is_binary = |row: &TextRow| matches!(&row.answer, Answer::Label(label) if label == "0" || label == "1");
    if kind == AnswerKind::Emotion && rows.len() >= TELLING && rows.iter().all(is_binary) {
        return Err(CorpusError::TwoEmotions {
            name: file.name.clone(),
            rows: rows.len(),
        });
    }
    Ok(rows)
}

/// Of so many rows some would have another of the six emotions.
const TELLING: usize = 50;

/// What a file of JGLUE is for, as its first record shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JglueTask {
    /// Sentences or pairs of them, each with its answer: MARC-ja, JCoLA, JNLI, JSTS.
    Rows(AnswerKind),
    /// JSQuAD: passages with questions, in SQuAD's form, which is trained on as it is.
    Questions,
    /// JCommonsenseQA: questions with five choices, for which there is no task.
    Choices,
}

/// Tells the task of a file of JGLUE.
///
/// # Errors
/// If the file is empty, its first record is not JSON, or that is a record of no task.
pub fn jglue_task(file: &SourceFile) -> Result<JglueTask, CorpusError> {
    let text = decode::decode(file)?;
    let Some(first_line) = text.trim_start().lines().next() else {
        return Err(CorpusError::Nothing { what: "record in it" });
    };
    // JSON lines, or one document over many lines. As the latter a damaged record is named with its line in the file.
    let first: Value = serde_json::from_str(first_line)
        .or_else(|_| serde_json::from_str(&text))
        .map_err(|error| CorpusError::json(&file.name, &error))?;
    let has = |field: &str| first.get(field).is_some();
    let is_pair = has("sentence1") && has("sentence2");
    let answers = match first.get("label") {
        _ if first.get("data").is_some_and(Value::is_array) => return Ok(JglueTask::Questions),
        _ if has("choice0") => return Ok(JglueTask::Choices),
        Some(Value::Number(_)) if is_pair => AnswerKind::Similarity,
        // A text in the folder of JSTS is a wrong score, not a label.
        Some(Value::String(_)) if is_pair && is_of_jsts(&file.name) => AnswerKind::Similarity,
        Some(Value::String(_)) if is_pair => AnswerKind::OneOf(&["entailment", "contradiction", "neutral"]),
        Some(Value::Number(_)) if has("sentence") => AnswerKind::OneOf(&["0", "1"]),
        Some(Value::String(_)) if has("sentence") => AnswerKind::OneOf(&["positive", "negative"]),
        _ => {
            return Err(CorpusError::NoJglue {
                name: file.name.clone(),
            });
        }
    };
    Ok(JglueTask::Rows(answers))
}

/// Whether a file stands in a folder that is called after JSTS, as JGLUE's is.
fn is_of_jsts(path: &str) -> bool {
    let folder = path.rsplit(['/', '\\']).nth(1);
    folder.is_some_and(|folder| folder.starts_with("jsts"))
}

/// How many questions a file of JSQuAD asks, at least one.
///
/// # Errors
/// If it is not of SQuAD's form, asks none, or a question has no answer or one that does not stand where it should.
pub fn count_questions(file: &SourceFile) -> Result<usize, CorpusError> {
    let options = ReadOptions {
        format: Some(Format::Squad),
        gold: GoldColumn::Answers,
        ..ReadOptions::default()
    };
    let questions = read(&file.name, &file.bytes, &options)?.examples;
    let is_open = |example: &&Example| example.gold.answers().is_none_or(<[_]>::is_empty);
    match questions.iter().find(is_open) {
        Some(open) => Err(CorpusError::Unanswered {
            name: file.name.clone(),
            number: open.line,
            id: open.id.as_deref().unwrap_or_default().to_owned(),
        }),
        None => Ok(questions.len()),
    }
}

/// Reads a table of JRTE: `pn` and `rhr` (number, label, text, judges, part), `rte` (number, label, hypothesis,
/// premise, judges, reasons, part). A pair is written premise first.
///
/// # Errors
/// If a row has another number of columns than the first, a label is not -1, 0 or 1, or a part is not known.
pub fn jrte(file: &SourceFile) -> Result<Vec<(PartName, TextRow)>, CorpusError> {
    let text = decode::decode(file)?;
    let mut rows: Vec<(PartName, TextRow)> = Vec::new();
    for (line, cells) in decode::tab_rows(&text) {
        let is_pair = rows.first().map(|(_, row)| row.texts.len() == 2);
        let (label, texts, part) = match cells[..] {
            [_, label, text, _, part] if is_pair != Some(true) => (label, vec![text], part),
            [_, label, hypothesis, premise, _, _, part] if is_pair != Some(false) => {
                (label, vec![premise, hypothesis], part)
            }
            _ => {
                return Err(CorpusError::Columns {
                    name: file.name.clone(),
                    line,
                    found: cells.len(),
                    expected: match is_pair {
                        None => "5 (pn, rhr) or 7 (rte)",
                        Some(false) => "5",
                        Some(true) => "7",
                    },
                });
            }
        };
        let wrong = |column, found: &str, expected: &str| CorpusError::Cell {
            name: file.name.clone(),
            line,
            column,
            found: shortened(found),
            expected: expected.to_owned(),
        };
        let part = PartName::of_cell(part).ok_or_else(|| wrong(cells.len(), part, "train, dev or test"))?;
        if !["-1", "0", "1"].contains(&label) {
            return Err(wrong(2, label, "-1, 0 or 1"));
        }
        let texts = texts.into_iter().map(str::to_owned).collect();
        let answer = Answer::Label(label.to_owned());
        rows.push((part, TextRow { texts, answer }));
    }
    match rows.is_empty() {
        true => Err(CorpusError::Nothing { what: "row in it" }),
        false => Ok(rows),
    }
}

/// Reads a table of GoEmotions: text, numbers of labels between commas, number of the comment. The labels are written
/// by their names, the lines of `labels.txt`, which count from 0; a number that a row repeats is one label.
///
/// # Errors
/// If a row has not three columns, or a number is no line of the list.
pub fn goemotions(file: &SourceFile, label_names: &[String]) -> Result<Vec<TextRow>, CorpusError> {
    let text = decode::decode(file)?;
    let mut rows = Vec::new();
    for (line, cells) in decode::tab_rows(&text) {
        let [text, numbers, _] = cells[..] else {
            return Err(CorpusError::Columns {
                name: file.name.clone(),
                line,
                found: cells.len(),
                expected: "3 (text, numbers of labels, number of the comment)",
            });
        };
        let name = |number: &str| {
            let number: usize = number.trim().parse().ok()?;
            label_names.get(number).cloned()
        };
        let labels: Option<Vec<String>> = numbers.split(',').map(name).collect();
        let mut labels = labels.ok_or_else(|| CorpusError::Cell {
            name: file.name.clone(),
            line,
            column: 2,
            found: shortened(numbers),
            expected: format!("a list of numbers below {}", label_names.len()),
        })?;
        let mut seen = BTreeSet::new();
        labels.retain(|label| seen.insert(label.clone()));
        rows.push(TextRow {
            texts: vec![text.to_owned()],
            answer: Answer::Labels(labels),
        });
    }
    match rows.is_empty() {
        true => Err(CorpusError::Nothing { what: "row in it" }),
        false => Ok(rows),
    }
}

/// Reads a list of labels, one a line; empty lines at the end do not count.
///
/// # Errors
/// If a line is blank or a label stands there twice.
pub fn label_names(file: &SourceFile) -> Result<Vec<String>, CorpusError> {
    let text = decode::decode(file)?;
    let mut names: Vec<String> = Vec::new();
    for (line, name) in (1..).zip(text.trim_end().lines().map(str::trim)) {
        if name.is_empty() || names.iter().any(|other| other == name) {
            return Err(CorpusError::Cell {
                name: file.name.clone(),
                line,
                column: 1,
                found: shortened(name),
                expected: "a label that no other line has".to_owned(),
            });
        }
        names.push(name.to_owned());
    }
    match names.is_empty() {
        true => Err(CorpusError::Nothing { what: "label in it" }),
        false => Ok(names),
    }
}

#[cfg(test)]
mod tests;
