//! Draws the third step: the form, the cost, the buttons, the run.

use terakoya_core::task_kind::TaskKind;
use yew::prelude::*;

use super::cost::CostView;
use super::options::Options;
use super::progress::Progress;
use super::run::Phase;
use super::{Cost, TrainMsg, Training};
use crate::files::table_extension;
use crate::messages::{Opened, SavedRun};
use crate::page::browser::Abilities;
use crate::page::data::Data;
use crate::page::data::table::{Parts, ratios};
use crate::page::frame::Step;
use crate::page::shared::Shared;
use crate::page::words::Words;

/// What the step is drawn from.
#[derive(Properties, PartialEq)]
pub struct Props {
    /// The language.
    pub words: Words,
    /// The state.
    pub state: Shared<Training>,
    /// The examples.
    pub data: Shared<Data>,
    /// The model, when it is there.
    pub model: Option<Shared<Opened>>,
    /// A run that was broken off and can go on.
    pub unfinished: Option<SavedRun>,
    /// What the browser can do.
    pub abilities: Abilities,
    /// Takes what happens.
    pub emit: Callback<TrainMsg>,
}

/// The step.
#[component]
pub fn TrainStep(props: &Props) -> Html {
    let w = props.words;
    let state = &props.state;
    let active = phase(props).is_some_and(Phase::is_active);
    let layers = props
        .model
        .as_ref()
        .map_or(12, |model| model.inspection.num_hidden_layers);
    html! {
        <Step id="train" number="3" title={w.train_title()} hint={w.train_hint(props.abilities.keeps())}>
            <Options words={w} form={state.form.clone()} error={state.field_error.clone()} {layers} disabled={active}
                emit={props.emit.clone()} />
            { forgets(props) }
            { buttons(props) }
            <CostView words={w} cost={state.cost.clone()} />
            if active && state.may_sleep { <p id="may-sleep" class="caption">{ w.may_sleep() }</p> }
            if let Some(run) = &state.run {
                if let Some(reason) = not_ready(props).filter(|_| !active) {
                    <p id="not-ready" role="status" class="caption">{ reason }</p>
                }
                <Progress words={w} run={run.clone()} ratios={ratios(props.data.eval_percent)} extension={extension(&props.data)}
                    emit={props.emit.clone()} />
            } else {
                <p id="train-status" role="status" data-phase="idle" class="caption">{ not_ready(props).unwrap_or_default() }</p>
            }
        </Step>
    }
}

/// What the name of the saved examples ends with, where the command line can learn from them: no row waits for its answer.
fn extension(data: &Data) -> Option<&'static str> {
    let Parts { train, eval } = &*data.parts;
    (train.len() + eval.len() == data.table.rows.len()).then(|| table_extension(train))
}

/// That nothing will be kept, where that is so.
fn forgets(props: &Props) -> Html {
    let w = props.words;
    let reason = match props.abilities {
        abilities if abilities.keeps() => return Html::default(),
        Abilities { secure: false, .. } => w.lacks_secure(),
        _ => w.lacks_storage(),
    };
    html! { <p id="forgets" class="message bad">{ reason }</p> }
}

fn phase(props: &Props) -> Option<&Phase> {
    props.state.run.as_ref().map(|run| &run.phase)
}

/// Why a run cannot begin yet.
fn not_ready(props: &Props) -> Option<&'static str> {
    let w = props.words;
    let rows = &props.data.parts.train;
    let task = props.data.table.task;
    let is_class = task == TaskKind::SequenceClassification;
    let of_model = props.model.as_ref().and_then(|model| model.inspection.task);
    let mut labels = rows.iter().filter_map(|row| row.gold.label());
    let first = labels.next();
    match () {
        () if props.model.is_none() => Some(w.needs_model()),
        () if rows.is_empty() => Some(w.no_examples(task)),
        () if (of_model == Some(TaskKind::CausalLm)) != (task == TaskKind::CausalLm) => Some(w.other_family(task)),
        () if is_class && labels.all(|label| Some(label) == first) => Some(w.needs_two_labels()),
        () => None,
    }
}

fn buttons(props: &Props) -> Html {
    let w = props.words;
    let button = |id: &'static str, class: &'static str, text: &'static str, disabled: bool, msg: fn() -> TrainMsg| {
        let onclick = props.emit.reform(move |_: MouseEvent| msg());
        html! { <button type="button" {id} {class} {disabled} {onclick}>{ text }</button> }
    };
    let hindered = not_ready(props).is_some();
    let phase = phase(props);
    if !phase.is_some_and(Phase::is_active) {
        let measuring = props.state.cost == Cost::Measuring;
        return html! {
            <p class="actions main-actions">
                { button("start", "primary", w.start(), hindered, || TrainMsg::Start) }
                if measuring {
                    { button("give-up-measuring", "secondary", w.give_up_measuring(), false, || TrainMsg::GiveUpMeasuring) }
                } else {
                    { button("measure", "secondary", w.measure(), hindered, || TrainMsg::Measure) }
                }
                { go_on(props) }
            </p>
        };
    }
    let stopping = phase == Some(&Phase::Stopping);
    html! {
        <p class="actions main-actions">
            if phase == Some(&Phase::Paused) {
                { button("resume", "primary", w.resume(), false, || TrainMsg::Resume) }
            } else {
                { button("pause", "secondary", w.pause(), stopping, || TrainMsg::Pause) }
            }
            { button("stop", "secondary", w.stop(), stopping, || TrainMsg::Stop) }
        </p>
    }
}

fn go_on(props: &Props) -> Html {
    let w = props.words;
    let Some(run) = &props.unfinished else {
        return Html::default();
    };
    let id = run.id.clone();
    let onclick = props.emit.reform(move |_: MouseEvent| TrainMsg::Continue(id.clone()));
    html! {
        <button type="button" id="continue" class="secondary" disabled={props.model.is_none()} {onclick}>
            { w.continue_from(run.epochs_done, run.epochs) }
        </button>
    }
}
