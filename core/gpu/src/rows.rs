//! Computes row by row, one row a unit: layer normalisation, attention's softmax, and their derivatives. A unit reads its row
//! as vectors: no barriers, and the rows of a batch are enough units.

use burn::backend::{Shape, TensorMetadata};
use burn_cubecl::kernel::into_contiguous;
use burn_cubecl::tensor::CubeTensor;
use cubecl::calculate_cube_count_elemwise;
use cubecl::prelude::*;

use crate::{Rows, UNITS, VECTOR, empty, like};

/// Normalises the last axis: `(x - mean) / sqrt(variance + epsilon) · gamma + beta`.
pub fn layer_norm(x: CubeTensor, gamma: CubeTensor, beta: CubeTensor, epsilon: f64) -> CubeTensor {
    let [x, gamma, beta] = [x, gamma, beta].map(into_contiguous);
    let output = like(&x);
    let over = Rows::of(&x);
    layer_norm_kernel::launch(
        &x.client.clone(),
        over.cubes(&x),
        CubeDim::new_1d(UNITS),
        over.vector,
        x.into_buffer_arg(),
        gamma.into_buffer_arg(),
        beta.into_buffer_arg(),
        output.clone().into_buffer_arg(),
        over.rows,
        over.vectors,
        epsilon as f32,
    );
    output
}

/// Gradients of x, gamma and beta of [`layer_norm`].
pub fn layer_norm_backward(
    x: CubeTensor,
    gamma: CubeTensor,
    grad: CubeTensor,
    epsilon: f64,
) -> (CubeTensor, CubeTensor, CubeTensor) {
    let [x, gamma, grad] = [x, gamma, grad].map(into_contiguous);
    let (client, over) = (x.client.clone(), Rows::of(&x));
    let of_x = like(&x);
    let moments = empty(&x, Shape::new([2 * over.rows]));
    let [of_gamma, of_beta] = [(); 2].map(|()| empty(&x, gamma.shape()));
    layer_norm_backward_kernel::launch(
        &client,
        over.cubes(&x),
        CubeDim::new_1d(UNITS),
        over.vector,
        x.clone().into_buffer_arg(),
        gamma.into_buffer_arg(),
        grad.clone().into_buffer_arg(),
        of_x.clone().into_buffer_arg(),
        moments.clone().into_buffer_arg(),
        over.rows,
        over.vectors,
        epsilon as f32,
    );
    layer_norm_sums_kernel::launch(
        &client,
        calculate_cube_count_elemwise(&client, over.vectors, CubeDim::new_1d(UNITS)),
        CubeDim::new_1d(UNITS),
        over.vector,
        x.into_buffer_arg(),
        grad.into_buffer_arg(),
        moments.into_buffer_arg(),
        of_gamma.clone().into_buffer_arg(),
        of_beta.clone().into_buffer_arg(),
        over.rows,
        over.vectors,
    );
    (of_x, of_gamma, of_beta)
}

/// `softmax(scores · scale + bias)` over the last axis of `scores` `[batch, heads, rows, columns]`; `bias` is
/// `[batch, 1, rows, columns]`, where batch and rows may be 1, or `[1, 1, 1, 1]`, which is none.
pub fn softmax(scores: CubeTensor, bias: CubeTensor, scale: f64) -> CubeTensor {
    let [scores, bias] = [scores, bias].map(into_contiguous);
    let [batch, heads, rows, columns] = scores.shape().dims();
    let [of_batch, _, of_rows, of_columns] = bias.shape().dims();
    let output = like(&scores);
    let over = Rows::of(&scores);
    let has_bias = of_columns == columns;
    // What is bound has to hold a vector, even if none is read.
    let bias = if has_bias {
        bias
    } else {
        empty(&bias, Shape::new([VECTOR]))
    };
    // What a step along the axis moves in the bias, in vectors; an axis of one element does not.
    let stride = |size: usize, of: usize, stride: usize| if of == size && of > 1 { stride } else { 0 };
    softmax_kernel::launch(
        &scores.client.clone(),
        over.cubes(&scores),
        CubeDim::new_1d(UNITS),
        over.vector,
        scores.into_buffer_arg(),
        bias.into_buffer_arg(),
        output.clone().into_buffer_arg(),
        over.rows,
        over.vectors,
        heads * rows,
        rows,
        stride(batch, of_batch, of_rows * over.vectors),
        stride(rows, of_rows, over.vectors),
        scale as f32,
        has_bias,
    );
    output
}

/// Gradient of the scores, from the probabilities and their gradient.
pub fn softmax_backward(probabilities: CubeTensor, grad: CubeTensor, scale: f64) -> CubeTensor {
    let [probabilities, grad] = [probabilities, grad].map(into_contiguous);
    let output = like(&grad);
    let over = Rows::of(&grad);
    softmax_backward_kernel::launch(
        &grad.client.clone(),
        over.cubes(&grad),
        CubeDim::new_1d(UNITS),
        over.vector,
        probabilities.into_buffer_arg(),
        grad.into_buffer_arg(),
        output.clone().into_buffer_arg(),
        over.rows,
        over.vectors,
        scale as f32,
    );
    output
}

/// The mean of a row and the inverse of its deviation.
#[cube]
fn row_moments<N: Size>(x: &[Vector<f32, N>], start: usize, vectors: usize, epsilon: f32) -> (f32, f32) {
    let mut sum = Vector::<f32, N>::new(0.0);
    for i in 0..vectors {
        sum += x[start + i];
    }
    let count = f32::cast_from(vectors * sum.vector_size());
    let mean = sum.vector_sum() / count;
    let mut squares = Vector::<f32, N>::new(0.0);
    for i in 0..vectors {
        let centered = x[start + i] - Vector::new(mean);
        squares += centered * centered;
    }
    let variance = squares.vector_sum() / count;
    (mean, 1.0 / (variance + epsilon).sqrt())
}

#[cube(launch)]
fn layer_norm_kernel<N: Size>(
    x: &[Vector<f32, N>],
    gamma: &[Vector<f32, N>],
    beta: &[Vector<f32, N>],
    output: &mut [Vector<f32, N>],
    rows: usize,
    vectors: usize,
    epsilon: f32,
) {
    if ABSOLUTE_POS < rows {
        let start = ABSOLUTE_POS * vectors;
        let (mean, scale) = row_moments::<N>(x, start, vectors, epsilon);
        for i in 0..vectors {
            let normalized = (x[start + i] - Vector::new(mean)) * Vector::new(scale);
            output[start + i] = normalized * gamma[i] + beta[i];
        }
    }
}

/// The gradient of the input; leaves mean and inverse deviation of each row for [`layer_norm_sums_kernel`].
#[cube(launch)]
fn layer_norm_backward_kernel<N: Size>(
    x: &[Vector<f32, N>],
    gamma: &[Vector<f32, N>],
    grad: &[Vector<f32, N>],
    output: &mut [Vector<f32, N>],
    moments: &mut [f32],
    rows: usize,
    vectors: usize,
    epsilon: f32,
) {
    if ABSOLUTE_POS < rows {
        let start = ABSOLUTE_POS * vectors;
        let (mean, scale) = row_moments::<N>(x, start, vectors, epsilon);
        moments[2 * ABSOLUTE_POS] = mean;
        moments[2 * ABSOLUTE_POS + 1] = scale;
        let mut sum = Vector::<f32, N>::new(0.0);
        let mut along = Vector::<f32, N>::new(0.0);
        for i in 0..vectors {
            let normalized = (x[start + i] - Vector::new(mean)) * Vector::new(scale);
            let scaled = grad[start + i] * gamma[i];
            sum += scaled;
            along += scaled * normalized;
        }
        let count = f32::cast_from(vectors * sum.vector_size());
        let sum = sum.vector_sum() / count;
        let along = along.vector_sum() / count;
        for i in 0..vectors {
            let normalized = (x[start + i] - Vector::new(mean)) * Vector::new(scale);
            let inner = grad[start + i] * gamma[i] - Vector::new(sum) - normalized * Vector::new(along);
            output[start + i] = inner * Vector::new(scale);
        }
    }
}

/// The gradients of gamma and beta: sums over the rows, one vector of columns a unit.
#[cube(launch)]
fn layer_norm_sums_kernel<N: Size>(
    x: &[Vector<f32, N>],
    grad: &[Vector<f32, N>],
    moments: &[f32],
    of_gamma: &mut [Vector<f32, N>],
    of_beta: &mut [Vector<f32, N>],
    rows: usize,
    vectors: usize,
) {
    if ABSOLUTE_POS < vectors {
        let mut gamma = Vector::<f32, N>::new(0.0);
        let mut beta = Vector::<f32, N>::new(0.0);
        for row in 0..rows {
            let at = row * vectors + ABSOLUTE_POS;
            let normalized = (x[at] - Vector::new(moments[2 * row])) * Vector::new(moments[2 * row + 1]);
            gamma += grad[at] * normalized;
            beta += grad[at];
        }
        of_gamma[ABSOLUTE_POS] = gamma;
        of_beta[ABSOLUTE_POS] = beta;
    }
}

/// `scores · scale`, with the bias where there is one.
#[cube]
fn biased<N: Size>(
    scores: &[Vector<f32, N>],
    bias: &[Vector<f32, N>],
    at: usize,
    at_bias: usize,
    scale: f32,
    #[comptime] has_bias: bool,
) -> Vector<f32, N> {
    let score = scores[at] * Vector::new(scale);
    if has_bias { score + bias[at_bias] } else { score }
}

#[cube(launch)]
fn softmax_kernel<N: Size>(
    scores: &[Vector<f32, N>],
    bias: &[Vector<f32, N>],
    output: &mut [Vector<f32, N>],
    rows: usize,
    vectors: usize,
    rows_of_text: usize,
    rows_of_head: usize,
    bias_of_text: usize,
    bias_of_row: usize,
    scale: f32,
    #[comptime] has_bias: bool,
) {
    if ABSOLUTE_POS < rows {
        let start = ABSOLUTE_POS * vectors;
        let of_text = (ABSOLUTE_POS / rows_of_text) * bias_of_text;
        let start_of_bias = of_text + (ABSOLUTE_POS % rows_of_head) * bias_of_row;
        let mut highest = biased::<N>(scores, bias, start, start_of_bias, scale, has_bias);
        for i in 1..vectors {
            highest = highest.max(biased::<N>(scores, bias, start + i, start_of_bias + i, scale, has_bias));
        }
        let mut most = highest.extract(0usize);
        #[unroll]
        for i in 1..highest.vector_size() {
            most = most.max(highest.extract(i));
        }
        let mut sum = Vector::<f32, N>::new(0.0);
        for i in 0..vectors {
            let score = biased::<N>(scores, bias, start + i, start_of_bias + i, scale, has_bias);
            let exp = (score - Vector::new(most)).exp();
            output[start + i] = exp;
            sum += exp;
        }
        let share = 1.0 / sum.vector_sum();
        for i in 0..vectors {
            output[start + i] *= Vector::new(share);
        }
    }
}

#[cube(launch)]
fn softmax_backward_kernel<N: Size>(
    probabilities: &[Vector<f32, N>],
    grad: &[Vector<f32, N>],
    output: &mut [Vector<f32, N>],
    rows: usize,
    vectors: usize,
    scale: f32,
) {
    if ABSOLUTE_POS < rows {
        let start = ABSOLUTE_POS * vectors;
        let mut along = Vector::<f32, N>::new(0.0);
        for i in 0..vectors {
            along += probabilities[start + i] * grad[start + i];
        }
        let along = along.vector_sum();
        for i in 0..vectors {
            let centered = grad[start + i] - Vector::new(along);
            output[start + i] = probabilities[start + i] * centered * Vector::new(scale);
        }
    }
}
