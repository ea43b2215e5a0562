//! Multiplies small matrices. The library's kernel gives a block of 64 × 32 outputs or more to each cube: a small product is one
//! or two cubes' work there, and most of a GPU waits.
//!
//! A cube is a square of units; each computes a square of outputs that lie a cube's side apart, so that neighbours read
//! neighbouring columns. Views are read by their strides: a transposed matrix need not be copied.

use burn::backend::{Shape, TensorMetadata};
use burn_cubecl::kernel::into_contiguous;
use burn_cubecl::tensor::CubeTensor;
use cubecl::prelude::*;

use crate::empty;

/// Units of a cube along each axis.
const SIDE: usize = 8;

/// Most outputs of a small product: each matrix of it is a layer of cubes, of which there can be as many.
const SMALL: usize = (1 << 16) - 1;

/// Cubes that are worth larger squares: fewer leave cores of a GPU idle.
const ENOUGH_CUBES: usize = 16;

/// Whether the product of `lhs` `[..., m, k]` and `rhs` `[..., k, n]` is one for [`multiply`].
pub fn is_small(lhs: &CubeTensor, rhs: &CubeTensor) -> bool {
    let Sizes { texts, heads, m, n, .. } = Sizes::of(lhs, rhs);
    texts.saturating_mul(heads).saturating_mul(m).saturating_mul(n) <= SMALL
}

/// `lhs · rhs + bias`: `[..., m, n]` for `lhs` `[..., m, k]` and `rhs` `[..., k, n]` of up to two more axes, which agree, and
/// `bias` `[n]`.
pub fn multiply(lhs: CubeTensor, rhs: CubeTensor, bias: Option<CubeTensor>) -> CubeTensor {
    let [lhs, rhs] = [lhs, rhs].map(within);
    let sizes = Sizes::of(&lhs, &rhs);
    let mut shape = lhs.shape();
    let last = shape.num_dims() - 1;
    shape[last] = sizes.n;
    let output = empty(&lhs, shape);
    let batch = sizes.texts * sizes.heads;
    if batch * sizes.m * sizes.n == 0 {
        return output;
    }
    let cubes = |tile: usize| [sizes.n.div_ceil(SIDE * tile), sizes.m.div_ceil(SIDE * tile), batch];
    let tile = if cubes(4).iter().product::<usize>() >= ENOUGH_CUBES {
        4
    } else {
        2
    };
    let [x, y, z] = cubes(tile).map(|count| count as u32);
    let client = lhs.client.clone();
    let has_bias = bias.is_some();
    let bias = bias.unwrap_or_else(|| empty(&lhs, Shape::new([1])));
    let strides = |tensor: &CubeTensor| {
        let [texts, heads, rows, columns] = last_four(tensor.meta.strides(), 0);
        StridesLaunch::new(texts, heads, rows, columns)
    };
    let (of_lhs, of_rhs) = (strides(&lhs), strides(&rhs));
    product_kernel::launch(
        &client,
        CubeCount::Static(x, y, z),
        CubeDim::new_2d(SIDE as u32, SIDE as u32),
        lhs.into_buffer_arg(),
        rhs.into_buffer_arg(),
        bias.into_buffer_arg(),
        output.clone().into_buffer_arg(),
        of_lhs,
        of_rhs,
        sizes.heads,
        sizes.m,
        sizes.n,
        sizes.k,
        tile,
        has_bias,
    );
    output
}

struct Sizes {
    texts: usize,
    heads: usize,
    m: usize,
    n: usize,
    k: usize,
}

impl Sizes {
    fn of(lhs: &CubeTensor, rhs: &CubeTensor) -> Self {
        let [texts, heads, m, k] = last_four(&lhs.shape(), 1);
        let [_, _, _, n] = last_four(&rhs.shape(), 1);
        Self { texts, heads, m, n, k }
    }
}

/// The last four of `values`, with `absent` for those that are not there.
fn last_four(values: &[usize], absent: usize) -> [usize; 4] {
    let missing = 4usize.saturating_sub(values.len());
    std::array::from_fn(|place| match place.checked_sub(missing) {
        Some(place) => values[values.len().saturating_sub(4) + place],
        None => absent,
    })
}

/// The tensor itself where each element is within the first ones of its buffer, as many as it has; else a copy.
fn within(tensor: CubeTensor) -> CubeTensor {
    let (shape, strides) = (tensor.meta.shape(), tensor.meta.strides());
    let reach = |(&size, &stride): (&usize, &usize)| size.saturating_sub(1) * stride;
    let last: usize = shape.iter().zip(strides.iter()).map(reach).sum();
    match last < shape.num_elements() {
        true => tensor,
        false => into_contiguous(tensor),
    }
}

/// What a step along each axis moves in the buffer.
#[derive(CubeType, CubeLaunch)]
struct Strides {
    texts: usize,
    heads: usize,
    rows: usize,
    columns: usize,
}

#[cube(launch)]
fn product_kernel(
    lhs: &[f32],
    rhs: &[f32],
    bias: &[f32],
    output: &mut [f32],
    of_lhs: Strides,
    of_rhs: Strides,
    heads: usize,
    m: usize,
    n: usize,
    k: usize,
    #[comptime] tile: usize,
    #[comptime] has_bias: bool,
) {
    let batch = CUBE_POS_Z as usize;
    let (text, head) = (batch / heads, batch % heads);
    let first_row = CUBE_POS_Y as usize * SIDE * tile + UNIT_POS_Y as usize;
    let first_column = CUBE_POS_X as usize * SIDE * tile + UNIT_POS_X as usize;
    let mut lhs_at = Array::<usize>::new(tile);
    let mut rhs_at = Array::<usize>::new(tile);
    // A unit beyond the edge reads what is at the edge and writes nothing.
    #[unroll]
    for i in 0..tile {
        let row = (first_row + i * SIDE).min(m - 1);
        let column = (first_column + i * SIDE).min(n - 1);
        lhs_at[i] = text * of_lhs.texts + head * of_lhs.heads + row * of_lhs.rows;
        rhs_at[i] = text * of_rhs.texts + head * of_rhs.heads + column * of_rhs.columns;
    }
    let mut sums = Array::<f32>::new(tile * tile);
    let mut row_of_rhs = Array::<f32>::new(tile);
    #[unroll]
    for i in 0..tile * tile {
        sums[i] = 0.0;
    }
    for step in 0..k {
        #[unroll]
        for j in 0..tile {
            row_of_rhs[j] = rhs[rhs_at[j] + step * of_rhs.rows];
        }
        #[unroll]
        for i in 0..tile {
            let value = lhs[lhs_at[i] + step * of_lhs.columns];
            #[unroll]
            for j in 0..tile {
                sums[i * tile + j] += value * row_of_rhs[j];
            }
        }
    }
    #[unroll]
    for i in 0..tile {
        let row = first_row + i * SIDE;
        #[unroll]
        for j in 0..tile {
            let column = first_column + j * SIDE;
            if row < m && column < n {
                let mut sum = sums[i * tile + j];
                if has_bias {
                    sum += bias[column];
                }
                output[(batch * m + row) * n + column] = sum;
            }
        }
    }
}
