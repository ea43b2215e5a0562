//! Scores predictions the way scikit-learn does: accuracy, F1, Matthews correlation, per class, confusion matrix; sets of
//! labels in `multi_label`, numbers in `regression`, named spans in `entities`, answers in `answers`,
//! guessed words in `language`.
//!
//! A division by zero counts as 0. Gold labels the model cannot say are classes of their own and always wrong.
//! Labels that have the same name, as after a label map, are one class. `table` prints the report; `correlation`
//! is for scores.

mod answers;
mod correlation;
mod entities;
mod language;
mod multi_label;
mod regression;
mod table;

use std::collections::{BTreeSet, HashMap};

use serde::{Deserialize, Serialize};

pub use answers::{AnswerReport, AnswerScores, answer_report, answer_scores};
pub use correlation::{cosine, pearson, spearman};
pub use entities::{EntityReport, entity_report};
pub use language::LanguageReport;
pub use multi_label::{MultiLabelReport, best_threshold, multi_label_report};
pub use regression::{RegressionReport, regression_report};
#[cfg(feature = "compute")]
pub(crate) use table::counted;

/// The true label of one example.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum GoldLabel {
    /// A position in the model's labels.
    Known(usize),
    /// A label the model cannot say.
    Unknown(String),
}

/// Looks gold labels up among those the model can say.
pub fn gold_labels<'a>(gold: impl IntoIterator<Item = &'a str>, labels: &[String]) -> Vec<GoldLabel> {
    // Reversed, so that the first of several equal labels stays.
    let positions: HashMap<&str, usize> = labels
        .iter()
        .enumerate()
        .rev()
        .map(|(index, label)| (label.as_str(), index))
        .collect();
    let look_up = |label: &str| match positions.get(label) {
        Some(index) => GoldLabel::Known(*index),
        None => GoldLabel::Unknown(label.to_owned()),
    };
    gold.into_iter().map(look_up).collect()
}

/// Why predictions cannot be scored.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MetricsError {
    /// There is nothing to score.
    #[error("no examples to score")]
    NoExamples,
    /// Not one prediction for each gold label.
    #[error("{gold} gold labels but {predicted} predictions")]
    Lengths {
        /// Gold labels.
        gold: usize,
        /// Predictions.
        predicted: usize,
    },
    /// A position beyond the model's labels.
    #[error("label number {index} of a model with {labels} labels")]
    LabelNumber {
        /// 0-based position.
        index: usize,
        /// How many labels the model has.
        labels: usize,
    },
    /// More classes than a confusion matrix is made for; most often the wrong column was read.
    #[error("{found} different labels, at most {limit} can be scored; is the label column the right one?")]
    TooManyLabels {
        /// Labels of the model and of the data together.
        found: usize,
        /// The most there may be.
        limit: usize,
    },
}

/// The most classes of a report: its matrix then takes 128 MiB.
const MOST_LABELS: usize = 4096;

/// How good the predictions for a set of examples are. All scores are fractions of 1.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ClassificationReport {
    /// How many examples were scored.
    pub examples: u64,
    /// The part of them that is right.
    pub accuracy: f64,
    /// The plain mean of F1 over the labels that occur as gold or prediction.
    pub macro_f1: f64,
    /// The mean of F1 weighted by support.
    pub weighted_f1: f64,
    /// Matthews correlation coefficient for any number of classes, −1 to 1.
    pub mcc: f64,
    /// Scores of each label, in the order of `labels`.
    pub per_class: Vec<ClassMetrics>,
    /// The model's labels, then the gold labels it cannot say in the order of their characters.
    pub labels: Vec<String>,
    /// `[gold][predicted]` counts, both in the order of `labels`.
    pub confusion_matrix: Vec<Vec<u64>>,
    /// Gold labels the model cannot say; their examples count as wrong.
    pub unknown_labels: Vec<String>,
}

/// Scores of one label.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ClassMetrics {
    /// The label.
    pub label: String,
    /// The part of its predictions that is right.
    pub precision: f64,
    /// The part of its examples that is found.
    pub recall: f64,
    /// The harmonic mean of both.
    pub f1: f64,
    /// How many examples have it as gold label.
    pub support: u64,
}

/// Refuses to score nothing, or not one prediction for each example.
fn check_lengths(gold: usize, predicted: usize) -> Result<(), MetricsError> {
    if gold != predicted {
        return Err(MetricsError::Lengths { gold, predicted });
    }
    if gold == 0 {
        return Err(MetricsError::NoExamples);
    }
    Ok(())
}

/// Scores one prediction an example; `predicted` and known gold labels are positions in the model's `labels`.
pub fn classification_report(
    gold: &[GoldLabel],
    predicted: &[usize],
    labels: &[String],
) -> Result<ClassificationReport, MetricsError> {
    check_lengths(gold.len(), predicted.len())?;
    let classes = Classes::new(gold, labels);
    let count = classes.names.len();
    if count > MOST_LABELS {
        return Err(MetricsError::TooManyLabels {
            found: count,
            limit: MOST_LABELS,
        });
    }
    let mut matrix = vec![vec![0; count]; count];
    for (gold, predicted) in gold.iter().zip(predicted) {
        let row = match gold {
            GoldLabel::Known(index) => classes.of_model(*index)?,
            GoldLabel::Unknown(name) => classes.by_name[name.as_str()],
        };
        matrix[row][classes.of_model(*predicted)?] += 1;
    }
    let names: Vec<String> = classes.names.iter().map(|name| (*name).to_owned()).collect();
    Ok(score(names, classes.model_count, matrix))
}

/// Class numbers: one for each distinct name.
struct Classes<'a> {
    names: Vec<&'a str>,
    by_name: HashMap<&'a str, usize>,
    /// The classes before this one are those of the model.
    model_count: usize,
    /// The class of each of the model's labels.
    of_labels: Vec<usize>,
}

impl<'a> Classes<'a> {
    fn new(gold: &'a [GoldLabel], labels: &'a [String]) -> Self {
        let mut classes = Self {
            names: Vec::new(),
            by_name: HashMap::new(),
            model_count: 0,
            of_labels: Vec::new(),
        };
        for label in labels {
            let class = classes.class(label);
            classes.of_labels.push(class);
        }
        classes.model_count = classes.names.len();
        let unknown: BTreeSet<&str> = gold
            .iter()
            .filter_map(|gold| match gold {
                GoldLabel::Known(_) => None,
                GoldLabel::Unknown(name) => Some(name.as_str()),
            })
            .collect();
        for name in unknown {
            classes.class(name);
        }
        classes
    }

    /// The class of a name, new if need be.
    fn class(&mut self, name: &'a str) -> usize {
        let next = self.names.len();
        let class = *self.by_name.entry(name).or_insert(next);
        if class == next {
            self.names.push(name);
        }
        class
    }

    fn of_model(&self, index: usize) -> Result<usize, MetricsError> {
        let labels = self.of_labels.len();
        self.of_labels
            .get(index)
            .copied()
            .ok_or(MetricsError::LabelNumber { index, labels })
    }
}

fn score(labels: Vec<String>, model_count: usize, matrix: Vec<Vec<u64>>) -> ClassificationReport {
    let gold: Vec<u64> = matrix.iter().map(|row| row.iter().sum()).collect();
    let predicted: Vec<u64> = (0..labels.len())
        .map(|column| matrix.iter().map(|row| row[column]).sum())
        .collect();
    let correct: Vec<u64> = (0..labels.len()).map(|class| matrix[class][class]).collect();
    let per_class: Vec<ClassMetrics> = (0..labels.len())
        .map(|class| ClassMetrics {
            label: labels[class].clone(),
            precision: ratio(correct[class], predicted[class]),
            recall: ratio(correct[class], gold[class]),
            f1: ratio(2 * correct[class], predicted[class] + gold[class]),
            support: gold[class],
        })
        .collect();
    let examples: u64 = gold.iter().sum();
    let occurs = |class: &usize| gold[*class] + predicted[*class] > 0;
    let occurring: Vec<f64> = (0..labels.len())
        .filter(occurs)
        .map(|class| per_class[class].f1)
        .collect();
    let weighted: f64 = per_class.iter().map(|class| class.f1 * class.support as f64).sum();
    ClassificationReport {
        examples,
        accuracy: ratio(correct.iter().sum(), examples),
        macro_f1: occurring.iter().sum::<f64>() / occurring.len() as f64,
        weighted_f1: weighted / examples as f64,
        mcc: matthews_correlation(&gold, &predicted, correct.iter().sum()),
        per_class,
        unknown_labels: labels[model_count..].to_vec(),
        labels,
        confusion_matrix: matrix,
    }
}

fn ratio(part: u64, whole: u64) -> f64 {
    if whole == 0 { 0.0 } else { part as f64 / whole as f64 }
}

/// Gorodkin's R_K from the sums of the matrix's rows, columns and diagonal; 0 where only one class is said or true.
fn matthews_correlation(gold: &[u64], predicted: &[u64], correct: u64) -> f64 {
    let dot = |left: &[u64], right: &[u64]| -> f64 {
        left.iter()
            .zip(right)
            .map(|(left, right)| *left as f64 * *right as f64)
            .sum()
    };
    let examples: u64 = gold.iter().sum();
    let squared = examples as f64 * examples as f64;
    let both = correct as f64 * examples as f64 - dot(gold, predicted);
    let spread = (squared - dot(gold, gold)) * (squared - dot(predicted, predicted));
    if spread == 0.0 { 0.0 } else { both / spread.sqrt() }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Sums of a few dozen f64 in another order than numpy's.
    const TOLERANCE: f64 = 1e-12;

    #[derive(Deserialize)]
    struct Case {
        name: String,
        labels: Vec<String>,
        gold: Vec<String>,
        predicted: Vec<usize>,
        all_labels: Vec<String>,
        accuracy: f64,
        macro_f1: f64,
        weighted_f1: f64,
        mcc: f64,
        precision: Vec<f64>,
        recall: Vec<f64>,
        f1: Vec<f64>,
        support: Vec<u64>,
        confusion_matrix: Vec<Vec<u64>>,
    }

    fn owned(labels: &[&str]) -> Vec<String> {
        labels.iter().map(|label| (*label).to_owned()).collect()
    }

    pub(super) fn report(gold: &[&str], predicted: &[usize], labels: &[&str]) -> ClassificationReport {
        let labels = owned(labels);
        let gold = gold_labels(gold.iter().copied(), &labels);
        classification_report(&gold, predicted, &labels).expect("the test's input is valid")
    }

    #[test]
    fn scores_are_those_of_scikit_learn() {
        let cases = include_str!("../../../tests/fixtures/metrics.json");
        let cases: Vec<Case> = serde_json::from_str(cases).expect("the fixture is valid");
        assert_eq!(cases.len(), 9);
        for case in cases {
            let gold = gold_labels(case.gold.iter().map(String::as_str), &case.labels);
            let report = classification_report(&gold, &case.predicted, &case.labels).expect("valid");
            let close = |what: &str, found: f64, expected: f64| {
                assert!(
                    (found - expected).abs() < TOLERANCE,
                    "{}: {what} {found}, expected {expected}",
                    case.name
                );
            };
            close("accuracy", report.accuracy, case.accuracy);
            close("macro F1", report.macro_f1, case.macro_f1);
            close("weighted F1", report.weighted_f1, case.weighted_f1);
            close("MCC", report.mcc, case.mcc);
            assert_eq!(report.labels, case.all_labels, "{}", case.name);
            assert_eq!(
                report.unknown_labels,
                case.all_labels[case.labels.len()..],
                "{}",
                case.name
            );
            assert_eq!(report.confusion_matrix, case.confusion_matrix, "{}", case.name);
            assert_eq!(report.per_class.len(), case.support.len());
            for (index, class) in report.per_class.iter().enumerate() {
                close("precision", class.precision, case.precision[index]);
                close("recall", class.recall, case.recall[index]);
                close("F1", class.f1, case.f1[index]);
                assert_eq!(class.support, case.support[index], "{}", case.name);
            }
        }
    }

    #[test]
    fn labels_with_one_name_are_one_class() {
        let merged = report(&["1", "-1", "-1", "0"], &[0, 1, 2, 2], &["1", "-1", "-1"]);
        assert_eq!(merged.labels, ["1", "-1", "0"]);
        assert_eq!(merged.confusion_matrix, [[1, 0, 0], [0, 2, 0], [0, 1, 0]]);
        assert_eq!((merged.accuracy, merged.unknown_labels), (0.75, owned(&["0"])));
    }

    #[test]
    fn impossible_input_is_an_error() {
        let labels = owned(&["a", "b"]);
        let known = |index| vec![GoldLabel::Known(index)];
        assert_eq!(classification_report(&[], &[], &labels), Err(MetricsError::NoExamples));
        let lengths = MetricsError::Lengths { gold: 1, predicted: 2 };
        assert_eq!(classification_report(&known(0), &[0, 1], &labels), Err(lengths));
        let number = MetricsError::LabelNumber { index: 2, labels: 2 };
        assert_eq!(classification_report(&known(0), &[2], &labels), Err(number.clone()));
        assert_eq!(classification_report(&known(2), &[0], &labels), Err(number));
        let many: Vec<GoldLabel> = (0..5000).map(|id| GoldLabel::Unknown(format!("id{id}"))).collect();
        let error = classification_report(&many, &[0; 5000], &labels);
        assert_eq!(
            error,
            Err(MetricsError::TooManyLabels {
                found: 5002,
                limit: MOST_LABELS
            })
        );
    }

    #[test]
    fn the_report_survives_json() {
        let report = report(&["a", "c"], &[0, 1], &["a", "b"]);
        let json = serde_json::to_string(&report).expect("serialisable");
        assert_eq!(
            serde_json::from_str::<ClassificationReport>(&json).expect("valid"),
            report
        );
    }
}
