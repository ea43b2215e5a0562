//! Measures Japanese tokenization: words by MeCab's dictionaries, and ids with offsets.
//!
//! `cargo bench --workspace --bench japanese` uses the committed sample. With `--print NAME` it reads a JSON array of
//! texts from stdin and prints how many of them it tokenizes in a second, which is how `tests/bench_japanese.py`
//! compares it with fugashi and transformers in turn on the same machine.

use std::io::Read;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use criterion::{Criterion, Throughput};
use terakoya_core::tokenizer::dictionary::Dictionary;
use terakoya_core::tokenizer::{EncodeOptions, Files, Tokenizer};

/// The allocator of the command line, as in every token's text it takes part.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");

fn read(path: &str) -> Vec<u8> {
    let path = Path::new(ROOT).join(path);
    std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn dictionary(name: &str) -> Arc<Dictionary> {
    let packed = read(&format!("assets/dictionaries/{name}.dic.gz"));
    Arc::new(Dictionary::from_packed(&packed).expect("the shipped dictionary is sound"))
}

fn tokenizer() -> Tokenizer {
    let config = r#"{"tokenizer_class": "BertJapaneseTokenizer", "word_tokenizer_type": "mecab"}"#;
    let files = Files::from([
        ("vocab.txt".to_owned(), read("tests/fixtures/japanese/tohoku-v3.txt")),
        ("tokenizer_config.json".to_owned(), config.as_bytes().to_vec()),
    ]);
    Tokenizer::from_files_with_dictionary(&files, Some(dictionary("unidic_lite"))).expect("the fixtures are sound")
}

/// What is measured under a name: the number of words or tokens of a text.
fn measured(name: &str) -> Box<dyn Fn(&str) -> usize> {
    if let Some(name) = name.strip_prefix("words-") {
        let dictionary = dictionary(name);
        return Box::new(move |text| dictionary.words(text).len());
    }
    assert_eq!(name, "ids-unidic_lite", "the name of a measurement");
    let tokenizer = tokenizer();
    let options = EncodeOptions::default();
    Box::new(move |text| {
        tokenizer
            .encode(text, None, &options)
            .expect("any text encodes")
            .ids
            .len()
    })
}

fn print(name: &str) {
    let mut input = String::new();
    std::io::stdin().read_to_string(&mut input).expect("stdin is UTF-8");
    let texts: Vec<String> = serde_json::from_str(&input).expect("stdin is a JSON array of texts");
    let count = measured(name);
    // Once before the clock runs: what it is compared with is a process that has been running for a while.
    let total: usize = texts.iter().map(|text| count(text)).sum();
    assert!(total >= texts.len());
    let start = Instant::now();
    let again: usize = texts.iter().map(|text| count(text)).sum();
    let seconds = start.elapsed().as_secs_f64();
    assert_eq!(again, total);
    println!("{}", texts.len() as f64 / seconds);
}

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    if let Some(at) = arguments.iter().position(|argument| argument == "--print") {
        return print(arguments.get(at + 1).expect("--print NAME"));
    }
    let lines = String::from_utf8(read("tests/fixtures/japanese/natural.jsonl")).expect("fixtures are UTF-8");
    let texts: Vec<String> = lines
        .lines()
        .map(|line| serde_json::from_str(line).expect("fixtures are JSON strings"))
        .collect();
    let mut criterion = Criterion::default().configure_from_args();
    let mut group = criterion.benchmark_group("japanese");
    group
        .throughput(Throughput::Elements(texts.len() as u64))
        .sample_size(20);
    for name in ["words-unidic_lite", "words-ipadic", "ids-unidic_lite"] {
        let count = measured(name);
        group.bench_function(name, |bencher| {
            bencher.iter(|| texts.iter().map(|text| count(text)).sum::<usize>())
        });
    }
    let packed = read("assets/dictionaries/unidic_lite.dic.gz");
    group.throughput(Throughput::Bytes(packed.len() as u64));
    group.bench_function("unpack-unidic_lite", |bencher| {
        bencher.iter(|| Dictionary::from_packed(&packed))
    });
    group.finish();
    criterion.final_summary();
}
