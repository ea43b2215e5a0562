//! Finds which tokens play the special roles, from the files that say so.
//!
//! transformers spreads them over `tokenizer_config.json` and `special_tokens_map.json`; a bare `tokenizer.json` names
//! none, so the spellings of BERT and of RoBERTa are looked up in its vocabulary.

use serde_json::{Map, Value, json};

use super::{Files, TokenizerError};

const CONFIG: &str = "tokenizer_config.json";
/// Where that file names what a tokenizer gives a model; without types a model takes 0 for each.
const NAMES: &str = "model_input_names";
const TYPES: &str = "token_type_ids";

/// The class of transformers that runs a `tokenizer.json` as it stands.
const CLASS: &str = "PreTrainedTokenizerFast";

/// Names of the special tokens, `None` where the model has none.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SpecialTokens {
    /// Stands for what the vocabulary cannot spell.
    pub unk: Option<String>,
    /// Begins an input; classification heads read it.
    pub cls: Option<String>,
    /// Ends a text.
    pub sep: Option<String>,
    /// Fills a batch.
    pub pad: Option<String>,
    /// Hides a token from a masked language model.
    pub mask: Option<String>,
    /// Begins a text of a causal language model.
    pub bos: Option<String>,
    /// Ends a text of a causal language model.
    pub eos: Option<String>,
    /// Further tokens that are never split.
    pub additional: Vec<String>,
    /// Whether a file says that there is no mask token, so that none of the vocabulary is taken for it.
    is_maskless: bool,
}

impl SpecialTokens {
    /// Reads the names from the folder's files; a token is a string or an object with `content`.
    ///
    /// # Errors
    /// If a file is not JSON, or a token is neither.
    pub(super) fn from_files(files: &Files) -> Result<Self, TokenizerError> {
        let mut tokens = Self::default();
        for file in ["special_tokens_map.json", CONFIG] {
            if let Some(json) = json_file(files, file)? {
                tokens.read(&json, file)?;
            }
        }
        Ok(tokens)
    }

    fn read(&mut self, json: &Value, file: &'static str) -> Result<(), TokenizerError> {
        let roles: [(&'static str, &mut Option<String>); 7] = [
            ("unk_token", &mut self.unk),
            ("cls_token", &mut self.cls),
            ("sep_token", &mut self.sep),
            ("pad_token", &mut self.pad),
            ("mask_token", &mut self.mask),
            ("bos_token", &mut self.bos),
            ("eos_token", &mut self.eos),
        ];
        for (key, role) in roles {
            if let Some(value) = json.get(key).filter(|value| !value.is_null()) {
                *role = Some(token_content(value, file, key)?);
            }
        }
        if let Some(mask) = json.get("mask_token") {
            self.is_maskless = mask.is_null();
            self.mask.take_if(|_| mask.is_null());
        }
        for key in ["additional_special_tokens", "extra_special_tokens"] {
            for value in json.get(key).and_then(Value::as_array).into_iter().flatten() {
                let token = token_content(value, file, key)?;
                if !self.additional.contains(&token) {
                    self.additional.push(token);
                }
            }
        }
        let added = json.get("added_tokens_decoder").and_then(Value::as_object);
        for value in added.into_iter().flat_map(|added| added.values()) {
            if value.get("special").and_then(Value::as_bool) == Some(true) {
                let token = token_content(value, file, "added_tokens_decoder")?;
                if !self.additional.contains(&token) {
                    self.additional.push(token);
                }
            }
        }
        Ok(())
    }

    /// Fills roles that no file named with BERT's spelling.
    pub(super) fn or_bert(mut self) -> Self {
        let roles = [
            (&mut self.unk, "[UNK]"),
            (&mut self.cls, "[CLS]"),
            (&mut self.sep, "[SEP]"),
            (&mut self.pad, "[PAD]"),
        ];
        for (role, spelling) in roles {
            role.get_or_insert_with(|| spelling.to_owned());
        }
        if !self.is_maskless {
            self.mask.get_or_insert_with(|| "[MASK]".to_owned());
        }
        self
    }

    /// Fills roles that no file named with the first well-known spelling that the vocabulary `knows`.
    pub(super) fn or_known(mut self, knows: impl Fn(&str) -> bool) -> Self {
        let roles: [(&mut Option<String>, &[&str]); 7] = [
            (&mut self.unk, &["[UNK]", "<unk>", "<|endoftext|>"]),
            (&mut self.cls, &["[CLS]", "<s>"]),
            (&mut self.sep, &["[SEP]", "</s>"]),
            (&mut self.pad, &["[PAD]", "<pad>"]),
            (
                &mut self.mask,
                if self.is_maskless { &[] } else { &["[MASK]", "<mask>"] },
            ),
            (&mut self.bos, &["<s>", "<|endoftext|>"]),
            (&mut self.eos, &["</s>", "<|endoftext|>"]),
        ];
        for (role, spellings) in roles {
            if role.is_none() {
                let known = spellings.iter().find(|spelling| knows(spelling));
                *role = known.map(|spelling| (*spelling).to_owned());
            }
        }
        self
    }

    /// Fills roles that no file named with the one token that GPT-2 has, if the vocabulary `knows` it.
    pub(super) fn or_end_of_text(mut self, knows: impl Fn(&str) -> bool) -> Self {
        const END: &str = "<|endoftext|>";
        if knows(END) {
            for role in [&mut self.unk, &mut self.bos, &mut self.eos] {
                role.get_or_insert_with(|| END.to_owned());
            }
        }
        self
    }

    /// Says in a `tokenizer_config.json` how transformers reads the `tokenizer.json` beside it as we do: its class, the tokens of
    /// the vocabulary that play a role, and that a model without token types is given none.
    pub(super) fn describe(
        &self,
        config: &mut Map<String, Value>,
        knows: impl Fn(&str) -> bool,
        type_vocab_size: usize,
    ) {
        config.insert("tokenizer_class".to_owned(), json!(CLASS));
        let roles = [
            ("bos_token", &self.bos),
            ("eos_token", &self.eos),
            ("unk_token", &self.unk),
            ("pad_token", &self.pad),
            ("cls_token", &self.cls),
            ("sep_token", &self.sep),
            ("mask_token", &self.mask),
        ];
        for (key, name) in roles {
            let known = name.as_deref().filter(|name| knows(name));
            if let (Some(name), false) = (known, config.contains_key(key)) {
                config.insert(key.to_owned(), json!(name));
            }
        }
        let names = match type_vocab_size {
            0 | 1 => json!(["input_ids", "attention_mask"]),
            _ => json!(["input_ids", TYPES, "attention_mask"]),
        };
        // The class has some of its own, which hang on its version.
        config.entry(NAMES).or_insert(names);
    }

    /// Every name, each once, in the order transformers registers them.
    pub fn all(&self) -> Vec<&str> {
        let roles = [
            &self.bos, &self.eos, &self.unk, &self.sep, &self.pad, &self.cls, &self.mask,
        ];
        let named = roles.into_iter().flatten().chain(&self.additional);
        let mut names: Vec<&str> = Vec::new();
        for name in named {
            if !names.contains(&name.as_str()) {
                names.push(name);
            }
        }
        names
    }
}

/// Whether `vocab.json` and `merges.txt` are of GPT-2, which has no tokens around a text: by the tokenizer's class, else by the
/// model's type.
///
/// # Errors
/// If a file is not JSON.
pub(super) fn is_gpt2(files: &Files) -> Result<bool, TokenizerError> {
    let says = |file, key| -> Result<Option<String>, TokenizerError> {
        let json = json_file(files, file)?;
        Ok(json.and_then(|json| json.get(key)?.as_str().map(str::to_owned)))
    };
    Ok(match says(CONFIG, "tokenizer_class")? {
        Some(class) if class != CLASS => class.starts_with("GPT2"),
        _ => says("config.json", "model_type")?.is_some_and(|model_type| model_type == "gpt2"),
    })
}

/// Whether a tokenizer tells a model which text of a pair a token is of, as far as the folder says.
///
/// # Errors
/// If the file is not JSON, or has no names there.
pub(super) fn gives_types(files: &Files) -> Result<bool, TokenizerError> {
    let config = json_file(files, CONFIG)?;
    let Some(value) = config
        .as_ref()
        .and_then(|config| config.get(NAMES))
        .filter(|value| !value.is_null())
    else {
        return Ok(true);
    };
    let names = value.as_array().filter(|names| names.iter().all(Value::is_string));
    let names = names.ok_or_else(|| TokenizerError::Setting {
        file: CONFIG,
        key: NAMES,
        value: value.to_string(),
        expected: "a list of names, as input_ids and token_type_ids",
    })?;
    Ok(names.iter().any(|name| name == TYPES))
}

fn token_content(value: &Value, file: &'static str, key: &'static str) -> Result<String, TokenizerError> {
    let content = value.as_str().or_else(|| value.get("content")?.as_str());
    content
        .filter(|content| !content.is_empty())
        .map(str::to_owned)
        .ok_or_else(|| TokenizerError::Setting {
            file,
            key,
            value: value.to_string(),
            expected: "a token, as a string or as an object with \"content\"",
        })
}

/// A JSON file of the folder, `None` if it is not there.
pub(super) fn json_file(files: &Files, file: &'static str) -> Result<Option<Value>, TokenizerError> {
    let Some(bytes) = files.get(file) else {
        return Ok(None);
    };
    serde_json::from_slice(bytes)
        .map(Some)
        .map_err(|source| TokenizerError::Json { file, source })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_come_from_both_files_and_the_config_wins() {
        let files = Files::from([
            (
                "special_tokens_map.json".to_owned(),
                br#"{"pad_token":"<p>","mask_token":{"content":"<m>"}}"#.to_vec(),
            ),
            (
                "tokenizer_config.json".to_owned(),
                br#"{"pad_token":"<pad>","sep_token":null,"added_tokens_decoder":{"9":{"content":"<x>","special":true}}}"#.to_vec(),
            ),
        ]);
        let tokens = SpecialTokens::from_files(&files).expect("valid files");
        assert_eq!(tokens.pad.as_deref(), Some("<pad>"));
        assert_eq!(tokens.mask.as_deref(), Some("<m>"));
        assert_eq!(tokens.sep, None);
        assert_eq!(tokens.additional, ["<x>"]);
        assert_eq!(tokens.or_bert().sep.as_deref(), Some("[SEP]"));
    }

    #[test]
    fn a_mask_token_of_null_is_none() {
        let map = (
            "special_tokens_map.json".to_owned(),
            br#"{"mask_token":"<m>"}"#.to_vec(),
        );
        let config = (CONFIG.to_owned(), br#"{"mask_token":null}"#.to_vec());
        let maskless = SpecialTokens::from_files(&Files::from([map.clone(), config])).expect("valid files");
        assert_eq!(maskless.clone().or_bert().mask, None);
        assert_eq!(maskless.or_known(|_| true).mask, None);
        let silent = SpecialTokens::from_files(&Files::from([map])).expect("valid files");
        assert_eq!(silent.or_bert().mask.as_deref(), Some("<m>"));
    }

    #[test]
    fn a_token_of_the_wrong_kind_is_named() {
        let files = Files::from([("tokenizer_config.json".to_owned(), br#"{"pad_token":3}"#.to_vec())]);
        let error = SpecialTokens::from_files(&files).expect_err("a number");
        assert!(error.to_string().contains("pad_token"), "{error}");
    }
}
