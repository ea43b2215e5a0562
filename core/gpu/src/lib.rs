//! Runs on a GPU what BERT costs beside large matrix products, each operation as one or two kernels, where burn's own
//! operations take five to twenty: in a browser a dispatch costs more than most of what a small model computes in it.
//!
//! The core's `kernels` says what each operation means and has its derivatives. A crate of its own, since what builds kernels
//! is compiled for size where the rest of the core is compiled for speed. Tensors are f32.

pub mod elements;
pub mod product;
pub mod rows;

use burn::backend::{Shape, TensorMetadata};
use burn_cubecl::kernel::into_contiguous;
use burn_cubecl::ops::numeric::empty_device_dtype;
use burn_cubecl::tensor::CubeTensor;
use cubecl::calculate_cube_count_elemwise;
use cubecl::prelude::{CubeCount, CubeDim};

/// Units of a cube whose units have nothing in common.
const UNITS: u32 = 64;

/// Most elements of a vector.
const VECTOR: usize = 4;

/// A tensor that is read as vectors, one a unit.
struct Elements {
    vector: usize,
    vectors: usize,
}

impl Elements {
    fn of(tensor: &CubeTensor) -> Self {
        let elements = tensor.shape().num_elements();
        let vector = vector_of(elements);
        Self {
            vector,
            vectors: elements / vector,
        }
    }

    fn cubes(&self, tensor: &CubeTensor) -> CubeCount {
        calculate_cube_count_elemwise(&tensor.client, self.vectors, CubeDim::new_1d(UNITS))
    }
}

/// A tensor that is read by rows, one a unit.
struct Rows {
    rows: usize,
    vector: usize,
    /// Vectors of a row.
    vectors: usize,
}

impl Rows {
    fn of(tensor: &CubeTensor) -> Self {
        let shape = tensor.shape();
        let columns = shape[shape.num_dims() - 1];
        let vector = vector_of(columns);
        Self {
            rows: shape.num_elements() / columns.max(1),
            vector,
            vectors: columns / vector,
        }
    }

    fn cubes(&self, tensor: &CubeTensor) -> CubeCount {
        calculate_cube_count_elemwise(&tensor.client, self.rows, CubeDim::new_1d(UNITS))
    }
}

fn vector_of(elements: usize) -> usize {
    if elements.is_multiple_of(VECTOR) { VECTOR } else { 1 }
}

fn empty(like: &CubeTensor, shape: Shape) -> CubeTensor {
    empty_device_dtype(like.client.clone(), like.device.clone(), shape, like.dtype)
}

fn like(tensor: &CubeTensor) -> CubeTensor {
    empty(tensor, tensor.shape())
}

/// The tensor itself where nobody else holds it, else a copy.
fn owned(tensor: CubeTensor) -> CubeTensor {
    let tensor = into_contiguous(tensor);
    if tensor.can_mut() && tensor.is_nonoverlapping() {
        tensor
    } else {
        tensor.copy()
    }
}
