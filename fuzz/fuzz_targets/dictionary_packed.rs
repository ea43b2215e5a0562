//! Reads any bytes as a packed dictionary; the checksum is made right, so that what follows it is reached.
#![no_main]

use libfuzzer_sys::fuzz_target;
use terakoya_core::tokenizer::dictionary::Dictionary;

fuzz_target!(|data: &[u8]| {
    let _ = Dictionary::from_packed(data);
    let mut file = b"TERADICT\x01\0\0\0".to_vec();
    let mut crc = flate2::Crc::new();
    crc.update(data);
    file.extend(crc.sum().to_le_bytes());
    file.extend(data);
    if let Ok(dictionary) = Dictionary::from_packed(&file) {
        dictionary.words("東京都に😀 ab\u{301}");
    }
});
