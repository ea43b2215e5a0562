//! `terakoya train`: fine-tunes a model on a data file and writes the folder that comes out.

mod finished;
mod inputs;

use std::future::ready;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use anyhow::{Context, Result, bail};
use futures_lite::future::block_on;
use serde_json::json;
use terakoya_core::data::LabelMap;
use terakoya_core::protocol::{TrainEvent, TrainingRecord};
use terakoya_core::session::{Session, TrainingData};
use terakoya_core::tasks::{TaskError, TaskKind};
use terakoya_core::train::{Collective, Control, HostError, HostFuture, RunHost, TrainError};
use terakoya_core::training_config::TrainingConfig;

use self::finished::Finished;
use self::inputs::{RunData, Start, labels_beside};
use crate::args::{TrainArgs, uses};
use crate::checkpoints::Checkpoints;
use crate::commands::evaluate::{evaluate, two_columns};
use crate::commands::{check_tokenizer, say_truncated, say_unasked, unasked};
use crate::data_files::{DataFile, required};
use crate::folder::{self, LABELS, TEST_PREDICTIONS};
use crate::progress::Progress;
use crate::training_options::{self, RunFile, TrainingOptions};

/// Set by the first Ctrl-C.
static INTERRUPTED: AtomicBool = AtomicBool::new(false);

/// Runs the command.
pub fn run(args: TrainArgs, flags: TrainingOptions) -> Result<()> {
    let started = Instant::now();
    let run_file = match &args.config {
        Some(path) => RunFile::read(path)?,
        None => RunFile::default(),
    };
    let asks_for_stride = flags.contains_key("stride") || run_file.asks_for("stride");
    let config = training_config(&args, &run_file, flags)?;
    config.validate()?;
    if asks_for_stride {
        config.check_stride()?;
    }
    if let Some(note) = run_file.not_taken(|flag| args.gives(flag)) {
        eprintln!("{note}");
    }
    let output = required(run_file.output(args.output.clone())?, "output")?;
    let start = Start::read(&args, &run_file)?;
    let checkpoints = Checkpoints::beside(&output);
    prepare_output(&args, &output, &checkpoints)?;
    checkpoints.probe()?;

    check_tokenizer(config.task, start.tokenizer(), &args.tokenizer)?;
    let data = RunData::read(&args, &run_file, &config)?;
    let session = start.open(&args, &config)?;
    let mut host = TerminalHost::new(checkpoints, args.resume);
    interrupt_politely()?;
    let trained = train(session, &config, &data, &args, &mut host);
    host.progress.clear();
    let (session, record) = trained.map_err(|error| explain(error, &args, &host.checkpoints))?;
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
    if let (Some(test), Some(data)) = (&test, &data.test) {
        say_unasked(Some(&data.name), &unasked(&test.predictions).collect::<Vec<_>>());
    }
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
    if config.task == TaskKind::TokenClassification {
        let labels: String = session.labels().iter().map(|label| format!("{label}\n")).collect();
        files.insert(LABELS.to_owned(), labels.into_bytes());
    }
    if let Some(words) = test.as_ref().and_then(two_columns) {
        files.insert(TEST_PREDICTIONS.to_owned(), words);
    }
    folder::write(&output, &files)?;
    let buffers = match session.device().buffer_bytes() {
        0 => String::new(),
        bytes => format!(", {} MB of GPU buffers", bytes / 1_000_000),
    };
    let saved = format!(
        "saved to {} after {train_seconds:.1} s of training{buffers}",
        output.display()
    );
    host.close(&saved, &record)?;
    run.print(args.json)
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
    let config = training_options::read(&options).with_context(|| format!("options in {source}"))?;
    uses::check(config.task, &args.given())?;
    Ok(config)
}

/// Says how to go on, where there is something to go on from, or what would mend it.
fn explain(error: anyhow::Error, args: &TrainArgs, checkpoints: &Checkpoints) -> anyhow::Error {
    use terakoya_core::error::Error;
    let folder = checkpoints.root().display();
    let asks_for_labels = args.data.labels.is_none();
    let list = args
        .train
        .as_deref()
        .filter(|_| asks_for_labels)
        .and_then(labels_beside);
    match (error.downcast_ref::<Error>(), checkpoints.exist()) {
        // The core knows the labels that were listed, not where.
        (Some(Error::Task(TaskError::Tags(_) | TaskError::UnknownLabel { .. })), _) if !asks_for_labels => {
            let list = args
                .data
                .labels
                .iter()
                .map(|path| format!("--labels {}", path.display()));
            error.context(list.collect::<String>())
        }
        (Some(Error::Task(TaskError::UnknownLabel { .. })), _) => match list {
            Some(labels) => error.context(format!("--labels {} may be what is missing", labels.display())),
            None => error.context("training"),
        },
        // Only a checkpoint that is read is found damaged; other options than its own are refused before anything is lost.
        (Some(Error::Train(TrainError::Damaged { .. })), true) | (Some(Error::Weights(_)), true) if args.resume => {
            error.context(format!(
                "{folder} cannot be gone on from: --overwrite instead of --resume starts again"
            ))
        }
        (
            Some(Error::Train(
                TrainError::Option(_)
                | TrainError::OtherRun { .. }
                | TrainError::Diverged { .. }
                | TrainError::Broken { .. },
            )),
            _,
        )
        | (_, false) => error.context("training"),
        (_, true) => error.context("training ended early; --resume goes on from the last checkpoint"),
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
    folder::check_partial(output)
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
    let is_host = session.device().max_storage_binding.is_none();
    let free = is_host.then(free_memory);
    host.resident = if is_host { resident_memory() } else { 0 };
    let training_data = TrainingData {
        train: data.train.named(),
        eval: data.eval.as_ref().map(DataFile::named),
        test: data.test.as_ref().map(DataFile::named),
        drawn_from: data.drawn_from.as_deref(),
        labels: labels.as_deref(),
        available_memory: args.memory_limit.map(|megabytes| megabytes * 1_000_000).or(free),
        fail_at_step: args.fail_at_step,
    };
    // burn and the graphics stack answer some failures of a device with a panic: it must not hide that there is a checkpoint.
    let outcome = catch_unwind(AssertUnwindSafe(|| {
        block_on(session.train(config, training_data, host))
    }));
    match outcome {
        Ok(trained) => Ok(trained.map_err(|error| data.at_its_tag(error))?),
        Err(_) => bail!("the device, or a library under it, failed as said above"),
    }
}

/// What the process holds in memory, in bytes: the program, the weights, the tokenizer, the rows.
fn resident_memory() -> u64 {
    let mut system = sysinfo::System::new();
    let Ok(process) = sysinfo::get_current_pid() else {
        return 0;
    };
    let memory = sysinfo::ProcessRefreshKind::nothing().with_memory();
    system.refresh_processes_specifics(sysinfo::ProcessesToUpdate::Some(&[process]), false, memory);
    system.process(process).map_or(0, sysinfo::Process::memory)
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
    /// Bytes that the process holds before the run begins, where the model is among them.
    resident: u64,
    started: Instant,
    /// When each evaluation was done, since the training began.
    evaluation_seconds: Vec<f64>,
}

impl TerminalHost {
    fn new(checkpoints: Checkpoints, resume: bool) -> Self {
        Self {
            checkpoints,
            resume,
            failed: None,
            progress: Progress::new(),
            resident: 0,
            started: Instant::now(),
            evaluation_seconds: Vec::new(),
        }
    }

    /// Says where the model is, and forgets the checkpoints of a run that needs them no more.
    fn close(&self, saved: &str, record: &TrainingRecord) -> Result<()> {
        if record.interrupted {
            let line = format!("{saved}; it was stopped: the same command with --resume goes on");
            self.progress.line(&line);
            return Ok(());
        }
        self.checkpoints.clear()?;
        self.progress.line(saved);
        Ok(())
    }
}

impl Collective for TerminalHost {}

impl RunHost for TerminalHost {
    fn event(&mut self, event: TrainEvent) {
        match event {
            TrainEvent::Started(plan) => {
                // Only now is it sure that the new run begins: what an older one left may go.
                if !self.resume {
                    self.failed = self.checkpoints.clear().err();
                }
                let weights = 4 * plan.parameters as u64;
                self.progress.start(&plan, self.resident.saturating_sub(weights));
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
