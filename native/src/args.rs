//! Declares the command line; the training options come from the core's own table, so that they stand in one place.

use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use clap::{Arg, Args, CommandFactory, FromArgMatches, Parser, Subcommand, ValueEnum};
use serde_json::{Map, Value};
use terakoya_core::data::LabelMap;
use terakoya_core::data::SplitRatios;
use terakoya_core::data::{Column, Filter, Format, Quote, ReadOptions};
use terakoya_core::device::DeviceChoice;
use terakoya_core::tasks::sequence_classification::Pooling;
use terakoya_core::training_config::{OPTIONS, TrainingConfig};

/// Fine-tunes BERT-family models on your own text and runs them.
#[derive(Debug, Parser)]
#[command(name = "terakoya", version, max_term_width = 110)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What the program does.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Fine-tune a model on a data file
    Train(TrainArgs),
    /// Score a fine-tuned model on labelled data
    Evaluate(EvaluateArgs),
    /// Say what a fine-tuned model makes of texts
    Predict(PredictArgs),
    /// Show how texts (one a line on stdin) are cut into tokens
    Tokenize(TokenizeArgs),
    /// Turn texts (one a line on stdin) into vectors
    Embed(EmbedArgs),
    /// Show what a model folder holds
    Inspect(InspectArgs),
}

/// Flags of `train` beside the options of the run.
#[derive(Debug, Args)]
pub struct TrainArgs {
    /// What the model learns to do: sequence-classification
    #[arg(long)]
    pub task: Option<String>,
    /// Folder of the model to start from
    #[arg(long, alias = "model_name_or_path", value_name = "DIR")]
    pub model: Option<PathBuf>,
    /// Training data
    #[arg(long, aliases = ["train_file", "train-file"], value_name = "FILE")]
    pub train: Option<PathBuf>,
    /// Evaluation data
    #[arg(long, aliases = ["validation_file", "validation-file"], value_name = "FILE")]
    pub eval: Option<PathBuf>,
    /// Test data, scored once at the end
    #[arg(long, aliases = ["test_file", "test-file"], value_name = "FILE")]
    pub test: Option<PathBuf>,
    /// Folder for the fine-tuned model
    #[arg(long, alias = "output_dir", value_name = "DIR")]
    pub output: Option<PathBuf>,
    /// Cut the training file into train:eval or train:eval:test by the seed, as in 8:1:1
    #[arg(long, value_name = "RATIOS", conflicts_with_all = ["eval", "test"])]
    pub split: Option<SplitRatios>,
    /// Rows of the training file to take, as in 5=train
    #[arg(long, value_name = "COLUMN=VALUE")]
    pub train_filter: Option<Filter>,
    /// Rows of the evaluation file to take; without --eval, rows of the training file
    #[arg(long, value_name = "COLUMN=VALUE")]
    pub eval_filter: Option<Filter>,
    /// Rows of the test file to take; without --test, rows of the training file
    #[arg(long, value_name = "COLUMN=VALUE")]
    pub test_filter: Option<Filter>,
    /// Options (and paths) as JSON, or the training.json of another run; flags win
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Replace the output folder
    #[arg(long, alias = "overwrite_output_dir")]
    pub overwrite: bool,
    /// Go on from the last checkpoint of the same run
    #[arg(long)]
    pub resume: bool,
    /// Memory the run may use, in MB; what is free where not given
    #[arg(long, value_name = "MB")]
    pub memory_limit: Option<u64>,
    /// Fail at this step as a lost device would, to see what is left
    #[arg(long, hide = true)]
    pub fail_at_step: Option<usize>,
    /// How the data files are read.
    #[command(flatten)]
    pub data: DataArgs,
    /// Where the model runs.
    #[command(flatten)]
    pub device: DeviceArgs,
    /// Print the final metrics as one JSON object
    #[arg(long)]
    pub json: bool,
}

/// Flags of `evaluate`.
#[derive(Debug, Args)]
pub struct EvaluateArgs {
    /// Folder of the model
    #[arg(long, alias = "model_name_or_path", value_name = "DIR")]
    pub model: PathBuf,
    /// Labelled data
    #[arg(long, value_name = "FILE")]
    pub data: PathBuf,
    /// Rows to take, as in 5=dev
    #[arg(long, alias = "eval-filter", value_name = "COLUMN=VALUE")]
    pub filter: Option<Filter>,
    /// Rename and merge labels on both sides, as in positive=1,negative=-1
    #[arg(long, value_name = "A=B,…")]
    pub label_map: Option<LabelMap>,
    /// Write every example with gold, predicted and score: .jsonl, .tsv or .csv
    #[arg(long, value_name = "FILE")]
    pub predictions: Option<PathBuf>,
    /// How the data file is read.
    #[command(flatten)]
    pub read: DataArgs,
    /// Size of the forward passes.
    #[command(flatten)]
    pub pass: PassArgs,
    /// Where the model runs.
    #[command(flatten)]
    pub device: DeviceArgs,
    /// Print one JSON object
    #[arg(long)]
    pub json: bool,
}

/// Flags of `predict`.
#[derive(Debug, Args)]
pub struct PredictArgs {
    /// Folder of the model
    #[arg(long, alias = "model_name_or_path", value_name = "DIR")]
    pub model: PathBuf,
    /// The text; without it and without --data, texts are read from stdin, one a line
    #[arg(long, conflicts_with = "data")]
    pub text: Option<String>,
    /// The second text of a pair
    #[arg(long, requires = "text")]
    pub text_pair: Option<String>,
    /// A data file
    #[arg(long, value_name = "FILE")]
    pub data: Option<PathBuf>,
    /// Rows to take, as in 5=dev
    #[arg(long, value_name = "COLUMN=VALUE")]
    pub filter: Option<Filter>,
    /// How the data file is read.
    #[command(flatten)]
    pub read: DataArgs,
    /// Size of the forward passes.
    #[command(flatten)]
    pub pass: PassArgs,
    /// Where the model runs.
    #[command(flatten)]
    pub device: DeviceArgs,
    /// Print one JSON object a text
    #[arg(long)]
    pub json: bool,
    /// Add the logits (with --json)
    #[arg(long, requires = "json")]
    pub logits: bool,
}

/// Flags of `tokenize`.
#[derive(Debug, Args)]
pub struct TokenizeArgs {
    /// Folder with tokenizer files
    #[arg(long, alias = "model_name_or_path", value_name = "DIR")]
    pub model: PathBuf,
    /// Longest text in tokens; longer texts are cut
    #[arg(long, alias = "max_seq_length")]
    pub max_length: Option<usize>,
    /// Print one JSON object a text
    #[arg(long)]
    pub json: bool,
}

/// Flags of `embed`.
#[derive(Debug, Args)]
pub struct EmbedArgs {
    /// Folder of the model
    #[arg(long, alias = "model_name_or_path", value_name = "DIR")]
    pub model: PathBuf,
    /// Mean over the tokens, or the first token
    #[arg(long, value_enum, default_value_t = PoolingArg::Mean)]
    pub pooling: PoolingArg,
    /// Texts a forward pass
    #[arg(long, default_value_t = 32, value_parser = clap::value_parser!(u32).range(1..))]
    pub batch_size: u32,
    /// Where the model runs.
    #[command(flatten)]
    pub device: DeviceArgs,
    /// Print one JSON array a text
    #[arg(long)]
    pub json: bool,
}

/// Flags of `inspect`.
#[derive(Debug, Args)]
pub struct InspectArgs {
    /// Folder of the model
    #[arg(long, alias = "model_name_or_path", value_name = "DIR")]
    pub model: PathBuf,
    /// Print one JSON object
    #[arg(long)]
    pub json: bool,
}

/// How a data file is read.
#[derive(Debug, Clone, Args)]
pub struct DataArgs {
    /// csv, tsv, semicolon, json or json-lines, where the file does not tell
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
}

impl DataArgs {
    /// The core's options, with the rows that `filter` picks.
    pub fn read_options(&self, filter: Option<Filter>) -> ReadOptions {
        ReadOptions {
            format: self.format,
            text_column: self.text_column.clone(),
            pair_column: self.pair_column.clone(),
            label_column: self.label_column.clone(),
            quote: self.quote,
            filter,
        }
    }
}

/// Size of the forward passes.
#[derive(Debug, Clone, Args)]
pub struct PassArgs {
    /// Texts a forward pass
    #[arg(long, default_value_t = 64, alias = "per_gpu_eval_batch_size", value_parser = clap::value_parser!(u32).range(1..))]
    pub batch_size: u32,
    /// Longest text in tokens; the model's limit where not given
    #[arg(long, alias = "max_seq_length")]
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

/// The training options that were given as flags, by key.
pub type TrainingOptions = Map<String, Value>;

impl Cli {
    /// Parses the process's arguments; on a usage error prints it and exits with 2.
    pub fn parse_with_training_options() -> (Self, TrainingOptions) {
        let defaults = serde_json::to_value(TrainingConfig::default()).expect("plain data serialises");
        let mut command = Self::command().mut_subcommand("train", |train| {
            OPTIONS.iter().fold(train, |train, option| {
                train.arg(training_arg(
                    option.key,
                    option.aliases,
                    option.help,
                    &defaults[option.key],
                ))
            })
        });
        let matches = command.get_matches_mut();
        let cli = Self::from_arg_matches(&matches).unwrap_or_else(|error| error.format(&mut command).exit());
        let mut options = Map::new();
        if let Some(train) = matches.subcommand_matches("train") {
            for option in OPTIONS {
                if let Some(value) = train.get_one::<Value>(option.key) {
                    options.insert(option.key.to_owned(), value.clone());
                }
            }
            // Words such as the schedule's are checked here, so that a misspelt one is a usage error.
            if let Err(error) = serde_json::from_value::<TrainingConfig>(Value::Object(options.clone())) {
                command.error(clap::error::ErrorKind::InvalidValue, error).exit();
            }
        }
        (cli, options)
    }
}

fn training_arg(key: &'static str, aliases: &'static [&'static str], help: &'static str, default: &Value) -> Arg {
    let shown = match default {
        Value::Null => String::new(),
        Value::String(text) => format!(" [default: {text}]"),
        other => format!(" [default: {other}]"),
    };
    let is_text = default.is_string();
    let is_bool = default.is_boolean();
    let arg = Arg::new(key)
        .long(key.replace('_', "-"))
        .aliases(aliases)
        .help(format!("{help}{shown}"))
        .help_heading("Training options")
        .value_parser(move |text: &str| parse_value(text, is_text));
    if is_bool {
        // Hugging Face's scripts give such flags without a value.
        arg.num_args(0..=1).default_missing_value("true")
    } else {
        arg
    }
}

/// A flag's text as the JSON value that the option holds.
fn parse_value(text: &str, is_text: bool) -> Result<Value, String> {
    if is_text {
        return Ok(Value::String(text.to_owned()));
    }
    match serde_json::from_str(text) {
        Ok(value @ (Value::Number(_) | Value::Bool(_))) => Ok(value),
        // 1e-4 is JSON, but .5 and 1. are not.
        _ => text
            .parse::<f64>()
            .ok()
            .and_then(serde_json::Number::from_f64)
            .map(Value::Number)
            .ok_or_else(|| "expected a number".to_owned()),
    }
}

/// Paths that a run file may name.
#[derive(Debug, Default)]
pub struct RunFile {
    /// Options by key.
    pub options: TrainingOptions,
    /// Values of `model`, `train`, `eval`, `test`, `output`.
    pub paths: Map<String, Value>,
}

impl RunFile {
    /// Reads a run file, or the `config` of a training.json.
    pub fn read(path: &std::path::Path) -> Result<Self> {
        let text = std::fs::read_to_string(path).with_context(|| path.display().to_string())?;
        let value: Value = serde_json::from_str(&text).with_context(|| format!("{} is not JSON", path.display()))?;
        let Value::Object(mut options) = value else {
            bail!("{}: expected a JSON object", path.display());
        };
        if let Some(Value::Object(config)) = options.get("config") {
            options = config.clone();
        }
        let mut paths = Map::new();
        for key in ["model", "train", "eval", "test", "output"] {
            if let Some(value) = options.shift_remove(key) {
                paths.insert(key.to_owned(), value);
            }
        }
        Ok(Self { options, paths })
    }

    /// The path under `key`, where the flag was not given.
    pub fn path(&self, key: &str, flag: Option<PathBuf>) -> Option<PathBuf> {
        flag.or_else(|| self.paths.get(key).and_then(Value::as_str).map(PathBuf::from))
    }
}
