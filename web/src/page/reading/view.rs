//! Draws the fourth step: scores before and after, classes, confusions, failures.

use terakoya_core::protocol::Report;
use terakoya_core::task_kind::TaskKind;
use yew::prelude::*;

use super::confusion::Confusion;
use super::failures::Failures;
use super::map::MapView;
use super::metrics::Metrics;
use super::scatter::Scatter;
use super::{ReadMsg, Reading, RowsChoice, Score};
use crate::page::browser;
use crate::page::events::{chosen, sift};
use crate::page::frame::Step;
use crate::page::results::{Outcome, PredictionView};
use crate::page::select::Select;
use crate::page::shared::Shared;
use crate::page::trying::Trying;
use crate::page::trying::continuations::SideBySide;
use crate::page::words::Words;

/// What the step is drawn from.
#[derive(Properties, PartialEq)]
pub struct Props {
    /// The language.
    pub words: Words,
    /// The state.
    pub state: Shared<Reading>,
    /// The first step, whose text is shown before and after.
    pub trying: Shared<Trying>,
    /// Whether there is anything to score.
    pub ready: bool,
    /// Whether there is a fine-tuned model.
    pub tuned: bool,
    /// Takes what happens.
    pub emit: Callback<ReadMsg>,
}

/// The step.
#[component]
pub fn ReadStep(props: &Props) -> Html {
    let w = props.words;
    let state = &props.state;
    html! {
        <Step id="read" number="4" title={w.read_title()} hint={w.read_hint()}>
            { head(props) }
            if state.is_waiting() { { under_way(w, scoring(props), state.progress, &props.emit) } }
            if state.ended { <p id="reading-ended" class="message" role="status">{ w.reading_ended() }</p> }
            { problems(props) }
            if let Some(shown) = state.shown() {
                <Metrics words={w} base={state.base.known().cloned()} tuned={state.tuned.known().cloned()} />
                { same_text(props) }
                <Confusion words={w} evaluation={shown.clone()} rows={state.rows.clone()} cell={state.cell}
                    emit={props.emit.clone()} />
                <Scatter words={w} evaluation={shown.clone()} rows={state.rows.clone()} />
                if !matches!(shown.report, Report::Language(_)) {
                    <Failures words={w} evaluation={shown.clone()} rows={state.rows.clone()} />
                }
            } else if !state.is_waiting() {
                <p class="message">{ w.nothing_read() }</p>
            }
            <MapView words={w} map={state.map.clone()} progress={state.progress} ready={props.ready && !state.is_waiting()}
                tuned={props.tuned} emit={props.emit.clone()} />
        </Step>
    }
}

fn head(props: &Props) -> Html {
    let w = props.words;
    let state = &props.state;
    let evaluate = props.emit.reform(|_: MouseEvent| ReadMsg::Evaluate);
    let choose = sift(&props.emit, |event| {
        Some(ReadMsg::Choose(match chosen(&event)?.as_str() {
            "all" => RowsChoice::All,
            _ => RowsChoice::Evaluation,
        }))
    });
    let all = state.choice == RowsChoice::All;
    let choices: [(AttrValue, AttrValue); 2] = [
        ("evaluation".into(), w.evaluation_rows().into()),
        ("all".into(), w.all_rows().into()),
    ];
    let value = choices[usize::from(all)].0.clone();
    html! {
        <p class="actions no-print">
            <label class="choice">
                <span>{ w.rows_to_score() }</span>
                <Select id="read-rows" {value} choices={choices.to_vec()} onchange={choose} />
            </label>
            <button type="button" id="evaluate" class="secondary" disabled={!props.ready || state.is_busy()}
                onclick={evaluate}>
                { if state.is_waiting() { w.evaluating() } else { w.evaluate() } }
            </button>
            if state.shown().is_some() {
                <button type="button" id="print" class="quiet" onclick={|_: MouseEvent| browser::print()}>{ w.print() }</button>
            }
        </p>
    }
}

/// Which model scores now, where both do.
fn scoring(props: &Props) -> &'static str {
    let w = props.words;
    match (&props.state.base, props.tuned) {
        (_, false) => w.evaluating(),
        (Score::Waiting, true) => w.before_training(),
        (_, true) => w.after_training(),
    }
}

/// How far the worker is with the texts, and the button that ends it.
pub fn under_way(w: Words, what: &str, (done, total): (usize, usize), emit: &Callback<ReadMsg>) -> Html {
    let end = emit.reform(|_: MouseEvent| ReadMsg::End);
    html! {
        <div id="reading" class="no-print">
            <progress max={total.to_string()} value={done.to_string()} aria-label={w.evaluating()}></progress>
            <p class="actions">
                <span class="caption number">{ what }{ " " }{ w.texts_read(done, total) }</span>
                <button type="button" id="end-reading" class="secondary" onclick={end}>{ w.end_reading() }</button>
            </p>
        </div>
    }
}

fn problems(props: &Props) -> Html {
    let w = props.words;
    let state = &props.state;
    let problem = |title: &'static str, score: &Score| match score {
        Score::Failed(message) => {
            html! { <p class="message" role="status">{ title }{ w.colon() }{ w.message(message) }</p> }
        }
        Score::Unknown | Score::Waiting | Score::Known(_) => Html::default(),
    };
    html! { <>{ problem(w.before_training(), &state.base) }{ problem(w.after_training(), &state.tuned) }</> }
}

/// The text of the first step, as both models judge it.
fn same_text(props: &Props) -> Html {
    let w = props.words;
    let continuing = &props.trying.continuing;
    if props.tuned && props.trying.task == TaskKind::CausalLm && continuing.tuned.is_some() {
        return html! {
            <div class="same-text">
                <h3>{ w.same_beginning() }</h3>
                <SideBySide words={w} continuing={continuing.clone()} tuned={true} />
            </div>
        };
    }
    let Some(answer) = &props.trying.answer else {
        return Html::default();
    };
    let (Some(before), Some(after)) = (&answer.before, &answer.prediction) else {
        return Html::default();
    };
    html! {
        <div class="same-text">
            <h3>{ w.same_text() }</h3>
            <blockquote>
                { &answer.text.text }
                if let Some(pair) = &answer.text.text_pair { <span class="second">{ pair }</span> }
            </blockquote>
            <div class="before-after">
                <PredictionView words={w} prediction={before.clone()} subject={answer.subject_before.clone()} outcome={Outcome::Before} />
                <PredictionView words={w} prediction={after.clone()} subject={answer.subject.clone()} outcome={Outcome::After} />
            </div>
        </div>
    }
}
