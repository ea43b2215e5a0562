//! Holds one file a task: the labels and rows it makes of examples, its head, its loss, and what its outputs mean.
//!
//! [`Task`] is what training, evaluation and prediction ask of a task; [`TaskKind::definition`] is the only match over the
//! tasks. A task's file is all that a new one needs, beside an arm there and variants of the plain data it passes around
//! ([`crate::rows`], [`crate::protocol`]).

pub mod causal_lm;
pub mod classification_head;
mod error;
pub mod features;
pub mod masked_lm;
pub mod multi_label_classification;
pub mod network;
pub mod question_answering;
pub mod regression;
pub mod sequence_classification;
pub mod span_head;
mod text_parts;
pub mod token_classification;
pub mod token_head;
pub mod word_head;
pub mod words;

use burn::tensor::Tensor;
use serde_json::{Map, Value};

use crate::bundle::{Bundle, BundleError};
use crate::data::{Example, GoldColumn, NamedExamples};
use crate::error::Result;
use crate::examples::CachedPositions;
use crate::models::layers::Dropout;
use crate::protocol::{Prediction, Report};
use crate::rows::{Answered, BlockToken, Blocks, Output, Purpose, Row, RowIndex, Target, TextEncoder};
pub use crate::task_kind::TaskKind;
use crate::tasks::network::{HeadKind, Pass};
use crate::tokenizer::{EncodeOptions, Tokenizer};
use crate::training_config::{BestMetric, TrainingConfig};

pub use self::error::TaskError;

/// What a task is to the rest of the program before there is a model or data.
pub struct Definition {
    /// The name on the command line.
    pub name: &'static str,
    /// What transformers' class names for it end with.
    pub class_suffix: &'static str,
    /// `problem_type` of config.json, where the class name alone does not tell.
    pub problem_type: Option<&'static str>,
    /// Whether its models see only what stands before a token.
    pub is_causal: bool,
    /// Whether an output can be traced to the tokens it comes from: not where words of a whole vocabulary are the outputs.
    pub has_reasons: bool,
    /// What the label column of its data holds.
    pub gold: GoldColumn,
    /// What the best model can have the best of, the usual choice first.
    pub metrics: &'static [BestMetric],
    /// The task as a fine-tuned folder describes it.
    pub of_bundle: fn(&Bundle) -> Result<Box<dyn Task>>,
    /// The task as options and data ask for it.
    pub of_run: fn(&Preparation) -> Result<Box<dyn Task>>,
}

/// What a task is prepared from before training.
#[derive(Clone, Copy)]
pub struct Preparation<'a> {
    /// The options, validated.
    pub config: &'a TrainingConfig,
    /// What is learned from; not empty.
    pub train: NamedExamples<'a>,
    /// Whose labels are learned: what `train` was drawn from, or its own examples.
    pub labelled: &'a [Example],
    /// Cuts texts into the model's tokens.
    pub tokenizer: &'a Tokenizer,
    /// The most tokens that the model reads at once.
    pub longest: usize,
    /// Whether there is evaluation data.
    pub has_eval: bool,
    /// The labels as somebody listed them.
    pub given_labels: Option<&'a [String]>,
    /// The labels of the folder's own trained head for the same task, which go on where the data says no others.
    pub known_labels: Option<&'a [String]>,
}

impl TaskKind {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::SequenceClassification,
        Self::MultiLabelClassification,
        Self::Regression,
        Self::TokenClassification,
        Self::QuestionAnswering,
        Self::MaskedLm,
        Self::CausalLm,
    ];

    /// What the task is. The only match over the tasks.
    pub fn definition(self) -> &'static Definition {
        match self {
            Self::SequenceClassification => &sequence_classification::DEFINITION,
            Self::MultiLabelClassification => &multi_label_classification::DEFINITION,
            Self::Regression => &regression::DEFINITION,
            Self::TokenClassification => &token_classification::DEFINITION,
            Self::QuestionAnswering => &question_answering::DEFINITION,
            Self::MaskedLm => &masked_lm::DEFINITION,
            Self::CausalLm => &causal_lm::DEFINITION,
        }
    }

    /// The name on the command line.
    pub fn name(self) -> &'static str {
        self.definition().name
    }

    /// The task that config.json says the folder was fine-tuned for, if it is one of ours.
    pub fn of_config(config_json: &Map<String, Value>) -> Option<Self> {
        let names = config_json.get("architectures").and_then(Value::as_array)?;
        let class = names.first().and_then(Value::as_str)?;
        let named = config_json.get("problem_type").and_then(Value::as_str);
        let outputs = config_json.get("id2label").and_then(Value::as_object).map(Map::len);
        // Without a name one output is a number, as transformers decides.
        let problem_type = named.or((outputs == Some(1)).then_some("regression"));
        let matches = |kind: &&Self| {
            let definition = kind.definition();
            let right_problem = match (problem_type, definition.problem_type) {
                (Some(written), Some(own)) => written == own,
                _ => true,
            };
            class.ends_with(definition.class_suffix) && right_problem
        };
        Self::ALL.iter().find(matches).copied()
    }
}

/// `block_size` of config.json, a key of ours; never more than the model reads.
fn block_size(bundle: &Bundle) -> Result<Option<usize>, BundleError> {
    let Some(value) = bundle.config_json.get("block_size") else {
        return Ok(None);
    };
    let size = value.as_u64().and_then(|size| usize::try_from(size).ok());
    let longest = bundle.model_config.sizes().max_length;
    let reason = "must be a number, 0 or more";
    size.map(|size| Some(size.min(longest)))
        .ok_or_else(|| BundleError::config("block_size", value, reason))
}

/// What training, evaluation and prediction ask of a task.
pub trait Task {
    /// Which task it is.
    fn kind(&self) -> TaskKind;

    /// The names of what it can say, in the order of their numbers; nothing where that is not a list.
    fn labels(&self) -> &[String];

    /// The probability from which on each label is said, where there may be several.
    fn thresholds(&self) -> &[f64] {
        &[]
    }

    /// What config.json has to say beside the labels, so that the folder works as it was trained.
    fn config_entries(&self) -> Map<String, Value> {
        Map::new()
    }

    /// The head it needs.
    fn head(&self) -> HeadKind;

    /// Which hidden states the head reads.
    fn reads(&self) -> CachedPositions {
        CachedPositions::All
    }

    /// Whether a row is the same in each epoch, so that what frozen layers make of it can be kept.
    fn repeats_rows(&self) -> bool {
        true
    }

    /// At which length texts are cut where nobody says so, if not at the model's limit.
    fn max_length(&self) -> Option<usize> {
        None
    }

    /// Tokens of the longest row, where texts are cut at `max_length`.
    fn longest_row(&self, max_length: usize) -> usize {
        max_length
    }

    /// How many of so many tokens are compared with every word of the vocabulary.
    fn words_of(&self, tokens: usize) -> usize {
        let _ = tokens;
        0
    }

    /// Refuses examples that cannot be learned from.
    ///
    /// # Errors
    /// The first that cannot, by file and line.
    fn check(&self, data: NamedExamples) -> Result<(), TaskError>;

    /// Refuses examples that cannot be scored; by default those that cannot be learned from.
    ///
    /// # Errors
    /// The first that cannot, by file and line.
    fn check_gold(&self, data: NamedExamples) -> Result<(), TaskError> {
        self.check(data)
    }

    /// The rows that `examples` make; by default one each.
    ///
    /// # Errors
    /// If a text cannot be encoded.
    fn rows(&self, examples: &[Example], text: &TextEncoder, purpose: Purpose) -> Result<RowIndex> {
        let _ = (text, purpose);
        Ok(RowIndex::Examples(examples.len()))
    }

    /// An example as a row; by default its text or pair, with [`Self::target`].
    ///
    /// # Errors
    /// If the text cannot be encoded.
    fn encode(&self, example: &Example, text: &TextEncoder, purpose: Purpose) -> Result<Row> {
        let options = EncodeOptions::max_length(text.max_length);
        let encoding = text
            .tokenizer
            .encode(&example.text, example.text_pair.as_deref(), &options)?;
        let target = match purpose {
            Purpose::Predict | Purpose::Guess => Target::None,
            Purpose::Train { .. } | Purpose::Evaluate => self.target(example),
        };
        Ok(Row { encoding, target })
    }

    /// All rows of an example, where [`Self::rows`] makes parts of it.
    ///
    /// # Errors
    /// If the text cannot be encoded.
    fn encode_parts(&self, example: &Example, text: &TextEncoder, purpose: Purpose) -> Result<Vec<Row>> {
        Ok(vec![self.encode(example, text, purpose)?])
    }

    /// The row of a block of running text, the `number`th, where [`Self::rows`] cuts such.
    ///
    /// # Errors
    /// If the tokenizer lacks what the task needs.
    fn encode_block(&self, block: &[BlockToken], number: usize, text: &TextEncoder, purpose: Purpose) -> Result<Row> {
        let _ = (number, text, purpose);
        Ok(Row {
            encoding: Blocks::encoding(block),
            target: Target::None,
        })
    }

    /// What the loss compares an example with; [`Target::None`] where there is nothing the model could say.
    fn target(&self, example: &Example) -> Target;

    /// What the mean of the loss divides by: how much `targets` count, in examples, tokens or weights.
    fn weight(&self, targets: &[&Target]) -> f64;

    /// The loss, `[1]`, of a forward pass: the sum over its rows divided by `denominator`, which is [`Self::weight`] of
    /// the whole optimizer step.
    fn loss(&self, pass: Pass, denominator: f64, dropout: &mut Dropout) -> Tensor<1>;

    /// What is read back of a forward pass, `[batch, width]`.
    fn outputs(&self, pass: Pass) -> Tensor<2>;

    /// What is kept of a row's `values` `[width]`.
    fn read(&self, row: &Row, values: &[f32]) -> Output;

    /// What of `data` is read or answered otherwise than one may expect, a line each; by default nothing.
    ///
    /// # Errors
    /// If a text cannot be encoded.
    fn notes(&self, data: NamedExamples, text: &TextEncoder) -> Result<Vec<String>> {
        let _ = (data, text);
        Ok(Vec::new())
    }

    /// What the best model has the best of on `examples`, where nothing else is asked.
    fn usual_metric(&self, examples: &[Example]) -> BestMetric {
        let _ = examples;
        self.kind().definition().metrics[0]
    }

    /// Mean loss, where there is one, and scores.
    ///
    /// # Errors
    /// If there is nothing to score.
    fn report(&self, answered: Answered) -> Result<(Option<f64>, Report)>;

    /// One prediction an example.
    fn predictions(&self, answered: Answered) -> Vec<Prediction>;

    /// What outputs are multiplied by, so that they are in the data's units. Training works on the smaller numbers; once it is
    /// done, the factor goes into the last layer's weights.
    fn output_scale(&self) -> f64 {
        1.0
    }

    /// Takes a way of reading the outputs instead of its own.
    ///
    /// # Errors
    /// If the task has no such setting.
    fn set(&mut self, setting: Setting) -> Result<(), TaskError> {
        Err(TaskError::NoSetting {
            setting,
            task: self.kind(),
        })
    }

    /// Settles what is chosen on evaluation data once training is done, such as thresholds.
    fn settle(&mut self, answered: Answered) {
        let _ = answered;
    }

    /// Whether [`Self::settle`] has something to do.
    fn is_unsettled(&self) -> bool {
        false
    }
}

/// A way of reading outputs that may be chosen anew for a trained model.
#[derive(Debug, Clone, PartialEq)]
pub enum Setting {
    /// The probability from which on a label of several is said.
    Threshold(f64),
    /// The same for some labels by their names; the others keep their own.
    LabelThresholds(Vec<(String, f64)>),
    /// Whether the tags of a text are chosen together.
    Viterbi(bool),
    /// Tokens that neighbouring windows of a passage share.
    Stride(usize),
    /// Most tokens of an answer.
    MaxAnswerLength(usize),
    /// Whether a passage may hold no answer.
    NoAnswer(bool),
    /// How far the score of "no answer" has to be above the best answer's to be said.
    NoAnswerThreshold(f64),
    /// Words that are told of each mask.
    TopK(usize),
}

impl Setting {
    /// The flag on the command line, without its dashes.
    pub(crate) fn flag(&self) -> &'static str {
        match self {
            Self::Threshold(_) | Self::LabelThresholds(_) => "threshold",
            Self::Viterbi(_) => "viterbi",
            Self::Stride(_) => "stride",
            Self::MaxAnswerLength(_) => "max-answer-length",
            Self::NoAnswer(_) => "no-answer",
            Self::NoAnswerThreshold(_) => "no-answer-threshold",
            Self::TopK(_) => "top-k",
        }
    }

    /// The task that has it.
    pub(crate) fn task(&self) -> TaskKind {
        match self {
            Self::Threshold(_) | Self::LabelThresholds(_) => TaskKind::MultiLabelClassification,
            Self::Viterbi(_) => TaskKind::TokenClassification,
            Self::Stride(_) | Self::MaxAnswerLength(_) | Self::NoAnswer(_) | Self::NoAnswerThreshold(_) => {
                TaskKind::QuestionAnswering
            }
            Self::TopK(_) => TaskKind::MaskedLm,
        }
    }
}
