//! Drives the real binary through question answering: windows, answers, bad input; `none` through questions without an answer.

mod binary;
#[path = "cli_answers/none.rs"]
mod none;
mod stdin;
mod tiny;
mod transformers;

use std::fs;

use serde_json::Value;
use tempfile::TempDir;

use binary::{fails, json, root, run, stderr, stdout, terakoya};
use stdin::run_with;
use tiny::{file, train};

const HOMES: [(&str, &str); 4] = [
    ("Sato", "Kyoto"),
    ("Suzuki", "New York"),
    ("Mary", "Nara"),
    ("Ann", "Hong Kong"),
];

/// A question about where somebody lives, with its answer in `passage`.
fn question(person: &str, home: &str, passage: &str) -> Value {
    let start = passage.find(&format!("{person} lives")).expect("lives there") + person.len() + 10;
    serde_json::json!({ "id": person, "question": format!("Where does {person} live?"),
        "answers": [{ "text": home, "answer_start": start }] })
}

/// A file of one article with this passage.
fn squad(passage: &str, questions: &[Value]) -> String {
    serde_json::json!({ "version": "1.1", "data": [{ "title": "homes",
        "paragraphs": [{ "context": passage, "qas": questions }] }] })
    .to_string()
}

/// Who lives where, with so many words after each sentence.
fn passage(filling: usize) -> String {
    let sentence =
        |(person, home): &(&str, &str)| format!("{person} lives in {home}. {}", "It rains. ".repeat(filling));
    HOMES.iter().map(sentence).collect()
}

fn questions(passage: &str) -> Vec<Value> {
    HOMES
        .iter()
        .map(|(person, home)| question(person, home, passage))
        .collect()
}

const LEARN: [&str; 5] = ["--batch-size", "4", "--learning-rate", "1e-3", "--json"];

#[test]
fn answers_are_found_in_the_windows_of_a_long_passage() {
    let temp = TempDir::new().expect("temp");
    let passage = passage(6);
    let data = file(&temp, "train.json", &squad(&passage, &questions(&passage)));
    let output = temp.path().join("model");
    let windows = [
        "--train",
        &data,
        "--eval",
        &data,
        "--max-length",
        "48",
        "--stride",
        "12",
    ];
    let flags = [&windows[..], &LEARN, &["--epochs", "40"]].concat();
    let trained = run(train("question-answering", &output, &flags));
    let report = &json(&stdout(&trained))["eval"]["report"];
    // Four questions that were learned from; the passage of about eighty tokens does not fit one window.
    assert!(report["exact_match"].as_f64() > Some(0.7), "{report}");
    assert!(report["f1"].as_f64() >= report["exact_match"].as_f64(), "{report}");
    assert_eq!(
        (&report["unanswerable"], &report["unreachable"]),
        (&Value::Null, &0.into())
    );

    let folder = output.to_str().expect("UTF-8");
    let config = json(&fs::read_to_string(output.join("config.json")).expect("config.json"));
    assert_eq!(config["architectures"][0], "BertForQuestionAnswering");
    assert_eq!(
        (&config["doc_stride"], &config["max_seq_length"], &config["no_answer"]),
        (&12.into(), &48.into(), &false.into())
    );
    let evaluate = |more: &[&str]| {
        let args = [
            "evaluate", "--model", folder, "--data", &data, "--json", "--device", "cpu",
        ];
        json(&stdout(&run(terakoya(&[&args[..], more].concat()))))
    };
    let same = evaluate(&[]);
    assert_eq!(same["exact_match"], report["exact_match"]);
    assert_eq!(evaluate(&["--max-length", "48"]), same, "the windows it learned with");
    assert_ne!(evaluate(&["--max-length", "40"])["loss"], same["loss"]);
    // A stride is less where the question leaves no more room than that, which is told.
    let args = ["evaluate", "--model", folder, "--data", &data, "--device", "cpu"];
    let told = |more: &[&str]| stderr(&run(terakoya(&[&args[..], more].concat())));
    let shortened = |length: usize, stride: usize, least: usize| {
        format!(
            "{data}: beside 4 of 4 questions the {length} tokens of a window (--max-length) leave the passage no more \
             than the {stride} that neighbours share (--stride): they share half of it there, {least} or more\n"
        )
    };
    let longer = told(&["--stride", "47"]);
    assert!(longer.contains(&shortened(48, 47, 20)), "{longer}");
    let shorter = told(&["--max-length", "24", "--stride", "23"]);
    assert!(shorter.contains(&shortened(24, 23, 8)), "{shorter}");
    for fits in [&[][..], &["--max-length", "24"], &["--stride", "39"]] {
        assert!(!told(fits).contains("they share half"), "{fits:?}");
    }
    let both = told(&["--max-length", "24", "--stride", "24"]);
    assert!(
        both.contains("--stride is 24: must be below the 24 tokens of a window (--max-length)"),
        "{both}"
    );
    let unused = told(&["--text-column", "question"]);
    let expected =
        format!("{data}: --text-column question chooses nothing here: it is read as questions in SQuAD's form");
    assert!(unused.contains(&expected), "{unused}");
    let wide = run(terakoya(&[&args[..], &["--stride", "48"]].concat()));
    assert_eq!(wide.status.code(), Some(2));
    let expected = "--stride is 48: must be below the 48 tokens of a window";
    assert!(stderr(&wide).contains(expected), "{}", stderr(&wide));
    let long = stderr(&run(terakoya(&[&args[..], &["--max-length", "1000"]].concat())));
    let expected = "--max-length is 1000, but the model reads at most 512 tokens at once";
    assert!(long.contains(expected), "{long}");
    let cut = evaluate(&["--max-length", "48", "--max-answer-length", "1"]);
    assert!(
        cut["exact_match"].as_f64() <= Some(0.5),
        "two of the answers have two words: {cut}"
    );

    let lines = stdout(&run(terakoya(&[
        "predict", "--model", folder, "--data", &data, "--json", "--device", "cpu",
    ])));
    let predictions: Vec<Value> = lines.lines().map(json).collect();
    assert_eq!(predictions.len(), 4);
    transformers::compare(folder, &file(&temp, "said.jsonl", &lines), &[]);
    let characters: Vec<char> = passage.chars().collect();
    for predicted in &predictions {
        let [start, end] = ["start", "end"].map(|key| predicted[key].as_u64().expect("a place") as usize);
        let there: String = characters[start..end].iter().collect();
        assert_eq!(predicted["answer"], there.as_str(), "{predicted}");
        assert!(
            predicted["score"]
                .as_f64()
                .is_some_and(|score| (0.0..=1.0).contains(&score))
        );
        assert!(
            predicted["runners_up"]
                .as_array()
                .is_some_and(|others| !others.is_empty())
        );
        assert!(predicted.get("no_answer_score").is_none());
    }
    let asked = [
        "--question",
        "Where does Sato live?",
        "--context",
        "Sato lives in Kyoto.",
    ];
    let args = ["predict", "--model", folder, "--device", "cpu", "--json"];
    let one = json(&stdout(&run(terakoya(&[&args[..], &asked].concat()))));
    assert!(
        "Sato lives in Kyoto.".contains(one["answer"].as_str().expect("an answer")),
        "{one}"
    );
}

#[test]
fn records_with_a_question_each_are_learned_from() {
    let temp = TempDir::new().expect("temp");
    let passage = passage(6);
    let record = |question: &Value| {
        let answer = &question["answers"][0];
        let mut record = question.clone();
        record["context"] = passage.clone().into();
        record["answers"] = serde_json::json!({ "text": [answer["text"]], "answer_start": [answer["answer_start"]] });
        record
    };
    let records: Vec<Value> = questions(&passage).iter().map(record).collect();
    let lines: String = records.iter().map(|record| format!("{record}\n")).collect();
    let lines = file(&temp, "flat.jsonl", &lines);
    let list = file(&temp, "flat.json", &Value::from(records).to_string());
    let output = temp.path().join("model");
    let flags = [
        "--train",
        &lines,
        "--eval",
        &list,
        "--epochs",
        "1",
        "--max-length",
        "64",
        "--stride",
        "63",
        "--json",
    ];
    let trained = run(train("question-answering", &output, &flags));
    assert_eq!(json(&stdout(&trained))["eval"]["report"]["examples"], 4);
    // Nothing would move on beside these questions.
    let told = stderr(&trained);
    for data in [lines, list] {
        let expected = format!(
            "{data}: beside 4 of 4 questions the 64 tokens of a window (--max-length) leave the passage no more"
        );
        assert_eq!(told.matches(&expected).count(), 1, "{told}");
    }
}

#[test]
fn what_cannot_be_answered_stops_the_run() {
    let temp = TempDir::new().expect("temp");
    let output = temp.path().join("model");
    let begin = |flags: &[&str]| train("question-answering", &output, flags);
    let passage = passage(0);
    let good = file(&temp, "good.json", &squad(&passage, &questions(&passage)));
    let shifted =
        [serde_json::json!({ "id": "q9", "question": "?", "answers": [{ "text": "Kyoto", "answer_start": 3 }] })];
    let shifted = file(&temp, "shifted.json", &squad(&passage, &shifted));
    let expected = "question 1 (\"q9\"): the answer \"Kyoto\" should start at character 3";
    fails(begin(&["--train", &shifted]), expected);
    let mere = file(
        &temp,
        "mere.json",
        &squad(&passage, &[serde_json::json!({ "question": "Why?" })]),
    );
    fails(
        begin(&["--train", &good, "--eval", &mere]),
        &format!("{mere}, question 1: the question has no \"answers\""),
    );
    let mut open = questions(&passage);
    open[2].as_object_mut().expect("a question").remove("answers");
    let open = file(&temp, "open.json", &squad(&passage, &open));
    fails(
        begin(&["--train", &open]),
        &format!("{open}, question 3 (\"Mary\"): the question has no \"answers\""),
    );
    let texts = file(&temp, "texts.csv", "text,label\na,b\n");
    fails(begin(&["--train", &texts]), "line 2: the example is no question");
    fails(
        begin(&["--train", &good, "--max-length", "8"]),
        &format!(
            "{good}: question 1 (\"Sato\") has 5 tokens, but at most 4 leave room for its passage in the 8 of --max-length: raise it (the model reads 512)"
        ),
    );
    let half = file(&temp, "half.json", "{\"data\":[{\"paragraphs\":[{\"context\":\"a\"");
    fails(begin(&["--train", &half]), "is not of SQuAD's form");
    fails(
        begin(&["--train", &good, "--best-metric", "accuracy"]),
        "the task has no such metric",
    );
    assert!(!output.exists());
    let mut command = terakoya(&["predict", "--device", "cpu", "--text", "a", "--stride", "3", "--model"]);
    command.arg(root().join("assets/bert-tiny"));
    fails(command, "--stride counts for question-answering");
    // Windows that share all that they have never get to the end of a passage.
    let windows = begin(&["--train", &good, "--max-length", "64", "--stride", "64"]);
    let message = fails(
        windows,
        "--stride is 64: must be below the 64 tokens of a window (--max-length)",
    );
    assert!(!message.contains("epoch"), "{message}");
    // The default may be less than it is; who asks for as much is told.
    let asked = run(begin(&["--train", &good, "--max-length", "24", "--stride", "32"]));
    assert_eq!(asked.status.code(), Some(2), "{}", stderr(&asked));
    let expected = "--stride is 32: must be below the 24 tokens of a window (--max-length)";
    assert!(stderr(&asked).contains(expected), "{}", stderr(&asked));
    // A run file asks as flags do; the record of a run only says what it was.
    let with = |text: &str| {
        let config = file(&temp, "run.json", text);
        run(begin(&["--train", "none", "--config", &config]))
    };
    let asked = with(r#"{"stride":32,"max_length":24}"#);
    assert_eq!(asked.status.code(), Some(2), "{}", stderr(&asked));
    assert!(stderr(&asked).contains(expected), "{}", stderr(&asked));
    let record = with(r#"{"config":{"stride":32,"max_length":24}}"#);
    assert_eq!(record.status.code(), Some(1), "{}", stderr(&record));
    assert!(stderr(&record).contains("none: "), "{}", stderr(&record));
}

#[test]
fn a_question_needs_its_passage() {
    let temp = TempDir::new().expect("temp");
    let passage = "Sato lives in Kyoto.";
    let data = file(
        &temp,
        "data.json",
        &squad(passage, &[question("Sato", "Kyoto", passage)]),
    );
    let output = temp.path().join("model");
    let flags = ["--train", &data, "--epochs", "1", "--max-length", "48"];
    stdout(&run(train("question-answering", &output, &flags)));
    let predict = |more: &[&str]| {
        let mut command = terakoya(&[&["predict", "--device", "cpu", "--json"], more].concat());
        command.arg("--model").arg(&output);
        command
    };
    let lonely = run(predict(&["--question", "Who?"]));
    assert_eq!(lonely.status.code(), Some(2));
    let message = stderr(&lonely);
    assert!(
        message.contains("a question needs its passage: --context is missing"),
        "{message}"
    );
    let both = run_with(predict(&[]), "Who?\tSato lives in Kyoto.\n");
    assert_eq!(json(&stdout(&both))["text_pair"], passage);
    let alone = run_with(predict(&[]), "Who?\n");
    assert_eq!(alone.status.code(), Some(1));
    assert!(
        stderr(&alone).contains("question 1 needs its passage"),
        "{}",
        stderr(&alone)
    );
    // One without a passage costs no other its answer.
    let mixed = run_with(predict(&[]), "Who?\nWho?\tSato lives in Kyoto.\n");
    let said: Vec<Value> = stdout(&mixed).lines().map(json).collect();
    assert_eq!(said.len(), 2);
    assert_eq!(
        said[0]["unasked"],
        "question 1 needs its passage: --context, --data with both, or on stdin a tab and the passage behind it"
    );
    assert_eq!(said[1]["answer"], json(&stdout(&both))["answer"]);
    let told = stderr(&mixed);
    assert!(told.contains("stdin: question 1 needs its passage"), "{told}");
}

#[test]
fn questions_are_picked_and_those_without_an_answer_are_told() {
    let temp = TempDir::new().expect("temp");
    let passage = passage(0);
    let mut questions = questions(&passage);
    questions[1]["answers"] = Value::Array(Vec::new());
    let data = file(&temp, "data.json", &squad(&passage, &questions));
    let begin = |name: &str, more: &[&str]| {
        let flags = [&["--train", &data, "--epochs", "1", "--max-length", "48"], more].concat();
        train("question-answering", &temp.path().join(name), &flags)
    };
    let told = stderr(&run(begin("all", &[])));
    let expected = "questions without an answer, from which the model learns to say so: 1";
    assert!(told.contains(&format!("{data}: {expected}")), "{told}");
    let told = stderr(&run(begin("one", &["--train-filter", "id=Mary"])));
    assert!(
        told.contains(&format!("{data}: 1 rows (3 other rows skipped)")),
        "{told}"
    );
    assert!(!told.contains("without an answer"), "{told}");
    fails(
        begin("none", &["--train-filter", "part=dev"]),
        "no field \"part\"; questions in SQuAD's form are picked by title, context, id, question or is_impossible",
    );
}

/// A question of so many tokens, with an answer in `passage`, that has no id where none is given.
fn long_question(id: Option<&str>, tokens: usize, passage: &str) -> Value {
    let mut long = question("Sato", "Kyoto", passage);
    long["question"] = "rain ".repeat(tokens).trim_end().into();
    long["id"] = id.into();
    long
}

#[test]
fn a_question_without_room_for_its_passage_is_named_and_costs_no_other_answer() {
    let temp = TempDir::new().expect("temp");
    let passage = passage(0);
    let good = questions(&passage);
    let output = temp.path().join("model");
    let data = file(&temp, "train.json", &squad(&passage, &good));
    stdout(&run(train(
        "question-answering",
        &output,
        &["--train", &data, "--epochs", "1"],
    )));
    let folder = output.to_str().expect("UTF-8");
    let mixed = [&good[..2], &[long_question(Some("q-long"), 600, &passage)], &good[2..]].concat();
    let mixed = file(&temp, "mixed.json", &squad(&passage, &mixed));

    let predict = |data: &str, more: &[&str]| {
        let args = [
            "predict", "--model", folder, "--data", data, "--device", "cpu", "--json",
        ];
        terakoya(&[&args[..], more].concat())
    };
    let lines = |data: &str, more: &[&str]| -> (Vec<Value>, String) {
        let output = run(predict(data, more));
        (stdout(&output).lines().map(json).collect(), stderr(&output))
    };
    let (alone, _) = lines(&data, &[]);
    let (said, told) = lines(&mixed, &[]);
    // No length that can be asked for would do: the model's own is the limit.
    let reason = "question 3 (\"q-long\") has 600 tokens, but at most 508 leave room for its passage in the 512 that the model reads: shorten it";
    assert!(told.contains(&format!("{mixed}: {reason}")), "{told}");
    assert_eq!(
        (&said[2]["id"], &said[2]["answer"], &said[2]["unasked"]),
        (&"q-long".into(), &"".into(), &reason.into())
    );
    let others: Vec<&Value> = said.iter().filter(|line| line["id"] != "q-long").collect();
    assert_eq!(others, alone.iter().collect::<Vec<_>>());
    assert!(alone.iter().all(|line| line.get("unasked").is_none()), "{alone:?}");
    // Where a longer --max-length would do, it is to blame; who has no id is named by how it begins.
    let short = squad(&passage, &[long_question(None, 30, &passage), good[0].clone()]);
    let (_, told) = lines(&file(&temp, "short.json", &short), &["--max-length", "24"]);
    assert!(
        told.contains("question 1 (\"rain rain rain rain rain rain \") has 30 tokens, but at most 20 leave room for its passage in the 24 of --max-length: raise it (the model reads 512)"),
        "{told}"
    );
    // Where nothing can be asked, nothing is answered.
    let only = file(
        &temp,
        "only.json",
        &squad(&passage, &[long_question(Some("q1"), 600, &passage)]),
    );
    fails(
        predict(&only, &[]),
        &format!("{only}: question 1 (\"q1\") has 600 tokens"),
    );

    let written = temp.path().join("predictions.jsonl");
    let evaluated = run(terakoya(&[
        "evaluate",
        "--model",
        folder,
        "--data",
        &mixed,
        "--device",
        "cpu",
        "--json",
        "--predictions",
        written.to_str().expect("UTF-8"),
    ]));
    let report = json(&stdout(&evaluated));
    assert_eq!(
        (&report["examples"], &report["unasked"], &report["unreachable"]),
        (&5.into(), &1.into(), &0.into())
    );
    assert!(stderr(&evaluated).contains(reason), "{}", stderr(&evaluated));
    let written = fs::read_to_string(&written).expect("predictions");
    let third = json(written.lines().nth(2).expect("a third line"));
    assert_eq!(
        (&third["id"], &third["predicted"]),
        (&"q-long".into(), &"(not asked)".into())
    );
    // What cannot be asked cannot be learned from.
    fails(
        train("question-answering", &temp.path().join("other"), &["--train", &mixed]),
        &format!("{mixed}: {reason}"),
    );
}
