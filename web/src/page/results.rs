//! Draws what a model says, one component a kind of answer behind one match: a task that joins adds its file and an arm.

mod answer;
mod classification;
mod entities;
mod labels;
mod masks;
mod score;

use terakoya_core::protocol::{Inspection, Prediction};
use yew::prelude::*;

use self::answer::Answer;
use self::classification::Classification;
use self::entities::Entities;
use self::labels::Labels;
use self::masks::Masks;
use self::score::Score;
use super::marked::types;
use super::words::Words;
use crate::messages::Text;

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

/// What an answer is about, beside itself.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Subject {
    /// The text that was read.
    pub text: Text,
    /// The lowest and the highest score of the examples.
    pub scale: Option<(f64, f64)>,
    /// From which probability on each label is said.
    pub thresholds: Vec<f64>,
    /// The types of entities that the model knows.
    pub types: Vec<String>,
}

impl Subject {
    /// What a model's answer to `text` is about.
    pub fn new(text: Text, model: Option<&Inspection>, scale: Option<(f64, f64)>) -> Self {
        Self {
            text,
            scale,
            thresholds: model.map(|model| model.thresholds.clone()).unwrap_or_default(),
            types: model.map(|model| types(&model.labels)).unwrap_or_default(),
        }
    }
}

/// What an answer is drawn from.
#[derive(Properties, PartialEq)]
pub struct Props {
    /// The language.
    pub words: Words,
    /// The answer.
    pub prediction: Prediction,
    /// What it is about.
    pub subject: Subject,
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
            { answer(w, &props.prediction, &props.subject) }
        </div>
    }
}

fn answer(w: Words, prediction: &Prediction, subject: &Subject) -> Html {
    match prediction {
        Prediction::Class(prediction) => html! { <Classification words={w} prediction={prediction.clone()} /> },
        Prediction::Labels(prediction) => html! {
            <Labels words={w} prediction={prediction.clone()} thresholds={subject.thresholds.clone()} />
        },
        Prediction::Score(prediction) => html! {
            <Score words={w} prediction={prediction.clone()} scale={subject.scale} />
        },
        Prediction::Tags(prediction) => html! {
            <Entities words={w} text={subject.text.text.clone()} prediction={prediction.clone()}
                types={subject.types.clone()} />
        },
        Prediction::Masks(prediction) => html! { <Masks words={w} prediction={prediction.clone()} /> },
        Prediction::Answer(prediction) => html! {
            <Answer words={w} passage={subject.text.text_pair.clone().unwrap_or_default()} prediction={prediction.clone()} />
        },
    }
}
