//! Takes the time of training steps, natively for `core/benches/step.rs` and in a browser for the program `checks` of the
//! web crate: forward, backward, clipping, AdamW, and the loss read back, as the training loop does it.

use std::ops::Range;

use burn::tensor::Device;
use terakoya_core::batch::{Batch, Padding, collate};
use terakoya_core::examples::host_values;
use terakoya_core::models::bert::BertConfig;
use terakoya_core::models::encoder::ModelConfig;
use terakoya_core::models::layers::{Dropout, WeightInit};
use terakoya_core::optim::{AdamW, AdamWConfig, GradientSum};
use terakoya_core::rows::{Row, Target};
use terakoya_core::tasks::Task;
use terakoya_core::tasks::network::Network;
use terakoya_core::tasks::sequence_classification::SequenceClassification;
use terakoya_core::tokenizer::Encoding;
use terakoya_core::train::{Collective, Groups, all_reduce};

/// What is trained, and how often.
struct Shape {
    layers: usize,
    hidden: usize,
    heads: usize,
    vocab: usize,
    batch: usize,
    seq: usize,
    /// Steps before the clock counts, and counted ones.
    steps: [usize; 2],
}

/// `tiny`: 2 layers × 128, batch 8 × 64, for CPUs. `micro`: 2 layers × 32, batch 4 × 16, for adapters in software.
fn shape(name: &str) -> Shape {
    match name {
        "tiny" => Shape {
            layers: 2,
            hidden: 128,
            heads: 2,
            vocab: 8_000,
            batch: 8,
            seq: 64,
            steps: [5, 30],
        },
        "micro" => Shape {
            layers: 2,
            hidden: 32,
            heads: 2,
            vocab: 200,
            batch: 4,
            seq: 16,
            steps: [2, 6],
        },
        name => panic!("there is no shape {name:?}"),
    }
}

/// The fastest and the middle step, in milliseconds; `now` is a clock in milliseconds. `replicas` share each step.
pub async fn measure(
    name: &str,
    device: &Device,
    now: &dyn Fn() -> f64,
    replicas: &mut dyn Collective,
) -> serde_json::Value {
    let shape = shape(name);
    let device = device.clone().autodiff();
    let task = SequenceClassification::plain(vec!["no".to_owned(), "yes".to_owned()]);
    let mut network = network(&shape, &task, &device);
    let mut optimizer = AdamW::new(AdamWConfig {
        beta1: 0.9,
        beta2: 0.999,
        epsilon: 1e-8,
        weight_decay: 0.01,
    });
    let row = |number| Row {
        target: Target::Class(number % 2),
        ..Row::default()
    };
    let rows: Vec<Row> = (0..shape.batch as u32).map(row).collect();
    let share = replicas.share();
    let rows: Vec<&Row> = rows[share.rows(shape.batch)].iter().collect();
    let groups = Groups::of(&network);
    let mut times = Vec::new();
    let [before, counted] = shape.steps;
    for step in 0..before + counted {
        let start = now();
        let own = share.rows(shape.batch);
        let mut dropout = Dropout::of_step(42, step as u64).from_row(own.start);
        let batch = batch(&shape, own, &device);
        let pass = network.pass(&batch, &rows, &mut dropout);
        let loss = task.loss(pass, shape.batch as f64, &mut dropout);
        let mut gradients = GradientSum::default();
        gradients.add(&network, loss.backward());
        let mut loss = loss.without_autodiff();
        if share.replicas > 1 {
            let mut own = gradients.into_parameters();
            own.insert("loss".to_owned(), loss);
            let summed = all_reduce(own, &groups, replicas, &device.clone().inner()).await;
            let mut summed = summed.expect("the device answers").expect("no replica is lost");
            loss = summed.remove("loss").expect("it was sent");
            gradients = GradientSum::of_parameters(summed);
        }
        gradients.clip_global_norm(1.0);
        network = optimizer.step(network, gradients, 1e-5);
        let loss = host_values(loss).await.expect("the device answers");
        assert!(loss[0].is_finite(), "the loss is {}", loss[0]);
        times.push(now() - start);
    }
    let mut times = times.split_off(before);
    times.sort_by(f64::total_cmp);
    serde_json::json!({ "fastest": times[0], "middle": times[counted / 2] })
}

fn network(shape: &Shape, task: &SequenceClassification, device: &Device) -> Network {
    let config = ModelConfig::Bert(BertConfig {
        vocab_size: shape.vocab,
        hidden_size: shape.hidden,
        num_hidden_layers: shape.layers,
        num_attention_heads: shape.heads,
        intermediate_size: 4 * shape.hidden,
        ..BertConfig::default()
    });
    let mut init = WeightInit::new(1, config.sizes().initializer_range, device);
    Network::init(&config, task.head(), &mut init)
}

/// Full rows of ids that differ, so that no padding is measured.
fn batch(shape: &Shape, rows: Range<usize>, device: &Device) -> Batch {
    let id = |row: usize, column: usize| ((37 * row + 11 * column) % shape.vocab) as u32;
    let rows: Vec<Encoding> = rows
        .map(|row| Encoding {
            ids: (0..shape.seq).map(|column| id(row, column)).collect(),
            type_ids: vec![0; shape.seq],
            ..Encoding::default()
        })
        .collect();
    let rows: Vec<&Encoding> = rows.iter().collect();
    collate(&rows, Padding::default(), device)
}
