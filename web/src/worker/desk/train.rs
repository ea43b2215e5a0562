//! Trains for the page: a new run, a run that goes on.

use std::collections::BTreeMap;
use std::rc::Rc;

use serde_json::json;
use terakoya_core::protocol::{RunPlan, TrainingRecord};
use terakoya_core::session::Session;
use terakoya_core::train::{RunHost, TrainError, kept_record};

use super::{ANOTHER_TAB, Desk, Failure, Lock, OpenModel, RunFolder, RunRequest, TabHost, Tuned, examples};
use crate::messages::{Event, Notice, Resumed};
use crate::worker::replicas::{self, Course, SharingHost};
use crate::worker::training::training_data;
use crate::worker::{memory_bytes, now, tell};

/// Most bytes that a WebAssembly program of 32 bits can have.
const ADDRESSABLE: u64 = 4 << 30;

/// Bytes beside the open model's weights, at most, that are held outside a run: the program, a dictionary, the rows.
const HELD_BESIDE: u64 = 400 << 20;

impl Desk {
    /// Starts a new run.
    pub(super) async fn begin(&mut self, id: u32, run: RunRequest) -> Result<(), Failure> {
        let plan = self.plan(&run).await?;
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
        self.train(id, run, &plan, kept).await
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
            let (opened, _) = self
                .open_model(id, request.source.clone(), request.device, None)
                .await?;
            self.model = Some(opened);
        }
        let checkpoint = folder.checkpoint().await?;
        let record = kept_record(&checkpoint).unwrap_or_default();
        let resumed = Resumed {
            opened: self.model()?.described(),
            config: request.config.clone(),
            eval: request.eval.clone(),
            epochs_done: folder.epochs_done(),
            record: record.clone(),
        };
        // The page has to know the model that is open now, even where the run is refused.
        tell(id, Event::Resumed(Box::new(resumed)));
        let plan = self.plan(&request).await?;
        let kept = KeptRun {
            folder: Some(folder),
            checkpoint: Rc::new(checkpoint),
            record,
            lock: Some(lock),
        };
        self.train(id, request, &plan, kept).await
    }

    /// What a run is going to do; one that cannot be trained here is refused, before anything is given up or kept for it.
    async fn plan(&self, run: &RunRequest) -> Result<RunPlan, Failure> {
        let model = self.model()?;
        let (train, eval) = (examples(&run.train), examples(&run.eval));
        let plan = model.base.plan(&run.config, &training_data(&train, &eval)).await?;
        match refusal(&plan, model.free_memory()) {
            Some(reason) => Err(reason.into()),
            None => Ok(plan),
        }
    }

    async fn train(&mut self, id: u32, request: RunRequest, plan: &RunPlan, kept: KeptRun) -> Result<(), Failure> {
        let inbox = self.inbox.clone();
        let model = self.model.as_mut().ok_or("there is no model yet")?;
        // Its weights would lie beside the new ones.
        if model.tuned.take().is_some() {
            tell(id, Event::GivenUp);
        }
        let began = now();
        let goes_on = !kept.checkpoint.is_empty();
        let mut host = TabHost {
            id,
            inbox: &inbox,
            base: &model.base,
            folder: kept.folder,
            unkept: false,
            checkpoint: Rc::clone(&kept.checkpoint),
            pending: Vec::new(),
            epoch: kept.record.steps.last().map_or(0.0, |step| step.epoch),
            labels: Vec::new(),
            buffer_bytes: 0,
            last_turn: now(),
        };
        let course = Course {
            config: &request.config,
            train: &request.train,
            eval: &request.eval,
            checkpoint: &kept.checkpoint,
            workers: replicas::wanted(plan, &request.config, model.base.device(), model.held_bytes()),
        };
        let trained = run(model, course, &mut host).await;
        let Trained {
            session,
            record,
            memory_bytes,
            ..
        } = match trained {
            Err(error) if goes_on && is_interrupted(&*error) => {
                return Err("stopped before it went on; what was kept of it stays".into());
            }
            trained => trained?,
        };
        let (folder, labels, epoch) = (host.folder.take(), session.labels().to_vec(), host.epoch);
        let buffer_bytes = host.buffer_bytes;
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
                again: None,
                record,
                inspection,
                training_json,
                memory_bytes: memory_bytes + buffer_bytes,
                buffer_bytes,
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
    checkpoint: Rc<BTreeMap<String, Vec<u8>>>,
    /// What it did until then.
    record: TrainingRecord,
    /// Keeps other tabs from it.
    lock: Option<Lock>,
}

/// Whether the user ended a run before it did a step, or an evaluation.
pub(super) fn is_interrupted(error: &(dyn std::error::Error + 'static)) -> bool {
    let core = error.downcast_ref::<terakoya_core::error::Error>();
    matches!(core, Some(terakoya_core::error::Error::Train(TrainError::Interrupted)))
}

/// Trains a copy of the base model.
pub(super) async fn run(model: &OpenModel, course: Course<'_>, host: &mut dyn RunHost) -> Result<Trained, Failure> {
    let session = model.base.try_clone()?;
    let (train, eval) = (examples(course.train), examples(course.eval));
    let data = training_data(&train, &eval);
    let Some(leader) = replicas::begin(&course, &session, &model.source).await else {
        let (session, record) = session.train(course.config, data, host).await?;
        return Ok(Trained {
            session,
            record,
            memory_bytes: memory_bytes(),
            workers: 1,
        });
    };
    let mut host = SharingHost {
        host,
        leader,
        is_over: false,
    };
    let (session, record) = session.train(course.config, data, &mut host).await?;
    Ok(Trained {
        session,
        record,
        memory_bytes: memory_bytes() + host.leader.memory_bytes(),
        workers: host.leader.workers(),
    })
}

/// What a run ends with.
pub(super) struct Trained {
    session: Session,
    record: TrainingRecord,
    /// Of the programs of all workers.
    memory_bytes: u64,
    /// That shared its steps to the end.
    pub(super) workers: usize,
}

impl OpenModel {
    /// Bytes that a run can have beside what there is. The program never gives memory back to the browser and uses it again
    /// itself: what an earlier run took is free.
    pub(super) fn free_memory(&self) -> u64 {
        ADDRESSABLE - self.held_bytes().min(ADDRESSABLE)
    }

    /// Bytes that this program has outside of runs.
    pub(super) fn held_bytes(&self) -> u64 {
        let weights = 4 * self.base.inspect().parameters as u64;
        memory_bytes().min(HELD_BESIDE + weights)
    }
}

/// Why a run does not fit this tab: where memory runs out, the program ends.
pub(super) fn refusal(plan: &RunPlan, free: u64) -> Option<String> {
    (plan.memory_bytes > free).then(|| {
        format!(
            "training needs about {} MB, and a tab has {} MB left: take a smaller batch, shorter texts or fewer layers",
            plan.memory_bytes / 1_000_000,
            free / 1_000_000
        )
    })
}
