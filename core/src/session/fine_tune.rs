//! Fine-tunes a session's model: checks that options, labels and data fit each other, freezes, caches, and runs the loop.
//!
//! The loop itself is [`crate::train`]; everything that can be refused is refused here, before the first step.

use burn::module::Module;
use burn::tensor::Device;
use sha2::{Digest, Sha256};

use super::{NamedExamples, Session, cut_length, hash_field, hex};
use crate::data::{balanced_class_weights, collect_labels};
use crate::error::Result;
use crate::examples::{CachedPositions, ExampleSource};
use crate::loss::CrossEntropy;
use crate::models::bert::BertPooler;
use crate::models::layers::WeightInit;
use crate::plan::{DoesNotFit, Workload, memory_bytes, parameters, trainable_parameters};
use crate::protocol::{RunPlan, TrainEvent, TrainingRecord};
use crate::tasks::TaskError;
use crate::tasks::sequence_classification::{SequenceClassification, frozen_layers, label_ids};
use crate::train::{Labelled, RunHost, RunInputs, TrainError, total_steps, train};
use crate::training_config::{ClassWeights, TrainLayers, TrainingConfig};

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

/// What a run is made of once it is known to fit together.
struct Checked {
    labels: Vec<String>,
    train_ids: Vec<usize>,
    eval_ids: Option<Vec<usize>>,
    loss: CrossEntropy,
    plan: RunPlan,
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
        let Checked {
            labels,
            train_ids,
            eval_ids,
            loss,
            plan,
        } = self.check(config, &data)?;
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

    /// Refuses what cannot be trained, before anything is.
    fn check(&self, config: &TrainingConfig, data: &TrainingData<'_>) -> Result<Checked> {
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
        let plan = self.plan(config, data, &labels);
        if let Some(available) = data.available_memory.filter(|&free| free < plan.memory_bytes) {
            let needed = plan.memory_bytes;
            return Err(TrainError::from(DoesNotFit { needed, available }).into());
        }
        Ok(Checked {
            labels,
            train_ids,
            eval_ids,
            loss,
            plan,
        })
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
                network.bert.pooler = Some(BertPooler {
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
