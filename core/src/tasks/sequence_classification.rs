//! Classifies a text or a pair of texts: pooled output, dropout, one linear layer, as `BertForSequenceClassification`.
//!
//! The encoder is [`crate::models::bert`]; losses are in [`crate::loss`], scores in [`crate::metrics`].

use std::ops::Range;

use burn::module::Module;
use burn::nn::Linear;
use burn::tensor::Tensor;
use serde::{Deserialize, Serialize};

use crate::batch::{Batch, Inputs};
use crate::data::Example;
use crate::models::bert::{BertConfig, BertModel, Pooler};
use crate::models::layers::{Dropout, WeightInit};
use crate::tasks::TaskError;
use crate::training_config::TrainLayers;

/// A BERT with a classification head; the fields are the checkpoint's names.
#[derive(Module, Debug)]
pub struct SequenceClassification {
    /// The encoder, with its pooler.
    pub bert: BertModel,
    /// `[hidden, num_labels]`
    pub classifier: Linear,
}

/// Path of the word embedding table in the module.
const WORD_EMBEDDINGS: &str = "bert.embeddings.word_embeddings.weight";

/// Whether a parameter belongs to the head, which a pretrained checkpoint need not have.
pub fn is_head(name: &str) -> bool {
    name.starts_with("bert.pooler.") || name.starts_with("classifier.")
}

impl SequenceClassification {
    /// A model with new random weights.
    pub fn init(config: &BertConfig, num_labels: usize, init: &mut WeightInit) -> Self {
        Self {
            bert: BertModel::init(config, Pooler::With, init),
            classifier: init.linear(config.hidden_size, num_labels),
        }
    }

    /// Hidden states, `[batch, seq, hidden]`, after `up_to` layers.
    pub fn hidden_states(&self, batch: &Batch, up_to: usize, dropout: &mut Dropout) -> Tensor<3> {
        let (hidden_states, done) = match &batch.inputs {
            Inputs::Tokens {
                input_ids,
                token_type_ids,
            } => {
                let embedded = self.bert.embed(input_ids.clone(), token_type_ids.clone(), dropout);
                (embedded, 0)
            }
            Inputs::HiddenStates {
                hidden_states,
                layers_done,
            } => (hidden_states.clone(), *layers_done),
        };
        self.bert.encode(
            hidden_states,
            done..up_to.max(done),
            batch.attention_bias.as_ref(),
            dropout,
        )
    }

    /// Logits, `[batch, num_labels]`.
    pub fn forward(&self, batch: &Batch, dropout: &mut Dropout) -> Tensor<2> {
        let config = self.bert.config();
        let hidden_states = self.hidden_states(batch, config.num_hidden_layers, dropout);
        let pooled_output = self
            .bert
            .pooler
            .as_ref()
            .expect("init makes the pooler of a classifier")
            .forward(hidden_states);
        let probability = config.classifier_dropout.unwrap_or(config.hidden_dropout_prob);
        self.classifier.forward(dropout.forward(pooled_output, probability))
    }

    /// Stops the gradient of everything that `layers` leaves frozen.
    pub fn freeze(mut self, layers: TrainLayers) -> Self {
        let frozen = frozen_layers(layers, self.bert.config().num_hidden_layers);
        if layers == TrainLayers::All {
            return self;
        }
        self.bert.embeddings = self.bert.embeddings.no_grad();
        let encoder = self.bert.encoder.layer.into_iter().enumerate();
        self.bert.encoder.layer = encoder
            .map(|(index, layer)| if index < frozen { layer.no_grad() } else { layer })
            .collect();
        self
    }

    /// Puts the head of a model with other labels in place of this one's.
    pub fn with_classifier(mut self, classifier: Linear) -> Self {
        self.classifier = classifier;
        self
    }

    /// Path of the word embeddings and the part of them, flat, that never learns: the padding token's row.
    pub fn padding_row(&self) -> Option<(&'static str, Range<usize>)> {
        let config = self.bert.config();
        let start = config.pad_token_id? * config.hidden_size;
        Some((WORD_EMBEDDINGS, start..start + config.hidden_size))
    }

    /// Number of labels.
    pub fn num_labels(&self) -> usize {
        let [_, num_labels] = self.classifier.weight.dims();
        num_labels
    }
}

/// How many of the lower layers `layers` freezes.
pub fn frozen_layers(layers: TrainLayers, num_hidden_layers: usize) -> usize {
    match layers {
        TrainLayers::All => 0,
        TrainLayers::Top(top) => num_hidden_layers.saturating_sub(top),
        TrainLayers::Head => num_hidden_layers,
    }
}

/// The label numbers of `examples` of `file`; every label must be one of `labels`.
pub fn label_ids(file: &str, examples: &[Example], labels: &[String]) -> Result<Vec<usize>, TaskError> {
    examples
        .iter()
        .map(|example| {
            let label = example.label.as_ref().ok_or_else(|| TaskError::NoLabel {
                file: file.to_owned(),
                line: example.line,
            })?;
            labels
                .iter()
                .position(|known| known == label)
                .ok_or_else(|| TaskError::UnknownLabel {
                    file: file.to_owned(),
                    line: example.line,
                    label: label.clone(),
                    known: labels.to_vec(),
                })
        })
        .collect()
}

/// What the model says of one example.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Prediction {
    /// The label with the highest score.
    pub label: String,
    /// Its probability.
    pub score: f32,
    /// The probability of each label, in the order of the model's labels.
    pub scores: serde_json::Map<String, serde_json::Value>,
    /// The logits, in the order of the labels.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub logits: Option<Vec<f32>>,
}

impl Prediction {
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

/// The first index of the highest value.
pub fn argmax(values: &[f32]) -> usize {
    let mut best = 0;
    for (index, value) in values.iter().enumerate() {
        if *value > values[best] {
            best = index;
        }
    }
    best
}

fn softmax(logits: &[f32]) -> Vec<f32> {
    let highest = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let exps: Vec<f32> = logits.iter().map(|logit| (logit - highest).exp()).collect();
    let sum: f32 = exps.iter().sum();
    exps.iter().map(|exp| exp / sum).collect()
}

/// Mean cross-entropy of `logits` `[batch][num_labels]`, on the host, for evaluation.
pub fn mean_cross_entropy(logits: &[Vec<f32>], labels: &[usize]) -> f64 {
    let losses = logits.iter().zip(labels).map(|(row, &label)| {
        let highest = row.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        let sum: f64 = row.iter().map(|logit| f64::from(logit - highest).exp()).sum();
        sum.ln() - f64::from(row[label] - highest)
    });
    losses.sum::<f64>() / labels.len().max(1) as f64
}

/// Vectors of texts for `embed`, `[batch, hidden]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Pooling {
    /// Mean over the tokens, without padding.
    #[default]
    Mean,
    /// The first token.
    Cls,
}

impl Pooling {
    /// Pools `hidden_states` `[batch, seq, hidden]` under `attention_mask` `[batch, seq]` (1 = keep).
    pub fn forward(self, hidden_states: Tensor<3>, attention_mask: Tensor<2>) -> Tensor<2> {
        let [batch, seq, hidden] = hidden_states.dims();
        match self {
            Self::Cls => hidden_states.slice([0..batch, 0..1]).reshape([batch, hidden]),
            Self::Mean => {
                let mask = attention_mask.reshape([batch, seq, 1]);
                let sum = (hidden_states * mask.clone()).sum_dim(1);
                (sum / mask.sum_dim(1)).reshape([batch, hidden])
            }
        }
    }
}
