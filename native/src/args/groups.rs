//! Declares the groups of flags that several commands share.

use std::num::{IntErrorKind, ParseIntError};
use std::path::PathBuf;
use std::str::FromStr;

use anyhow::{Context, Result};
use clap::{Args, ValueEnum};
use terakoya_core::data::{Column, Filter, Format, GoldColumn, Quote, ReadOptions, read_label_names};
use terakoya_core::device::DeviceChoice;
use terakoya_core::tasks::Setting;
use terakoya_core::tasks::features::Pooling;
use terakoya_core::training_config::Threshold;

/// How a model's outputs are read, where not as it was saved.
#[derive(Debug, Clone, Args)]
pub struct SettingArgs {
    /// Probability from which a label of several is said, instead of the model's own; or LABEL=PROBABILITY,… for some labels
    #[arg(long, value_name = "PROBABILITY", value_parser = parse_threshold)]
    pub threshold: Option<Setting>,
    /// Whether the tags of a text are chosen together, so that no I- begins an entity, instead of the model's own way
    #[arg(long, value_name = "BOOL", num_args = 0..=1, default_missing_value = "true")]
    pub viterbi: Option<bool>,
    /// Tokens that neighbouring windows of a passage share, instead of the model's own
    #[arg(long, value_name = "TOKENS", alias = "doc_stride", value_parser = whole_number::<usize>)]
    pub stride: Option<usize>,
    /// Most tokens of an answer, instead of the model's own
    #[arg(long, value_name = "TOKENS", alias = "max_answer_length", value_parser = parse_count)]
    pub max_answer_length: Option<usize>,
    /// Whether a passage may hold no answer, as of SQuAD v2, instead of the model's own way
    #[arg(long, value_name = "BOOL", num_args = 0..=1, default_missing_value = "true")]
    pub no_answer: Option<bool>,
    /// How far the score of "no answer" has to be above the best answer's to be said, 0 where not given; with it a passage may hold
    /// none
    #[arg(
        long,
        value_name = "SCORE",
        alias = "null_score_diff_threshold",
        allow_hyphen_values = true,
        conflicts_with = "no_answer",
        value_parser = parse_score
    )]
    pub no_answer_threshold: Option<f64>,
    /// Words that are told of each mask; 5 where not given
    #[arg(long, value_name = "WORDS", value_parser = clap::value_parser!(u16).range(1..=1000))]
    pub top_k: Option<u16>,
}

impl SettingArgs {
    /// Those that were given.
    pub fn given(&self) -> Vec<Setting> {
        let settings = [
            self.threshold.clone(),
            self.viterbi.map(Setting::Viterbi),
            self.stride.map(Setting::Stride),
            self.max_answer_length.map(Setting::MaxAnswerLength),
            self.no_answer.map(Setting::NoAnswer),
            self.no_answer_threshold.map(Setting::NoAnswerThreshold),
            self.top_k.map(|words| Setting::TopK(words.into())),
        ];
        settings.into_iter().flatten().collect()
    }
}

/// A number of things, which a negative number is not.
pub fn whole_number<T: FromStr<Err = ParseIntError>>(text: &str) -> Result<T, String> {
    text.parse().map_err(|error: ParseIntError| match error.kind() {
        IntErrorKind::PosOverflow => format!("expected a whole number from 0 to {}", u64::MAX),
        _ => "expected a whole number, 0 or more".to_owned(),
    })
}

fn parse_score(text: &str) -> Result<f64, String> {
    let value = text.parse().ok().filter(|value: &f64| value.is_finite());
    value.ok_or_else(|| "expected a number".to_owned())
}

fn parse_count(text: &str) -> Result<usize, String> {
    let value = text.parse().ok().filter(|value| *value > 0);
    value.ok_or_else(|| "expected a whole number above 0".to_owned())
}

/// A training chooses thresholds by itself, a trained model is given them.
fn parse_threshold(text: &str) -> Result<Setting, String> {
    match Threshold::of_numbers(text)? {
        Some(Threshold::Fixed(value)) => Ok(Setting::Threshold(value)),
        Some(Threshold::ByLabel(pairs)) => Ok(Setting::LabelThresholds(pairs)),
        _ if matches!(text, "auto" | "per-label") => {
            Err("expected a number from 0 to 1 or LABEL=NUMBER,…; only train chooses by itself".to_owned())
        }
        _ => Err("expected a number from 0 to 1 or LABEL=NUMBER,…".to_owned()),
    }
}

/// What a tokenizer uses beside the files of its folder.
#[derive(Debug, Clone, Args)]
pub struct TokenizerArgs {
    /// Words to add to a Japanese tokenizer's dictionary: lines of surface,left id,right id,cost as MeCab reads them
    #[arg(long, value_name = "FILE")]
    pub user_dictionary: Option<PathBuf>,
}

/// How a data file is read.
#[derive(Debug, Clone, Args)]
pub struct DataArgs {
    /// csv, tsv, semicolon, json, json-lines, conll, squad or text, where the file does not tell
    #[arg(long)]
    pub format: Option<Format>,
    /// Column of the text, by header name or 1-based number
    #[arg(long, value_name = "COLUMN")]
    pub text_column: Option<Column>,
    /// Column of the second text of a pair
    #[arg(long, value_name = "COLUMN")]
    pub pair_column: Option<Column>,
    /// Column of the label
    #[arg(long, value_name = "COLUMN")]
    pub label_column: Option<Column>,
    /// Whether double quotes quote fields: standard or none
    #[arg(long)]
    pub quote: Option<Quote>,
    /// The labels, one a line, in the order of their numbers, by which the data may name them
    #[arg(long, value_name = "FILE")]
    pub labels: Option<PathBuf>,
}

impl DataArgs {
    /// The labels that `--labels` lists.
    pub fn label_names(&self) -> Result<Option<Vec<String>>> {
        let read = |path: &PathBuf| {
            let name = path.display().to_string();
            let bytes = std::fs::read(path).with_context(|| name.clone())?;
            Ok(read_label_names(&name, &bytes)?)
        };
        self.labels.as_ref().map(read).transpose()
    }

    /// The core's options for a label column that holds `gold`, with the rows that `filter` picks.
    pub fn read_options(&self, gold: GoldColumn, filter: Option<Filter>) -> Result<ReadOptions> {
        Ok(ReadOptions {
            format: self.format,
            text_column: self.text_column.clone(),
            pair_column: self.pair_column.clone(),
            label_column: self.label_column.clone(),
            quote: self.quote,
            filter,
            gold,
            label_names: self.label_names()?,
            ..ReadOptions::default()
        })
    }
}

/// Size of the forward passes.
#[derive(Debug, Clone, Args)]
pub struct PassArgs {
    /// Texts a forward pass
    #[arg(long, default_value_t = 64, alias = "per_gpu_eval_batch_size", value_parser = clap::value_parser!(u32).range(1..))]
    pub batch_size: u32,
    /// Longest text in tokens; where not given, the model's limit, for question-answering what it learned with
    #[arg(long, alias = "max_seq_length", value_parser = whole_number::<usize>)]
    pub max_length: Option<usize>,
}

/// Where the model runs.
#[derive(Debug, Clone, Args)]
pub struct DeviceArgs {
    /// auto takes a real GPU, else the CPU; gpu takes any adapter
    #[arg(long, value_enum, default_value_t = DeviceArg::Auto)]
    pub device: DeviceArg,
}

/// [`DeviceChoice`] as a flag.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum DeviceArg {
    /// A real GPU where there is one, else the CPU
    Auto,
    /// A GPU adapter, even one in software
    Gpu,
    /// The CPU
    Cpu,
}

impl From<DeviceArg> for DeviceChoice {
    fn from(arg: DeviceArg) -> Self {
        match arg {
            DeviceArg::Auto => Self::Auto,
            DeviceArg::Gpu => Self::Gpu,
            DeviceArg::Cpu => Self::Cpu,
        }
    }
}

/// [`Pooling`] as a flag.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum PoolingArg {
    /// Mean over the tokens, without padding
    Mean,
    /// The first token
    Cls,
}

impl From<PoolingArg> for Pooling {
    fn from(arg: PoolingArg) -> Self {
        match arg {
            PoolingArg::Mean => Self::Mean,
            PoolingArg::Cls => Self::Cls,
        }
    }
}
