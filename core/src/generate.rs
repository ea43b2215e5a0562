//! Chooses the next token of a text from its logits, on the host: greedily, or at random after temperature, top-k, top-p and
//! a penalty for what was said before, in the order and with the results of transformers' logits processors.
//!
//! [`crate::session`] runs the model between two choices. `stream` turns tokens into text as they come, `columns` shows
//! two texts side by side.

mod columns;
mod stream;

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;

use crate::argmax::argmax;
use crate::random::unit;
use crate::train::{Control, HostFuture};
use crate::training_config::OptionError;

pub use crate::generation_config::GenerationConfig;
pub use crate::predictions::{Generation, StoppedBy};
pub use columns::side_by_side;
pub use stream::TextStream;

/// Why a text cannot be continued.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum GenerateError {
    /// A number that makes no sense.
    #[error(transparent)]
    Option(#[from] OptionError),
    /// A prompt that the model cannot read at once.
    #[error("the prompt has {tokens} tokens, but the model reads at most {limit}: shorten it")]
    LongPrompt {
        /// Its tokens.
        tokens: usize,
        /// What the model reads.
        limit: usize,
    },
    /// Nothing to continue, and no token to begin with.
    #[error("the prompt is empty, and the model has no token that begins a text")]
    NoPrompt,
    /// A model that sees both sides of a word.
    #[error("a {model_type} model cannot continue a text; generate needs a causal-lm model such as gpt2")]
    NotCausal {
        /// `model_type` of config.json.
        model_type: &'static str,
    },
    /// Logits that are not numbers.
    #[error("the model's outputs are not numbers: its weights are damaged")]
    NotFinite,
}

impl GenerationConfig {
    /// The probability of each token to be chosen, from `logits` `[vocab]` after the tokens `before`. Greedy choice has one of 1.
    ///
    /// # Errors
    /// If the logits are not numbers.
    pub fn probabilities(&self, mut logits: Vec<f32>, before: &[u32]) -> Result<Vec<f32>, GenerateError> {
        if logits.iter().any(|logit| !logit.is_finite()) {
            return Err(GenerateError::NotFinite);
        }
        self.penalise(&mut logits, before);
        if self.temperature == 0.0 {
            let best = argmax(&logits);
            return Ok((0..logits.len()).map(|id| f32::from(u8::from(id == best))).collect());
        }
        // From the highest down: the lowest temperature leaves that one, and none becomes infinite upwards.
        let highest = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        for logit in &mut logits {
            *logit = (f64::from(*logit - highest) / self.temperature) as f32;
        }
        self.keep_top_k(&mut logits);
        self.keep_top_p(&mut logits);
        softmax(&mut logits);
        Ok(logits)
    }

    /// Makes each token that occurred less likely, once.
    fn penalise(&self, logits: &mut [f32], before: &[u32]) {
        if self.repetition_penalty == 1.0 {
            return;
        }
        let penalty = self.repetition_penalty as f32;
        let mut seen: Vec<u32> = before.to_vec();
        seen.sort_unstable();
        seen.dedup();
        for id in seen {
            if let Some(logit) = logits.get_mut(id as usize) {
                *logit = if *logit < 0.0 {
                    *logit * penalty
                } else {
                    *logit / penalty
                };
            }
        }
    }

    /// Leaves the likeliest `top_k`, and those that are as likely as the last of them.
    fn keep_top_k(&self, logits: &mut [f32]) {
        if self.top_k == 0 || self.top_k >= logits.len() {
            return;
        }
        let mut ranked = logits.to_vec();
        let (_, least, _) = ranked.select_nth_unstable_by(self.top_k - 1, |a, b| b.total_cmp(a));
        let least = *least;
        for logit in logits.iter_mut().filter(|logit| **logit < least) {
            *logit = f32::NEG_INFINITY;
        }
    }

    /// Leaves the fewest likeliest tokens that together have the probability `top_p`.
    fn keep_top_p(&self, logits: &mut [f32]) {
        if self.top_p >= 1.0 {
            return;
        }
        let mut order: Vec<usize> = (0..logits.len()).collect();
        order.sort_by(|&a, &b| logits[a].total_cmp(&logits[b]));
        let mut probabilities: Vec<f32> = order.iter().map(|&id| logits[id]).collect();
        softmax(&mut probabilities);
        let dropped = (1.0 - self.top_p) as f32;
        let mut sum = 0f32;
        // The last one, the likeliest, always stays.
        for (&id, probability) in order.iter().zip(&probabilities).take(logits.len() - 1) {
            sum += probability;
            if sum > dropped {
                break;
            }
            logits[id] = f32::NEG_INFINITY;
        }
    }
}

fn softmax(values: &mut [f32]) {
    let highest = values.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let mut sum = 0.0;
    for value in values.iter_mut() {
        *value = (*value - highest).exp();
        sum += f64::from(*value);
    }
    for value in values.iter_mut() {
        *value = (f64::from(*value) / sum) as f32;
    }
}

/// Draws tokens; a seed repeats its draws.
pub struct Sampler {
    config: GenerationConfig,
    rng: ChaCha8Rng,
}

impl Sampler {
    /// A sampler that has drawn nothing yet.
    pub fn new(config: GenerationConfig) -> Self {
        let rng = ChaCha8Rng::seed_from_u64(config.seed);
        Self { config, rng }
    }

    /// The next token, from `logits` `[vocab]` after the tokens `before`.
    ///
    /// # Errors
    /// If the logits are not numbers.
    pub fn choose(&mut self, logits: Vec<f32>, before: &[u32]) -> Result<u32, GenerateError> {
        let probabilities = self.config.probabilities(logits, before)?;
        if self.config.temperature == 0.0 {
            return Ok(argmax(&probabilities) as u32);
        }
        let draw = unit(&mut self.rng);
        let mut sum = 0.0;
        let mut last = 0;
        for (id, &probability) in probabilities.iter().enumerate().filter(|(_, p)| **p > 0.0) {
            sum += f64::from(probability);
            last = id;
            if draw < sum {
                break;
            }
        }
        Ok(last as u32)
    }
}

/// Where a continuation goes while it is made.
pub trait GenerationHost {
    /// Hears the next piece of text.
    fn text(&mut self, piece: &str);
    /// Is asked after each token whether to go on.
    fn control(&mut self) -> HostFuture<'_, Control>;
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOGITS: [f32; 5] = [1.0, 3.0, 2.0, 3.0, -1.0];

    fn kept(config: GenerationConfig, before: &[u32]) -> Vec<usize> {
        let probabilities = config.probabilities(LOGITS.to_vec(), before).expect("numbers");
        let sum: f32 = probabilities.iter().sum();
        assert!((sum - 1.0).abs() < 1e-6, "{sum}");
        (0..5).filter(|&id| probabilities[id] > 0.0).collect()
    }

    fn random() -> GenerationConfig {
        GenerationConfig {
            temperature: 1.0,
            ..GenerationConfig::default()
        }
    }

    #[test]
    fn a_temperature_next_to_none_is_greedy() {
        for temperature in [1e-3, 1e-50, f64::MIN_POSITIVE] {
            let config = GenerationConfig {
                temperature,
                ..GenerationConfig::default()
            };
            config.validate().expect("a temperature");
            assert_eq!(kept(config, &[]), [1, 3], "{temperature}");
        }
        let penalised = |repetition_penalty| GenerationConfig {
            repetition_penalty,
            ..GenerationConfig::default()
        };
        for penalty in [0.0, 1e-40, 1e9, f64::NAN] {
            assert!(penalised(penalty).validate().is_err(), "{penalty}");
        }
    }

    #[test]
    fn greedy_takes_the_first_of_the_likeliest_unless_it_was_said() {
        assert_eq!(kept(GenerationConfig::default(), &[]), [1]);
        let config = GenerationConfig {
            repetition_penalty: 2.0,
            ..GenerationConfig::default()
        };
        assert_eq!(kept(config, &[1, 1]), [3]);
    }

    #[test]
    fn filters_leave_the_likeliest() {
        // The second and third likeliest are equal: both stay.
        assert_eq!(kept(GenerationConfig { top_k: 1, ..random() }, &[]), [1, 3]);
        assert_eq!(kept(GenerationConfig { top_k: 3, ..random() }, &[]), [1, 2, 3]);
        assert_eq!(kept(GenerationConfig { top_k: 99, ..random() }, &[]), [0, 1, 2, 3, 4]);
        assert_eq!(kept(GenerationConfig { top_p: 0.9, ..random() }, &[]), [1, 2, 3]);
        assert_eq!(
            kept(
                GenerationConfig {
                    top_p: 1e-9,
                    ..random()
                },
                &[]
            )
            .len(),
            1
        );
    }

    #[test]
    fn draws_follow_the_probabilities_and_the_seed() {
        let draw = |seed| {
            let mut sampler = Sampler::new(GenerationConfig { seed, ..random() });
            let choose = |_| sampler.choose(vec![0.0, 3f32.ln(), f32::MIN], &[]).expect("numbers");
            (0..4000).map(choose).collect::<Vec<u32>>()
        };
        let draws = draw(1);
        let share = draws.iter().filter(|&&id| id == 1).count() as f64 / 4000.0;
        // Four standard errors of 0.75.
        assert!((share - 0.75).abs() < 0.0274, "{share}");
        assert!(!draws.contains(&2));
        assert_eq!(draw(1), draws);
        assert_ne!(draw(2), draws);
    }

    #[test]
    fn outputs_that_are_no_numbers_are_named() {
        let nan = random().probabilities(vec![0.0, f32::NAN], &[]);
        assert_eq!(nan, Err(GenerateError::NotFinite));
    }
}
