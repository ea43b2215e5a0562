//! Holds what the page posted until somebody takes it.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::future::poll_fn;
use std::rc::Rc;
use std::task::{Poll, Waker};

use gloo_events::EventListener;
use js_sys::{Array, ArrayBuffer, Uint8Array};
use wasm_bindgen::{JsCast, JsValue};
use web_sys::MessageEvent;

use super::{scope, tell};
use crate::messages::{Event, Numbered, Request};

/// A request with the files beside it.
pub struct Posted {
    /// Its number.
    pub id: u32,
    /// What is asked.
    pub request: Request,
    /// The files' bytes, still outside of this program's memory.
    pub files: Vec<Uint8Array>,
}

#[derive(Default)]
struct Waiting {
    posted: VecDeque<Posted>,
    waker: Option<Waker>,
}

/// The requests that nobody took yet.
#[derive(Clone)]
pub struct Inbox {
    waiting: Rc<RefCell<Waiting>>,
}

impl Inbox {
    /// Listens as long as the worker lives.
    pub fn listen() -> Self {
        let waiting = Rc::new(RefCell::new(Waiting::default()));
        let inbox = Self {
            waiting: Rc::clone(&waiting),
        };
        let listener = EventListener::new(&scope(), "message", move |event| {
            let data = event.unchecked_ref::<MessageEvent>().data();
            if let Some(posted) = read(&data) {
                let mut waiting = waiting.borrow_mut();
                waiting.posted.push_back(posted);
                if let Some(waker) = waiting.waker.take() {
                    waker.wake();
                }
            }
        });
        listener.forget();
        inbox
    }

    /// The oldest request; waits for one.
    pub async fn take(&self) -> Posted {
        poll_fn(|context| {
            let mut waiting = self.waiting.borrow_mut();
            match waiting.posted.pop_front() {
                Some(posted) => Poll::Ready(posted),
                None => {
                    waiting.waker = Some(context.waker().clone());
                    Poll::Pending
                }
            }
        })
        .await
    }

    /// The oldest request that `wanted` takes, out of its turn.
    pub fn take_if(&self, wanted: impl Fn(&Request) -> bool) -> Option<Posted> {
        let mut waiting = self.waiting.borrow_mut();
        let place = waiting.posted.iter().position(|posted| wanted(&posted.request))?;
        waiting.posted.remove(place)
    }

    /// Whether a request waits that `wanted` takes.
    pub fn has(&self, wanted: impl Fn(&Request) -> bool) -> bool {
        let waiting = self.waiting.borrow();
        waiting.posted.iter().any(|posted| wanted(&posted.request))
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
