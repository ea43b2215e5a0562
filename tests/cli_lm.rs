//! Drives the real binary through the language models: hidden words, next words, continuations, resumption, bad input.

mod binary;
mod new_model;
mod tiny;
mod transformers;

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;
use tempfile::TempDir;

use binary::{fails, json, root, run, stderr, stdout, terakoya};
use new_model::{GPT2, train_new};
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
            &ROBERTA.replace("\"type_vocab_size\":1", "\"type_vocab_size\":2"),
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
    }
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
        "the model's tokenizer names no mask_token, nor has its vocabulary [MASK] or <mask>",
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

    let compared = ["--compare", path(&output), "--json", "--max-new-tokens", "5"];
    let both = json(&stdout(&run(generate(&output, prompt, &compared))));
    assert_eq!(both["base"]["text"], both["model"]["text"]);
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
    let free = json(&stdout(&run(generate(
        &output,
        "",
        &["--max-new-tokens", "500", "--json"],
    ))));
    assert!(free["tokens"].as_u64() <= Some(64), "{free}");
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
