//! Scores sets of labels: micro and macro F1 as scikit-learn counts them over an indicator matrix, and exact matches.

use std::collections::BTreeSet;
use std::fmt;

use serde::{Deserialize, Serialize};
use unicode_width::UnicodeWidthStr;

use super::table::{padded, printable, write_classes};
use super::{ClassMetrics, MetricsError, check_lengths, ratio};

/// How good predicted sets of labels are. All scores are fractions of 1.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MultiLabelReport {
    /// How many examples were scored.
    pub examples: u64,
    /// F1 of all decisions together.
    pub micro_f1: f64,
    /// Plain mean of the labels' F1, labels that never occur included.
    pub macro_f1: f64,
    /// The part of all predicted labels that is right.
    pub micro_precision: f64,
    /// The part of all gold labels that is found.
    pub micro_recall: f64,
    /// The part of the examples whose set is exactly right.
    pub exact_match: f64,
    /// Scores of each label.
    pub per_label: Vec<ClassMetrics>,
    /// The model's labels, as a label map renames them.
    #[serde(default)]
    pub labels: Vec<String>,
    /// The probability from which on each of `labels` is said.
    pub thresholds: Vec<f64>,
    /// Gold labels the model cannot say; each occurrence counts as missed.
    pub unknown_labels: Vec<String>,
}

/// Counts of one label.
#[derive(Clone, Copy, Default)]
struct Counts {
    right: u64,
    predicted: u64,
    gold: u64,
}

/// Scores a set of labels an example against its gold set; `labels` are those the model can say, `thresholds` theirs.
///
/// # Errors
/// If there is nothing to score, or not one prediction for each gold set.
pub fn multi_label_report(
    gold: &[BTreeSet<&str>],
    predicted: &[BTreeSet<&str>],
    labels: &[String],
    thresholds: Vec<f64>,
) -> Result<MultiLabelReport, MetricsError> {
    check_lengths(gold.len(), predicted.len())?;
    let mut names: Vec<&str> = Vec::new();
    for label in labels {
        if !names.contains(&label.as_str()) {
            names.push(label);
        }
    }
    let known = names.len();
    let all: BTreeSet<&str> = gold.iter().flatten().copied().collect();
    names.extend(
        all.into_iter()
            .filter(|label| !labels.iter().any(|known| known == label)),
    );
    let count = |name: &str| {
        let mut counts = Counts::default();
        for (gold, predicted) in gold.iter().zip(predicted) {
            let (in_gold, in_predicted) = (gold.contains(name), predicted.contains(name));
            counts.gold += u64::from(in_gold);
            counts.predicted += u64::from(in_predicted);
            counts.right += u64::from(in_gold && in_predicted);
        }
        counts
    };
    let counts: Vec<Counts> = names.iter().map(|name| count(name)).collect();
    let sum = |of: fn(&Counts) -> u64| counts.iter().map(of).sum::<u64>();
    let (right, said, wanted) = (sum(|c| c.right), sum(|c| c.predicted), sum(|c| c.gold));
    let per_label: Vec<ClassMetrics> = names.iter().zip(&counts).map(metrics).collect();
    let exact = gold.iter().zip(predicted).filter(|(gold, predicted)| gold == predicted);
    Ok(MultiLabelReport {
        examples: gold.len() as u64,
        micro_f1: ratio(2 * right, said + wanted),
        macro_f1: per_label.iter().map(|label| label.f1).sum::<f64>() / per_label.len().max(1) as f64,
        micro_precision: ratio(right, said),
        micro_recall: ratio(right, wanted),
        exact_match: ratio(exact.count() as u64, gold.len() as u64),
        per_label,
        labels: labels.to_vec(),
        thresholds,
        unknown_labels: names[known..].iter().map(|&name| name.to_owned()).collect(),
    })
}

fn metrics((name, counts): (&&str, &Counts)) -> ClassMetrics {
    ClassMetrics {
        label: (*name).to_owned(),
        precision: ratio(counts.right, counts.predicted),
        recall: ratio(counts.right, counts.gold),
        f1: ratio(2 * counts.right, counts.predicted + counts.gold),
        support: counts.gold,
    }
}

/// The threshold on `scored` (probability, whether it is right to say so) that gives the best F1: half-way between two
/// probabilities. 0.5 where nothing is right.
pub fn best_threshold(mut scored: Vec<(f32, bool)>) -> f64 {
    let wanted = scored.iter().filter(|(_, right)| *right).count() as u64;
    scored.sort_by(|a, b| b.0.total_cmp(&a.0));
    let (mut best, mut threshold) = (0.0, 0.5);
    let mut right = 0;
    for (index, &(probability, is_right)) in scored.iter().enumerate() {
        right += u64::from(is_right);
        let next = scored.get(index + 1).map_or(0.0, |next| next.0);
        let f1 = ratio(2 * right, index as u64 + 1 + wanted);
        // Equal probabilities cannot be told apart.
        if next < probability && f1 > best {
            best = f1;
            threshold = (f64::from(probability) + f64::from(next)) / 2.0;
        }
    }
    threshold
}

impl fmt::Display for MultiLabelReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "examples         {:>7}", self.examples)?;
        writeln!(f, "micro F1         {:>7.4}", self.micro_f1)?;
        writeln!(f, "macro F1         {:>7.4}", self.macro_f1)?;
        writeln!(f, "micro precision  {:>7.4}", self.micro_precision)?;
        writeln!(f, "micro recall     {:>7.4}", self.micro_recall)?;
        writeln!(f, "exact match      {:>7.4}", self.exact_match)?;
        write_classes(f, &self.per_label)?;
        match &self.thresholds[..] {
            [first, rest @ ..] if rest.iter().all(|other| other == first) => {
                writeln!(f, "\nlabels are said from a probability of {first:.3} on")?;
            }
            thresholds => {
                writeln!(f, "\nlabels are said from these probabilities on")?;
                let names: Vec<String> = self.labels.iter().map(|label| printable(label)).collect();
                let widest = names.iter().map(|name| name.width()).max().unwrap_or(0);
                for (name, threshold) in names.iter().zip(thresholds) {
                    writeln!(f, "{}  {threshold:.3}", padded(name, widest))?;
                }
            }
        }
        if !self.unknown_labels.is_empty() {
            writeln!(
                f,
                "labels the model cannot say, all missed: {}",
                self.unknown_labels.join(", ")
            )?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sets<'a>(rows: &[&'a str]) -> Vec<BTreeSet<&'a str>> {
        rows.iter().map(|row| row.split_whitespace().collect()).collect()
    }

    #[test]
    fn scores_are_those_of_scikit_learn() {
        // f1_score(average="micro" and "macro", zero_division=0) over the indicator matrices of these sets.
        let labels = ["a", "b", "c", "d"].map(str::to_owned);
        let gold = sets(&["a b", "b", "", "c a"]);
        let predicted = sets(&["a", "b c", "", "a c"]);
        let report = multi_label_report(&gold, &predicted, &labels, vec![0.5; 4]).expect("valid");
        assert_eq!((report.micro_precision, report.micro_recall), (0.8, 0.8));
        assert!((report.micro_f1 - 0.8).abs() < 1e-12);
        let macro_f1 = (1.0 + 2.0 / 3.0 + 2.0 / 3.0 + 0.0) / 4.0;
        assert!((report.macro_f1 - macro_f1).abs() < 1e-12, "{}", report.macro_f1);
        assert_eq!(report.exact_match, 0.5);
        assert_eq!(report.unknown_labels, Vec::<String>::new());
    }

    #[test]
    fn labels_the_model_cannot_say_are_missed() {
        let labels = ["a".to_owned()];
        let report = multi_label_report(&sets(&["a x"]), &sets(&["a"]), &labels, vec![0.5]).expect("valid");
        assert_eq!(report.unknown_labels, ["x"]);
        assert_eq!((report.micro_recall, report.exact_match), (0.5, 0.0));
    }

    #[test]
    fn thresholds_stand_beside_their_labels() {
        let labels = ["喜び", "x"].map(str::to_owned);
        let report = |thresholds: [f64; 2]| {
            let report = multi_label_report(&sets(&["x y"]), &sets(&["x"]), &labels, thresholds.to_vec());
            report.expect("valid").to_string()
        };
        let printed = report([0.25, 0.5]);
        let expected =
            "\nlabels are said from these probabilities on\n喜び  0.250\nx     0.500\nlabels the model cannot";
        assert!(printed.contains(expected), "{printed}");
        assert!(report([0.5; 2]).contains("\nlabels are said from a probability of 0.500 on\n"));
    }

    #[test]
    fn the_best_threshold_parts_right_from_wrong() {
        let parted = best_threshold(vec![(0.2, false), (0.9, true), (0.3, true), (0.1, false)]);
        assert!((parted - 0.25).abs() < 1e-6, "{parted}");
        // Two of one probability are said together or not at all.
        let tied = best_threshold(vec![(0.4, true), (0.4, false), (0.1, false)]);
        assert!((tied - 0.25).abs() < 1e-6, "{tied}");
        assert_eq!(best_threshold(vec![(0.9, false)]), 0.5);
        assert_eq!(best_threshold(Vec::new()), 0.5);
    }
}
