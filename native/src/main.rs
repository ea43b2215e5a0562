//! Parses the command line, runs one command, turns its outcome into an exit code: 0 done, 1 failed, 2 usage.
//!
//! Results go to stdout, progress and errors to stderr. The work is `terakoya-core`'s; this crate has the files, the
//! terminal and the clock.

mod args;
mod checkpoints;
mod commands;
mod data_files;
mod dictionaries;
mod folder;
mod progress;
mod training_options;
mod usage;
mod vectors;

use std::process::ExitCode;

use anyhow::Result;

use crate::args::{Cli, Command};
use crate::training_options::TrainingOptions;

/// Keeps freed pages: training allocates and frees the same large buffers at every step.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let (cli, training) = Cli::parse_with_training_options();
    match run(cli, training) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) if is_broken_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            match usage::is_usage(&error) {
                true => ExitCode::from(2),
                false => ExitCode::FAILURE,
            }
        }
    }
}

fn run(cli: Cli, training: TrainingOptions) -> Result<()> {
    match cli.command {
        Command::Train(args) => commands::train::run(*args, training),
        Command::Evaluate(args) => commands::evaluate::run(args),
        Command::Predict(args) => commands::predict::run(args),
        Command::Tokenize(args) => commands::tokenize::run(args),
        Command::Embed(args) => commands::embed::run(args),
        Command::Generate(args) => commands::generate::run(args),
        Command::Inspect(args) => commands::inspect::run(args),
        Command::Quantize(args) => commands::quantize::run(args),
        Command::Corpus(args) => commands::corpus::run(args),
        Command::Dictionary(args) => commands::dictionary::run(args),
    }
}

/// `terakoya … | head` ends quietly, as other tools do.
fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error
        .chain()
        .filter_map(|cause| cause.downcast_ref::<std::io::Error>())
        .any(|cause| cause.kind() == std::io::ErrorKind::BrokenPipe)
}
