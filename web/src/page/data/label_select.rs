//! Draws the choice of one label.

use web_sys::HtmlSelectElement;
use yew::prelude::*;

use super::table::Table;
use crate::page::events::chosen;
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
    let all = props.table.offered(!props.passed_by);
    let offered = if all.is_empty() { props.label.as_slice() } else { all };
    let position = props
        .label
        .as_ref()
        .and_then(|label| offered.iter().position(|known| known == label));
    // Once a user has chosen, the browser no longer follows the `selected` attribute, only the property.
    use_effect_with((position, offered.len()), {
        let node = node.clone();
        move |(position, _)| {
            if let Some(select) = node.cast::<HtmlSelectElement>() {
                select.set_selected_index(position.map_or(0, |position| position as i32 + 1));
            }
        }
    });
    let onchange = props.onchange.reform(|event: Event| {
        let label = chosen(&event).unwrap_or_default();
        (!label.is_empty()).then_some(label)
    });
    html! {
        <select id={props.id} ref={node} class="label-select" tabindex={props.passed_by.then_some("-1")} aria-label={w.label_column()} {onchange}>
            <option value="">{ w.no_label() }</option>
            { for offered.iter().map(|label| html! { <option value={label.clone()}>{ label }</option> }) }
        </select>
    }
}
