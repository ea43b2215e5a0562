//! `terakoya train`: fine-tunes a model on a data file and writes the folder that comes out.

use std::future::ready;
use std::io::{Write, stdout};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use anyhow::{Context, Result, bail};
use futures_lite::future::block_on;
use serde_json::{Value, json};
use terakoya_core::data::{Filter, LabelMap, ReadOptions, split};
use terakoya_core::protocol::{Evaluation, TrainEvent, TrainingRecord};
use terakoya_core::session::{NamedExamples, Session, TrainingData};
use terakoya_core::train::{Control, HostError, HostFuture, RunHost, TrainError};
use terakoya_core::training_config::TrainingConfig;

use crate::args::TrainArgs;
use crate::checkpoints::Checkpoints;
use crate::commands::evaluate::{evaluate, print_report, to_json, two_columns};
use crate::commands::{new_session, open_session, say_truncated};
use crate::data_files::{DataFile, required};
use crate::folder::{self, TEST_PREDICTIONS};
use crate::progress::Progress;
use crate::training_options::{RunFile, TrainingOptions};

/// Set by the first Ctrl-C.
static INTERRUPTED: AtomicBool = AtomicBool::new(false);

/// Runs the command.
pub fn run(args: TrainArgs, flags: TrainingOptions) -> Result<()> {
    let started = Instant::now();
    let run_file = match &args.config {
        Some(path) => RunFile::read(path)?,
        None => RunFile::default(),
    };
    let config = training_config(&args, &run_file, flags)?;
    config.validate()?;
    let output = required(run_file.path("output", args.output.clone()), "output")?;
    let start = Start::read(&args, &run_file)?;
    let checkpoints = Checkpoints::beside(&output);
    prepare_output(&args, &output, &checkpoints)?;

    let data = RunData::read(&args, &run_file, &config)?;
    let session = start.open(&args, &config)?;
    let mut host = TerminalHost {
        checkpoints,
        resume: args.resume,
        failed: None,
        progress: Progress::new(),
        started: Instant::now(),
        evaluation_seconds: Vec::new(),
    };
    interrupt_politely()?;
    let trained = train(session, &config, &data, &args, &mut host);
    host.progress.clear();
    let (session, record) = trained.map_err(|error| explain(error, &host))?;
    let train_seconds = host.started.elapsed().as_secs_f64();
    say_truncated(record.truncated, data.train.examples.len());

    let test = match &data.test {
        Some(test) => Some(evaluate(
            &session,
            test,
            &LabelMap::default(),
            Some(config.max_length),
            config.eval_batch_size,
        )?),
        None => None,
    };
    let timings = json!({
        "train_seconds": train_seconds,
        "evaluation_seconds": host.evaluation_seconds,
        "total_seconds": started.elapsed().as_secs_f64(),
    });
    let run = Finished {
        args: &args,
        config: &config,
        start: &start,
        data: &data,
        record: &record,
        test: test.as_ref(),
        timings,
    };
    let mut files = block_on(session.to_files())?;
    files.insert("training.json".to_owned(), run.training_json(&session)?.into_bytes());
    if let Some(words) = test.as_ref().and_then(two_columns) {
        files.insert(TEST_PREDICTIONS.to_owned(), words);
    }
    folder::write(&output, &files)?;
    let saved = format!("saved to {} after {train_seconds:.1} s of training", output.display());
    if record.interrupted {
        host.progress.line(&format!(
            "{saved}; it was stopped: the same command with --resume goes on"
        ));
    } else {
        host.checkpoints.clear()?;
        host.progress.line(&saved);
    }
    run.print(args.json)
}

/// What a run starts from.
enum Start {
    /// The model in a folder.
    Model(PathBuf),
    /// A config.json and the folder of a tokenizer.
    Scratch(PathBuf, PathBuf),
}

impl Start {
    fn read(args: &TrainArgs, run_file: &RunFile) -> Result<Self> {
        match (args.from_scratch, &args.model_config, &args.tokenizer_folder) {
            (true, Some(config), Some(tokenizer)) => Ok(Self::Scratch(config.clone(), tokenizer.clone())),
            _ => Ok(Self::Model(required(
                run_file.path("model", args.model.clone()),
                "model",
            )?)),
        }
    }

    fn open(&self, args: &TrainArgs, config: &TrainingConfig) -> Result<Session> {
        let device = args.device.device.into();
        match self {
            Self::Model(folder) => open_session(folder, &args.tokenizer, device),
            Self::Scratch(model_config, tokenizer) => {
                new_session(model_config, tokenizer, &args.tokenizer, device, config.seed)
            }
        }
    }

    fn model(&self) -> Option<&Path> {
        match self {
            Self::Model(folder) => Some(folder),
            Self::Scratch(..) => None,
        }
    }

    /// The config.json and the folder of the tokenizer.
    fn scratch(&self) -> Option<[&Path; 2]> {
        match self {
            Self::Model(_) => None,
            Self::Scratch(config, tokenizer) => Some([config, tokenizer]),
        }
    }
}

fn training_config(args: &TrainArgs, run_file: &RunFile, flags: TrainingOptions) -> Result<TrainingConfig> {
    let mut options = run_file.options.clone();
    options.extend(flags);
    if let Some(task) = &args.task {
        options.insert("task".to_owned(), json!(task));
    }
    let source = args
        .config
        .as_ref()
        .map_or("the flags".to_owned(), |path| path.display().to_string());
    serde_json::from_value(Value::Object(options)).with_context(|| format!("options in {source}"))
}

/// Says how to go on, where there is something to go on from.
fn explain(error: anyhow::Error, host: &TerminalHost) -> anyhow::Error {
    let core = error.downcast_ref::<terakoya_core::error::Error>();
    let refused = matches!(
        core,
        Some(terakoya_core::error::Error::Train(TrainError::OtherRun { .. }))
    );
    match host.checkpoints.exist() && !refused {
        true => error.context("training ended early; --resume goes on from the last checkpoint"),
        false => error.context("training"),
    }
}

/// Refuses to lose anything that is there.
fn prepare_output(args: &TrainArgs, output: &Path, checkpoints: &Checkpoints) -> Result<()> {
    if args.resume {
        if !checkpoints.exist() {
            bail!("--resume: there is no checkpoint in {}", checkpoints.root().display());
        }
        checkpoints.drop_partial()?;
        return folder::check_output(output, true);
    }
    folder::check_output(output, args.overwrite)?;
    if checkpoints.exist() && !args.overwrite {
        bail!(
            "{} holds checkpoints of a run that did not end: --resume goes on with it, --overwrite starts again",
            checkpoints.root().display()
        );
    }
    Ok(())
}

/// The data of a run.
struct RunData {
    train: DataFile,
    eval: Option<DataFile>,
    test: Option<DataFile>,
}

impl RunData {
    fn read(args: &TrainArgs, run_file: &RunFile, config: &TrainingConfig) -> Result<Self> {
        let train_path = required(run_file.path("train", args.train.clone()), "train")?;
        let gold = config.task.definition().gold;
        let read_train = |filter| DataFile::read(&train_path, &args.data.read_options(gold, filter)?);
        if let Some(ratios) = &args.split {
            let whole = read_train(args.train_filter.clone())?;
            let parts = split(whole.examples.len(), ratios, config.seed);
            let part = |index: usize, what: &str| parts.get(index).map(|indices| whole.part(what, indices));
            let train = part(0, "training part").context("--split makes no training part")?;
            let (eval, test) = (part(1, "evaluation part"), part(2, "test part"));
            return Ok(Self { train, eval, test }.limited(config));
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
        let eval = optional(run_file.path("eval", args.eval.clone()), &args.eval_filter)?;
        let test = optional(run_file.path("test", args.test.clone()), &args.test_filter)?;
        let train = read_train(args.train_filter.clone())?;
        Ok(Self { train, eval, test }.limited(config))
    }

    /// Drops what `--max-train-samples` and `--max-eval-samples` leave out; the rest is drawn by the seed.
    fn limited(mut self, config: &TrainingConfig) -> Self {
        let limit = |file: &mut DataFile, most: usize| {
            if most > 0 && most < file.examples.len() {
                terakoya_core::data::shuffle(&mut file.examples, config.seed);
                file.examples.truncate(most);
            }
        };
        limit(&mut self.train, config.max_train_samples);
        if let Some(eval) = &mut self.eval {
            limit(eval, config.max_eval_samples);
        }
        self
    }

    fn named(file: &DataFile) -> NamedExamples<'_> {
        NamedExamples {
            name: &file.name,
            examples: &file.examples,
        }
    }
}

fn train(
    session: Session,
    config: &TrainingConfig,
    data: &RunData,
    args: &TrainArgs,
    host: &mut TerminalHost,
) -> Result<(Session, TrainingRecord)> {
    let labels = args.data.label_names()?;
    // What a graphics card has free cannot be asked through wgpu.
    let free = session.device().max_storage_binding.is_none().then(free_memory);
    let training_data = TrainingData {
        train: RunData::named(&data.train),
        eval: data.eval.as_ref().map(RunData::named),
        test: data.test.as_ref().map(RunData::named),
        labels: labels.as_deref(),
        available_memory: args.memory_limit.map(|megabytes| megabytes * 1_000_000).or(free),
        fail_at_step: args.fail_at_step,
    };
    // burn and the graphics stack answer some failures of a device with a panic: it must not hide that there is a checkpoint.
    let outcome = catch_unwind(AssertUnwindSafe(|| {
        block_on(session.train(config, training_data, host))
    }));
    match outcome {
        Ok(trained) => Ok(trained?),
        Err(_) => bail!("the device, or a library under it, failed as said above"),
    }
}

/// Free memory in bytes, within the limits of a container.
fn free_memory() -> u64 {
    let mut system = sysinfo::System::new();
    system.refresh_memory();
    let limit = system.cgroup_limits().map_or(u64::MAX, |limits| limits.free_memory);
    system.available_memory().min(limit)
}

/// The first Ctrl-C ends the run with a checkpoint and a saved model, the second ends the process.
fn interrupt_politely() -> Result<()> {
    ctrlc::set_handler(|| {
        if INTERRUPTED.swap(true, Ordering::Relaxed) {
            std::process::exit(130);
        }
        eprintln!("stopping after this step; press Ctrl-C again to stop at once");
    })
    .context("watching for Ctrl-C")
}

/// The terminal and the disk, as the training loop sees them.
struct TerminalHost {
    checkpoints: Checkpoints,
    /// Whether the checkpoints there are belong to this run.
    resume: bool,
    /// Why an older run's checkpoints could not be removed.
    failed: Option<anyhow::Error>,
    progress: Progress,
    started: Instant,
    /// When each evaluation was done, since the training began.
    evaluation_seconds: Vec<f64>,
}

impl RunHost for TerminalHost {
    fn event(&mut self, event: TrainEvent) {
        match event {
            TrainEvent::Started(plan) => {
                // Only now is it sure that the new run begins: what an older one left may go.
                if !self.resume {
                    self.failed = self.checkpoints.clear().err();
                }
                self.progress.start(&plan);
            }
            TrainEvent::Note { message } => self.progress.line(&message),
            TrainEvent::Caching { done, total } => self.progress.count("computing frozen layers", done, total),
            TrainEvent::Step(record) => self.progress.steps(&record),
            TrainEvent::Evaluated(record) => {
                self.evaluation_seconds.push(self.started.elapsed().as_secs_f64());
                self.progress.evaluated(&record);
            }
            TrainEvent::Checkpointed { .. } => {}
        }
    }

    fn control(&mut self) -> HostFuture<'_, Control> {
        let control = match INTERRUPTED.load(Ordering::Relaxed) {
            true => Control::Stop,
            false => Control::Continue,
        };
        Box::pin(ready(control))
    }

    fn write(&mut self, file: &str, bytes: Vec<u8>) -> Result<(), HostError> {
        if let Some(error) = self.failed.take() {
            return Err(error.into());
        }
        Ok(self.checkpoints.write(file, &bytes)?)
    }

    fn commit(&mut self, step: usize) -> HostFuture<'_, Result<(), HostError>> {
        Box::pin(ready(self.checkpoints.commit(step).map_err(HostError::from)))
    }

    fn read(&mut self, file: &str) -> Result<Option<Vec<u8>>, HostError> {
        Ok(self.checkpoints.read(file)?)
    }
}

/// A run that has ended well.
struct Finished<'a> {
    args: &'a TrainArgs,
    config: &'a TrainingConfig,
    start: &'a Start,
    data: &'a RunData,
    record: &'a TrainingRecord,
    test: Option<&'a Evaluation>,
    timings: Value,
}

impl Finished<'_> {
    /// Everything needed to know what was done and to do it again.
    fn training_json(&self, session: &Session) -> Result<String> {
        let file =
            |file: &DataFile| json!({ "file": file.name, "sha256": file.sha256, "examples": file.examples.len() });
        let value = json!({
            "terakoya": env!("CARGO_PKG_VERSION"),
            "burn": terakoya_core::BURN_VERSION,
            "device": session.device().description(),
            "model": self.start.model(),
            "from_scratch": self.start.scratch(),
            "config": self.config,
            "labels": session.labels(),
            "read": self.args.data.read_options(self.config.task.definition().gold, None)?,
            "user_dictionary": self.args.tokenizer.user_dictionary,
            "split": self.args.split,
            "filters": {
                "train": self.args.train_filter,
                "eval": self.args.eval_filter,
                "test": self.args.test_filter,
            },
            "data": {
                "train": file(&self.data.train),
                "eval": self.data.eval.as_ref().map(file),
                "test": self.data.test.as_ref().map(file),
            },
            "record": self.record,
            "test": self.test.map(to_json).transpose()?,
            "timings": self.timings,
        });
        Ok(format!("{value:#}\n"))
    }

    fn print(&self, as_json: bool) -> Result<()> {
        let mut out = stdout().lock();
        let kept = self
            .record
            .evaluations
            .iter()
            .find(|evaluation| evaluation.step == self.record.kept_step);
        if as_json {
            let value = json!({
                "eval": kept,
                "test": self.test.map(to_json).transpose()?,
                "timings": self.timings,
            });
            writeln!(out, "{value}")?;
            return Ok(());
        }
        if let Some(kept) = kept {
            writeln!(
                out,
                "evaluation of the model that was kept (epoch {:.2}, loss {:.4})",
                kept.epoch, kept.loss
            )?;
            writeln!(out, "{}", kept.report)?;
        }
        if let Some(test) = self.test {
            writeln!(out, "test")?;
            print_report(&mut out, test)?;
        }
        Ok(())
    }
}
