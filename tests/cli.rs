//! Drives the real binary on the model and data that ship: training, prediction, bad input, exit codes.

mod binary;
mod stdin;
mod topics;
mod transformers;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;
use tempfile::TempDir;

use binary::{fails, json, root, run, stderr, stdout, terakoya};
use stdin::run_with;
use topics::{QUICK, model, train, train_file};

fn dev_file() -> PathBuf {
    root().join("assets/topics-en/dev.csv")
}

/// A folder with the shipped model, to be damaged.
fn copied_model(temp: &TempDir) -> PathBuf {
    let folder = temp.path().join("model");
    fs::create_dir(&folder).expect("a new folder");
    for file in [
        "config.json",
        "tokenizer.json",
        "tokenizer_config.json",
        "model.safetensors",
    ] {
        fs::copy(model().join(file), folder.join(file)).expect(file);
    }
    folder
}

#[test]
fn trains_predicts_and_evaluates() {
    let temp = TempDir::new().expect("temp");
    let output = temp.path().join("topics");
    let dev = dev_file();
    let dev = dev.to_str().expect("UTF-8");
    // Hugging Face's spellings beside our own.
    let flags = [
        "--eval",
        dev,
        "--num_train_epochs",
        "6",
        "--per_gpu_train_batch_size",
        "16",
        "--learning_rate",
        "5e-4",
        "--json",
    ];
    let result = json(&stdout(&run(train(&output, &flags))));
    let accuracy = result["eval"]["report"]["accuracy"].as_f64().expect("accuracy");
    // Four balanced classes: chance is 0.25, its standard error on 100 rows 0.043.
    assert!(accuracy > 0.5, "{accuracy}");
    for file in ["config.json", "model.safetensors", "tokenizer.json", "training.json"] {
        assert!(output.join(file).exists(), "{file}");
    }
    let record = json(&fs::read_to_string(output.join("training.json")).expect("training.json"));
    assert_eq!(record["config"]["batch_size"], 16);
    assert_eq!(record["data"]["train"]["sha256"].as_str().map(str::len), Some(64));
    assert_eq!(record["record"]["evaluations"].as_array().map(Vec::len), Some(6));
    assert!(
        !temp.path().join("topics.checkpoints").exists(),
        "checkpoints go when the run is done"
    );

    let folder = output.to_str().expect("UTF-8");
    let text = "The striker scored twice before half time.";
    let predicted = json(&stdout(&run(terakoya(&[
        "predict", "--model", folder, "--text", text, "--json", "--logits",
    ]))));
    assert_eq!(predicted["scores"].as_object().map(|scores| scores.len()), Some(4));
    assert_eq!(predicted["logits"].as_array().map(Vec::len), Some(4));
    let sum: f64 = predicted["scores"]
        .as_object()
        .expect("scores")
        .values()
        .filter_map(Value::as_f64)
        .sum();
    assert!((sum - 1.0).abs() < 1e-5, "{sum}");

    let predictions = temp.path().join("predictions.jsonl");
    let path = predictions.to_str().expect("UTF-8");
    let evaluated = json(&stdout(&run(terakoya(&[
        "evaluate",
        "--model",
        folder,
        "--data",
        dev,
        "--json",
        "--predictions",
        path,
    ]))));
    assert_eq!(evaluated["accuracy"], result["eval"]["report"]["accuracy"]);
    assert_eq!(
        fs::read_to_string(&predictions).expect("predictions").lines().count(),
        100
    );
    predictions_are_read_again(folder, dev, &temp);
    let table = stdout(&run(terakoya(&["evaluate", "--model", folder, "--data", dev])));
    assert!(table.contains("accuracy") && table.contains("sports"), "{table}");

    // A model that says topics, scored on two of them under other names.
    let mapped = json(&stdout(&run(terakoya(&[
        "evaluate",
        "--model",
        folder,
        "--data",
        dev,
        "--json",
        "--label-map",
        "phones=thing,food=thing,sports=game",
    ]))));
    assert_eq!(mapped["labels"].as_array().map(Vec::len), Some(3));
    round_trip(folder, &temp);
}

/// What an evaluation writes is data as well: the same texts with the same labels.
fn predictions_are_read_again(folder: &str, dev: &str, temp: &TempDir) {
    let evaluate = |data: &str, path: &str| {
        let args = ["evaluate", "--model", folder, "--data", data, "--json", "--predictions"];
        json(&stdout(&run(terakoya(&[&args[..], &[path]].concat()))))
    };
    let path = |name: &str| temp.path().join(name).to_string_lossy().into_owned();
    for name in ["said.jsonl", "said.csv", "said.tsv"] {
        let report = evaluate(dev, &path(name));
        assert_eq!(evaluate(&path(name), &path("again.jsonl")), report, "{name}");
    }
}

/// Has transformers load what was saved, where Python has it.
fn round_trip(folder: &str, temp: &TempDir) {
    let dev = dev_file();
    let dev = dev.to_str().expect("UTF-8");
    let lines = stdout(&run(terakoya(&[
        "predict", "--model", folder, "--data", dev, "--json", "--logits",
    ])));
    assert_eq!(lines.lines().count(), 100);
    let path = temp.path().join("logits.jsonl");
    fs::write(&path, lines).expect("written");
    transformers::compare(folder, path.to_str().expect("UTF-8"), &[]);
}

#[cfg(unix)]
#[test]
fn a_full_stdout_is_an_error() {
    let folder = model();
    let full = fs::OpenOptions::new().write(true).open("/dev/full").expect("/dev/full");
    let mut command = terakoya(&["inspect", "--json"]);
    command.arg("--model").arg(folder).stdout(full);
    let output = run(command);
    assert_eq!(output.status.code(), Some(1), "{}", stderr(&output));
    assert!(!stderr(&output).contains("panicked"), "{}", stderr(&output));
}

#[test]
fn frozen_layers_stay_as_they_were() {
    let temp = TempDir::new().expect("temp");
    for (layers, trained, frozen) in [
        (
            "top:1",
            "encoder.layer.1.output.dense.weight",
            "encoder.layer.0.output.dense.weight",
        ),
        ("head", "pooler.dense.weight", "encoder.layer.1.output.dense.weight"),
    ] {
        let output = temp.path().join(layers.replace(':', "-"));
        let slow = temp.path().join(format!("slow-{}", layers.replace(':', "-")));
        for (folder, learning_rate) in [(&output, "1e-3"), (&slow, "1e-9")] {
            let flags = [
                &QUICK[..],
                &["--train-layers", layers, "--learning-rate", learning_rate],
            ]
            .concat();
            stdout(&run(train(folder, &flags)));
        }
        let before = tensor(&model().join("model.safetensors"), frozen);
        let [after, moved, stayed] = [(&output, frozen), (&output, trained), (&slow, trained)]
            .map(|(folder, name)| tensor(&folder.join("model.safetensors"), name));
        assert_eq!(before, after, "{layers}: {frozen} moved");
        let distance = moved
            .iter()
            .zip(&stayed)
            .map(|(a, b)| (a - b).abs())
            .fold(0.0, f32::max);
        // Three steps of Adam at up to 1e-3 move a weight by about that; the slow run stands still.
        assert!(distance > 1e-4, "{layers}: {trained} did not learn ({distance})");
    }
}

/// A tensor of a checkpoint as f32.
fn tensor(path: &Path, name: &str) -> Vec<f32> {
    let bytes = fs::read(path).expect("weights");
    let file = safetensors::SafeTensors::deserialize(&bytes).expect("safetensors");
    let view = file.tensor(&format!("bert.{name}")).expect(name);
    match view.dtype() {
        safetensors::Dtype::F16 => view
            .data()
            .as_chunks::<2>()
            .0
            .iter()
            .map(|bytes| widened(u16::from_le_bytes(*bytes)))
            .collect(),
        _ => view
            .data()
            .as_chunks::<4>()
            .0
            .iter()
            .map(|bytes| f32::from_le_bytes(*bytes))
            .collect(),
    }
}

/// A finite f16 as f32: both are exact.
fn widened(bits: u16) -> f32 {
    let sign = if bits >> 15 == 1 { -1.0 } else { 1.0 };
    let (exponent, fraction) = (i32::from(bits >> 10 & 31), f32::from(bits & 1023));
    match exponent {
        0 => sign * fraction * 2f32.powi(-24),
        _ => sign * (1.0 + fraction / 1024.0) * 2f32.powi(exponent - 15),
    }
}

#[test]
fn damaged_models_are_refused_before_training() {
    type Damage = fn(&Path);
    let cases: [(Damage, &str); 9] = [
        (
            |folder| fs::remove_file(folder.join("model.safetensors")).expect("removed"),
            "has no model.safetensors",
        ),
        (
            |folder| truncate(&folder.join("model.safetensors"), 1_000_000),
            "not a whole safetensors file",
        ),
        (
            |folder| fs::write(folder.join("model.safetensors"), lying_header()).expect("written"),
            "not a whole safetensors file",
        ),
        (
            |folder| edit_config(folder, "num_attention_heads", 3),
            "num_attention_heads is 3",
        ),
        (
            |folder| edit_config(folder, "num_hidden_layers", 0),
            "num_hidden_layers is 0",
        ),
        (
            |folder| edit_config(folder, "num_hidden_layers", 3),
            "no tensor bert.encoder.layer.2",
        ),
        (
            |folder| edit_config(folder, "intermediate_size", 256),
            "has shape [512, 128], but config.json asks for [256, 128]",
        ),
        (
            |folder| edit_config(folder, "vocab_size", 100),
            "belong to different models",
        ),
        (
            |folder| {
                fs::remove_file(folder.join("model.safetensors")).expect("removed");
                fs::write(folder.join("pytorch_model.bin"), b"x").expect("written");
            },
            "safe_serialization=True",
        ),
    ];
    for (damage, expected) in cases {
        let temp = TempDir::new().expect("temp");
        let folder = copied_model(&temp);
        damage(&folder);
        let output = temp.path().join("out");
        let mut command = terakoya(&["train", "--task", "sequence-classification", "--device", "cpu"]);
        command
            .arg("--model")
            .arg(&folder)
            .arg("--train")
            .arg(train_file())
            .arg("--output")
            .arg(&output);
        fails(command, expected);
        assert!(!output.exists());
    }
}

fn truncate(path: &Path, length: u64) {
    fs::OpenOptions::new()
        .write(true)
        .open(path)
        .and_then(|file| file.set_len(length))
        .expect("truncated");
}

/// A header that promises more bytes than there are.
fn lying_header() -> Vec<u8> {
    let header = br#"{"x":{"dtype":"F32","shape":[1000000],"data_offsets":[0,4000000]}}"#;
    [&(header.len() as u64).to_le_bytes()[..], header, &[0; 16]].concat()
}

fn edit_config(folder: &Path, key: &str, value: u64) {
    let path = folder.join("config.json");
    let mut config = json(&fs::read_to_string(&path).expect("config"));
    config[key] = value.into();
    fs::write(path, config.to_string()).expect("written");
}

#[test]
fn damaged_data_is_named_with_file_and_line() {
    let cases: [(&str, &[u8], &str); 5] = [
        ("empty.csv", b"", "empty.csv"),
        ("header.csv", b"text,label\n", "header.csv"),
        ("short.csv", b"text,label\na,b\nonly\n", "3"),
        ("bytes.csv", b"text,label\n\xff\xfe,a\n", "bytes.csv"),
        (
            "one.csv",
            b"text,label\na,x\nb,x\n",
            "every example has the label \"x\"",
        ),
    ];
    let temp = TempDir::new().expect("temp");
    for (name, bytes, expected) in cases {
        let path = temp.path().join(name);
        fs::write(&path, bytes).expect("written");
        let mut command = terakoya(&["train", "--device", "cpu"]);
        command
            .arg("--model")
            .arg(model())
            .arg("--train")
            .arg(&path)
            .arg("--output")
            .arg(temp.path().join("out"));
        fails(command, expected);
    }
    let eval = temp.path().join("eval.csv");
    fs::write(&eval, "text,label\nhello,weather\n").expect("written");
    fails(
        train(&temp.path().join("out"), &["--eval", eval.to_str().expect("UTF-8")]),
        "label \"weather\" is not among those to learn",
    );
}

#[test]
fn nothing_is_overwritten_and_nothing_too_large_is_begun() {
    let temp = TempDir::new().expect("temp");
    let output = temp.path().join("there");
    fs::create_dir(&output).expect("a folder");
    fs::write(output.join("notes.txt"), "mine").expect("written");
    fails(train(&output, &QUICK), "--overwrite");
    fails(
        train(&temp.path().join("out"), &["--memory-limit", "20"]),
        "lower --batch-size",
    );
    fails(
        train(&temp.path().join("out"), &["--train-layers", "top:9"]),
        "the model has 2 layers",
    );
    fails(train(&temp.path().join("out"), &["--resume"]), "there is no checkpoint");
    fails(train(&output, &["--overwrite"]), "it is not overwritten");
    fs::remove_file(output.join("notes.txt")).expect("removed");
    fs::create_dir(output.join("thesis")).expect("a folder");
    fails(train(&output, &["--overwrite"]), "it is not overwritten");
    fails(train(&output, &QUICK), "--overwrite");
    // A folder with nothing in it is as good as none.
    fs::remove_dir(output.join("thesis")).expect("removed");
    run(train(&output, &QUICK));
    assert!(output.join("model.safetensors").exists());
    assert_eq!(
        fs::read_dir(temp.path()).expect("a folder").count(),
        1,
        "no other folder is left"
    );
    let test = temp.path().join("test.csv");
    fs::write(&test, "text,label\nhello,weather\n").expect("written");
    let test = test.to_str().expect("UTF-8");
    fails(
        train(&temp.path().join("out"), &["--test", test]),
        "label \"weather\" is not among those to learn",
    );
}

#[cfg(unix)]
#[test]
fn a_full_disk_is_an_error_and_leaves_no_half_folder() {
    let temp = TempDir::new().expect("temp");
    let output = temp.path().join("full");
    let inner = train(&output, &QUICK);
    // A file-size limit stands in for a full disk: writing fails, with the signal ignored, as on one.
    let mut command = Command::new("sh");
    command
        .arg("-c")
        .arg("trap '' XFSZ; ulimit -f 2000; exec \"$0\" \"$@\"");
    command
        .arg(inner.get_program())
        .args(inner.get_args())
        .stdin(Stdio::null());
    fails(command, "model.safetensors");
    assert!(!output.exists());
}

#[test]
fn usage_errors_exit_with_two() {
    for args in [
        &["train", "--no-such-flag"][..],
        &["train", "--epochs", "many"],
        &["train", "--lr-schedule", "zigzag"],
        &["predict"],
        &["dance"],
    ] {
        let output = run(terakoya(args));
        assert_eq!(output.status.code(), Some(2), "{args:?}: {}", stderr(&output));
        assert!(output.stdout.is_empty());
    }
}

#[test]
fn small_commands_print_results_only() {
    let folder = model();
    let folder = folder.to_str().expect("UTF-8");
    let with_stdin = |args: &[&str], text: &str| run_with(terakoya(args), text);
    // A byte order mark is no character of the first text.
    let text = "\u{feff}Hello, world!\n\n";
    let tokens = with_stdin(&["tokenize", "--model", folder, "--json"], text);
    let lines: Vec<Value> = stdout(&tokens).lines().map(json).collect();
    assert_eq!(lines.len(), 2);
    assert_eq!(lines[0]["tokens"][1], "hello");
    assert_eq!(lines[0]["offsets"][2], serde_json::json!([5, 6]));
    assert_eq!(lines[1]["tokens"], serde_json::json!(["[CLS]", "[SEP]"]));

    for pooling in ["mean", "cls"] {
        let args = [
            "embed",
            "--model",
            folder,
            "--pooling",
            pooling,
            "--json",
            "--device",
            "cpu",
        ];
        let vectors = with_stdin(&args, "a\nb b b\n");
        let vectors: Vec<Value> = stdout(&vectors).lines().map(json).collect();
        assert_eq!(vectors.len(), 2);
        assert_eq!(vectors[0].as_array().map(Vec::len), Some(128));
    }
    let inspected = json(&stdout(&run(terakoya(&["inspect", "--model", folder, "--json"]))));
    assert_eq!(inspected["num_hidden_layers"], 2);
    assert_eq!(inspected["labels"], serde_json::json!([]));
    fails(
        terakoya(&["predict", "--device", "cpu", "--model", folder, "--text", "a"]),
        "text 1 has no [MASK]",
    );
    let predict = ["predict", "--device", "cpu", "--model", folder];
    let tabs = with_stdin(&predict, "a [MASK]\nb [MASK]\tc\nd\t[MASK]\n");
    assert_eq!(stdout(&tabs).lines().count(), 3);
    let note = "stdin, line 2: a line is one text, with its tabs; a pair is given by --text-pair";
    let told = stderr(&tabs);
    assert!(
        told.contains(note) && told.matches("a pair is given").count() == 1,
        "{told}"
    );
}
