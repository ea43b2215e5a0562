//! Compares Japanese tokenization with the reference on every text of the fixtures, and checks what no reference gives:
//! offsets. `tests/make_japanese_fixtures.py` makes the references; with `full` it runs this file on all texts there are.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use sha2::{Digest, Sha256};
use terakoya_core::tokenizer::dictionary::Dictionary;
use terakoya_core::tokenizer::{EncodeOptions, Encoding, Files, Tokenizer, TruncationStrategy, UnknownReason};

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

#[test]
fn an_explanation_shows_path_pieces_and_reasons() {
    let tokenizer = Case::named("unidic-wordpiece").tokenizer(&Dictionaries::read());
    let explanation = tokenizer
        .explain("今日は㍿寺子屋へ🗼 [MASK]")
        .expect("any text is explained");
    let texts: Vec<&str> = explanation.words.iter().map(|word| word.text.as_str()).collect();
    assert_eq!(
        texts,
        ["今日", "は", "株式", "会社", "寺子", "屋", "へ", "🗼", "[MASK]"]
    );
    let tower = &explanation.words[7];
    assert_eq!((tower.tokens[0].token.as_str(), tower.span), ("[UNK]", (8, 9)));
    let nothing = UnknownReason::NoPiece {
        pieces: vec![],
        rest: "🗼".to_owned(),
    };
    assert_eq!(tower.unknown, Some(nothing));
    assert!(explanation.words[4].tokens.len() > 1 && explanation.words[4].unknown.is_none());
    assert_eq!(explanation.words[2].span, (3, 4));
    let steps: Vec<_> = explanation.words[..8]
        .iter()
        .map(|word| word.path.as_ref().expect("a path"))
        .collect();
    for pair in steps.windows(2) {
        let step = i64::from(pair[1].word_cost + pair[1].connection_cost);
        assert_eq!(pair[1].total_cost - pair[0].total_cost, step);
    }
    assert_eq!(explanation.words[8].path, None);
    assert_eq!(explanation.white_space, ["今日は㍿寺子屋へ🗼", "[MASK]"]);
    assert_eq!(tokenizer.decode(&[2, 3]).expect("decodes"), "");
}

#[test]
fn damaged_files_are_one_clear_error() {
    let config = Case::named("basic-wordpiece").tokenizer_config.to_string().into_bytes();
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
    let mecab = Case::named("ipadic-wordpiece").tokenizer_config.to_string();
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
    let model = read(&fixtures().join("spiece.model"));
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
            let dictionaries = Dictionaries::read();
            Case::all().iter().map(|case| case.tokenizer(&dictionaries)).collect()
        });
        TOKENIZERS.with(|tokenizers| {
            for tokenizer in tokenizers {
                let encoding = tokenizer.encode(&text, Some(&text), &EncodeOptions::default()).expect("any text encodes");
                let length = encoding.ids.len();
                let single = tokenizer.encode(&text, None, &EncodeOptions::default()).expect("any text encodes");
                check_offsets(&text, &single);
                assert!(single.ids.iter().all(|&id| (id as usize) < tokenizer.vocab_size()));
                assert_eq!(length, 2 * (single.ids.len() - tokenizer.special_tokens_added(false)) + tokenizer.special_tokens_added(true));
                tokenizer.explain(&text).expect("any text is explained");
            }
        });
    }

    #[test]
    fn mutated_sentencepiece_models_never_panic(
        changes in proptest::collection::vec((proptest::prelude::any::<proptest::sample::Index>(), proptest::prelude::any::<u8>()), 1..8),
        text in "[ｱ-ﾟぁ-んa-z ]{0,20}",
    ) {
        thread_local!(static MODEL: Vec<u8> = read(&fixtures().join("spiece.model")));
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
