//! `cargo xtask bench`: measures training and inference of three BERT shapes, ours and PyTorch's in turn.
//!
//! Ours are the criterion benchmarks of `core/benches/throughput.rs`, PyTorch's `tests/bench_pytorch.py`; without a Python
//! that has torch (`TERAKOYA_PYTHON` names one) its column stays empty.

mod web;

use anyhow::{Context, Result};
use serde_json::Value;

use crate::command::{cargo, output, program, project};

const SHAPES: [&str; 3] = ["tiny", "e5-small", "base"];
const LENGTHS: [usize; 2] = [32, 128];
const BATCH: f64 = 8.0;

/// What to measure.
#[derive(Debug, clap::Args)]
pub struct Options {
    /// The browser app beside the native program, in the place of PyTorch
    #[arg(long, conflicts_with = "shape")]
    web: bool,
    /// Only this shape: tiny, e5-small or base
    #[arg(long)]
    shape: Option<String>,
}

/// Runs all and prints a table of texts per second.
///
/// # Errors
/// If a benchmark does not run, or its result cannot be read.
pub fn run(options: &Options) -> Result<()> {
    if options.web {
        return web::run();
    }
    println!(
        "{:<10} {:>4}  {:>22}  {:>22}",
        "", "", "training, texts/s", "inference, texts/s"
    );
    println!(
        "{:<10} {:>4}  {:>10} {:>11}  {:>10} {:>11}",
        "shape", "seq", "terakoya", "PyTorch", "terakoya", "PyTorch"
    );
    let chosen = |shape: &&str| options.shape.as_ref().is_none_or(|only| only == shape);
    for shape in SHAPES.into_iter().filter(chosen) {
        for seq in LENGTHS {
            let (train, infer) = (criterion("train", shape, seq)?, criterion("infer", shape, seq)?);
            let [train_torch, infer_torch] = pytorch(shape, seq)?;
            println!("{shape:<10} {seq:>4}  {train:>10.1} {train_torch:>11}  {infer:>10.1} {infer_torch:>11}");
        }
    }
    Ok(())
}

/// Texts per second of one criterion benchmark.
fn criterion(group: &str, shape: &str, seq: usize) -> Result<f64> {
    let filter = format!("^{group}/{shape}/{seq}$");
    let bench = [
        "bench",
        "--quiet",
        "--workspace",
        "--bench",
        "throughput",
        "--",
        "--noplot",
        &filter,
    ];
    output(&mut cargo(&bench)).with_context(|| format!("the benchmark {filter} did not run"))?;
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| project().join("target"), Into::into);
    let path = target.join(format!("criterion/{group}/{shape}/{seq}/new/estimates.json"));
    let text = std::fs::read_to_string(&path).with_context(|| path.display().to_string())?;
    let estimates: Value = serde_json::from_str(&text)?;
    let nanoseconds = estimates["median"]["point_estimate"].as_f64();
    Ok(BATCH * 1e9 / nanoseconds.context("estimates.json has no median")?)
}

/// PyTorch's texts per second in training and inference, or dashes where Python has no torch.
fn pytorch(shape: &str, seq: usize) -> Result<[String; 2]> {
    let python = std::env::var("TERAKOYA_PYTHON").unwrap_or_else(|_| "python3".to_owned());
    let seq = seq.to_string();
    let script = [
        "tests/bench_pytorch.py",
        "shape",
        "--shape",
        shape,
        "--seq",
        &seq,
        "--batch-size",
        "8",
    ];
    let Some(printed) = output(&mut program(&python, &script)) else {
        return Ok(["-".to_owned(), "-".to_owned()]);
    };
    let measured: Value = serde_json::from_str(&printed).context("tests/bench_pytorch.py printed no JSON")?;
    let rate = |key: &str| {
        measured[key]
            .as_f64()
            .map_or("-".to_owned(), |rate| format!("{rate:.1}"))
    };
    Ok([rate("train_samples_per_second"), rate("inference_sentences_per_second")])
}
