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

pub mod error;

pub mod bio;
pub mod data;
pub mod tokenizer;

pub mod batch;
pub mod examples;
pub mod rows;

pub mod kernels;
pub mod models;
pub mod tasks;

pub mod loss;
pub mod metrics;
pub mod optim;
pub mod schedule;

pub mod plan;
pub mod train;
pub mod training_config;

pub mod bundle;
pub mod device;
mod platform;
pub mod quantize;
pub mod weights;

pub mod protocol;
pub mod report;
pub mod session;

/// The version of burn that the core is built on, for training.json.
pub const BURN_VERSION: &str = "0.22.1";
