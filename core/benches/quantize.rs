//! Measures how fast a quantised table of words (32,000 × 384, as in e5-small) becomes f32, and how fast it is made.
//!
//! `cargo bench --workspace --bench quantize`; the throughput counts the bytes of the f32 values.

use std::collections::BTreeMap;
use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use safetensors::tensor::{Dtype, TensorView};
use terakoya_core::quantize::{quantize, read_tensors};
use terakoya_core::tokenizer::Files;

/// The allocator of the command line, so that its pages are measured too.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const NAME: &str = "embeddings.word_embeddings.weight";
const SHAPE: [usize; 2] = [32_000, 384];

/// A folder with one table, whose values lie on no grid.
fn folder() -> Files {
    let count = (SHAPE[0] * SHAPE[1]) as u32;
    let draw = |index: u32| (index.wrapping_mul(2_654_435_761) >> 8) as f32 / (1 << 24) as f32 - 0.5;
    let bytes: Vec<u8> = (0..count).flat_map(|index| draw(index).to_le_bytes()).collect();
    let view = TensorView::new(Dtype::F32, SHAPE.to_vec(), &bytes).expect("as many values as the shape says");
    let weights = safetensors::serialize([(NAME, view)], None).expect("a file");
    let config = r#"{"model_type":"bert","vocab_size":32000,"hidden_size":384,"num_attention_heads":12}"#;
    BTreeMap::from([
        ("config.json".to_owned(), config.as_bytes().to_vec()),
        ("model.safetensors".to_owned(), weights),
    ])
}

fn table(criterion: &mut Criterion) {
    let source = folder();
    let (quantized, _) = quantize(source.clone()).expect("a whole folder");
    let mut group = criterion.benchmark_group("q4_32");
    group
        .throughput(Throughput::Bytes((4 * SHAPE[0] * SHAPE[1]) as u64))
        .sample_size(10);
    group.bench_function("read", |bencher| {
        bencher.iter(|| {
            let tensors = read_tensors("model.safetensors", &quantized["model.safetensors"]).expect("whole");
            black_box(tensors[NAME].to_f32(NAME).expect("weights"))
        });
    });
    group.bench_function("make", |bencher| {
        bencher.iter(|| black_box(quantize(source.clone()).expect("a whole folder")));
    });
    group.finish();
}

criterion_group!(benches, table);
criterion_main!(benches);
