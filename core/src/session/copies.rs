//! Makes a second session of a model that is open, so that one can learn while the other answers.

use std::sync::Arc;

use super::Session;
use crate::error::Result;

impl Session {
    /// Another session of the same model, which reads its outputs as the model's config.json says. Both share weights and
    /// tokenizer in memory; a weight lies there twice once one of them has changed it.
    ///
    /// # Errors
    /// If config.json contradicts itself, which [`Self::open`] would have refused.
    pub fn try_clone(&self) -> Result<Self> {
        Ok(Self {
            device: self.device.clone(),
            task: (self.bundle.usual_task().definition().of_bundle)(&self.bundle)?,
            bundle: self.bundle.clone(),
            tokenizer: Arc::clone(&self.tokenizer),
            network: self.network.clone(),
            loaded: self.loaded.clone(),
            spare: self.spare.clone(),
            is_new: self.is_new,
            origin: self.origin.clone(),
        })
    }
}
