//! Draws the second step: sources, labels, the table and the split.

use terakoya_core::data::{Damage, DamagedRow};
use yew::prelude::*;

use super::columns::ColumnChoice;
use super::labels::Labels;
use super::rows::Rows;
use super::sources::Sources;
use super::{Data, DataMsg, Problem};
use crate::page::events::{chosen, sift, typed};
use crate::page::figures;
use crate::page::frame::Step;
use crate::page::select::Select;
use crate::page::shared::Shared;
use crate::page::tasks;
use crate::page::words::Words;

/// What the step is drawn from.
#[derive(Properties, PartialEq)]
pub struct Props {
    /// The language.
    pub words: Words,
    /// The state.
    pub state: Shared<Data>,
    /// Takes what happens.
    pub emit: Callback<DataMsg>,
}

/// The step.
#[component]
pub fn DataStep(props: &Props) -> Html {
    let w = props.words;
    let state = &props.state;
    let names = tasks::of(state.table.task).names;
    html! {
        <Step id="data" number="2" title={w.data_title()} hint={w.data_hint(state.table.task)}>
            <Sources words={w} reading={state.reading} emit={props.emit.clone()} />
            if let Some(problem) = &state.error {
                <div id="data-error" class="message bad" role="alert">{ problem_text(props, problem) }</div>
            }
            if !state.left_out.is_empty() {
                <p id="left-out" class="message" role="status">{ w.files_left_out(&state.left_out) }</p>
            }
            { status(props) }
            if let Some(sheet) = &state.sheet {
                <ColumnChoice words={w} sheet={sheet.clone()} onread={props.emit.reform(DataMsg::Columns)} />
            }
            { task(props) }
            if names {
                <Labels words={w} table={state.table.clone()} filter={state.filter.clone()} emit={props.emit.clone()} />
            }
            <Rows words={w} table={state.table.clone()} filter={state.filter.clone()} page={state.page}
                emit={props.emit.clone()} />
            { split(props) }
        </Step>
    }
}

/// What the examples are examples of; a file's own form decides it first.
fn task(props: &Props) -> Html {
    let w = props.words;
    let current = props.state.table.task;
    let onchange = sift(&props.emit, |event| {
        tasks::named(&chosen(&event)?).map(DataMsg::SetTask)
    });
    let choices: Vec<(AttrValue, AttrValue)> = tasks::ALL
        .into_iter()
        .map(|task| (tasks::of(task).name.into(), w.task(task).into()))
        .collect();
    html! {
        <p class="task-choice">
            <label class="choice">
                <span>{ w.task_label() }</span>
                <Select id="task" value={tasks::of(current).name} {choices} {onchange} />
            </label>
            <span class="caption">{ w.task_about(current) }</span>
        </p>
    }
}

fn problem_text(props: &Props, problem: &Problem) -> Html {
    let w = props.words;
    match problem {
        Problem::TooLarge { name, bytes } => w.file_too_large(name, &figures::bytes(*bytes)).into(),
        Problem::Unreadable { name, reason } => w.file_unreadable(name, reason).into(),
        Problem::Malformed(message) => w.file_malformed(message).into(),
        Problem::NoNumbers => w.no_label_numbers().into(),
        Problem::Damaged { damage, rows } => damaged(props, damage, *rows),
    }
}

/// What is wrong with which rows, and the way to take the others.
fn damaged(props: &Props, damage: &Damage, rows: usize) -> Html {
    let w = props.words;
    let take = props.emit.reform(|_: MouseEvent| DataMsg::TakeReadable);
    let row = |row: &DamagedRow| html! { <li>{ w.message(&row.message) }{ " " }<code>{ &row.text }</code></li> };
    let more = damage.count - damage.first.len();
    html! {
        <>
        { w.rows_damaged(damage.count, rows) }
        <ul>
            { for damage.first.iter().map(row) }
            if more > 0 { <li>{ w.more_rows(more) }</li> }
        </ul>
        <button type="button" id="take-readable" class="secondary" onclick={take}>{ w.take_readable(rows) }</button>
        </>
    }
}

fn status(props: &Props) -> Html {
    let w = props.words;
    let Data {
        table,
        origin,
        previous,
        remembered,
        ..
    } = &*props.state;
    let undo = props.emit.reform(|_: MouseEvent| DataMsg::Undo);
    let clear = props.emit.reform(|_: MouseEvent| DataMsg::Clear);
    let download = props.emit.reform(|_: MouseEvent| DataMsg::Download);
    html! {
        <div class="data-status">
            <p role="status">
                <strong class="number">{ w.row_count(table.task, table.rows.len()) }</strong>
                if let Some(source) = &origin.source { <span>{ source }</span> }
                if let Some(columns) = &origin.columns { <span class="caption">{ w.columns(columns) }</span> }
                if let Some(count) = origin.listed_labels {
                    <span id="listed-labels" class="caption">{ w.listed_labels(count) }</span>
                }
                if let Some(remembered) = remembered.filter(|_| !table.rows.is_empty()) {
                    <span class="caption">{ if remembered { w.table_remembered() } else { w.table_not_remembered() } }</span>
                }
            </p>
            <p class="actions">
                if previous.is_some() {
                    <button type="button" id="undo" class="quiet" onclick={undo}>{ w.undo() }</button>
                }
                if !table.rows.is_empty() {
                    <button type="button" class="quiet" onclick={download}>{ w.download_data() }</button>
                    <button type="button" class="quiet" onclick={clear}>{ w.clear_table() }</button>
                }
            </p>
        </div>
    }
}

fn split(props: &Props) -> Html {
    let w = props.words;
    let state = &props.state;
    let task = state.table.task;
    let (train, eval) = (state.parts.train.len(), state.parts.eval.len());
    let left_out = state.table.rows.len() - train - eval;
    let onpercent = sift(&props.emit, |event| {
        Some(DataMsg::EvalPercent(typed(&event)?.parse().ok()?))
    });
    let onseed = sift(&props.emit, |event| typed(&event).map(DataMsg::Seed));
    let wrong_seed = state.seed_error.as_ref();
    let seed = wrong_seed.map_or_else(|| state.seed.to_string(), |error| error.value.clone());
    let width = format!("{:.2}%", 100.0 * train as f64 / (train + eval).max(1) as f64);
    html! {
        <div class="split">
            <h3>{ w.split_title() }</h3>
            <svg class="split-bar" width="100%" height="12" role="img" aria-label={w.split_parts(task, train, eval)}>
                if train + eval > 0 {
                    <rect class="eval" width="100%" height="12" rx="6" />
                    <rect class="fill" {width} height="12" rx="6" />
                } else {
                    <rect class="track" width="100%" height="12" rx="6" />
                }
            </svg>
            <p id="split-parts">
                { w.split_parts(task, train, eval) }
                if left_out > 0 { <span class="mark">{ w.left_out(task, left_out) }</span> }
            </p>
            <div class="fields">
                <label class="field">
                    <span>{ w.eval_share() }{ " " }<span class="value">{ state.eval_percent }{ " %" }</span></span>
                    <input id="eval-percent" type="range" min="5" max="50" step="5" value={state.eval_percent.to_string()}
                        oninput={onpercent} />
                </label>
                <label class="field">
                    <span>{ w.seed() }</span>
                    <input id="seed" type="text" inputmode="numeric" autocomplete="off" maxlength="20" value={seed}
                        aria-invalid={wrong_seed.map(|_| "true")} oninput={onseed} />
                </label>
            </div>
            if let Some(error) = wrong_seed { <p id="seed-error" class="message bad" role="alert">{ w.field_error(error) }</p> }
            <p class="caption">{ w.split_hint() }</p>
        </div>
    }
}
