//! Reads arbitrary bytes as a model folder's config.json, and as the index of a sharded checkpoint.
//!
//! What is read must survive being written: a saved config names the new labels and reads again.

#![no_main]

use libfuzzer_sys::fuzz_target;
use serde_json::Map;
use terakoya_core::bundle::Bundle;
use terakoya_core::tasks::TaskKind;
use terakoya_core::tokenizer::Files;

fuzz_target!(|data: &[u8]| {
    let config = Files::from([("config.json".to_owned(), data.to_vec())]);
    if let Ok(mut bundle) = Bundle::read(config) {
        let labels = ["no".to_owned(), "yes".to_owned()];
        bundle.describe(TaskKind::SequenceClassification, &labels, Map::new());
        let saved = Bundle::read(bundle.to_files()).expect("a config that was read reads again");
        assert_eq!(saved.labels, labels);
    }

    let sharded = Files::from([
        ("config.json".to_owned(), br#"{"model_type":"bert"}"#.to_vec()),
        ("model.safetensors.index.json".to_owned(), data.to_vec()),
        ("model-00001-of-00001.safetensors".to_owned(), Vec::new()),
    ]);
    let mut bundle = Bundle::read(sharded).expect("a config without sizes takes the defaults");
    // An error is as good as shards: only a panic is a find.
    let _ = bundle.take_weights();
});
