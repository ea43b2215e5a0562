//! Describes how a text is continued: every option with its default and range, once, for the command line and the page.
//!
//! What the options do to a model's outputs is [`crate::generate`]'s.

use serde::{Deserialize, Serialize};

use crate::training_config::OptionError;

/// How a text is continued.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct GenerationConfig {
    /// Most tokens that are added.
    pub max_new_tokens: usize,
    /// What logits are divided by; 0 always takes the likeliest token.
    pub temperature: f64,
    /// Only so many likeliest tokens may be chosen; 0: all.
    pub top_k: usize,
    /// Only the likeliest tokens that together have this probability may be chosen; 1: all.
    pub top_p: f64,
    /// By how much tokens that occurred before are less likely; 1: not at all.
    pub repetition_penalty: f64,
    /// Decides what is chosen at random.
    pub seed: u64,
}

impl Default for GenerationConfig {
    fn default() -> Self {
        Self {
            max_new_tokens: 50,
            temperature: 0.0,
            top_k: 0,
            top_p: 1.0,
            repetition_penalty: 1.0,
            seed: 42,
        }
    }
}

impl GenerationConfig {
    /// Checks each option's range.
    ///
    /// # Errors
    /// If an option is outside its range.
    pub fn validate(&self) -> Result<(), OptionError> {
        let error = |key, value: f64, reason: &'static str| {
            Err(OptionError {
                key,
                value: value.to_string(),
                reason: reason.into(),
            })
        };
        if self.max_new_tokens == 0 {
            return error("max_new_tokens", 0.0, "must be at least 1");
        }
        if !(self.temperature.is_finite() && self.temperature >= 0.0) {
            return error("temperature", self.temperature, "must be a number, 0 or more");
        }
        if !(self.top_p > 0.0 && self.top_p <= 1.0) {
            return error("top_p", self.top_p, "must be above 0, at most 1");
        }
        // Beyond these a logit would not fit f32.
        if !(1e-3..=1e3).contains(&self.repetition_penalty) {
            return error(
                "repetition_penalty",
                self.repetition_penalty,
                "must be from 0.001 to 1000",
            );
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn impossible_options_are_named() {
        for (config, expected) in [
            (
                GenerationConfig {
                    top_p: 0.0,
                    ..GenerationConfig::default()
                },
                "--top-p is 0",
            ),
            (
                GenerationConfig {
                    temperature: -1.0,
                    ..GenerationConfig::default()
                },
                "--temperature is -1",
            ),
            (
                GenerationConfig {
                    repetition_penalty: 0.0,
                    ..GenerationConfig::default()
                },
                "--repetition-penalty is 0",
            ),
            (
                GenerationConfig {
                    max_new_tokens: 0,
                    ..GenerationConfig::default()
                },
                "--max-new-tokens is 0",
            ),
        ] {
            let message = config.validate().expect_err(expected).to_string();
            assert!(message.starts_with(expected), "{message}");
        }
    }
}
