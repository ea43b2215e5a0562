//! Measures training and inference of three BERT shapes on the CPU, in texts per second, and what a training step of a task
//! costs at the smallest, that of masked words at the largest too.
//!
//! `cargo bench --workspace --bench throughput` runs all; `-- tiny` one shape, `-- task` the tasks. The same shapes run in PyTorch with
//! `python tests/bench_pytorch.py shape tiny --seq 32 --batch 8` (two threads), whole jobs with its `job` command; run both
//! in turn on a quiet machine. A training step here is forward, backward, clipping and AdamW, as there.

use std::hint::black_box;
use std::time::Duration;

use burn::module::Module;
use burn::tensor::{Device, TensorData};
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use terakoya_core::batch::{Batch, Padding, collate};
use terakoya_core::bio::TagSet;
use terakoya_core::models::bert::BertConfig;
use terakoya_core::models::encoder::ModelConfig;
use terakoya_core::models::gpt2::Gpt2Config;
use terakoya_core::models::layers::{Dropout, WeightInit};
use terakoya_core::optim::{AdamW, AdamWConfig, GradientSum};
use terakoya_core::rows::{Row, Target, WordAt};
use terakoya_core::tasks::Task;
use terakoya_core::tasks::causal_lm::CausalLm;
use terakoya_core::tasks::masked_lm::MaskedLm;
use terakoya_core::tasks::multi_label_classification::MultiLabelClassification;
use terakoya_core::tasks::network::Network;
use terakoya_core::tasks::question_answering::QuestionAnswering;
use terakoya_core::tasks::regression::Regression;
use terakoya_core::tasks::sequence_classification::SequenceClassification;
use terakoya_core::tasks::token_classification::TokenClassification;
use terakoya_core::tokenizer::Encoding;
use terakoya_core::training_config::{Threshold, TrainingConfig};

/// The allocator of the command line, so that its pages are measured too.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const BATCH: usize = 8;
const LENGTHS: [usize; 2] = [32, 128];

fn shape(name: &str) -> ModelConfig {
    let (layers, hidden, heads, vocab_size) = match name {
        "tiny" => (2, 128, 2, 30_522),
        "e5-small" => (12, 384, 12, 32_000),
        _ => (12, 768, 12, 30_522),
    };
    ModelConfig::Bert(BertConfig {
        vocab_size,
        hidden_size: hidden,
        num_hidden_layers: layers,
        num_attention_heads: heads,
        intermediate_size: 4 * hidden,
        ..BertConfig::default()
    })
}

fn task() -> SequenceClassification {
    SequenceClassification::plain(vec!["no".to_owned(), "yes".to_owned()])
}

fn network(name: &str, device: &Device) -> Network {
    let config = shape(name);
    let mut init = WeightInit::new(1, config.sizes().initializer_range, device);
    Network::init(&config, task().head(), &mut init)
}

/// One row for each of the batch, with a label.
fn rows() -> Vec<Row> {
    let row = |label| Row {
        target: Target::Class(label),
        ..Row::default()
    };
    (0..BATCH as u32).map(|number| row(number % 2)).collect()
}

/// Full rows of ids that differ, so that no padding is measured.
fn batch(seq: usize, device: &Device) -> Batch {
    let rows: Vec<Encoding> = (0..BATCH)
        .map(|row| Encoding {
            ids: (0..seq).map(|column| (1000 + 37 * row + 11 * column) as u32).collect(),
            type_ids: vec![0; seq],
            ..Encoding::default()
        })
        .collect();
    let rows: Vec<&Encoding> = rows.iter().collect();
    collate(&rows, Padding::default(), device)
}

fn training(criterion: &mut Criterion) {
    let device = Device::flex().autodiff();
    let mut group = criterion.benchmark_group("train");
    group
        .throughput(Throughput::Elements(BATCH as u64))
        .sample_size(10)
        .measurement_time(Duration::from_secs(8));
    for name in ["tiny", "e5-small", "base"] {
        // Taken out for each step, as the training loop does, so that weights are changed in place.
        let mut network = Some(network(name, &device));
        let mut optimizer = AdamW::new(AdamWConfig {
            beta1: 0.9,
            beta2: 0.999,
            epsilon: 1e-8,
            weight_decay: 0.01,
        });
        let (task, rows) = (task(), rows());
        let rows: Vec<&Row> = rows.iter().collect();
        for seq in LENGTHS {
            let mut step = 0;
            group.bench_function(BenchmarkId::new(name, seq), |bencher| {
                bencher.iter(|| {
                    let batch = batch(seq, &device);
                    let learner = network.take().expect("put back after each step");
                    let mut dropout = Dropout::of_step(42, step);
                    let pass = learner.pass(&batch, &rows, &mut dropout);
                    let value = task.loss(pass, BATCH as f64, &mut dropout);
                    let mut gradients = GradientSum::default();
                    gradients.add(&learner, value.backward());
                    gradients.clip_global_norm(1.0);
                    network = Some(optimizer.step(learner, gradients, 1e-5));
                    step += 1;
                    black_box(value.into_scalar::<f32>())
                });
            });
        }
    }
}

/// A task, with a model of the shape `size` (a GPT-2 for `causal-lm`) and targets for rows of `seq` tokens.
fn task_rows(name: &str, size: &str, seq: usize) -> (ModelConfig, Box<dyn Task>, Vec<Row>) {
    let words = |positions: Vec<usize>| {
        let word = |position: usize| WordAt {
            position: position as u32,
            id: (500 + 3 * position) as u32,
        };
        Target::Words(positions.into_iter().map(word).collect())
    };
    // The smallest, and GPT-2's own shape with as many words as the Japanese tokenizer at hand has.
    let (n_layer, n_embd, n_head, vocab_size) = match size {
        "tiny" => (2, 128, 2, 30_522),
        _ => (12, 768, 12, 8_000),
    };
    let causal = ModelConfig::Gpt2(Gpt2Config {
        vocab_size,
        n_embd,
        n_layer,
        n_head,
        n_positions: 512,
        ..Gpt2Config::default()
    });
    let (config, task, target): (_, Box<dyn Task>, _) = match name {
        "multi-label-classification" => {
            let labels = (0..28).map(|number| number.to_string()).collect();
            let task = MultiLabelClassification::new(labels, Threshold::Fixed(0.5)).expect("no label is named");
            (shape(size), Box::new(task), Target::Classes([1, 5].into()))
        }
        "regression" => (shape(size), Box::new(Regression::new(5.0)), Target::Value(2.5)),
        "token-classification" => {
            let tags = TagSet::of_types(["corporation", "group", "location", "person", "product", "work"]);
            let target = Target::Tags((0..seq as u32).map(|token| Some(token % 13)).collect());
            (shape(size), Box::new(TokenClassification::plain(tags)), target)
        }
        "question-answering" => {
            let task = QuestionAnswering::new(&TrainingConfig::default());
            (shape(size), Box::new(task), Target::Span([3, 5]))
        }
        "masked-lm" => {
            // 15 % of the tokens.
            let hidden = (0..seq * 15 / 100).map(|number| number * 6).collect();
            (shape(size), Box::new(MaskedLm::plain()), words(hidden))
        }
        "causal-lm" => (causal, Box::new(CausalLm::new(seq)), words((0..seq - 1).collect())),
        _ => (shape(size), Box::new(task()), Target::Class(1)),
    };
    let row = || Row {
        target: target.clone(),
        ..Row::default()
    };
    (config, task, (0..BATCH).map(|_| row()).collect())
}

fn tasks(criterion: &mut Criterion) {
    const SEQ: usize = 128;
    let device = Device::flex().autodiff();
    let mut group = criterion.benchmark_group("task");
    group.sample_size(10).measurement_time(Duration::from_secs(8));
    for (size, name) in [
        ("tiny", "sequence-classification"),
        ("tiny", "multi-label-classification"),
        ("tiny", "regression"),
        ("tiny", "token-classification"),
        ("tiny", "question-answering"),
        ("tiny", "masked-lm"),
        ("tiny", "causal-lm"),
        // What a word costs beside the layers depends on their width.
        ("base", "sequence-classification"),
        ("base", "masked-lm"),
        ("base", "causal-lm"),
    ] {
        let (config, task, rows) = task_rows(name, size, SEQ);
        let mut init = WeightInit::new(1, config.sizes().initializer_range, &device);
        let mut network = Some(Network::init(&config, task.head(), &mut init));
        let mut optimizer = AdamW::new(AdamWConfig {
            beta1: 0.9,
            beta2: 0.999,
            epsilon: 1e-8,
            weight_decay: 0.01,
        });
        let rows: Vec<&Row> = rows.iter().collect();
        let targets: Vec<&Target> = rows.iter().map(|row| &row.target).collect();
        let weight = task.weight(&targets);
        let mut step = 0;
        group.bench_function(BenchmarkId::new(name, size), |bencher| {
            bencher.iter(|| {
                let batch = batch(SEQ, &device);
                let learner = network.take().expect("put back after each step");
                let mut dropout = Dropout::of_step(42, step);
                let pass = learner.pass(&batch, &rows, &mut dropout);
                let value = task.loss(pass, weight, &mut dropout);
                let mut gradients = GradientSum::default();
                gradients.add(&learner, value.backward());
                gradients.clip_global_norm(1.0);
                network = Some(optimizer.step(learner, gradients, 1e-5));
                step += 1;
                black_box(value.into_scalar::<f32>())
            });
        });
    }
}

fn inference(criterion: &mut Criterion) {
    let device = Device::flex();
    let mut group = criterion.benchmark_group("infer");
    group
        .throughput(Throughput::Elements(BATCH as u64))
        .sample_size(10)
        .measurement_time(Duration::from_secs(5));
    for name in ["tiny", "e5-small", "base"] {
        let network = network(name, &device).valid();
        let (task, rows) = (task(), rows());
        let rows: Vec<&Row> = rows.iter().collect();
        for seq in LENGTHS {
            group.bench_function(BenchmarkId::new(name, seq), |bencher| {
                bencher.iter(|| {
                    let pass = network.pass(&batch(seq, &device), &rows, &mut Dropout::off());
                    let data: TensorData = task.outputs(pass).into_data();
                    black_box(data)
                });
            });
        }
    }
}

criterion_group!(benches, training, tasks, inference);
criterion_main!(benches);
