//! Has the library that reads JSON say everything that the catalogue translates of it.

use std::collections::BTreeSet;

use terakoya_web::translation::{LIBRARIES, template};

#[test]
fn every_message_of_the_json_reader_is_real() {
    let texts = [
        "",
        "{",
        "[",
        "\"a",
        "[1",
        "{\"a\"",
        "{\"a\" 1}",
        "{\"a\":1 2}",
        "[1 2]",
        "nul",
        "nux",
        "{1:2}",
        "[1,]",
        "{\"a\":1,}",
        "[] x",
        "-",
        "x",
        "01",
        "1e",
        "\"\\x\"",
        "\"\n\"",
    ];
    let deep = "[".repeat(200);
    let mut messages: Vec<String> = texts
        .into_iter()
        .chain([deep.as_str()])
        .filter_map(|text| serde_json::from_str::<serde_json::Value>(text).err())
        .map(|error| error.to_string())
        .collect();
    let kinds = ["{\"vocab_size\": \"a\"}", "{\"model_type\": 1}", "{\"list\": 1}"];
    let config = kinds
        .into_iter()
        .filter_map(|text| serde_json::from_str::<Shape>(text).err());
    messages.extend(config.map(|error| error.to_string()));
    let twice = "{\"vocab_size\": 1, \"vocab_size\": 2}";
    messages.extend(
        serde_json::from_str::<Shape>(twice)
            .err()
            .map(|error| error.to_string()),
    );
    messages.extend(serde_json::from_str::<Shape>("{}").err().map(|error| error.to_string()));
    let parts: Vec<&str> = messages
        .iter()
        .flat_map(|message| {
            let reason = message
                .rfind(" at line ")
                .map_or(message.as_str(), |end| &message[..end]);
            let expected = reason.split_once(", expected ").map_or("", |(_, expected)| expected);
            [message.as_str(), reason, expected]
        })
        .collect();
    let unknown: BTreeSet<&str> = LIBRARIES
        .iter()
        .map(|entry| entry.template)
        .filter(|known| !parts.iter().any(|part| template::values(known, part).is_some()))
        .collect();
    assert!(unknown.is_empty(), "{unknown:?}; the reader says {parts:#?}");
}

/// An object as a settings file holds one.
#[derive(Debug, serde::Deserialize)]
struct Shape {
    #[serde(rename = "vocab_size")]
    _vocab_size: usize,
    #[serde(rename = "model_type", default)]
    _model_type: String,
    #[serde(rename = "list", default)]
    _list: Vec<usize>,
}
