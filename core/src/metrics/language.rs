//! Scores language models: perplexity.

use std::fmt;

use serde::{Deserialize, Serialize};

/// How well a model guesses the words of a text.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LanguageReport {
    /// How many tokens were guessed.
    pub tokens: u64,
    /// The exponential of the mean loss: among how many equally likely tokens the model is as unsure.
    pub perplexity: f64,
}

impl LanguageReport {
    /// Of `tokens` guesses with this mean `loss`.
    pub fn new(tokens: u64, loss: f64) -> Self {
        // The largest number stands for what is beyond it: JSON knows no infinity.
        let perplexity = loss.exp().min(f64::MAX);
        Self { tokens, perplexity }
    }
}

impl fmt::Display for LanguageReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "tokens      {:>12}", self.tokens)?;
        write!(f, "perplexity  {:>12.4}", self.perplexity)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn perplexity_of_equal_chances_is_their_number() {
        let report = LanguageReport::new(7, 50.0f64.ln());
        assert!((report.perplexity - 50.0).abs() < 1e-9, "{}", report.perplexity);
        assert_eq!(LanguageReport::new(1, 1e6).perplexity, f64::MAX);
    }
}
