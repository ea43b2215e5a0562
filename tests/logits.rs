//! Compares the logits of a saved folder with those that transformers computes.

use tempfile::TempDir;

use crate::binary::{run, stdout, terakoya};
use crate::tiny::file;
use crate::transformers;

/// Has transformers compute the logits of `data` with the model in `folder`, where Python has it.
pub fn round_trip(folder: &str, data: &str, temp: &TempDir) {
    let lines = stdout(&run(terakoya(&[
        "predict", "--model", folder, "--data", data, "--json", "--logits", "--device", "cpu",
    ])));
    let path = file(temp, "logits.jsonl", &lines);
    transformers::compare(folder, &path, &["--tolerance", TOLERANCE]);
}

/// Of logits: numbers of up to 500 are rounded to 3e-5 in f32, and thirty times that is far below what a mistake makes.
const TOLERANCE: &str = "1e-3";
