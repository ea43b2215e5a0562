//! Runs the training loop: epochs, optimizer steps, evaluations, checkpoints, resumption.
//!
//! The order of the examples depends on seed and epoch, dropout on seed and step, so a run that was killed goes on as if it
//! had not been. [`RunHost`] is what the loop asks of the outside: a place to keep bytes, and whether to go on.

mod checkpoint;

use std::rc::Rc;

use burn::module::Module;
use burn::tensor::{Device, Tensor};

use self::checkpoint::{RunState, adamw_config};
use crate::batch::bucketed;
use crate::data::shuffle;
use crate::error::{DeviceError, Result};
use crate::examples::{ExampleSource, Window, host_values, windows};
use crate::loss::CrossEntropy;
use crate::metrics::{GoldLabel, MetricsError, classification_report};
use crate::models::layers::{Dropout, mix};
use crate::optim::{AdamW, GradientSum};
use crate::protocol::{EvaluationRecord, StepRecord, TrainEvent, TrainingRecord};
use crate::schedule::Schedule;
use crate::tasks::sequence_classification::{SequenceClassification, argmax, mean_cross_entropy};
use crate::training_config::{BestMetric, OptionError, TrainingConfig};
use crate::weights;

/// Why a run cannot start or go on.
#[derive(Debug, thiserror::Error)]
pub enum TrainError {
    /// An option outside its range.
    #[error(transparent)]
    Option(#[from] OptionError),
    /// The run does not fit the memory there is.
    #[error(transparent)]
    DoesNotFit(#[from] crate::plan::DoesNotFit),
    /// More labels than a report can show.
    #[error(transparent)]
    Metrics(#[from] MetricsError),
    /// `top:K` asks for more layers than the model has.
    #[error("--train-layers top:{asked}: the model has {layers} layers")]
    TooManyLayers {
        /// What was asked for.
        asked: usize,
        /// What there is.
        layers: usize,
    },
    /// The loss is not a number any more.
    #[error("the loss is {loss} at step {step}: lower --learning-rate")]
    Diverged {
        /// Optimizer steps done.
        step: usize,
        /// The loss.
        loss: f64,
    },
    /// The user stopped the run before its first step.
    #[error("stopped before the first step")]
    Interrupted,
    /// A checkpoint could not be written or read.
    #[error("checkpoint file {file}")]
    Store {
        /// Its name.
        file: String,
        /// What the host said.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// A checkpoint that does not belong to this run.
    #[error("the checkpoint was made with other {what}; start again with --overwrite")]
    OtherRun {
        /// Options or data.
        what: &'static str,
    },
    /// A checkpoint that is damaged.
    #[error("the checkpoint's {file} is damaged")]
    Damaged {
        /// Its name.
        file: &'static str,
    },
}

/// Whether the loop goes on after an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Control {
    /// It does.
    Continue,
    /// It ends after this step, with what it has.
    Stop,
}

/// An error of the outside, of any kind.
pub type HostError = Box<dyn std::error::Error + Send + Sync>;

/// What the loop asks of the outside.
pub trait RunHost {
    /// Hears an event.
    fn event(&mut self, event: TrainEvent);
    /// Is asked after each step whether to go on.
    fn control(&mut self) -> Control;
    /// Keeps `bytes` as a file of the checkpoint that is being written.
    fn write(&mut self, file: &str, bytes: Vec<u8>) -> std::result::Result<(), HostError>;
    /// Makes the files written since the last commit the newest checkpoint, all or none.
    fn commit(&mut self, step: usize) -> std::result::Result<(), HostError>;
    /// Reads a file of the newest checkpoint; `None` where there is none.
    fn read(&mut self, file: &str) -> std::result::Result<Option<Vec<u8>>, HostError>;
}

/// Labelled examples.
pub struct Labelled<'a> {
    /// Where batches come from.
    pub source: ExampleSource<'a>,
    /// Label number of each example.
    pub labels: Vec<usize>,
}

/// All that a run starts from.
pub struct RunInputs<'a> {
    /// The options, validated.
    pub config: &'a TrainingConfig,
    /// The labels' names.
    pub labels: &'a [String],
    /// What is learned from.
    pub train: Rc<Labelled<'a>>,
    /// What is measured on.
    pub eval: Option<Labelled<'a>>,
    /// The loss.
    pub loss: CrossEntropy,
    /// Hash of all data, so that a checkpoint is not continued on other data.
    pub data_hash: String,
    /// A device with autodiff.
    pub device: &'a Device,
    /// Fails as a lost device would, at this step; for tests of what is left then.
    pub fail_at_step: Option<usize>,
}

/// Optimizer steps of a run over `examples` examples.
pub fn total_steps(config: &TrainingConfig, examples: usize) -> usize {
    config.epochs * steps_per_epoch(config, examples)
}

fn step_size(config: &TrainingConfig) -> usize {
    config.batch_size * config.gradient_accumulation_steps
}

fn steps_per_epoch(config: &TrainingConfig, examples: usize) -> usize {
    examples.div_ceil(step_size(config))
}

/// Trains `network`, whose frozen parts need no gradient, and returns it with the record of the run.
///
/// # Errors
/// If the loss diverges, the device fails, the host cannot store, or a checkpoint is of another run.
pub async fn train(
    network: SequenceClassification,
    inputs: RunInputs<'_>,
    host: &mut dyn RunHost,
) -> Result<(SequenceClassification, TrainingRecord)> {
    let mut run = Run::new(network, inputs);
    run.resume(host)?;
    while run.state.epochs_done < run.inputs.config.epochs && !run.state.record.stopped_early {
        if run.epoch(host).await? == Control::Stop {
            run.state.record.interrupted = true;
            break;
        }
    }
    run.finish(host).await
}

struct Run<'a> {
    /// Taken out while a step replaces its weights, so that they are changed in place.
    network: Option<SequenceClassification>,
    inputs: RunInputs<'a>,
    optimizer: AdamW,
    schedule: Schedule,
    state: RunState,
    /// Losses and gradient norms of the steps since the last report, still on the device.
    pending: Vec<Tensor<1>>,
    /// Weights of the best evaluation.
    best_weights: Option<Vec<u8>>,
}

impl<'a> Run<'a> {
    fn network(&self) -> &SequenceClassification {
        self.network.as_ref().expect("the network is back after each step")
    }

    fn new(network: SequenceClassification, inputs: RunInputs<'a>) -> Self {
        let config = inputs.config;
        let total_steps = total_steps(config, inputs.train.labels.len());
        let warmup_steps = match config.warmup_steps {
            // transformers rounds the ratio up.
            0 => (config.warmup_ratio * total_steps as f64).ceil() as usize,
            steps => steps,
        };
        Self {
            optimizer: AdamW::new(adamw_config(config)),
            schedule: Schedule {
                kind: config.lr_schedule,
                peak: config.learning_rate,
                warmup_steps,
                total_steps,
            },
            state: RunState {
                config: config.clone(),
                data_hash: inputs.data_hash.clone(),
                step: 0,
                epochs_done: 0,
                best: None,
                without_improvement: 0,
                record: TrainingRecord {
                    truncated: inputs.train.source.truncated_in_cache(),
                    ..TrainingRecord::default()
                },
            },
            network: Some(network),
            inputs,
            pending: Vec::new(),
            best_weights: None,
        }
    }

    /// One pass over the data.
    async fn epoch(&mut self, host: &mut dyn RunHost) -> Result<Control> {
        let config = self.inputs.config;
        let epoch = self.state.epochs_done;
        let mut order: Vec<usize> = (0..self.inputs.train.labels.len()).collect();
        let seed = mix(config.seed).wrapping_add(epoch as u64);
        shuffle(&mut order, seed);
        // Steps of this epoch that a resumed run has behind it.
        let mut skip = self.state.step - epoch * steps_per_epoch(config, order.len());
        for (number, window) in windows(order.len(), step_size(config)).enumerate() {
            let steps = window.len().div_ceil(step_size(config));
            if skip >= steps {
                skip -= steps;
                continue;
            }
            let seed = seed ^ (number as u64) << 32;
            let control = self.window(&order[window], seed, skip, host).await?;
            skip = 0;
            if control == Control::Stop {
                self.report(host).await?;
                self.checkpoint(host).await?;
                return Ok(if self.state.record.stopped_early {
                    Control::Continue
                } else {
                    Control::Stop
                });
            }
        }
        self.report(host).await?;
        self.state.epochs_done += 1;
        if config.eval_steps == 0 {
            self.evaluate(host).await?;
        }
        self.checkpoint(host).await?;
        Ok(host.control())
    }

    /// The optimizer steps of one window of the epoch's order, but for the first `skip`.
    async fn window(&mut self, indices: &[usize], seed: u64, skip: usize, host: &mut dyn RunHost) -> Result<Control> {
        let config = self.inputs.config;
        let source = Rc::clone(&self.inputs.train);
        let window = source.source.window(indices)?;
        if self.state.epochs_done == 0 {
            self.state.record.truncated += window.truncated();
        }
        let lengths = match config.length_bucketing {
            true => window.lengths(),
            false => vec![0; indices.len()],
        };
        let batches = bucketed(&lengths, config.batch_size, Some(seed));
        for micro_batches in batches.chunks(config.gradient_accumulation_steps).skip(skip) {
            let (loss, norm) = self.step(&window, indices, micro_batches)?;
            self.state.step += 1;
            self.pending.extend([loss, norm]);
            if self.state.step.is_multiple_of(config.logging_steps) {
                self.report(host).await?;
            }
            if config.eval_steps > 0 && self.state.step.is_multiple_of(config.eval_steps) {
                self.evaluate(host).await?;
            }
            if self.state.record.stopped_early || host.control() == Control::Stop {
                return Ok(Control::Stop);
            }
        }
        Ok(Control::Continue)
    }

    /// One optimizer step over some micro-batches; loss and gradient norm stay on the device, `[1]` each.
    fn step(
        &mut self,
        window: &Window,
        indices: &[usize],
        micro_batches: &[Vec<usize>],
    ) -> Result<(Tensor<1>, Tensor<1>)> {
        let Self { inputs, state, .. } = self;
        if inputs.fail_at_step == Some(state.step) {
            return Err(DeviceError::Failed {
                during: "training",
                reason: "injected failure".to_owned(),
            }
            .into());
        }
        let network = self.network.take().expect("the network is back after each step");
        let labels_of = |positions: &[usize]| -> Vec<Option<usize>> {
            positions
                .iter()
                .map(|&position| Some(inputs.train.labels[indices[position]]))
                .collect()
        };
        let denominator: f64 = micro_batches
            .iter()
            .map(|positions| inputs.loss.weight_sum(&labels_of(positions)))
            .sum();
        let mut gradients = GradientSum::default();
        let mut total: Option<Tensor<1>> = None;
        for (number, positions) in micro_batches.iter().enumerate() {
            let batch = inputs.train.source.batch(window, positions, inputs.device);
            let place = (state.step * inputs.config.gradient_accumulation_steps + number) as u64;
            let logits = network.forward(&batch, &mut Dropout::of_step(inputs.config.seed, place));
            let loss = inputs.loss.forward(logits, &labels_of(positions), denominator);
            gradients.add(&network, loss.backward());
            let loss = loss.without_autodiff();
            total = Some(match total {
                Some(total) => total + loss,
                None => loss,
            });
        }
        if let Some((path, elements)) = network.padding_row() {
            gradients.clear(path, elements);
        }
        let limit = match inputs.config.max_grad_norm {
            0.0 => f64::MAX,
            norm => norm,
        };
        let norm = gradients.clip_global_norm(limit);
        let learning_rate = self.schedule.learning_rate(state.step);
        self.network = Some(self.optimizer.step(network, gradients, learning_rate));
        let zero = || Tensor::zeros([1], &self.inputs.device.clone().inner());
        Ok((total.unwrap_or_else(zero), norm.unwrap_or_else(zero)))
    }

    /// Reads the pending losses back and tells them. A sync point.
    async fn report(&mut self, host: &mut dyn RunHost) -> Result<()> {
        if self.pending.is_empty() {
            return Ok(());
        }
        let steps = self.pending.len() / 2;
        let values = host_values(Tensor::cat(std::mem::take(&mut self.pending), 0)).await?;
        let loss = values.iter().step_by(2).map(|&loss| f64::from(loss)).sum::<f64>() / steps as f64;
        let step = self.state.step;
        if !loss.is_finite() {
            return Err(TrainError::Diverged { step, loss }.into());
        }
        let examples = self.inputs.train.labels.len();
        let epoch = step as f64 / steps_per_epoch(self.inputs.config, examples) as f64;
        let record = StepRecord {
            step,
            epoch,
            loss,
            learning_rate: self.schedule.learning_rate(step - 1),
            gradient_norm: values.last().copied().unwrap_or_default().into(),
            examples: (epoch * examples as f64) as usize,
        };
        self.state.record.steps.push(record.clone());
        host.event(TrainEvent::Step(record));
        Ok(())
    }

    /// Measures the model, keeps it where it is the best, and notes where patience has run out.
    async fn evaluate(&mut self, host: &mut dyn RunHost) -> Result<()> {
        let Some(eval) = &self.inputs.eval else {
            return Ok(());
        };
        let config = self.inputs.config;
        let network = self.network().valid();
        let device = self.inputs.device.clone().inner();
        let (logits, _) = logits(&network, &eval.source, config.eval_batch_size, &device, |_| {}).await?;
        let loss = mean_cross_entropy(&logits, &eval.labels);
        let predicted: Vec<usize> = logits.iter().map(|row| argmax(row)).collect();
        let gold: Vec<GoldLabel> = eval.labels.iter().map(|&label| GoldLabel::Known(label)).collect();
        let report = classification_report(&gold, &predicted, self.inputs.labels).map_err(TrainError::from)?;
        let score = match config.best_metric {
            BestMetric::Accuracy => report.accuracy,
            BestMetric::MacroF1 => report.macro_f1,
            BestMetric::Mcc => report.mcc,
            BestMetric::Loss => -loss,
        };
        let best = self.state.best.is_none_or(|best| score > best);
        if best {
            self.state.best = Some(score);
            self.state.without_improvement = 0;
            self.state.record.kept_step = self.state.step;
            if config.keep_best {
                self.best_weights = Some(weights::save(&network).await?);
            }
        } else {
            self.state.without_improvement += 1;
        }
        let record = EvaluationRecord {
            step: self.state.step,
            epoch: self.state.step as f64 / steps_per_epoch(config, self.inputs.train.labels.len()) as f64,
            loss,
            report,
            best,
        };
        self.state.record.evaluations.push(record.clone());
        host.event(TrainEvent::Evaluated(record));
        let patience = config.early_stopping_patience;
        self.state.record.stopped_early = patience > 0 && self.state.without_improvement >= patience;
        Ok(())
    }

    /// The model to keep, off the autodiff device, and the record.
    async fn finish(mut self, host: &mut dyn RunHost) -> Result<(SequenceClassification, TrainingRecord)> {
        self.report(host).await?;
        match self.best_weights.take().filter(|_| self.inputs.config.keep_best) {
            Some(bytes) => self.load_weights(bytes)?,
            None => self.state.record.kept_step = self.state.step,
        }
        Ok((self.network().valid(), self.state.record))
    }
}

/// Logits of every example, in their order, and how many texts were cut. A sync point for each batch; `progress` hears the
/// number of examples done.
pub async fn logits(
    network: &SequenceClassification,
    source: &ExampleSource<'_>,
    batch_size: usize,
    device: &Device,
    mut progress: impl FnMut(usize),
) -> Result<(Vec<Vec<f32>>, usize)> {
    let mut rows: Vec<Vec<f32>> = vec![Vec::new(); source.examples.len()];
    let (mut done, mut truncated) = (0, 0);
    for batch in source.batches_by_length(batch_size)? {
        let window = source.window(&batch)?;
        truncated += window.truncated();
        let positions: Vec<usize> = (0..batch.len()).collect();
        let input = source.batch(&window, &positions, device);
        let values = host_values(network.forward(&input, &mut Dropout::off())).await?;
        for (row, &example) in values.chunks(network.num_labels().max(1)).zip(&batch) {
            rows[example] = row.to_vec();
        }
        done += batch.len();
        progress(done);
    }
    Ok((rows, truncated))
}
