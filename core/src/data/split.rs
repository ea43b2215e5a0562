//! Shuffles and splits rows by a seed, the same on every platform and for ever.
//!
//! The generator (ChaCha with 8 rounds) is keyed by the seed here; [`crate::random`] makes its numbers positions.

use std::fmt;
use std::ops::Range;
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

/// Cuts a text into stretches that follow each other, one a ratio by bytes: at the end of the line that is nearest to each
/// share, where a line ends between the cuts, else between two characters.
///
/// None overlaps another; a stretch of a very short text may be empty.
pub fn split_text<'a>(text: &'a str, ratios: &SplitRatios) -> Vec<&'a str> {
    let total: u128 = ratios.0.iter().map(|ratio| u128::from(*ratio)).sum();
    let mut so_far = 0u128;
    let shares: Vec<usize> = ratios
        .0
        .iter()
        .map(|ratio| {
            so_far += u128::from(*ratio);
            text.floor_char_boundary((text.len() as u128 * so_far / total) as usize)
        })
        .collect();
    let mut stretches = Vec::with_capacity(shares.len());
    let mut start = 0;
    for (index, &share) in shares.iter().enumerate() {
        let end = match shares.get(index + 1) {
            Some(&next) => line_end_near(text, share, start..next).unwrap_or(share),
            None => text.len(),
        };
        stretches.push(&text[start..end]);
        start = end;
    }
    stretches
}

/// Where the line nearest to `share` ends, strictly inside `between`.
fn line_end_near(text: &str, share: usize, between: Range<usize>) -> Option<usize> {
    let before = text[..share].rfind('\n').map(|at| at + 1);
    let behind = text[share..].find('\n').map(|at| share + at + 1);
    let ends = [before, behind].into_iter().flatten();
    ends.filter(|&end| end > between.start && end < between.end)
        .min_by_key(|end| end.abs_diff(share))
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
    fn a_text_is_cut_where_lines_end() {
        let text = "日本語の行です。\n".repeat(100);
        let stretches = split_text(&text, &ratios("8:1:1"));
        assert_eq!(stretches.concat(), text);
        let lines: Vec<usize> = stretches.iter().map(|stretch| stretch.matches('\n').count()).collect();
        assert_eq!(lines, [80, 10, 10]);
        // One line, lines that end on one side only, and next to nothing.
        for (text, ratios_text, expected) in [
            (
                "一二三四五六七八九十",
                "8:1:1",
                ["一二三四五六七八", "九", "十"].to_vec(),
            ),
            ("ab\ncdefghij", "1:1", ["ab\n", "cdefghij"].to_vec()),
            ("abcdefgh\nij", "1:1", ["abcdefgh\n", "ij"].to_vec()),
            ("abcdefghij\n", "1:1", ["abcde", "fghij\n"].to_vec()),
            ("あ", "1:1", ["", "あ"].to_vec()),
            ("", "1:1:1", ["", "", ""].to_vec()),
        ] {
            assert_eq!(split_text(text, &ratios(ratios_text)), expected, "{text:?}");
        }
        assert_ne!(split_text("a\nb\nc\nd\n", &ratios("1:1:2"))[1], "");
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
