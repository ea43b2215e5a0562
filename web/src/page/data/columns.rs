//! Draws the beginning of a table with a choice above each column: what it is.

use web_sys::HtmlInputElement;
use yew::prelude::*;

use super::sheet::{Role, Sheet};
use crate::messages::ChosenColumns;
use crate::page::events::{chosen, sift, typed};
use crate::page::select::Select;
use crate::page::shared::Shared;
use crate::page::words::Words;

/// What the choice is drawn from.
#[derive(Properties, PartialEq)]
pub struct Props {
    /// The language.
    pub words: Words,
    /// The table.
    pub sheet: Shared<Sheet>,
    /// Takes the choice.
    pub onread: Callback<ChosenColumns>,
}

/// What the user has chosen so far.
#[derive(Debug, Clone, Default, PartialEq)]
struct Choice {
    roles: Vec<Role>,
    header: bool,
    value: String,
}

impl Choice {
    fn of(sheet: &Sheet) -> Self {
        Self {
            roles: sheet.roles.clone(),
            header: sheet.header,
            value: String::new(),
        }
    }

    /// The number of the column that has `role`.
    fn column(&self, role: Role) -> Option<usize> {
        self.roles.iter().position(|other| *other == role)
    }

    /// Gives a column a role; whichever had it is not read.
    fn with(&self, column: usize, role: Role) -> Self {
        let mut choice = self.clone();
        if let Some(other) = self.column(role).filter(|_| role != Role::Unused) {
            choice.roles[other] = Role::Unused;
        }
        if let Some(own) = choice.roles.get_mut(column) {
            *own = role;
        }
        choice
    }

    fn is_complete(&self) -> bool {
        self.column(Role::Text).is_some() && (self.column(Role::Filter).is_none() || !self.value.trim().is_empty())
    }
}

/// The choice.
#[component]
pub fn ColumnChoice(props: &Props) -> Html {
    let w = props.words;
    let sheet = &props.sheet;
    let choice = use_state_eq(|| Choice::of(sheet));
    use_effect_with(sheet.preview.clone(), {
        let (choice, sheet) = (choice.setter(), sheet.clone());
        move |_| choice.set(Choice::of(&sheet))
    });
    // Of the table before, until the effect has run.
    if choice.roles.len() != sheet.preview.values.len() {
        return Html::default();
    }
    let head = |(column, &role): (usize, &Role)| {
        let choices = Role::ALL.map(|role| (role.name().into(), w.role(role).into()));
        let onchange = {
            let choice = choice.clone();
            Callback::from(move |event: Event| {
                let role = chosen(&event).and_then(|name| Role::ALL.into_iter().find(|role| role.name() == name));
                if let Some(role) = role {
                    choice.set(choice.with(column, role));
                }
            })
        };
        let named = sheet
            .preview
            .names
            .as_ref()
            .and_then(|names| names.get(column))
            .cloned();
        html! {
            <th scope="col">
                <label>
                    <span>{ named.unwrap_or_else(|| w.column_number(column + 1)) }</span>
                    <Select id={format!("column-{}", column + 1)} value={role.name()} choices={choices.to_vec()} {onchange} />
                </label>
            </th>
        }
    };
    let row = |row: &Vec<String>| html! { <tr>{ for row.iter().map(|field| html! { <td>{ field }</td> }) }</tr> };
    let onread = {
        let (choice, sheet) = (choice.clone(), sheet.clone());
        props
            .onread
            .reform(move |_: MouseEvent| sheet.chosen(&choice.roles, choice.header, &choice.value))
    };
    html! {
        <details id="columns" class="columns" open={sheet.unread}>
            <summary>{ w.choose_columns() }</summary>
            <div class="scroll-box">
                <table>
                    <thead><tr>{ for choice.roles.iter().enumerate().map(head) }</tr></thead>
                    <tbody>{ for sheet.preview.rows.iter().map(row) }</tbody>
                </table>
            </div>
            if sheet.preview.names.is_none() { { header(w, &choice) } }
            if let Some(column) = choice.column(Role::Filter) { { filter(w, sheet, &choice, column) } }
            <p class="actions">
                <button type="button" id="columns-read" class="secondary" disabled={!choice.is_complete()} onclick={onread}>
                    { w.read_columns() }
                </button>
            </p>
        </details>
    }
}

/// Whether the first row is a header.
fn header(w: Words, choice: &UseStateHandle<Choice>) -> Html {
    let onchange = {
        let choice = choice.clone();
        Callback::from(move |event: Event| {
            let input: Option<HtmlInputElement> = event.target_dyn_into();
            let header = input.is_some_and(|input| input.checked());
            choice.set(Choice {
                header,
                ..(*choice).clone()
            });
        })
    };
    html! {
        <label class="choice">
            <input id="columns-header" type="checkbox" checked={choice.header} {onchange} />
            <span>{ w.first_row_names() }</span>
        </label>
    }
}

/// The value that rows must have.
fn filter(w: Words, sheet: &Sheet, choice: &UseStateHandle<Choice>, column: usize) -> Html {
    let oninput = {
        let choice = choice.clone();
        let set = Callback::from(move |value: String| {
            choice.set(Choice {
                value,
                ..(*choice).clone()
            });
        });
        sift(&set, |event| typed(&event))
    };
    let values = sheet.preview.values.get(column).into_iter().flatten();
    html! {
        <label class="field">
            <span>{ w.rows_with_value() }</span>
            <input id="columns-value" type="text" list="columns-values" value={choice.value.clone()} {oninput} />
            <datalist id="columns-values">{ for values.map(|value| html! { <option value={value.clone()} /> }) }</datalist>
        </label>
    }
}
