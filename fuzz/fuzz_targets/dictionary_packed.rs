//! Reads any bytes as a packed dictionary; the checksum is made right, so that what follows it is reached.
//!
//! The first byte says where the bytes go: over the whole body, or over what follows the table of character classes in a
//! small sound dictionary, which is longer than what is tried.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use terakoya_fuzz::tokenizer::Files;
use terakoya_fuzz::tokenizer::dictionary::{Dictionary, pack};

const HEADER: usize = 16;

/// The packed dictionary of the tests, without gzip, up to the end of its character classes.
static BEGINNING: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let files = [
        (
            "sys.dic",
            include_bytes!("../../tests/fixtures/dictionary/sys.dic").as_slice(),
        ),
        ("unk.dic", include_bytes!("../../tests/fixtures/dictionary/unk.dic")),
        (
            "matrix.bin",
            include_bytes!("../../tests/fixtures/dictionary/matrix.bin"),
        ),
        ("char.bin", include_bytes!("../../tests/fixtures/dictionary/char.bin")),
    ];
    let files: Files = files
        .into_iter()
        .map(|(name, bytes)| (name.to_owned(), bytes.to_vec()))
        .collect();
    let gzip = pack("fuzz", &files, "").expect("the fixture is sound");
    let mut packed = Vec::new();
    std::io::Read::read_to_end(&mut flate2::read::GzDecoder::new(gzip.as_slice()), &mut packed).expect("just packed");
    let table = 1 << 16;
    let classes = packed
        .windows(table)
        .position(|window| window.iter().all(|&class| class < 8));
    packed.truncate(classes.expect("classes are few") + table);
    packed
});

fuzz_target!(|data: &[u8]| {
    let _ = Dictionary::from_packed(data);
    let Some((&first, rest)) = data.split_first() else {
        return;
    };
    let mut file = match first % 4 {
        0 => BEGINNING[..HEADER].to_vec(),
        _ => BEGINNING.clone(),
    };
    file.extend(rest);
    let mut crc = flate2::Crc::new();
    crc.update(&file[HEADER..]);
    file[HEADER - 4..HEADER].copy_from_slice(&crc.sum().to_le_bytes());
    if let Ok(dictionary) = Dictionary::from_packed(&file) {
        dictionary.words("東京都に😀 ab\u{301}");
    }
});
