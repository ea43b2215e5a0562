//! Runs the fused operations on the CPU backend: one pass over slices, in place where nobody else holds them.
//!
//! Loops are written so that the compiler vectorises them for the instruction set that [`Arch`] finds at run time. Large
//! tensors are cut into blocks for rayon; sums over blocks are added in the blocks' order, so results do not depend on the
//! number of threads.

use burn::backend::ops::FloatTensorOps;
use burn::backend::tensor::FloatTensor;
use burn::backend::{Flex, Shape, TensorData, TensorMetadata};
use pulp::Arch;
use rayon::prelude::{
    IndexedParallelIterator, IntoParallelRefMutIterator, ParallelIterator, ParallelSlice, ParallelSliceMut,
};

use super::{AdamWStep, INVERSE_ROOT_TWO_PI, KernelBackend};

/// √(2/π)
const ROOT_TWO_OVER_PI: f32 = 0.797_884_6;

/// The share of x³ in gelu's approximation by tanh.
const TANH_CUBIC: f32 = 0.044_715;

/// Elements of a block: large enough to pay for a task, small enough to stay in the second-level cache.
const BLOCK: usize = 1 << 15;

type Flat = FloatTensor<Flex>;

impl KernelBackend for Flex {
    fn gelu_exact(x: Flat) -> Flat {
        update(x, |_, block| {
            for value in block {
                *value *= phi(*value, exp(-0.5 * *value * *value));
            }
        })
    }

    fn gelu_exact_backward(x: Flat, grad: Flat) -> Flat {
        update_with(grad, &x, |grad, x| {
            for (grad, &x) in grad.iter_mut().zip(x) {
                let bell = exp(-0.5 * x * x);
                *grad *= phi(x, bell) + x * bell * INVERSE_ROOT_TWO_PI;
            }
        })
    }

    fn gelu_tanh(x: Flat) -> Flat {
        update(x, |_, block| {
            for value in block {
                *value *= logistic(tanh_argument(*value));
            }
        })
    }

    fn gelu_tanh_backward(x: Flat, grad: Flat) -> Flat {
        update_with(grad, &x, |grad, x| {
            for (grad, &x) in grad.iter_mut().zip(x) {
                let share = logistic(tanh_argument(x));
                *grad *= share + x * share * (1.0 - share) * tanh_slope(x);
            }
        })
    }

    fn layer_norm_rows(x: Flat, gamma: Flat, beta: Flat, epsilon: f64) -> Flat {
        let (gamma, beta) = (gamma.to_contiguous(), beta.to_contiguous());
        let (gamma, beta) = (slice(&gamma), slice(&beta));
        update_rows(x, gamma.len(), |_, row| {
            let (mean, scale) = row_moments(row, epsilon as f32);
            for ((value, gamma), beta) in row.iter_mut().zip(gamma).zip(beta) {
                *value = (*value - mean) * scale * gamma + beta;
            }
        })
    }

    fn layer_norm_rows_backward(x: Flat, gamma: Flat, grad: Flat, epsilon: f64) -> (Flat, Flat, Flat) {
        layer_norm_backward(x, gamma, grad, epsilon as f32)
    }

    fn attention_softmax(scores: Flat, bias: Flat, scale: f64) -> Flat {
        let [batch, heads, rows, columns] = scores.shape().dims();
        let [of_batch, _, of_rows, of_columns] = bias.shape().dims();
        let bias = bias.to_contiguous();
        let bias = slice(&bias);
        update_rows(scores, columns, |row_number, row| {
            let number = if of_batch == batch {
                row_number / (heads * rows)
            } else {
                0
            };
            let row_of_bias = if of_rows == rows { row_number % rows } else { 0 };
            let start = (number * of_rows + row_of_bias) * columns;
            let bias = if of_columns == columns {
                &bias[start..start + columns]
            } else {
                &[]
            };
            softmax_row(row, bias, scale as f32);
        })
    }

    fn attention_softmax_backward(probabilities: Flat, grad: Flat, scale: f64) -> Flat {
        let columns = probabilities.shape()[3];
        let probabilities = probabilities.to_contiguous();
        let probabilities = slice(&probabilities);
        update_rows(grad, columns, |row_number, grad| {
            let row = &probabilities[row_number * columns..(row_number + 1) * columns];
            let along = dot(row, grad);
            for (grad, probability) in grad.iter_mut().zip(row) {
                *grad = (*grad - along) * probability * scale as f32;
            }
        })
    }

    fn keyed_dropout(x: Flat, key: u64, keep: f64) -> Flat {
        // 32 random bits an element: its probability is exact to 2.4e-10.
        let threshold = (keep * f64::from(u32::MAX)) as u32;
        let scale = (1.0 / keep) as f32;
        let (low, high) = (key as u32, (key >> 32) as u32);
        update(x, move |start, block| {
            for (offset, value) in (0u32..).zip(block) {
                let bits = scramble(scramble((start as u32).wrapping_add(offset) ^ low).wrapping_add(high));
                *value *= if bits <= threshold { scale } else { 0.0 };
            }
        })
    }

    fn cross_entropy_rows(logits: Flat, targets: Flat, shares: Flat) -> (Flat, Flat) {
        let [rows, classes] = logits.shape().dims();
        let (targets, shares) = (targets.to_contiguous(), shares.to_contiguous());
        let (targets, shares) = (slice(&targets), slice(&shares));
        let mut logits = owned(logits);
        let mut losses = vec![0f32; rows];
        let arch = Arch::new();
        let all = slice_mut(&mut logits)
            .par_chunks_mut(classes.max(1))
            .zip(losses.par_iter_mut());
        all.enumerate().for_each(|(row, (values, loss))| {
            let (target, share) = (targets[row] as usize, shares[row]);
            *loss = share * arch.dispatch(|| cross_entropy_row(values, target, share));
        });
        (logits, tensor(losses, Shape::new([rows, 1])))
    }

    fn cross_entropy_losses(logits: Flat, targets: Flat, shares: Flat) -> Flat {
        let [rows, classes] = logits.shape().dims();
        let [logits, targets, shares] = [logits, targets, shares].map(|tensor| tensor.to_contiguous());
        let (targets, shares) = (slice(&targets), slice(&shares));
        let arch = Arch::new();
        let rows_of_logits = slice(&logits).par_chunks(classes.max(1)).enumerate();
        let losses = rows_of_logits
            .map(|(row, values)| shares[row] * arch.dispatch(|| cross_entropy(values, targets[row] as usize)));
        tensor(losses.collect(), Shape::new([rows, 1]))
    }

    fn square_sum(x: Flat) -> Flat {
        let x = x.to_contiguous();
        let arch = Arch::new();
        let blocks = slice(&x).par_chunks(BLOCK);
        let sums: Vec<f32> = blocks.map(|block| arch.dispatch(|| dot(block, block))).collect();
        // f64: the blocks of a large embedding table are many.
        let sum: f64 = sums.iter().map(|&sum| f64::from(sum)).sum();
        tensor(vec![sum as f32], Shape::new([1]))
    }

    fn adamw_step(
        values: Flat,
        grad: Flat,
        scale: Flat,
        first: Flat,
        second: Flat,
        step: AdamWStep,
    ) -> (Flat, Flat, Flat) {
        let (grad, scale) = (grad.to_contiguous(), scale.to_contiguous());
        let scale = slice(&scale)[0];
        let [mut values, mut first, mut second] = [values, first, second].map(owned);
        let arch = Arch::new();
        let blocks = slice_mut(&mut values)
            .par_chunks_mut(BLOCK)
            .zip(slice_mut(&mut first).par_chunks_mut(BLOCK))
            .zip(slice_mut(&mut second).par_chunks_mut(BLOCK))
            .zip(slice(&grad).par_chunks(BLOCK));
        blocks.for_each(|(((values, first), second), grad)| {
            arch.dispatch(|| adamw_block(values, (grad, scale), first, second, step));
        });
        (values, first, second)
    }
}

#[inline(always)]
fn adamw_block(
    values: &mut [f32],
    (grad, scale): (&[f32], f32),
    first: &mut [f32],
    second: &mut [f32],
    step: AdamWStep,
) {
    let inverse_root = 1.0 / step.root_correction;
    let moments = first.iter_mut().zip(second);
    for ((value, &grad), (first, second)) in values.iter_mut().zip(grad).zip(moments) {
        let grad = grad * scale;
        *first = *first * step.beta1 + grad * step.share1;
        *second = *second * step.beta2 + grad * grad * step.share2;
        let denominator = second.sqrt() * inverse_root + step.epsilon;
        *value = *value * step.shrink - step.step_size * *first / denominator;
    }
}

fn layer_norm_backward(x: Flat, gamma: Flat, grad: Flat, epsilon: f32) -> (Flat, Flat, Flat) {
    let (x, gamma) = (x.to_contiguous(), gamma.to_contiguous());
    let hidden = slice(&gamma).len();
    let mut grad = owned(grad);
    let block = rows_in_block(hidden) * hidden;
    let arch = Arch::new();
    let sums: Vec<(Vec<f32>, Vec<f32>)> = slice_mut(&mut grad)
        .par_chunks_mut(block)
        .zip(slice(&x).par_chunks(block))
        .map(|(grad, x)| {
            let (mut grad_gamma, mut grad_beta) = (vec![0f32; hidden], vec![0f32; hidden]);
            arch.dispatch(|| {
                for (grad, x) in grad.chunks_exact_mut(hidden).zip(x.chunks_exact(hidden)) {
                    layer_norm_row_backward(grad, x, slice(&gamma), (&mut grad_gamma, &mut grad_beta), epsilon);
                }
            });
            (grad_gamma, grad_beta)
        })
        .collect();
    let add = |mut total: Vec<f32>, part: &[f32]| {
        total.iter_mut().zip(part).for_each(|(total, part)| *total += part);
        total
    };
    let grad_gamma = sums
        .iter()
        .fold(vec![0f32; hidden], |total, (part, _)| add(total, part));
    let grad_beta = sums
        .iter()
        .fold(vec![0f32; hidden], |total, (_, part)| add(total, part));
    (
        grad,
        tensor(grad_gamma, Shape::new([hidden])),
        tensor(grad_beta, Shape::new([hidden])),
    )
}

/// Turns one row of output gradient into the input's, and adds its part of gamma's and beta's.
#[inline(always)]
fn layer_norm_row_backward(grad: &mut [f32], x: &[f32], gamma: &[f32], sums: (&mut [f32], &mut [f32]), epsilon: f32) {
    let (mean, scale) = row_moments(x, epsilon);
    let n = x.len() as f32;
    for ((grad, x), (grad_gamma, grad_beta)) in grad.iter().zip(x).zip(sums.0.iter_mut().zip(sums.1)) {
        *grad_gamma += grad * (x - mean) * scale;
        *grad_beta += grad;
    }
    let mut sum = [0f32; LANES];
    let mut along = [0f32; LANES];
    for ((grad, x), gamma) in grad.chunks_mut(LANES).zip(x.chunks(LANES)).zip(gamma.chunks(LANES)) {
        for (lane, ((grad, x), gamma)) in grad.iter_mut().zip(x).zip(gamma).enumerate() {
            *grad *= gamma;
            sum[lane] += *grad;
            along[lane] += *grad * (x - mean) * scale;
        }
    }
    let sum = sum.iter().sum::<f32>() / n;
    let along = along.iter().sum::<f32>() / n;
    for (grad, x) in grad.iter_mut().zip(x) {
        *grad = (*grad - sum - (x - mean) * scale * along) * scale;
    }
}

/// Partial sums kept side by side, so that a reduction vectorises.
const LANES: usize = 16;

/// Mean and `1 / sqrt(variance + epsilon)` of a row.
#[inline(always)]
fn row_moments(row: &[f32], epsilon: f32) -> (f32, f32) {
    let n = row.len() as f32;
    let mean = sum_of(row, |value| value) / n;
    let variance = sum_of(row, |value| (value - mean) * (value - mean)) / n;
    (mean, 1.0 / (variance + epsilon).sqrt())
}

#[inline(always)]
fn sum_of(row: &[f32], term: impl Fn(f32) -> f32) -> f32 {
    let mut sums = [0f32; LANES];
    let mut chunks = row.chunks_exact(LANES);
    for chunk in &mut chunks {
        for (sum, &value) in sums.iter_mut().zip(chunk) {
            *sum += term(value);
        }
    }
    sums.iter().sum::<f32>() + chunks.remainder().iter().map(|&value| term(value)).sum::<f32>()
}

#[inline(always)]
fn dot(a: &[f32], b: &[f32]) -> f32 {
    let mut sums = [0f32; LANES];
    for (a, b) in a.chunks(LANES).zip(b.chunks(LANES)) {
        for ((sum, a), b) in sums.iter_mut().zip(a).zip(b) {
            *sum += a * b;
        }
    }
    sums.iter().sum()
}

/// `softmax(row · scale + bias)` in place; no bias where it is empty.
#[inline(always)]
fn softmax_row(row: &mut [f32], bias: &[f32], scale: f32) {
    for value in row.iter_mut() {
        *value *= scale;
    }
    for (value, bias) in row.iter_mut().zip(bias) {
        *value += bias;
    }
    let highest = highest_of(row);
    for value in row.iter_mut() {
        *value = exp(*value - highest);
    }
    let scale = 1.0 / sum_of(row, |value| value);
    for value in row {
        *value *= scale;
    }
}

/// Turns a row of logits into the gradient of `share` times its cross-entropy with `target`, which it gives.
#[inline(always)]
fn cross_entropy_row(row: &mut [f32], target: usize, share: f32) -> f32 {
    let highest = highest_of(row);
    let right = row[target] - highest;
    for value in row.iter_mut() {
        *value = exp(*value - highest);
    }
    let sum = sum_of(row, |value| value);
    let scale = share / sum;
    for value in row.iter_mut() {
        *value *= scale;
    }
    row[target] -= share;
    sum.ln() - right
}

/// The cross-entropy of a row of logits with `target`.
#[inline(always)]
fn cross_entropy(row: &[f32], target: usize) -> f32 {
    let highest = highest_of(row);
    sum_of(row, |value| exp(value - highest)).ln() - (row[target] - highest)
}

#[inline(always)]
fn highest_of(row: &[f32]) -> f32 {
    let mut highest = [f32::NEG_INFINITY; LANES];
    for chunk in row.chunks(LANES) {
        for (highest, &value) in highest.iter_mut().zip(chunk) {
            *highest = if value > *highest { value } else { *highest };
        }
    }
    highest.iter().copied().fold(f32::NEG_INFINITY, f32::max)
}

/// Φ(x), given `bell` = exp(-x²/2): formula 7.1.26 of Abramowitz and Stegun's handbook (after Hastings, 1955), whose error
/// in erf is at most 1.5e-7.
#[inline(always)]
fn phi(x: f32, bell: f32) -> f32 {
    let z = x.abs() * std::f32::consts::FRAC_1_SQRT_2;
    let t = 1.0 / (1.0 + 0.327_591_1 * z);
    let polynomial = ((((1.061_405_4 * t - 1.453_152_1) * t + 1.421_413_8) * t - 0.284_496_72) * t + 0.254_829_6) * t;
    let upper_tail = 0.5 * polynomial * bell;
    if x >= 0.0 { 1.0 - upper_tail } else { upper_tail }
}

/// 1 / (1 + exp(-x))
#[inline(always)]
fn logistic(x: f32) -> f32 {
    let small = exp(-x.abs());
    let lesser = small / (1.0 + small);
    if x >= 0.0 { 1.0 - lesser } else { lesser }
}

/// Twice what [`KernelBackend::gelu_tanh`] takes the tanh of.
#[inline(always)]
fn tanh_argument(x: f32) -> f32 {
    2.0 * ROOT_TWO_OVER_PI * (x + TANH_CUBIC * x * x * x)
}

/// The derivative of [`tanh_argument`].
#[inline(always)]
fn tanh_slope(x: f32) -> f32 {
    2.0 * ROOT_TWO_OVER_PI * (1.0 + 3.0 * TANH_CUBIC * x * x)
}

/// exp(x) for x ≤ 88, to 2 units in the last place; exactly 0 far below.
#[inline(always)]
fn exp(x: f32) -> f32 {
    const ROUND: f32 = 12_582_912.0; // 1.5 · 2²³: adding it rounds to an integer
    const LN2_HIGH: f32 = 0.693_359_4;
    const LN2_LOW: f32 = -2.121_944_4e-4;
    let clamped = if x < -87.0 { -87.0 } else { x };
    let n = (clamped * std::f32::consts::LOG2_E + ROUND) - ROUND;
    let r = (clamped - n * LN2_HIGH) - n * LN2_LOW;
    // Taylor's series to r⁷ on |r| ≤ ln 2 / 2: the next term is below 6e-9.
    let series = 1.0
        + r * (1.0
            + r * (0.5
                + r * (1.0 / 6.0 + r * (1.0 / 24.0 + r * (1.0 / 120.0 + r * (1.0 / 720.0 + r * (1.0 / 5040.0)))))));
    let power = f32::from_bits((((n as i32) + 127) << 23) as u32);
    let value = series * power;
    if x < -87.0 { 0.0 } else { value }
}

/// A bijection of 32 bits with good avalanche: two multiplications, three shifts.
#[inline(always)]
fn scramble(x: u32) -> u32 {
    let x = (x ^ (x >> 16)).wrapping_mul(0x7feb_352d);
    let x = (x ^ (x >> 15)).wrapping_mul(0x846c_a68b);
    x ^ (x >> 16)
}

fn slice(tensor: &Flat) -> &[f32] {
    tensor.as_slice().expect("the tensor was made contiguous")
}

fn slice_mut(tensor: &mut Flat) -> &mut [f32] {
    tensor.storage_mut()
}

fn tensor(values: Vec<f32>, shape: Shape) -> Flat {
    Flex::float_from_data(TensorData::new(values, shape), &Default::default())
}

/// The tensor itself where it is whole, contiguous and nobody else holds it; else a copy.
fn owned(x: Flat) -> Flat {
    let elements = x.shape().num_elements();
    if x.is_unique() && x.layout().contiguous_offsets() == Some((0, elements)) && x.bytes().len() == 4 * elements {
        return x;
    }
    let shape = x.shape();
    let x = x.to_contiguous();
    let values = slice(&x).to_vec();
    tensor(values, shape)
}

/// Applies `change(start, block)` to blocks of `x`.
fn update(x: Flat, change: impl Fn(usize, &mut [f32]) + Sync) -> Flat {
    let mut x = owned(x);
    let arch = Arch::new();
    slice_mut(&mut x)
        .par_chunks_mut(BLOCK)
        .enumerate()
        .for_each(|(number, block)| {
            arch.dispatch(
                #[inline(always)]
                || change(number * BLOCK, block),
            );
        });
    x
}

/// Applies `change` to blocks of `x` beside the same blocks of `other`.
fn update_with(x: Flat, other: &Flat, change: impl Fn(&mut [f32], &[f32]) + Sync) -> Flat {
    let mut x = owned(x);
    let other = other.to_contiguous();
    let arch = Arch::new();
    let blocks = slice_mut(&mut x)
        .par_chunks_mut(BLOCK)
        .zip(slice(&other).par_chunks(BLOCK));
    blocks.for_each(|(block, other)| {
        arch.dispatch(
            #[inline(always)]
            || change(block, other),
        );
    });
    x
}

/// Applies `change(row number, row)` to the rows of the last axis.
fn update_rows(x: Flat, columns: usize, change: impl Fn(usize, &mut [f32]) + Sync) -> Flat {
    if columns == 0 {
        return x;
    }
    let mut x = owned(x);
    let rows = rows_in_block(columns);
    let arch = Arch::new();
    slice_mut(&mut x)
        .par_chunks_mut(rows * columns)
        .enumerate()
        .for_each(|(number, block)| {
            arch.dispatch(
                #[inline(always)]
                || {
                    for (row, values) in block.chunks_exact_mut(columns).enumerate() {
                        change(number * rows + row, values);
                    }
                },
            );
        });
    x
}

fn rows_in_block(columns: usize) -> usize {
    (BLOCK / columns.max(1)).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exp_is_exp() {
        for step in -8_800..=880 {
            let x = step as f32 / 10.0;
            let (found, expected) = (exp(x), f64::from(x).exp());
            let error = (f64::from(found) - expected).abs();
            // Below -87 the true value is subnormal: zero is as good.
            assert!(error <= 3e-7 * expected + 1e-37, "exp({x}) = {found}, not {expected}");
        }
    }

    #[test]
    fn phi_is_the_normal_distribution() {
        // Φ at 0, 1, 2, -3 from tables.
        for (x, expected) in [
            (0.0, 0.5),
            (1.0, 0.841_344_8),
            (2.0, 0.977_249_9),
            (-3.0, 0.001_349_898),
        ] {
            let found = phi(x, exp(-0.5 * x * x));
            assert!((found - expected).abs() < 2e-7, "Φ({x}) = {found}, not {expected}");
        }
    }
}
