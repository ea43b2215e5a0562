//! Drives the real binary through the language models: hidden words and what a new model's folder says; `next_words`
//! learns and continues texts.

mod binary;
mod new_model;
#[path = "cli_lm/next_words.rs"]
mod next_words;
mod stdin;
mod tiny;
mod transformers;

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::Value;
use tempfile::TempDir;

use binary::{fails, json, root, run, stderr, stdout, terakoya};
use new_model::{GPT2, train_new};
use stdin::run_with;
use tiny::{file, train};

fn path(folder: &Path) -> &str {
    folder.to_str().expect("UTF-8")
}

fn weights(folder: &Path) -> Vec<u8> {
    fs::read(folder.join("model.safetensors")).expect("weights")
}

/// `train --task masked-lm` of the shipped model, on the CPU.
fn train_masked(output: &Path, more: &[&str]) -> Command {
    train("masked-lm", output, more)
}

const ROBERTA: &str = r#"{"model_type":"roberta","hidden_size":32,"num_hidden_layers":1,"num_attention_heads":2,
    "intermediate_size":64,"max_position_embeddings":40,"pad_token_id":1,"type_vocab_size":1}"#;

/// What `command --json` says, checked by transformers where Python has it.
fn round_trip(folder: &Path, lines: &str, temp: &TempDir) {
    let lines = file(temp, "said.jsonl", lines);
    transformers::compare(path(folder), &lines, &[]);
}

/// Sentences in which each animal has its own place.
fn sentences() -> String {
    let lines = [
        "the cat sleeps on the warm mat in the house",
        "the dog runs over the green field with a stick",
        "the bird sings in the old tree by the river",
    ];
    lines.map(|line| format!("{line}\n").repeat(12)).concat()
}

fn masked_lm<'a>(epochs: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    let flags = [
        "--epochs",
        epochs,
        "--batch-size",
        "6",
        "--learning-rate",
        "1e-3",
        "--json",
    ];
    [&flags, more].concat()
}

fn perplexity(folder: &Path, data: &str) -> f64 {
    let report = json(&stdout(&run(terakoya(&[
        "evaluate",
        "--model",
        path(folder),
        "--data",
        data,
        "--json",
        "--device",
        "cpu",
    ]))));
    let (loss, perplexity) = (report["loss"].as_f64(), report["perplexity"].as_f64());
    let (loss, perplexity) = (loss.expect("a loss"), perplexity.expect("a perplexity"));
    assert!((loss.exp() / perplexity - 1.0).abs() < 1e-9, "{report}");
    assert!(report["tokens"].as_u64() > Some(0), "{report}");
    perplexity
}

#[test]
fn masked_lm_learns_what_is_hidden_and_fills_masks() {
    let temp = TempDir::new().expect("temp");
    let data = file(&temp, "sentences.txt", &sentences());
    // A block is a third of the rows.
    for (name, epochs, more) in [
        ("lines", "12", &[][..]),
        ("words", "12", &["--whole-word-masking", "true"][..]),
        ("blocks", "36", &["--block-size", "32"][..]),
    ] {
        let output = temp.path().join(name);
        let flags = masked_lm(epochs, &[&["--train", &data, "--eval", &data], more].concat());
        let result = json(&stdout(&run(train_masked(&output, &flags))));
        let learned = result["eval"]["report"]["perplexity"].as_f64().expect("a perplexity");
        let before = perplexity(&root().join("assets/bert-tiny"), &data);
        assert!(
            learned < before / 20.0 && learned < 8.0,
            "{name}: {before} became {learned}"
        );
        // Evaluations hide the same words, so the saved model says the same again.
        assert_eq!(perplexity(&output, &data), learned, "{name}");
        let config = json(&fs::read_to_string(output.join("config.json")).expect("config.json"));
        assert_eq!(config["architectures"][0], "BertForMaskedLM");
        assert_eq!(config["mlm_probability"], 0.15);

        let masks =
            "the [MASK] sleeps on the warm mat in the house\nthe dog [MASK] over the green [MASK] with a stick\n";
        let masks = file(&temp, "masks.txt", masks);
        let arguments = ["predict", "--model", path(&output), "--data", &masks, "--device", "cpu"];
        let lines = stdout(&run(terakoya(&[&arguments[..], &["--json", "--top-k", "3"]].concat())));
        let said: Vec<Value> = lines.lines().map(json).collect();
        // Who learned from blocks never saw a sentence by itself.
        let ranks = if name == "blocks" { 3 } else { 1 };
        for (line, mask, token) in [(0, 0, "cat"), (1, 1, "field")] {
            let mut likeliest = (0..ranks).map(|rank| &said[line]["masks"][mask][rank]["token"]);
            assert!(likeliest.any(|said| said == token), "{name}: {lines}");
        }
        assert_eq!(said[1]["masks"].as_array().map(Vec::len), Some(2));
        assert_eq!(said[1]["masks"][0].as_array().map(Vec::len), Some(3));
        round_trip(&output, &lines, &temp);
        let plain = stdout(&run(terakoya(&arguments)));
        assert!(plain.contains("cat 0."), "{plain}");
    }
}

#[test]
fn a_folder_whose_blocks_are_longer_than_its_model_is_read() {
    let temp = TempDir::new().expect("temp");
    let folder = temp.path().join("model");
    fs::create_dir(&folder).expect("a new folder");
    for entry in fs::read_dir(root().join("assets/bert-tiny")).expect("the model ships") {
        let file = entry.expect("an entry").path();
        fs::copy(&file, folder.join(file.file_name().expect("a name"))).expect("copied");
    }
    let mut config = json(&fs::read_to_string(folder.join("config.json")).expect("config.json"));
    config["block_size"] = 100_000.into();
    fs::write(folder.join("config.json"), config.to_string()).expect("written");
    // More tokens than the model's 512.
    let data = file(&temp, "sentences.txt", &sentences().repeat(3));
    assert!(perplexity(&folder, &data) > 1.0);
}

#[test]
fn a_resumed_run_hides_what_an_unbroken_one_does() {
    let temp = TempDir::new().expect("temp");
    let data = file(&temp, "sentences.txt", &sentences());
    let flags = ["--train", &data, "--epochs", "2", "--batch-size", "8"];
    let output = temp.path().join("lost");
    fails(
        train_masked(&output, &[&flags[..], &["--fail-at-step", "7"]].concat()),
        "--resume goes on from the last checkpoint",
    );
    stdout(&run(train_masked(&output, &[&flags[..], &["--resume"]].concat())));
    let unbroken = temp.path().join("unbroken");
    stdout(&run(train_masked(&unbroken, &flags)));
    assert!(weights(&output) == weights(&unbroken));
    let other = temp.path().join("other");
    stdout(&run(train_masked(&other, &[&flags[..], &["--seed", "7"]].concat())));
    assert!(weights(&other) != weights(&unbroken));
}

#[test]
fn mask_may_be_written_in_berts_spelling_for_every_model() {
    let temp = TempDir::new().expect("temp");
    let data = file(&temp, "sentences.txt", &sentences());
    let config = file(&temp, "config.json", ROBERTA);
    let output = temp.path().join("roberta");
    let flags = ["--train", &data, "--epochs", "1", "--max-length", "32"];
    let trained = run(train_new("masked-lm", &config, "roberta", &output, &flags));
    stdout(&trained);
    assert!(stderr(&trained).contains("every weight begins at random"));
    let predict = |text: &str| {
        let arguments = [
            "predict",
            "--model",
            path(&output),
            "--text",
            text,
            "--json",
            "--device",
            "cpu",
        ];
        stdout(&run(terakoya(&arguments)))
    };
    let lines = predict("the cat <mask> on the mat");
    assert_eq!(predict("the cat [MASK] on the mat"), lines);
    let mut said = json(&lines);
    said["text"] = Value::from("the cat <mask> on the mat");
    round_trip(&output, &format!("{said}\n"), &temp);
}

const BERT: &str = r#"{"model_type":"bert","hidden_size":32,"num_hidden_layers":1,"num_attention_heads":2,
    "intermediate_size":64,"max_position_embeddings":40}"#;

#[test]
fn a_new_models_config_names_the_tokens_that_its_tokenizer_has() {
    let temp = TempDir::new().expect("temp");
    let data = file(&temp, "sentences.txt", &sentences());
    // What transformers has for a family without being told stands only where it is not what the tokenizer has.
    for (name, config, tokenizer, task, expected) in [
        ("bert", BERT, "cased", "masked-lm", [None, None]),
        (
            "roberta",
            ROBERTA,
            "roberta",
            "masked-lm",
            [Some(0.into()), Some(2.into())],
        ),
        (
            "roberta-of-bert",
            // Without the id that RoBERTa has for padding, which is a word of this tokenizer's.
            &ROBERTA.replace(r#""pad_token_id":1,"type_vocab_size":1"#, r#""type_vocab_size":2"#),
            "cased",
            "masked-lm",
            [Some(Value::Null), Some(Value::Null)],
        ),
        (
            "gpt2",
            GPT2,
            "gpt2",
            "causal-lm",
            [Some(1256.into()), Some(1256.into())],
        ),
        (
            "told",
            &BERT.replace("{", r#"{"eos_token_id":7,"#),
            "cased",
            "masked-lm",
            [None, Some(7.into())],
        ),
    ] {
        let config = file(&temp, "config.json", config);
        let output = temp.path().join(name);
        let flags = ["--train", &data, "--epochs", "1"];
        stdout(&run(train_new(task, &config, tokenizer, &output, &flags)));
        let config = json(&fs::read_to_string(output.join("config.json")).expect("config.json"));
        let found = ["bos_token_id", "eos_token_id"].map(|key| config.get(key).cloned());
        assert_eq!(found, expected, "{name}");
        let padding = match name {
            "roberta" => Some(1.into()),
            // Its tokenizer has none.
            "gpt2" => None,
            _ => Some(0.into()),
        };
        assert_eq!(config.get("pad_token_id").cloned(), padding, "{name}");
    }
}

#[test]
fn a_text_that_leaves_nothing_open_is_named_and_costs_no_other_its_words() {
    let bert = root().join("assets/bert-tiny");
    let predict = |lines: &str, more: &[&str]| {
        let args = ["predict", "--model", path(&bert), "--device", "cpu"];
        run_with(terakoya(&[&args[..], more].concat()), lines)
    };
    let open = ["the cat [MASK] on the mat", "a [MASK] [MASK] day"];
    let alone = predict(&format!("{}\n{}\n", open[0], open[1]), &["--json"]);
    let mixed = predict(&format!("{}\nno place is open\n{}\n", open[0], open[1]), &["--json"]);
    let said: Vec<Value> = stdout(&mixed).lines().map(json).collect();
    let alone: Vec<Value> = stdout(&alone).lines().map(json).collect();
    assert_eq!([&said[0], &said[2]], [&alone[0], &alone[1]]);
    assert_eq!(said[2]["masks"].as_array().map(Vec::len), Some(2));
    let reason = "text 2 has no [MASK]: write [MASK] where a word is to be guessed";
    assert_eq!(said[1]["unasked"], reason);
    assert_eq!(said[1]["masks"], serde_json::json!([]));
    assert!(alone.iter().all(|line| line.get("unasked").is_none()), "{alone:?}");
    assert!(stderr(&mixed).contains(reason), "{}", stderr(&mixed));
    let plain = predict("nothing\na [MASK]\n", &[]);
    let lines = stdout(&plain);
    assert!(lines.starts_with("(not asked)\tnothing\n"), "{lines}");
}

#[test]
fn what_masked_lm_cannot_use_is_named() {
    let temp = TempDir::new().expect("temp");
    let data = file(&temp, "sentences.txt", &sentences());
    let output = temp.path().join("model");
    for (flag, value, expected) in [
        ("--mlm-probability", "0", "--mlm-probability is 0: must be above 0"),
        ("--block-size", "2", "--block-size is 2: must be 0, or between"),
        ("--block-size", "513", "--block-size is 513: the model reads fewer"),
        ("--label-smoothing", "0.1", "--label-smoothing is 0.1"),
    ] {
        fails(train_masked(&output, &["--train", &data, flag, value]), expected);
    }
    let blank = file(&temp, "blank.txt", "\n \n");
    fails(train_masked(&output, &["--train", &blank]), "blank.txt: no rows");
    let bert = root().join("assets/bert-tiny");
    let predict = |text: &str| {
        terakoya(&[
            "predict",
            "--model",
            path(&bert),
            "--text",
            text,
            "--device",
            "cpu",
            "--max-length",
            "8",
        ])
    };
    fails(predict("the cat sleeps"), "text 1 has no [MASK]: write [MASK]");
    let long = "the cat sleeps on the warm mat of [MASK]";
    fails(predict(long), "text 1 has no [MASK] within its first 8 tokens");
    let config = file(&temp, "config.json", ROBERTA);
    let flags = ["--train", &data[..], "--max-length", "32"];
    let message = fails(
        train_new("masked-lm", &config, "gpt2", &output, &flags),
        "the model's tokenizer has no mask_token: its files say null, or name none and the vocabulary has neither [MASK] nor <mask>",
    );
    assert!(
        !message.contains("sentences.txt"),
        "the data was read before: {message}"
    );
    let unmasked = temp.path().join("unmasked");
    fs::create_dir(&unmasked).expect("a folder");
    fs::write(unmasked.join("vocab.txt"), "[PAD]\n[UNK]\n[CLS]\n[SEP]\nthe\ncat\n").expect("written");
    fs::write(unmasked.join("config.json"), r#"{"architectures":["BertForMaskedLM"]}"#).expect("written");
    // Neither the data nor the weights, which are not there, are looked for.
    for command in ["predict", "evaluate"] {
        let args = [
            command,
            "--model",
            path(&unmasked),
            "--data",
            "no.txt",
            "--device",
            "cpu",
        ];
        fails(
            terakoya(&args),
            "the model's tokenizer has no \"[MASK]\" in its vocabulary",
        );
    }
    // Said before the data is looked for.
    let evaluate = [
        "evaluate",
        "--model",
        path(&bert),
        "--data",
        "no.txt",
        "--predictions",
        "p.tsv",
        "--device",
        "cpu",
    ];
    fails(
        terakoya(&evaluate),
        "p.tsv: the model's task has a loss and no predictions",
    );
}
