//! Draws what lasts: the zip, the kept runs and models, the storage, what this browser lacks.

use yew::prelude::*;

use super::{KeepMsg, Keeping};
use crate::messages::{KeptModel, ModelSource, SavedRun};
use crate::page::browser::Abilities;
use crate::page::events::{chosen_files, sift};
use crate::page::figures;
use crate::page::frame::Step;
use crate::page::shared::Shared;
use crate::page::words::Words;

/// What the part is drawn from.
#[derive(Properties, PartialEq)]
pub struct Props {
    /// The language.
    pub words: Words,
    /// The state.
    pub state: Shared<Keeping>,
    /// Whether there is a fine-tuned model.
    pub exportable: bool,
    /// Whether a run is going on.
    pub training: bool,
    /// Whether the worker has a model and opens no other.
    pub ready: bool,
    /// What the browser can do.
    pub abilities: Abilities,
    /// Takes what happens.
    pub emit: Callback<KeepMsg>,
    /// Takes the run that is to go on.
    pub oncontinue: Callback<String>,
}

/// The part.
#[component]
pub fn KeepStep(props: &Props) -> Html {
    let w = props.words;
    let state = &props.state;
    html! {
        <Step id="keep" number="＋" title={w.keep_title()} hint={w.keep_hint(props.abilities.keeps())}>
            { zip(props) }
            if let Some(error) = &state.error { <p class="message bad" role="alert">{ w.message(error) }</p> }
            { runs(props) }
            { models(props) }
            { storage(props) }
            { lacks(w, props.abilities, state.kept.available && !state.kept.persistent) }
        </Step>
    }
}

fn zip(props: &Props) -> Html {
    let w = props.words;
    let export = props.emit.reform(|_: MouseEvent| KeepMsg::Export);
    let import = sift(&props.emit, |event: Event| {
        chosen_files(&event)?.pop().map(KeepMsg::Import)
    });
    let exporting = props.state.exporting;
    html! {
        <div class="sources">
            <button type="button" id="export" class="card" disabled={!props.exportable || exporting || props.training} onclick={export}>
                <strong>{ if exporting { w.exporting() } else { w.export() } }</strong>
                <span>{ w.export_about() }</span>
            </button>
            <label class="card drop">
                <input id="import" type="file" accept=".zip,application/zip" disabled={props.training} onchange={import} />
                <strong>{ w.import() }</strong>
                <span>{ w.import_about() }</span>
            </label>
        </div>
    }
}

fn runs(props: &Props) -> Html {
    let w = props.words;
    let runs = &props.state.kept.runs;
    html! {
        <>
            <h3>{ w.kept_runs() }</h3>
            <ul id="kept-runs" class="kept">
                { for runs.iter().map(|run| kept_run(props, run)) }
            </ul>
            if runs.is_empty() { <p class="caption">{ w.no_kept_runs() }</p> }
        </>
    }
}

fn kept_run(props: &Props, run: &SavedRun) -> Html {
    let w = props.words;
    html! {
        <li key={run.id.clone()} data-run={run.id.clone()} data-epochs={run.epochs_done.to_string()}>
            <div>
                <strong>{ &run.model }</strong>
                <span class="caption">
                    { figures::moment(w, run.started) }{ " · " }{ w.epochs_done(run.epochs_done, run.epochs) }{ " · " }
                    { figures::bytes(run.bytes) }
                </span>
                <span class="caption">{ run.labels.join(w.comma()) }</span>
            </div>
            if run.at_work { <p class="caption">{ w.run_at_work() }</p> } else { { run_actions(props, run) } }
        </li>
    }
}

fn run_actions(props: &Props, run: &SavedRun) -> Html {
    let w = props.words;
    let go_on = {
        let id = run.id.clone();
        props.oncontinue.reform(move |_: MouseEvent| id.clone())
    };
    html! {
            <p class="actions">
                if !run.finished {
                    <button type="button" class="secondary" disabled={props.training || !props.ready} onclick={go_on}>
                        { w.continue_from(run.epochs_done, run.epochs) }
                    </button>
                }
                if run.finished { { open(props, ModelSource::Run(run.id.clone())) } }
                { delete(props, run.id.clone(), &run.model) }
            </p>
    }
}

fn models(props: &Props) -> Html {
    let w = props.words;
    let models = &props.state.kept.models;
    if models.is_empty() {
        return Html::default();
    }
    let model = |model: &KeptModel| {
        html! {
            <li key={model.name.clone()}>
                <div><strong>{ &model.title }</strong><span class="caption">{ figures::bytes(model.bytes) }</span></div>
                <p class="actions">
                    if let Some(source) = &model.source { { open(props, source.clone()) } }
                    { delete(props, model.name.clone(), &model.title) }
                </p>
            </li>
        }
    };
    html! {
        <>
            <h3>{ w.kept_models() }</h3>
            <ul id="kept-models" class="kept">{ for models.iter().map(model) }</ul>
        </>
    }
}

fn open(props: &Props, source: ModelSource) -> Html {
    let onclick = props.emit.reform(move |_: MouseEvent| KeepMsg::Open(source.clone()));
    html! {
        <button type="button" class="secondary" disabled={props.training} {onclick}>{ props.words.open() }</button>
    }
}

fn delete(props: &Props, name: String, shown: &str) -> Html {
    html! {
        <DeleteButton words={props.words} shown={shown.to_owned()} disabled={props.training}
            ondelete={props.emit.reform(move |()| KeepMsg::Delete(name.clone()))} />
    }
}

#[derive(Properties, PartialEq)]
struct DeleteProps {
    words: Words,
    shown: String,
    disabled: bool,
    ondelete: Callback<()>,
}

/// A button that asks once more before it deletes.
#[component]
fn DeleteButton(props: &DeleteProps) -> Html {
    let w = props.words;
    let sure = use_state_eq(|| false);
    let onclick = {
        let (sure, ondelete) = (sure.clone(), props.ondelete.clone());
        Callback::from(move |_: MouseEvent| match *sure {
            true => {
                sure.set(false);
                ondelete.emit(());
            }
            false => sure.set(true),
        })
    };
    let onblur = {
        let sure = sure.clone();
        Callback::from(move |_: FocusEvent| sure.set(false))
    };
    html! {
        <button type="button" class={classes!("quiet", sure.then_some("bad"))} disabled={props.disabled}
            aria-label={w.delete_named(&props.shown)} {onclick} {onblur}>
            { if *sure { w.really_delete() } else { w.delete() } }
        </button>
    }
}

fn storage(props: &Props) -> Html {
    let w = props.words;
    let kept = &props.state.kept;
    if !kept.available {
        return Html::default();
    }
    html! {
        <p class="storage">
            <progress id="storage" max={kept.quota.max(1).to_string()} value={kept.used.to_string()}
                aria-label={w.storage()}></progress>
            <span class="caption">{ w.storage_used(&figures::bytes(kept.used), &figures::bytes(kept.quota)) }</span>
        </p>
    }
}

/// What this browser cannot do, and what that means; nothing where it can do all.
fn lacks(w: Words, abilities: Abilities, evictable: bool) -> Html {
    let notes = [
        (!abilities.secure).then(|| w.lacks_secure()),
        (!abilities.webgpu && abilities.secure).then(|| w.lacks_webgpu()),
        (!abilities.storage && abilities.secure).then(|| w.lacks_storage()),
        (!abilities.locks && abilities.secure).then(|| w.lacks_locks()),
        evictable.then(|| w.lacks_persistence()),
    ];
    html! {
        <ul id="lacks" class="lacks">{ for notes.into_iter().flatten().map(|note| html! { <li>{ note }</li> }) }</ul>
    }
}
