//! Estimates what a training run costs before anything is allocated.
//!
//! The activation formula counts the floats that autodiff keeps for a layer's backward pass; measured peaks are in the
//! README. `native` compares the estimate with the memory there is, and tells it with what the process holds besides.

use burn::module::Module;

use crate::examples::{CACHE_BATCH, CachedPositions};
use crate::kernels::slice_rows;
use crate::models::encoder::ModelSizes;
use crate::tasks::network::{Network, frozen_layers};
use crate::training_config::TrainLayers;

/// A run that would not fit.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "training needs about {} MB but {} MB are free: lower --batch-size, --eval-batch-size, --max-length or \
     --block-size, or train fewer layers with --train-layers top:K or head",
    needed / 1_000_000, available / 1_000_000
)]
pub struct DoesNotFit {
    /// Estimated bytes.
    pub needed: u64,
    /// Free bytes.
    pub available: u64,
}

/// A run with a tensor that is larger than what the device takes in one piece.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{tensor} would take {} MB in one piece, and the GPU takes at most {} MB: lower --batch-size, --eval-batch-size, \
     --max-length or --block-size, or run with --device cpu",
    needed / 1_000_000, limit / 1_000_000
)]
pub struct TooLargeForDevice {
    /// What it holds.
    pub tensor: &'static str,
    /// Its bytes.
    pub needed: u64,
    /// The device's limit, in bytes.
    pub limit: u64,
}

/// The sizes that decide the cost.
#[derive(Debug, Clone, Copy)]
pub struct Workload {
    /// Which weights learn.
    pub train_layers: TrainLayers,
    /// Rows a forward pass.
    pub batch_size: usize,
    /// Longest text in tokens.
    pub max_length: usize,
    /// Rows whose frozen activations are cached.
    pub cached_rows: usize,
    /// What of them the task's head reads.
    pub reads: CachedPositions,
    /// Places a forward pass that are compared with every word of the vocabulary.
    pub words: usize,
    /// The forward passes of an evaluation, where there is one.
    pub evaluation: Option<Pass>,
}

/// The size of the forward passes of an evaluation.
#[derive(Debug, Clone, Copy)]
pub struct Pass {
    /// Rows a forward pass.
    pub batch_size: usize,
    /// Places a forward pass that are compared with every word of the vocabulary.
    pub words: usize,
}

/// Floats that a layer keeps for its backward pass, in multiples of `batch · seq · hidden`: its input, query, key, value,
/// context, the two sums before a normalisation and what comes out of them.
const HIDDEN_FLOATS: usize = 10;
/// In multiples of `batch · seq · intermediate`: before and after the activation.
const INTERMEDIATE_FLOATS: usize = 2;
/// In multiples of `batch · heads · seq²`: probabilities before and after dropout.
const SCORE_FLOATS: usize = 2;
/// The same while the backward pass is in a layer: the gradients of the probabilities and of what they are made of. With them
/// 2 layers × 128 with batch 32 × 512 are said to take 918 MB with the program; 923 and 1,016 were measured.
const GRADIENT_SCORE_FLOATS: usize = 2;
/// The same where nothing is dropped and nothing kept. With one layer's other floats it gave 1,061 MB where 1,073 were
/// measured: 12 layers × 384, batch 64 × 256.
const EVALUATION_SCORE_FLOATS: usize = 1;
/// In multiples of a slice of logits: where no kernel of ours works in place, their logarithmic probabilities, the
/// probabilities and these with the right words taken off exist at once.
const LOGIT_FLOATS: u64 = 3;

/// Weights that learn.
pub fn trainable_parameters(network: &Network, layers: TrainLayers) -> usize {
    let sizes = network.sizes();
    let frozen = frozen_layers(layers, sizes.num_hidden_layers);
    let embeddings = match layers {
        TrainLayers::All => sizes.embedding_parameters,
        TrainLayers::Top(_) | TrainLayers::Head => 0,
    };
    let last = match sizes.num_hidden_layers - frozen {
        0 => 0,
        _ => sizes.final_parameters,
    };
    embeddings + last + (sizes.num_hidden_layers - frozen) * layer_parameters(sizes) + network.head.num_params()
}

/// Estimated peak bytes of a training run of `network`, whose weights need not have been drawn.
pub fn memory_bytes(network: &Network, workload: Workload) -> u64 {
    let Workload {
        train_layers,
        batch_size,
        max_length,
        cached_rows,
        reads,
        words,
        evaluation,
    } = workload;
    let sizes = network.sizes();
    let seq = max_length.min(sizes.max_length);
    let learning_layers = sizes.num_hidden_layers - frozen_layers(train_layers, sizes.num_hidden_layers);
    let cached_tokens = match (train_layers, reads) {
        (TrainLayers::All, _) => 0,
        (TrainLayers::Head, CachedPositions::First) => 1,
        (TrainLayers::Top(_) | TrainLayers::Head, _) => seq,
    };
    let learning = trainable_parameters(network, train_layers) as u64;
    let step = sum(&[
        // The gradients.
        learning,
        layer_floats(sizes, batch_size, seq, SCORE_FLOATS).saturating_mul(learning_layers as u64),
        product(&[HIDDEN_FLOATS, batch_size, seq, sizes.hidden_size]),
        product(&[
            GRADIENT_SCORE_FLOATS * learning_layers.min(1),
            batch_size,
            sizes.num_attention_heads,
            seq,
            seq,
        ]),
        word_floats(sizes, train_layers, words),
    ]);
    // Nothing is kept for a backward pass: one layer is there at a time, and there are no gradients.
    let forward = |rows| layer_floats(sizes, rows, seq, EVALUATION_SCORE_FLOATS);
    let is_cached = cached_rows > 0 && train_layers != TrainLayers::All;
    let caching = if is_cached {
        forward(CACHE_BATCH.min(cached_rows))
    } else {
        0
    };
    let evaluation = evaluation.map_or(0, |pass| {
        let is_head_only = is_cached && learning_layers == 0;
        let layer = if is_head_only { 0 } else { forward(pass.batch_size) };
        sum(&[layer, word_floats(sizes, TrainLayers::Head, pass.words)])
    });
    // The file of a checkpoint that holds the moments; its other files hold less.
    let checkpoint = 2 * learning;
    let training = sum(&[
        // Two moments a weight.
        2 * learning,
        product(&[cached_rows, cached_tokens, sizes.hidden_size]),
        step.max(caching).max(evaluation).max(checkpoint),
    ]);
    // In the end there are only the weights, and their file with the largest of them on its way there.
    let weights = network.num_params() as u64;
    let saving = weights + product(&[sizes.vocab_size, sizes.hidden_size]);
    sum(&[weights, training.max(saving)]).saturating_mul(4)
}

/// The largest tensor that a run makes besides the weights, and its bytes: the probabilities of attention, what stands between
/// the two halves of a layer, or a slice of logits.
pub fn largest_tensor(network: &Network, workload: Workload) -> (&'static str, u64) {
    let sizes = network.sizes();
    let seq = workload.max_length.min(sizes.max_length);
    let caching = match workload.train_layers {
        TrainLayers::All => 0,
        TrainLayers::Top(_) | TrainLayers::Head => CACHE_BATCH.min(workload.cached_rows),
    };
    let evaluated = workload.evaluation.map_or(0, |pass| pass.batch_size);
    let rows = match workload.train_layers {
        // Behind the cache there is no layer.
        TrainLayers::Head if caching > 0 => caching,
        _ => workload.batch_size.max(evaluated).max(caching),
    };
    let words = workload.evaluation.map_or(0, |pass| pass.words).max(workload.words);
    let tensors = [
        (
            "the attention of a batch",
            product(&[rows, sizes.num_attention_heads, seq, seq]),
        ),
        (
            "a layer of a batch",
            product(&[rows, seq, sizes.intermediate_size.max(sizes.hidden_size)]),
        ),
        (
            "the logits of a batch",
            product(&[words.min(slice_rows(sizes.vocab_size)), sizes.vocab_size]),
        ),
    ];
    let largest = tensors.into_iter().max_by_key(|(_, floats)| *floats);
    largest.map_or(("", 0), |(tensor, floats)| (tensor, floats.saturating_mul(4)))
}

/// Floats of a layer for `rows` texts of `seq` tokens.
fn layer_floats(sizes: ModelSizes, rows: usize, seq: usize, score_floats: usize) -> u64 {
    sum(&[
        product(&[HIDDEN_FLOATS, rows, seq, sizes.hidden_size]),
        product(&[INTERMEDIATE_FLOATS, rows, seq, sizes.intermediate_size]),
        product(&[score_floats, rows, sizes.num_attention_heads, seq, seq]),
    ])
}

/// In a browser a `usize` has 32 bits, which the runs that must be refused exceed; what a form takes may exceed 64.
fn product(factors: &[usize]) -> u64 {
    factors
        .iter()
        .fold(1, |all: u64, &factor| all.saturating_mul(factor as u64))
}

fn sum(terms: &[u64]) -> u64 {
    terms.iter().fold(0, |all: u64, &term| all.saturating_add(term))
}

/// Floats of comparing `words` places with the vocabulary: a slice of logits on its way to its gradient, and what the
/// embedding table learns as an output, beside what it learns as an input.
fn word_floats(sizes: ModelSizes, train_layers: TrainLayers, words: usize) -> u64 {
    let [slice_rows, vocab, hidden] = [
        words.min(slice_rows(sizes.vocab_size)),
        sizes.vocab_size,
        sizes.hidden_size,
    ]
    .map(|size| size as u64);
    let table = match (words, train_layers) {
        (1.., TrainLayers::All) => vocab * hidden,
        _ => 0,
    };
    LOGIT_FLOATS * slice_rows * vocab + table
}

fn layer_parameters(sizes: ModelSizes) -> usize {
    let (hidden, wide) = (sizes.hidden_size, sizes.intermediate_size);
    4 * (hidden + 1) * hidden + (hidden + 1) * wide + (wide + 1) * hidden + 4 * hidden
}

#[cfg(test)]
mod tests {
    use burn::tensor::Device;

    use super::*;
    use crate::models::bert::BertConfig;
    use crate::models::encoder::ModelConfig;
    use crate::models::gpt2::Gpt2Config;
    use crate::models::layers::WeightInit;
    use crate::tasks::network::HeadKind;

    fn network(config: BertConfig, labels: usize) -> Network {
        drawn(ModelConfig::Bert(config), HeadKind::Classification(labels))
    }

    fn drawn(config: ModelConfig, head: HeadKind) -> Network {
        let device = Device::flex();
        let mut init = WeightInit::new(1, 0.02, &device);
        Network::init(&config, head, &mut init)
    }

    #[test]
    fn parameters_are_those_of_the_module() {
        let config = BertConfig {
            vocab_size: 11,
            hidden_size: 8,
            num_hidden_layers: 3,
            num_attention_heads: 4,
            intermediate_size: 13,
            max_position_embeddings: 7,
            ..BertConfig::default()
        };
        let network = network(config, 5);
        assert_eq!(trainable_parameters(&network, TrainLayers::All), network.num_params());
    }

    #[test]
    fn what_stands_behind_the_layers_of_gpt2_learns_with_them() {
        let config = Gpt2Config {
            vocab_size: 11,
            n_positions: 7,
            n_embd: 8,
            n_layer: 2,
            n_head: 2,
            ..Gpt2Config::default()
        };
        let network = drawn(ModelConfig::Gpt2(config), HeadKind::CausalLm);
        let all = trainable_parameters(&network, TrainLayers::All);
        assert_eq!(all, network.num_params());
        assert_eq!(trainable_parameters(&network, TrainLayers::Top(2)), all - (11 + 7) * 8);
        assert_eq!(trainable_parameters(&network, TrainLayers::Head), 0);
    }

    #[test]
    fn fewer_layers_need_less() {
        let network = network(BertConfig::default(), 2);
        let with_words = |train_layers, words| {
            let workload = Workload {
                train_layers,
                batch_size: 8,
                max_length: 128,
                cached_rows: 0,
                reads: CachedPositions::First,
                words,
                evaluation: None,
            };
            memory_bytes(&network, workload)
        };
        let bytes = |train_layers| with_words(train_layers, 0);
        assert!(bytes(TrainLayers::All) > bytes(TrainLayers::Top(6)));
        assert!(bytes(TrainLayers::Top(6)) > bytes(TrainLayers::Head));
        // No option overflows: a form takes any number, and it is the estimate that refuses it.
        let huge = Workload {
            train_layers: TrainLayers::All,
            batch_size: usize::MAX,
            max_length: 512,
            cached_rows: usize::MAX,
            reads: CachedPositions::All,
            words: usize::MAX,
            evaluation: Some(Pass {
                batch_size: usize::MAX,
                words: usize::MAX,
            }),
        };
        assert_eq!(memory_bytes(&network, huge), u64::MAX);
        // 154 words of 30,522 make a slice of 19 MB; more words than a slice holds cost no more.
        let words = |count| with_words(TrainLayers::Top(6), count) - bytes(TrainLayers::Top(6));
        assert_eq!(words(154), 3 * 4 * 154 * 30_522);
        assert_eq!(words(1 << 20), words(1 << 21));
    }

    #[test]
    fn the_largest_tensor_is_named() {
        let network = network(BertConfig::default(), 2);
        let largest = |batch_size, max_length, words, evaluated| {
            let workload = Workload {
                train_layers: TrainLayers::All,
                batch_size,
                max_length,
                cached_rows: 0,
                reads: CachedPositions::First,
                words,
                evaluation: Some(Pass {
                    batch_size: evaluated,
                    words: 0,
                }),
            };
            largest_tensor(&network, workload)
        };
        // 12 heads, 512 tokens at most; 3,072 between the halves of a layer; 30,522 words.
        assert_eq!(
            largest(8, 600, 0, 16),
            ("the attention of a batch", 4 * 16 * 12 * 512 * 512)
        );
        assert_eq!(largest(32, 64, 0, 16), ("a layer of a batch", 4 * 32 * 64 * 3072));
        assert_eq!(largest(1, 64, 154, 1), ("the logits of a batch", 4 * 154 * 30_522));
        assert_eq!(largest(usize::MAX, 512, 0, 1).1, u64::MAX);
        // Where only the head learns, the layers see the rows that are cached at once and no others.
        let head = |cached_rows| Workload {
            train_layers: TrainLayers::Head,
            batch_size: 256,
            max_length: 64,
            cached_rows,
            reads: CachedPositions::First,
            words: 0,
            evaluation: None,
        };
        let layer = |rows| 4 * rows * 64 * 3072;
        assert_eq!(largest_tensor(&network, head(1000)).1, layer(CACHE_BATCH as u64));
        assert_eq!(largest_tensor(&network, head(8)).1, layer(8));
        assert_eq!(largest_tensor(&network, head(0)).1, layer(256));
    }

    #[test]
    fn an_evaluation_counts_where_it_takes_more_than_a_step() {
        // So few weights that to save them takes less than to use them.
        let small = BertConfig {
            vocab_size: 100,
            num_hidden_layers: 1,
            ..BertConfig::default()
        };
        let network = network(small, 2);
        let bytes = |evaluation| {
            let workload = Workload {
                train_layers: TrainLayers::Head,
                batch_size: 1,
                max_length: 16,
                cached_rows: 0,
                reads: CachedPositions::First,
                words: 0,
                evaluation,
            };
            memory_bytes(&network, workload)
        };
        let pass = |batch_size, words| Some(Pass { batch_size, words });
        let weights = 4 * (network.num_params() + 2 * network.head.num_params()) as u64;
        // One layer of 256 rows: 10 · 768 + 2 · 3072 floats a token, 12 · 16 for its probabilities.
        let layer = 4 * 256 * 16 * (10 * 768 + 2 * 3072 + 12 * 16);
        assert_eq!(bytes(pass(256, 0)), weights + layer);
        assert_eq!(bytes(pass(256, 154)), weights + layer + 3 * 4 * 154 * 100);
        // Beside the weights their file is put together, with one tensor in the making.
        assert_eq!(bytes(pass(1, 0)), 4 * (2 * network.num_params() + 100 * 768) as u64);
        // Where the layers are computed once, they run in batches of their own, and an evaluation is the head alone.
        let cached = |evaluation| {
            let workload = Workload {
                train_layers: TrainLayers::Head,
                batch_size: 1,
                max_length: 16,
                cached_rows: 256,
                reads: CachedPositions::First,
                words: 0,
                evaluation,
            };
            memory_bytes(&network, workload)
        };
        assert_eq!(cached(None), weights + 256 * 4 * 768 + layer / 256 * CACHE_BATCH as u64);
        assert_eq!(cached(None), cached(pass(256, 0)));
    }
}
