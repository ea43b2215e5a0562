//! Follows a run: its plan, its curves, its speed, how it ended.

use std::collections::VecDeque;
use std::rc::Rc;

use terakoya_core::protocol::{EvaluationRecord, RunPlan, StepRecord, TrainEvent, TrainingRecord};
use terakoya_core::training_config::TrainingConfig;

use crate::messages::{Resumed, Row};

/// Reports over which speed and remaining time are measured.
const WINDOW: usize = 12;

/// Where a run stands.
#[derive(Debug, Clone, PartialEq)]
pub enum Phase {
    /// Asked for; the worker has not begun.
    Starting,
    /// The lower layers are computed once for each text.
    Caching {
        /// Texts done.
        done: usize,
        /// Texts in all.
        total: usize,
    },
    /// It learns.
    Running,
    /// It waits for the user.
    Paused,
    /// It ends after the running step.
    Stopping,
    /// It ended.
    Finished,
    /// It broke off.
    Failed(String),
}

impl Phase {
    /// Whether the worker is at it.
    pub fn is_active(&self) -> bool {
        !matches!(self, Self::Finished | Self::Failed(_))
    }
}

/// A run as the page knows it.
#[derive(Debug, Clone)]
pub struct Run {
    /// Where it stands.
    pub phase: Phase,
    /// Its options, if it was started from this page.
    pub config: Option<TrainingConfig>,
    /// The rows it is tested on.
    pub eval_rows: Rc<Vec<Row>>,
    /// What it is going to do.
    pub plan: Option<RunPlan>,
    /// Training loss.
    pub steps: Vec<StepRecord>,
    /// Evaluations.
    pub evaluations: Vec<EvaluationRecord>,
    /// Lines the core wrote for the user.
    pub notes: Vec<String>,
    /// Epochs that are safe in the browser's storage.
    pub kept_epochs: Option<usize>,
    /// Bytes of memory that it took, the GPU's among them, when it ended.
    pub memory_bytes: Option<u64>,
    /// What it did, when it ended.
    pub record: Option<TrainingRecord>,
    /// The run description, when it ended.
    pub description: Option<String>,
    /// Whether it has no result because the user ended it.
    pub ended_by_user: bool,
    /// Steps, texts and times (in ms) of the latest reports.
    marks: VecDeque<(usize, usize, f64)>,
}

/// How fast a run is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Speed {
    /// Texts a second.
    pub texts: f64,
    /// Seconds to the end.
    pub seconds_left: f64,
}

impl Run {
    /// A run that was asked for.
    pub fn new(config: Option<TrainingConfig>, eval_rows: Rc<Vec<Row>>) -> Self {
        Self {
            phase: Phase::Starting,
            config,
            eval_rows,
            plan: None,
            steps: Vec::new(),
            evaluations: Vec::new(),
            notes: Vec::new(),
            kept_epochs: None,
            memory_bytes: None,
            record: None,
            description: None,
            ended_by_user: false,
            marks: VecDeque::new(),
        }
    }

    /// Becomes a kept run as it was when it broke off.
    pub fn recall(&mut self, resumed: Resumed) {
        self.config = Some(resumed.config);
        self.eval_rows = Rc::new(resumed.eval);
        self.kept_epochs = Some(resumed.epochs_done);
        (self.steps, self.evaluations) = (resumed.record.steps, resumed.record.evaluations);
    }

    /// A kept run that ended before.
    pub fn ended(kept: Resumed, record: TrainingRecord, description: String) -> Self {
        let mut run = Self::new(None, Rc::default());
        run.recall(kept);
        run.finish(record, Vec::new(), description);
        run
    }

    /// Goes to another phase; the clock of the speed begins anew.
    pub fn enter(&mut self, phase: Phase) {
        self.marks.clear();
        self.phase = phase;
    }

    /// Takes what the core told at `time`, in milliseconds.
    pub fn follow(&mut self, event: TrainEvent, time: f64) {
        match event {
            TrainEvent::Started(plan) => self.plan = Some(plan),
            TrainEvent::Note { message } => self.notes.push(message),
            TrainEvent::Caching { done, total } => {
                if matches!(self.phase, Phase::Starting | Phase::Caching { .. }) {
                    self.phase = Phase::Caching { done, total };
                }
            }
            TrainEvent::Step(record) => self.take_step(record, time),
            TrainEvent::Evaluated(record) => {
                // The time of an evaluation is none of a step.
                self.marks.clear();
                self.evaluations.retain(|known| known.step < record.step);
                self.evaluations.push(record);
            }
            TrainEvent::Checkpointed { epoch, .. } => self.kept_epochs = Some(epoch),
        }
    }

    fn take_step(&mut self, record: StepRecord, time: f64) {
        if matches!(self.phase, Phase::Starting | Phase::Caching { .. }) {
            self.phase = Phase::Running;
        }
        self.marks.push_back((record.step, record.examples, time));
        if self.marks.len() > WINDOW {
            self.marks.pop_front();
        }
        // A run that goes on from a checkpoint tells some steps again.
        while self.steps.pop_if(|known| known.step >= record.step).is_some() {}
        self.steps.push(record);
    }

    /// Ends with what the core wrote down, which is more exact than what was told on the way.
    pub fn finish(&mut self, record: TrainingRecord, labels: Vec<String>, description: String) {
        self.phase = Phase::Finished;
        if !record.steps.is_empty() {
            self.steps.clone_from(&record.steps);
            self.evaluations.clone_from(&record.evaluations);
        }
        if let Some(plan) = &mut self.plan {
            plan.labels = labels;
        }
        self.record = Some(record);
        self.description = Some(description);
    }

    /// Breaks off, or ends before it did a step, where that was asked for.
    pub fn fail(&mut self, message: String) {
        self.ended_by_user = self.phase == Phase::Stopping;
        self.phase = Phase::Failed(message);
    }

    /// Steps that are done.
    pub fn step(&self) -> usize {
        self.steps.last().map_or(0, |record| record.step)
    }

    /// How fast it is, once that can be said.
    pub fn speed(&self) -> Option<Speed> {
        let (first, last) = (self.marks.front()?, self.marks.back()?);
        let seconds = (last.2 - first.2) / 1000.0;
        let steps = last.0.checked_sub(first.0).filter(|steps| *steps > 0)? as f64;
        if seconds <= 0.0 {
            return None;
        }
        let left = self.plan.as_ref()?.total_steps.saturating_sub(last.0) as f64;
        Some(Speed {
            texts: last.1.saturating_sub(first.1) as f64 / seconds,
            seconds_left: left * seconds / steps,
        })
    }
}
