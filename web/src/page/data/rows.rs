//! Draws the table of examples, fifty rows at a time, and lets them be labelled by key press.
//!
//! With the focus on a row, 1–9 set its label and go on to the next, 0 takes it away, Enter corrects the text, Delete drops
//! the row, the arrows move. Only the rows on the page are elements, so ten thousand cost nothing.

use wasm_bindgen::JsCast;
use web_sys::{Element, EventTarget, HtmlInputElement, HtmlSelectElement, HtmlTextAreaElement};
use yew::prelude::*;

use super::DataMsg;
use super::table::{Filter, Table};
use crate::messages::Row;
use crate::page::events::is_typing;
use crate::page::figures;
use crate::page::shared::Shared;
use crate::page::words::Words;
use crate::page::{browser, pager::Pager};

/// Rows of a page.
const ROWS: usize = 50;

/// What the table is drawn from.
#[derive(Properties, PartialEq)]
pub struct Props {
    /// The language.
    pub words: Words,
    /// The examples.
    pub table: Shared<Table>,
    /// Which rows are shown.
    pub filter: Filter,
    /// Which page of them, from 0.
    pub page: usize,
    /// Takes what happens.
    pub emit: Callback<DataMsg>,
}

/// The table, its pages, and the row in which a new example is typed.
#[component]
pub fn Rows(props: &Props) -> Html {
    let w = props.words;
    let numbers = props.table.filtered(&props.filter);
    let last_page = numbers.len().saturating_sub(1) / ROWS;
    let page = props.page.min(last_page);
    let shown: Vec<usize> = numbers.iter().copied().skip(page * ROWS).take(ROWS).collect();
    let current = use_state_eq(|| None::<usize>);
    let editing = use_state_eq(|| None::<usize>);
    // After a key went past the end of a page, the first row of the next takes the focus.
    let take_focus = use_mut_ref(|| false);
    use_effect_with(page, {
        let (take_focus, first) = (take_focus.clone(), shown.first().copied());
        move |_| {
            if let Some(first) = first.filter(|_| take_focus.replace(false)) {
                focus_row(first);
            }
        }
    });
    let turn = {
        let emit = props.emit.clone();
        move |next: usize| {
            *take_focus.borrow_mut() = true;
            emit.emit(DataMsg::Page(next));
        }
    };
    let onkeydown = keys(props, &editing, (page < last_page).then_some(page + 1), turn);
    let onfocusin = {
        let current = current.clone();
        Callback::from(move |event: FocusEvent| current.set(row_of(event.target()).map(|(number, _)| number)))
    };
    let stop = current
        .filter(|number| shown.contains(number))
        .or(shown.first().copied());
    html! {
        <div class="rows-box">
            if !numbers.is_empty() { <p class="caption">{ w.keys_hint() }</p> }
            <div class="scroll-box">
                <table id="rows" class="rows">
                    <thead>
                        <tr>
                            <th scope="col" class="number">{ "#" }</th>
                            <th scope="col">{ w.text_column() }</th>
                            <th scope="col">{ w.label_column() }</th>
                            <th scope="col"><span class="visually-hidden">{ w.delete_row() }</span></th>
                        </tr>
                    </thead>
                    <tbody {onkeydown} {onfocusin}>
                        { for shown.iter().map(|&number| html! {
                            <RowView key={number} words={w} {number} row={props.table.rows[number].clone()}
                                labels={props.table.clone()} stop={stop == Some(number)}
                                editing={*editing == Some(number)} onedit={let editing = editing.clone();
                                    Callback::from(move |edited| editing.set(edited))} emit={props.emit.clone()} />
                        }) }
                    </tbody>
                </table>
            </div>
            <Pager words={w} {page} pages={last_page + 1} onpage={props.emit.reform(DataMsg::Page)} />
            <NewRow words={w} labels={props.table.clone()} emit={props.emit.clone()} />
        </div>
    }
}

/// What a key does on a row.
fn keys(
    props: &Props,
    editing: &UseStateHandle<Option<usize>>,
    next_page: Option<usize>,
    turn: impl Fn(usize) + 'static,
) -> Callback<KeyboardEvent> {
    let (emit, editing, labels) = (props.emit.clone(), editing.clone(), props.table.clone());
    Callback::from(move |event: KeyboardEvent| {
        let plain = !event.ctrl_key() && !event.meta_key() && !event.alt_key() && !event.is_composing();
        let Some((number, element)) = row_of(event.target()).filter(|_| plain && !is_typing(&event)) else {
            return;
        };
        let key = event.key();
        let digit = key.parse::<usize>().ok().filter(|digit| *digit <= 9);
        match (key.as_str(), digit) {
            (_, Some(digit)) => {
                let label = digit
                    .checked_sub(1)
                    .and_then(|position| labels.labels.get(position).cloned());
                if digit > 0 && label.is_none() {
                    return;
                }
                match (neighbour(&element, Direction::Down), next_page) {
                    (Some(next), _) => browser::focus(&next),
                    (None, Some(page)) => turn(page),
                    (None, None) => {}
                }
                emit.emit(DataMsg::SetLabel(number, label));
            }
            ("ArrowDown", _) => move_focus(&element, Direction::Down),
            ("ArrowUp", _) => move_focus(&element, Direction::Up),
            ("Enter", _) => editing.set(Some(number)),
            ("Delete", _) => {
                move_focus(&element, Direction::Down);
                emit.emit(DataMsg::Delete(number));
            }
            _ => return,
        }
        event.prevent_default();
    })
}

#[derive(Clone, Copy)]
enum Direction {
    Up,
    Down,
}

fn neighbour(row: &Element, direction: Direction) -> Option<Element> {
    match direction {
        Direction::Up => row.previous_element_sibling(),
        Direction::Down => row.next_element_sibling(),
    }
}

fn move_focus(row: &Element, direction: Direction) {
    if let Some(next) = neighbour(row, direction) {
        browser::focus(&next);
    }
}

/// The row an event happened in, with its number.
fn row_of(target: Option<EventTarget>) -> Option<(usize, Element)> {
    let element: Element = target?.dyn_into().ok()?;
    let row = element.closest("tr[data-row]").ok()??;
    let number = row.get_attribute("data-row")?.parse().ok()?;
    Some((number, row))
}

fn focus_row(number: usize) {
    let row = browser::document().and_then(|document| document.get_element_by_id(&format!("row-{number}")));
    if let Some(row) = row {
        browser::focus(&row);
    }
}

#[derive(Properties, PartialEq)]
struct RowProps {
    words: Words,
    number: usize,
    row: Row,
    labels: Shared<Table>,
    /// Whether the tab key stops here.
    stop: bool,
    editing: bool,
    onedit: Callback<Option<usize>>,
    emit: Callback<DataMsg>,
}

#[component]
fn RowView(props: &RowProps) -> Html {
    let RowProps {
        words: w, number, row, ..
    } = props;
    let (w, number) = (*w, *number);
    let ondelete = props.emit.reform(move |_: MouseEvent| DataMsg::Delete(number));
    let onlabel = {
        let emit = props.emit.clone();
        Callback::from(move |label| emit.emit(DataMsg::SetLabel(number, label)))
    };
    let edit = props.onedit.reform(move |_: MouseEvent| Some(number));
    html! {
        <tr id={format!("row-{number}")} data-row={number.to_string()} tabindex={if props.stop { "0" } else { "-1" }}
            class={classes!(row.label.is_none().then_some("unlabelled"))}>
            <th scope="row" class="number">{ figures::count(number + 1) }</th>
            <td class="text" ondblclick={edit}>
                if props.editing {
                    <Editor words={w} text={row.text.clone()} onend={end_of_edit(props)} />
                } else {
                    <span>{ &row.text }</span>
                    if let Some(pair) = &row.text_pair { <span class="second">{ pair }</span> }
                }
            </td>
            <td><LabelSelect words={w} table={props.labels.clone()} label={row.label.clone()} onchange={onlabel} /></td>
            <td>
                <button type="button" class="quiet" tabindex="-1" aria-label={w.delete_row()} title={w.delete_row()}
                    onclick={ondelete}>{ "×" }</button>
            </td>
        </tr>
    }
}

/// Takes the corrected text, if there is one, and gives the focus back to the row.
fn end_of_edit(props: &RowProps) -> Callback<Option<String>> {
    let (number, onedit, emit) = (props.number, props.onedit.clone(), props.emit.clone());
    Callback::from(move |text: Option<String>| {
        focus_row(number);
        onedit.emit(None);
        if let Some(text) = text {
            emit.emit(DataMsg::Edit(number, text));
        }
    })
}

#[derive(Properties, PartialEq)]
struct EditorProps {
    words: Words,
    text: String,
    onend: Callback<Option<String>>,
}

/// A box in place of a text; Enter or leaving it takes the text, Escape leaves it as it was.
#[component]
fn Editor(props: &EditorProps) -> Html {
    let node = use_node_ref();
    use_effect_with((), {
        let node = node.clone();
        move |()| {
            if let Some(area) = node.cast::<Element>() {
                browser::focus(&area);
            }
        }
    });
    // Leaving the box by a key makes it lose the focus too: the edit ends once.
    let ended = use_mut_ref(|| false);
    let end = {
        let (node, old, onend) = (node.clone(), props.text.clone(), props.onend.clone());
        move |keep: bool| {
            if ended.replace(true) {
                return;
            }
            let text = node.cast::<HtmlTextAreaElement>().map(|area| area.value());
            onend.emit(text.filter(|text| keep && *text != old));
        }
    };
    let onblur = {
        let end = end.clone();
        Callback::from(move |_: FocusEvent| end(true))
    };
    let onkeydown = Callback::from(move |event: KeyboardEvent| match event.key().as_str() {
        "Enter" if !event.is_composing() && !event.shift_key() => {
            event.prevent_default();
            end(true);
        }
        "Escape" => end(false),
        _ => {}
    });
    html! {
        <textarea ref={node} rows="2" value={props.text.clone()} aria-label={props.words.text_column()} {onblur} {onkeydown} />
    }
}

#[derive(Properties, PartialEq)]
struct LabelSelectProps {
    words: Words,
    table: Shared<Table>,
    label: Option<String>,
    onchange: Callback<Option<String>>,
    #[prop_or_default]
    id: Option<&'static str>,
}

/// A choice among the labels, or none.
#[component]
fn LabelSelect(props: &LabelSelectProps) -> Html {
    let w = props.words;
    let node = use_node_ref();
    let position = props
        .label
        .as_ref()
        .and_then(|label| props.table.labels.iter().position(|known| known == label));
    // Once a user has chosen, the browser no longer follows the `selected` attribute, only the property.
    use_effect_with((position, props.table.labels.len()), {
        let node = node.clone();
        move |(position, _)| {
            if let Some(select) = node.cast::<HtmlSelectElement>() {
                select.set_selected_index(position.map_or(0, |position| position as i32 + 1));
            }
        }
    });
    let onchange = {
        let (onchange, table) = (props.onchange.clone(), props.table.clone());
        Callback::from(move |event: Event| {
            let Some(select) = event.target_dyn_into::<HtmlSelectElement>() else {
                return;
            };
            let number = usize::try_from(select.selected_index())
                .ok()
                .and_then(|index| index.checked_sub(1));
            onchange.emit(number.and_then(|number| table.labels.get(number).cloned()));
        })
    };
    html! {
        <select id={props.id} ref={node} class="label-select" aria-label={w.label_column()} {onchange}>
            <option value="">{ w.no_label() }</option>
            { for props.table.labels.iter().map(|label| html! { <option value={label.clone()}>{ label }</option> }) }
        </select>
    }
}

#[derive(Properties, PartialEq)]
struct NewRowProps {
    words: Words,
    labels: Shared<Table>,
    emit: Callback<DataMsg>,
}

/// The line in which a new example is typed; Enter takes it.
#[component]
fn NewRow(props: &NewRowProps) -> Html {
    let w = props.words;
    let node = use_node_ref();
    let label = use_state_eq(|| None::<String>);
    let onsubmit = {
        let (node, label, emit) = (node.clone(), label.clone(), props.emit.clone());
        Callback::from(move |event: SubmitEvent| {
            event.prevent_default();
            let Some(input) = node
                .cast::<HtmlInputElement>()
                .filter(|input| !input.value().trim().is_empty())
            else {
                return;
            };
            emit.emit(DataMsg::Add(Row {
                text: input.value(),
                text_pair: None,
                label: (*label).clone(),
            }));
            input.set_value("");
        })
    };
    let onlabel = {
        let label = label.clone();
        Callback::from(move |chosen| label.set(chosen))
    };
    html! {
        <form class="new-row" {onsubmit}>
            <input id="new-text" ref={node} type="text" aria-label={w.new_row()} placeholder={w.new_row()} autocomplete="off" />
            <LabelSelect id="new-row-label" words={w} table={props.labels.clone()} label={(*label).clone()} onchange={onlabel} />
            <button type="submit" class="secondary">{ w.add() }</button>
        </form>
    }
}
