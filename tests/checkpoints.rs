//! Reads every spelling of a checkpoint alike, and hostile bytes without a panic.

use std::path::Path;

use burn::tensor::Device;
use futures_lite::future::block_on;
use proptest::prelude::{Strategy, any, prop, proptest};
use safetensors::tensor::{Dtype, TensorView};
use terakoya_core::batch::{Padding, collate};
use terakoya_core::bundle::Bundle;
use terakoya_core::error::Error;
use terakoya_core::examples::host_values;
use terakoya_core::models::layers::{Dropout, WeightInit};
use terakoya_core::rows::Row;
use terakoya_core::tasks::Task;
use terakoya_core::tasks::network::Network;
use terakoya_core::tasks::sequence_classification::SequenceClassification;
use terakoya_core::tokenizer::{Encoding, Files, Tokenizer};
use terakoya_core::weights::{Checkpoint, Lacking, LoadReport, load};

fn fixture(file: &str) -> Vec<u8> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../tests/fixtures")
        .join(file);
    std::fs::read(path).expect(file)
}

fn files(weights: Vec<(&str, Vec<u8>)>) -> Files {
    let mut files = Files::from([("config.json".to_owned(), fixture("parity/single/config.json"))]);
    files.extend(weights.into_iter().map(|(name, bytes)| (name.to_owned(), bytes)));
    files
}

/// Reads a bundle's weights as a session does.
fn open(files: Files) -> Result<(Network, LoadReport), Error> {
    let mut bundle = Bundle::read(files)?;
    let shards = bundle.take_weights()?;
    let checkpoint = Checkpoint::read(&shards)?;
    let device = Device::flex();
    let task = SequenceClassification::plain(bundle.labels.clone());
    let network = Network::init(
        &bundle.model_config,
        task.head(),
        &mut WeightInit::new(0, 0.02, &device),
    );
    let mut report = LoadReport::default();
    let network = load(network, &checkpoint, Lacking::Head, &mut report)?;
    Ok((network, report))
}

fn logits(network: &Network) -> Vec<f32> {
    let encoding = Encoding {
        ids: vec![2, 17, 40, 3],
        type_ids: vec![0; 4],
        ..Encoding::default()
    };
    let batch = collate(&[&encoding], Padding::default(), &Device::flex());
    let row = Row {
        encoding,
        ..Row::default()
    };
    let rows = [&row];
    let pass = network.pass(&batch, &rows, &mut Dropout::off());
    let logits = SequenceClassification::plain(Vec::new()).outputs(pass);
    block_on(host_values(logits)).expect("the CPU answers")
}

type Tensor = (String, Dtype, Vec<usize>, Vec<u8>);

fn tensors() -> Vec<Tensor> {
    let bytes = fixture("parity/single/model.safetensors");
    let file = safetensors::SafeTensors::deserialize(&bytes).expect("safetensors");
    let tensors = file.tensors().into_iter();
    tensors
        .map(|(name, view)| (name, view.dtype(), view.shape().to_vec(), view.data().to_vec()))
        .collect()
}

fn written(tensors: &[Tensor]) -> Vec<u8> {
    let views = tensors.iter().map(|(name, dtype, shape, data)| {
        let view = TensorView::new(*dtype, shape.clone(), data).expect("a tensor");
        (name.clone(), view)
    });
    safetensors::serialize(views, None).expect("serialises")
}

/// The network of a single file with these tensors.
fn network_of(tensors: &[Tensor]) -> Network {
    let (network, report) = open(files(vec![("model.safetensors", written(tensors))])).expect("it loads");
    assert_eq!(report.initialised, Vec::<String>::new());
    network
}

#[test]
fn every_spelling_gives_the_same_logits() {
    let plain = tensors();
    let expected = logits(&network_of(&plain));
    let renamed = |change: fn(&str) -> String| -> Vec<Tensor> {
        let tensors = plain.clone().into_iter();
        tensors
            .map(|(name, dtype, shape, data)| (change(&name), dtype, shape, data))
            .collect()
    };
    let bare = renamed(|name| name.replace("bert.", ""));
    assert_eq!(logits(&network_of(&bare)), expected);
    let legacy = renamed(|name| {
        name.replace("LayerNorm.weight", "LayerNorm.gamma")
            .replace("LayerNorm.bias", "LayerNorm.beta")
    });
    assert_eq!(logits(&network_of(&legacy)), expected);

    let (first, second) = plain.split_at(plain.len() / 2);
    let map = |part: &[Tensor], file: &str| -> Vec<String> {
        part.iter().map(|(name, ..)| format!("\"{name}\":\"{file}\"")).collect()
    };
    let names = [map(first, "model-1.safetensors"), map(second, "model-2.safetensors")]
        .concat()
        .join(",");
    let shards = vec![
        (
            "model.safetensors.index.json",
            format!("{{\"weight_map\":{{{names}}}}}").into_bytes(),
        ),
        ("model-1.safetensors", written(first)),
        ("model-2.safetensors", written(second)),
    ];
    let (network, _) = open(files(shards.clone())).expect("shards load");
    assert_eq!(logits(&network), expected);
    let error = open(files(shards[..2].to_vec())).expect_err("a shard is missing");
    assert!(error.to_string().contains("model-2.safetensors"), "{error}");
}

#[test]
fn bf16_is_widened() {
    // Cut to bf16 first, so that both files hold the same numbers.
    let cut: Vec<Tensor> = tensors()
        .into_iter()
        .map(|(name, _, shape, data)| {
            let data = data
                .as_chunks::<4>()
                .0
                .iter()
                .flat_map(|bytes| [bytes[2], bytes[3]])
                .collect();
            (name, Dtype::BF16, shape, data)
        })
        .collect();
    let wide: Vec<Tensor> = cut
        .iter()
        .map(|(name, _, shape, data)| {
            let data = data
                .as_chunks::<2>()
                .0
                .iter()
                .flat_map(|bytes| [0, 0, bytes[0], bytes[1]])
                .collect();
            (name.clone(), Dtype::F32, shape.clone(), data)
        })
        .collect();
    assert_eq!(logits(&network_of(&cut)), logits(&network_of(&wide)));
}

#[test]
fn a_missing_head_is_said_and_a_missing_body_is_an_error() {
    let without = |part: &str| -> Vec<Tensor> {
        tensors()
            .into_iter()
            .filter(|(name, ..)| !name.contains(part))
            .collect()
    };
    let (_, report) =
        open(files(vec![("model.safetensors", written(&without("pooler")))])).expect("the head may be missing");
    assert_eq!(
        report.initialised,
        ["bert.pooler.dense.weight", "bert.pooler.dense.bias"]
    );
    let error = open(files(vec![(
        "model.safetensors",
        written(&without("layer.1.output.dense.weight")),
    )]))
    .expect_err("a body");
    assert!(
        error.to_string().contains("bert.encoder.layer.1.output.dense.weight"),
        "{error}"
    );
}

/// `bytes` with some of them replaced.
fn mutated(bytes: Vec<u8>) -> impl Strategy<Value = Vec<u8>> {
    let len = bytes.len();
    prop::collection::vec((0..len, any::<u8>()), 1..8).prop_map(move |changes| {
        let mut bytes = bytes.clone();
        for (position, byte) in changes {
            bytes[position] = byte;
        }
        bytes
    })
}

/// `bytes` with mutations in the first 2,000, where headers are.
fn mutated_header(bytes: Vec<u8>) -> impl Strategy<Value = Vec<u8>> {
    let tail = bytes[2000..].to_vec();
    mutated(bytes[..2000].to_vec()).prop_map(move |head| [head, tail.clone()].concat())
}

proptest! {
    #[test]
    fn random_weights_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..4096)) {
        let _ = open(files(vec![("model.safetensors", bytes)]));
    }

    #[test]
    fn mutated_weights_never_panic(bytes in mutated_header(fixture("parity/single/model.safetensors"))) {
        let _ = open(files(vec![("model.safetensors", bytes)]));
    }

    #[test]
    fn mutated_configs_never_panic(bytes in mutated(fixture("parity/single/config.json"))) {
        let mut files = files(vec![("model.safetensors", fixture("parity/single/model.safetensors"))]);
        files.insert("config.json".to_owned(), bytes);
        let _ = open(files);
    }

    #[test]
    fn mutated_vocabularies_never_panic(bytes in mutated(fixture("tokenizer/cased/vocab.txt"))) {
        let _ = Tokenizer::from_files(&Files::from([("vocab.txt".to_owned(), bytes)]));
    }
}

#[test]
fn a_megabyte_of_noise_is_an_error() {
    let mut state = 1u64;
    let noise: Vec<u8> = (0..1 << 20)
        .map(|_| {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            (state >> 56) as u8
        })
        .collect();
    for file in ["model.safetensors", "config.json"] {
        let mut files = files(vec![("model.safetensors", fixture("parity/single/model.safetensors"))]);
        files.insert(file.to_owned(), noise.clone());
        assert!(open(files).is_err(), "{file}");
    }
}
