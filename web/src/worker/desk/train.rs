//! Trains for the page: a measured step beforehand, a new run, a run that goes on.

use std::collections::BTreeMap;

use gloo_timers::future::TimeoutFuture;
use serde_json::json;
use terakoya_core::data::Example;
use terakoya_core::protocol::{RunPlan, TrainEvent, TrainingRecord};
use terakoya_core::session::{NamedExamples, Session, TrainingData};
use terakoya_core::task_kind::TaskKind;
use terakoya_core::train::{Control, HostError, HostFuture, RunHost, TrainError, kept_record};
use terakoya_core::training_config::TrainingConfig;

use super::{
    ANOTHER_TAB, Desk, Failure, Inbox, Lock, OpenModel, Posted, RunFolder, RunRequest, TabHost, Tuned, examples, fetch,
};
use crate::messages::{Event, Notice, Request, Resumed, Row};
use crate::worker::{memory_bytes, now, tell};

/// Most bytes that a WebAssembly program of 32 bits can have.
const ADDRESSABLE: u64 = 4 << 30;

/// Bytes beside the open model's weights, at most, that are held outside a run: the program, a dictionary, the rows.
const HELD_BESIDE: u64 = 400 << 20;

/// Batches of the measured run: the first step of a shape also prepares it, so that the last one counts.
const MEASURED_BATCHES: usize = 3;

/// An evaluation is a forward pass; a step is one and its way back, which costs twice as much.
const FORWARD_SHARE: f64 = 1.0 / 3.0;

impl Desk {
    /// Says what a run would cost, by its plan and a few measured steps.
    pub(super) async fn measure(
        &self,
        id: u32,
        config: &TrainingConfig,
        train: &[Row],
        eval: &[Row],
    ) -> Result<(), Failure> {
        let model = self.model()?;
        let (train_examples, eval_examples) = (examples(train), examples(eval));
        let data = training_data(&train_examples, &eval_examples);
        let plan = model.base.plan(config, &data).await?;
        let refused = refusal(&plan, model.free_memory());
        if refused.is_some() {
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
        let measured = run(model, &short, &train[..few], &[], &mut clock).await;
        if clock.given_up {
            tell(id, Event::Stale);
            return Ok(());
        }
        measured?;
        let step = clock.step_milliseconds();
        let rows = (train.len() + eval.len()) as f64;
        let evaluations = match clock.caching {
            Some(_) => 0.0,
            // A row of running text makes several batches' rows, in both parts alike.
            None => (plan.total_steps * eval.len()) as f64 / train.len().max(1) as f64 * step * FORWARD_SHARE,
        };
        let caching = clock.caching.unwrap_or_default() / few.max(1) as f64 * rows;
        let seconds = (plan.total_steps as f64 * step + evaluations + caching) / 1000.0;
        tell(
            id,
            Event::Measured {
                plan,
                step_milliseconds: step,
                seconds,
                refused,
            },
        );
        Ok(())
    }

    /// Starts a new run.
    pub(super) async fn begin(&mut self, id: u32, run: RunRequest) -> Result<(), Failure> {
        self.refuse_unfit(&run).await?;
        let name = format!("{:.0}", run.started);
        let mut kept = KeptRun {
            lock: Lock::take(&name).await,
            ..KeptRun::default()
        };
        if let Some(storage) = &self.storage {
            match RunFolder::create(storage.clone(), name, &run).await {
                Ok(created) => kept.folder = Some(created),
                Err(error) => tell(id, Event::Notice(Notice::NotKept(error.to_string()))),
            }
        }
        self.train(id, run, kept).await
    }

    /// Goes on with a run that is kept.
    pub(super) async fn go_on(&mut self, id: u32, run: &str) -> Result<(), Failure> {
        let gone = "this browser does not keep that run any more";
        let storage = self.storage.clone().ok_or(gone)?;
        let Some(lock) = Lock::take(run).await else {
            tell(id, Event::Notice(Notice::OtherTab));
            return Err(ANOTHER_TAB.into());
        };
        let (folder, request) = RunFolder::open(storage, run).await.ok_or(gone)?;
        let is_open = self.model.as_ref().is_some_and(|model| model.source == request.source);
        if !is_open {
            let files = fetch(id, request.source.clone(), None, self.storage.as_ref()).await?;
            let device = self.device(request.device).await?;
            self.model = Some(OpenModel::new(files, device)?);
        }
        self.refuse_unfit(&request).await?;
        let checkpoint = folder.checkpoint().await?;
        let record = kept_record(&checkpoint).unwrap_or_default();
        let resumed = Resumed {
            opened: self.model()?.described(),
            config: request.config.clone(),
            eval: request.eval.clone(),
            epochs_done: folder.epochs_done(),
            record: record.clone(),
        };
        tell(id, Event::Resumed(Box::new(resumed)));
        let kept = KeptRun {
            folder: Some(folder),
            checkpoint,
            record,
            lock: Some(lock),
        };
        self.train(id, request, kept).await
    }

    /// Refuses what cannot be trained here, before anything is given up or kept for it.
    async fn refuse_unfit(&self, run: &RunRequest) -> Result<(), Failure> {
        let model = self.model()?;
        let (train, eval) = (examples(&run.train), examples(&run.eval));
        let plan = model.base.plan(&run.config, &training_data(&train, &eval)).await?;
        match refusal(&plan, model.free_memory()) {
            Some(reason) => Err(reason.into()),
            None => Ok(()),
        }
    }

    async fn train(&mut self, id: u32, request: RunRequest, kept: KeptRun) -> Result<(), Failure> {
        let inbox = self.inbox.clone();
        let model = self.model.as_mut().ok_or("there is no model yet")?;
        // Its weights would lie beside the new ones.
        model.tuned = None;
        let began = now();
        let goes_on = !kept.checkpoint.is_empty();
        let mut host = TabHost {
            id,
            inbox: &inbox,
            base: &model.base,
            folder: kept.folder,
            checkpoint: kept.checkpoint,
            pending: Vec::new(),
            epoch: kept.record.steps.last().map_or(0.0, |step| step.epoch),
            labels: Vec::new(),
            last_turn: now(),
        };
        let trained = run(model, &request.config, &request.train, &request.eval, &mut host).await;
        let (session, record) = match trained {
            Err(error) if goes_on && is_interrupted(&*error) => {
                return Err("stopped before it went on; what was kept of it stays".into());
            }
            trained => trained?,
        };
        let (folder, labels, epoch) = (host.folder.take(), session.labels().to_vec(), host.epoch);
        let training_json = format!(
            "{:#}\n",
            json!({
                "terakoya": env!("CARGO_PKG_VERSION"),
                "burn": terakoya_core::BURN_VERSION,
                "device": session.device().description(),
                "model": request.model,
                "config": request.config,
                "labels": labels,
                "data": { "train": request.train.len(), "eval": request.eval.len() },
                "record": record,
                "timings": { "train_seconds": (now() - began) / 1000.0 },
            })
        );
        if let Some(mut folder) = folder.filter(|_| !record.interrupted) {
            let mut files = session.to_files().await?;
            files.insert("training.json".to_owned(), training_json.clone().into_bytes());
            if let Err(error) = folder.finish(&files, epoch.round() as usize, &labels).await {
                tell(id, Event::Notice(Notice::NotKept(error.to_string())));
            }
        }
        drop(kept.lock);
        let inspection = Box::new(session.inspect());
        model.tuned = Some(Tuned {
            session,
            run: request,
            training_json: training_json.clone(),
        });
        tell(
            id,
            Event::Finished {
                record,
                inspection,
                training_json,
                memory_bytes: memory_bytes(),
            },
        );
        Ok(())
    }
}

/// What the storage has of a run.
#[derive(Default)]
struct KeptRun {
    /// Where its checkpoints are kept; nothing where the browser keeps nothing.
    folder: Option<RunFolder>,
    /// Files of the checkpoint that it goes on from.
    checkpoint: BTreeMap<String, Vec<u8>>,
    /// What it did until then.
    record: TrainingRecord,
    /// Keeps other tabs from it.
    lock: Option<Lock>,
}

/// Whether the user ended a run before it did a step.
fn is_interrupted(error: &(dyn std::error::Error + 'static)) -> bool {
    let core = error.downcast_ref::<terakoya_core::error::Error>();
    matches!(core, Some(terakoya_core::error::Error::Train(TrainError::Interrupted)))
}

/// Trains a copy of the base model.
async fn run(
    model: &OpenModel,
    config: &TrainingConfig,
    train: &[Row],
    eval: &[Row],
    host: &mut dyn RunHost,
) -> Result<(Session, TrainingRecord), Failure> {
    let session = model.base.try_clone()?;
    let (train, eval) = (examples(train), examples(eval));
    let data = training_data(&train, &eval);
    Ok(session.train(config, data, host).await?)
}

fn training_data<'a>(train: &'a [Example], eval: &'a [Example]) -> TrainingData<'a> {
    TrainingData {
        train: NamedExamples {
            name: "training part",
            examples: train,
        },
        eval: (!eval.is_empty()).then_some(NamedExamples {
            name: "evaluation part",
            examples: eval,
        }),
        test: None,
        drawn_from: None,
        labels: None,
        available_memory: None,
        fail_at_step: None,
    }
}

impl OpenModel {
    /// Bytes that a run can have beside what there is. The program never gives memory back to the browser and uses it again
    /// itself: what an earlier run took is free.
    fn free_memory(&self) -> u64 {
        let weights = 4 * self.base.inspect().parameters as u64;
        ADDRESSABLE - memory_bytes().min(HELD_BESIDE + weights).min(ADDRESSABLE)
    }
}

/// Why a run does not fit this tab: where memory runs out, the program ends.
fn refusal(plan: &RunPlan, free: u64) -> Option<String> {
    (plan.memory_bytes > free).then(|| {
        format!(
            "training needs about {} MB, and a tab has {} MB left: take a smaller batch, shorter texts or fewer layers",
            plan.memory_bytes / 1_000_000,
            free / 1_000_000
        )
    })
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
