//! Reads from `tokenizer_config.json` how a BertJapaneseTokenizer cuts text: into which words, and these into what.
//!
//! Keys and defaults are those of transformers; what it would take and Terakoya does not know is refused by name.

use serde_json::Value;

use super::super::special_tokens::json_file;
use super::super::subword::Subword;
use super::super::{Files, TokenizerError};

const CONFIG: &str = "tokenizer_config.json";

/// What `tokenizer_config.json` says about a BertJapaneseTokenizer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in super::super) struct JapaneseConfig {
    pub(super) words: Words,
    pub(super) subword: Subword,
    pub(super) lower_case: bool,
    /// Words that keep their case and are not split at punctuation.
    pub(super) never_split: Vec<String>,
}

/// How text becomes words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Words {
    Mecab {
        dictionary: String,
        normalize: bool,
    },
    Basic,
    /// The text is split into words by spaces already, or is cut without regard to words.
    Given,
}

impl JapaneseConfig {
    /// `None` if the files are not those of a BertJapaneseTokenizer.
    pub fn from_files(files: &Files) -> Result<Option<Self>, TokenizerError> {
        let Some(config) = json_file(files, CONFIG)? else {
            return Ok(None);
        };
        let class = config.get("tokenizer_class").and_then(Value::as_str);
        let japanese =
            class == Some("BertJapaneseTokenizer") || class.is_none() && config.get("word_tokenizer_type").is_some();
        if !japanese {
            return Ok(None);
        }
        let subword = match (
            flag(&config, "do_subword_tokenize", true)?,
            text(&config, "subword_tokenizer_type")?,
        ) {
            (false, _) => Subword::Whole,
            (true, None | Some("wordpiece")) => Subword::WordPiece,
            (true, Some("character")) => Subword::Character,
            (true, Some(other)) => {
                return Err(setting("subword_tokenizer_type", other, "wordpiece or character"));
            }
        };
        let never_split = config.get("never_split").and_then(Value::as_array);
        let never_split = never_split.into_iter().flatten().filter_map(Value::as_str);
        Ok(Some(Self {
            words: Words::from_config(&config)?,
            subword,
            lower_case: flag(&config, "do_lower_case", false)?,
            never_split: never_split.map(str::to_owned).collect(),
        }))
    }

    /// The dictionary the words come from, as `mecab_dic` names it.
    pub fn dictionary(&self) -> Option<&str> {
        match &self.words {
            Words::Mecab { dictionary, .. } => Some(dictionary),
            Words::Basic | Words::Given => None,
        }
    }
}

impl Words {
    fn from_config(config: &Value) -> Result<Self, TokenizerError> {
        if !flag(config, "do_word_tokenize", true)? {
            return Ok(Self::Given);
        }
        match text(config, "word_tokenizer_type")? {
            None | Some("basic") => Ok(Self::Basic),
            Some("mecab") => {
                let none = Value::Null;
                let kwargs = config.get("mecab_kwargs").unwrap_or(&none);
                if let Some(option) = text(kwargs, "mecab_option")?.filter(|option| !option.is_empty()) {
                    return Err(setting(
                        "mecab_option",
                        option,
                        "no options: name a dictionary in mecab_dic",
                    ));
                }
                Ok(Self::Mecab {
                    dictionary: text(kwargs, "mecab_dic")?.unwrap_or("unidic_lite").to_owned(),
                    normalize: flag(kwargs, "normalize_text", true)?,
                })
            }
            Some(other) => {
                let expected = "mecab or basic; for words separated by spaces beforehand set do_word_tokenize to false";
                Err(setting("word_tokenizer_type", other, expected))
            }
        }
    }
}

fn setting(key: &'static str, value: &str, expected: &'static str) -> TokenizerError {
    TokenizerError::Setting {
        file: CONFIG,
        key,
        value: format!("{value:?}"),
        expected,
    }
}

fn flag(config: &Value, key: &'static str, default: bool) -> Result<bool, TokenizerError> {
    match config.get(key) {
        None | Some(Value::Null) => Ok(default),
        Some(Value::Bool(value)) => Ok(*value),
        Some(other) => Err(TokenizerError::Setting {
            file: CONFIG,
            key,
            value: other.to_string(),
            expected: "true or false",
        }),
    }
}

fn text<'a>(config: &'a Value, key: &'static str) -> Result<Option<&'a str>, TokenizerError> {
    match config.get(key) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(value)) => Ok(Some(value)),
        Some(other) => Err(TokenizerError::Setting {
            file: CONFIG,
            key,
            value: other.to_string(),
            expected: "a text",
        }),
    }
}
