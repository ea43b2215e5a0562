//! Says what the loop asks of the outside, and why a run cannot start or go on.

use std::future::Future;
use std::pin::Pin;

use super::replicas::Collective;
#[cfg(feature = "probe")]
use crate::logistic::LogisticError;
use crate::metrics::MetricsError;
use crate::protocol::TrainEvent;
use crate::training_config::OptionError;

/// Why a run cannot start or go on.
#[derive(Debug, thiserror::Error)]
pub enum TrainError {
    /// An option outside its range.
    #[error(transparent)]
    Option(#[from] OptionError),
    /// The run does not fit the memory there is.
    #[error(transparent)]
    DoesNotFit(#[from] crate::plan::DoesNotFit),
    /// The run does not fit the device.
    #[error(transparent)]
    TooLargeForDevice(#[from] crate::plan::TooLargeForDevice),
    /// A probe that cannot be fitted.
    #[cfg(feature = "probe")]
    #[error("--probe")]
    Probe(#[from] LogisticError),
    /// This program was built without probes.
    #[cfg(not(feature = "probe"))]
    #[error("--probe: only the command line fits probes")]
    NoProbe,
    /// More labels than a report can show.
    #[error(transparent)]
    Metrics(#[from] MetricsError),
    /// `top:K` asks for more layers than the model has.
    #[error("--train-layers top:{asked}: the model has {layers} layers")]
    TooManyLayers {
        /// What was asked for.
        asked: usize,
        /// What there is.
        layers: usize,
    },
    /// The loss is not a number any more.
    #[error("the loss is {loss} at step {step}: lower --learning-rate")]
    Diverged {
        /// Optimizer steps done.
        step: usize,
        /// The loss.
        loss: f64,
    },
    /// The weights are no numbers any more.
    #[error("the weights are no numbers any more after step {step}: lower --learning-rate")]
    Broken {
        /// Optimizer steps done.
        step: usize,
    },
    /// The user stopped the run before its first step, or an evaluation.
    #[error("stopped before the first step")]
    Interrupted,
    /// A checkpoint could not be written or read.
    #[error("checkpoint file {file}")]
    Store {
        /// Its name.
        file: String,
        /// What the host said.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// A checkpoint that does not belong to this run.
    #[error("the checkpoint was made with other {what}; start again with --overwrite")]
    OtherRun {
        /// Options or data.
        what: &'static str,
    },
    /// A checkpoint that is damaged.
    #[error("the checkpoint's {file} is damaged")]
    Damaged {
        /// Its name.
        file: &'static str,
    },
}

/// Whether the loop goes on after an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Control {
    /// It does.
    Continue,
    /// It ends after this step, with what it has.
    Stop,
}

impl Control {
    /// Goes on, where there is nothing yet that one could end with.
    pub(crate) fn go_on(self) -> Result<(), TrainError> {
        match self {
            Self::Continue => Ok(()),
            Self::Stop => Err(TrainError::Interrupted),
        }
    }
}

/// An error of the outside, of any kind.
pub type HostError = Box<dyn std::error::Error + Send + Sync>;

/// An answer that the outside may take its time for: a browser's worker reads its messages and writes its files between
/// two steps. Natively it is ready at once.
pub type HostFuture<'a, T> = Pin<Box<dyn Future<Output = T> + 'a>>;

/// What the loop asks of the outside.
pub trait RunHost: Collective {
    /// Hears an event.
    fn event(&mut self, event: TrainEvent);
    /// Is asked after each step, and between the batches of an evaluation or a cache, whether to go on.
    fn control(&mut self) -> HostFuture<'_, Control>;
    /// Keeps `bytes` as a file of the checkpoint that is being written; may wait for [`Self::commit`] to write them.
    fn write(&mut self, file: &str, bytes: Vec<u8>) -> std::result::Result<(), HostError>;
    /// Makes the files written since the last commit the newest checkpoint, all or none.
    fn commit(&mut self, step: usize) -> HostFuture<'_, std::result::Result<(), HostError>>;
    /// Reads a file of the newest checkpoint; `None` where there is none.
    fn read(&mut self, file: &str) -> std::result::Result<Option<Vec<u8>>, HostError>;
}
