//! Draws training and evaluation loss over the epochs, and marks where the evaluation loss was lowest: from there on the
//! model learns its training data by heart.

use maud::{Markup, html};

use super::chart::{Scale, axes, px};
use crate::protocol::{EvaluationRecord, TrainingRecord};

/// Size of the picture.
const SIZE: [f64; 2] = [760.0, 320.0];
/// More points of the training loss are joined: the picture has not many more pixels.
const MOST_POINTS: usize = 300;

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
    let train = history.steps.last();
    let train = train.map_or(String::new(), |step| {
        format!("; the training loss ended at {:.4}", step.loss)
    });
    format!(
        "Over-fitting begins at epoch {epoch:.2}, where the evaluation loss was lowest ({loss:.4}). By epoch {:.2} it was \
         {:.4}{train}.",
        last.epoch, last.loss
    )
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
    let x = Scale::around(epochs, [56.0, width - 16.0]);
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

    fn history(losses: &[f64]) -> TrainingRecord {
        let report = Report::Regression(regression_report(&[1.0], &[1.0]).expect("valid"));
        let evaluations = (1..).zip(losses).map(|(step, &loss)| EvaluationRecord {
            step,
            epoch: step as f64,
            loss,
            report: report.clone(),
            best: false,
        });
        let steps = (1..=900).map(|step| StepRecord {
            step,
            epoch: step as f64 / 300.0,
            loss: 1.0 / step as f64,
            learning_rate: 0.0,
            gradient_norm: 0.0,
            examples: step,
        });
        TrainingRecord {
            steps: steps.collect(),
            evaluations: evaluations.collect(),
            kept_step: 2,
            ..TrainingRecord::default()
        }
    }

    #[test]
    fn the_lowest_evaluation_is_where_over_fitting_begins() {
        let page = section(&history(&[0.5, 0.4, 0.6])).into_string();
        assert!(page.contains("Over-fitting begins at epoch 2.00"), "{page}");
        assert!(
            page.contains("By epoch 3.00 it was 0.6000; the training loss ended at 0.0011."),
            "{page}"
        );
        assert!(page.contains("kept is that of epoch 2.00"), "{page}");
        let page = section(&history(&[0.5, 0.4])).into_string();
        assert!(page.contains("no over-fitting yet"), "{page}");
        let once = section(&history(&[0.5])).into_string();
        assert!(once.contains("<svg") && !once.contains("lowest"), "{once}");
        let probe = TrainingRecord {
            steps: history(&[]).steps[..1].to_vec(),
            evaluations: history(&[0.5]).evaluations,
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
