//! Tests of reading: every format as the real data sets write it, every error with its place.

mod damaged;
mod headers;
mod questions;

use super::*;

pub(super) fn read_ok(name: &str, text: &str, options: &ReadOptions) -> Dataset {
    read(name, text.as_bytes(), options).unwrap_or_else(|error| panic!("{error}"))
}

fn message(name: &str, text: &str, options: &ReadOptions) -> String {
    match read(name, text.as_bytes(), options) {
        Ok(dataset) => panic!("expected an error, got {dataset:?}"),
        Err(error) => error.to_string(),
    }
}

/// Options from the words of a command line, such as `text=3 label=2 filter=5=train`.
pub(super) fn options(words: &str) -> ReadOptions {
    let mut options = ReadOptions::default();
    for word in words.split_whitespace() {
        let (key, value) = word.split_once('=').expect("key=value");
        match key {
            "format" => options.format = Some(value.parse().expect("format")),
            "text" => options.text_column = Some(value.parse().expect("column")),
            "pair" => options.pair_column = Some(value.parse().expect("column")),
            "label" => options.label_column = Some(value.parse().expect("column")),
            "quote" => options.quote = Some(value.parse().expect("quote")),
            "filter" => options.filter = Some(value.parse().expect("filter")),
            "header" => options.header = Some(value.parse().expect("true or false")),
            other => panic!("no option {other}"),
        }
    }
    options
}

/// Text, second text and label of every row; `-` where there is none.
pub(super) fn rows(dataset: &Dataset) -> Vec<[&str; 3]> {
    fn or_dash(field: &Option<String>) -> &str {
        field.as_deref().unwrap_or("-")
    }
    let examples = dataset.examples.iter();
    examples
        .map(|example| {
            [
                example.text.as_str(),
                or_dash(&example.text_pair),
                example.gold.label().unwrap_or("-"),
            ]
        })
        .collect()
}

fn lines(dataset: &Dataset) -> Vec<usize> {
    dataset.examples.iter().map(|example| example.line).collect()
}

#[test]
fn header_of_semicolon_separated_text() {
    let text = "text;label_name\ni am, well, \"fine\";joy\n\nso it goes ; sadness\n";
    let data = read_ok("train.txt", text, &options(""));
    assert_eq!(
        rows(&data),
        [["i am, well, \"fine\"", "-", "joy"], ["so it goes ", "-", "sadness"]]
    );
    assert_eq!(lines(&data), [2, 4]);
    assert_eq!(
        data.columns.to_string(),
        "semicolon with header: text = text, label = label_name"
    );
}

#[test]
fn literal_quotes_and_trailing_spaces_of_tsv() {
    let data = read_ok("dev.tsv", "sentence\tlabel\r\n\"no \t1\r\nwell \"\t0\r\n", &options(""));
    assert_eq!(rows(&data), [["\"no ", "-", "1"], ["well \"", "-", "0"]]);
    let quoted = read_ok("dev.tsv", "sentence\tlabel\n\"a\tb\"\t1\n", &options("quote=standard"));
    assert_eq!(rows(&quoted), [["a\tb", "-", "1"]]);
}

#[test]
fn columns_by_number_and_rows_by_filter() {
    let text = "id1\t0\tよい\t{\"0\": 2, \"1\": 1}\ttrain\nid2\t-1\tわるい\t{}\tdev\nid3\t1\tとてもよい\t{}\ttrain\n";
    let data = read_ok("pn.tsv", text, &options("text=3 label=2 filter=5=train"));
    assert_eq!(rows(&data), [["よい", "-", "0"], ["とてもよい", "-", "1"]]);
    assert_eq!((data.skipped_by_filter, lines(&data)), (1, vec![1, 3]));
    assert_eq!(
        data.columns.to_string(),
        "tsv without header: text = column 3, label = column 2"
    );
    let error = message("pn.tsv", text, &options("text=3 label=2 filter=5=test"));
    assert_eq!(
        error,
        "pn.tsv: none of 3 rows has 5=test; the column holds \"train\", \"dev\""
    );
    let error = message("pn.tsv", text, &options(""));
    assert!(
        error.contains("which column is the text?") && error.contains("--text-column"),
        "{error}"
    );
    assert!(error.contains("1 \"id1\", 2 \"0\", 3 \"よい\""), "{error}");
}

#[test]
fn pairs_by_name_and_by_number() {
    let text = "sentence1,sentence2,label\n\"a, b\",c,1\n";
    let data = read_ok("x.csv", text, &options(""));
    assert_eq!(rows(&data), [["a, b", "c", "1"]]);
    assert!(data.has_pairs);
    let single = read_ok("x.csv", text, &options("text=sentence1"));
    assert_eq!(rows(&single), [["a, b", "-", "1"]]);
    assert!(!single.has_pairs);
    let stsb = read_ok(
        "x.tsv",
        "0\tMSR\tA plane.\tA \"jet\".\t5.000\n",
        &options("text=3 pair=4 label=5"),
    );
    assert_eq!(rows(&stsb), [["A plane.", "A \"jet\".", "5.000"]]);
    let swapped = read_ok("x.csv", "premise,hypothesis,labels\nx,y,z\n", &options("text=2 pair=1"));
    assert_eq!(rows(&swapped), [["y", "x", "z"]]);
}

#[test]
fn what_is_left_over_is_the_text() {
    assert_eq!(
        rows(&read_ok("x.tsv", "it goes\t1\nso\t0\n", &options(""))),
        [["it goes", "-", "1"], ["so", "-", "0"]]
    );
    assert_eq!(
        rows(&read_ok("x.tsv", "1\tit goes\n", &options("text=2"))),
        [["it goes", "-", "1"]]
    );
    assert_eq!(
        rows(&read_ok("x.tsv", "1\tit goes\n", &options("label=1"))),
        [["it goes", "-", "1"]]
    );
    assert_eq!(
        rows(&read_ok("x.tsv", "a\tb\n", &options("text=1 pair=2"))),
        [["a", "b", "-"]]
    );
    assert_eq!(
        rows(&read_ok("x.csv", "review,label\nok,1\n", &options(""))),
        [["ok", "-", "1"]]
    );
    let part = "a,1,train\nb,0,dev\n";
    assert_eq!(
        rows(&read_ok("x.csv", part, &options("filter=3=dev"))),
        [["b", "-", "0"]]
    );
    assert_eq!(
        rows(&read_ok(
            "x.csv",
            "id,stars,body\n1,5,ok\n",
            &options("text=body label=stars")
        )),
        [["ok", "-", "5"]]
    );
    assert_eq!(
        rows(&read_ok("x.csv", "id,label,2\n1,5,ok\n", &options("text=2"))),
        [["ok", "-", "5"]]
    );
}

#[test]
fn separators_follow_the_lines() {
    let tab_in_csv = read_ok("x.csv", "a, b\t1\nc, d\t0\n", &options(""));
    assert_eq!(
        (tab_in_csv.columns.format, rows(&tab_in_csv)[0]),
        (Format::Tsv, ["a, b", "-", "1"])
    );
    let semicolon_in_csv = read_ok("x.csv", "a, b;1\nc;0\n", &options(""));
    assert_eq!(
        (semicolon_in_csv.columns.format, rows(&semicolon_in_csv)[0]),
        (Format::Semicolon, ["a, b", "-", "1"])
    );
    let no_extension = read_ok("stdin", "ok,1\n\"no, no\",0\n", &options(""));
    assert_eq!(
        (no_extension.columns.format, rows(&no_extension)[1]),
        (Format::Csv, ["no, no", "-", "0"])
    );
    let sentences = read_ok("x.txt", "Hello, world\nWell, yes; no\n", &options(""));
    assert_eq!(
        rows(&sentences),
        [["Hello, world", "-", "-"], ["Well, yes; no", "-", "-"]]
    );
    assert_eq!(
        rows(&read_ok("x.txt", "Well,yes\n", &options(""))),
        [["Well,yes", "-", "-"]]
    );
    assert_eq!(
        rows(&read_ok("x.txt", "a;b\nc;d\n", &options("format=tsv"))),
        [["a;b", "-", "-"], ["c;d", "-", "-"]]
    );
}

#[test]
fn quoted_fields_hold_newlines_and_quotes() {
    let text = "\u{feff}text,label\r\n\"two\r\nlines\",a\r\n\r\n\"say \"\"hi\"\"\",\"b\"\r\n5\" disk,c\r\n,d";
    let data = read_ok("x.csv", text, &options(""));
    let expected = [
        ["two\r\nlines", "-", "a"],
        ["say \"hi\"", "-", "b"],
        ["5\" disk", "-", "c"],
        ["", "-", "d"],
    ];
    assert_eq!(rows(&data), expected);
    assert_eq!(lines(&data), [2, 5, 6, 7]);
    let literal = read_ok("x.csv", "text,label\n\"a\",1\n", &options("quote=none"));
    assert_eq!(rows(&literal), [["\"a\"", "-", "1"]]);
    let error = message("x.csv", "text,label\n\"a\nb\",1\n\"never ends,1\nok,0\n", &options(""));
    assert!(
        error.starts_with("x.csv: line 4 opens a quoted field that never ends"),
        "{error}"
    );
    let error = message("x.csv", "text,label\n\"a\nb\"c,1\n", &options(""));
    assert!(
        error.starts_with("x.csv: the row at line 2 has text after a closing quote"),
        "{error}"
    );
}

#[test]
fn json_in_every_shape() {
    let expected = [["a", "b", "1"], ["c", "d", "0"]];
    let lines_text = "{\"sentence1\": \"a\", \"sentence2\": \"b\", \"label\": 1}\n\n{\"label\": 0.0, \"more\": [1], \"sentence2\": \"d\", \"sentence1\": \"c\"}\n";
    let data = read_ok("valid.json", lines_text, &options(""));
    assert_eq!((rows(&data), lines(&data)), (expected.to_vec(), vec![1, 3]));
    assert_eq!(
        data.columns.to_string(),
        "json-lines: text = sentence1, text pair = sentence2, label = label"
    );
    for name in ["x.jsonl", "stdin", "x.txt"] {
        assert_eq!(rows(&read_ok(name, lines_text, &options(""))), expected);
    }
    assert_eq!(rows(&read_ok("x.csv", lines_text, &options("format=json"))), expected);

    let array = "[\n {\"text\": \"a\", \"label\": true},\n {\"text\": \"b\", \"label\": 2.5}\n]";
    let data = read_ok("x.json", array, &options(""));
    assert_eq!(
        (rows(&data), lines(&data)),
        (vec![["a", "-", "true"], ["b", "-", "2.5"]], vec![1, 2])
    );
    assert_eq!(data.columns.format, Format::Json);
    assert_eq!(rows(&read_ok("stdin", array, &options(""))), rows(&data));
    let object = "{\n \"body\": \"a\"\n}";
    assert_eq!(rows(&read_ok("x.json", object, &options(""))), [["a", "-", "-"]]);
    let filtered = "[{\"text\": \"a\", \"part\": \"x\"}, {\"text\": \"b\", \"part\": \"y\"}]";
    assert_eq!(
        rows(&read_ok("x.json", filtered, &options("filter=part=y"))),
        [["b", "-", "-"]]
    );
    assert_eq!(
        rows(&read_ok("x.json", filtered, &options("text=2 filter=2=y"))),
        [["y", "-", "-"]]
    );
    let late = "[{\"text\": \"a\"}, {\"text\": \"b\", \"part\": \"y\"}, {\"text\": \"c\", \"part\": null}]";
    let data = read_ok("x.json", late, &options("filter=part=y"));
    assert_eq!((rows(&data), data.skipped_by_filter), (vec![["b", "-", "-"]], 2));
    let error = message("x.json", late, &options("filter=parts=y"));
    assert!(
        error.contains("no column \"parts\"") && !error.contains("\"parts\","),
        "{error}"
    );
}

#[test]
fn json_errors_name_line_and_column() {
    let error = message("x.jsonl", "{\"text\": \"a\"}\n{\"text\": }\n", &options(""));
    assert_eq!(error, "x.jsonl: line 2, column 10: expected value");
    for half in ["\\ud83d", "\\ud83dx", "\\ude00", "\\ud83d\\u0041"] {
        let error = message("x.jsonl", &format!("{{\"text\": \"{half}\"}}\n"), &options(""));
        assert!(error.starts_with("x.jsonl: line 1, column "), "{error}");
        assert!(
            error.contains("is half of a character, and the other half is not beside it"),
            "{error}"
        );
    }
    for number in ["NaN", "Infinity", "-Infinity"] {
        let text = format!("{{\"text\": \"a\"}}\n{{\"score\": {number}, \"text\": \"b\"}}\n");
        let error = message("x.jsonl", &text, &options(""));
        assert!(
            error.ends_with(": NaN and Infinity are not JSON; write a number, or leave the record out"),
            "{error}"
        );
    }
    let error = message("x.jsonl", "{\"text\": \"a\"}\n[1]\n", &options(""));
    assert_eq!(
        error,
        "x.jsonl: line 2, column 0: invalid type: sequence, expected an object with named fields"
    );
    let error = message("x.json", "[\n{\"text\": \"a\"},\n{\"text\" \"b\"}]", &options(""));
    assert_eq!(error, "x.json: line 3, column 9: expected `:`");
    let error = message(
        "x.json",
        "[{\"text\": \"a\", \"label\": 1}, {\"text\": \"b\"}]",
        &options(""),
    );
    assert_eq!(error, "x.json: record 2 has no value in \"label\"");
    let error = message(
        "x.jsonl",
        "{\"text\": \"a\", \"label\": 1}\n{\"text\": \"b\", \"label\": null}",
        &options(""),
    );
    assert_eq!(error, "x.jsonl: line 2 has no value in \"label\"");
    let error = message("x.jsonl", "{\"text\": \"a\", \"label\": [1]}\n", &options(""));
    assert_eq!(error, "x.jsonl: line 1: \"label\" is an array, expected text");
    let error = message("x.json", "{\"a\": 1, \"b\": 2}", &options(""));
    assert!(error.ends_with("the first row is 1 \"a\", 2 \"b\""), "{error}");
    let deep = "[".repeat(100_000);
    assert!(message("x.json", &deep, &options("")).contains("line 1"));
}

#[test]
fn malformed_rows_name_their_line() {
    let error = message("x.tsv", "sentence\tlabel\na\t1\nb\n", &options(""));
    assert_eq!(
        error,
        "x.tsv: line 3: wrong number of columns: expected 2 as in the header, found 1"
    );
    let error = message("x.txt", "text;label_name\na;b;joy\n", &options(""));
    assert_eq!(
        error,
        "x.txt: line 2: wrong number of columns: expected 2 as in the header, found 3"
    );
    let error = message("x.tsv", "a\t1\nb\t0\t\n", &options(""));
    assert_eq!(
        error,
        "x.tsv: line 2: wrong number of columns: expected 2 as in the first row, found 3"
    );
    let error = message("x.tsv", "text\tlabel\na\t1\nb\t \n", &options(""));
    assert_eq!(error, "x.tsv: line 3 has an empty label");
    let error = message("x.csv", "text,label\na,1\n", &options("text=body"));
    assert_eq!(
        error,
        "x.csv: no column \"body\"; the first row is 1 \"text\", 2 \"label\""
    );
    let error = message("x.csv", "text,label\na,1\n", &options("label=3"));
    assert!(error.starts_with("x.csv: no column \"3\""), "{error}");
    assert!(message("x.csv", "text,label\na,1\n", &options("label=0")).starts_with("x.csv: no column \"0\""));
    let error = message("x.csv", "text,label\na,1\n", &options("text=1 label=1"));
    assert_eq!(error, "x.csv: column 1 is chosen as text and as label");
    for (name, empty) in [
        ("x.csv", ""),
        ("x.tsv", "text\tlabel\n"),
        ("x.json", " \n"),
        ("x.json", "[]"),
        ("-", "\n\n"),
    ] {
        assert_eq!(message(name, empty, &options("")), format!("{name}: no rows"));
    }
    let error = read("x.csv", b"text,label\nok,1\nn\xe9,0\n", &options("")).expect_err("not UTF-8");
    assert_eq!(
        error.to_string(),
        "x.csv: byte 17 (line 3) is not UTF-8; save the file as UTF-8"
    );
}

#[test]
fn a_filter_error_lists_ten_values() {
    let text: String = (0..30).map(|row| format!("a\t{}\n", row % 15)).collect();
    let error = message("x.tsv", &text, &options("text=1 filter=2=x"));
    assert!(
        error.ends_with(
            "the column holds \"0\", \"1\", \"2\", \"3\", \"4\", \"5\", \"6\", \"7\", \"8\", \"9\" and more"
        )
    );
}

#[test]
fn options_survive_a_run_file() {
    let written =
        r#"{"text_column": "3", "label_column": 2, "filter": "5=train", "format": "json-lines", "quote": "none"}"#;
    let read: ReadOptions = serde_json::from_str(written).expect("valid");
    assert_eq!(
        read,
        options("text=3 label=2 filter=5=train format=json-lines quote=none")
    );
    let again = serde_json::to_string(&read).expect("serialisable");
    assert_eq!(serde_json::from_str::<ReadOptions>(&again).expect("valid"), read);
    assert!(!again.contains("header"), "{again}");
    let told = options("header=false");
    let again = serde_json::to_string(&told).expect("serialisable");
    assert_eq!(serde_json::from_str::<ReadOptions>(&again).expect("valid"), told);
    for wrong in [r#"{"filter": "x"}"#, r#"{"format": "xml"}"#, r#"{"text_column": ""}"#] {
        assert!(serde_json::from_str::<ReadOptions>(wrong).is_err(), "{wrong}");
    }
}

#[test]
fn sha256_is_that_of_sha256sum() {
    assert_eq!(
        sha256_hex(b"abc"),
        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    );
}

#[test]
fn scores_are_finite_numbers() {
    let score = ReadOptions {
        gold: GoldColumn::Score,
        ..options("")
    };
    let data = read_ok("a.tsv", "sentence1\tsentence2\tlabel\tscore\na\tb\tx\t 4.50\n", &score);
    assert_eq!(data.examples[0].gold, Gold::Score(4.5));
    let data = read_ok(
        "jsts.json",
        "{\"sentence1\":\"a\",\"sentence2\":\"b\",\"label\":0.0}\n",
        &score,
    );
    assert_eq!(data.examples[0].gold, Gold::Score(0.0));
    for wrong in ["abc", "NaN", "inf", "1e999", "4,5"] {
        let text = format!("text\tscore\na\t1\nb\t{wrong}\n");
        let expected = format!("a.tsv: line 3: \"{wrong}\" is not a number");
        assert_eq!(message("a.tsv", &text, &score), expected);
    }
    assert!(message("a.tsv", "text\tscore\na\t \n", &score).contains("empty label"));
}

#[test]
fn scores_of_positional_columns_with_literal_quotes() {
    // As stsb: ten columns without a header, and fields that begin with a quote that nothing closes.
    let text = "0\tmain\tMSR\t2012\t1\tnone\tnone\t\"So be it.\tSo it is.\t3.800\n1\tm\tM\t2\t4\tn\tn\tA plane.\tA kite.\t5.000\n";
    let read = ReadOptions {
        gold: GoldColumn::Score,
        ..options("text=8 pair=9 label=10")
    };
    let data = read_ok("train.tsv", text, &read);
    let first = &data.examples[0];
    assert_eq!(
        (first.text.as_str(), first.text_pair.as_deref()),
        ("\"So be it.", Some("So it is."))
    );
    assert_eq!(first.gold, Gold::Score(3.8));
}

#[test]
fn lists_of_labels_in_every_spelling() {
    let labels = ReadOptions {
        gold: GoldColumn::Labels,
        ..options("")
    };
    let list = |items: &[&str]| Gold::Labels(items.iter().map(|item| (*item).to_owned()).collect());
    let data = read_ok("a.tsv", "text\tlabels\na\tjoy, love,joy\nb\t\nc\ta, b|c\n", &labels);
    let gold: Vec<&Gold> = data.examples.iter().map(|example| &example.gold).collect();
    assert_eq!(gold, [&list(&["joy", "love"]), &list(&[]), &list(&["a, b", "c"])]);
    let json =
        "{\"text\":\"a\",\"labels\":[\"x\",2]}\n{\"text\":\"b\",\"labels\":[]}\n{\"text\":\"c\",\"labels\":\"y\"}\n";
    let data = read_ok("a.jsonl", json, &labels);
    let gold: Vec<&Gold> = data.examples.iter().map(|example| &example.gold).collect();
    assert_eq!(gold, [&list(&["x", "2"]), &list(&[]), &list(&["y"])]);
    let nested = "{\"text\":\"a\",\"labels\":[[1]]}\n";
    assert!(message("a.jsonl", nested, &labels).contains("is an array"));
}

#[test]
fn labels_by_number_of_a_list() {
    let names = read_label_names("labels.txt", "admiration\r\namusement\nanger\n\n".as_bytes()).expect("a list");
    assert_eq!(names, ["admiration", "amusement", "anger"]);
    let numbered = ReadOptions {
        gold: GoldColumn::Labels,
        label_names: Some(names),
        ..options("text=1 label=2")
    };
    let data = read_ok("train.tsv", "\"My text\t2,0\tid1\nb\tanger\tid2\n", &numbered);
    assert_eq!(data.examples[0].gold.to_string(), "anger,admiration");
    assert_eq!(data.examples[1].gold.to_string(), "anger");
    let wrong = message("train.tsv", "a\t0\tid1\nb\t3\tid2\n", &numbered);
    assert!(
        wrong.contains("line 2: \"3\" is neither one of the 3 labels"),
        "{wrong}"
    );
    for list in ["a\n\nb\n", "a\na\n", ""] {
        assert!(read_label_names("labels.txt", list.as_bytes()).is_err(), "{list:?}");
    }
}

#[test]
fn columns_that_nobody_asks_for_are_not_read() {
    let unread = ReadOptions {
        gold: GoldColumn::Unread,
        ..options("")
    };
    let data = read_ok("a.tsv", "text\tlabel\na\t\n", &unread);
    assert_eq!(data.examples[0].gold, Gold::None);
    let data = read_ok("a.jsonl", "{\"text\":\"a\",\"label\":[]}\n", &unread);
    assert_eq!(data.examples[0].gold, Gold::None);
}

#[test]
fn an_office_programs_file_is_told_from_a_table_in_another_encoding() {
    for beginning in [&b"PK\x03\x04text"[..], b"\xd0\xcf\x11\xe0\xa1\xb1"] {
        let error = read("table.xlsx", beginning, &ReadOptions::default()).expect_err("no text");
        assert!(matches!(error, DataError::Packed { .. }), "{error}");
    }
}
