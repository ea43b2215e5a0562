//! Runs the training loop: epochs, optimizer steps, evaluations, checkpoints, resumption.
//!
//! The order of the examples depends on seed and epoch, dropout on seed and step, so a run that was killed goes on as if it
//! had not been. [`RunHost`] is what the loop asks of the outside: a place to keep bytes, and whether to go on.

mod checkpoint;
mod evaluation;
mod host;
#[cfg(feature = "probe")]
mod probe;
#[cfg(not(feature = "probe"))]
#[path = "train/no_probe.rs"]
mod probe;
mod replicas;

use std::collections::BTreeMap;
use std::rc::Rc;

use burn::module::Module;
use burn::tensor::{Device, Tensor};

use self::checkpoint::{RunState, adamw_config};
use crate::batch::bucketed;
use crate::data::shuffle;
use crate::error::{DeviceError, Result};
use crate::examples::{RowSource, Window, host_values, windows};
use crate::models::layers::{Dropout, mix};
use crate::optim::{AdamW, GradientSum};
use crate::protocol::{StepRecord, TrainEvent, TrainingRecord};
use crate::rows::{Purpose, Target};
use crate::schedule::Schedule;
use crate::tasks::Task;
use crate::tasks::network::Network;
use crate::training_config::TrainingConfig;

pub use self::checkpoint::{has_checkpoint, kept_record};
pub use self::host::{Control, HostError, HostFuture, RunHost, TrainError};
pub use self::probe::probe;
pub use self::replicas::{Collective, Groups, Share, all_reduce};

/// All that a run starts from.
pub struct RunInputs<'a> {
    /// The options, validated.
    pub config: &'a TrainingConfig,
    /// What is learned.
    pub task: &'a dyn Task,
    /// What is learned from.
    pub train: Rc<RowSource<'a>>,
    /// What is measured on.
    pub eval: Option<Rc<RowSource<'a>>>,
    /// Hash of all data, so that a checkpoint is not continued on other data.
    pub data_hash: String,
    /// A device with autodiff.
    pub device: &'a Device,
    /// Fails as a lost device would, at this step; for tests of what is left then.
    pub fail_at_step: Option<usize>,
}

/// What the sum of the losses is called among the gradients, whose names have a point.
const LOSS: &str = "loss";

/// Optimizer steps of a run over `rows` rows.
pub fn total_steps(config: &TrainingConfig, rows: usize) -> usize {
    config.epochs * steps_per_epoch(config, rows)
}

fn step_size(config: &TrainingConfig) -> usize {
    config.batch_size * config.gradient_accumulation_steps
}

fn steps_per_epoch(config: &TrainingConfig, rows: usize) -> usize {
    rows.div_ceil(step_size(config))
}

/// Trains `network`, whose frozen parts need no gradient, and returns it with the record of the run.
///
/// # Errors
/// If the loss diverges, the device fails, the host cannot store, or a checkpoint is of another run.
pub async fn train(
    network: Network,
    inputs: RunInputs<'_>,
    host: &mut dyn RunHost,
) -> Result<(Network, TrainingRecord)> {
    let mut run = Run::new(network, inputs, host.share());
    run.resume(host)?;
    if run.share.replicas > 1 {
        let message = format!("workers that share each step: {}", run.share.replicas);
        host.event(TrainEvent::Note { message });
    }
    if run.state.evaluation_due && run.evaluate(host).await? == Control::Stop {
        run.state.record.interrupted = true;
        return run.finish(host).await;
    }
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
    network: Option<Network>,
    inputs: RunInputs<'a>,
    /// What of each micro-batch is computed here.
    share: Share,
    /// What is exchanged with the others.
    groups: Groups,
    optimizer: AdamW,
    schedule: Schedule,
    state: RunState,
    /// Losses and gradient norms of the steps since the last report, still on the device.
    pending: Vec<Tensor<1>>,
    /// Weights of the best evaluation.
    best_weights: Option<Vec<u8>>,
}

impl<'a> Run<'a> {
    fn network(&self) -> &Network {
        self.network.as_ref().expect("the network is back after each step")
    }

    fn new(network: Network, inputs: RunInputs<'a>, share: Share) -> Self {
        let config = inputs.config;
        let total_steps = total_steps(config, inputs.train.rows.len());
        let warmup_steps = match config.warmup_steps {
            // transformers rounds the ratio up.
            0 => (config.warmup_ratio * total_steps as f64).ceil() as usize,
            steps => steps,
        };
        Self {
            share,
            groups: match share.replicas {
                1 => Groups::default(),
                _ => Groups::of(&network),
            },
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
                evaluation_due: false,
                record: TrainingRecord {
                    truncated: inputs.train.truncated_in_cache(),
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
        let mut order: Vec<usize> = (0..self.inputs.train.rows.len()).collect();
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
                return Ok(match self.state.record.stopped_early {
                    true => Control::Continue,
                    false => Control::Stop,
                });
            }
        }
        self.report(host).await?;
        self.state.epochs_done += 1;
        // The last steps are judged, too, though the run may end between two evaluations.
        let is_last = self.state.epochs_done == config.epochs;
        let control = match config.eval_steps {
            0 => self.evaluate(host).await?,
            steps if is_last && !self.state.step.is_multiple_of(steps) => self.evaluate(host).await?,
            _ => Control::Continue,
        };
        self.checkpoint(host).await?;
        Ok(match control {
            Control::Stop => Control::Stop,
            Control::Continue => host.control().await,
        })
    }

    /// The optimizer steps of one window of the epoch's order, but for the first `skip`.
    async fn window(&mut self, indices: &[usize], seed: u64, skip: usize, host: &mut dyn RunHost) -> Result<Control> {
        let config = self.inputs.config;
        let source = Rc::clone(&self.inputs.train);
        let purpose = Purpose::Train {
            draw: mix(config.seed).wrapping_add(self.state.epochs_done as u64),
        };
        let window = source.window(indices, purpose)?;
        if self.state.epochs_done == 0 {
            self.state.record.truncated += window.truncated();
        }
        let lengths = match config.length_bucketing {
            true => (0..indices.len()).map(|position| window.length(position)).collect(),
            false => vec![0; indices.len()],
        };
        let batches = bucketed(&lengths, config.batch_size, Some(seed));
        for micro_batches in batches.chunks(config.gradient_accumulation_steps).skip(skip) {
            let (loss, norm) = self.step(&window, micro_batches, host).await?;
            self.state.step += 1;
            self.pending.extend([loss, norm]);
            if self.state.step.is_multiple_of(config.logging_steps) {
                self.report(host).await?;
            }
            let mut control = host.control().await;
            if config.eval_steps > 0 && self.state.step.is_multiple_of(config.eval_steps) {
                self.state.evaluation_due = true;
                if control == Control::Continue {
                    control = self.evaluate(host).await?;
                }
            }
            if self.state.record.stopped_early || control == Control::Stop {
                return Ok(Control::Stop);
            }
        }
        Ok(Control::Continue)
    }

    /// One optimizer step over some micro-batches; loss and gradient norm stay on the device, `[1]` each. A sync point where
    /// there are replicas.
    async fn step(
        &mut self,
        window: &Window<'_>,
        micro_batches: &[Vec<usize>],
        host: &mut dyn RunHost,
    ) -> Result<(Tensor<1>, Tensor<1>)> {
        if self.inputs.fail_at_step == Some(self.state.step) {
            return Err(DeviceError::Failed {
                during: "training",
                reason: "injected failure".to_owned(),
            }
            .into());
        }
        let device = self.inputs.device.clone().inner();
        let mut sums = self.gradients(window, micro_batches);
        if self.share.replicas > 1 {
            sums = match all_reduce(sums, &self.groups, host, &device).await? {
                Some(sums) => sums,
                None if !self.share.is_first() => return Err(TrainError::Interrupted.into()),
                None => {
                    self.share = Share::WHOLE;
                    let message = "a worker that shared the steps is lost; this one goes on alone".to_owned();
                    host.event(TrainEvent::Note { message });
                    self.gradients(window, micro_batches)
                }
            };
        }
        let total = sums.remove(LOSS);
        let mut gradients = GradientSum::of_parameters(sums);
        for (path, elements) in self.network().padding_rows() {
            gradients.clear(&path, elements);
        }
        let limit = match self.inputs.config.max_grad_norm {
            0.0 => f64::MAX,
            norm => norm,
        };
        let norm = gradients.clip_global_norm(limit);
        let learning_rate = self.schedule.learning_rate(self.state.step);
        let network = self.network.take().expect("the network is back after each step");
        self.network = Some(self.optimizer.step(network, gradients, learning_rate));
        let zero = || Tensor::zeros([1], &device);
        Ok((total.unwrap_or_else(zero), norm.unwrap_or_else(zero)))
    }

    /// The sums of this replica's gradients by parameter path, and of its losses.
    fn gradients(&self, window: &Window, micro_batches: &[Vec<usize>]) -> BTreeMap<String, Tensor<1>> {
        let Self { inputs, state, .. } = self;
        let network = self.network();
        let weight = |positions: &Vec<usize>| {
            let rows = window.rows(positions);
            let targets: Vec<&Target> = rows.iter().map(|row| &row.target).collect();
            inputs.task.weight(&targets)
        };
        let counted: f64 = micro_batches.iter().map(weight).sum();
        // A step in which nothing counts moves nothing.
        let denominator = if counted > 0.0 { counted } else { 1.0 };
        let mut gradients = GradientSum::default();
        let mut total: Option<Tensor<1>> = None;
        for (number, all) in micro_batches.iter().enumerate() {
            let share = self.share.rows(all.len());
            let (first_row, positions) = (share.start, &all[share]);
            if positions.is_empty() {
                continue;
            }
            // As wide as the whole batch, so that dropout draws for each element what it draws there.
            let width = all.iter().map(|&position| window.length(position)).max();
            let batch = inputs
                .train
                .batch_of_width(window, positions, width.unwrap_or_default(), inputs.device);
            let place = (state.step * inputs.config.gradient_accumulation_steps + number) as u64;
            let mut dropout = Dropout::of_step(inputs.config.seed, place).from_row(first_row);
            let rows = window.rows(positions);
            let pass = network.pass(&batch, &rows, &mut dropout);
            let loss = inputs.task.loss(pass, denominator, &mut dropout);
            gradients.add(network, loss.backward());
            let loss = loss.without_autodiff();
            total = Some(match total {
                Some(total) => total + loss,
                None => loss,
            });
        }
        let mut sums = gradients.into_parameters();
        sums.extend(total.map(|total| (LOSS.to_owned(), total)));
        sums
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
        let rows = self.inputs.train.rows.len();
        let epoch = step as f64 / steps_per_epoch(self.inputs.config, rows) as f64;
        let record = StepRecord {
            step,
            epoch,
            loss,
            learning_rate: self.schedule.learning_rate(step - 1),
            gradient_norm: values.last().copied().unwrap_or_default().into(),
            examples: (epoch * rows as f64) as usize,
        };
        self.state.record.steps.push(record.clone());
        host.event(TrainEvent::Step(record));
        Ok(())
    }

    /// The model to keep, off the autodiff device, and the record.
    async fn finish(mut self, host: &mut dyn RunHost) -> Result<(Network, TrainingRecord)> {
        self.report(host).await?;
        match self.best_weights.take().filter(|_| self.inputs.config.keep_best) {
            Some(bytes) => self.load_weights(bytes)?,
            None => self.state.record.kept_step = self.state.step,
        }
        Ok((self.network().valid(), self.state.record))
    }
}
