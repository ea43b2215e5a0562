//! Measures the model of a run, keeps the best, and notes where patience has run out.

use burn::module::Module;

use super::{Control, Run, RunHost, TrainError, steps_per_epoch};
use crate::data::LabelMap;
use crate::error::Result;
use crate::examples::Answering;
use crate::metrics::MetricsError;
use crate::protocol::{EvaluationRecord, TrainEvent};
use crate::rows::Purpose;
use crate::training_config::BestMetric;

impl Run<'_> {
    /// Measures the model, keeps it where it is the best, and notes where patience has run out. An evaluation that the
    /// host stops is due again.
    pub(super) async fn evaluate(&mut self, host: &mut dyn RunHost) -> Result<Control> {
        let Some(eval) = self.inputs.eval.clone() else {
            self.state.evaluation_due = false;
            return Ok(Control::Continue);
        };
        self.state.evaluation_due = true;
        let config = self.inputs.config;
        let network = self.network().valid();
        let device = self.inputs.device.clone().inner();
        let mut answering = Answering::new(&network, &eval, Purpose::Evaluate, config.eval_batch_size)?;
        while answering.step(&device).await?.is_some() {
            if host.control().await == Control::Stop {
                return Ok(Control::Stop);
            }
        }
        self.state.evaluation_due = false;
        let (outputs, _) = answering.finish();
        let label_map = LabelMap::default();
        let (loss, report) = self.inputs.task.report(eval.answered(&outputs, &label_map))?;
        let loss = loss.ok_or(TrainError::Metrics(MetricsError::NoExamples))?;
        if !loss.is_finite() {
            let step = self.state.step;
            return Err(TrainError::Diverged { step, loss }.into());
        }
        let metric = match config.best_metric {
            BestMetric::Auto => self.inputs.task.usual_metric(eval.examples),
            metric => metric,
        };
        let score = report.score(metric).unwrap_or(-loss);
        let kept = self.state.record.evaluations.iter().rfind(|evaluation| evaluation.best);
        // Of equal scores the one with the lower loss is surer of its answers.
        let best = self.state.best.is_none_or(|best| score > best)
            || (self.state.best == Some(score) && kept.is_some_and(|kept| loss < kept.loss));
        if best {
            self.state.best = Some(score);
            self.state.without_improvement = 0;
            self.state.record.kept_step = self.state.step;
            if config.keep_best {
                self.best_weights = Some(self.learned().await?);
            }
        } else {
            self.state.without_improvement += 1;
        }
        let record = EvaluationRecord {
            step: self.state.step,
            epoch: self.state.step as f64 / steps_per_epoch(config, self.inputs.train.rows.len()) as f64,
            loss,
            report,
            best,
        };
        self.state.record.evaluations.push(record.clone());
        host.event(TrainEvent::Evaluated(record));
        let patience = config.early_stopping_patience;
        self.state.record.stopped_early = patience > 0 && self.state.without_improvement >= patience;
        Ok(Control::Continue)
    }
}
