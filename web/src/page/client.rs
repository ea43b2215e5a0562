//! Speaks with the worker: posts numbered requests, hands each event to whom it belongs, notices when the worker is gone.
//!
//! A message is an array `[json, ArrayBuffer…]`; buffers are moved, not copied. A worker that traps says so through its
//! `error` event; one that is killed from outside lets go of the lock that `lifeline` watches.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::rc::Rc;

use gloo_events::EventListener;
use js_sys::{Array, ArrayBuffer};
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{ErrorEvent, MessageEvent, Worker, WorkerOptions, WorkerType};
use yew::Callback;

use super::lifeline;
use crate::messages::{Event, Numbered, Request};

/// What the worker answered.
#[derive(Debug, Clone)]
pub struct Reply {
    /// The event.
    pub event: Event,
    /// The bytes beside it.
    pub buffers: Vec<ArrayBuffer>,
}

/// Why a worker could not be started.
#[derive(Debug, thiserror::Error)]
#[error("the worker {script} did not start: {reason:?}")]
pub struct StartError {
    script: String,
    reason: JsValue,
}

/// Who is told what no request asked for.
#[derive(Clone)]
pub struct Listener {
    /// Gets the events with number 0.
    pub unasked: Callback<Event>,
    /// Gets the reason when the worker is gone; the client of that worker is of no use any more.
    pub lost: Callback<String>,
}

type Pending = Rc<RefCell<HashMap<u32, Callback<Reply>>>>;

/// A running worker; dropping it ends the worker.
pub struct Client {
    worker: Worker,
    pending: Pending,
    last: Cell<u32>,
    _listeners: [EventListener; 3],
}

impl Client {
    /// Starts the module worker `script`.
    pub fn start(script: &str, listener: Listener) -> Result<Self, StartError> {
        let name = format!("terakoya-{}", (js_sys::Math::random() * 1e12) as u64);
        let options = WorkerOptions::new();
        options.set_type(WorkerType::Module);
        options.set_name(&name);
        let worker = Worker::new_with_options(script, &options).map_err(|reason| StartError {
            script: script.to_owned(),
            reason,
        })?;
        let pending = Pending::default();
        let listeners = [
            listen_to_messages(&worker, &pending, &listener, name),
            listen_to_errors(&worker, &listener),
            EventListener::new(&worker, "messageerror", {
                let lost = listener.lost;
                move |_| lost.emit("a message could not be read".to_owned())
            }),
        ];
        Ok(Self {
            worker,
            pending,
            last: Cell::new(0),
            _listeners: listeners,
        })
    }

    /// Posts a request with bytes, which are gone from here afterwards; `answered` gets every event with its number.
    pub fn send_with(&self, request: Request, buffers: &[ArrayBuffer], answered: Callback<Reply>) {
        let id = self.last.get().wrapping_add(1).max(1);
        self.last.set(id);
        let json = match serde_json::to_string(&Numbered { id, message: request }) {
            Ok(json) => json,
            Err(error) => return answered.emit(failed(error.to_string())),
        };
        let message = Array::of1(&JsValue::from_str(&json));
        let transfer: Array = buffers.iter().collect();
        for buffer in buffers {
            message.push(buffer);
        }
        self.pending.borrow_mut().insert(id, answered.clone());
        if let Err(error) = self.worker.post_message_with_transfer(&message, &transfer) {
            self.pending.borrow_mut().remove(&id);
            answered.emit(failed(format!("{error:?}")));
        }
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        self.worker.terminate();
    }
}

fn failed(message: String) -> Reply {
    Reply {
        event: Event::Failed { message },
        buffers: Vec::new(),
    }
}

fn listen_to_messages(worker: &Worker, pending: &Pending, listener: &Listener, name: String) -> EventListener {
    let (pending, listener) = (Rc::clone(pending), listener.clone());
    EventListener::new(worker, "message", move |event| {
        let data = event.unchecked_ref::<MessageEvent>().data();
        let Some((id, reply)) = parse(&data) else {
            return listener.lost.emit("a message could not be read".to_owned());
        };
        if id == 0 {
            if matches!(reply.event, Event::Ready { .. }) {
                lifeline::watch(name.clone(), listener.lost.clone());
            }
            return listener.unasked.emit(reply.event);
        }
        let answered = match is_last(&reply.event) {
            true => pending.borrow_mut().remove(&id),
            false => pending.borrow().get(&id).cloned(),
        };
        match answered {
            Some(answered) => answered.emit(reply),
            None => log::warn!("an event for request {id}, which nobody waits for"),
        }
    })
}

fn listen_to_errors(worker: &Worker, listener: &Listener) -> EventListener {
    let lost = listener.lost.clone();
    EventListener::new(worker, "error", move |event| {
        let message = event.dyn_ref::<ErrorEvent>().map(ErrorEvent::message);
        lost.emit(message.filter(|message| !message.is_empty()).unwrap_or_default());
    })
}

/// Whether no further event with its number follows.
fn is_last(event: &Event) -> bool {
    !matches!(
        event,
        Event::Download { .. }
            | Event::Resumed(_)
            | Event::GivenUp
            | Event::Train(_)
            | Event::Piece { .. }
            | Event::Read { .. }
            | Event::Notice(_)
    )
}

fn parse(data: &JsValue) -> Option<(u32, Reply)> {
    let parts = data.dyn_ref::<Array>()?;
    let json = parts.get(0).as_string()?;
    let numbered: Numbered<Event> = match serde_json::from_str(&json) {
        Ok(numbered) => numbered,
        Err(error) => {
            log::error!("the worker's message is not understood: {error}");
            return None;
        }
    };
    let buffers = parts.iter().skip(1).filter_map(|part| part.dyn_into().ok()).collect();
    let event = numbered.message;
    Some((numbered.id, Reply { event, buffers }))
}
