//! Compares the models with PyTorch: hidden states, logits, losses, every gradient, ten optimizer steps.
//!
//! The fixtures are made by `make_fixtures.py parity`; `parity/fixture.rs` compares. Everything runs on the CPU; the tests
//! whose names say `gpu` also run on a wgpu adapter where `TERAKOYA_TEST_DEVICE=gpu` is set, and print that they are skipped
//! where it is not. `tests/browser/checks.rs` has Chromium compare the same fixtures.

#[path = "parity/fixture.rs"]
mod fixture;

use std::path::Path;

use burn::tensor::Device;
use fixture::Fixture;
use futures_lite::future::block_on;
use terakoya_core::device::{ComputeDevice, DeviceChoice};

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

/// The fixture on a wgpu adapter, where one is asked for.
fn check_on_gpu(name: &str) {
    if std::env::var("TERAKOYA_TEST_DEVICE").as_deref() != Ok("gpu") {
        println!("skipped: set TERAKOYA_TEST_DEVICE=gpu to run it on a wgpu adapter");
        return;
    }
    let device = block_on(ComputeDevice::open(DeviceChoice::Gpu)).expect("an adapter");
    println!("{}", device.description());
    check(name, device.device());
}

// One adapter is opened once in a process: run these one by one (`-- gpu_pair`).
#[test]
fn gpu_pair() {
    check_on_gpu("pair");
}

#[test]
fn gpu_single() {
    check_on_gpu("single");
}

#[test]
fn gpu_odd_heads() {
    check_on_gpu("odd-heads");
}
