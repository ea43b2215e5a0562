//! Lists the failures of multi-label-classification: labels that were missed and labels that were said too much.

use std::collections::BTreeSet;

use super::Page;
use super::listing::{Listing, Row, Value, failures, texts};
use crate::metrics::MultiLabelReport;
use crate::protocol::{LabelsPrediction, Prediction};

/// The threshold of each label of the report, as it is shown; several where the label map merges labels.
pub fn thresholds(page: &Page, report: &MultiLabelReport) -> Vec<String> {
    let own: Vec<&str> =
        own_labels(page).map_or_else(Vec::new, |said| said.scores.keys().map(String::as_str).collect());
    let of = |name: &str| {
        let pairs = own.iter().zip(&report.thresholds);
        let found = pairs.filter(|(label, _)| page.label_map.apply(label) == name);
        found
            .map(|(_, threshold)| significant(*threshold))
            .collect::<Vec<_>>()
            .join(", ")
    };
    report.per_label.iter().map(|class| of(&class.label)).collect()
}

fn own_labels<'a>(page: &'a Page) -> Option<&'a LabelsPrediction> {
    match page.evaluation.predictions.first() {
        Some(Prediction::Labels(said)) => Some(said),
        _ => None,
    }
}

/// The failures of the page; the confidence is the distance of the worst label from its threshold.
pub fn listing(page: &Page, report: &MultiLabelReport) -> Listing {
    let mut rows = Vec::new();
    for (example, prediction) in page.examples.iter().zip(&page.evaluation.predictions) {
        let Prediction::Labels(said) = prediction else { continue };
        let gold = example.gold.labels().unwrap_or_default().iter();
        let gold: BTreeSet<&str> = gold.map(|label| page.label_map.apply(label)).collect();
        let predicted: BTreeSet<&str> = said.labels.iter().map(String::as_str).collect();
        if gold == predicted {
            continue;
        }
        let difference = |from: &BTreeSet<&str>, other: &BTreeSet<&str>| -> String {
            from.difference(other).copied().collect::<Vec<_>>().join(", ")
        };
        let both: Vec<&str> = gold.intersection(&predicted).copied().collect();
        let wrong: BTreeSet<&str> = gold.symmetric_difference(&predicted).copied().collect();
        let confidence = distance(page, said, report, &wrong);
        rows.push(Row {
            cell: None,
            is_right: false,
            values: vec![
                Value::Number(confidence, significant(confidence)),
                Value::Text(difference(&gold, &predicted)),
                Value::Text(difference(&predicted, &gold)),
                Value::Text(both.join(", ")),
                Value::Block(texts(&example.text, example.text_pair.as_deref())),
            ],
        });
    }
    Listing {
        heading: failures(rows.len()),
        hint: "How far the probability of the worst label lies on the wrong side of its threshold, the farthest first; choose a \
               column to sort by it.",
        columns: vec!["too far by", "missed", "too much", "right", "text"],
        rows,
    }
}

/// How far the probability of the worst of `wrong` lies from its threshold.
fn distance(page: &Page, said: &LabelsPrediction, report: &MultiLabelReport, wrong: &BTreeSet<&str>) -> f64 {
    let scores = said.scores.iter().zip(&report.thresholds);
    let wrong = scores.filter(|((label, _), _)| wrong.contains(page.label_map.apply(label)));
    let distances = wrong.map(|((_, score), threshold)| (score.as_f64().unwrap_or_default() - threshold).abs());
    distances.fold(0.0, f64::max)
}

/// A probability with three digits after the point, and with more where the first three that are not 0 stand farther behind.
fn significant(value: f64) -> String {
    /// Smaller numbers are written with their power of ten.
    const LEAST: f64 = 1e-6;
    match value.abs() {
        size if size >= 0.1 || size == 0.0 => format!("{value:.3}"),
        size if size >= LEAST => {
            let zeros = -(size.log10().floor() as i32) - 1;
            let digits = zeros.max(0) as usize + 3;
            format!("{value:.digits$}")
        }
        _ => format!("{value:.2e}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_probabilities_keep_their_digits() {
        let shown = [0.0, 0.5, 0.1, 0.9996, 0.0251, 0.000_015_579, 0.000_002, 2.5e-7].map(significant);
        let expected = [
            "0.000",
            "0.500",
            "0.100",
            "1.000",
            "0.0251",
            "0.0000156",
            "0.00000200",
            "2.50e-7",
        ];
        assert_eq!(shown, expected);
    }
}
