//! Holds the examples: their task, rows, names in the order of their keys, counts, the split into training and evaluation.

use std::collections::{BTreeSet, HashMap};

use serde::{Deserialize, Serialize};
use terakoya_core::data::{DataError, Place, SplitRatios, name_labels, split};
use terakoya_core::task_kind::TaskKind;

use super::aside::{Aside, forget_places};
use super::gold;
use crate::messages::Row;

/// Rows and the labels they may have.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Table {
    /// What the rows are examples of.
    #[serde(default)]
    pub task: TaskKind,
    /// The examples.
    pub rows: Vec<Row>,
    /// The labels, or the types of entities; the first nine have the keys 1 to 9.
    pub labels: Vec<String>,
    /// The answers of the rows to other tasks that they were examples of before.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    asides: Vec<Aside>,
}

/// So many labels are offered in every row; of more, where the keyboard is.
const OFFERED: usize = 200;

/// How often labels occur.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Counts {
    /// In the order of the labels.
    pub labels: Vec<usize>,
    /// Rows without an answer.
    pub unlabelled: usize,
}

/// How the labelled rows are shared out.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Parts {
    /// Rows to learn from.
    pub train: Vec<Row>,
    /// Rows to be tested on.
    pub eval: Vec<Row>,
}

/// Which rows are shown.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Filter {
    /// All of them.
    #[default]
    All,
    /// Those that wait for an answer.
    Unlabelled,
    /// Those with a label.
    Label(String),
}

impl Table {
    /// A table of these rows; an empty label counts as none.
    pub fn new(task: TaskKind, rows: Vec<Row>) -> Self {
        let mut table = Self {
            task,
            ..Self::default()
        };
        table.append(rows);
        table
    }

    /// Adds rows at the end, and labels that are new in the order of their characters.
    pub fn append(&mut self, mut rows: Vec<Row>) {
        for row in &mut rows {
            gold::fit(row, self.task);
        }
        self.take_names(&rows);
        self.rows.extend(rows);
        let rows = self.rows.len();
        self.asides.iter_mut().for_each(|aside| aside.lengthen(rows));
    }

    /// The labels that a row offers: all of them where it is the one that is worked on.
    pub fn offered(&self, here: bool) -> &[String] {
        match here || self.labels.len() <= OFFERED {
            true => &self.labels,
            false => &[],
        }
    }

    /// Takes a row away.
    pub fn remove_row(&mut self, number: usize) {
        if number < self.rows.len() {
            self.rows.remove(number);
            self.asides.iter_mut().for_each(|aside| aside.remove(number));
        }
    }

    /// Corrects a row's text; answers that count characters of the old one are gone.
    pub fn correct(&mut self, number: usize, text: String) {
        if let Some(row) = self.rows.get_mut(number) {
            row.text = text;
            forget_places(&mut row.gold);
            self.asides.iter_mut().for_each(|aside| aside.forget_places(number));
        }
    }

    fn take_names(&mut self, rows: &[Row]) {
        let found: BTreeSet<String> = rows.iter().flat_map(gold::names).collect();
        let new: Vec<String> = found.into_iter().filter(|label| !self.labels.contains(label)).collect();
        self.labels.extend(new);
    }

    /// Makes the rows examples of another task; answers that say nothing about it are put aside until their task is back.
    pub fn set_task(&mut self, task: TaskKind) {
        if task == self.task {
            return;
        }
        let from = std::mem::replace(&mut self.task, task);
        let labels = std::mem::take(&mut self.labels);
        self.asides.push(Aside::of(from, &self.rows, labels));
        let mut rows = std::mem::take(&mut self.rows);
        match self.asides.iter().position(|aside| aside.task == task) {
            Some(number) => {
                let aside = self.asides.remove(number);
                self.labels.clone_from(&aside.labels);
                aside.give_back(&mut rows, from);
            }
            None => rows.iter_mut().for_each(|row| gold::fit(row, task)),
        }
        self.take_names(&rows);
        self.rows = rows;
    }

    /// Adds a label, unless it is there or empty.
    pub fn add_label(&mut self, label: &str) {
        let label = gold::spelling(self.task, label);
        if !label.is_empty() && !self.labels.contains(&label) {
            self.labels.push(label);
        }
    }

    /// Gives a label another name; if that is taken, the two become one.
    pub fn rename_label(&mut self, number: usize, name: &str) {
        let name = gold::spelling(self.task, name);
        let Some(old) = self.labels.get(number).filter(|_| !name.is_empty()).cloned() else {
            return;
        };
        if old == name {
            return;
        }
        match self.labels.contains(&name) {
            true => drop(self.labels.remove(number)),
            false => name.clone_into(&mut self.labels[number]),
        }
        for row in &mut self.rows {
            gold::rename(row, &old, Some(&name));
        }
    }

    /// Drops a label; its rows stay, without it.
    pub fn remove_label(&mut self, number: usize) {
        if number >= self.labels.len() {
            return;
        }
        let old = self.labels.remove(number);
        for row in &mut self.rows {
            gold::rename(row, &old, None);
        }
    }

    /// Names the labels that are numbers by their places in a list of all; `source` is what the rows came from.
    ///
    /// # Errors
    /// If a label is neither in the list nor the number of one that is.
    pub fn name_labels(&mut self, names: &[String], source: &str) -> Result<(), DataError> {
        let lists = |label: &String| label.contains([',', '|']) && !names.contains(label);
        if self.task == TaskKind::SequenceClassification && self.labels.iter().any(lists) {
            self.set_task(TaskKind::MultiLabelClassification);
        }
        for (row, number) in self.rows.iter_mut().zip(1..) {
            row.gold = name_labels(&row.gold, names, source, Place::Record(number))?;
        }
        self.list_labels(names);
        Ok(())
    }

    /// Takes the labels of a list in its order, where rows have labels; whether the list says what anything in them is.
    pub fn list_labels(&mut self, names: &[String]) -> bool {
        match self.task {
            TaskKind::SequenceClassification | TaskKind::MultiLabelClassification => self.labels = names.to_vec(),
            TaskKind::TokenClassification => {}
            _ => return false,
        }
        true
    }

    /// How often each label occurs.
    pub fn counts(&self) -> Counts {
        let numbers: HashMap<&str, usize> = self.labels.iter().map(String::as_str).zip(0..).collect();
        let mut counts = Counts {
            labels: vec![0; self.labels.len()],
            unlabelled: 0,
        };
        for row in &self.rows {
            counts.unlabelled += usize::from(!gold::is_known(row, self.task));
            for name in gold::names(row) {
                if let Some(number) = numbers.get(name.as_str()) {
                    counts.labels[*number] += 1;
                }
            }
        }
        counts
    }

    /// The numbers of the rows that a filter lets through.
    pub fn filtered(&self, filter: &Filter) -> Vec<usize> {
        let passes = |row: &Row| match filter {
            Filter::All => true,
            Filter::Unlabelled => !gold::is_known(row, self.task),
            Filter::Label(label) => gold::names(row).contains(label),
        };
        let rows = self.rows.iter().enumerate().filter(|(_, row)| passes(row));
        rows.map(|(number, _)| number).collect()
    }

    /// The rows with an answer, in their order.
    pub fn labelled(&self) -> Vec<Row> {
        let known = self.rows.iter().filter(|row| gold::is_known(row, self.task));
        known.cloned().collect()
    }

    /// Whether any row is a pair of texts.
    pub fn has_pairs(&self) -> bool {
        self.rows.iter().any(|row| row.text_pair.is_some())
    }

    /// The lowest and the highest score, where the rows have scores that differ.
    pub fn scale(&self) -> Option<(f64, f64)> {
        let scores = || self.rows.iter().filter_map(|row| row.gold.score());
        let (low, high) = (
            scores().fold(f64::INFINITY, f64::min),
            scores().fold(f64::NEG_INFINITY, f64::max),
        );
        (self.task == TaskKind::Regression && low < high).then_some((low, high))
    }

    /// Splits the labelled rows as `terakoya train --split` does with a file of them.
    pub fn split(&self, eval_percent: u32, seed: u64) -> Parts {
        let rows = self.labelled();
        let ratios: Result<SplitRatios, _> = ratios(eval_percent).parse();
        let Ok(ratios) = ratios else {
            return Parts {
                train: rows,
                eval: Vec::new(),
            };
        };
        let mut parts = split(rows.len(), &ratios, seed).into_iter();
        let mut next = || -> Vec<Row> {
            let part = parts.next().unwrap_or_default();
            part.into_iter().map(|number| rows[number].clone()).collect()
        };
        let (train, eval) = (next(), next());
        Parts { train, eval }
    }
}

/// The split as the command line spells it.
pub fn ratios(eval_percent: u32) -> String {
    format!("{}:{eval_percent}", 100_u32.saturating_sub(eval_percent))
}
