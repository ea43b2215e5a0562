//! Draws an answer where it stands in its passage, what else it might be, and whether there is none.

use terakoya_core::predictions::{AnswerCandidate, AnswerPrediction};
use yew::prelude::*;

use crate::page::figures;
use crate::page::marked::{Mark, Marked};
use crate::page::words::Words;

/// What the answer is drawn from.
#[derive(Properties, PartialEq)]
pub struct Props {
    /// The language.
    pub words: Words,
    /// The passage.
    pub passage: String,
    /// The answer.
    pub prediction: AnswerPrediction,
}

/// The answer, the passage, the runners-up.
#[component]
pub fn Answer(props: &Props) -> Html {
    let w = props.words;
    let said = &props.prediction;
    let chosen = use_state_eq(|| None::<usize>);
    let other = chosen.and_then(|number| said.runners_up.get(number));
    if let Some(reason) = &said.unasked {
        return html! { <p class="caption">{ w.message(reason) }</p> };
    }
    html! {
        <div class="said-answer" data-answer={said.answer.clone()} data-score={said.score.to_string()}>
            <p class="verdict">
                <strong>{ if said.answer.is_empty() { w.no_answer() } else { said.answer.as_str() } }</strong>
                <span class="number">{ figures::percent(f64::from(said.score)) }</span>
            </p>
            <p class="reading passage"><Marked text={props.passage.clone()} marks={marks(said, other)} /></p>
            if !said.runners_up.is_empty() {
                <div class="runners-up">
                    <h4>{ w.runners_up() }</h4>
                    <ol class="bars">
                        { for said.runners_up.iter().enumerate().map(|(number, candidate)| {
                            let pressed = *chosen == Some(number);
                            let chosen = chosen.clone();
                            let onclick = move |_: MouseEvent| chosen.set((!pressed).then_some(number));
                            runner_up(candidate, pressed, Callback::from(onclick))
                        }) }
                    </ol>
                </div>
            }
            if let Some(score) = said.no_answer_score {
                <p class="caption">{ w.no_answer_score(&figures::score(f64::from(score))) }</p>
            }
        </div>
    }
}

fn marks(said: &AnswerPrediction, other: Option<&AnswerCandidate>) -> Vec<Mark> {
    let mark = |start: usize, end: usize, class: &str, score: f32| Mark {
        start,
        end,
        class: class.to_owned(),
        label: String::new(),
        title: figures::percent(f64::from(score)),
    };
    match other {
        Some(other) => vec![mark(other.start, other.end, "other", other.score)],
        None => vec![mark(said.start, said.end, "answer-mark", said.score)],
    }
}

/// A candidate; pressed, it is what the passage shows.
fn runner_up(candidate: &AnswerCandidate, pressed: bool, onclick: Callback<MouseEvent>) -> Html {
    let score = f64::from(candidate.score);
    html! {
        <li key={format!("{} {}", candidate.start, candidate.end)}>
            <button type="button" class="link label" aria-pressed={pressed.to_string()} {onclick}>{ &candidate.answer }</button>
            <svg class="bar" width="100%" height="10" aria-hidden="true">
                <rect class="track" width="100%" height="10" rx="5" />
                <rect class="fill" width={format!("{:.2}%", score.clamp(0.0, 1.0) * 100.0)} height="10" rx="5" />
            </svg>
            <span class="number">{ figures::percent(score) }</span>
        </li>
    }
}
