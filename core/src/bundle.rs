//! Reads and writes a model folder in memory: config.json, tokenizer files and safetensors, as transformers lays them out.
//!
//! A [`Bundle`] is what a folder says of itself; `native` and `web` only move [`Files`]. Weights are read by
//! [`crate::weights`], tokenizers by [`crate::tokenizer`].

mod gzip;

use std::fmt::Display;

use serde_json::{Map, Value, json};

use crate::models::encoder::{MODEL_TYPES, ModelConfig};
use crate::tasks::TaskKind;
use crate::tokenizer::{EncodeOptions, Files, TOKENIZER_FILES, Tokenizer};

pub use gzip::{pack_tokenizer, unpack_tokenizer};

const CONFIG: &str = "config.json";
const WEIGHTS: &str = "model.safetensors";
const WEIGHTS_INDEX: &str = "model.safetensors.index.json";

/// What is wrong with a model folder.
#[derive(Debug, thiserror::Error)]
pub enum BundleError {
    /// A file that every model has is not there.
    #[error("the model folder has no {file}")]
    Missing {
        /// Its name.
        file: String,
    },
    /// Only weights in PyTorch's pickle format.
    #[error(
        "{file} is in PyTorch's pickle format, which can run code when read; convert it once with transformers: \
         {class}.from_pretrained(FOLDER).save_pretrained(NEW_FOLDER, safe_serialization=True)"
    )]
    Pickle {
        /// Its name.
        file: String,
        /// The class of transformers that reads all of its weights, the head's too.
        class: String,
    },
    /// A JSON file that does not parse.
    #[error("{file} is not valid JSON of the expected form")]
    Json {
        /// Its name.
        file: String,
        /// Where and why.
        source: serde_json::Error,
    },
    /// A key of config.json holds something impossible.
    #[error("config.json: {key} is {value}: {reason}")]
    Config {
        /// The key.
        key: String,
        /// What it holds.
        value: String,
        /// What it should hold.
        reason: String,
    },
    /// An architecture that is not implemented.
    #[error("config.json: model_type {model_type:?} is unknown; known: {}", MODEL_TYPES.join(", "))]
    UnknownModelType {
        /// What the file says.
        model_type: String,
    },
    /// Nothing says which architecture it is.
    #[error(
        "config.json has no model_type, and its architectures name no known class; known model types: {}",
        MODEL_TYPES.join(", ")
    )]
    NoModelType,
    /// A compressed file that cannot be unpacked.
    #[error("{file} is not a whole gzip file")]
    Gzip {
        /// Its name.
        file: String,
        /// What the reader said.
        source: std::io::Error,
    },
    /// A compressed file that would take too much memory.
    #[error("{file} unpacks to a file larger than {limit} bytes, which no tokenizer is")]
    UnpackedSize {
        /// Its name.
        file: String,
        /// The most that is unpacked.
        limit: usize,
    },
    /// The tokenizer makes ids that the embedding table does not have.
    #[error(
        "the tokenizer has {tokenizer} entries but config.json says vocab_size {config}: they belong to different models"
    )]
    Vocabulary {
        /// Entries of the tokenizer.
        tokenizer: usize,
        /// `vocab_size` of the config.
        config: usize,
    },
    /// A weight that the device cannot bind.
    #[error("{tensor} needs {bytes} bytes in one buffer, but the device binds at most {limit}; run with --device cpu")]
    TooLargeForDevice {
        /// Its name in the checkpoint.
        tensor: &'static str,
        /// Its size.
        bytes: u64,
        /// The device's limit.
        limit: u64,
    },
}

impl BundleError {
    /// An impossible value of config.json.
    pub fn config(key: &str, value: impl Display, reason: &str) -> Self {
        Self::Config {
            key: key.to_owned(),
            value: value.to_string(),
            reason: reason.to_owned(),
        }
    }
}

/// A model folder, read and checked, before its weights are put on a device.
#[derive(Debug, Clone)]
pub struct Bundle {
    /// config.json as it stands, so that keys we do not know survive a fine-tuning.
    pub config_json: Map<String, Value>,
    /// The sizes of the encoder.
    pub model_config: ModelConfig,
    /// Where the class names come from: `id2label` in the order of the ids, empty where the checkpoint names none.
    pub labels: Vec<String>,
    files: Files,
}

/// What tasks write into config.json beside the model: none stays there when another is learned.
const ENTRIES: [&str; 16] = [
    "problem_type",
    "id2label",
    "label2id",
    "threshold",
    "thresholds",
    "target_scale",
    "label_all_tokens",
    "viterbi",
    "max_seq_length",
    "doc_stride",
    "max_answer_length",
    "no_answer",
    "no_answer_threshold",
    "mlm_probability",
    "whole_word_masking",
    "block_size",
];

/// Whether a folder's file belongs to a model, so that `native` need not read the others.
pub fn is_model_file(name: &str) -> bool {
    name == CONFIG
        || TOKENIZER_FILES.contains(&name)
        || gzip::is_packed(name)
        || name == WEIGHTS_INDEX
        || (name.starts_with("model") && name.ends_with(".safetensors"))
}

impl Bundle {
    /// Reads and checks `files` of a model folder. Files that [`is_model_file`] refuses may be there with empty bytes:
    /// only their names are looked at. Tokenizer files may be compressed.
    pub fn read(mut files: Files) -> Result<Self, BundleError> {
        unpack_tokenizer(&mut files)?;
        let config_json = read_config(&files)?;
        let model_config = ModelConfig::read(&config_json)?;
        let labels = read_labels(&config_json)?;
        Ok(Self {
            config_json,
            model_config,
            labels,
            files,
        })
    }

    /// Checks that every id that the tokenizer makes, and every type id of single texts, has a row in the embedding tables.
    pub fn check_vocabulary(&self, tokenizer: &Tokenizer) -> Result<(), BundleError> {
        let sizes = self.model_config.sizes();
        if tokenizer.vocab_size() > sizes.vocab_size {
            return Err(BundleError::Vocabulary {
                tokenizer: tokenizer.vocab_size(),
                config: sizes.vocab_size,
            });
        }
        self.check_types(tokenizer, None)
    }

    /// Checks that every type id that the tokenizer makes of a text, or of a pair, has a row in its embedding table.
    pub fn check_types(&self, tokenizer: &Tokenizer, pair: Option<&str>) -> Result<(), BundleError> {
        let encoding = tokenizer.encode("", pair, &EncodeOptions::default());
        let types = encoding
            .ok()
            .and_then(|encoding| encoding.type_ids.into_iter().max())
            .unwrap_or(0);
        let rows = self.model_config.sizes().type_vocab_size;
        if rows > 0 && types as usize >= rows {
            let what = if pair.is_some() { "pairs" } else { "texts" };
            let reason = format!("the tokenizer gives token type {types} to {what}");
            return Err(BundleError::config("type_vocab_size", rows, &reason));
        }
        Ok(())
    }

    /// The folder's files; the weights are gone once they were taken.
    pub fn files(&self) -> &Files {
        &self.files
    }

    /// Puts files in the place of those of their names.
    pub fn replace_files(&mut self, files: Files) {
        self.files.extend(files);
    }

    /// Takes the safetensors files out, each with its name, so that they can be dropped as soon as they are read.
    pub fn take_weights(&mut self) -> Result<Vec<(String, Vec<u8>)>, BundleError> {
        if let Some(bytes) = self.files.remove(WEIGHTS) {
            return Ok(vec![(WEIGHTS.to_owned(), bytes)]);
        }
        let Some(index) = self.files.get(WEIGHTS_INDEX) else {
            let pickle = |name: &&String| name.ends_with(".bin") || name.ends_with(".pt");
            return Err(match self.files.keys().find(pickle) {
                Some(file) => BundleError::Pickle {
                    file: file.clone(),
                    class: self.architecture().unwrap_or("AutoModel").to_owned(),
                },
                None => BundleError::Missing {
                    file: WEIGHTS.to_owned(),
                },
            });
        };
        let mut shards = Vec::new();
        for name in shard_names(index)? {
            let bytes = self
                .files
                .remove(&name)
                .ok_or_else(|| BundleError::Missing { file: name.clone() })?;
            shards.push((name, bytes));
        }
        Ok(shards)
    }

    /// The class that config.json names.
    fn architecture(&self) -> Option<&str> {
        self.config_json.get("architectures")?.get(0)?.as_str()
    }

    /// The task that the folder was fine-tuned for, if it was.
    pub fn task(&self) -> Option<TaskKind> {
        TaskKind::of_config(&self.config_json)
    }

    /// The class of config.json, where the model was fine-tuned for a task that its family is not read for:
    /// GPT2ForSequenceClassification is opened as the causal model below its head.
    pub fn unread_class(&self) -> Option<&str> {
        let is_causal = self.model_config.is_causal();
        self.task().filter(|task| is_causal && !task.definition().is_causal)?;
        self.architecture()
    }

    /// The task that the folder is opened for: its own, or the usual one of its family.
    pub fn usual_task(&self) -> TaskKind {
        let is_causal = self.model_config.is_causal();
        let own = self.task().filter(|task| task.definition().is_causal == is_causal);
        own.unwrap_or(match is_causal {
            true => TaskKind::CausalLm,
            false => TaskKind::default(),
        })
    }

    /// Names the task, its labels and what else it has to say in config.json, as transformers does; an entry that is
    /// null removes its key.
    pub fn describe(&mut self, task: TaskKind, labels: &[String], entries: Map<String, Value>) {
        let definition = task.definition();
        let class = format!("{}{}", self.model_config.class_prefix(), definition.class_suffix);
        let config = &mut self.config_json;
        config.insert("architectures".to_owned(), json!([class]));
        config.insert("model_type".to_owned(), json!(self.model_config.model_type()));
        for key in ENTRIES {
            config.shift_remove(key);
        }
        if let Some(problem_type) = definition.problem_type {
            config.insert("problem_type".to_owned(), json!(problem_type));
        }
        if !labels.is_empty() {
            let ids = || labels.iter().enumerate();
            let id2label: Map<String, Value> = ids().map(|(id, label)| (id.to_string(), json!(label))).collect();
            let label2id: Map<String, Value> = ids().map(|(id, label)| (label.clone(), json!(id))).collect();
            config.insert("id2label".to_owned(), Value::Object(id2label));
            config.insert("label2id".to_owned(), Value::Object(label2id));
        }
        for (key, value) in entries {
            match value {
                Value::Null => drop(config.shift_remove(&key)),
                value => drop(config.insert(key, value)),
            }
        }
        // The weights are saved in f32; a stale f16 here would make transformers round them.
        config.shift_remove("torch_dtype");
        config.insert("dtype".to_owned(), json!("float32"));
        self.labels = labels.to_vec();
    }

    /// config.json and the tokenizer's files, unchanged but for what [`Self::describe`] says.
    pub fn to_files(&self) -> Files {
        let mut files: Files = self
            .files
            .iter()
            .filter(|(name, _)| is_model_file(name) && !name.contains("safetensors"))
            .map(|(name, bytes)| (name.clone(), bytes.clone()))
            .collect();
        let mut text = format!("{:#}", Value::Object(self.config_json.clone()));
        text.push('\n');
        files.insert(CONFIG.to_owned(), text.into_bytes());
        files
    }
}

/// Writes the size of the vocabulary, and the tokens that begin, end and fill up a text, into a config.json that does not say
/// them, as one for a new model.
pub(crate) fn complete_config(files: &mut Files, tokenizer: &Tokenizer) -> Result<ModelConfig, BundleError> {
    let mut config = read_config(files)?;
    let vocab_size = || json!(tokenizer.vocab_size());
    config.entry("vocab_size").or_insert_with(vocab_size);
    // Where transformers has ids of its own for the family, a tokenizer without such a token is said to have none.
    let model = ModelConfig::read(&config)?;
    let has_defaults = !matches!(model, ModelConfig::Bert(_) | ModelConfig::DistilBert(_));
    for (key, id) in [
        ("bos_token_id", tokenizer.bos_id()),
        ("eos_token_id", tokenizer.eos_id()),
    ] {
        if (id.is_some() || has_defaults) && !config.contains_key(key) {
            config.insert(key.to_owned(), json!(id));
        }
    }
    // Where it is not said, each family takes an id of its own for padding, which may be a word here.
    if let Some(id) = tokenizer.named_pad_id() {
        config.entry("pad_token_id").or_insert(json!(id));
    }
    files.insert(CONFIG.to_owned(), Value::Object(config).to_string().into_bytes());
    Ok(model)
}

fn read_config(files: &Files) -> Result<Map<String, Value>, BundleError> {
    let bytes = files.get(CONFIG).ok_or_else(|| BundleError::Missing {
        file: CONFIG.to_owned(),
    })?;
    serde_json::from_slice(bytes).map_err(|source| BundleError::Json {
        file: CONFIG.to_owned(),
        source,
    })
}

/// `id2label` in the order of its ids. transformers' placeholders (`LABEL_0`) are labels like any other.
fn read_labels(config: &Map<String, Value>) -> Result<Vec<String>, BundleError> {
    let Some(Value::Object(id2label)) = config.get("id2label") else {
        return Ok(Vec::new());
    };
    let mut labels = vec![None; id2label.len()];
    for (id, label) in id2label {
        let slot = id.parse::<usize>().ok().and_then(|id| labels.get_mut(id));
        match (slot, label.as_str()) {
            (Some(slot), Some(label)) => *slot = Some(label.to_owned()),
            _ => {
                return Err(BundleError::config(
                    "id2label",
                    format!("{id:?}: {label}"),
                    "ids must count from 0 without gaps and labels must be strings",
                ));
            }
        }
    }
    let labels: Vec<String> = labels.into_iter().flatten().collect();
    let twice = |(place, label): &(usize, &String)| labels[..*place].contains(label);
    match labels.iter().enumerate().find(twice) {
        Some((id, label)) => Err(BundleError::config(
            "id2label",
            format!("\"{id}\": {label:?}"),
            "an earlier id has that label too",
        )),
        None => Ok(labels),
    }
}

/// The files that a sharded checkpoint's index names, each once.
fn shard_names(index: &[u8]) -> Result<Vec<String>, BundleError> {
    #[derive(serde::Deserialize)]
    struct Index {
        weight_map: std::collections::BTreeMap<String, String>,
    }
    let index: Index = serde_json::from_slice(index).map_err(|source| BundleError::Json {
        file: WEIGHTS_INDEX.to_owned(),
        source,
    })?;
    let names: std::collections::BTreeSet<String> = index.weight_map.into_values().collect();
    Ok(names.into_iter().collect())
}

#[cfg(test)]
mod tests;
