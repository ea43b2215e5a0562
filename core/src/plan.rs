//! Estimates what a training run costs before anything is allocated.
//!
//! The activation formula counts the floats that autodiff keeps for a layer's backward pass; measured peaks are in the
//! README. `native` compares the estimate with the memory there is.

use crate::models::bert::BertConfig;
use crate::tasks::sequence_classification::frozen_layers;
use crate::training_config::TrainLayers;

/// A run that would not fit.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "training needs about {} MB but {} MB are free: lower --batch-size or --max-length, or train fewer layers with \
     --train-layers top:K or head",
    needed / 1_000_000, available / 1_000_000
)]
pub struct DoesNotFit {
    /// Estimated bytes.
    pub needed: u64,
    /// Free bytes.
    pub available: u64,
}

/// The sizes that decide the cost.
#[derive(Debug, Clone, Copy)]
pub struct Workload {
    /// Which weights learn.
    pub train_layers: TrainLayers,
    /// Examples a forward pass.
    pub batch_size: usize,
    /// Longest text in tokens.
    pub max_length: usize,
    /// Examples whose frozen activations are cached.
    pub cached_examples: usize,
}

/// Floats that a layer keeps for its backward pass, in multiples of `batch · seq · hidden`: its input, query, key, value,
/// context, the two sums before a normalisation and what comes out of them.
const HIDDEN_FLOATS: usize = 10;
/// In multiples of `batch · seq · intermediate`: before and after the activation.
const INTERMEDIATE_FLOATS: usize = 2;
/// In multiples of `batch · heads · seq²`: probabilities before and after dropout.
const SCORE_FLOATS: usize = 2;

/// Weights that learn.
pub fn trainable_parameters(config: &BertConfig, num_labels: usize, layers: TrainLayers) -> usize {
    let frozen = frozen_layers(layers, config.num_hidden_layers);
    let embeddings = match layers {
        TrainLayers::All => embedding_parameters(config),
        TrainLayers::Top(_) | TrainLayers::Head => 0,
    };
    embeddings + (config.num_hidden_layers - frozen) * layer_parameters(config) + head_parameters(config, num_labels)
}

/// Weights of the whole model.
pub fn parameters(config: &BertConfig, num_labels: usize) -> usize {
    trainable_parameters(config, num_labels, TrainLayers::All)
}

/// Estimated peak bytes of a training run.
pub fn memory_bytes(config: &BertConfig, num_labels: usize, workload: Workload) -> u64 {
    let Workload {
        train_layers,
        batch_size,
        max_length,
        cached_examples,
    } = workload;
    let seq = max_length.min(config.max_position_embeddings);
    let frozen = frozen_layers(train_layers, config.num_hidden_layers);
    let tokens = batch_size * seq;
    let layer_floats = tokens * (HIDDEN_FLOATS * config.hidden_size + INTERMEDIATE_FLOATS * config.intermediate_size)
        + SCORE_FLOATS * batch_size * config.num_attention_heads * seq * seq;
    let activations = layer_floats * (config.num_hidden_layers - frozen) + HIDDEN_FLOATS * tokens * config.hidden_size;
    let cached_tokens = match train_layers {
        TrainLayers::All => 0,
        TrainLayers::Top(_) => seq,
        TrainLayers::Head => 1,
    };
    let cache = cached_examples as u64 * (cached_tokens * config.hidden_size) as u64;
    let trainable = trainable_parameters(config, num_labels, train_layers) as u64;
    // A weight, its gradient and two moments.
    let weights = parameters(config, num_labels) as u64 + 3 * trainable;
    4 * (weights + activations as u64 + cache)
}

fn embedding_parameters(config: &BertConfig) -> usize {
    (config.vocab_size + config.max_position_embeddings + config.type_vocab_size + 2) * config.hidden_size
}

fn layer_parameters(config: &BertConfig) -> usize {
    let (hidden, wide) = (config.hidden_size, config.intermediate_size);
    4 * (hidden + 1) * hidden + (hidden + 1) * wide + (wide + 1) * hidden + 4 * hidden
}

fn head_parameters(config: &BertConfig, num_labels: usize) -> usize {
    (config.hidden_size + 1) * (config.hidden_size + num_labels)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::models::layers::WeightInit;
    use crate::tasks::sequence_classification::SequenceClassification;
    use burn::module::Module;
    use burn::tensor::Device;

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
        let device = Device::flex();
        let model = SequenceClassification::init(&config, 5, &mut WeightInit::new(1, 0.02, &device));
        assert_eq!(parameters(&config, 5), model.num_params());
    }

    #[test]
    fn fewer_layers_need_less() {
        let config = BertConfig::default();
        let bytes = |train_layers| {
            let workload = Workload {
                train_layers,
                batch_size: 8,
                max_length: 128,
                cached_examples: 0,
            };
            memory_bytes(&config, 2, workload)
        };
        assert!(bytes(TrainLayers::All) > bytes(TrainLayers::Top(6)));
        assert!(bytes(TrainLayers::Top(6)) > bytes(TrainLayers::Head));
    }
}
