//! Questions whose passage holds no answer: learned, scored, and said or not as asked.

use tempfile::TempDir;

use super::binary::{fails, json, run, stderr, stdout, terakoya};
use super::tiny::{file, train};
use super::{LEARN, passage, questions, squad};

#[test]
fn questions_without_an_answer_are_learned_and_scored() {
    let temp = TempDir::new().expect("temp");
    let passage = passage(0);
    let mut questions = questions(&passage);
    for stranger in ["Bob", "Eve", "Taro"] {
        questions.push(
            serde_json::json!({ "id": stranger, "question": format!("Where does {stranger} live?"),
            "answers": [], "is_impossible": true }),
        );
    }
    let data = file(&temp, "train.json", &squad(&passage, &questions));
    let output = temp.path().join("model");
    // To tell who is named from who is not takes the two layers longer than to find a place.
    let flags = [&["--train", &data, "--eval", &data][..], &LEARN, &["--epochs", "150"]].concat();
    let result = json(&stdout(&run(train("question-answering", &output, &flags))));
    let report = &result["eval"]["report"];
    assert_eq!(
        (&report["answerable"]["examples"], &report["unanswerable"]["examples"]),
        (&4.into(), &3.into())
    );
    assert!(report["exact_match"].as_f64() > Some(0.7), "{report}");
    let folder = output.to_str().expect("UTF-8");
    let args = [
        "predict",
        "--model",
        folder,
        "--device",
        "cpu",
        "--json",
        "--context",
        &passage,
        "--question",
    ];
    let predict = |question| json(&stdout(&run(terakoya(&[&args[..], &[question]].concat()))));
    let none = predict("Where does Bob live?");
    assert_eq!(
        (&none["answer"], &none["start"], &none["end"]),
        (&"".into(), &0.into(), &0.into()),
        "{none}"
    );
    assert!(none["no_answer_score"].as_f64() > Some(0.0), "{none}");
    let some = predict("Where does Sato live?");
    assert!(some["no_answer_score"].as_f64() < Some(0.0), "{some}");
    assert_eq!(some["answer"], "Kyoto");
    // Another way of reading the same scores.
    let score = none["no_answer_score"].as_f64().expect("a score") + 1.0;
    let always = [&args[..], &["Where does Bob live?", "--no-answer", "false"]].concat();
    let said = json(&stdout(&run(terakoya(&always))));
    assert!(said["answer"] != "" && said.get("no_answer_score").is_none(), "{said}");
    let above = score.to_string();
    let higher = [&args[..], &["Where does Bob live?", "--no-answer-threshold", &above]].concat();
    let said = json(&stdout(&run(terakoya(&higher))));
    assert_eq!(
        (said["answer"] != "", &said["no_answer_score"]),
        (true, &none["no_answer_score"])
    );
}

#[test]
fn a_model_that_always_answers_can_be_let_off() {
    let temp = TempDir::new().expect("temp");
    let passage = passage(0);
    let answered = questions(&passage);
    let mut mixed = answered.clone();
    mixed.push(serde_json::json!({ "id": "Bob", "question": "Where does Bob live?", "answers": [] }));
    let (data, mixed) = (
        file(&temp, "train.json", &squad(&passage, &answered)),
        file(&temp, "mixed.json", &squad(&passage, &mixed)),
    );
    let output = temp.path().join("model");
    let flags = [&["--train", &data, "--eval", &mixed, "--epochs", "1"][..], &LEARN].concat();
    let told = stderr(&run(train("question-answering", &output, &flags)));
    let expected = format!("{mixed}: 1 of 5 questions have no answer, but the model always gives one");
    assert_eq!(told.matches(&expected).count(), 1, "{told}");
    let folder = output.to_str().expect("UTF-8");
    let evaluate = |flags: &[&str]| {
        let args = [
            "evaluate", "--model", folder, "--data", &mixed, "--device", "cpu", "--json",
        ];
        let output = run(terakoya(&[&args[..], flags].concat()));
        let report = json(&stdout(&output))["unanswerable"]["exact_match"].as_f64();
        (report.expect("a score"), stderr(&output).contains(&expected))
    };
    assert_eq!(evaluate(&[]), (0.0, true));
    assert_eq!(evaluate(&["--no-answer-threshold", "-1e3"]), (1.0, false));
    assert_eq!(evaluate(&["--null_score_diff_threshold", "1e3"]), (0.0, false));
    let config = std::fs::read_to_string(output.join("config.json")).expect("config.json");
    let with = config.replace(
        "\"no_answer\": false",
        "\"no_answer\": true, \"no_answer_threshold\": -1000",
    );
    assert_ne!(with, config);
    std::fs::write(output.join("config.json"), with.replace("-1000", "\"low\"")).expect("written");
    fails(
        terakoya(&["inspect", "--model", folder]),
        "no_answer_threshold is \"low\": must be a number",
    );
    std::fs::write(output.join("config.json"), with).expect("written");
    assert_eq!(evaluate(&[]), (1.0, false));
    // What is learned anew is read as it was chosen.
    let again = temp.path().join("again");
    let args = [
        "train",
        "--task",
        "question-answering",
        "--device",
        "cpu",
        "--epochs",
        "1",
        "--model",
        folder,
    ];
    let mut command = terakoya(&[&args[..], &["--train", &mixed]].concat());
    command.arg("--output").arg(&again);
    run(command);
    let config = json(&std::fs::read_to_string(again.join("config.json")).expect("config.json"));
    assert_eq!(
        (&config["no_answer"], config.get("no_answer_threshold")),
        (&true.into(), None)
    );
    fails(
        terakoya(&[
            "evaluate",
            "--model",
            folder,
            "--data",
            &mixed,
            "--no-answer-threshold",
            "nan",
        ]),
        "expected a number",
    );
}
