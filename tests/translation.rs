//! Checks the page's translation of what the core and the worker say: `sources` compares the catalogue with the attributes and
//! strings of the sources, `errors` and `libraries` make real errors and read what becomes of them.

#[path = "translation/errors.rs"]
mod errors;
#[path = "translation/libraries.rs"]
mod libraries;
#[path = "translation/sources.rs"]
mod sources;

use proptest::prelude::*;
use sources::{Attribute, attributes, fits, strings};
use terakoya_web::language::Language;
use terakoya_web::translation::template::{Kind, Part, parts};
use terakoya_web::translation::{Entry, LIBRARIES, OURS, OUTSIDE, option_name, translated};

/// Messages that never reach the page, with the reason.
const LEFT_OUT: &[(&str, &[&str], &str)] = &[
    ("core/src/data/corpora/", &[], "read by the command `corpus` only"),
    ("core/src/logistic.rs", &[], "the page has no probes"),
    (
        "core/src/train/host.rs",
        &["--probe", "--probe: only the command line fits probes"],
        "the page has no probes",
    ),
    (
        "core/src/data/parse_error.rs",
        &[],
        "flags of the command line that the page does not have",
    ),
    (
        "core/src/tokenizer/dictionary/error.rs",
        &[
            "user dictionary, line {line}: {reason}",
            "{0} columns, expected at least surface, left id, right id, cost",
            "a quote is not closed or is followed by more text",
            "the surface is empty",
            "the {column} {value:?} is not a number from {low} to {high}",
            "no word of the dictionary has the {column} {id}; use the ids of a similar word",
            "the line is not valid UTF-8",
        ],
        "user dictionaries are read by the command `dictionary` only",
    ),
    (
        "core/src/tokenizer/error.rs",
        &["{file}: {reason}"],
        "a name and a reason, without a word of its own",
    ),
    (
        "web/src/",
        &["{path}: {reason}", "models.json: {0}"],
        "a name and what the browser or another says, without a word of its own",
    ),
];

fn is_left_out(attribute: &Attribute) -> bool {
    LEFT_OUT.iter().any(|(path, templates, _)| {
        let all = templates.is_empty() || templates.contains(&attribute.template.as_str());
        attribute.path.starts_with(path) && all
    })
}

fn entries() -> impl Iterator<Item = &'static Entry> {
    OURS.into_iter().flatten()
}

#[test]
fn every_message_has_an_entry() {
    let missing: Vec<String> = attributes()
        .iter()
        .filter(|attribute| !is_left_out(attribute))
        .filter(|attribute| !entries().any(|entry| attribute.is_said_by(entry.template)))
        .map(|attribute| format!("{}:{}: {}", attribute.path, attribute.line, attribute.whole()))
        .collect();
    assert!(missing.is_empty(), "without a translation:\n{}", missing.join("\n"));
}

#[test]
fn every_entry_has_its_message() {
    let (attributes, strings) = (attributes(), strings(""));
    let is_said = |entry: &Entry| {
        attributes.iter().any(|attribute| attribute.is_said_by(entry.template))
            || strings.iter().any(|string| fits(string, entry.template, false))
    };
    let outdated: Vec<&str> = entries()
        .filter(|entry| !is_said(entry))
        .map(|entry| entry.template)
        .collect();
    assert!(outdated.is_empty(), "nobody says these:\n{}", outdated.join("\n"));
}

#[test]
fn every_rule_for_a_value_has_an_entry() {
    let rules = strings("core/src/")
        .into_iter()
        .filter(|string| string.starts_with("must "));
    let rules: Vec<String> = rules.collect();
    assert!(rules.len() > 10, "{rules:?}");
    let missing: Vec<&String> = rules
        .iter()
        .filter(|rule| !entries().any(|entry| fits(rule, entry.template, false)))
        .collect();
    assert!(missing.is_empty(), "without a translation: {missing:#?}");
}

/// Lines of the log, not of the page.
const LOGGED: [&str; 2] = [
    "a message could not be written: {error}",
    "a message could not be posted: {}",
];

#[test]
fn all_prose_of_the_worker_has_an_entry() {
    let is_word = |word: &&str| !word.is_empty() && word.chars().all(|c| c.is_ascii_lowercase());
    let mut prose = strings("web/src/worker");
    prose.retain(|string| string.split(' ').filter(is_word).count() > 2 && !LOGGED.contains(&string.as_str()));
    assert!(prose.len() > 20, "{prose:?}");
    // Where an error has a cause, the entry has it too.
    let is_said = |said: &str, entry: &Entry| fits(said, entry.template, false);
    let missing: Vec<&String> = prose
        .iter()
        .filter(|string| {
            let whole = format!("{string}: {{source}}");
            !entries().any(|entry| is_said(string, entry) || is_said(&whole, entry))
        })
        .collect();
    assert!(missing.is_empty(), "without a translation: {missing:#?}");
}

#[test]
fn what_is_left_out_is_still_there() {
    let attributes = attributes();
    for (path, templates, reason) in LEFT_OUT {
        let here = |template: Option<&str>| {
            attributes.iter().any(|attribute| {
                attribute.path.starts_with(path) && template.is_none_or(|template| attribute.template == template)
            })
        };
        assert!(here(None), "{path} ({reason})");
        for template in *templates {
            assert!(here(Some(template)), "{path}: {template} ({reason})");
        }
    }
}

#[test]
fn templates_leave_no_doubt_and_sentences_use_what_they_have() {
    let mut known: Vec<&str> = Vec::new();
    for entry in entries().chain(LIBRARIES).chain(OUTSIDE) {
        let template = parts(entry.template);
        assert!(!known.contains(&entry.template), "{} is there twice", entry.template);
        known.push(entry.template);
        assert!(
            template.iter().any(|part| matches!(part, Part::Literal(_))),
            "{} fits everything",
            entry.template
        );
        for pair in template.windows(2) {
            let both = matches!(pair, [Part::Value { .. }, Part::Value { kind: Kind::Text, .. }])
                || matches!(pair, [Part::Value { kind: Kind::Text, .. }, Part::Value { .. }]);
            assert!(!both, "{}: it is not said where a value ends", entry.template);
        }
        let names: Vec<&str> = template.iter().filter_map(name_of).collect();
        for sentence in [Some(entry.japanese), entry.english].into_iter().flatten() {
            for name in parts(sentence).iter().filter_map(name_of) {
                let field = name.strip_prefix("--");
                let is_field =
                    field.is_some_and(|key| option_name(&key.replace('-', "_"), Language::English).is_some());
                let name = field.unwrap_or(name).trim_end_matches('!');
                assert!(is_field || names.contains(&name), "{sentence}: there is no {name}");
            }
        }
    }
}

fn name_of<'t>(part: &Part<'t>) -> Option<&'t str> {
    match part {
        Part::Value { name, .. } => Some(name),
        Part::Literal(_) => None,
    }
}

#[test]
fn no_sentence_names_a_flag() {
    let has_flag = |text: &str| text.replace("{--", "{").contains("--");
    for entry in entries().chain(LIBRARIES).chain(OUTSIDE) {
        assert!(!has_flag(entry.japanese), "{}", entry.japanese);
        let english = entry.english.unwrap_or(entry.template);
        assert!(!has_flag(english), "{english}");
    }
}

#[test]
fn what_the_browser_and_its_gpu_stack_say_is_told_in_both_languages() {
    for (message, japanese, english) in [
        (
            "Uncaught RuntimeError: unreachable",
            "メモリが足りなくなったようです。「一歩の文数」か「最大の長さ」を小さくするか、教える層を減らしてください。",
            "memory has probably run out: lower “Batch size” or “Longest text”, or train fewer layers",
        ),
        (
            "there is no GPU: Auto: No adapter available for WgpuDevice { kind: DefaultDevice, backend: Auto }: noop not requested",
            "使える GPU が見つかりません",
            "no usable GPU was found",
        ),
        (
            "models/a/model.json: the connection failed after 0 of 0 bytes (Failed to fetch); try again, it goes on from there",
            "models/a/model.json の読み込みが途切れました（0 バイトのうち 0 バイト、サーバーにつながりません）。もう一度試すと続きから読みます。",
            "models/a/model.json: the connection failed after 0 of 0 bytes (Failed to fetch); try again, it goes on from there",
        ),
        (
            "model.safetensors is not a whole safetensors file: incomplete metadata, file not fully covered",
            "model.safetensors は safetensors として最後まで読めません。壊れています（重みの一覧とファイルの長さが合いません）。",
            "model.safetensors is not a whole safetensors file: incomplete metadata, file not fully covered",
        ),
        (
            "runs/1: The object can not be modified in this way. (InvalidModificationError)",
            "別のタブが使っています。そのタブを閉じてから、もう一度試してください。",
            "another tab is at work on this; close it and try again",
        ),
    ] {
        assert_eq!(translated(message, Language::Japanese), japanese);
        assert_eq!(translated(message, Language::English), english);
    }
}

#[test]
fn unforeseen_messages_stay_as_they_are() {
    for message in [
        "",
        "--",
        "a new message: with a reason",
        "{name}",
        "読めません",
        "text\0",
        "{",
    ] {
        for language in Language::ALL {
            assert_eq!(translated(message, language), message);
        }
    }
}

/// Pieces of which odd messages are made: what templates say, and what may make a reader stumble.
fn piece() -> impl Strategy<Value = String> {
    let said: Vec<String> = entries()
        .chain(LIBRARIES)
        .chain(OUTSIDE)
        .flat_map(|entry| parts(entry.template))
        .filter_map(|part| match part {
            Part::Literal(literal) => Some(literal.to_owned()),
            Part::Value { .. } => None,
        })
        .collect();
    let whole: Vec<String> = entries().map(|entry| entry.template.to_owned()).collect();
    let odd = [
        "\"", "\\", "\\\"", "[", "[1, ", "]", "line 3", "record ", "{", "}", "{name}", "日本", "\u{301}", "7", "\n",
    ];
    prop_oneof![
        4 => prop::sample::select(said),
        1 => prop::sample::select(whole),
        2 => prop::sample::select(odd.map(str::to_owned).to_vec()),
        1 => any::<String>(),
    ]
}

proptest! {
    #[test]
    fn any_text_is_said_without_a_panic_or_a_flag_of_ours(pieces in prop::collection::vec(piece(), 0..8)) {
        let message = pieces.concat();
        let japanese = translated(&message, Language::Japanese);
        // What stands in the message may look like a flag; the catalogue adds none.
        if !message.contains("--") {
            prop_assert!(!japanese.contains("--"), "{message}: {japanese}");
        }
        translated(&message, Language::English);
    }
}

#[test]
fn a_long_message_takes_no_longer_than_its_length_asks_for() {
    // Each looks as if a template began anew at every few characters; quadratic time would take minutes.
    for piece in [
        "a: line 3: \"",
        "[1, ",
        "x has shape [1, ",
        ": question 1 (\"",
        "a: b: ",
        "\\\"",
    ] {
        let message = piece.repeat(100_000);
        assert!(translated(&message, Language::Japanese) == message, "{piece}");
    }
}
