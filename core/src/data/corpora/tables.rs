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
mod tests {
    use super::*;

    fn file(name: &str, text: &str) -> SourceFile {
        SourceFile {
            name: name.into(),
            bytes: text.as_bytes().to_vec(),
        }
    }

    fn shown(row: &TextRow) -> String {
        format!("{}={}", row.texts.join("+"), row.answer)
    }

    #[test]
    fn emotion_and_jglue_are_read_by_their_columns() {
        let emotion = file("train.txt", "text;label_name\ni, too;joy\nhm;fear\n");
        let rows = named_columns(&emotion, AnswerKind::Emotion).expect("rows");
        assert_eq!(rows.iter().map(shown).collect::<Vec<_>>(), ["i, too=joy", "hm=fear"]);
        let jsts = file(
            "train-v1.3.json",
            "{\"sentence1\": \"川\", \"sentence2\": \"壁\", \"label\": 3.8}\n",
        );
        assert_eq!(
            jglue_task(&jsts).expect("a task"),
            JglueTask::Rows(AnswerKind::Similarity)
        );
        let rows = named_columns(&jsts, AnswerKind::Similarity).expect("rows");
        assert_eq!(
            (shown(&rows[0]).as_str(), rows[0].answer.column()),
            ("川+壁=3.8", "score")
        );
    }

    #[test]
    fn jglue_tasks_are_told_by_the_first_record() {
        let task = |text: &str| jglue_task(&file("valid-v1.3.json", text)).ok();
        let labels = |text: &str| match task(text) {
            Some(JglueTask::Rows(AnswerKind::OneOf(labels))) => labels.join(" "),
            other => format!("{other:?}"),
        };
        let pair = |label: &str| format!("{{\"sentence1\":\"a\",\"sentence2\":\"b\",\"label\":{label}}}\n{{}}");
        let sentence = |label: &str| format!("{{\"sentence\":\"a\",\"label\":{label}}}\n{{}}");
        assert_eq!(labels(&pair("\"neutral\"")), "entailment contradiction neutral");
        assert_eq!(labels(&sentence("\"positive\"")), "positive negative");
        assert_eq!(labels(&sentence("1")), "0 1");
        assert_eq!(task(&pair("0.0")), Some(JglueTask::Rows(AnswerKind::Similarity)));
        let jsts = file(
            "jglue/jsts-v1.3/train-v1.3.json",
            pair("\"high\"").trim_end_matches("{}"),
        );
        assert_eq!(jglue_task(&jsts).ok(), Some(JglueTask::Rows(AnswerKind::Similarity)));
        let wrong = named_columns(&jsts, AnswerKind::Similarity)
            .expect_err("no score")
            .to_string();
        assert!(
            wrong.contains("\"high\"") && wrong.contains("a number from 0 to 5"),
            "{wrong}"
        );
        assert_eq!(task("{\"choice0\": \"a\", \"label\": 2}\n"), Some(JglueTask::Choices));
        assert_eq!(task("{\n \"data\": []\n}\n"), Some(JglueTask::Questions));
        assert_eq!(task(&sentence("null")), None);
        assert_eq!([task("{\"a\": 1}"), task("CC BY-SA"), task("")], [None; 3]);
    }

    #[test]
    fn files_whose_first_record_tells_no_task_are_named() {
        let message = |text: &str| jglue_task(&file("train.json", text)).expect_err(text).to_string();
        let good = "{\"sentence\":\"a\",\"label\":\"positive\"}\n";
        for (text, start, end) in [
            (
                format!("{{\"label\":NaN}}\n{good}"),
                "line 1, column ",
                "expected value",
            ),
            (
                format!("\n\n{{\"label\":1e400}}\n{good}"),
                "line 3, column ",
                "number out of range",
            ),
            ("{\n\"data\": [\n}".to_owned(), "line 3, column ", "expected value"),
            (
                "{\"label\":\"\\ud83d\"}".to_owned(),
                "line 1, column ",
                "is not beside it",
            ),
            (format!("{{\"a\":1}}\n{good}"), "no record of JSTS", "JSQuAD"),
        ] {
            let message = message(&text);
            assert!(
                message.starts_with(&format!("train.json: {start}")) && message.ends_with(end),
                "{message}"
            );
        }
        assert_eq!([message(""), message(" \n")], ["there is no record in it"; 2]);
    }

    #[test]
    fn answers_stand_where_jsquad_says() {
        let count = |qas: &str| {
            let text = format!(
                "{{\"data\": [{{\"title\": \"梅雨\",\n\"paragraphs\": [{{\"context\": \"𠮷野 [SEP] 梅雨は雨\", \"qas\": [{qas}]}}]}}]}}"
            );
            count_questions(&file("valid.json", &text)).map_err(|error| error.to_string())
        };
        let question = |id: &str, answers: &str| format!("{{\"id\": \"{id}\", \"question\": \"?\"{answers}}}");
        let at = |start: i32| format!(", \"answers\": [{{\"text\": \"梅雨\", \"answer_start\": {start}}}]");
        let good = question("a1p0q0", &at(9));
        assert_eq!(count(&format!("{good}, {}", question("a1p0q1", &at(9)))), Ok(2));
        for (answers, expected) in [
            (
                at(8),
                "question 2 (\"a1p0q1\"): the answer \"梅雨\" should start at character 8, where there is \" 梅\"",
            ),
            (
                at(99),
                "question 2 (\"a1p0q1\"): the answer \"梅雨\" should start at character 99, where there is \"\"",
            ),
            (
                String::new(),
                "question 2 (\"a1p0q1\") has no answer; every question of JSQuAD has one",
            ),
            (
                ", \"answers\": []".to_owned(),
                "question 2 (\"a1p0q1\") has no answer; every question of JSQuAD has one",
            ),
        ] {
            let error = count(&format!("{good}, {}", question("a1p0q1", &answers))).expect_err(expected);
            assert_eq!(error, format!("valid.json: {expected}"));
        }
        assert_eq!(
            count("").expect_err("nothing"),
            "valid.json has SQuAD's form, but no question in it"
        );
    }

    #[test]
    fn jrte_rows_know_their_part_and_pairs_begin_with_the_premise() {
        let pn = file("pn.tsv", "pn1\t-1\t\"寒い\t{\"0\": 1}\ttrain\npn2\t1\t良い\t{}\ttest\n");
        let rows = jrte(&pn).expect("rows");
        assert_eq!(
            rows.iter()
                .map(|(part, row)| format!("{part} {}", shown(row)))
                .collect::<Vec<_>>(),
            ["train \"寒い=-1", "test 良い=1"]
        );
        let rte = file(
            "rte.x.tsv",
            "rte1\t1\t海が見える。\tオーシャンビュー。\tnull\tnull\tdev\n",
        );
        assert_eq!(
            shown(&jrte(&rte).expect("rows")[0].1),
            "オーシャンビュー。+海が見える。=1"
        );
    }

    #[test]
    fn goemotions_numbers_become_names() {
        let names = label_names(&file("labels.txt", "admiration\namusement\nanger\n\n")).expect("labels");
        let table = "\"Ha, so\t0,2\tid1\nWow\t1\tid2\nOh\t1,1,2, 1\tid3\n";
        let rows = goemotions(&file("dev.tsv", table), &names).expect("rows");
        assert_eq!(
            rows.iter().map(shown).collect::<Vec<_>>(),
            ["\"Ha, so=admiration|anger", "Wow=amusement", "Oh=amusement|anger"]
        );
    }

    #[test]
    fn a_table_of_two_numbers_holds_no_emotions() {
        let file = |rows: usize| SourceFile {
            name: "train.csv".to_owned(),
            bytes: format!("text,label\n{}", "so,1\n".repeat(rows)).into_bytes(),
        };
        assert_eq!(named_columns(&file(49), AnswerKind::Emotion).expect("rows").len(), 49);
        let error = named_columns(&file(50), AnswerKind::Emotion).expect_err("no emotions");
        assert!(
            error.to_string().contains("no label but 0 and 1 stands in its 50 rows"),
            "{error}"
        );
    }

    #[test]
    fn damaged_rows_are_named() {
        let names = ["a".to_owned(), "b".to_owned()];
        let of_kind = |text: &str, kind| named_columns(&file("a.csv", text), kind).expect_err(text).to_string();
        let messages = [
            jrte(&file("pn.tsv", "1\t1\tx\t{}\ttrain\n\n2\t1\tx\n"))
                .expect_err("narrow")
                .to_string(),
            jrte(&file("pn.tsv", "1\t1\tx\t{}\ttraining\n"))
                .expect_err("part")
                .to_string(),
            jrte(&file("pn.tsv", "1\t2\tx\t{}\ttrain\n"))
                .expect_err("label")
                .to_string(),
            goemotions(&file("dev.tsv", "x\t1\tid\nx\t0,2\tid\n"), &names)
                .expect_err("number")
                .to_string(),
            goemotions(&file("dev.tsv", "x\tid\n"), &names)
                .expect_err("narrow")
                .to_string(),
            label_names(&file("labels.txt", "a\nb\na\n"))
                .expect_err("twice")
                .to_string(),
            of_kind("text,label\nx,?\n", AnswerKind::Similarity),
            of_kind("text,label\nx,0\nx,5.2\n", AnswerKind::Similarity),
            of_kind("text,label\nx,-0.2\n", AnswerKind::Similarity),
            of_kind("text,label\nx,NaN\n", AnswerKind::Similarity),
            of_kind("text,label\nx,1\nx,entailed\n", AnswerKind::OneOf(&["1", "0"])),
            of_kind("text\nx\n", AnswerKind::OneOf(&["1"])),
            of_kind("text,label\nx\n", AnswerKind::OneOf(&["1"])),
        ];
        let expected = [
            "pn.tsv: line 3: expected 5 columns between tabs, found 3",
            "pn.tsv: line 1: \"training\" in column 5",
            "pn.tsv: line 1: \"2\" in column 2",
            "dev.tsv: line 2: \"0,2\" in column 2 is not a list of numbers below 2",
            "dev.tsv: line 1: expected 3 (text",
            "labels.txt: line 3: \"a\"",
            "a.csv: line 2: the label \"?\" is not a number from 0 to 5",
            "a.csv: line 3: the label \"5.2\" is not a number from 0 to 5",
            "a.csv: line 2: the label \"-0.2\" is not a number from 0 to 5",
            "a.csv: line 2: the label \"NaN\" is not a number from 0 to 5",
            "a.csv: line 3: the label \"entailed\" is not one of 1, 0",
            "a.csv: there is no column of labels",
            "a.csv: line 2: wrong number of columns",
        ];
        for (message, start) in messages.iter().zip(expected) {
            assert!(message.starts_with(start), "{message}");
        }
    }
}
