//! Draws the choice of one label.

use web_sys::HtmlSelectElement;
use yew::prelude::*;

use super::table::Table;
use crate::page::shared::Shared;
use crate::page::words::Words;

/// What the choice is drawn from.
#[derive(Properties, PartialEq)]
pub struct Props {
    /// The language.
    pub words: Words,
    /// The examples, with their labels.
    pub table: Shared<Table>,
    /// The label that is chosen.
    pub label: Option<String>,
    /// Takes another.
    pub onchange: Callback<Option<String>>,
    /// Whether the tab key passes it by.
    #[prop_or_default]
    pub passed_by: bool,
    /// Id of the element.
    #[prop_or_default]
    pub id: Option<&'static str>,
}

/// A choice among the labels, or none.
#[component]
pub fn LabelSelect(props: &Props) -> Html {
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
        <select id={props.id} ref={node} class="label-select" tabindex={props.passed_by.then_some("-1")} aria-label={w.label_column()} {onchange}>
            <option value="">{ w.no_label() }</option>
            { for props.table.labels.iter().map(|label| html! { <option value={label.clone()}>{ label }</option> }) }
        </select>
    }
}
