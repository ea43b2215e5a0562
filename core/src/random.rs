//! Makes numbers of what a generator draws, the same on every platform and for ever.
//!
//! This is fixed here rather than taken from a library's convenience functions, whose results may change between versions.
//! Which generator and which key belong to who draws.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::Rng;

/// A uniform number in `0..bound` (Lemire's multiplication with rejection); `bound` is at least 1.
pub fn below(generator: &mut ChaCha8Rng, bound: u64) -> u64 {
    loop {
        let product = u128::from(generator.next_u64()) * u128::from(bound);
        // The low half is uneven only below 2^64 mod bound.
        if product as u64 >= bound.wrapping_neg() % bound {
            return (product >> 64) as u64;
        }
    }
}

/// A uniform number from 0 to below 1, of 53 bits.
pub fn unit(generator: &mut ChaCha8Rng) -> f64 {
    (generator.next_u64() >> 11) as f64 / (1u64 << 53) as f64
}

#[cfg(test)]
mod tests {
    use rand_chacha::rand_core::SeedableRng;

    use super::*;

    #[test]
    fn numbers_are_uniform_and_below_their_bound() {
        const DRAWS: usize = 6000;
        let mut generator = ChaCha8Rng::seed_from_u64(7);
        let mut counts = [0i32; 3];
        let mut thirds = [0i32; 3];
        for _ in 0..DRAWS {
            counts[below(&mut generator, 3) as usize] += 1;
            let number = unit(&mut generator);
            assert!((0.0..1.0).contains(&number));
            thirds[(number * 3.0) as usize] += 1;
            // Half of what is drawn for this bound is drawn again.
            assert!(below(&mut generator, (1 << 63) + 1) <= 1 << 63);
        }
        // Six standard deviations of a binomial with n = 6000, p = 1/3 are 219.
        for count in counts.into_iter().chain(thirds) {
            assert!((2000 - count).abs() < 219, "{counts:?} {thirds:?}");
        }
    }
}
