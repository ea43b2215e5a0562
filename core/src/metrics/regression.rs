//! Scores numbers: Pearson's and Spearman's correlation, mean squared and mean absolute error.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{MetricsError, check_lengths, pearson, spearman};

/// How good predicted numbers are.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RegressionReport {
    /// How many examples were scored.
    pub examples: u64,
    /// Pearson's correlation, −1 to 1; 0 where either side does not vary.
    pub pearson: f64,
    /// Spearman's rank correlation; equal numbers share the mean of their ranks.
    pub spearman: f64,
    /// Mean squared error, in the data's units squared.
    pub mse: f64,
    /// Mean absolute error, in the data's units.
    pub mae: f64,
    /// Why the correlations, which are 0 then, are not defined; nothing where they are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub undefined: Option<String>,
}

/// Scores one predicted number an example.
///
/// # Errors
/// If there is nothing to score, or not one prediction for each gold number.
pub fn regression_report(gold: &[f64], predicted: &[f64]) -> Result<RegressionReport, MetricsError> {
    check_lengths(gold.len(), predicted.len())?;
    let mean = |error: fn(f64) -> f64| {
        let errors = gold
            .iter()
            .zip(predicted)
            .map(|(gold, predicted)| error(predicted - gold));
        errors.sum::<f64>() / gold.len() as f64
    };
    let varies = |numbers: &[f64]| numbers.iter().any(|number| *number != numbers[0]);
    let undefined = match (varies(gold), varies(predicted)) {
        (true, true) => None,
        (false, _) => Some("every gold number is the same"),
        (true, false) => Some("every predicted number is the same"),
    };
    Ok(RegressionReport {
        examples: gold.len() as u64,
        pearson: defined(pearson(gold, predicted)),
        spearman: defined(spearman(gold, predicted)),
        mse: mean(|error| error * error),
        mae: mean(f64::abs),
        undefined: undefined.map(str::to_owned),
    })
}

/// A correlation, 0 where there is none.
fn defined(correlation: f64) -> f64 {
    if correlation.is_nan() { 0.0 } else { correlation }
}

impl RegressionReport {
    /// A correlation as people read it.
    pub fn shown(&self, correlation: f64) -> String {
        match self.undefined {
            Some(_) => "not defined".to_owned(),
            None => format!("{correlation:.4}"),
        }
    }
}

impl fmt::Display for RegressionReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "examples             {:>12}", self.examples)?;
        writeln!(f, "Pearson              {:>12}", self.shown(self.pearson))?;
        writeln!(f, "Spearman             {:>12}", self.shown(self.spearman))?;
        writeln!(f, "mean squared error   {:>12.4}", self.mse)?;
        write!(f, "mean absolute error  {:>12.4}", self.mae)?;
        match &self.undefined {
            Some(reason) => write!(f, "\n\nthe correlations are not defined: {reason}"),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A few f64 in another order than numpy's.
    const TOLERANCE: f64 = 1e-12;

    #[test]
    fn correlations_are_those_of_scipy() {
        // scipy.stats.pearsonr and spearmanr of these two.
        let gold = [0.0, 1.5, 1.5, 4.0, 5.0, 2.25];
        let predicted = [0.5, 0.5, 2.0, 3.0, 6.0, -1.0];
        let report = regression_report(&gold, &predicted).expect("valid");
        assert!(
            (report.pearson - 0.771_547_809_528_888_8).abs() < TOLERANCE,
            "{}",
            report.pearson
        );
        assert!(
            (report.spearman - 0.602_941_176_470_588_3).abs() < TOLERANCE,
            "{}",
            report.spearman
        );
        assert!((report.mse - 2.343_75).abs() < TOLERANCE, "{}", report.mse);
        assert!(
            (report.mae - 1.208_333_333_333_333_3).abs() < TOLERANCE,
            "{}",
            report.mae
        );
    }

    #[test]
    fn numbers_stand_below_each_other() {
        let report = regression_report(&[100.0, 20.0, 3.0], &[1.0, 2.0, 3.0]).expect("valid");
        let text = report.to_string();
        let widths: Vec<usize> = text.lines().map(str::len).collect();
        assert_eq!(widths, [33; 5], "{text}");
    }

    #[test]
    fn what_does_not_vary_does_not_correlate() {
        let (rising, constant) = ([1.0, 2.0, 3.0], [2.0; 3]);
        for (gold, predicted, expected) in [
            (rising, constant, Some("every predicted number is the same")),
            (constant, rising, Some("every gold number is the same")),
            (rising, [0.0, 0.0, 1.0], None),
        ] {
            let report = regression_report(&gold, &predicted).expect("valid");
            assert_eq!(report.undefined.as_deref(), expected);
            assert_eq!(expected.is_some(), report.pearson == 0.0 && report.spearman == 0.0);
            let printed = report.to_string();
            assert_eq!(
                expected.is_some(),
                printed.contains("Pearson               not defined\n"),
                "{printed}"
            );
            assert_eq!(expected.is_some(), printed.contains("not defined: every"), "{printed}");
        }
        assert_eq!(regression_report(&[], &[]), Err(MetricsError::NoExamples));
    }
}
