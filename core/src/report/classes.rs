//! Lists the examples of sequence-classification: what was wrong, and of each label some that were right.

use std::collections::HashMap;

use super::Page;
use super::confusion::cell_name;
use super::listing::{self, Listing, Row, Value, texts};
use crate::metrics::ClassificationReport;
use crate::protocol::Prediction;

/// Right answers of each label that the matrix can show.
const RIGHT_OF_LABEL: usize = 20;

/// The examples of the page.
pub fn listing(page: &Page, report: &ClassificationReport) -> Listing {
    let numbers: HashMap<&str, usize> = report.labels.iter().map(String::as_str).zip(0..).collect();
    let mut right = vec![0; report.labels.len()];
    let (mut rows, mut failures) = (Vec::new(), 0);
    for (example, prediction) in page.examples.iter().zip(&page.evaluation.predictions) {
        let Prediction::Class(said) = prediction else { continue };
        let gold = page.label_map.apply(example.gold.label().unwrap_or_default());
        let (Some(&of_gold), Some(&of_said)) = (numbers.get(gold), numbers.get(said.label.as_str())) else {
            continue;
        };
        let is_right = of_gold == of_said;
        failures += usize::from(!is_right);
        if is_right {
            right[of_gold] += 1;
            if right[of_gold] > RIGHT_OF_LABEL {
                continue;
            }
        }
        rows.push(Row {
            cell: Some(cell_name(of_gold, of_said)),
            is_right,
            values: vec![
                Value::probability(said.score),
                Value::Text(gold.to_owned()),
                Value::Text(said.label.clone()),
                Value::Block(texts(&example.text, example.text_pair.as_deref())),
            ],
        });
    }
    Listing {
        heading: listing::failures(failures),
        hint: "The surest mistakes first; choose a column to sort by it. Of right answers the first 20 of each label are here, \
               behind the counts of the matrix.",
        columns: vec!["confidence", "gold", "predicted", "text"],
        rows,
    }
}
