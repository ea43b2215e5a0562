//! Tests of the corpora that come as tables: what tells their tasks, rows that are left out, damaged ones that are named.

use super::*;

fn file(name: &str, text: &str) -> SourceFile {
    SourceFile {
        name: name.into(),
        bytes: text.as_bytes().to_vec(),
    }
}

fn shown(row: &TextRow) -> String {
    format!("{}={}", row.texts.join("+"), row.answer)
}

#[test]
fn emotion_and_jglue_are_read_by_their_columns() {
    let emotion = file("train.txt", "text;label_name\ni, too;joy\nhm;fear\n");
    let rows = named_columns(&emotion, AnswerKind::Emotion).expect("rows");
    assert_eq!(rows.iter().map(shown).collect::<Vec<_>>(), ["i, too=joy", "hm=fear"]);
    let jsts = file(
        "train-v1.3.json",
        "{\"sentence1\": \"川\", \"sentence2\": \"壁\", \"label\": 3.8}\n",
    );
    assert_eq!(
        jglue_task(&jsts).expect("a task"),
        JglueTask::Rows(AnswerKind::Similarity)
    );
    let rows = named_columns(&jsts, AnswerKind::Similarity).expect("rows");
    assert_eq!(
        (shown(&rows[0]).as_str(), rows[0].answer.column()),
        ("川+壁=3.8", "score")
    );
}

#[test]
fn jglue_tasks_are_told_by_the_first_record() {
    let task = |text: &str| jglue_task(&file("valid-v1.3.json", text)).ok();
    let labels = |text: &str| match task(text) {
        Some(JglueTask::Rows(AnswerKind::OneOf(labels))) => labels.join(" "),
        other => format!("{other:?}"),
    };
    let pair = |label: &str| format!("{{\"sentence1\":\"a\",\"sentence2\":\"b\",\"label\":{label}}}\n{{}}");
    let sentence = |label: &str| format!("{{\"sentence\":\"a\",\"label\":{label}}}\n{{}}");
    assert_eq!(labels(&pair("\"neutral\"")), "entailment contradiction neutral");
    assert_eq!(labels(&sentence("\"positive\"")), "positive negative");
    assert_eq!(labels(&sentence("1")), "0 1");
    assert_eq!(task(&pair("0.0")), Some(JglueTask::Rows(AnswerKind::Similarity)));
    let jsts = file(
        "jglue/jsts-v1.3/train-v1.3.json",
        pair("\"high\"").trim_end_matches("{}"),
    );
    assert_eq!(jglue_task(&jsts).ok(), Some(JglueTask::Rows(AnswerKind::Similarity)));
    let wrong = named_columns(&jsts, AnswerKind::Similarity)
        .expect_err("no score")
        .to_string();
    assert!(
        wrong.contains("\"high\"") && wrong.contains("a number from 0 to 5"),
        "{wrong}"
    );
    assert_eq!(task("{\"choice0\": \"a\", \"label\": 2}\n"), Some(JglueTask::Choices));
    assert_eq!(task("{\n \"data\": []\n}\n"), Some(JglueTask::Questions));
    assert_eq!(task(&sentence("null")), None);
    assert_eq!([task("{\"a\": 1}"), task("CC BY-SA"), task("")], [None; 3]);
}

#[test]
fn files_whose_first_record_tells_no_task_are_named() {
    let message = |text: &str| jglue_task(&file("train.json", text)).expect_err(text).to_string();
    let good = "{\"sentence\":\"a\",\"label\":\"positive\"}\n";
    for (text, start, end) in [
        (
            format!("{{\"label\":NaN}}\n{good}"),
            "line 1, column ",
            "expected value",
        ),
        (
            format!("\n\n{{\"label\":1e400}}\n{good}"),
            "line 3, column ",
            "number out of range",
        ),
        ("{\n\"data\": [\n}".to_owned(), "line 3, column ", "expected value"),
        (
            "{\"label\":\"\\ud83d\"}".to_owned(),
            "line 1, column ",
            "is not beside it",
        ),
        (format!("{{\"a\":1}}\n{good}"), "no record of JSTS", "JSQuAD"),
    ] {
        let message = message(&text);
        assert!(
            message.starts_with(&format!("train.json: {start}")) && message.ends_with(end),
            "{message}"
        );
    }
    assert_eq!([message(""), message(" \n")], ["there is no record in it"; 2]);
}

#[test]
fn answers_stand_where_jsquad_says() {
    let count = |qas: &str| {
        let text = format!(
            "{{\"data\": [{{\"title\": \"梅雨\",\n\"paragraphs\": [{{\"context\": \"𠮷野 [SEP] 梅雨は雨\", \"qas\": [{qas}]}}]}}]}}"
        );
        count_questions(&file("valid.json", &text)).map_err(|error| error.to_string())
    };
    let question = |id: &str, answers: &str| format!("{{\"id\": \"{id}\", \"question\": \"?\"{answers}}}");
    let at = |start: i32| format!(", \"answers\": [{{\"text\": \"梅雨\", \"answer_start\": {start}}}]");
    let good = question("a1p0q0", &at(9));
    assert_eq!(count(&format!("{good}, {}", question("a1p0q1", &at(9)))), Ok(2));
    for (answers, expected) in [
        (
            at(8),
            "question 2 (\"a1p0q1\"): the answer \"梅雨\" should start at character 8, where there is \" 梅\"",
        ),
        (
            at(99),
            "question 2 (\"a1p0q1\"): the answer \"梅雨\" should start at character 99, where there is \"\"",
        ),
        (
            String::new(),
            "question 2 (\"a1p0q1\") has no answer; every question of JSQuAD has one",
        ),
        (
            ", \"answers\": []".to_owned(),
            "question 2 (\"a1p0q1\") has no answer; every question of JSQuAD has one",
        ),
    ] {
        let error = count(&format!("{good}, {}", question("a1p0q1", &answers))).expect_err(expected);
        assert_eq!(error, format!("valid.json: {expected}"));
    }
    assert_eq!(
        count("").expect_err("nothing"),
        "valid.json has SQuAD's form, but no question in it"
    );
}

#[test]
fn jrte_rows_know_their_part_and_pairs_begin_with_the_premise() {
    let pn = file("pn.tsv", "pn1\t-1\t\"寒い\t{\"0\": 1}\ttrain\npn2\t1\t良い\t{}\ttest\n");
    let rows = jrte(&pn).expect("rows");
    assert_eq!(
        rows.iter()
            .map(|(part, row)| format!("{part} {}", shown(row)))
            .collect::<Vec<_>>(),
        ["train \"寒い=-1", "test 良い=1"]
    );
    let rte = file(
        "rte.x.tsv",
        "rte1\t1\t海が見える。\tオーシャンビュー。\tnull\tnull\tdev\n",
    );
    assert_eq!(
        shown(&jrte(&rte).expect("rows")[0].1),
        "オーシャンビュー。+海が見える。=1"
    );
}

#[test]
fn goemotions_numbers_become_names() {
    let names = label_names(&file("labels.txt", "admiration\namusement\nanger\n\n")).expect("labels");
    let table = "\"Ha, so\t0,2\tid1\nWow\t1\tid2\nOh\t1,1,2, 1\tid3\n";
    let rows = goemotions(&file("dev.tsv", table), &names).expect("rows");
    assert_eq!(
        rows.iter().map(shown).collect::<Vec<_>>(),
        ["\"Ha, so=admiration|anger", "Wow=amusement", "Oh=amusement|anger"]
    );
}

#[test]
fn a_table_of_two_numbers_holds_no_emotions() {
    let file = |rows: usize| SourceFile {
        name: "train.csv".to_owned(),
        bytes: format!("text,label\n{}", "so,1\n".repeat(rows)).into_bytes(),
    };
    assert_eq!(named_columns(&file(49), AnswerKind::Emotion).expect("rows").len(), 49);
    let error = named_columns(&file(50), AnswerKind::Emotion).expect_err("no emotions");
    assert!(
        error.to_string().contains("no label but 0 and 1 stands in its 50 rows"),
        "{error}"
    );
}

#[test]
fn damaged_rows_are_named() {
    let names = ["a".to_owned(), "b".to_owned()];
    let of_kind = |text: &str, kind| named_columns(&file("a.csv", text), kind).expect_err(text).to_string();
    let messages = [
        jrte(&file("pn.tsv", "1\t1\tx\t{}\ttrain\n\n2\t1\tx\n"))
            .expect_err("narrow")
            .to_string(),
        jrte(&file("pn.tsv", "1\t1\tx\t{}\ttraining\n"))
            .expect_err("part")
            .to_string(),
        jrte(&file("pn.tsv", "1\t2\tx\t{}\ttrain\n"))
            .expect_err("label")
            .to_string(),
        goemotions(&file("dev.tsv", "x\t1\tid\nx\t0,2\tid\n"), &names)
            .expect_err("number")
            .to_string(),
        goemotions(&file("dev.tsv", "x\tid\n"), &names)
            .expect_err("narrow")
            .to_string(),
        label_names(&file("labels.txt", "a\nb\na\n"))
            .expect_err("twice")
            .to_string(),
        of_kind("text,label\nx,?\n", AnswerKind::Similarity),
        of_kind("text,label\nx,0\nx,5.2\n", AnswerKind::Similarity),
        of_kind("text,label\nx,-0.2\n", AnswerKind::Similarity),
        of_kind("text,label\nx,NaN\n", AnswerKind::Similarity),
        of_kind("text,label\nx,1\nx,entailed\n", AnswerKind::OneOf(&["1", "0"])),
        of_kind("text\nx\n", AnswerKind::OneOf(&["1"])),
        of_kind("text,label\nx\n", AnswerKind::OneOf(&["1"])),
    ];
    let expected = [
        "pn.tsv: line 3: expected 5 columns between tabs, found 3",
        "pn.tsv: line 1: \"training\" in column 5",
        "pn.tsv: line 1: \"2\" in column 2",
        "dev.tsv: line 2: \"0,2\" in column 2 is not a list of numbers below 2",
        "dev.tsv: line 1: expected 3 (text",
        "labels.txt: line 3: \"a\"",
        "a.csv: line 2: the label \"?\" is not a number from 0 to 5",
        "a.csv: line 3: the label \"5.2\" is not a number from 0 to 5",
        "a.csv: line 2: the label \"-0.2\" is not a number from 0 to 5",
        "a.csv: line 2: the label \"NaN\" is not a number from 0 to 5",
        "a.csv: line 3: the label \"entailed\" is not one of 1, 0",
        "a.csv: there is no column of labels",
        "a.csv: line 2: wrong number of columns",
    ];
    for (message, start) in messages.iter().zip(expected) {
        assert!(message.starts_with(start), "{message}");
    }
}
