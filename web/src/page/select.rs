//! Draws a choice of which the page knows what is chosen.

use web_sys::HtmlSelectElement;
use yew::prelude::*;

/// What the choice is drawn from.
#[derive(Properties, PartialEq)]
pub struct Props {
    /// Id of the element.
    pub id: AttrValue,
    /// The value that is chosen.
    pub value: AttrValue,
    /// Values and what they are called.
    pub choices: Vec<(AttrValue, AttrValue)>,
    /// Whether another may not be chosen.
    #[prop_or_default]
    pub disabled: bool,
    /// Takes what the user chooses.
    pub onchange: Callback<Event>,
}

/// The choice.
#[component]
pub fn Select(props: &Props) -> Html {
    let node = use_node_ref();
    // Once a user has chosen, the browser follows the property only, no longer the `selected` of an option.
    use_effect({
        let (node, value) = (node.clone(), props.value.clone());
        move || {
            if let Some(select) = node
                .cast::<HtmlSelectElement>()
                .filter(|select| select.value() != *value)
            {
                select.set_value(&value);
            }
        }
    });
    html! {
        <select id={props.id.clone()} ref={node} disabled={props.disabled} onchange={props.onchange.clone()}>
            { for props.choices.iter().map(|(value, name)| html! {
                <option key={value.to_string()} value={value.clone()} selected={*value == props.value}>{ name }</option>
            }) }
        </select>
    }
}
