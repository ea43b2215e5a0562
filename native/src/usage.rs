//! Tells what is wrong with a command line from what is wrong with files and devices: the first exits with 2.

use std::fmt;

use anyhow::Error;
use terakoya_core::training_config::OptionError;

/// A command line that lacks something, or says what cannot be.
#[derive(Debug)]
pub struct UsageError(pub String);

impl fmt::Display for UsageError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for UsageError {}

/// Whether the options are to blame: one is missing, or was outside its range before any file was read.
pub fn is_usage(error: &Error) -> bool {
    error.is::<UsageError>() || error.is::<OptionError>()
}
