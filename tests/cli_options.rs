//! Drives the real binary with command lines that cannot be: each is a usage error that names the flag and why.

mod binary;

use std::fs;
use std::process::Command;

use tempfile::TempDir;

use binary::{fails, json, root, run, stderr, stdout, terakoya};

fn bert() -> String {
    root().join("assets/bert-tiny").to_str().expect("UTF-8").to_owned()
}

/// Runs what is to exit with 2 and one error that contains `expected`.
fn refused(command: Command, expected: &str) {
    let refused = run(command);
    let message = stderr(&refused);
    assert_eq!(refused.status.code(), Some(2), "{message}");
    assert!(message.contains(expected), "{expected:?}: {message}");
    assert!(!message.contains("unexpected argument"), "{message}");
}

#[test]
fn a_command_line_that_cannot_be_exits_with_2_and_names_the_flag() {
    let temp = TempDir::new().expect("temp");
    let output = temp.path().join("out");
    let data = root().join("assets/topics-en/train.csv");
    let data = data.to_str().expect("UTF-8");
    let cases: [(&[&str], &str); 11] = [
        (&["--epochs", "0"], "--epochs is 0"),
        (&["--stride", "-1"], "--stride -1: must be a whole number, 0 or more"),
        (
            &["--seed", "18446744073709551616"],
            "'--seed <seed>': expected a whole number up to 18446744073709551615",
        ),
        (&["--batch-size", "0"], "--batch-size is 0"),
        (&["--target-scale", "0"], "--target-scale is 0"),
        (&["--learning-rate", "-1"], "--learning-rate is -1"),
        (&["--probe-l2", "-1"], "--probe-l2 is -1"),
        (&["--probe", "svm"], "--probe \"svm\""),
        (&["--lr-schedule", "foo"], "--lr-schedule \"foo\""),
        (&["--task", "foo"], "'--task <TASK>'"),
        (
            &["--memory-limit", "-1"],
            "'--memory-limit <MB>': expected a whole number",
        ),
    ];
    for (flags, expected) in cases {
        let mut command = terakoya(&["train", "--device", "cpu"]);
        command.args(["--model", &bert(), "--train", data]);
        command.arg("--output").arg(&output).args(flags);
        refused(command, expected);
    }
    let config = temp.path().join("run.json");
    fs::write(&config, r#"{"epochs":"x"}"#).expect("written");
    for missing in [&["train"][..], &["train", "--output", "out"], &["train", "--config"]] {
        let mut command = terakoya(missing);
        if missing.contains(&"--config") {
            command.arg(&config);
        }
        let named = if missing.contains(&"--config") {
            "--epochs \"x\""
        } else {
            "is missing"
        };
        refused(command, named);
    }
}

#[test]
fn truth_values_are_true_or_false() {
    refused(
        terakoya(&["train", "--viterbi", "maybe"]),
        "invalid value 'maybe' for '--viterbi [<viterbi>]': expected true or false",
    );
}

#[test]
fn options_that_the_task_has_no_use_for_are_refused() {
    let temp = TempDir::new().expect("temp");
    let output = temp.path().join("out");
    // The data file is not even looked for.
    let train = |task: &str, flags: &[&str]| {
        let mut command = terakoya(&["train", "--task", task, "--model", &bert(), "--train", "none"]);
        command.arg("--output").arg(&output).args(flags);
        command
    };
    let cases: [(&str, &[&str], &str); 12] = [
        (
            "regression",
            &["--viterbi"],
            "--viterbi is true: counts for token-classification only, not for regression",
        ),
        (
            "regression",
            &["--threshold", "0.3"],
            "--threshold is 0.3: counts for multi-label-classification only",
        ),
        (
            "regression",
            &["--stride", "16"],
            "--stride is 16: counts for question-answering only, not for regression",
        ),
        (
            "token-classification",
            &["--max-answer-length", "9"],
            "--max-answer-length is 9",
        ),
        (
            "sequence-classification",
            &["--target-scale", "5"],
            "--target-scale is 5: counts for regression only",
        ),
        (
            "sequence-classification",
            &["--block-size", "64"],
            "--block-size is 64: counts for masked-lm, causal-lm only",
        ),
        (
            "causal-lm",
            &["--mlm-probability", "0.2"],
            "--mlm-probability is 0.2: counts for masked-lm only",
        ),
        (
            "masked-lm",
            &["--class-weights", "balanced"],
            "--class-weights is balanced",
        ),
        (
            "question-answering",
            &["--label-pieces", "all"],
            "--label-pieces is all",
        ),
        (
            "regression",
            &["--labels", "labels.txt"],
            "--labels counts for sequence-classification, multi-label-classification",
        ),
        (
            "token-classification",
            &["--pair-column", "2"],
            "--pair-column counts for sequence-classification",
        ),
        (
            "sequence-classification",
            &["--probe-l2", "2"],
            "--probe-l2 is 2: counts with --probe only",
        ),
    ];
    for (task, flags, expected) in cases {
        refused(train(task, flags), expected);
    }
    // A file of options may hold them all, as training.json does, as long as nobody asks for anything by them.
    let config = temp.path().join("run.json");
    let path = config.to_str().expect("UTF-8");
    fs::write(&config, r#"{"viterbi":true}"#).expect("written");
    refused(
        train("regression", &["--config", path]),
        "--viterbi is true: counts for token-classification only",
    );
    fs::write(&config, r#"{"viterbi":false,"stride":32,"threshold":"0.5"}"#).expect("written");
    fails(train("regression", &["--config", path]), "none: ");
    // A whole number is one however JSON spells it.
    fs::write(&config, r#"{"epochs":1e1,"batch_size":16.0,"seed":1e3}"#).expect("written");
    fails(train("regression", &["--config", path]), "none: ");
    fs::write(&config, r#"{"batch_size":1.5e0}"#).expect("written");
    refused(
        train("regression", &["--config", path]),
        "--batch-size 1.5: must be a whole number, 0 or more",
    );
    // What says how data is read stands beside it.
    for (key, flag) in [
        ("text_column", "--text-column"),
        ("train_filter", "--train-filter"),
        ("split", "--split"),
    ] {
        fs::write(&config, format!(r#"{{"epochs":1,"{key}":"5=train"}}"#)).expect("written");
        refused(
            train("regression", &["--config", path]),
            &format!("{path}: {key} is not read from a run file: give {flag} beside --config"),
        );
    }
    fs::write(&config, r#"{"seed":18446744073709551616}"#).expect("written");
    refused(
        train("regression", &["--config", path]),
        "expected a whole number up to 18446744073709551615",
    );
    // Of another run's file the options are taken, and what it says of its data is not, in silence.
    let run =
        r#"{"config":{"epochs":1},"split":"8:2","filters":{"train":"5=train"},"read":{"text_column":3,"quote":null}}"#;
    fs::write(&config, run).expect("written");
    let flags = ["--config", path, "--split", "9:1"];
    let message = fails(train("sequence-classification", &flags), "none: ");
    let note = "that run read its data with --train-filter 5=train --text-column 3, which this one does not";
    assert!(message.contains(note), "{message}");
    // A script gives every task the same flags: at its default an option changes nothing.
    let defaults = ["--doc_stride", "32", "--viterbi", "false", "--threshold", "0.5"];
    fails(train("regression", &defaults), "none: ");
}

#[test]
fn a_run_file_finds_what_lies_beside_it_or_in_the_current_folder() {
    let temp = TempDir::new().expect("temp");
    let there = temp.path().join("there");
    fs::create_dir(&there).expect("a folder");
    let data = root().join("assets/topics-en/dev.csv");
    fs::copy(&data, there.join("train.csv")).expect("copied");
    let train = |options: serde_json::Value, flags: &[&str]| {
        fs::write(there.join("run.json"), options.to_string()).expect("written");
        let mut command = terakoya(&["train", "--device", "cpu", "--config", "there/run.json"]);
        command.args(flags).current_dir(temp.path());
        command
    };
    let model = fs::canonicalize(bert()).expect("the shipped model");
    let options = serde_json::json!({
        "model": model, "train": "train.csv", "eval": "dev.csv", "test": null, "output": "out",
        "epochs": 1, "max_train_samples": 8, "max_eval_samples": 8,
    });
    fails(
        train(options.clone(), &[]),
        "there/run.json: eval is \"dev.csv\", which is neither in that file's folder nor in the current one",
    );
    fs::copy(&data, temp.path().join("dev.csv")).expect("copied");
    // What lies beside the run file is taken before what lies here.
    fs::write(temp.path().join("train.csv"), "no,table\n").expect("written");
    stdout(&run(train(options.clone(), &[])));
    assert!(temp.path().join("out/config.json").is_file());
    // A flag is a path as any other.
    stdout(&run(train(
        options.clone(),
        &["--output", "beside", "--eval", "there/train.csv"],
    )));
    assert!(temp.path().join("beside/config.json").is_file());

    let mut odd = options;
    odd["eval"] = 3.into();
    fails(
        train(odd, &["--overwrite"]),
        "there/run.json: eval is 3, expected a path",
    );
}

#[test]
fn files_of_a_form_that_is_not_written_are_usage_errors() {
    let temp = TempDir::new().expect("temp");
    let folder = temp.path().join("model");
    fs::create_dir(&folder).expect("a folder");
    let evaluate = |class: &str, flags: &[&str]| {
        let config = serde_json::json!({"architectures": [class]});
        fs::write(folder.join("config.json"), config.to_string()).expect("written");
        let mut command = terakoya(&["evaluate", "--data", "none"]);
        command.arg("--model").arg(&folder).args(flags);
        command
    };
    let classes = "BertForSequenceClassification";
    for (class, flags, expected) in [
        (classes, ["--report", "a.txt"], "a.txt: a report is written as .html"),
        (classes, ["--predictions", "a.foo"], "a.foo: predictions are written as"),
        (
            classes,
            ["--predictions", "a.txt"],
            "a.txt: only tags are written as .txt",
        ),
        (
            "GPT2LMHeadModel",
            ["--predictions", "a.tsv"],
            "a.tsv: the model's task has a loss and no predictions to write",
        ),
    ] {
        refused(evaluate(class, &flags), expected);
    }
    for (flags, expected) in [
        (["--output", "e.foo"], "e.foo: vectors are written as .csv or .npy"),
        (["--plot", "e.png"], "e.png: a picture is written as .svg"),
    ] {
        let mut command = terakoya(&["embed", "--model", &bert()]);
        command.args(flags);
        refused(command, expected);
    }
}

#[test]
fn flags_that_the_model_has_no_use_for_are_refused() {
    let cases: [(&[&str], &str); 14] = [
        (
            &["predict", "--question", "a", "--context", "b"],
            "--question counts for question-answering only, not for masked-lm",
        ),
        (
            &["predict", "--text", "a", "--context", "b"],
            "--context counts for question-answering only",
        ),
        (
            &["predict", "--text", "a", "--json", "--logits"],
            "--logits counts for sequence-classification",
        ),
        (
            &["predict", "--text", "a", "--viterbi"],
            "--viterbi counts for token-classification, but the model is for masked-lm",
        ),
        (
            &["predict", "--text", "a", "--question", "b"],
            "'--text <TEXT>' cannot be used with '--question <TEXT>'",
        ),
        (&["predict", "--text-pair", "a"], "--text <TEXT>"),
        (
            &["predict", "--text", "a", "--max-answer-length", "0"],
            "'--max-answer-length <TOKENS>': expected a whole number above 0",
        ),
        (
            &["predict", "--text", "a", "--max-length", "-1"],
            "'--max-length <MAX_LENGTH>': expected a whole number, 0 or more",
        ),
        (
            &["predict", "--text", "a", "--batch-size", "-1"],
            "'--batch-size <BATCH_SIZE>': -1 is not in",
        ),
        (
            &["generate", "--prompt", "a", "--max-new-tokens", "-3"],
            "'--max-new-tokens <MAX_NEW_TOKENS>': expected a whole number",
        ),
        (
            &["generate", "--prompt", "a", "--seed", "-3"],
            "'--seed <SEED>': expected a whole number",
        ),
        (
            &["generate", "--prompt", "a", "--seed", "18446744073709551616"],
            "'--seed <SEED>': expected a whole number from 0 to 18446744073709551615",
        ),
        (
            &["generate", "--prompt", "a", "--top-k", "-3"],
            "'--top-k <TOKENS>': expected a whole number",
        ),
        (
            &["tokenize", "--max-length", "-3"],
            "'--max-length <MAX_LENGTH>': expected a whole number",
        ),
    ];
    for (arguments, expected) in cases {
        let mut command = terakoya(arguments);
        command.args(["--model", &bert()]);
        refused(command, expected);
    }
    let data = root().join("assets/lessons-ja/topic.csv");
    let mut command = terakoya(&[
        "evaluate",
        "--label-map",
        "a=b",
        "--device",
        "cpu",
        "--model",
        &bert(),
        "--data",
    ]);
    command.arg(data);
    refused(command, "--label-map counts for sequence-classification");

    // What it has a use for is taken.
    let text = ["--text", "the [MASK] sat", "--top-k", "2", "--text-pair", "it slept"];
    let mut command = terakoya(&["predict", "--json", "--device", "cpu", "--model", &bert()]);
    command.args(text);
    let predicted = json(&stdout(&run(command)));
    assert_eq!(predicted["masks"][0].as_array().map(Vec::len), Some(2), "{predicted}");
}

#[test]
fn labels_that_do_not_fit_the_head_are_said() {
    let temp = TempDir::new().expect("temp");
    let output = temp.path().join("out");
    let data = root().join("assets/topics-en/train.csv");
    let mut train = terakoya(&["train", "--device", "cpu", "--max-train-samples", "8", "--epochs", "1"]);
    train.args(["--model", &bert(), "--train"]).arg(data);
    train.arg("--output").arg(&output);
    run(train);
    let config = output.join("config.json");
    let text = fs::read_to_string(&config).expect("config.json");
    let with = |labels: serde_json::Value, expected: &str| {
        let mut changed = json(&text);
        changed["id2label"] = labels;
        fs::write(&config, changed.to_string()).expect("written");
        let mut predict = terakoya(&["predict", "--device", "cpu", "--text", "a", "--model"]);
        predict.arg(&output);
        fails(predict, expected)
    };
    let five = serde_json::json!({"0": "a", "1": "b", "2": "c", "3": "d", "4": "e"});
    let message = with(
        five.clone(),
        "does not fit config.json, whose labels number 5: tensor classifier",
    );
    assert!(!message.contains("fine-tune"), "{message}");
    let one = "does not fit config.json, whose labels number 1: tensor classifier";
    with(serde_json::json!({"0": "a"}), one);
    with(five, "whose labels number 5");
    let mut inspect = terakoya(&["inspect", "--model"]);
    inspect.arg(&output);
    let inspected = run(inspect);
    // Nothing is computed, and nobody asked for a device.
    assert_eq!(stderr(&inspected), "");
    let shown = stdout(&inspected);
    assert!(
        shown.contains("head           not used: the model's head for sequence-classification does not fit config.json, whose labels number 5"),
        "{shown}"
    );
    let twice = serde_json::json!({"0": "a", "1": "b", "2": "a", "3": "c"});
    with(twice, "an earlier id has that label too");
}
