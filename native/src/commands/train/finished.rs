//! Writes down what a run did: training.json, and the scores on stdout.

use std::io::{Write, stdout};

use anyhow::Result;
use serde_json::{Value, json};
use terakoya_core::protocol::{Evaluation, TrainingRecord};
use terakoya_core::session::Session;
use terakoya_core::training_config::TrainingConfig;

use super::inputs::{RunData, Start};
use crate::args::TrainArgs;
use crate::commands::evaluate::{print_report, to_json};
use crate::data_files::DataFile;

/// A run that has ended well.
pub(super) struct Finished<'a> {
    pub(super) args: &'a TrainArgs,
    pub(super) config: &'a TrainingConfig,
    pub(super) start: &'a Start,
    pub(super) data: &'a RunData,
    pub(super) record: &'a TrainingRecord,
    pub(super) test: Option<&'a Evaluation>,
    pub(super) timings: Value,
}

impl Finished<'_> {
    /// Everything needed to know what was done and to do it again.
    pub(super) fn training_json(&self, session: &Session) -> Result<String> {
        let file =
            |file: &DataFile| json!({ "file": file.name, "sha256": file.sha256, "examples": file.examples.len() });
        let value = json!({
            "terakoya": env!("CARGO_PKG_VERSION"),
            "burn": terakoya_core::BURN_VERSION,
            "device": session.device().description(),
            "model": self.start.model(),
            "from_scratch": self.start.scratch(),
            "config": self.config,
            "labels": session.labels(),
            "read": self.args.data.read_options(self.config.task.definition().gold, None)?,
            "user_dictionary": self.args.tokenizer.user_dictionary.as_ref().map(|path| {
                json!({ "file": path, "sha256": session.tokenizer().user_dictionary_sha256() })
            }),
            "split": self.args.split,
            "filters": {
                "train": self.args.train_filter,
                "eval": self.args.eval_filter,
                "test": self.args.test_filter,
            },
            "data": {
                "train": file(&self.data.train),
                "eval": self.data.eval.as_ref().map(file),
                "test": self.data.test.as_ref().map(file),
            },
            "record": self.record,
            "test": self.test.map(to_json).transpose()?,
            "timings": self.timings,
        });
        Ok(format!("{value:#}\n"))
    }

    pub(super) fn print(&self, as_json: bool) -> Result<()> {
        let mut out = stdout().lock();
        let kept = self
            .record
            .evaluations
            .iter()
            .find(|evaluation| evaluation.step == self.record.kept_step);
        if as_json {
            let value = json!({
                "eval": kept,
                "test": self.test.map(to_json).transpose()?,
                "timings": self.timings,
            });
            writeln!(out, "{value}")?;
            return Ok(());
        }
        if let Some(kept) = kept {
            writeln!(
                out,
                "evaluation of the model that was kept (epoch {:.2}, loss {:.4})",
                kept.epoch, kept.loss
            )?;
            writeln!(out, "{}", kept.report)?;
        }
        if let Some(test) = self.test {
            writeln!(out, "test")?;
            print_report(&mut out, test)?;
        }
        Ok(())
    }
}
