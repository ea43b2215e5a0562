//! Declares the flags of `generate`.

use std::path::PathBuf;

use clap::Args;
use terakoya_core::generate::GenerationConfig;

use super::groups::whole_number;
use super::{DeviceArgs, TokenizerArgs};
use crate::usage::UsageError;

/// Flags of `generate`.
#[derive(Debug, Args)]
pub struct GenerateArgs {
    /// Folder of the model
    #[arg(long, alias = "model_name_or_path", value_name = "DIR")]
    pub model: PathBuf,
    /// The text to continue
    #[arg(long, allow_hyphen_values = true)]
    pub prompt: String,
    /// Folder of another model, such as the one before it was fine-tuned: it continues the same prompt, and both texts are shown
    /// side by side
    #[arg(long, value_name = "DIR")]
    pub compare: Option<PathBuf>,
    /// Most tokens that are added
    #[arg(long, default_value_t = GenerationConfig::default().max_new_tokens, alias = "max_new_tokens", value_parser = whole_number::<usize>)]
    pub max_new_tokens: usize,
    /// What logits are divided by, higher for more variety; 0 always takes the likeliest token; where not given 1 with --top-k,
    /// --top-p or --seed, else 0
    #[arg(long)]
    pub temperature: Option<f64>,
    /// Choose among so many likeliest tokens
    #[arg(long, alias = "top_k", value_name = "TOKENS", value_parser = whole_number::<usize>)]
    pub top_k: Option<usize>,
    /// Choose among the likeliest tokens that together have this probability
    #[arg(long, alias = "top_p", value_name = "PROBABILITY")]
    pub top_p: Option<f64>,
    /// By how much tokens that occurred before are less likely; 1: not at all
    #[arg(long, default_value_t = GenerationConfig::default().repetition_penalty, alias = "repetition_penalty")]
    pub repetition_penalty: f64,
    /// Seed of what is chosen at random [default: 42]
    #[arg(long, value_parser = whole_number::<u64>)]
    pub seed: Option<u64>,
    /// What the tokenizer uses beside its files.
    #[command(flatten)]
    pub tokenizer: TokenizerArgs,
    /// Where the model runs.
    #[command(flatten)]
    pub device: DeviceArgs,
    /// Print one JSON object at the end
    #[arg(long)]
    pub json: bool,
}

impl GenerateArgs {
    /// Refuses to choose among several tokens where always the likeliest is taken.
    ///
    /// # Errors
    /// If such a flag is given with a temperature of 0.
    pub fn check(&self) -> Result<(), UsageError> {
        let defaults = GenerationConfig::default();
        let chooses = [
            ("top-k", self.top_k.is_some_and(|tokens| tokens != defaults.top_k)),
            ("top-p", self.top_p.is_some_and(|share| share != defaults.top_p)),
        ];
        let given = chooses.iter().find(|(_, is_given)| *is_given);
        match (given, self.temperature) {
            (Some((flag, _)), Some(0.0)) => Err(UsageError(format!(
                "--{flag} chooses among several tokens, but --temperature 0 always takes the likeliest: leave one of them out"
            ))),
            _ => Ok(()),
        }
    }

    /// The options as the core takes them.
    pub fn config(&self) -> GenerationConfig {
        let defaults = GenerationConfig::default();
        let draws = self.top_k.is_some() || self.top_p.is_some() || self.seed.is_some();
        GenerationConfig {
            max_new_tokens: self.max_new_tokens,
            temperature: self
                .temperature
                .unwrap_or(if draws { 1.0 } else { defaults.temperature }),
            top_k: self.top_k.unwrap_or(defaults.top_k),
            top_p: self.top_p.unwrap_or(defaults.top_p),
            repetition_penalty: self.repetition_penalty,
            seed: self.seed.unwrap_or(defaults.seed),
        }
    }
}
