//! Draws the labels: their keys, how often each occurs, and the boxes to rename and to add one.

use terakoya_core::task_kind::TaskKind;
use web_sys::HtmlInputElement;
use yew::prelude::*;

use super::DataMsg;
use super::table::{Filter, Table};
use crate::page::figures;
use crate::page::marked::colour;
use crate::page::shared::Shared;
use crate::page::words::Words;

/// Longer lists of labels are cut here; the rest can still be chosen in a row.
const SHOWN: usize = 40;

/// What the labels are drawn from.
#[derive(Properties, PartialEq)]
pub struct Props {
    /// The language.
    pub words: Words,
    /// The examples.
    pub table: Shared<Table>,
    /// Which rows are shown.
    pub filter: Filter,
    /// Takes what happens.
    pub emit: Callback<DataMsg>,
}

/// The picture of the labels.
#[component]
pub fn Labels(props: &Props) -> Html {
    let w = props.words;
    let renaming = use_state_eq(|| None::<usize>);
    let counts = props.table.counts();
    let largest = counts.labels.iter().copied().max().unwrap_or_default().max(1);
    html! {
        <div class="labels">
            <h3>{ w.names_title(props.table.task) }</h3>
            <ul id="label-counts" class="bars label-counts">
                { for props.table.labels.iter().zip(&counts.labels).enumerate().take(SHOWN).map(|(number, (label, &count))| {
                    match *renaming == Some(number) {
                        true => rename_box(props, &renaming, number, label),
                        false => label_bar(props, &renaming, number, label, (count, largest)),
                    }
                }) }
            </ul>
            if props.table.labels.len() > SHOWN {
                <p class="caption">{ w.more_labels(props.table.labels.len() - SHOWN) }</p>
            }
            if counts.unlabelled > 0 {
                <p class="caption">
                    { filter_button(props, Filter::Unlabelled, w.unlabelled_count(counts.unlabelled)) }
                </p>
            }
            <AddLabel words={w} onadd={props.emit.reform(DataMsg::AddLabel)} />
        </div>
    }
}

fn label_bar(
    props: &Props,
    renaming: &UseStateHandle<Option<usize>>,
    number: usize,
    label: &str,
    (count, largest): (usize, usize),
) -> Html {
    let w = props.words;
    let width = format!("{:.2}%", 100.0 * count as f64 / largest as f64);
    let rename = {
        let renaming = renaming.clone();
        Callback::from(move |_: MouseEvent| renaming.set(Some(number)))
    };
    let remove = props.emit.reform(move |_: MouseEvent| DataMsg::RemoveLabel(number));
    html! {
        <li key={label.to_owned()} data-label={label.to_owned()} data-count={count.to_string()}>
            <span class="label">
                if number < 9 { <kbd>{ number + 1 }</kbd> }
                if props.table.task == TaskKind::TokenClassification {
                    <i class={colour(label, &props.table.labels)}></i>
                }
                { filter_button(props, Filter::Label(label.to_owned()), label.to_owned()) }
            </span>
            <svg class="bar" width="100%" height="10" aria-hidden="true">
                <rect class="track" width="100%" height="10" rx="5" />
                <rect class="fill" {width} height="10" rx="5" />
            </svg>
            <span class="number">{ figures::count(count) }</span>
            <span class="tools">
                <button type="button" class="quiet" aria-label={w.rename_label(label)} onclick={rename}>{ w.rename() }</button>
                <button type="button" class="quiet" aria-label={w.remove_label(label)} onclick={remove}>{ "×" }</button>
            </span>
        </li>
    }
}

/// A button that shows the rows of `filter`, or all again.
fn filter_button(props: &Props, filter: Filter, text: String) -> Html {
    let pressed = props.filter == filter;
    let next = if pressed { Filter::All } else { filter };
    let onclick = props.emit.reform(move |_: MouseEvent| DataMsg::Filter(next.clone()));
    html! {
        <button type="button" class="link" aria-pressed={pressed.to_string()} title={props.words.show_rows_of()} {onclick}>
            { text }
        </button>
    }
}

fn rename_box(props: &Props, renaming: &UseStateHandle<Option<usize>>, number: usize, label: &str) -> Html {
    let w = props.words;
    let commit = {
        let (renaming, emit) = (renaming.clone(), props.emit.clone());
        move |name: String| {
            renaming.set(None);
            emit.emit(DataMsg::RenameLabel(number, name));
        }
    };
    let cancel = {
        let renaming = renaming.clone();
        move || renaming.set(None)
    };
    html! {
        <li key={format!("renaming {label}")} class="renaming">
            <NameBox label={w.rename_label(label)} value={label.to_owned()} button={w.save()} oncommit={commit}
                oncancel={Callback::from(move |()| cancel())} />
        </li>
    }
}

#[derive(Properties, PartialEq)]
struct AddLabelProps {
    words: Words,
    onadd: Callback<String>,
}

#[component]
fn AddLabel(props: &AddLabelProps) -> Html {
    let w = props.words;
    html! {
        <NameBox id="new-label" label={w.new_label()} value="" button={w.add()} oncommit={props.onadd.clone()} />
    }
}

#[derive(Properties, PartialEq)]
struct NameBoxProps {
    #[prop_or_default]
    id: Option<&'static str>,
    label: AttrValue,
    value: AttrValue,
    button: &'static str,
    oncommit: Callback<String>,
    #[prop_or_default]
    oncancel: Option<Callback<()>>,
}

/// A box for a short name; Enter takes it, Escape leaves it.
#[component]
fn NameBox(props: &NameBoxProps) -> Html {
    let node = use_node_ref();
    let editing = props.oncancel.is_some();
    use_effect_with((), {
        let node = node.clone();
        move |()| {
            if let Some(input) = node.cast::<HtmlInputElement>().filter(|_| editing) {
                input.select();
            }
        }
    });
    let onsubmit = {
        let (node, oncommit) = (node.clone(), props.oncommit.clone());
        Callback::from(move |event: SubmitEvent| {
            event.prevent_default();
            if let Some(input) = node.cast::<HtmlInputElement>() {
                oncommit.emit(input.value());
                input.set_value("");
            }
        })
    };
    let onkeydown = {
        let oncancel = props.oncancel.clone();
        Callback::from(move |event: KeyboardEvent| {
            if let Some(oncancel) = oncancel.as_ref().filter(|_| event.key() == "Escape") {
                oncancel.emit(());
            }
        })
    };
    html! {
        <form class="name-box" {onsubmit}>
            <input id={props.id} ref={node} type="text" maxlength="200" aria-label={props.label.clone()}
                placeholder={props.label.clone()} value={props.value.clone()} {onkeydown} />
            <button type="submit" class="secondary">{ props.button }</button>
        </form>
    }
}
