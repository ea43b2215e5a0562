//! Reads arbitrary bytes as a data file under each name that chooses a format.
//!
//! A file that reads has rows, and in each of them what its columns promise.

#![no_main]

use libfuzzer_sys::fuzz_target;
use terakoya_fuzz::data::{Quote, ReadOptions, read};

const NAMES: [&str; 6] = ["a.csv", "a.tsv", "a.txt", "a.json", "a.jsonl", "a"];

fuzz_target!(|data: &[u8]| {
    for name in NAMES {
        for quote in [None, Some(Quote::Standard), Some(Quote::None)] {
            let options = ReadOptions {
                quote,
                ..ReadOptions::default()
            };
            let Ok(dataset) = read(name, data, &options) else {
                continue;
            };
            assert!(!dataset.examples.is_empty());
            for example in &dataset.examples {
                assert_eq!(example.text_pair.is_some(), dataset.has_pairs);
                assert!(example.line > 0);
            }
        }
    }
});
