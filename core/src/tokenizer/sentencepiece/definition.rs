//! Writes a SentencePiece model as the `tokenizer.json` that Hugging Face's tokenizers read, so that transformers opens what
//! was trained with it.
//!
//! Ids are those of [`SentencePieceTokenizer`] but where a text spells a special token out, which transformers never cuts, and
//! where a grapheme longer than what the character map knows is mapped otherwise by the tokenizers library.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Map, Value, json};

use super::{CONFIG, FILE, PieceKind, SPACE_SYMBOL, SentencePieceTokenizer};
use crate::tokenizer::special_tokens::{SpecialTokens, json_file};
use crate::tokenizer::{Files, TokenizerError};

/// Where tokenizer_config.json names the file that a tokenizer.json of ours says once more.
const SOURCE: &str = "sentencepiece_model";
/// Katakana of half width, and the marks that are a character of their own behind them.
const NARROW_KATAKANA: std::ops::RangeInclusive<char> = '\u{ff66}'..='\u{ff9d}';
const NARROW_MARKS: [char; 2] = ['\u{ff9e}', '\u{ff9f}'];

/// Whether the folder's tokenizer.json is one that [`SentencePieceTokenizer::files_for_transformers`] made, so that the model
/// beside it is read instead.
pub fn is_written_from_model(files: &Files) -> Result<bool, TokenizerError> {
    let config = json_file(files, CONFIG)?;
    let source = config.as_ref().and_then(|config| config.get(SOURCE)?.as_str());
    Ok(files.contains_key(FILE) && source == Some(FILE))
}

impl SentencePieceTokenizer {
    /// `tokenizer.json`, and the `tokenizer_config.json` of `files` under the class that reads it.
    ///
    /// # Errors
    /// If that file is no JSON.
    pub fn files_for_transformers(
        &self,
        files: &Files,
        special: &SpecialTokens,
        type_vocab_size: usize,
    ) -> Result<Files, TokenizerError> {
        let config = json_file(files, CONFIG)?;
        let mut config: Map<String, Value> = config
            .and_then(|config| config.as_object().cloned())
            .unwrap_or_default();
        special.describe(&mut config, |name| self.id(name).is_some(), type_vocab_size);
        config.insert(SOURCE.to_owned(), json!(FILE));
        let text = |value: Value| format!("{value:#}\n").into_bytes();
        Ok(Files::from([
            ("tokenizer.json".to_owned(), text(self.definition())),
            (CONFIG.to_owned(), text(Value::Object(config))),
        ]))
    }

    fn definition(&self) -> Value {
        let special = (0u32..).zip(&self.model.pieces);
        let special = special.filter(|(_, piece)| matches!(piece.kind, PieceKind::Control | PieceKind::Unknown));
        let special: Vec<Value> = special
            .map(|(id, piece)| {
                json!({
                    "id": id, "content": piece.text, "special": true,
                    "single_word": false, "lstrip": false, "rstrip": false, "normalized": false,
                })
            })
            .collect();
        let vocabulary = self
            .model
            .pieces
            .iter()
            .map(|piece| json!([piece.text, self.score(piece)]));
        let (eos_id, eos) = &self.eos;
        let end = json!({"SpecialToken": {"id": eos, "type_id": 0}});
        let text = |id: &str| json!({"Sequence": {"id": id, "type_id": 0}});
        json!({
            "version": "1.0",
            "truncation": null,
            "padding": null,
            "added_tokens": special,
            "normalizer": {"type": "Sequence", "normalizers": self.normalizers()},
            "pre_tokenizer": null,
            "post_processor": {
                "type": "TemplateProcessing",
                "single": [text("A"), end],
                "pair": [text("A"), end, text("B"), end],
                "special_tokens": {eos.clone(): {"id": eos, "ids": [eos_id], "tokens": [eos]}},
            },
            "decoder": {"type": "Metaspace", "replacement": SPACE_SYMBOL, "prepend_scheme": "always", "split": false},
            "model": {
                "type": "Unigram",
                "unk_id": self.unk,
                "vocab": vocabulary.collect::<Vec<_>>(),
                "byte_fallback": self.model.byte_fallback,
            },
        })
    }

    /// What SentencePiece does to a text before it is cut, step by step.
    fn normalizers(&self) -> Vec<Value> {
        let replace =
            |pattern: Value, content: &str| json!({"type": "Replace", "pattern": pattern, "content": content});
        let mut steps = Vec::new();
        if self.lower_case {
            steps.push(json!({"type": "Lowercase"}));
        }
        if !self.model.character_map.is_empty() {
            // The library maps graphemes of six bytes and more character by character: what the map joins is joined before.
            if self.map.longest_prefix("か\u{3099}") == Some((6, "が")) {
                steps.push(json!({"type": "NFC"}));
            }
            let pairs = NARROW_KATAKANA.flat_map(|kana| NARROW_MARKS.map(|mark| format!("{kana}{mark}")));
            for pair in pairs {
                if let Some((length, joined)) = self.map.longest_prefix(&pair)
                    && length == pair.len()
                {
                    steps.push(replace(json!({"String": pair}), joined));
                }
            }
            let map = BASE64_STANDARD.encode(&self.model.character_map);
            steps.push(json!({"type": "Precompiled", "precompiled_charsmap": map}));
        }
        let space = if self.model.escape_whitespaces {
            SPACE_SYMBOL
        } else {
            ' '
        };
        if self.model.remove_extra_whitespaces {
            steps.push(replace(json!({"Regex": " {2,}"}), " "));
            steps.push(replace(json!({"Regex": "^ | $"}), ""));
        }
        if self.model.add_dummy_prefix {
            steps.push(json!({"type": "Prepend", "prepend": space}));
        }
        if self.model.escape_whitespaces {
            steps.push(replace(json!({"String": " "}), &space.to_string()));
        }
        steps
    }
}
