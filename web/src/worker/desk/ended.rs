//! Opens a kept run that ended as it was right after it: its base model, the fine-tuned one beside it, and its curves.

use terakoya_core::device::DeviceChoice;
use terakoya_core::protocol::TrainingRecord;

use super::{Desk, OpenModel, RunFolder, RunRequest, Tuned, fetch};
use crate::messages::{Event, ModelSource, Resumed};
use crate::worker::tell;

/// What is kept of a run beside its result.
pub(super) struct EndedRun {
    request: RunRequest,
    epochs_done: usize,
    record: TrainingRecord,
    training_json: String,
}

impl EndedRun {
    /// Tells the page of it: `model` is its result, alone or beside the base model.
    pub(super) fn tell(self, id: u32, model: &OpenModel) {
        let again = Resumed {
            opened: model.described(),
            config: self.request.config,
            eval: self.request.eval,
            epochs_done: self.epochs_done,
            record: TrainingRecord::default(),
        };
        let finished = Event::Finished {
            again: Some(Box::new(again)),
            record: self.record,
            inspection: Box::new(model.answering().inspect()),
            training_json: self.training_json,
            memory_bytes: 0,
            buffer_bytes: 0,
        };
        tell(id, finished);
    }
}

impl Desk {
    /// The run that `source` is the result of; nothing where it is none, or its description is not whole.
    pub(super) async fn ended(&self, source: &ModelSource) -> Option<EndedRun> {
        let ModelSource::Run(run) = source else { return None };
        let (folder, request) = RunFolder::open(self.storage.clone()?, run).await?;
        let training_json = folder.description().await?;
        let mut described: serde_json::Value = serde_json::from_str(&training_json).ok()?;
        Some(EndedRun {
            epochs_done: folder.epochs_done(),
            record: serde_json::from_value(described["record"].take()).ok()?,
            request,
            training_json,
        })
    }

    /// The base model with the result of `run` beside it; nothing where one of them cannot be had.
    pub(super) async fn open_beside_base(
        &mut self,
        id: u32,
        run: &EndedRun,
        result: &ModelSource,
        choice: DeviceChoice,
    ) -> Option<OpenModel> {
        let source = &run.request.source;
        let is_open = self.choice == choice && self.model.as_ref().is_some_and(|model| model.source == *source);
        let opened = match is_open {
            true => None,
            false => Some(self.open_model(id, source.clone(), choice, None).await.ok()?.0),
        };
        let device = opened.as_ref().or(self.model.as_ref())?.base.device().clone();
        let files = fetch(Some(id), result.clone(), None, self.storage.as_ref())
            .await
            .ok()?;
        let session = files.open(device).ok()?;
        let mut model = opened.or_else(|| self.model.take())?;
        model.tuned = Some(Tuned {
            session,
            run: run.request.clone(),
            training_json: run.training_json.clone(),
        });
        Some(model)
    }
}
