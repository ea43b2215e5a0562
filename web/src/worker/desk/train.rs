//! Trains for the page: a measured step beforehand, a new run, a run that goes on.

use std::collections::BTreeMap;

use gloo_timers::future::TimeoutFuture;
use serde_json::json;
use terakoya_core::protocol::{RunPlan, TrainEvent};
use terakoya_core::session::{NamedExamples, Session, TrainingData};
use terakoya_core::task_kind::TaskKind;
use terakoya_core::train::{Control, HostError, HostFuture, RunHost};
use terakoya_core::training_config::TrainingConfig;

use super::{Desk, Failure, Lock, OpenModel, RunFolder, RunRequest, TabHost, Tuned, examples, fetch};
use crate::messages::{Event, Notice, Resumed, Row, in_words};
use crate::worker::{memory_bytes, now, tell};

/// Most bytes that a WebAssembly program of 32 bits can have.
const ADDRESSABLE: u64 = 4 << 30;

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
        let plan = match planned(model, config, train, eval).await? {
            Ok(plan) => plan,
            Err(message) => return Err(message.into()),
        };
        let refused = refusal(&plan);
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
        let mut clock = Stopwatch::default();
        run(model, &short, &train[..few], &[], &mut clock).await?;
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
        let name = format!("{:.0}", run.started);
        let lock = Lock::take(&name).await;
        let mut folder = None;
        if let Some(storage) = &self.storage {
            match RunFolder::create(storage.clone(), name, &run).await {
                Ok(created) => folder = Some(created),
                Err(error) => tell(id, Event::Notice(Notice::NotKept(error.to_string()))),
            }
        }
        self.train(id, run, folder, lock).await
    }

    /// Goes on with a run that is kept.
    pub(super) async fn go_on(&mut self, id: u32, run: &str) -> Result<(), Failure> {
        let gone = "this browser does not keep that run any more";
        let storage = self.storage.clone().ok_or(gone)?;
        let Some(lock) = Lock::take(run).await else {
            tell(id, Event::Notice(Notice::OtherTab));
            return Err("another tab trains this run".into());
        };
        let (folder, request) = RunFolder::open(storage, run).await.ok_or(gone)?;
        let is_open = self.model.as_ref().is_some_and(|model| model.source == request.source);
        if !is_open {
            let files = fetch(id, request.source.clone(), None, self.storage.as_ref()).await?;
            let device = self.device(request.device).await?;
            self.model = Some(OpenModel::new(files, device)?);
        }
        let resumed = Resumed {
            opened: self.model()?.described(),
            source: request.source.clone(),
            config: request.config.clone(),
            eval: request.eval.clone(),
        };
        tell(id, Event::Resumed(Box::new(resumed)));
        self.train(id, request, Some(folder), Some(lock)).await
    }

    async fn train(
        &mut self,
        id: u32,
        request: RunRequest,
        folder: Option<RunFolder>,
        lock: Option<Lock>,
    ) -> Result<(), Failure> {
        let inbox = self.inbox.clone();
        let model = self.model.as_mut().ok_or("there is no model yet")?;
        // Its weights would lie beside the new ones.
        model.tuned = None;
        let checkpoint = match &folder {
            Some(folder) => folder.checkpoint().await?,
            None => BTreeMap::new(),
        };
        let began = now();
        let mut host = TabHost {
            id,
            inbox: &inbox,
            base: &model.base,
            folder,
            checkpoint,
            pending: Vec::new(),
            epoch: 0.0,
            labels: Vec::new(),
            last_turn: now(),
        };
        let (session, record) = run(model, &request.config, &request.train, &request.eval, &mut host).await?;
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
        drop(lock);
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

/// Trains a copy of the base model.
async fn run(
    model: &OpenModel,
    config: &TrainingConfig,
    train: &[Row],
    eval: &[Row],
    host: &mut dyn RunHost,
) -> Result<(Session, terakoya_core::protocol::TrainingRecord), Failure> {
    let session = model.base.try_clone()?;
    let (train, eval) = (examples(train), examples(eval));
    let data = TrainingData {
        train: NamedExamples {
            name: "training part",
            examples: &train,
        },
        eval: (!eval.is_empty()).then_some(NamedExamples {
            name: "evaluation part",
            examples: &eval,
        }),
        test: None,
        labels: None,
        available_memory: None,
        fail_at_step: None,
    };
    Ok(session.train(config, data, host).await?)
}

/// The plan of a run, or why there is none.
async fn planned(
    model: &OpenModel,
    config: &TrainingConfig,
    train: &[Row],
    eval: &[Row],
) -> Result<Result<RunPlan, String>, Failure> {
    let mut first = FirstEvent::default();
    // The run is stopped as soon as it told its plan; that it was is no news.
    let ended = run(model, config, train, eval, &mut first).await;
    Ok(match (first.plan, ended) {
        (Some(plan), _) => Ok(plan),
        (None, Err(error)) => Err(in_words(&*error)),
        (None, Ok(_)) => Err("the run told no plan".to_owned()),
    })
}

/// Why a run does not fit this tab.
fn refusal(plan: &RunPlan) -> Option<String> {
    let free = ADDRESSABLE.saturating_sub(memory_bytes());
    (plan.memory_bytes > free).then(|| {
        format!(
            "training needs about {} MB, and a tab has {} MB left: take a smaller batch, shorter texts or fewer layers",
            plan.memory_bytes / 1_000_000,
            free / 1_000_000
        )
    })
}

/// Hears what a run is going to do and stops it.
#[derive(Default)]
struct FirstEvent {
    plan: Option<RunPlan>,
}

impl RunHost for FirstEvent {
    fn event(&mut self, event: TrainEvent) {
        if let TrainEvent::Started(plan) = event {
            self.plan = Some(plan);
        }
    }

    fn control(&mut self) -> HostFuture<'_, Control> {
        Box::pin(std::future::ready(Control::Stop))
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

/// Takes the time of a short run's parts, in milliseconds.
#[derive(Default)]
struct Stopwatch {
    /// When the run began to cache.
    began: Option<f64>,
    /// What caching took.
    caching: Option<f64>,
    /// When each step was done.
    steps: Vec<f64>,
}

impl Stopwatch {
    /// The last step's time: earlier ones prepare what they need first.
    fn step_milliseconds(&self) -> f64 {
        match &self.steps[..] {
            [.., before, last] => last - before,
            [only] => only - self.began.unwrap_or(*only),
            [] => 0.0,
        }
    }
}

impl RunHost for Stopwatch {
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
            Control::Continue
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
