//! Moves weights between safetensors files and modules: the only place that knows both spellings and both layouts. This
//! file reads, `save` writes.
//!
//! Below an encoder a module's path is its checkpoint name but for a few segments; the names of heads stand in a table for
//! each family in `spelling`. Linear weights are `[out, in]` in the checkpoint and `[in, out]` here. Reading takes f32, f16,
//! bf16 and the blocks of [`crate::quantize`], with or without the family's prefix, and TensorFlow's old `gamma`/`beta`;
//! writing gives f32 under transformers' names.

mod save;
mod spelling;

use std::collections::{BTreeMap, BTreeSet};

use burn::module::{Module, ModuleMapper, Param};
use burn::tensor::{Tensor, TensorData};
use safetensors::tensor::{Dtype, TensorView};

use self::spelling::{Spelling, Walk, head_path, legacy_name, spelling};
use crate::quantize::{QuantizeError, StoredTensor, read_tensors};
use crate::tasks::network::Network;

pub use self::save::{NamedTensor, ParameterName, parameter_names, save, save_learning, save_where, serialize};

/// What is wrong with a checkpoint's weights.
#[derive(Debug, thiserror::Error)]
pub enum WeightsError {
    /// Not a safetensors file, or a damaged one.
    #[error("{file} is not a whole safetensors file")]
    Safetensors {
        /// Its name.
        file: String,
        /// What the reader said.
        source: safetensors::SafeTensorError,
    },
    /// Quantised tensors that contradict their description.
    #[error(transparent)]
    Quantized(#[from] QuantizeError),
    /// A tensor the model needs is not in the checkpoint.
    #[error("the checkpoint has no tensor {tensor} (expected shape {expected:?})")]
    Missing {
        /// Its name in the checkpoint.
        tensor: String,
        /// The shape the config asks for.
        expected: Vec<usize>,
    },
    /// A tensor of another shape than config.json says.
    #[error("tensor {tensor} has shape {found:?}, but config.json asks for {expected:?}")]
    Shape {
        /// Its name in the checkpoint.
        tensor: String,
        /// The shape the config asks for.
        expected: Vec<usize>,
        /// The shape in the file.
        found: Vec<usize>,
    },
    /// An element type that weights do not have.
    #[error("tensor {tensor} holds {dtype}; weights must be f32, f16 or bf16")]
    Dtype {
        /// Its name in the checkpoint.
        tensor: String,
        /// The type in the file.
        dtype: String,
    },
    /// A weight that is not a number.
    #[error("tensor {tensor} holds a value that is not finite")]
    NotFinite {
        /// Its name in the checkpoint.
        tensor: String,
    },
}

/// The tensors of all the files of a checkpoint.
pub struct Checkpoint<'a> {
    tensors: BTreeMap<String, StoredTensor<'a>>,
}

impl<'a> Checkpoint<'a> {
    /// Reads the headers of `files`; the tensors stay where they are.
    pub fn read(files: &'a [(String, Vec<u8>)]) -> Result<Self, WeightsError> {
        let mut tensors = BTreeMap::new();
        for (file, bytes) in files {
            tensors.extend(read_tensors(file, bytes)?);
        }
        Ok(Self { tensors })
    }

    /// Looks a parameter up with and without its family's prefix, in both spellings.
    fn find(&self, name: &str, prefix: &str) -> Option<(&str, &StoredTensor<'a>)> {
        let legacy = legacy_name(name);
        let spellings = [Some(name), legacy.as_deref()];
        spellings
            .into_iter()
            .flatten()
            .flat_map(|name| [Some(name), name.strip_prefix(prefix)])
            .flatten()
            .find_map(|name| self.tensors.get_key_value(name))
            .map(|(name, view)| (name.as_str(), view))
    }

    /// The tensors for which `keep` says yes by name, as a safetensors file of f32. Those that do not hold finite floats,
    /// as old checkpoints' position ids, are left out.
    pub fn subset(&self, keep: impl Fn(&str) -> bool) -> Result<Vec<u8>, WeightsError> {
        let kept = self.tensors.iter().filter(|(name, _)| keep(name));
        let tensors: Vec<(&String, Vec<usize>, Vec<u8>)> = kept
            .filter_map(|(name, view)| {
                let values = view.to_f32(name).ok()?;
                let bytes = values.into_iter().flat_map(f32::to_le_bytes).collect();
                Some((name, view.shape().to_vec(), bytes))
            })
            .collect();
        let views: Result<Vec<_>, _> = tensors
            .iter()
            .map(|(name, shape, bytes)| Ok((name, TensorView::new(Dtype::F32, shape.clone(), bytes)?)))
            .collect();
        views
            .and_then(|views| safetensors::serialize(views, None))
            .map_err(|source| WeightsError::Safetensors {
                file: "a part of the checkpoint".to_owned(),
                source,
            })
    }

    /// Number of tensors in all the files.
    pub fn len(&self) -> usize {
        self.tensors.len()
    }

    /// Whether there is no tensor at all.
    pub fn is_empty(&self) -> bool {
        self.tensors.is_empty()
    }
}

/// What a reading did beside filling the model.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LoadReport {
    /// Parameters that the checkpoint lacks, or holds in another shape, and that keep their new random values.
    pub initialised: Vec<String>,
    /// Which of them the checkpoint holds in another shape.
    pub misfits: Vec<Misfit>,
    /// Tensors of the checkpoint that the model took.
    pub used: BTreeSet<String>,
}

/// A tensor that is not as the config says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Misfit {
    /// The tensor's name in the file.
    pub tensor: String,
    /// Its shape there.
    pub found: Vec<usize>,
    /// The shape that the config asks for.
    pub expected: Vec<usize>,
}

/// What a checkpoint may lack; what is lacking keeps its value and is reported.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lacking {
    /// What does not learn in the network, as it is while a run with frozen layers goes on.
    Frozen,
    /// Weights of the head, or it may hold them in another shape.
    Head,
    /// As [`Lacking::Head`]; and the encoder is left as it is.
    Encoder,
}

/// Fills `network` from `checkpoint`.
///
/// # Errors
/// If a tensor is missing that `lacking` does not excuse, is of another shape than the config says, or is damaged.
pub fn load(
    network: Network,
    checkpoint: &Checkpoint,
    lacking: Lacking,
    report: &mut LoadReport,
) -> Result<Network, WeightsError> {
    let mut loader = Loader {
        walk: Walk::default(),
        spelling: spelling(&network.encoder),
        checkpoint,
        lacking,
        report,
        error: None,
    };
    let network = network.map(&mut loader);
    match loader.error {
        Some(error) => Err(error),
        None => Ok(network),
    }
}

struct Loader<'a, 'b> {
    walk: Walk,
    spelling: &'static Spelling,
    checkpoint: &'a Checkpoint<'b>,
    lacking: Lacking,
    report: &'a mut LoadReport,
    error: Option<WeightsError>,
}

impl Loader<'_, '_> {
    /// The values for a parameter of `shape`, in our layout, or nothing where it keeps its own.
    fn values(&mut self, shape: &[usize], learns: bool) -> Result<Option<Vec<f32>>, WeightsError> {
        let in_head = head_path(&self.walk.path).is_some();
        if self.lacking == Lacking::Encoder && !in_head {
            return Ok(None);
        }
        let name = self.spelling.checkpoint_name(&self.walk.path);
        let transposed = self.walk.is_transposed();
        let mut expected = shape.to_vec();
        if transposed {
            expected.reverse();
        }
        let may_lack = match self.lacking {
            Lacking::Frozen => !learns,
            Lacking::Head | Lacking::Encoder => in_head,
        };
        match self.checkpoint.find(&name, self.spelling.base) {
            Some((found_name, view)) if view.shape() == expected => {
                let mut values = view.to_f32(found_name)?;
                if transposed {
                    values = transpose(&values, expected[0], expected[1]);
                }
                self.report.used.insert(found_name.to_owned());
                Ok(Some(values))
            }
            Some((tensor, view)) if !may_lack => Err(WeightsError::Shape {
                tensor: tensor.to_owned(),
                expected,
                found: view.shape().to_vec(),
            }),
            None if !may_lack => Err(WeightsError::Missing { tensor: name, expected }),
            found => {
                let misfit = found.map(|(tensor, view)| Misfit {
                    tensor: tensor.to_owned(),
                    found: view.shape().to_vec(),
                    expected,
                });
                self.report.misfits.extend(misfit);
                self.report.initialised.push(name);
                Ok(None)
            }
        }
    }
}

impl ModuleMapper for Loader<'_, '_> {
    fn enter_module(&mut self, name: &str, container_type: &str) {
        self.walk.enter(name, container_type);
    }

    fn exit_module(&mut self, _name: &str, _container_type: &str) {
        self.walk.exit();
    }

    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        if self.error.is_some() {
            return param;
        }
        let shape = param.lazy_shape();
        // Only a network in training is asked: a new one would draw its random values to answer.
        let learns = self.lacking == Lacking::Frozen && param.is_require_grad();
        match self.values(&shape, learns) {
            Ok(Some(values)) => {
                // A new parameter: asking the old one for anything would draw its random values.
                let data = TensorData::new(values, shape);
                Param::from_tensor(Tensor::from_data(data, &param.lazy_device()))
            }
            Ok(None) => param,
            Err(error) => {
                self.error = Some(error);
                param
            }
        }
    }
}

/// `[rows, columns]` to `[columns, rows]`, in blocks that fit the cache.
pub fn transpose(values: &[f32], rows: usize, columns: usize) -> Vec<f32> {
    const BLOCK: usize = 32;
    let mut out = vec![0.0; values.len()];
    for row_start in (0..rows).step_by(BLOCK) {
        for column_start in (0..columns).step_by(BLOCK) {
            for row in row_start..(row_start + BLOCK).min(rows) {
                for column in column_start..(column_start + BLOCK).min(columns) {
                    out[column * rows + row] = values[row * columns + column];
                }
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn transpose_swaps_the_axes() {
        let values: Vec<f32> = (0..33 * 70).map(|value| value as f32).collect();
        let swapped = transpose(&values, 33, 70);
        assert_eq!(swapped[69 * 33 + 32], values[32 * 70 + 69]);
        assert_eq!(transpose(&swapped, 70, 33), values);
    }
}
