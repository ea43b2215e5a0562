//! Holds the first step: a text, what the tokenizer makes of it, what the model says and why.
//!
//! `app` owns a [`Trying`] and calls [`App::update_try`]; `view` draws it, with `tokens`, `why` and `continuations` for its
//! parts. `continuing` has a prompt continued.

mod attention;
pub mod continuations;
mod continuing;
mod fit;
mod saliency;
pub mod tokens;
pub mod view;
mod why;

use terakoya_core::protocol::Prediction;
use terakoya_core::task_kind::TaskKind;
use yew::Context;

use self::continuing::Continuing;
pub use self::fit::Fit;
use super::app::{App, Msg};
use super::client::Reply;
use super::results::Subject;
use super::tasks::{self, Second};
use crate::messages::{Event, Request, Text, Token, WhichModel};

/// The text that is there when the page opens.
pub const FIRST_TEXT: &str = "この店のラーメンは、最後の一滴まで本当においしかった。";

/// The state of the step.
#[derive(Debug, Clone)]
pub struct Trying {
    /// What is tried.
    pub task: TaskKind,
    /// The text.
    pub text: String,
    /// The second text, where the user asked for one.
    pub pair: Option<String>,
    /// The newest answer.
    pub answer: Option<Answer>,
    /// What went wrong with the newest text.
    pub error: Option<String>,
    /// Whether the newest text has no answer yet.
    pub waiting: bool,
    /// What the user wants explained, if anything.
    pub why: Option<Why>,
    /// What is written behind the text.
    pub continuing: Continuing,
    /// Counts texts, so that an answer that is not the newest is told.
    sent: u32,
    /// Whether the worker is at work on a text.
    asked: bool,
}

impl Default for Trying {
    fn default() -> Self {
        Self {
            task: TaskKind::default(),
            text: FIRST_TEXT.to_owned(),
            pair: None,
            answer: None,
            error: None,
            waiting: false,
            why: None,
            continuing: Continuing::default(),
            sent: 0,
            asked: false,
        }
    }
}

/// What came of a text.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    /// The text it was.
    pub text: Text,
    /// Its tokens.
    pub tokens: Vec<Token>,
    /// The model's answer.
    pub prediction: Option<Prediction>,
    /// The base model's answer, where there is a fine-tuned one.
    pub before: Option<Prediction>,
    /// What the model's answer is about.
    pub subject: Subject,
    /// What the base model's is about.
    pub subject_before: Subject,
    /// Whether the text was cut.
    pub truncated: bool,
    /// Time of the forward pass.
    pub milliseconds: f64,
}

/// A wish to see why, and what came of it.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Why {
    /// The label whose logit is explained; the predicted one if not given.
    pub label: Option<usize>,
    /// Encoder layer, from 0.
    pub layer: usize,
    /// Attention head, from 0.
    pub head: usize,
    /// The explanation.
    pub explanation: Option<Explanation>,
    /// Why there is none.
    pub error: Option<String>,
    /// Whether it is being computed.
    pub waiting: bool,
}

/// Why the model said so.
#[derive(Debug, Clone, PartialEq)]
pub struct Explanation {
    /// The text that is explained.
    pub text: Text,
    /// Its tokens.
    pub tokens: Vec<Token>,
    /// Gradient × input of each token.
    pub saliency: Vec<f32>,
    /// `[query][key]` attention of the chosen head.
    pub attention: Vec<Vec<f32>>,
    /// The explained label.
    pub label: String,
}

/// What happens in the step.
pub enum TryMsg {
    /// The text was changed.
    Text(String),
    /// The second text was changed, added or taken away.
    Pair(Option<String>),
    /// An example was chosen.
    Example(Text),
    /// The worker answered a text; its number.
    Tried(u32, Reply),
    /// The text is to be continued.
    Continue,
    /// What is being written is to end.
    Hush,
    /// The worker heard that.
    Hushed,
    /// An option of continuations was typed, by its key.
    ContinuationOption(&'static str, String),
    /// The worker wrote; the number of the wish and who wrote.
    Written(u32, WhichModel, Box<Reply>),
    /// Opens or closes the explanation.
    ToggleWhy,
    /// Another label, layer or head.
    Choose {
        /// The label, if not the predicted one.
        label: Option<usize>,
        /// The layer.
        layer: usize,
        /// The head.
        head: usize,
    },
    /// The worker answered the wish for an explanation of this text.
    Explained(Text, Reply),
}

impl Trying {
    /// What is in the boxes.
    pub fn current(&self) -> Text {
        Text {
            text: self.text.clone(),
            text_pair: self.pair.clone(),
        }
    }

    /// Whether there is nothing to say anything about: the text, or the passage it asks about, holds no more than space.
    fn is_empty(&self) -> bool {
        let is_empty = |text: &str| text.trim().is_empty();
        let asks = tasks::of(self.task).second == Second::Passage;
        is_empty(&self.text) || (asks && self.pair.as_deref().is_none_or(is_empty))
    }

    /// Becomes the step for `task`, with the boxes that it has.
    pub fn begin(&mut self, task: TaskKind) {
        self.task = task;
        match tasks::of(task).second {
            Second::Passage => drop(self.pair.get_or_insert_default()),
            Second::Nothing => self.pair = None,
            Second::Text => {}
        }
        if !self.is_explainable() {
            self.why = None;
        }
    }

    /// Drops an answer that nothing stands behind any more.
    pub fn forget_answer(&mut self) {
        (self.answer, self.why, self.waiting) = (None, None, false);
    }

    /// Waits for no answer any more: the worker is gone.
    pub fn give_up(&mut self) {
        (self.waiting, self.asked) = (false, false);
    }

    /// Whether it can be said why: an answer for the whole text has reasons, one for parts of it would need one each.
    pub fn is_explainable(&self) -> bool {
        tasks::of(self.task).second == Second::Text
    }
}

impl App {
    /// Changes the state of the step; whether to draw.
    pub fn update_try(&mut self, ctx: &Context<Self>, msg: TryMsg) -> bool {
        match msg {
            TryMsg::Text(text) => {
                self.trying.change().text = text;
                self.send_try(ctx);
            }
            TryMsg::Pair(pair) => {
                self.trying.change().pair = pair;
                self.send_try(ctx);
            }
            TryMsg::Example(text) => {
                let trying = self.trying.change();
                (trying.text, trying.pair) = (text.text, text.text_pair);
                self.send_try(ctx);
                self.begin_continuing(ctx);
            }
            TryMsg::Continue => self.begin_continuing(ctx),
            TryMsg::Hush => self.hush(ctx),
            TryMsg::Hushed => return false,
            TryMsg::ContinuationOption(key, text) => self.set_continuation_option(key, text),
            TryMsg::Written(number, model, reply) => return self.take_written(ctx, number, model, *reply),
            TryMsg::Tried(number, reply) => return self.take_answer(ctx, number, reply),
            TryMsg::ToggleWhy => {
                let layers = self
                    .model
                    .opened
                    .as_ref()
                    .map_or(1, |model| model.inspection.num_hidden_layers);
                let trying = self.trying.change();
                trying.why = match trying.why {
                    Some(_) => None,
                    None => Some(Why {
                        layer: layers.saturating_sub(1),
                        ..Why::default()
                    }),
                };
                self.send_explain(ctx);
            }
            TryMsg::Choose { label, layer, head } => {
                if let Some(why) = &mut self.trying.change().why {
                    (why.label, why.layer, why.head) = (label, layer, head);
                }
                self.send_explain(ctx);
            }
            TryMsg::Explained(text, reply) => self.take_explanation(text, reply.event),
        }
        true
    }

    /// Asks the worker about what is in the boxes. While it is at work on an earlier text, the newest one waits here: a worker
    /// that computes on the CPU hears of a newer one too late, and would answer each letter of a text that is typed.
    pub fn send_try(&mut self, ctx: &Context<Self>) {
        if !self.model_is_ready() {
            return;
        }
        let trying = self.trying.change();
        trying.sent += 1;
        trying.waiting = !trying.is_empty();
        if !trying.waiting {
            (trying.answer, trying.error) = (None, None);
            return;
        }
        if std::mem::replace(&mut trying.asked, true) {
            return;
        }
        let (number, text) = (trying.sent, trying.current());
        let answered = ctx.link().callback(move |reply| Msg::Try(TryMsg::Tried(number, reply)));
        self.send(Request::Try(text), answered);
    }

    fn take_answer(&mut self, ctx: &Context<Self>, number: u32, reply: Reply) -> bool {
        self.trying.change().asked = false;
        let newest = number == self.trying.sent;
        if !newest && self.trying.waiting {
            self.send_try(ctx);
        }
        match reply.event {
            Event::Tried {
                tokens,
                prediction,
                before,
                truncated,
                milliseconds,
            } if newest => {
                let text = self.trying.current();
                let scale = self.data.table.scale();
                let subject = Subject::new(text.clone(), self.answering(), scale);
                let base = self.model.opened.as_ref().map(|opened| &opened.inspection);
                let subject_before = Subject::new(text.clone(), base, scale);
                let trying = self.trying.change();
                trying.waiting = false;
                trying.error = None;
                trying.answer = Some(Answer {
                    text,
                    tokens,
                    prediction,
                    before,
                    subject,
                    subject_before,
                    truncated,
                    milliseconds,
                });
                true
            }
            Event::Failed { message } if newest => {
                let trying = self.trying.change();
                trying.waiting = false;
                // The answer to an earlier text is none to this one.
                (trying.answer, trying.error) = (None, Some(message));
                true
            }
            _ => false,
        }
    }

    fn send_explain(&mut self, ctx: &Context<Self>) {
        if !self.model_is_ready() {
            return;
        }
        let trying = self.trying.change();
        let text = trying.current();
        let Some(why) = &mut trying.why else { return };
        why.waiting = true;
        let request = Request::Explain {
            text: text.clone(),
            label: why.label,
            layer: why.layer,
            head: why.head,
        };
        let answered = ctx
            .link()
            .callback(move |reply| Msg::Try(TryMsg::Explained(text.clone(), reply)));
        self.send(request, answered);
    }

    fn take_explanation(&mut self, text: Text, event: Event) {
        let Some(why) = &mut self.trying.change().why else {
            return;
        };
        why.waiting = false;
        match event {
            Event::Explained {
                tokens,
                saliency,
                attention,
                label,
            } => {
                why.error = None;
                why.explanation = Some(Explanation {
                    text,
                    tokens,
                    saliency,
                    attention,
                    label,
                });
            }
            Event::Failed { message } => why.error = Some(message),
            _ => {}
        }
    }
}
