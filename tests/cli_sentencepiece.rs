//! Drives the real binary through a model whose tokenizer is a bare spiece.model: what is saved, and what transformers makes of it.

mod binary;
mod stdin;
mod transformers;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Output;

use serde_json::Value;
use tempfile::TempDir;

use binary::{fails, json, root, run, stderr, stdout, terakoya};
use stdin::run_with;

fn path(folder: &Path) -> &str {
    folder.to_str().expect("UTF-8")
}

/// A mask stands for itself, and what is beside it is a text of its own.
const WITH_MASKS: [&str; 4] = ["今日は[MASK]です。", "[MASK][MASK]が好き", "a [MASK] b ", "[MASK]"];

/// Texts of the fixtures, which hold many scripts; none spells a special token out.
fn japanese_texts() -> Vec<String> {
    let text = fs::read_to_string(root().join("tests/fixtures/japanese/natural.jsonl")).expect("the fixture");
    let texts = text.lines().map(|line| match json(line) {
        Value::String(text) => text,
        other => other["text"].as_str().expect("a text").to_owned(),
    });
    texts.filter(|text| !text.contains("[SEP]")).take(300).collect()
}

/// A folder with the tokenizer alone.
fn tokenizer_folder(temp: &TempDir) -> PathBuf {
    let folder = temp.path().join("tokenizer");
    fs::create_dir(&folder).expect("a folder");
    let model = root().join("tests/fixtures/japanese/spiece.model");
    fs::copy(model, folder.join("spiece.model")).expect("copied");
    folder
}

/// `train` of a new model of `config` with that tokenizer.
fn train_new(task: &str, config: &str, temp: &TempDir, output: &Path, more: &[&str]) -> Output {
    let [model, data] = ["config.json", "text.txt"].map(|name| temp.path().join(name));
    fs::write(&model, config).expect("written");
    fs::write(&data, "寺子屋は江戸時代の学校である。\n").expect("written");
    let mut command = terakoya(&["train", "--task", task, "--device", "cpu", "--from-scratch"]);
    command.arg("--model-config").arg(&model).arg("--train").arg(&data);
    command.arg("--tokenizer").arg(tokenizer_folder(temp));
    command.arg("--output").arg(output).args(more);
    run(command)
}

#[test]
fn a_masked_language_model_fills_masks() {
    let temp = TempDir::new().expect("temp");
    let output = temp.path().join("model");
    let config = r#"{"model_type":"bert","hidden_size":32,"num_hidden_layers":1,"num_attention_heads":2,
        "intermediate_size":64,"max_position_embeddings":40}"#;
    stdout(&train_new("masked-lm", config, &temp, &output, &["--max-length", "32"]));
    let texts = WITH_MASKS.map(|text| format!("{text}\n")).concat();
    let predict = || {
        let command = terakoya(&["predict", "--json", "--device", "cpu", "--model", path(&output)]);
        stdout(&run_with(command, &texts))
    };
    let lines = predict();
    let places = lines
        .lines()
        .map(|line| json(line)["masks"].as_array().map_or(0, Vec::len));
    assert_eq!(places.collect::<Vec<_>>(), [1, 2, 1, 1]);
    let said = temp.path().join("said.jsonl");
    fs::write(&said, &lines).expect("written");
    transformers::compare(path(&output), path(&said), &[]);
    // What is saved for transformers reads the same.
    fs::remove_file(output.join("spiece.model")).expect("removed");
    assert_eq!(predict(), lines);
}

#[test]
fn a_sentencepiece_model_is_saved_for_transformers_and_read_as_before() {
    let temp = TempDir::new().expect("temp");
    let output = temp.path().join("model");
    let config = r#"{"model_type":"gpt2","n_embd":16,"n_layer":1,"n_head":2,"n_positions":64}"#;
    let trained = train_new("causal-lm", config, &temp, &output, &[]);
    stdout(&trained);
    let tokenizer = temp.path().join("tokenizer");
    assert!(stderr(&trained).contains("every weight begins at random"));
    assert!(output.join("spiece.model").exists() && output.join("tokenizer.json").exists());

    let texts: String = japanese_texts()
        .iter()
        .map(|text| text.replace('\n', " ") + "\n")
        .collect();
    let tokenize = |folder: &Path| {
        let command = terakoya(&["tokenize", "--json", "--model", path(folder)]);
        stdout(&run_with(command, &texts))
    };
    let lines = tokenize(&output);
    assert!(
        lines == tokenize(&tokenizer),
        "the saved folder is read as the one before"
    );
    assert_eq!(lines.lines().count(), 300);
    let said = texts.lines().zip(lines.lines()).map(|(text, line)| {
        let mut line = json(line);
        line["text"] = text.into();
        format!("{line}\n")
    });
    let said = said.collect::<String>();
    let file = temp.path().join("ids.jsonl");
    fs::write(&file, said).expect("written");
    transformers::compare(path(&output), path(&file), &[]);

    // The file that names the class of others is not taken for theirs once ours is gone.
    fs::remove_file(output.join("tokenizer.json")).expect("removed");
    assert!(lines == tokenize(&output));
    fs::write(
        output.join("tokenizer_config.json"),
        r#"{"tokenizer_class":"AlbertTokenizer"}"#,
    )
    .expect("written");
    fails(terakoya(&["tokenize", "--model", path(&output)]), "tokenizer_class");
}
