//! Holds what the page posted until somebody takes it.

use gloo_events::EventListener;
use js_sys::{Array, ArrayBuffer, Uint8Array};
use wasm_bindgen::{JsCast, JsValue};
use web_sys::MessageEvent;

use super::{scope, tell};
use crate::messages::{Event, Numbered, Request};
use crate::queue::Queue;

/// A request with the files beside it.
pub struct Posted {
    /// Its number.
    pub id: u32,
    /// What is asked.
    pub request: Request,
    /// The files' bytes, still outside of this program's memory.
    pub files: Vec<Uint8Array>,
}

/// The requests that nobody took yet.
#[derive(Clone)]
pub struct Inbox {
    posted: Queue<Posted>,
}

impl Inbox {
    /// Listens as long as the worker lives.
    pub fn listen() -> Self {
        let posted = Queue::default();
        let inbox = Self { posted: posted.clone() };
        let listener = EventListener::new(&scope(), "message", move |event| {
            let data = event.unchecked_ref::<MessageEvent>().data();
            if let Some(request) = read(&data) {
                posted.push(request);
            }
        });
        listener.forget();
        inbox
    }

    /// The oldest request; waits for one. The queue of a worker that lives does not end.
    pub async fn take(&self) -> Option<Posted> {
        self.posted.take().await
    }

    /// The oldest request that `wanted` takes, out of its turn.
    pub fn take_if(&self, wanted: impl Fn(&Request) -> bool) -> Option<Posted> {
        self.posted.take_if(|posted| wanted(&posted.request))
    }

    /// Whether a request waits that `wanted` takes.
    pub fn has(&self, wanted: impl Fn(&Request) -> bool) -> bool {
        self.posted.has(|posted| wanted(&posted.request))
    }
}

/// Reads a message; one that is not ours is answered as far as that is possible.
fn read(data: &JsValue) -> Option<Posted> {
    let parts = data.dyn_ref::<Array>()?;
    let json = parts.get(0).as_string()?;
    let files = parts
        .iter()
        .skip(1)
        .filter_map(|part| part.dyn_into::<ArrayBuffer>().ok());
    match serde_json::from_str::<Numbered<Request>>(&json) {
        Ok(Numbered { id, message }) => Some(Posted {
            id,
            request: message,
            files: files.map(|buffer| Uint8Array::new(&buffer)).collect(),
        }),
        Err(error) => {
            let id = serde_json::from_str::<Numbered<serde_json::Value>>(&json).map_or(0, |message| message.id);
            let message = format!("the page asked for something that this worker does not know: {error}");
            tell(id, Event::Failed { message });
            None
        }
    }
}
