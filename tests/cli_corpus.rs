//! Drives `terakoya corpus` on small tables of the corpora beside KNBC, trains on what it writes, and points it at wrong folders.

mod corpora;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};
use tempfile::TempDir;

use corpora::{convert, fails, fails_in, fixture, folder, names, rows};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// Trains one epoch on the parts that a conversion left in `data`; the model must be there afterwards.
fn trains(task: &str, data: &Path, extension: &str, flags: &[&str]) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_terakoya"));
    command.args([
        "train",
        "--task",
        task,
        "--device",
        "cpu",
        "--epochs",
        "1",
        "--batch-size",
        "8",
    ]);
    command.arg("--model").arg(root().join("assets/bert-tiny")).args(flags);
    command.arg("--train").arg(data.join(format!("train.{extension}")));
    command.arg("--eval").arg(data.join(format!("dev.{extension}")));
    let model = data.join("model");
    let output = command.arg("--output").arg(&model).output().expect("the binary starts");
    assert!(
        output.status.success(),
        "{task}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    assert!(model.join("model.safetensors").exists(), "{task}");
}

#[test]
fn what_is_written_trains() {
    let temp = TempDir::new().expect("temp");
    let out = |name: &str| temp.path().join(name);
    convert("knbc", &fixture(), &out("sentiment"), &["--task", "sentiment"]);
    trains("sequence-classification", &out("sentiment"), "csv", &[]);

    convert("knbc", &fixture(), &out("ner"), &["--task", "ner"]);
    // The smaller parts have types that the training part lacks: the list of labels has them all.
    let labels = out("ner").join("labels.txt");
    trains(
        "token-classification",
        &out("ner"),
        "conll",
        &["--labels", labels.to_str().expect("UTF-8")],
    );

    let emotions = "Ha, so\t0,1\ta\nWow\t2\tb\n";
    let emotions = folder(&[
        ("labels.txt", "joy\nfear\nneutral\n"),
        ("train.tsv", emotions),
        ("dev.tsv", emotions),
    ]);
    convert("goemotions", emotions.path(), &out("goemotions"), &[]);
    trains("multi-label-classification", &out("goemotions"), "csv", &[]);

    let similar = "{\"sentence1\": \"川\", \"sentence2\": \"海\", \"label\": 3.8}\n\
                   {\"sentence1\": \"山\", \"sentence2\": \"海\", \"label\": 0.4}\n";
    let jsts = folder(&[("train-v1.3.json", similar), ("valid-v1.3.json", similar)]);
    convert("jglue", jsts.path(), &out("jsts"), &[]);
    trains("regression", &out("jsts"), "csv", &[]);

    let entry = |page: usize| json!({"curid": page.to_string(), "text": "東京にある。", "entities": [{"name": "東京", "span": [0, 2], "type": "地名"}]});
    let spans = folder(&[("ner.json", &(0..10).map(entry).collect::<Value>().to_string())]);
    convert("ner-wikipedia", spans.path(), &out("spans"), &[]);
    trains("token-classification", &out("spans"), "json", &[]);
}

#[test]
fn wrong_folders_are_named() {
    let temp = TempDir::new().expect("temp");
    let out = temp.path().join("out");
    let task = ["--task", "sentiment"];
    let message = fails("knbc", &fixture().join("corpus1"), &out, &task, 1);
    assert!(message.contains("holds no corpus1"), "{message}");
    let message = fails("knbc", &root().join("tests/fixtures"), &out, &task, 1);
    assert!(
        message.contains("holds no corpus1") && message.contains("knbc does"),
        "{message}"
    );
    let message = fails("knbc", &temp.path().join("nowhere"), &out, &task, 1);
    assert!(message.contains("nowhere"), "{message}");
    for (name, missing) in [
        ("jrte", "no pn.tsv"),
        ("jglue", "no train or valid file"),
        ("ner-wikipedia", "ner.json"),
        ("emotion", "no train, dev (val) or test file"),
        ("goemotions", "no train, dev (val) or test file"),
    ] {
        let message = fails(name, &fixture(), &out, &[], 1);
        assert!(message.contains(missing) && message.contains("knbc"), "{message}");
    }
    // Files of other data: the corpus has no flags that say which column is which.
    for (name, text) in [
        ("polarity", "p1\t-1\tcold\t{}\ttrain\n"),
        ("columns", "id,number,category\n1,2,a\n"),
        ("quotes", "text,label\n\"a,1\nb,2\n"),
        ("labels", "text,label\na,joy\nb,positive\n"),
        ("numbers", "text,label\na,5\nb,6\n"),
    ] {
        let source = folder(&[("train.csv", text)]);
        let message = fails("emotion", source.path(), &out, &[], 1);
        assert!(
            message.contains("train.csv: ") && !message.contains("--"),
            "{name}: {message}"
        );
        assert!(
            message.contains("is it the corpus's file?") || message.contains("is the file whole?"),
            "{message}"
        );
    }
    assert!(!out.exists());
}

#[test]
fn files_that_hold_nothing_are_named_however_short_their_names_are() {
    let source = folder(&[
        ("n", "[]"),
        ("t", "\n"),
        ("emotions/train.tsv", "hm\t0\ta\n"),
        ("emotions/labels.txt", "\n"),
    ]);
    for (name, file, expected) in [
        ("ner-wikipedia", "n", "n: there is no entry in it"),
        ("jrte", "t", "t: there is no row in it"),
        ("goemotions", "emotions", "labels.txt: there is no label in it"),
    ] {
        let message = fails_in(source.path(), name, Path::new(file), Path::new("out"), &[], 1);
        assert!(message.trim_end().ends_with(expected), "{message}");
    }
}

fn pairs(rows: &[(String, String)]) -> Vec<(&str, &str)> {
    rows.iter()
        .map(|(text, label)| (text.as_str(), label.as_str()))
        .collect()
}

#[test]
fn tables_are_converted_into_their_parts() {
    let temp = TempDir::new().expect("temp");
    let out = |name: &str| temp.path().join(name);
    let emotion = folder(&[
        ("train.txt", "text;label_name\ni, \"too\";joy\nhm;fear\n"),
        ("val.txt", "text;label_name\noh;joy\n"),
    ]);
    convert("emotion", emotion.path(), &out("emotion"), &[]);
    assert_eq!(
        pairs(&rows(&out("emotion").join("train.csv"))),
        [("i, \"too\"", "joy"), ("hm", "fear")]
    );
    assert_eq!(names(&out("emotion")), ["corpus.json", "dev.csv", "train.csv"]);
    let numbers: String = (0..11).map(|label| format!("{label}\n")).collect();
    let numbers = folder(&[
        ("labels.txt", numbers.as_str()),
        ("train.tsv", "a\t10,9\tx\nb\t0\ty\nc\t9\tz\n"),
    ]);
    let report = convert("goemotions", numbers.path(), &out("numbers"), &[]);
    let counts = report["files"][0]["labels"].as_object().expect("counts");
    assert_eq!(counts.keys().collect::<Vec<_>>(), ["0", "9", "10"], "by value");
    // The file is named once, whichever part of the program says it.
    let damaged = folder(&[("train.txt", "text;label\na;1\nb;1;2\n")]);
    let message = fails("emotion", damaged.path(), &out("none"), &[], 1);
    assert!(message.contains("line 3"), "{message}");
    assert_eq!(message.matches("train.txt").count(), 1, "{message}");

    let pn = "p1\t-1\t寒い\t{}\ttrain\np2\t1\t良い\t{}\tdev\np3\t0\t\"泊\t{}\ttrain\n";
    let jrte = folder(&[("pn.tsv", pn)]);
    convert("jrte", jrte.path(), &out("pn"), &[]);
    assert_eq!(
        pairs(&rows(&out("pn").join("train.csv"))),
        [("寒い", "-1"), ("\"泊", "0")]
    );
    let rte = "r1\t1\t海が見える。\tオーシャンビュー。\tnull\tnull\ttest\n";
    let jrte = folder(&[
        ("pn.tsv", pn),
        ("rte.lrec2020_surf.tsv", rte),
        ("operation.rte.tsv", "x"),
    ]);
    convert("jrte", jrte.path(), &out("jrte"), &[]);
    let pair = rows(&out("jrte").join("rte.lrec2020_surf/test.csv"));
    assert_eq!(pairs(&pair), [("オーシャンビュー。+海が見える。", "1")]);
    assert_eq!(names(&out("jrte").join("pn")), ["corpus.json", "dev.csv", "train.csv"]);

    let emotions = folder(&[
        ("labels.txt", "admiration\namusement\nneutral\n"),
        ("test.tsv", "\"Ha, so\t0,1\ta\nWow\t2\tb\n"),
    ]);
    let report = convert("goemotions", emotions.path(), &out("goemotions"), &[]);
    let test = rows(&out("goemotions").join("test.csv"));
    assert_eq!(pairs(&test), [("\"Ha, so", "admiration|amusement"), ("Wow", "neutral")]);
    assert_eq!(
        report["files"][0]["labels"],
        json!({"admiration": 1, "amusement": 1, "neutral": 1})
    );
    let labels = fs::read_to_string(out("goemotions").join("labels.txt")).expect("labels");
    assert_eq!(labels, "admiration\namusement\nneutral\n");
}

#[test]
fn jglue_is_told_apart_by_its_records() {
    let temp = TempDir::new().expect("temp");
    let similar = "{\"sentence1\": \"川\", \"sentence2\": \"海\", \"label\": 3.8}\n";
    let inference = "{\"sentence1\": \"犬がいる\", \"sentence2\": \"猫がいる\", \"label\": \"neutral\"}\n";
    let questions = "{\"data\": [{\"paragraphs\": [{\"context\": \"川 [SEP] 𠮷野の川\", \"qas\": [\
        {\"id\": \"a\", \"question\": \"?\", \"answers\": [{\"text\": \"川\", \"answer_start\": 11}]}, \
        {\"id\": \"b\", \"question\": \"?\", \"answers\": [{\"text\": \"川\", \"answer_start\": 0}]}]}]}]}\n";
    let choices = "{\"question\": \"?\", \"choice0\": \"a\", \"label\": 0}\n";
    let jglue = folder(&[
        ("jsts-v1.3/train-v1.3.json", similar),
        ("jsts-v1.3/valid-v1.3.json", similar),
        ("jnli-v1.3/valid-v1.3.json", inference),
        ("jsquad-v1.3/valid-v1.3.json", questions),
        ("jcommonsenseqa-v1.3/train-v1.3.json", choices),
        ("LICENSE", "CC BY-SA 4.0"),
    ]);
    let out = temp.path().join("all");
    let report = convert("jglue", jglue.path(), &out, &[]);
    assert_eq!(
        fs::read_to_string(out.join("jsts/dev.csv")).expect("jsts"),
        "sentence1,sentence2,score\n川,海,3.8\n"
    );
    assert_eq!(
        pairs(&rows(&out.join("jnli/dev.csv"))),
        [("犬がいる+猫がいる", "neutral")]
    );
    assert_eq!(
        fs::read_to_string(out.join("jsquad/dev.json")).expect("jsquad"),
        questions
    );
    assert!(!out.join("jcommonsenseqa").exists());
    assert_eq!(report["files"].as_array().map(Vec::len), Some(4));

    let alone = temp.path().join("alone");
    convert("jglue", &jglue.path().join("jsts-v1.3"), &alone, &[]);
    assert_eq!(names(&alone), ["corpus.json", "dev.csv", "train.csv"]);
    let versions = folder(&[
        ("jsts-v1.1/train-v1.1.json", similar),
        ("jsts-v1.3/train-v1.3.json", similar),
    ]);
    let message = fails("jglue", versions.path(), &temp.path().join("none"), &[], 1);
    assert!(message.contains("there are two versions of jsts"), "{message}");
    let message = fails(
        "jglue",
        &jglue.path().join("jcommonsenseqa-v1.3"),
        &temp.path().join("none"),
        &[],
        1,
    );
    assert!(message.contains("multiple choice"), "{message}");
    let damaged = similar.replace("3.8", "NaN");
    for (text, expected) in [
        (damaged + similar, "train.json: line 1, column "),
        (similar.replace("3.8", "1e400"), "train.json: line 1, column "),
        (String::new(), "train.json: there is no record in it"),
        (
            "{\"data\": []}\n".to_owned(),
            "train.json has SQuAD's form, but no question in it",
        ),
        (
            questions.replace("11", "10"),
            "train.json: question 1 (\"a\"): the answer \"川\" should start at character 10, where there is \"の\"",
        ),
        (
            similar.to_owned() + &similar.replace("3.8", "5.5"),
            "train.json: line 2: the label \"5.5\" is not a number from 0 to 5",
        ),
        (
            inference.to_owned() + &inference.replace("neutral", "entailed"),
            "train.json: line 2: the label \"entailed\" is not one of entailment, contradiction, neutral",
        ),
        (
            "{\"sentence\": \"a\", \"label\": \"neutral\"}\n".to_owned(),
            "train.json: line 1: the label \"neutral\" is not one of positive, negative",
        ),
    ] {
        let source = folder(&[("train.json", &text)]);
        let message = fails("jglue", source.path(), &temp.path().join("none"), &[], 1);
        assert!(message.contains(expected), "{message}");
        assert_eq!(message.matches("train.json").count(), 1, "{message}");
    }
    let broken = folder(&[("train.json", &format!("{similar}{{\"sentence1\": \"川\"}}\n"))]);
    let message = fails("jglue", broken.path(), &temp.path().join("none"), &[], 1);
    assert!(
        message.contains("train.json") && message.contains("line 2"),
        "{message}"
    );
}

#[test]
fn named_entities_keep_their_spans_and_pages_stay_whole() {
    let temp = TempDir::new().expect("temp");
    let entry = |page: usize, number: usize| {
        json!({
            "curid": page.to_string(),
            "text": format!("{number}番は🗼の東京にある。"),
            "entities": [{"name": "東京", "span": [number.to_string().len() + 4, number.to_string().len() + 6], "type": "地名"}],
        })
    };
    let entries: Vec<Value> = (0..30).map(|number| entry(number % 10, number)).collect();
    let source = folder(&[("ner.json", &Value::from(entries.clone()).to_string())]);
    let out = temp.path().join("out");
    let report = convert("ner-wikipedia", source.path(), &out, &[]);
    let parts = ["train", "dev", "test"].map(|part| -> Vec<Value> {
        let bytes = fs::read(out.join(format!("{part}.json"))).expect("a part");
        serde_json::from_slice(&bytes).expect("an array")
    });
    assert_eq!(parts.each_ref().map(Vec::len), [24, 3, 3]);
    assert_eq!(report["files"][1]["labels"], json!({"地名": 3}));
    let pages = |part: &Vec<Value>| {
        part.iter()
            .map(|entry| entry["curid"].to_string())
            .collect::<BTreeSet<_>>()
    };
    let [train, dev, test] = parts.each_ref().map(pages);
    assert!(train.is_disjoint(&dev) && train.is_disjoint(&test) && dev.is_disjoint(&test));
    let all: Vec<&Value> = parts.iter().flatten().collect();
    assert!(entries.iter().all(|entry| all.contains(&entry)));

    // train reads such a file without pages too: each text is one by itself.
    let mut without = entries.clone();
    for entry in &mut without {
        entry.as_object_mut().expect("an object").remove("curid");
    }
    let source = folder(&[("ner.json", &Value::from(without.clone()).to_string())]);
    convert("ner-wikipedia", source.path(), &temp.path().join("without"), &[]);
    let bytes = fs::read(temp.path().join("without/dev.json")).expect("a part");
    let dev: Vec<Value> = serde_json::from_slice(&bytes).expect("an array");
    assert!(
        dev.len() == 3 && dev.iter().all(|entry| without.contains(entry)),
        "{dev:?}"
    );
    without[4].as_object_mut().expect("an object").remove("text");
    let source = folder(&[("ner.json", &Value::from(without).to_string())]);
    let message = fails("ner-wikipedia", source.path(), &temp.path().join("none"), &[], 1);
    assert!(
        message.contains("record 5 is not of the corpus's form: missing field `text`"),
        "{message}"
    );
    assert_eq!(
        (message.matches("ner.json").count(), message.matches("missing").count()),
        (1, 1),
        "{message}"
    );

    let lines: String = entries.iter().map(|entry| format!("{entry}\n")).collect();
    let halved = Value::from(entries.clone()).to_string().replacen('🗼', "\\ud83d", 1);
    let untyped = Value::from(entries.clone()).to_string().replacen("\"地名\"", "\"\"", 1);
    for (text, expected) in [
        (lines, "expected one JSON array of articles, found several objects"),
        (halved, "half of a character"),
        (untyped, "record 1 (curid \"0\"): the entity \"東京\" has the type \"\""),
    ] {
        let source = folder(&[("ner.json", &text)]);
        let message = fails("ner-wikipedia", source.path(), &temp.path().join("none"), &[], 1);
        assert!(
            message.contains("ner.json: ") && message.contains(expected),
            "{message}"
        );
    }

    let mut shifted = entries;
    shifted[7]["entities"][0]["span"] = json!([6, 8]);
    let source = folder(&[("ner.json", &Value::from(shifted).to_string())]);
    let message = fails("ner-wikipedia", source.path(), &temp.path().join("none"), &[], 1);
    assert!(
        message.contains("ner.json") && message.contains("record 8"),
        "{message}"
    );
}
