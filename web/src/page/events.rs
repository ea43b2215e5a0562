//! Turns what the browser tells of form elements into values, and drops what is none.

use gloo_events::{EventListener, EventListenerOptions};
use wasm_bindgen::JsCast;
use web_sys::{Element, File, FileList, HtmlInputElement, HtmlSelectElement};
use yew::prelude::*;

use super::browser;

/// Emits what `take` makes of an event, if it makes anything of it.
pub fn sift<E: 'static, T: 'static>(emit: &Callback<T>, take: impl Fn(E) -> Option<T> + 'static) -> Callback<E> {
    let emit = emit.clone();
    Callback::from(move |event| {
        if let Some(value) = take(event) {
            emit.emit(value);
        }
    })
}

/// The value of the `<select>` that was changed.
pub fn chosen(event: &Event) -> Option<String> {
    let select: HtmlSelectElement = event.target_dyn_into()?;
    Some(select.value())
}

/// What is in the `<input>` that was changed.
pub fn typed(event: &InputEvent) -> Option<String> {
    let input: HtmlInputElement = event.target_dyn_into()?;
    Some(input.value())
}

/// The files that were chosen; the same ones can be chosen again.
pub fn chosen_files(event: &Event) -> Option<Vec<File>> {
    let input: HtmlInputElement = event.target_dyn_into()?;
    let chosen = input.files().map(|list| files(&list));
    input.set_value("");
    chosen
}

fn files(list: &FileList) -> Vec<File> {
    (0..list.length()).filter_map(|number| list.get(number)).collect()
}

/// Takes the files that are dropped anywhere on the page, which the browser would open in its place.
pub fn take_dropped(onfiles: &Callback<Vec<File>>) -> Option<[EventListener; 3]> {
    let window = browser::window()?;
    let listen = |kind: &'static str| {
        let onfiles = onfiles.clone();
        let options = EventListenerOptions::enable_prevent_default();
        EventListener::new_with_options(&window, kind, options, move |event| {
            let transfer = event.dyn_ref().and_then(DragEvent::data_transfer);
            // A text may be dragged from box to box.
            let Some(transfer) = transfer.filter(|transfer| transfer.types().includes(&"Files".into(), 0)) else {
                return;
            };
            event.prevent_default();
            if let Some(list) = transfer.files().filter(|_| kind == "drop") {
                onfiles.emit(files(&list));
            }
        })
    };
    Some(["dragenter", "dragover", "drop"].map(listen))
}

/// Whether a key was pressed in something that takes text itself.
pub fn is_typing(event: &KeyboardEvent) -> bool {
    let target: Option<Element> = event.target_dyn_into();
    target.is_some_and(|target| target.matches("input, select, textarea:not([aria-readonly])") == Ok(true))
}
