//! Reads any bytes as the four files of a dictionary that MeCab compiled.
#![no_main]

use libfuzzer_sys::fuzz_target;
use terakoya_fuzz::tokenizer::Files;
use terakoya_fuzz::tokenizer::dictionary::Dictionary;

fuzz_target!(|parts: (Vec<u8>, Vec<u8>, Vec<u8>, Vec<u8>)| {
    let (sys, unk, matrix, characters) = parts;
    // The first word of a dictionary file is its size in disguise: without it nothing else would be read.
    let sealed = |mut bytes: Vec<u8>| {
        let size = (bytes.len() as u32 ^ 0xef71_8f77).to_le_bytes();
        if let Some(first) = bytes.first_chunk_mut() {
            *first = size;
        }
        bytes
    };
    let files = Files::from([
        ("sys.dic".to_owned(), sealed(sys)),
        ("unk.dic".to_owned(), sealed(unk)),
        ("matrix.bin".to_owned(), matrix),
        ("char.bin".to_owned(), characters),
    ]);
    if let Ok(dictionary) = Dictionary::from_compiled("fuzz", &files) {
        dictionary.words("東京都に😀 ab\u{301}");
    }
});
