//! Keeps the answers that rows had as examples of other tasks, so that a look at another task costs nothing.

use serde::{Deserialize, Serialize};
use terakoya_core::data::Gold;
use terakoya_core::task_kind::TaskKind;

use super::gold;
use crate::messages::Row;

/// The answers of a table's rows to a task that it has no more, and their labels.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Aside {
    /// The task.
    pub task: TaskKind,
    /// The answer of each row.
    golds: Vec<Gold>,
    /// The labels in the order of their keys.
    pub labels: Vec<String>,
}

impl Aside {
    /// Puts the answers of `rows` aside.
    pub fn of(task: TaskKind, rows: &[Row], labels: Vec<String>) -> Self {
        Self {
            task,
            golds: rows.iter().map(|row| row.gold.clone()).collect(),
            labels,
        }
    }

    /// Gives the answers back to `rows`, which are examples of `from` now; an answer that was changed since stays as far as it
    /// says something about the task.
    pub fn give_back(self, rows: &mut [Row], from: TaskKind) {
        for (row, kept) in rows.iter_mut().zip(self.golds) {
            let now = std::mem::replace(&mut row.gold, kept.clone());
            gold::fit(row, from);
            let unchanged = row.gold == now;
            row.gold = now;
            gold::fit(row, self.task);
            if unchanged || !gold::is_known(row, self.task) {
                row.gold = kept;
            }
        }
    }

    /// Follows the table, to which rows were added until it has so many.
    pub fn lengthen(&mut self, rows: usize) {
        self.golds.resize(rows, Gold::None);
    }

    /// Follows the table, which lost a row.
    pub fn remove(&mut self, number: usize) {
        if number < self.golds.len() {
            self.golds.remove(number);
        }
    }

    /// Follows the table, where a text was corrected: what counts its characters says nothing any more.
    pub fn forget_places(&mut self, number: usize) {
        if let Some(gold) = self.golds.get_mut(number) {
            forget_places(gold);
        }
    }
}

/// Takes an answer back that counts characters of a text.
pub fn forget_places(gold: &mut Gold) {
    if matches!(gold, Gold::Words(_) | Gold::Spans(_)) {
        *gold = Gold::None;
    }
}
