//! Tests what must hold for every file: nothing panics, and what is written can be read.

use proptest::prelude::*;

use super::tests::{options, read_ok, rows};
use super::*;

const SOME_OPTIONS: [&str; 9] = [
    "",
    "text=1",
    "text=2 label=1",
    "filter=1=a",
    "header=true text=2",
    "header=false",
    "format=csv",
    "format=json",
    "format=json-lines",
];
const MORE_OPTIONS: [&str; 6] = [
    "",
    "quote=standard",
    "quote=none",
    "label=label",
    "pair=2",
    "format=semicolon",
];

fn any_options() -> impl Strategy<Value = ReadOptions> {
    use proptest::sample::select;
    (select(&SOME_OPTIONS[..]), select(&MORE_OPTIONS[..])).prop_map(|(some, more)| options(&format!("{some} {more}")))
}

fn any_name() -> impl Strategy<Value = &'static str> {
    proptest::sample::select(&["x.csv", "x.tsv", "x.txt", "x.json", "x.jsonl", "-"][..])
}

proptest! {
    #[test]
    fn random_bytes_never_panic(bytes: Vec<u8>, name in any_name(), options in any_options()) {
        let _ = read(name, &bytes, &options);
        let _ = preview(name, &bytes, &options);
    }

    #[test]
    fn random_rows_never_panic(
        text in "(text|label|sentence1|[a,;\t\"\r\n{}\\[\\]: 1\u{3000}é\0]){0,60}",
        name in any_name(),
        options in any_options(),
    ) {
        let shown = preview(name, text.as_bytes(), &options);
        if let Ok(Some(shown)) = &shown {
            prop_assert!(shown.rows.iter().all(|row| row.len() <= shown.values.len()));
            prop_assert!(shown.names.as_ref().is_none_or(|names| names.len() == shown.values.len()));
        }
        let outcome = read(name, text.as_bytes(), &options);
        let skipping = ReadOptions { skip_damaged: true, ..options.clone() };
        let skipping = read(name, text.as_bytes(), &skipping);
        // Rows are left out where one is damaged, and nowhere else.
        match &outcome {
            Ok(dataset) => prop_assert_eq!(skipping.as_ref().ok(), Some(dataset)),
            Err(_) => prop_assert!(skipping.is_err() || skipping.is_ok_and(|data| data.damage.count > 0)),
        }
        // Who is asked for columns can see them, if there are several.
        if let Err(DataError::ChooseColumns { row, .. }) = &outcome {
            prop_assert_eq!(row.len() > 1, matches!(shown, Ok(Some(_))));
        }
        if let Ok(dataset) = outcome {
            prop_assert!(!dataset.examples.is_empty());
            let height = text.split('\n').count();
            prop_assert!(dataset.examples.iter().all(|example| example.line >= 1 && example.line <= height.max(text.len())));
            prop_assert!(dataset.examples.iter().all(|example| example.text_pair.is_some() == dataset.has_pairs));
            prop_assert!(dataset.examples.iter().all(|example| example.gold.label() != Some("")));
        }
    }

    #[test]
    fn quoted_csv_gives_back_what_was_written(fields in proptest::collection::vec(("[a\",;\t\r\n é]{0,8}", "[a-c]"), 1..20)) {
        let mut text = String::from("text,label\n");
        for (field, label) in &fields {
            text.push_str(&format!("\"{}\",{label}\n", field.replace('"', "\"\"")));
        }
        let data = read_ok("x.csv", &text, &ReadOptions::default());
        let back: Vec<(&str, &str)> = rows(&data).iter().map(|[text, _, label]| (*text, *label)).collect();
        let written: Vec<(&str, &str)> = fields.iter().map(|(text, label)| (text.as_str(), label.as_str())).collect();
        prop_assert_eq!(back, written);
    }
}
