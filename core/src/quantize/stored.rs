//! Reads what a checkpoint file stores under a tensor's name, plain numbers or blocks, as f32.
//!
//! [`crate::weights`] asks for shapes and values only; which of the two a file holds, it never learns.

use std::collections::BTreeMap;

use burn::tensor::{bf16, f16};
use safetensors::tensor::{Dtype, SafeTensors, TensorView};
use serde::{Deserialize, Serialize};

use super::blocks::{BLOCK, NIBBLES, widen_eight_bits, widen_four_bits};
use super::{BlockFormat, METADATA_KEY, QuantizeError, SCALES_SUFFIX, VERSION};
use crate::weights::WeightsError;

/// What `__metadata__` says of a file's quantised tensors.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Description {
    pub version: u32,
    pub tensors: BTreeMap<String, DescribedTensor>,
}

/// One of them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct DescribedTensor {
    pub format: String,
    pub shape: Vec<usize>,
}

/// A tensor of a checkpoint file; its bytes stay in the file.
#[derive(Debug, Clone)]
pub struct StoredTensor<'a> {
    shape: Vec<usize>,
    values: Values<'a>,
}

#[derive(Debug, Clone)]
enum Values<'a> {
    Plain {
        dtype: Dtype,
        bytes: &'a [u8],
    },
    Blocks {
        format: BlockFormat,
        levels: &'a [u8],
        scales: &'a [u8],
    },
}

/// The tensors of one safetensors file by name. What belongs to a quantised tensor is one entry under that tensor's name.
///
/// # Errors
/// If the file is not whole, or its description of quantised tensors does not fit what it holds.
pub fn read_tensors<'a>(file: &str, bytes: &'a [u8]) -> Result<BTreeMap<String, StoredTensor<'a>>, WeightsError> {
    let damaged = |source| WeightsError::Safetensors {
        file: file.to_owned(),
        source,
    };
    let (_, header) = SafeTensors::read_metadata(bytes).map_err(damaged)?;
    let mut views: BTreeMap<String, TensorView<'a>> = SafeTensors::deserialize(bytes)
        .map_err(damaged)?
        .tensors()
        .into_iter()
        .collect();
    let mut tensors = BTreeMap::new();
    let description = header
        .metadata()
        .as_ref()
        .and_then(|metadata| metadata.get(METADATA_KEY));
    if let Some(text) = description {
        for (name, described) in read_description(file, text)?.tensors {
            let levels = views.remove(&name);
            let scales = views.remove(&format!("{name}{SCALES_SUFFIX}"));
            let tensor = StoredTensor::quantized(&name, described, levels, scales)?;
            tensors.insert(name, tensor);
        }
    }
    tensors.extend(views.into_iter().map(|(name, view)| {
        let values = Values::Plain {
            dtype: view.dtype(),
            bytes: view.data(),
        };
        let shape = view.shape().to_vec();
        (name, StoredTensor { shape, values })
    }));
    Ok(tensors)
}

fn read_description(file: &str, text: &str) -> Result<Description, QuantizeError> {
    let description: Description = serde_json::from_str(text).map_err(|source| QuantizeError::Description {
        file: file.to_owned(),
        source,
    })?;
    match description.version {
        VERSION => Ok(description),
        version => Err(QuantizeError::Version {
            file: file.to_owned(),
            version,
        }),
    }
}

impl<'a> StoredTensor<'a> {
    /// Checks that the two parts of a quantised tensor are there and as long as its shape asks.
    fn quantized(
        name: &str,
        described: DescribedTensor,
        levels: Option<TensorView<'a>>,
        scales: Option<TensorView<'a>>,
    ) -> Result<Self, QuantizeError> {
        let unknown = || QuantizeError::Format {
            tensor: name.to_owned(),
            format: described.format.clone(),
        };
        let format = BlockFormat::from_name(&described.format).ok_or_else(unknown)?;
        let shape = described.shape;
        let count = shape.iter().try_fold(1usize, |count, size| count.checked_mul(*size));
        let count = count.ok_or_else(|| QuantizeError::TooLarge {
            tensor: name.to_owned(),
            shape: shape.clone(),
        })?;
        let blocks = count.div_ceil(BLOCK);
        let part = |part: String, view: Option<TensorView<'a>>, dtype: Dtype, expected: Vec<usize>| {
            let found = view.as_ref().map(|view| (view.dtype(), view.shape().to_vec()));
            match view {
                Some(view) if view.dtype() == dtype && view.shape() == expected => Ok(view.data()),
                _ => Err(QuantizeError::Part {
                    part,
                    expected: format!("{dtype:?} {expected:?}"),
                    found: found.map_or_else(|| "nothing".to_owned(), |(dtype, shape)| format!("{dtype:?} {shape:?}")),
                }),
            }
        };
        let levels = part(name.to_owned(), levels, Dtype::U8, vec![blocks, format.block_bytes()])?;
        let scales = part(format!("{name}{SCALES_SUFFIX}"), scales, Dtype::F16, vec![blocks])?;
        let values = Values::Blocks { format, levels, scales };
        Ok(Self { shape, values })
    }

    /// The tensor's shape, `[out, in]` for a linear layer.
    pub fn shape(&self) -> &[usize] {
        &self.shape
    }

    /// The bytes as stored and their type, where they are plain numbers.
    pub(super) fn plain(&self) -> Option<(Dtype, &'a [u8])> {
        match self.values {
            Values::Plain { dtype, bytes } => Some((dtype, bytes)),
            Values::Blocks { .. } => None,
        }
    }

    /// The values, flattened.
    ///
    /// # Errors
    /// If the type is none that weights have, or a value is not finite; `name` is what the error calls the tensor.
    pub fn to_f32(&self, name: &str) -> Result<Vec<f32>, WeightsError> {
        let (finite, values) = match self.values {
            Values::Plain { dtype, bytes } => {
                let values = widen_plain(dtype, bytes).ok_or_else(|| WeightsError::Dtype {
                    tensor: name.to_owned(),
                    dtype: format!("{dtype:?}"),
                })?;
                (values.iter().all(|value| value.is_finite()), values)
            }
            Values::Blocks { format, levels, scales } => {
                let scales = scales.as_chunks::<2>().0;
                // A product of an integer and a finite f16 is finite in f32.
                let finite = scales.iter().all(|scale| f16::from_le_bytes(*scale).is_finite());
                let mut values = vec![0.0; self.shape.iter().product()];
                match format {
                    BlockFormat::EightBits => widen_eight_bits(levels.as_chunks::<BLOCK>().0, scales, &mut values),
                    BlockFormat::FourBits => widen_four_bits(levels.as_chunks::<NIBBLES>().0, scales, &mut values),
                }
                (finite, values)
            }
        };
        match finite {
            true => Ok(values),
            false => Err(WeightsError::NotFinite {
                tensor: name.to_owned(),
            }),
        }
    }
}

/// Widens little-endian numbers to f32; nothing for a type that weights do not have.
fn widen_plain(dtype: Dtype, bytes: &[u8]) -> Option<Vec<f32>> {
    let halves = bytes.as_chunks::<2>().0.iter();
    Some(match dtype {
        Dtype::F32 => bytes
            .as_chunks::<4>()
            .0
            .iter()
            .map(|bytes| f32::from_le_bytes(*bytes))
            .collect(),
        Dtype::F16 => halves.map(|bytes| f16::from_le_bytes(*bytes).to_f32()).collect(),
        Dtype::BF16 => halves.map(|bytes| bf16::from_le_bytes(*bytes).to_f32()).collect(),
        _ => return None,
    })
}
