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
            <MapView words={w} map={state.map.clone()} ready={props.ready} tuned={props.tuned} emit={props.emit.clone()} />
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
    html! {
        <p class="actions no-print">
            <label class="choice">
                <span>{ w.rows_to_score() }</span>
                <select id="read-rows" onchange={choose}>
                    <option value="evaluation" selected={!all}>{ w.evaluation_rows() }</option>
                    <option value="all" selected={all}>{ w.all_rows() }</option>
                </select>
            </label>
            <button type="button" id="evaluate" class="secondary" disabled={!props.ready || state.is_waiting()}
                onclick={evaluate}>
                { if state.is_waiting() { w.evaluating() } else { w.evaluate() } }
            </button>
            if state.shown().is_some() {
                <button type="button" id="print" class="quiet" onclick={|_: MouseEvent| browser::print()}>{ w.print() }</button>
            }
        </p>
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
