//! Drives the real binary on quantised folders: made, measured, opened by every command, trained on, refused when damaged.

mod binary;
mod stdin;

use std::fs;
use std::path::{Path, PathBuf};

use safetensors::tensor::{Dtype, SafeTensors};
use serde_json::{Value, json};
use tempfile::TempDir;

use binary::{fails, json, root, run, stdout, terakoya};
use stdin::run_with;

fn bert_tiny() -> PathBuf {
    root().join("assets/bert-tiny")
}

fn default_model() -> PathBuf {
    root().join("assets/e5-small-ja-en")
}

fn text(path: &Path) -> &str {
    path.to_str().expect("UTF-8")
}

/// Quantises `model` into a new folder of `temp`; gives the folder and what `--json` says.
fn quantize(model: &Path, temp: &TempDir, name: &str, more: &[&str]) -> (PathBuf, Value) {
    let output = temp.path().join(name);
    let flags = ["quantize", "--model", text(model), "--output", text(&output)];
    let printed = stdout(&run(terakoya(
        &[&flags[..], &["--device", "cpu", "--json"], more].concat(),
    )));
    (output, json(&printed))
}

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).expect("a folder");
    let mut names: Vec<String> = entries
        .map(|entry| entry.expect("an entry").file_name().into_string().expect("UTF-8"))
        .collect();
    names.sort();
    names
}

fn embed(model: &Path, sentence: &str) -> Vec<f64> {
    let printed = stdout(&run_with(
        terakoya(&["embed", "--model", text(model), "--device", "cpu", "--json"]),
        sentence,
    ));
    serde_json::from_str(&printed).expect("one vector")
}

fn cosine(a: &[f64], b: &[f64]) -> f64 {
    let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
    dot(a, b) / (dot(a, a) * dot(b, b)).sqrt()
}

/// A csv file of `rows` in `temp`.
fn csv(temp: &TempDir, rows: &str) -> String {
    let path = temp.path().join("rows.csv");
    fs::write(&path, rows).expect("written");
    text(&path).to_owned()
}

#[test]
fn a_quantised_folder_is_small_and_opens_like_the_other() {
    let temp = TempDir::new().expect("temp");
    let (folder, said) = quantize(&bert_tiny(), &temp, "small", &[]);
    assert_eq!(
        names(&folder),
        [
            "LICENSE",
            "config.json",
            "model.safetensors",
            "quantization.json",
            "tokenizer.json.gz",
            "tokenizer_config.json"
        ]
    );
    // f16 before: four bits and a sixteenth of a byte each are 3.6 times less.
    let size = fs::metadata(folder.join("model.safetensors")).expect("weights").len();
    assert_eq!(said["weights"]["bytes"], json!(size));
    assert!(
        3 * size < said["weights"]["source_bytes"].as_u64().expect("a number"),
        "{size}"
    );
    let model = bert_tiny();
    let least = said["sentences"]["least_cosine"].as_f64().expect("a number");
    assert!((0.97..1.0).contains(&least), "{least}");
    let line = "The temple garden was full of autumn leaves.";
    let (before, after) = (embed(&bert_tiny(), line), embed(&folder, line));
    assert!(before != after && cosine(&before, &after) > 0.97);
    let tokenize = |model: &Path| {
        stdout(&run_with(
            terakoya(&["tokenize", "--model", text(model), "--json"]),
            line,
        ))
    };
    assert_eq!(tokenize(&bert_tiny()), tokenize(&folder));
    let again = [
        "quantize",
        "--model",
        text(&model),
        "--output",
        text(&folder),
        "--device",
        "cpu",
    ];
    fails(terakoya(&again), "exists");
    let left = temp.path().join("small.partial");
    fs::create_dir(&left).expect("a folder");
    fs::write(left.join("config.json"), "half").expect("written");
    fails(
        terakoya(&[&again[..], &["--overwrite"]].concat()),
        "may hold the model of an earlier run",
    );
    fs::remove_dir_all(left).expect("removed");
    let table = stdout(&run(terakoya(&[&again[..], &["--overwrite"]].concat())));
    assert!(
        table.contains("bert.embeddings.word_embeddings.weight") && table.contains("q4_32"),
        "{table}"
    );
}

#[test]
fn a_model_trained_on_blocks_is_saved_plain_and_measured_by_its_metrics() {
    let temp = TempDir::new().expect("temp");
    let (base, _) = quantize(&bert_tiny(), &temp, "base", &[]);
    let (tuned, data) = (temp.path().join("tuned"), root().join("assets/topics-en"));
    let (train, dev) = (data.join("train.csv"), data.join("dev.csv"));
    let flags = [
        "train",
        "--task",
        "sequence-classification",
        "--device",
        "cpu",
        "--model",
        text(&base),
        "--train",
        text(&train),
        "--output",
        text(&tuned),
        "--epochs",
        "8",
        "--batch-size",
        "16",
        "--learning-rate",
        "3e-3",
        "--train-layers",
        "head",
    ];
    stdout(&run(terakoya(&flags)));
    assert!(tuned.join("tokenizer.json").exists() && !tuned.join("tokenizer.json.gz").exists());
    let weights = fs::read(tuned.join("model.safetensors")).expect("weights");
    let weights = SafeTensors::deserialize(&weights).expect("a whole file");
    assert!(weights.tensors().iter().all(|(_, view)| view.dtype() == Dtype::F32));

    let (small, said) = quantize(&tuned, &temp, "small", &["--data", text(&dev)]);
    let accuracy = |when: &str| said["metrics"]["accuracy"][when].as_f64().expect("a number");
    assert!(accuracy("before") > 0.4, "four classes: {said}");
    // The frozen layers lie on the grid they were read from; of a hundred rows the rounded head may turn three.
    assert!((accuracy("before") - accuracy("after")).abs() < 0.035, "{said}");
    let tensors = said["weights"]["tensors"].as_array().expect("a list");
    let layers = tensors.iter().filter(|tensor| tensor["format"] == "q4_32");
    let on_grid: Vec<&Value> = layers.map(|tensor| &tensor["blocks_on_grid"]).collect();
    assert!(
        on_grid.len() > 8 && on_grid.iter().all(|part| **part == json!(1.0)),
        "{on_grid:?}"
    );
    assert!(small.join("training.json").exists(), "the recipe goes along");
    let evaluate = [
        "evaluate",
        "--model",
        text(&small),
        "--data",
        text(&dev),
        "--device",
        "cpu",
        "--json",
    ];
    let report = json(&stdout(&run(terakoya(&evaluate))));
    assert_eq!(report["accuracy"], said["metrics"]["accuracy"]["after"]);
}

#[test]
fn a_text_is_measured_as_evaluate_measures_it() {
    let temp = TempDir::new().expect("temp");
    // As a table, each line would lose its second half.
    let lines = temp.path().join("lines.txt");
    fs::write(
        &lines,
        "the cat sleeps\ton the warm mat\nthe dog runs\tover the green field\n",
    )
    .expect("written");
    let (model, lines) = (bert_tiny(), text(&lines));
    let (_, said) = quantize(&model, &temp, "small", &["--data", lines]);
    let evaluate = [
        "evaluate",
        "--model",
        text(&model),
        "--data",
        lines,
        "--device",
        "cpu",
        "--json",
    ];
    let report = json(&stdout(&run(terakoya(&evaluate))));
    assert!(report["perplexity"].as_f64() > Some(1.0), "{report}");
    assert_eq!(said["metrics"]["perplexity"]["before"], report["perplexity"]);
    assert_eq!(said["metrics"]["tokens"]["before"], report["tokens"]);
}

#[test]
fn pairs_with_scores_are_ranked() {
    let temp = TempDir::new().expect("temp");
    let rows = "sentence1,sentence2,score\n\
                the cat sat on the mat,a cat is sitting on a mat,4.6\n\
                the cat sat on the mat,the team lost the final,0.2\n\
                the battery lasts long,this battery is good,3.5\n\
                we ate soup,the phone is broken,0\n";
    let rows = csv(&temp, rows);
    let (_, said) = quantize(&bert_tiny(), &temp, "small", &["--data", &rows, "--prefix", "query: "]);
    let spearman = &said["spearman"];
    assert_eq!(spearman["pairs"], json!(4));
    let number = |name: &str| spearman[name].as_f64().expect("a number");
    assert!(number("before") > 0.0 && number("before") <= 1.0, "{spearman}");
    assert!((number("after") - number("before") - number("change")).abs() < 1e-12);
}

#[test]
fn what_cannot_be_measured_or_overwritten_is_refused() {
    let temp = TempDir::new().expect("temp");
    let output = temp.path().join("small");
    let model = bert_tiny();
    let flags = [
        "quantize",
        "--device",
        "cpu",
        "--model",
        text(&model),
        "--output",
        text(&output),
        "--data",
    ];
    let with =
        |rows: &str, expected: &str| fails(terakoya(&[&flags[..], &[csv(&temp, rows).as_str()]].concat()), expected);
    with("sentence1,sentence2,score\na b,c,1\nd,e,1\n", "all alike");
    let headless = temp.path().join("headless");
    fs::create_dir(&headless).expect("a new folder");
    for file in ["config.json", "tokenizer.json", "model.safetensors"] {
        fs::copy(model.join(file), headless.join(file)).expect(file);
    }
    let config = fs::read_to_string(headless.join("config.json")).expect("config.json");
    let config = config.replace("BertForMaskedLM", "BertModel");
    fs::write(headless.join("config.json"), config).expect("written");
    let rows = csv(&temp, "sentence,label\na b,x\nd,y\n");
    let mut of_headless = flags;
    of_headless[4] = text(&headless);
    fails(
        terakoya(&[&of_headless[..], &[rows.as_str()]].concat()),
        "no trained head",
    );
    assert!(!output.exists(), "nothing is written before the first measurement");
    let other = temp.path().join("other");
    fs::create_dir(&other).expect("a new folder");
    fs::write(other.join("letter.txt"), "dear").expect("written");
    let onto = [
        "quantize",
        "--model",
        text(&model),
        "--output",
        text(&other),
        "--overwrite",
    ];
    fails(terakoya(&onto), "not overwritten");
}

#[test]
fn damaged_folders_end_in_one_line() {
    let temp = TempDir::new().expect("temp");
    let (folder, _) = quantize(&bert_tiny(), &temp, "small", &[]);
    let check = |file: &str, change: &dyn Fn(&mut Vec<u8>), expected: &str| {
        let path = folder.join(file);
        let whole = fs::read(&path).expect(file);
        let mut damaged = whole.clone();
        change(&mut damaged);
        fs::write(&path, damaged).expect(file);
        fails(terakoya(&["inspect", "--model", text(&folder)]), expected);
        fs::write(&path, whole).expect(file);
    };
    let replace = |bytes: &mut Vec<u8>, from: &str, to: &str| {
        let at = bytes.windows(from.len()).position(|window| window == from.as_bytes());
        let at = at.expect("the header holds it");
        bytes[at..at + to.len()].copy_from_slice(to.as_bytes());
    };
    check(
        "tokenizer.json.gz",
        &|bytes| bytes.truncate(1000),
        "tokenizer.json.gz is not a whole gzip file",
    );
    check(
        "model.safetensors",
        &|bytes| bytes.truncate(100_000),
        "not a whole safetensors file",
    );
    check(
        "model.safetensors",
        &|bytes| replace(bytes, "q4_32", "q5_32"),
        "\"q5_32\"",
    );
    check(
        "model.safetensors",
        &|bytes| replace(bytes, "version\\\":1", "version\\\":7"),
        "version 7",
    );
    check(
        "model.safetensors",
        &|bytes| replace(bytes, ".quantization", ".quantisation"),
        "weight",
    );
    stdout(&run(terakoya(&["inspect", "--model", text(&folder)])));
}

#[test]
fn the_default_model_classifies_japanese_and_is_small() {
    let folder = default_model();
    let size: u64 = names(&folder)
        .iter()
        .map(|name| fs::metadata(folder.join(name)).expect("a file").len())
        .sum();
    assert!(size <= 20_000_000, "{size} bytes");
    for (sentence, label) in [
        ("料理がとてもおいしくて、店の人も親切でした。", "positive"),
        ("画面がすぐに割れて、修理も断られて最悪でした。", "negative"),
    ] {
        let flags = [
            "predict",
            "--model",
            text(&folder),
            "--device",
            "cpu",
            "--json",
            "--text",
            sentence,
        ];
        let said = json(&stdout(&run(terakoya(&flags))));
        assert_eq!(said["label"], label, "{said}");
    }
}
