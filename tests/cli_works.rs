//! Drives the real binary through running text that is split, and a model of GPT-2 that does not continue any.

mod binary;
mod new_model;
mod tiny;

use std::fs;

use serde_json::Value;
use tempfile::TempDir;

use binary::{fails, json, root, run, stderr, stdout, terakoya};
use new_model::{GPT2, train_new};
use tiny::file;

#[test]
fn a_classifier_of_gpt2_is_named_instead_of_asked_for_words() {
    let temp = TempDir::new().expect("temp");
    let folder = temp.path().join("classifier");
    fs::create_dir(&folder).expect("a folder");
    let shipped = root().join("assets/gpt2-mini-ja");
    for name in ["model.safetensors", "spiece.model.gz"] {
        fs::copy(shipped.join(name), folder.join(name)).expect("copied");
    }
    let mut config = json(&fs::read_to_string(shipped.join("config.json")).expect("config.json"));
    config["architectures"] = serde_json::json!(["GPT2ForSequenceClassification"]);
    fs::write(folder.join("config.json"), config.to_string()).expect("written");
    let data = file(&temp, "data.csv", "text,label\na,x\nb,y\n");
    let with = |arguments: &[&str]| {
        let mut command = terakoya(&[arguments, &["--device", "cpu", "--model"]].concat());
        command.arg(&folder);
        command
    };
    for arguments in [
        &["predict", "--text", "a"][..],
        &["evaluate", "--data", &data],
        &["generate", "--prompt", "a"],
    ] {
        fails(
            with(arguments),
            "config.json says the model is a GPT2ForSequenceClassification, whose head is not read here: only causal-lm",
        );
    }
    let mut inspect = terakoya(&["inspect", "--json", "--model"]);
    inspect.arg(&folder);
    assert_eq!(json(&stdout(&run(inspect)))["task"], Value::Null);

    // What lies below the head is a model like any other.
    let text = file(&temp, "text.txt", &"山の中の村。\n".repeat(20));
    let output = temp.path().join("tuned");
    let mut train = with(&["train", "--task", "causal-lm", "--train", &text, "--epochs", "1"]);
    train.arg("--output").arg(&output);
    stdout(&run(train));
    let mut generate = terakoya(&["generate", "--prompt", "山", "--max-new-tokens", "2", "--device", "cpu"]);
    generate.arg("--model").arg(&output);
    stdout(&run(generate));
}

#[test]
fn a_running_text_is_split_by_position_where_its_works_are_too_few() {
    let temp = TempDir::new().expect("temp");
    let lines: Vec<String> = (0..100).map(|line| format!("line {line} of the tale")).collect();
    let one = file(&temp, "one.txt", &(lines.join("\n") + "\n"));
    let config = file(&temp, "config.json", GPT2);
    let train = |name: &str, flags: &[&str]| {
        let flags = [flags, &["--epochs", "1", "--block-size", "32"]].concat();
        run(train_new("causal-lm", &config, "gpt2", &temp.path().join(name), &flags))
    };
    let learned = train(
        "one",
        &["--train", &one, "--split", "8:1:1", "--max-train-samples", "5"],
    );
    stdout(&learned);
    let said = stderr(&learned);
    assert!(
        said.contains("--split 8:1:1 shares out whole works") && said.contains("each is cut by position instead"),
        "{said}"
    );
    let counted = "--max-train-samples 5 counts whole works, which form feeds tell apart";
    assert!(said.contains(counted), "{said}");
    let record = json(&fs::read_to_string(temp.path().join("one/training.json")).expect("training.json"));
    assert_eq!(record["data"]["test"]["examples"], 1, "{record}");
    assert!(record["record"]["evaluations"][0]["loss"].is_number(), "{record}");

    // Ten works are enough to be shared out whole.
    let ten = file(&temp, "ten.txt", &lines.join(" is told again and again\u{c}"));
    let learned = train("ten", &["--train", &ten, "--split", "8:2"]);
    stdout(&learned);
    assert!(!stderr(&learned).contains("by position"), "{}", stderr(&learned));

    for (name, text, expected) in [
        (
            "word.txt",
            "a",
            "(training part): --split 8:2 leaves nothing of 1 works for it",
        ),
        (
            "row.csv",
            "text,label\na,b\n",
            "(evaluation part): --split 8:2 leaves nothing of 1 rows for it",
        ),
    ] {
        let data = file(&temp, name, text);
        let task = if name.ends_with("csv") {
            "masked-lm"
        } else {
            "causal-lm"
        };
        let command = tiny::train(task, &temp.path().join("none"), &["--train", &data, "--split", "8:2"]);
        fails(command, expected);
    }
}
