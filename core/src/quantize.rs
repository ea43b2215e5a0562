//! Makes a model folder small: weights as blocks of four- and eight-bit integers in safetensors, the tokenizer compressed.
//!
//! A quantised tensor `NAME` of n values is two tensors of the file: `NAME`, U8 `[blocks, 16]` (`q4_32`) or `[blocks, 32]`
//! (`q8_32`), and `NAME.scales`, F16 `[blocks]`, with ⌈n / 32⌉ blocks; `blocks` says how integers lie in them. The one
//! entry of `__metadata__`, `terakoya.quantization`, is JSON: `{"version": 1, "tensors": {NAME: {"format": "q4_32",
//! "shape": […]}}}`. All other tensors are plain. The matrices of the layers and the tables of words take four bits; what
//! lies around them (positions, heads) eight, since its errors reach every token; vectors and small matrices stay f16.
//! `stored` reads such files for [`crate::weights`], so that a quantised folder opens like any other.

mod blocks;
mod report;
mod stored;

use std::collections::{BTreeMap, BTreeSet, HashMap};

use burn::tensor::f16;
use safetensors::tensor::{Dtype, TensorView};

use crate::bundle::{Bundle, pack_tokenizer};
use crate::error::Error;
use crate::tokenizer::Files;
use crate::weights::WeightsError;
use blocks::{BLOCK, Block, NIBBLES, widen_eight_bits, widen_four_bits};
use stored::{DescribedTensor, Description};

pub use report::{QuantizeReport, QuantizedTensor};
pub use stored::{StoredTensor, read_tensors};

/// The key of `__metadata__` under which the quantised tensors are described.
pub const METADATA_KEY: &str = "terakoya.quantization";
/// What is appended to a tensor's name for its scales.
pub const SCALES_SUFFIX: &str = ".scales";
const VERSION: u32 = 1;
const WEIGHTS: &str = "model.safetensors";

/// Matrices with fewer values stay plain: their blocks would save less than a page.
const LEAST_VALUES: usize = 8192;

/// What is wrong with a quantised checkpoint.
#[derive(Debug, thiserror::Error)]
pub enum QuantizeError {
    /// The description of the quantised tensors cannot be read.
    #[error("{file}: the entry {METADATA_KEY} of its metadata does not describe quantised tensors")]
    Description {
        /// The safetensors file.
        file: String,
        /// Where and why.
        source: serde_json::Error,
    },
    /// The file is of a later version.
    #[error("{file} is quantised in version {version} of the format; this program reads version {VERSION}")]
    Version {
        /// The safetensors file.
        file: String,
        /// What it says.
        version: u32,
    },
    /// A kind of block that does not exist.
    #[error("tensor {tensor} is quantised as {format:?}; known: q4_32, q8_32")]
    Format {
        /// Its name in the checkpoint.
        tensor: String,
        /// What the file says.
        format: String,
    },
    /// A shape with more values than can be counted.
    #[error("tensor {tensor} has the impossible shape {shape:?}")]
    TooLarge {
        /// Its name in the checkpoint.
        tensor: String,
        /// What the file says.
        shape: Vec<usize>,
    },
    /// Integers or scales that are not there, or not as many as the shape asks for.
    #[error("the quantised tensor's part {part} must be {expected}, but the file holds {found}")]
    Part {
        /// Name of the part in the file.
        part: String,
        /// Its type and shape by the description.
        expected: String,
        /// Type and shape in the file.
        found: String,
    },
    /// Two tensors that the new file would hold under one name.
    #[error("two tensors would be called {name} in the quantised file")]
    Name {
        /// The name.
        name: String,
    },
    /// The new file cannot be written.
    #[error("writing {WEIGHTS}")]
    Write {
        /// What the writer said.
        source: safetensors::SafeTensorError,
    },
}

/// How the integers of a quantised tensor are stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BlockFormat {
    /// `q4_32`
    FourBits,
    /// `q8_32`
    EightBits,
}

impl BlockFormat {
    /// Its name in the file.
    pub fn name(self) -> &'static str {
        match self {
            Self::FourBits => "q4_32",
            Self::EightBits => "q8_32",
        }
    }

    fn from_name(name: &str) -> Option<Self> {
        [Self::FourBits, Self::EightBits]
            .into_iter()
            .find(|format| format.name() == name)
    }

    /// Bytes of a block's integers.
    fn block_bytes(self) -> usize {
        match self {
            Self::FourBits => NIBBLES,
            Self::EightBits => BLOCK,
        }
    }

    /// The blocks that suit a tensor; none where it stays plain. `vocab_size` tells tables of words from others.
    fn suited(name: &str, shape: &[usize], vocab_size: usize) -> Option<Self> {
        let is_matrix = shape.len() >= 2 && shape.iter().product::<usize>() >= LEAST_VALUES;
        // `encoder.layer.3.…`, `transformer.h.3.…`
        let in_layer = name.split('.').any(|part| part.parse::<usize>().is_ok());
        let is_table = shape.first() == Some(&vocab_size);
        let format = if in_layer || is_table {
            Self::FourBits
        } else {
            Self::EightBits
        };
        is_matrix.then_some(format)
    }
}

/// Turns a model folder into a quantised one: `model.safetensors` in blocks, the tokenizer's large files compressed,
/// config.json as it is. The result does not depend on the machine.
///
/// # Errors
/// If the folder is damaged, or lacks weights.
pub fn quantize(files: Files) -> Result<(Files, QuantizeReport), Error> {
    let mut bundle = Bundle::read(files)?;
    let shards = bundle.take_weights()?;
    let vocab_size = bundle.model_config.sizes().vocab_size;
    let mut writer = Writer::default();
    for (file, bytes) in &shards {
        for (name, tensor) in read_tensors(file, bytes)? {
            writer.add(name, &tensor, vocab_size)?;
        }
    }
    let source_bytes = shards.iter().map(|(_, bytes)| bytes.len()).sum();
    drop(shards);
    let (weights, tensors) = writer.finish()?;
    let report = QuantizeReport {
        source_bytes,
        bytes: weights.len(),
        tensors,
    };
    let mut files = bundle.to_files();
    pack_tokenizer(&mut files)?;
    files.insert(WEIGHTS.to_owned(), weights);
    Ok((files, report))
}

/// Tensors on their way into the new file.
#[derive(Default)]
struct Writer {
    parts: Vec<(String, Dtype, Vec<usize>, Vec<u8>)>,
    described: BTreeMap<String, DescribedTensor>,
    tensors: Vec<QuantizedTensor>,
}

impl Writer {
    fn add(&mut self, name: String, tensor: &StoredTensor, vocab_size: usize) -> Result<(), WeightsError> {
        let shape = tensor.shape().to_vec();
        if let Some((dtype, bytes)) = tensor.plain().filter(|(dtype, _)| !is_weight(*dtype)) {
            self.parts.push((name, dtype, shape, bytes.to_vec()));
            return Ok(());
        }
        let values = tensor.to_f32(&name)?;
        let largest = values.iter().fold(0.0f32, |largest, value| largest.max(value.abs()));
        let fits_half = largest <= f16::MAX.to_f32();
        let stored = match BlockFormat::suited(&name, &shape, vocab_size).filter(|_| fits_half) {
            Some(format) => self.add_blocks(&name, &shape, format, &values),
            None if fits_half => {
                let halves: Vec<f16> = values.iter().map(|value| f16::from_f32(*value)).collect();
                let bytes = halves.iter().flat_map(|half| half.to_le_bytes()).collect();
                self.parts.push((name.clone(), Dtype::F16, shape.clone(), bytes));
                Stored {
                    format: "f16",
                    bytes: 2 * halves.len(),
                    values: halves.iter().map(|half| half.to_f32()).collect(),
                    blocks_on_grid: None,
                }
            }
            None => {
                let bytes = values.iter().flat_map(|value| value.to_le_bytes()).collect();
                self.parts.push((name.clone(), Dtype::F32, shape.clone(), bytes));
                Stored {
                    format: "f32",
                    bytes: 4 * values.len(),
                    values: values.clone(),
                    blocks_on_grid: None,
                }
            }
        };
        self.tensors
            .push(QuantizedTensor::measure(name, shape, &values, &stored));
        Ok(())
    }

    fn add_blocks(&mut self, name: &str, shape: &[usize], format: BlockFormat, values: &[f32]) -> Stored {
        let blocks = values.len().div_ceil(BLOCK);
        let mut levels = Vec::with_capacity(blocks * format.block_bytes());
        let mut scales = Vec::with_capacity(blocks);
        let mut on_grid = 0;
        for values in values.chunks(BLOCK) {
            let mut padded = [0.0; BLOCK];
            padded[..values.len()].copy_from_slice(values);
            let block = match format {
                BlockFormat::FourBits => Block::four_bits(&padded),
                BlockFormat::EightBits => Block::eight_bits(&padded),
            };
            match format {
                BlockFormat::FourBits => levels.extend(block.nibbles()),
                BlockFormat::EightBits => levels.extend(block.bytes()),
            }
            scales.push(block.scale.to_le_bytes());
            on_grid += usize::from(block.is_grid_of(&padded));
        }
        let mut widened = vec![0.0; values.len()];
        match format {
            BlockFormat::FourBits => widen_four_bits(levels.as_chunks::<NIBBLES>().0, &scales, &mut widened),
            BlockFormat::EightBits => widen_eight_bits(levels.as_chunks::<BLOCK>().0, &scales, &mut widened),
        }
        let stored = Stored {
            format: format.name(),
            bytes: levels.len() + 2 * blocks,
            values: widened,
            blocks_on_grid: (blocks > 0).then(|| on_grid as f64 / blocks as f64),
        };
        let described = DescribedTensor {
            format: format.name().to_owned(),
            shape: shape.to_vec(),
        };
        self.described.insert(name.to_owned(), described);
        let levels_shape = vec![blocks, format.block_bytes()];
        self.parts.push((name.to_owned(), Dtype::U8, levels_shape, levels));
        let scales_name = format!("{name}{SCALES_SUFFIX}");
        self.parts
            .push((scales_name, Dtype::F16, vec![blocks], scales.concat()));
        stored
    }

    /// The file, and what became of each tensor.
    fn finish(self) -> Result<(Vec<u8>, Vec<QuantizedTensor>), QuantizeError> {
        let description = Description {
            version: VERSION,
            tensors: self.described,
        };
        let description = serde_json::to_string(&description).expect("names and numbers are JSON");
        let mut names = BTreeSet::new();
        if let Some((name, ..)) = self.parts.iter().find(|(name, ..)| !names.insert(name)) {
            return Err(QuantizeError::Name { name: name.clone() });
        }
        // The only entry, so that no order of a hash map shows; `format` is left out, since transformers cannot read this.
        let metadata = HashMap::from([(METADATA_KEY.to_owned(), description)]);
        let views: Result<Vec<(&String, TensorView)>, _> = self
            .parts
            .iter()
            .map(|(name, dtype, shape, bytes)| TensorView::new(*dtype, shape.clone(), bytes).map(|view| (name, view)))
            .collect();
        let file = views.and_then(|views| safetensors::serialize(views, Some(metadata)));
        let file = file.map_err(|source| QuantizeError::Write { source })?;
        Ok((file, self.tensors))
    }
}

/// A tensor as it will be read back.
struct Stored {
    format: &'static str,
    bytes: usize,
    values: Vec<f32>,
    blocks_on_grid: Option<f64>,
}

fn is_weight(dtype: Dtype) -> bool {
    matches!(dtype, Dtype::F32 | Dtype::F16 | Dtype::BF16)
}

#[cfg(test)]
mod tests;
