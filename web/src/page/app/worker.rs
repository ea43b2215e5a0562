//! Starts the worker, has it open models, and starts another when it is gone.

use js_sys::ArrayBuffer;
use terakoya_core::task_kind::TaskKind;
use yew::Context;

use super::{App, Msg};
use crate::messages::{Event, ModelSource, Opened, Request};
use crate::page::browser;
use crate::page::client::{Client, Listener};
use crate::page::model::{self, Status};
use crate::page::renewal::Renewal;
use crate::page::shared::Shared;
use crate::page::training::Cost;
use crate::page::training::run::Run;

/// So many deaths of the worker in [`RESTART_WINDOW`] and it is not started again by itself.
const MOST_RESTARTS: usize = 3;
/// In milliseconds.
const RESTART_WINDOW: f64 = 60_000.0;

impl App {
    /// Has the worker load a model in place of the one it has.
    pub fn open(&mut self, ctx: &Context<Self>, source: ModelSource, bytes: Option<ArrayBuffer>) {
        let number = self.model.begin(source.clone());
        self.trying.change().continuing.forget();
        self.leave_reading();
        self.reading.change().end();
        let request = Request::Open {
            model: source,
            device: self.model.device,
        };
        let answered = ctx.link().callback(move |reply| Msg::Model(number, reply));
        self.send_with(request, bytes.as_slice(), answered);
    }

    /// Opens what was open, or else the site's first model, as soon as there is a worker to do it.
    pub(super) fn open_again(&mut self, ctx: &Context<Self>) {
        let first = || {
            let offer = self.model.offers.first()?;
            Some(ModelSource::Site(offer.address.clone()))
        };
        let source = self.model.again.clone().or_else(first);
        if let Some(source) = source.filter(|_| self.worker_is_ready) {
            self.open(ctx, source, None);
        }
    }

    pub(super) fn take_model(&mut self, ctx: &Context<Self>, number: u32, event: Event) {
        if number != self.model.asked {
            return;
        }
        match event {
            Event::Download { file, done, total } => self.model.status = Status::Loading { file, done, total },
            Event::Opened(opened) => {
                let known = self.model.opened.as_ref().map(|known| &known.source);
                let task = match known == Some(&opened.source) {
                    true => self.trying.task,
                    false => opened.inspection.task.unwrap_or(self.data.table.task),
                };
                self.hold(opened);
                self.use_held(ctx, task);
            }
            Event::Finished {
                again: Some(again),
                record,
                inspection,
                training_json,
                ..
            } => {
                let asked = self.model.source.clone();
                self.hold(again.opened.clone());
                // Not the base model alone.
                self.model.come_back_to(asked);
                if !self.is_training() {
                    let ended = Run::ended(*again, record, training_json);
                    self.training.change().run = Some(Shared::new(ended));
                }
                let task = inspection.task.unwrap_or_default();
                // Where the base model cannot be had, the result is the open model itself.
                let is_alone = self.model.source == self.model.again;
                self.tuned = (!is_alone).then(|| Shared::new(*inspection));
                self.use_held(ctx, task);
                if self.tuned.is_some() {
                    self.evaluate(ctx);
                }
            }
            Event::Notice(notice) => self.notices.push(notice),
            Event::Failed { message } if self.model.return_to_held() => {
                self.error = Some(self.words.model_failed(&message));
                // What is in the boxes may have changed meanwhile.
                self.send_try(ctx);
            }
            Event::Failed { message } => {
                // Another try may help where a download broke off, not where a zip is damaged.
                self.model.again = self
                    .model
                    .source
                    .clone()
                    .filter(|source| matches!(source, ModelSource::Site(_)));
                self.model.status = Status::Failed(message);
                self.trying.change().forget_answer();
            }
            _ => {}
        }
    }

    /// Takes note of the model that the worker has now.
    fn hold(&mut self, opened: Opened) {
        self.tuned = None;
        self.reading.change().forget();
        self.training.change().form.model_layers = opened.inspection.num_hidden_layers;
        self.model.hold(opened);
    }

    /// Has the steps begin with that model.
    fn use_held(&mut self, ctx: &Context<Self>, task: TaskKind) {
        self.forget_measurement(ctx);
        self.try_model(ctx, task);
        self.list_kept(ctx);
        self.fetch_first_lesson(ctx);
    }

    pub(super) fn listen(&mut self, ctx: &Context<Self>, event: Event) {
        match event {
            Event::Ready { version } => {
                // The worker names the folder it came from, which changes with its content.
                let address = browser::body_data("worker");
                let own = address.split('/').next().unwrap_or_default();
                if version != own && browser::reload_once(&version) {
                    return;
                }
                self.worker_is_ready = true;
                self.open_again(ctx);
            }
            Event::Notice(notice) => self.notices.push(notice),
            Event::Kept(kept) => self.take_kept(ctx, kept),
            Event::Failed { message } => self.lose_worker(ctx, &message),
            _ => {}
        }
    }

    pub(super) fn start_worker(&mut self, ctx: &Context<Self>) {
        self.generation += 1;
        let generation = self.generation;
        let listener = Listener {
            unasked: ctx.link().callback(Msg::Unasked),
            lost: ctx.link().callback(move |reason| Msg::Lost(generation, reason)),
        };
        self.worker_is_ready = false;
        self.model.held = None;
        self.model.status = Status::Starting;
        if self.model.offers.is_empty() {
            ctx.link()
                .send_future(async { Msg::Offers(model::fetch_offers().await) });
        }
        match Client::start(&browser::body_data("worker"), listener) {
            Ok(client) => self.client = Some(client),
            Err(error) => {
                log::error!("{error}");
                self.model.status = Status::Failed(error.to_string());
            }
        }
    }

    /// Says that the worker is gone, lets go of all that waits for it, and starts another.
    pub(super) fn lose_worker(&mut self, ctx: &Context<Self>, reason: &str) {
        // Another worker of this page's version is nowhere to be had.
        if matches!(self.renewal, Some(Renewal::TakenOver)) {
            self.vigil = None;
            return browser::reload();
        }
        self.client = None;
        self.worker_is_ready = false;
        self.generation += 1;
        let now = browser::now();
        self.deaths.push_back(now);
        self.deaths.retain(|death| now - death < RESTART_WINDOW);
        self.vigil = None;
        self.tuned = None;
        let trying = self.trying.change();
        trying.give_up();
        trying.continuing.forget();
        let data = self.data.change();
        (data.reading, data.list) = (false, None);
        self.keeping.change().exporting = false;
        self.reading.change().forget();
        let words = self.words;
        let training = self.training.change();
        training.cost = Cost::Unknown;
        if let Some(run) = training.run.as_mut().filter(|run| run.phase.is_active()) {
            run.change().fail(words.run_lost().to_owned());
        }
        if self.deaths.len() <= MOST_RESTARTS {
            self.error = Some(words.worker_lost(reason));
            self.start_worker(ctx);
        } else {
            self.error = None;
            self.model.status = Status::Failed(words.worker_given_up().to_owned());
        }
    }
}
