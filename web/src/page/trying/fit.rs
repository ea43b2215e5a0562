//! Fits the step to the examples and to the model: whose task is tried, with which texts, and whether the model can say it.

use terakoya_core::protocol::Inspection;
use terakoya_core::task_kind::TaskKind;
use yew::Context;

use super::FIRST_TEXT;
use crate::messages::{Row, Text};
use crate::page::app::App;
use crate::page::data::Lesson;
use crate::page::marked::{beginning, names_said};
use crate::page::tasks;
use crate::plain_text::{MASK, with_gap};

/// Other texts to begin with: one of each feeling, one undecided, one in English.
const EXAMPLES: &[&str] = &[
    FIRST_TEXT,
    "一時間待たされたうえに、料理は冷めきっていた。",
    "駅から遠いけれど、窓からの眺めはすばらしい。",
    "The staff were kind, but the room was far too noisy.",
];

/// Texts to be continued: beginnings of tales.
const PROMPTS: [&str; 4] = [
    "ある日、王さまは",
    "むかし、ある村に",
    "きつねの子は、",
    "「おじいさん、",
];

/// What stands behind a passage's title in JSQuAD.
const TITLE_END: &str = " [SEP] ";

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
    /// It can never do it: it continues texts and the task is another, or the other way round.
    OtherFamily,
    /// It says other labels than the examples have.
    OtherLabels,
}

impl App {
    /// Makes the step one for the task of the examples; boxes that do not suit them are filled with one of them.
    pub fn try_examples(&mut self, ctx: &Context<Self>) {
        let task = self.data.table.task;
        let other_task = self.trying.task != task;
        self.trying.change().begin(task);
        let example = self.examples_to_try().into_iter().next();
        if let Some(example) = example
            && (other_task || example.text_pair.is_some() != self.trying.pair.is_some())
        {
            let trying = self.trying.change();
            (trying.text, trying.pair) = (example.text, example.text_pair);
        }
        self.send_try(ctx);
    }

    /// Makes the step one for the task of a model that was opened or trained. Words that are hidden, or that follow, begin with a
    /// text that leaves some open. What an earlier model said is explained no more.
    pub fn try_model(&mut self, ctx: &Context<Self>, task: TaskKind) {
        let other_task = self.trying.task != task;
        let trying = self.trying.change();
        trying.begin(task);
        trying.why = None;
        if other_task
            && !tasks::of(task).answers
            && let Some(example) = self.examples_to_try().into_iter().next()
        {
            self.trying.change().text = example.text;
        }
        self.send_try(ctx);
        self.begin_continuing(ctx);
    }

    /// Texts to begin with: of the first lesson those that say something about it, else the first that are tested on.
    pub fn examples_to_try(&self) -> Vec<Text> {
        let single = |text: String| Text { text, text_pair: None };
        let task = self.trying.task;
        if task == TaskKind::CausalLm {
            return PROMPTS.iter().map(|prompt| single((*prompt).to_owned())).collect();
        }
        let texts = match self.data.table.rows.is_empty() || self.data.origin.lesson == Some(Lesson::Sentiment) {
            true => EXAMPLES.iter().map(|text| single((*text).to_owned())).collect(),
            false => self.rows_to_try(),
        };
        match task {
            TaskKind::MaskedLm => texts.iter().map(|text| single(with_gap(&text.text))).collect(),
            _ => texts,
        }
    }

    fn rows_to_try(&self) -> Vec<Text> {
        let parts = &self.data.parts;
        let task = self.trying.task;
        let rows = || parts.eval.iter().chain(&parts.train).chain(&self.data.table.rows);
        // Some questions are mere headings, some lines have no word to hide: not the ones to begin with.
        let is_clear = |row: &&Row| match task {
            TaskKind::QuestionAnswering => row.text.trim_end().ends_with(['？', '?']),
            TaskKind::MaskedLm => with_gap(&row.text).contains(MASK),
            _ => true,
        };
        let text = |row: &Row| Text {
            text: beginning(&row.text).to_owned(),
            text_pair: row.text_pair.as_deref().map(beginning).map(|passage| match task {
                TaskKind::QuestionAnswering => passage.replacen(TITLE_END, "\n", 1),
                _ => passage.to_owned(),
            }),
        };
        let clear = rows().filter(is_clear).take(MOST_EXAMPLES);
        let others = rows().filter(|row| !is_clear(row));
        clear.chain(others).take(MOST_EXAMPLES).map(text).collect()
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
            own if (own == Some(TaskKind::CausalLm)) != (task == TaskKind::CausalLm) => Fit::OtherFamily,
            None => Fit::NoHead,
            Some(own) if own != task => Fit::OtherTask,
            Some(_) if names && !table.labels.iter().any(|label| said.contains(label)) => Fit::OtherLabels,
            Some(_) => Fit::Good,
        }
    }
}
