//! Draws what a model says, one component a task behind one match: a task that joins adds its file and an arm.

mod classification;

use terakoya_core::protocol::Prediction;
use yew::prelude::*;

use self::classification::Classification;
use super::words::Words;

/// Whose answer it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// The only one there is.
    Only,
    /// The base model's.
    Before,
    /// The fine-tuned model's.
    After,
}

/// What an answer is drawn from.
#[derive(Properties, PartialEq)]
pub struct Props {
    /// The language.
    pub words: Words,
    /// The answer.
    pub prediction: Prediction,
    /// Whose it is.
    pub outcome: Outcome,
}

/// An answer of any task.
#[component]
pub fn PredictionView(props: &Props) -> Html {
    let w = props.words;
    let title = match props.outcome {
        Outcome::Only => None,
        Outcome::Before => Some(w.before_training()),
        Outcome::After => Some(w.after_training()),
    };
    let class = match props.outcome {
        Outcome::Before => "result before",
        Outcome::Only | Outcome::After => "result",
    };
    html! {
        <div {class}>
            if let Some(title) = title { <h3>{ title }</h3> }
            { match &props.prediction {
                Prediction::Class(prediction) => html! { <Classification words={w} prediction={prediction.clone()} /> },
                other => html! { <p>{ other.answer().0 }</p> },
            } }
        </div>
    }
}

/// The label that a prediction stands for.
pub fn label(prediction: &Prediction) -> &str {
    match prediction {
        Prediction::Class(prediction) => &prediction.label,
        _ => "",
    }
}

/// How sure the model is of it.
pub fn confidence(prediction: &Prediction) -> f32 {
    match prediction {
        Prediction::Class(prediction) => prediction.score,
        other => other.answer().1.unwrap_or_default(),
    }
}
