//! Tells what is wrong with a command line from what is wrong with files and devices: the first exits with 2.

use std::fmt;
use std::path::Path;

use anyhow::Error;
use terakoya_core::error::Error as CoreError;
use terakoya_core::generate::GenerateError;
use terakoya_core::tasks::TaskError;
use terakoya_core::train::TrainError;
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

/// Refuses a file whose extension is none of `known`; `reason` says which there are.
pub fn check_extension(path: &Path, known: &[&str], reason: &str) -> Result<(), UsageError> {
    let extension = path.extension().and_then(|extension| extension.to_str());
    match extension.is_some_and(|extension| known.contains(&extension)) {
        true => Ok(()),
        false => Err(UsageError(format!("{}: {reason}", path.display()))),
    }
}

/// Whether the options are to blame: one is missing, outside its range, or of no use for the task.
pub fn is_usage(error: &Error) -> bool {
    let of_core = error.downcast_ref::<CoreError>().is_some_and(|error| {
        matches!(
            error,
            CoreError::Train(TrainError::Option(_))
                | CoreError::Generate(GenerateError::Option(_))
                | CoreError::Task(
                    TaskError::NoSetting { .. }
                        | TaskError::NoWeight
                        | TaskError::UnknownWeightLabel { .. }
                        | TaskError::UnknownThresholdLabel { .. }
                )
        )
    });
    of_core || error.is::<UsageError>() || error.is::<OptionError>()
}
