//! Opens a model folder whose model.safetensors holds arbitrary bytes: header, shapes, types and values are all read.
//!
//! config.json is that of the smallest parity fixture, so that a mutated copy of its weights gets far.

#![no_main]

use libfuzzer_sys::fuzz_target;
use terakoya_core::device::ComputeDevice;
use terakoya_core::session::Session;
use terakoya_core::tokenizer::Files;

const CONFIG: &[u8] = include_bytes!("../../tests/fixtures/parity/single/config.json");
const VOCABULARY: &[u8] = b"[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\na\n";

fuzz_target!(|data: &[u8]| {
    let files = Files::from([
        ("config.json".to_owned(), CONFIG.to_vec()),
        ("vocab.txt".to_owned(), VOCABULARY.to_vec()),
        ("model.safetensors".to_owned(), data.to_vec()),
    ]);
    if let Ok(session) = Session::open(files, None, ComputeDevice::cpu("fuzzing")) {
        assert!(session.inspect().parameters > 0);
    }
});
