//! Classifies a text or a pair of texts: one label each, by cross-entropy over [`super::classification_head`].
//!
//! Losses are in [`crate::loss`], scores in [`crate::metrics`].

use burn::tensor::Tensor;

use crate::argmax::argmax;
use crate::bundle::Bundle;
use crate::data::{Example, GoldColumn, NamedExamples, balanced_class_weights, collect_labels};
use crate::error::Result;
use crate::examples::CachedPositions;
use crate::loss::{CrossEntropy, mean_cross_entropy};
use crate::metrics::{classification_report, gold_labels};
use crate::models::layers::Dropout;
use crate::predictions::ClassPrediction;
use crate::protocol::{Prediction, Report};
use crate::rows::{Answered, Output, Row, Target};
use crate::tasks::network::{HeadKind, Pass};
use crate::tasks::{Definition, Preparation, Task, TaskError, TaskKind};
use crate::train::TrainError;
use crate::training_config::{BestMetric, ClassWeights};

/// What the task is to the rest of the program.
pub const DEFINITION: Definition = Definition {
    name: "sequence-classification",
    class_suffix: "ForSequenceClassification",
    problem_type: Some("single_label_classification"),
    is_causal: false,
    has_reasons: true,
    gold: GoldColumn::Label,
    metrics: &[
        BestMetric::Accuracy,
        BestMetric::MacroF1,
        BestMetric::Mcc,
        BestMetric::Loss,
    ],
    of_bundle,
    of_run,
};

/// One label of several.
#[derive(Debug, Clone)]
pub struct SequenceClassification {
    labels: Vec<String>,
    loss: CrossEntropy,
}

fn of_bundle(bundle: &Bundle) -> Result<Box<dyn Task>> {
    let mut labels = bundle.labels.clone();
    if labels.len() < 2 {
        // transformers leaves the names of two classes out of config.json.
        labels = (0..2).map(|id| format!("LABEL_{id}")).collect();
    }
    Ok(Box::new(SequenceClassification::plain(labels)))
}

fn of_run(preparation: &Preparation) -> Result<Box<dyn Task>> {
    let labels = training_labels(preparation)?;
    let task = SequenceClassification::plain(labels);
    task.check(preparation.train)?;
    let classes: Vec<usize> = preparation
        .train
        .examples
        .iter()
        .filter_map(|example| task.class(example))
        .collect();
    let config = preparation.config;
    let loss = CrossEntropy {
        class_weights: class_weights(&config.class_weights, &task.labels, &classes)?,
        label_smoothing: config.label_smoothing as f32,
    };
    Ok(Box::new(SequenceClassification { loss, ..task }))
}

/// The checkpoint's own labels where the data's are among them, else the data's.
fn training_labels(preparation: &Preparation) -> Result<Vec<String>, TaskError> {
    let train = preparation.train;
    let found = collect_labels(preparation.labelled);
    if let Some(given) = preparation.given_labels {
        return Ok(given.to_vec());
    }
    if let Some(known) = preparation.known_labels
        && found.iter().all(|label| known.contains(label))
    {
        return Ok(known.to_vec());
    }
    match &found[..] {
        [only] => Err(TaskError::OneLabel {
            file: train.name.to_owned(),
            label: only.clone(),
        }),
        _ => Ok(found),
    }
}

impl SequenceClassification {
    /// The task with these labels and a loss of as many classes.
    pub fn new(labels: Vec<String>, loss: CrossEntropy) -> Self {
        Self { labels, loss }
    }

    /// The task with these labels, all of which count alike.
    pub fn plain(labels: Vec<String>) -> Self {
        let loss = CrossEntropy::plain(labels.len());
        Self::new(labels, loss)
    }

    fn class(&self, example: &Example) -> Option<usize> {
        let label = example.gold.label()?;
        self.labels.iter().position(|known| known == label)
    }
}

impl Task for SequenceClassification {
    fn kind(&self) -> TaskKind {
        TaskKind::SequenceClassification
    }

    fn labels(&self) -> &[String] {
        &self.labels
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
            if self.class(example).is_none() {
                return Err(TaskError::UnknownLabel {
                    file: data.name.to_owned(),
                    place: data.place_of(example),
                    label: example.gold.label().unwrap_or_default().to_owned(),
                    known: self.labels.clone(),
                });
            }
        }
        Ok(())
    }

    fn check_gold(&self, data: NamedExamples) -> Result<(), TaskError> {
        let unlabelled = data.examples.iter().find(|example| example.gold.label().is_none());
        unlabelled.map_or(Ok(()), |example| {
            Err(TaskError::NoLabel {
                file: data.name.to_owned(),
                place: data.place_of(example),
            })
        })
    }

    fn target(&self, example: &Example) -> Target {
        self.class(example)
            .map_or(Target::None, |class| Target::Class(class as u32))
    }

    fn weight(&self, targets: &[&Target]) -> f64 {
        self.loss.weight_sum(&classes(targets))
    }

    fn loss(&self, pass: Pass, denominator: f64, dropout: &mut Dropout) -> Tensor<1> {
        let targets: Vec<&Target> = pass.rows.iter().map(|row| &row.target).collect();
        let logits = pass.network.head.classification().forward(pass.hidden_states, dropout);
        self.loss.forward(logits, &classes(&targets), denominator)
    }

    fn outputs(&self, pass: Pass) -> Tensor<2> {
        pass.network
            .head
            .classification()
            .forward(pass.hidden_states, &mut Dropout::off())
    }

    fn read(&self, _row: &Row, values: &[f32]) -> Output {
        Output::Logits(values.into())
    }

    fn report(&self, answered: Answered) -> Result<(Option<f64>, Report)> {
        let (mut own_logits, mut own_classes) = (Vec::new(), Vec::new());
        for (example, output) in answered.examples.iter().zip(answered.outputs) {
            if let Some(class) = self.class(example) {
                own_logits.push(output.logits());
                own_classes.push(class);
            }
        }
        // Labels that the map merges are one class to the report.
        let map = |label: &str| answered.label_map.apply(label).to_owned();
        let labels: Vec<String> = self.labels.iter().map(|label| map(label)).collect();
        let gold: Vec<String> = answered
            .examples
            .iter()
            .map(|example| map(example.gold.label().unwrap_or_default()))
            .collect();
        let gold = gold_labels(gold.iter().map(String::as_str), &labels);
        let predicted: Vec<usize> = answered.outputs.iter().map(|output| argmax(output.logits())).collect();
        let report = classification_report(&gold, &predicted, &labels).map_err(TrainError::from)?;
        let loss = (!own_classes.is_empty()).then(|| mean_cross_entropy(&own_logits, &own_classes));
        Ok((loss, Report::Classification(report)))
    }

    fn predictions(&self, answered: Answered) -> Vec<Prediction> {
        let decode = |output: &Output| {
            let mut prediction = ClassPrediction::decode(output.logits(), &self.labels);
            prediction.label = answered.label_map.apply(&prediction.label).to_owned();
            Prediction::Class(prediction)
        };
        answered.outputs.iter().map(decode).collect()
    }
}

fn classes(targets: &[&Target]) -> Vec<Option<usize>> {
    let class = |target: &&Target| match target {
        Target::Class(class) => Some(*class as usize),
        _ => None,
    };
    targets.iter().map(class).collect()
}

fn class_weights(weights: &ClassWeights, labels: &[String], classes: &[usize]) -> Result<Vec<f32>, TaskError> {
    Ok(match weights {
        ClassWeights::None => vec![1.0; labels.len()],
        ClassWeights::Balanced => {
            let mut counts = vec![0u64; labels.len()];
            for &class in classes {
                counts[class] += 1;
            }
            let weights = balanced_class_weights(&counts).into_iter();
            weights.map(|weight| weight as f32).collect()
        }
        ClassWeights::Given(pairs) => {
            let mut values = vec![1.0; labels.len()];
            for (label, weight) in pairs {
                let index = labels.iter().position(|known| known == label);
                let index = index.ok_or_else(|| TaskError::UnknownWeightLabel {
                    label: label.clone(),
                    known: labels.to_vec(),
                })?;
                values[index] = *weight as f32;
            }
            if classes.iter().all(|&class| values[class] == 0.0) {
                return Err(TaskError::NoWeight);
            }
            values
        }
    })
}

impl ClassPrediction {
    /// Reads one row of logits.
    pub fn decode(logits: &[f32], labels: &[String]) -> Self {
        let probabilities = softmax(logits);
        let best = argmax(logits);
        let scores = labels
            .iter()
            .zip(&probabilities)
            .map(|(label, &score)| (label.clone(), serde_json::json!(score)))
            .collect();
        Self {
            label: labels.get(best).cloned().unwrap_or_default(),
            score: probabilities.get(best).copied().unwrap_or_default(),
            scores,
            logits: Some(logits.to_vec()),
        }
    }
}

fn softmax(logits: &[f32]) -> Vec<f32> {
    let highest = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let exps: Vec<f32> = logits.iter().map(|logit| (logit - highest).exp()).collect();
    let sum: f32 = exps.iter().sum();
    exps.iter().map(|exp| exp / sum).collect()
}
