//! Holds the fourth step: how base and fine-tuned model do on the same rows, which they confuse, where they fail.
//!
//! `judging` compares answers. `view` draws the step, with `metrics`, `confusion`, `scatter`, `failures` and `map` for its parts.

mod confusion;
mod failures;
mod judging;
pub mod map;
mod metrics;
mod scatter;
mod texts;
pub mod view;

use std::rc::Rc;

use terakoya_core::protocol::Evaluation;
use yew::{Callback, Context};

use self::map::{Map, Wish};
use super::app::{App, Msg};
use super::client::Reply;
use super::data::gold::names;
use super::marked::names_said;
use super::tasks;
use crate::messages::{Event, Request, Row, WhichModel};

/// The state of the step.
#[derive(Debug, Clone, Default)]
pub struct Reading {
    /// Which rows are wanted.
    pub choice: RowsChoice,
    /// The rows that were scored.
    pub rows: Rc<Vec<Row>>,
    /// How the model did before fine-tuning.
    pub base: Score,
    /// How it did afterwards.
    pub tuned: Score,
    /// The cell of the confusion matrix that is opened: `(gold, predicted)`.
    pub cell: Option<(usize, usize)>,
    /// Where texts lie among each other.
    pub map: Map,
    /// Texts that are done, of those that are scored or placed, and all of them.
    pub progress: (usize, usize),
    /// Whether the user ended that.
    pub ended: bool,
    /// What was there before, as long as an answer is under way.
    before: Option<Rc<Self>>,
    /// Counts evaluations, so that an old answer is told.
    sent: u32,
}

/// Which rows are scored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum RowsChoice {
    /// Those that were not trained on.
    #[default]
    Evaluation,
    /// All rows with a label.
    All,
}

/// How a model did, as far as that is known.
#[derive(Debug, Clone, Default)]
pub enum Score {
    /// Not asked.
    #[default]
    Unknown,
    /// It is being found out.
    Waiting,
    /// It is known.
    Known(Rc<Evaluation>),
    /// It cannot be found out.
    Failed(String),
}

impl Score {
    /// The evaluation, if it is there.
    pub fn known(&self) -> Option<&Rc<Evaluation>> {
        match self {
            Self::Known(evaluation) => Some(evaluation),
            Self::Unknown | Self::Waiting | Self::Failed(_) => None,
        }
    }
}

/// What happens in the step.
pub enum ReadMsg {
    /// Rows are to be scored.
    Evaluate,
    /// Other rows are to be scored.
    Choose(RowsChoice),
    /// The worker answered an evaluation; its number.
    Evaluated(u32, WhichModel, Box<Reply>),
    /// Texts are to get a place, by which model.
    Map(WhichModel),
    /// The worker answered that; the number of the wish.
    Mapped(u32, Wish, Box<Reply>),
    /// What is scored or placed is to end.
    End,
    /// A cell of the confusion matrix was opened, or closed.
    Cell(Option<(usize, usize)>),
}

impl Reading {
    /// The evaluation that is looked at: the fine-tuned model's, else the base model's.
    pub fn shown(&self) -> Option<&Rc<Evaluation>> {
        self.tuned.known().or(self.base.known())
    }

    /// Whether scores are under way.
    pub fn is_waiting(&self) -> bool {
        [&self.base, &self.tuned]
            .into_iter()
            .any(|score| matches!(score, Score::Waiting))
    }

    /// Whether scores or a map are.
    pub fn is_busy(&self) -> bool {
        self.is_waiting() || self.map == Map::Waiting
    }

    /// Drops what belongs to a model that is no more.
    pub fn forget(&mut self) {
        (self.base, self.tuned, self.cell) = (Score::Unknown, Score::Unknown, None);
        self.map = Map::Unknown;
        (self.before, self.ended) = (None, false);
        self.sent += 1;
    }

    /// Remembers what is there before something is asked for.
    fn begin(&mut self) {
        if self.before.is_none() {
            self.before = Some(Rc::new(self.clone()));
        }
        self.ended = false;
    }

    /// Lets go of what was there once nothing is under way any more.
    fn settle(&mut self) {
        self.before = self.before.take().filter(|_| self.is_busy());
    }

    /// Shows what was there before; where that was nothing, what came since.
    pub fn end(&mut self) {
        let Some(before) = self.before.take() else { return };
        let sent = self.sent + 1;
        if before.shown().is_some() || self.shown().is_none() {
            *self = (*before).clone();
        }
        for score in [&mut self.base, &mut self.tuned] {
            if matches!(score, Score::Waiting) {
                *score = Score::Unknown;
            }
        }
        if self.map == Map::Waiting {
            self.map = Map::Unknown;
        }
        (self.sent, self.ended) = (sent, true);
    }
}

impl App {
    /// Changes the state of the step; whether to draw.
    pub fn update_read(&mut self, ctx: &Context<Self>, msg: ReadMsg) -> bool {
        match msg {
            ReadMsg::Evaluate => self.evaluate(ctx),
            ReadMsg::Choose(choice) => self.score(ctx, choice),
            ReadMsg::End => {
                self.leave_reading();
                self.reading.change().end();
            }
            ReadMsg::Evaluated(number, model, reply) => self.take_score(number, model, reply.event),
            ReadMsg::Map(model) => self.ask_map(ctx, model),
            ReadMsg::Mapped(number, wish, reply) => self.take_map(number, wish, reply.event),
            ReadMsg::Cell(cell) => {
                let reading = self.reading.change();
                reading.cell = cell.filter(|_| reading.cell != cell);
            }
        }
        true
    }

    /// Has the worker end what it scores or places.
    pub fn leave_reading(&self) {
        let number = self.reading.sent;
        if self.reading.is_busy() {
            self.send(Request::EndReading { number }, Callback::noop());
        }
    }

    /// Has the chosen rows scored by the base model, if it knows their labels, and by the fine-tuned, if there is one.
    pub fn evaluate(&mut self, ctx: &Context<Self>) {
        self.score(ctx, self.reading.choice);
    }

    fn score(&mut self, ctx: &Context<Self>, choice: RowsChoice) {
        let reading = self.reading.change();
        reading.begin();
        reading.choice = choice;
        if self.model_is_ready() {
            self.leave_reading();
            let before = self.reading.before.clone();
            self.reading.change().forget();
            self.reading.change().before = before;
            self.ask_scores(ctx);
        }
        self.reading.change().settle();
    }

    fn ask_scores(&mut self, ctx: &Context<Self>) {
        let rows = self.rows_to_score();
        if rows.is_empty() {
            return;
        }
        self.reading.change().rows = Rc::new(rows);
        if self.base_knows_a_label() {
            self.ask_score(ctx, WhichModel::Base);
        } else if self.tuned.is_none() {
            let task = self.data.table.task;
            let reason = match tasks::of(task).names {
                true => self.words.knows_no_label().to_owned(),
                false => self.words.other_task(task),
            };
            self.reading.change().base = Score::Failed(reason);
        }
        if self.tuned.is_some() {
            self.ask_score(ctx, WhichModel::Tuned);
        }
    }

    /// The rows that are to be scored.
    fn rows_to_score(&self) -> Vec<Row> {
        match (self.reading.choice, &self.training.run) {
            (RowsChoice::All, _) => self.data.table.labelled(),
            // What a run was tested on, even if the table has changed since.
            (RowsChoice::Evaluation, Some(run)) if self.tuned.is_some() => run.eval_rows.to_vec(),
            (RowsChoice::Evaluation, _) => self.data.parts.eval.clone(),
        }
    }

    /// Whether the base model can be right at all: a head for another task or other labels, or none, would only score 0.
    fn base_knows_a_label(&self) -> bool {
        let Some(model) = self.model.opened.as_ref().map(|model| &model.inspection) else {
            return false;
        };
        let of_run = self.training.run.as_ref().and_then(|run| run.config.as_ref());
        let task = match of_run.filter(|_| self.tuned.is_some()) {
            Some(config) => config.task,
            None => self.data.table.task,
        };
        let known = names_said(task, &model.labels);
        let mut said = self.reading.rows.iter().flat_map(names);
        model.task == Some(task) && (!tasks::of(task).names || said.any(|label| known.contains(&label)))
    }

    fn ask_score(&mut self, ctx: &Context<Self>, model: WhichModel) {
        let reading = self.reading.change();
        match model {
            WhichModel::Base => reading.base = Score::Waiting,
            WhichModel::Tuned => reading.tuned = Score::Waiting,
        }
        let (number, rows) = (reading.sent, reading.rows.to_vec());
        reading.progress = (0, rows.len());
        let answered = move |reply| Msg::Read(ReadMsg::Evaluated(number, model, Box::new(reply)));
        self.send(Request::Evaluate { model, rows, number }, ctx.link().callback(answered));
    }

    fn take_score(&mut self, number: u32, model: WhichModel, event: Event) {
        if number != self.reading.sent {
            return;
        }
        let reading = self.reading.change();
        let score = match event {
            Event::Read { done, total } => {
                reading.progress = (done, total);
                return;
            }
            Event::Evaluated { evaluation, .. } => Score::Known(Rc::new(evaluation)),
            Event::Failed { message } => Score::Failed(message),
            _ => return,
        };
        match model {
            WhichModel::Base => reading.base = score,
            WhichModel::Tuned => reading.tuned = score,
        }
        reading.progress.0 = 0;
        reading.settle();
    }
}
