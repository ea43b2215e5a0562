//! Fits the step to the examples and to the model: whose task is tried, with which texts, and whether the model can say it.

use terakoya_core::protocol::Inspection;
use yew::Context;

use super::FIRST_TEXT;
use crate::messages::{Row, Text};
use crate::page::app::App;
use crate::page::data::Lesson;
use crate::page::marked::names_said;
use crate::page::tasks;

/// Other texts to begin with: one of each feeling, one undecided, one in English.
const EXAMPLES: &[&str] = &[
    FIRST_TEXT,
    "一時間待たされたうえに、料理は冷めきっていた。",
    "駅から遠いけれど、窓からの眺めはすばらしい。",
    "The staff were kind, but the room was far too noisy.",
];

/// Examples of a table, at most.
const MOST_EXAMPLES: usize = 4;

/// Whether the model can say what is tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fit {
    /// It can, or is not there yet.
    Good,
    /// Its head is for nothing yet.
    NoHead,
    /// Its head is for another task.
    OtherTask,
    /// It says other labels than the examples have.
    OtherLabels,
}

impl App {
    /// Makes the step one for the task of the examples; boxes that do not suit them are filled with one of them.
    pub fn try_examples(&mut self, ctx: &Context<Self>) {
        let task = self.data.table.task;
        let example = self.examples_to_try().into_iter().next();
        let trying = self.trying.change();
        let other_task = trying.task != task;
        trying.begin(task);
        if let Some(example) = example
            && (other_task || example.text_pair.is_some() != trying.pair.is_some())
        {
            (trying.text, trying.pair) = (example.text, example.text_pair);
        }
        self.send_try(ctx);
    }

    /// Texts to begin with: of the first lesson those that say something about it, else the first that are tested on.
    pub fn examples_to_try(&self) -> Vec<Text> {
        if self.data.table.rows.is_empty() || self.data.origin.lesson == Some(Lesson::Sentiment) {
            let text = |text: &&str| Text {
                text: (*text).to_owned(),
                text_pair: None,
            };
            return EXAMPLES.iter().map(text).collect();
        }
        let parts = &self.data.parts;
        let rows = parts.eval.iter().chain(&parts.train).chain(&self.data.table.rows);
        let text = |row: &Row| Text {
            text: row.text.clone(),
            text_pair: row.text_pair.clone(),
        };
        rows.take(MOST_EXAMPLES).map(text).collect()
    }

    /// What the model is that answers: the fine-tuned one, if there is one.
    pub fn answering(&self) -> Option<&Inspection> {
        let opened = self.model.opened.as_ref().map(|opened| &opened.inspection);
        self.tuned.as_deref().or(opened)
    }

    /// Whether that model can say what is tried.
    pub fn fit(&self) -> Fit {
        let Some(model) = self.answering() else {
            return Fit::Good;
        };
        let task = self.trying.task;
        let said = names_said(task, &model.labels);
        let table = &self.data.table;
        let names = tasks::of(task).names && table.task == task && !table.labels.is_empty();
        match model.task {
            None => Fit::NoHead,
            Some(own) if own != task => Fit::OtherTask,
            Some(_) if names && !table.labels.iter().any(|label| said.contains(label)) => Fit::OtherLabels,
            Some(_) => Fit::Good,
        }
    }
}
