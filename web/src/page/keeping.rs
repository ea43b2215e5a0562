//! Holds what lasts: runs and models in the browser's storage, the zip that goes out, the zip that comes in.
//!
//! `view` draws it. The storage itself is the worker's.

pub mod view;

use std::collections::BTreeSet;

use js_sys::ArrayBuffer;
use wasm_bindgen::JsValue;
use web_sys::File;
use yew::Context;

use super::app::{App, Msg};
use super::browser;
use super::client::Reply;
use super::lifeline;
use crate::messages::{Event, Kept, ModelSource, Request, SavedRun};

/// The largest model that is read from a file.
const MOST_BYTES: f64 = 2e9;

/// The state of the part.
#[derive(Debug, Clone, Default)]
pub struct Keeping {
    /// What is kept.
    pub kept: Kept,
    /// The runs that another worker is at work on, each of which is waited for.
    awaited: BTreeSet<String>,
    /// Whether the browser was asked not to evict it.
    asked: bool,
    /// Whether a zip is being packed.
    pub exporting: bool,
    /// What went wrong last.
    pub error: Option<String>,
}

/// What happens in the part.
pub enum KeepMsg {
    /// The worker listed what is kept.
    Listed(Reply),
    /// Nobody is at work on this run any more.
    Released(String),
    /// The browser promised not to evict what is kept, or did not.
    Persisted(bool),
    /// The fine-tuned model is wanted as a zip.
    Export,
    /// The zip is here.
    Exported(Reply),
    /// A zip was chosen.
    Import(File),
    /// Its bytes are here.
    Bytes(String, Result<ArrayBuffer, JsValue>),
    /// A kept model, or that of a kept run, is to be opened.
    Open(ModelSource),
    /// A run or a model is to be deleted.
    Delete(String),
}

impl App {
    /// Changes the state of the part; whether to draw.
    pub fn update_keep(&mut self, ctx: &Context<Self>, msg: KeepMsg) -> bool {
        match msg {
            KeepMsg::Listed(reply) => match reply.event {
                Event::Kept(kept) => self.take_kept(ctx, kept),
                Event::Failed { message } => {
                    self.keeping.change().error = Some(message);
                    // What it was about may have changed in another tab.
                    self.list_kept(ctx);
                }
                _ => return false,
            },
            KeepMsg::Released(run) => {
                self.keeping.change().awaited.remove(&run);
                self.list_kept(ctx);
                return false;
            }
            KeepMsg::Persisted(granted) => self.keeping.change().kept.persistent |= granted,
            KeepMsg::Export => {
                self.keeping.change().exporting = true;
                self.send(
                    Request::Export,
                    ctx.link().callback(|reply| Msg::Keep(KeepMsg::Exported(reply))),
                );
            }
            KeepMsg::Exported(reply) => self.hand_over(reply),
            KeepMsg::Import(file) => self.read_zip(ctx, file),
            KeepMsg::Bytes(name, Ok(bytes)) => self.open(ctx, ModelSource::Zip(name), Some(bytes)),
            KeepMsg::Bytes(name, Err(reason)) => {
                let message = self.words.file_unreadable(&name, &browser::reason(&reason));
                self.keeping.change().error = Some(message);
            }
            KeepMsg::Open(source) => {
                self.open(ctx, source, None);
                browser::go_to("try");
            }
            KeepMsg::Delete(name) => {
                let listed = ctx.link().callback(|reply| Msg::Keep(KeepMsg::Listed(reply)));
                self.send(Request::Delete { name }, listed);
            }
        }
        true
    }

    /// Asks what is kept.
    pub fn list_kept(&mut self, ctx: &Context<Self>) {
        self.send(
            Request::ListKept,
            ctx.link().callback(|reply| Msg::Keep(KeepMsg::Listed(reply))),
        );
    }

    /// Takes the list of what is kept; a first run in it is worth asking that it stays.
    pub fn take_kept(&mut self, ctx: &Context<Self>, kept: Kept) {
        let is_worth_asking = !kept.runs.is_empty() && !kept.persistent;
        let keeping = self.keeping.change();
        // The worker may have looked before the browser promised it.
        let persistent = kept.persistent || keeping.kept.persistent;
        keeping.kept = Kept { persistent, ..kept };
        for run in keeping.kept.runs.iter().filter(|run| run.at_work) {
            if keeping.awaited.insert(run.id.clone()) {
                let id = run.id.clone();
                let released = move |()| Msg::Keep(KeepMsg::Released(id.clone()));
                lifeline::when_released(SavedRun::lock(&run.id), ctx.link().callback(released));
            }
        }
        if is_worth_asking {
            self.ask_to_persist(ctx);
        }
    }

    /// Asks the browser not to evict what is kept, once a visit: some ask the user in turn.
    pub fn ask_to_persist(&mut self, ctx: &Context<Self>) {
        if self.keeping.asked {
            return;
        }
        self.keeping.change().asked = true;
        ctx.link()
            .send_future(async { Msg::Keep(KeepMsg::Persisted(browser::persist().await)) });
    }

    fn hand_over(&mut self, reply: Reply) {
        let keeping = self.keeping.change();
        keeping.exporting = false;
        match (reply.event, reply.buffers.first()) {
            (Event::Exported { file_name }, Some(zip)) => {
                keeping.error = None;
                browser::download(&file_name, "application/zip", zip);
            }
            (Event::Failed { message }, _) => keeping.error = Some(message),
            (event, _) => log::error!("no zip came with {event:?}"),
        }
    }

    fn read_zip(&mut self, ctx: &Context<Self>, file: File) {
        let name = file.name();
        if file.size() > MOST_BYTES {
            let size = super::figures::bytes(file.size() as u64);
            self.keeping.change().error = Some(self.words.model_too_large(&name, &size));
            return;
        }
        self.ask_to_persist(ctx);
        ctx.link().send_future(async move {
            let bytes = browser::read_file(file.into()).await;
            Msg::Keep(KeepMsg::Bytes(name, bytes))
        });
    }
}
