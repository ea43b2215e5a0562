//! Gathers what a run starts from: a model or the parts of a new one, and the data files.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use terakoya_core::data::{Example, Filter, GoldColumn, Place, ReadOptions};
use terakoya_core::error::Error;
use terakoya_core::session::Session;
use terakoya_core::tasks::TaskError;
use terakoya_core::training_config::TrainingConfig;

use crate::args::TrainArgs;
use crate::commands::{SharedDevice, new_session, open_session};
use crate::data_files::{DataFile, required};
use crate::training_options::RunFile;

/// What a run starts from.
pub(super) enum Start {
    /// The model in a folder.
    Model(PathBuf),
    /// A config.json and the folder of a tokenizer.
    Scratch(PathBuf, PathBuf),
}

impl Start {
    pub(super) fn read(args: &TrainArgs, run_file: &RunFile) -> Result<Self> {
        match (args.from_scratch, &args.model_config, &args.tokenizer_folder) {
            (true, Some(config), Some(tokenizer)) => Ok(Self::Scratch(config.clone(), tokenizer.clone())),
            _ => Ok(Self::Model(required(
                run_file.path("model", args.model.clone())?,
                "model",
            )?)),
        }
    }

    pub(super) fn open(&self, args: &TrainArgs, config: &TrainingConfig) -> Result<Session> {
        let device = &SharedDevice::new(args.device.device);
        match self {
            Self::Model(folder) => open_session(folder, &args.tokenizer, device),
            Self::Scratch(model_config, tokenizer) => {
                new_session(model_config, tokenizer, &args.tokenizer, device, config.seed)
            }
        }
    }

    pub(super) fn model(&self) -> Option<&Path> {
        match self {
            Self::Model(folder) => Some(folder),
            Self::Scratch(..) => None,
        }
    }

    /// The folder of the tokenizer.
    pub(super) fn tokenizer(&self) -> &Path {
        match self {
            Self::Model(folder) | Self::Scratch(_, folder) => folder,
        }
    }

    /// The config.json and the folder of the tokenizer.
    pub(super) fn scratch(&self) -> Option<[&Path; 2]> {
        match self {
            Self::Model(_) => None,
            Self::Scratch(config, tokenizer) => Some([config, tokenizer]),
        }
    }
}

/// Says that labels which are numbers may be those of a list that lies beside the file and was not given.
fn say_numbers(file: &DataFile, path: &Path, args: &TrainArgs) {
    let Some(list) = labels_beside(path).filter(|_| args.data.labels.is_none()) else {
        return;
    };
    let mut labels = file
        .examples
        .iter()
        .filter_map(|example| example.gold.labels())
        .flatten()
        .peekable();
    if labels.peek().is_some() && labels.all(|label| label.parse::<usize>().is_ok()) {
        let (name, list) = (&file.name, list.display());
        eprintln!("{name}: every label is a number; --labels {list} may say of which label");
    }
}

/// A list of labels beside a data file.
pub(super) fn labels_beside(path: &Path) -> Option<PathBuf> {
    let beside = path.parent()?.join("labels.txt");
    beside.is_file().then_some(beside)
}

/// The data of a run.
pub(super) struct RunData {
    pub(super) train: DataFile,
    /// All that `train` was drawn from, where it is a sample.
    pub(super) drawn_from: Option<Vec<Example>>,
    pub(super) eval: Option<DataFile>,
    pub(super) test: Option<DataFile>,
}

impl RunData {
    pub(super) fn read(args: &TrainArgs, run_file: &RunFile, config: &TrainingConfig) -> Result<Self> {
        let train_path = required(run_file.path("train", args.train.clone())?, "train")?;
        let gold = config.task.definition().gold;
        let read_train = |filter| -> Result<DataFile> {
            let file = DataFile::read(&train_path, &args.data.read_options(gold, filter)?)?;
            say_numbers(&file, &train_path, args);
            Ok(file)
        };
        if let Some(ratios) = &args.split {
            let whole = read_train(args.train_filter.clone())?;
            let mut parts = whole.split(ratios, config.seed, gold)?.into_iter();
            let train = parts.next().context("--split makes no training part")?;
            let (eval, test) = (parts.next(), parts.next());
            return Ok(Self::limited(train, eval, test, config));
        }
        let optional = |path: Option<PathBuf>, filter: &Option<Filter>| -> Result<Option<DataFile>> {
            let options: ReadOptions = args.data.read_options(gold, filter.clone())?;
            match (path, filter) {
                (Some(path), _) => DataFile::read(&path, &options).map(Some),
                // A filter alone picks other rows of the training file.
                (None, Some(_)) => DataFile::read(&train_path, &options).map(Some),
                (None, None) => Ok(None),
            }
        };
        let eval = optional(run_file.path("eval", args.eval.clone())?, &args.eval_filter)?;
        let test = optional(run_file.path("test", args.test.clone())?, &args.test_filter)?;
        let train = read_train(args.train_filter.clone())?;
        Ok(Self::limited(train, eval, test, config))
    }

    /// Drops what `--max-train-samples` and `--max-eval-samples` leave out; the rest is drawn by the seed.
    fn limited(
        mut train: DataFile,
        mut eval: Option<DataFile>,
        test: Option<DataFile>,
        config: &TrainingConfig,
    ) -> Self {
        let is_sample = (1..train.examples.len()).contains(&config.max_train_samples);
        let drawn_from = is_sample.then(|| train.examples.clone());
        let is_running = config.task.definition().gold == GoldColumn::Documents;
        let limit = |file: &mut DataFile, most: usize, flag: &str| {
            if is_running && most > 0 {
                let (name, count) = (&file.name, file.examples.len());
                eprintln!("--{flag} {most} counts whole works, which form feeds tell apart: {name} has {count}");
            }
            if most > 0 && most < file.examples.len() {
                terakoya_core::data::shuffle(&mut file.examples, config.seed);
                file.examples.truncate(most);
            }
        };
        limit(&mut train, config.max_train_samples, "max-train-samples");
        if let Some(eval) = &mut eval {
            limit(eval, config.max_eval_samples, "max-eval-samples");
        }
        Self {
            train,
            drawn_from,
            eval,
            test,
        }
    }

    /// The error, with the line of the tag that is unknown instead of its sentence's first.
    pub(super) fn at_its_tag(&self, mut error: Error) -> Error {
        if let Error::Task(TaskError::UnknownLabel {
            file,
            place: Place::Line(line),
            label,
            ..
        }) = &mut error
        {
            let parts = [Some(&self.train), self.eval.as_ref(), self.test.as_ref()];
            let part = parts.into_iter().flatten().find(|part| part.name == *file);
            let sentence = part.and_then(|part| part.examples.iter().find(|example| example.line == *line));
            let tags = sentence.and_then(|sentence| sentence.gold.words()?.tags());
            // A sentence has a word on each of its lines.
            *line += tags.and_then(|mut tags| tags.position(|tag| tag == label)).unwrap_or(0);
        }
        error
    }
}
