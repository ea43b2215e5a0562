//! Shares a run's steps with further workers where the CPU computes: how many there are to be, the side of the worker that
//! owns the run, and the program of the others.

use std::collections::BTreeMap;
use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;

use gloo_timers::future::TimeoutFuture;
use js_sys::{Reflect, Uint8Array};
use serde::{Deserialize, Serialize};
use terakoya_core::device::ComputeDevice;
use terakoya_core::protocol::{RunPlan, TrainEvent};
use terakoya_core::session::Session;
use terakoya_core::train::{Collective, Control, HostError, HostFuture, RunHost, Share};
use terakoya_core::training_config::{Probe, TrainLayers, TrainingConfig};
use wasm_bindgen_futures::spawn_local;

use super::opening::{fetch, open};
use super::scope;
use super::storage::Storage;
use super::training::{examples, training_data};
use crate::collective::{Chief, Leader};
use crate::messages::{ModelSource, Row};

/// What a worker is called that shares another's steps.
pub const NAME: &str = "terakoya-replica";

/// Most workers of a run, the owner included: more wait for each other longer than they compute.
const MOST: usize = 4;

/// Rows of a micro-batch that are worth a worker.
const ROWS: usize = 2;

/// Steps that are worth the second in which a worker loads program and model.
const STEPS: usize = 24;

/// Bytes that the programs of all workers may have together, each counted as the owner's, which is the largest; and those of
/// two where the device says that it has 8 GB or more.
const OF_ALL: u64 = 700_000_000;
const OF_TWO: u64 = 2_000_000_000;

/// What another worker has to know of a run. The bytes of the files lie beside it, the model's first.
#[derive(Serialize, Deserialize)]
struct Job {
    config: TrainingConfig,
    train: Vec<Row>,
    eval: Vec<Row>,
    /// What the owner's session says of its model, so that nobody trains another.
    origin: String,
    /// Names of the model's files.
    model: Vec<String>,
    /// Whether a dictionary follows.
    has_dictionary: bool,
    /// Names of the checkpoint's files.
    checkpoint: Vec<String>,
}

/// What is trained, and by how many.
pub struct Course<'a> {
    /// The options.
    pub config: &'a TrainingConfig,
    /// What is learned from.
    pub train: &'a [Row],
    /// What is measured on.
    pub eval: &'a [Row],
    /// The files that the run goes on from.
    pub checkpoint: &'a BTreeMap<String, Vec<u8>>,
    /// Workers that share each step, the owner of the run included.
    pub workers: usize,
}

/// How many workers are to share the steps of a planned run, the owner included, whose program holds `held` bytes outside of
/// runs.
pub fn wanted(plan: &RunPlan, config: &TrainingConfig, device: &ComputeDevice, held: u64) -> usize {
    // A head alone learns in less time than a message takes.
    let is_small = config.probe != Probe::None || config.train_layers == TrainLayers::Head;
    if device.is_gpu() || is_small || plan.total_steps < STEPS {
        return 1;
    }
    let navigator = scope().navigator();
    let cores = match navigator.hardware_concurrency() as usize {
        few @ 0..=2 => few,
        // Two threads of one core have one unit for products between them.
        threads => (threads / 2).max(2),
    };
    let gigabytes = Reflect::get(&navigator, &"deviceMemory".into()).ok();
    let is_large = gigabytes
        .and_then(|gigabytes| gigabytes.as_f64())
        .is_some_and(|gigabytes| gigabytes >= 8.0);
    let of_one = (held + plan.memory_bytes).max(1);
    let fitting = match OF_ALL / of_one {
        0 | 1 if is_large && OF_TWO >= 2 * of_one => 2,
        fitting => fitting as usize,
    };
    MOST.min(cores).min(config.batch_size / ROWS).min(fitting).max(1)
}

/// Starts the other workers of a run of `session`, whose files are found by `source`; nothing where there are to be none,
/// or cannot be.
pub async fn begin(course: &Course<'_>, session: &Session, source: &ModelSource) -> Option<Leader> {
    if course.workers < 2 {
        return None;
    }
    // Where nothing is kept, each run would download the model again.
    let storage = Storage::open().await?;
    let model = fetch(None, source.clone(), None, Some(&storage)).await.ok()?;
    let job = Job {
        config: course.config.clone(),
        train: course.train.to_vec(),
        eval: course.eval.to_vec(),
        origin: session.origin().to_owned(),
        model: model.files.keys().cloned().collect(),
        has_dictionary: model.dictionary.is_some(),
        checkpoint: course.checkpoint.keys().cloned().collect(),
    };
    let job = serde_json::to_string(&job).ok()?;
    let parts = model.files.values().chain(&model.dictionary);
    let files: Vec<Uint8Array> = parts
        .chain(course.checkpoint.values())
        .map(|bytes| Uint8Array::from(&bytes[..]))
        .collect();
    Leader::start(&scope().location().href(), NAME, course.workers, &job, &files)
}

/// The host of a run whose steps several workers share, seen from the one that owns it.
pub struct SharingHost<'a> {
    /// What the run would have else.
    pub host: &'a mut dyn RunHost,
    /// The other workers.
    pub leader: Leader,
    /// Whether the run was to end while the others were waited for.
    pub is_over: bool,
}

/// How long the others are waited for in milliseconds before the page is listened to: at first they load a model.
const LISTEN: u32 = 50;

impl RunHost for SharingHost<'_> {
    fn event(&mut self, event: TrainEvent) {
        self.host.event(event);
    }

    fn control(&mut self) -> HostFuture<'_, Control> {
        match self.is_over {
            true => Box::pin(std::future::ready(Control::Stop)),
            false => self.host.control(),
        }
    }

    fn write(&mut self, file: &str, bytes: Vec<u8>) -> Result<(), HostError> {
        self.host.write(file, bytes)
    }

    fn commit(&mut self, step: usize) -> HostFuture<'_, Result<(), HostError>> {
        self.host.commit(step)
    }

    fn read(&mut self, file: &str) -> Result<Option<Vec<u8>>, HostError> {
        self.host.read(file)
    }
}

impl Collective for SharingHost<'_> {
    fn share(&self) -> Share {
        self.leader.share()
    }

    fn all_gather(&mut self, own: Vec<u8>) -> HostFuture<'_, Option<Vec<Vec<u8>>>> {
        Box::pin(async {
            let mut gathering = self.leader.all_gather(own);
            loop {
                let mut time = pin!(TimeoutFuture::new(LISTEN));
                let gathered = poll_fn(|context| match gathering.as_mut().poll(context) {
                    Poll::Pending => time.as_mut().poll(context).map(|()| None),
                    Poll::Ready(gathered) => Poll::Ready(Some(gathered)),
                });
                if let Some(gathered) = gathered.await {
                    return gathered;
                }
                self.is_over |= matches!(self.host.control().await, Control::Stop);
            }
        })
    }
}

/// Computes its share of another worker's run until that one ends it.
pub fn start() {
    let mut chief = Chief::listen();
    spawn_local(async move {
        if work(&mut chief).await.is_none() {
            chief.give_up();
        }
    });
}

/// Nothing where this worker cannot do what the other does; that one goes on alone.
async fn work(chief: &mut Chief) -> Option<()> {
    let (text, files) = chief.job().await?;
    let job: Job = serde_json::from_str(&text).ok()?;
    // A number that JSON does not give back to the last bit would part the replicas.
    if serde_json::to_string(&job).ok()? != text {
        return None;
    }
    let mut files = files.into_iter();
    let model = job.model.into_iter().zip(files.by_ref()).collect();
    let dictionary = if job.has_dictionary { files.next() } else { None };
    let session = open(model, dictionary.as_deref(), ComputeDevice::cpu("as asked")).ok()?;
    if session.origin() != job.origin {
        return None;
    }
    let (train, eval) = (examples(&job.train), examples(&job.eval));
    let mut host = ReplicaHost {
        chief,
        checkpoint: job.checkpoint.into_iter().zip(files).collect(),
    };
    let trained = session.train(&job.config, training_data(&train, &eval), &mut host);
    trained.await.ok().map(|_| ())
}

/// What the training loop meets in a worker that only computes.
struct ReplicaHost<'a> {
    chief: &'a mut Chief,
    checkpoint: BTreeMap<String, Vec<u8>>,
}

impl RunHost for ReplicaHost<'_> {
    fn event(&mut self, _event: TrainEvent) {}

    fn control(&mut self) -> HostFuture<'_, Control> {
        Box::pin(std::future::ready(Control::Continue))
    }

    fn write(&mut self, _file: &str, _bytes: Vec<u8>) -> Result<(), HostError> {
        Ok(())
    }

    fn commit(&mut self, _step: usize) -> HostFuture<'_, Result<(), HostError>> {
        Box::pin(std::future::ready(Ok(())))
    }

    fn read(&mut self, file: &str) -> Result<Option<Vec<u8>>, HostError> {
        Ok(self.checkpoint.get(file).cloned())
    }
}

impl Collective for ReplicaHost<'_> {
    fn share(&self) -> Share {
        self.chief.share()
    }

    fn all_gather(&mut self, own: Vec<u8>) -> HostFuture<'_, Option<Vec<Vec<u8>>>> {
        self.chief.all_gather(own)
    }
}
