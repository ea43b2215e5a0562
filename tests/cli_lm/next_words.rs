//! Next words: a text learned by heart, continuations, resumption, documents, bad input.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;
use tempfile::TempDir;

use super::{path, perplexity, round_trip, weights};
use crate::binary::{fails, json, root, run, stderr, stdout, terakoya};
use crate::new_model::{GPT2, train_new};
use crate::tiny::file;

/// A poem to be learned by heart; its lines begin alike, so that one has to look back.
const POEM: &str = "One for the river, two for the tree.\nOne for the mountain, three for the sea.\n";

fn train_poet(temp: &TempDir, output: &Path, epochs: &str, more: &[&str]) -> Output {
    let data = file(temp, "poem.txt", &POEM.repeat(20));
    let config = file(temp, "config.json", GPT2);
    let flags = [
        "--train",
        &data,
        "--eval",
        &data,
        "--epochs",
        epochs,
        "--batch-size",
        "4",
        "--learning-rate",
        "3e-3",
        "--block-size",
        "64",
        "--dropout",
        "0",
    ];
    run(train_new(
        "causal-lm",
        &config,
        "gpt2",
        output,
        &[&flags[..], more].concat(),
    ))
}

fn generate(model: &Path, prompt: &str, more: &[&str]) -> Command {
    let mut command = terakoya(&["generate", "--device", "cpu", "--prompt", prompt]);
    command.arg("--model").arg(model).args(more);
    command
}

#[test]
fn causal_lm_learns_a_text_by_heart_and_continues_it() {
    let temp = TempDir::new().expect("temp");
    let output = temp.path().join("poet");
    let trained = train_poet(&temp, &output, "30", &["--json"]);
    let result = json(&stdout(&trained));
    let learned = result["eval"]["report"]["perplexity"].as_f64().expect("a perplexity");
    // Of 1,257 tokens; what is known by heart is nearly sure, but for the first tokens of each block.
    assert!(learned < 1.5, "{learned}");
    assert!(stderr(&trained).contains("every weight begins at random"));
    let config = json(&fs::read_to_string(output.join("config.json")).expect("config.json"));
    assert_eq!(config["architectures"][0], "GPT2LMHeadModel");
    assert_eq!(config["block_size"], 64);
    assert_eq!(config["eos_token_id"], 1256);

    // Prompt and continuation stream to stdout, nothing else does.
    let prompt = "One for the river,";
    let plain = stdout(&run(generate(&output, prompt, &["--max-new-tokens", "24"])));
    assert!(
        plain.starts_with("One for the river, two for the tree.\nOne for the mount"),
        "{plain}"
    );
    let lines = stdout(&run(generate(&output, prompt, &["--max-new-tokens", "24", "--json"])));
    let said = json(&lines);
    assert_eq!(format!("{prompt}{}\n", said["text"].as_str().expect("text")), plain);
    assert_eq!(
        (&said["tokens"], &said["stopped_by"]),
        (&Value::from(24), &Value::from("max-new-tokens"))
    );
    round_trip(&output, &lines, &temp);

    let draw = |seed: &str| {
        let flags = [
            "--temperature",
            "3",
            "--top-k",
            "40",
            "--top-p",
            "0.99",
            "--seed",
            seed,
            "--json",
        ];
        json(&stdout(&run(generate(&output, "One", &flags))))["text"].clone()
    };
    assert_eq!(draw("1"), draw("1"));
    assert_ne!(draw("1"), draw("2"));

    let base = root().join("assets/gpt2-mini-ja");
    let short = ["--json", "--max-new-tokens", "5"];
    let compared = [&["--compare", path(&base)][..], &short].concat();
    let both = json(&stdout(&run(generate(&output, prompt, &compared))));
    for (name, model) in [("base", &base), ("model", &output)] {
        let alone = json(&stdout(&run(generate(model, prompt, &short))));
        assert_eq!(both[name]["text"], alone["text"], "{name}");
    }
    assert_ne!(both["base"]["text"], both["model"]["text"]);
    assert_eq!(both["model"]["tokens"], 5);
    let table = stdout(&run(generate(
        &output,
        prompt,
        &["--compare", path(&output), "--max-new-tokens", "5"],
    )));
    let rows: Vec<(&str, &str)> = table.lines().filter_map(|row| row.split_once(" │ ")).collect();
    assert!(
        rows.len() > 2 && rows.iter().all(|(left, right)| left.trim_end() == *right),
        "{table}"
    );
    // An empty prompt begins a text; the context ends one.
    let free = run(generate(&output, "", &["--max-new-tokens", "500", "--json"]));
    let told = stderr(&free).contains("the text ends here since the model reads at most 64 tokens");
    let free = json(&stdout(&free));
    assert!(free["tokens"].as_u64() <= Some(64), "{free}");
    assert_eq!(told, free["stopped_by"] == "context", "{free}");
    // A text of no token has a vector too, beside others and alone.
    for (rows, count) in [("\"\",a\nriver,b\n", 2), ("\"\",a\n", 1)] {
        let texts = file(&temp, "texts.csv", &format!("text,author\n{rows}"));
        let arguments = [
            "embed",
            "--model",
            path(&output),
            "--data",
            &texts,
            "--device",
            "cpu",
            "--json",
        ];
        let lines = stdout(&run(terakoya(&arguments)));
        assert_eq!(lines.lines().count(), count);
        let first: Vec<f32> = serde_json::from_str(lines.lines().next().expect("a vector")).expect("numbers");
        assert_eq!(first, [0.0; 48]);
    }
    fails(
        generate(&output, &POEM.repeat(5), &[]),
        "tokens, but the model reads at most 64: shorten it",
    );
    fails(generate(&output, prompt, &["--top-p", "0"]), "--top-p is 0");
    // What would do nothing is refused; at its default it is let pass.
    for (flag, value) in [("--top-k", "40"), ("--top-p", "0.9")] {
        let refused = run(generate(&output, prompt, &["--temperature", "0", flag, value]));
        assert_eq!(refused.status.code(), Some(2));
        let expected = format!("{flag} chooses among several tokens, but --temperature 0 always takes the likeliest");
        assert!(stderr(&refused).contains(&expected), "{}", stderr(&refused));
    }
    let defaults = [
        "--temperature",
        "0",
        "--top-k",
        "0",
        "--top-p",
        "1",
        "--max-new-tokens",
        "24",
    ];
    assert_eq!(stdout(&run(generate(&output, prompt, &defaults))), plain);
    let predict = ["predict", "--model", path(&output), "--text", "One", "--device", "cpu"];
    fails(terakoya(&predict), "a causal-lm model continues texts: use generate");
    let inspected = stdout(&run(terakoya(&["inspect", "--model", path(&output)])));
    assert!(
        inspected.contains("memory to train top:1") && !inspected.contains("memory to train head"),
        "{inspected}"
    );
}

#[test]
fn a_resumed_causal_run_is_an_unbroken_one() {
    let temp = TempDir::new().expect("temp");
    let output = temp.path().join("lost");
    let lost = train_poet(&temp, &output, "2", &["--fail-at-step", "5"]);
    assert!(
        stderr(&lost).contains("--resume goes on from the last checkpoint"),
        "{}",
        stderr(&lost)
    );
    stdout(&train_poet(&temp, &output, "2", &["--resume"]));
    let unbroken = temp.path().join("unbroken");
    stdout(&train_poet(&temp, &unbroken, "2", &[]));
    assert!(weights(&output) == weights(&unbroken));
}

#[test]
fn works_and_rows_are_documents() {
    let temp = TempDir::new().expect("temp");
    let config = file(&temp, "config.json", GPT2);
    let train = |name: &str, text: &str| {
        let data = file(&temp, name, text);
        let output = temp.path().join(format!("{name}.model"));
        let flags = ["--train", &data, "--epochs", "1", "--block-size", "16"];
        let trained = run(train_new("causal-lm", &config, "gpt2", &output, &flags));
        stdout(&trained);
        (perplexity(&output, &data), stderr(&trained))
    };
    let (_, said) = train("works.txt", "One for the river.\n\u{c}\nTwo for the tree.\n");
    assert!(said.contains("2 rows; text: text = works"), "{said}");
    let (_, said) = train(
        "rows.csv",
        "text,author\n\"One for the river.\",a\n\"\",b\n\"Two for the tree.\",c\n",
    );
    assert!(said.contains("3 rows; csv with header: text = text"), "{said}");
}

#[test]
fn models_learn_only_what_they_can() {
    let temp = TempDir::new().expect("temp");
    let data = file(&temp, "poem.txt", POEM);
    let output = temp.path().join("model");
    let bert = root().join("assets/bert-tiny");
    let mut command = terakoya(&["train", "--task", "causal-lm", "--device", "cpu", "--train", &data]);
    command.arg("--model").arg(&bert).arg("--output").arg(&output);
    fails(command, "a bert model cannot learn causal-lm");
    let config = file(&temp, "config.json", GPT2);
    let labels = file(&temp, "labels.csv", "text,label\nriver,a\ntree,b\n");
    let flags = ["--train", &labels[..]];
    fails(
        train_new("sequence-classification", &config, "gpt2", &output, &flags),
        "a gpt2 model cannot learn sequence-classification",
    );
    let flags = ["--train", &data[..], "--train-layers", "head"];
    fails(
        train_new("causal-lm", &config, "gpt2", &output, &flags),
        "has no head of its own",
    );
    let flags = ["--train", &data[..], "--block-size", "65"];
    fails(
        train_new("causal-lm", &config, "gpt2", &output, &flags),
        "--block-size is 65",
    );
    let empty = file(&temp, "empty.csv", "text,author\n\"\",a\n");
    let flags = ["--train", &empty[..]];
    fails(
        train_new("causal-lm", &config, "gpt2", &output, &flags),
        "no two tokens",
    );
    fails(generate(&bert, "One", &[]), "a bert model cannot continue a text");
    let said = run(generate(&bert, "One", &[])).stdout;
    assert!(
        said.is_empty(),
        "nothing is continued: {}",
        String::from_utf8_lossy(&said)
    );
    let odd = file(
        &temp,
        "odd.json",
        &GPT2.replace("gpt2\"", "gpt2\",\"tie_word_embeddings\":false"),
    );
    let flags = ["--train", &data[..]];
    fails(
        train_new("causal-lm", &odd, "gpt2", &output, &flags),
        "tie_word_embeddings is false",
    );
}
