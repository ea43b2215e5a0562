//! Draws label scores as bars, the highest first.

use terakoya_core::protocol::ClassPrediction;
use yew::prelude::*;

use crate::page::figures;
use crate::page::words::Words;

/// Further labels are hidden until asked for.
const SHOWN: usize = 8;

/// What the bars are drawn from.
#[derive(Properties, PartialEq)]
pub struct Props {
    /// The language.
    pub words: Words,
    /// The answer.
    pub prediction: ClassPrediction,
}

/// The bars.
#[component]
pub fn Classification(props: &Props) -> Html {
    let w = props.words;
    let prediction = &props.prediction;
    let mut scores: Vec<(&String, f64)> = prediction
        .scores
        .iter()
        .map(|(label, score)| (label, score.as_f64().unwrap_or_default()))
        .collect();
    scores.sort_by(|left, right| right.1.total_cmp(&left.1));
    let rest = scores.split_off(scores.len().min(SHOWN));
    html! {
        <div class="classification" data-label={prediction.label.clone()} data-score={prediction.score.to_string()}>
            <p class="verdict">
                <strong>{ &prediction.label }</strong>
                { gloss(w, &prediction.label) }
                <span class="number">{ figures::percent(f64::from(prediction.score)) }</span>
            </p>
            <ul class="bars" aria-label={w.label_scores()}>{ for scores.iter().map(|score| bar(w, score)) }</ul>
            if !rest.is_empty() {
                <details>
                    <summary>{ w.more_labels(rest.len()) }</summary>
                    <ul class="bars">{ for rest.iter().map(|score| bar(w, score)) }</ul>
                </details>
            }
        </div>
    }
}

/// What a label of the lessons is in Japanese.
fn gloss(w: Words, label: &str) -> Html {
    w.gloss(label)
        .map_or_else(Html::default, |gloss| html! { <small class="gloss">{ gloss }</small> })
}

fn bar(w: Words, (label, score): &(&String, f64)) -> Html {
    let width = format!("{:.2}%", score.clamp(0.0, 1.0) * 100.0);
    html! {
        <li key={(*label).clone()}>
            <span class="label" title={(*label).clone()}>{ *label }{ gloss(w, label) }</span>
            <svg class="bar" width="100%" height="10" aria-hidden="true">
                <rect class="track" width="100%" height="10" rx="5" />
                <rect class="fill" {width} height="10" rx="5" />
            </svg>
            <span class="number">{ figures::percent(*score) }</span>
        </li>
    }
}
