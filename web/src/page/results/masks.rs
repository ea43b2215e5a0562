//! Draws the words that fit the places a text leaves open, place by place.

use terakoya_core::predictions::{MaskCandidate, MasksPrediction};
use yew::prelude::*;

use crate::page::figures;
use crate::page::words::Words;

/// What the words are drawn from.
#[derive(Properties, PartialEq)]
pub struct Props {
    /// The language.
    pub words: Words,
    /// The answer.
    pub prediction: MasksPrediction,
}

/// The words of each place, the likeliest first.
#[component]
pub fn Masks(props: &Props) -> Html {
    let w = props.words;
    let masks = &props.prediction.masks;
    html! {
        <div class="masks" data-count={masks.len().to_string()}>
            if masks.is_empty() { <p class="caption">{ w.no_masks() }</p> }
            { for masks.iter().enumerate().map(|(number, candidates)| html! {
                <ol key={number} class="bars" aria-label={w.mask(number + 1)}>{ for candidates.iter().map(bar) }</ol>
            }) }
        </div>
    }
}

fn bar(candidate: &MaskCandidate) -> Html {
    let score = f64::from(candidate.score);
    html! {
        <li>
            <span class="label">{ &candidate.token }</span>
            <svg class="bar" width="100%" height="10" aria-hidden="true">
                <rect class="track" width="100%" height="10" rx="5" />
                <rect class="fill" width={format!("{:.2}%", score.clamp(0.0, 1.0) * 100.0)} height="10" rx="5" />
            </svg>
            <span class="number">{ figures::percent(score) }</span>
        </li>
    }
}
