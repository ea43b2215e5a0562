//! Compares Japanese tokenization with the reference on every text of the fixtures, and checks what no reference gives:
//! offsets. `tests/make_japanese_fixtures.py` makes the references; with `full` it runs this file on all texts there are.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use sha2::{Digest, Sha256};
use terakoya_core::tokenizer::dictionary::Dictionary;
use terakoya_core::tokenizer::{EncodeOptions, Encoding, Files, Tokenizer, TruncationStrategy};

const TESTS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests");
/// Texts the fixtures must have, so that an empty file cannot pass.
const LEAST_NATURAL: usize = 3000;
const LEAST_ADVERSARIAL: usize = 2000;

fn fixtures() -> PathBuf {
    Path::new(TESTS).join("fixtures/japanese")
}

/// Where the references are: the committed sample, or the folder the script names.
fn references() -> PathBuf {
    std::env::var_os("TERAKOYA_JAPANESE_REFERENCES").map_or_else(fixtures, PathBuf::from)
}

fn read(path: &Path) -> Vec<u8> {
    std::fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn lines(path: &Path) -> Vec<String> {
    let text = String::from_utf8(read(path)).expect("fixtures are UTF-8");
    text.split_terminator('\n').map(str::to_owned).collect()
}

#[derive(serde::Deserialize)]
struct Case {
    name: String,
    vocabulary: String,
    tokenizer_config: serde_json::Value,
}

impl Case {
    fn all() -> Vec<Self> {
        serde_json::from_slice(&read(&references().join("cases.json"))).expect("fixtures are JSON")
    }

    fn named(name: &str) -> Self {
        Self::all()
            .into_iter()
            .find(|case| case.name == name)
            .expect("the case is in the fixtures")
    }

    fn tokenizer(&self, dictionaries: &Dictionaries) -> Tokenizer {
        let vocabulary = read(&fixtures().join(&self.vocabulary));
        let name = if self.vocabulary.ends_with(".txt") {
            "vocab.txt"
        } else {
            &self.vocabulary
        };
        let config = self.tokenizer_config.to_string().into_bytes();
        let files = Files::from([
            (name.to_owned(), vocabulary),
            ("tokenizer_config.json".to_owned(), config),
        ]);
        let dictionary = Tokenizer::dictionary_name(&files).expect("a valid config");
        let dictionary = dictionary.map(|name| dictionaries.get(&name));
        Tokenizer::from_files_with_dictionary(&files, dictionary).expect("valid files")
    }
}

/// The packed dictionaries that ship, each read once.
struct Dictionaries {
    unidic_lite: Arc<Dictionary>,
    ipadic: Arc<Dictionary>,
}

impl Dictionaries {
    fn read() -> Self {
        let read = |name: &str| {
            let path = Path::new(TESTS).join(format!("../assets/dictionaries/{name}.dic.gz"));
            Arc::new(Dictionary::from_packed(&read(&path)).expect("the shipped dictionary is sound"))
        };
        Self {
            unidic_lite: read("unidic_lite"),
            ipadic: read("ipadic"),
        }
    }

    fn get(&self, name: &str) -> Arc<Dictionary> {
        match name {
            "ipadic" => self.ipadic.clone(),
            "unidic_lite" => self.unidic_lite.clone(),
            other => panic!("the fixtures name the dictionary {other}"),
        }
    }
}

fn digest(ids: &[u32]) -> String {
    let ids: Vec<String> = ids.iter().map(u32::to_string).collect();
    let hash = Sha256::digest(ids.join(","));
    hash.iter().take(8).map(|byte| format!("{byte:02x}")).collect()
}

fn texts(part: &str) -> Vec<String> {
    let lines = lines(&references().join(format!("{part}.jsonl")));
    lines
        .iter()
        .map(|line| serde_json::from_str(line).expect("fixtures are JSON strings"))
        .collect()
}

/// Spans ascend, lie within the text, and a word's pieces lie within what the word covers.
fn check_offsets(text: &str, encoding: &Encoding) {
    let characters = text.chars().count();
    let mut previous = (0, 0);
    let mut word_end = (None, 0);
    for (index, &(start, end)) in encoding.offsets.iter().enumerate() {
        if encoding.special_tokens_mask[index] {
            assert_eq!((start, end), (0, 0), "{text:?}");
            continue;
        }
        assert!(
            start <= end && end <= characters,
            "{start}..{end} of {characters} in {text:?}"
        );
        assert!(
            start >= previous.0 && end >= previous.1,
            "{start}..{end} after {previous:?} in {text:?}"
        );
        let word = encoding.word_ids[index].expect("every token of the text has a word");
        if word_end.0 != Some(word) {
            assert!(
                word_end.0.is_none_or(|before| before < word),
                "words ascend in {text:?}"
            );
            word_end = (Some(word), end);
        }
        previous = (start, end);
    }
}

#[test]
fn ids_equal_the_reference_on_every_text() {
    let dictionaries = Dictionaries::read();
    let parts = [("natural", texts("natural")), ("adversarial", texts("adversarial"))];
    assert!(parts[0].1.len() >= LEAST_NATURAL && parts[1].1.len() >= LEAST_ADVERSARIAL);
    let mut different = Vec::new();
    for case in Case::all() {
        let tokenizer = case.tokenizer(&dictionaries);
        for (part, texts) in &parts {
            let expected = lines(&references().join(format!("{}.{part}.txt", case.name)));
            assert_eq!(expected.len(), texts.len(), "{} {part}", case.name);
            let mut equal = 0;
            for (text, expected) in texts.iter().zip(&expected) {
                let encoding = tokenizer
                    .encode(text, None, &EncodeOptions::default())
                    .expect("any text encodes");
                check_offsets(text, &encoding);
                if digest(&encoding.ids) == *expected {
                    equal += 1;
                } else {
                    different.push(format!("{}, {part}: {text:?} became {:?}", case.name, encoding.tokens));
                }
            }
            println!("{}, {part}: {equal} of {} texts equal", case.name, texts.len());
        }
    }
    different.truncate(20);
    assert!(different.is_empty(), "{different:#?}");
}

#[test]
fn tokens_point_at_their_source() {
    let tokenizer = Case::named("unidic-wordpiece").tokenizer(&Dictionaries::read());
    let text = "ｶﾞﾗｽ㌔  [SEP]　東京ﾀﾜｰ🗼";
    let encoding = tokenizer
        .encode(text, None, &EncodeOptions::default())
        .expect("any text encodes");
    let characters: Vec<char> = text.chars().collect();
    let source = |&(start, end): &(usize, usize)| characters[start..end].iter().collect::<String>();
    let pieces: Vec<(String, String)> = encoding
        .tokens
        .iter()
        .cloned()
        .zip(encoding.offsets.iter().map(source))
        .collect();
    let expected = [
        ("[CLS]", ""),
        ("ガラス", "ｶﾞﾗｽ"),
        ("キロ", "㌔"),
        ("[SEP]", "[SEP]"),
        ("東京", "東京"),
        ("タワー", "ﾀﾜｰ"),
        ("[UNK]", "🗼"),
        ("[SEP]", ""),
    ];
    let expected: Vec<_> = expected
        .iter()
        .map(|(token, source)| ((*token).to_owned(), (*source).to_owned()))
        .collect();
    assert_eq!(pieces, expected);
}

#[test]
fn pairs_truncation_and_windows_keep_offsets() {
    let tokenizer = Case::named("unidic-wordpiece").tokenizer(&Dictionaries::read());
    let (question, passage) = ("どこですか", "東京タワーは東京都港区にある電波塔である。");
    let whole = tokenizer
        .encode(question, Some(passage), &EncodeOptions::default())
        .expect("encodes");
    let boundary = whole
        .sequence_ids
        .iter()
        .position(|id| *id == Some(1))
        .expect("has a pair");
    assert!(whole.type_ids[..boundary].iter().all(|&id| id == 0));
    assert!(whole.type_ids[boundary..].iter().all(|&id| id == 1));
    let options = EncodeOptions {
        max_length: Some(12),
        strategy: TruncationStrategy::OnlySecond,
        stride: 2,
    };
    let cut = tokenizer.encode(question, Some(passage), &options).expect("encodes");
    assert!(cut.truncated && cut.ids.len() == 12);
    assert_eq!(cut.offsets[..11], whole.offsets[..11]);
    let windows = tokenizer
        .encode_windows(question, Some(passage), &options)
        .expect("encodes");
    let mut covered: Vec<(usize, usize)> = Vec::new();
    for window in &windows {
        assert!(window.ids.len() <= 12);
        let passage = window
            .sequence_ids
            .iter()
            .zip(&window.offsets)
            .filter(|(id, _)| **id == Some(1));
        covered.extend(passage.map(|(_, span)| *span));
    }
    covered.sort_unstable();
    covered.dedup();
    let passage = whole
        .sequence_ids
        .iter()
        .zip(&whole.offsets)
        .filter(|(id, _)| **id == Some(1));
    assert_eq!(covered, passage.map(|(_, span)| *span).collect::<Vec<_>>());
}
