//! Holds the examples: rows, their labels in the order of their keys, counts, and the split into training and evaluation.

use std::collections::{BTreeSet, HashMap};

use serde::{Deserialize, Serialize};
use terakoya_core::data::{SplitRatios, split};

use crate::messages::Row;

/// Rows and the labels they may have.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Table {
    /// The examples.
    pub rows: Vec<Row>,
    /// The labels; the first nine have the keys 1 to 9.
    pub labels: Vec<String>,
}

/// How often labels occur.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Counts {
    /// In the order of the labels.
    pub labels: Vec<usize>,
    /// Rows without a label.
    pub unlabelled: usize,
}

/// How the labelled rows are shared out.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
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
    /// Those that wait for a label.
    Unlabelled,
    /// Those of a label.
    Label(String),
}

impl Table {
    /// A table of these rows; an empty label counts as none.
    pub fn new(rows: Vec<Row>) -> Self {
        let mut table = Self::default();
        table.append(rows);
        table
    }

    /// Adds rows at the end, and labels that are new in the order of their characters.
    pub fn append(&mut self, rows: Vec<Row>) {
        let found: BTreeSet<&str> = rows.iter().filter_map(|row| row.label.as_deref()).collect();
        let known: BTreeSet<&str> = self.labels.iter().map(String::as_str).collect();
        let new: Vec<String> = found.difference(&known).map(|label| (*label).to_owned()).collect();
        self.labels.extend(new);
        self.rows.extend(rows);
    }

    /// Adds a label, unless it is there or empty.
    pub fn add_label(&mut self, label: &str) {
        let label = label.trim();
        if !label.is_empty() && !self.labels.iter().any(|known| known == label) {
            self.labels.push(label.to_owned());
        }
    }

    /// Gives a label another name; if that is taken, the two become one.
    pub fn rename_label(&mut self, number: usize, name: &str) {
        let name = name.trim();
        let Some(old) = self.labels.get(number).filter(|_| !name.is_empty()).cloned() else {
            return;
        };
        if old == name {
            return;
        }
        match self.labels.iter().any(|label| label == name) {
            true => drop(self.labels.remove(number)),
            false => name.clone_into(&mut self.labels[number]),
        }
        for row in self.rows.iter_mut().filter(|row| row.label.as_deref() == Some(&old)) {
            row.label = Some(name.to_owned());
        }
    }

    /// Drops a label; its rows stay, without one.
    pub fn remove_label(&mut self, number: usize) {
        if number >= self.labels.len() {
            return;
        }
        let old = self.labels.remove(number);
        for row in self.rows.iter_mut().filter(|row| row.label.as_ref() == Some(&old)) {
            row.label = None;
        }
    }

    /// How often each label occurs.
    pub fn counts(&self) -> Counts {
        let numbers: HashMap<&str, usize> = self.labels.iter().map(String::as_str).zip(0..).collect();
        let mut counts = Counts {
            labels: vec![0; self.labels.len()],
            unlabelled: 0,
        };
        for row in &self.rows {
            match row.label.as_deref().and_then(|label| numbers.get(label)) {
                Some(number) => counts.labels[*number] += 1,
                None => counts.unlabelled += 1,
            }
        }
        counts
    }

    /// The numbers of the rows that a filter lets through.
    pub fn filtered(&self, filter: &Filter) -> Vec<usize> {
        let passes = |row: &Row| match filter {
            Filter::All => true,
            Filter::Unlabelled => row.label.is_none(),
            Filter::Label(label) => row.label.as_ref() == Some(label),
        };
        let rows = self.rows.iter().enumerate().filter(|(_, row)| passes(row));
        rows.map(|(number, _)| number).collect()
    }

    /// The rows with a label, in their order.
    pub fn labelled(&self) -> Vec<Row> {
        self.rows.iter().filter(|row| row.label.is_some()).cloned().collect()
    }

    /// Whether any row is a pair of texts.
    pub fn has_pairs(&self) -> bool {
        self.rows.iter().any(|row| row.text_pair.is_some())
    }

    /// Splits the labelled rows as `terakoya train --split` does with the file that [`Table::to_csv`] writes.
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

    /// The labelled rows as csv with a header.
    pub fn to_csv(&self) -> String {
        let pairs = self.has_pairs();
        let mut text = match pairs {
            true => "sentence1,sentence2,label\n".to_owned(),
            false => "text,label\n".to_owned(),
        };
        for row in self.rows.iter().filter(|row| row.label.is_some()) {
            text.push_str(&quoted(&row.text));
            if pairs {
                text.push(',');
                text.push_str(&quoted(row.text_pair.as_deref().unwrap_or_default()));
            }
            text.push(',');
            text.push_str(&quoted(row.label.as_deref().unwrap_or_default()));
            text.push('\n');
        }
        text
    }
}

/// The split as the command line spells it.
pub fn ratios(eval_percent: u32) -> String {
    format!("{}:{eval_percent}", 100_u32.saturating_sub(eval_percent))
}

fn quoted(field: &str) -> String {
    format!("\"{}\"", field.replace('"', "\"\""))
}
