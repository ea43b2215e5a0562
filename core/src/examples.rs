//! Feeds a run its examples: tokenized window by window, or taken from the cached activations of frozen layers.
//!
//! Texts are kept as text; only one window of them is tokenized at a time, so a million rows train in the memory of
//! their bytes. Used by training, evaluation and prediction alike.

use std::ops::Range;

use burn::tensor::{Device, Tensor};

use crate::batch::{Batch, PaddingSide, collate, collate_hidden};
use crate::data::Example;
use crate::error::{DeviceError, Result};
use crate::models::layers::Dropout;
use crate::tasks::sequence_classification::SequenceClassification;
use crate::tokenizer::{EncodeOptions, Encoding, Tokenizer};
use crate::train::{Control, TrainError};

/// Examples that can be turned into batches.
pub struct ExampleSource<'a> {
    /// The texts.
    pub examples: &'a [Example],
    /// Turns texts into ids.
    pub tokenizer: &'a Tokenizer,
    /// Longest text in tokens.
    pub max_length: usize,
    /// The side that short rows are filled up on.
    pub padding_side: PaddingSide,
    cache: Option<ActivationCache>,
}

/// What the frozen layers make of each example, `[seq, hidden]` in row-major order.
struct ActivationCache {
    rows: Vec<Box<[f32]>>,
    hidden: usize,
    layers_done: usize,
    truncated: usize,
}

/// Which part of the hidden states the layers above read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CachedPositions {
    /// All tokens: encoder layers come above.
    All,
    /// The first token: only the pooler and the head come above.
    First,
}

/// A window of examples, ready to be laid side by side.
pub enum Window<'a> {
    /// Encoded texts.
    Encodings(Vec<Encoding>),
    /// Rows of the cache.
    Cached(Vec<&'a [f32]>, usize, usize),
}

impl<'a> ExampleSource<'a> {
    /// Examples as text.
    pub fn new(examples: &'a [Example], tokenizer: &'a Tokenizer, max_length: usize) -> Self {
        Self {
            examples,
            tokenizer,
            max_length,
            padding_side: PaddingSide::default(),
            cache: None,
        }
    }

    /// Encodes the examples at `indices`, or finds them in the cache.
    pub fn window(&self, indices: &[usize]) -> Result<Window<'_>> {
        if let Some(cache) = &self.cache {
            let rows = indices.iter().map(|&index| &*cache.rows[index]).collect();
            return Ok(Window::Cached(rows, cache.hidden, cache.layers_done));
        }
        let options = EncodeOptions::max_length(self.max_length);
        let encode = |&index: &usize| {
            let example = &self.examples[index];
            self.tokenizer
                .encode(&example.text, example.text_pair.as_deref(), &options)
        };
        let encodings = indices.iter().map(encode).collect::<std::result::Result<_, _>>()?;
        Ok(Window::Encodings(encodings))
    }

    /// Lays the examples of `window` at `positions` side by side.
    pub fn batch(&self, window: &Window, positions: &[usize], device: &Device) -> Batch {
        match window {
            Window::Encodings(encodings) => {
                let rows: Vec<&Encoding> = positions.iter().map(|&position| &encodings[position]).collect();
                collate(&rows, self.tokenizer.pad_id(), self.padding_side, device)
            }
            Window::Cached(rows, hidden, layers_done) => {
                let rows: Vec<&[f32]> = positions.iter().map(|&position| rows[position]).collect();
                collate_hidden(&rows, *hidden, *layers_done, device)
            }
        }
    }

    /// Computes the output of the first `layers` for every example once, without dropout, and keeps it. Reports the
    /// number of examples done after each batch. A sync point for each batch.
    pub async fn cache_activations(
        &mut self,
        network: &SequenceClassification,
        layers: usize,
        positions: CachedPositions,
        device: &Device,
        mut progress: impl FnMut(usize) -> Control,
    ) -> Result<()> {
        let hidden = network.bert.config().hidden_size;
        let mut rows: Vec<Box<[f32]>> = vec![Box::default(); self.examples.len()];
        let (mut done, mut truncated) = (0, 0);
        for batch in self.batches_by_length(CACHE_BATCH)? {
            let window = self.window(&batch)?;
            truncated += window.truncated();
            let lengths = window.lengths();
            let order: Vec<usize> = (0..batch.len()).collect();
            let input = self.batch(&window, &order, device);
            let mut states = network.hidden_states(&input, layers, &mut Dropout::off());
            if positions == CachedPositions::First {
                states = states.slice([0..batch.len(), 0..1]);
            }
            let [_, seq, _] = states.dims();
            let values = host_values(states).await?;
            for (row, &example) in batch.iter().enumerate() {
                let start = row * seq * hidden;
                let kept = lengths[row].min(seq) * hidden;
                rows[example] = values[start..start + kept].into();
            }
            done += batch.len();
            if progress(done) == Control::Stop {
                return Err(TrainError::Interrupted.into());
            }
        }
        self.cache = Some(ActivationCache {
            rows,
            hidden,
            layers_done: layers,
            truncated,
        });
        Ok(())
    }

    /// How many texts were cut while their activations were cached.
    pub fn truncated_in_cache(&self) -> usize {
        self.cache.as_ref().map_or(0, |cache| cache.truncated)
    }

    /// All examples in batches of similar length, each as indices, in windows of the file's order.
    pub fn batches_by_length(&self, batch_size: usize) -> Result<Vec<Vec<usize>>> {
        let mut batches = Vec::new();
        for window in windows(self.examples.len(), batch_size) {
            let start = window.start;
            let indices: Vec<usize> = window.collect();
            // Characters order texts nearly as tokens do and cost no second tokenization.
            let lengths: Vec<usize> = indices.iter().map(|&index| self.bytes(index)).collect();
            for batch in crate::batch::bucketed(&lengths, batch_size, None) {
                batches.push(batch.into_iter().map(|position| start + position).collect());
            }
        }
        Ok(batches)
    }

    fn bytes(&self, index: usize) -> usize {
        let example = &self.examples[index];
        example.text.len() + example.text_pair.as_ref().map_or(0, String::len)
    }
}

/// Examples a forward pass while activations are cached.
const CACHE_BATCH: usize = 32;

/// Batches in a window: enough to find texts of similar length, few enough to hold.
const WINDOW_BATCHES: usize = 64;

/// Cuts `0..len` into windows of whole batches.
pub fn windows(len: usize, batch_size: usize) -> impl Iterator<Item = Range<usize>> {
    let size = batch_size * WINDOW_BATCHES;
    (0..len.div_ceil(size)).map(move |index| index * size..((index + 1) * size).min(len))
}

impl Window<'_> {
    /// Length of each example in tokens.
    pub fn lengths(&self) -> Vec<usize> {
        match self {
            Self::Encodings(encodings) => encodings.iter().map(|encoding| encoding.ids.len()).collect(),
            Self::Cached(rows, hidden, _) => rows.iter().map(|row| row.len() / hidden).collect(),
        }
    }

    /// How many texts were cut.
    pub fn truncated(&self) -> usize {
        match self {
            Self::Encodings(encodings) => encodings.iter().filter(|encoding| encoding.truncated).count(),
            Self::Cached(..) => 0,
        }
    }
}

/// Reads a tensor back, in row-major order. A sync point.
pub async fn host_values<const D: usize>(tensor: Tensor<D>) -> std::result::Result<Vec<f32>, DeviceError> {
    let data = tensor
        .into_data_async()
        .await
        .map_err(|error| DeviceError::readback("reading results back", &error))?;
    data.try_into_vec::<f32>().map_err(|error| DeviceError::Failed {
        during: "reading results back",
        reason: error.to_string(),
    })
}
