//! Makes what students bring along: a tiny model as a zip, tables of examples.

use std::collections::BTreeMap;
use std::fs;
use std::io::{Cursor, Read, Write};
use std::path::Path;

use serde_json::{Value, json};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipArchive, ZipWriter};

use super::visit::project;

/// The files of a BERT of two layers with 20,000 random weights, that reads letters.
pub fn micro_files() -> Vec<(String, Vec<u8>)> {
    let folder = project("tests/fixtures/parity/single");
    let read = |name: &str| fs::read(folder.join(name)).unwrap_or_else(|error| panic!("{name}: {error}"));
    let config: Value = serde_json::from_slice(&read("config.json")).expect("the fixture is JSON");
    let size = config["vocab_size"].as_u64().expect("a size") as usize;
    let tokenizer = br#"{"tokenizer_class": "BertTokenizer", "do_lower_case": true}"#;
    vec![
        ("config.json".to_owned(), read("config.json")),
        ("model.safetensors".to_owned(), read("model.safetensors")),
        ("vocab.txt".to_owned(), vocabulary(size).into_bytes()),
        ("tokenizer_config.json".to_owned(), tokenizer.to_vec()),
    ]
}

/// The same model with a head that says three labels by these names.
pub fn micro_that_says(labels: [&str; 3]) -> Vec<(String, Vec<u8>)> {
    let mut files = micro_files();
    let (name, bytes) = &mut files[0];
    assert_eq!(name, "config.json");
    let mut config: Value = serde_json::from_slice(bytes).expect("the fixture is JSON");
    let numbers = || labels.iter().enumerate();
    config["id2label"] = numbers().map(|(id, label)| (id.to_string(), json!(label))).collect();
    config["label2id"] = numbers().map(|(id, label)| ((*label).to_owned(), json!(id))).collect();
    *bytes = config.to_string().into_bytes();
    files
}

/// A vocabulary of letters, at the beginning of a word and inside it.
fn vocabulary(size: usize) -> String {
    let special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"].map(str::to_owned);
    let letters = ('a'..='z').flat_map(|letter| [letter.to_string(), format!("##{letter}")]);
    let rest = (0..).map(|number| format!("[unused{number}]"));
    let tokens: Vec<String> = special.into_iter().chain(letters).chain(rest).take(size).collect();
    tokens.join("\n") + "\n"
}

/// A zip of files, as they are.
pub fn zip(files: &[(String, Vec<u8>)]) -> Vec<u8> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default().compression_method(CompressionMethod::Stored);
    for (name, bytes) in files {
        writer.start_file(name.as_str(), options).expect("memory suffices");
        writer.write_all(bytes).expect("memory suffices");
    }
    writer.finish().expect("memory suffices").into_inner()
}

/// Unpacks a zip with one folder in it into `folder`.
pub fn unzip(path: &Path, folder: &Path) {
    let bytes = fs::read(path).expect("the zip can be read");
    let mut archive = ZipArchive::new(Cursor::new(bytes)).expect("a zip");
    fs::create_dir_all(folder).expect("the temporary folder can be written");
    for index in 0..archive.len() {
        let mut file = archive.by_index(index).expect("a file");
        let name = file.name().expect("a UTF-8 name").into_owned();
        let name = name.rsplit('/').next().unwrap_or_default();
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).expect("a whole file");
        fs::write(folder.join(name), bytes).expect("the temporary folder can be written");
    }
}

/// What a safetensors file says of its tensors, by name: type and shape.
pub fn tensors(path: &Path) -> BTreeMap<String, Value> {
    let bytes = fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let (length, rest) = bytes.split_first_chunk::<8>().expect("the length of the header");
    let length = usize::try_from(u64::from_le_bytes(*length)).expect("a length");
    let mut header: BTreeMap<String, Value> = serde_json::from_slice(&rest[..length]).expect("the header is JSON");
    header.remove("__metadata__");
    let ends = header.values().filter_map(|tensor| tensor["data_offsets"][1].as_u64());
    assert_eq!(ends.max(), Some((rest.len() - length) as u64), "the file is whole");
    let described = |(name, tensor): (String, Value)| (name, json!([tensor["dtype"], tensor["shape"]]));
    header.into_iter().map(described).collect()
}

/// A table of `rows` short texts about three animals, of which every fourth has another one's label.
pub fn mistaken_pets(rows: usize, labels: [&str; 3]) -> String {
    const PETS: [&str; 3] = ["cat", "dog", "fish"];
    const WORDS: [&str; 5] = ["sleeps", "runs", "eats", "plays", "waits"];
    let row = |row: usize| {
        let other = usize::from(row % 4 == 3);
        let text = format!(
            "the {} {} and {}",
            PETS[row % 3],
            WORDS[row % 5],
            WORDS[(row / 5 + 1) % 5]
        );
        format!("{text}\t{}\n", labels[(row + other) % 3])
    };
    let rows: String = (0..rows).map(row).collect();
    format!("text\tlabel\n{rows}")
}

/// A table of `rows` short texts about cats and dogs.
pub fn pets(rows: usize) -> String {
    const WORDS: [&str; 5] = ["sleeps", "runs", "eats", "plays", "waits"];
    let mut csv = "text,label\n".to_owned();
    for row in 0..rows {
        let (pet, label) = if row % 2 == 0 { ("cat", "meow") } else { ("dog", "woof") };
        let (first, second) = (WORDS[row % 5], WORDS[(row / 5 + 1) % 5]);
        csv.push_str(&format!("the {pet} {first} and {second},{label}\n"));
    }
    csv
}
