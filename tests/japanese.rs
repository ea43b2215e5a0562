//! Compares Japanese tokenization with the reference on every text of the fixtures, and checks what no reference gives:
//! offsets. `japanese/cases.rs` holds what also runs in wasm; here are the files, and what only a native run checks.
//! `tests/make_japanese_fixtures.py` makes the references; with `full` it runs this file on all texts there are.

#[path = "japanese/cases.rs"]
mod cases;

use std::path::{Path, PathBuf};

use cases::{Fixtures, check_offsets, encode};
use terakoya_core::tokenizer::{EncodeOptions, Files, Tokenizer};

const TESTS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests");

fn read(path: &Path) -> Vec<u8> {
    std::fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The files of a folder by name.
fn folder(path: &Path) -> Files {
    let entries = std::fs::read_dir(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let file = |entry: std::io::Result<std::fs::DirEntry>| {
        let path = entry.expect("the folder can be read").path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        path.is_file().then(|| (name, read(&path)))
    };
    entries.filter_map(file).collect()
}

/// The committed sample; with the references of the folder that the script names in place of its own.
fn files() -> Files {
    let mut files = folder(&Path::new(TESTS).join("fixtures/japanese"));
    if let Some(references) = std::env::var_os("TERAKOYA_JAPANESE_REFERENCES") {
        files.extend(folder(&PathBuf::from(references)));
    }
    files
}

fn dictionaries() -> Files {
    let read = |name: &str| {
        let path = Path::new(TESTS).join(format!("../assets/dictionaries/{name}.dic.gz"));
        (name.to_owned(), read(&path))
    };
    Files::from(["unidic_lite", "ipadic"].map(read))
}

fn fixtures() -> Fixtures {
    Fixtures::new(files(), &dictionaries()).expect("the shipped dictionaries are sound")
}

fn tokenizer_config(case: &str) -> String {
    let case = fixtures().case(case).expect("the case is in the fixtures");
    case.tokenizer_config.to_string()
}

#[test]
fn every_check_passes_on_the_references() {
    let checked = cases::check_all(files(), &dictionaries()).unwrap_or_else(|error| panic!("{error}"));
    for part in &checked {
        println!(
            "{}, {}: {} of {} texts equal",
            part.case, part.part, part.texts, part.texts
        );
    }
    assert_eq!(checked.len(), 24, "twelve tokenizers on two parts");
}

#[test]
fn damaged_files_are_one_clear_error() {
    let config = tokenizer_config("basic-wordpiece").into_bytes();
    let error = |vocabulary: &[u8], config: &[u8]| {
        let files = Files::from([
            ("vocab.txt".to_owned(), vocabulary.to_vec()),
            ("tokenizer_config.json".to_owned(), config.to_vec()),
        ]);
        Tokenizer::from_files(&files).err().expect("damaged").to_string()
    };
    let vocabulary = b"[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\n";
    assert!(error(b"[CLS]\n[SEP]\n", &config).contains("the unknown token \"[UNK]\" is not among"));
    assert!(error(b"[UNK]\n[CLS]\n[UNK]\n", &config).contains("line 3: the token \"[UNK]\" is already on line 1"));
    assert!(error(vocabulary, b"{").contains("tokenizer_config.json is not valid JSON"));
    let mecab = tokenizer_config("ipadic-wordpiece");
    assert!(error(vocabulary, mecab.as_bytes()).contains("needs MeCab's dictionary \"ipadic\""));
    let juman = mecab.replace("\"mecab\"", "\"jumanpp\"");
    assert!(error(vocabulary, juman.as_bytes()).contains("word_tokenizer_type is \"jumanpp\""));
}

fn sentencepiece_error(model: &[u8]) -> Option<String> {
    let files = Files::from([("spiece.model".to_owned(), model.to_vec())]);
    Tokenizer::from_files(&files).err().map(|error| error.to_string())
}

#[test]
fn a_damaged_sentencepiece_model_is_one_clear_error() {
    let model = read(&Path::new(TESTS).join("fixtures/japanese/spiece.model"));
    assert_eq!(sentencepiece_error(&model), None);
    let error = sentencepiece_error(&model[..1001]).expect("truncated");
    assert!(error.starts_with("spiece.model: "), "{error}");
    assert!(sentencepiece_error(b"").expect("empty").contains("no pieces"));
    assert!(
        sentencepiece_error(&[0x0a, 0xff, 0xff, 0xff, 0xff, 0x0f])
            .expect("lies")
            .contains("are left")
    );
}

proptest::proptest! {
    #![proptest_config(proptest::test_runner::Config::with_cases(400))]

    #[test]
    fn any_string_keeps_its_offsets(text in "\\PC*|[\u{0}-\u{ffff}]{0,40}|[ｱ-ﾟぁ-んァ-ヶ一-龠\u{300}\u{3099}\u{0} İΣ😀㌔a-z]{0,40}") {
        thread_local!(static TOKENIZERS: Vec<Tokenizer> = {
            let fixtures = fixtures();
            let cases = fixtures.cases().expect("fixtures are JSON");
            cases.iter().map(|case| fixtures.tokenizer(case).expect("valid files")).collect()
        });
        TOKENIZERS.with(|tokenizers| {
            for tokenizer in tokenizers {
                let encoding = tokenizer.encode(&text, Some(&text), &EncodeOptions::default()).expect("any text encodes");
                let length = encoding.ids.len();
                let single = encode(tokenizer, &text).expect("any text encodes");
                check_offsets(&text, &single).expect("offsets are sound");
                assert!(single.ids.iter().all(|&id| (id as usize) < tokenizer.vocab_size()));
                assert_eq!(length, 2 * (single.ids.len() - tokenizer.special_tokens_added(false)) + tokenizer.special_tokens_added(true));
                for word in tokenizer.explain(&text).expect("any text is explained").words {
                    let inside = |span: (usize, usize)| word.span.0 <= span.0 && span.1 <= word.span.1;
                    assert!(word.tokens.iter().all(|token| inside(token.span)), "{word:?} of {text:?}");
                }
            }
        });
    }

    #[test]
    fn mutated_sentencepiece_models_never_panic(
        changes in proptest::collection::vec((proptest::prelude::any::<proptest::sample::Index>(), proptest::prelude::any::<u8>()), 1..8),
        text in "[ｱ-ﾟぁ-んa-z ]{0,20}",
    ) {
        thread_local!(static MODEL: Vec<u8> = read(&Path::new(TESTS).join("fixtures/japanese/spiece.model")));
        let mut model = MODEL.with(Vec::clone);
        for (index, value) in changes {
            let at = index.index(model.len());
            model[at] = value;
        }
        let files = Files::from([("spiece.model".to_owned(), model)]);
        if let Ok(tokenizer) = Tokenizer::from_files(&files) {
            tokenizer.encode(&text, None, &EncodeOptions::default()).expect("any text encodes");
        }
    }
}
