//! Hands the binary what it reads from stdin.

use std::io::Write;
use std::process::{Command, Output, Stdio};

/// Runs it to its end with `text` on stdin.
pub fn run_with(mut command: Command, text: &str) -> Output {
    command.stdin(Stdio::piped());
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("the binary starts");
    // A command that fails before it reads closes the pipe.
    let _ = child.stdin.take().expect("a pipe").write_all(text.as_bytes());
    child.wait_with_output().expect("it ends")
}
