//! Turns runs of weights into blocks of small integers with one scale each, and back.
//!
//! A block holds [`BLOCK`] consecutive values of the flattened tensor; the last one is filled up with zeros. A value is
//! its integer times the block's f16 scale: there is no offset, so zero stays zero. Four-bit integers lie in −8…7, two in
//! a byte: value `i` in the low half of byte `i`, value `i + 16` in the high half, each raised by 8, as in llama.cpp's
//! Q4_0. Eight-bit integers lie in −127…127, as bytes in two's complement.

use burn::tensor::f16;

/// Values that share a scale.
pub const BLOCK: usize = 32;
/// Bytes of a block of four-bit integers.
pub const NIBBLES: usize = BLOCK / 2;

/// The integers of a block and what they are multiplied by.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Block {
    /// The factor; finite.
    pub scale: f16,
    /// The integers, within the range that was asked for.
    pub levels: [i8; BLOCK],
}

/// The integers that a block may hold.
#[derive(Debug, Clone, Copy)]
struct Range {
    low: f32,
    high: f32,
}

const FOUR_BITS: Range = Range { low: -8.0, high: 7.0 };
const EIGHT_BITS: Range = Range {
    low: -127.0,
    high: 127.0,
};

/// Where the value of largest magnitude may come to lie among four-bit integers: its distance from zero in steps. Whole
/// numbers find the grid of weights that were quantised before; fractions beyond 8 clip that value to serve the others.
const FOUR_BIT_PEAKS: [f32; 20] = [
    8.0, 7.0, 6.0, 5.0, 4.0, 3.0, 2.0, 1.0, 8.25, 8.5, 8.75, 9.0, 9.5, 7.75, 7.5, 7.25, 6.75, 6.5, 6.25, 5.5,
];
const EIGHT_BIT_PEAKS: [f32; 1] = [127.0];

/// The widest step between neighbours of f16, relative to them.
const F16_STEP: f32 = 1.0 / 1024.0;

impl Block {
    /// The four-bit block nearest to `values`, in the sum of squared differences, among the scales tried. All values must
    /// be finite.
    pub fn four_bits(values: &[f32; BLOCK]) -> Self {
        Self::nearest(values, FOUR_BITS, &FOUR_BIT_PEAKS)
    }

    /// The eight-bit block near `values`. All values must be finite.
    pub fn eight_bits(values: &[f32; BLOCK]) -> Self {
        Self::nearest(values, EIGHT_BITS, &EIGHT_BIT_PEAKS)
    }

    fn nearest(values: &[f32; BLOCK], range: Range, peaks: &[f32]) -> Self {
        let zero = Self {
            scale: f16::ZERO,
            levels: [0; BLOCK],
        };
        let largest = values.iter().fold(
            0.0f32,
            |largest, value| {
                if value.abs() > largest.abs() { *value } else { largest }
            },
        );
        let (mut best, mut least) = (zero, zero.squared_error(values));
        // The range reaches further below zero than above: the sign of the scale decides which end is the longer one.
        let trials = peaks.iter().flat_map(|peak| [-largest / peak, largest / peak]);
        for trial in trials {
            let Some(block) = Self::around(values, range, trial) else {
                continue;
            };
            if let Some(grid) = block.snapped(values) {
                return grid;
            }
            let error = block.squared_error(values);
            if error < least {
                (best, least) = (block, error);
            }
        }
        best
    }

    /// This block with the scale, or one of its two neighbours in f16, on whose grid `values` lie.
    fn snapped(&self, values: &[f32; BLOCK]) -> Option<Self> {
        // The neighbour of the largest scale is no number, and no grid of anything.
        let scales = [0, 1, -1].map(|step: i16| f16::from_bits(self.scale.to_bits().wrapping_add_signed(step)));
        let blocks = scales.map(|scale| Self { scale, ..*self });
        blocks.into_iter().find(|block| block.is_grid_of(values))
    }

    /// Rounds `values` to steps of `trial`, then fits the scale to the integers by least squares and rounds once more.
    fn around(values: &[f32; BLOCK], range: Range, trial: f32) -> Option<Self> {
        let levels = rounded(values, range, trial)?;
        let (mut product, mut square) = (0.0, 0.0);
        for (value, level) in values.iter().zip(levels) {
            product += value * f32::from(level);
            square += f32::from(level) * f32::from(level);
        }
        let scale = f16::from_f32(product / square);
        let usable = scale.is_finite() && scale != f16::ZERO;
        let levels = rounded(values, range, scale.to_f32()).filter(|_| usable)?;
        Some(Self { scale, levels })
    }

    fn squared_error(&self, values: &[f32; BLOCK]) -> f32 {
        let scale = self.scale.to_f32();
        let pairs = values.iter().zip(self.levels);
        pairs
            .map(|(value, level)| (value - f32::from(level) * scale).powi(2))
            .sum()
    }

    /// Whether `values` are this block's, but for having been stored in f16: they were quantised before, and nothing is
    /// lost.
    pub fn is_grid_of(&self, values: &[f32; BLOCK]) -> bool {
        let scale = self.scale.to_f32();
        let mut pairs = values.iter().zip(self.levels);
        // The comparison of f32 is there for its speed: most blocks of other weights fail at their first value.
        pairs.all(|(value, level)| {
            let near = f32::from(level) * scale;
            (value - near).abs() <= value.abs() * F16_STEP && f16::from_f32(*value) == f16::from_f32(near)
        })
    }

    /// The integers as four-bit halves of bytes.
    pub fn nibbles(&self) -> [u8; NIBBLES] {
        let raised = |level: i8| (level + 8) as u8;
        std::array::from_fn(|byte| raised(self.levels[byte]) | (raised(self.levels[byte + NIBBLES]) << 4))
    }

    /// The integers as bytes.
    pub fn bytes(&self) -> [u8; BLOCK] {
        self.levels.map(|level| level as u8)
    }
}

/// `values` in steps of `step`, as integers within `range`; nothing where the step is no number to divide by.
fn rounded(values: &[f32; BLOCK], range: Range, step: f32) -> Option<[i8; BLOCK]> {
    let inverse = 1.0 / step;
    (step != 0.0 && inverse.is_finite())
        .then(|| values.map(|value| (value * inverse).round_ties_even().clamp(range.low, range.high) as i8))
}

/// Writes the values of four-bit blocks to `out`, which ends with the last block's own values. `nibbles` and `scales` hold
/// the same number of blocks, `out` at most as many values as these have.
pub fn widen_four_bits(nibbles: &[[u8; NIBBLES]], scales: &[[u8; 2]], out: &mut [f32]) {
    for ((out, nibbles), scale) in out.chunks_mut(BLOCK).zip(nibbles).zip(scales) {
        let scale = f16::from_le_bytes(*scale).to_f32();
        let mut values = [0.0; BLOCK];
        // Two loops over arrays of known length: both become vector instructions.
        for (value, byte) in values[..NIBBLES].iter_mut().zip(nibbles) {
            *value = (i32::from(byte & 15) - 8) as f32 * scale;
        }
        for (value, byte) in values[NIBBLES..].iter_mut().zip(nibbles) {
            *value = (i32::from(byte >> 4) - 8) as f32 * scale;
        }
        out.copy_from_slice(&values[..out.len()]);
    }
}

/// Writes the values of eight-bit blocks to `out`, as [`widen_four_bits`].
pub fn widen_eight_bits(levels: &[[u8; BLOCK]], scales: &[[u8; 2]], out: &mut [f32]) {
    for ((out, levels), scale) in out.chunks_mut(BLOCK).zip(levels).zip(scales) {
        let scale = f16::from_le_bytes(*scale).to_f32();
        let values = levels.map(|level| f32::from(level as i8) * scale);
        out.copy_from_slice(&values[..out.len()]);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn widened(block: &Block) -> [f32; BLOCK] {
        let mut out = [0.0; BLOCK];
        widen_four_bits(&[block.nibbles()], &[block.scale.to_le_bytes()], &mut out);
        out
    }

    #[test]
    fn halves_of_bytes_hold_values_sixteen_apart() {
        let mut levels = [0; BLOCK];
        (levels[3], levels[19], levels[31]) = (-8, 7, 1);
        let scale = f16::from_f32(0.5);
        let block = Block { scale, levels };
        assert_eq!(block.nibbles()[3], 0xf0);
        let mut expected = [0.0; BLOCK];
        (expected[3], expected[19], expected[31]) = (-4.0, 3.5, 0.5);
        assert_eq!(widened(&block), expected);
        let mut eight = [0.0; 20];
        widen_eight_bits(&[block.bytes()], &[scale.to_le_bytes()], &mut eight);
        assert_eq!(eight, expected[..20]);
    }

    #[test]
    fn clipping_the_peak_may_serve_the_others() {
        // 31 values at ±2 steps of 8/9: a peak at 9 steps puts them on the grid, a peak at 8 does not.
        let mut values = [2.0; BLOCK];
        values[5] = -9.0;
        let block = Block::four_bits(&values);
        let plain = Block::around(&values, FOUR_BITS, 9.0 / 8.0).expect("a scale");
        assert!(block.squared_error(&values) < 0.9 * plain.squared_error(&values));
    }

    #[test]
    fn zeros_and_tiny_values_have_a_finite_scale() {
        for values in [[0.0; BLOCK], [1e-30; BLOCK], [f32::MAX; BLOCK]] {
            let block = Block::four_bits(&values);
            assert!(block.scale.is_finite());
            assert!(widened(&block).iter().all(|value| value.is_finite()));
        }
    }

    proptest! {
        /// Weights that lie on a grid, rounded to f16 as a dequantised checkpoint holds them, are found again exactly.
        #[test]
        fn a_grid_is_found_again(
            levels in prop::array::uniform32(-8i8..=7),
            size in 1e-3f32..1.0,
            negative in any::<bool>(),
        ) {
            let scale = f16::from_f32(if negative { -size } else { size });
            let source = Block { scale, levels };
            let values = widened(&source).map(|value| f16::from_f32(value).to_f32());
            let found = Block::four_bits(&values);
            prop_assert!(found.is_grid_of(&values));
            prop_assert_eq!(widened(&found).map(f16::from_f32), values.map(f16::from_f32));
        }

        /// Half a step is the most that rounding moves a value which the range reaches.
        #[test]
        fn errors_stay_within_the_step(values in prop::array::uniform32(-1.0f32..1.0)) {
            let largest = values.iter().fold(0.0f32, |largest, value| largest.max(value.abs()));
            let rounded_at_eight: f32 = values.len() as f32 * (largest / 7.0 / 2.0 + largest / 1000.0).powi(2);
            let block = Block::four_bits(&values);
            prop_assert!(block.squared_error(&values) <= rounded_at_eight);
            let eight = Block::eight_bits(&values);
            prop_assert!(eight.squared_error(&values) <= values.len() as f32 * (largest / 127.0).powi(2));
        }
    }
}
