//! Says what quantising did to each tensor and to the size of the file.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::Stored;

/// What became of a checkpoint.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct QuantizeReport {
    /// Bytes of the weight files before.
    pub source_bytes: usize,
    /// Bytes of the new weight file.
    pub bytes: usize,
    /// Every tensor of weights, in the order of the files and names.
    pub tensors: Vec<QuantizedTensor>,
}

/// What became of one tensor.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct QuantizedTensor {
    /// Its name in the checkpoint.
    pub name: String,
    /// Its shape in the checkpoint.
    pub shape: Vec<usize>,
    /// How it is stored now: `q4_32`, `q8_32`, `f16` or `f32`.
    pub format: String,
    /// Bytes it takes now, scales included.
    pub bytes: usize,
    /// The largest difference of a value.
    pub worst_error: f64,
    /// Root mean square of the differences, divided by that of the values.
    pub relative_error: f64,
    /// The part of the blocks whose values lay on such a grid before, up to the rounding of f16: nothing of them is lost.
    pub blocks_on_grid: Option<f64>,
}

impl QuantizedTensor {
    pub(super) fn measure(name: String, shape: Vec<usize>, values: &[f32], stored: &Stored) -> Self {
        let (mut worst, mut errors, mut squares) = (0.0f64, 0.0, 0.0);
        for (value, now) in values.iter().zip(&stored.values) {
            let error = f64::from(value - now);
            worst = worst.max(error.abs());
            errors += error * error;
            squares += f64::from(*value).powi(2);
        }
        Self {
            name,
            shape,
            format: stored.format.to_owned(),
            bytes: stored.bytes,
            worst_error: worst,
            relative_error: if squares > 0.0 { (errors / squares).sqrt() } else { 0.0 },
            blocks_on_grid: stored.blocks_on_grid,
        }
    }
}

impl fmt::Display for QuantizeReport {
    /// A line for each tensor in blocks, one for the rest, one for the file.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (plain, blocks): (Vec<_>, Vec<_>) = self.tensors.iter().partition(|tensor| tensor.blocks_on_grid.is_none());
        let width = blocks
            .iter()
            .map(|tensor| tensor.name.chars().count())
            .max()
            .unwrap_or(0)
            .max(6);
        writeln!(
            f,
            "{:width$}  stored       bytes  worst error  relative  on a grid before",
            "tensor"
        )?;
        for tensor in &blocks {
            let on_grid = 100.0 * tensor.blocks_on_grid.unwrap_or(0.0);
            writeln!(
                f,
                "{:width$}  {:6} {:>11}  {:>11.2e}  {:>6.2} %  {on_grid:.1} %",
                tensor.name,
                tensor.format,
                tensor.bytes,
                tensor.worst_error,
                100.0 * tensor.relative_error,
            )?;
        }
        let worst = plain.iter().map(|tensor| tensor.worst_error).fold(0.0, f64::max);
        let bytes: usize = plain.iter().map(|tensor| tensor.bytes).sum();
        writeln!(
            f,
            "{} other tensors as f16 or f32: {bytes} bytes, worst error {worst:.2e}",
            plain.len()
        )?;
        let ratio = self.source_bytes as f64 / self.bytes.max(1) as f64;
        write!(
            f,
            "weights: {} → {} bytes, {ratio:.1} times smaller",
            self.source_bytes, self.bytes
        )
    }
}
