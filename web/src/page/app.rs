//! Owns the state of the page and the worker; hands each message to the step it belongs to and draws the steps.
//!
//! State flows down as `Shared` values, messages flow up as callbacks. What a message does stands in the step's own file,
//! and in `worker` where it is about the worker and its model.

mod worker;

use std::collections::VecDeque;

use gloo_events::EventListener;
use gloo_timers::callback::Timeout;
use js_sys::ArrayBuffer;
use terakoya_core::protocol::DeviceChoice;
use terakoya_core::protocol::Inspection;
use web_sys::File;
use yew::prelude::*;

use super::browser::{self, Abilities};
use super::client::{Client, Reply};
use super::data::view::DataStep;
use super::data::{Data, DataMsg};
use super::events;
use super::frame::{Banner, Head, StepBar};
use super::keeping::view::KeepStep;
use super::keeping::{KeepMsg, Keeping};
use super::model::{Loading, Model, ModelLine, Offer, OffersError, Status};
use super::notices::Notices;
use super::reading::view::ReadStep;
use super::reading::{ReadMsg, Reading};
use super::renewal::{self, Renewal};
use super::shared::Shared;
use super::theme::Theme;
use super::training::view::TrainStep;
use super::training::{News, TrainMsg, Training, Vigil};
use super::trying::view::TryStep;
use super::trying::{TryMsg, Trying};
use super::words::{Language, Words};
use crate::messages::{self, ModelSource, Request};

/// How long the table rests before the browser remembers it, in milliseconds.
const REMEMBER_AFTER: u32 = 800;

/// What happens on the page.
pub enum Msg {
    /// In the first step.
    Try(TryMsg),
    /// In the second.
    Data(DataMsg),
    /// In the third.
    Train(TrainMsg),
    /// In the fourth.
    Read(ReadMsg),
    /// Where things last.
    Keep(KeepMsg),
    /// Files were dropped somewhere.
    Dropped(Vec<File>),
    /// The worker tells of the model that is being opened; the number of the request.
    Model(u32, Reply),
    /// The site's models are known.
    Offers(Result<Vec<Offer>, OffersError>),
    /// Another model is wanted.
    Open(ModelSource),
    /// The model is wanted on another device.
    Device(DeviceChoice),
    /// The worker says something unasked.
    Unasked(messages::Event),
    /// The worker with this number is gone.
    Lost(u32, String),
    /// The worker is to be started again.
    Restart,
    /// A new version of the site waits.
    Renewal(Renewal),
    /// It is to take over.
    Renew,
    /// Another language.
    Language(Language),
    /// Another theme.
    Theme(Theme),
    /// A notice was read.
    NoticeRead(usize),
    /// The error was read.
    ErrorRead,
    /// It was read that a run did not end.
    LeftRunRead,
}

/// The page.
pub struct App {
    client: Option<Client>,
    worker_is_ready: bool,
    /// Counts workers.
    generation: u32,
    deaths: VecDeque<f64>,
    save: Option<Timeout>,
    /// Waits for what is chosen to rest; then a run is planned.
    pub estimate: Option<Timeout>,
    renewal: Option<Renewal>,
    _shown_again: Option<EventListener>,
    _dropped: Option<[EventListener; 3]>,
    abilities: Abilities,
    theme: Theme,
    /// The language.
    pub words: Words,
    /// The model.
    pub model: Model,
    /// What the fine-tuned model in the worker is, if there is one.
    pub tuned: Option<Shared<Inspection>>,
    /// The first step.
    pub trying: Shared<Trying>,
    /// The second.
    pub data: Shared<Data>,
    /// The third.
    pub training: Shared<Training>,
    /// What is told of a run and not drawn yet.
    pub news: News,
    /// Lasts while a run does.
    pub vigil: Option<Vigil>,
    /// The fourth.
    pub reading: Shared<Reading>,
    /// What lasts.
    pub keeping: Shared<Keeping>,
    /// What the user should know.
    pub notices: Notices,
    /// What went wrong beyond a single step.
    pub error: Option<String>,
    left_run_read: bool,
}

impl Component for App {
    type Message = Msg;
    type Properties = ();

    fn create(ctx: &Context<Self>) -> Self {
        let words = Words::new(Language::recalled());
        words.language.apply();
        let theme = Theme::recalled();
        theme.apply();
        let visible = ctx.link().callback(|_| Msg::Train(TrainMsg::Visible));
        let shown_again = browser::document()
            .map(|document| EventListener::new(&document, "visibilitychange", move |_| visible.emit(())));
        let mut app = Self {
            client: None,
            worker_is_ready: false,
            generation: 0,
            deaths: VecDeque::new(),
            save: None,
            estimate: None,
            renewal: None,
            _shown_again: shown_again,
            _dropped: events::take_dropped(&ctx.link().callback(Msg::Dropped)),
            abilities: browser::abilities(),
            theme,
            words,
            model: Model::default(),
            tuned: None,
            trying: Shared::default(),
            data: Shared::new(Data::recalled()),
            training: Shared::default(),
            news: News::default(),
            vigil: None,
            reading: Shared::default(),
            keeping: Shared::default(),
            notices: Notices::default(),
            error: None,
            left_run_read: false,
        };
        app.training
            .change()
            .form
            .suit(&app.data.table, app.data.parts.train.len());
        app.start_worker(ctx);
        renewal::register(ctx.link().callback(Msg::Renewal));
        app
    }

    fn update(&mut self, ctx: &Context<Self>, msg: Msg) -> bool {
        match msg {
            Msg::Try(msg) => return self.update_try(ctx, msg),
            Msg::Data(msg) => return self.update_data(ctx, msg),
            Msg::Train(msg) => return self.update_train(ctx, msg),
            Msg::Read(msg) => return self.update_read(ctx, msg),
            Msg::Keep(msg) => return self.update_keep(ctx, msg),
            Msg::Dropped(files) => {
                let is_zip = |file: &&File| file.name().to_ascii_lowercase().ends_with(".zip");
                if let Some(zip) = files.iter().find(is_zip) {
                    browser::go_to("keep");
                    // While a model learns, the button there is grey, too.
                    return !self.is_training() && self.update_keep(ctx, KeepMsg::Import(zip.clone()));
                }
                browser::go_to("data");
                return self.update_data(ctx, DataMsg::Files(files));
            }
            Msg::Model(number, reply) => self.take_model(ctx, number, reply.event),
            Msg::Device(device) => {
                self.model.device = device;
                self.open_again(ctx);
            }
            Msg::Offers(Ok(offers)) => {
                self.model.offers = offers;
                self.open_again(ctx);
            }
            Msg::Offers(Err(error)) => self.model.status = Status::Failed(error.to_string()),
            Msg::Open(source) => self.open(ctx, source, None),
            Msg::Unasked(event) => self.listen(ctx, event),
            Msg::Lost(generation, reason) if generation == self.generation => self.lose_worker(ctx, &reason),
            Msg::Lost(..) => return false,
            Msg::Restart => {
                self.deaths.clear();
                self.start_worker(ctx);
            }
            Msg::Renewal(Renewal::TakenOver) if !self.is_training() && self.tuned.is_none() => browser::reload(),
            Msg::Renewal(renewal) => self.renewal = Some(renewal),
            Msg::Renew => {
                if let Some(renewal) = &self.renewal {
                    renewal.use_now();
                }
                return false;
            }
            Msg::Language(language) => {
                language.apply();
                language.remember();
                self.words = Words::new(language);
            }
            Msg::Theme(theme) => {
                theme.apply();
                browser::remember("theme", theme.name());
                self.theme = theme;
            }
            Msg::NoticeRead(number) => self.notices.remove(number),
            Msg::ErrorRead => self.error = None,
            Msg::LeftRunRead => self.left_run_read = true,
        }
        true
    }

    fn view(&self, ctx: &Context<Self>) -> Html {
        let w = self.words;
        let link = ctx.link();
        html! {
            <>
                <Head words={w} theme={self.theme} onlanguage={link.callback(Msg::Language)} ontheme={link.callback(Msg::Theme)} />
                <StepBar words={w} busy={self.busy_steps()} />
                <main>
                    { self.messages(ctx) }
                    { self.first_steps(ctx) }
                    { self.last_steps(ctx) }
                </main>
                <footer><p>{ w.privacy() }</p><p class="caption">{ "Terakoya " }{ browser::body_data("version") }</p></footer>
            </>
        }
    }
}

impl App {
    /// Posts a request; nothing where the worker is gone, which the user has been told.
    pub fn send(&self, request: Request, answered: Callback<Reply>) {
        self.send_with(request, &[], answered);
    }

    /// Posts a request with bytes.
    pub fn send_with(&self, request: Request, buffers: &[ArrayBuffer], answered: Callback<Reply>) {
        match &self.client {
            Some(client) => client.send_with(request, buffers, answered),
            None => log::warn!("no worker takes {request:?}"),
        }
    }

    /// Whether the worker has a model.
    pub fn model_is_ready(&self) -> bool {
        self.client.is_some() && self.model.status == Status::Ready
    }

    /// Has the browser remember the table once it rests.
    pub fn remember_table_soon(&mut self, ctx: &Context<Self>) {
        let link = ctx.link().clone();
        self.save = Some(Timeout::new(REMEMBER_AFTER, move || {
            link.send_message(Msg::Data(DataMsg::Remember));
        }));
    }

    /// Sections in which something is going on.
    fn busy_steps(&self) -> Vec<&'static str> {
        let busy = [
            (
                "try",
                matches!(self.model.status, Status::Starting | Status::Loading { .. }),
            ),
            ("data", self.data.reading),
            ("train", self.is_training()),
            ("read", self.reading.is_busy()),
            ("keep", self.keeping.exporting),
        ];
        busy.into_iter().filter(|(_, busy)| *busy).map(|(id, _)| id).collect()
    }

    fn messages(&self, ctx: &Context<Self>) -> Html {
        let w = self.words;
        let link = ctx.link();
        html! {
            <div class="messages">
                if let Some(error) = &self.error {
                    <Banner words={w} id="error" bad={true} onclose={link.callback(|()| Msg::ErrorRead)}>{ w.message(error) }</Banner>
                }
                if self.renewal.is_some() && !self.is_training() {
                    <p id="renewal" class="banner" role="status">
                        { w.new_version() }{ " " }
                        <button type="button" class="secondary" onclick={link.callback(|_| Msg::Renew)}>
                            { w.use_new_version() }
                        </button>
                    </p>
                }
                { self.left_run(ctx) }
                { for self.notices.iter().enumerate().map(|(number, notice)| html! {
                    <Banner key={number} words={w} id="notice" onclose={link.callback(move |()| Msg::NoticeRead(number))}>
                        { w.notice(notice) }
                    </Banner>
                }) }
            </div>
        }
    }

    /// Says that a run of an earlier visit did not end.
    fn left_run(&self, ctx: &Context<Self>) -> Html {
        let w = self.words;
        let left = self.keeping.kept.runs.iter().find(|run| run.is_left());
        let Some(run) = left.filter(|_| self.training.run.is_none() && !self.left_run_read) else {
            return Html::default();
        };
        let link = ctx.link();
        let id = run.id.clone();
        let go_on = link.callback(move |_: MouseEvent| Msg::Train(TrainMsg::Continue(id.clone())));
        html! {
            <Banner words={w} id="left-run" onclose={link.callback(|()| Msg::LeftRunRead)}>
                { w.left_run(&run.model, run.epochs_done, run.epochs) }{ " " }
                <button type="button" class="secondary" disabled={!self.model_is_ready()} onclick={go_on}>
                    { w.continue_from(run.epochs_done, run.epochs) }
                </button>
            </Banner>
        }
    }

    fn first_steps(&self, ctx: &Context<Self>) -> Html {
        let w = self.words;
        let link = ctx.link();
        let restart = link.callback(|()| Msg::Restart);
        html! {
            <>
                <TryStep words={w} state={self.trying.clone()} model={self.model.opened.clone()}
                    fit={self.fit()} examples={self.examples_to_try()} explainable={!self.is_training()} tuned={self.tuned.clone()} loading={html! { <Loading words={w} status={self.model.status.clone()} onrestart={restart} /> }}
                    line={html! { <ModelLine words={w} model={self.model.clone()} tuned={self.tuned.is_some()}
                        disabled={self.is_training()} ondevice={link.callback(Msg::Device)} onmodel={link.callback(Msg::Open)} /> }}
                    emit={link.callback(Msg::Try)} />
                <DataStep words={w} state={self.data.clone()} emit={link.callback(Msg::Data)} />
            </>
        }
    }

    fn last_steps(&self, ctx: &Context<Self>) -> Html {
        let w = self.words;
        let link = ctx.link();
        let unfinished = self.keeping.kept.runs.iter().find(|run| run.is_left()).cloned();
        let model = self.model.opened.clone().filter(|_| self.model_is_ready());
        html! {
            <>
                <TrainStep words={w} state={self.training.clone()} data={self.data.clone()} model={model.clone()} {unfinished}
                    abilities={self.abilities} emit={link.callback(Msg::Train)} />
                <ReadStep words={w} state={self.reading.clone()} trying={self.trying.clone()}
                    ready={model.is_some() && !self.is_training()} tuned={self.tuned.is_some()} emit={link.callback(Msg::Read)} />
                <KeepStep words={w} state={self.keeping.clone()} exportable={self.tuned.is_some() || self.model.is_kept_run()} training={self.is_training()}
                    ready={model.is_some()} abilities={self.abilities} emit={link.callback(Msg::Keep)}
                    oncontinue={link.callback(|run| Msg::Train(TrainMsg::Continue(run)))} />
            </>
        }
    }
}
