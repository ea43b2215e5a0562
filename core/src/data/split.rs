//! Shuffles and splits rows by a seed, the same on every platform and for ever.
//!
//! The generator (ChaCha with 8 rounds) is keyed by the seed here; [`crate::random`] makes its numbers positions.

use std::fmt;
use std::str::FromStr;

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use serde::{Deserialize, Serialize};

use super::ParseError;
use crate::random::below;

/// Shuffles in place (Fisher–Yates, from the last position down).
pub fn shuffle<T>(items: &mut [T], seed: u64) {
    let mut key = [0; 32];
    key[..8].copy_from_slice(&seed.to_le_bytes());
    let mut generator = ChaCha8Rng::from_seed(key);
    for last in (1..items.len()).rev() {
        items.swap(last, below(&mut generator, last as u64 + 1) as usize);
    }
}

/// The sizes of two or three parts relative to each other, all positive: written `8:2` or `8:1:1`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct SplitRatios(Vec<u32>);

impl SplitRatios {
    /// The numbers, in the order of the parts.
    pub fn as_slice(&self) -> &[u32] {
        &self.0
    }
}

impl FromStr for SplitRatios {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let ratios: Option<Vec<u32>> = text
            .split(':')
            .map(|part| part.trim().parse().ok().filter(|ratio| *ratio > 0))
            .collect();
        match ratios {
            Some(ratios) if (2..=3).contains(&ratios.len()) => Ok(Self(ratios)),
            _ => Err(ParseError::SplitRatios { found: text.to_owned() }),
        }
    }
}

impl TryFrom<String> for SplitRatios {
    type Error = ParseError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<SplitRatios> for String {
    fn from(ratios: SplitRatios) -> Self {
        ratios.to_string()
    }
}

impl fmt::Display for SplitRatios {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, ratio) in self.0.iter().enumerate() {
            write!(f, "{}{ratio}", if index == 0 { "" } else { ":" })?;
        }
        Ok(())
    }
}

/// Cuts the positions `0..len` into parts at random, one part a ratio.
///
/// Every position is in exactly one part, and each part lists its positions in ascending order, so rows stay in file
/// order. Sizes are rounded at the cuts; a part of a very small file may be empty.
pub fn split(len: usize, ratios: &SplitRatios, seed: u64) -> Vec<Vec<usize>> {
    let mut order: Vec<usize> = (0..len).collect();
    shuffle(&mut order, seed);
    let total: u128 = ratios.0.iter().map(|ratio| u128::from(*ratio)).sum();
    let mut parts = Vec::with_capacity(ratios.0.len());
    let (mut so_far, mut start) = (0u128, 0);
    for ratio in &ratios.0 {
        so_far += u128::from(*ratio);
        let end = ((len as u128 * so_far + total / 2) / total) as usize;
        let mut part = order[start..end].to_vec();
        part.sort_unstable();
        parts.push(part);
        start = end;
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ratios(text: &str) -> SplitRatios {
        text.parse().expect("the test writes valid ratios")
    }

    #[test]
    fn shuffle_is_fixed_for_ever() {
        // From an independent implementation of ChaCha8 and of the same Fisher–Yates.
        let mut items: Vec<u32> = (0..10).collect();
        shuffle(&mut items, 42);
        assert_eq!(items, [7, 6, 5, 1, 0, 4, 8, 9, 2, 3]);
        let mut again: Vec<u32> = (0..10).collect();
        shuffle(&mut again, 43);
        assert_ne!(items, again);
    }

    #[test]
    fn shuffle_gives_every_order_equally_often() {
        let mut counts = std::collections::BTreeMap::new();
        for seed in 0..6000 {
            let mut items = [0, 1, 2];
            shuffle(&mut items, seed);
            *counts.entry(items).or_insert(0) += 1;
        }
        assert_eq!(counts.len(), 6);
        // Six standard deviations of a binomial with n = 6000, p = 1/6 are 173.
        assert!(counts.values().all(|count| (1000i32 - count).abs() < 173), "{counts:?}");
    }

    #[test]
    fn split_covers_every_position_once() {
        for len in [0, 1, 2, 9, 10, 11, 103] {
            let parts = split(len, &ratios("8:1:1"), 7);
            assert!(parts.iter().all(|part| part.is_sorted()));
            let mut all = parts.concat();
            all.sort_unstable();
            assert_eq!(all, (0..len).collect::<Vec<_>>());
        }
        let sizes: Vec<usize> = split(5000, &ratios("8:1:1"), 7).iter().map(Vec::len).collect();
        assert_eq!(sizes, [4000, 500, 500]);
        assert_ne!(split(50, &ratios("1:1"), 1), split(50, &ratios("1:1"), 2));
    }

    #[test]
    fn ratios_are_two_or_three_positive_numbers() {
        assert_eq!(ratios(" 8 :1: 1").to_string(), "8:1:1");
        for wrong in ["", "8", "8:0", "8:-1", "8:1:1:1", "8:", "a:b", "99999999999:1"] {
            assert!(wrong.parse::<SplitRatios>().is_err(), "{wrong}");
        }
        let sizes: Vec<usize> = split(3, &ratios("4294967295:4294967295"), 7)
            .iter()
            .map(Vec::len)
            .collect();
        assert_eq!(sizes, [2, 1]);
    }
}
