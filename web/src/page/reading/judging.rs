//! Compares what a model says with the right answers: which rows it gets wrong, the worst first.

use std::collections::BTreeSet;

use terakoya_core::data::Gold;
use terakoya_core::protocol::{Evaluation, Prediction};

use crate::messages::Row;

/// The label that a prediction stands for; nothing where it is none.
pub fn label(prediction: &Prediction) -> &str {
    match prediction {
        Prediction::Class(prediction) => &prediction.label,
        _ => "",
    }
}

/// How sure the model is of what it says, where it tells.
pub fn confidence(prediction: &Prediction) -> Option<f64> {
    prediction.answer().1.map(f64::from)
}

/// The named parts that a row has, and those that the model says: start, end, type.
pub fn parts(row: &Row, prediction: &Prediction) -> [BTreeSet<(usize, usize, String)>; 2] {
    let gold = row
        .named_parts()
        .into_iter()
        .map(|span| (span.start as usize, span.end as usize, span.label));
    let said = match prediction {
        Prediction::Tags(prediction) => prediction.entities.as_slice(),
        _ => &[],
    };
    let said = said
        .iter()
        .map(|entity| (entity.start, entity.end, entity.label.clone()));
    [gold.collect(), said.collect()]
}

/// How wrong a prediction is, the larger the worse; nothing where it is right, or nobody knows.
pub fn wrongness(row: &Row, prediction: &Prediction) -> Option<f64> {
    match (&row.gold, prediction) {
        (Gold::Label(gold), Prediction::Class(said)) => (gold != &said.label).then_some(f64::from(said.score)),
        (Gold::Labels(gold), Prediction::Labels(said)) => {
            let (gold, said): (BTreeSet<&String>, BTreeSet<&String>) =
                (gold.iter().collect(), said.labels.iter().collect());
            let different = gold.symmetric_difference(&said).count();
            (different > 0).then_some(different as f64)
        }
        // Every number is off by something; the largest errors come first.
        (Gold::Score(gold), Prediction::Score(said)) => Some((f64::from(said.score) - gold).abs()),
        (Gold::Words(_) | Gold::Spans(_), Prediction::Tags(_)) => {
            let [gold, said] = parts(row, prediction);
            let different = gold.symmetric_difference(&said).count();
            (different > 0).then_some(different as f64)
        }
        (Gold::Answers(gold), Prediction::Answer(said)) => {
            let right = match gold.is_empty() {
                true => said.answer.is_empty(),
                false => gold.iter().any(|gold| gold.text.trim() == said.answer),
            };
            (!right).then_some(f64::from(said.score))
        }
        _ => None,
    }
}

/// The numbers of the rows that the model gets wrong, the worst first.
pub fn failures(rows: &[Row], evaluation: &Evaluation) -> Vec<usize> {
    let pairs = rows.iter().zip(&evaluation.predictions).enumerate();
    let mut wrong: Vec<(usize, f64)> = pairs
        .filter_map(|(number, (row, prediction))| Some((number, wrongness(row, prediction)?)))
        .collect();
    wrong.sort_by(|left, right| right.1.total_cmp(&left.1));
    wrong.into_iter().map(|(number, _)| number).collect()
}
