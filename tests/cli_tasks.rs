//! Drives the real binary through regression, every family of models, and data that is not as it should be; `cli_labels` has
//! the labels.

mod binary;
mod logits;
mod tiny;
mod transformers;

use std::fs;
use std::process::Command;

use serde_json::Value;
use tempfile::TempDir;

use binary::{fails, json, root, run, stderr, stdout, terakoya};
use logits::round_trip;
use tiny::{file, train};

const FOODS: [&str; 4] = ["soup", "rice", "bread", "tea"];

/// Rows of how somebody liked what they ate, from 100 to 500.
fn scores() -> String {
    let mut text = "sentence1\tsentence2\tscore\n".to_owned();
    for food in FOODS {
        for (verdict, score) in [("terrible", 100.0), ("fine", 300.0), ("wonderful", 500.0)] {
            text += &format!("the {food} was here\tit was {verdict}\t{score}\n");
        }
    }
    text
}

#[test]
fn regression_learns_numbers_in_their_own_units() {
    let temp = TempDir::new().expect("temp");
    let data = file(&temp, "scores.tsv", &scores());
    let output = temp.path().join("model");
    let flags = [
        "--train",
        &data,
        "--eval",
        &data,
        "--target-scale",
        "500",
        "--epochs",
        "40",
        "--batch-size",
        "4",
        "--learning-rate",
        "1e-3",
        "--json",
    ];
    let result = json(&stdout(&run(train("regression", &output, &flags))));
    let report = &result["eval"]["report"];
    // Twelve rows that were learned from: a model that learns nothing has a correlation of 0.
    assert!(report["pearson"].as_f64() > Some(0.9), "{report}");
    assert!(report["spearman"].as_f64() > Some(0.9), "{report}");

    let folder = output.to_str().expect("UTF-8");
    let config = json(&fs::read_to_string(output.join("config.json")).expect("config.json"));
    assert_eq!(config["problem_type"], "regression");
    assert_eq!(config["id2label"], serde_json::json!({ "0": "LABEL_0" }));
    let evaluated = json(&stdout(&run(terakoya(&[
        "evaluate", "--model", folder, "--data", &data, "--json", "--device", "cpu",
    ]))));
    let (kept, again) = (report["mse"].as_f64(), evaluated["mse"].as_f64());
    let difference = kept.zip(again).map(|(kept, again)| (kept - again).abs() / kept);
    // The scale went into the weights, which rounds them.
    assert!(
        difference.is_some_and(|difference| difference < 1e-3),
        "{kept:?} {again:?}"
    );
    // The error is in the data's units, the loss what training went by: its curves compare.
    for (loss, mse) in [(&result["eval"]["loss"], kept), (&evaluated["loss"], again)] {
        let scaled = mse.map(|mse| mse / (500.0 * 500.0));
        let same = loss
            .as_f64()
            .zip(scaled)
            .map(|(loss, scaled)| (loss - scaled).abs() < 1e-9);
        assert_eq!(same, Some(true), "{loss} {scaled:?}");
    }
    let table = stdout(&run(terakoya(&[
        "evaluate", "--model", folder, "--data", &data, "--device", "cpu",
    ])));
    let widths: Vec<usize> = table.lines().map(str::len).collect();
    assert_eq!(
        widths, [widths[0]; 6],
        "numbers stand below each other, the loss too: {table}"
    );
    let predicted = json(&stdout(&run(terakoya(&[
        "predict",
        "--model",
        folder,
        "--text",
        "the soup was here",
        "--text-pair",
        "it was wonderful",
        "--json",
        "--device",
        "cpu",
    ]))));
    assert_eq!(predicted.as_object().map(|object| object.len()), Some(1));
    assert!(predicted["score"].as_f64() > Some(300.0), "{predicted}");
    round_trip(folder, &data, &temp);

    // More training goes on from where it stands, whatever the scale.
    let more = temp.path().join("more");
    let mut command = terakoya(&["train", "--task", "regression", "--device", "cpu", "--model", folder]);
    command.args([
        "--train",
        &data,
        "--eval",
        &data,
        "--target-scale",
        "100",
        "--epochs",
        "1",
        "--json",
    ]);
    command.args(["--learning-rate", "1e-9"]).arg("--output").arg(&more);
    let result = json(&stdout(&run(command)));
    let difference = again.zip(result["eval"]["report"]["mse"].as_f64());
    assert!(
        difference.is_some_and(|(before, after)| (before - after).abs() / before < 1e-3),
        "{result}"
    );
}

#[test]
fn scores_that_are_none_stop_the_run() {
    let temp = TempDir::new().expect("temp");
    let output = temp.path().join("model");
    for wrong in ["many", "NaN"] {
        let data = file(&temp, "wrong.tsv", &format!("{}a\tb\t{wrong}\n", scores()));
        let command = train("regression", &output, &["--train", &data]);
        fails(command, &format!("line 14: \"{wrong}\" is not a number"));
    }
    for (large, scale, limit) in [
        ("1e308", "1", "3.4e38"),
        ("-1e308", "1e300", "3.4e38"),
        ("2e15", "100", "1e12"),
    ] {
        let data = file(&temp, "large.tsv", &format!("{}a\tb\t{large}\n", scores()));
        let command = train("regression", &output, &["--train", &data, "--target-scale", scale]);
        let message = fails(command, "large.tsv, line 14: the score ");
        assert!(
            message.contains(&format!("numbers up to {limit} are learned")),
            "{message}"
        );
    }
    let data = file(&temp, "scores.tsv", &scores());
    fails(
        train("regression", &output, &["--train", &data, "--target-scale", "1e-60"]),
        "divided by --target-scale 0.",
    );
    let command = train(
        "regression",
        &output,
        &["--train", &data, "--class-weights", "balanced"],
    );
    fails(command, "counts for sequence-classification only");
    let command = train("regression", &output, &["--train", &data, "--best-metric", "accuracy"]);
    fails(command, "the task has no such metric");
    assert!(!output.exists());
}

#[test]
fn of_equal_scores_the_model_with_the_lower_loss_is_kept() {
    let temp = TempDir::new().expect("temp");
    let rows: String = FOODS
        .iter()
        .map(|food| format!("i like {food},yes\nno {food} for me,no\n"))
        .collect();
    let data = file(&temp, "likes.csv", &format!("text,label\n{rows}"));
    let output = temp.path().join("model");
    let flags = [
        "--train",
        &data,
        "--eval",
        &data,
        "--epochs",
        "12",
        "--learning-rate",
        "1e-3",
        "--json",
    ];
    run(train("sequence-classification", &output, &flags));
    let record = json(&fs::read_to_string(output.join("training.json")).expect("training.json"));
    let evaluations = record["record"]["evaluations"].as_array().expect("evaluations");
    let number = |value: &Value| value.as_f64().expect("a number");
    let scores: Vec<(f64, f64)> = evaluations
        .iter()
        .map(|evaluation| (number(&evaluation["report"]["accuracy"]), number(&evaluation["loss"])))
        .collect();
    let best = scores
        .iter()
        .copied()
        .reduce(|a, b| if b.0 > a.0 || (b.0 == a.0 && b.1 < a.1) { b } else { a });
    let kept = evaluations
        .iter()
        .position(|evaluation| evaluation["step"] == record["record"]["kept_step"]);
    assert_eq!(kept.map(|kept| scores[kept]), best, "{scores:?}");
    // Eight rows are soon learned by heart: there are equal scores to choose from.
    let equal = scores
        .iter()
        .filter(|(score, _)| Some(*score) == best.map(|best| best.0));
    assert!(equal.count() > 1, "{scores:?}");
}

/// The smallest models of each family, as their configs spell it; the tokenizer's padding token is 0.
const FAMILIES: [(&str, &str); 4] = [
    (
        "bert",
        r#""hidden_size":32,"num_hidden_layers":1,"num_attention_heads":2,"intermediate_size":64"#,
    ),
    (
        "roberta",
        r#""hidden_size":32,"num_hidden_layers":1,"num_attention_heads":2,"intermediate_size":64,"pad_token_id":0,"type_vocab_size":2"#,
    ),
    (
        "xlm-roberta",
        r#""hidden_size":32,"num_hidden_layers":1,"num_attention_heads":2,"intermediate_size":64,"pad_token_id":0,"type_vocab_size":2"#,
    ),
    ("distilbert", r#""dim":32,"n_layers":1,"n_heads":2,"hidden_dim":64"#),
];

/// The command that trains a model of a family from scratch; tokenizer and output are to be named.
fn new_regression(temp: &TempDir, family: &str, keys: &str, data: &str) -> Command {
    let text = format!(r#"{{"model_type":"{family}","max_position_embeddings":40,{keys}}}"#);
    let config = file(temp, "config.json", &text);
    let mut command = terakoya(&["train", "--task", "regression", "--device", "cpu", "--from-scratch"]);
    command.args(["--model-config", &config, "--train", data]);
    command
}

#[test]
fn every_family_begins_from_scratch_and_is_read_by_transformers() {
    let temp = TempDir::new().expect("temp");
    let data = file(&temp, "scores.tsv", &scores());
    let tokenizer = root().join("assets/bert-tiny");
    for (family, keys) in FAMILIES {
        let output = temp.path().join(family);
        let mut command = new_regression(&temp, family, keys, &data);
        command.args([
            "--max-length",
            "64",
            "--target-scale",
            "500",
            "--epochs",
            "30",
            "--learning-rate",
            "3e-3",
            "--batch-size",
            "4",
            "--eval",
            &data,
            "--json",
        ]);
        command.arg("--tokenizer").arg(&tokenizer).arg("--output").arg(&output);
        let trained = run(command);
        assert!(
            stderr(&trained).contains("every weight begins at random"),
            "{}",
            stderr(&trained)
        );
        let report = &json(&stdout(&trained))["eval"]["report"];
        assert!(report["pearson"].as_f64() > Some(0.8), "{family}: {report}");
        let folder = output.to_str().expect("UTF-8");
        let inspected = json(&stdout(&run(terakoya(&["inspect", "--model", folder, "--json"]))));
        assert_eq!(
            (&inspected["model_type"], &inspected["task"]),
            (&family.into(), &"regression".into())
        );
        round_trip(folder, &data, &temp);
    }
}

#[test]
fn a_model_of_one_token_type_reads_texts_and_refuses_pairs() {
    let temp = TempDir::new().expect("temp");
    let keys = FAMILIES[0].1;
    let text = format!(r#"{{"model_type":"bert","max_position_embeddings":40,"type_vocab_size":1,{keys}}}"#);
    let config = file(&temp, "config.json", &text);
    let output = temp.path().join("model");
    let begin = |data: &str| {
        let mut command = terakoya(&[
            "train",
            "--device",
            "cpu",
            "--epochs",
            "1",
            "--from-scratch",
            "--overwrite",
        ]);
        command.args(["--model-config", &config, "--train", data]);
        command.arg("--tokenizer").arg(root().join("assets/bert-tiny"));
        command.arg("--output").arg(&output);
        command
    };
    let texts = file(&temp, "texts.csv", "text,label\na cat,x\na dog,y\n");
    let told = stderr(&run(begin(&texts)));
    // The default of 128 is more than this model reads.
    assert!(
        told.contains("--max-length is 128, but the model reads at most 40 tokens"),
        "{told}"
    );
    let folder = output.to_str().expect("UTF-8");
    for command in ["predict", "embed"] {
        let of = |data: &str| terakoya(&[command, "--model", folder, "--device", "cpu", "--data", data]);
        assert_eq!(stdout(&run(of(&texts))).lines().count(), 2);
        let pairs = file(&temp, "pairs.csv", "sentence1,sentence2\na,b\n");
        fails(
            of(&pairs),
            "type_vocab_size is 1: the tokenizer gives token type 1 to pairs",
        );
    }
    let pairs = file(&temp, "pairs.csv", "sentence1,sentence2,label\na,b,x\nc,d,y\n");
    fails(
        begin(&pairs),
        "type_vocab_size is 1: the tokenizer gives token type 1 to pairs",
    );
}

#[test]
fn transformers_reads_a_lone_tokenizer_json_as_it_stands() {
    let temp = TempDir::new().expect("temp");
    let data = file(&temp, "scores.tsv", &scores());
    let lone = temp.path().join("tokenizer");
    fs::create_dir(&lone).expect("a folder");
    // BERT's words, of which RoBERTa's own tokenizer would make other ids.
    let words = root().join("assets/bert-tiny/tokenizer.json");
    fs::copy(words, lone.join("tokenizer.json")).expect("copied");
    let one_type = FAMILIES[1]
        .1
        .replace(r#""type_vocab_size":2"#, r#""type_vocab_size":1"#);
    let cases = [(FAMILIES[1], 2), (("roberta", &*one_type), 1), (FAMILIES[3], 0)];
    for ((family, keys), types) in cases {
        let output = temp.path().join(format!("{family}-{types}"));
        let mut command = new_regression(&temp, family, keys, &data);
        command.args(["--epochs", "1", "--tokenizer"]);
        command.arg(&lone).arg("--output").arg(&output);
        run(command);
        let written = fs::read_to_string(output.join("tokenizer_config.json")).expect("tokenizer_config.json");
        let written = json(&written);
        for (key, expected) in [
            ("tokenizer_class", "PreTrainedTokenizerFast"),
            ("cls_token", "[CLS]"),
            ("pad_token", "[PAD]"),
            ("mask_token", "[MASK]"),
        ] {
            assert_eq!(written[key], expected, "{family}: {written}");
        }
        let names = written["model_input_names"].as_array().expect("a list");
        let takes_types = names.iter().any(|name| name == "token_type_ids");
        assert_eq!(takes_types, types == 2, "{written}");
        round_trip(output.to_str().expect("UTF-8"), &data, &temp);
    }
}

#[test]
fn unknown_families_are_an_error_that_lists_the_known() {
    let temp = TempDir::new().expect("temp");
    let data = file(&temp, "scores.tsv", &scores());
    let config = file(&temp, "config.json", r#"{"model_type":"t5"}"#);
    let begin = |config: &str| {
        let mut command = terakoya(&["train", "--device", "cpu", "--from-scratch", "--model-config", config]);
        command.args(["--train", &data, "--task", "regression"]);
        command.arg("--tokenizer").arg(root().join("assets/bert-tiny"));
        command.arg("--output").arg(temp.path().join("model"));
        command
    };
    fails(
        begin(&config),
        "\"t5\" is unknown; known: bert, roberta, xlm-roberta, distilbert",
    );
    let config = file(&temp, "config.json", r#"{"hidden_size":32}"#);
    fails(
        begin(&config),
        "config.json has no model_type, and its architectures name no known class; known model types: bert, roberta",
    );
    let config = file(
        &temp,
        "config.json",
        r#"{"model_type":"roberta","max_position_embeddings":2,"pad_token_id":1}"#,
    );
    fails(begin(&config), "max_position_embeddings is 2");
    let config = file(&temp, "config.json", r#"{"model_type":"roberta","pad_token_id":null}"#);
    fails(begin(&config), "pad_token_id is null");
    let config = file(&temp, "config.json", r#"{"model_type":"distilbert","n_heads":7}"#);
    fails(begin(&config), "n_heads is 7");
    let config = file(
        &temp,
        "config.json",
        r#"{"model_type":"distilbert","sinusoidal_pos_embds":true}"#,
    );
    fails(begin(&config), "sinusoidal_pos_embds is true");
}

#[cfg(unix)]
#[test]
fn scores_are_said_before_a_file_that_cannot_be_written() {
    if !std::path::Path::new("/dev/full").exists() {
        println!("skipped: there is no /dev/full");
        return;
    }
    let temp = TempDir::new().expect("temp");
    let data = file(&temp, "data.csv", "text,label\na,x\nb,y\n");
    let output = temp.path().join("model");
    stdout(&run(train(
        "sequence-classification",
        &output,
        &["--train", &data, "--epochs", "1"],
    )));
    for (flag, name) in [("--report", "full.html"), ("--predictions", "full.csv")] {
        let full = temp.path().join(name);
        std::os::unix::fs::symlink("/dev/full", &full).expect("a link");
        let full = full.to_str().expect("UTF-8");
        let mut command = terakoya(&["evaluate", "--data", &data, "--device", "cpu", "--json", flag, full]);
        command.arg("--model").arg(&output);
        let failed = run(command);
        assert_eq!(failed.status.code(), Some(1), "{}", stderr(&failed));
        let said = json(&String::from_utf8_lossy(&failed.stdout));
        assert!(said["accuracy"].is_number(), "{said}");
    }
}

#[test]
fn empty_texts_are_counted_and_files_of_unknown_kinds_refused() {
    let temp = TempDir::new().expect("temp");
    let data = file(&temp, "data.csv", "text,label\na,x\n\"\",y\nb,y\n \t,x\n");
    let output = temp.path().join("model");
    let trained = run(train(
        "sequence-classification",
        &output,
        &["--train", &data, "--epochs", "1"],
    ));
    stdout(&trained);
    let counted = format!("{data}: rows with an empty text: 2 (the first: line 3)");
    assert!(stderr(&trained).contains(&counted), "{}", stderr(&trained));
    let folder = output.to_str().expect("UTF-8");
    let odd = ["evaluate", "--model", folder, "--data", &data, "--predictions", "p.xyz"];
    fails(terakoya(&odd), "p.xyz: predictions are written as .jsonl, .tsv or .csv");
    // Predictions in a tsv are read back as they stand: no quotes, and what would end a field is a space.
    let quoted = file(&temp, "quoted.csv", "text,label\n\"a \"\"big\"\" \tcat\n\",x\nb,y\n");
    let written = temp.path().join("said.tsv");
    let mut evaluate = terakoya(&[
        "evaluate",
        "--model",
        folder,
        "--data",
        &quoted,
        "--device",
        "cpu",
        "--predictions",
    ]);
    evaluate.arg(&written);
    stdout(&run(evaluate));
    let table = fs::read_to_string(&written).expect("predictions");
    assert!(table.contains("\ta \"big\"  cat \n"), "{table}");
    let mut again = terakoya(&[
        "evaluate",
        "--model",
        folder,
        "--device",
        "cpu",
        "--label-column",
        "gold",
        "--json",
        "--data",
    ]);
    again.arg(&written);
    assert_eq!(json(&stdout(&run(again)))["examples"], 2);
    let picture = ["embed", "--model", folder, "--data", &data, "--plot", "v.png"];
    fails(terakoya(&picture), "v.png: a picture is written as .svg");
    let mut nothing = terakoya(&["embed", "--model", folder, "--device", "cpu"]);
    nothing.stdin(std::process::Stdio::null());
    fails(nothing, "there are no texts");
    // Running text has works between form feeds instead of rows.
    let works = file(
        &temp,
        "works.txt",
        &format!("{}\x0c\x0c\n\x0ctea\n", "one two three\n".repeat(20)),
    );
    let said = stderr(&run(train("causal-lm", &temp.path().join("lm"), &["--train", &works])));
    assert!(
        said.contains(&format!(
            "{works}: works without a word, left out: 2 (the first: line 21)"
        )),
        "{said}"
    );
}
