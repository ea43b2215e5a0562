//! Draws any number of labels: each with its probability as a bar and the threshold from which on it is said as a mark.

use terakoya_core::predictions::LabelsPrediction;
use yew::prelude::*;

use crate::page::figures;
use crate::page::words::Words;

/// Further labels are hidden until asked for.
const SHOWN: usize = 10;

/// What the bars are drawn from.
#[derive(Properties, PartialEq)]
pub struct Props {
    /// The language.
    pub words: Words,
    /// The answer.
    pub prediction: LabelsPrediction,
    /// The threshold of each label in the order of the answer's; nothing where they are not known.
    pub thresholds: Vec<f64>,
}

/// A label with its probability and its threshold.
struct Bar<'a> {
    label: &'a str,
    score: f64,
    threshold: Option<f64>,
    said: bool,
}

/// The labels that are said, and the bars of all.
#[component]
pub fn Labels(props: &Props) -> Html {
    let w = props.words;
    let prediction = &props.prediction;
    let scores = prediction.scores.iter().enumerate();
    let mut bars: Vec<Bar> = scores
        .map(|(number, (label, score))| Bar {
            label,
            score: score.as_f64().unwrap_or_default(),
            threshold: props.thresholds.get(number).copied(),
            said: prediction.labels.contains(label),
        })
        .collect();
    bars.sort_by(|left, right| right.score.total_cmp(&left.score));
    let rest = bars.split_off(bars.len().min(SHOWN));
    html! {
        <div class="several" data-labels={prediction.labels.join("|")}>
            <p class="verdict">
                if prediction.labels.is_empty() {
                    <span class="caption">{ w.no_labels_said() }</span>
                }
                { for prediction.labels.iter().map(|label| html! { <strong>{ label }</strong> }) }
            </p>
            <ul class="bars" aria-label={w.label_scores()}>{ for bars.iter().map(|bar| draw(w, bar)) }</ul>
            if !rest.is_empty() {
                <details>
                    <summary>{ w.more_labels(rest.len()) }</summary>
                    <ul class="bars">{ for rest.iter().map(|bar| draw(w, bar)) }</ul>
                </details>
            }
            if !props.thresholds.is_empty() { <p class="caption">{ w.threshold_hint() }</p> }
        </div>
    }
}

fn draw(w: Words, bar: &Bar) -> Html {
    let percent = |share: f64| format!("{:.2}%", share.clamp(0.0, 1.0) * 100.0);
    let title = bar
        .threshold
        .map(|threshold| w.threshold_of(&figures::percent(threshold)));
    html! {
        <li key={bar.label.to_owned()} class={classes!((!bar.said).then_some("unsaid"))} {title}>
            <span class="label" title={bar.label.to_owned()}>{ if bar.said { "✓ " } else { "" } }{ bar.label }</span>
            <svg class="bar" width="100%" height="16" aria-hidden="true">
                <rect class="track" y="3" width="100%" height="10" rx="5" />
                <rect class="fill" y="3" width={percent(bar.score)} height="10" rx="5" />
                if let Some(threshold) = bar.threshold {
                    <line class="threshold" x1={percent(threshold)} x2={percent(threshold)} y1="0" y2="16" />
                }
            </svg>
            <span class="number">{ figures::percent(bar.score) }</span>
        </li>
    }
}
