//! Lists the examples of regression, the largest errors first.

use super::Page;
use super::listing::{Listing, Row, Value, texts};
use super::scatter::Point;
use crate::data::Example;
use crate::protocol::Prediction;

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
    let number = |value: f64| Value::Number(value, format!("{value:.4}"));
    let row = |(example, gold, predicted): &(&Example, f64, f64)| Row {
        cell: None,
        is_right: false,
        values: vec![
            number((predicted - gold).abs()),
            number(*gold),
            number(*predicted),
            Value::Block(texts(&example.text, example.text_pair.as_deref())),
        ],
    };
    Listing {
        heading: "Largest errors".to_owned(),
        hint: "Every example, the largest error first; choose a column to sort by it.",
        columns: vec!["error", "gold", "predicted", "text"],
        rows: worst.iter().map(row).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::{Gold, LabelMap};
    use crate::metrics::regression_report;
    use crate::predictions::ScorePrediction;
    use crate::protocol::{Evaluation, Report};
    use crate::tasks::TaskKind;

    #[test]
    fn every_example_is_listed_and_both_numbers_are_rounded_alike() {
        let gold = |number: usize| number as f64 / 6.0;
        let examples: Vec<Example> = (1..=700)
            .map(|number| Example {
                text: String::new(),
                text_pair: None,
                gold: Gold::Score(gold(number)),
                line: number,
                id: None,
            })
            .collect();
        let said = |score| Prediction::Score(ScorePrediction { score, logits: None });
        let evaluation = Evaluation {
            loss: None,
            report: Report::Regression(regression_report(&[1.0], &[1.0]).expect("valid")),
            predictions: vec![said(0.0); 700],
            truncated: 0,
        };
        let page = Page {
            model: "m",
            data: "d",
            task: TaskKind::Regression,
            examples: &examples,
            evaluation: &evaluation,
            label_map: &LabelMap::default(),
            guesses: None,
            history: None,
        };
        let html = listing(&page).render().into_string();
        assert_eq!(html.matches("<tr").count(), 1 + 700, "a head and the examples");
        assert!(html.contains(">0.1667</td>") && !html.contains(">0.16666"), "{html}");
    }
}
