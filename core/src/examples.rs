//! Feeds a run its rows: tokenized window by window, or taken from the cached activations of frozen layers.
//!
//! Texts are kept as text; only one window of them is tokenized at a time, so a million rows train in the memory of
//! their bytes. Used by training, evaluation and prediction alike.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::ops::Range;

use burn::tensor::{Device, Tensor};
use unicode_normalization::{IsNormalized, UnicodeNormalization, is_nfkc_quick};

use crate::batch::{Batch, Padding, bucketed, collate, collate_hidden};
use crate::data::{Example, LabelMap};
use crate::error::{DeviceError, Result};
use crate::models::layers::Dropout;
use crate::protocol::TrainEvent;
use crate::rows::{Answered, Output, Purpose, Row, RowIndex, RowPlace, TextEncoder};
use crate::tasks::Task;
use crate::tasks::network::Network;
use crate::tokenizer::Encoding;
use crate::train::RunHost;

/// A set of examples that can be turned into batches of rows.
pub struct RowSource<'a> {
    /// The texts.
    pub examples: &'a [Example],
    /// The rows they make.
    pub rows: RowIndex,
    task: &'a dyn Task,
    text: TextEncoder<'a>,
    cache: Option<ActivationCache>,
}

/// The size of a set.
#[derive(Debug, Clone, Copy, Default)]
pub struct Extent {
    /// Its rows.
    pub rows: usize,
    /// Tokens of the longest row, at most: a token has a byte of the normalised text or more.
    pub longest: usize,
}

/// What a tokenizer puts around two texts and between them, and before a word that begins a text.
const MOST_SPECIAL_TOKENS: usize = 8;

/// What the frozen layers make of each row.
struct ActivationCache {
    rows: Vec<CachedRow>,
    hidden: usize,
    layers_done: usize,
    truncated: usize,
}

/// A row, of whose encoding only what scoring needs is kept, and its activations `[seq, hidden]` in row-major order.
pub struct CachedRow {
    row: Row,
    states: Box<[f32]>,
}

/// Which part of the hidden states the layers above read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CachedPositions {
    /// All tokens.
    All,
    /// The first token: only a head for whole texts comes above.
    First,
}

/// Some rows, ready to be laid side by side.
pub enum Window<'a> {
    /// Encoded texts.
    Encoded(Vec<Row>),
    /// Rows of the cache, the width of their activations and the number of layers these have passed.
    Cached(Vec<&'a CachedRow>, usize, usize),
}

/// Where the progress of several sets together is told.
pub struct CachingProgress<'a> {
    /// Hears it, and is asked whether to go on.
    pub host: &'a mut dyn RunHost,
    /// Rows done before this set.
    pub before: usize,
    /// Rows of all sets.
    pub total: usize,
}

impl<'a> RowSource<'a> {
    /// The rows that `task` makes of `examples` for `purpose`.
    ///
    /// # Errors
    /// If a text cannot be encoded.
    pub fn new(examples: &'a [Example], task: &'a dyn Task, text: TextEncoder<'a>, purpose: Purpose) -> Result<Self> {
        Ok(Self {
            rows: task.rows(examples, &text, purpose)?,
            examples,
            task,
            text,
            cache: None,
        })
    }

    /// Encodes the rows at `indices` for `purpose`, or finds them in the cache.
    pub fn window(&self, indices: &[usize], purpose: Purpose) -> Result<Window<'_>> {
        if let Some(cache) = &self.cache {
            let rows = indices.iter().map(|&index| &cache.rows[index]).collect();
            return Ok(Window::Cached(rows, cache.hidden, cache.layers_done));
        }
        // What has several rows in a window is cut into tokens once for all of them.
        let mut parts: BTreeMap<usize, Vec<Row>> = BTreeMap::new();
        let encode = |&row: &usize| match self.rows.place(row) {
            RowPlace::Example(example) => self.task.encode(&self.examples[example], &self.text, purpose),
            RowPlace::Part { example, part } => {
                let rows = match parts.entry(example) {
                    Entry::Occupied(rows) => rows.into_mut(),
                    Entry::Vacant(place) => {
                        place.insert(self.task.encode_parts(&self.examples[example], &self.text, purpose)?)
                    }
                };
                Ok(rows.get(part).cloned().unwrap_or_default())
            }
            RowPlace::Block(block) => self.task.encode_block(block, row, &self.text, purpose),
        };
        Ok(Window::Encoded(indices.iter().map(encode).collect::<Result<_>>()?))
    }

    /// Lays the rows of `window` at `positions` side by side.
    pub fn batch(&self, window: &Window, positions: &[usize], device: &Device) -> Batch {
        self.batch_of_width(window, positions, 0, device)
    }

    /// As [`Self::batch`], with `width` columns at least.
    pub fn batch_of_width(&self, window: &Window, positions: &[usize], width: usize, device: &Device) -> Batch {
        match window {
            Window::Encoded(rows) => {
                let rows: Vec<&Encoding> = positions.iter().map(|&position| &rows[position].encoding).collect();
                let padding = Padding {
                    width,
                    ..self.text.padding()
                };
                collate(&rows, padding, device)
            }
            Window::Cached(rows, hidden, layers_done) => {
                let rows: Vec<&[f32]> = positions.iter().map(|&position| &*rows[position].states).collect();
                collate_hidden(&rows, *hidden, *layers_done, width, device)
            }
        }
    }

    /// Computes the output of the first `layers` for every row once, without dropout, and keeps it. A sync point for each
    /// batch.
    pub async fn cache_activations(
        &mut self,
        network: &Network,
        layers: usize,
        positions: CachedPositions,
        device: &Device,
        progress: CachingProgress<'_>,
    ) -> Result<()> {
        let hidden = network.sizes().hidden_size;
        let mut cached: Vec<Option<CachedRow>> = (0..self.rows.len()).map(|_| None).collect();
        let (mut done, mut truncated) = (0, 0);
        for batch in self.batches_by_length(CACHE_BATCH)? {
            let window = self.window(&batch, Purpose::Evaluate)?;
            truncated += window.truncated();
            let order: Vec<usize> = (0..batch.len()).collect();
            let input = self.batch(&window, &order, device);
            let mut states = network.encoder.hidden_states(&input, layers, &mut Dropout::off());
            if positions == CachedPositions::First {
                states = states.slice([0..batch.len(), 0..1]);
            }
            let [_, seq, _] = states.dims();
            let values = host_values(states).await?;
            let rows = window.into_rows().into_iter().zip(values.chunks_exact(seq * hidden));
            for ((row, values), &index) in rows.zip(&batch) {
                let kept = row.encoding.ids.len().min(seq) * hidden;
                cached[index] = Some(CachedRow {
                    states: values[..kept].into(),
                    row: slimmed(row, positions),
                });
            }
            done += batch.len();
            progress.host.event(TrainEvent::Caching {
                done: progress.before + done,
                total: progress.total,
            });
            progress.host.control().await.go_on()?;
        }
        self.cache = Some(ActivationCache {
            rows: cached.into_iter().flatten().collect(),
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

    /// All rows in batches of similar length, each as indices, in windows of the file's order.
    pub fn batches_by_length(&self, batch_size: usize) -> Result<Vec<Vec<usize>>> {
        let mut batches = Vec::new();
        for window in windows(self.rows.len(), batch_size) {
            let start = window.start;
            let indices: Vec<usize> = window.collect();
            // Characters order texts nearly as tokens do and cost no second tokenization.
            let lengths: Vec<usize> = indices.iter().map(|&index| self.bytes(index)).collect();
            for batch in bucketed(&lengths, batch_size, None) {
                batches.push(batch.into_iter().map(|position| start + position).collect());
            }
        }
        Ok(batches)
    }

    fn bytes(&self, row: usize) -> usize {
        match self.rows.place(row) {
            RowPlace::Example(example) | RowPlace::Part { example, .. } => {
                let example = &self.examples[example];
                let pair = example.text_pair.as_deref().unwrap_or_default();
                normalised_bytes(&example.text) + normalised_bytes(pair)
            }
            RowPlace::Block(block) => block.len(),
        }
    }

    /// How many rows there are, and tokens of the longest at most.
    pub fn extent(&self) -> Extent {
        let rows = self.rows.len();
        let bytes = (0..rows).map(|row| self.bytes(row)).max().unwrap_or(0);
        let longest = bytes + MOST_SPECIAL_TOKENS;
        Extent { rows, longest }
    }

    /// The examples with what the model says of each of their rows.
    pub fn answered<'b>(&'b self, outputs: &'b [Output], label_map: &'b LabelMap) -> Answered<'b> {
        Answered {
            examples: self.examples,
            rows: &self.rows,
            outputs,
            label_map,
            text: self.text,
        }
    }
}

/// Bytes of a text behind the normalisation that lengthens it most: a single ﷺ becomes eighteen characters.
fn normalised_bytes(text: &str) -> usize {
    match is_nfkc_quick(text.chars()) {
        IsNormalized::Yes => text.len(),
        _ => text.len().max(text.nfkc().map(char::len_utf8).sum()),
    }
}

/// What a cached row keeps of its encoding: nothing where only the first token is read, else all but the spellings.
fn slimmed(mut row: Row, positions: CachedPositions) -> Row {
    match positions {
        CachedPositions::First => row.encoding = Encoding::default(),
        CachedPositions::All => row.encoding.tokens = Vec::new(),
    }
    row
}

/// Examples a forward pass while activations are cached.
pub const CACHE_BATCH: usize = 32;

/// Batches in a window: enough to find texts of similar length, few enough to hold.
const WINDOW_BATCHES: usize = 64;

/// Cuts `0..len` into windows of whole batches.
pub fn windows(len: usize, batch_size: usize) -> impl Iterator<Item = Range<usize>> {
    let size = batch_size * WINDOW_BATCHES;
    (0..len.div_ceil(size)).map(move |index| index * size..((index + 1) * size).min(len))
}

impl Window<'_> {
    /// The rows at `positions`.
    pub fn rows(&self, positions: &[usize]) -> Vec<&Row> {
        match self {
            Self::Encoded(rows) => positions.iter().map(|&position| &rows[position]).collect(),
            Self::Cached(rows, ..) => positions.iter().map(|&position| &rows[position].row).collect(),
        }
    }

    fn into_rows(self) -> Vec<Row> {
        match self {
            Self::Encoded(rows) => rows,
            Self::Cached(rows, ..) => rows.into_iter().map(|cached| cached.row.clone()).collect(),
        }
    }

    /// Length of the row at `position` in tokens.
    pub fn length(&self, position: usize) -> usize {
        match self {
            Self::Encoded(rows) => rows[position].encoding.ids.len(),
            Self::Cached(rows, hidden, _) => rows[position].states.len() / hidden,
        }
    }

    /// How many texts were cut.
    pub fn truncated(&self) -> usize {
        match self {
            Self::Encoded(rows) => rows.iter().filter(|row| row.encoding.truncated).count(),
            Self::Cached(..) => 0,
        }
    }
}

/// Asks a model for the outputs of every row of a source, a batch at a time, so that the caller can breathe in between.
pub struct Answering<'a> {
    network: &'a Network,
    source: &'a RowSource<'a>,
    purpose: Purpose,
    batches: std::vec::IntoIter<Vec<usize>>,
    outputs: Vec<Option<Output>>,
    done: usize,
    truncated: usize,
}

impl<'a> Answering<'a> {
    /// Nothing is computed yet.
    pub fn new(network: &'a Network, source: &'a RowSource<'a>, purpose: Purpose, batch_size: usize) -> Result<Self> {
        Ok(Self {
            network,
            source,
            purpose,
            batches: source.batches_by_length(batch_size)?.into_iter(),
            outputs: (0..source.rows.len()).map(|_| None).collect(),
            done: 0,
            truncated: 0,
        })
    }

    /// Computes the next batch and gives the number of rows done; nothing once all are. A sync point.
    pub async fn step(&mut self, device: &Device) -> Result<Option<usize>> {
        let Some(batch) = self.batches.next() else {
            return Ok(None);
        };
        let window = self.source.window(&batch, self.purpose)?;
        self.truncated += window.truncated();
        let positions: Vec<usize> = (0..batch.len()).collect();
        let input = self.source.batch(&window, &positions, device);
        let rows = window.rows(&positions);
        let outputs = self
            .source
            .task
            .outputs(self.network.pass(&input, &rows, &mut Dropout::off()));
        let [_, width] = outputs.dims();
        let values = host_values(outputs).await?;
        for ((values, row), &index) in values.chunks(width.max(1)).zip(rows).zip(&batch) {
            self.outputs[index] = Some(self.source.task.read(row, values));
        }
        self.done += batch.len();
        Ok(Some(self.done))
    }

    /// The outputs in the order of the rows, and how many texts were cut.
    pub fn finish(self) -> (Vec<Output>, usize) {
        (self.outputs.into_iter().flatten().collect(), self.truncated)
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
