//! Declares the command line; the training options come from the core's own table through `training_options`.

pub mod corpus;
mod generate;
mod groups;
pub mod uses;

use std::path::PathBuf;

use clap::builder::PossibleValuesParser;
use clap::error::ErrorKind;
use clap::{Args, CommandFactory, FromArgMatches, Parser, Subcommand};
use terakoya_core::data::{Filter, LabelMap, SplitRatios};
use terakoya_core::tasks::TaskKind;

use self::corpus::CorpusArgs;
use self::groups::whole_number;
use crate::training_options::{self, TrainingOptions};

pub use self::generate::GenerateArgs;
pub use self::groups::{DataArgs, DeviceArgs, PassArgs, PoolingArg, SettingArgs, TokenizerArgs};

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
    Train(Box<TrainArgs>),
    /// Score a fine-tuned model on labelled data
    Evaluate(EvaluateArgs),
    /// Say what a fine-tuned model makes of texts
    Predict(PredictArgs),
    /// Show how texts (one a line on stdin) are cut into tokens
    Tokenize(TokenizeArgs),
    /// Turn texts (a data file, or one a line on stdin) into vectors, or into a picture
    Embed(EmbedArgs),
    /// Continue a text with a causal-lm model
    Generate(GenerateArgs),
    /// Show what a model folder holds
    Inspect(InspectArgs),
    /// Make a model folder small, and measure what that costs
    Quantize(QuantizeArgs),
    /// Turn a course corpus, as it is distributed, into files that train reads
    Corpus(CorpusArgs),
    /// Pack a MeCab dictionary, or show what a packed one holds
    Dictionary(DictionaryArgs),
}

/// Flags of `train` beside the options of the run.
#[derive(Debug, Args)]
pub struct TrainArgs {
    /// What the model learns to do: sequence-classification, multi-label-classification, regression, token-classification,
    /// question-answering, masked-lm or causal-lm [default: sequence-classification]
    #[arg(long, hide_possible_values = true, value_parser = PossibleValuesParser::new(TaskKind::ALL.map(|task| task.definition().name)))]
    pub task: Option<String>,
    /// Folder of the model to start from
    #[arg(long, alias = "model_name_or_path", value_name = "DIR")]
    pub model: Option<PathBuf>,
    /// Start from random weights instead of a model
    #[arg(long, conflicts_with = "model", requires_all = ["model_config", "tokenizer_folder"])]
    pub from_scratch: bool,
    /// The config.json of a new model; it may leave vocab_size out
    #[arg(long, value_name = "FILE", requires = "from_scratch")]
    pub model_config: Option<PathBuf>,
    /// Folder with the tokenizer files of a new model
    #[arg(long = "tokenizer", value_name = "DIR", requires = "from_scratch")]
    pub tokenizer_folder: Option<PathBuf>,
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
    /// Options (and paths) as JSON, or the training.json of another run, whose options are taken; flags win
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Replace the output folder
    #[arg(long, alias = "overwrite_output_dir")]
    pub overwrite: bool,
    /// Go on from the last checkpoint of the same run
    #[arg(long)]
    pub resume: bool,
    /// Memory the run may use, in MB; what is free where not given
    #[arg(long, value_name = "MB", value_parser = whole_number::<u64>)]
    pub memory_limit: Option<u64>,
    /// Fail at this step as a lost device would, to see what is left
    #[arg(long, hide = true)]
    pub fail_at_step: Option<usize>,
    /// How the data files are read.
    #[command(flatten)]
    pub data: DataArgs,
    /// What the tokenizer uses beside its files.
    #[command(flatten)]
    pub tokenizer: TokenizerArgs,
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
    /// How outputs are read.
    #[command(flatten)]
    pub settings: SettingArgs,
    /// Write every example with gold, predicted (several labels with | between) and score: .jsonl, .tsv or .csv; .txt: one word
    /// a line with its tag
    #[arg(long, value_name = "FILE")]
    pub predictions: Option<PathBuf>,
    /// Write a page that shows scores, training curves and every failure: .html, opens in a browser without a network
    #[arg(long, value_name = "FILE")]
    pub report: Option<PathBuf>,
    /// How the data file is read.
    #[command(flatten)]
    pub read: DataArgs,
    /// Size of the forward passes.
    #[command(flatten)]
    pub pass: PassArgs,
    /// What the tokenizer uses beside its files.
    #[command(flatten)]
    pub tokenizer: TokenizerArgs,
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
    #[arg(long, group = "asked", conflicts_with_all = ["data", "filter", "DataArgs"])]
    pub text: Option<String>,
    /// The question, as --text says it too
    #[arg(long, group = "asked", value_name = "TEXT", conflicts_with_all = ["data", "filter", "DataArgs"])]
    pub question: Option<String>,
    /// The second text of a pair
    #[arg(long, group = "beside", requires = "asked")]
    pub text_pair: Option<String>,
    /// The passage that the question is about, as --text-pair says it too
    #[arg(long, group = "beside", value_name = "TEXT", requires = "asked")]
    pub context: Option<String>,
    /// A data file
    #[arg(long, value_name = "FILE")]
    pub data: Option<PathBuf>,
    /// Rows to take, as in 5=dev
    #[arg(long, requires = "data", value_name = "COLUMN=VALUE")]
    pub filter: Option<Filter>,
    /// How outputs are read.
    #[command(flatten)]
    pub settings: SettingArgs,
    /// How the data file is read.
    #[command(flatten)]
    pub read: DataArgs,
    /// Size of the forward passes.
    #[command(flatten)]
    pub pass: PassArgs,
    /// What the tokenizer uses beside its files.
    #[command(flatten)]
    pub tokenizer: TokenizerArgs,
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
    #[arg(long, alias = "max_seq_length", value_parser = whole_number::<usize>)]
    pub max_length: Option<usize>,
    /// Show why each text is cut as it is: words, what they cost, their pieces, and what became the unknown token
    #[arg(long, conflicts_with = "max_length")]
    pub explain: bool,
    /// What the tokenizer uses beside its files.
    #[command(flatten)]
    pub tokenizer: TokenizerArgs,
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
    /// A data file; without it texts are read from stdin, one a line
    #[arg(long, value_name = "FILE")]
    pub data: Option<PathBuf>,
    /// Rows to take, as in 5=dev
    #[arg(long, requires = "data", value_name = "COLUMN=VALUE")]
    pub filter: Option<Filter>,
    /// Write the vectors to a file instead: .csv (with the labels there are) or .npy
    #[arg(long, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Write a picture of the texts in two dimensions (PCA), coloured by their labels: .svg
    #[arg(long, value_name = "FILE")]
    pub plot: Option<PathBuf>,
    /// How the data file is read.
    #[command(flatten)]
    pub read: DataArgs,
    /// Texts a forward pass
    #[arg(long, default_value_t = 32, value_parser = clap::value_parser!(u32).range(1..))]
    pub batch_size: u32,
    /// What the tokenizer uses beside its files.
    #[command(flatten)]
    pub tokenizer: TokenizerArgs,
    /// Where the model runs.
    #[command(flatten)]
    pub device: DeviceArgs,
    /// Print one JSON array a text
    #[arg(long, conflicts_with_all = ["output", "plot"])]
    pub json: bool,
}

/// Flags of `inspect`.
#[derive(Debug, Args)]
pub struct InspectArgs {
    /// Folder of the model
    #[arg(long, alias = "model_name_or_path", value_name = "DIR")]
    pub model: PathBuf,
    /// What the tokenizer uses beside its files.
    #[command(flatten)]
    pub tokenizer: TokenizerArgs,
    /// Print one JSON object
    #[arg(long)]
    pub json: bool,
}

/// Flags of `quantize`.
#[derive(Debug, Args)]
pub struct QuantizeArgs {
    /// Folder of the model
    #[arg(long, alias = "model_name_or_path", value_name = "DIR")]
    pub model: PathBuf,
    /// Folder for the quantised model
    #[arg(long, alias = "output_dir", value_name = "DIR")]
    pub output: PathBuf,
    /// Replace the output folder
    #[arg(long)]
    pub overwrite: bool,
    /// Data to measure the loss with: labels of a fine-tuned model, or pairs of texts with a score; built-in sentences
    /// where not given
    #[arg(long, value_name = "FILE")]
    pub data: Option<PathBuf>,
    /// Rows to take, as in 5=dev
    #[arg(long, requires = "data", value_name = "COLUMN=VALUE")]
    pub filter: Option<Filter>,
    /// Put before every text that is measured, as in "query: "
    #[arg(long, value_name = "TEXT")]
    pub prefix: Option<String>,
    /// How the data file is read.
    #[command(flatten)]
    pub read: DataArgs,
    /// Size of the forward passes.
    #[command(flatten)]
    pub pass: PassArgs,
    /// What the tokenizer uses beside its files.
    #[command(flatten)]
    pub tokenizer: TokenizerArgs,
    /// Where the model runs.
    #[command(flatten)]
    pub device: DeviceArgs,
    /// Print one JSON object
    #[arg(long)]
    pub json: bool,
}

/// Flags of `dictionary`.
#[derive(Debug, Args)]
pub struct DictionaryArgs {
    /// What to do with it.
    #[command(subcommand)]
    pub command: DictionaryCommand,
}

/// What `dictionary` does.
#[derive(Debug, Subcommand)]
pub enum DictionaryCommand {
    /// Turn MeCab's compiled dictionary into one packed file
    Pack(DictionaryPackArgs),
    /// Show what a packed dictionary holds
    Info(DictionaryInfoArgs),
}

/// Flags of `dictionary pack`.
#[derive(Debug, Args)]
pub struct DictionaryPackArgs {
    /// Folder with sys.dic, unk.dic, matrix.bin and char.bin
    #[arg(value_name = "SYSDIC_DIR")]
    pub source: PathBuf,
    /// File to write; its name before .dic.gz is what the dictionary is called
    #[arg(value_name = "OUT")]
    pub output: PathBuf,
    /// Ordinary text: what its words need is put together, which makes the dictionary faster and changes no result
    #[arg(long, value_name = "FILE")]
    pub sample: Vec<PathBuf>,
}

/// Flags of `dictionary info`.
#[derive(Debug, Args)]
pub struct DictionaryInfoArgs {
    /// A packed dictionary
    pub file: PathBuf,
    /// Print one JSON object
    #[arg(long)]
    pub json: bool,
}

impl PredictArgs {
    /// The text or the question, where it is on the command line.
    pub fn asked(&self) -> Option<&String> {
        self.text.as_ref().or(self.question.as_ref())
    }

    /// What stands beside it: the second text or the passage.
    pub fn beside(&self) -> Option<&String> {
        self.text_pair.as_ref().or(self.context.as_ref())
    }

    /// The flags that not every task has a use for, for [`uses::check`].
    pub fn given(&self) -> [(&'static str, bool); 6] {
        [
            ("question", self.question.is_some()),
            ("context", self.context.is_some()),
            ("text-pair", self.text_pair.is_some()),
            ("logits", self.logits),
            ("pair-column", self.read.pair_column.is_some()),
            ("labels", self.read.labels.is_some()),
        ]
    }
}

impl EvaluateArgs {
    /// The flags that not every task has a use for, for [`uses::check`].
    pub fn given(&self) -> [(&'static str, bool); 3] {
        [
            ("label-map", self.label_map.is_some()),
            ("pair-column", self.read.pair_column.is_some()),
            ("labels", self.read.labels.is_some()),
        ]
    }
}

impl TrainArgs {
    /// The flags beside the training options that not every task has a use for, for [`uses::check`].
    pub fn given(&self) -> [(&'static str, bool); 2] {
        [
            ("pair-column", self.data.pair_column.is_some()),
            ("labels", self.data.labels.is_some()),
        ]
    }

    /// Whether a flag that says how data is read was given.
    pub fn gives(&self, flag: &str) -> bool {
        match flag {
            "--split" => self.split.is_some(),
            "--train-filter" => self.train_filter.is_some(),
            "--eval-filter" => self.eval_filter.is_some(),
            "--test-filter" => self.test_filter.is_some(),
            "--format" => self.data.format.is_some(),
            "--quote" => self.data.quote.is_some(),
            "--text-column" => self.data.text_column.is_some(),
            "--pair-column" => self.data.pair_column.is_some(),
            "--label-column" => self.data.label_column.is_some(),
            "--labels" => self.data.labels.is_some(),
            "--user-dictionary" => self.tokenizer.user_dictionary.is_some(),
            _ => false,
        }
    }
}

/// The long names of the flags of `train` that are no training options.
pub fn flags_of_train() -> Vec<String> {
    let train = TrainArgs::augment_args(clap::Command::new("train"));
    let flags = train.get_arguments().filter_map(|flag| flag.get_long());
    flags.map(str::to_owned).collect()
}

impl Cli {
    /// Parses the process's arguments; on a usage error prints it and exits with 2.
    pub fn parse_with_training_options() -> (Self, TrainingOptions) {
        let mut command = Self::command().mut_subcommand("train", training_options::declare);
        // Where there may be no data file, flags that say how one is read need one.
        for name in ["predict", "embed", "quantize"] {
            command = command.mut_subcommand(name, |command| {
                command.mut_group("DataArgs", |group| group.requires("data"))
            });
        }
        let mut command = with_negative_numbers(command);
        let matches = command.get_matches_mut();
        let cli = Self::from_arg_matches(&matches).unwrap_or_else(|error| error.format(&mut command).exit());
        let options = matches.subcommand_matches("train").map(training_options::given);
        match options.unwrap_or_else(|| Ok(TrainingOptions::new())) {
            Ok(options) => (cli, options),
            Err(error) => {
                let train = command.find_subcommand_mut("train").expect("train is declared above");
                train.error(ErrorKind::InvalidValue, error).exit()
            }
        }
    }
}

/// Lets every flag take `-1` as its value, so that what is said of it names the flag and why it cannot be.
fn with_negative_numbers(command: clap::Command) -> clap::Command {
    let command = command.mut_args(|arg| match arg.get_action().takes_values() {
        true => arg.allow_negative_numbers(true),
        false => arg,
    });
    command.mut_subcommands(with_negative_numbers)
}
