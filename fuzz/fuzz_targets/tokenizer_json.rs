//! Reads arbitrary bytes as tokenizer.json and as vocab.txt, and tokenizes with what reads.
//!
//! Every id must be below the vocabulary's size, and every span of characters inside the text.

#![no_main]

use libfuzzer_sys::fuzz_target;
use terakoya_fuzz::tokenizer::{EncodeOptions, Files, Tokenizer};

const TEXTS: [&str; 4] = [
    "",
    "A plain sentence, with CAPITALS and numb3rs.",
    "寺子屋で 読み書きを習う。[MASK]",
    "e\u{301}\u{200d}👩‍🏫\u{0}\r\n\u{3000}",
];
const MAX_LENGTH: usize = 16;

fuzz_target!(|data: &[u8]| {
    for name in ["tokenizer.json", "vocab.txt"] {
        let files = Files::from([(name.to_owned(), data.to_vec())]);
        let Ok(tokenizer) = Tokenizer::from_files(&files) else {
            continue;
        };
        for text in TEXTS {
            for pair in [None, Some("b")] {
                let options = EncodeOptions::max_length(MAX_LENGTH);
                let Ok(encoding) = tokenizer.encode(text, pair, &options) else {
                    continue;
                };
                assert!(encoding.ids.len() <= MAX_LENGTH);
                let vocab_size = tokenizer.vocab_size();
                assert!(encoding.ids.iter().all(|&id| (id as usize) < vocab_size));
                let length = text.chars().count();
                let spans = encoding.offsets.iter().zip(&encoding.sequence_ids);
                for ((start, end), _) in spans.filter(|(_, sequence)| **sequence == Some(0)) {
                    assert!(start <= end && *end <= length);
                }
            }
        }
    }
});
