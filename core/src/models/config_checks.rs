//! Checks the numbers of a config.json: each function names the key whose value makes no model.

use crate::bundle::BundleError;

/// No model is wider or has more words than this; larger numbers are a damaged file.
const LARGEST_SIZE: usize = 1 << 24;
/// Layers are made before the checkpoint is compared with them: a damaged number must not exhaust the memory.
const MOST_LAYERS: usize = 1024;

/// Sizes of tables and layers.
pub fn check_sizes(sizes: &[(&str, usize)]) -> Result<(), BundleError> {
    let wrong = sizes.iter().find(|(_, value)| *value == 0 || *value > LARGEST_SIZE);
    wrong.map_or(Ok(()), |(key, value)| {
        Err(BundleError::config(key, value, "must be between 1 and 16,777,216"))
    })
}

/// The number of layers.
pub fn check_layers(key: &str, layers: usize) -> Result<(), BundleError> {
    match layers {
        1..=MOST_LAYERS => Ok(()),
        _ => {
            let reason = format!("must be between 1 and {MOST_LAYERS}");
            Err(BundleError::config(key, layers, &reason))
        }
    }
}

/// The number of attention heads, not 0, which has to divide the width.
pub fn check_heads((key, heads): (&str, usize), (width_key, width): (&str, usize)) -> Result<(), BundleError> {
    match width.is_multiple_of(heads) {
        true => Ok(()),
        false => Err(BundleError::config(
            key,
            heads,
            &format!("must divide {width_key} {width}"),
        )),
    }
}

/// Probabilities of dropout.
pub fn check_dropouts(probabilities: &[(&str, f64)]) -> Result<(), BundleError> {
    let wrong = probabilities.iter().find(|(_, value)| !(0.0..1.0).contains(value));
    wrong.map_or(Ok(()), |(key, value)| {
        Err(BundleError::config(key, value, "must be at least 0 and below 1"))
    })
}

/// Positive numbers that are small.
pub fn check_small(numbers: &[(&str, f64)]) -> Result<(), BundleError> {
    let wrong = numbers.iter().find(|(_, value)| !(*value > 0.0 && *value < 1.0));
    wrong.map_or(Ok(()), |(key, value)| {
        Err(BundleError::config(key, value, "must be above 0 and below 1"))
    })
}

/// The padding token.
pub fn check_pad_token(pad_token_id: Option<usize>, vocab_size: usize) -> Result<(), BundleError> {
    match pad_token_id.filter(|&id| id >= vocab_size) {
        Some(id) => Err(BundleError::config("pad_token_id", id, "must be below vocab_size")),
        None => Ok(()),
    }
}
