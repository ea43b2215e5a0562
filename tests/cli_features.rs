//! Drives the real binary through what frozen features are for: files of vectors, the picture of texts, and the probe.

mod binary;
mod stdin;
mod tiny;
mod transformers;

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use html5gum::{Token, Tokenizer};
use serde_json::Value;
use tempfile::TempDir;

use binary::{fails, json, root, run, stderr, stdout, terakoya};
use stdin::run_with;
use tiny::{file, train};

fn asset(path: &str) -> String {
    let path = root().join("assets").join(path);
    path.to_str().expect("UTF-8").to_owned()
}

fn on_cpu(args: &[&str]) -> Command {
    let mut command = terakoya(args);
    command.args(["--device", "cpu"]);
    command
}

/// What a run that must not fail prints.
fn said(args: &[&str]) -> String {
    stdout(&run(on_cpu(args)))
}

/// The same of `text` on stdin.
fn said_of(args: &[&str], text: &str) -> String {
    stdout(&run_with(on_cpu(args), text))
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
    let printed = said(&["embed", "--model", &model, "--data", &data, "--json"]);
    let vectors = printed.lines().map(|line| serde_json::from_str(line).expect("JSON"));
    let vectors: Vec<Vec<f32>> = vectors.collect();
    assert_eq!((vectors.len(), vectors[0].len()), (3, 128));
    let lines = format!("{EVIL} tea\nrice and soup\nthe old temple\n");
    assert_eq!(printed, said_of(&["embed", "--model", &model, "--json"], &lines));

    let [csv, npy] = ["vectors.csv", "vectors.npy"].map(|name| path(&temp, name));
    for output in [&csv, &npy] {
        let printed = said(&["embed", "--model", &model, "--data", &data, "--output", output]);
        assert_eq!(printed, "", "the file takes the place of stdout");
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
fn vectors_are_those_of_transformers() {
    /// Of numbers of a few units in f32.
    const TOLERANCE: &str = "1e-5";
    let temp = TempDir::new().expect("temp");
    let (model, data) = (asset("bert-tiny"), asset("topics-en/dev.csv"));
    let rows = csv::Reader::from_path(&data).expect("csv").into_records();
    let text = |row: csv::StringRecord| serde_json::json!({ "text": row[0] }).to_string() + "\n";
    let texts: String = rows.map(|row| text(row.expect("a row"))).collect();
    let [mean, cls] = ["mean", "cls"].map(|pooling| {
        let output = path(&temp, &format!("{pooling}.npy"));
        said(&[
            "embed",
            "--model",
            &model,
            "--data",
            &data,
            "--pooling",
            pooling,
            "--output",
            &output,
        ]);
        output
    });
    let texts = file(&temp, "texts.jsonl", &texts);
    let more = ["--mean", &mean, "--cls", &cls, "--tolerance", TOLERANCE];
    transformers::compare(&model, &texts, &more);
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
    let output = path(&temp, "answers");
    let flags = ["--train", &data, "--epochs", "1", "--max-length", "128"];
    stdout(&run(train("question-answering", Path::new(&output), &flags)));
    let vectors = said(&["embed", "--model", &output, "--data", &data]);
    assert_eq!(vectors.lines().count(), 2);
    let told = stderr(&run(on_cpu(&["embed", "--model", &output, "--data", &data])));
    let expected = "2 of 2 texts were longer than the 512 tokens that the model reads and were cut";
    assert!(told.contains(expected), "{told}");
    // What is longer than the windows it learned with, but not than the model, is read to its end.
    let stands = "The school stands there. ".repeat(40);
    let data = file(&temp, "texts.csv", &format!("text\n{stands}Kyoto\n{stands}Osaka\n"));
    let told = run(on_cpu(&["embed", "--model", &output, "--data", &data]));
    assert!(!stderr(&told).contains("cut"), "{}", stderr(&told));
    let vectors = stdout(&told);
    let vectors: Vec<&str> = vectors.lines().collect();
    assert_ne!(vectors[0], vectors[1]);
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
        said(&["embed", "--model", &model, "--data", &data, "--plot", picture]);
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
    // The same table under the name of a text.
    let renamed = temp.path().join("corpus.txt");
    fs::write(&renamed, "a cup of tea;warm\na walk in rain;cold\nsnow;cold\n").expect("written");
    let third = path(&temp, "c.svg");
    let renamed = renamed.to_str().expect("UTF-8");
    said(&["embed", "--model", &model, "--data", renamed, "--plot", &third]);
    let classes = fs::read_to_string(&third).expect("a picture");
    assert!(
        classes.contains(">cold<") && !classes.contains("mark other"),
        "{classes}"
    );
    let unlabelled = path(&temp, "lines.svg");
    said_of(
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
fn words_with_tags_are_embedded_as_sentences() {
    let temp = TempDir::new().expect("temp");
    let model = asset("bert-tiny");
    let words = "Kyoto\tB-place\nis\tO\nhome\tO\n\nrice\tO\n\n";
    let sentences = said_of(&["embed", "--model", &model], "Kyoto is home\nrice\n");
    for name in ["words.conll", "words.iob2"] {
        let data = file(&temp, name, words);
        assert_eq!(
            said(&["embed", "--model", &model, "--data", &data]),
            sentences,
            "{name}"
        );
    }
    let csv = path(&temp, "vectors.csv");
    let data = file(&temp, "words.conll", words);
    said(&["embed", "--model", &model, "--data", &data, "--output", &csv]);
    let written = fs::read_to_string(csv).expect("csv");
    let labels: Vec<&str> = written.lines().filter_map(|line| line.split(',').next()).collect();
    assert_eq!(labels, ["label", "B-place O O", "O"]);
}

#[test]
fn a_label_column_may_hold_several_labels_of_a_list() {
    let temp = TempDir::new().expect("temp");
    let model = asset("bert-tiny");
    let names = file(&temp, "labels.txt", "joy\nfear\nlove\n");
    let csv = path(&temp, "vectors.csv");
    let embed = |rows: &str| {
        let data = file(&temp, "rows.tsv", rows);
        let columns = ["--text-column", "1", "--label-column", "2", "--labels", &names];
        on_cpu(
            &[
                &["embed", "--model", &model, "--data", &data, "--output", &csv],
                &columns[..],
            ]
            .concat(),
        )
    };
    stdout(&run(embed("tea\t1\tx\nsoup\t0,2\tx\nrice\tlove\tx\n")));
    let written = fs::read_to_string(&csv).expect("csv");
    for (line, label) in written.lines().zip(["label,x0", "fear,", "\"joy,love\",", "love,"]) {
        assert!(line.starts_with(label), "{label}: {line}");
    }
    fails(
        embed("tea\t1\tx\nsoup\t0,3\tx\n"),
        "line 2: \"3\" is neither one of the 3 labels",
    );
}

#[test]
fn what_embed_cannot_write_is_said() {
    let temp = TempDir::new().expect("temp");
    let (model, data) = (asset("bert-tiny"), texts(&temp));
    let txt = path(&temp, "vectors.txt");
    fails(
        on_cpu(&["embed", "--model", &model, "--data", &data, "--output", &txt]),
        "written as .csv or .npy",
    );
    fails(
        on_cpu(&["embed", "--model", &model, "--data", &data, "--plot", "no/folder/a.svg"]),
        "there is no folder no/folder",
    );
    let one = file(&temp, "one.txt", "one text\n");
    let svg = path(&temp, "one.svg");
    fails(
        on_cpu(&["embed", "--model", &model, "--data", &one, "--plot", &svg]),
        "at least two vectors, there are 1",
    );
}

#[test]
fn flags_that_would_do_nothing_are_refused() {
    let model = asset("bert-tiny");
    let embed = ["embed", "--model", &model];
    let predict = ["predict", "--model", &model];
    let quantize = ["quantize", "--model", &model, "--output", "small"];
    for (command, flags, expected) in [
        (&embed[..], &["--filter", "1=x"][..], "--data <FILE>"),
        (&embed, &["--text-column", "2"], "--data <FILE>"),
        (&predict, &["--format", "tsv"], "--data <FILE>"),
        (&predict, &["--text", "one", "--filter", "1=x"], "cannot be used with"),
        (&predict, &["--text", "one", "--format", "tsv"], "cannot be used with"),
        (&quantize, &["--quote", "none"], "--data <FILE>"),
        (&embed, &["--json", "--output", "a.csv"], "cannot be used with"),
        (&embed, &["--json", "--plot", "a.svg"], "cannot be used with"),
    ] {
        let output = run(on_cpu(&[command, flags].concat()));
        let message = stderr(&output);
        assert_eq!(output.status.code(), Some(2), "{command:?} {flags:?}: {message}");
        assert!(message.contains(expected), "{command:?} {flags:?}: {message}");
    }
}

/// Fits a probe to the shipped data about topics.
fn probe(output: &str, more: &[&str]) -> Output {
    let [data, eval] = ["topics-en/train.csv", "topics-en/dev.csv"].map(asset);
    let flags = [
        "--train",
        &data,
        "--eval",
        &eval,
        "--train-layers",
        "head",
        "--probe",
        "logistic",
    ];
    let mut command = train("sequence-classification", Path::new(output), &flags);
    command.arg("--json").args(more);
    run(command)
}

fn report(output: Output) -> Value {
    json(&stdout(&output))
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
    let lines: Vec<Value> = said(&["predict", "--model", &one, "--data", &train, "--json"])
        .lines()
        .map(json)
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
    let evaluated = json(&said(&["evaluate", "--model", &one, "--data", &eval, "--json"]));
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
    let printed = said(&["predict", "--model", &folder, "--data", &data, "--json", "--logits"]);
    let logits = file(&temp, "logits.jsonl", &printed);
    transformers::compare(&folder, &logits, &["--tolerance", TOLERANCE]);
}

#[test]
fn what_a_probe_cannot_do_is_said_before_anything_is_computed() {
    let temp = TempDir::new().expect("temp");
    let (data, output) = (texts(&temp), path(&temp, "out"));
    let base = ["--train", &data, "--probe", "logistic"];
    let with = |task, more: &[&str]| train(task, Path::new(&output), &[&base, more].concat());
    let classes = "sequence-classification";
    fails(with(classes, &[]), "--probe is logistic: needs --train-layers head");
    let head = ["--train-layers", "head"];
    fails(
        with("regression", &head),
        "--probe is logistic: counts for sequence-classification only, not for regression",
    );
    for (flags, expected) in [
        (&["--probe-l2=-1"][..], "--probe-l2 is -1"),
        (
            &["--label-smoothing", "0.1"],
            "--label-smoothing is 0.1: counts without --probe only",
        ),
        (&["--epochs", "10"], "--epochs is 10: counts without --probe only"),
        (
            &["--lr", "1e-3"],
            "--learning-rate is 0.001: counts without --probe only",
        ),
        (
            &["--keep-best", "false"],
            "--keep-best is false: counts without --probe only",
        ),
    ] {
        fails(with(classes, &[&head, flags].concat()), expected);
    }
    let one = file(&temp, "one.csv", "sentence,label\ntea,a\nsoup,a\n");
    let labels = file(&temp, "labels.txt", "a\nb\n");
    let flags = [
        "--train",
        &one,
        "--labels",
        &labels,
        "--probe",
        "logistic",
        "--train-layers",
        "head",
    ];
    fails(
        train(classes, Path::new(&output), &flags),
        "are of 1 class; a logistic regression needs at least two",
    );
    assert!(!Path::new(&output).exists());
}
