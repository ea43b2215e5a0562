//! Declares the flags of `terakoya corpus`, one set for each corpus.

use std::path::PathBuf;

use super::groups::whole_number;
use clap::{Args, Subcommand, ValueEnum};
use terakoya_core::data::SplitRatios;
use terakoya_core::data::corpora::{SplitBy, SplitPlan};

/// Flags of `corpus`.
#[derive(Debug, Args)]
pub struct CorpusArgs {
    /// Which corpus.
    #[command(subcommand)]
    pub command: CorpusCommand,
}

/// The corpora.
#[derive(Debug, Subcommand)]
pub enum CorpusCommand {
    /// KNBC v1.0, the analysed blog corpus, in its UTF-8 or its EUC-JP edition
    Knbc(KnbcArgs),
    /// JRTE: pn.tsv, rhr.tsv and rte.*.tsv, into the parts that they name
    Jrte(TableArgs),
    /// JGLUE: JSTS, JNLI, MARC-ja, JCoLA and JSQuAD, told apart by what is in the files
    Jglue(TableArgs),
    /// The Japanese Wikipedia corpus of named entities: ner.json
    NerWikipedia(NerWikipediaArgs),
    /// The six emotions: train.txt, val.txt, test.txt
    Emotion(TableArgs),
    /// GoEmotions: train.tsv, dev.tsv, test.tsv and labels.txt; numbers of labels become names
    Goemotions(TableArgs),
}

/// Flags of `corpus knbc`.
#[derive(Debug, Args)]
pub struct KnbcArgs {
    /// The unpacked corpus: the folder that holds corpus1 and corpus2
    #[arg(value_name = "DIR")]
    pub source: PathBuf,
    /// Where the files go and how they are told.
    #[command(flatten)]
    pub output: OutputArgs,
    /// What is made of it
    #[arg(long, value_enum)]
    pub task: KnbcTask,
    /// Write texts with a space between words, for models that expect it (entities have words in any case)
    #[arg(long)]
    pub pre_split: bool,
    /// How rows are shared out.
    #[command(flatten)]
    pub split: SplitArgs,
}

/// A task that KNBC has labels for.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum KnbcTask {
    /// Sentences that praise (1) or blame (0)
    Sentiment,
    /// Articles on phones, Kyoto, food or sports
    Topic,
    /// Words with their entities as BIO tags
    Ner,
}

/// Flags of `corpus ner-wikipedia`.
#[derive(Debug, Args)]
pub struct NerWikipediaArgs {
    /// ner.json or the folder it is in
    #[arg(value_name = "IN")]
    pub source: PathBuf,
    /// Where the files go and how they are told.
    #[command(flatten)]
    pub output: OutputArgs,
    /// How rows are shared out.
    #[command(flatten)]
    pub split: SplitArgs,
}

/// Flags of the corpora that are tables with parts of their own.
#[derive(Debug, Args)]
pub struct TableArgs {
    /// A file of the corpus or the folder it is in
    #[arg(value_name = "IN")]
    pub source: PathBuf,
    /// Where the files go and how they are told.
    #[command(flatten)]
    pub output: OutputArgs,
}

/// Where the files go and how they are told.
#[derive(Debug, Args)]
pub struct OutputArgs {
    /// Folder for the files; of several tables each gets a folder in it
    #[arg(value_name = "OUT")]
    pub folder: PathBuf,
    /// Replace what an earlier conversion wrote there, as corpus.json lists it
    #[arg(long)]
    pub overwrite: bool,
    /// Print one JSON object
    #[arg(long)]
    pub json: bool,
}

/// How rows are shared out at random.
#[derive(Debug, Args)]
pub struct SplitArgs {
    /// Sizes of train:dev or train:dev:test
    #[arg(long, value_name = "RATIOS", default_value = "8:1:1")]
    pub split: SplitRatios,
    /// What stays together: all rows of an article (of a page in Wikipedia), or nothing but each row
    #[arg(long, value_enum, default_value_t = SplitByArg::Article)]
    pub split_by: SplitByArg,
    /// The same seed gives the same parts
    #[arg(long, default_value_t = 42, value_parser = whole_number::<u64>)]
    pub seed: u64,
}

/// [`SplitBy`] as a flag.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum SplitByArg {
    /// Rows of an article land in one part
    Article,
    /// Rows are shared out one by one
    Sentence,
}

impl SplitArgs {
    /// The core's plan.
    pub fn plan(&self) -> SplitPlan {
        SplitPlan {
            ratios: self.split.clone(),
            by: match self.split_by {
                SplitByArg::Article => SplitBy::Article,
                SplitByArg::Sentence => SplitBy::Sentence,
            },
            seed: self.seed,
        }
    }
}
