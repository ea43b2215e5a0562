//! Carries bytes between a worker and the workers that it starts, so that each gets what every one sent: the all-gather of
//! data-parallel training, by messages, since without cross-origin isolation there is no shared memory.
//!
//! To a follower the leader posts arrays: first `[rank, replicas, job, Uint8Array…]`, what it is to do; then
//! `[ArrayBuffer…]`, what each sent, by rank. A follower posts [`LISTENING`] once, then the `ArrayBuffer` of what it sends,
//! before it the number of bytes of its memory where that has grown, or `null` where it cannot go on.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use gloo_events::{EventListener, EventListenerOptions};
use js_sys::{Array, ArrayBuffer, Reflect, Uint8Array};
use terakoya_core::train::{Collective, HostFuture, Share};
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{DedicatedWorkerGlobalScope, MessageEvent, Performance, Worker, WorkerOptions, WorkerType};

use crate::queue::Queue;

/// What is posted before a worker listens, while it still loads its program, is lost.
const LISTENING: bool = true;

/// How long the followers are waited for in milliseconds, at least: they load the program and a model first.
const PATIENCE: f64 = 30_000.0;

/// And how much longer than the leader itself took for its own part.
const SLOWER: f64 = 10.0;

/// Longest time that a browser's timer takes, in milliseconds.
const LONGEST: f64 = i32::MAX as f64;

/// The workers that a worker has started; dropping it ends them.
pub struct Leader {
    followers: Vec<Follower>,
    replicas: usize,
    /// When the last exchange ended.
    exchanged: f64,
}

struct Follower {
    worker: Worker,
    sent: Queue<ArrayBuffer>,
    memory_bytes: Rc<Cell<u64>>,
    _listeners: [EventListener; 3],
}

impl Drop for Follower {
    fn drop(&mut self) {
        self.worker.terminate();
    }
}

impl Follower {
    fn start(script: &str, name: &str, job: Array) -> Result<Self, JsValue> {
        let options = WorkerOptions::new();
        options.set_type(WorkerType::Module);
        options.set_name(name);
        let worker = Worker::new_with_options(script, &options)?;
        let (sent, memory_bytes) = (Queue::default(), Rc::default());
        let listeners = [
            listening(&worker, job, &sent, &memory_bytes),
            closing(&worker, "error", &sent),
            closing(&worker, "messageerror", &sent),
        ];
        Ok(Self {
            worker,
            sent,
            memory_bytes,
            _listeners: listeners,
        })
    }

    /// Posts copies of `buffers`; `null` in the place of a missing one.
    fn post<'a>(&self, buffers: impl Iterator<Item = Option<&'a Vec<u8>>>) -> Result<(), JsValue> {
        let copy = |bytes: &Vec<u8>| JsValue::from(Uint8Array::from(&bytes[..]).buffer());
        let message: Array = buffers.map(|bytes| bytes.map_or(JsValue::NULL, copy)).collect();
        let transfer: Array = message.iter().filter(|buffer| !buffer.is_null()).collect();
        self.worker.post_message_with_transfer(&message, &transfer)
    }
}

/// Gives the follower its job once it listens, and keeps what it sends.
fn listening(worker: &Worker, job: Array, sent: &Queue<ArrayBuffer>, memory_bytes: &Rc<Cell<u64>>) -> EventListener {
    let (follower, sent, memory_bytes) = (worker.clone(), sent.clone(), Rc::clone(memory_bytes));
    let job = RefCell::new(Some(job));
    EventListener::new(worker, "message", move |event| {
        let data = event.unchecked_ref::<MessageEvent>().data();
        if data == LISTENING {
            let job = job.borrow_mut().take();
            if job.is_none_or(|job| follower.post_message(&job).is_err()) {
                sent.close();
            }
        } else if data.is_null() {
            sent.close();
        } else if let Some(bytes) = data.as_f64() {
            memory_bytes.set(bytes as u64);
        } else if let Ok(buffer) = data.dyn_into() {
            sent.push(buffer);
        }
    })
}

/// Closes at an event that would go on to whoever started this worker, and end it.
fn closing(worker: &Worker, event: &'static str, sent: &Queue<ArrayBuffer>) -> EventListener {
    let sent = sent.clone();
    let options = EventListenerOptions::enable_prevent_default();
    EventListener::new_with_options(worker, event, options, move |event| {
        event.prevent_default();
        sent.close();
    })
}

impl Leader {
    /// Starts module workers from `script`, all called `name`, so that there are `replicas` with this one, and gives each
    /// the job and the files. Nothing where the browser does not let a worker start workers.
    pub fn start(script: &str, name: &str, replicas: usize, job: &str, files: &[Uint8Array]) -> Option<Self> {
        let start = |rank: usize| {
            let head = [(rank as f64).into(), (replicas as f64).into(), JsValue::from_str(job)];
            let files = files.iter().map(JsValue::from);
            Follower::start(script, name, head.into_iter().chain(files).collect()).ok()
        };
        Some(Self {
            followers: (1..replicas).map(start).collect::<Option<_>>()?,
            replicas,
            exchanged: now(),
        })
    }

    /// How many workers are left, this one included.
    pub fn workers(&self) -> usize {
        1 + self.followers.len()
    }

    /// Bytes of memory of the followers' programs, as far as they have said.
    pub fn memory_bytes(&self) -> u64 {
        self.followers.iter().map(|follower| follower.memory_bytes.get()).sum()
    }

    async fn gather(&self, own: Vec<u8>) -> Option<Vec<Vec<u8>>> {
        if self.followers.is_empty() {
            return None;
        }
        let begin = now();
        let patience = PATIENCE + SLOWER * (begin - self.exchanged);
        let mut gathered = vec![own];
        for follower in &self.followers {
            let left = (begin + patience - now()).clamp(0.0, LONGEST);
            let buffer = follower.sent.take_within(left as u32).await?;
            gathered.push(Uint8Array::new(&buffer).to_vec());
        }
        for (rank, follower) in (1..).zip(&self.followers) {
            let others = gathered.iter().enumerate();
            let others = others.map(|(from, bytes)| (from != rank).then_some(bytes));
            follower.post(others).ok()?;
        }
        Some(gathered)
    }
}

impl Collective for Leader {
    fn share(&self) -> Share {
        Share {
            rank: 0,
            replicas: self.replicas,
        }
    }

    /// Where one is lost, all are ended.
    fn all_gather(&mut self, own: Vec<u8>) -> HostFuture<'_, Option<Vec<Vec<u8>>>> {
        Box::pin(async {
            let gathered = self.gather(own).await;
            if gathered.is_none() {
                self.followers.clear();
            }
            self.exchanged = now();
            gathered
        })
    }
}

/// The worker that started this one.
pub struct Chief {
    posted: Queue<Array>,
    share: Share,
    /// What was said of this program's memory.
    told_bytes: Cell<f64>,
    _listener: EventListener,
}

impl Chief {
    /// Listens for it, and says so.
    pub fn listen() -> Self {
        let posted = Queue::default();
        let listener = EventListener::new(&scope(), "message", {
            let posted = posted.clone();
            move |event| {
                let data = event.unchecked_ref::<MessageEvent>().data();
                if let Ok(parts) = data.dyn_into::<Array>() {
                    posted.push(parts);
                }
            }
        });
        // Nobody hears it where the other has ended.
        let _ = scope().post_message(&LISTENING.into());
        Self {
            posted,
            share: Share::WHOLE,
            told_bytes: Cell::default(),
            _listener: listener,
        }
    }

    /// What is to be done, and the files beside it; waits for it.
    pub async fn job(&mut self) -> Option<(String, Vec<Vec<u8>>)> {
        let parts = self.posted.take().await?;
        self.share = Share {
            rank: parts.get(0).as_f64()? as usize,
            replicas: parts.get(1).as_f64()? as usize,
        };
        let files = parts.iter().skip(3).map(|file| file.dyn_into::<Uint8Array>());
        let files = files.map(|file| Some(file.ok()?.to_vec())).collect::<Option<_>>()?;
        Some((parts.get(2).as_string()?, files))
    }

    /// Says that this worker cannot go on.
    pub fn give_up(&self) {
        // Nobody hears it where the other has ended, too.
        let _ = scope().post_message(&JsValue::NULL);
    }

    async fn gather(&self, own: Vec<u8>) -> Option<Vec<Vec<u8>>> {
        let memory = memory_bytes() as f64;
        if self.told_bytes.replace(memory) != memory {
            scope().post_message(&memory.into()).ok()?;
        }
        let buffer = Uint8Array::from(&own[..]).buffer();
        scope().post_message_with_transfer(&buffer, &Array::of1(&buffer)).ok()?;
        let mut own = Some(own);
        let parts = self.posted.take().await?;
        let bytes = |part: JsValue| {
            part.dyn_into::<ArrayBuffer>()
                .ok()
                .map(|part| Uint8Array::new(&part).to_vec())
        };
        parts
            .iter()
            .map(|part| if part.is_null() { own.take() } else { bytes(part) })
            .collect()
    }
}

impl Collective for Chief {
    fn share(&self) -> Share {
        self.share
    }

    fn all_gather(&mut self, own: Vec<u8>) -> HostFuture<'_, Option<Vec<Vec<u8>>>> {
        Box::pin(self.gather(own))
    }
}

/// Bytes of memory of this program. It never gives any back.
pub fn memory_bytes() -> u64 {
    let memory: js_sys::WebAssembly::Memory = wasm_bindgen::memory().unchecked_into();
    let buffer: ArrayBuffer = memory.buffer().unchecked_into();
    buffer.byte_length().into()
}

/// Milliseconds since this program's page or worker began.
pub fn now() -> f64 {
    let performance = Reflect::get(&js_sys::global(), &"performance".into());
    performance.map_or_else(
        |_| js_sys::Date::now(),
        |performance| performance.unchecked_into::<Performance>().now(),
    )
}

fn scope() -> DedicatedWorkerGlobalScope {
    js_sys::global().unchecked_into()
}
