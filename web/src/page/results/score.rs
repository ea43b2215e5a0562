//! Draws a number on the scale of the examples, where they tell one.

use terakoya_core::predictions::ScorePrediction;
use yew::prelude::*;

use crate::page::figures;
use crate::page::words::Words;

/// What the number is drawn from.
#[derive(Properties, PartialEq)]
pub struct Props {
    /// The language.
    pub words: Words,
    /// The answer.
    pub prediction: ScorePrediction,
    /// The lowest and the highest score of the examples.
    pub scale: Option<(f64, f64)>,
}

/// The number and its place.
#[component]
pub fn Score(props: &Props) -> Html {
    let score = f64::from(props.prediction.score);
    html! {
        <div class="score" data-score={score.to_string()}>
            <p class="verdict"><strong class="number">{ figures::score(score) }</strong></p>
            if let Some((low, high)) = props.scale { { scale(props.words, score, low, high) } }
        </div>
    }
}

fn scale(w: Words, score: f64, low: f64, high: f64) -> Html {
    let at = format!("{:.2}%", 100.0 * ((score - low) / (high - low)).clamp(0.0, 1.0));
    html! {
        <div class="scale">
            <svg class="bar" width="100%" height="16" role="img" aria-label={w.score_on_scale(score, low, high)}>
                <rect class="track" y="3" width="100%" height="10" rx="5" />
                <rect class="fill" y="3" width={at.clone()} height="10" rx="5" />
                <circle class="pointer" cx={at} cy="8" r="7" />
            </svg>
            <p class="ends caption"><span>{ figures::short(low) }</span><span>{ figures::short(high) }</span></p>
        </div>
    }
}
