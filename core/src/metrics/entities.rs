//! Scores named spans as seqeval 1.2.2 does by default: a span counts where start, end and type are right.
//!
//! What the positions count (words, pieces, characters) does not matter here. A division by zero counts as 0.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::{Deserialize, Serialize};

use super::table::{counted, write_classes};
use super::{ClassMetrics, MetricsError, check_lengths, ratio};
use crate::bio::Entity;

/// How good predicted entities are. All scores are fractions of 1.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EntityReport {
    /// How many texts were scored.
    pub examples: u64,
    /// How many entities they have.
    pub entities: u64,
    /// How many were predicted.
    pub predicted_entities: u64,
    /// The part of the predicted entities that is right.
    pub precision: f64,
    /// The part of the gold entities that is found.
    pub recall: f64,
    /// The harmonic mean of both: seqeval's `f1_score`.
    pub f1: f64,
    /// The plain mean of the types' precision.
    pub macro_precision: f64,
    /// The plain mean of the types' recall.
    pub macro_recall: f64,
    /// The plain mean of the types' F1.
    pub macro_f1: f64,
    /// The mean of the types' precision weighted by support.
    pub weighted_precision: f64,
    /// The mean of the types' recall weighted by support.
    pub weighted_recall: f64,
    /// The mean of the types' F1 weighted by support.
    pub weighted_f1: f64,
    /// Scores of each type that is gold or predicted, in the order of their characters.
    pub per_type: Vec<ClassMetrics>,
    /// Gold entities that begin with an `I-` tag, read as a `B-`.
    pub repaired_gold: u64,
    /// Predicted entities that begin with an `I-` tag, read as a `B-`.
    pub repaired_predicted: u64,
    /// Gold entities that no prediction could hit, because the tokenizer cuts the text elsewhere or the text was cut off; they
    /// count as missed.
    pub unreachable: u64,
    /// How many of those stand behind the end of what the model read of their text.
    #[serde(default)]
    pub cut_off: u64,
    /// Types of gold entities that the model cannot say; each entity counts as missed.
    #[serde(default)]
    pub unknown_labels: Vec<String>,
}

/// Counts of one type.
#[derive(Clone, Copy, Default)]
struct Counts {
    right: u64,
    predicted: u64,
    gold: u64,
}

impl Counts {
    fn metrics(self, label: &str) -> ClassMetrics {
        let (precision, recall) = (ratio(self.right, self.predicted), ratio(self.right, self.gold));
        ClassMetrics {
            label: label.to_owned(),
            precision,
            recall,
            f1: ratio(2 * self.right, self.predicted + self.gold),
            support: self.gold,
        }
    }
}

/// Scores the entities predicted for each text against its gold ones. What was repaired, unreachable and unknown is left at 0.
///
/// # Errors
/// If there is nothing to score, or not one prediction for each text.
pub fn entity_report(gold: &[Vec<Entity>], predicted: &[Vec<Entity>]) -> Result<EntityReport, MetricsError> {
    check_lengths(gold.len(), predicted.len())?;
    let mut types: BTreeMap<&str, Counts> = BTreeMap::new();
    for (gold, predicted) in gold.iter().zip(predicted) {
        let gold: BTreeSet<&Entity> = gold.iter().collect();
        let predicted: BTreeSet<&Entity> = predicted.iter().collect();
        for entity in &gold {
            types.entry(entity.entity_type).or_default().gold += 1;
        }
        for entity in predicted {
            let counts = types.entry(entity.entity_type).or_default();
            counts.predicted += 1;
            counts.right += u64::from(gold.contains(entity));
        }
    }
    let mut all = Counts::default();
    for counts in types.values() {
        all.right += counts.right;
        all.predicted += counts.predicted;
        all.gold += counts.gold;
    }
    let per_type: Vec<ClassMetrics> = types.iter().map(|(label, counts)| counts.metrics(label)).collect();
    let mean = |value: fn(&ClassMetrics) -> f64| {
        let sum: f64 = per_type.iter().map(value).sum();
        sum / per_type.len().max(1) as f64
    };
    let weighted = |value: fn(&ClassMetrics) -> f64| {
        let sum: f64 = per_type
            .iter()
            .map(|metrics| value(metrics) * metrics.support as f64)
            .sum();
        sum / all.gold.max(1) as f64
    };
    let micro = all.metrics("");
    Ok(EntityReport {
        examples: gold.len() as u64,
        entities: all.gold,
        predicted_entities: all.predicted,
        precision: micro.precision,
        recall: micro.recall,
        f1: micro.f1,
        macro_precision: mean(|metrics| metrics.precision),
        macro_recall: mean(|metrics| metrics.recall),
        macro_f1: mean(|metrics| metrics.f1),
        weighted_precision: weighted(|metrics| metrics.precision),
        weighted_recall: weighted(|metrics| metrics.recall),
        weighted_f1: weighted(|metrics| metrics.f1),
        per_type,
        repaired_gold: 0,
        repaired_predicted: 0,
        unreachable: 0,
        cut_off: 0,
        unknown_labels: Vec::new(),
    })
}

impl fmt::Display for EntityReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "examples     {:>7}", self.examples)?;
        writeln!(f, "entities     {:>7}", self.entities)?;
        writeln!(f, "predicted    {:>7}", self.predicted_entities)?;
        writeln!(f, "precision    {:>7.4}", self.precision)?;
        writeln!(f, "recall       {:>7.4}", self.recall)?;
        writeln!(f, "F1           {:>7.4}", self.f1)?;
        writeln!(f, "macro F1     {:>7.4}", self.macro_f1)?;
        writeln!(f, "weighted F1  {:>7.4}", self.weighted_f1)?;
        write_classes(f, &self.per_type)?;
        let gold = ["gold entity", "gold entities"];
        let gold_begins = ["gold entity begins", "gold entities begin"];
        let predicted_begins = ["predicted entity begins", "predicted entities begin"];
        let repaired = "with an I- tag, which was read as a B-";
        for (count, which, what) in [
            (self.repaired_gold, gold_begins, repaired),
            (self.repaired_predicted, predicted_begins, repaired),
            (self.cut_off, gold, "cannot be predicted: the text was cut off earlier"),
            (
                self.unreachable.saturating_sub(self.cut_off),
                gold,
                "cannot be predicted: the tokenizer cuts the text elsewhere",
            ),
        ] {
            if count > 0 {
                writeln!(f, "\n{} {what}", counted(count, which))?;
            }
        }
        if !self.unknown_labels.is_empty() {
            let types = self.unknown_labels.join(", ");
            writeln!(
                f,
                "\ntypes of gold entities that the model cannot say, all missed: {types}"
            )?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bio::{Tag, entities};

    /// Sums of a few dozen f64 in another order than numpy's.
    const TOLERANCE: f64 = 1e-12;

    #[derive(Deserialize)]
    struct Case {
        name: String,
        gold: Vec<String>,
        predicted: Vec<String>,
        precision: f64,
        recall: f64,
        f1: f64,
        types: Vec<(String, [f64; 3], u64)>,
        macro_average: [f64; 3],
        weighted_average: [f64; 3],
        /// Type, number of the sentence, first and last word of each gold entity.
        entities: Vec<(String, usize, usize, usize)>,
    }

    fn read(sentences: &[String]) -> Vec<Vec<Entity<'_>>> {
        sentences
            .iter()
            .map(|sentence| entities(sentence.split_whitespace().map(|tag| Tag::parse(tag).expect(tag))).0)
            .collect()
    }

    #[test]
    fn scores_are_those_of_seqeval() {
        let cases = include_str!("../../../tests/fixtures/entities.json");
        let cases: Vec<Case> = serde_json::from_str(cases).expect("the fixture is valid");
        assert_eq!(cases.len(), 12);
        for case in cases {
            let (gold, predicted) = (read(&case.gold), read(&case.predicted));
            let found: Vec<_> = (0..)
                .zip(&gold)
                .flat_map(|(number, entities)| entities.iter().map(move |entity| (number, entity)))
                .map(|(number, entity)| (entity.entity_type.to_owned(), number, entity.start, entity.end - 1))
                .collect();
            assert_eq!(found, case.entities, "{}", case.name);
            let report = entity_report(&gold, &predicted).expect("valid");
            let close = |what: &str, found: &[f64], expected: &[f64]| {
                let near = found.iter().zip(expected).all(|(a, b)| (a - b).abs() < TOLERANCE);
                assert!(near, "{}: {what} {found:?}, expected {expected:?}", case.name);
            };
            let all = |metrics: &ClassMetrics| [metrics.precision, metrics.recall, metrics.f1];
            close(
                "all",
                &[report.precision, report.recall, report.f1],
                &[case.precision, case.recall, case.f1],
            );
            let macros = [report.macro_precision, report.macro_recall, report.macro_f1];
            close("macro", &macros, &case.macro_average);
            let weighted = [report.weighted_precision, report.weighted_recall, report.weighted_f1];
            close("weighted", &weighted, &case.weighted_average);
            assert_eq!(report.per_type.len(), case.types.len(), "{}", case.name);
            for (metrics, (label, scores, support)) in report.per_type.iter().zip(&case.types) {
                assert_eq!((&metrics.label, metrics.support), (label, *support), "{}", case.name);
                close(label, &all(metrics), scores);
            }
        }
    }

    fn span(start: usize, end: usize, entity_type: &str) -> Entity<'_> {
        Entity {
            start,
            end,
            entity_type,
        }
    }

    #[test]
    fn spans_count_where_start_end_and_type_are_right() {
        let gold = [vec![span(0, 3, "x"), span(5, 9, "y")], vec![]];
        let predicted = [
            vec![span(0, 3, "x"), span(5, 8, "y"), span(10, 12, "x")],
            vec![span(0, 3, "x")],
        ];
        let report = entity_report(&gold, &predicted).expect("valid");
        assert_eq!((report.entities, report.predicted_entities), (2, 4));
        assert_eq!((report.precision, report.recall), (0.25, 0.5));
        assert_eq!(report.per_type[1].f1, 0.0);
        assert_eq!(entity_report(&[], &[]), Err(MetricsError::NoExamples));
        let lengths = MetricsError::Lengths { gold: 2, predicted: 1 };
        assert_eq!(entity_report(&gold, &predicted[..1]), Err(lengths));
    }

    #[test]
    fn the_table_says_what_was_repaired() {
        let gold = [vec![span(0, 1, "人名")]];
        let mut report = entity_report(&gold, &gold).expect("valid");
        report.unreachable = 3;
        let printed = report.to_string();
        assert!(
            printed.contains("\n人名      1.0000  1.0000  1.0000        1\n"),
            "{printed}"
        );
        assert!(
            printed.contains("\n3 gold entities cannot be predicted: the tokenizer"),
            "{printed}"
        );
        report.cut_off = 2;
        let printed = report.to_string();
        assert!(
            printed.contains("\n2 gold entities cannot be predicted: the text was cut off"),
            "{printed}"
        );
        assert!(
            printed.contains("\n1 gold entity cannot be predicted: the tokenizer"),
            "{printed}"
        );
        assert!(!printed.contains("I- tag"), "{printed}");
    }
}
