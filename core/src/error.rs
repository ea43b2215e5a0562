//! Gathers the errors of the core into one type.
//!
//! Each module owns an enum whose variants carry the facts (tensor and shapes, file and line); this one only joins them,
//! so that [`crate::session::Session`] has a single error type and `native` prints one chain.

use crate::bundle::BundleError;
use crate::data::DataError;
use crate::generate::GenerateError;
use crate::quantize::QuantizeError;
use crate::tasks::TaskError;
use crate::tokenizer::TokenizerError;
use crate::train::TrainError;
use crate::weights::WeightsError;

/// Anything that can go wrong in the core.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A data file could not be read.
    #[error(transparent)]
    Data(#[from] DataError),
    /// A tokenizer could not be read, or a text could not be encoded.
    #[error(transparent)]
    Tokenizer(#[from] TokenizerError),
    /// A model folder lacks something or holds something impossible.
    #[error(transparent)]
    Bundle(#[from] BundleError),
    /// Weights do not fit the model.
    #[error(transparent)]
    Weights(#[from] WeightsError),
    /// A quantised checkpoint cannot be written.
    #[error(transparent)]
    Quantize(#[from] QuantizeError),
    /// Labels and model do not fit each other.
    #[error(transparent)]
    Task(#[from] TaskError),
    /// A training run cannot start or cannot go on.
    #[error(transparent)]
    Train(#[from] TrainError),
    /// A text cannot be continued.
    #[error(transparent)]
    Generate(#[from] GenerateError),
    /// The device failed, or there is none of the kind asked for.
    #[error(transparent)]
    Device(#[from] DeviceError),
}

impl Error {
    /// The error, with the file where its example stands.
    pub fn in_file(self, name: &str) -> Self {
        match self {
            Self::Task(error) => Self::Task(error.in_file(name)),
            other => other,
        }
    }
}

/// What devices do wrong.
#[derive(Debug, thiserror::Error)]
pub enum DeviceError {
    /// No adapter of the kind asked for exists.
    #[error("no GPU adapter was found: {reason}; run with --device cpu")]
    NoAdapter {
        /// What the graphics stack said.
        reason: String,
    },
    /// The device stopped answering or refused an operation.
    #[error("the device failed while {during}: {reason}")]
    Failed {
        /// What was being computed.
        during: &'static str,
        /// What the backend said.
        reason: String,
    },
}

impl DeviceError {
    /// Wraps what burn says of a failed readback.
    pub fn readback(during: &'static str, error: &dyn std::fmt::Display) -> Self {
        Self::Failed {
            during,
            reason: error.to_string(),
        }
    }
}

/// The core's result type.
pub type Result<T, E = Error> = std::result::Result<T, E>;
