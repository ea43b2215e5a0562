//! Holds the third step: what to train, what it would cost, and a run as it goes.
//!
//! `form` turns what is typed into a `TrainingConfig`, `run` follows a run's events; `view` draws the step, with `options`,
//! `cost`, `progress` and `chart` for its parts.

mod chart;
mod cost;
pub mod form;
mod options;
mod progress;
pub mod run;
pub mod view;

use std::rc::Rc;

use gloo_events::EventListener;
use gloo_timers::callback::Timeout;
use terakoya_core::protocol::{RunPlan, TrainEvent};
use terakoya_core::training_config::TrainingConfig;
use wasm_bindgen::JsCast;
use web_sys::BeforeUnloadEvent;
use yew::{Callback, Context};

use self::form::{FieldError, Form, Layers};
use self::run::{Phase, Run};
use super::app::{App, Msg};
use super::browser::{self, Awake};
use super::client::Reply;
use super::shared::Shared;
use crate::messages::{CostOf, Event, Request};

/// The state of the step.
#[derive(Clone, Default)]
pub struct Training {
    /// What is chosen and typed.
    pub form: Form,
    /// What is wrong with it.
    pub field_error: Option<FieldError>,
    /// What it would cost, if it was measured.
    pub cost: Cost,
    /// The run, from its start until the next one's.
    pub run: Option<Shared<Run>>,
    /// Whether the browser lets the screen go dark while it lasts.
    pub may_sleep: bool,
}

/// What a run would cost.
#[derive(Debug, Clone, Default, PartialEq)]
pub enum Cost {
    /// Not known.
    #[default]
    Unknown,
    /// A step is being measured.
    Measuring,
    /// It was, or the plan was made.
    Measured(Measurement),
    /// It could not be.
    Failed(String),
}

/// A plan, and a measured step where there is one.
#[derive(Debug, Clone, PartialEq)]
pub struct Measurement {
    /// Steps, parameters, memory.
    pub plan: RunPlan,
    /// A step's time; 0 where none was measured.
    pub step_milliseconds: f64,
    /// The whole run's time.
    pub seconds: f64,
    /// Why it cannot be done here.
    pub refused: Option<String>,
}

/// What happens in the step.
pub enum TrainMsg {
    /// Another choice of what learns.
    Layers(Layers),
    /// An option was typed, by its key.
    Option(&'static str, String),
    /// The cost is asked for.
    Measure,
    /// Nobody wants to wait for it any more.
    GiveUpMeasuring,
    /// What follows from the plan is to be shown.
    Estimate,
    /// The worker answered what was asked for.
    Measured(CostOf, Reply),
    /// The run is to begin.
    Start,
    /// The run is to wait.
    Pause,
    /// The run is to go on.
    Resume,
    /// The run is to end with what it has.
    Stop,
    /// A kept run is to go on.
    Continue(String),
    /// The worker tells of the run.
    Event(Reply),
    /// What was told meanwhile is to be shown.
    Show,
    /// The worker took a command.
    Obeyed(Reply),
    /// The run description is wanted as a file.
    Describe,
    /// The window was shown again.
    Visible,
    /// The screen stays awake while a run lasts, or the browser would not have it so.
    Awake(bool),
}

/// How long form and table rest before a run is planned, in milliseconds.
const ESTIMATE_AFTER: u32 = 800;
/// Rows for which this is done unasked, at most: all of them travel to the worker.
const MOST_ESTIMATED: usize = 2000;

/// How often a run's news are drawn, in milliseconds: a small model takes hundreds of steps a second.
const SHOW_EVERY: u32 = 100;

/// What the worker told of a run and nobody has seen yet.
#[derive(Default)]
pub struct News {
    /// Events, with the time when each came.
    told: Vec<(TrainEvent, f64)>,
    show: Option<Timeout>,
}

/// What lasts only while a run does: the screen stays awake, and leaving the page is asked about.
pub struct Vigil {
    _awake: Awake,
    _leaving: Option<EventListener>,
}

impl Vigil {
    fn begin(awake: Callback<bool>) -> Self {
        let options = gloo_events::EventListenerOptions::enable_prevent_default();
        let leaving = browser::window().map(|window| {
            EventListener::new_with_options(&window, "beforeunload", options, |event| {
                event.prevent_default();
                // Older browsers ask only where this is set.
                if let Some(event) = event.dyn_ref::<BeforeUnloadEvent>() {
                    event.set_return_value("training");
                }
            })
        });
        Self {
            _awake: Awake::hold(awake),
            _leaving: leaving,
        }
    }
}

/// Hears whether the screen stays awake.
fn awake(ctx: &Context<App>) -> Callback<bool> {
    ctx.link().callback(|awake| Msg::Train(TrainMsg::Awake(awake)))
}

impl App {
    /// Changes the state of the step; whether to draw.
    pub fn update_train(&mut self, ctx: &Context<Self>, msg: TrainMsg) -> bool {
        match msg {
            TrainMsg::Layers(layers) => {
                self.training.change().form.choose(layers);
                self.forget_measurement(ctx);
            }
            TrainMsg::Option(key, text) => {
                self.training.change().form.set(key, text);
                self.forget_measurement(ctx);
            }
            TrainMsg::Measure => self.measure(ctx),
            TrainMsg::GiveUpMeasuring => self.give_up_measuring(ctx),
            TrainMsg::Estimate => self.estimate(ctx),
            TrainMsg::Measured(cost, reply) => self.take_measurement(cost, reply.event),
            TrainMsg::Start => self.start_training(ctx),
            TrainMsg::Pause => self.command(ctx, Request::Pause, Phase::Paused),
            TrainMsg::Resume => self.command(ctx, Request::Resume, Phase::Running),
            TrainMsg::Stop => self.command(ctx, Request::Stop, Phase::Stopping),
            TrainMsg::Continue(run) => self.continue_training(ctx, run),
            TrainMsg::Event(reply) => return self.hear_training(ctx, reply.event),
            TrainMsg::Show => self.follow_news(),
            TrainMsg::Obeyed(reply) => {
                if let Event::Failed { message } = reply.event {
                    self.error = Some(message);
                }
            }
            TrainMsg::Describe => {
                if let Some(json) = self.training.run.as_ref().and_then(|run| run.description.clone()) {
                    browser::download("training.json", "application/json", &browser::utf8(&json));
                }
                return false;
            }
            TrainMsg::Visible => {
                // Browsers let go of the wake lock when a tab is hidden.
                if let Some(vigil) = &mut self.vigil {
                    vigil._awake = Awake::hold(awake(ctx));
                }
                return false;
            }
            TrainMsg::Awake(awake) => {
                if self.training.may_sleep != awake {
                    return false;
                }
                self.training.change().may_sleep = !awake;
            }
        }
        true
    }

    /// Whether the worker trains, or waits in the middle of it.
    pub fn is_training(&self) -> bool {
        self.training.run.as_ref().is_some_and(|run| run.phase.is_active())
    }

    /// Drops a measurement that no longer fits what is chosen; once that rests, its plan is asked for.
    pub fn forget_measurement(&mut self, ctx: &Context<Self>) {
        let link = ctx.link().clone();
        let estimate = move || link.send_message(Msg::Train(TrainMsg::Estimate));
        self.estimate = Some(Timeout::new(ESTIMATE_AFTER, estimate));
        if self.training.cost != Cost::Unknown || self.training.field_error.is_some() {
            let training = self.training.change();
            training.cost = Cost::Unknown;
            training.field_error = None;
        }
    }

    /// What is typed as options, or the field that is wrong, which is then shown.
    fn config(&mut self) -> Option<TrainingConfig> {
        let rows = self.data.parts.train.len();
        let config = match self.data.seed_error.clone() {
            Some(error) => Err(error),
            None => self.training.form.config(self.data.seed, rows),
        };
        match config {
            Ok(config) => {
                self.training.change().field_error = None;
                Some(config)
            }
            Err(error) => {
                self.training.change().field_error = Some(error);
                None
            }
        }
    }

    fn measure(&mut self, ctx: &Context<Self>) {
        let Some(config) = self.config() else { return };
        self.training.change().cost = Cost::Measuring;
        self.ask_cost(ctx, CostOf::Time, config);
    }

    /// Asks what a run would take that nobody asked about, where there can be one.
    fn estimate(&mut self, ctx: &Context<Self>) {
        self.estimate = None;
        let rows = self.data.parts.train.len();
        if self.training.cost == Cost::Unknown
            && self.model_is_ready()
            && !self.is_training()
            && self.data.seed_error.is_none()
            && (1..=MOST_ESTIMATED).contains(&rows)
            && let Ok(config) = self.training.form.config(self.data.seed, rows)
        {
            self.ask_cost(ctx, CostOf::Plan, config);
        }
    }

    fn ask_cost(&self, ctx: &Context<Self>, cost: CostOf, config: TrainingConfig) {
        let request = Request::Measure {
            cost,
            config,
            train: self.data.parts.train.clone(),
            eval: self.data.parts.eval.clone(),
        };
        let answered = move |reply| Msg::Train(TrainMsg::Measured(cost, reply));
        self.send(request, ctx.link().callback(answered));
    }

    fn give_up_measuring(&mut self, ctx: &Context<Self>) {
        self.forget_measurement(ctx);
        self.send(
            Request::Stop,
            ctx.link().callback(|reply| Msg::Train(TrainMsg::Obeyed(reply))),
        );
    }

    fn take_measurement(&mut self, cost: CostOf, event: Event) {
        let is_measuring = self.training.cost == Cost::Measuring;
        let is_awaited = match cost {
            CostOf::Time => is_measuring,
            // What was changed since will be planned again, and what cannot be trained says so when it is to begin.
            CostOf::Plan => {
                let is_wanted = !is_measuring && !self.is_training() && self.estimate.is_none();
                is_wanted && matches!(event, Event::Measured { .. })
            }
        };
        if !is_awaited {
            return;
        }
        self.training.change().cost = match event {
            Event::Measured {
                plan,
                step_milliseconds,
                seconds,
                refused,
            } => Cost::Measured(Measurement {
                plan,
                step_milliseconds,
                seconds,
                refused,
            }),
            Event::Failed { message } => Cost::Failed(message),
            _ => return,
        };
    }

    fn start_training(&mut self, ctx: &Context<Self>) {
        if self.is_training() || !self.model_is_ready() {
            return;
        }
        let Some(config) = self.config() else { return };
        let parts = self.data.parts.clone();
        self.ask_to_persist(ctx);
        self.begin_run(ctx, Run::new(Some(config.clone()), Rc::new(parts.eval.clone())));
        let request = Request::Train {
            config,
            train: parts.train.clone(),
            eval: parts.eval.clone(),
        };
        self.send(request, ctx.link().callback(|reply| Msg::Train(TrainMsg::Event(reply))));
    }

    fn continue_training(&mut self, ctx: &Context<Self>, run: String) {
        // What is being opened may be a run that ended, which would be shown in its place.
        if self.is_training() || !self.model_is_ready() {
            return;
        }
        self.ask_to_persist(ctx);
        self.begin_run(ctx, Run::new(None, Rc::new(self.data.parts.eval.clone())));
        let answered = ctx.link().callback(|reply| Msg::Train(TrainMsg::Event(reply)));
        self.send(Request::Continue { run }, answered);
        browser::go_to("train");
    }

    fn begin_run(&mut self, ctx: &Context<Self>, run: Run) {
        self.news = News::default();
        let training = self.training.change();
        // The run says what it takes, and how long it still will.
        training.cost = Cost::Unknown;
        training.run = Some(Shared::new(run));
        self.vigil = Some(Vigil::begin(awake(ctx)));
        self.trying.change().continuing.forget();
        self.leave_reading();
        self.reading.change().forget();
    }

    fn command(&mut self, ctx: &Context<Self>, request: Request, phase: Phase) {
        if let Some(run) = &mut self.training.change().run {
            run.change().enter(phase);
        }
        self.send(
            request,
            ctx.link().callback(|reply| Msg::Train(TrainMsg::Obeyed(reply))),
        );
    }

    /// Keeps what the core tells until it is drawn; whether to draw now.
    fn hear_training(&mut self, ctx: &Context<Self>, event: Event) -> bool {
        let Event::Train(event) = event else {
            self.follow_news();
            self.take_training_event(ctx, event);
            return true;
        };
        self.news.told.push((event, browser::now()));
        if self.news.show.is_none() {
            let link = ctx.link().clone();
            let show = move || link.send_message(Msg::Train(TrainMsg::Show));
            self.news.show = Some(Timeout::new(SHOW_EVERY, show));
        }
        false
    }

    fn follow_news(&mut self) {
        let News { told, .. } = std::mem::take(&mut self.news);
        if told.is_empty() {
            return;
        }
        if let Some(run) = &mut self.training.change().run {
            let run = run.change();
            for (event, time) in told {
                run.follow(event, time);
            }
        }
    }

    fn take_training_event(&mut self, ctx: &Context<Self>, event: Event) {
        let Some(run) = &mut self.training.change().run else {
            return;
        };
        let run = run.change();
        match event {
            Event::Resumed(resumed) => {
                let opened = resumed.opened.clone();
                run.recall(*resumed);
                self.training.change().form.model_layers = opened.inspection.num_hidden_layers;
                let is_other = self.model.source.as_ref() != Some(&opened.source);
                self.model.hold(opened);
                if is_other {
                    self.give_up_tuned(ctx);
                }
            }
            Event::GivenUp => self.give_up_tuned(ctx),
            Event::Finished {
                record,
                inspection,
                training_json,
                memory_bytes,
                ..
            } => {
                run.memory_bytes = Some(memory_bytes);
                run.finish(record, inspection.labels.clone(), training_json);
                self.training_ended(ctx);
                let task = inspection.task.unwrap_or_default();
                self.tuned = Some(Shared::new(*inspection));
                self.evaluate(ctx);
                self.try_model(ctx, task);
            }
            Event::Failed { message } => {
                run.fail(message);
                self.training_ended(ctx);
            }
            Event::Notice(notice) => self.notices.push(notice),
            _ => {}
        }
    }

    /// Takes note that the worker has no fine-tuned model any more: the base model answers.
    fn give_up_tuned(&mut self, ctx: &Context<Self>) {
        self.tuned = None;
        self.model.come_back_to(self.model.source.clone());
        self.send_try(ctx);
    }

    fn training_ended(&mut self, ctx: &Context<Self>) {
        self.vigil = None;
        self.list_kept(ctx);
        // What another run would cost is shown again.
        self.forget_measurement(ctx);
    }
}
