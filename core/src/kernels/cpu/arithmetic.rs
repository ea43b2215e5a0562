//! Computes on single rows and numbers, in plain loops that the compiler vectorises where they are inlined.

use terakoya_gpu::elements::{ROOT_TWO_OVER_PI, TANH_CUBIC};

/// Partial sums kept side by side, so that a reduction vectorises.
const LANES: usize = 16;

/// Mean and `1 / sqrt(variance + epsilon)` of a row.
#[inline(always)]
pub(super) fn row_moments(row: &[f32], epsilon: f32) -> (f32, f32) {
    let n = row.len() as f32;
    let mean = sum_of(row, |value| value) / n;
    let variance = sum_of(row, |value| (value - mean) * (value - mean)) / n;
    (mean, 1.0 / (variance + epsilon).sqrt())
}

#[inline(always)]
pub(super) fn sum_of(row: &[f32], term: impl Fn(f32) -> f32) -> f32 {
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
pub(super) fn dot(a: &[f32], b: &[f32]) -> f32 {
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
pub(super) fn softmax_row(row: &mut [f32], bias: &[f32], scale: f32) {
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
pub(super) fn cross_entropy_row(row: &mut [f32], target: usize, share: f32) -> f32 {
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
pub(super) fn cross_entropy(row: &[f32], target: usize) -> f32 {
    let highest = highest_of(row);
    sum_of(row, |value| exp(value - highest)).ln() - (row[target] - highest)
}

#[inline(always)]
pub(super) fn highest_of(row: &[f32]) -> f32 {
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
pub(super) fn phi(x: f32, bell: f32) -> f32 {
    let z = x.abs() * std::f32::consts::FRAC_1_SQRT_2;
    let t = 1.0 / (1.0 + 0.327_591_1 * z);
    let polynomial = ((((1.061_405_4 * t - 1.453_152_1) * t + 1.421_413_8) * t - 0.284_496_72) * t + 0.254_829_6) * t;
    let upper_tail = 0.5 * polynomial * bell;
    if x >= 0.0 { 1.0 - upper_tail } else { upper_tail }
}

/// 1 / (1 + exp(-x))
#[inline(always)]
pub(super) fn logistic(x: f32) -> f32 {
    let small = exp(-x.abs());
    let lesser = small / (1.0 + small);
    if x >= 0.0 { 1.0 - lesser } else { lesser }
}

/// Twice what [`gelu_tanh`](crate::kernels::gelu_tanh) takes the tanh of.
#[inline(always)]
pub(super) fn tanh_argument(x: f32) -> f32 {
    2.0 * ROOT_TWO_OVER_PI * (x + TANH_CUBIC * x * x * x)
}

/// The derivative of [`tanh_argument`].
#[inline(always)]
pub(super) fn tanh_slope(x: f32) -> f32 {
    2.0 * ROOT_TWO_OVER_PI * (1.0 + 3.0 * TANH_CUBIC * x * x)
}

/// exp(x) for x ≤ 88, to 2 units in the last place; exactly 0 far below.
#[inline(always)]
pub(super) fn exp(x: f32) -> f32 {
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
pub(super) fn scramble(x: u32) -> u32 {
    let x = (x ^ (x >> 16)).wrapping_mul(0x7feb_352d);
    let x = (x ^ (x >> 15)).wrapping_mul(0x846c_a68b);
    x ^ (x >> 16)
}

/// Turns one row of output gradient into the input's, and adds its part of gamma's and beta's.
#[inline(always)]
pub(super) fn layer_norm_row_backward(
    grad: &mut [f32],
    x: &[f32],
    gamma: &[f32],
    sums: (&mut [f32], &mut [f32]),
    epsilon: f32,
) {
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
