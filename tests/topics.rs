//! Trains the smallest model that ships on the topics that ship.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::binary::{root, terakoya};

/// Flags of a run of a moment.
pub const QUICK: [&str; 6] = ["--epochs", "1", "--max-train-samples", "48", "--batch-size", "16"];

/// The model's folder.
pub fn model() -> PathBuf {
    root().join("assets/bert-tiny")
}

/// What is learned from.
pub fn train_file() -> PathBuf {
    root().join("assets/topics-en/train.csv")
}

/// `train` with the shipped model and data on the CPU; later flags win over these.
pub fn train(output: &Path, more: &[&str]) -> Command {
    let mut command = terakoya(&["train", "--task", "sequence-classification", "--device", "cpu"]);
    command.arg("--model").arg(model()).arg("--train").arg(train_file());
    command.arg("--output").arg(output).args(more);
    command
}
