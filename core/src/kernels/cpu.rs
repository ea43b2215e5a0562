//! Runs the fused operations on the CPU backend: one pass over slices, in place where nobody else holds them.
//!
//! Loops are written so that the compiler vectorises them for the instruction set that [`Arch`] finds at run time. Large
//! tensors are cut into blocks for rayon; sums over blocks are added in the blocks' order, so results do not depend on the
//! number of threads.

mod arithmetic;
mod product;

use burn::backend::ops::{FloatTensorOps, ModuleOps};
use burn::backend::tensor::FloatTensor;
use burn::backend::{Flex, Shape, TensorData, TensorMetadata};
use pulp::Arch;
use rayon::prelude::{
    IndexedParallelIterator, IntoParallelRefMutIterator, ParallelIterator, ParallelSlice, ParallelSliceMut,
};

use terakoya_gpu::elements::INVERSE_ROOT_TWO_PI;

use self::arithmetic::{
    cross_entropy, cross_entropy_row, dot, exp, layer_norm_row_backward, logistic, phi, row_moments, scramble,
    softmax_row, tanh_argument, tanh_slope,
};
use super::{AdamWStep, DropoutDraw, KernelBackend};
use crate::platform::NARROW_VECTORS;

/// Elements of a block: large enough to pay for a task, small enough to stay in the second-level cache.
const BLOCK: usize = 1 << 15;

type Flat = FloatTensor<Flex>;

impl KernelBackend for Flex {
    fn product(lhs: Flat, rhs: Flat) -> Flat {
        let product = NARROW_VECTORS.then(|| product::multiply(&lhs, &rhs, None));
        product.flatten().unwrap_or_else(|| Self::float_matmul(lhs, rhs))
    }

    fn linear_rows(x: Flat, weight: Flat, bias: Flat) -> Flat {
        let product = NARROW_VECTORS.then(|| product::multiply(&x, &weight, Some(&bias)));
        product.flatten().unwrap_or_else(|| Self::linear(x, weight, Some(bias)))
    }

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

    fn keyed_dropout(x: Flat, draw: DropoutDraw) -> Flat {
        let DropoutDraw { key, first, keep } = draw;
        // 32 random bits an element: its probability is exact to 2.4e-10.
        let threshold = (keep * f64::from(u32::MAX)) as u32;
        let scale = (1.0 / keep) as f32;
        let (low, high) = (key as u32, (key >> 32) as u32);
        update(x, move |start, block| {
            for (offset, value) in (0u32..).zip(block) {
                let bits =
                    scramble(scramble(first.wrapping_add(start as u32).wrapping_add(offset) ^ low).wrapping_add(high));
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
