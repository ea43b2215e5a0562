//! Reads any bytes as a user dictionary beside the small dictionary of the tests, and cuts a text with what comes of it.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use terakoya_fuzz::tokenizer::Files;
use terakoya_fuzz::tokenizer::dictionary::Dictionary;

static DICTIONARY: LazyLock<Dictionary> = LazyLock::new(|| {
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
    Dictionary::from_compiled("fuzz", &files).expect("the fixture is sound")
});

fuzz_target!(|data: &[u8]| {
    if let Ok(dictionary) = DICTIONARY.clone().with_user_entries(data) {
        for text in ["東京都に😀 ab\u{301}", &String::from_utf8_lossy(data)] {
            let words = dictionary.words(text);
            assert!(words.windows(2).all(|pair| pair[0].end <= pair[1].start));
        }
    }
});
