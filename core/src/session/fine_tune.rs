//! Fine-tunes a session's model: checks that options, labels and data fit each other, freezes, caches, and runs the loop.
//!
//! The loop itself is [`crate::train`]; everything that can be refused is refused here, before the first step.

use std::rc::Rc;

use burn::module::Module;
use burn::tensor::Device;
use sha2::{Digest, Sha256};

use super::{NamedExamples, Session, hash_field, hex};
use crate::bundle::BundleError;
use crate::data::{Example, LabelMap};
use crate::error::Result;
use crate::examples::{Answering, CachedPositions, CachingProgress, Extent, RowSource};
use crate::models::encoder::HeadActivation;
use crate::models::layers::WeightInit;
use crate::plan::{DoesNotFit, Pass, TooLargeForDevice, Workload, largest_tensor, memory_bytes, trainable_parameters};
use crate::protocol::{RunPlan, TrainEvent, TrainingRecord};
use crate::rows::{Answered, Purpose, TextEncoder};
use crate::tasks::network::{Head, Network, frozen_layers};
use crate::tasks::{Preparation, Task, TaskError};
use crate::tokenizer::Tokenizer;
use crate::train::{RunHost, RunInputs, TrainError, has_checkpoint, probe, total_steps, train};
use crate::training_config::{BestMetric, OptionError, Probe, TrainLayers, TrainingConfig};
use crate::weights::{Checkpoint, Lacking, LoadReport, ParameterName, load, parameter_names, save_where};

/// What a run is given beside the model.
pub struct TrainingData<'a> {
    /// What is learned from.
    pub train: NamedExamples<'a>,
    /// What is measured on.
    pub eval: Option<NamedExamples<'a>>,
    /// What is scored at the end, by the caller: its labels are checked before anything is trained.
    pub test: Option<NamedExamples<'a>>,
    /// All that `train` was drawn from, where it is a sample: labels that only the others have are learned too.
    pub drawn_from: Option<&'a [Example]>,
    /// The labels in the order of their numbers, where somebody listed them; else those of the data.
    pub labels: Option<&'a [String]>,
    /// Free memory in bytes, where the caller knows it; a run that needs more is refused.
    pub available_memory: Option<u64>,
    /// Fails as a lost device would, at this step; for tests of what is left then.
    pub fail_at_step: Option<usize>,
}

impl Session {
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
        let parts = [Some(data.train), data.eval, data.test].into_iter().flatten();
        if parts
            .flat_map(|part| part.examples)
            .any(|example| example.gold.words().is_some())
        {
            self.read_words()?;
        }
        let mut task = self.prepare(config, &data)?;
        let TextEncoder {
            max_length, longest, ..
        } = self.text_encoder(Some(config.max_length));
        let (network, initialised) = self.network_for(&*task, config).await?;
        let trained = {
            let text = TextEncoder {
                tokenizer: &self.tokenizer,
                max_length,
                longest,
                positions: self.bundle.model_config.positions(),
            };
            let mut train_set = source(data.train, &*task, text)?;
            // Only one replica evaluates.
            let evaluated = data.eval.filter(|_| host.share().is_first());
            let mut eval_set = evaluated.map(|eval| source(eval, &*task, text)).transpose()?;
            check_rows([(Some(data.train), Some(&train_set)), (data.eval, eval_set.as_ref())])?;
            let eval_extent = eval_set.as_ref().map_or_else(Extent::default, RowSource::extent);
            let plan = self.planned(config, &data, &network, &*task, [train_set.extent(), eval_extent])?;
            let notes = self.run_notes(&data, config, &*task)?;
            // Nothing that is in the way of the run is left to be found.
            host.event(TrainEvent::Started(plan));
            for message in notes {
                host.event(TrainEvent::Note { message });
            }
            // What goes on begins with what it had learned.
            if !has_checkpoint(host)? {
                self.tell_beginnings(&*task, config, &initialised, host);
            }
            // Lazy weights, never drawn: they hold the place until the trained ones come.
            let mut init = WeightInit::new(0, network.sizes().initializer_range, self.device.device());
            self.network = Network::init(&self.bundle.model_config, task.head(), &mut init);
            if config.train_layers != TrainLayers::All && task.repeats_rows() {
                let sets = [Some(&mut train_set), eval_set.as_mut()];
                cache_frozen(sets, config.train_layers, &network, &*task, self.device.device(), host).await?;
            }
            let user_dictionary = self.tokenizer.user_dictionary_sha256().unwrap_or_default();
            let inputs = RunInputs {
                config,
                task: &*task,
                train: train_set.into(),
                eval: eval_set.map(Rc::new),
                data_hash: run_hash([&self.origin, user_dictionary], task.labels(), &data),
                device: &self.device.autodiff(),
                fail_at_step: data.fail_at_step,
            };
            match config.probe {
                Probe::None => train(network, inputs, host).await?,
                Probe::Logistic => probe(network, inputs, host).await?,
            }
        };
        let (network, mut record) = trained;
        record.initialised = initialised;
        let settles = task.is_unsettled() && host.share().is_first();
        if let Some(eval) = data.eval.filter(|_| settles) {
            self.settle(&mut *task, eval, &network, config).await?;
        }
        self.network = Network {
            head: network.head.with_scaled_outputs(task.output_scale()),
            ..network
        };
        self.loaded.initialised.clear();
        self.spare = None;
        self.is_new = false;
        self.bundle.describe(task.kind(), task.labels(), task.config_entries());
        self.task = (task.kind().definition().of_bundle)(&self.bundle)?;
        Ok((self, record))
    }

    /// Has a tokenizer read words that are given one by one as they stand in a text, also once the model is saved.
    fn read_words(&mut self) -> Result<()> {
        let files = self.tokenizer.files_for_words(self.bundle.files())?;
        if !files.is_empty() {
            self.bundle.replace_files(files);
            self.tokenizer = Tokenizer::from_files(self.bundle.files())?.into();
        }
        Ok(())
    }

    /// What a run on `data` is going to do, and the memory it would take; nothing is trained. A sync point.
    ///
    /// # Errors
    /// If options, labels and data do not fit each other, or the run does not fit the memory there is or the device.
    pub async fn plan(&self, config: &TrainingConfig, data: &TrainingData<'_>) -> Result<RunPlan> {
        let task = self.prepare(config, data)?;
        let (network, _) = self.network_for(&*task, config).await?;
        let extent = |part: NamedExamples<'_>| -> Result<Extent> {
            let source = source(part, &*task, self.text_encoder(Some(config.max_length)))?;
            check_rows([(Some(part), Some(&source)), (None, None)])?;
            Ok(source.extent())
        };
        let extents = [extent(data.train)?, data.eval.map_or(Ok(Extent::default()), extent)?];
        self.planned(config, data, &network, &*task, extents)
    }

    /// What a run is going to do, unless it does not fit the memory there is, or the device.
    fn planned(
        &self,
        config: &TrainingConfig,
        data: &TrainingData<'_>,
        network: &Network,
        task: &dyn Task,
        [train, eval]: [Extent; 2],
    ) -> Result<RunPlan> {
        let words = |rows: usize| task.words_of(rows.saturating_mul(task.longest_row(config.max_length)));
        let workload = Workload {
            train_layers: config.train_layers,
            batch_size: config.batch_size,
            max_length: task.longest_row(config.max_length),
            cached_rows: if task.repeats_rows() { train.rows + eval.rows } else { 0 },
            reads: task.reads(),
            words: words(config.batch_size),
            evaluation: data.eval.map(|_| Pass {
                batch_size: config.eval_batch_size,
                words: words(config.eval_batch_size),
            }),
        };
        let needed = memory_bytes(network, workload);
        if let Some(available) = data.available_memory.filter(|&free| free < needed) {
            return Err(TrainError::from(DoesNotFit { needed, available }).into());
        }
        // Batches are as long as their longest row, and have no more rows than there are.
        let batch_size = workload.batch_size.min(train.rows);
        let evaluated = config.eval_batch_size.min(eval.rows);
        let at_once = Workload {
            batch_size,
            max_length: workload.max_length.min(train.longest.max(eval.longest)),
            words: words(batch_size),
            evaluation: data.eval.map(|_| Pass {
                batch_size: evaluated,
                words: words(evaluated),
            }),
            ..workload
        };
        let (tensor, bytes) = largest_tensor(network, at_once);
        if let Some(limit) = self.device.max_storage_binding.filter(|&limit| limit < bytes) {
            let needed = bytes;
            return Err(TrainError::from(TooLargeForDevice { tensor, needed, limit }).into());
        }
        Ok(RunPlan {
            train_examples: data.train.examples.len(),
            eval_examples: data.eval.map_or(0, |eval| eval.examples.len()),
            labels: task.labels().to_vec(),
            total_steps: match config.probe {
                Probe::None => total_steps(config, train.rows),
                Probe::Logistic => 1,
            },
            parameters: network.num_params(),
            trainable_parameters: match config.probe {
                Probe::None => trainable_parameters(network, config.train_layers),
                Probe::Logistic => network.head.classification().classifier.num_params(),
            },
            memory_bytes: needed,
        })
    }

    /// Refuses what cannot be trained, before anything is.
    fn prepare(&self, config: &TrainingConfig, data: &TrainingData<'_>) -> Result<Box<dyn Task>> {
        config.validate().map_err(TrainError::from)?;
        for part in [Some(data.train), data.eval, data.test].into_iter().flatten() {
            if part.examples.is_empty() {
                return Err(TaskError::Empty {
                    file: part.name.to_owned(),
                }
                .into());
            }
        }
        let definition = config.task.definition();
        if definition.is_causal != self.bundle.model_config.is_causal() {
            return Err(TaskError::WrongModel {
                task: config.task,
                model_type: self.bundle.model_config.model_type(),
            }
            .into());
        }
        if config.best_metric != BestMetric::Auto && !definition.metrics.contains(&config.best_metric) {
            return Err(TrainError::from(OptionError {
                key: "best_metric",
                value: String::from(config.best_metric),
                reason: "the task has no such metric".into(),
            })
            .into());
        }
        let goes_on = self.has_head() && self.task.kind() == config.task;
        let task = (definition.of_run)(&Preparation {
            config,
            train: data.train,
            labelled: data.drawn_from.unwrap_or(data.train.examples),
            tokenizer: &self.tokenizer,
            longest: self.network.sizes().max_length,
            has_eval: data.eval.is_some(),
            given_labels: data.labels,
            known_labels: goes_on.then(|| self.task.labels()),
        })?;
        let model_type = self.bundle.model_config.model_type();
        if self.is_new && !self.bundle.model_config.is_causal() && self.tokenizer.special_tokens_added(false) == 0 {
            let reason = "it reads texts between special tokens, and the tokenizer has none";
            return Err(BundleError::config("model_type", model_type, reason).into());
        }
        for part in [Some(data.train), data.eval, data.test].into_iter().flatten() {
            task.check(part)?;
            self.check_pairs(part.examples)?;
        }
        let longest = self.network.sizes().max_length;
        if config.block_size > longest {
            return Err(TrainError::from(OptionError {
                key: "block_size",
                value: config.block_size.to_string(),
                reason: "the model reads fewer tokens at once".into(),
            })
            .into());
        }
        let layers = self.network.sizes().num_hidden_layers;
        match config.train_layers {
            TrainLayers::Top(asked) if asked > layers => Err(TrainError::TooManyLayers { asked, layers }.into()),
            _ => Ok(task),
        }
    }

    /// The network that learns: with a new head where task or labels changed, frozen where asked, with the run's dropout.
    /// Names the weights that begin at random. A sync point.
    async fn network_for(&self, task: &dyn Task, config: &TrainingConfig) -> Result<(Network, Vec<String>)> {
        let same_task = self.task.kind() == task.kind();
        let same_labels = same_task && self.task.labels() == task.labels();
        let mut report = LoadReport::default();
        let mut network = self.network.clone();
        if !(same_labels && self.has_head()) {
            let known = match same_task {
                true => {
                    let lacking = &self.loaded.initialised;
                    let keep = |name: &ParameterName| {
                        name.is_of_head() && !lacking.contains(&name.name) && (same_labels || !name.is_of_labels)
                    };
                    Some(save_where(&self.network, keep).await?)
                }
                false => self.spare_head(task)?,
            };
            let known: Vec<(String, Vec<u8>)> = known.map(|bytes| ("head".to_owned(), bytes)).into_iter().collect();
            let model_config = &self.bundle.model_config;
            let range = model_config.sizes().initializer_range;
            let mut init = WeightInit::new(config.seed, range, self.device.device());
            network.head = Head::init(task.head(), model_config, &mut init);
            network = load(network, &Checkpoint::read(&known)?, Lacking::Encoder, &mut report)?;
            if self.is_plain(config, &report.initialised) {
                network.head = network.head.with_plain_dense();
            }
        }
        if report.initialised.is_empty() {
            network.head = network.head.with_scaled_outputs(1.0 / task.output_scale());
        }
        if let Some(dropout) = config.dropout {
            network = network.with_config(&self.bundle.model_config.with_dropout(dropout));
        }
        let network = network.to_device(&self.device.autodiff()).train();
        Ok((network.freeze(config.train_layers), report.initialised))
    }

    /// Whether the dense layer of the head, which the checkpoint lacks, passes on what it reads, so that a fit hangs on no random
    /// weights. An activation that drops half of a vector has random weights all the same.
    fn is_plain(&self, config: &TrainingConfig, initialised: &[String]) -> bool {
        config.probe == Probe::Logistic
            && self.bundle.model_config.classification_head().activation == HeadActivation::Tanh
            && initialised.iter().any(|name| name.ends_with("dense.weight"))
    }

    /// What the checkpoint holds of another task's head, but for the layer of the labels, which mean something else there.
    fn spare_head(&self, task: &dyn Task) -> Result<Option<Vec<u8>>> {
        let Some(spare) = &self.spare else {
            return Ok(None);
        };
        let config = &self.bundle.model_config;
        let mut init = WeightInit::new(0, config.sizes().initializer_range, self.device.device());
        let network = Network {
            encoder: self.network.encoder.clone(),
            head: Head::init(task.head(), config, &mut init),
        };
        let names = parameter_names(&network).into_iter();
        let of_labels: Vec<String> = names.filter(|name| name.is_of_labels).map(|name| name.name).collect();
        let files = [("spare".to_owned(), spare.clone())];
        let checkpoint = Checkpoint::read(&files)?;
        let kept = checkpoint.subset(|name| !of_labels.iter().any(|other| other == name))?;
        Ok(Some(kept))
    }

    /// What the run goes without, and what of its data is read otherwise than it is written.
    fn run_notes(&self, data: &TrainingData<'_>, config: &TrainingConfig, task: &dyn Task) -> Result<Vec<String>> {
        let mut notes = Vec::new();
        let (asked, longest) = (config.max_length, self.longest());
        // Running text is cut at another length.
        if asked > longest && task.longest_row(asked) == asked {
            let message = format!("--max-length is {asked}, but the model reads at most {longest} tokens at once");
            notes.push(message);
        }
        let is_open = |example: &&Example| example.gold.answers().is_some_and(<[_]>::is_empty);
        let count = data.train.examples.iter().filter(is_open).count();
        if count > 0 {
            let name = data.train.name;
            let message =
                format!("{name}: questions without an answer, from which the model learns to say so: {count}");
            notes.push(message);
        }
        if data.eval.is_none() && (config.early_stopping_patience > 0 || config.eval_steps > 0) {
            let message = "without evaluation data there is no early stopping and no best model".to_owned();
            notes.push(message);
        }
        for part in [Some(data.train), data.eval, data.test].into_iter().flatten() {
            let repaired = |example: &Example| example.gold.entities(&example.text).1;
            let count: usize = part.examples.iter().map(repaired).sum();
            if count > 0 {
                let name = part.name;
                let message = format!("{name}: entities that begin with an I- tag, which is read as a B-: {count}");
                notes.push(message);
            }
            notes.extend(task.notes(part, &self.text_encoder(Some(asked)))?);
        }
        Ok(notes)
    }

    /// Tells what the run begins with, where it is not what the folder holds.
    fn tell_beginnings(
        &self,
        task: &dyn Task,
        config: &TrainingConfig,
        initialised: &[String],
        host: &mut dyn RunHost,
    ) {
        if self.is_new {
            let message = "every weight begins at random".to_owned();
            host.event(TrainEvent::Note { message });
        } else if !initialised.is_empty() {
            let names = initialised.join(", ");
            let message = match self.has_head() && self.task.kind() == task.kind() {
                _ if self.is_plain(config, initialised) => {
                    "the checkpoint has no layer between the first token's vector and the labels: the vector itself is fitted to".to_owned()
                }
                true => format!("the checkpoint's head has other labels: {names} begin at random"),
                false => format!("not in the checkpoint, begin at random: {names}"),
            };
            host.event(TrainEvent::Note { message });
        }
    }

    /// Lets the task choose on the evaluation data what it has left open.
    async fn settle(
        &self,
        task: &mut dyn Task,
        eval: NamedExamples<'_>,
        network: &Network,
        config: &TrainingConfig,
    ) -> Result<()> {
        let text = self.text_encoder(Some(config.max_length));
        let source = RowSource::new(eval.examples, task, text, Purpose::Evaluate)?;
        let mut answering = Answering::new(network, &source, Purpose::Evaluate, config.eval_batch_size)?;
        while answering.step(self.device.device()).await?.is_some() {}
        let (outputs, _) = answering.finish();
        let rows = source.rows;
        task.settle(Answered {
            examples: eval.examples,
            rows: &rows,
            outputs: &outputs,
            label_map: &LabelMap::default(),
            text,
        });
        Ok(())
    }
}

/// The rows of `data`, whose name an error has; what could not be learned from is refused in all of it.
fn source<'a>(data: NamedExamples<'a>, task: &'a dyn Task, text: TextEncoder<'a>) -> Result<RowSource<'a>> {
    let source = RowSource::new(data.examples, task, text, Purpose::Train { draw: 0 });
    source.map_err(|error| error.in_file(data.name))
}

/// Refuses data of which nothing is left once its texts are tokens.
fn check_rows(sets: [(Option<NamedExamples<'_>>, Option<&RowSource<'_>>); 2]) -> Result<(), TaskError> {
    for (data, source) in sets {
        if let (Some(data), Some(source)) = (data, source)
            && source.rows.is_empty()
        {
            return Err(TaskError::NoText {
                file: data.name.to_owned(),
            });
        }
    }
    Ok(())
}

/// Computes once what the frozen layers make of every row of `sets`.
async fn cache_frozen(
    sets: [Option<&mut RowSource<'_>>; 2],
    layers: TrainLayers,
    network: &Network,
    task: &dyn Task,
    device: &Device,
    host: &mut dyn RunHost,
) -> Result<()> {
    let message = "the frozen layers are computed once for each example, without dropout".to_owned();
    host.event(TrainEvent::Note { message });
    let frozen = frozen_layers(layers, network.sizes().num_hidden_layers);
    let positions = match layers {
        TrainLayers::Head => task.reads(),
        TrainLayers::All | TrainLayers::Top(_) => CachedPositions::All,
    };
    let network = network.valid();
    let total = sets.iter().flatten().map(|set| set.rows.len()).sum();
    let mut before = 0;
    for set in sets.into_iter().flatten() {
        let progress = CachingProgress { host, before, total };
        set.cache_activations(&network, frozen, positions, device, progress)
            .await?;
        before += set.rows.len();
    }
    Ok(())
}

/// A hash of the model's files, the user's words, the labels and every example in order, so that a checkpoint is not
/// continued on other ones.
fn run_hash(model: [&str; 2], labels: &[String], data: &TrainingData<'_>) -> String {
    let mut hash = Sha256::new();
    for field in model.into_iter().chain(labels.iter().map(String::as_str)) {
        hash_field(&mut hash, field.as_bytes());
    }
    let parts = [Some(data.train), data.eval];
    for example in parts.iter().flatten().flat_map(|part| part.examples) {
        let pair = example.text_pair.as_deref().unwrap_or_default();
        let gold = example.gold.to_string();
        for field in [&example.text, pair, &gold] {
            hash_field(&mut hash, field.as_bytes());
        }
    }
    hex(hash)
}
