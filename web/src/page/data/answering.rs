//! Says what a digit means on a row: a label, a score, a name for the part of the text that is selected.

use terakoya_core::data::{EntitySpan, Gold};
use terakoya_core::task_kind::TaskKind;
use wasm_bindgen::JsCast;
use web_sys::Element;

use super::gold::{with_answer, with_part};
use super::table::Table;
use crate::messages::Row;
use crate::page::browser;
use crate::page::marked::DRAWN;

/// An answer, and whether more may follow on the same row.
#[derive(Debug, Clone, PartialEq)]
pub enum Answered {
    /// The next row's turn.
    Fully(Gold),
    /// Further parts or labels may follow.
    Partly(Gold),
}

/// The answer that row `number` has once `digit` is pressed on its element; nothing where the digit says nothing.
pub fn by_digit(table: &Table, number: usize, element: &Element, digit: usize) -> Option<Answered> {
    let row = table.rows.get(number)?;
    let label = || table.labels.get(digit.checked_sub(1)?).cloned();
    Some(match (table.task, digit) {
        (TaskKind::SequenceClassification, 0) => Answered::Fully(Gold::None),
        (TaskKind::SequenceClassification, _) => Answered::Fully(Gold::Label(label()?)),
        (TaskKind::Regression, _) => Answered::Fully(Gold::Score(digit as f64)),
        (TaskKind::MultiLabelClassification, 0) => Answered::Partly(Gold::Labels(Box::default())),
        (TaskKind::MultiLabelClassification, _) => Answered::Partly(toggled(row, label()?)),
        (TaskKind::TokenClassification, 0) => Answered::Partly(super::gold::with_parts(row, Vec::new())),
        (TaskKind::TokenClassification, _) => Answered::Partly(part_of_selection(row, element, label()?)?),
        (TaskKind::QuestionAnswering, 0) => Answered::Partly(Gold::Answers(Box::default())),
        (TaskKind::MaskedLm | TaskKind::CausalLm, _) => return None,
        (TaskKind::QuestionAnswering, _) => Answered::Partly(answer_of_selection(row, element)?),
    })
}

/// The labels of `row` with `label` among them, or without it where it was.
pub fn toggled(row: &Row, label: String) -> Gold {
    let mut labels = row.gold.labels().unwrap_or_default().to_vec();
    match labels.iter().position(|known| *known == label) {
        Some(position) => drop(labels.remove(position)),
        None => labels.push(label),
    }
    Gold::Labels(labels.into())
}

/// The parts of `row` with the selected one among them, named `label`.
pub fn part_of_selection(row: &Row, element: &Element, label: String) -> Option<Gold> {
    let (start, end) = selection(element, &row.text)?;
    let part = EntitySpan {
        start: u32::try_from(start).ok()?,
        end: u32::try_from(end).ok()?,
        label,
    };
    Some(with_part(row, part))
}

/// The selected part of the passage of `row` as its answer.
pub fn answer_of_selection(row: &Row, element: &Element) -> Option<Gold> {
    let (start, end) = selection(element, row.text_pair.as_deref()?)?;
    Some(with_answer(row, start, end))
}

/// What is selected in the box that is open for it, or in the text as it is shown, in characters; the selection is used up.
fn selected(element: &Element) -> Option<(usize, usize)> {
    let area = element.query_selector("textarea[aria-readonly]").ok()?;
    let in_box = area.and_then(|area| browser::selected_in_box(area.unchecked_ref()));
    in_box.or_else(|| {
        let shown = element.query_selector(".marked.selectable").ok()??;
        let (start, end) = browser::selected_characters(&shown).inspect(|_| browser::drop_selection())?;
        // What stands behind is the sign that there is more.
        Some((start, end.min(DRAWN)))
    })
}

/// What is selected of `text` in the row's element, in characters, without white space around it.
fn selection(element: &Element, text: &str) -> Option<(usize, usize)> {
    let (start, end) = selected(element)?;
    let characters: Vec<char> = text.chars().collect();
    let selected = characters.get(start..end)?;
    let before = selected
        .iter()
        .take_while(|character| character.is_whitespace())
        .count();
    let behind = selected
        .iter()
        .rev()
        .take_while(|character| character.is_whitespace())
        .count();
    let (start, end) = (start + before, end.saturating_sub(behind));
    (start < end).then_some((start, end))
}
