//! Writes down all that a run needs to go on as if it had not been broken off, and reads it back.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Run, RunHost, TrainError};
use crate::error::{Error, Result};
use crate::optim::{AdamW, AdamWConfig};
use crate::protocol::{TrainEvent, TrainingRecord};
use crate::training_config::{OptionError, TrainingConfig};
use crate::weights::{self, WeightsError};

const WEIGHTS: &str = "model.safetensors";
const BEST_WEIGHTS: &str = "best.safetensors";
const OPTIMIZER: &str = "optimizer.safetensors";
/// CBOR, since JSON does not give every float back as it was, and a tie between two evaluations hangs on the last bit.
const STATE: &str = "state.cbor";

/// What a checkpoint says beside the weights.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct RunState {
    pub config: TrainingConfig,
    pub data_hash: String,
    pub step: usize,
    pub epochs_done: usize,
    pub best: Option<f64>,
    pub without_improvement: usize,
    /// Whether the model of this step was to be evaluated when the run was stopped.
    pub evaluation_due: bool,
    pub record: TrainingRecord,
}

/// What a run had done when it wrote the checkpoint of these files; `None` where they hold none that is whole.
pub fn kept_record(files: &BTreeMap<String, Vec<u8>>) -> Option<TrainingRecord> {
    let state: RunState = ciborium::from_reader(&files.get(STATE)?[..]).ok()?;
    Some(state.record)
}

/// Whether the host has a checkpoint to go on from.
///
/// # Errors
/// If the host cannot read.
pub fn has_checkpoint(host: &mut dyn RunHost) -> Result<bool> {
    Ok(read(host, STATE)?.is_some())
}

impl Run<'_> {
    /// Goes on from the newest checkpoint, where the host has one.
    pub(super) fn resume(&mut self, host: &mut dyn RunHost) -> Result<()> {
        let Some(state) = read(host, STATE)? else {
            return Ok(());
        };
        let damaged = |file| TrainError::Damaged { file };
        let state: RunState = ciborium::from_reader(&state[..]).map_err(|_| damaged(STATE))?;
        if let Some(error) = other_option(self.inputs.config, &state.config) {
            return Err(TrainError::from(error).into());
        }
        if state.data_hash != self.inputs.data_hash {
            return Err(TrainError::OtherRun {
                what: "data, labels, words or model",
            }
            .into());
        }
        let bytes = read(host, WEIGHTS)?.ok_or_else(|| damaged(WEIGHTS))?;
        self.load_weights(bytes)?;
        let moments = read(host, OPTIMIZER)?.ok_or_else(|| damaged(OPTIMIZER))?;
        let device = self.inputs.device.clone().inner();
        self.optimizer =
            AdamW::load(adamw_config(self.inputs.config), &moments, &device).ok_or_else(|| damaged(OPTIMIZER))?;
        self.best_weights = read(host, BEST_WEIGHTS)?;
        self.state = state;
        let (step, total) = (self.state.step, self.schedule.total_steps);
        host.event(TrainEvent::Note {
            message: format!("goes on after step {step} of {total}"),
        });
        Ok(())
    }

    pub(super) fn load_weights(&mut self, bytes: Vec<u8>) -> Result<()> {
        let files = [(WEIGHTS.to_owned(), bytes)];
        let checkpoint = weights::Checkpoint::read(&files)?;
        let network = weights::load(
            self.network().clone(),
            &checkpoint,
            weights::Lacking::Frozen,
            &mut Default::default(),
        )?;
        // Loaded tensors learn again; what was frozen is frozen again.
        self.network = Some(network.freeze(self.inputs.config.train_layers));
        Ok(())
    }

    /// The weights that learn, to be kept. A sync point.
    ///
    /// # Errors
    /// If they are no numbers any more, or the device fails.
    pub(super) async fn learned(&self) -> Result<Vec<u8>> {
        self.kept(weights::save_learning(self.network()).await)
    }

    /// What was saved; the run has diverged where that is no numbers any more.
    fn kept(&self, saved: Result<Vec<u8>>) -> Result<Vec<u8>> {
        let step = self.state.step;
        saved.map_err(|error| match error {
            Error::Weights(WeightsError::NotFinite { .. }) => TrainError::Broken { step }.into(),
            other => other,
        })
    }

    /// Stores all that is needed to go on from here.
    pub(super) async fn checkpoint(&mut self, host: &mut dyn RunHost) -> Result<()> {
        if !host.share().is_first() {
            return Ok(());
        }
        let step = self.state.step;
        write(host, WEIGHTS, self.learned().await?)?;
        let moments = self.optimizer.save(&self.inputs.device.clone().inner()).await;
        write(host, OPTIMIZER, self.kept(moments)?)?;
        if let Some(best) = &self.best_weights {
            write(host, BEST_WEIGHTS, best.clone())?;
        }
        let mut state = Vec::new();
        ciborium::into_writer(&self.state, &mut state).expect("plain data serialises into memory");
        write(host, STATE, state)?;
        host.commit(step).await.map_err(|source| TrainError::Store {
            file: format!("of step {step}"),
            source,
        })?;
        host.event(TrainEvent::Checkpointed {
            epoch: self.state.epochs_done,
            step,
        });
        Ok(())
    }
}

/// The first option that is another than in the checkpoint, with the names of the others.
fn other_option(config: &TrainingConfig, kept: &TrainingConfig) -> Option<OptionError> {
    let mut differences = config.differences(kept).into_iter();
    let (key, value, kept) = differences.next()?;
    let others: Vec<String> = differences
        .map(|(key, ..)| format!(" and another --{}", key.replace('_', "-")))
        .collect();
    let kept = kept + &others.concat();
    let reason = format!("the checkpoint was made with {kept}; go on with that, or start again with --overwrite");
    Some(OptionError {
        key,
        value,
        reason: reason.into(),
    })
}

pub(super) fn adamw_config(config: &TrainingConfig) -> AdamWConfig {
    AdamWConfig {
        beta1: config.adam_beta1,
        beta2: config.adam_beta2,
        epsilon: config.adam_epsilon,
        weight_decay: config.weight_decay,
    }
}

fn read(host: &mut dyn RunHost, file: &str) -> Result<Option<Vec<u8>>> {
    let bytes = host.read(file).map_err(|source| TrainError::Store {
        file: file.to_owned(),
        source,
    })?;
    Ok(bytes)
}

fn write(host: &mut dyn RunHost, file: &str, bytes: Vec<u8>) -> Result<()> {
    host.write(file, bytes).map_err(|source| TrainError::Store {
        file: file.to_owned(),
        source,
    })?;
    Ok(())
}
