//! Runs Hugging Face tokenizers: `tokenizer.json`, `vocab.txt` (BERT's WordPiece), `vocab.json` + `merges.txt` (byte-level BPE).
//!
//! The older files are rewritten as a `tokenizer.json` value first, so there is one way in. The post-processor is taken
//! out of the crate's tokenizer: the façade truncates between it and the model, with windows the crate cannot give.

use std::panic::{AssertUnwindSafe, catch_unwind};

use serde_json::{Map, Value, json};
use tokenizers::normalizers::Precompiled;
use tokenizers::pre_tokenizers::PreTokenizerWrapper;
use tokenizers::processors::PostProcessorWrapper;
use tokenizers::{EncodeInput, InputSequence, PostProcessor};

use super::encoding::{Encoding, Sequence};
use super::special_tokens::{SpecialTokens, json_file};
use super::vocabulary::{Vocabulary, utf8};
use super::{Files, TokenizerError};

pub(super) struct HubTokenizer {
    file: &'static str,
    inner: tokenizers::Tokenizer,
    post_processor: Option<PostProcessorWrapper>,
    vocab_size: usize,
    /// Special tokens added to a single text and to a pair.
    added: [usize; 2],
}

impl HubTokenizer {
    /// Reads `tokenizer.json`; the truncation and padding inside it are dropped.
    pub fn from_tokenizer_json(files: &Files) -> Result<Self, TokenizerError> {
        const FILE: &str = "tokenizer.json";
        let definition = json_file(files, FILE)?.ok_or(TokenizerError::FileMissing { file: FILE })?;
        Self::from_definition(definition, FILE)
    }

    /// The `tokenizer_config.json` that a lone `tokenizer.json` lacks: without one transformers takes the class of the model's
    /// family, which cuts texts in its own way.
    pub fn files_for_transformers(&self, files: &Files, special: &SpecialTokens, type_vocab_size: usize) -> Files {
        const CONFIG: &str = "tokenizer_config.json";
        if self.file != "tokenizer.json" || files.contains_key(CONFIG) {
            return Files::new();
        }
        let mut config = Map::new();
        special.describe(&mut config, |name| self.id(name).is_some(), type_vocab_size);
        Files::from([(CONFIG.to_owned(), format!("{:#}\n", Value::Object(config)).into_bytes())])
    }

    /// Files in the place of `files` by which a byte-level tokenizer reads the first word of a text as all others, behind a space;
    /// none where it does so already, or knows no such spaces. Words that are given one by one all come first.
    pub fn files_for_words(&self, files: &Files) -> Result<Files, TokenizerError> {
        const CONFIG: &str = "tokenizer_config.json";
        const KEY: &str = "add_prefix_space";
        let Some(PreTokenizerWrapper::ByteLevel(step)) = self.inner.get_pre_tokenizer() else {
            return Ok(Files::new());
        };
        if step.add_prefix_space {
            return Ok(Files::new());
        }
        let text = |json: Value| format!("{json:#}\n").into_bytes();
        let mut changed = Files::new();
        let mut config = json_file(files, CONFIG)?;
        if let Some(mut definition) = json_file(files, self.file)?.filter(|_| self.file == "tokenizer.json") {
            for step in ["pre_tokenizer", "post_processor"] {
                if let Some(value) = definition.get_mut(step).and_then(|step| step.get_mut(KEY)) {
                    *value = json!(true);
                }
            }
            changed.insert(self.file.to_owned(), text(definition));
        } else {
            config.get_or_insert_with(|| json!({}));
        }
        if let Some(Value::Object(mut config)) = config {
            config.insert(KEY.to_owned(), json!(true));
            changed.insert(CONFIG.to_owned(), text(config.into()));
        }
        Ok(changed)
    }

    /// Whether it cuts texts at spaces alone before it looks for pieces, as those made from SentencePiece do.
    pub fn knows_only_spaces(&self) -> bool {
        let is_metaspace = |step: &PreTokenizerWrapper| matches!(step, PreTokenizerWrapper::Metaspace(_));
        match self.inner.get_pre_tokenizer() {
            Some(PreTokenizerWrapper::Sequence(steps)) => steps.as_ref().iter().any(is_metaspace),
            // Without any step before, pieces that begin with a space are found in the whole text.
            step => step.is_none_or(is_metaspace),
        }
    }

    /// Builds BERT's WordPiece tokenizer from `vocab.txt` and the switches of `tokenizer_config.json`.
    pub fn from_wordpiece_vocabulary(files: &Files, special: &SpecialTokens) -> Result<Self, TokenizerError> {
        const CONFIG: &str = "tokenizer_config.json";
        let vocabulary = Vocabulary::from_files(files)?;
        let config = json_file(files, CONFIG)?.unwrap_or(Value::Null);
        let token = |role, name: &Option<String>| {
            let name = name.clone().unwrap_or_default();
            vocabulary.required(role, &name).map(|id| (name, id))
        };
        let (unk, _) = token("unknown", &special.unk)?;
        let (cls, cls_id) = token("classification", &special.cls)?;
        let (sep, sep_id) = token("separator", &special.sep)?;
        let switch = |key, default| switch(&config, CONFIG, key).map(|value| value.unwrap_or(default));
        let piece = |id: &str, type_id: u32| json!({"SpecialToken": {"id": id, "type_id": type_id}});
        let text = |id: &str, type_id: u32| json!({"Sequence": {"id": id, "type_id": type_id}});
        let vocab: Map<String, Value> = (0u32..)
            .zip(vocabulary.tokens())
            .map(|(id, token)| (token.clone(), id.into()))
            .collect();
        let definition = json!({
            "version": "1.0",
            "added_tokens": added_tokens(special, |name| vocabulary.id(name)),
            "normalizer": {
                "type": "BertNormalizer",
                "clean_text": true,
                "handle_chinese_chars": switch("tokenize_chinese_chars", true)?,
                "strip_accents": self::switch(&config, CONFIG, "strip_accents")?,
                "lowercase": switch("do_lower_case", true)?,
            },
            "pre_tokenizer": {"type": "BertPreTokenizer"},
            "post_processor": {
                "type": "TemplateProcessing",
                "single": [piece(&cls, 0), text("A", 0), piece(&sep, 0)],
                "pair": [piece(&cls, 0), text("A", 0), piece(&sep, 0), text("B", 1), piece(&sep, 1)],
                "special_tokens": {
                    cls.clone(): {"id": cls, "ids": [cls_id], "tokens": [cls]},
                    sep.clone(): {"id": sep, "ids": [sep_id], "tokens": [sep]},
                },
            },
            "decoder": {"type": "WordPiece", "prefix": "##", "cleanup": true},
            "model": {
                "type": "WordPiece",
                "unk_token": unk,
                "continuing_subword_prefix": "##",
                "max_input_chars_per_word": 100,
                "vocab": vocab,
            },
        });
        Self::from_definition(definition, "vocab.txt")
    }

    /// Builds GPT-2's or RoBERTa's byte-level BPE from `vocab.json` and `merges.txt`.
    ///
    /// It is RoBERTa's, with special tokens around the text, if the vocabulary has `cls` and `sep` and the folder is not
    /// GPT-2's.
    pub fn from_byte_level_bpe(files: &Files, special: &SpecialTokens, is_gpt2: bool) -> Result<Self, TokenizerError> {
        const CONFIG: &str = "tokenizer_config.json";
        const VOCAB: &str = "vocab.json";
        const MERGES: &str = "merges.txt";
        let vocab = json_file(files, VOCAB)?.ok_or(TokenizerError::FileMissing { file: VOCAB })?;
        let id = |name: &str| {
            vocab
                .get(name)
                .and_then(Value::as_u64)
                .and_then(|id| u32::try_from(id).ok())
        };
        let merges = files.get(MERGES).ok_or(TokenizerError::FileMissing { file: MERGES })?;
        let merges = utf8(MERGES, merges)?
            .lines()
            .filter(|line| !line.is_empty() && !line.starts_with("#version"))
            .collect::<Vec<_>>();
        let config = json_file(files, CONFIG)?.unwrap_or(Value::Null);
        let add_prefix_space = switch(&config, CONFIG, "add_prefix_space")?.unwrap_or(false);
        let around = special.cls.as_deref().zip(special.sep.as_deref());
        let around = around.filter(|_| !is_gpt2);
        let around = around.and_then(|(cls, sep)| Some((cls, id(cls)?, sep, id(sep)?)));
        let post_processor = match around {
            Some((cls, cls_id, sep, sep_id)) => json!({
                "type": "RobertaProcessing", "sep": [sep, sep_id], "cls": [cls, cls_id],
                "trim_offsets": switch(&config, CONFIG, "trim_offsets")?.unwrap_or(true),
                "add_prefix_space": add_prefix_space,
            }),
            None => Value::Null,
        };
        let byte_level = json!({
            "type": "ByteLevel", "add_prefix_space": add_prefix_space, "trim_offsets": true, "use_regex": true,
        });
        let definition = json!({
            "version": "1.0",
            "added_tokens": added_tokens(special, id),
            "normalizer": null,
            "pre_tokenizer": byte_level,
            "post_processor": post_processor,
            "decoder": byte_level,
            "model": {
                "type": "BPE", "dropout": null, "unk_token": null, "continuing_subword_prefix": "",
                "end_of_word_suffix": "", "fuse_unk": false, "vocab": vocab, "merges": merges,
            },
        });
        Self::from_definition(definition, VOCAB)
    }

    fn from_definition(mut definition: Value, file: &'static str) -> Result<Self, TokenizerError> {
        check_definition(&definition, file)?;
        if let Some(definition) = definition.as_object_mut() {
            // What a batch needs is decided by the run, not by the file.
            definition.insert("truncation".to_owned(), Value::Null);
            definition.insert("padding".to_owned(), Value::Null);
        }
        let mut inner: tokenizers::Tokenizer = guarded(file, "be read", || {
            serde_json::from_value(definition).map_err(Into::into)
        })?;
        let post_processor = inner.get_post_processor().cloned();
        inner.with_post_processor(None::<PostProcessorWrapper>);
        let vocab = inner.get_vocab(true);
        let highest = vocab.values().max().ok_or_else(|| TokenizerError::Definition {
            file,
            reason: "the vocabulary is empty".to_owned(),
        })?;
        let mut tokenizer = Self {
            file,
            vocab_size: *highest as usize + 1,
            inner,
            post_processor,
            added: [0; 2],
        };
        // Empty texts count the special tokens, and show a post-processor that cannot work before any text does.
        let single = tokenizer.assemble(Sequence::default(), None)?;
        let pair = tokenizer.assemble(Sequence::default(), Some(Sequence::default()))?;
        tokenizer.added = [single.ids.len(), pair.ids.len()];
        // A post-processor may name ids that the vocabulary does not have: a model's table must hold them too.
        let added = single.ids.iter().chain(&pair.ids).map(|&id| id as usize + 1).max();
        tokenizer.vocab_size = tokenizer.vocab_size.max(added.unwrap_or(0));
        Ok(tokenizer)
    }

    pub fn vocab_size(&self) -> usize {
        self.vocab_size
    }

    pub fn id(&self, token: &str) -> Option<u32> {
        self.inner.token_to_id(token)
    }

    pub fn token(&self, id: u32) -> Option<String> {
        self.inner.id_to_token(id)
    }

    pub fn decode(&self, ids: &[u32]) -> Result<String, TokenizerError> {
        guarded(self.file, "decode ids", || self.inner.decode(ids, true))
    }

    pub fn special_tokens_added(&self, pair: bool) -> usize {
        self.added[usize::from(pair)]
    }

    pub fn segment(&self, text: &str) -> Result<Sequence, TokenizerError> {
        self.sequence(InputSequence::from(text))
    }

    pub fn segment_words(&self, words: &[&str]) -> Result<Sequence, TokenizerError> {
        self.sequence(InputSequence::from(words))
    }

    fn sequence(&self, input: InputSequence<'_>) -> Result<Sequence, TokenizerError> {
        let encoding = guarded(self.file, "encode a text", || {
            self.inner.encode_char_offsets(EncodeInput::Single(input), false)
        })?;
        Ok(Sequence {
            ids: encoding.get_ids().to_vec(),
            tokens: encoding.get_tokens().to_vec(),
            offsets: encoding.get_offsets().to_vec(),
            word_ids: encoding.get_word_ids().to_vec(),
        })
    }

    /// Joins the texts as the post-processor says.
    pub fn assemble(&self, first: Sequence, second: Option<Sequence>) -> Result<Encoding, TokenizerError> {
        let Some(post_processor) = &self.post_processor else {
            let mut encoding = Encoding::default();
            encoding.push_sequence(first, 0, 0);
            if let Some(second) = second {
                encoding.push_sequence(second, 1, 1);
            }
            return Ok(encoding);
        };
        let (first, second) = (hub_encoding(first), second.map(hub_encoding));
        let joined = guarded(self.file, "add special tokens", || {
            post_processor.process(first, second, true)
        })?;
        Ok(Encoding {
            ids: joined.get_ids().to_vec(),
            type_ids: joined.get_type_ids().to_vec(),
            tokens: joined.get_tokens().to_vec(),
            offsets: joined.get_offsets().to_vec(),
            word_ids: joined.get_word_ids().to_vec(),
            sequence_ids: joined
                .get_sequence_ids()
                .into_iter()
                .map(|id| id.map(|id| u8::from(id > 0)))
                .collect(),
            special_tokens_mask: joined.get_special_tokens_mask().iter().map(|&mask| mask != 0).collect(),
            truncated: false,
        })
    }
}

fn hub_encoding(sequence: Sequence) -> tokenizers::Encoding {
    let len = sequence.len();
    tokenizers::Encoding::new(
        sequence.ids,
        vec![0; len],
        sequence.tokens,
        sequence.word_ids,
        sequence.offsets,
        vec![0; len],
        vec![1; len],
        Vec::new(),
        Default::default(),
    )
}

/// The special tokens that the vocabulary has, as `tokenizer.json` lists them. transformers would append the missing ones
/// behind the vocabulary, where the model has no embedding for them.
fn added_tokens(special: &SpecialTokens, id: impl Fn(&str) -> Option<u32>) -> Vec<Value> {
    let mut tokens: Vec<(u32, &str)> = special
        .all()
        .into_iter()
        .filter_map(|name| Some((id(name)?, name)))
        .collect();
    tokens.sort_unstable();
    tokens
        .into_iter()
        .map(|(id, content)| {
            json!({
                "id": id, "content": content, "special": true,
                "single_word": false, "lstrip": false, "rstrip": false, "normalized": false,
            })
        })
        .collect()
}

fn switch(config: &Value, file: &'static str, key: &'static str) -> Result<Option<bool>, TokenizerError> {
    match config.get(key) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::Bool(value)) => Ok(Some(*value)),
        Some(other) => Err(TokenizerError::Setting {
            file,
            key,
            value: other.to_string(),
            expected: "true, false or null",
        }),
    }
}

/// Refuses definitions that the crate reads without complaint and then panics on.
fn check_definition(definition: &Value, file: &'static str) -> Result<(), TokenizerError> {
    let refuse = |reason: String| Err(TokenizerError::Definition { file, reason });
    if let Some(processor) = definition.get("post_processor") {
        check_post_processor(processor, file)?;
    }
    if let Some(normalizer) = definition.get("normalizer") {
        check_normalizer(normalizer, file)?;
    }
    let added = definition.get("added_tokens").and_then(Value::as_array);
    for token in added.into_iter().flatten() {
        if token.get("content").and_then(Value::as_str) == Some("") {
            return refuse("added_tokens has a token without characters".to_owned());
        }
    }
    Ok(())
}

fn check_normalizer(normalizer: &Value, file: &'static str) -> Result<(), TokenizerError> {
    let inner = normalizer.get("normalizers").and_then(Value::as_array);
    for inner in inner.into_iter().flatten() {
        check_normalizer(inner, file)?;
    }
    if normalizer.get("type").and_then(Value::as_str) == Some("Precompiled") {
        // The crate expects this to succeed; it borrows from the text, so a value will not do.
        serde_json::from_str::<Precompiled>(&normalizer.to_string())
            .map_err(|source| TokenizerError::Json { file, source })?;
    }
    Ok(())
}

fn check_post_processor(processor: &Value, file: &'static str) -> Result<(), TokenizerError> {
    let refuse = |reason: String| Err(TokenizerError::Definition { file, reason });
    for inner in processor
        .get("processors")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
    {
        check_post_processor(inner, file)?;
    }
    let special = processor.get("special_tokens");
    for template in ["single", "pair"] {
        let pieces = processor.get(template).and_then(Value::as_array);
        for piece in pieces.into_iter().flatten() {
            if let Some(name) = piece_id(piece, "SpecialToken") {
                let Some(token) = special.and_then(|special| special.get(name)) else {
                    return refuse(format!(
                        "the post-processor's {template} template names {name:?}, which its special_tokens lack"
                    ));
                };
                let count = |key| token.get(key).and_then(Value::as_array).map_or(0, Vec::len);
                if count("ids") != count("tokens") {
                    return refuse(format!(
                        "the special token {name:?} has {} ids and {} tokens",
                        count("ids"),
                        count("tokens")
                    ));
                }
            }
            if template == "single" && piece_id(piece, "Sequence") == Some("B") {
                return refuse("the post-processor's single template names a second text".to_owned());
            }
        }
    }
    Ok(())
}

/// What a piece of a template names; the crate takes its fields by name or, as an array, in order.
fn piece_id<'a>(piece: &'a Value, kind: &str) -> Option<&'a str> {
    let fields = piece.get(kind)?;
    fields.get("id").or_else(|| fields.get(0))?.as_str()
}

/// Runs a call into the tokenizers crate and turns its errors, and a panic where the platform can unwind, into ours.
///
/// What is known to panic is refused by [`check_definition`]; this keeps the rest from ending the process.
fn guarded<T>(
    file: &'static str,
    step: &'static str,
    call: impl FnOnce() -> tokenizers::Result<T>,
) -> Result<T, TokenizerError> {
    match catch_unwind(AssertUnwindSafe(call)) {
        Ok(result) => result.map_err(|source| TokenizerError::Hub { file, step, source }),
        Err(panic) => {
            let message = panic
                .downcast_ref::<String>()
                .map(String::as_str)
                .or_else(|| panic.downcast_ref::<&str>().copied())
                .unwrap_or("no message");
            Err(TokenizerError::Definition {
                file,
                reason: format!("the tokenizers library stopped while trying to {step}: {message}"),
            })
        }
    }
}
