//! Defines what the page asks of the worker and what the worker tells: JSON, with bytes beside it where files travel.
//!
//! Each message is posted as an array `[json, ArrayBuffer…]`. The page numbers its requests; every request is answered by
//! events with its number, the last of which is neither a progress nor a training event, nor a piece of a text. While a
//! text is tried, the newest of those that are typed waits on the page.

mod row;

use std::error::Error;

use serde::{Deserialize, Serialize};
use terakoya_core::data::{Columns, Damage, Preview};
use terakoya_core::generation_config::GenerationConfig;
use terakoya_core::predictions::Generation;
use terakoya_core::protocol::DeviceChoice;
use terakoya_core::protocol::{Evaluation, Inspection, Prediction, RunPlan, TrainEvent, TrainingRecord};
use terakoya_core::task_kind::TaskKind;
use terakoya_core::training_config::TrainingConfig;

pub use row::Row;

/// A message with the number of the request it belongs to; 0 for what the worker says unasked.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Numbered<Message> {
    /// Number of the request.
    pub id: u32,
    /// The message.
    pub message: Message,
}

/// What the page asks.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "request", rename_all = "kebab-case")]
pub enum Request {
    /// Loads a model; answered by [`Event::Download`]s and [`Event::Opened`], or for a run that ended by [`Event::Finished`].
    Open {
        /// Which.
        model: ModelSource,
        /// Where it runs.
        device: DeviceChoice,
    },
    /// Tokenizes and classifies; answered by [`Event::Tried`].
    Try(Text),
    /// Says which words mattered and where a head looked; answered by [`Event::Explained`].
    Explain {
        /// The text.
        text: Text,
        /// The label whose logit is explained, by its number; the predicted one if not given.
        label: Option<usize>,
        /// Encoder layer, from 0.
        layer: usize,
        /// Attention head, from 0.
        head: usize,
    },
    /// Continues a prompt; answered by [`Event::Piece`]s and [`Event::Generated`]. Another one ends it, or [`Request::Hush`].
    Generate {
        /// Before or after fine-tuning.
        model: WhichModel,
        /// The prompt.
        prompt: String,
        /// The options.
        config: GenerationConfig,
    },
    /// Ends a continuation with what it has; answered by [`Event::Done`].
    Hush,
    /// Reads a data file, whose bytes are beside the message; answered by [`Event::Data`] or [`Event::Unread`].
    ReadData(DataFile),
    /// Says what a run would cost; answered by [`Event::Measured`], or by [`Event::Stale`] where [`Request::Stop`] or another
    /// step came before.
    Measure {
        /// How much of it is asked for.
        cost: CostOf,
        /// What would be trained.
        config: TrainingConfig,
        /// Training rows.
        train: Vec<Row>,
        /// Evaluation rows.
        eval: Vec<Row>,
    },
    /// Fine-tunes the open model; answered by [`Event::Train`]s and [`Event::Finished`].
    Train {
        /// The options.
        config: TrainingConfig,
        /// Training rows.
        train: Vec<Row>,
        /// Evaluation rows.
        eval: Vec<Row>,
    },
    /// Goes on with a run from its last checkpoint; answered by [`Event::Resumed`], then as [`Request::Train`].
    Continue {
        /// Its [`SavedRun::id`].
        run: String,
    },
    /// Holds the training after the running step, until [`Request::Resume`]; answered by [`Event::Done`].
    Pause,
    /// Lets a held training go on; answered by [`Event::Done`].
    Resume,
    /// Ends the training with what it has, or the measuring with nothing; answered by [`Event::Done`].
    Stop,
    /// Scores rows; answered by [`Event::Read`]s and [`Event::Evaluated`], or by [`Event::Stale`].
    Evaluate {
        /// Before or after fine-tuning.
        model: WhichModel,
        /// The rows.
        rows: Vec<Row>,
        /// What ends it.
        number: u32,
    },
    /// Says where texts lie among each other by the encoder's vectors; answered by [`Event::Read`]s and [`Event::Mapped`], or by
    /// [`Event::Stale`].
    Map {
        /// Before or after fine-tuning.
        model: WhichModel,
        /// The texts.
        rows: Vec<Row>,
        /// What ends it.
        number: u32,
    },
    /// Ends what is scored or placed under this number; answered by [`Event::Done`].
    EndReading {
        /// The number.
        number: u32,
    },
    /// Packs the fine-tuned model, or the kept one that is open; answered by [`Event::Exported`] with the zip's bytes beside it.
    Export,
    /// Lists what is kept in the browser; answered by [`Event::Kept`].
    ListKept,
    /// Deletes a run, or a downloaded model; answered by [`Event::Kept`].
    Delete {
        /// [`SavedRun::id`] or [`KeptModel::name`].
        name: String,
    },
}

/// How much of a run's cost is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CostOf {
    /// What follows from its plan: steps, parameters, memory.
    Plan,
    /// The time as well, by a few steps that are taken.
    Time,
}

/// Where a model comes from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ModelSource {
    /// A folder of the site, by the address of its `model.json` relative to the page.
    Site(String),
    /// A zip whose bytes are beside the message; its name.
    Zip(String),
    /// The result of a run that is kept in the browser, by its [`SavedRun::id`].
    Run(String),
}

/// A data file without its bytes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DataFile {
    /// Its name, for messages and for the format.
    pub name: String,
    /// What a plain text is an example of.
    pub plain: TaskKind,
    /// The columns that the user chose.
    pub columns: ChosenColumns,
    /// The labels there are, where a list of them came along.
    pub label_names: Option<Vec<String>>,
}

/// Columns of a table, by their 1-based numbers, or fields of JSON records, by their names; nothing for what follows from the
/// file.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChosenColumns {
    /// The text.
    pub text: Option<String>,
    /// The second text.
    pub pair: Option<String>,
    /// The right answer.
    pub label: Option<String>,
    /// A column, of which only rows with [`Self::value`] are read.
    pub filter: Option<String>,
    /// That value.
    pub value: String,
    /// Whether the table's first row names its columns; nothing for JSON records, whose fields have names.
    pub header: Option<bool>,
}

/// Before or after fine-tuning.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum WhichModel {
    /// As it was opened.
    Base,
    /// As the last training left it.
    Tuned,
}

/// A text or a pair of texts.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Text {
    /// The text.
    pub text: String,
    /// The second one.
    pub text_pair: Option<String>,
}

/// What the worker tells.
// The tag is not "event": that is the one of the training events inside, and JSON would get the key twice.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Event {
    /// The worker runs; said once, unasked.
    Ready {
        /// The site's version; a page of another version reloads.
        version: String,
    },
    /// A part of a model has come.
    Download {
        /// The file.
        file: String,
        /// Bytes of the model that are here.
        done: u64,
        /// Bytes of the model.
        total: u64,
    },
    /// A model is ready.
    Opened(Opened),
    /// What the model makes of a text.
    Tried {
        /// What its tokenizer makes of it.
        tokens: Vec<Token>,
        /// Its answer; nothing where the head is not trained.
        prediction: Option<Prediction>,
        /// The base model's answer, where there is a fine-tuned one.
        before: Option<Prediction>,
        /// Tokens that did not fit the model.
        truncated: bool,
        /// Time of the forward pass.
        milliseconds: f64,
    },
    /// What was asked for is given up for something newer.
    Stale,
    /// A continuation has another piece.
    Piece {
        /// The piece.
        text: String,
    },
    /// A continuation ended.
    Generated {
        /// All of it.
        generation: Generation,
        /// The time it took.
        milliseconds: f64,
    },
    /// Why the model said so.
    Explained {
        /// The tokens.
        tokens: Vec<Token>,
        /// Gradient × input of each token for the label's logit: positive speaks for it.
        saliency: Vec<f32>,
        /// `[query][key]` attention probabilities of the chosen head.
        attention: Vec<Vec<f32>>,
        /// The label that is explained.
        label: String,
    },
    /// A data file was read.
    Data {
        /// What its rows are examples of.
        task: TaskKind,
        /// Its rows.
        rows: Vec<Row>,
        /// Which columns were taken.
        columns: Columns,
        /// Its beginning, where it is a table.
        preview: Option<Preview>,
        /// Its rows that cannot be read; where there are any, the user is asked before the others are taken.
        damage: Damage,
    },
    /// A data file was not read.
    Unread {
        /// Why, [`in_words`] of the core.
        message: String,
        /// Its beginning, where it is a table whose columns are to be chosen.
        preview: Option<Preview>,
    },
    /// What training would cost.
    Measured {
        /// Steps, parameters, memory.
        plan: RunPlan,
        /// A step's time on this device; 0 where it was not measured.
        step_milliseconds: f64,
        /// The whole run's estimated time; 0 where no step was measured.
        seconds: f64,
        /// Why it cannot be done here.
        refused: Option<String>,
    },
    /// A kept run goes on; told before its training events.
    Resumed(Box<Resumed>),
    /// What an earlier training left is given up for this one.
    GivenUp,
    /// Training tells how it goes.
    Train(TrainEvent),
    /// Training is over: the model is the tuned one now.
    Finished {
        /// The kept run that was opened, where it ended before; of its memory nothing is known, and its record is below.
        again: Option<Box<Resumed>>,
        /// What it did.
        record: TrainingRecord,
        /// What the model is now.
        inspection: Box<Inspection>,
        /// The run description: `terakoya train --config` reads it.
        training_json: String,
        /// Bytes of memory that the programs of all its workers have, which are the most they had, with those of the GPU.
        memory_bytes: u64,
        /// Bytes of the GPU's buffers, at most, after a step; 0 on the CPU.
        buffer_bytes: u64,
    },
    /// Some texts were scored, or placed.
    Read {
        /// They.
        done: usize,
        /// All.
        total: usize,
    },
    /// Rows were scored.
    Evaluated {
        /// Which model did it.
        model: WhichModel,
        /// The scores, and every row's prediction.
        evaluation: Evaluation,
    },
    /// Texts have a place.
    Mapped {
        /// A point for each, along the two directions of the largest variance.
        points: Vec<[f64; 2]>,
        /// The share of the whole variance that each direction has, 0 to 1.
        explained: [f64; 2],
    },
    /// A model was packed; its bytes are beside the message.
    Exported {
        /// The file's name.
        file_name: String,
    },
    /// What is kept in the browser.
    Kept(Kept),
    /// It is done.
    Done,
    /// Something the user should know and that did not end the request.
    Notice(Notice),
    /// The request failed.
    Failed {
        /// Why, [`in_words`] of the core, which the page translates.
        message: String,
    },
}

/// A model that is ready.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Opened {
    /// What it is called.
    pub name: String,
    /// Where it comes from, in a form that is still true in another worker.
    pub source: ModelSource,
    /// What it is.
    pub inspection: Inspection,
    /// Which device it is on, and why.
    pub device: String,
    /// Bytes of memory of the worker and of the GPU's buffers.
    pub memory_bytes: u64,
}

/// A kept run that goes on or ended, as the page may not know it after a reload.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Resumed {
    /// The base model, which is the open one now; of a run that ended its result, where the base cannot be had.
    pub opened: Opened,
    /// The run's options.
    pub config: TrainingConfig,
    /// Its evaluation rows.
    pub eval: Vec<Row>,
    /// Its epochs that are kept.
    pub epochs_done: usize,
    /// What it did until then.
    pub record: TrainingRecord,
}

/// A token as it is shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Token {
    /// Its id.
    pub id: u32,
    /// Its spelling in the vocabulary.
    pub token: String,
    /// Its characters in the text, end exclusive; nothing for special tokens.
    pub span: Option<(usize, usize)>,
    /// Number of its word.
    pub word: Option<u32>,
    /// 0 for the text, 1 for the second text.
    pub sequence: Option<u8>,
    /// Whether it is the unknown token.
    pub unknown: bool,
}

/// Something the user should know.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Notice {
    /// The browser would not keep something; the reason.
    NotKept(String),
    /// It did not keep an epoch of a run, which will be tried again; the reason.
    EpochNotKept(String),
    /// Another tab of this site trains the same run.
    OtherTab,
    /// Any other line.
    Line(String),
}

/// What is kept in the browser's storage.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Kept {
    /// Runs, newest first.
    pub runs: Vec<SavedRun>,
    /// Downloaded models.
    pub models: Vec<KeptModel>,
    /// Bytes in use.
    pub used: u64,
    /// Bytes there may be.
    pub quota: u64,
    /// Whether the browser promised not to evict them.
    pub persistent: bool,
    /// Whether there is storage at all.
    pub available: bool,
}

/// How the names of the runs' Web Locks begin.
pub const LOCKS_OF_RUNS: &str = "terakoya-run-";

/// A run that is kept.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SavedRun {
    /// Its folder's name.
    pub id: String,
    /// The base model's name.
    pub model: String,
    /// When it began, in milliseconds since 1970.
    pub started: f64,
    /// Epochs that are done.
    pub epochs_done: usize,
    /// Epochs in all.
    pub epochs: usize,
    /// The labels.
    pub labels: Vec<String>,
    /// Whether it ended.
    pub finished: bool,
    /// Whether a tab is at work on it.
    pub at_work: bool,
    /// Its size.
    pub bytes: u64,
}

impl SavedRun {
    /// The Web Lock that whoever is at work on the run `id` holds.
    pub fn lock(id: &str) -> String {
        format!("{LOCKS_OF_RUNS}{id}")
    }

    /// Whether it broke off, and nobody goes on with it.
    pub fn is_left(&self) -> bool {
        !self.finished && !self.at_work
    }
}

/// A downloaded model.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeptModel {
    /// Its folder's name.
    pub name: String,
    /// What the user calls it.
    pub title: String,
    /// Its size.
    pub bytes: u64,
    /// What opens it; nothing for one of the site, which the site offers itself.
    pub source: Option<ModelSource>,
}

/// An error with its causes, in one line.
pub fn in_words(error: &dyn Error) -> String {
    let mut words = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        words.push_str(": ");
        words.push_str(&error.to_string());
        source = error.source();
    }
    words
}
