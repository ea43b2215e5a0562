//! Defines the messages that the command line, the HTTP server and the browser's worker all speak.
//!
//! Everything here is plain data: tensors never leave the thread that runs [`crate::session::Session`].

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::metrics::{
    AnswerReport, ClassificationReport, EntityReport, LanguageReport, MultiLabelReport, RegressionReport,
};
pub use crate::predictions::{
    AnswerCandidate, AnswerPrediction, ClassPrediction, EntityPrediction, LabelsPrediction, MaskCandidate,
    MasksPrediction, ScorePrediction, TagsPrediction,
};
use crate::task_kind::TaskKind;
use crate::training_config::BestMetric;

/// What a model says of one example. In JSON it is the object of its task.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Prediction {
    /// One label of several.
    Class(ClassPrediction),
    /// Any number of labels.
    Labels(LabelsPrediction),
    /// A number.
    Score(ScorePrediction),
    /// Named parts of the text.
    Tags(TagsPrediction),
    /// A part of a passage.
    Answer(AnswerPrediction),
    /// Words for the masks of a text.
    Masks(MasksPrediction),
}

impl Prediction {
    /// The same without logits, which only some ask for.
    pub fn without_logits(mut self) -> Self {
        match &mut self {
            Self::Class(prediction) => prediction.logits = None,
            Self::Labels(prediction) => prediction.logits = None,
            Self::Score(prediction) => prediction.logits = None,
            Self::Tags(prediction) => prediction.logits = None,
            Self::Answer(_) | Self::Masks(_) => {}
        }
        self
    }

    /// What the model says, in a few words, and how sure it is.
    pub fn answer(&self) -> (String, Option<f32>) {
        match self {
            Self::Class(prediction) => (prediction.label.clone(), Some(prediction.score)),
            Self::Labels(prediction) => (prediction.labels.join(","), None),
            Self::Score(prediction) => (format!("{:.4}", prediction.score), None),
            Self::Tags(prediction) => (prediction.to_string(), None),
            Self::Answer(prediction) => (prediction.to_string(), Some(prediction.score)),
            Self::Masks(prediction) => (prediction.to_string(), None),
        }
    }
}

/// Shows the answer and its score, separated by a tab.
impl fmt::Display for Prediction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.answer() {
            (answer, Some(score)) => write!(f, "{answer}\t{score:.4}"),
            (answer, None) => f.write_str(&answer),
        }
    }
}

/// How good a model's predictions are, by the scores of its task. In JSON it is the object of its task.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Report {
    /// One label of several.
    Classification(ClassificationReport),
    /// Any number of labels.
    MultiLabel(MultiLabelReport),
    /// A number.
    Regression(RegressionReport),
    /// Named parts of the text.
    Entities(EntityReport),
    /// Parts of passages.
    Answers(AnswerReport),
    /// Guessed words.
    Language(LanguageReport),
}

impl Report {
    /// The value of a metric, the higher the better; nothing where the report does not have it.
    pub fn score(&self, metric: BestMetric) -> Option<f64> {
        match (self, metric) {
            (Self::Classification(report), BestMetric::Accuracy) => Some(report.accuracy),
            (Self::Classification(report), BestMetric::MacroF1) => Some(report.macro_f1),
            (Self::Classification(report), BestMetric::Mcc) => Some(report.mcc),
            (Self::MultiLabel(report), BestMetric::MicroF1) => Some(report.micro_f1),
            (Self::MultiLabel(report), BestMetric::MacroF1) => Some(report.macro_f1),
            (Self::Regression(report), BestMetric::Pearson) => Some(report.pearson),
            (Self::Regression(report), BestMetric::Spearman) => Some(report.spearman),
            (Self::Entities(report), BestMetric::F1) => Some(report.f1),
            (Self::Entities(report), BestMetric::MacroF1) => Some(report.macro_f1),
            (Self::Answers(report), BestMetric::F1) => Some(report.f1),
            (Self::Answers(report), BestMetric::ExactMatch) => Some(report.exact_match),
            (Self::Answers(report), BestMetric::CharacterF1) => Some(report.character_f1),
            _ => None,
        }
    }

    /// The scores that a progress line shows.
    pub fn summary(&self) -> String {
        match self {
            Self::Classification(report) => format!(
                "accuracy {:.4}, macro F1 {:.4}, MCC {:.4}",
                report.accuracy, report.macro_f1, report.mcc
            ),
            Self::MultiLabel(report) => {
                format!("micro F1 {:.4}, macro F1 {:.4}", report.micro_f1, report.macro_f1)
            }
            Self::Regression(report) => format!(
                "Pearson {}, Spearman {}, mean squared error {:.4}",
                report.shown(report.pearson),
                report.shown(report.spearman),
                report.mse
            ),
            Self::Entities(report) => format!(
                "F1 {:.4}, precision {:.4}, recall {:.4}",
                report.f1, report.precision, report.recall
            ),
            Self::Answers(report) => format!(
                "exact match {:.4}, F1 {:.4}, character F1 {:.4}",
                report.exact_match, report.f1, report.character_f1
            ),
            Self::Language(report) => format!("perplexity {:.4}", report.perplexity),
        }
    }
}

/// Shows every score as tables.
impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Classification(report) => report.fmt(f),
            Self::MultiLabel(report) => report.fmt(f),
            Self::Regression(report) => report.fmt(f),
            Self::Entities(report) => report.fmt(f),
            Self::Answers(report) => report.fmt(f),
            Self::Language(report) => report.fmt(f),
        }
    }
}

/// Which device the user asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DeviceChoice {
    /// A real GPU where there is one, else the CPU.
    #[default]
    Auto,
    /// A GPU adapter, even one in software.
    Gpu,
    /// The CPU.
    Cpu,
}

/// What a training run tells while it runs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
pub enum TrainEvent {
    /// The run begins.
    Started(RunPlan),
    /// Something the user should know, in one line.
    Note {
        /// The line.
        message: String,
    },
    /// Activations of frozen layers are being computed.
    Caching {
        /// Examples done.
        done: usize,
        /// Examples in all.
        total: usize,
    },
    /// Optimizer steps were taken.
    Step(StepRecord),
    /// The model was evaluated.
    Evaluated(EvaluationRecord),
    /// All that is needed to go on from here is in the store.
    Checkpointed {
        /// Epochs that are done.
        epoch: usize,
        /// Optimizer steps that are done.
        step: usize,
    },
}

/// What a run is going to do.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RunPlan {
    /// Training examples.
    pub train_examples: usize,
    /// Evaluation examples.
    pub eval_examples: usize,
    /// The labels, in the order of their numbers.
    pub labels: Vec<String>,
    /// Optimizer steps in all.
    pub total_steps: usize,
    /// Weights of the model.
    pub parameters: usize,
    /// Weights that learn.
    pub trainable_parameters: usize,
    /// Estimated bytes of weights, gradients, moments, activations and caches.
    pub memory_bytes: u64,
}

/// Some optimizer steps.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StepRecord {
    /// Steps done.
    pub step: usize,
    /// Epochs done, with their fraction.
    pub epoch: f64,
    /// Mean training loss since the last record.
    pub loss: f64,
    /// Learning rate of the last step.
    pub learning_rate: f64,
    /// Global gradient norm of the last step, before clipping.
    pub gradient_norm: f64,
    /// Training examples seen since the run began, over all epochs.
    pub examples: usize,
}

/// One evaluation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EvaluationRecord {
    /// Steps done.
    pub step: usize,
    /// Epochs done, with their fraction.
    pub epoch: f64,
    /// Mean loss.
    pub loss: f64,
    /// The scores of the task.
    pub report: Report,
    /// Whether it is the best so far.
    pub best: bool,
}

/// What a run did, for training.json.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct TrainingRecord {
    /// Training loss.
    pub steps: Vec<StepRecord>,
    /// Evaluations.
    pub evaluations: Vec<EvaluationRecord>,
    /// The step whose model was kept.
    pub kept_step: usize,
    /// Whether patience ran out before the last epoch.
    pub stopped_early: bool,
    /// Whether the user stopped the run, which can be resumed.
    pub interrupted: bool,
    /// Texts cut to the longest length, in the first epoch.
    pub truncated: usize,
    /// Parameters that the checkpoint lacked and that began at random.
    pub initialised: Vec<String>,
}

/// Every example's prediction beside its gold label.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Evaluation {
    /// Mean loss over the examples whose right answer the model can give; `None` where there is no such example.
    pub loss: Option<f64>,
    /// The scores of the task.
    pub report: Report,
    /// In the order of the data.
    pub predictions: Vec<Prediction>,
    /// Texts cut to the longest length.
    pub truncated: usize,
}

/// What a folder holds, for `inspect`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Inspection {
    /// `model_type` of config.json.
    pub model_type: String,
    /// `architectures` of config.json.
    pub architectures: Vec<String>,
    /// What the model was fine-tuned for; nothing where the head is not trained.
    pub task: Option<TaskKind>,
    /// The labels; empty where the head is not trained.
    pub labels: Vec<String>,
    /// The probability from which on each label is said, where there may be several.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub thresholds: Vec<f64>,
    /// Width of the hidden states.
    pub hidden_size: usize,
    /// Encoder layers.
    pub num_hidden_layers: usize,
    /// Attention heads a layer.
    pub num_attention_heads: usize,
    /// Rows of the word embedding table.
    pub vocab_size: usize,
    /// Entries of the tokenizer.
    pub tokenizer_vocab_size: usize,
    /// Longest text in tokens.
    pub max_length: usize,
    /// Weights of the model.
    pub parameters: usize,
    /// Weights that the checkpoint lacks.
    pub missing: Vec<String>,
    /// Why a head that the checkpoint has is not read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unread_head: Option<String>,
    /// Estimated bytes to fine-tune all, the upper half and the head, at batch 8 × 128.
    pub training_memory: Vec<(String, u64)>,
}
