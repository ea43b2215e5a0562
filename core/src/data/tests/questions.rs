//! Tests of questions that stand in records by themselves, as Hugging Face's `datasets` writes SQuAD.

use super::*;

fn asked() -> ReadOptions {
    ReadOptions {
        gold: GoldColumn::Answers,
        ..ReadOptions::default()
    }
}

/// A record of a question about one passage.
fn record(rest: &str) -> String {
    format!(r#"{{"id":"q1","title":"t","context":"𠮷田 lives in Kyoto.","question":"Where?"{rest}}}"#)
}

#[test]
fn records_of_questions_are_read_with_their_answers() {
    let lists = record(r#","answers":{"text":["Kyoto","in Kyoto"],"answer_start":[12,9]}"#);
    let objects = record(r#","answers":[{"text":"Kyoto","answer_start":12}]"#);
    let none = record(r#","answers":{"text":[],"answer_start":[]}"#).replace("q1", "q2");
    let open = record(r#","answers":null"#).replace("\"q1\"", "3");
    for (name, text) in [
        ("flat.jsonl", format!("{lists}\n{none}\n{open}\n")),
        ("flat.json", format!("[{lists},\n {none}, {open}]")),
        (
            "listed.json",
            format!(r#"{{"version":"1","data":[{lists},{none},{open}]}}"#),
        ),
    ] {
        let data = read_ok(name, &text, &asked());
        let [first, second, third] = &data.examples[..] else {
            panic!("{data:?}");
        };
        assert_eq!(first.text_pair.as_deref(), Some("𠮷田 lives in Kyoto."));
        let answers: Vec<(u32, &str)> = first
            .gold
            .answers()
            .expect("answers")
            .iter()
            .map(|answer| (answer.start, &*answer.text))
            .collect();
        assert_eq!(answers, [(12, "Kyoto"), (9, "in Kyoto")]);
        assert_eq!(second.gold.answers().map(<[_]>::len), Some(0));
        assert_eq!(third.gold, Gold::None);
        let ids = [first, second, third].map(|example| example.id.as_deref());
        assert_eq!(ids, [Some("q1"), Some("q2"), Some("3")]);
        let one = ReadOptions {
            filter: Some("id=q2".parse().expect("a filter")),
            ..asked()
        };
        assert_eq!(read_ok(name, &text, &one).examples, std::slice::from_ref(second));
    }
    let data = read_ok("flat.jsonl", &objects, &asked());
    assert_eq!(data.examples[0].gold.answers().map(<[_]>::len), Some(1));
}

#[test]
fn answers_of_records_that_cannot_be_are_named() {
    let of = |answers: &str| {
        message(
            "flat.json",
            &format!("[{}]", record(&format!(",\"answers\":{answers}"))),
            &asked(),
        )
    };
    assert_eq!(
        of(r#"{"text":["Kyoto"],"answer_start":[3]}"#),
        "flat.json: record 1 (\"q1\"): the answer \"Kyoto\" should start at character 3, where there is \"lives\""
    );
    assert_eq!(
        of(r#"{"text":[""],"answer_start":[0]}"#),
        "flat.json: record 1 (\"q1\") has an answer without text; where a passage holds no answer, the list of answers is empty"
    );
    assert_eq!(
        of(r#"{"text":["Kyoto","Kyoto"],"answer_start":[12]}"#),
        "flat.json: record 1: \"answers\" has 2 text, but 1 answer_start"
    );
    for wrong in [
        r#"{"text":"Kyoto","answer_start":12}"#,
        r#"{"text":["Kyoto"]}"#,
        r#"["Kyoto"]"#,
        r#"[{"text":"Kyoto"}]"#,
        r#""Kyoto""#,
    ] {
        assert_eq!(
            of(wrong),
            "flat.json: record 1: \"answers\" is no list of answers, each with its text and answer_start",
            "{wrong}"
        );
    }
}

#[test]
fn records_are_checked_as_squads_questions_are() {
    let answers = r#","answers":{"text":["Kyoto"],"answer_start":[12]}"#;
    let twice = format!("{}\n{}\n", record(answers), record(answers));
    assert_eq!(
        message("flat.jsonl", &twice, &asked()),
        "flat.jsonl: line 2 has the id \"q1\", which line 1 has too"
    );
    // The first record need not have the field.
    let impossible = record(&format!(r#"{answers},"is_impossible":true"#)).replace("q1", "q2");
    assert_eq!(
        message("flat.jsonl", &format!("{}\n{impossible}\n", record(answers)), &asked()),
        "flat.jsonl: line 2 (\"q2\") is said to have no answer (is_impossible), but has \"Kyoto\""
    );
    let of_impossible = ReadOptions {
        filter: Some("is_impossible=true".parse().expect("a filter")),
        ..asked()
    };
    let none = record(r#","answers":[],"is_impossible":true"#).replace("q1", "q2");
    let possible = record(&format!(r#"{answers},"is_impossible":false"#));
    let data = read_ok("flat.jsonl", &format!("{possible}\n{none}\n"), &of_impossible);
    assert_eq!(data.examples.len(), 1);
    assert_eq!(data.examples[0].id.as_deref(), Some("q2"));
}

#[test]
fn a_label_of_another_task_is_no_answer() {
    let text = r#"{"id":1,"question":"Is it?","context":"It is.","label":"yes"}"#;
    let data = read_ok("flat.jsonl", &format!("{text}\n{text}\n"), &asked());
    assert_eq!(data.examples.len(), 2);
    assert_eq!(data.examples[0].gold, Gold::None);
}
