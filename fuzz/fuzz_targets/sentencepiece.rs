//! Reads any bytes as a SentencePiece model and encodes a text with what comes of it.
#![no_main]

use libfuzzer_sys::fuzz_target;
use terakoya_fuzz::tokenizer::{EncodeOptions, Files, Tokenizer};

fuzz_target!(|data: &[u8]| {
    let files = Files::from([("spiece.model".to_owned(), data.to_vec())]);
    if let Ok(tokenizer) = Tokenizer::from_files(&files) {
        tokenizer
            .encode("ｱｶﾞ  東京 x\0", None, &EncodeOptions::default())
            .expect("any text encodes");
    }
});
