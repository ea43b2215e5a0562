//! Compares the models with PyTorch: hidden states, logits, losses, every gradient, ten optimizer steps.
//!
//! The fixtures are made by `make_fixtures.py parity`; `parity/fixture.rs` compares. Everything runs on the CPU; the tests
//! whose names say `gpu` also run on a wgpu adapter where `TERAKOYA_TEST_DEVICE=gpu` is set, and print that they are skipped
//! where it is not. `tests/browser/checks.rs` has Chromium compare the same fixtures.

#[path = "parity/fixture.rs"]
mod fixture;
#[path = "parity/operations.rs"]
mod operations;

use std::path::Path;

use burn::tensor::{Device, Tensor, TensorData};
use fixture::Fixture;
use futures_lite::future::block_on;
use terakoya_core::bundle::Bundle;
use terakoya_core::device::{ComputeDevice, DeviceChoice};
use terakoya_core::examples::host_values;
use terakoya_core::generate::{GenerationConfig, Sampler};
use terakoya_core::models::gpt2::KeyValueCache;
use terakoya_core::models::layers::WeightInit;
use terakoya_core::tasks::network::{HeadKind, Network};
use terakoya_core::tokenizer::Files;
use terakoya_core::weights::{Checkpoint, Lacking, load};

fn check(name: &str, device: &Device) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../tests/fixtures/parity")
        .join(name);
    let fixture = Fixture::new(|file| std::fs::read(folder.join(file)).expect(file), device);
    block_on(fixture.check());
}

#[test]
fn single_text() {
    check("single", &Device::flex());
}

#[test]
fn odd_heads_padded_on_the_left() {
    check("odd-heads", &Device::flex());
}

#[test]
fn pair_with_an_ignored_label() {
    check("pair", &Device::flex());
}

#[test]
fn scores_by_squared_error() {
    check("regression", &Device::flex());
}

#[test]
fn several_labels_by_binary_cross_entropy() {
    check("multi-label", &Device::flex());
}

#[test]
fn roberta_counts_positions_from_its_padding() {
    check("roberta", &Device::flex());
}

#[test]
fn xlm_roberta_with_one_output() {
    check("xlm-roberta", &Device::flex());
}

#[test]
fn tags_of_tokens() {
    check("tokens", &Device::flex());
}

#[test]
fn tags_of_tokens_by_roberta() {
    check("roberta-tokens", &Device::flex());
}

#[test]
fn tags_of_tokens_by_distilbert() {
    check("distilbert-tokens", &Device::flex());
}

#[test]
fn beginnings_and_ends_of_answers() {
    check("answers", &Device::flex());
}

#[test]
fn beginnings_and_ends_of_answers_by_roberta() {
    check("roberta-answers", &Device::flex());
}

#[test]
fn beginnings_and_ends_of_answers_by_distilbert() {
    check("distilbert-answers", &Device::flex());
}

#[test]
fn distilbert_under_its_own_names() {
    check("distilbert", &Device::flex());
}

#[test]
fn hidden_words() {
    check("bert-words", &Device::flex());
}

#[test]
fn hidden_words_by_roberta() {
    check("roberta-words", &Device::flex());
}

#[test]
fn hidden_words_by_distilbert() {
    check("distilbert-words", &Device::flex());
}

#[test]
fn next_words_by_gpt2() {
    check("gpt2", &Device::flex());
}

/// The model of the fixture `gpt2`.
fn gpt2() -> Network {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/fixtures/parity/gpt2");
    let file = |name: &str| (name.to_owned(), std::fs::read(folder.join(name)).expect(name));
    let files = Files::from(["config.json", "model.safetensors"].map(file));
    let mut bundle = Bundle::read(files).expect("the fixture is a bundle");
    let shards = bundle.take_weights().expect("weights");
    let checkpoint = Checkpoint::read(&shards).expect("safetensors");
    let device = Device::flex();
    let mut init = WeightInit::new(0, 0.02, &device);
    let network = Network::init(&bundle.model_config, HeadKind::CausalLm, &mut init);
    load(network, &checkpoint, Lacking::Head, &mut Default::default()).expect("weights fit")
}

fn number(value: &serde_json::Value) -> f64 {
    value.as_f64().expect("a number")
}

/// What transformers' `generate` and its logits processors make of the model of the fixture `gpt2`.
fn generation() -> serde_json::Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/fixtures/parity/gpt2/generation.json");
    serde_json::from_slice(&std::fs::read(path).expect("generation.json")).expect("JSON")
}

fn ids(value: &serde_json::Value) -> Vec<u32> {
    let ids = value.as_array().expect("ids").iter();
    ids.map(|id| id.as_u64().expect("an id") as u32).collect()
}

#[test]
fn greedy_continuations_are_those_of_transformers() {
    let network = gpt2();
    let model = network.encoder.causal().expect("a causal model");
    let reference = generation();
    let most = reference["max_new_tokens"].as_u64().expect("a number") as usize;
    for case in reference["greedy"].as_array().expect("cases") {
        let mut sampler = Sampler::new(GenerationConfig {
            repetition_penalty: number(&case["repetition_penalty"]),
            ..GenerationConfig::default()
        });
        let mut cache = KeyValueCache::new(network.sizes().num_hidden_layers);
        let mut text = ids(&case["prompt"]);
        let prompt = text.len();
        while text.len() < prompt + most && text.get(prompt..).is_none_or(|new| new.last() != Some(&0)) {
            let new: Vec<i32> = text[cache.len()..].iter().map(|&id| id as i32).collect();
            let rows = new.len();
            let new = Tensor::from_data(TensorData::new(new, [1, rows]), &Device::flex());
            let states = model.continue_text(new, &mut cache);
            let [_, _, hidden] = states.dims();
            let last: Tensor<2> = states.slice([0..1, rows - 1..rows]).reshape([1, hidden]);
            let logits = last.matmul(network.encoder.word_embeddings().transpose());
            let logits = block_on(host_values(logits)).expect("the device answers");
            text.push(sampler.choose(logits, &text).expect("numbers"));
        }
        assert_eq!(text[prompt..], ids(&case["continuation"]), "{case}");
    }
}

#[test]
fn filters_leave_what_transformers_leaves() {
    let floats = |value: &serde_json::Value| -> Vec<f32> {
        let values = value.as_array().expect("numbers").iter();
        values.map(|value| number(value) as f32).collect()
    };
    let reference = generation();
    for case in reference["filters"].as_array().expect("cases") {
        let mut options = case["options"].clone();
        if options.get("temperature").is_none() {
            options["temperature"] = serde_json::json!(1.0);
        }
        let config: GenerationConfig = serde_json::from_value(options).expect("options");
        let found = config
            .probabilities(floats(&case["logits"]), &ids(&case["before"]))
            .expect("numbers");
        let expected = floats(&case["probabilities"]);
        for (id, (found, expected)) in found.iter().zip(&expected).enumerate() {
            assert_eq!(*found > 0.0, *expected > 0.0, "token {id} of {}", case["options"]);
            // Ten units in the last place of f32, twice a softmax's own rounding.
            assert!(
                (found - expected).abs() < 1e-6,
                "token {id} of {}: {found}, {expected}",
                case["options"]
            );
        }
    }
}

/// A wgpu adapter, where one is asked for.
fn gpu() -> Option<ComputeDevice> {
    if std::env::var("TERAKOYA_TEST_DEVICE").as_deref() != Ok("gpu") {
        println!("skipped: set TERAKOYA_TEST_DEVICE=gpu to run it on a wgpu adapter");
        return None;
    }
    let device = block_on(ComputeDevice::open(DeviceChoice::Gpu)).expect("an adapter");
    println!("{}", device.description());
    Some(device)
}

/// The fixture on a wgpu adapter, where one is asked for.
fn check_on_gpu(name: &str) {
    if let Some(device) = gpu() {
        check(name, device.device());
    }
}

// One adapter is opened once in a process: `cargo xtask test --only gpu` runs these one by one.
#[test]
fn gpu_operations() {
    if let Some(device) = gpu() {
        block_on(operations::compare(device.device()));
    }
}

#[test]
fn gpu_buffers_are_counted() {
    assert_eq!(ComputeDevice::cpu("no buffers").buffer_bytes(), 0);
    if let Some(device) = gpu() {
        let ones = Tensor::<2>::ones([1024, 2048], device.device());
        device.device().sync().expect("the adapter answers");
        let bytes = device.buffer_bytes();
        assert!(
            (8 << 20..1 << 30).contains(&bytes),
            "{bytes} bytes for a tensor of 8 MiB"
        );
        drop(ones);
    }
}

#[test]
fn gpu_pair() {
    check_on_gpu("pair");
}

#[test]
fn gpu_next_words() {
    check_on_gpu("gpt2");
}

#[test]
fn gpu_hidden_words() {
    check_on_gpu("bert-words");
}

#[test]
fn gpu_single() {
    check_on_gpu("single");
}

#[test]
fn gpu_odd_heads() {
    check_on_gpu("odd-heads");
}
