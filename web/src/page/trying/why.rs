//! Draws why the model said so: the coloured words, the attention of a head, and the choices of both.

use terakoya_core::protocol::Inspection;
use yew::prelude::*;

use super::attention::Attention;
use super::saliency::Saliency;
use super::{TryMsg, Why};
use crate::messages::{Opened, Text};
use crate::page::events::{chosen, sift};
use crate::page::shared::Shared;
use crate::page::words::Words;

/// What the explanation is drawn from.
#[derive(Properties, PartialEq)]
pub struct Props {
    /// The language.
    pub words: Words,
    /// The wish and what came of it.
    pub why: Why,
    /// The model, for the choices.
    pub model: Shared<Opened>,
    /// What it became by fine-tuning, if it did: other labels, the same layers.
    pub tuned: Option<Shared<Inspection>>,
    /// The text in the boxes now.
    pub current: Text,
    /// Takes another choice.
    pub emit: Callback<TryMsg>,
}

/// The explanation.
#[component]
pub fn WhyView(props: &Props) -> Html {
    let w = props.words;
    let why = &props.why;
    let busy = why.waiting.then_some("true");
    let outdated = why
        .explanation
        .as_ref()
        .is_some_and(|explanation| explanation.text != props.current);
    let again = {
        let (emit, label, layer, head) = (props.emit.clone(), why.label, why.layer, why.head);
        Callback::from(move |_: MouseEvent| emit.emit(TryMsg::Choose { label, layer, head }))
    };
    html! {
        <div class="why" aria-busy={busy}>
            if let Some(error) = &why.error { <p class="message bad" role="alert">{ w.message(error) }</p> }
            if outdated {
                <p class="message">
                    { w.why_outdated() }{ " " }
                    <button type="button" class="secondary" onclick={again}>{ w.why_again() }</button>
                </p>
            }
            if let Some(explanation) = &why.explanation {
                <div class="why-part">
                    <div class="part-head">
                        <h3>{ w.saliency_title() }</h3>
                        { label_choice(props) }
                    </div>
                    <Saliency words={w} explanation={explanation.clone()} />
                </div>
                <div class="why-part">
                    <div class="part-head">
                        <h3>{ w.attention_title() }</h3>
                        { head_choice(props) }
                    </div>
                    <Attention words={w} explanation={explanation.clone()} />
                </div>
            } else if why.error.is_none() {
                <p class="message" role="status">{ w.why_waiting() }</p>
            }
        </div>
    }
}

fn label_choice(props: &Props) -> Html {
    let w = props.words;
    let (layer, head) = (props.why.layer, props.why.head);
    let onchange = choose(props, move |value| TryMsg::Choose {
        label: value.checked_sub(1),
        layer,
        head,
    });
    let answering = props.tuned.as_deref().unwrap_or(&props.model.inspection);
    let labels = answering.labels.iter().enumerate();
    html! {
        <label class="choice">
            <span>{ w.why_label() }</span>
            <select id="why-label" {onchange}>
                <option value="0" selected={props.why.label.is_none()}>{ w.predicted_label() }</option>
                { for labels.map(|(number, label)| html! {
                    <option value={(number + 1).to_string()} selected={props.why.label == Some(number)}>{ label }</option>
                }) }
            </select>
        </label>
    }
}

fn head_choice(props: &Props) -> Html {
    let w = props.words;
    let Why { label, layer, head, .. } = props.why;
    let inspection = &props.model.inspection;
    let onlayer = choose(props, move |layer| TryMsg::Choose { label, layer, head });
    let onhead = choose(props, move |head| TryMsg::Choose { label, layer, head });
    html! {
        <span class="choices">
            <label class="choice">
                <span>{ w.layer() }</span>
                <select id="why-layer" onchange={onlayer}>{ numbers(inspection.num_hidden_layers, layer) }</select>
            </label>
            <label class="choice">
                <span>{ w.head() }</span>
                <select id="why-head" onchange={onhead}>{ numbers(inspection.num_attention_heads, head) }</select>
            </label>
        </span>
    }
}

/// Options for `0..count`, shown from 1.
fn numbers(count: usize, chosen: usize) -> Html {
    (0..count)
        .map(|number| html! { <option value={number.to_string()} selected={number == chosen}>{ number + 1 }</option> })
        .collect()
}

fn choose(props: &Props, msg: impl Fn(usize) -> TryMsg + 'static) -> Callback<Event> {
    sift(&props.emit, move |event| chosen(&event)?.parse().ok().map(&msg))
}
