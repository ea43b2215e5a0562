//! Drives the real binary through a model whose tokenizer is a bare spiece.model: what is saved, and what transformers makes of it.

mod binary;
mod stdin;
mod transformers;

use std::fs;
use std::path::Path;

use serde_json::Value;
use tempfile::TempDir;

use binary::{fails, json, root, run, stderr, stdout, terakoya};
use stdin::run_with;

fn path(folder: &Path) -> &str {
    folder.to_str().expect("UTF-8")
}

/// Texts of the fixtures, which hold many scripts; none spells a special token out.
fn japanese_texts() -> Vec<String> {
    let text = fs::read_to_string(root().join("tests/fixtures/japanese/natural.jsonl")).expect("the fixture");
    let texts = text.lines().map(|line| match json(line) {
        Value::String(text) => text,
        other => other["text"].as_str().expect("a text").to_owned(),
    });
    texts.filter(|text| !text.contains("[SEP]")).take(300).collect()
}

#[test]
fn a_sentencepiece_model_is_saved_for_transformers_and_read_as_before() {
    let temp = TempDir::new().expect("temp");
    let output = temp.path().join("model");
    let [config, data] = ["config.json", "text.txt"].map(|name| temp.path().join(name));
    fs::write(
        &config,
        r#"{"model_type":"gpt2","n_embd":16,"n_layer":1,"n_head":2,"n_positions":64}"#,
    )
    .expect("written");
    fs::write(&data, "寺子屋は江戸時代の学校である。\n").expect("written");
    let tokenizer = temp.path().join("tokenizer");
    fs::create_dir(&tokenizer).expect("a folder");
    let model = root().join("tests/fixtures/japanese/spiece.model");
    fs::copy(model, tokenizer.join("spiece.model")).expect("copied");
    let mut command = terakoya(&["train", "--task", "causal-lm", "--device", "cpu", "--from-scratch"]);
    command.arg("--model-config").arg(&config).arg("--train").arg(&data);
    command.arg("--tokenizer").arg(&tokenizer).arg("--output").arg(&output);
    let trained = run(command);
    stdout(&trained);
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
