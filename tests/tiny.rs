//! Trains the smallest model that ships on files of a test's own.

use std::fs;
use std::path::Path;
use std::process::Command;

use tempfile::TempDir;

use crate::binary::{root, terakoya};

/// A file of the test's own.
pub fn file(temp: &TempDir, name: &str, text: &str) -> String {
    let path = temp.path().join(name);
    fs::write(&path, text).expect("written");
    path.to_str().expect("UTF-8").to_owned()
}

/// `train` of the shipped model for `task`, on the CPU.
pub fn train(task: &str, output: &Path, more: &[&str]) -> Command {
    let mut command = terakoya(&["train", "--task", task, "--device", "cpu"]);
    command.arg("--model").arg(root().join("assets/bert-tiny"));
    command.arg("--output").arg(output).args(more);
    command
}
