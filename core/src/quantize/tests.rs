//! Tests quantising and reading: small folders, damaged descriptions, random damage.

use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::weights::Checkpoint;

const TABLE: &str = "embeddings.word_embeddings.weight";
const DENSE: &str = "encoder.layer.0.dense.weight";
const POOLER: &str = "pooler.dense.weight";
const BIAS: &str = "pooler.dense.bias";

/// Values of a seed in the bell shape that weights have.
fn weights(count: usize, seed: u32) -> Vec<f32> {
    let mut state = seed;
    let mut draw = move || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 8) as f32 / (1 << 24) as f32 - 0.5
    };
    (0..count).map(|_| 0.1 * (draw() + draw() + draw())).collect()
}

fn file(tensors: &[(&str, &[usize], Vec<f32>)]) -> Vec<u8> {
    let bytes: Vec<Vec<u8>> = tensors
        .iter()
        .map(|(_, _, values)| values.iter().flat_map(|value| value.to_le_bytes()).collect())
        .collect();
    let views = tensors.iter().zip(&bytes).map(|((name, shape, _), bytes)| {
        let view = TensorView::new(Dtype::F32, shape.to_vec(), bytes).expect("as many values as the shape says");
        (*name, view)
    });
    safetensors::serialize(views, None).expect("a file")
}

fn folder(weights: Vec<u8>) -> Files {
    let config = r#"{"model_type":"bert","vocab_size":101,"hidden_size":90,"num_attention_heads":9}"#;
    Files::from([
        ("config.json".to_owned(), config.as_bytes().to_vec()),
        (WEIGHTS.to_owned(), weights),
    ])
}

fn small_model() -> Files {
    folder(file(&[
        (TABLE, &[101, 90], weights(101 * 90, 1)),
        (DENSE, &[96, 90], weights(96 * 90, 2)),
        (POOLER, &[93, 90], weights(93 * 90, 3)),
        (BIAS, &[93], weights(93, 4)),
    ]))
}

fn values(files: &Files, name: &str) -> Vec<f32> {
    let tensors = read_tensors(WEIGHTS, &files[WEIGHTS]).expect("a whole file");
    tensors[name].to_f32(name).expect("weights")
}

#[test]
fn a_folder_keeps_its_tensors_within_the_reported_errors() {
    let source = small_model();
    let (quantized, report) = quantize(source.clone()).expect("quantises");
    assert!(report.bytes < report.source_bytes / 5, "{report}");
    let formats: Vec<&str> = report.tensors.iter().map(|tensor| tensor.format.as_str()).collect();
    assert_eq!(formats, ["q4_32", "q4_32", "f16", "q8_32"]);
    for tensor in &report.tensors {
        let (before, after) = (values(&source, &tensor.name), values(&quantized, &tensor.name));
        let worst = before
            .iter()
            .zip(&after)
            .map(|(a, b)| f64::from((a - b).abs()))
            .fold(0.0, f64::max);
        assert_eq!(worst, tensor.worst_error, "{}", tensor.name);
        // A step is 1/15 of the spread in four bits and 1/254 in eight; f16 keeps eleven bits.
        let limit = match tensor.format.as_str() {
            "q4_32" => 0.1,
            "q8_32" => 0.007,
            _ => 5e-4,
        };
        assert!(
            tensor.relative_error < limit,
            "{}: {}",
            tensor.name,
            tensor.relative_error
        );
        assert!(tensor.relative_error > 0.0);
    }
    let tensors = read_tensors(WEIGHTS, &quantized[WEIGHTS]).expect("a whole file");
    assert_eq!(tensors[TABLE].shape(), [101, 90]);
    assert_eq!(tensors.len(), 4);
}

#[test]
fn quantising_twice_loses_nothing_more() {
    let (once, _) = quantize(small_model()).expect("quantises");
    let (twice, report) = quantize(once.clone()).expect("quantises");
    for tensor in report.tensors.iter().filter(|tensor| tensor.format == "q4_32") {
        assert_eq!(tensor.blocks_on_grid, Some(1.0), "{}", tensor.name);
        assert_eq!(
            values(&once, &tensor.name),
            values(&twice, &tensor.name),
            "{}",
            tensor.name
        );
    }
}

#[test]
fn values_beyond_half_precision_stay_f32() {
    let mut large = weights(96 * 90, 5);
    large[7] = 1e6;
    let (files, report) = quantize(folder(file(&[(DENSE, &[96, 90], large.clone())]))).expect("quantises");
    assert_eq!(report.tensors[0].format, "f32");
    assert_eq!(values(&files, DENSE), large);
}

/// A file with one quantised tensor, described by `description`, of 40 values in two blocks.
fn described(description: &str, levels: usize, scale: f16) -> Vec<u8> {
    let (levels, scales) = (vec![0x93; levels * NIBBLES], scale.to_le_bytes().repeat(2));
    let views = [
        (
            "w",
            TensorView::new(Dtype::U8, vec![levels.len() / NIBBLES, NIBBLES], &levels).expect("a view"),
        ),
        (
            "w.scales",
            TensorView::new(Dtype::F16, vec![2], &scales).expect("a view"),
        ),
    ];
    let metadata = HashMap::from([(METADATA_KEY.to_owned(), description.to_owned())]);
    safetensors::serialize(views, Some(metadata)).expect("a file")
}

#[test]
fn damaged_descriptions_say_what_is_wrong() {
    let describe = |version: u32, name: &str, format: &str, shape: &[u64]| {
        json!({"version": version, "tensors": {name: {"format": format, "shape": shape}}}).to_string()
    };
    let one = f16::from_f32(1.0);
    let whole = described(&describe(1, "w", "q4_32", &[8, 5]), 2, one);
    let tensors = read_tensors("m", &whole).expect("whole");
    assert_eq!(
        tensors["w"].to_f32("w").expect("weights")[..17],
        [[-5.0; 16].as_slice(), &[1.0]].concat()
    );
    for (bytes, expected) in [
        (described("{}", 2, one), "does not describe"),
        (described(&describe(2, "w", "q4_32", &[8, 5]), 2, one), "version 2"),
        (described(&describe(1, "w", "q3_32", &[8, 5]), 2, one), "\"q3_32\""),
        (
            described(&describe(1, "w", "q8_32", &[8, 5]), 2, one),
            "must be U8 [2, 32], but the file holds U8 [2, 16]",
        ),
        (
            described(&describe(1, "w", "q4_32", &[8, 5]), 3, one),
            "must be U8 [2, 16], but the file holds U8 [3, 16]",
        ),
        (
            described(&describe(1, "w", "q4_32", &[65]), 3, one),
            "w.scales must be F16 [3]",
        ),
        (
            described(&describe(1, "v", "q4_32", &[40]), 2, one),
            "the file holds nothing",
        ),
        (
            described(&describe(1, "w", "q4_32", &[1 << 40, 1 << 40]), 2, one),
            "impossible shape",
        ),
        (
            described(&describe(1, "w", "q4_32", &[40]), 2, f16::INFINITY),
            "not finite",
        ),
    ] {
        let read = read_tensors("m", &bytes).and_then(|tensors| tensors["w"].to_f32("w"));
        let error = read.expect_err(expected);
        assert!(error.to_string().contains(expected), "{error}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    /// Whatever stands in the description, reading ends in values of the shape or in an error.
    #[test]
    fn any_description_is_read_or_refused(
        version in 0u32..3,
        name in "w|w.scales|v",
        format in "q4_32|q8_32|.{0,8}",
        shape in prop::collection::vec(prop_oneof![0u64..80, any::<u64>()], 0..4),
        levels in 0usize..4,
        scale in any::<u16>(),
    ) {
        let description = json!({"version": version, "tensors": {name: {"format": format, "shape": shape}}});
        let bytes = described(&description.to_string(), levels, f16::from_bits(scale));
        if let Ok(tensors) = read_tensors("m", &bytes) {
            for (name, tensor) in tensors {
                if let Ok(values) = tensor.to_f32(&name) {
                    prop_assert_eq!(values.len(), tensor.shape().iter().product::<usize>());
                    prop_assert!(values.iter().all(|value| value.is_finite()));
                }
            }
        }
    }

    /// A quantised file with random bytes changed, or cut short, never panics.
    #[test]
    fn damaged_files_are_errors_or_weights(
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..6),
        in_header in any::<bool>(),
        kept in any::<prop::sample::Index>(),
        cut in prop::bool::weighted(0.2),
    ) {
        let description = json!({"version": 1, "tensors": {"w": {"format": "q4_32", "shape": [8, 5]}}});
        let mut bytes = described(&description.to_string(), 2, f16::from_f32(0.25));
        let range = if in_header { bytes.len() - 2 * NIBBLES - 4 } else { bytes.len() };
        for (index, byte) in changes {
            bytes[index.index(range)] = byte;
        }
        if cut {
            bytes.truncate(kept.index(bytes.len()));
        }
        let files = [(WEIGHTS.to_owned(), bytes)];
        if let Ok(checkpoint) = Checkpoint::read(&files) {
            prop_assert!(checkpoint.len() <= 2);
        }
        if let Ok((files, _)) = quantize(folder(files[0].1.clone())) {
            prop_assert!(read_tensors(WEIGHTS, &files[WEIGHTS]).is_ok());
        }
    }
}
