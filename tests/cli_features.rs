//! Drives the real binary through what frozen features are for: files of vectors, the picture of texts, and the probe.

mod transformers;

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use html5gum::{Token, Tokenizer};
use serde_json::Value;
use tempfile::TempDir;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn asset(path: &str) -> String {
    let path = root().join("assets").join(path);
    path.to_str().expect("UTF-8").to_owned()
}

fn run(args: &[&str], stdin: &str) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_terakoya"));
    command.args(args).args(["--device", "cpu"]);
    command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = command.spawn().expect("the binary starts");
    // A command that refuses its flags does not read.
    let _ = child.stdin.take().expect("piped").write_all(stdin.as_bytes());
    child.wait_with_output().expect("it ends")
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn stdout(args: &[&str], stdin: &str) -> String {
    let output = run(args, stdin);
    assert!(output.status.success(), "{args:?}: {}", stderr(&output));
    String::from_utf8(output.stdout).expect("UTF-8")
}

fn fails(args: &[&str], code: i32, expected: &str) {
    let output = run(args, "one text\n");
    let message = stderr(&output);
    assert_eq!(output.status.code(), Some(code), "{args:?}: {message}");
    assert!(
        message.contains(expected) && !message.contains("panicked"),
        "{expected}: {message}"
    );
}

/// A file of the test's own.
fn file(temp: &TempDir, name: &str, text: &str) -> String {
    let path = temp.path().join(name);
    fs::write(&path, text).expect("written");
    path.to_str().expect("UTF-8").to_owned()
}

fn path(temp: &TempDir, name: &str) -> String {
    temp.path().join(name).to_str().expect("UTF-8").to_owned()
}

const EVIL: &str = "<script>alert(1)</script>";

/// Three labelled texts.
fn texts(temp: &TempDir) -> String {
    let rows = format!("sentence,label\n{EVIL} tea,a<b\nrice and soup,c\nthe old temple,a<b\n");
    file(temp, "texts.csv", &rows)
}

#[test]
fn vectors_are_the_same_on_the_terminal_in_csv_and_for_numpy() {
    let temp = TempDir::new().expect("temp");
    let (model, data) = (asset("bert-tiny"), texts(&temp));
    let printed = stdout(&["embed", "--model", &model, "--data", &data, "--json"], "");
    let vectors: Vec<Vec<f32>> = printed
        .lines()
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect();
    assert_eq!((vectors.len(), vectors[0].len()), (3, 128));
    let lines = format!("{EVIL} tea\nrice and soup\nthe old temple\n");
    assert_eq!(printed, stdout(&["embed", "--model", &model, "--json"], &lines));

    let [csv, npy] = ["vectors.csv", "vectors.npy"].map(|name| path(&temp, name));
    for output in [&csv, &npy] {
        let said = stdout(&["embed", "--model", &model, "--data", &data, "--output", output], "");
        assert_eq!(said, "", "the file takes the place of stdout");
    }
    let csv = fs::read_to_string(csv).expect("csv");
    let rows: Vec<Vec<&str>> = csv.lines().map(|line| line.split(',').collect()).collect();
    assert_eq!((rows[0][0], rows[0][1], rows[0].len()), ("label", "x0", 129));
    assert_eq!(
        rows.iter().map(|row| row[0]).collect::<Vec<_>>(),
        ["label", "a<b", "c", "a<b"]
    );
    let numbers = |row: &[&str]| -> Vec<f32> { row[1..].iter().map(|cell| cell.parse().expect("a number")).collect() };
    assert_eq!(rows[1..].iter().map(|row| numbers(row)).collect::<Vec<_>>(), vectors);
    let npy = fs::read(npy).expect("npy");
    let header = String::from_utf8_lossy(&npy[10..128]);
    assert!(header.contains("'shape': (3, 128)"), "{header}");
    let numbers: Vec<f32> = npy[128..]
        .as_chunks::<4>()
        .0
        .iter()
        .map(|bytes| f32::from_le_bytes(*bytes))
        .collect();
    assert_eq!(numbers, vectors.concat());
}

#[test]
fn passages_longer_than_the_model_are_one_vector_each() {
    let temp = TempDir::new().expect("temp");
    let context = "The school stands in Kyoto. ".repeat(200);
    let question = |id: &str| {
        let answer = serde_json::json!({ "text": "Kyoto", "answer_start": 21 });
        serde_json::json!({ "id": id, "question": "Where?", "answers": [answer] })
    };
    let paragraph = serde_json::json!({ "context": context, "qas": [question("1"), question("2")] });
    let data = serde_json::json!({ "version": "1.1", "data": [{ "title": "t", "paragraphs": [paragraph] }] });
    let data = file(&temp, "long.json", &data.to_string());
    let (model, output) = (asset("bert-tiny"), path(&temp, "answers"));
    stdout(
        &[
            "train",
            "--task",
            "question-answering",
            "--model",
            &model,
            "--train",
            &data,
            "--output",
            &output,
            "--epochs",
            "1",
            "--max-length",
            "128",
        ],
        "",
    );
    let vectors = stdout(&["embed", "--model", &output, "--data", &data], "");
    assert_eq!(vectors.lines().count(), 2);
}

/// The tags of an SVG file, which open and close as XML has it.
fn elements(svg: &str) -> Vec<String> {
    let (mut open, mut all) = (Vec::new(), Vec::new());
    for token in Tokenizer::new(svg) {
        let Ok(token) = token;
        match token {
            Token::Error(error) => panic!("{error:?}"),
            Token::StartTag(tag) => {
                let name = String::from_utf8_lossy(&tag.name).into_owned();
                all.push(name.clone());
                open.push(name);
            }
            Token::EndTag(tag) => {
                assert_eq!(open.pop(), Some(String::from_utf8_lossy(&tag.name).into_owned()));
            }
            _ => {}
        }
    }
    assert!(open.is_empty(), "{open:?}");
    all
}

#[test]
fn the_picture_shows_each_text_once_and_escapes_it() {
    let temp = TempDir::new().expect("temp");
    let (model, data) = (asset("bert-tiny"), texts(&temp));
    let [first, second] = ["a.svg", "b.svg"].map(|name| path(&temp, name));
    for picture in [&first, &second] {
        stdout(&["embed", "--model", &model, "--data", &data, "--plot", picture], "");
    }
    let svg = fs::read_to_string(&first).expect("a picture");
    assert_eq!(svg, fs::read_to_string(&second).expect("the same picture"));
    let circles = elements(&svg).iter().filter(|name| *name == "circle").count();
    assert_eq!(circles, 3 + 2, "a point a text, a line of the legend a label");
    assert!(
        svg.contains("<title>a&lt;b: &lt;script&gt;alert(1)&lt;/script&gt; tea</title>"),
        "{svg}"
    );
    assert!(svg.contains("component 1 (") && svg.contains("% of the variance"));
    // Three texts lie in a plane: two directions hold all there is.
    let shares = svg.split(" % of the variance").take(2).map(|part| {
        let number = part.rsplit('(').next().expect("a share");
        number.parse::<f64>().expect("a number")
    });
    assert!((shares.sum::<f64>() - 100.0).abs() <= 0.1 + 1e-9);
    let unlabelled = path(&temp, "lines.svg");
    stdout(
        &["embed", "--model", &model, "--plot", &unlabelled],
        "one text\nanother\n",
    );
    assert!(
        fs::read_to_string(unlabelled)
            .expect("a picture")
            .contains("mark other")
    );
}

#[test]
fn what_embed_cannot_write_is_said() {
    let temp = TempDir::new().expect("temp");
    let (model, data) = (asset("bert-tiny"), texts(&temp));
    let txt = path(&temp, "vectors.txt");
    fails(
        &["embed", "--model", &model, "--data", &data, "--output", &txt],
        1,
        "written as .csv or .npy",
    );
    fails(
        &["embed", "--model", &model, "--data", &data, "--plot", "no/folder/a.svg"],
        1,
        "there is no folder no/folder",
    );
    let svg = path(&temp, "one.svg");
    fails(
        &["embed", "--model", &model, "--plot", &svg],
        1,
        "at least two vectors, there are 1",
    );
    fails(&["embed", "--model", &model, "--filter", "1=x"], 2, "--data");
}

/// Fits a probe to the shipped data about topics.
fn probe(output: &str, more: &[&str]) -> Output {
    let (model, train, eval) = (
        asset("bert-tiny"),
        asset("topics-en/train.csv"),
        asset("topics-en/dev.csv"),
    );
    let mut args = vec![
        "train",
        "--task",
        "sequence-classification",
        "--model",
        &model,
        "--train",
        &train,
        "--eval",
        &eval,
        "--output",
        output,
        "--train-layers",
        "head",
        "--probe",
        "logistic",
        "--json",
    ];
    args.extend(more);
    run(&args, "")
}

fn report(output: Output) -> Value {
    assert!(output.status.success(), "{}", stderr(&output));
    serde_json::from_slice(&output.stdout).expect("JSON")
}

/// Of shares of 360 texts: the solver stops at a gradient of 1e-6, which is this difference; logits are rounded to f32.
const SHARE_TOLERANCE: f64 = 1e-4;

#[test]
fn the_saved_model_says_what_the_probe_fitted() {
    let temp = TempDir::new().expect("temp");
    let [one, two] = ["one", "two"].map(|name| path(&temp, name));
    let output = probe(&one, &[]);
    assert!(
        stderr(&output).contains("the logistic regression converged after"),
        "{}",
        stderr(&output)
    );
    let fitted = report(output);
    let again = report(probe(&two, &[]));
    assert_eq!(fitted["eval"]["report"], again["eval"]["report"]);
    let weights = |folder: &str| fs::read(Path::new(folder).join("model.safetensors")).expect("weights");
    assert_eq!(weights(&one), weights(&two), "nothing is drawn");

    // Where the intercepts go free, the mean probability of a class is its share of the training data: no other model of
    // these features has that, and what was saved has it.
    let train = asset("topics-en/train.csv");
    let said = stdout(&["predict", "--model", &one, "--data", &train, "--json"], "");
    let lines: Vec<Value> = said
        .lines()
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect();
    let data = fs::read_to_string(&train).expect("data");
    for label in ["food", "phones", "sports", "travel"] {
        let gold = data.lines().filter(|line| line.ends_with(&format!(",{label}"))).count();
        let sum: f64 = lines
            .iter()
            .map(|line| line["scores"][label].as_f64().expect("a score"))
            .sum();
        let (share, mean) = (gold as f64 / lines.len() as f64, sum / lines.len() as f64);
        assert!(
            gold > 0 && (share - mean).abs() < SHARE_TOLERANCE,
            "{label}: {share} {mean}"
        );
    }
    let eval = asset("topics-en/dev.csv");
    let evaluated = stdout(&["evaluate", "--model", &one, "--data", &eval, "--json"], "");
    let evaluated: Value = serde_json::from_str(&evaluated).expect("JSON");
    assert_eq!(evaluated["accuracy"], fitted["eval"]["report"]["accuracy"]);
    assert!(
        evaluated["accuracy"].as_f64().expect("a number") > 0.4,
        "four labels, better than chance: {evaluated}"
    );

    let plain = report(probe(&path(&temp, "short"), &["--probe-l2", "1000000"]));
    let loss = |report: &Value| report["eval"]["loss"].as_f64().expect("a loss");
    // So strong a penalty leaves only the intercepts: four labels of the same number.
    assert!(
        (loss(&plain) - 4f64.ln()).abs() < 1e-3 && loss(&fitted) < loss(&plain),
        "{plain}"
    );
}

/// Has transformers compute the logits of some texts with the fitted model, where Python has it.
#[test]
fn transformers_says_what_the_probe_says() {
    /// Of logits of a few units in f32.
    const TOLERANCE: &str = "1e-4";
    let temp = TempDir::new().expect("temp");
    let folder = path(&temp, "model");
    report(probe(&folder, &[]));
    let data = asset("topics-en/dev.csv");
    let said = stdout(
        &["predict", "--model", &folder, "--data", &data, "--json", "--logits"],
        "",
    );
    let logits = file(&temp, "logits.jsonl", &said);
    transformers::compare(&folder, &logits, &["--tolerance", TOLERANCE]);
}

#[test]
fn what_a_probe_cannot_do_is_said_before_anything_is_computed() {
    let temp = TempDir::new().expect("temp");
    let (model, output) = (asset("bert-tiny"), path(&temp, "out"));
    let data = texts(&temp);
    let base = [
        "train", "--model", &model, "--train", &data, "--output", &output, "--probe", "logistic",
    ];
    let with = |more: &[&'static str]| [base.to_vec(), more.to_vec()].concat();
    let task = ["--task", "sequence-classification"];
    fails(&with(&task), 1, "--probe is logistic: needs --train-layers head");
    fails(
        &with(&["--task", "regression", "--train-layers", "head"]),
        1,
        "works for sequence-classification only",
    );
    fails(
        &with(&[
            "--task",
            "sequence-classification",
            "--train-layers",
            "head",
            "--probe-l2=-1",
        ]),
        1,
        "--probe-l2 is -1",
    );
    fails(
        &with(&[
            "--task",
            "sequence-classification",
            "--train-layers",
            "head",
            "--label-smoothing",
            "0.1",
        ]),
        1,
        "must be 0 with --probe",
    );
    let one = file(&temp, "one.csv", "sentence,label\ntea,a\nsoup,a\n");
    let labels = file(&temp, "labels.txt", "a\nb\n");
    let args = [
        "train",
        "--task",
        "sequence-classification",
        "--model",
        &model,
        "--train",
        &one,
        "--labels",
        &labels,
        "--output",
        &output,
        "--train-layers",
        "head",
        "--probe",
        "logistic",
    ];
    fails(&args, 1, "are of 1 class; a logistic regression needs at least two");
    assert!(!Path::new(&output).exists());
}
