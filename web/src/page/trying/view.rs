//! Draws the first step: the boxes, the answer, the tokens and the button that asks why.

use web_sys::{HtmlTextAreaElement, InputEvent};
use yew::prelude::*;

use super::tokens::Tokens;
use super::why::WhyView;
use super::{Answer, TryMsg, Trying};
use crate::messages::Opened;
use crate::page::frame::Step;
use crate::page::results::{Outcome, PredictionView};
use crate::page::shared::Shared;
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
    /// Whether the worker is free to explain.
    pub explainable: bool,
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
        <Step id="try" number="1" title={w.try_title()} hint={w.try_hint()}>
            <TextBox id="try-text" label={w.try_label()} value={state.text.clone()} rows={2}
                onchange={props.emit.reform(TryMsg::Text)} />
            { pair_box(props) }
            { examples(props) }
            if let Some(error) = &state.error { <p class="message bad" role="alert">{ error }</p> }
            { props.loading.clone() }
            if let Some(answer) = &state.answer { { answer_view(props, answer) } }
            { props.line.clone() }
        </Step>
    }
}

fn pair_box(props: &Props) -> Html {
    let w = props.words;
    match &props.state.pair {
        None => {
            let add = props.emit.reform(|_: MouseEvent| TryMsg::Pair(Some(String::new())));
            html! { <button type="button" class="quiet add-pair" id="add-pair" onclick={add}>{ w.add_pair() }</button> }
        }
        Some(pair) => {
            let remove = props.emit.reform(|_: MouseEvent| TryMsg::Pair(None));
            html! {
                <div class="pair">
                    <TextBox id="try-pair" label={w.pair_label()} value={pair.clone()} rows={1}
                        onchange={props.emit.reform(|text| TryMsg::Pair(Some(text)))} />
                    <button type="button" class="quiet" onclick={remove}>{ w.remove_pair() }</button>
                </div>
            }
        }
    }
}

fn examples(props: &Props) -> Html {
    let w = props.words;
    let chip = |text: &'static str| {
        let choose = props.emit.reform(move |_: MouseEvent| TryMsg::Text(text.to_owned()));
        html! { <button type="button" class="chip" onclick={choose}>{ text }</button> }
    };
    html! {
        <div class="examples" role="group" aria-label={w.examples()}>
            <span class="caption" aria-hidden="true">{ w.examples() }</span>
            { for super::EXAMPLES.iter().map(|text| chip(text)) }
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
            if answer.prediction.is_some() {
                <p class="why-row">
                    <button type="button" id="why" class="secondary" aria-expanded={why.to_string()}
                        disabled={!props.explainable && !why} onclick={toggle}>
                        { if why { w.hide_why() } else { w.why() } }
                    </button>
                </p>
            }
            if let (Some(why), Some(model)) = (&props.state.why, &props.model) {
                <WhyView words={w} why={why.clone()} model={model.clone()} current={props.state.current()}
                    emit={props.emit.clone()} />
            }
        </div>
    }
}

fn prediction(props: &Props, answer: &Answer) -> Html {
    let w = props.words;
    match (&answer.before, &answer.prediction) {
        (_, None) => html! { <p class="message">{ w.no_head() }</p> },
        (None, Some(after)) => {
            html! { <PredictionView words={w} prediction={after.clone()} outcome={Outcome::Only} /> }
        }
        (Some(before), Some(after)) => html! {
            <div class="before-after">
                <PredictionView words={w} prediction={after.clone()} outcome={Outcome::After} />
                <PredictionView words={w} prediction={before.clone()} outcome={Outcome::Before} />
            </div>
        },
    }
}

#[derive(Properties, PartialEq)]
struct TextBoxProps {
    id: &'static str,
    label: &'static str,
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
            <label class="visually-hidden" for={props.id}>{ props.label }</label>
            <textarea id={props.id} ref={node} rows={props.rows.to_string()} value={props.value.clone()} {oninput}
                spellcheck="false" autocomplete="off" maxlength="20000" />
        </div>
    }
}
