//! Draws what is chosen and typed before a run.

use yew::prelude::*;

use super::TrainMsg;
use super::form::{FieldError, Form, Layers, TOP_LAYERS, is_whole};
use crate::page::events::{chosen, sift, typed};
use crate::page::select::Select;
use crate::page::tasks;
use crate::page::words::Words;

/// What the form is drawn from.
#[derive(Properties, PartialEq)]
pub struct Props {
    /// The language.
    pub words: Words,
    /// What is chosen and typed.
    pub form: Form,
    /// What is wrong with it.
    pub error: Option<FieldError>,
    /// Encoder layers of the model.
    pub layers: usize,
    /// Whether nothing may be changed.
    pub disabled: bool,
    /// Takes what happens.
    pub emit: Callback<TrainMsg>,
}

/// The form.
#[component]
pub fn Options(props: &Props) -> Html {
    let w = props.words;
    html! {
        <fieldset class="options" disabled={props.disabled}>
            <legend class="visually-hidden">{ w.options_title() }</legend>
            <div id="train-layers" class="layer-choice" role="radiogroup" aria-label={w.what_learns()}>
                { for tasks::of(props.form.task).choices.iter().map(|layers| layer_card(props, *layers)) }
            </div>
            <div class="fields">{ for props.form.main().map(|key| field(props, key)) }</div>
            <details>
                <summary>{ w.more_options() }</summary>
                <div class="fields">{ for props.form.more().map(|key| field(props, key)) }</div>
            </details>
            if let Some(error) = &props.error {
                <p id="option-error" class="message bad" role="alert">{ w.field_error(error) }</p>
            }
        </fieldset>
    }
}

fn layer_card(props: &Props, layers: Layers) -> Html {
    let w = props.words;
    let checked = props.form.layers == layers;
    let onchange = props.emit.reform(move |_: Event| TrainMsg::Layers(layers));
    html! {
        <label class={classes!("card", checked.then_some("chosen"))}>
            <input id={format!("train-layers-{}", layers.name())} type="radio" name="train-layers" value={layers.name()}
                {checked} {onchange} />
            { picture(layers) }
            <strong>{ w.layers(layers) }</strong>
            <span>{ w.layers_about(layers) }</span>
            if layers == Layers::Top && checked {
                <span class="top-layers">
                    { w.top_layers() }{ " " }{ input(props, TOP_LAYERS, Some(props.layers)) }
                </span>
            }
        </label>
    }
}

/// A stack of layers, those that learn filled.
fn picture(layers: Layers) -> Html {
    const STACK: usize = 6;
    let learning = match layers {
        Layers::Head => 1,
        Layers::Top => 3,
        Layers::All => STACK,
    };
    html! {
        <svg class="layers" width="44" height="46" viewBox="0 0 44 46" aria-hidden="true">
            { for (0..STACK).map(|row| {
                let inset = if row == 0 { 10 } else { 0 };
                html! {
                    <rect class={if row < learning { "learns" } else { "frozen" }} x={inset.to_string()}
                        y={(row * 8).to_string()} width={(44 - 2 * inset).to_string()} height="5" rx="2" />
                }
            }) }
        </svg>
    }
}

/// What an option may be, where that is a list.
fn choices(props: &Props, key: &str) -> Vec<String> {
    let fixed: &[&str] = match key {
        "class_weights" => &["none", "balanced"],
        "viterbi" | "whole_word_masking" => &["false", "true"],
        "label_pieces" => &["auto", "first", "all"],
        "best_metric" => {
            let metrics = tasks::of(props.form.task)
                .metrics
                .iter()
                .map(|metric| String::from(*metric));
            return ["auto".to_owned()]
                .into_iter()
                .chain(metrics)
                .chain(["loss".to_owned()])
                .collect();
        }
        _ => &[],
    };
    fixed.iter().map(|choice| (*choice).to_owned()).collect()
}

fn field(props: &Props, key: &'static str) -> Html {
    let w = props.words;
    let choices = choices(props, key);
    html! {
        <label class="field" title={w.option_help(key)}>
            <span>{ w.option(key) }</span>
            if choices.is_empty() { { input(props, key, None) } } else { { select(props, key, &choices) } }
        </label>
    }
}

fn input(props: &Props, key: &'static str, most: Option<usize>) -> Html {
    let w = props.words;
    let oninput = sift(&props.emit, move |event| Some(TrainMsg::Option(key, typed(&event)?)));
    let wrong = props.error.as_ref().is_some_and(|error| error.key == key);
    let (mode, hint) = match is_whole(key) {
        _ if key == "threshold" => ("text", None),
        true if key == "block_size" => ("numeric", Some(w.automatic().to_owned())),
        true => ("numeric", most.map(|most| format!("1–{most}"))),
        false => ("decimal", None),
    };
    html! {
        <input id={key.replace('_', "-")} type="text" inputmode={mode} autocomplete="off" maxlength="12" placeholder={hint}
            aria-label={most.map(|_| w.option(key))} value={props.form.text(key)} aria-invalid={wrong.then_some("true")}
            {oninput} />
    }
}

fn select(props: &Props, key: &'static str, choices: &[String]) -> Html {
    let w = props.words;
    let onchange = sift(&props.emit, move |event| Some(TrainMsg::Option(key, chosen(&event)?)));
    let current = props.form.text(key);
    let choices: Vec<(AttrValue, AttrValue)> = choices
        .iter()
        .map(|choice| (choice.clone().into(), w.option_choice(key, choice).into()))
        .collect();
    html! { <Select id={key.replace('_', "-")} value={current} {choices} {onchange} /> }
}
