//! Describes a training run: every option with its key, default, unit and meaning, once.
//!
//! The command line builds its flags from [`OPTIONS`], `--config run.json` and the browser's form read the same keys, and
//! training.json keeps them. Hugging Face's script spellings are aliases.

mod choices;
mod options;

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::schedule::LrSchedule;
use crate::task_kind::TaskKind;

pub use self::choices::{BestMetric, ClassWeights, LabelPieces, Probe, Threshold, TrainLayers};
pub use self::options::{OPTIONS, TrainingOption};

/// Options of a training run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TrainingConfig {
    /// What the model learns to do.
    pub task: TaskKind,
    /// Passes over the training data.
    pub epochs: usize,
    /// Examples a forward pass.
    pub batch_size: usize,
    /// Examples a forward pass of an evaluation.
    pub eval_batch_size: usize,
    /// Highest learning rate.
    pub learning_rate: f64,
    /// Shape of the learning rate after the warm-up.
    pub lr_schedule: LrSchedule,
    /// Share of all steps in which the learning rate rises.
    pub warmup_ratio: f64,
    /// Steps in which the learning rate rises; wins over the ratio where it is not 0.
    pub warmup_steps: usize,
    /// AdamW's decoupled weight decay; none on biases and LayerNorm.
    pub weight_decay: f64,
    /// AdamW's first decay rate.
    pub adam_beta1: f64,
    /// AdamW's second decay rate.
    pub adam_beta2: f64,
    /// AdamW's epsilon.
    pub adam_epsilon: f64,
    /// Largest joint 2-norm of the gradients; 0 leaves them alone.
    pub max_grad_norm: f64,
    /// Batches whose gradients make one step.
    pub gradient_accumulation_steps: usize,
    /// Share of the target spread over all classes.
    pub label_smoothing: f64,
    /// How the classes weigh in the loss.
    pub class_weights: ClassWeights,
    /// What scores are divided by while a regression is trained; predictions are in the data's units.
    pub target_scale: f64,
    /// From which probability on a label of several is said.
    pub threshold: Threshold,
    /// Which pieces of a word learn its tag.
    pub label_pieces: LabelPieces,
    /// Whether the tags of a text are chosen together, so that they make sense, or each by itself.
    pub viterbi: bool,
    /// Tokens that neighbouring windows of a passage share; less where a question leaves no more room than that.
    pub stride: usize,
    /// Most tokens of an answer.
    pub max_answer_length: usize,
    /// Share of the tokens, or words, that masked-lm hides.
    pub mlm_probability: f64,
    /// Whether all tokens of a word are hidden together.
    pub whole_word_masking: bool,
    /// Tokens of a row of running text; 0 is the task's own way: causal-lm takes 128, masked-lm each text by itself.
    pub block_size: usize,
    /// Longest text in tokens, special tokens included; longer texts are cut.
    pub max_length: usize,
    /// Dropout instead of the config's.
    pub dropout: Option<f64>,
    /// Which weights learn.
    pub train_layers: TrainLayers,
    /// Whether the last layer is fitted to frozen features at once, instead of trained.
    pub probe: Probe,
    /// Weight of the penalty of a probe: half the squared length of its coefficients against the sum of the losses.
    pub probe_l2: f64,
    /// Whether texts of similar length share a batch.
    pub length_bucketing: bool,
    /// Seed of shuffling, dropout and new weights.
    pub seed: u64,
    /// Steps between evaluations, which the end of the run adds one to; 0 evaluates after each epoch.
    pub eval_steps: usize,
    /// Steps between progress reports, each with the mean loss since the last.
    pub logging_steps: usize,
    /// Evaluations without improvement after which the run stops; 0 never stops.
    pub early_stopping_patience: usize,
    /// What the best model has the best of.
    pub best_metric: BestMetric,
    /// Whether the best model is kept instead of the last.
    pub keep_best: bool,
    /// Training examples used; 0 uses all.
    pub max_train_samples: usize,
    /// Evaluation examples used; 0 uses all.
    pub max_eval_samples: usize,
}

impl Default for TrainingConfig {
    fn default() -> Self {
        Self {
            task: TaskKind::SequenceClassification,
            epochs: 3,
            batch_size: 8,
            eval_batch_size: 64,
            learning_rate: 2e-5,
            lr_schedule: LrSchedule::Linear,
            warmup_ratio: 0.0,
            warmup_steps: 0,
            weight_decay: 0.01,
            adam_beta1: 0.9,
            adam_beta2: 0.999,
            adam_epsilon: 1e-8,
            max_grad_norm: 1.0,
            gradient_accumulation_steps: 1,
            label_smoothing: 0.0,
            class_weights: ClassWeights::None,
            target_scale: 1.0,
            threshold: Threshold::Fixed(0.5),
            label_pieces: LabelPieces::Auto,
            viterbi: false,
            stride: 32,
            max_answer_length: 30,
            mlm_probability: 0.15,
            whole_word_masking: false,
            block_size: 0,
            max_length: 128,
            dropout: None,
            train_layers: TrainLayers::All,
            probe: Probe::None,
            probe_l2: 1.0,
            length_bucketing: true,
            seed: 42,
            eval_steps: 0,
            logging_steps: 10,
            early_stopping_patience: 0,
            best_metric: BestMetric::Auto,
            keep_best: true,
            max_train_samples: 0,
            max_eval_samples: 0,
        }
    }
}

/// An option outside its range.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("--{} is {value}: {reason}", key.replace('_', "-"))]
pub struct OptionError {
    /// The option's key.
    pub key: &'static str,
    /// What it was.
    pub value: String,
    /// What it should be.
    pub reason: Cow<'static, str>,
}

impl TrainingConfig {
    /// Checks each option's range, and that what is not its default means something for the task and the way it is learned.
    /// An option of another task at its default changes nothing: scripts give such, and so does training.json.
    ///
    /// # Errors
    /// The first option that cannot be.
    pub fn validate(&self) -> Result<(), OptionError> {
        self.validate_ranges()?;
        let (own, default) = (plain(self), plain(&Self::default()));
        let mut changed = OPTIONS.iter().filter(|option| own[option.key] != default[option.key]);
        changed.try_for_each(|option| self.check_use(option))
    }

    /// The one place that compares what an option is for with the run.
    fn check_use(&self, option: &TrainingOption) -> Result<(), OptionError> {
        let tasks = option.tasks;
        let reason = if !tasks.is_empty() && !tasks.contains(&self.task) {
            let names: Vec<String> = tasks.iter().map(TaskKind::to_string).collect();
            let (names, task) = (names.join(", "), self.task);
            format!("counts for {names} only, not for {task}")
        } else if option.is_of_steps && self.probe != Probe::None {
            "counts without --probe only, which is fitted at once".to_owned()
        } else {
            return Ok(());
        };
        Err(OptionError {
            key: option.key,
            value: shown(&plain(self)[option.key]),
            reason: reason.into(),
        })
    }

    /// What differs from `other`: each option's key, its value here and its value there.
    pub fn differences(&self, other: &Self) -> Vec<(&'static str, String, String)> {
        let (own, other) = (plain(self), plain(other));
        let keys = std::iter::once("task").chain(OPTIONS.iter().map(|option| option.key));
        let differing = keys.filter(|key| own[*key] != other[*key]);
        differing
            .map(|key| (key, shown(&own[key]), shown(&other[key])))
            .collect()
    }

    /// Refuses a stride of as many tokens as a window has. Nobody need have asked for the default: it may be less where it does
    /// not fit.
    ///
    /// # Errors
    /// If windows would not move.
    pub fn check_stride(&self) -> Result<(), OptionError> {
        match self.task {
            TaskKind::QuestionAnswering => check_stride(self.stride, self.max_length),
            _ => Ok(()),
        }
    }

    fn validate_ranges(&self) -> Result<(), OptionError> {
        let error = |key, value: String, reason: &'static str| {
            let reason = reason.into();
            Err(OptionError { key, value, reason })
        };
        for (key, value) in [
            ("epochs", self.epochs),
            ("batch_size", self.batch_size),
            ("eval_batch_size", self.eval_batch_size),
            ("gradient_accumulation_steps", self.gradient_accumulation_steps),
            ("logging_steps", self.logging_steps),
            ("max_answer_length", self.max_answer_length),
        ] {
            if value == 0 || value > 1 << 24 {
                return error(key, value.to_string(), "must be between 1 and 16,777,216");
            }
        }
        if self.max_length < 3 {
            return error("max_length", self.max_length.to_string(), "must be at least 3");
        }
        if self.stride != Self::default().stride {
            self.check_stride()?;
        }
        if !(self.mlm_probability > 0.0 && self.mlm_probability <= 1.0) {
            let value = self.mlm_probability.to_string();
            return error("mlm_probability", value, "must be above 0, at most 1");
        }
        if (1..3).contains(&self.block_size) || self.block_size > 1 << 24 {
            let value = self.block_size.to_string();
            return error("block_size", value, "must be 0, or between 3 and 16,777,216");
        }
        for (key, value, above) in [
            ("learning_rate", self.learning_rate, 0.0),
            ("adam_epsilon", self.adam_epsilon, 0.0),
            ("target_scale", self.target_scale, 0.0),
        ] {
            if !(value.is_finite() && value > above) {
                return error(key, value.to_string(), "must be a number above 0");
            }
        }
        for (key, value) in [
            ("weight_decay", self.weight_decay),
            ("max_grad_norm", self.max_grad_norm),
            ("probe_l2", self.probe_l2),
        ] {
            if !(value.is_finite() && value >= 0.0) {
                return error(key, value.to_string(), "must be a number, 0 or more");
            }
        }
        for (key, value) in [
            ("warmup_ratio", self.warmup_ratio),
            ("label_smoothing", self.label_smoothing),
            ("adam_beta1", self.adam_beta1),
            ("adam_beta2", self.adam_beta2),
            ("dropout", self.dropout.unwrap_or(0.0)),
        ] {
            if !(0.0..1.0).contains(&value) {
                return error(key, value.to_string(), "must be at least 0 and below 1");
            }
        }
        self.validate_probe()
    }

    /// Refuses what a probe does not do.
    fn validate_probe(&self) -> Result<(), OptionError> {
        let error = |key, value: String, reason: &'static str| {
            let reason = reason.into();
            Err(OptionError { key, value, reason })
        };
        match self.probe {
            Probe::None if self.probe_l2 != 1.0 => {
                error("probe_l2", self.probe_l2.to_string(), "counts with --probe only")
            }
            Probe::None => Ok(()),
            probe if self.train_layers != TrainLayers::Head => {
                error("probe", probe.into(), "needs --train-layers head")
            }
            _ => Ok(()),
        }
    }
}

/// Refuses a stride of as many tokens as a `window` has.
///
/// # Errors
/// If windows would not move.
pub fn check_stride(stride: usize, window: usize) -> Result<(), OptionError> {
    match stride < window {
        true => Ok(()),
        false => Err(OptionError {
            key: "stride",
            value: stride.to_string(),
            reason: format!(
                "must be below the {window} tokens of a window (--max-length): windows share fewer tokens than they have"
            )
            .into(),
        }),
    }
}

/// An option's value without quotes.
fn shown(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.as_f64().unwrap_or_default().to_string(),
        other => other.to_string(),
    }
}

/// The options by their keys.
fn plain(config: &TrainingConfig) -> Value {
    serde_json::to_value(config).expect("plain data serialises")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_option_is_a_field() {
        let value = serde_json::to_value(TrainingConfig::default()).expect("serialises");
        let fields: Vec<&String> = value
            .as_object()
            .expect("a struct")
            .keys()
            .filter(|key| *key != "task")
            .collect();
        let options: Vec<&str> = OPTIONS.iter().map(|option| option.key).collect();
        assert_eq!(fields, options);
    }

    #[test]
    fn ranges_name_the_flag() {
        let config = TrainingConfig {
            batch_size: 0,
            ..TrainingConfig::default()
        };
        let error = config.validate().expect_err("zero");
        assert!(error.to_string().starts_with("--batch-size is 0"), "{error}");
    }
}
