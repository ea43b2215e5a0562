//! Stands in for `probe` where the program is built without it.

use super::{RunHost, RunInputs, TrainError};
use crate::error::Result;
use crate::protocol::TrainingRecord;
use crate::tasks::network::Network;

/// Nothing but [`TrainError::NoProbe`].
///
/// # Errors
/// Always.
pub async fn probe(
    _network: Network,
    _inputs: RunInputs<'_>,
    _host: &mut dyn RunHost,
) -> Result<(Network, TrainingRecord)> {
    Err(TrainError::NoProbe.into())
}
