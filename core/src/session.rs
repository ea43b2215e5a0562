//! Owns the device and the model, and offers what the command line, the server and the browser's worker do with them.
//!
//! One session lives on one thread: GPU work is queued per thread, and tensors never leave it. Everything that goes in or
//! comes out is bytes or the messages of [`crate::protocol`].

mod fine_tune;

use std::sync::Arc;

use burn::module::Module;
use sha2::{Digest, Sha256};

use crate::bundle::{Bundle, BundleError};
use crate::data::{Example, LabelMap};
use crate::device::ComputeDevice;
use crate::error::Result;
use crate::examples::{ExampleSource, host_values};
use crate::metrics::{classification_report, gold_labels};
use crate::models::bert::BertConfig;
use crate::models::layers::{Dropout, WeightInit};
use crate::plan::{Workload, memory_bytes};
use crate::protocol::{Evaluation, Inspection, Prediction};
use crate::tasks::TaskError;
use crate::tasks::sequence_classification::{Pooling, SequenceClassification, argmax, is_head, mean_cross_entropy};
use crate::tokenizer::dictionary::Dictionary;
use crate::tokenizer::{Files, Tokenizer};
use crate::train::{TrainError, logits};
use crate::training_config::TrainLayers;
use crate::weights::{Checkpoint, LoadReport, load, save};

pub use fine_tune::TrainingData;

/// A model on a device.
pub struct Session {
    device: ComputeDevice,
    bundle: Bundle,
    tokenizer: Tokenizer,
    network: SequenceClassification,
    loaded: LoadReport,
    /// SHA-256 of the files the model was read from, so that a run is not resumed on another one.
    origin: String,
}

/// A data file as it was read.
#[derive(Debug, Clone, Copy)]
pub struct NamedExamples<'a> {
    /// The file's name, for messages.
    pub name: &'a str,
    /// Its rows.
    pub examples: &'a [Example],
}

/// Whether texts that are longer than asked are cut at the model's limit or at a shorter one.
fn cut_length(asked: Option<usize>, bundle: &Bundle) -> usize {
    let limit = bundle.model_config.max_position_embeddings;
    asked.unwrap_or(limit).min(limit)
}

impl Session {
    /// Reads a model folder and puts its weights on `device`. `dictionary` is the one that
    /// [`Tokenizer::dictionary_name`] asks for; most models need none.
    ///
    /// # Errors
    /// If files are missing or damaged, do not fit each other, or ask for what there is not.
    pub fn open(files: Files, dictionary: Option<Arc<Dictionary>>, device: ComputeDevice) -> Result<Self> {
        let mut bundle = Bundle::read(files)?;
        let tokenizer = Tokenizer::from_files_with_dictionary(bundle.files(), dictionary)?;
        bundle.check_vocabulary(&tokenizer)?;
        let shards = bundle.take_weights()?;
        let origin = file_hash(shards.iter().map(|(name, bytes)| (name, bytes)).chain(bundle.files()));
        let checkpoint = Checkpoint::read(&shards)?;
        let config = &bundle.model_config;
        check_device(config, &device)?;
        let num_labels = bundle.labels.len().max(2);
        let mut loaded = LoadReport::default();
        let mut init = WeightInit::new(0, config.initializer_range, device.device());
        let network = SequenceClassification::init(config, num_labels, &mut init);
        let network = load(network, &checkpoint, is_head, &mut loaded)?;
        if bundle.labels.is_empty() && loaded.initialised.is_empty() {
            // transformers leaves the names of two classes out of config.json.
            bundle.labels = (0..num_labels).map(|id| format!("LABEL_{id}")).collect();
        }
        Ok(Self {
            device,
            bundle,
            tokenizer,
            network,
            loaded,
            origin,
        })
    }

    /// The device the model is on.
    pub fn device(&self) -> &ComputeDevice {
        &self.device
    }

    /// The labels that a trained head can say.
    pub fn labels(&self) -> &[String] {
        &self.bundle.labels
    }

    /// Classifies `examples`; `progress` hears the number done. Texts longer than `max_length` or the model are cut; their
    /// number is returned.
    ///
    /// # Errors
    /// If the head is not trained or the device fails.
    pub async fn predict(
        &self,
        examples: &[Example],
        max_length: Option<usize>,
        batch_size: usize,
        progress: impl FnMut(usize),
    ) -> Result<(Vec<Prediction>, usize)> {
        let (rows, truncated) = self.logits(examples, max_length, batch_size, progress).await?;
        let predictions = rows
            .iter()
            .map(|row| Prediction::decode(row, &self.bundle.labels))
            .collect();
        Ok((predictions, truncated))
    }

    async fn logits(
        &self,
        examples: &[Example],
        max_length: Option<usize>,
        batch_size: usize,
        progress: impl FnMut(usize),
    ) -> Result<(Vec<Vec<f32>>, usize)> {
        if !self.loaded.initialised.is_empty() || self.bundle.labels.is_empty() {
            return Err(TaskError::NoHead {
                missing: self.loaded.initialised.clone(),
            }
            .into());
        }
        let source = ExampleSource::new(examples, &self.tokenizer, cut_length(max_length, &self.bundle));
        logits(&self.network, &source, batch_size, self.device.device(), progress).await
    }

    /// Classifies labelled `data` and scores it. `label_map` renames and merges labels on both sides; labels that the model
    /// cannot say count as wrong.
    ///
    /// # Errors
    /// If an example has no label, the head is not trained, or the device fails.
    pub async fn evaluate(
        &self,
        data: NamedExamples<'_>,
        label_map: &LabelMap,
        max_length: Option<usize>,
        batch_size: usize,
        progress: impl FnMut(usize),
    ) -> Result<Evaluation> {
        let mut gold = Vec::with_capacity(data.examples.len());
        for example in data.examples {
            let label = example.label.as_deref().ok_or_else(|| TaskError::NoLabel {
                file: data.name.to_owned(),
                line: example.line,
            })?;
            gold.push(label_map.apply(label));
        }
        let (rows, truncated) = self.logits(data.examples, max_length, batch_size, progress).await?;
        // Labels that the map merges are one class to the report.
        let labels: Vec<String> = self
            .bundle
            .labels
            .iter()
            .map(|label| label_map.apply(label).to_owned())
            .collect();
        let predicted: Vec<usize> = rows.iter().map(|row| argmax(row)).collect();
        let mut predictions: Vec<Prediction> = rows
            .iter()
            .map(|row| Prediction::decode(row, &self.bundle.labels))
            .collect();
        for (prediction, &label) in predictions.iter_mut().zip(&predicted) {
            prediction.label = labels[label].clone();
        }
        let gold = gold_labels(gold, &labels);
        let report = classification_report(&gold, &predicted, &labels).map_err(TrainError::from)?;
        Ok(Evaluation {
            loss: self.evaluation_loss(&rows, data.examples),
            report,
            predictions,
            truncated,
        })
    }

    /// Mean cross-entropy over the examples whose own label the model can say.
    fn evaluation_loss(&self, rows: &[Vec<f32>], examples: &[Example]) -> Option<f64> {
        let (mut logits, mut labels) = (Vec::new(), Vec::new());
        for (row, example) in rows.iter().zip(examples) {
            let own = example
                .label
                .as_ref()
                .and_then(|label| self.bundle.labels.iter().position(|known| known == label));
            if let Some(label) = own {
                logits.push(row.clone());
                labels.push(label);
            }
        }
        (!labels.is_empty()).then(|| mean_cross_entropy(&logits, &labels))
    }

    /// One vector a text, `[hidden]`.
    ///
    /// # Errors
    /// If a text cannot be encoded or the device fails.
    pub async fn embed(&self, examples: &[Example], pooling: Pooling, batch_size: usize) -> Result<Vec<Vec<f32>>> {
        let source = ExampleSource::new(examples, &self.tokenizer, cut_length(None, &self.bundle));
        let config = &self.bundle.model_config;
        let mut vectors = vec![Vec::new(); examples.len()];
        for batch in source.batches_by_length(batch_size)? {
            let window = source.window(&batch)?;
            let positions: Vec<usize> = (0..batch.len()).collect();
            let input = source.batch(&window, &positions, self.device.device());
            let hidden_states = self
                .network
                .hidden_states(&input, config.num_hidden_layers, &mut Dropout::off());
            let pooled = pooling.forward(hidden_states, input.attention_mask.clone());
            let values = host_values(pooled).await?;
            for (vector, &example) in values.chunks(config.hidden_size).zip(&batch) {
                vectors[example] = vector.to_vec();
            }
        }
        Ok(vectors)
    }

    /// The model as a folder that transformers loads. A sync point: reads every weight back.
    ///
    /// # Errors
    /// If the device fails.
    pub async fn to_files(&self) -> Result<Files> {
        let mut files = self.bundle.to_files();
        files.insert("model.safetensors".to_owned(), save(&self.network).await?);
        Ok(files)
    }

    /// What the folder holds.
    pub fn inspect(&self) -> Inspection {
        let config = &self.bundle.model_config;
        let text = |key: &str| {
            self.bundle
                .config_json
                .get(key)
                .and_then(|value| value.as_str())
                .map(str::to_owned)
        };
        let architectures = self
            .bundle
            .config_json
            .get("architectures")
            .and_then(|value| value.as_array());
        let has_head = self.loaded.initialised.is_empty();
        let memory = |train_layers| {
            let workload = Workload {
                train_layers,
                batch_size: 8,
                max_length: 128,
                cached_examples: 0,
            };
            memory_bytes(config, self.network.num_labels(), workload)
        };
        let choices = [
            TrainLayers::All,
            TrainLayers::Top(config.num_hidden_layers.div_ceil(2)),
            TrainLayers::Head,
        ];
        Inspection {
            model_type: text("model_type").unwrap_or_else(|| "bert".to_owned()),
            architectures: architectures
                .map(|names| {
                    names
                        .iter()
                        .filter_map(|name| name.as_str().map(str::to_owned))
                        .collect()
                })
                .unwrap_or_default(),
            labels: if has_head {
                self.bundle.labels.clone()
            } else {
                Vec::new()
            },
            hidden_size: config.hidden_size,
            num_hidden_layers: config.num_hidden_layers,
            num_attention_heads: config.num_attention_heads,
            vocab_size: config.vocab_size,
            tokenizer_vocab_size: self.tokenizer.vocab_size(),
            max_length: config.max_position_embeddings,
            parameters: self.network.num_params(),
            missing: self.loaded.initialised.clone(),
            training_memory: choices.map(|layers| (String::from(layers), memory(layers))).to_vec(),
        }
    }
}

/// Refuses a model whose largest weight is larger than the device can bind.
fn check_device(config: &BertConfig, device: &ComputeDevice) -> Result<()> {
    let bytes = 4 * (config.vocab_size * config.hidden_size) as u64;
    match device.max_storage_binding.filter(|&limit| bytes > limit) {
        Some(limit) => {
            let tensor = "bert.embeddings.word_embeddings.weight";
            Err(BundleError::TooLargeForDevice { tensor, bytes, limit }.into())
        }
        None => Ok(()),
    }
}

/// A hash of names and contents.
fn file_hash<'a>(files: impl Iterator<Item = (&'a String, &'a Vec<u8>)>) -> String {
    let mut hash = Sha256::new();
    for (name, bytes) in files {
        hash_field(&mut hash, name.as_bytes());
        hash_field(&mut hash, bytes);
    }
    hex(hash)
}

/// Adds a field with its length, so that no two lists of fields hash alike.
fn hash_field(hash: &mut Sha256, bytes: &[u8]) {
    hash.update((bytes.len() as u64).to_le_bytes());
    hash.update(bytes);
}

fn hex(hash: Sha256) -> String {
    hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}
