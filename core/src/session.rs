//! Owns the device and the model, and offers what the command line, the server and the browser's worker do with them.
//!
//! One session lives on one thread: GPU work is queued per thread, and tensors never leave it. Everything that goes in or
//! comes out is bytes or the messages of [`crate::protocol`].

mod continuation;
mod copies;
mod explain;
mod fine_tune;
mod guesses;

use std::sync::Arc;

use burn::module::Module;
use sha2::{Digest, Sha256};

use crate::bundle::{self, Bundle, BundleError};
use crate::data::{Example, LabelMap};
use crate::device::ComputeDevice;
use crate::error::{Error, Result};
use crate::examples::{Answering, RowSource, host_values};
use crate::models::encoder::ModelSizes;
use crate::models::layers::{Dropout, WeightInit, mix};
use crate::plan::{Workload, memory_bytes};
use crate::protocol::{Evaluation, Inspection, Prediction};
use crate::rows::{Answered, Output, Purpose, RowIndex, TextEncoder};
use crate::tasks::features::Pooling;
use crate::tasks::masked_lm::encode_open;
use crate::tasks::network::Network;
use crate::tasks::sequence_classification::SequenceClassification;
use crate::tasks::{Setting, Task, TaskError, TaskKind};
use crate::tokenizer::dictionary::Dictionary;
use crate::tokenizer::{EncodeOptions, Encoding, Files, Tokenizer};
use crate::train::Control;
use crate::training_config::TrainLayers;
use crate::weights::{Checkpoint, Lacking, LoadReport, load, parameter_names, save};

pub use crate::data::NamedExamples;
pub use explain::{Question, Reasons};
pub use fine_tune::TrainingData;

/// A model on a device.
pub struct Session {
    device: ComputeDevice,
    bundle: Bundle,
    tokenizer: Arc<Tokenizer>,
    /// What the head is for; the usual task where the folder names none of ours.
    task: Box<dyn Task>,
    network: Network,
    loaded: LoadReport,
    /// The checkpoint's tensors that the network did not take, as safetensors: another task's head may be among them. Nothing
    /// once the encoder has moved away from them.
    spare: Option<Vec<u8>>,
    /// Whether the encoder was never trained.
    is_new: bool,
    /// SHA-256 of the files the model was read from, so that a run is not resumed on another one.
    origin: String,
}

/// What the model says of some examples.
struct Answers {
    rows: RowIndex,
    outputs: Vec<Output>,
    truncated: usize,
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
        let sizes = bundle.model_config.sizes();
        check_device(sizes, &device)?;
        let task = (bundle.usual_task().definition().of_bundle)(&bundle)?;
        let mut loaded = LoadReport::default();
        let mut init = WeightInit::new(0, sizes.initializer_range, device.device());
        let network = Network::init(&bundle.model_config, task.head(), &mut init);
        let network = load(network, &checkpoint, Lacking::Head, &mut loaded)?;
        let spare = checkpoint.subset(|name| !loaded.used.contains(name) && !is_copy_or_constant(name))?;
        Ok(Self {
            device,
            bundle,
            tokenizer: tokenizer.into(),
            task,
            network,
            loaded,
            spare: Some(spare),
            is_new: false,
            origin,
        })
    }

    /// A model whose weights begin at random, by `seed`: `files` are those of a tokenizer and a config.json, which may leave
    /// out `vocab_size`.
    ///
    /// # Errors
    /// As [`Self::open`].
    pub fn from_scratch(
        mut files: Files,
        dictionary: Option<Arc<Dictionary>>,
        device: ComputeDevice,
        seed: u64,
    ) -> Result<Self> {
        let mut tokenizer = Tokenizer::from_files_with_dictionary(&files, dictionary.clone())?;
        let model = bundle::complete_config(&mut files, &tokenizer)?;
        let written = tokenizer.files_for_transformers(&files, model.sizes().type_vocab_size)?;
        if !written.is_empty() {
            // Read as it will be from the folder that is saved.
            files.extend(written);
            tokenizer = Tokenizer::from_files_with_dictionary(&files, dictionary)?;
        }
        let bundle = Bundle::read(files)?;
        bundle.check_vocabulary(&tokenizer)?;
        let origin = file_hash(bundle.files().iter());
        let sizes = bundle.model_config.sizes();
        check_device(sizes, &device)?;
        let task = (bundle.usual_task().definition().of_bundle)(&bundle)?;
        // Another seed than the head's, which is drawn when training begins.
        let mut init = WeightInit::new(mix(seed), sizes.initializer_range, device.device());
        let network = Network::init(&bundle.model_config, task.head(), &mut init);
        let names = parameter_names(&network).into_iter();
        let initialised = names.filter(|name| name.is_of_head()).map(|name| name.name);
        Ok(Self {
            loaded: LoadReport {
                initialised: initialised.collect(),
                ..LoadReport::default()
            },
            device,
            bundle,
            tokenizer: tokenizer.into(),
            task,
            network,
            spare: None,
            is_new: true,
            origin,
        })
    }

    /// SHA-256 of the files that the model was read from.
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// The device the model is on.
    pub fn device(&self) -> &ComputeDevice {
        &self.device
    }

    /// The labels that a trained head can say.
    pub fn labels(&self) -> &[String] {
        self.task.labels()
    }

    /// What the model reads of a text or a pair, cut to its longest; where it guesses hidden words, with places left open.
    ///
    /// # Errors
    /// If the text cannot be encoded.
    pub fn encode(&self, text: &str, text_pair: Option<&str>) -> Result<Encoding> {
        self.bundle.check_types(&self.tokenizer, text_pair)?;
        let options = EncodeOptions::max_length(self.longest());
        match self.task.kind() {
            TaskKind::MaskedLm => encode_open(&self.tokenizer, text, text_pair, &options),
            _ => Ok(self.tokenizer.encode(text, text_pair, &options)?),
        }
    }

    /// What cuts texts into the model's tokens.
    pub fn tokenizer(&self) -> &Tokenizer {
        &self.tokenizer
    }

    /// What the model is for, or would be by default.
    pub fn task(&self) -> TaskKind {
        self.task.kind()
    }

    /// Takes a way of reading the model's outputs instead of the one that it was saved with.
    ///
    /// # Errors
    /// If its task has no such setting.
    pub fn set(&mut self, setting: Setting) -> Result<()> {
        Ok(self.task.set(setting)?)
    }

    /// Whether the head was trained, here or by whoever made the folder, and is one that is read.
    pub fn has_head(&self) -> bool {
        self.loaded.initialised.is_empty() && self.bundle.unread_class().is_none()
    }

    fn check_head(&self) -> Result<()> {
        if self.has_head() {
            return Ok(());
        }
        let task = self.task.kind();
        if let Some(class) = self.bundle.unread_class() {
            let class = class.to_owned();
            return Err(TaskError::UnreadHead { class, task }.into());
        }
        let error = match self.loaded.misfits.first() {
            Some(misfit) => TaskError::OtherHead {
                task,
                // A single one is no choice, and the task then counts two without names.
                labels: match self.bundle.labels.len() {
                    0 => self.task.labels().len().max(1),
                    named => named,
                },
                tensor: misfit.tensor.clone(),
                found: misfit.found.clone(),
                expected: misfit.expected.clone(),
            },
            None => TaskError::NoHead {
                task,
                missing: self.loaded.initialised.clone(),
            },
        };
        Err(error.into())
    }

    /// Refuses pairs of texts where the model has no type for the second of them; an empty one may have no token.
    fn check_pairs(&self, examples: &[Example]) -> Result<()> {
        let pairs = examples.iter().filter_map(|example| example.text_pair.as_deref());
        let longest = pairs.max_by_key(|pair| pair.trim().len());
        Ok(self.bundle.check_types(&self.tokenizer, longest)?)
    }

    /// The most tokens that the model reads at once.
    pub fn longest(&self) -> usize {
        self.bundle.model_config.sizes().max_length
    }

    /// The tokens at which texts are cut, or passages in windows, where `max_length` is asked for, or the usual.
    pub fn usual_length(&self, max_length: Option<usize>) -> usize {
        self.text_encoder(max_length).max_length
    }

    /// What of `data` is read or answered otherwise than one may expect, where texts are cut at `max_length` or the usual.
    ///
    /// # Errors
    /// If a text cannot be encoded.
    pub fn notes(&self, data: NamedExamples<'_>, max_length: Option<usize>) -> Result<Vec<String>> {
        self.task.notes(data, &self.text_encoder(max_length))
    }

    /// Texts as ids, cut at `max_length`, else at what the task learned with, else at the model's limit, which no other exceeds.
    fn text_encoder(&self, max_length: Option<usize>) -> TextEncoder<'_> {
        let limit = self.longest();
        TextEncoder {
            tokenizer: &self.tokenizer,
            max_length: max_length.or(self.task.max_length()).unwrap_or(limit).min(limit),
            longest: limit,
            positions: self.bundle.model_config.positions(),
        }
    }

    /// Says what the model makes of `examples`; `progress` hears the number of rows done and of all, and says between batches
    /// whether to go on. Texts longer than `max_length` or the model are cut; their number is returned.
    ///
    /// # Errors
    /// If the head is not trained, the task makes no predictions, the device fails, or `progress` ended it.
    pub async fn predict(
        &self,
        examples: &[Example],
        max_length: Option<usize>,
        batch_size: usize,
        progress: impl AsyncFnMut(usize, usize) -> Control,
    ) -> Result<(Vec<Prediction>, usize)> {
        let text = self.text_encoder(max_length);
        let answers = self
            .answers(examples, text, Purpose::Predict, batch_size, progress)
            .await?;
        let predictions = self.task.predictions(Answered {
            examples,
            rows: &answers.rows,
            outputs: &answers.outputs,
            label_map: &LabelMap::default(),
            text,
        });
        Ok((predictions, answers.truncated))
    }

    async fn answers(
        &self,
        examples: &[Example],
        text: TextEncoder<'_>,
        purpose: Purpose,
        batch_size: usize,
        mut progress: impl AsyncFnMut(usize, usize) -> Control,
    ) -> Result<Answers> {
        self.check_head()?;
        self.check_pairs(examples)?;
        let source = RowSource::new(examples, &*self.task, text, purpose)?;
        let mut answering = Answering::new(&self.network, &source, purpose, batch_size)?;
        while let Some(done) = answering.step(self.device.device()).await? {
            progress(done, source.rows.len()).await.go_on()?;
        }
        let (outputs, truncated) = answering.finish();
        Ok(Answers {
            rows: source.rows,
            outputs,
            truncated,
        })
    }

    /// Asks the model about `data` and scores it. `label_map` renames and merges labels on both sides; labels that the model
    /// cannot say count as wrong.
    ///
    /// # Errors
    /// If an example has no right answer, the head is not trained, or the device fails.
    pub async fn evaluate(
        &self,
        data: NamedExamples<'_>,
        label_map: &LabelMap,
        max_length: Option<usize>,
        batch_size: usize,
        progress: impl AsyncFnMut(usize, usize) -> Control,
    ) -> Result<Evaluation> {
        self.task.check_gold(data)?;
        let text = self.text_encoder(max_length);
        let answers = self
            .answers(data.examples, text, Purpose::Evaluate, batch_size, progress)
            .await
            .map_err(|error| error.in_file(data.name))?;
        let answered = Answered {
            examples: data.examples,
            rows: &answers.rows,
            outputs: &answers.outputs,
            label_map,
            text,
        };
        let (loss, report) = self.task.report(answered)?;
        Ok(Evaluation {
            loss,
            report,
            predictions: self.task.predictions(answered),
            truncated: answers.truncated,
        })
    }

    /// One vector a text or pair, `[hidden]`, whatever the model was trained for; and how many of them were longer than the
    /// model reads and were cut.
    ///
    /// # Errors
    /// If a text cannot be encoded or the device fails.
    pub async fn embed(
        &self,
        examples: &[Example],
        pooling: Pooling,
        batch_size: usize,
    ) -> Result<(Vec<Vec<f32>>, usize)> {
        self.check_pairs(examples)?;
        // Any task that reads an example as one row will do: a long passage is cut here, not cut up.
        let plain = SequenceClassification::plain(Vec::new());
        let source = RowSource::new(
            examples,
            &plain,
            self.text_encoder(Some(self.longest())),
            Purpose::Predict,
        )?;
        let sizes = self.network.sizes();
        let (mut vectors, mut truncated) = (vec![Vec::new(); examples.len()], 0);
        for batch in source.batches_by_length(batch_size)? {
            let window = source.window(&batch, Purpose::Predict)?;
            truncated += window.truncated();
            let positions: Vec<usize> = (0..batch.len()).collect();
            let input = source.batch(&window, &positions, self.device.device());
            let mut dropout = Dropout::off();
            let hidden_states = self
                .network
                .encoder
                .hidden_states(&input, sizes.num_hidden_layers, &mut dropout);
            let pooled = pooling.forward(hidden_states, input.attention_mask.clone());
            let values = host_values(pooled).await?;
            for (vector, &example) in values.chunks(sizes.hidden_size).zip(&batch) {
                vectors[example] = vector.to_vec();
            }
        }
        Ok((vectors, truncated))
    }

    /// The model as a folder that transformers loads. A sync point: reads every weight back.
    ///
    /// # Errors
    /// If the device fails.
    pub async fn to_files(&self) -> Result<Files> {
        let mut files = self.bundle.to_files();
        files.extend(
            self.tokenizer
                .files_for_transformers(&files, self.network.sizes().type_vocab_size)?,
        );
        files.insert("model.safetensors".to_owned(), save(&self.network).await?);
        Ok(files)
    }

    /// What the folder holds.
    pub fn inspect(&self) -> Inspection {
        let sizes = self.network.sizes();
        let names = self.bundle.config_json.get("architectures");
        let names = names.and_then(|value| value.as_array()).into_iter().flatten();
        let memory = |train_layers| {
            let workload = Workload {
                train_layers,
                batch_size: 8,
                max_length: 128,
                cached_rows: 0,
                reads: self.task.reads(),
                words: self.task.words_of(8 * 128),
                evaluation: None,
            };
            (String::from(train_layers), memory_bytes(&self.network, workload))
        };
        let choices = [
            TrainLayers::All,
            TrainLayers::Top(sizes.num_hidden_layers.div_ceil(2)),
            TrainLayers::Head,
        ];
        Inspection {
            model_type: self.bundle.model_config.model_type().to_owned(),
            architectures: names.filter_map(|name| name.as_str().map(str::to_owned)).collect(),
            task: self.has_head().then(|| self.task.kind()),
            labels: match self.has_head() {
                true => self.task.labels().to_vec(),
                false => Vec::new(),
            },
            thresholds: match self.has_head() {
                true => self.task.thresholds().to_vec(),
                false => Vec::new(),
            },
            hidden_size: sizes.hidden_size,
            num_hidden_layers: sizes.num_hidden_layers,
            num_attention_heads: sizes.num_attention_heads,
            vocab_size: sizes.vocab_size,
            tokenizer_vocab_size: self.tokenizer.vocab_size(),
            max_length: sizes.max_length,
            parameters: self.network.num_params(),
            missing: self.loaded.initialised.clone(),
            unread_head: match self.check_head() {
                Err(Error::Task(error @ (TaskError::OtherHead { .. } | TaskError::UnreadHead { .. }))) => {
                    Some(error.to_string())
                }
                _ => None,
            },
            training_memory: choices.map(memory).to_vec(),
        }
    }
}

/// Whether a tensor of a checkpoint says nothing new: a decoder's matrix is the word embeddings' once more, and GPT-2's masks
/// are the same in every model.
fn is_copy_or_constant(name: &str) -> bool {
    [
        "decoder.weight",
        "vocab_projector.weight",
        "lm_head.weight",
        ".attn.bias",
        ".attn.masked_bias",
    ]
    .iter()
    .any(|end| name.ends_with(end))
}

/// Refuses a model whose largest weight is larger than the device can bind.
fn check_device(sizes: ModelSizes, device: &ComputeDevice) -> Result<()> {
    let bytes = 4 * (sizes.vocab_size * sizes.hidden_size) as u64;
    match device.max_storage_binding.filter(|&limit| bytes > limit) {
        Some(limit) => {
            let tensor = "the word embedding table";
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
