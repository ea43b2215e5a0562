//! Owns the device and the model, and offers what the command line, the server and the browser's worker do with them.
//!
//! One session lives on one thread: GPU work is queued per thread, and tensors never leave it. Everything that goes in or
//! comes out is bytes or the messages of [`crate::protocol`].

use std::sync::Arc;

use burn::module::Module;
use burn::tensor::Device;
use sha2::{Digest, Sha256};

use crate::bundle::{Bundle, BundleError};
use crate::data::{Example, LabelMap, balanced_class_weights, collect_labels};
use crate::device::ComputeDevice;
use crate::error::Result;
use crate::examples::{CachedPositions, ExampleSource, host_values};
use crate::loss::CrossEntropy;
use crate::metrics::{classification_report, gold_labels};
use crate::models::bert::BertConfig;
use crate::models::layers::{Dropout, WeightInit};
use crate::plan::{DoesNotFit, Workload, memory_bytes, parameters, trainable_parameters};
use crate::protocol::{Evaluation, Inspection, Prediction, RunPlan, TrainEvent, TrainingRecord};
use crate::tasks::TaskError;
use crate::tasks::sequence_classification::{
    Pooling, SequenceClassification, argmax, frozen_layers, is_head, label_ids, mean_cross_entropy,
};
use crate::tokenizer::dictionary::Dictionary;
use crate::tokenizer::{EncodeOptions, Encoding, Files, Tokenizer};
use crate::train::{Labelled, RunHost, RunInputs, TrainError, logits, total_steps, train};
use crate::training_config::{ClassWeights, TrainLayers, TrainingConfig};
use crate::weights::{Checkpoint, LoadReport, load, save};

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

/// What a run is given beside the model.
pub struct TrainingData<'a> {
    /// What is learned from.
    pub train: NamedExamples<'a>,
    /// What is measured on.
    pub eval: Option<NamedExamples<'a>>,
    /// What is scored at the end, by the caller: its labels are checked before anything is trained.
    pub test: Option<NamedExamples<'a>>,
    /// Free memory in bytes, where the caller knows it; a run that needs more is refused.
    pub available_memory: Option<u64>,
    /// Fails as a lost device would, at this step; for tests of what is left then.
    pub fail_at_step: Option<usize>,
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

    /// The model's tokenizer.
    pub fn tokenizer(&self) -> &Tokenizer {
        &self.tokenizer
    }

    /// Trains on `data`; the session that comes back has the trained model. The old weights are given up, so that they do
    /// not take memory beside the new ones.
    ///
    /// # Errors
    /// If options, labels and data do not fit each other (before anything is trained), or training fails.
    pub async fn train(
        mut self,
        config: &TrainingConfig,
        data: TrainingData<'_>,
        host: &mut dyn RunHost,
    ) -> Result<(Self, TrainingRecord)> {
        config.validate().map_err(TrainError::from)?;
        let labels = self.training_labels(data.train)?;
        let train_ids = label_ids(data.train.name, data.train.examples, &labels)?;
        let eval_ids = match data.eval {
            Some(eval) => Some(label_ids(eval.name, eval.examples, &labels)?),
            None => None,
        };
        if let Some(test) = data.test {
            label_ids(test.name, test.examples, &labels)?;
        }
        for part in [Some(data.train), data.eval, data.test].into_iter().flatten() {
            if part.examples.is_empty() {
                return Err(TaskError::Empty {
                    file: part.name.to_owned(),
                }
                .into());
            }
        }
        let loss = CrossEntropy {
            class_weights: class_weights(&config.class_weights, &labels, &train_ids)?,
            label_smoothing: config.label_smoothing as f32,
        };
        self.check_layers(config.train_layers)?;
        let plan = self.plan(config, &data, &labels);
        if let Some(available) = data.available_memory.filter(|&free| free < plan.memory_bytes) {
            let needed = plan.memory_bytes;
            return Err(TrainError::from(DoesNotFit { needed, available }).into());
        }
        host.event(TrainEvent::Started(plan));
        if data.eval.is_none() && (config.early_stopping_patience > 0 || config.eval_steps > 0) {
            let message = "without evaluation data there is no early stopping and no best model".to_owned();
            host.event(TrainEvent::Note { message });
        }
        let device = self.device.autodiff();
        let network = self.network_for(&labels, config, host);
        // Lazy weights, never drawn: they hold the place until the trained ones come.
        let model = &self.bundle.model_config;
        let mut init = WeightInit::new(0, model.initializer_range, self.device.device());
        self.network = SequenceClassification::init(model, labels.len(), &mut init);
        let max_length = cut_length(Some(config.max_length), &self.bundle);
        let source = |examples| ExampleSource::new(examples, &self.tokenizer, max_length);
        let mut train_set = Labelled {
            source: source(data.train.examples),
            labels: train_ids,
        };
        let mut eval_set = data.eval.zip(eval_ids).map(|(eval, ids)| Labelled {
            source: source(eval.examples),
            labels: ids,
        });
        if config.train_layers != TrainLayers::All {
            let sets = [Some(&mut train_set), eval_set.as_mut()];
            cache_frozen(sets, config.train_layers, &network, self.device.device(), host).await?;
        }
        let inputs = RunInputs {
            config,
            labels: &labels,
            train: train_set.into(),
            eval: eval_set,
            loss,
            data_hash: run_hash(&self.origin, &labels, &data),
            device: &device,
            fail_at_step: data.fail_at_step,
        };
        let (network, mut record) = train(network, inputs, host).await?;
        record.initialised = self.loaded.initialised.clone();
        self.network = network;
        self.loaded.initialised.clear();
        self.bundle.describe_classification(&labels);
        Ok((self, record))
    }

    /// The checkpoint's own labels where the data's are among them, else the data's.
    fn training_labels(&self, train: NamedExamples<'_>) -> Result<Vec<String>> {
        let found = collect_labels(train.examples);
        if self.loaded.initialised.is_empty() && found.iter().all(|label| self.bundle.labels.contains(label)) {
            return Ok(self.bundle.labels.clone());
        }
        match &found[..] {
            [only] => Err(TaskError::OneLabel {
                file: train.name.to_owned(),
                label: only.clone(),
            }
            .into()),
            _ => Ok(found),
        }
    }

    fn check_layers(&self, layers: TrainLayers) -> Result<()> {
        let there_are = self.bundle.model_config.num_hidden_layers;
        match layers {
            TrainLayers::Top(asked) if asked > there_are => Err(TrainError::TooManyLayers {
                asked,
                layers: there_are,
            }
            .into()),
            _ => Ok(()),
        }
    }

    fn plan(&self, config: &TrainingConfig, data: &TrainingData<'_>, labels: &[String]) -> RunPlan {
        let model = &self.bundle.model_config;
        let eval_examples = data.eval.map_or(0, |eval| eval.examples.len());
        let workload = Workload {
            train_layers: config.train_layers,
            batch_size: config.batch_size,
            max_length: config.max_length,
            cached_examples: data.train.examples.len() + eval_examples,
        };
        RunPlan {
            train_examples: data.train.examples.len(),
            eval_examples,
            labels: labels.to_vec(),
            total_steps: total_steps(config, data.train.examples.len()),
            parameters: parameters(model, labels.len()),
            trainable_parameters: trainable_parameters(model, labels.len(), config.train_layers),
            memory_bytes: memory_bytes(model, labels.len(), workload),
        }
    }

    /// The network that learns: with a new head where the labels changed, frozen where asked, with the run's dropout.
    fn network_for(
        &mut self,
        labels: &[String],
        config: &TrainingConfig,
        host: &mut dyn RunHost,
    ) -> SequenceClassification {
        let device = self.device.autodiff();
        let mut network = self.network.clone();
        let same_head = self.loaded.initialised.is_empty() && labels == self.bundle.labels;
        if !same_head {
            let range = self.bundle.model_config.initializer_range;
            let mut init = WeightInit::new(config.seed, range, self.device.device());
            let hidden = self.bundle.model_config.hidden_size;
            if self
                .loaded
                .initialised
                .iter()
                .any(|name| name.starts_with("bert.pooler."))
            {
                network.bert.pooler = Some(crate::models::bert::BertPooler {
                    dense: init.linear(hidden, hidden),
                });
            }
            network = network.with_classifier(init.linear(hidden, labels.len()));
            let message = match self.loaded.initialised.is_empty() {
                true => "the checkpoint's head has other labels: classifier.weight, classifier.bias begin at random"
                    .to_owned(),
                false => format!(
                    "not in the checkpoint, begin at random: {}",
                    self.loaded.initialised.join(", ")
                ),
            };
            host.event(TrainEvent::Note { message });
        }
        if let Some(dropout) = config.dropout {
            network.bert = network.bert.with_dropout(dropout);
        }
        network.to_device(&device).train().freeze(config.train_layers)
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

    /// Encodes one text or pair as the model reads it.
    ///
    /// # Errors
    /// If the tokenizer cannot.
    pub fn tokenize(&self, text: &str, text_pair: Option<&str>) -> Result<Encoding> {
        Ok(self.tokenizer.encode(text, text_pair, &EncodeOptions::default())?)
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

/// Computes once what the frozen layers make of every example of `sets`.
async fn cache_frozen(
    sets: [Option<&mut Labelled<'_>>; 2],
    layers: TrainLayers,
    network: &SequenceClassification,
    device: &Device,
    host: &mut dyn RunHost,
) -> Result<()> {
    let message = "the frozen layers are computed once for each example, without dropout".to_owned();
    host.event(TrainEvent::Note { message });
    let frozen = frozen_layers(layers, network.bert.config().num_hidden_layers);
    let positions = match layers {
        TrainLayers::Head => CachedPositions::First,
        TrainLayers::All | TrainLayers::Top(_) => CachedPositions::All,
    };
    let network = network.valid();
    let total = sets.iter().flatten().map(|set| set.labels.len()).sum();
    let mut before = 0;
    for set in sets.into_iter().flatten() {
        let tell = |done| {
            host.event(TrainEvent::Caching {
                done: before + done,
                total,
            });
            host.control()
        };
        set.source
            .cache_activations(&network, frozen, positions, device, tell)
            .await?;
        before += set.labels.len();
    }
    Ok(())
}

fn class_weights(weights: &ClassWeights, labels: &[String], train_ids: &[usize]) -> Result<Vec<f32>> {
    Ok(match weights {
        ClassWeights::None => vec![1.0; labels.len()],
        ClassWeights::Balanced => {
            let mut counts = vec![0u64; labels.len()];
            for &label in train_ids {
                counts[label] += 1;
            }
            balanced_class_weights(&counts)
                .into_iter()
                .map(|weight| weight as f32)
                .collect()
        }
        ClassWeights::Given(pairs) => {
            let mut values = vec![1.0; labels.len()];
            for (label, weight) in pairs {
                let index =
                    labels
                        .iter()
                        .position(|known| known == label)
                        .ok_or_else(|| TaskError::UnknownWeightLabel {
                            label: label.clone(),
                            known: labels.to_vec(),
                        })?;
                values[index] = *weight as f32;
            }
            if train_ids.iter().all(|&label| values[label] == 0.0) {
                return Err(TaskError::NoWeight.into());
            }
            values
        }
    })
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

/// A hash of the model, the labels and every example in order, so that a checkpoint is not continued on other ones.
fn run_hash(origin: &str, labels: &[String], data: &TrainingData<'_>) -> String {
    let mut hash = Sha256::new();
    hash_field(&mut hash, origin.as_bytes());
    for label in labels {
        hash_field(&mut hash, label.as_bytes());
    }
    let parts = [Some(data.train), data.eval];
    for example in parts.iter().flatten().flat_map(|part| part.examples) {
        for field in [Some(&example.text), example.text_pair.as_ref(), example.label.as_ref()] {
            hash_field(&mut hash, field.map_or("", String::as_str).as_bytes());
        }
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
