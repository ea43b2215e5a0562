//! Drives `evaluate --report` of the real binary for each task: the page is well-formed HTML that needs no network, shows what
//! went wrong, and lets nothing of the data become markup.

mod binary;
mod tiny;

use std::fs;
use std::process::Stdio;

use html5gum::{Token, Tokenizer};
use serde_json::json;
use tempfile::TempDir;

use binary::{fails, json, root, run, stdout, terakoya};
use tiny::{file, train};

/// What would run if it were not escaped.
const EVIL: &str = "<script>alert(1)</script>";

/// Trains the shipped model for `task` on `data`, once over it, and gives the page of its evaluation on the same.
fn page(task: &str, name: &str, text: &str, more: &[&str], evaluate: &[&str]) -> String {
    let temp = TempDir::new().expect("temp");
    // Markup characters in the names of files, where the system allows them.
    let name = match cfg!(windows) {
        true => name.to_owned(),
        false => format!("&<b>{name}"),
    };
    let data = file(&temp, &name, text);
    let [model, report] = ["model", "report.html"].map(|name| temp.path().join(name));
    let flags = ["--train", &data, "--eval", &data, "--epochs", "2", "--batch-size", "4"];
    stdout(&run(train(task, &model, &[&flags, more].concat())));
    let mut command = terakoya(&["evaluate", "--data", &data, "--device", "cpu", "--json"]);
    command.arg("--model").arg(&model).arg("--report").arg(&report);
    command.args(evaluate);
    let results = json(&stdout(&run(command)));
    assert!(results["loss"].is_number(), "the page is beside the results: {results}");
    let html = fs::read_to_string(&report).expect("a page in UTF-8");
    check(&html);
    assert!(html.contains("<h2>Training</h2>"), "no curves");
    assert!(html.contains("lowest evaluation loss"));
    html
}

/// Elements that have no end.
const VOID: [&str; 2] = ["meta", "br"];

/// Reads the page as HTML's specification says, and finds fault with what a browser would repair.
fn check(html: &str) {
    let mut open: Vec<String> = Vec::new();
    let mut scripts = 0;
    for token in Tokenizer::new(html) {
        let Ok(token) = token;
        match token {
            Token::Error(error) => panic!("{error:?}"),
            Token::StartTag(tag) => {
                let name = String::from_utf8_lossy(&tag.name).into_owned();
                scripts += usize::from(name == "script");
                for (key, value) in &tag.attributes {
                    let key = String::from_utf8_lossy(key);
                    let value = String::from_utf8_lossy(&value.value);
                    assert!(!key.starts_with("on") && key != "src" && key != "style", "{name} {key}");
                    assert!(key != "href" || value.starts_with('#'), "{value}");
                }
                if !VOID.contains(&name.as_str()) {
                    open.push(name);
                }
            }
            Token::EndTag(tag) => {
                let name = String::from_utf8_lossy(&tag.name).into_owned();
                assert_eq!(open.pop(), Some(name));
            }
            _ => {}
        }
    }
    assert_eq!(open, Vec::<String>::new());
    assert_eq!(scripts, 1, "a script that is not ours");
    assert!(html.contains("default-src 'none'"), "no policy");
    let style = html
        .split("<style>")
        .nth(1)
        .and_then(|rest| rest.split("</style>").next());
    let style = style.expect("a style");
    assert!(!style.contains("url(") && !style.contains("@import"), "{style}");
}

/// How often `part` is in `html`.
fn count(html: &str, part: &str) -> usize {
    html.matches(part).count()
}

const ESCAPED: &str = "&lt;script&gt;alert(1)&lt;/script&gt;";

#[test]
fn classification_shows_matrix_and_failures() {
    let mut text = "sentence,label\n".to_owned();
    for number in 0..12 {
        text += &format!("{EVIL} tea number {number},{EVIL}\nno tea number {number},寺子屋\nsoup {number},c\n");
    }
    let html = page("sequence-classification", "tea.csv", &text, &[], &[]);
    assert!(html.contains("Confusion matrix") && html.contains("寺子屋"));
    assert!(count(&html, ESCAPED) > 12, "labels and texts are escaped");
    // Each failure is listed; of right answers none is beyond the first twenty of a label.
    let failures: usize = html
        .split("<h2>")
        .find_map(|part| part.split_once(" failures</h2>"))
        .map(|found| found.0.parse().expect("a number"))
        .expect("failures are counted");
    let shown = count(&html, "<tr data-cell=");
    let right = count(&html, " data-right hidden>");
    assert_eq!((shown - right, shown), (failures, 36));
}

#[test]
fn a_label_map_merges_what_the_page_shows() {
    let mut text = "sentence,label\n".to_owned();
    for number in 0..8 {
        text += &format!("good number {number},good\nbad number {number},bad\n");
    }
    let html = page(
        "sequence-classification",
        "map.csv",
        &text,
        &[],
        &["--label-map", "good=all,bad=all"],
    );
    assert!(html.contains("<h2>0 failures</h2>") && !html.contains("<th scope=\"row\">bad</th>"));
}

#[test]
fn several_labels_show_thresholds_and_what_was_missed() {
    let rows: Vec<String> = (0..12)
        .map(|number| {
            json!({ "text": format!("{EVIL} {number}"), "labels": [EVIL, format!("l{}", number % 3)] }).to_string()
        })
        .collect();
    let html = page(
        "multi-label-classification",
        "several.jsonl",
        &rows.join("\n"),
        &["--threshold", "per-label"],
        &[],
    );
    assert!(html.contains("said from") && html.contains("missed"));
    assert!(count(&html, ESCAPED) > 12);
}

#[test]
fn numbers_show_a_scatter_and_the_largest_errors() {
    let mut text = "sentence\tscore\n".to_owned();
    for number in 0..12 {
        text += &format!("{EVIL} {number}\t{number}.5\n");
    }
    let html = page("regression", "numbers.tsv", &text, &[], &[]);
    assert_eq!(count(&html, "<circle cx"), 12, "one point a text");
    assert!(html.contains("Largest errors") && html.contains("mean squared error"));
    assert!(count(&html, ESCAPED) >= 24);
}

#[test]
fn entities_stand_above_each_other_where_they_differ() {
    let record = |number: usize| {
        let text = format!("{number:02} {EVIL} 山田さんは京都へ");
        let start = text.chars().take_while(|c| *c != '山').count();
        json!({ "text": text, "entities": [
            { "start": start, "end": start + 2, "label": "<b>人" },
            { "start": start + 5, "end": start + 7, "label": "地" },
        ] })
    };
    let rows: Vec<String> = (0..8).map(|number| record(number).to_string()).collect();
    let html = page("token-classification", "names.jsonl", &rows.join("\n"), &[], &[]);
    assert!(html.contains("<dt>system</dt>") && html.contains("<dt>gold</dt>"));
    assert!(
        html.contains("<small>&lt;b&gt;人</small>"),
        "an entity's type is escaped"
    );
    assert!(html.contains("山田<small>"), "the entity is marked");
}

#[test]
fn answers_are_marked_in_their_passage() {
    let question = |number: usize| {
        let context = format!("{EVIL} The school number {number} stands in Kyoto since 1722.");
        let start = context.chars().take_while(|c| *c != 'K').count();
        json!({ "id": number.to_string(), "question": format!("Where is school {number}? {EVIL}"),
            "answers": [{ "text": "Kyoto", "answer_start": start }], "context": context })
    };
    let paragraphs: Vec<_> = (0..6)
        .map(question)
        .map(|mut qa| {
            let context = qa["context"].take();
            if let Some(qa) = qa.as_object_mut() {
                qa.shift_remove("context");
            }
            json!({ "context": context, "qas": [qa] })
        })
        .collect();
    let data = json!({ "version": "1.1", "data": [{ "title": "schools", "paragraphs": paragraphs }] }).to_string();
    let html = page(
        "question-answering",
        "schools.json",
        &data,
        &["--max-length", "64", "--stride", "16"],
        &[],
    );
    assert!(html.contains("mark class=\"gold"), "gold is marked");
    assert!(html.contains(&format!("{ESCAPED}</p>")), "a question");
}

/// The first lines of the Japanese lessons, as a file of the test's own.
fn few_lessons(temp: &TempDir) -> String {
    let lessons = fs::read_to_string(root().join("assets/lessons-ja/sentiment.csv")).expect("lessons");
    let few: Vec<&str> = lessons.lines().take(9).collect();
    file(temp, "few.csv", &few.join("\n"))
}

#[test]
fn hidden_words_show_what_was_said_instead() {
    let text: String = (0..12)
        .map(|number| format!("the school {EVIL} number {number} stands in kyoto\n"))
        .collect();
    // Rows are texts, or blocks of running text.
    for more in [&[][..], &["--block-size", "16"]] {
        let html = page("masked-lm", "lines.txt", &text, more, &["--top-k", "3"]);
        assert!(html.contains("<dt>perplexity</dt>"));
        let number = |from: &str, to: &str| -> usize {
            let found = html.split(from).nth(1).and_then(|rest| rest.split(to).next());
            let found = found.unwrap_or_else(|| panic!("no {from}"));
            found.parse().unwrap_or_else(|_| panic!("{from}{found}"))
        };
        // The words that are listed are those of the score, and each that was not guessed is there.
        let hidden = number("<dt>tokens</dt><dd>", "</dd>");
        let wrong = number("<section id=\"examples\"><h2>", " of ");
        assert!(html.contains(&format!("{wrong} of {hidden} hidden words not guessed")));
        assert!((1..=hidden).contains(&wrong), "two epochs do not teach {hidden} words");
        assert_eq!(count(&html, "<mark class=\"gold\">"), wrong);
    }
}

#[test]
fn a_model_without_history_has_a_page_without_curves() {
    let temp = TempDir::new().expect("temp");
    let model = root().join("assets/e5-small-ja-en");
    let data = few_lessons(&temp);
    let copy = temp.path().join("model");
    fs::create_dir(&copy).expect("a folder");
    for entry in fs::read_dir(&model).expect("the model") {
        let entry = entry.expect("an entry");
        if entry.file_name() != "training.json" {
            fs::copy(entry.path(), copy.join(entry.file_name())).expect("copied");
        }
    }
    fs::write(copy.join("training.json"), "{\"record\": 7}").expect("written");
    let report = temp.path().join("report.html");
    let mut command = terakoya(&["evaluate", "--data", &data, "--device", "cpu"]);
    command.arg("--model").arg(&copy).arg("--report").arg(&report);
    stdout(&run(command));
    let html = fs::read_to_string(report).expect("a page");
    check(&html);
    assert!(!html.contains("<h2>Training</h2>"));
}

#[test]
fn who_stops_reading_the_scores_still_gets_the_files() {
    let temp = TempDir::new().expect("temp");
    let data = few_lessons(&temp);
    for more in [&[][..], &["--json"]] {
        let [predictions, report] = ["said.tsv", "report.html"].map(|name| temp.path().join(name));
        let mut command = terakoya(&["evaluate", "--data", &data, "--device", "cpu"]);
        command
            .arg("--model")
            .arg(root().join("assets/e5-small-ja-en"))
            .args(more);
        command
            .arg("--predictions")
            .arg(&predictions)
            .arg("--report")
            .arg(&report);
        let mut child = command
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("the binary starts");
        drop(child.stdout.take());
        assert!(child.wait().expect("it ends").success());
        for file in [predictions, report] {
            fs::remove_file(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        }
    }
}

#[test]
fn a_predicted_number_stands_in_full_in_a_file() {
    let temp = TempDir::new().expect("temp");
    let data = file(&temp, "scores.csv", "text,score\na cat,1\na dog,2.5\n");
    let model = temp.path().join("model");
    let flags = ["--train", &data, "--epochs", "1"];
    stdout(&run(train("regression", &model, &flags)));
    let [lines, table] = ["said.jsonl", "said.csv"].map(|name| temp.path().join(name));
    for path in [&lines, &table] {
        let mut command = terakoya(&["evaluate", "--data", &data, "--device", "cpu"]);
        command.arg("--model").arg(&model).arg("--predictions").arg(path);
        stdout(&run(command));
    }
    let lines = fs::read_to_string(lines).expect("predictions");
    let table = fs::read_to_string(table).expect("predictions");
    assert_eq!((lines.lines().count(), table.lines().count()), (2, 3));
    for (line, row) in lines.lines().map(json).zip(table.lines().skip(1)) {
        let predicted = line["predicted"].as_str().expect("a text");
        let exact = line["score"].as_f64().expect("a number") as f32;
        assert_eq!(predicted.parse(), Ok(exact), "{line}");
        assert!(row.contains(&format!(",{predicted},")), "{row}");
    }
}

#[test]
fn a_page_that_cannot_be_written_is_named_before_anything_is_computed() {
    let temp = TempDir::new().expect("temp");
    let data = few_lessons(&temp);
    let folder = temp.path().join("report.html");
    std::fs::create_dir(&folder).expect("a folder");
    for (report, expected) in [
        ("no/such/folder/report.html", "there is no folder no/such/folder"),
        (folder.to_str().expect("UTF-8"), "is a folder"),
    ] {
        let mut command = terakoya(&["evaluate", "--data", &data, "--report", report, "--device", "cpu"]);
        command.arg("--model").arg(root().join("assets/e5-small-ja-en"));
        let message = fails(command, expected);
        assert!(!message.contains("evaluating"), "{message}");
    }
    let before = fs::read_to_string(&data).expect("the data");
    let mut command = terakoya(&["evaluate", "--data", &data, "--predictions", &data, "--device", "cpu"]);
    command.arg("--model").arg(root().join("assets/e5-small-ja-en"));
    fails(command, "few.csv is the data itself: choose another file");
    assert_eq!(fs::read_to_string(&data).expect("the data"), before);
}
