//! Draws the answer of a row as the task asks for it: a choice, a number, a set, named parts, a part of the passage.

use std::collections::BTreeSet;

use terakoya_core::data::{EntitySpan, Gold};
use terakoya_core::task_kind::TaskKind;
use web_sys::{Event as DomEvent, HtmlInputElement, HtmlSelectElement};
use yew::prelude::*;

use super::DataMsg;
use super::answering::{answer_of_selection, part_of_selection, toggled};
use super::gold::with_parts;
use super::label_select::LabelSelect;
use super::rows::row_of;
use super::table::Table;
use crate::messages::Row;
use crate::page::figures;
use crate::page::marked::colour;
use crate::page::shared::Shared;
use crate::page::words::Words;

/// What an answer is drawn from.
#[derive(Properties, PartialEq)]
pub struct Props {
    /// The language.
    pub words: Words,
    /// Number of the row.
    pub number: usize,
    /// The row.
    pub row: Row,
    /// The examples, with their task and labels.
    pub table: Shared<Table>,
    /// Whether the tab key stops at its row.
    pub stop: bool,
    /// Takes what happens.
    pub emit: Callback<DataMsg>,
}

/// The answer.
#[component]
pub fn GoldCell(props: &Props) -> Html {
    let w = props.words;
    let number = props.number;
    let set = props.emit.reform(move |gold| DataMsg::SetGold(number, gold));
    match props.table.task {
        TaskKind::SequenceClassification => {
            let onchange = set.reform(|label: Option<String>| label.map_or(Gold::None, Gold::Label));
            let label = props.row.gold.label().map(str::to_owned);
            html! { <LabelSelect words={w} table={props.table.clone()} {label} passed_by={!props.stop} {onchange} /> }
        }
        TaskKind::MultiLabelClassification => label_set(props, &set),
        TaskKind::Regression => html! { <ScoreBox words={w} score={props.row.gold.score()} onchange={set} /> },
        TaskKind::TokenClassification => parts(props, &set),
        TaskKind::QuestionAnswering => answer(props, &set),
        TaskKind::MaskedLm | TaskKind::CausalLm => Html::default(),
    }
}

fn label_set(props: &Props, set: &Callback<Gold>) -> Html {
    let w = props.words;
    let chosen: BTreeSet<&String> = props.row.gold.labels().unwrap_or_default().iter().collect();
    let summary = match (&props.row.gold, chosen.is_empty()) {
        (Gold::None, _) => w.no_label().to_owned(),
        (_, true) => w.empty_set().to_owned(),
        (_, false) => props.row.gold.labels().unwrap_or_default().join(" | "),
    };
    html! {
        <details class="label-set">
            <summary>{ summary }</summary>
            <ul>
                { for props.table.offered(props.stop).iter().map(|label| {
                    let onchange = {
                        let (row, label, set) = (props.row.clone(), label.clone(), set.clone());
                        move |_: Event| set.emit(toggled(&row, label.clone()))
                    };
                    html! {
                        <li key={label.clone()}>
                            <label><input type="checkbox" checked={chosen.contains(label)} {onchange} />{ label }</label>
                        </li>
                    }
                }) }
            </ul>
        </details>
    }
}

#[derive(Properties, PartialEq)]
struct ScoreBoxProps {
    words: Words,
    score: Option<f64>,
    onchange: Callback<Gold>,
}

/// A box for a number; what is none is marked and not taken.
#[component]
fn ScoreBox(props: &ScoreBoxProps) -> Html {
    let wrong = use_state_eq(|| false);
    let onchange = {
        let (wrong, onchange) = (wrong.clone(), props.onchange.clone());
        Callback::from(move |event: Event| {
            let Some(input) = event.target_dyn_into::<HtmlInputElement>() else {
                return;
            };
            let text = input.value().trim().to_owned();
            let score = text.parse::<f64>().ok().filter(|score| score.is_finite());
            wrong.set(!text.is_empty() && score.is_none());
            match score {
                Some(score) => onchange.emit(Gold::Score(score)),
                None if text.is_empty() => onchange.emit(Gold::None),
                None => {}
            }
        })
    };
    html! {
        <input class="score-box" type="text" inputmode="decimal" maxlength="12" aria-label={props.words.score_column()}
            aria-invalid={wrong.then_some("true")} value={props.score.map(figures::short)} {onchange} />
    }
}

/// The named parts with a button to take each away, and a choice that names what is selected in the text.
fn parts(props: &Props, set: &Callback<Gold>) -> Html {
    let w = props.words;
    let found = props.row.named_parts();
    let characters: Vec<char> = props.row.text.chars().collect();
    let spelled = |part: &EntitySpan| -> String {
        let part = characters.get(part.start as usize..part.end as usize);
        part.unwrap_or_default().iter().collect()
    };
    let without = |number: usize| {
        let (row, set, mut rest) = (props.row.clone(), set.clone(), found.clone());
        rest.remove(number);
        Callback::from(move |_: MouseEvent| set.emit(with_parts(&row, rest.clone())))
    };
    html! {
        <div class="parts" aria-live="polite">
            { for found.iter().enumerate().map(|(number, part)| html! {
                <button type="button" class="chip" title={part.label.clone()} aria-label={w.remove_part(&spelled(part), &part.label)}
                    onclick={without(number)}>
                    <i class={colour(&part.label, &props.table.labels)}></i>{ spelled(part) }{ " ×" }
                </button>
            }) }
            <select class="label-select" aria-label={w.name_selection()} onchange={name_selection(props, set)}>
                <option value="" selected={true}>{ w.name_selection() }</option>
                { for props.table.offered(props.stop).iter().map(|label| html! { <option value={label.clone()}>{ label }</option> }) }
            </select>
        </div>
    }
}

fn name_selection(props: &Props, set: &Callback<Gold>) -> Callback<Event> {
    let (row, set) = (props.row.clone(), set.clone());
    Callback::from(move |event: DomEvent| {
        let Some(select) = event.target_dyn_into::<HtmlSelectElement>() else {
            return;
        };
        let label = select.value();
        select.set_selected_index(0);
        let row_element = row_of(event.target());
        if let Some(gold) = row_element.and_then(|(_, element)| part_of_selection(&row, &element, label.clone())) {
            set.emit(gold);
        }
    })
}

/// The answer as it stands in the passage, a button that takes what is selected there, and one for none.
fn answer(props: &Props, set: &Callback<Gold>) -> Html {
    let w = props.words;
    let said = match props.row.gold.answers() {
        None => w.no_label().to_owned(),
        Some([]) => w.no_answer().to_owned(),
        Some([first, ..]) => first.text.clone(),
    };
    let take = {
        let (row, set) = (props.row.clone(), set.clone());
        Callback::from(move |event: MouseEvent| {
            if let Some(gold) = row_of(event.target()).and_then(|(_, element)| answer_of_selection(&row, &element)) {
                set.emit(gold);
            }
        })
    };
    let none = set.reform(|_: MouseEvent| Gold::Answers(Box::default()));
    // Pressing the button must not take away what is selected.
    let keep = Callback::from(|event: MouseEvent| event.prevent_default());
    html! {
        <div class="parts">
            <span class="long" aria-live="polite">{ said }</span>
            <button type="button" class="chip" onmousedown={keep} onclick={take}>{ w.take_selection() }</button>
            <button type="button" class="chip" onclick={none}>{ w.no_answer() }</button>
        </div>
    }
}
