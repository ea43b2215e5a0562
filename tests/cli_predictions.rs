//! Drives the real binary: what an evaluation writes down is data, with the right answers and not with what the model said.

mod binary;
mod tiny;

use serde_json::{Value, json};
use tempfile::TempDir;

use binary::{fails, json, run, stdout, terakoya};
use tiny::{file, train};

/// Learns `data` for a moment, evaluates, and evaluates again on what that wrote.
fn is_data_again(task: &str, name: &str, data: &str, metric: &str) {
    let temp = TempDir::new().expect("temp");
    let (data, output) = (file(&temp, name, data), temp.path().join("model"));
    let learned = ["--train", &data, "--epochs", "1", "--learning-rate", "1e-4"];
    run(train(task, &output, &learned));
    let written = temp.path().join("said.jsonl");
    let written = written.to_str().expect("UTF-8");
    let evaluate = |data: &str, more: &[&str]| -> Value {
        let mut command = terakoya(&["evaluate", "--data", data, "--json", "--device", "cpu"]);
        command.arg("--model").arg(&output).args(more);
        json(&stdout(&run(command)))
    };
    let first = evaluate(&data, &["--predictions", written]);
    // A model that is always right would say the same of its own words.
    assert!(first[metric].as_f64() < Some(1.0), "{first}");
    assert_eq!(evaluate(written, &[]), first, "{name}");
    // A table shows names and answers as text, without their places.
    let table = temp.path().join("said.csv");
    let table = table.to_str().expect("UTF-8");
    evaluate(&data, &["--predictions", table]);
    let mut command = terakoya(&["evaluate", "--data", table, "--device", "cpu"]);
    command.arg("--model").arg(&output);
    fails(command, table);
}

#[test]
fn tagged_words_are_data_again() {
    let words = "Sato\tB-person\nmet\tO\nMary\tB-person\nAnn\tI-person\n\nNara\tB-place\nrains\tO\n\nit\tO\nrains\tO\n";
    is_data_again("token-classification", "names.conll", words, "f1");
}

#[test]
fn spans_are_data_again() {
    let spans = json!([
        { "text": "佐藤さんは京都へ", "entities": [{ "span": [0, 2], "type": "人" }, { "span": [5, 7], "type": "地" }] },
        { "text": "雨", "entities": [] },
    ]);
    is_data_again("token-classification", "names.json", &spans.to_string(), "f1");
}

#[test]
fn answers_are_data_again() {
    let answers = json!([{ "text": "Tom", "answer_start": 0 }, { "text": "Tom", "answer_start": 21 }]);
    let asked = |id: &str, answers: Value| json!({ "id": id, "question": "Who went?", "answers": answers, "is_impossible": answers == json!([]) });
    let context = "Tom went to 🗼. Later Tom met Ann / Sue.";
    let questions = [
        asked("a", answers),
        asked("b", json!([{ "text": "Ann / Sue", "answer_start": 29 }])),
        asked("c", json!([])),
    ];
    let data = json!({ "version": "v2.0", "data": [{ "title": "", "paragraphs": [{ "context": context, "qas": questions }] }] });
    is_data_again("question-answering", "squad.json", &data.to_string(), "exact_match");
}
