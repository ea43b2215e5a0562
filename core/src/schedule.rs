//! Gives the learning rate of each optimizer step, as transformers' `get_linear_schedule_with_warmup` and
//! `get_cosine_schedule_with_warmup` do.

use serde::{Deserialize, Serialize};

/// The shape of the learning rate after the warm-up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LrSchedule {
    /// Straight down to zero at the last step.
    #[default]
    Linear,
    /// Half a cosine down to zero at the last step.
    Cosine,
    /// Stays.
    Constant,
}

/// A learning rate over a whole run.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Schedule {
    /// The shape after the warm-up.
    pub kind: LrSchedule,
    /// The highest learning rate.
    pub peak: f64,
    /// Steps in which it rises from 0 to the peak.
    pub warmup_steps: usize,
    /// Optimizer steps of the whole run.
    pub total_steps: usize,
}

impl Schedule {
    /// The learning rate of `step`, counted from 0.
    pub fn learning_rate(&self, step: usize) -> f64 {
        if step < self.warmup_steps {
            return self.peak * step as f64 / self.warmup_steps as f64;
        }
        let span = self.total_steps.saturating_sub(self.warmup_steps).max(1) as f64;
        let done = ((step - self.warmup_steps) as f64 / span).min(1.0);
        self.peak
            * match self.kind {
                LrSchedule::Linear => 1.0 - done,
                LrSchedule::Cosine => 0.5 * (1.0 + (std::f64::consts::PI * done).cos()),
                LrSchedule::Constant => 1.0,
            }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_are_those_of_transformers() {
        let schedule = |kind| Schedule {
            kind,
            peak: 1.0,
            warmup_steps: 2,
            total_steps: 10,
        };
        let rates = |kind| {
            (0..10)
                .map(|step| schedule(kind).learning_rate(step))
                .collect::<Vec<_>>()
        };
        // get_linear_schedule_with_warmup(num_warmup_steps=2, num_training_steps=10)
        assert_eq!(
            rates(LrSchedule::Linear),
            [0.0, 0.5, 1.0, 0.875, 0.75, 0.625, 0.5, 0.375, 0.25, 0.125]
        );
        let cosine = rates(LrSchedule::Cosine);
        assert!((cosine[6] - 0.5).abs() < 1e-12 && cosine[2] == 1.0);
    }
}
