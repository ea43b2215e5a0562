//! Tests of rows that cannot be read and are left out, where that is asked for.

use super::*;

/// What is said of each damaged row, and the row.
type Told = Vec<(String, String)>;
/// The others, by their lines.
type Rows = Vec<(usize, String)>;

/// Reads a file whose first damaged row is an error, unless such rows are left out: what is told of them, and the rows that come.
fn skipped(name: &str, text: &str, gold: GoldColumn) -> (Told, Rows) {
    let strict = ReadOptions {
        gold,
        ..ReadOptions::default()
    };
    let first = read(name, text.as_bytes(), &strict).expect_err("the first damaged row");
    let skipping = ReadOptions {
        skip_damaged: true,
        ..strict
    };
    let data = read(name, text.as_bytes(), &skipping).unwrap_or_else(|error| panic!("{name}: {error}"));
    assert_eq!(data.damage.count, data.damage.first.len(), "{name}");
    assert_eq!(data.damage.first[0].message, first.to_string());
    let told = data.damage.first.into_iter().map(|row| (row.message, row.text));
    let rows = data.examples.into_iter().map(|example| (example.line, example.text));
    (told.collect(), rows.collect())
}

fn rows(expected: &[(usize, &str)]) -> Rows {
    expected
        .iter()
        .map(|(line, text)| (*line, (*text).to_owned()))
        .collect()
}

fn told(expected: &[(&str, &str)]) -> Told {
    let told = expected
        .iter()
        .map(|(message, text)| ((*message).to_owned(), (*text).to_owned()));
    told.collect()
}

#[test]
fn rows_of_tables_are_left_out() {
    let csv = "text,label\n\"a\nb\",x\nc\nd,y\n\ne,\nf,x\n";
    let (damaged, read) = skipped("a.csv", csv, GoldColumn::Label);
    let width = "a.csv: line 4: wrong number of columns: expected 2 as in the header, found 1";
    assert_eq!(
        damaged,
        told(&[(width, "c"), ("a.csv: line 7 has an empty label", "e,")])
    );
    assert_eq!(read, rows(&[(2, "a\nb"), (5, "d"), (8, "f")]));

    let tsv = "a\t1\nb\tx\nc\t2.5\nd\t1\t2\ne\t3\n";
    let (damaged, read) = skipped("a.tsv", tsv, GoldColumn::Score);
    let width = "a.tsv: line 4: wrong number of columns: expected 2 as in the first row, found 3";
    assert_eq!(
        damaged,
        told(&[("a.tsv: line 2: \"x\" is not a number", "b\tx"), (width, "d\t1\t2")])
    );
    assert_eq!(read, rows(&[(1, "a"), (3, "c"), (5, "e")]));
}

#[test]
fn a_wrong_quote_takes_no_other_row_along() {
    let csv = "text,label\na,x\n\"b\" said,x\nc,y\n\"d,x\ne,y\n\"f,g\",x\n\"h,y\ni,x\n";
    let (damaged, read) = skipped("a.csv", csv, GoldColumn::Label);
    let lines: Vec<&str> = damaged.iter().map(|(_, text)| text.as_str()).collect();
    assert_eq!(lines, ["\"b\" said,x", "\"d,x", "\"h,y"]);
    assert!(
        damaged[1].0.starts_with("a.csv: the row at line 5 has text after"),
        "{damaged:?}"
    );
    assert!(
        damaged[2].0.starts_with("a.csv: line 8 opens a quoted field"),
        "{damaged:?}"
    );
    assert_eq!(read, rows(&[(2, "a"), (4, "c"), (6, "e"), (7, "f,g"), (9, "i")]));
}

#[test]
fn a_file_of_wrong_quotes_ends_soon() {
    // Each line opens a quote behind the one that it closes: every record would be read to the end of the file.
    let csv = format!("text,label\n{}", "x\",\"\n".repeat(100_000));
    let skipping = ReadOptions {
        skip_damaged: true,
        ..ReadOptions::default()
    };
    let error = read("a.csv", csv.as_bytes(), &skipping).expect_err("no table");
    assert!(
        matches!(error, DataError::UnclosedQuote { line, .. } if line < 100),
        "{error}"
    );
}

#[test]
fn records_are_left_out() {
    let good = |text: &str| format!("{{\"text\":\"{text}\",\"label\":\"x\"}}");
    let (list, none) = ("{\"text\":[\"b\"],\"label\":\"x\"}", "{\"text\":\"c\"}");
    let twice = format!("{} {}", good("e"), good("f"));
    let wrong_twice = format!("{list} f");
    let lines = [
        &good("a"),
        "{\"text\":",
        &wrong_twice,
        "",
        &good("d"),
        &twice,
        none,
        &good("g"),
    ]
    .join("\n");
    let (damaged, read) = skipped("a.jsonl", &lines, GoldColumn::Label);
    assert_eq!(
        damaged,
        told(&[
            ("a.jsonl: line 2, column 8: EOF while parsing a value", "{\"text\":"),
            ("a.jsonl: line 3: \"text\" is an array, expected text", &wrong_twice),
            ("a.jsonl: line 6, column 26: trailing characters", &twice),
            ("a.jsonl: line 7 has no value in \"label\"", none),
        ])
    );
    assert_eq!(read, rows(&[(1, "a"), (5, "d"), (8, "g")]));

    let array = format!("[{}, {list}, {}, {none}, {}]", good("a"), good("d"), good("g"));
    let (damaged, read) = skipped("a.json", &array, GoldColumn::Label);
    assert_eq!(
        damaged,
        told(&[
            ("a.json: record 2: \"text\" is an array, expected text", ""),
            ("a.json: record 4 has no value in \"label\"", ""),
        ])
    );
    assert_eq!(read, rows(&[(1, "a"), (3, "d"), (5, "g")]));
}

#[test]
fn a_sentence_with_a_damaged_line_is_left_out() {
    let words = "a\tO\nb\tO\n\nc\tO\nd\tPERSON\ne\n\nf\tB-X\n\ng\n\nh\tO\n";
    let (damaged, read) = skipped("a.conll", words, GoldColumn::Entities);
    let width = "a.conll: line 10: wrong number of columns: expected 2 as in the first row, found 1";
    let tag = "a.conll: line 5: \"PERSON\" is not a tag: write O, B-TYPE or I-TYPE";
    assert_eq!(damaged, told(&[(tag, "d\tPERSON"), (width, "g")]));
    assert_eq!(read, rows(&[(1, "a b"), (8, "f"), (12, "h")]));
}

#[test]
fn questions_are_left_out() {
    let question = |id: &str, asked: &str, start: u32| {
        format!(r#"{{"id":"{id}","question":"{asked}","answers":[{{"text":"1899","answer_start":{start}}}]}}"#)
    };
    let asked = [
        question("a", "q", 3),
        question("b", "r", 4),
        question("c", "s", 3),
        question("a", "t", 3),
    ];
    let squad = format!(
        r#"{{"data":[{{"paragraphs":[{{"context":"in 1899","qas":[{}]}}]}}]}}"#,
        asked.join(",")
    );
    let (damaged, read) = skipped("a.json", &squad, GoldColumn::Answers);
    let shifted = "a.json: question 2 (\"b\"): the answer \"1899\" should start at character 4, where there is \"899\"";
    let twice = "a.json: question 4 has the id \"a\", which question 1 has too";
    assert_eq!(damaged, told(&[(shifted, "r"), (twice, "t")]));
    assert_eq!(read, rows(&[(1, "q"), (3, "s")]));
}

#[test]
fn the_first_of_many_are_told_and_all_are_counted() {
    let skipping = ReadOptions {
        skip_damaged: true,
        ..ReadOptions::default()
    };
    let text = format!("text,label\n{}a,x\n", "long ".repeat(50) + "\n");
    let one = read("a.csv", text.as_bytes(), &skipping).expect("a row");
    assert_eq!(one.damage.first[0].text, "long ".repeat(20));
    let many = format!("text,label\n{}a,x\n", "b\n".repeat(50));
    let damage = read("a.csv", many.as_bytes(), &skipping).expect("a row").damage;
    assert_eq!((damage.count, damage.first.len()), (50, 20));
    assert!(damage.first[19].message.starts_with("a.csv: line 21:"));
    // Where nothing is left, and where all of the file is wrong, the file is not read.
    for (name, text, expected) in [
        ("a.csv", "text,label\nb\nc\n", "a.csv: line 2: wrong number of columns"),
        ("a.csv", "\"text,label\nb,x\n", "a.csv: line 1 opens a quoted field"),
        ("a.csv", "a,b,c\nd,e,f\n", "a.csv: which column is the text?"),
        (
            "a.jsonl",
            "{\"a\":1,\"b\":2}\n{\"text\":\"c\"}\n",
            "a.jsonl: which column is the text?",
        ),
        ("a.json", "[{\"text\":\"a\"},{\"text\":]", "a.json: line 1"),
    ] {
        let error = read(name, text.as_bytes(), &skipping).expect_err(text);
        assert!(error.to_string().starts_with(expected), "{error}");
    }
}
