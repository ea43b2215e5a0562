//! Runs the real binary for the tests of its commands: results and errors come out.

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::Value;

/// The project's folder.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// The binary with these arguments and nothing on stdin.
pub fn terakoya(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_terakoya"));
    command.args(args).stdin(Stdio::null());
    command
}

/// Runs it to its end.
pub fn run(mut command: Command) -> Output {
    command.output().expect("the binary starts")
}

/// What it said of its progress.
pub fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// The results of a run that must not fail.
pub fn stdout(output: &Output) -> String {
    assert!(output.status.success(), "{}", stderr(output));
    String::from_utf8(output.stdout.clone()).expect("UTF-8")
}

/// Reads what must be JSON.
pub fn json(text: &str) -> Value {
    serde_json::from_str(text).expect("JSON")
}

/// Runs what must fail, for its options or for what they name, with one error that contains `expected`; gives all that it
/// said.
pub fn fails(command: Command, expected: &str) -> String {
    let output = run(command);
    let message = stderr(&output);
    assert!(matches!(output.status.code(), Some(1 | 2)), "{expected:?}: {message}");
    let errors: Vec<&str> = message.lines().filter(|line| line.starts_with("error: ")).collect();
    assert_eq!(errors.len(), 1, "{message}");
    assert!(errors[0].contains(expected), "{message}");
    assert!(!message.contains("panicked"), "{message}");
    message
}
