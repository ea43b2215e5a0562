//! Draws training and evaluation loss over the epochs, marks where the evaluation loss was lowest, and says whether the model
//! learned its training data by heart from there on.

use maud::{Markup, html};

use super::chart::{Scale, axes, px};
use crate::protocol::{EvaluationRecord, TrainingRecord};

/// Size of the picture.
const SIZE: [f64; 2] = [760.0, 320.0];
/// More points of the training loss are joined: the picture has not many more pixels.
const MOST_POINTS: usize = 300;
/// A smaller rise of the evaluation loss, as a part of its lowest, is taken for chance.
const LEAST_RISE: f64 = 0.02;

/// The curves and what they say; nothing where no loss was written down twice, as by a probe.
pub fn section(history: &TrainingRecord) -> Markup {
    let steps: Vec<(f64, f64)> = history.steps.iter().map(|step| (step.epoch, step.loss)).collect();
    let train = joined(&steps);
    let eval: Vec<(f64, f64)> = history.evaluations.iter().map(|eval| (eval.epoch, eval.loss)).collect();
    if train.len() < 2 && eval.len() < 2 {
        return html! {};
    }
    // One evaluation is the lowest of none.
    let best = lowest(&history.evaluations).filter(|_| eval.len() > 1);
    html! {
        section {
            h2 { "Training" }
            figure {
                div.scroll { (picture(&train, &eval, best)) }
                figcaption {
                    span.key.train { "training loss" } " "
                    @if !eval.is_empty() { span.key.eval { "evaluation loss" } }
                }
            }
            @if let Some(best) = best { p.note.overfitting { (verdict(best, history)) } }
            @if let Some(kept) = history.evaluations.iter().find(|eval| eval.step == history.kept_step) {
                p.note { "The model that was kept is that of epoch " (format!("{:.2}", kept.epoch)) "." }
            }
        }
    }
}

/// The evaluation with the lowest loss, the first of several.
fn lowest(evaluations: &[EvaluationRecord]) -> Option<&EvaluationRecord> {
    evaluations.iter().min_by(|a, b| a.loss.total_cmp(&b.loss))
}

fn verdict(best: &EvaluationRecord, history: &TrainingRecord) -> String {
    let (epoch, loss) = (best.epoch, best.loss);
    let last = history.evaluations.last().filter(|last| last.step > best.step);
    let Some(last) = last else {
        return format!(
            "The evaluation loss was lowest at the end ({loss:.4}, epoch {epoch:.2}): no over-fitting yet, more epochs may \
             help."
        );
    };
    match over_fitted(best, last, history) {
        Some([around, end]) => format!(
            "Over-fitting begins at epoch {epoch:.2}, where the evaluation loss was lowest ({loss:.4}). By epoch {:.2} it \
             was {:.4}, while the training loss fell from {around:.4} to {end:.4}.",
            last.epoch, last.loss
        ),
        None => format!(
            "The evaluation loss was lowest at epoch {epoch:.2} ({loss:.4}). By epoch {:.2} it was {:.4}: no over-fitting \
             shows.",
            last.epoch, last.loss
        ),
    }
}

/// The training loss before the lowest evaluation and at the end, where the model over-fits: the evaluation loss rose, the
/// training loss went on falling, and ended below the other.
fn over_fitted(best: &EvaluationRecord, last: &EvaluationRecord, history: &TrainingRecord) -> Option<[f64; 2]> {
    let around = training_loss(history, best.step)?;
    let end = training_loss(history, last.step)?;
    let has_risen = last.loss >= best.loss * (1.0 + LEAST_RISE);
    (has_risen && end < around && end < last.loss).then_some([around, end])
}

/// The mean training loss between the evaluation at `step` and the one before: single records jump about.
fn training_loss(history: &TrainingRecord, step: usize) -> Option<f64> {
    let earlier = history.evaluations.iter().map(|eval| eval.step);
    let since = earlier.filter(|&earlier| earlier < step).max().unwrap_or(0);
    let records = history.steps.iter();
    let losses: Vec<f64> = records
        .filter(|record| since < record.step && record.step <= step)
        .map(|record| record.loss)
        .collect();
    (!losses.is_empty()).then(|| losses.iter().sum::<f64>() / losses.len() as f64)
}

/// Neighbouring points joined to their means, until there are few enough.
fn joined(points: &[(f64, f64)]) -> Vec<(f64, f64)> {
    let size = points.len().div_ceil(MOST_POINTS).max(1);
    let mean = |chunk: &[(f64, f64)]| {
        let count = chunk.len() as f64;
        let sum = chunk
            .iter()
            .fold((0.0, 0.0), |sum, point| (sum.0 + point.0, sum.1 + point.1));
        (sum.0 / count, sum.1 / count)
    };
    points.chunks(size).map(mean).collect()
}

fn picture(train: &[(f64, f64)], eval: &[(f64, f64)], best: Option<&EvaluationRecord>) -> Markup {
    let [width, height] = SIZE;
    let all = || train.iter().chain(eval);
    let epochs = all().map(|point| point.0).chain([0.0]);
    let x = Scale::around(epochs, [72.0, width - 16.0]);
    let y = Scale::around(all().map(|point| point.1), [height - 48.0, 28.0]);
    let line = |points: &[(f64, f64)]| {
        let points = points
            .iter()
            .map(|point| format!("{},{}", px(x.at(point.0)), px(y.at(point.1))));
        points.collect::<Vec<_>>().join(" ")
    };
    // Written towards the middle, so that it is never cut off.
    let anchor = match best.is_some_and(|best| x.at(best.epoch) > width / 2.0) {
        true => "end",
        false => "start",
    };
    html! {
        svg.curves viewBox=(format!("0 0 {width} {height}")) role="img" aria-label="training and evaluation loss by epoch" {
            (axes(&x, &y, ["epoch", "loss"]))
            @if let Some(best) = best {
                line.best x1=(px(x.at(best.epoch))) x2=(px(x.at(best.epoch))) y1=(px(y.picture[1])) y2=(px(y.picture[0])) {}
                text.best x=(px(x.at(best.epoch))) y=(px(y.picture[1] - 10.0)) text-anchor=(anchor) {
                    "lowest evaluation loss"
                }
            }
            polyline.train points=(line(train)) {}
            polyline.eval points=(line(eval)) {}
            @for (epoch, loss) in eval {
                circle.eval cx=(px(x.at(*epoch))) cy=(px(y.at(*loss))) r="4" {
                    title { "epoch " (format!("{epoch:.2}")) ": evaluation loss " (format!("{loss:.4}")) }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::regression_report;
    use crate::protocol::{Report, StepRecord};

    /// Steps of an epoch.
    const EPOCH: usize = 300;

    /// Three epochs whose training loss is `train` of the step, and an evaluation after each.
    fn history(losses: &[f64], train: fn(usize) -> f64) -> TrainingRecord {
        let report = Report::Regression(regression_report(&[1.0], &[1.0]).expect("valid"));
        let evaluations = (1usize..).zip(losses).map(|(epoch, &loss)| EvaluationRecord {
            step: EPOCH * epoch,
            epoch: epoch as f64,
            loss,
            report: report.clone(),
            best: false,
        });
        let steps = (1..=3 * EPOCH).map(|step| StepRecord {
            step,
            epoch: step as f64 / EPOCH as f64,
            loss: train(step),
            learning_rate: 0.0,
            gradient_norm: 0.0,
            examples: step,
        });
        TrainingRecord {
            steps: steps.collect(),
            evaluations: evaluations.collect(),
            kept_step: 2 * EPOCH,
            ..TrainingRecord::default()
        }
    }

    /// A training loss that falls by a half with each epoch.
    fn falling(step: usize) -> f64 {
        0.5f64.powi(step.div_ceil(EPOCH) as i32)
    }

    #[test]
    fn the_lowest_evaluation_is_where_over_fitting_begins() {
        let page = section(&history(&[0.5, 0.4, 0.6], falling)).into_string();
        assert!(page.contains("Over-fitting begins at epoch 2.00"), "{page}");
        assert!(
            page.contains("By epoch 3.00 it was 0.6000, while the training loss fell from 0.2500 to 0.1250."),
            "{page}"
        );
        assert!(page.contains("kept is that of epoch 2.00"), "{page}");
        let page = section(&history(&[0.5, 0.4], falling)).into_string();
        assert!(page.contains("no over-fitting yet"), "{page}");
        let once = section(&history(&[0.5], falling)).into_string();
        assert!(once.contains("<svg") && !once.contains("lowest"), "{once}");
    }

    #[test]
    fn over_fitting_is_a_rise_while_the_training_loss_falls_below() {
        let says = |losses: &[f64], train: fn(usize) -> f64| {
            let page = section(&history(losses, train)).into_string();
            page.contains("Over-fitting")
        };
        assert!(says(&[0.5, 0.4, 0.41], falling));
        // A rise as small as chance.
        assert!(!says(&[0.5, 0.4, 0.407], falling));
        // A training loss that stays, that rises, and that stays above the evaluation loss.
        assert!(!says(&[0.5, 0.4, 0.6], |_| 0.2));
        assert!(!says(&[0.5, 0.4, 0.6], |step| step as f64 / 1e4));
        assert!(!says(&[0.5, 0.4, 0.6], |step| 5.0 + falling(step)));
        let page = section(&history(&[0.1571, 0.1569, 0.1571], falling)).into_string();
        assert!(
            page.contains("lowest at epoch 2.00 (0.1569). By epoch 3.00 it was 0.1571: no over-fitting shows."),
            "{page}"
        );
    }

    #[test]
    fn over_fitting_is_not_said_without_a_training_loss() {
        let unknown = TrainingRecord {
            steps: Vec::new(),
            ..history(&[0.5, 0.4, 0.6], falling)
        };
        let page = section(&unknown).into_string();
        assert!(page.contains("no over-fitting shows"), "{page}");
    }

    #[test]
    fn a_probe_has_no_curves() {
        let probe = TrainingRecord {
            steps: history(&[], falling).steps[..1].to_vec(),
            evaluations: history(&[0.5], falling).evaluations,
            ..TrainingRecord::default()
        };
        assert!(section(&probe).into_string().is_empty());
    }

    #[test]
    fn many_points_are_joined_to_their_means() {
        let points: Vec<(f64, f64)> = (0..900).map(|number| (f64::from(number), 2.0)).collect();
        let few = joined(&points);
        assert_eq!((few.len(), few[0]), (300, (1.0, 2.0)));
        assert_eq!(joined(&points[..10]), points[..10]);
    }
}
