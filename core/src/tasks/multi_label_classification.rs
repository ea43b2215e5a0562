//! Gives a text or a pair of texts any number of labels: one yes or no each, by binary cross-entropy over
//! [`super::classification_head`].
//!
//! A label is said from a probability on: one for all or one for each, given or chosen on the evaluation data. config.json
//! keeps it under `threshold` or `thresholds`, keys of ours that transformers leaves alone.

use std::collections::BTreeSet;

use burn::tensor::Tensor;
use serde_json::{Map, Value, json};

use crate::bundle::{Bundle, BundleError};
use crate::data::{Example, GoldColumn, NamedExamples, collect_labels};
use crate::error::Result;
use crate::examples::CachedPositions;
use crate::loss::{binary_cross_entropy, mean_binary_cross_entropy};
use crate::metrics::{best_threshold, multi_label_report};
use crate::models::layers::Dropout;
use crate::predictions::LabelsPrediction;
use crate::protocol::{Prediction, Report};
use crate::rows::{Answered, Output, Row, Target};
use crate::tasks::network::{HeadKind, Pass};
use crate::tasks::{Definition, Preparation, Setting, Task, TaskError, TaskKind};
use crate::train::TrainError;
use crate::training_config::{BestMetric, OptionError, Threshold};

/// What the task is to the rest of the program.
pub const DEFINITION: Definition = Definition {
    name: "multi-label-classification",
    class_suffix: "ForSequenceClassification",
    problem_type: Some("multi_label_classification"),
    is_causal: false,
    has_reasons: true,
    gold: GoldColumn::Labels,
    metrics: &[BestMetric::MicroF1, BestMetric::MacroF1, BestMetric::Loss],
    of_bundle,
    of_run,
};

/// Any of several labels.
#[derive(Debug, Clone)]
pub struct MultiLabelClassification {
    labels: Vec<String>,
    /// Where it is not fixed, it is chosen anew for each evaluation until [`Task::settle`].
    threshold: Threshold,
    /// One a label.
    thresholds: Vec<f64>,
}

fn of_bundle(bundle: &Bundle) -> Result<Box<dyn Task>> {
    let labels = match bundle.labels.is_empty() {
        // transformers leaves the names of two classes out of config.json.
        true => (0..2).map(|id| format!("LABEL_{id}")).collect(),
        false => bundle.labels.clone(),
    };
    let config = &bundle.config_json;
    let thresholds = match (config.get("threshold"), config.get("thresholds")) {
        (Some(value), _) => vec![probability("threshold", value)?; labels.len()],
        (None, Some(value)) => thresholds_by_label(value, &labels)?,
        (None, None) => vec![DEFAULT_THRESHOLD; labels.len()],
    };
    Ok(Box::new(MultiLabelClassification {
        labels,
        threshold: Threshold::Fixed(DEFAULT_THRESHOLD),
        thresholds,
    }))
}

const DEFAULT_THRESHOLD: f64 = 0.5;

fn probability(key: &str, value: &Value) -> Result<f64, BundleError> {
    let number = value.as_f64().filter(|number| (0.0..=1.0).contains(number));
    number.ok_or_else(|| BundleError::config(key, value, "must be a number from 0 to 1"))
}

/// `thresholds` of config.json in the order of the labels, each of which it has to name, and nothing else.
fn thresholds_by_label(value: &Value, labels: &[String]) -> Result<Vec<f64>, BundleError> {
    let Value::Object(by_label) = value else {
        let reason = "must be an object that has a number from 0 to 1 for each label";
        return Err(BundleError::config("thresholds", value, reason));
    };
    if let Some(other) = by_label.keys().find(|name| !labels.contains(name)) {
        let reason = format!("must name labels of id2label, which {other:?} is not");
        return Err(BundleError::config("thresholds", value, &reason));
    }
    let of_label = |label: &String| {
        let Some(value) = by_label.get(label) else {
            let reason = format!("must have a number for the label {label:?} too");
            return Err(BundleError::config("thresholds", value, &reason));
        };
        probability(&format!("thresholds of {label:?}"), value)
    };
    labels.iter().map(of_label).collect()
}

fn of_run(preparation: &Preparation) -> Result<Box<dyn Task>> {
    let config = preparation.config;
    if !preparation.has_eval && matches!(config.threshold, Threshold::Auto | Threshold::PerLabel) {
        return Err(TrainError::from(OptionError {
            key: "threshold",
            value: String::from(config.threshold.clone()),
            reason: "needs evaluation data to be chosen on, and there is none".into(),
        })
        .into());
    }
    let found = collect_labels(preparation.labelled);
    let known = preparation.known_labels;
    let known = known.filter(|known| found.iter().all(|label| known.contains(label)));
    let labels = preparation.given_labels.or(known).map_or(found, <[String]>::to_vec);
    if labels.is_empty() {
        return Err(TaskError::NoLabels {
            file: preparation.train.name.to_owned(),
        }
        .into());
    }
    Ok(Box::new(MultiLabelClassification::new(
        labels,
        config.threshold.clone(),
    )?))
}

impl MultiLabelClassification {
    /// The task with these labels; a threshold that is not fixed begins at 0.5.
    ///
    /// # Errors
    /// If the threshold names a label that is not there.
    pub fn new(labels: Vec<String>, threshold: Threshold) -> Result<Self, TaskError> {
        let value = match threshold {
            Threshold::Fixed(value) => value,
            Threshold::ByLabel(_) | Threshold::Auto | Threshold::PerLabel => DEFAULT_THRESHOLD,
        };
        let mut task = Self {
            thresholds: vec![value; labels.len()],
            labels,
            threshold,
        };
        if let Threshold::ByLabel(pairs) = &task.threshold {
            task.thresholds = task.with_thresholds(pairs)?;
        }
        Ok(task)
    }

    /// Its thresholds, but for the labels that `pairs` name.
    fn with_thresholds(&self, pairs: &[(String, f64)]) -> Result<Vec<f64>, TaskError> {
        let mut thresholds = self.thresholds.clone();
        for (label, threshold) in pairs {
            let number = self.labels.iter().position(|known| known == label);
            let number = number.ok_or_else(|| TaskError::UnknownThresholdLabel {
                label: label.clone(),
                known: self.labels.clone(),
            })?;
            thresholds[number] = *threshold;
        }
        Ok(thresholds)
    }

    /// The numbers of an example's labels that the model can say.
    fn classes(&self, example: &Example) -> Option<Box<[u32]>> {
        let labels = example.gold.labels()?.iter();
        let number = |label: &String| self.labels.iter().position(|known| known == label);
        Some(labels.filter_map(number).map(|number| number as u32).collect())
    }

    /// The thresholds that serve `answered` best, or those that are fixed.
    fn thresholds_for(&self, answered: Answered) -> Vec<f64> {
        let scored = |label: usize| {
            let rows = answered.examples.iter().zip(answered.outputs);
            rows.map(move |(example, output)| {
                let right = example
                    .gold
                    .labels()
                    .is_some_and(|gold| gold.contains(&self.labels[label]));
                (sigmoid(output.logits()[label]), right)
            })
        };
        let labels = 0..self.labels.len();
        match self.threshold {
            Threshold::Fixed(_) | Threshold::ByLabel(_) => self.thresholds.clone(),
            Threshold::Auto => vec![best_threshold(labels.flat_map(scored).collect()); self.labels.len()],
            Threshold::PerLabel => labels.map(|label| best_threshold(scored(label).collect())).collect(),
        }
    }

    /// The labels that an output says.
    fn said<'a>(&'a self, output: &'a Output, thresholds: &'a [f64]) -> impl Iterator<Item = &'a str> {
        let probabilities = output.logits().iter().map(|&logit| f64::from(sigmoid(logit)));
        let labels = self.labels.iter().zip(probabilities).zip(thresholds);
        labels.filter_map(|((label, probability), &threshold)| (probability >= threshold).then_some(label.as_str()))
    }
}

impl Task for MultiLabelClassification {
    fn kind(&self) -> TaskKind {
        TaskKind::MultiLabelClassification
    }

    fn labels(&self) -> &[String] {
        &self.labels
    }

    fn thresholds(&self) -> &[f64] {
        &self.thresholds
    }

    fn config_entries(&self) -> Map<String, Value> {
        let (key, other, value) = match &self.thresholds[..] {
            [first, rest @ ..] if rest.iter().all(|threshold| threshold == first) => {
                ("threshold", "thresholds", json!(first))
            }
            thresholds => {
                let by_label = self
                    .labels
                    .iter()
                    .cloned()
                    .zip(thresholds.iter().map(|value| json!(value)));
                ("thresholds", "threshold", Value::Object(by_label.collect()))
            }
        };
        Map::from_iter([(other.to_owned(), Value::Null), (key.to_owned(), value)])
    }

    fn head(&self) -> HeadKind {
        HeadKind::Classification(self.labels.len())
    }

    fn reads(&self) -> CachedPositions {
        CachedPositions::First
    }

    fn check(&self, data: NamedExamples) -> Result<(), TaskError> {
        self.check_gold(data)?;
        for example in data.examples {
            let mut labels = example.gold.labels().unwrap_or_default().iter();
            if let Some(label) = labels.find(|label| !self.labels.contains(label)) {
                return Err(TaskError::UnknownLabel {
                    file: data.name.to_owned(),
                    place: data.place_of(example),
                    label: label.clone(),
                    known: self.labels.clone(),
                });
            }
        }
        Ok(())
    }

    fn check_gold(&self, data: NamedExamples) -> Result<(), TaskError> {
        let unlabelled = data.examples.iter().find(|example| example.gold.labels().is_none());
        unlabelled.map_or(Ok(()), |example| {
            Err(TaskError::NoLabel {
                file: data.name.to_owned(),
                place: data.place_of(example),
            })
        })
    }

    fn target(&self, example: &Example) -> Target {
        self.classes(example).map_or(Target::None, Target::Classes)
    }

    fn weight(&self, targets: &[&Target]) -> f64 {
        (classes(targets).iter().flatten().count() * self.labels.len()) as f64
    }

    fn loss(&self, pass: Pass, denominator: f64, dropout: &mut Dropout) -> Tensor<1> {
        let targets: Vec<&Target> = pass.rows.iter().map(|row| &row.target).collect();
        let head = pass.network.head.classification();
        let logits = head.forward(pass.hidden_states, dropout);
        binary_cross_entropy(logits, &classes(&targets), denominator)
    }

    fn outputs(&self, pass: Pass) -> Tensor<2> {
        let head = pass.network.head.classification();
        head.forward(pass.hidden_states, &mut Dropout::off())
    }

    fn read(&self, _row: &Row, values: &[f32]) -> Output {
        Output::Logits(values.into())
    }

    /// The loss counts labels that the model cannot say as if they were not there.
    fn report(&self, answered: Answered) -> Result<(Option<f64>, Report)> {
        let thresholds = self.thresholds_for(answered);
        let map = |label| answered.label_map.apply(label);
        let gold: Vec<BTreeSet<&str>> = answered
            .examples
            .iter()
            .map(|example| {
                example
                    .gold
                    .labels()
                    .unwrap_or_default()
                    .iter()
                    .map(|label| map(label))
                    .collect()
            })
            .collect();
        let predicted: Vec<BTreeSet<&str>> = answered
            .outputs
            .iter()
            .map(|output| self.said(output, &thresholds).map(map).collect())
            .collect();
        let labels: Vec<String> = self.labels.iter().map(|label| map(label).to_owned()).collect();
        let report = multi_label_report(&gold, &predicted, &labels, thresholds.clone()).map_err(TrainError::from)?;
        let logits: Vec<&[f32]> = answered.outputs.iter().map(Output::logits).collect();
        let targets = answered
            .examples
            .iter()
            .map(|example| self.classes(example).unwrap_or_default());
        let targets: Vec<Box<[u32]>> = targets.collect();
        let targets: Vec<&[u32]> = targets.iter().map(|target| &**target).collect();
        let loss = mean_binary_cross_entropy(&logits, &targets);
        Ok((Some(loss), Report::MultiLabel(report)))
    }

    fn predictions(&self, answered: Answered) -> Vec<Prediction> {
        let decode = |output: &Output| {
            let mut labels: Vec<String> = Vec::new();
            for label in self
                .said(output, &self.thresholds)
                .map(|label| answered.label_map.apply(label))
            {
                if !labels.iter().any(|other| other == label) {
                    labels.push(label.to_owned());
                }
            }
            let scores = self
                .labels
                .iter()
                .cloned()
                .zip(output.logits().iter().map(|&logit| json!(sigmoid(logit))));
            Prediction::Labels(LabelsPrediction {
                labels,
                scores: scores.collect(),
                logits: Some(output.logits().to_vec()),
            })
        };
        answered.outputs.iter().map(decode).collect()
    }

    fn set(&mut self, setting: Setting) -> Result<(), TaskError> {
        self.thresholds = match &setting {
            Setting::Threshold(threshold) => vec![*threshold; self.labels.len()],
            Setting::LabelThresholds(pairs) => self.with_thresholds(pairs)?,
            _ => {
                let task = self.kind();
                return Err(TaskError::NoSetting { setting, task });
            }
        };
        self.threshold = Threshold::Fixed(DEFAULT_THRESHOLD);
        Ok(())
    }

    fn settle(&mut self, answered: Answered) {
        self.thresholds = self.thresholds_for(answered);
        self.threshold = Threshold::Fixed(DEFAULT_THRESHOLD);
    }

    fn is_unsettled(&self) -> bool {
        matches!(self.threshold, Threshold::Auto | Threshold::PerLabel)
    }
}

fn classes<'a>(targets: &[&'a Target]) -> Vec<Option<&'a [u32]>> {
    let classes = |target: &&'a Target| match target {
        Target::Classes(classes) => Some(&**classes),
        _ => None,
    };
    targets.iter().map(classes).collect()
}

fn sigmoid(logit: f32) -> f32 {
    1.0 / (1.0 + (-logit).exp())
}
