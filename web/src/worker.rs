//! Owns the model: hears the page's requests, answers them one after the other, and lets a running training answer what
//! cannot wait.
//!
//! `inbox` holds what the page posted, `desk` answers, `opening` finds a model's files, `reading` reads data files,
//! `trying` answers while somebody types, `training` is the outside of the training loop, `replicas` further workers that
//! share its steps, `storage`, `download`, `archive` and `runs` keep things.

mod archive;
mod desk;
mod download;
mod inbox;
mod lock;
mod opening;
mod reading;
mod replicas;
mod runs;
mod storage;
mod training;
mod trying;

use js_sys::{Array, Uint8Array};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::spawn_local;
use web_sys::DedicatedWorkerGlobalScope;

use crate::collective::{memory_bytes, now};
use crate::messages::{Event, Numbered};
use desk::Desk;
use inbox::Inbox;
use lock::Lock;

/// Starts the worker.
pub fn start() {
    console_error_panic_hook::set_once();
    // The GPU stack reports a broken shader as a line of the log and goes on with garbage: such lines must be seen.
    if let Err(error) = console_log::init_with_level(log::Level::Warn) {
        web_sys::console::warn_1(&JsValue::from_str(&error.to_string()));
    }
    if scope().name() == replicas::NAME {
        return replicas::start();
    }
    let inbox = Inbox::listen();
    spawn_local(async move {
        let _alive = Lock::of_this_worker().await;
        let mut desk = Desk::new(inbox).await;
        tell(0, Event::Ready { version: version() });
        desk.work().await;
    });
}

/// The worker's global scope.
fn scope() -> DedicatedWorkerGlobalScope {
    js_sys::global().unchecked_into()
}

/// The name of the folder that this program was loaded from, which changes with its content.
fn version() -> String {
    let here = scope().location().pathname();
    here.rsplit('/').nth(1).unwrap_or_default().to_owned()
}

/// Posts an event to the page.
fn tell(id: u32, event: Event) {
    post(id, event, None);
}

/// Posts an event with a file's bytes beside it.
fn tell_with_bytes(id: u32, event: Event, bytes: &[u8]) {
    post(id, event, Some(Uint8Array::from(bytes).buffer().into()));
}

fn post(id: u32, event: Event, buffer: Option<JsValue>) {
    let message = Numbered { id, message: event };
    let json = match serde_json::to_string(&message) {
        Ok(json) => json,
        Err(error) => {
            log::error!("a message could not be written: {error}");
            return;
        }
    };
    let parts: Array = std::iter::once(JsValue::from_str(&json))
        .chain(buffer.clone())
        .collect();
    let transfer: Array = buffer.into_iter().collect();
    if let Err(error) = scope().post_message_with_transfer(&parts, &transfer) {
        log::error!("a message could not be posted: {}", storage::describe(&error));
    }
}
