//! Trains models that begin at random, with the tokenizers of the fixtures.

use std::path::Path;
use std::process::Command;

use crate::binary::{root, terakoya};

/// A new small model of a family with a tokenizer of the fixtures.
pub fn train_new(task: &str, config: &str, tokenizer: &str, output: &Path, more: &[&str]) -> Command {
    let mut command = terakoya(&["train", "--task", task, "--device", "cpu", "--from-scratch"]);
    command.args(["--model-config", config, "--tokenizer"]);
    command.arg(root().join("tests/fixtures/tokenizer").join(tokenizer));
    command.arg("--output").arg(output).args(more);
    command
}

/// A GPT-2 as small as can be.
pub const GPT2: &str =
    r#"{"model_type":"gpt2","n_embd":48,"n_layer":2,"n_head":4,"n_positions":64,"initializer_range":0.05}"#;
