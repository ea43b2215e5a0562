//! Draws the first step: the boxes, the answer, the tokens and the button that asks why.

use terakoya_core::protocol::{Inspection, Prediction};
use terakoya_core::task_kind::TaskKind;
use web_sys::{HtmlTextAreaElement, InputEvent};
use yew::prelude::*;

use super::continuations::Continuations;
use super::tokens::Tokens;
use super::why::WhyView;
use super::{Answer, Fit, TryMsg, Trying};
use crate::messages::{Opened, Text};
use crate::page::frame::Step;
use crate::page::results::{Outcome, PredictionView, Subject};
use crate::page::shared::Shared;
use crate::page::tasks::{self, Second};
use crate::page::words::Words;

/// What the step is drawn from.
#[derive(Properties, PartialEq)]
pub struct Props {
    /// The language.
    pub words: Words,
    /// The state.
    pub state: Shared<Trying>,
    /// The model, when it is there.
    pub model: Option<Shared<Opened>>,
    /// Whether the model can say what is tried.
    pub fit: Fit,
    /// Texts to begin with.
    pub examples: Vec<Text>,
    /// Whether the worker is free to explain, or to continue a text.
    pub explainable: bool,
    /// What the fine-tuned model is, if there is one.
    pub tuned: Option<Shared<Inspection>>,
    /// The model's download, or why there is none; nothing once it is there.
    pub loading: Html,
    /// Which model it is, and where it runs.
    pub line: Html,
    /// Takes what happens.
    pub emit: Callback<TryMsg>,
}

/// The step.
#[component]
pub fn TryStep(props: &Props) -> Html {
    let w = props.words;
    let state = &props.state;
    html! {
        <Step id="try" number="1" title={w.try_title()} hint={w.try_hint(state.task)}>
            <TextBox id="try-text" label={w.first_box(state.task)} titled={state.pair.is_some()} value={state.text.clone()}
                rows={2} onchange={props.emit.reform(TryMsg::Text)} />
            { pair_box(props) }
            { examples(props) }
            { props.loading.clone() }
            if state.task == TaskKind::CausalLm && props.model.is_some() && props.fit == Fit::Good {
                <Continuations words={w} continuing={state.continuing.clone()} tuned={props.tuned.is_some()} ready={props.explainable}
                    emit={props.emit.clone()} />
            }
            // Beside the answer: yew cannot put it before a component that draws nothing while what is behind that goes.
            if let Some(error) = &state.error { <p class="message bad" role="alert">{ w.message(error) }</p> }
            if let Some(answer) = &state.answer { { answer_view(props, answer) } }
            { props.line.clone() }
        </Step>
    }
}

fn pair_box(props: &Props) -> Html {
    let w = props.words;
    let task = props.state.task;
    let second = tasks::of(task).second;
    match &props.state.pair {
        None if second == Second::Nothing => Html::default(),
        None => {
            let add = props.emit.reform(|_: MouseEvent| TryMsg::Pair(Some(String::new())));
            html! { <button type="button" class="quiet add-pair" id="add-pair" onclick={add}>{ w.add_pair() }</button> }
        }
        Some(pair) => {
            let remove = props.emit.reform(|_: MouseEvent| TryMsg::Pair(None));
            let rows = if second == Second::Passage { 4 } else { 1 };
            html! {
                <div class="pair">
                    <TextBox id="try-pair" label={w.second_box(task)} titled={true} value={pair.clone()} {rows}
                        onchange={props.emit.reform(|text| TryMsg::Pair(Some(text)))} />
                    if second == Second::Text {
                        <button type="button" class="quiet" onclick={remove}>{ w.remove_pair() }</button>
                    }
                </div>
            }
        }
    }
}

fn examples(props: &Props) -> Html {
    let w = props.words;
    let chip = |text: &Text| {
        let example = text.clone();
        let choose = props.emit.reform(move |_: MouseEvent| TryMsg::Example(example.clone()));
        html! { <button type="button" class="chip" onclick={choose}>{ &text.text }</button> }
    };
    html! {
        <div class="examples" role="group" aria-label={w.examples()}>
            <span class="caption" aria-hidden="true">{ w.examples() }</span>
            { for props.examples.iter().map(chip) }
        </div>
    }
}

fn answer_view(props: &Props, answer: &Answer) -> Html {
    let w = props.words;
    let why = props.state.why.is_some();
    let toggle = props.emit.reform(|_: MouseEvent| TryMsg::ToggleWhy);
    let busy = props.state.waiting.then_some("true");
    html! {
        <div class="answer">
            <div id="prediction" class="prediction" aria-live="polite" aria-busy={busy}>
                { prediction(props, answer) }
            </div>
            <Tokens words={w} tokens={answer.tokens.clone()} truncated={answer.truncated}
                milliseconds={answer.milliseconds} />
            if answer.prediction.is_some() && props.state.is_explainable() && !matches!(props.fit, Fit::OtherTask | Fit::OtherFamily) {
                <p class="why-row">
                    <button type="button" id="why" class="secondary" aria-expanded={why.to_string()}
                        disabled={!props.explainable && !why} onclick={toggle}>
                        { if why { w.hide_why() } else { w.why() } }
                    </button>
                </p>
            }
            if let (Some(why), Some(model)) = (&props.state.why, &props.model) {
                <WhyView words={w} why={why.clone()} model={model.clone()} tuned={props.tuned.clone()}
                    current={props.state.current()} emit={props.emit.clone()} />
            }
        </div>
    }
}

fn prediction(props: &Props, answer: &Answer) -> Html {
    let w = props.words;
    let view = |prediction: &Prediction, subject: &Subject, outcome: Outcome| {
        html! { <PredictionView words={w} prediction={prediction.clone()} subject={subject.clone()} {outcome} /> }
    };
    match (&answer.before, &answer.prediction) {
        _ if props.fit == Fit::OtherTask => {
            html! { <p class="message" data-fit="other-task">{ w.other_task(props.state.task) }</p> }
        }
        _ if props.fit == Fit::OtherFamily => {
            html! { <p class="message" data-fit="other-family">{ w.other_family(props.state.task) }</p> }
        }
        // What is written stands above.
        (_, None) if props.state.task == TaskKind::CausalLm => Html::default(),
        (_, None) if props.state.task == TaskKind::MaskedLm && props.fit != Fit::NoHead => {
            html! { <p class="message" data-fit="no-mask">{ w.no_masks() }</p> }
        }
        (_, None) => html! { <p class="message" data-fit="no-head">{ w.no_head() }</p> },
        (None, Some(after)) => html! {
            <>
                if props.fit == Fit::OtherLabels {
                    <p class="caption" data-fit="other-labels">{ w.other_labels() }</p>
                }
                { view(after, &answer.subject, Outcome::Only) }
            </>
        },
        (Some(before), Some(after)) => html! {
            <div class="before-after">
                { view(after, &answer.subject, Outcome::After) }
                { view(before, &answer.subject_before, Outcome::Before) }
            </div>
        },
    }
}

#[derive(Properties, PartialEq)]
struct TextBoxProps {
    id: &'static str,
    label: &'static str,
    /// Whether the label is to be seen.
    titled: bool,
    value: String,
    rows: u8,
    onchange: Callback<String>,
}

/// A text area that tells each change, and the end of a composition, which some input methods tell by no other event.
#[component]
fn TextBox(props: &TextBoxProps) -> Html {
    let node = use_node_ref();
    let tell = {
        let (node, onchange) = (node.clone(), props.onchange.clone());
        move || {
            if let Some(area) = node.cast::<HtmlTextAreaElement>() {
                onchange.emit(area.value());
            }
        }
    };
    let oninput = Callback::from({
        let tell = tell.clone();
        move |_: InputEvent| tell()
    });
    // Yew has no listener of this name, so it is added by hand.
    use_effect_with((node.clone(), props.onchange.clone()), move |(node, _)| {
        let listener = node
            .cast::<HtmlTextAreaElement>()
            .map(|area| gloo_events::EventListener::new(&area, "compositionend", move |_| tell()));
        move || drop(listener)
    });
    html! {
        <div class="text-box">
            <label class={if props.titled { "box-title" } else { "visually-hidden" }} for={props.id}>{ props.label }</label>
            <textarea id={props.id} ref={node} rows={props.rows.to_string()} value={props.value.clone()} {oninput}
                spellcheck="false" autocomplete="off" maxlength="20000" />
        </div>
    }
}
