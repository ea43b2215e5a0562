//! Moves weights between safetensors files and modules: the only place that knows both spellings and both layouts.
//!
//! A module's path is its checkpoint name but for the table in [`checkpoint_name`]; linear weights are `[out, in]` in the
//! checkpoint and `[in, out]` here. Reading takes f32, f16 and bf16, with or without the family's prefix, and TensorFlow's
//! old `gamma`/`beta`; writing gives f32 under transformers' names.

use std::collections::{BTreeMap, BTreeSet};

use burn::module::{Module, ModuleMapper, ModuleVisitor, Param};
use burn::tensor::{Tensor, TensorData, bf16, f16};
use safetensors::tensor::{Dtype, SafeTensors, TensorView};
use serde_json::{Map, Value, json};

use crate::error::Error;
use crate::examples::host_values;

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

/// The prefixes of the families' base models, which checkpoints of a bare encoder leave out.
const BASE_MODEL_PREFIXES: [&str; 1] = ["bert."];

/// The name of a module's parameter in the checkpoint.
fn checkpoint_name(path: &[String]) -> String {
    let mut name = path.join(".");
    for (ours, theirs) in [("attention.self_.", "attention.self."), ("layer_norm.", "LayerNorm.")] {
        name = name.replace(ours, theirs);
    }
    name
}

/// TensorFlow's old spelling of a name, still found in checkpoints.
fn legacy_name(name: &str) -> Option<String> {
    let stem = name.strip_suffix("LayerNorm.weight");
    let gamma = stem.map(|stem| format!("{stem}LayerNorm.gamma"));
    gamma.or_else(|| {
        name.strip_suffix("LayerNorm.bias")
            .map(|stem| format!("{stem}LayerNorm.beta"))
    })
}

/// Whether a parameter is a linear layer's matrix, whose axes the checkpoint swaps.
fn is_transposed(container: &str, path: &[String]) -> bool {
    container == "Struct:Linear" && path.last().is_some_and(|name| name == "weight")
}

/// The tensors of all the files of a checkpoint.
pub struct Checkpoint<'a> {
    tensors: BTreeMap<String, TensorView<'a>>,
}

impl<'a> Checkpoint<'a> {
    /// Reads the headers of `files`; the tensors stay where they are.
    pub fn read(files: &'a [(String, Vec<u8>)]) -> Result<Self, WeightsError> {
        let mut tensors = BTreeMap::new();
        for (file, bytes) in files {
            let parsed = SafeTensors::deserialize(bytes).map_err(|source| WeightsError::Safetensors {
                file: file.clone(),
                source,
            })?;
            tensors.extend(parsed.tensors());
        }
        Ok(Self { tensors })
    }

    /// Looks a parameter up with and without its family's prefix, in both spellings.
    fn find(&self, name: &str) -> Option<(&str, &TensorView<'a>)> {
        let legacy = legacy_name(name);
        let spellings = [Some(name), legacy.as_deref()];
        spellings
            .into_iter()
            .flatten()
            .flat_map(|name| {
                let bare = BASE_MODEL_PREFIXES.iter().find_map(|prefix| name.strip_prefix(prefix));
                [Some(name), bare]
            })
            .flatten()
            .find_map(|name| self.tensors.get_key_value(name))
            .map(|(name, view)| (name.as_str(), view))
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
    /// Tensors of the checkpoint that the model took.
    pub used: BTreeSet<String>,
}

/// Fills `module` from `checkpoint`. A parameter for which `is_head` says yes may be missing or of another shape: it keeps
/// its value and is reported. All others must be there.
pub fn load<M: Module>(
    module: M,
    checkpoint: &Checkpoint,
    is_head: fn(&str) -> bool,
    report: &mut LoadReport,
) -> Result<M, WeightsError> {
    let mut loader = Loader {
        walk: Walk::default(),
        checkpoint,
        is_head,
        report,
        error: None,
    };
    let module = module.map(&mut loader);
    match loader.error {
        Some(error) => Err(error),
        None => Ok(module),
    }
}

/// The place in a module's tree while it is visited.
#[derive(Default)]
struct Walk {
    path: Vec<String>,
    containers: Vec<String>,
}

impl Walk {
    fn enter(&mut self, name: &str, container: &str) {
        self.path.push(name.to_owned());
        self.containers.push(container.to_owned());
    }

    fn exit(&mut self) {
        self.path.pop();
        self.containers.pop();
    }

    fn is_transposed(&self) -> bool {
        self.containers
            .last()
            .is_some_and(|container| is_transposed(container, &self.path))
    }
}

struct Loader<'a, 'b> {
    walk: Walk,
    checkpoint: &'a Checkpoint<'b>,
    is_head: fn(&str) -> bool,
    report: &'a mut LoadReport,
    error: Option<WeightsError>,
}

impl Loader<'_, '_> {
    /// The values for a parameter of `shape`, in our layout, or nothing where it keeps its own.
    fn values(&mut self, shape: &[usize]) -> Result<Option<Vec<f32>>, WeightsError> {
        let name = checkpoint_name(&self.walk.path);
        let transposed = self.walk.is_transposed();
        let mut expected = shape.to_vec();
        if transposed {
            expected.reverse();
        }
        let is_head = (self.is_head)(&name);
        match self.checkpoint.find(&name) {
            Some((found_name, view)) if view.shape() == expected => {
                let mut values = to_f32(found_name, view)?;
                if transposed {
                    values = transpose(&values, expected[0], expected[1]);
                }
                self.report.used.insert(found_name.to_owned());
                Ok(Some(values))
            }
            Some((tensor, view)) if !is_head => Err(WeightsError::Shape {
                tensor: tensor.to_owned(),
                expected,
                found: view.shape().to_vec(),
            }),
            None if !is_head => Err(WeightsError::Missing { tensor: name, expected }),
            _ => {
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
        match self.values(&shape) {
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

/// Widens a tensor's little-endian bytes to f32.
fn to_f32(name: &str, view: &TensorView) -> Result<Vec<f32>, WeightsError> {
    let bytes = view.data();
    let values: Vec<f32> = match view.dtype() {
        Dtype::F32 => bytes
            .as_chunks::<4>()
            .0
            .iter()
            .map(|bytes| f32::from_le_bytes(*bytes))
            .collect(),
        Dtype::F16 => bytes
            .as_chunks::<2>()
            .0
            .iter()
            .map(|bytes| f16::from_le_bytes(*bytes).to_f32())
            .collect(),
        Dtype::BF16 => bytes
            .as_chunks::<2>()
            .0
            .iter()
            .map(|bytes| bf16::from_le_bytes(*bytes).to_f32())
            .collect(),
        other => {
            return Err(WeightsError::Dtype {
                tensor: name.to_owned(),
                dtype: format!("{other:?}"),
            });
        }
    };
    if values.iter().all(|value| value.is_finite()) {
        Ok(values)
    } else {
        Err(WeightsError::NotFinite {
            tensor: name.to_owned(),
        })
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

/// One parameter on its way to the host, in the checkpoint's layout.
struct Saved {
    name: ParameterName,
    values: Tensor<1>,
}

struct Collector {
    walk: Walk,
    saved: Vec<Saved>,
}

impl ModuleVisitor for Collector {
    fn enter_module(&mut self, name: &str, container_type: &str) {
        self.walk.enter(name, container_type);
    }

    fn exit_module(&mut self, _name: &str, _container_type: &str) {
        self.walk.exit();
    }

    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        let mut values = param.val().without_autodiff();
        let transposed = self.walk.is_transposed();
        if transposed {
            values = values.transpose();
        }
        let name = ParameterName {
            path: self.walk.path.join("."),
            name: checkpoint_name(&self.walk.path),
            shape: values.dims().to_vec(),
            transposed,
        };
        self.saved.push(Saved {
            name,
            values: values.flatten(0, D - 1),
        });
    }
}

/// A parameter under both its names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParameterName {
    /// Its path in the module.
    pub path: String,
    /// Its name in the checkpoint.
    pub name: String,
    /// Its shape in the checkpoint.
    pub shape: Vec<usize>,
    /// Whether its axes are swapped in the module.
    pub transposed: bool,
}

/// The parameters of `module` under both their names.
pub fn parameter_names<M: Module>(module: &M) -> Vec<ParameterName> {
    collect(module).into_iter().map(|saved| saved.name).collect()
}

fn collect<M: Module>(module: &M) -> Vec<Saved> {
    let mut collector = Collector {
        walk: Walk::default(),
        saved: Vec::new(),
    };
    module.visit(&mut collector);
    collector.saved
}

/// Writes `module` as a safetensors file of f32. A sync point: reads every weight back.
pub async fn save<M: Module>(module: &M) -> Result<Vec<u8>, Error> {
    let tensors = collect(module)
        .into_iter()
        .map(|Saved { name, values }| (name.name, name.shape, values))
        .collect();
    serialize(tensors).await
}

/// A safetensors file of f32 tensors, each given by name, shape and flat values, with the metadata that transformers asks
/// for. A sync point for each tensor: only one is on the host beside the file, where the safetensors crate would hold all.
pub async fn serialize(mut tensors: Vec<(String, Vec<usize>, Tensor<1>)>) -> Result<Vec<u8>, Error> {
    tensors.sort_by(|(a, ..), (b, ..)| a.cmp(b));
    let mut header = Map::new();
    header.insert("__metadata__".to_owned(), json!({ "format": "pt" }));
    let mut end = 0;
    for (name, shape, _) in &tensors {
        let start = end;
        end += 4 * shape.iter().product::<usize>();
        header.insert(
            name.clone(),
            json!({ "dtype": "F32", "shape": shape, "data_offsets": [start, end] }),
        );
    }
    let mut header = Value::Object(header).to_string();
    // The data must begin at a multiple of eight bytes.
    header.extend(std::iter::repeat_n(
        ' ',
        header.len().next_multiple_of(8) - header.len(),
    ));
    let mut file = Vec::with_capacity(8 + header.len() + end);
    file.extend_from_slice(&(header.len() as u64).to_le_bytes());
    file.extend_from_slice(header.as_bytes());
    for (_, _, values) in tensors {
        for value in host_values(values).await? {
            file.extend_from_slice(&value.to_le_bytes());
        }
    }
    Ok(file)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_follow_the_table() {
        let path = |text: &str| text.split('.').map(str::to_owned).collect::<Vec<_>>();
        let name = checkpoint_name(&path("encoder.layer.0.attention.output.layer_norm.weight"));
        assert_eq!(name, "encoder.layer.0.attention.output.LayerNorm.weight");
        assert_eq!(
            legacy_name(&name).as_deref(),
            Some("encoder.layer.0.attention.output.LayerNorm.gamma")
        );
        assert_eq!(
            checkpoint_name(&path("encoder.layer.1.attention.self_.query.bias")),
            "encoder.layer.1.attention.self.query.bias"
        );
    }

    #[test]
    fn transpose_swaps_the_axes() {
        let values: Vec<f32> = (0..33 * 70).map(|value| value as f32).collect();
        let swapped = transpose(&values, 33, 70);
        assert_eq!(swapped[69 * 33 + 32], values[32 * 70 + 69]);
        assert_eq!(transpose(&swapped, 70, 33), values);
    }
}
