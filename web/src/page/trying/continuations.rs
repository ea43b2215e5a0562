//! Draws what was written behind a prompt, before and after fine-tuning side by side, with the buttons and the options.

use terakoya_core::predictions::StoppedBy;
use yew::prelude::*;

use super::TryMsg;
use super::continuing::{Continuation, Continuing, End, OPTIONS, is_whole};
use crate::messages::WhichModel;
use crate::page::events::{sift, typed};
use crate::page::words::Words;

/// What the texts are drawn from.
#[derive(Properties, PartialEq)]
pub struct Props {
    /// The language.
    pub words: Words,
    /// What was written.
    pub continuing: Continuing,
    /// Whether there is a fine-tuned model.
    pub tuned: bool,
    /// Whether the worker is free to write.
    pub ready: bool,
    /// Takes what happens.
    pub emit: Callback<TryMsg>,
}

/// The buttons, the options and the texts.
#[component]
pub fn Continuations(props: &Props) -> Html {
    let w = props.words;
    let continuing = &props.continuing;
    let begin = props.emit.reform(|_: MouseEvent| TryMsg::Continue);
    let stop = props.emit.reform(|_: MouseEvent| TryMsg::Hush);
    html! {
        <div class="continuing">
            <p class="actions">
                <button type="button" id="generate" class="primary" disabled={!props.ready} onclick={begin}>{ w.write_on() }</button>
                if continuing.writing.is_some() {
                    <button type="button" id="hush" class="secondary" onclick={stop}>{ w.hush() }</button>
                }
            </p>
            <details class="generation-options">
                <summary>{ w.generation_options() }</summary>
                <div class="fields">{ for OPTIONS.map(|key| field(props, key)) }</div>
            </details>
            if let Some(error) = &continuing.error {
                <p id="generation-error" class="message bad" role="alert">{ w.field_error(error) }</p>
            }
            <SideBySide words={w} continuing={continuing.clone()} tuned={props.tuned} />
        </div>
    }
}

fn field(props: &Props, key: &'static str) -> Html {
    let w = props.words;
    let oninput = sift(&props.emit, move |event| {
        Some(TryMsg::ContinuationOption(key, typed(&event)?))
    });
    let wrong = props.continuing.error.as_ref().is_some_and(|error| error.key == key);
    let mode = if is_whole(key) { "numeric" } else { "decimal" };
    html! {
        <label class="field" title={w.continuation_help(key)}>
            <span>{ w.option(key) }</span>
            <input id={format!("generate-{}", key.replace('_', "-"))} type="text" inputmode={mode} autocomplete="off" maxlength="12"
                value={props.continuing.text(key)} aria-invalid={wrong.then_some("true")} {oninput} />
        </label>
    }
}

/// What the texts side by side are drawn from.
#[derive(Properties, PartialEq)]
pub struct SideBySideProps {
    /// The language.
    pub words: Words,
    /// What was written.
    pub continuing: Continuing,
    /// Whether there is a fine-tuned model.
    pub tuned: bool,
}

/// The texts themselves.
#[component]
pub fn SideBySide(props: &SideBySideProps) -> Html {
    let w = props.words;
    let text = |model: WhichModel| {
        let name = match model {
            WhichModel::Tuned => Some(w.after_training()),
            WhichModel::Base => props.tuned.then_some(w.before_training()),
        };
        let continuation = props.continuing.of(model)?;
        Some(written(w, continuation, name, model))
    };
    let texts: Vec<Html> = [WhichModel::Tuned, WhichModel::Base]
        .into_iter()
        .filter_map(text)
        .collect();
    match texts.is_empty() {
        true => Html::default(),
        false => html! { <div class="before-after continuations" aria-live="polite">{ for texts }</div> },
    }
}

fn written(w: Words, continuation: &Continuation, name: Option<&'static str>, model: WhichModel) -> Html {
    let Continuation { prompt, text, end } = continuation;
    let (model, class) = match model {
        WhichModel::Base if name.is_some() => ("base", "result before"),
        WhichModel::Base => ("base", "result"),
        WhichModel::Tuned => ("tuned", "result"),
    };
    let phase = match end {
        None => "writing",
        Some(End::Written {
            stopped_by: StoppedBy::Host,
            ..
        }) => "stopped",
        Some(End::Written { .. }) => "ended",
        Some(End::Failed(_)) => "failed",
    };
    html! {
        <div {class}>
            if let Some(name) = name { <h3>{ name }</h3> }
            <p class="continuation" data-model={model} data-phase={phase}>
                <span class="prompt">{ prompt }</span><span class="written">{ text }</span>
                if end.is_none() { <i class="caret" aria-hidden="true"></i> }
            </p>
            { ending(w, end.as_ref()) }
        </div>
    }
}

fn ending(w: Words, end: Option<&End>) -> Html {
    match end {
        None => Html::default(),
        Some(End::Failed(message)) => html! { <p class="message bad" role="alert">{ w.message(message) }</p> },
        Some(End::Written {
            tokens,
            stopped_by,
            milliseconds,
        }) => html! {
            <p class="caption">
                { w.token_count(*tokens) }{ w.comma() }{ w.took(*milliseconds) }{ w.comma() }{ w.stopped_by(*stopped_by) }
            </p>
        },
    }
}
