//! Shows a run's progress on stderr: a bar on a terminal, plain lines elsewhere.

use std::io::IsTerminal;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};
use terakoya_core::protocol::{EvaluationRecord, RunPlan, StepRecord};
use terakoya_core::train::Control;

/// Between two plain lines of the same kind.
const LINE_INTERVAL: Duration = Duration::from_secs(10);

/// A bar, or lines.
pub struct Progress {
    bar: Option<ProgressBar>,
    last_line: Option<Instant>,
    total_steps: usize,
    first: Option<(usize, usize, Instant)>,
}

impl Progress {
    /// Nothing shown yet.
    pub fn new() -> Self {
        Self {
            bar: None,
            last_line: None,
            total_steps: 0,
            first: None,
        }
    }

    /// Says a line without disturbing the bar.
    pub fn line(&self, text: &str) {
        match &self.bar {
            Some(bar) => bar.suspend(|| eprintln!("{text}")),
            None => eprintln!("{text}"),
        }
    }

    /// Announces a run, with the memory that it takes together with the `held` bytes that are no weights.
    pub fn start(&mut self, plan: &RunPlan, held: u64) {
        self.total_steps = plan.total_steps;
        let labels = match plan.labels.len() {
            0 => String::new(),
            count => format!(", {count} labels"),
        };
        self.line(&format!(
            "{} training and {} evaluation examples{labels}; {} steps; {} of {} parameters learn; about {} MB",
            plan.train_examples,
            plan.eval_examples,
            plan.total_steps,
            with_separators(plan.trainable_parameters),
            with_separators(plan.parameters),
            (plan.memory_bytes + held) / 1_000_000,
        ));
    }

    /// Shows how much of a count is done, as for cached activations or predictions.
    pub fn count(&mut self, what: &'static str, done: usize, total: usize) {
        if done < total {
            self.bar(total, "{prefix} {bar:40} {pos}/{len}, {eta} left")
                .set_prefix(what);
            if let Some(bar) = &self.bar {
                bar.set_position(done as u64);
            }
            if self.line_is_due() {
                eprintln!("{what}: {done} of {total}");
            }
        } else {
            self.clear();
        }
    }

    /// As [`Self::count`], where the work could be ended there, which this program does not.
    pub fn part(&mut self, what: &'static str, done: usize, total: usize) -> Control {
        self.count(what, done, total);
        Control::Continue
    }

    /// Shows some steps.
    pub fn steps(&mut self, record: &StepRecord) {
        let (first_step, first_examples, since) =
            *self.first.get_or_insert((record.step, record.examples, Instant::now()));
        let seconds = since.elapsed().as_secs_f64();
        // The first report starts the clock: it holds the warm-up of caches and kernels.
        let rate = (seconds > 0.0).then(|| (record.examples - first_examples) as f64 / seconds);
        let left = rate.filter(|&rate| rate > 0.0).map(|_| {
            let steps = (record.step - first_step) as f64 / seconds;
            Duration::from_secs_f64((self.total_steps - record.step) as f64 / steps)
        });
        let mut text = format!("loss {:.4}, lr {:.2e}", record.loss, record.learning_rate);
        if let (Some(rate), Some(left)) = (rate, left) {
            text += &format!(", {rate:.0} samples/s, {} left", clock(left));
        }
        self.bar(self.total_steps, "step {pos}/{len} {bar:30} {msg}")
            .set_message(text.clone());
        if let Some(bar) = &self.bar {
            bar.set_position(record.step as u64);
        }
        if self.line_is_due() {
            eprintln!(
                "step {}/{}, epoch {:.2}: {text}",
                record.step, self.total_steps, record.epoch
            );
        }
    }

    /// Shows an evaluation.
    pub fn evaluated(&self, record: &EvaluationRecord) {
        self.line(&format!(
            "epoch {:.2}: loss {:.4}, {}{}",
            record.epoch,
            record.loss,
            record.report.summary(),
            if record.best { " (best so far)" } else { "" },
        ));
    }

    /// Takes the bar away.
    pub fn clear(&mut self) {
        if let Some(bar) = self.bar.take() {
            bar.finish_and_clear();
        }
    }

    fn bar(&mut self, total: usize, template: &str) -> &ProgressBar {
        self.bar.get_or_insert_with(|| {
            let bar = match std::io::stderr().is_terminal() {
                true => ProgressBar::new(total as u64),
                false => ProgressBar::hidden(),
            };
            let style = ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
            bar.with_style(style)
        })
    }

    /// Plain lines come now and then, and only where there is no terminal.
    fn line_is_due(&mut self) -> bool {
        if std::io::stderr().is_terminal() {
            return false;
        }
        let due = self.last_line.is_none_or(|last| last.elapsed() >= LINE_INTERVAL);
        if due {
            self.last_line = Some(Instant::now());
        }
        due
    }
}

fn clock(duration: Duration) -> String {
    let seconds = duration.as_secs();
    match seconds / 3600 {
        0 => format!("{}:{:02}", seconds / 60, seconds % 60),
        hours => format!("{hours}:{:02}:{:02}", seconds / 60 % 60, seconds % 60),
    }
}

fn with_separators(number: usize) -> String {
    let digits = number.to_string();
    let mut out = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_times_are_readable() {
        assert_eq!(with_separators(4_386_307), "4,386,307");
        assert_eq!(with_separators(999), "999");
        assert_eq!(clock(Duration::from_secs(3_725)), "1:02:05");
        assert_eq!(clock(Duration::from_secs(65)), "1:05");
    }
}
