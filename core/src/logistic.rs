//! Fits a multinomial logistic regression with an L2 penalty: the probe that is put on frozen features.
//!
//! The same problem as scikit-learn's `LogisticRegression(C=1/l2)`: intercepts go free, and two classes are told apart by one
//! vector. Work of the host on `f64`, by argmin's L-BFGS; nothing is drawn, so a fit repeats itself.

use std::cell::{RefCell, RefMut};

use argmin::core::{CostFunction, Error, Executor, Gradient, State};
use argmin::solver::linesearch::MoreThuenteLineSearch;
use argmin::solver::quasinewton::LBFGS;

/// What is fitted.
#[derive(Debug, Clone, Copy)]
pub struct Problem<'a> {
    /// `[examples][features]`, finite.
    pub features: &'a [Vec<f32>],
    /// The class of each example, below `num_classes`.
    pub classes: &'a [usize],
    /// How much each example counts.
    pub weights: &'a [f64],
    /// Classes.
    pub num_classes: usize,
    /// Weight of half the squared length of the coefficients, against the sum of the examples' losses.
    pub l2: f64,
    /// Steps after which the solver gives up.
    pub max_iterations: usize,
}

/// A fitted model.
#[derive(Debug, Clone, PartialEq)]
pub struct Fit {
    /// `[classes][features]`
    pub coefficients: Vec<Vec<f64>>,
    /// One a class.
    pub intercepts: Vec<f64>,
    /// Weighted mean of the examples' cross-entropy, without the penalty.
    pub loss: f64,
    /// Steps of the solver.
    pub iterations: usize,
    /// The largest part of the gradient at the end, with features divided by the largest.
    pub gradient: f64,
    /// Whether it is small enough.
    pub converged: bool,
}

/// The largest part of the gradient, of the weighted mean over the examples, at which the solver is done. scikit-learn stops at
/// 1e-4; far below 1e-6 the objective does not change any more in `f64`.
const TOLERANCE: f64 = 1e-6;
/// Steps that the solver remembers.
const MEMORY: usize = 10;
/// The intercept of a class that no example has: its probability is 0 in `f32`.
const NEVER: f64 = -100.0;

/// Why there is no fit.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum LogisticError {
    /// Fewer than two classes with examples that count.
    #[error("the examples that count are of {found} class; a logistic regression needs at least two")]
    OneClass {
        /// How many there are.
        found: usize,
    },
    /// A feature that is no number.
    #[error("feature {feature} of example {example} is {value}")]
    NotFinite {
        /// The example, from 0.
        example: usize,
        /// The feature, from 0.
        feature: usize,
        /// What it is.
        value: f32,
    },
    /// The solver found no way at all.
    #[error("the solver gives up ({reason}); choose another --probe-l2")]
    Solver {
        /// What it says.
        reason: String,
    },
}

/// Fits the classes that examples have; others are never said.
///
/// # Errors
/// If there are not two classes, or a feature is not finite.
pub fn fit(problem: &Problem) -> Result<Fit, LogisticError> {
    problem.check()?;
    let seen = problem.seen();
    let number = |class: &usize| seen.iter().position(|seen| seen == class).unwrap_or_default();
    let classes: Vec<usize> = problem.classes.iter().map(number).collect();
    let scale = problem.scale();
    let features: Vec<Vec<f32>> = problem.features.iter().map(|row| scaled(row, scale)).collect();
    let dense = Problem {
        features: &features,
        classes: &classes,
        num_classes: seen.len(),
        l2: problem.l2 / (scale * scale),
        ..*problem
    };
    let width = problem.features.first().map_or(0, Vec::len);
    let (values, iterations, gradient) = dense.minimize(width + 1)?;
    let mut fit = Fit {
        coefficients: vec![vec![0.0; width]; problem.num_classes],
        intercepts: vec![NEVER; problem.num_classes],
        loss: dense.objective(&values, &mut vec![0.0; values.len()]) - dense.penalty(&values),
        iterations,
        gradient,
        converged: gradient < TOLERANCE,
    };
    for (row, class) in values.chunks(width + 1).zip(seen) {
        let (coefficients, intercept) = row.split_at(width);
        fit.coefficients[class] = coefficients.iter().map(|value| value / scale).collect();
        fit.intercepts[class] = intercept[0];
    }
    Ok(fit)
}

/// What argmin asks for loss and gradient one after the other: the last of both is kept.
struct Objective<'a> {
    problem: &'a Problem<'a>,
    last: RefCell<Evaluated>,
}

/// Values, their loss, and its gradient.
#[derive(Default)]
struct Evaluated {
    values: Vec<f64>,
    loss: f64,
    gradient: Vec<f64>,
}

impl Objective<'_> {
    fn at(&self, values: &[f64]) -> RefMut<'_, Evaluated> {
        let mut last = self.last.borrow_mut();
        if last.values != values {
            let mut gradient = vec![0.0; values.len()];
            let loss = self.problem.objective(values, &mut gradient);
            *last = Evaluated {
                values: values.to_vec(),
                loss,
                gradient,
            };
        }
        last
    }
}

impl CostFunction for Objective<'_> {
    type Param = Vec<f64>;
    type Output = f64;

    fn cost(&self, values: &Vec<f64>) -> Result<f64, Error> {
        Ok(self.at(values).loss)
    }
}

impl Gradient for Objective<'_> {
    type Param = Vec<f64>;
    type Gradient = Vec<f64>;

    fn gradient(&self, values: &Vec<f64>) -> Result<Vec<f64>, Error> {
        Ok(self.at(values).gradient.clone())
    }
}

impl Problem<'_> {
    fn check(&self) -> Result<(), LogisticError> {
        let found = self.seen().len();
        if found < 2 {
            return Err(LogisticError::OneClass { found });
        }
        for (example, features) in self.features.iter().enumerate() {
            if let Some(feature) = features.iter().position(|value| !value.is_finite()) {
                let value = features[feature];
                return Err(LogisticError::NotFinite {
                    example,
                    feature,
                    value,
                });
            }
        }
        Ok(())
    }

    /// The power of two that is at least the largest feature: divided by it, features of any size make the same problem.
    fn scale(&self) -> f64 {
        let features = self.features.iter().flatten();
        let largest = features.fold(0.0f32, |most, value| most.max(value.abs()));
        if largest > 0.0 {
            f64::from(largest).log2().ceil().exp2()
        } else {
            1.0
        }
    }

    /// The classes of examples that count, in order.
    fn seen(&self) -> Vec<usize> {
        let counting = self
            .classes
            .iter()
            .zip(self.weights)
            .filter(|(_, weight)| **weight > 0.0);
        let mut seen: Vec<usize> = counting.map(|(class, _)| *class).collect();
        seen.sort_unstable();
        seen.dedup();
        seen
    }

    /// The best values, `[classes][features and intercept]`, the steps taken, and the largest part of the gradient there.
    fn minimize(&self, stride: usize) -> Result<(Vec<f64>, usize, f64), LogisticError> {
        let start = vec![0.0; self.num_classes * stride];
        let (values, iterations) = self.descend(&start).map_err(|error| LogisticError::Solver {
            reason: error.to_string(),
        })?;
        let mut gradient = vec![0.0; values.len()];
        self.objective(&values, &mut gradient);
        let largest = gradient.iter().fold(0.0f64, |most, part| most.max(part.abs()));
        Ok((values, iterations, largest))
    }

    /// Where the solver gets to from `start`, and in how many steps. It ends where the gradient's length, which is never below
    /// its largest part, is small enough, or where the loss stays what it is.
    fn descend(&self, start: &[f64]) -> Result<(Vec<f64>, usize), Error> {
        let solver = LBFGS::new(MoreThuenteLineSearch::new(), MEMORY).with_tolerance_grad(TOLERANCE)?;
        let objective = Objective {
            problem: self,
            last: RefCell::default(),
        };
        let most = self.max_iterations as u64;
        let run = Executor::new(objective, solver)
            .configure(|state| state.param(start.to_vec()).max_iters(most))
            .run()?;
        let iterations = run.state.get_iter() as usize;
        let values = run
            .state
            .get_best_param()
            .cloned()
            .ok_or_else(|| Error::msg("no parameters"))?;
        Ok((values, iterations))
    }

    /// What the penalty adds to the mean loss. Two classes have two opposite vectors of half the length here: twice the weight
    /// makes that the penalty of one vector.
    fn penalty(&self, values: &[f64]) -> f64 {
        let stride = values.len() / self.num_classes;
        let coefficients = values.chunks(stride).flat_map(|row| &row[..stride - 1]);
        self.penalty_weight() / 2.0 * coefficients.map(|value| value * value).sum::<f64>()
    }

    fn penalty_weight(&self) -> f64 {
        let vectors = if self.num_classes == 2 { 2.0 } else { 1.0 };
        vectors * self.l2 / self.weights.iter().sum::<f64>()
    }

    /// The mean loss with its penalty at `values`, and its gradient.
    fn objective(&self, values: &[f64], gradient: &mut [f64]) -> f64 {
        let stride = values.len() / self.num_classes;
        let width = stride - 1;
        let total: f64 = self.weights.iter().sum();
        let penalty = self.penalty_weight();
        for (row, own) in gradient.chunks_mut(stride).zip(values.chunks(stride)) {
            row[width] = 0.0;
            for (part, value) in row[..width].iter_mut().zip(own) {
                *part = penalty * value;
            }
        }
        let mut sum = self.penalty(values);
        let mut logits = vec![0.0; self.num_classes];
        for ((features, &class), weight) in self.features.iter().zip(self.classes).zip(self.weights) {
            for (logit, row) in logits.iter_mut().zip(values.chunks(stride)) {
                *logit = row[width] + dot(&row[..width], features);
            }
            let weight = weight / total;
            sum += weight * softmax_loss(&mut logits, class);
            for (number, (probability, row)) in logits.iter().zip(gradient.chunks_mut(stride)).enumerate() {
                let error = weight * (probability - f64::from(u8::from(number == class)));
                row[width] += error;
                for (part, feature) in row[..width].iter_mut().zip(features) {
                    *part += error * f64::from(*feature);
                }
            }
        }
        sum
    }
}

/// Exact, since `scale` is a power of two.
fn scaled(row: &[f32], scale: f64) -> Vec<f32> {
    row.iter().map(|value| (f64::from(*value) / scale) as f32).collect()
}

fn dot(coefficients: &[f64], features: &[f32]) -> f64 {
    let products = coefficients.iter().zip(features).map(|(a, b)| a * f64::from(*b));
    products.sum()
}

/// Turns logits into probabilities; gives the cross-entropy of `class`.
fn softmax_loss(logits: &mut [f64], class: usize) -> f64 {
    let highest = logits.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let own = logits[class];
    let mut sum = 0.0;
    for logit in logits.iter_mut() {
        *logit = (*logit - highest).exp();
        sum += *logit;
    }
    for logit in logits.iter_mut() {
        *logit /= sum;
    }
    sum.ln() + highest - own
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    /// Of probabilities: scikit-learn's own solver stops at a gradient of 1e-8 here, ours at 1e-6.
    const TOLERANCE: f64 = 1e-3;

    #[derive(Deserialize)]
    struct Case {
        name: String,
        features: Vec<Vec<f32>>,
        classes: Vec<usize>,
        weights: Vec<f64>,
        num_classes: usize,
        l2: f64,
        probabilities: Vec<Vec<f64>>,
    }

    impl Case {
        fn problem(&self) -> Problem<'_> {
            Problem {
                features: &self.features,
                classes: &self.classes,
                weights: &self.weights,
                num_classes: self.num_classes,
                l2: self.l2,
                max_iterations: 1000,
            }
        }
    }

    fn cases() -> Vec<Case> {
        let fixture: serde_json::Value =
            serde_json::from_str(include_str!("../../tests/fixtures/features.json")).expect("JSON");
        serde_json::from_value(fixture["logistic"].clone()).expect("the fixture is valid")
    }

    fn probabilities(fit: &Fit, features: &[f32]) -> Vec<f64> {
        let rows = fit.coefficients.iter().zip(&fit.intercepts);
        let mut logits: Vec<f64> = rows.map(|(row, intercept)| intercept + dot(row, features)).collect();
        softmax_loss(&mut logits, 0);
        logits
    }

    #[test]
    fn probabilities_are_those_of_scikit_learn() {
        let cases = cases();
        assert_eq!(cases.len(), 4);
        for case in cases {
            let fit = fit(&case.problem()).expect("a fit");
            assert!(fit.converged, "{}: {fit:?}", case.name);
            let mut worst = 0.0f64;
            for (features, expected) in case.features.iter().zip(&case.probabilities) {
                for (found, expected) in probabilities(&fit, features).iter().zip(expected) {
                    worst = worst.max((found - expected).abs());
                }
            }
            assert!(worst < TOLERANCE, "{}: {worst}", case.name);
        }
    }

    #[test]
    fn the_gradient_is_the_objectives() {
        let case = &cases()[0];
        let problem = case.problem();
        let stride = case.features[0].len() + 1;
        let values: Vec<f64> = (0..problem.num_classes * stride).map(|at| (at as f64).sin()).collect();
        let mut gradient = vec![0.0; values.len()];
        problem.objective(&values, &mut gradient);
        let mut unused = vec![0.0; values.len()];
        for at in 0..values.len() {
            let mut moved = |by: f64| {
                let mut values = values.clone();
                values[at] += by;
                problem.objective(&values, &mut unused)
            };
            let difference = (moved(1e-5) - moved(-1e-5)) / 2e-5;
            assert!(
                (difference - gradient[at]).abs() < 1e-8,
                "{at}: {difference} {}",
                gradient[at]
            );
        }
    }

    #[test]
    fn a_class_without_examples_is_never_said() {
        let features = [vec![0.0f32], vec![1.0], vec![2.0]];
        let problem = Problem {
            features: &features,
            classes: &[0, 2, 2],
            weights: &[1.0; 3],
            num_classes: 3,
            l2: 1.0,
            max_iterations: 1000,
        };
        let found = fit(&problem).expect("a fit");
        assert!(probabilities(&found, &[1.0])[1] < 1e-30, "{found:?}");
        assert_eq!(found, fit(&problem).expect("the same again"));
    }

    #[test]
    fn what_cannot_be_fitted_is_said() {
        let features = [vec![1.0f32, f32::NAN], vec![0.0, 0.0]];
        let problem = |classes: &'static [usize]| Problem {
            features: &features,
            classes,
            weights: &[1.0; 2],
            num_classes: 2,
            l2: 1.0,
            max_iterations: 1000,
        };
        assert_eq!(fit(&problem(&[1, 1])), Err(LogisticError::OneClass { found: 1 }));
        assert!(matches!(
            fit(&problem(&[0, 1])),
            Err(LogisticError::NotFinite {
                example: 0,
                feature: 1,
                ..
            })
        ));
    }

    #[test]
    fn what_does_not_converge_is_said() {
        let case = &cases()[0];
        let hurried = Problem {
            max_iterations: 3,
            ..case.problem()
        };
        let fit = fit(&hurried).expect("an attempt");
        assert!(!fit.converged && fit.iterations == 3 && fit.gradient > 1e-4, "{fit:?}");
    }

    #[test]
    fn no_penalty_is_too_large_for_an_answer_or_an_error() {
        let case = &cases()[0];
        for l2 in [1e30, 1e150, 1e300, f64::MAX] {
            let problem = Problem { l2, ..case.problem() };
            match fit(&problem) {
                Ok(fit) => assert!(
                    fit.coefficients.iter().flatten().all(|value| value.is_finite()),
                    "{l2}: {fit:?}"
                ),
                Err(error) => assert!(matches!(error, LogisticError::Solver { .. }), "{l2}: {error}"),
            }
        }
    }

    #[test]
    fn the_size_of_features_does_not_matter() {
        let case = &cases()[0];
        let large: Vec<Vec<f32>> = case
            .features
            .iter()
            .map(|row| row.iter().map(|x| x * 1024.0).collect())
            .collect();
        let problem = Problem {
            features: &large,
            l2: case.l2 * 1024.0 * 1024.0,
            ..case.problem()
        };
        let (large, small) = (fit(&problem).expect("a fit"), fit(&case.problem()).expect("a fit"));
        assert_eq!(
            (large.intercepts, large.iterations),
            (small.intercepts, small.iterations)
        );
        assert_eq!(large.coefficients[1][2] * 1024.0, small.coefficients[1][2]);
    }
}
