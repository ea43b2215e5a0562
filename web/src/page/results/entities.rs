//! Draws the named parts of a text in it, with a legend of their types.

use terakoya_core::predictions::TagsPrediction;
use yew::prelude::*;

use crate::page::figures;
use crate::page::marked::{Mark, Marked, colour};
use crate::page::words::Words;

/// What the text is drawn from.
#[derive(Properties, PartialEq)]
pub struct Props {
    /// The language.
    pub words: Words,
    /// The text.
    pub text: String,
    /// The answer.
    pub prediction: TagsPrediction,
    /// The types that there are.
    pub types: Vec<String>,
}

/// The text with its parts.
#[component]
pub fn Entities(props: &Props) -> Html {
    let w = props.words;
    let entities = &props.prediction.entities;
    let title = |score: f32| figures::percent(f64::from(score));
    html! {
        <div class="entities" data-count={entities.len().to_string()}>
            <p class="reading"><Marked text={props.text.clone()} marks={Mark::of_entities(entities, &props.types, title)} /></p>
            if entities.is_empty() { <p class="caption">{ w.no_entities() }</p> }
            <ul class="types" aria-label={w.entity_types()}>
                { for props.types.iter().map(|name| {
                    let count = entities.iter().filter(|entity| entity.label == *name).count();
                    html! {
                        <li key={name.clone()} class={classes!((count == 0).then_some("unsaid"))}>
                            <i class={colour(name, &props.types)}></i>{ name }
                            <span class="number">{ figures::count(count) }</span>
                        </li>
                    }
                }) }
            </ul>
        </div>
    }
}
