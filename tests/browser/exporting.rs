//! The zip that the page saves is a folder of transformers: the files it asks for, the tensors that the command line writes, and
//! its logits where there is a Python that has it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};

use super::models::tensors;
use super::tab::Tab;
use super::visit::project;

/// What tests/roundtrip.py returns where something it needs is not installed.
const LACKS: i32 = 77;

/// Short texts of the little model's letters, one of them with what its vocabulary lacks.
const TEXTS: [&str; 4] = [
    "the cat sleeps and waits",
    "the dog runs",
    "a bird sings",
    "12 cats, 3 dogs!",
];

fn read_json(path: PathBuf) -> Value {
    let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_json::from_str(&text).expect("JSON")
}

/// Asserts that an unpacked zip holds a classifier as `native`, a folder of the command line after the same training, does.
pub fn assert_is_like(unpacked: &Path, native: &Path) {
    let (config, expected) = (
        read_json(unpacked.join("config.json")),
        read_json(native.join("config.json")),
    );
    assert_eq!(config["architectures"], json!(["BertForSequenceClassification"]));
    assert_eq!(config["model_type"], "bert");
    assert_eq!(config["id2label"], json!({ "0": "meow", "1": "woof" }));
    assert_eq!(config, expected);
    let (found, expected) = (
        tensors(&unpacked.join("model.safetensors")),
        tensors(&native.join("model.safetensors")),
    );
    assert_eq!(found.get("classifier.weight"), Some(&json!(["F32", [2, 32]])));
    assert_eq!(found, expected);
    for file in ["tokenizer_config.json", "vocab.txt"] {
        let [found, expected] = [unpacked, native].map(|folder| fs::read(folder.join(file)));
        let found = found.unwrap_or_else(|error| panic!("{file} is not in the zip: {error}"));
        assert!(found == expected.expect("it is written natively"), "{file}");
    }
}

/// Has transformers open the zip and compute what the page said of some texts; skipped, and said so, without transformers.
pub async fn compare_with_transformers(tab: &Tab, zip: &Path) {
    let mut said = String::new();
    for text in TEXTS {
        let prediction = tab.ask(text).await["prediction"].take();
        let line = json!({ "text": text, "label": prediction["label"], "logits": prediction["logits"] });
        said.push_str(&format!("{line}\n"));
    }
    let said = tab.write("said.jsonl", said.as_bytes());
    let python = std::env::var("TERAKOYA_PYTHON").unwrap_or_else(|_| "python3".to_owned());
    let mut compare = Command::new(&python);
    match compare
        .arg(project("tests/roundtrip.py"))
        .args([zip, said.as_path()])
        .output()
    {
        Ok(output) if output.status.code() == Some(LACKS) => {
            println!("skipped: {}", String::from_utf8_lossy(&output.stdout).trim());
        }
        Ok(output) => {
            let [out, error] = [&output.stdout, &output.stderr].map(|bytes| String::from_utf8_lossy(bytes));
            println!("transformers: {out}");
            assert!(output.status.success(), "{out}{error}");
        }
        Err(error) => println!("skipped: {python} does not start: {error}"),
    }
}
