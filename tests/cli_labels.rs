//! Drives the real binary through labels: any number of them with their thresholds, lists of them, and such as do not fit.

mod binary;
mod logits;
mod tiny;
mod transformers;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;
use tempfile::TempDir;

use binary::{fails, json, root, run, stderr, stdout, terakoya};
use logits::round_trip;
use tiny::{file, train};

const FOODS: [&str; 4] = ["soup", "rice", "bread", "tea"];

/// Rows with the numbers of what they are about, in the order of [`FOODS`]; some are about nothing.
fn foods() -> String {
    let mut text = String::new();
    for (first, one) in FOODS.iter().enumerate() {
        text += &format!("\"i had {one} today\t{first}\tid\n");
        for (second, other) in FOODS.iter().enumerate().skip(first + 1) {
            text += &format!("there was {one} and {other}\t{first},{second}\tid\n");
        }
    }
    text + "nothing at all\t\tid\n"
}

#[test]
fn several_labels_with_thresholds_chosen_on_evaluation_data() {
    let temp = TempDir::new().expect("temp");
    let data = file(&temp, "foods.tsv", &foods());
    let labels = file(&temp, "labels.txt", &FOODS.map(|food| format!("{food}\n")).concat());
    let columns = ["--text-column", "1", "--label-column", "2", "--labels", &labels];
    for (threshold, key) in [("auto", "threshold"), ("per-label", "thresholds")] {
        let output = temp.path().join(threshold);
        let flags = [
            "--train",
            &data,
            "--eval",
            &data,
            "--threshold",
            threshold,
            "--epochs",
            "40",
            "--batch-size",
            "4",
            "--learning-rate",
            "1e-3",
            "--json",
        ];
        let flags = [&flags[..], &columns].concat();
        let result = json(&stdout(&run(train("multi-label-classification", &output, &flags))));
        let report = &result["eval"]["report"];
        // Learned by heart; saying all labels of all rows has a micro F1 of 0.53.
        assert!(report["micro_f1"].as_f64() > Some(0.9), "{report}");
        let config = json(&fs::read_to_string(output.join("config.json")).expect("config.json"));
        assert_eq!(config["problem_type"], "multi_label_classification");
        assert!(!config[key].is_null(), "{config}");
        assert_eq!(config["id2label"]["3"], "tea");

        let folder = output.to_str().expect("UTF-8");
        let evaluate = |more: &[&str]| {
            let args = [
                "evaluate", "--model", folder, "--data", &data, "--json", "--device", "cpu",
            ];
            json(&stdout(&run(terakoya(&[&args[..], &columns, more].concat()))))
        };
        assert_eq!(evaluate(&[])["micro_f1"], report["micro_f1"]);
        assert_eq!(evaluate(&["--threshold", "1"])["micro_recall"], 0.0);
        let predicted = json(&stdout(&run(terakoya(&[
            "predict",
            "--model",
            folder,
            "--text",
            "there was rice and tea",
            "--json",
            "--device",
            "cpu",
        ]))));
        assert_eq!(predicted["labels"], serde_json::json!(["rice", "tea"]), "{predicted}");
        assert_eq!(predicted["scores"].as_object().map(|scores| scores.len()), Some(4));
        round_trip(folder, &file(&temp, "texts.txt", "rice\ntea and soup\n"), &temp);
    }
}

#[test]
fn labels_and_thresholds_that_do_not_fit_stop_the_run() {
    let temp = TempDir::new().expect("temp");
    let output = temp.path().join("model");
    let data = file(&temp, "foods.tsv", &foods());
    let columns = ["--train", &data, "--text-column", "1", "--label-column", "2"];
    let task = "multi-label-classification";
    let auto = [&columns[..], &["--threshold", "auto"]].concat();
    fails(train(task, &output, &auto), "there is none");
    let two = file(&temp, "labels.txt", "soup\nrice\n");
    let short = [&columns[..], &["--labels", &two]].concat();
    fails(train(task, &output, &short), "neither one of the 2 labels");
    let eval = file(&temp, "eval.tsv", "a\tcake\tid\n");
    let other = [&columns[..], &["--eval", &eval]].concat();
    fails(
        train(task, &output, &other),
        "label \"cake\" is not among those to learn",
    );
    let none = file(&temp, "none.tsv", "text\tlabels\na\t\nb\t\n");
    fails(train(task, &output, &["--train", &none]), "no example has a label");
    let usage = run(train(task, &output, &[&columns[..], &["--threshold", "2"]].concat()));
    assert_eq!(usage.status.code(), Some(2), "{}", stderr(&usage));
    let folder = root().join("assets/bert-tiny");
    let mut command = terakoya(&[
        "predict",
        "--device",
        "cpu",
        "--text",
        "a",
        "--threshold",
        "0.5",
        "--model",
    ]);
    command.arg(folder);
    fails(command, "--threshold counts for multi-label-classification");
}

/// A model for [`FOODS`] that has learned nothing yet, with the thresholds that `flags` ask for.
fn untaught(temp: &TempDir, name: &str, flags: &[&str]) -> PathBuf {
    let data = file(temp, "foods.tsv", &foods());
    let labels = file(temp, "labels.txt", &FOODS.map(|food| format!("{food}\n")).concat());
    let output = temp.path().join(name);
    let own = [
        "--train",
        &data,
        "--text-column",
        "1",
        "--label-column",
        "2",
        "--labels",
        &labels,
    ];
    let own = [&own[..], &["--epochs", "1", "--learning-rate", "1e-9"], flags].concat();
    stdout(&run(train("multi-label-classification", &output, &own)));
    output
}

/// What config.json of `folder` says under `key`.
fn configured(folder: &Path, key: &str) -> Value {
    json(&fs::read_to_string(folder.join("config.json")).expect("config.json"))[key].clone()
}

#[test]
fn a_threshold_may_be_given_for_each_label() {
    let temp = TempDir::new().expect("temp");
    let by_flag = untaught(&temp, "flag", &["--threshold", "soup=0,tea=1"]);
    let expected = serde_json::json!({"soup": 0.0, "rice": 0.5, "bread": 0.5, "tea": 1.0});
    assert_eq!(configured(&by_flag, "thresholds"), expected);
    for (name, run_file, key, expected) in [
        ("object", r#"{"threshold":{"soup":0,"tea":1}}"#, "thresholds", expected),
        ("number", r#"{"threshold":0.3}"#, "threshold", 0.3.into()),
        ("text", r#"{"threshold":"0.3"}"#, "threshold", 0.3.into()),
    ] {
        let config = file(&temp, "run.json", run_file);
        let folder = untaught(&temp, name, &["--config", &config]);
        assert_eq!(configured(&folder, key), expected, "{run_file}");
    }
    // What another run wrote down is read again.
    let kept = by_flag.join("training.json");
    let again = untaught(&temp, "again", &["--config", kept.to_str().expect("UTF-8")]);
    assert_eq!(configured(&again, "thresholds")["tea"], 1.0);

    let folder = by_flag.to_str().expect("UTF-8");
    let said = |more: &[&str]| {
        let mut command = terakoya(&["predict", "--model", folder, "--text", "a", "--json", "--device", "cpu"]);
        command.args(more);
        json(&stdout(&run(command)))["labels"].clone()
    };
    let own = said(&[]);
    assert!(
        own.to_string().contains("soup") && !own.to_string().contains("tea"),
        "{own}"
    );
    // Labels that are left out keep the model's own.
    let changed = said(&["--threshold", "rice=1,bread=0,tea=0"]);
    assert_eq!(changed, serde_json::json!(["soup", "bread", "tea"]));
    let data = file(&temp, "foods.csv", "text,labels\na,soup\nb,tea\n");
    let mut evaluate = terakoya(&[
        "evaluate", "--model", folder, "--data", &data, "--json", "--device", "cpu",
    ]);
    evaluate.args(["--threshold", "soup=1,rice=1,bread=1,tea=0"]);
    let report = json(&stdout(&run(evaluate)));
    assert_eq!(report["micro_recall"], 0.5, "{report}");
}

#[test]
fn several_labels_in_a_file_of_predictions_are_read_again() {
    let temp = TempDir::new().expect("temp");
    let rows = r#"[{"text":"a","labels":["beans, green"]},{"text":"b","labels":["beans, green","tea"]},{"text":"c","labels":["tea"]}]"#;
    let data = file(&temp, "foods.json", rows);
    let output = temp.path().join("model");
    let flags = ["--train", &data, "--epochs", "1"];
    stdout(&run(train("multi-label-classification", &output, &flags)));
    let folder = output.to_str().expect("UTF-8");
    let written = temp.path().join("said.csv");
    let written = written.to_str().expect("UTF-8");
    let evaluate = |data: &str, more: &[&str]| {
        let args = [
            "evaluate",
            "--model",
            folder,
            "--device",
            "cpu",
            "--threshold",
            "0",
            "--json",
            "--data",
            data,
        ];
        json(&stdout(&run(terakoya(&[&args[..], more].concat()))))
    };
    let report = evaluate(&data, &["--predictions", written]);
    let table = fs::read_to_string(written).expect("predictions");
    let lines: Vec<&str> = table.lines().collect();
    assert_eq!(
        lines[1..],
        [
            "\"beans, green|\",\"beans, green|tea\",,a",
            "\"beans, green|tea\",\"beans, green|tea\",,b",
            "tea,\"beans, green|tea\",,c"
        ]
    );
    assert_eq!(evaluate(written, &[]), report);
}

#[test]
fn a_label_with_a_separator_in_it_stays_whole_in_json() {
    let temp = TempDir::new().expect("temp");
    let rows = r#"[{"text":"a","labels":["soup|stew","tea, hot"]},{"text":"b","labels":["tea, hot"]}]"#;
    let data = file(&temp, "foods.json", rows);
    let model = temp.path().join("model");
    stdout(&run(train(
        "multi-label-classification",
        &model,
        &["--train", &data, "--epochs", "1"],
    )));
    let evaluate = |data: &Path, more: &[&str]| {
        let mut command = terakoya(&["evaluate", "--device", "cpu", "--threshold", "0", "--json"]);
        command.arg("--model").arg(&model).arg("--data").arg(data).args(more);
        let done = run(command);
        (json(&stdout(&done)), stderr(&done))
    };
    let written = ["said.jsonl", "said.csv"].map(|name| temp.path().join(name));
    let said = written.each_ref().map(|path| {
        let flags = ["--predictions", path.to_str().expect("UTF-8")];
        evaluate(Path::new(&data), &flags)
    });
    let lines = fs::read_to_string(&written[0]).expect("predictions");
    let lines: Vec<Value> = lines.lines().map(json).collect();
    let both = serde_json::json!(["soup|stew", "tea, hot"]);
    assert_eq!((&lines[0]["gold"], &lines[0]["predicted"]), (&both, &both));
    assert_eq!(lines[1]["gold"], serde_json::json!(["tea, hot"]));
    let columns = ["--text-column", "text", "--label-column", "gold"];
    assert_eq!(evaluate(&written[0], &columns).0, said[0].0);
    // A table cannot say it.
    let told = "labels with one in them, read as several: 1 (the first: \"soup|stew\"); .jsonl keeps them whole";
    assert!(!said[0].1.contains("read as several"), "{}", said[0].1);
    assert_eq!(said[1].1.matches(told).count(), 1, "{}", said[1].1);
}

#[test]
fn thresholds_that_cannot_be_are_usage_errors() {
    let temp = TempDir::new().expect("temp");
    let data = file(&temp, "foods.csv", "text,labels\na,soup\nb,tea\n");
    let output = temp.path().join("model");
    let usage = |command: Command, expected: &str| {
        let refused = run(command);
        let message = stderr(&refused);
        assert_eq!(refused.status.code(), Some(2), "{message}");
        assert!(message.contains(expected), "{expected:?}: {message}");
    };
    for (threshold, expected) in [
        (
            "cake=0.3",
            "--threshold names \"cake\", which is not a label; known: soup, tea",
        ),
        (
            "soup=1.5",
            "--threshold \"soup=1.5\": say auto, per-label, a number from 0 to 1 or LABEL=NUMBER,…",
        ),
        ("soup=0.3,soup=0.4", "threshold names \"soup\" twice"),
        ("soup", "say auto, per-label, a number from 0 to 1 or LABEL=NUMBER"),
    ] {
        let flags = ["--train", &data, "--threshold", threshold];
        usage(train("multi-label-classification", &output, &flags), expected);
    }
    assert!(!output.exists());
    let folder = untaught(&temp, "folder", &[]);
    for (threshold, expected) in [
        (
            "cake=0.3",
            "--threshold names \"cake\", which is not a label; known: soup, rice, bread, tea",
        ),
        // What only a training can do is not offered.
        (
            "soup=2",
            "'--threshold <PROBABILITY>': expected a number from 0 to 1 or LABEL=NUMBER,…\n",
        ),
        (
            "2",
            "'--threshold <PROBABILITY>': expected a number from 0 to 1 or LABEL=NUMBER,…\n",
        ),
        ("a=0.1,a=0.2", "threshold names \"a\" twice"),
        ("auto", "only train chooses by itself"),
    ] {
        let mut command = terakoya(&["predict", "--text", "a", "--device", "cpu", "--threshold", threshold]);
        command.arg("--model").arg(&folder);
        usage(command, expected);
    }
}

#[test]
fn more_labels_than_the_head_has_are_said() {
    let temp = TempDir::new().expect("temp");
    let folder = untaught(&temp, "folder", &[]);
    let path = folder.join("config.json");
    let mut config = json(&fs::read_to_string(&path).expect("config.json"));
    config["id2label"]["4"] = "cake".into();
    config["label2id"]["cake"] = 4.into();
    fs::write(&path, config.to_string()).expect("written");
    let mut command = terakoya(&["predict", "--text", "a", "--device", "cpu"]);
    command.arg("--model").arg(&folder);
    fails(
        command,
        "does not fit config.json, whose labels number 5: tensor classifier.weight has shape [4, 128] instead of [5, 128]",
    );
}

#[test]
fn thresholds_of_a_folder_that_do_not_fit_its_labels_are_said() {
    let temp = TempDir::new().expect("temp");
    let folder = untaught(&temp, "folder", &[]);
    let path = folder.join("config.json");
    let mut config = json(&fs::read_to_string(&path).expect("config.json"));
    config.as_object_mut().expect("an object").shift_remove("threshold");
    for (thresholds, expected) in [
        (
            serde_json::json!([0.1, 0.2]),
            "thresholds is [0.1,0.2]: must be an object",
        ),
        (
            serde_json::json!({"soup": 0.1}),
            "must have a number for the label \"rice\" too",
        ),
        (
            serde_json::json!({"soup": 0, "rice": 0, "bread": 0, "tea": 0, "cake": 0}),
            "must name labels of id2label, which \"cake\" is not",
        ),
        (
            serde_json::json!({"soup": 0, "rice": 0, "bread": 0, "tea": "high"}),
            "thresholds of \"tea\" is \"high\": must be a number from 0 to 1",
        ),
        (
            serde_json::json!({"soup": 0, "rice": 1.5, "bread": 0, "tea": 0}),
            "thresholds of \"rice\" is 1.5: must be a number from 0 to 1",
        ),
    ] {
        config["thresholds"] = thresholds;
        fs::write(&path, config.to_string()).expect("written");
        let mut command = terakoya(&["predict", "--text", "a", "--device", "cpu"]);
        command.arg("--model").arg(&folder);
        fails(command, expected);
    }
}

#[test]
fn labels_that_model_and_data_do_not_share_are_said() {
    let temp = TempDir::new().expect("temp");
    let folder = untaught(&temp, "folder", &[]);
    let data = file(&temp, "numbers.tsv", &foods());
    let list = file(&temp, "labels.txt", &FOODS.map(|food| format!("{food}\n")).concat());
    let evaluate = |data: &str, more: &[&str]| {
        let columns = ["--text-column", "1", "--label-column", "2", "--device", "cpu"];
        let mut command = terakoya(&["evaluate", "--data", data, "--model"]);
        command.arg(&folder).args(columns).args(more);
        command
    };
    let said = |command: Command| {
        let output = run(command);
        stdout(&output);
        stderr(&output)
    };
    // Scores of 0 would say nothing of the model.
    let none = "numbers.tsv: the model can say none of the labels there: \"0\", \"1\", \"2\", \"3\"; \
                it says \"soup\", \"rice\", \"bread\", \"tea\": --labels FILE says";
    fails(evaluate(&data, &[]), none);
    said(evaluate(&data, &["--label-map", "3=tea"]));
    let mixed = file(&temp, "mixed.tsv", &format!("{}a\tsoup\tid\n", foods()));
    let some = said(evaluate(&mixed, &[]));
    let expected = "mixed.tsv: labels that the model cannot say, all counted as wrong: \"0\", \"1\", \"2\", \"3\"";
    assert!(
        some.contains(expected) && some.contains("--labels FILE says of which labels"),
        "{some}"
    );
    let named = ["--labels", &list, "--label-map", "rice=grain,cake=sweet"];
    let said = said(evaluate(&data, &named));
    assert!(!said.contains("cannot say"), "{said}");
    assert!(
        said.contains("--label-map renames \"cake\", which neither the model nor")
            && !said.contains("renames \"rice\""),
        "{said}"
    );

    let numbers = file(&temp, "numbers.csv", "text,label\na,1\nb,-1\n");
    let mut command = terakoya(&["evaluate", "--data", &numbers, "--device", "cpu", "--model"]);
    command.arg(root().join("assets/e5-small-ja-en"));
    fails(
        command,
        "numbers.csv: the model can say none of the labels there: \"-1\", \"1\"; it says",
    );
}

#[test]
fn labels_of_rows_that_are_not_drawn_are_known_and_a_list_beside_the_data_is_named() {
    let temp = TempDir::new().expect("temp");
    let rare = format!("text,label\n{}c,rare\n", "a,x\nb,y\n".repeat(20));
    let data = file(&temp, "data.csv", &rare);
    let eval = file(&temp, "eval.csv", "text,label\nc,rare\na,x\n");
    let output = temp.path().join("model");
    let flags = [
        "--train",
        &data,
        "--eval",
        &eval,
        "--epochs",
        "1",
        "--max-train-samples",
        "4",
    ];
    stdout(&run(train("sequence-classification", &output, &flags)));
    let config = json(&fs::read_to_string(output.join("config.json")).expect("config.json"));
    assert_eq!(config["id2label"].as_object().map(|labels| labels.len()), Some(3));

    let other = file(&temp, "other.csv", "text,label\nc,new\n");
    let list = file(&temp, "labels.txt", "x\ny\nrare\nnew\n");
    let numbers = file(&temp, "numbers.csv", "text,label\na,0\nb,1\n");
    let told = |more: &[&str]| {
        let flags = [&["--train", &numbers, "--epochs", "1", "--overwrite"], more].concat();
        stderr(&run(train("sequence-classification", &output, &flags)))
    };
    let expected = format!("{numbers}: every label is a number; --labels {list} may say of which label");
    assert!(told(&[]).contains(&expected));
    assert!(!told(&["--labels", &list]).contains("every label is a number"));
    let flags = ["--train", &data[..], "--eval", &other];
    let again = temp.path().join("again");
    fails(
        train("sequence-classification", &again, &flags),
        &format!("--labels {list} may be what is missing"),
    );
}
