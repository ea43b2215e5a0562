//! Compares a model with PyTorch: hidden states, logits, losses, every gradient, ten optimizer steps.
//!
//! Natively `tests/parity.rs` asks for it, in a browser the program `checks` of the web crate, with the same files.

use std::collections::BTreeMap;

use burn::module::Module;
use burn::tensor::{Device, Int, Tensor, TensorData};
use safetensors::SafeTensors;
use terakoya_core::batch::{Batch, Inputs, Positions, Tokens, token_positions};
use terakoya_core::bundle::Bundle;
use terakoya_core::device::is_cpu;
use terakoya_core::examples::host_values;
use terakoya_core::loss::CrossEntropy;
use terakoya_core::models::layers::{Dropout, WeightInit, attention_bias};
use terakoya_core::optim::{AdamW, AdamWConfig, GradientSum};
use terakoya_core::rows::{Row, Target, WordAt};
use terakoya_core::schedule::{LrSchedule, Schedule};
use terakoya_core::tasks::features::Pooling;
use terakoya_core::tasks::network::{HeadKind, Network};
use terakoya_core::tasks::sequence_classification::SequenceClassification;
use terakoya_core::tasks::{Task, TaskKind};
use terakoya_core::tokenizer::{Encoding, Files};
use terakoya_core::weights::{Checkpoint, Lacking, load, parameter_names, save, transpose};

/// The bounds of the design: f32 on the CPU, and on a GPU, whose exp, erf and tanh round differently.
struct Tolerance {
    /// Absolute, of hidden states and logits.
    forward: f32,
    /// Of the model's largest gradient.
    gradient: f32,
    /// Relative, of losses.
    loss: f32,
    /// Absolute, of weights after ten steps of at most 1e-3: on the CPU a tenth of the largest step.
    weights: f32,
}

const CPU: Tolerance = Tolerance {
    forward: 1e-4,
    gradient: 1e-4,
    loss: 1e-4,
    weights: 1e-4,
};
const GPU: Tolerance = Tolerance {
    forward: 1e-3,
    gradient: 1e-3,
    loss: 1e-3,
    weights: 1e-3,
};

/// Adam divides the rounding noise of a parameter whose true gradient is zero, such as a key bias, by itself: it moves by up
/// to the sum of the learning rates, 0.005, in either direction.
const IDLE_DRIFT: f32 = 0.0101;
/// Below this a gradient is noise; the recipe of the fixtures makes sure that none that counts is as small.
const IDLE_GRADIENT: f32 = 1e-5;

/// A model with what PyTorch made of it.
pub struct Fixture {
    network: Network,
    task: Box<dyn Task>,
    positions: Positions,
    tensors: BTreeMap<String, (Vec<usize>, Vec<f32>)>,
    reference: serde_json::Value,
    device: Device,
    tolerance: Tolerance,
}

impl Fixture {
    /// The fixture whose files `bytes` gives by their names, its model on `device`.
    pub fn new(bytes: impl Fn(&str) -> Vec<u8>, device: &Device) -> Self {
        let files = ["config.json", "model.safetensors"].map(|file| (file.to_owned(), bytes(file)));
        let mut bundle = Bundle::read(Files::from(files)).expect("the fixture is a bundle");
        let shards = bundle.take_weights().expect("weights");
        let checkpoint = Checkpoint::read(&shards).expect("safetensors");
        let device = device.clone().autodiff();
        let task = (bundle.task().expect("a task").definition().of_bundle)(&bundle).expect("labels");
        let network = Network::init(
            &bundle.model_config,
            task.head(),
            &mut WeightInit::new(0, 0.02, &device),
        );
        let mut report = Default::default();
        let network = load(network, &checkpoint, Lacking::Head, &mut report).expect("weights fit");
        assert_eq!(report.initialised, Vec::<String>::new());
        assert_eq!(
            report.used.len(),
            checkpoint.len(),
            "every tensor of the checkpoint is used"
        );
        let tolerance = if is_cpu(&device) { CPU } else { GPU };
        Self {
            network,
            task,
            positions: bundle.model_config.positions(),
            tensors: floats(&bytes("reference.safetensors")),
            reference: serde_json::from_slice(&bytes("reference.json")).expect("reference.json"),
            device,
            tolerance,
        }
    }

    fn batch(&self) -> Batch {
        let (shape, ids) = &self.tensors["input_ids"];
        let [batch, seq] = [shape[0], shape[1]];
        let int = |values: &[f32]| -> Tensor<2, Int> {
            let values: Vec<i32> = values.iter().map(|&value| value as i32).collect();
            Tensor::from_data(TensorData::new(values, [batch, seq]), &self.device)
        };
        let mask = TensorData::new(self.tensors["attention_mask"].1.clone(), [batch, seq]);
        let attention_mask = Tensor::from_data(mask, &self.device);
        Batch {
            inputs: Inputs::Tokens(Tokens {
                input_ids: int(ids),
                token_type_ids: Some(int(&self.tensors["token_type_ids"].1)),
                position_ids: self.position_ids(ids, seq).as_deref().map(int),
            }),
            attention_bias: Some(attention_bias(attention_mask.clone())),
            attention_mask,
        }
    }

    fn position_ids(&self, ids: &[f32], seq: usize) -> Option<Vec<f32>> {
        let Positions::Tokens { padding } = self.positions else {
            return None;
        };
        let ids: Vec<i32> = ids.iter().map(|&id| id as i32).collect();
        let positions = token_positions(&ids, seq, padding as i32).into_iter();
        Some(positions.map(|position| position as f32).collect())
    }

    fn rows(&self) -> Vec<Row> {
        let (shape, labels) = &self.tensors["labels"];
        let target = |values: &[f32]| match self.task.kind() {
            TaskKind::Regression => Target::Value(values[0]),
            TaskKind::MultiLabelClassification => {
                let right = (0..).zip(values).filter(|(_, value)| **value == 1.0);
                Target::Classes(right.map(|(label, _)| label).collect())
            }
            TaskKind::TokenClassification => {
                let tag = |&value: &f32| (value >= 0.0).then_some(value as u32);
                Target::Tags(values.iter().map(tag).collect())
            }
            TaskKind::QuestionAnswering => Target::Span([values[0] as u32, values[1] as u32]),
            TaskKind::MaskedLm => words(values),
            TaskKind::CausalLm => words(&values[1..]),
            TaskKind::SequenceClassification if values[0] < 0.0 => Target::None,
            TaskKind::SequenceClassification => Target::Class(values[0] as u32),
        };
        // Of the encodings only the lengths count, by which padding is known.
        let (mask_shape, mask) = &self.tensors["attention_mask"];
        let lengths = mask.chunks(mask_shape[1]).map(|row| row.iter().sum::<f32>() as usize);
        let row = |(target, length)| Row {
            encoding: Encoding {
                ids: vec![0; length],
                ..Encoding::default()
            },
            target,
        };
        let targets = labels.chunks(labels.len() / shape[0]).map(target);
        targets.zip(lengths).map(row).collect()
    }

    fn loss_of(&self, network: &Network, task: &dyn Task) -> Tensor<1> {
        let rows = self.rows();
        let rows: Vec<&Row> = rows.iter().collect();
        let targets: Vec<&Target> = rows.iter().map(|row| &row.target).collect();
        let mut dropout = Dropout::off();
        let pass = network.pass(&self.batch(), &rows, &mut dropout);
        task.loss(pass, task.weight(&targets), &mut dropout)
    }

    fn assert_close(&self, what: &str, found: &[f32], expected: &[f32], tolerance: f32) {
        assert_eq!(found.len(), expected.len(), "{what}");
        let difference = found
            .iter()
            .zip(expected)
            .map(|(a, b)| (a - b).abs())
            .fold(0.0, f32::max);
        assert!(
            difference <= tolerance,
            "{what} differs by {difference}, more than {tolerance}"
        );
    }

    fn assert_relative(&self, what: &str, found: f64, expected: f64) {
        let difference = ((found - expected) / expected).abs() as f32;
        assert!(difference <= self.tolerance.loss, "{what}: {found}, not {expected}");
    }

    async fn check_forward(&self) {
        let network = &self.network;
        let batch = self.batch();
        let layers = network.sizes().num_hidden_layers;
        for layer in 0..=layers {
            let name = format!("hidden_states.{layer}");
            let states = network.encoder.hidden_states(&batch, layer, &mut Dropout::off());
            self.assert_close(
                &name,
                &host(states).await,
                &self.tensors[&name].1,
                self.tolerance.forward,
            );
        }
        if let Some((_, expected)) = self.tensors.get("pooler_output") {
            let states = network.encoder.hidden_states(&batch, layers, &mut Dropout::off());
            let head = network.head.classification();
            let pooled = head.pooled_output(states, &mut Dropout::off());
            self.assert_close("pooler_output", &host(pooled).await, expected, self.tolerance.forward);
        }
        self.check_vectors(&batch).await;
        let rows = self.rows();
        let rows: Vec<&Row> = rows.iter().collect();
        let pass = network.pass(&batch, &rows, &mut Dropout::off());
        let logits = match self.task.head() {
            HeadKind::MaskedLm | HeadKind::CausalLm => {
                let [batch, seq, hidden] = pass.hidden_states.dims();
                let states = pass.hidden_states.reshape([batch * seq, hidden]);
                let words = network.head.vocabulary(states, network.encoder.word_embeddings());
                words.states.matmul(words.table.transpose()) + words.bias.unsqueeze()
            }
            _ => self.task.outputs(pass),
        };
        self.assert_close(
            "logits",
            &host(logits).await,
            &self.tensors["logits"].1,
            self.tolerance.forward,
        );
    }

    /// What `embed` makes of the last hidden states: means without padding, and first tokens.
    async fn check_vectors(&self, batch: &Batch) {
        let layers = self.network.sizes().num_hidden_layers;
        let (shape, expected) = &self.tensors[&format!("hidden_states.{layers}")];
        let [seq, hidden] = [shape[1], shape[2]];
        let (mut means, mut firsts) = (Vec::new(), Vec::new());
        let masks = self.tensors["attention_mask"].1.chunks(seq);
        for (tokens, mask) in expected.chunks(seq * hidden).zip(masks) {
            firsts.extend_from_slice(&tokens[..hidden]);
            let kept = || tokens.chunks(hidden).zip(mask).filter(|(_, mask)| **mask == 1.0);
            let mean = |at: usize| kept().map(|(token, _)| token[at]).sum::<f32>() / kept().count() as f32;
            means.extend((0..hidden).map(mean));
        }
        let encoder = &self.network.encoder;
        for (pooling, expected) in [(Pooling::Mean, means), (Pooling::Cls, firsts)] {
            let states = encoder.hidden_states(batch, layers, &mut Dropout::off());
            let found = host(pooling.forward(states, batch.attention_mask.clone())).await;
            self.assert_close(&format!("{pooling:?}"), &found, &expected, self.tolerance.forward);
        }
    }

    async fn check_losses(&self) {
        let whole = host(self.loss_of(&self.network, &*self.task)).await[0];
        self.assert_relative("loss", whole.into(), number(&self.reference["loss"]));
        let Some(weights) = self.reference["class_weights"].as_array() else {
            return;
        };
        let weights: Vec<f32> = weights.iter().map(|w| number(w) as f32).collect();
        let smoothing = number(&self.reference["label_smoothing"]) as f32;
        let plain = vec![1.0; weights.len()];
        for (key, class_weights, label_smoothing) in [
            ("loss_label_smoothing", &plain, smoothing),
            ("loss_class_weights", &weights, 0.0),
            ("loss_both", &weights, smoothing),
        ] {
            let loss = CrossEntropy {
                class_weights: class_weights.clone(),
                label_smoothing,
            };
            let task = SequenceClassification::new(self.task.labels().to_vec(), loss);
            let found = host(self.loss_of(&self.network, &task)).await[0];
            self.assert_relative(key, found.into(), number(&self.reference[key]));
        }
    }

    async fn gradients(&self, network: &Network) -> (f64, GradientSum) {
        let loss = self.loss_of(network, &*self.task);
        let mut gradients = GradientSum::default();
        gradients.add(network, loss.backward());
        for (path, elements) in network.padding_rows() {
            gradients.clear(&path, elements);
        }
        (host(loss).await[0].into(), gradients)
    }

    async fn check_gradients(&self) {
        let (_, gradients) = self.gradients(&self.network).await;
        let all = self.tensors.iter().filter(|(name, _)| name.starts_with("grad."));
        let largest = all
            .flat_map(|(_, (_, values))| values)
            .fold(0f32, |most, value| most.max(value.abs()));
        for parameter in parameter_names(&self.network) {
            let name = format!("grad.{}", parameter.name);
            let grad = gradients
                .get(&parameter.path)
                .unwrap_or_else(|| panic!("no gradient for {name}"));
            let mut found = host(grad.clone()).await;
            if parameter.transposed {
                found = transpose(&found, parameter.shape[1], parameter.shape[0]);
            }
            self.assert_close(&name, &found, &self.tensors[&name].1, self.tolerance.gradient * largest);
        }
    }

    async fn check_ten_steps(&self) {
        let recipe = &self.reference["recipe"];
        let config = AdamWConfig {
            beta1: number(&recipe["betas"][0]),
            beta2: number(&recipe["betas"][1]),
            epsilon: number(&recipe["epsilon"]),
            weight_decay: number(&recipe["weight_decay"]),
        };
        let curve = self.reference["curve"].as_array().expect("a curve");
        let schedule = Schedule {
            kind: LrSchedule::Linear,
            peak: number(&recipe["learning_rate"]),
            warmup_steps: number(&recipe["warmup_steps"]) as usize,
            total_steps: curve.len(),
        };
        let mut optimizer = AdamW::new(config);
        let mut network = self.network.clone();
        for (step, expected) in curve.iter().enumerate() {
            let (loss, mut gradients) = self.gradients(&network).await;
            self.assert_relative(&format!("loss of step {step}"), loss, number(&expected["loss"]));
            let norm = gradients
                .clip_global_norm(number(&recipe["max_grad_norm"]))
                .expect("gradients");
            let norm = f64::from(host(norm).await[0]);
            self.assert_relative(&format!("norm of step {step}"), norm, number(&expected["grad_norm"]));
            let learning_rate = schedule.learning_rate(step);
            self.assert_relative(
                "1 + learning rate",
                1.0 + learning_rate,
                1.0 + number(&expected["learning_rate"]),
            );
            network = optimizer.step(network, gradients, learning_rate);
        }
        let saved = save(&network.valid()).await.expect("weights are read back");
        for (name, (_, values)) in floats(&saved) {
            let (_, gradient) = &self.tensors[&format!("grad.{name}")];
            let expected = &self.tensors[&format!("final.{name}")].1;
            // GPT-2 keeps the biases of queries, keys and values in one tensor.
            let parts = if name.ends_with("c_attn.bias") { 3 } else { 1 };
            let size = values.len() / parts;
            for (part, gradient) in gradient.chunks(size).enumerate() {
                let tolerance = match gradient.iter().all(|value| value.abs() < IDLE_GRADIENT) {
                    true => IDLE_DRIFT,
                    false => self.tolerance.weights,
                };
                let range = part * size..(part + 1) * size;
                let what = format!("final.{name}, part {part}");
                self.assert_close(&what, &values[range.clone()], &expected[range], tolerance);
            }
        }
    }

    /// Compares everything; panics where something differs.
    pub async fn check(&self) {
        self.check_forward().await;
        self.check_losses().await;
        self.check_gradients().await;
        self.check_ten_steps().await;
    }
}

async fn host<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
    host_values(tensor.without_autodiff())
        .await
        .expect("the device answers")
}

fn number(value: &serde_json::Value) -> f64 {
    value.as_f64().expect("a number")
}

/// The ids that some places ask for; below 0 none.
fn words(ids: &[f32]) -> Target {
    let asked = (0..).zip(ids).filter(|(_, id)| **id >= 0.0);
    let word = |(position, &id): (u32, &f32)| WordAt {
        position,
        id: id as u32,
    };
    Target::Words(asked.map(word).collect())
}

/// Every tensor of a safetensors file as f32; integers too.
fn floats(bytes: &[u8]) -> BTreeMap<String, (Vec<usize>, Vec<f32>)> {
    let file = SafeTensors::deserialize(bytes).expect("safetensors");
    let value = |view: &safetensors::tensor::TensorView| -> Vec<f32> {
        match view.dtype() {
            safetensors::Dtype::I64 => {
                let chunks = view.data().as_chunks::<8>().0.iter();
                chunks.map(|bytes| i64::from_le_bytes(*bytes) as f32).collect()
            }
            _ => {
                let chunks = view.data().as_chunks::<4>().0.iter();
                chunks.map(|bytes| f32::from_le_bytes(*bytes)).collect()
            }
        }
    };
    let tensors = file.tensors().into_iter();
    tensors
        .map(|(name, view)| (name, (view.shape().to_vec(), value(&view))))
        .collect()
}
