//! Fine-tunes BERT-family models: bytes and strings in, bytes and messages out, natively and in a browser.
//!
//! ```text
//! text ─ tokenizer ─▶ Encoding ─ batch ─▶ Batch [batch, seq] ─ models ─▶ hidden_states [batch, seq, hidden] ─ tasks ─▶ logits
//!   train:    loss ─ backward ─ optim ─ TrainEvent      evaluate: one readback ─ metrics      predict: one readback ─ decode
//! ```
//!
//! Shapes are written in brackets: `batch` rows, `seq` tokens of a padded row, `hidden` the width of the hidden states,
//! `heads` attention heads of `head_dim` each, `vocab` rows of the word embedding table, `num_labels` classes. A mask says
//! 1 = keep. This crate has no files, sockets, threads of its own, clock or terminal; those are in `native` and `web`.
//!
//! Without the feature `compute` only what needs no tensors is left: the messages, the data readers, the options. A
//! program that talks to a model elsewhere, as the browser's page does, links nothing else.

#[cfg(feature = "compute")]
pub mod error;

pub mod argmax;
pub mod bio;
pub mod data;
#[cfg(feature = "compute")]
pub mod tokenizer;

#[cfg(feature = "compute")]
pub mod batch;
#[cfg(feature = "compute")]
pub mod examples;
#[cfg(feature = "compute")]
pub mod rows;

#[cfg(feature = "compute")]
pub mod generate;
pub mod generation_config;
#[cfg(feature = "compute")]
pub mod kernels;
#[cfg(feature = "compute")]
pub mod models;
pub mod predictions;
pub mod random;
pub mod task_kind;
#[cfg(feature = "compute")]
pub mod tasks;

#[cfg(feature = "probe")]
pub mod logistic;
#[cfg(feature = "compute")]
pub mod loss;
pub mod metrics;
#[cfg(feature = "compute")]
pub mod optim;
#[cfg(feature = "compute")]
pub mod pca;
pub mod schedule;

#[cfg(feature = "compute")]
pub mod plan;
#[cfg(feature = "compute")]
pub mod train;
pub mod training_config;

#[cfg(feature = "compute")]
pub mod bundle;
#[cfg(feature = "compute")]
pub mod device;
#[cfg(feature = "compute")]
mod platform;
#[cfg(feature = "compute")]
pub mod quantize;
#[cfg(feature = "compute")]
pub mod weights;

pub mod protocol;
#[cfg(feature = "compute")]
pub mod report;
#[cfg(feature = "compute")]
pub mod session;

/// The version of burn that the core is built on, for training.json.
pub const BURN_VERSION: &str = "0.22.1";
