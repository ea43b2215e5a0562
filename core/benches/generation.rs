//! Measures how long a small GPT-2 takes to continue a text, by the number of new tokens: with its cache a token costs nearly
//! the same wherever it stands (attention reads buffers that grow by 128 tokens), without it each costs more than the last.
//!
//! `cargo bench --workspace --bench generation`; the elements a second are new tokens.

use std::hint::black_box;
use std::time::Duration;

use burn::tensor::{Device, Int, Tensor, TensorData};
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use terakoya_core::batch::Tokens;
use terakoya_core::models::encoder::EncoderModel;
use terakoya_core::models::gpt2::{Gpt2Config, Gpt2Model, KeyValueCache};
use terakoya_core::models::layers::{Dropout, WeightInit};

/// The allocator of the command line, so that its pages are measured too.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn model(device: &Device) -> Gpt2Model {
    let config = Gpt2Config {
        vocab_size: 8000,
        n_embd: 256,
        n_layer: 4,
        n_head: 4,
        ..Gpt2Config::default()
    };
    Gpt2Model::init(&config, &mut WeightInit::new(1, config.initializer_range, device))
}

fn ids(values: Vec<i32>, device: &Device) -> Tensor<2, Int> {
    let count = values.len();
    Tensor::from_data(TensorData::new(values, [1, count]), device)
}

/// The likeliest next token behind the last of `hidden_states`.
fn next(model: &Gpt2Model, hidden_states: Tensor<3>) -> i32 {
    let [_, rows, hidden] = hidden_states.dims();
    let last = hidden_states.slice([0..1, rows - 1..rows]).reshape([1, hidden]);
    let logits = last.matmul(model.word_embeddings().transpose());
    let logits: Vec<f32> = logits.into_data().try_into_vec().expect("f32");
    let best = (0..logits.len()).max_by(|&a, &b| logits[a].total_cmp(&logits[b]));
    best.unwrap_or(0) as i32
}

fn with_cache(model: &Gpt2Model, count: usize, device: &Device) -> i32 {
    let mut cache = KeyValueCache::new(4);
    let mut last = next(model, model.continue_text(ids(vec![5, 17, 3, 99], device), &mut cache));
    for _ in 1..count {
        last = next(model, model.continue_text(ids(vec![last], device), &mut cache));
    }
    last
}

fn without_cache(model: &Gpt2Model, count: usize, device: &Device) -> i32 {
    let mut text = vec![5, 17, 3, 99];
    for _ in 0..count {
        let tokens = Tokens {
            input_ids: ids(text.clone(), device),
            token_type_ids: None,
            position_ids: None,
        };
        let off = &mut Dropout::off();
        let states = model.encode(model.embed(&tokens, off), 0..4, None, off);
        text.push(next(model, states));
    }
    text[text.len() - 1]
}

fn generation(criterion: &mut Criterion) {
    let device = Device::flex();
    let model = model(&device);
    let mut group = criterion.benchmark_group("generate");
    group.sample_size(10).measurement_time(Duration::from_secs(4));
    for count in [32, 64, 128, 256, 512] {
        group.throughput(Throughput::Elements(count as u64));
        group.bench_function(BenchmarkId::new("cache", count), |bencher| {
            bencher.iter(|| black_box(with_cache(&model, count, &device)));
        });
    }
    for count in [32, 128] {
        group.throughput(Throughput::Elements(count as u64));
        group.bench_function(BenchmarkId::new("no cache", count), |bencher| {
            bencher.iter(|| black_box(without_cache(&model, count, &device)));
        });
    }
}

criterion_group!(benches, generation);
criterion_main!(benches);
