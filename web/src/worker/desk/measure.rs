//! Says what a run would cost: plans it, takes a few steps of it, and multiplies.

use std::collections::BTreeMap;

use gloo_timers::future::TimeoutFuture;
use terakoya_core::protocol::{RunPlan, TrainEvent};
use terakoya_core::task_kind::TaskKind;
use terakoya_core::train::{Collective, Control, HostError, HostFuture, RunHost};
use terakoya_core::training_config::TrainingConfig;

use super::train::{refusal, run};
use super::{Desk, Failure, Inbox, Posted, examples};
use crate::messages::{CostOf, Event, Request, Row};
use crate::worker::replicas::{self, Course};
use crate::worker::training::training_data;
use crate::worker::{now, tell};

/// Batches of the measured run: the first step of a shape also prepares it, so that the last one counts.
const MEASURED_BATCHES: usize = 3;

/// An evaluation is a forward pass; a step is one and its way back, which costs twice as much.
const FORWARD_SHARE: f64 = 1.0 / 3.0;

impl Desk {
    /// Says what a run would cost, by its plan and, where the time is asked for, a few measured steps.
    pub(super) async fn measure(
        &self,
        id: u32,
        cost: CostOf,
        config: &TrainingConfig,
        train: &[Row],
        eval: &[Row],
    ) -> Result<(), Failure> {
        let model = self.model()?;
        let (train_examples, eval_examples) = (examples(train), examples(eval));
        let data = training_data(&train_examples, &eval_examples);
        let is_newer = |request: &Request| matches!(request, Request::Measure { .. } | Request::Train { .. });
        if cost == CostOf::Plan && self.inbox.has(is_newer) {
            tell(id, Event::Stale);
            return Ok(());
        }
        let plan = model.base.plan(config, &data).await?;
        let refused = refusal(&plan, model.free_memory());
        // One step alone would be measured with the time in which the others load.
        let is_shared = refused.is_none() && train.len() > config.batch_size * config.gradient_accumulation_steps;
        let workers = match is_shared {
            true => replicas::wanted(&plan, config, model.base.device(), model.held_bytes()),
            false => 1,
        };
        if refused.is_some() || cost == CostOf::Plan {
            let plan = of_workers(plan, workers);
            let (step_milliseconds, seconds) = (0.0, 0.0);
            tell(
                id,
                Event::Measured {
                    plan,
                    step_milliseconds,
                    seconds,
                    refused,
                },
            );
            return Ok(());
        }
        // A passage of running text makes several rows.
        let batches = match config.task {
            TaskKind::CausalLm => 1,
            _ => MEASURED_BATCHES,
        };
        let few = train
            .len()
            .min(batches * config.batch_size * config.gradient_accumulation_steps);
        let short = TrainingConfig {
            epochs: 1,
            logging_steps: 1,
            eval_steps: 0,
            early_stopping_patience: 0,
            keep_best: false,
            ..config.clone()
        };
        let mut clock = Stopwatch::new(&self.inbox);
        let course = Course {
            config: &short,
            train: &train[..few],
            eval: &[],
            checkpoint: &BTreeMap::new(),
            workers,
        };
        let measured = run(model, course, &mut clock).await;
        if clock.given_up {
            tell(id, Event::Stale);
            return Ok(());
        }
        let workers = measured?.workers;
        let step = clock.step_milliseconds();
        let rows = (train.len() + eval.len()) as f64;
        let evaluations = match clock.caching {
            Some(_) => 0.0,
            // A row of running text makes several batches' rows, in both parts alike. A step has `workers`, an evaluation one.
            None => (plan.total_steps * eval.len() * workers) as f64 / train.len().max(1) as f64 * step * FORWARD_SHARE,
        };
        let caching = clock.caching.unwrap_or_default() / few.max(1) as f64 * rows;
        let seconds = (plan.total_steps as f64 * step + evaluations + caching) / 1000.0;
        tell(
            id,
            Event::Measured {
                plan: of_workers(plan, workers),
                step_milliseconds: step,
                seconds,
                refused,
            },
        );
        Ok(())
    }
}

/// The plan with the memory of all workers, at most: the others do not evaluate.
fn of_workers(plan: RunPlan, workers: usize) -> RunPlan {
    RunPlan {
        memory_bytes: plan.memory_bytes * workers as u64,
        ..plan
    }
}

/// Takes the time of a short run's parts, in milliseconds.
struct Stopwatch<'a> {
    /// What the page says meanwhile.
    inbox: &'a Inbox,
    /// Whether nobody waits for the time any more.
    given_up: bool,
    /// When the run began to cache.
    began: Option<f64>,
    /// What caching took.
    caching: Option<f64>,
    /// When each step was done.
    steps: Vec<f64>,
}

impl<'a> Stopwatch<'a> {
    fn new(inbox: &'a Inbox) -> Self {
        Self {
            inbox,
            given_up: false,
            began: None,
            caching: None,
            steps: Vec::new(),
        }
    }

    /// The last step's time: earlier ones prepare what they need first.
    fn step_milliseconds(&self) -> f64 {
        match &self.steps[..] {
            [.., before, last] => last - before,
            [only] => only - self.began.unwrap_or(*only),
            [] => 0.0,
        }
    }
}

impl Collective for Stopwatch<'_> {}

impl RunHost for Stopwatch<'_> {
    fn event(&mut self, event: TrainEvent) {
        match event {
            TrainEvent::Started(_) => self.began = Some(now()),
            TrainEvent::Caching { .. } => self.caching = self.began.map(|began| now() - began),
            TrainEvent::Step(_) => self.steps.push(now()),
            _ => {}
        }
    }

    fn control(&mut self) -> HostFuture<'_, Control> {
        Box::pin(async {
            TimeoutFuture::new(0).await;
            let stop = |request: &Request| matches!(request, Request::Stop);
            if let Some(Posted { id, .. }) = self.inbox.take_if(stop) {
                tell(id, Event::Done);
                self.given_up = true;
            }
            // What else is asked for the run waits for this.
            let next = |request: &Request| matches!(request, Request::Measure { .. } | Request::Train { .. });
            self.given_up |= self.inbox.has(next);
            match self.given_up {
                true => Control::Stop,
                false => Control::Continue,
            }
        })
    }

    fn write(&mut self, _file: &str, _bytes: Vec<u8>) -> Result<(), HostError> {
        Ok(())
    }

    fn commit(&mut self, _step: usize) -> HostFuture<'_, Result<(), HostError>> {
        Box::pin(std::future::ready(Ok(())))
    }

    fn read(&mut self, _file: &str) -> Result<Option<Vec<u8>>, HostError> {
        Ok(None)
    }
}
