//! `terakoya inspect`: shows what a model folder holds.

use std::io::{Write, stdout};

use anyhow::Result;
use terakoya_core::tasks::TaskKind;
use terakoya_core::training_config::TrainLayers;

use crate::args::InspectArgs;
use crate::commands::{SharedDevice, open_session};

/// Runs the command.
pub fn run(args: InspectArgs) -> Result<()> {
    let session = open_session(&args.model, &args.tokenizer, &SharedDevice::untold())?;
    let mut inspection = session.inspect();
    if session.task() == TaskKind::CausalLm {
        // It has no head of its own to train.
        let head = String::from(TrainLayers::Head);
        inspection.training_memory.retain(|(layers, _)| *layers != head);
    }
    let mut out = stdout().lock();
    if args.json {
        writeln!(out, "{}", serde_json::to_string(&inspection)?)?;
        return Ok(());
    }
    writeln!(
        out,
        "model type     {} ({})",
        inspection.model_type,
        inspection.architectures.join(", ")
    )?;
    writeln!(
        out,
        "shape          {} layers, hidden size {}, {} heads, at most {} tokens",
        inspection.num_hidden_layers, inspection.hidden_size, inspection.num_attention_heads, inspection.max_length
    )?;
    writeln!(
        out,
        "vocabulary     {} rows, {} tokenizer entries",
        inspection.vocab_size, inspection.tokenizer_vocab_size
    )?;
    writeln!(out, "parameters     {}", inspection.parameters)?;
    match (inspection.task, &inspection.unread_head) {
        (None, None) => writeln!(out, "head           none yet; fine-tuning makes one")?,
        (None, Some(reason)) => writeln!(out, "head           not used: {reason}")?,
        (Some(task), _) => writeln!(out, "task           {}", task.name())?,
    }
    if !inspection.labels.is_empty() {
        writeln!(out, "labels         {}", inspection.labels.join(", "))?;
    }
    if !inspection.missing.is_empty() {
        writeln!(out, "not in it      {}", inspection.missing.join(", "))?;
    }
    for (layers, bytes) in &inspection.training_memory {
        writeln!(
            out,
            "memory to train {layers:<7} about {} MB at batch 8 × 128 tokens",
            bytes / 1_000_000
        )?;
    }
    Ok(())
}
