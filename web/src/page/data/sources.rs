//! Draws where examples come from: a file, the clipboard, the lessons.

use web_sys::{File, HtmlTextAreaElement};
use yew::prelude::*;

use super::{DataMsg, Lesson};
use crate::page::events::{chosen_files, sift};
use crate::page::words::Words;

/// What the sources are drawn from.
#[derive(Properties, PartialEq)]
pub struct Props {
    /// The language.
    pub words: Words,
    /// Whether a file is being read.
    pub reading: bool,
    /// Takes the choice.
    pub emit: Callback<DataMsg>,
}

/// The place to drop a file, the box to paste into, the lessons.
#[component]
pub fn Sources(props: &Props) -> Html {
    let w = props.words;
    let lesson = |lesson: Lesson| {
        let choose = props.emit.reform(move |_: MouseEvent| DataMsg::Lesson(lesson));
        html! {
            <button type="button" id={format!("lesson-{}", lesson.name())} class="card" onclick={choose}>
                <strong>{ w.lesson(lesson) }</strong>
                <span>{ w.lesson_about(lesson) }</span>
                <small>{ w.lesson_licence(lesson) }</small>
            </button>
        }
    };
    html! {
        <div class="sources lessons" aria-busy={props.reading.then_some("true")}>
            <FileDrop words={w} onfiles={props.emit.reform(DataMsg::Files)} />
            <Paste words={w} emit={props.emit.clone()} />
            { for Lesson::ALL.map(lesson) }
        </div>
    }
}

#[derive(Properties, PartialEq)]
struct FileDropProps {
    words: Words,
    onfiles: Callback<Vec<File>>,
}

/// A file input that files can be dropped on, as on the whole page, which takes them.
#[component]
fn FileDrop(props: &FileDropProps) -> Html {
    let w = props.words;
    let over = use_state_eq(|| false);
    let onchange = sift(&props.onfiles, |event: Event| chosen_files(&event));
    let hover = |hovers: bool| {
        let over = over.clone();
        Callback::from(move |_: DragEvent| over.set(hovers))
    };
    html! {
        <label class={classes!("card", "drop", over.then_some("over"))} ondragenter={hover(true)} ondragover={hover(true)} ondragleave={hover(false)}
            ondrop={hover(false)}>
            <input id="data-file" type="file" multiple=true accept=".csv,.tsv,.txt,.json,.jsonl,.conll,.bio,text/*,application/json" {onchange} />
            <strong>{ w.choose_file() }</strong>
            <span>{ w.choose_file_about() }</span>
        </label>
    }
}

#[derive(Properties, PartialEq)]
struct PasteProps {
    words: Words,
    emit: Callback<DataMsg>,
}

/// A box that opens for what is pasted: a table, or one text a line.
#[component]
fn Paste(props: &PasteProps) -> Html {
    let w = props.words;
    let node = use_node_ref();
    let take = |msg: fn(String) -> DataMsg| {
        let (node, emit) = (node.clone(), props.emit.clone());
        Callback::from(move |_: MouseEvent| {
            let Some(area) = node.cast::<HtmlTextAreaElement>() else {
                return;
            };
            if !area.value().trim().is_empty() {
                emit.emit(msg(area.value()));
                area.set_value("");
            }
        })
    };
    html! {
        <details class="paste">
            <summary>{ w.paste() }</summary>
            <label class="visually-hidden" for="paste">{ w.paste() }</label>
            <textarea id="paste" ref={node.clone()} rows="4" placeholder={w.paste_example()} spellcheck="false" />
            <p class="actions">
                <button type="button" id="paste-table" class="secondary" onclick={take(DataMsg::PasteTable)}>
                    { w.paste_table() }
                </button>
                <button type="button" id="paste-lines" class="secondary" onclick={take(DataMsg::PasteLines)}>
                    { w.paste_lines() }
                </button>
            </p>
        </details>
    }
}
