//! Draws the line in which a new example is typed.

use terakoya_core::data::Gold;
use terakoya_core::task_kind::TaskKind;
use web_sys::HtmlInputElement;
use yew::prelude::*;

use super::DataMsg;
use super::label_select::LabelSelect;
use super::table::Table;
use crate::messages::Row;
use crate::page::shared::Shared;
use crate::page::tasks::{self, Second};
use crate::page::words::Words;

/// What the line is drawn from.
#[derive(Properties, PartialEq)]
pub struct Props {
    /// The language.
    pub words: Words,
    /// The examples, with their task and labels.
    pub table: Shared<Table>,
    /// Takes the new example.
    pub emit: Callback<DataMsg>,
}

/// Boxes for the text, the second text where examples have one, and the label; Enter takes them. Other answers are given in
/// the table.
#[component]
pub fn NewRow(props: &Props) -> Html {
    let w = props.words;
    let (first, second) = (use_node_ref(), use_node_ref());
    let label = use_state_eq(|| None::<String>);
    let task = props.table.task;
    let is_class = task == TaskKind::SequenceClassification;
    let has_second = tasks::of(task).second == Second::Passage || props.table.has_pairs();
    let onsubmit = {
        let (first, second, label, emit) = (first.clone(), second.clone(), label.clone(), props.emit.clone());
        Callback::from(move |event: SubmitEvent| {
            event.prevent_default();
            let Some(text) = taken(&first) else { return };
            let gold = label.as_ref().filter(|_| is_class).cloned();
            emit.emit(DataMsg::Add(Row {
                text,
                text_pair: taken(&second),
                gold: gold.map_or(Gold::None, Gold::Label),
            }));
        })
    };
    let onlabel = {
        let label = label.clone();
        Callback::from(move |chosen| label.set(chosen))
    };
    html! {
        <form class="new-row" {onsubmit}>
            <input id="new-text" ref={first} type="text" aria-label={w.new_row()} placeholder={w.new_row()} autocomplete="off" />
            if has_second {
                <input id="new-pair" ref={second} type="text" aria-label={w.second_box(task)} placeholder={w.second_box(task)}
                    autocomplete="off" />
            }
            if is_class {
                <LabelSelect id="new-row-label" words={w} table={props.table.clone()} label={(*label).clone()} onchange={onlabel} />
            }
            <button type="submit" class="secondary">{ w.add() }</button>
        </form>
    }
}

/// What is in a box, which is empty afterwards.
fn taken(node: &NodeRef) -> Option<String> {
    let input = node.cast::<HtmlInputElement>()?;
    let text = input.value();
    if text.trim().is_empty() {
        return None;
    }
    input.set_value("");
    Some(text)
}
