//! Keeps training runs in the browser's storage: what was asked, the newest checkpoint, the result.
//!
//! A run is a folder `runs/<id>`: `request.json` is written once; `state.0.json` and `state.1.json` are written in turn, so
//! that one of them is always whole; the newer whole one names the checkpoint that counts.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use terakoya_core::device::DeviceChoice;
use terakoya_core::tokenizer::Files;
use terakoya_core::training_config::TrainingConfig;

use super::lock::runs_at_work;
use super::storage::{Storage, StorageError};
use crate::messages::{Kept, KeptModel, ModelSource, Row, SavedRun};

/// What a run was asked to do: with the model's files all that is needed to do it again.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct RunRequest {
    /// The base model's name.
    pub model: String,
    /// Where the base model comes from.
    pub source: ModelSource,
    /// Where it runs.
    pub device: DeviceChoice,
    /// The options.
    pub config: TrainingConfig,
    /// Training rows.
    pub train: Vec<Row>,
    /// Evaluation rows.
    pub eval: Vec<Row>,
    /// When it began, in milliseconds since 1970.
    pub started: f64,
}

#[derive(Debug, Clone, Default, Serialize, Deserialize)]
struct RunState {
    sequence: u64,
    /// Folder of the newest checkpoint.
    checkpoint: Option<String>,
    epochs_done: usize,
    labels: Vec<String>,
    finished: bool,
}

/// One run's folder.
pub struct RunFolder {
    storage: Storage,
    id: String,
    state: RunState,
}

/// Where all runs are.
const RUNS: &str = "runs";

/// How the names of a run's checkpoints begin.
const CHECKPOINT: &str = "checkpoint-";

impl RunFolder {
    /// Makes the folder of a new run.
    ///
    /// # Errors
    /// If there is no room.
    pub async fn create(storage: Storage, id: String, request: &RunRequest) -> Result<Self, StorageError> {
        let folder = Self {
            storage,
            id,
            state: RunState::default(),
        };
        let json = serde_json::to_vec(request).unwrap_or_default();
        folder.storage.write(&folder.path("request.json"), &json).await?;
        Ok(folder)
    }

    /// Opens the folder of a run that is kept; `None` where there is none or nothing whole in it.
    pub async fn open(storage: Storage, id: &str) -> Option<(Self, RunRequest)> {
        let mut folder = Self {
            storage,
            id: id.to_owned(),
            state: RunState::default(),
        };
        let request = folder.storage.read(&folder.path("request.json")).await.ok()??;
        let request = serde_json::from_slice(&request).ok()?;
        for slot in 0..2 {
            let Ok(Some(bytes)) = folder.storage.read(&folder.state_path(slot)).await else {
                continue;
            };
            // A state that a crash cut off is not JSON; the other one counts then.
            if let Ok(state) = serde_json::from_slice::<RunState>(&bytes)
                && state.sequence >= folder.state.sequence
            {
                folder.state = state;
            }
        }
        Some((folder, request))
    }

    fn path(&self, name: &str) -> String {
        format!("{RUNS}/{}/{name}", self.id)
    }

    fn state_path(&self, slot: u64) -> String {
        self.path(&format!("state.{slot}.json"))
    }

    /// Makes `state` the one that counts, and drops the checkpoints that count no more.
    async fn write_state(&mut self, state: RunState) -> Result<(), StorageError> {
        let mut state = state;
        state.sequence = self.state.sequence + 1;
        let json = serde_json::to_vec(&state).unwrap_or_default();
        self.storage.write(&self.state_path(state.sequence % 2), &json).await?;
        self.state = state;
        for name in self.storage.list(&self.path("")).await {
            if name.starts_with(CHECKPOINT) && self.state.checkpoint.as_ref() != Some(&name) {
                // One that cannot be removed now goes with the next.
                let _ = self.storage.remove(&self.path(&name)).await;
            }
        }
        Ok(())
    }

    /// Makes `files` the newest checkpoint, all or none, and drops the one before.
    ///
    /// # Errors
    /// If there is no room; the checkpoint before stays then.
    pub async fn commit(
        &mut self,
        files: &[(String, Vec<u8>)],
        epochs_done: usize,
        labels: &[String],
    ) -> Result<(), StorageError> {
        let name = format!("{CHECKPOINT}{}", self.state.sequence + 1);
        for (file, bytes) in files {
            if let Err(error) = self.storage.write(&self.path(&format!("{name}/{file}")), bytes).await {
                // What was written of it only takes room.
                let _ = self.storage.remove(&self.path(&name)).await;
                return Err(error);
            }
        }
        let state = RunState {
            checkpoint: Some(name),
            epochs_done,
            labels: labels.to_vec(),
            ..self.state.clone()
        };
        self.write_state(state).await
    }

    /// Epochs that were done when the newest checkpoint was made.
    pub fn epochs_done(&self) -> usize {
        self.state.epochs_done
    }

    /// The files of the newest checkpoint.
    ///
    /// # Errors
    /// If they cannot be read.
    pub async fn checkpoint(&self) -> Result<BTreeMap<String, Vec<u8>>, StorageError> {
        match &self.state.checkpoint {
            Some(name) => read_files(&self.storage, &self.path(name)).await,
            None => Ok(BTreeMap::new()),
        }
    }

    /// Keeps the fine-tuned model and gives up the checkpoint.
    ///
    /// # Errors
    /// If there is no room; the checkpoint stays then.
    pub async fn finish(&mut self, files: &Files, epochs_done: usize, labels: &[String]) -> Result<(), StorageError> {
        for (file, bytes) in files {
            if let Err(error) = self.storage.write(&self.path(&format!("result/{file}")), bytes).await {
                // A part of it only takes room, which the next checkpoint needs.
                let _ = self.storage.remove(&self.path("result")).await;
                return Err(error);
            }
        }
        let state = RunState {
            checkpoint: None,
            epochs_done,
            labels: labels.to_vec(),
            finished: true,
            ..self.state.clone()
        };
        self.write_state(state).await
    }

    /// The description of a run that ended.
    pub async fn description(&self) -> Option<String> {
        let kept = self.storage.read(&self.path("result/training.json")).await;
        String::from_utf8(kept.ok()??).ok()
    }

    /// The fine-tuned model; empty where the run did not end.
    ///
    /// # Errors
    /// If it cannot be read.
    pub async fn result(&self) -> Result<Files, StorageError> {
        match self.state.finished {
            true => read_files(&self.storage, &self.path("result")).await,
            false => Ok(Files::new()),
        }
    }
}

async fn read_files(storage: &Storage, folder: &str) -> Result<BTreeMap<String, Vec<u8>>, StorageError> {
    let mut files = BTreeMap::new();
    for name in storage.list(folder).await {
        if let Some(bytes) = storage.read(&format!("{folder}/{name}")).await? {
            files.insert(name, bytes);
        }
    }
    Ok(files)
}

/// All that is kept.
pub async fn list(storage: Option<&Storage>) -> Kept {
    let Some(storage) = storage else {
        return Kept::default();
    };
    let mut kept = Kept {
        available: true,
        ..Kept::default()
    };
    let at_work = runs_at_work().await;
    for id in storage.list(RUNS).await {
        let Some((folder, request)) = RunFolder::open(storage.clone(), &id).await else {
            continue;
        };
        kept.runs.push(SavedRun {
            bytes: storage.bytes_in(&format!("{RUNS}/{id}")).await,
            at_work: at_work.contains(&id),
            id,
            model: request.model,
            started: request.started,
            epochs_done: folder.state.epochs_done,
            epochs: request.config.epochs,
            labels: folder.state.labels,
            finished: folder.state.finished,
        });
    }
    kept.runs.sort_by(|left, right| right.started.total_cmp(&left.started));
    for name in storage.list("models").await {
        let bytes = storage.bytes_in(&format!("models/{name}")).await;
        let files = storage.list(&format!("models/{name}")).await;
        // A zip stands under its own name in a folder that is named by its content.
        let zip = files.into_iter().find(|file| file.ends_with(".zip"));
        kept.models.push(KeptModel {
            source: zip.is_some().then(|| ModelSource::Zip(name.clone())),
            title: zip.unwrap_or_else(|| name.clone()),
            name,
            bytes,
        });
    }
    let usage = storage.usage().await;
    (kept.used, kept.quota, kept.persistent) = (usage.used, usage.quota, usage.persistent);
    kept
}

/// Deletes a run or a downloaded model.
///
/// # Errors
/// If it is in use.
pub async fn delete(storage: &Storage, name: &str) -> Result<(), StorageError> {
    storage.remove(&format!("{RUNS}/{name}")).await?;
    storage.remove(&format!("models/{name}")).await
}
