//! Checks the façade on small tokenizers made here, and against the reference fixtures where they are.

use super::*;

fn wordpiece_files(extra: &[(&str, &str)]) -> Files {
    let vocab = "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\nthe\ncat\nsat\n##s\n日\n本\n";
    let mut files = Files::from([("vocab.txt".to_owned(), vocab.as_bytes().to_vec())]);
    for (name, text) in extra {
        files.insert((*name).to_owned(), text.as_bytes().to_vec());
    }
    files
}

fn tokenizer(files: &Files) -> Tokenizer {
    Tokenizer::from_files(files).expect("valid files")
}

#[test]
fn wordpiece_from_vocab_txt() {
    let tokenizer = tokenizer(&wordpiece_files(&[]));
    let encoding = tokenizer
        .encode("The cats", Some("日本 [MASK]"), &EncodeOptions::default())
        .expect("any text encodes");
    assert_eq!(encoding.ids, [2, 5, 6, 8, 3, 9, 10, 4, 3]);
    assert_eq!(encoding.type_ids, [0, 0, 0, 0, 0, 1, 1, 1, 1]);
    assert_eq!(
        encoding.offsets,
        [(0, 0), (0, 3), (4, 7), (7, 8), (0, 0), (0, 1), (1, 2), (3, 9), (0, 0)]
    );
    let word_ids = [None, Some(0), Some(1), Some(1), None, Some(0), Some(1), Some(2), None];
    assert_eq!(encoding.word_ids, word_ids);
    assert_eq!(encoding.sequence_ids[3..6], [Some(0), None, Some(1)]);
    assert!(encoding.special_tokens_mask[0] && !encoding.special_tokens_mask[7]);
    assert!(!encoding.truncated);
    assert_eq!((tokenizer.vocab_size(), tokenizer.pad_id()), (11, 0));
    assert_eq!(tokenizer.mask_id(), Some(4));
    assert_eq!(tokenizer.id_to_token(6).as_deref(), Some("cat"));
    assert_eq!(tokenizer.file_names(), ["vocab.txt"]);
}

#[test]
fn switches_of_the_config_are_followed() {
    let config = r#"{"do_lower_case": false, "tokenize_chinese_chars": false}"#;
    let tokenizer = tokenizer(&wordpiece_files(&[("tokenizer_config.json", config)]));
    let encoding = tokenizer.encode("The 日本", None, &EncodeOptions::default());
    assert_eq!(encoding.expect("encodes").ids, [2, 1, 1, 3]);
    assert_eq!(tokenizer.file_names(), ["tokenizer_config.json", "vocab.txt"]);
}

#[test]
fn missing_special_tokens_are_named() {
    let files = Files::from([("vocab.txt".to_owned(), b"[PAD]\n[CLS]\n[SEP]\na\n".to_vec())]);
    let error = Tokenizer::from_files(&files).err().expect("no [UNK]");
    assert_eq!(
        error.to_string(),
        "the unknown token \"[UNK]\" is not among the 4 entries of the vocabulary"
    );
    let error = Tokenizer::from_files(&Files::new()).err().expect("no files");
    assert!(matches!(error, TokenizerError::NoTokenizerFiles { .. }));
}

#[test]
fn truncation_and_windows_keep_offsets() {
    let tokenizer = tokenizer(&wordpiece_files(&[]));
    let options = EncodeOptions::max_length(5);
    let encoding = tokenizer.encode("the cat sat", None, &options).expect("fits");
    assert!(!encoding.truncated);
    let encoding = tokenizer
        .encode("the cat sat", Some("the cats"), &options)
        .expect("fits");
    assert!(encoding.truncated);
    assert_eq!(encoding.ids, [2, 5, 3, 5, 3]);

    let options = EncodeOptions {
        max_length: Some(6),
        strategy: TruncationStrategy::OnlySecond,
        stride: 1,
    };
    let windows = tokenizer
        .encode_windows("sat", Some("the cat sat the"), &options)
        .expect("windows");
    let ids: Vec<_> = windows.iter().map(|window| window.ids.clone()).collect();
    assert_eq!(
        ids,
        [vec![2, 7, 3, 5, 6, 3], vec![2, 7, 3, 6, 7, 3], vec![2, 7, 3, 7, 5, 3]]
    );
    assert_eq!(windows[2].offsets[3..5], [(8, 11), (12, 15)]);
    assert!(windows.iter().all(|window| window.truncated));
}

#[test]
fn words_keep_their_numbers() {
    let tokenizer = tokenizer(&wordpiece_files(&[]));
    let encoding = tokenizer
        .encode_words(&["cats", "", "日本"], None, &EncodeOptions::default())
        .expect("any words encode");
    assert_eq!(encoding.ids, [2, 6, 8, 9, 10, 3]);
    assert_eq!(encoding.word_ids[1..5], [Some(0), Some(0), Some(2), Some(2)]);
    assert_eq!(encoding.offsets[2..4], [(3, 4), (0, 1)]);
}

#[test]
fn templates_that_would_panic_are_errors() {
    let definition = |single: &str| {
        let json = format!(
            r#"{{"version":"1.0","added_tokens":[],"normalizer":null,"pre_tokenizer":null,"decoder":null,
            "post_processor":{{"type":"TemplateProcessing","single":[{single}],"pair":[],"special_tokens":{{}}}},
            "model":{{"type":"WordLevel","vocab":{{"a":0}},"unk_token":"a"}}}}"#
        );
        Files::from([("tokenizer.json".to_owned(), json.into_bytes())])
    };
    let missing = definition(r#"{"SpecialToken":{"id":"[CLS]","type_id":0}}"#);
    let error = Tokenizer::from_files(&missing).err().expect("names a token it lacks");
    assert!(error.to_string().contains("[CLS]"), "{error}");
    let second = definition(r#"{"Sequence":{"id":"B","type_id":0}}"#);
    assert!(Tokenizer::from_files(&second).is_err());
    let fine = definition(r#"{"Sequence":{"id":"A","type_id":0}}"#);
    assert_eq!(tokenizer(&fine).vocab_size(), 1);
}

#[derive(serde::Deserialize)]
struct Reference {
    text: String,
    text_pair: Option<String>,
    max_length: Option<usize>,
    ids: Vec<u32>,
    type_ids: Vec<u32>,
    offsets: Vec<(usize, usize)>,
}

macro_rules! fixture {
    ($path:literal) => {
        include_bytes!(concat!("../../../", $path)).as_slice()
    };
}

#[test]
fn every_reference_text_gives_the_same_ids_types_and_offsets() {
    let wordpiece = |vocab: &[u8], config: &[u8]| {
        Files::from([
            ("vocab.txt".to_owned(), vocab.to_vec()),
            ("tokenizer_config.json".to_owned(), config.to_vec()),
        ])
    };
    let byte_level = |vocab: &[u8], merges: &[u8], config: &[u8]| {
        Files::from([
            ("vocab.json".to_owned(), vocab.to_vec()),
            ("merges.txt".to_owned(), merges.to_vec()),
            ("tokenizer_config.json".to_owned(), config.to_vec()),
        ])
    };
    let bert_tiny = fixture!("assets/bert-tiny/tokenizer.json").to_vec();
    let tokenizers = [
        (
            wordpiece(
                fixture!("tests/fixtures/tokenizer/uncased/vocab.txt"),
                fixture!("tests/fixtures/tokenizer/uncased/tokenizer_config.json"),
            ),
            fixture!("tests/fixtures/tokenizer/uncased/reference.jsonl"),
        ),
        (
            wordpiece(
                fixture!("tests/fixtures/tokenizer/cased/vocab.txt"),
                fixture!("tests/fixtures/tokenizer/cased/tokenizer_config.json"),
            ),
            fixture!("tests/fixtures/tokenizer/cased/reference.jsonl"),
        ),
        (
            wordpiece(
                fixture!("tests/fixtures/tokenizer/keep-accents/vocab.txt"),
                fixture!("tests/fixtures/tokenizer/keep-accents/tokenizer_config.json"),
            ),
            fixture!("tests/fixtures/tokenizer/keep-accents/reference.jsonl"),
        ),
        (
            Files::from([("tokenizer.json".to_owned(), bert_tiny)]),
            fixture!("tests/fixtures/tokenizer/bert-tiny/reference.jsonl"),
        ),
        (
            byte_level(
                fixture!("tests/fixtures/tokenizer/gpt2/vocab.json"),
                fixture!("tests/fixtures/tokenizer/gpt2/merges.txt"),
                fixture!("tests/fixtures/tokenizer/gpt2/tokenizer_config.json"),
            ),
            fixture!("tests/fixtures/tokenizer/gpt2/reference.jsonl"),
        ),
        (
            byte_level(
                fixture!("tests/fixtures/tokenizer/roberta/vocab.json"),
                fixture!("tests/fixtures/tokenizer/roberta/merges.txt"),
                fixture!("tests/fixtures/tokenizer/roberta/tokenizer_config.json"),
            ),
            fixture!("tests/fixtures/tokenizer/roberta/reference.jsonl"),
        ),
    ];
    for (number, (files, references)) in tokenizers.iter().enumerate() {
        let tokenizer = tokenizer(files);
        let lines = std::str::from_utf8(references).expect("fixtures are UTF-8");
        let mut texts = 0;
        for line in lines.split_terminator('\n') {
            let reference: Reference = serde_json::from_str(line).expect("fixtures are JSON");
            let options = EncodeOptions {
                max_length: reference.max_length,
                ..EncodeOptions::default()
            };
            let pair = reference.text_pair.as_deref();
            let encoding = tokenizer.encode(&reference.text, pair, &options);
            let at = format!("tokenizer {number}, {line}");
            let special = tokenizer.special_tokens_added(pair.is_some());
            if reference.max_length.is_some_and(|length| length < special) {
                // The reference goes beyond the limit here: RoBERTa puts four special tokens around a pair.
                assert!(
                    matches!(encoding, Err(TokenizerError::MaxLengthTooSmall { .. })),
                    "{at}"
                );
                continue;
            }
            let encoding = encoding.expect("the reference encodes it");
            assert_eq!(encoding.ids, reference.ids, "{at}");
            assert_eq!(encoding.type_ids, reference.type_ids, "{at}");
            assert_eq!(encoding.offsets, reference.offsets, "{at}");
            texts += 1;
        }
        assert!(texts >= 150, "only {texts} reference texts for tokenizer {number}");
    }
}

#[test]
fn a_tokenizer_gives_the_types_that_its_config_names() {
    let types = |config: &str| {
        let files = wordpiece_files(&[("tokenizer_config.json", config)]);
        let encoding = Tokenizer::from_files(&files)?.encode("the", Some("cat"), &EncodeOptions::default())?;
        Ok::<_, TokenizerError>(encoding.type_ids)
    };
    let named = |names: &str| types(&format!(r#"{{"model_input_names":{names}}}"#));
    assert_eq!(named(r#"["input_ids","attention_mask"]"#).expect("types"), [0; 5]);
    let both = [0, 0, 0, 1, 1];
    assert_eq!(named(r#"["input_ids","token_type_ids"]"#).expect("types"), both);
    assert_eq!(named("null").expect("types"), both);
    assert_eq!(types("{}").expect("types"), both);
    let error = named(r#""input_ids""#).expect_err("no list");
    assert!(error.to_string().contains("model_input_names"), "{error}");
}

#[test]
fn encoding_may_be_shared_between_threads() {
    fn shareable<T: Send + Sync>() {}
    shareable::<Tokenizer>();
}

#[test]
fn whether_a_tokenizer_knows_more_than_spaces() {
    let bert = fixture!("assets/bert-tiny/tokenizer.json");
    let metaspace = r#"{"type":"Metaspace","replacement":"▁","prepend_scheme":"always","split":true}"#;
    let sequence = format!(r#"{{"type":"Sequence","pretokenizers":[{{"type":"WhitespaceSplit"}},{metaspace}]}}"#);
    let cases = [
        (None, false),
        (Some("null"), true),
        (Some(metaspace), true),
        (Some(&*sequence), true),
    ];
    for (steps, expected) in cases {
        let mut json: serde_json::Value = serde_json::from_slice(bert).expect("JSON");
        if let Some(steps) = steps {
            json["pre_tokenizer"] = serde_json::from_str(steps).expect("JSON");
        }
        let files = Files::from([("tokenizer.json".to_owned(), json.to_string().into_bytes())]);
        assert_eq!(tokenizer(&files).knows_only_spaces(), expected, "{steps:?}");
    }
}

#[test]
fn the_first_of_words_given_one_by_one_is_as_all_others() {
    let roberta = Files::from([
        (
            "vocab.json".to_owned(),
            fixture!("tests/fixtures/tokenizer/roberta/vocab.json").to_vec(),
        ),
        (
            "merges.txt".to_owned(),
            fixture!("tests/fixtures/tokenizer/roberta/merges.txt").to_vec(),
        ),
    ]);
    let step = r#"{"type":"ByteLevel","add_prefix_space":false,"trim_offsets":true,"use_regex":true}"#;
    let definition = format!(
        r#"{{"version":"1.0","added_tokens":[],"normalizer":null,"pre_tokenizer":{step},"post_processor":{step},"decoder":{step},
        "model":{{"type":"BPE","vocab":{{"a":0,"b":1,"\u0120":2,"\u0120a":3}},"merges":["\u0120 a"]}}}}"#
    );
    let lone = Files::from([("tokenizer.json".to_owned(), definition.into_bytes())]);
    for mut files in [roberta, lone] {
        let words = ["a", "b", "a"];
        let encoded = |files: &Files| {
            let tokenizer = tokenizer(files);
            let one_by_one = tokenizer.encode_words(&words, None, &EncodeOptions::default());
            let text = tokenizer.encode("a b a", None, &EncodeOptions::default());
            [one_by_one, text].map(|encoding| encoding.expect("any text can be encoded"))
        };
        let [before, text] = encoded(&files);
        assert_ne!(before.ids, text.ids);
        let changed = tokenizer(&files).files_for_words(&files).expect("they are sound");
        files.extend(changed);
        let [after, text] = encoded(&files);
        assert_eq!(after.ids, text.ids);
        assert_eq!(
            after.offsets.iter().filter(|&&span| span == (0, 1)).count(),
            3,
            "{:?}",
            after.offsets
        );
        assert!(tokenizer(&files).files_for_words(&files).expect("sound").is_empty());
    }
}

#[test]
fn only_robertas_vocabulary_puts_tokens_around_a_text() {
    let ids = |name: &str, json: &str| {
        let files = Files::from([
            (
                "vocab.json".to_owned(),
                fixture!("tests/fixtures/tokenizer/roberta/vocab.json").to_vec(),
            ),
            (
                "merges.txt".to_owned(),
                fixture!("tests/fixtures/tokenizer/roberta/merges.txt").to_vec(),
            ),
            (name.to_owned(), json.as_bytes().to_vec()),
        ]);
        let encoding = tokenizer(&files).encode("<s>a", None, &EncodeOptions::default());
        encoding.expect("any text can be encoded").tokens
    };
    for (name, json) in [
        ("config.json", r#"{"model_type":"gpt2"}"#),
        ("tokenizer_config.json", r#"{"tokenizer_class":"GPT2TokenizerFast"}"#),
    ] {
        assert_eq!(ids(name, json).first().map(String::as_str), Some("<"), "{json}");
    }
    for (name, json) in [
        ("config.json", r#"{"model_type":"roberta"}"#),
        ("tokenizer_config.json", r#"{"tokenizer_class":"RobertaTokenizer"}"#),
    ] {
        assert_eq!(ids(name, json)[..2], ["<s>", "<s>"], "{json}");
    }
}
