//! Computes element by element: gelu, dropout, AdamW; and sums of squares.

use burn::backend::{Shape, TensorMetadata};
use burn_cubecl::kernel::into_contiguous;
use burn_cubecl::tensor::CubeTensor;
use cubecl::calculate_cube_count_elemwise;
use cubecl::prelude::*;

use crate::{Elements, UNITS, empty, like, owned};

/// Units that share a long sum; each leaves a part of it.
const PARTS: usize = 1 << 10;

/// Elements that are too few to share.
const FEW: usize = 1 << 12;

/// √(2/π)
pub const ROOT_TWO_OVER_PI: f32 = 0.797_884_6;

/// The share of x³ in gelu's approximation by tanh.
pub const TANH_CUBIC: f32 = 0.044_715;

/// 1 / √(2π)
pub const INVERSE_ROOT_TWO_PI: f32 = 0.398_942_3;

/// x·Φ(x), element by element; or GPT-2's approximation of it by tanh.
pub fn gelu(x: CubeTensor, by_tanh: bool) -> CubeTensor {
    let x = into_contiguous(x);
    let output = like(&x);
    let over = Elements::of(&x);
    gelu_kernel::launch(
        &x.client.clone(),
        over.cubes(&x),
        CubeDim::new_1d(UNITS),
        over.vector,
        x.into_buffer_arg(),
        output.clone().into_buffer_arg(),
        over.vectors,
        by_tanh,
    );
    output
}

/// `grad` times the derivative of [`gelu`] at `x`.
pub fn gelu_backward(x: CubeTensor, grad: CubeTensor, by_tanh: bool) -> CubeTensor {
    let [x, grad] = [x, grad].map(into_contiguous);
    let output = like(&x);
    let over = Elements::of(&x);
    gelu_backward_kernel::launch(
        &x.client.clone(),
        over.cubes(&x),
        CubeDim::new_1d(UNITS),
        over.vector,
        x.into_buffer_arg(),
        grad.into_buffer_arg(),
        output.clone().into_buffer_arg(),
        over.vectors,
        by_tanh,
    );
    output
}

/// Zeroes elements and scales the others by `1 / keep`, those that the CPU does.
pub fn dropout(x: CubeTensor, draw: DropoutDraw) -> CubeTensor {
    let DropoutDraw { key, first, keep } = draw;
    let x = into_contiguous(x);
    let output = like(&x);
    let elements = x.shape().num_elements();
    dropout_kernel::launch(
        &x.client.clone(),
        calculate_cube_count_elemwise(&x.client, elements, CubeDim::new_1d(UNITS)),
        CubeDim::new_1d(UNITS),
        x.into_buffer_arg(),
        output.clone().into_buffer_arg(),
        elements,
        first,
        key as u32,
        (key >> 32) as u32,
        (keep * f64::from(u32::MAX)) as u32,
        (1.0 / keep) as f32,
    );
    output
}

/// The sum of the squares of all elements, `[1]`.
pub fn square_sum(x: CubeTensor) -> CubeTensor {
    let elements = x.shape().num_elements();
    let parts = if elements <= FEW { 1 } else { PARTS };
    let sums = parts_of_sum(into_contiguous(x), parts, true);
    if parts > 1 { parts_of_sum(sums, 1, false) } else { sums }
}

/// The sum of all elements, or of their squares, in `parts` parts `[parts]`.
fn parts_of_sum(x: CubeTensor, parts: usize, squares: bool) -> CubeTensor {
    let output = empty(&x, Shape::new([parts]));
    let over = Elements::of(&x);
    sum_kernel::launch(
        &x.client.clone(),
        calculate_cube_count_elemwise(&x.client, parts, CubeDim::new_1d(UNITS)),
        CubeDim::new_1d(UNITS),
        over.vector,
        x.into_buffer_arg(),
        output.clone().into_buffer_arg(),
        over.vectors,
        parts,
        squares,
    );
    output
}

/// New values and moments of a parameter after an AdamW step along `grad · scale`; all are flat and of one length, but for
/// `scale`, which is `[1]`. They are changed in place where nobody else holds them.
pub fn adamw(
    values: CubeTensor,
    grad: CubeTensor,
    scale: CubeTensor,
    first: CubeTensor,
    second: CubeTensor,
    step: AdamWStep,
) -> (CubeTensor, CubeTensor, CubeTensor) {
    let [grad, scale] = [grad, scale].map(into_contiguous);
    let [values, first, second] = [values, first, second].map(owned);
    let over = Elements::of(&values);
    adamw_kernel::launch(
        &values.client.clone(),
        over.cubes(&values),
        CubeDim::new_1d(UNITS),
        over.vector,
        grad.into_buffer_arg(),
        scale.into_buffer_arg(),
        values.clone().into_buffer_arg(),
        first.clone().into_buffer_arg(),
        second.clone().into_buffer_arg(),
        over.vectors,
        ConstantsLaunch::new(
            step.beta1,
            step.beta2,
            step.share1,
            step.share2,
            step.epsilon,
            step.shrink,
            step.step_size,
            step.root_correction,
        ),
    );
    (values, first, second)
}

/// Which elements dropout hits. Element `n` of a tensor stays or goes by `key` and `first + n` alone.
#[derive(Debug, Clone, Copy)]
pub struct DropoutDraw {
    /// Tells this place of this step from all others.
    pub key: u64,
    /// The number of the tensor's first element, where it is a part of a larger one.
    pub first: u32,
    /// The probability that an element stays.
    pub keep: f64,
}

/// The constants of one AdamW step.
#[derive(Debug, Clone, Copy)]
pub struct AdamWStep {
    /// Decay of the first moment.
    pub beta1: f32,
    /// Decay of the second moment.
    pub beta2: f32,
    /// `1 - beta1`, rounded once.
    pub share1: f32,
    /// `1 - beta2`, rounded once.
    pub share2: f32,
    /// Added to the root of the second moment.
    pub epsilon: f32,
    /// `1 - learning_rate · weight_decay`
    pub shrink: f32,
    /// `learning_rate / (1 - beta1^t)`
    pub step_size: f32,
    /// `sqrt(1 - beta2^t)`
    pub root_correction: f32,
}

/// Φ(x), by erf.
#[cube]
fn normal_distribution<N: Size>(x: Vector<f32, N>) -> Vector<f32, N> {
    let erf = Vector::erf(x * Vector::new(std::f32::consts::FRAC_1_SQRT_2));
    (erf + Vector::new(1.0)) * Vector::new(0.5)
}

/// σ(2·√(2/π)·(x + 0.044715·x³))
#[cube]
fn share_of_tanh<N: Size>(x: Vector<f32, N>) -> Vector<f32, N> {
    let argument = (x + x * x * x * Vector::new(TANH_CUBIC)) * Vector::new(2.0 * ROOT_TWO_OVER_PI);
    // Below this the share is 0 in f32, and exp of its opposite is too large for it.
    let argument = argument.max(Vector::new(-80.0));
    Vector::new(1.0) / (Vector::new(1.0) + (-argument).exp())
}

#[cube(launch)]
fn gelu_kernel<N: Size>(
    x: &[Vector<f32, N>],
    output: &mut [Vector<f32, N>],
    vectors: usize,
    #[comptime] by_tanh: bool,
) {
    if ABSOLUTE_POS < vectors {
        let x = x[ABSOLUTE_POS];
        if by_tanh {
            output[ABSOLUTE_POS] = x * share_of_tanh::<N>(x);
        } else {
            output[ABSOLUTE_POS] = x * normal_distribution::<N>(x);
        }
    }
}

#[cube(launch)]
fn gelu_backward_kernel<N: Size>(
    x: &[Vector<f32, N>],
    grad: &[Vector<f32, N>],
    output: &mut [Vector<f32, N>],
    vectors: usize,
    #[comptime] by_tanh: bool,
) {
    if ABSOLUTE_POS < vectors {
        let x = x[ABSOLUTE_POS];
        let grad = grad[ABSOLUTE_POS];
        if by_tanh {
            let share = share_of_tanh::<N>(x);
            let inner = Vector::new(1.0) + x * x * Vector::new(3.0 * TANH_CUBIC);
            let slope = inner * Vector::new(2.0 * ROOT_TWO_OVER_PI);
            let along = x * share * (Vector::new(1.0) - share) * slope;
            output[ABSOLUTE_POS] = grad * (share + along);
        } else {
            let density = (x * x * Vector::new(-0.5)).exp() * Vector::new(INVERSE_ROOT_TWO_PI);
            output[ABSOLUTE_POS] = grad * (normal_distribution::<N>(x) + x * density);
        }
    }
}

/// The bijection that decides on the CPU, too.
#[cube]
fn scramble(x: u32) -> u32 {
    let x = (x ^ (x >> 16)) * 0x7feb_352d;
    let x = (x ^ (x >> 15)) * 0x846c_a68b;
    x ^ (x >> 16)
}

#[cube(launch)]
fn dropout_kernel(
    x: &[f32],
    output: &mut [f32],
    elements: usize,
    first: u32,
    low: u32,
    high: u32,
    threshold: u32,
    scale: f32,
) {
    if ABSOLUTE_POS < elements {
        let bits = scramble(scramble((first + u32::cast_from(ABSOLUTE_POS)) ^ low) + high);
        output[ABSOLUTE_POS] = x[ABSOLUTE_POS] * select(bits <= threshold, scale, 0.0);
    }
}

#[cube(launch)]
fn sum_kernel<N: Size>(
    x: &[Vector<f32, N>],
    output: &mut [f32],
    vectors: usize,
    parts: usize,
    #[comptime] squares: bool,
) {
    if ABSOLUTE_POS < parts {
        let mut sum = Vector::<f32, N>::new(0.0);
        let mut at = ABSOLUTE_POS;
        while at < vectors {
            let value = x[at];
            if squares {
                sum += value * value;
            } else {
                sum += value;
            }
            at += parts;
        }
        output[ABSOLUTE_POS] = sum.vector_sum();
    }
}

/// [`AdamWStep`] as the kernel reads it.
#[derive(CubeType, CubeLaunch)]
struct Constants {
    beta1: f32,
    beta2: f32,
    share1: f32,
    share2: f32,
    epsilon: f32,
    shrink: f32,
    step_size: f32,
    root_correction: f32,
}

#[cube(launch)]
fn adamw_kernel<N: Size>(
    grad: &[Vector<f32, N>],
    scale: &[f32],
    values: &mut [Vector<f32, N>],
    first: &mut [Vector<f32, N>],
    second: &mut [Vector<f32, N>],
    vectors: usize,
    step: Constants,
) {
    if ABSOLUTE_POS < vectors {
        let grad = grad[ABSOLUTE_POS] * Vector::new(scale[0]);
        let mean = first[ABSOLUTE_POS] * Vector::new(step.beta1) + grad * Vector::new(step.share1);
        let square = second[ABSOLUTE_POS] * Vector::new(step.beta2) + grad * grad * Vector::new(step.share2);
        first[ABSOLUTE_POS] = mean;
        second[ABSOLUTE_POS] = square;
        let denominator = square.sqrt() / Vector::new(step.root_correction) + Vector::new(step.epsilon);
        let update = mean / denominator * Vector::new(step.step_size);
        values[ABSOLUTE_POS] = values[ABSOLUTE_POS] * Vector::new(step.shrink) - update;
    }
}
