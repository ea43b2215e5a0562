//! Is the outside of a training run: tells the page, hears pause and stop, keeps checkpoints, and lets texts be tried
//! with the base model meanwhile.

use std::collections::BTreeMap;
use std::rc::Rc;

use gloo_timers::future::TimeoutFuture;
use terakoya_core::data::{Example, Place};
use terakoya_core::protocol::TrainEvent;
use terakoya_core::session::{NamedExamples, Session, TrainingData};
use terakoya_core::train::{Collective, Control, HostError, HostFuture, RunHost};

use super::inbox::{Inbox, Posted};
use super::reading::answer_read_data;
use super::runs::RunFolder;
use super::trying::answer_try;
use super::{now, tell};
use crate::messages::{Event, Notice, Request, Row};

/// Longest time in milliseconds that messages wait while the loop computes, beside the step that runs.
pub const TURN: f64 = 30.0;

/// How often a held run looks for a message, in milliseconds.
const LOOK: u32 = 50;

/// What the training loop meets in a browser tab.
pub struct TabHost<'a> {
    /// The request that is trained for.
    pub id: u32,
    /// What the page says meanwhile.
    pub inbox: &'a Inbox,
    /// Answers texts meanwhile.
    pub base: &'a Session,
    /// Where checkpoints are kept; nothing where the browser keeps nothing.
    pub folder: Option<RunFolder>,
    /// Whether the newest checkpoint is not kept.
    pub unkept: bool,
    /// Files of the checkpoint that the run goes on from.
    pub checkpoint: Rc<BTreeMap<String, Vec<u8>>>,
    /// Files that wait for the commit.
    pub pending: Vec<(String, Vec<u8>)>,
    /// Epochs that are done, with their fraction.
    pub epoch: f64,
    /// The run's labels, once they are known.
    pub labels: Vec<String>,
    /// Most bytes of the GPU's buffers after a step.
    pub buffer_bytes: u64,
    /// When messages were last looked at.
    pub last_turn: f64,
}

impl TabHost<'_> {
    /// Hears what cannot wait; anything else stays in the inbox until the run is over.
    async fn hear(&self) -> Control {
        let mut held = false;
        loop {
            let urgent = |request: &Request| {
                matches!(
                    request,
                    Request::Try(_) | Request::ReadData(_) | Request::Pause | Request::Resume | Request::Stop
                )
            };
            while let Some(Posted { id, request, files }) = self.inbox.take_if(urgent) {
                match request {
                    Request::ReadData(file) => answer_read_data(id, file, files.first()),
                    Request::Try(text) => answer_try(id, &text, self.base, None).await,
                    Request::Stop => {
                        tell(id, Event::Done);
                        return Control::Stop;
                    }
                    other => {
                        held = matches!(other, Request::Pause);
                        tell(id, Event::Done);
                    }
                }
            }
            if !held {
                return Control::Continue;
            }
            TimeoutFuture::new(LOOK).await;
        }
    }
}

impl Collective for TabHost<'_> {}

impl RunHost for TabHost<'_> {
    fn event(&mut self, event: TrainEvent) {
        match &event {
            TrainEvent::Started(plan) => self.labels.clone_from(&plan.labels),
            TrainEvent::Step(step) => {
                self.epoch = step.epoch;
                self.buffer_bytes = self.buffer_bytes.max(self.base.device().buffer_bytes());
            }
            // What is told of counts as kept.
            TrainEvent::Checkpointed { .. } if self.folder.is_none() || self.unkept => return,
            _ => {}
        }
        tell(self.id, Event::Train(event));
    }

    fn control(&mut self) -> HostFuture<'_, Control> {
        Box::pin(async {
            if now() - self.last_turn < TURN {
                return Control::Continue;
            }
            // Messages arrive between two turns of the browser's loop only.
            TimeoutFuture::new(0).await;
            let control = self.hear().await;
            self.last_turn = now();
            control
        })
    }

    fn write(&mut self, file: &str, bytes: Vec<u8>) -> Result<(), HostError> {
        if self.folder.is_some() {
            self.pending.push((file.to_owned(), bytes));
        }
        Ok(())
    }

    fn commit(&mut self, _step: usize) -> HostFuture<'_, Result<(), HostError>> {
        Box::pin(async {
            let files = std::mem::take(&mut self.pending);
            let Some(folder) = &mut self.folder else {
                return Ok(());
            };
            let kept = folder.commit(&files, self.epoch.floor() as usize, &self.labels).await;
            let said = std::mem::replace(&mut self.unkept, kept.is_err());
            // The run is worth more than its checkpoint: it goes on, and the page says what is not kept.
            match kept {
                Err(error) if error.full => {
                    tell(self.id, Event::Notice(Notice::NotKept(error.to_string())));
                    self.folder = None;
                }
                Err(error) if !said => tell(self.id, Event::Notice(Notice::EpochNotKept(error.to_string()))),
                _ => {}
            }
            Ok(())
        })
    }

    fn read(&mut self, file: &str) -> Result<Option<Vec<u8>>, HostError> {
        Ok(self.checkpoint.get(file).cloned())
    }
}

/// What a run learns from and is measured on.
pub fn training_data<'a>(train: &'a [Example], eval: &'a [Example]) -> TrainingData<'a> {
    TrainingData {
        train: NamedExamples {
            name: "training part",
            examples: train,
            place: Place::Line,
        },
        eval: (!eval.is_empty()).then_some(NamedExamples {
            name: "evaluation part",
            examples: eval,
            place: Place::Line,
        }),
        test: None,
        drawn_from: None,
        labels: None,
        available_memory: None,
        fail_at_step: None,
    }
}

/// The core's examples of the page's rows; the line is the row's number in the table.
pub fn examples(rows: &[Row]) -> Vec<Example> {
    let example = |(index, row): (usize, &Row)| Example {
        text: row.text.clone(),
        text_pair: row.text_pair.clone(),
        gold: row.gold.clone(),
        line: index + 1,
        id: None,
    };
    rows.iter().enumerate().map(example).collect()
}
