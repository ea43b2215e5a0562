//! Multiplies matrices where vectors have four numbers, as in a browser.
//!
//! The blocks are those of Goto and van de Geijn (2008): parts of both factors are copied so that the inner loop reads them one
//! number after another, and that loop keeps a tile of the product in registers. The tile is what decides: four rows of two
//! vectors leave room for the factors in the fifteen registers that V8 gives away. gemm, by which burn multiplies, takes three
//! vectors and several rounds at once, so that registers are stored and loaded again in each.

use burn::backend::{Shape, TensorMetadata};
use pulp::{Arch, Simd, WithSimd};

use super::{Flat, slice, tensor};

/// Rows of a tile, which is two vectors wide.
const ROWS: usize = 4;

/// What is copied at once: columns of one factor, rows of the other, and how many products a number sums up meanwhile. The
/// panels of a tile, 12 KiB with vectors of four, fit the first-level cache, the blocks, 512 and 128 KiB at most, the second.
const BLOCK_COLUMNS: usize = 512;
const BLOCK_ROWS: usize = 128;
const BLOCK_DEPTH: usize = 256;

/// The products `[..., m, n]` of `lhs` `[..., m, k]` and `rhs` `[..., k, n]`, which have the same axes before; `bias` `[n]` is
/// added to each row. Nothing where a copy would cost more than it saves, fewer rows than a tile, and where a stride is zero or
/// goes back.
pub(super) fn multiply(lhs: &Flat, rhs: &Flat, bias: Option<&Flat>) -> Option<Flat> {
    let (of_lhs, of_rhs) = (lhs.shape(), rhs.shape());
    let axes = of_lhs.num_dims() - 2;
    debug_assert_eq!(of_lhs[..axes], of_rhs[..axes]);
    let size @ [m, k, n] = [of_lhs[axes], of_lhs[axes + 1], of_rhs[axes + 1]];
    if m < ROWS || k == 0 || n == 0 {
        return None;
    }
    let (lhs, rhs) = (Factor::of(lhs)?, Factor::of(rhs)?);
    let mut shape = of_lhs[..axes].to_vec();
    let matrices: usize = shape.iter().product();
    shape.extend([m, n]);
    let mut products = match bias {
        None => vec![0.0; matrices * m * n],
        Some(bias) => slice(&bias.to_contiguous()).repeat(matrices * m),
    };
    let arch = Arch::new();
    let mut copies = Copies::default();
    for (number, product) in products.chunks_exact_mut(m * n).enumerate() {
        arch.dispatch(Product {
            lhs: lhs.matrix(number),
            rhs: rhs.matrix(number),
            size,
            product,
            copies: &mut copies,
        });
    }
    Some(tensor(products, Shape::from(shape)))
}

/// A tensor of matrices.
struct Factor<'a> {
    values: &'a [f32],
    start: usize,
    shape: Shape,
    strides: Vec<usize>,
}

impl<'a> Factor<'a> {
    /// Nothing where a stride is zero or negative.
    fn of(tensor: &'a Flat) -> Option<Self> {
        let shape = tensor.shape();
        let strides = shape.iter().zip(tensor.layout().strides());
        let strides = strides.map(|(&size, &stride)| match (size, stride) {
            (1, _) => Some(1),
            (_, 1..) => usize::try_from(stride).ok(),
            _ => None,
        });
        let strides = strides.collect::<Option<_>>()?;
        Some(Self {
            values: tensor.storage(),
            start: tensor.layout().start_offset(),
            shape,
            strides,
        })
    }

    /// The matrix with a number, counted along the axes before it.
    fn matrix(&self, number: usize) -> Matrix<'a> {
        let axes = self.strides.len() - 2;
        let (mut start, mut rest) = (self.start, number);
        for axis in (0..axes).rev() {
            start += rest % self.shape[axis] * self.strides[axis];
            rest /= self.shape[axis];
        }
        Matrix {
            values: &self.values[start..],
            row_stride: self.strides[axes],
            column_stride: self.strides[axes + 1],
        }
    }
}

/// A matrix at the beginning of a slice, and how far its rows and its columns are apart.
#[derive(Clone, Copy)]
struct Matrix<'a> {
    values: &'a [f32],
    row_stride: usize,
    column_stride: usize,
}

impl<'a> Matrix<'a> {
    fn transposed(self) -> Self {
        Self {
            row_stride: self.column_stride,
            column_stride: self.row_stride,
            ..self
        }
    }

    /// The matrix without the rows and columns before these.
    fn from(self, row: usize, column: usize) -> Self {
        Self {
            values: &self.values[row * self.row_stride + column * self.column_stride..],
            ..self
        }
    }
}

/// Blocks of both factors, copied.
#[derive(Default)]
struct Copies {
    lhs: Vec<f32>,
    rhs: Vec<f32>,
}

/// Adds the product of `lhs` `[m, k]` and `rhs` `[k, n]` to `product` `[m, n]`.
struct Product<'a> {
    lhs: Matrix<'a>,
    rhs: Matrix<'a>,
    /// m, k and n.
    size: [usize; 3],
    product: &'a mut [f32],
    copies: &'a mut Copies,
}

impl WithSimd for Product<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self {
            lhs,
            rhs,
            size: [m, k, n],
            product,
            copies,
        } = self;
        let width = 2 * S::F32_LANES;
        for first_column in (0..n).step_by(BLOCK_COLUMNS) {
            let columns = BLOCK_COLUMNS.min(n - first_column);
            for first in (0..k).step_by(BLOCK_DEPTH) {
                let depth = BLOCK_DEPTH.min(k - first);
                copy(
                    simd,
                    rhs.from(first, first_column),
                    [depth, columns],
                    width,
                    &mut copies.rhs,
                );
                for first_row in (0..m).step_by(BLOCK_ROWS) {
                    let rows = BLOCK_ROWS.min(m - first_row);
                    let lhs = lhs.from(first_row, first).transposed();
                    copy(simd, lhs, [depth, rows], ROWS, &mut copies.lhs);
                    for (column, rhs) in (0..columns).step_by(width).zip(copies.rhs.chunks_exact(depth * width)) {
                        let width = width.min(columns - column);
                        for (row, lhs) in (0..rows).step_by(ROWS).zip(copies.lhs.chunks_exact(depth * ROWS)) {
                            let place = (first_row + row) * n + first_column + column;
                            let rows = product[place..].chunks_mut(n).take(rows - row);
                            add_tile(simd, tile(simd, lhs, rhs), rows, width);
                        }
                    }
                }
            }
        }
    }
}

/// Copies the beginning of a matrix, `[rows, columns]`, in panels of `width` columns, whose rows stand one behind the other. What
/// the last has beyond it is zero.
#[inline(always)]
fn copy<S: Simd>(_: S, matrix: Matrix, [rows, columns]: [usize; 2], width: usize, panels: &mut Vec<f32>) {
    panels.clear();
    panels.resize(columns.div_ceil(width) * rows * width, 0.0);
    for (column, panel) in (0..columns).step_by(width).zip(panels.chunks_exact_mut(rows * width)) {
        let filled = width.min(columns - column);
        let matrix = matrix.from(0, column);
        if matrix.column_stride == 1 && matrix.row_stride >= filled {
            let rows = matrix.values.chunks(matrix.row_stride);
            for (to, from) in panel.chunks_exact_mut(width).zip(rows) {
                let (to, from) = (&mut to[..filled], &from[..filled]);
                // A call for so few numbers takes longer than the copy.
                match (S::as_mut_simd_f32s(to), S::as_simd_f32s(from)) {
                    (([to], []), ([from], _)) => *to = *from,
                    (([to, next], []), ([from, after], _)) => (*to, *next) = (*from, *after),
                    _ => to.copy_from_slice(from),
                }
            }
            continue;
        }
        let mut lane = 0;
        while matrix.row_stride == 1 && lane + 4 <= filled {
            let [a, b, c, d] = [0, 1, 2, 3].map(|next| matrix.from(0, lane + next).values);
            let values = a.iter().zip(b).zip(c.iter().zip(d));
            for (to, ((&a, &b), (&c, &d))) in panel.chunks_exact_mut(width).zip(values) {
                to[lane..lane + 4].copy_from_slice(&[a, b, c, d]);
            }
            lane += 4;
        }
        for lane in lane..filled {
            let values = matrix.from(0, lane).values.iter().step_by(matrix.row_stride);
            for (to, &from) in panel.chunks_exact_mut(width).zip(values) {
                to[lane] = from;
            }
        }
    }
}

/// The product of a panel of rows `[depth, ROWS]` and a panel of columns `[depth, two vectors]`.
#[inline(always)]
fn tile<S: Simd>(simd: S, lhs: &[f32], rhs: &[f32]) -> [[S::f32s; 2]; ROWS] {
    let mut sums = [[simd.splat_f32s(0.0); 2]; ROWS];
    let (rhs, _) = S::as_simd_f32s(rhs);
    for (lhs, rhs) in lhs.as_chunks::<ROWS>().0.iter().zip(rhs.as_chunks().0) {
        let &[left, right] = rhs;
        for (sum, &factor) in sums.iter_mut().zip(lhs) {
            let factor = simd.splat_f32s(factor);
            sum[0] = simd.mul_add_e_f32s(factor, left, sum[0]);
            sum[1] = simd.mul_add_e_f32s(factor, right, sum[1]);
        }
    }
    sums
}

/// Adds a tile, or the first `width` columns of it, to the beginnings of `rows`.
#[inline(always)]
fn add_tile<'a, S: Simd>(simd: S, tile: [[S::f32s; 2]; ROWS], rows: impl Iterator<Item = &'a mut [f32]>, width: usize) {
    for (row, sums) in rows.zip(tile) {
        let (vectors, rest) = S::as_mut_simd_f32s(&mut row[..width]);
        for (values, sum) in vectors.iter_mut().zip(sums) {
            *values = simd.add_f32s(*values, sum);
        }
        if let Some(&sum) = sums.get(vectors.len()) {
            let values = simd.partial_load_f32s(rest);
            simd.partial_store_f32s(rest, simd.add_f32s(values, sum));
        }
    }
}

#[cfg(test)]
mod tests {
    use burn::backend::Flex;
    use burn::backend::ops::FloatTensorOps;

    use super::*;

    /// Numbers that differ, each a multiple of 1/8: their products and sums are exact.
    fn numbers(shape: &[usize], seed: usize) -> Flat {
        let count: usize = shape.iter().product();
        let values = (0..count)
            .map(|at| ((at * 37 + seed) % 29) as f32 / 8.0 - 1.5)
            .collect();
        tensor(values, Shape::from(shape.to_vec()))
    }

    fn assert_product(lhs: Flat, rhs: Flat, bias: Option<Flat>) {
        let product = multiply(&lhs, &rhs, bias.as_ref()).expect("it is made for these");
        let expected = Flex::float_matmul(lhs, rhs);
        let expected = match bias {
            None => expected,
            Some(bias) => {
                let n = bias.shape()[0];
                Flex::float_add(expected, Flex::float_reshape(bias, Shape::new([1, n])))
            }
        };
        assert_eq!(product.shape(), expected.shape());
        assert_eq!(slice(&product), slice(&expected.to_contiguous()));
    }

    #[test]
    fn products_of_every_size_are_those_of_the_library() {
        // Beside tiles and blocks: less, as many, more.
        for m in [4, 5, 7, 127, 130] {
            for k in [1, 3, 255, 258] {
                for n in [1, 7, 8, 9, 515] {
                    assert_product(numbers(&[m, k], 1), numbers(&[k, n], 2), None);
                }
            }
        }
        assert_product(numbers(&[6, 10], 1), numbers(&[10, 11], 2), Some(numbers(&[11], 3)));
    }

    #[test]
    fn factors_may_be_transposed_cut_and_many() {
        let turned = |shape, seed| Flex::float_transpose(numbers(shape, seed));
        assert_product(turned(&[20, 13], 1), numbers(&[20, 17], 2), None);
        assert_product(numbers(&[13, 20], 1), turned(&[17, 20], 2), None);
        assert_product(turned(&[20, 13], 1), turned(&[17, 20], 2), None);
        // Heads of attention: [batch, seq, heads, width] seen as [batch, heads, seq, width].
        let heads = |seed| Flex::float_swap_dims(numbers(&[3, 9, 2, 8], seed), 1, 2);
        assert_product(heads(1), Flex::float_transpose(heads(2)), None);
        let cut = |seed| Flex::float_slice(numbers(&[12, 12], seed), &[(2..11).into(), (3..12).into()]);
        assert_product(cut(1), cut(2), None);
    }

    #[test]
    fn what_it_is_not_made_for_is_left_to_the_library() {
        let square = || numbers(&[8, 8], 1);
        let spread = |shape: [usize; 2]| Flex::float_expand(numbers(&shape, 1), Shape::new([8, 8]));
        assert!(multiply(&numbers(&[3, 8], 1), &square(), None).is_none());
        assert!(multiply(&spread([1, 8]), &square(), None).is_none());
        assert!(multiply(&square(), &spread([8, 1]), None).is_none());
        assert!(multiply(&numbers(&[8, 0], 1), &numbers(&[0, 8], 1), None).is_none());
    }
}
