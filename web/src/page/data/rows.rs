//! Draws the table of examples, fifty rows at a time, and lets them be answered by key press.
//!
//! With the focus on a row, digits give its answer as `answering` says, Enter corrects the text, Space opens it for selecting a
//! part of it, Delete drops the row, the arrows move. Only the rows on the page are elements, so ten thousand cost nothing.

use wasm_bindgen::JsCast;
use web_sys::{Element, EventTarget};
use yew::prelude::*;

use super::DataMsg;
use super::answering::{Answered, by_digit};
use super::new_row::NewRow;
use super::row::{Purpose, RowView, selects};
use super::table::{Filter, Table};
use crate::page::events::is_typing;
use crate::page::shared::Shared;
use crate::page::tasks;
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
    let open = use_state_eq(|| None::<(usize, Purpose)>);
    // A row's number is another row's then.
    use_effect_with((props.table.task, props.table.rows.len(), page), {
        let open = open.setter();
        move |_| open.set(None)
    });
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
    let onkeydown = keys(props, &open, (page < last_page).then_some(page + 1), turn);
    let onfocusin = {
        let current = current.clone();
        Callback::from(move |event: FocusEvent| current.set(row_of(event.target()).map(|(number, _)| number)))
    };
    let stop = current
        .filter(|number| shown.contains(number))
        .or(shown.first().copied());
    html! {
        <div class="rows-box">
            if !numbers.is_empty() {
                <p class="caption">
                    { w.keys_hint(props.table.task) }
                    if selects(props.table.task) { { " " }{ w.select_by_keys() } }
                </p>
            }
            <div class={classes!("scroll-box", props.table.rows.is_empty().then_some("empty"))}>
                <table id="rows" class="rows">
                    { head(props) }
                    <tbody {onkeydown} {onfocusin}>
                        { for shown.iter().map(|&number| html! {
                            <RowView key={number} words={w} {number} row={props.table.rows[number].clone()}
                                table={props.table.clone()} stop={stop == Some(number)}
                                open={open.filter(|(row, _)| *row == number).map(|(_, purpose)| purpose)}
                                onopen={let open = open.setter(); Callback::from(move |row| open.set(row))} emit={props.emit.clone()} />
                        }) }
                    </tbody>
                </table>
            </div>
            <Pager words={w} {page} pages={last_page + 1} onpage={props.emit.reform(DataMsg::Page)} />
            <NewRow words={w} table={props.table.clone()} emit={props.emit.clone()} />
        </div>
    }
}

fn head(props: &Props) -> Html {
    let (w, task) = (props.words, props.table.task);
    html! {
        <thead>
            <tr>
                <th scope="col" class="number">{ "#" }</th>
                <th scope="col">{ w.text_column() }</th>
                if tasks::of(task).answers { <th scope="col">{ w.gold_column(task) }</th> }
                <th scope="col"><span class="visually-hidden">{ w.delete_row() }</span></th>
            </tr>
        </thead>
    }
}

/// What a key does on a row.
fn keys(
    props: &Props,
    open: &UseStateHandle<Option<(usize, Purpose)>>,
    next_page: Option<usize>,
    turn: impl Fn(usize) + 'static,
) -> Callback<KeyboardEvent> {
    let (emit, open, table) = (props.emit.clone(), open.setter(), props.table.clone());
    Callback::from(move |event: KeyboardEvent| {
        let plain = !event.ctrl_key() && !event.meta_key() && !event.alt_key() && !event.is_composing();
        let Some((number, element)) = row_of(event.target()).filter(|_| plain && !is_typing(&event)) else {
            return;
        };
        // What else is in a row has keys of its own.
        let on_row = event.target_dyn_into().as_ref() == Some(&element);
        let key = event.key();
        let digit = key.parse::<usize>().ok().filter(|digit| *digit <= 9);
        match (key.as_str(), digit) {
            (_, Some(digit)) => {
                let Some(answered) = by_digit(&table, number, &element, digit) else {
                    return;
                };
                if let Answered::Fully(_) = &answered {
                    match (neighbour(&element, Direction::Down), next_page) {
                        (Some(next), _) => browser::focus(&next),
                        (None, Some(page)) => turn(page),
                        (None, None) => {}
                    }
                }
                let (Answered::Fully(gold) | Answered::Partly(gold)) = answered;
                emit.emit(DataMsg::SetGold(number, gold));
            }
            _ if !on_row => return,
            ("ArrowDown", _) => move_focus(&element, Direction::Down),
            ("ArrowUp", _) => move_focus(&element, Direction::Up),
            ("Enter", _) => open.set(Some((number, Purpose::Correct))),
            (" ", _) if selects(table.task) => open.set(Some((number, Purpose::Select))),
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
pub fn row_of(target: Option<EventTarget>) -> Option<(usize, Element)> {
    let element: Element = target?.dyn_into().ok()?;
    let row = element.closest("tr[data-row]").ok()??;
    let number = row.get_attribute("data-row")?.parse().ok()?;
    Some((number, row))
}

/// Gives a row the focus.
pub fn focus_row(number: usize) {
    let row = browser::document().and_then(|document| document.get_element_by_id(&format!("row-{number}")));
    if let Some(row) = row {
        browser::focus(&row);
    }
}
