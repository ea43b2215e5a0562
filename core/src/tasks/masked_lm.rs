//! Guesses hidden words: a share of each text's tokens is hidden and learned by cross-entropy over the vocabulary.
//!
//! `masking` chooses what is hidden, anew in each epoch; [`super::words`] compares it with the vocabulary; `prediction` is
//! what comes out for the places that a text leaves open with a mask token. How training hid words is kept in config.json
//! under `mlm_probability`, `whole_word_masking` and `block_size`, keys of ours that transformers leaves alone.

mod masking;
mod prediction;

use burn::tensor::Tensor;
use serde_json::{Map, Value, json};

use self::masking::{Ids, Masking};
use self::prediction::predictions;
pub(crate) use self::prediction::spelling;
use crate::bundle::{Bundle, BundleError};
use crate::data::{Example, GoldColumn, NamedExamples};
use crate::error::Result;
use crate::models::layers::{Dropout, mix};
use crate::protocol::{Prediction, Report};
use crate::rows::{Answered, BlockToken, Blocks, Output, Purpose, Row, RowIndex, Target, TextEncoder};
use crate::tasks::network::{HeadKind, Pass};
use crate::tasks::{Definition, Preparation, Setting, Task, TaskError, TaskKind, words};
use crate::tokenizer::{EncodeOptions, Encoding, Tokenizer};
use crate::train::TrainError;
use crate::training_config::{BestMetric, TrainingConfig};

/// What the task is to the rest of the program.
pub const DEFINITION: Definition = Definition {
    name: "masked-lm",
    class_suffix: "ForMaskedLM",
    problem_type: None,
    is_causal: false,
    has_reasons: false,
    gold: GoldColumn::Lines,
    metrics: &[BestMetric::Loss],
    of_bundle,
    of_run,
};

/// Evaluations of all models hide the same words of a file, so that their perplexities compare.
const EVALUATION_DRAW: u64 = 0;
/// What users may write for any model's mask token.
const MASK: &str = "[MASK]";
const DEFAULT_TOP_K: usize = 5;

/// Hidden words.
#[derive(Debug, Clone, Copy)]
pub struct MaskedLm {
    masking: Masking,
    /// Tokens of a row of running text; 0: a row is a text.
    block_size: usize,
    /// Words that are told of each mask.
    top_k: usize,
}

fn of_bundle(bundle: &Bundle) -> Result<Box<dyn Task>> {
    let defaults = TrainingConfig::default();
    let config = &bundle.config_json;
    let probability = match config.get("mlm_probability") {
        None => defaults.mlm_probability,
        Some(value) => value
            .as_f64()
            .filter(|share| *share > 0.0 && *share <= 1.0)
            .ok_or_else(|| BundleError::config("mlm_probability", value, "must be above 0, at most 1"))?,
    };
    if let Some(value @ Value::Bool(false)) = config.get("tie_word_embeddings") {
        let reason = "only true is known: words are said by the table that reads them";
        return Err(BundleError::config("tie_word_embeddings", value, reason).into());
    }
    let whole_words = match config.get("whole_word_masking") {
        None => defaults.whole_word_masking,
        Some(Value::Bool(truth)) => *truth,
        Some(value) => return Err(BundleError::config("whole_word_masking", value, "must be true or false").into()),
    };
    Ok(Box::new(MaskedLm {
        masking: Masking {
            probability,
            whole_words,
        },
        block_size: super::block_size(bundle)?.unwrap_or(0),
        top_k: DEFAULT_TOP_K,
    }))
}

fn of_run(preparation: &Preparation) -> Result<Box<dyn Task>> {
    let config = preparation.config;
    mask_id(preparation.tokenizer)?;
    Ok(Box::new(MaskedLm {
        masking: Masking {
            probability: config.mlm_probability,
            whole_words: config.whole_word_masking,
        },
        block_size: config.block_size,
        top_k: DEFAULT_TOP_K,
    }))
}

/// The id of the token that hides a word.
///
/// # Errors
/// [`TaskError::NoMaskToken`] where the tokenizer has none.
pub fn mask_id(tokenizer: &Tokenizer) -> Result<u32, TaskError> {
    let token = || tokenizer.special_tokens().mask.clone();
    tokenizer
        .mask_id()
        .ok_or_else(|| TaskError::NoMaskToken { token: token() })
}

fn own_mask(tokenizer: &Tokenizer) -> &str {
    tokenizer.special_tokens().mask.as_deref().unwrap_or(MASK)
}

/// A text, or a pair, that leaves places open by the tokenizer's mask token or by BERT's.
///
/// # Errors
/// As [`Tokenizer::encode`].
pub(crate) fn encode_open(
    tokenizer: &Tokenizer,
    text: &str,
    pair: Option<&str>,
    options: &EncodeOptions,
) -> Result<Encoding> {
    let respelled = |text: &str| match tokenizer.token_to_id(MASK) {
        None => text.replace(MASK, own_mask(tokenizer)),
        Some(_) => text.to_owned(),
    };
    Ok(tokenizer.encode_open(&respelled(text), pair.map(respelled).as_deref(), options)?)
}

impl MaskedLm {
    /// The usual way: 15 % of the tokens of each text.
    pub fn plain() -> Self {
        Self {
            masking: Masking {
                probability: 0.15,
                whole_words: false,
            },
            block_size: 0,
            top_k: DEFAULT_TOP_K,
        }
    }

    /// The row with words hidden; `number` tells it from the others of its set.
    fn hidden(&self, mut encoding: Encoding, number: u64, tokenizer: &Tokenizer, purpose: Purpose) -> Result<Row> {
        let ids = Ids::of(tokenizer)?;
        let seed = mix(draw(purpose)) ^ mix(number);
        let words = self.masking.hide(&mut encoding, &ids, seed);
        let target = match purpose {
            Purpose::Guess => Target::Open(words.iter().map(|word| word.position).collect()),
            _ => Target::Words(words.into()),
        };
        Ok(Row { encoding, target })
    }

    /// The row of a text that leaves places open; [`TaskError::NoMask`] where it leaves none.
    fn open(example: &Example, text: &TextEncoder) -> Result<Row> {
        let tokenizer = text.tokenizer;
        let mask = mask_id(tokenizer)?;
        let options = EncodeOptions::max_length(text.max_length);
        let encoding = encode_open(tokenizer, &example.text, example.text_pair.as_deref(), &options)?;
        let places: Box<[u32]> = (0u32..)
            .zip(&encoding.ids)
            .filter(|(_, id)| **id == mask)
            .map(|(position, _)| position)
            .collect();
        if places.is_empty() {
            return Err(TaskError::NoMask {
                line: example.line,
                mask: own_mask(tokenizer).to_owned(),
                cut_at: encoding.truncated.then_some(text.max_length),
            }
            .into());
        }
        let target = Target::Open(places);
        Ok(Row { encoding, target })
    }
}

/// What an epoch, or an evaluation, draws from.
fn draw(purpose: Purpose) -> u64 {
    match purpose {
        Purpose::Train { draw } => draw,
        Purpose::Evaluate | Purpose::Guess | Purpose::Predict => EVALUATION_DRAW,
    }
}

impl Task for MaskedLm {
    fn kind(&self) -> TaskKind {
        TaskKind::MaskedLm
    }

    fn labels(&self) -> &[String] {
        &[]
    }

    fn config_entries(&self) -> Map<String, Value> {
        Map::from_iter([
            ("mlm_probability".to_owned(), json!(self.masking.probability)),
            ("whole_word_masking".to_owned(), json!(self.masking.whole_words)),
            ("block_size".to_owned(), json!(self.block_size)),
            // The head that was trained says words with the table that reads them.
            ("tie_word_embeddings".to_owned(), json!(true)),
        ])
    }

    fn head(&self) -> HeadKind {
        HeadKind::MaskedLm
    }

    fn repeats_rows(&self) -> bool {
        false
    }

    fn longest_row(&self, max_length: usize) -> usize {
        if self.block_size > 0 {
            self.block_size
        } else {
            max_length
        }
    }

    fn words_of(&self, tokens: usize) -> usize {
        (tokens as f64 * self.masking.probability).ceil() as usize
    }

    fn check(&self, _data: NamedExamples) -> Result<(), TaskError> {
        Ok(())
    }

    /// Texts by themselves, or, as transformers' run_mlm does, all with their special tokens one after the other.
    fn rows(&self, examples: &[Example], text: &TextEncoder, purpose: Purpose) -> Result<RowIndex> {
        if purpose == Purpose::Predict {
            return RowIndex::asked(examples.iter().map(|example| Self::open(example, text).map(|_| 1)));
        }
        if self.block_size == 0 {
            return Ok(RowIndex::Examples(examples.len()));
        }
        let mut blocks = Blocks::new(self.block_size);
        for example in examples {
            let pair = example.text_pair.as_deref();
            let encoding = text.tokenizer.encode(&example.text, pair, &EncodeOptions::default())?;
            blocks.push_text(&encoding);
        }
        Ok(RowIndex::Blocks(blocks))
    }

    fn encode(&self, example: &Example, text: &TextEncoder, purpose: Purpose) -> Result<Row> {
        let options = EncodeOptions::max_length(text.max_length);
        let pair = example.text_pair.as_deref();
        let encoding = text.tokenizer.encode(&example.text, pair, &options)?;
        self.hidden(encoding, example.line as u64, text.tokenizer, purpose)
    }

    /// A text that leaves places open.
    fn encode_parts(&self, example: &Example, text: &TextEncoder, _purpose: Purpose) -> Result<Vec<Row>> {
        Ok(vec![Self::open(example, text)?])
    }

    fn encode_block(&self, block: &[BlockToken], number: usize, text: &TextEncoder, purpose: Purpose) -> Result<Row> {
        let spelled = |id: &u32| text.tokenizer.id_to_token(*id).unwrap_or_default();
        let mut encoding = Blocks::encoding(block);
        // Where no spaces stand, the pieces tell the words.
        if self.masking.whole_words && text.tokenizer.knows_only_spaces() {
            encoding.tokens = encoding.ids.iter().map(spelled).collect();
        }
        self.hidden(encoding, number as u64, text.tokenizer, purpose)
    }

    /// Nothing by itself: which words are hidden is known once the text is encoded.
    fn target(&self, _example: &Example) -> Target {
        Target::None
    }

    fn weight(&self, targets: &[&Target]) -> f64 {
        words::weight(targets)
    }

    fn loss(&self, pass: Pass, denominator: f64, _dropout: &mut Dropout) -> Tensor<1> {
        words::loss(pass, denominator)
    }

    fn outputs(&self, pass: Pass) -> Tensor<2> {
        words::outputs(pass, self.top_k)
    }

    fn read(&self, row: &Row, values: &[f32]) -> Output {
        words::read(row, values, self.top_k)
    }

    fn report(&self, answered: Answered) -> Result<(Option<f64>, Report)> {
        let (loss, report) = words::report(answered).map_err(TrainError::from)?;
        Ok((Some(loss), Report::Language(report)))
    }

    fn predictions(&self, answered: Answered) -> Vec<Prediction> {
        let unasked = |example: &Example| Self::open(example, &answered.text).err();
        let unasked = |example: &Example| unasked(example).map(|error| error.to_string());
        predictions(answered, unasked)
            .into_iter()
            .map(Prediction::Masks)
            .collect()
    }

    fn set(&mut self, setting: Setting) -> Result<(), TaskError> {
        let Setting::TopK(words) = setting else {
            let task = self.kind();
            return Err(TaskError::NoSetting { setting, task });
        };
        self.top_k = words.max(1);
        Ok(())
    }
}
