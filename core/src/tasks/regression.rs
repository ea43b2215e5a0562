//! Gives a text or a pair of texts a number: one output of [`super::classification_head`], squared error.
//!
//! Scores may be divided by a scale while the head learns; what is reported and predicted is in the data's own units, but
//! for the loss: that is what was learned by, so that it compares with the training's, and config.json keeps the scale.

use burn::tensor::Tensor;
use serde_json::{Map, Value, json};

use crate::bundle::{Bundle, BundleError};
use crate::data::{Example, GoldColumn, NamedExamples};
use crate::error::Result;
use crate::examples::CachedPositions;
use crate::loss::squared_error;
use crate::metrics::regression_report;
use crate::models::layers::Dropout;
use crate::predictions::ScorePrediction;
use crate::protocol::{Prediction, Report};
use crate::rows::{Answered, Output, Row, Target};
use crate::tasks::network::{HeadKind, Pass};
use crate::tasks::{Definition, Preparation, Task, TaskError, TaskKind};
use crate::train::TrainError;
use crate::training_config::BestMetric;

/// What the task is to the rest of the program.
pub const DEFINITION: Definition = Definition {
    name: "regression",
    class_suffix: "ForSequenceClassification",
    problem_type: Some("regression"),
    is_causal: false,
    has_reasons: true,
    gold: GoldColumn::Score,
    metrics: &[BestMetric::Spearman, BestMetric::Pearson, BestMetric::Loss],
    of_bundle,
    of_run,
};

/// One number.
#[derive(Debug, Clone, Copy)]
pub struct Regression {
    /// What scores are divided by while the head learns.
    scale: f64,
    /// What errors are divided by in the loss.
    loss_scale: f64,
}

/// Where config.json says what scores were divided by.
const TARGET_SCALE: &str = "target_scale";

fn of_bundle(bundle: &Bundle) -> Result<Box<dyn Task>> {
    let loss_scale = match bundle.config_json.get(TARGET_SCALE) {
        None | Some(Value::Null) => 1.0,
        Some(value) => {
            let scale = value.as_f64().filter(|scale| scale.is_finite() && *scale > 0.0);
            scale.ok_or_else(|| BundleError::config(TARGET_SCALE, value, "must be a number above 0"))?
        }
    };
    // The head's outputs were brought to the data's units when it was saved.
    Ok(Box::new(Regression { scale: 1.0, loss_scale }))
}

fn of_run(preparation: &Preparation) -> Result<Box<dyn Task>> {
    Ok(Box::new(Regression::new(preparation.config.target_scale)))
}

impl Regression {
    /// The task with scores that are divided by `scale`, a positive number, while the model learns.
    pub fn new(scale: f64) -> Self {
        Self {
            scale,
            loss_scale: scale,
        }
    }
}

impl Task for Regression {
    fn kind(&self) -> TaskKind {
        TaskKind::Regression
    }

    fn labels(&self) -> &[String] {
        &[]
    }

    fn config_entries(&self) -> Map<String, Value> {
        let scale = (self.loss_scale != 1.0).then_some(self.loss_scale);
        // transformers counts outputs by the names of labels.
        Map::from_iter([
            (TARGET_SCALE.to_owned(), json!(scale)),
            ("id2label".to_owned(), json!({ "0": "LABEL_0" })),
            ("label2id".to_owned(), json!({ "LABEL_0": 0 })),
        ])
    }

    fn head(&self) -> HeadKind {
        HeadKind::Classification(1)
    }

    fn reads(&self) -> CachedPositions {
        CachedPositions::First
    }

    fn check(&self, data: NamedExamples) -> Result<(), TaskError> {
        self.check_gold(data)?;
        let fits = |score: f64| (score / self.scale).abs() <= LARGEST_LEARNED;
        check_size(data, LARGEST_SAID, fits).map_err(|error| match error {
            TaskError::LargeScore {
                file,
                place,
                found,
                limit,
            } if found.abs() <= LARGEST_LEARNED => TaskError::SmallScale {
                file,
                place,
                found,
                scale: self.scale,
                limit,
            },
            error => error,
        })
    }

    fn check_gold(&self, data: NamedExamples) -> Result<(), TaskError> {
        let Some(example) = data.examples.iter().find(|example| example.gold.score().is_none()) else {
            return check_size(data, "3.4e38", |score| (score as f32).is_finite());
        };
        let (file, place) = (data.name.to_owned(), data.place_of(example));
        Err(match example.gold.label() {
            Some(found) => TaskError::NotANumber {
                file,
                place,
                found: found.to_owned(),
            },
            None => TaskError::NoLabel { file, place },
        })
    }

    fn target(&self, example: &Example) -> Target {
        let score = example.gold.score();
        score.map_or(Target::None, |score| Target::Value((score / self.scale) as f32))
    }

    fn weight(&self, targets: &[&Target]) -> f64 {
        values(targets).iter().flatten().count() as f64
    }

    fn loss(&self, pass: Pass, denominator: f64, dropout: &mut Dropout) -> Tensor<1> {
        let targets: Vec<&Target> = pass.rows.iter().map(|row| &row.target).collect();
        let head = pass.network.head.classification();
        let outputs = head.forward(pass.hidden_states, dropout);
        squared_error(outputs, &values(&targets), denominator)
    }

    fn outputs(&self, pass: Pass) -> Tensor<2> {
        let head = pass.network.head.classification();
        head.forward(pass.hidden_states, &mut Dropout::off())
    }

    fn read(&self, _row: &Row, values: &[f32]) -> Output {
        let value = values.first().copied().unwrap_or_default();
        Output::Logits(Box::new([(f64::from(value) * self.scale) as f32]))
    }

    /// The loss is in the units that the model learns in.
    fn report(&self, answered: Answered) -> Result<(Option<f64>, Report)> {
        let score = |example: &Example| example.gold.score().unwrap_or_default();
        let gold: Vec<f64> = answered.examples.iter().map(score).collect();
        let predicted: Vec<f64> = answered.outputs.iter().map(|output| number(output).into()).collect();
        let report = regression_report(&gold, &predicted).map_err(TrainError::from)?;
        let loss = report.mse / (self.loss_scale * self.loss_scale);
        Ok((Some(loss), Report::Regression(report)))
    }

    fn predictions(&self, answered: Answered) -> Vec<Prediction> {
        let decode = |output: &Output| {
            Prediction::Score(ScorePrediction {
                score: number(output),
                logits: Some(output.logits().to_vec()),
            })
        };
        answered.outputs.iter().map(decode).collect()
    }

    fn output_scale(&self) -> f64 {
        self.scale
    }
}

/// Numbers of which the squares of a batch's errors, and the squared norm of the gradients of 10⁸ weights, add up to what f32
/// holds, 3.4 · 10³⁸, with room to spare: (10¹²)² · 10⁸ = 10³².
const LARGEST_LEARNED: f64 = 1e12;
const LARGEST_SAID: &str = "1e12";

/// Refuses the first score that does not fit; `limit` says what would.
fn check_size(data: NamedExamples, limit: &'static str, fits: impl Fn(f64) -> bool) -> Result<(), TaskError> {
    let score = |example: &Example| example.gold.score().filter(|&score| !fits(score));
    let large = data
        .examples
        .iter()
        .find_map(|example| Some((data.place_of(example), score(example)?)));
    let Some((place, found)) = large else {
        return Ok(());
    };
    let file = data.name.to_owned();
    Err(TaskError::LargeScore {
        file,
        place,
        found,
        limit,
    })
}

fn number(output: &Output) -> f32 {
    output.logits().first().copied().unwrap_or_default()
}

fn values(targets: &[&Target]) -> Vec<Option<f32>> {
    let value = |target: &&Target| match target {
        Target::Value(value) => Some(*value),
        _ => None,
    };
    targets.iter().map(value).collect()
}
