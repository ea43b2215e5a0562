//! Has a prompt continued: by the fine-tuned model, where there is one, and then by the base model beside it.
//!
//! The pieces are shown as they come; a new wish, another model or the stop button ends what is being written.

use std::collections::BTreeMap;

use serde_json::{Map, Number, Value};
use terakoya_core::generation_config::GenerationConfig;
use terakoya_core::predictions::{Generation, StoppedBy};
use terakoya_core::task_kind::TaskKind;
use yew::Context;

use super::TryMsg;
use crate::messages::{Event, Request, WhichModel};
use crate::page::app::{App, Msg};
use crate::page::client::Reply;
use crate::page::training::form::{FieldError, NATURAL, SEED};

/// The options by their keys, in the order of the page.
pub const OPTIONS: [&str; 6] = [
    "max_new_tokens",
    "temperature",
    "top_k",
    "top_p",
    "repetition_penalty",
    "seed",
];

/// What has been written, and how.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Continuing {
    /// What the base model wrote.
    pub base: Option<Continuation>,
    /// What the fine-tuned model wrote.
    pub tuned: Option<Continuation>,
    /// Who is writing.
    pub writing: Option<WhichModel>,
    /// What is wrong with an option.
    pub error: Option<FieldError>,
    typed: BTreeMap<&'static str, String>,
    /// The options that were asked for.
    config: GenerationConfig,
    /// Counts wishes, so that an old answer is told.
    sent: u32,
}

/// A text as it grows.
#[derive(Debug, Clone, PartialEq)]
pub struct Continuation {
    /// What it continues.
    pub prompt: String,
    /// What was written so far.
    pub text: String,
    /// How it ended, once it did.
    pub end: Option<End>,
}

/// How a continuation ended.
#[derive(Debug, Clone, PartialEq)]
pub enum End {
    /// With so many tokens, in so many milliseconds.
    Written {
        /// Tokens.
        tokens: usize,
        /// Why.
        stopped_by: StoppedBy,
        /// The time it took.
        milliseconds: f64,
    },
    /// It could not be made, or not to its end.
    Failed(String),
}

impl Continuing {
    /// What one of the models wrote.
    pub fn of(&self, model: WhichModel) -> Option<&Continuation> {
        match model {
            WhichModel::Base => self.base.as_ref(),
            WhichModel::Tuned => self.tuned.as_ref(),
        }
    }

    fn of_mut(&mut self, model: WhichModel) -> &mut Option<Continuation> {
        match model {
            WhichModel::Base => &mut self.base,
            WhichModel::Tuned => &mut self.tuned,
        }
    }

    /// Drops what a model wrote that is no more.
    pub fn forget(&mut self) {
        (self.base, self.tuned, self.writing) = (None, None, None);
        self.sent += 1;
    }

    /// What a field shows. A small model that always takes the likeliest word soon repeats itself: it begins with variety.
    pub fn text(&self, key: &str) -> String {
        let begins = GenerationConfig {
            temperature: 0.8,
            top_k: 40,
            ..GenerationConfig::default()
        };
        let default = || {
            let begins = serde_json::to_value(begins).ok()?;
            let value = begins.get(key)?;
            let whole = value.as_f64().filter(|number| number.fract() == 0.0);
            Some(whole.map_or_else(|| value.to_string(), |number| format!("{number:.0}")))
        };
        let typed = self.typed.get(key).cloned();
        typed.unwrap_or_else(|| default().unwrap_or_default())
    }

    /// The options as the core takes them.
    fn config(&self) -> Result<GenerationConfig, FieldError> {
        let error = |key: &str, reason: String| FieldError {
            key: key.to_owned(),
            value: self.text(key),
            reason,
        };
        let mut options = Map::new();
        for key in OPTIONS {
            let text = self.text(key);
            let text = text.trim();
            let value = match key {
                "seed" => text.parse::<u64>().ok().map(Value::from),
                _ if is_whole(key) => text.parse::<u32>().ok().map(Value::from),
                _ => text.parse::<f64>().ok().and_then(Number::from_f64).map(Value::Number),
            };
            options.insert(key.to_owned(), value.ok_or_else(|| error(key, range(key)))?);
        }
        let config: GenerationConfig =
            serde_json::from_value(Value::Object(options)).map_err(|reason| error("", reason.to_string()))?;
        match config.validate() {
            Ok(()) => Ok(config),
            Err(wrong) => Err(error(wrong.key, wrong.reason.into_owned())),
        }
    }
}

/// What a number has to be, as the core says it of one that none can be.
fn range(key: &str) -> String {
    if key == "seed" {
        return SEED.to_owned();
    }
    let none = if is_whole(key) { 0 } else { -1 };
    let options = Map::from_iter([(key.to_owned(), Value::from(none))]);
    let config: GenerationConfig = serde_json::from_value(Value::Object(options)).unwrap_or_default();
    let wrong = config.validate().err();
    wrong.map_or_else(|| NATURAL.to_owned(), |error| error.reason.into_owned())
}

/// Whether an option counts something.
pub fn is_whole(key: &str) -> bool {
    matches!(key, "max_new_tokens" | "top_k" | "seed")
}

impl App {
    /// Takes what was typed into an option.
    pub(super) fn set_continuation_option(&mut self, key: &'static str, text: String) {
        let continuing = &mut self.trying.change().continuing;
        continuing.typed.insert(key, text);
        continuing.error = continuing.config().err();
    }

    /// Has the prompt continued by the model that answers, if it does such things.
    pub fn begin_continuing(&mut self, ctx: &Context<Self>) {
        let continues = self
            .answering()
            .is_some_and(|model| model.task == Some(TaskKind::CausalLm));
        if !continues || self.trying.task != TaskKind::CausalLm || !self.model_is_ready() || self.is_training() {
            return;
        }
        let first = match self.tuned.is_some() {
            true => WhichModel::Tuned,
            false => WhichModel::Base,
        };
        let trying = self.trying.change();
        let prompt = trying.text.clone();
        let continuing = &mut trying.continuing;
        match continuing.config() {
            Ok(config) => {
                continuing.forget();
                continuing.config = config;
                continuing.error = None;
                self.ask_continuation(ctx, first, prompt);
            }
            Err(error) => continuing.error = Some(error),
        }
    }

    fn ask_continuation(&mut self, ctx: &Context<Self>, model: WhichModel, prompt: String) {
        let continuing = &mut self.trying.change().continuing;
        continuing.writing = Some(model);
        *continuing.of_mut(model) = Some(Continuation {
            prompt: prompt.clone(),
            text: String::new(),
            end: None,
        });
        let (number, config) = (continuing.sent, continuing.config);
        let written = move |reply| Msg::Try(TryMsg::Written(number, model, Box::new(reply)));
        let request = Request::Generate { model, prompt, config };
        self.send(request, ctx.link().callback(written));
    }

    /// Ends what is being written; the worker answers with what there is.
    pub(super) fn hush(&mut self, ctx: &Context<Self>) {
        if self.trying.continuing.writing.is_some() {
            self.send(Request::Hush, ctx.link().callback(|_| Msg::Try(TryMsg::Hushed)));
        }
    }

    /// Takes what the worker wrote; whether to draw.
    pub(super) fn take_written(&mut self, ctx: &Context<Self>, number: u32, model: WhichModel, reply: Reply) -> bool {
        if number != self.trying.continuing.sent {
            return false;
        }
        let continuing = &mut self.trying.change().continuing;
        let Some(continuation) = continuing.of_mut(model) else {
            return false;
        };
        let end = match reply.event {
            Event::Piece { text } => {
                continuation.text.push_str(&text);
                return true;
            }
            Event::Generated {
                generation,
                milliseconds,
            } => {
                let Generation {
                    text,
                    tokens,
                    stopped_by,
                } = generation;
                continuation.text = text;
                End::Written {
                    tokens,
                    stopped_by,
                    milliseconds,
                }
            }
            Event::Failed { message } => End::Failed(message),
            Event::Stale => {
                continuing.forget();
                return true;
            }
            _ => return false,
        };
        let goes_on = matches!(&end, End::Written { stopped_by, .. } if *stopped_by != StoppedBy::Host);
        let prompt = continuation.prompt.clone();
        continuation.end = Some(end);
        continuing.writing = None;
        if model == WhichModel::Tuned && goes_on {
            self.ask_continuation(ctx, WhichModel::Base, prompt);
        }
        true
    }
}
