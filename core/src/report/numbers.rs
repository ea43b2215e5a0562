//! Lists the examples of regression, the largest errors first.

use super::Page;
use super::listing::{Listing, Row, Value, texts};
use super::scatter::Point;
use crate::data::Example;
use crate::protocol::Prediction;

/// Examples that are listed.
const MOST_ROWS: usize = 500;

/// The examples with both numbers.
pub fn points<'a>(page: &Page<'a>) -> Vec<Point<'a>> {
    pairs(page)
        .map(|(example, gold, predicted)| Point {
            gold,
            predicted,
            text: &example.text,
        })
        .collect()
}

fn pairs<'a>(page: &Page<'a>) -> impl Iterator<Item = (&'a Example, f64, f64)> {
    let pairs = page.examples.iter().zip(&page.evaluation.predictions);
    pairs.filter_map(|(example, prediction)| match prediction {
        Prediction::Score(said) => Some((example, example.gold.score()?, f64::from(said.score))),
        _ => None,
    })
}

/// The examples of the page.
pub fn listing(page: &Page) -> Listing {
    let mut worst: Vec<(&Example, f64, f64)> = pairs(page).collect();
    worst.sort_by(|a, b| (b.1 - b.2).abs().total_cmp(&(a.1 - a.2).abs()));
    worst.truncate(MOST_ROWS);
    let number = |value: f64| Value::Number(value, format!("{value:.4}"));
    let row = |(example, gold, predicted): &(&Example, f64, f64)| Row {
        cell: None,
        is_right: false,
        values: vec![
            number((predicted - gold).abs()),
            Value::Number(*gold, gold.to_string()),
            number(*predicted),
            Value::Block(texts(&example.text, example.text_pair.as_deref())),
        ],
    };
    Listing {
        heading: "Largest errors".to_owned(),
        hint: "At most 500 examples, the largest error first; choose a column to sort by it.",
        columns: vec!["error", "gold", "predicted", "text"],
        rows: worst.iter().map(row).collect(),
    }
}
