//! Runs one command each: read what is asked for, let the core work, print the result.

pub mod dictionary;
pub mod embed;
pub mod evaluate;
pub mod inspect;
pub mod predict;
pub mod quantize;
pub mod tokenize;
pub mod train;

use std::path::Path;

use anyhow::{Context, Result};
use futures_lite::future::block_on;
use terakoya_core::device::{ComputeDevice, DeviceChoice};
use terakoya_core::session::Session;

use crate::args::TokenizerArgs;
use crate::{dictionaries, folder};

/// Opens the device, says which, and puts the model of `folder` on it.
fn open_session(model: &Path, tokenizer: &TokenizerArgs, choice: DeviceChoice) -> Result<Session> {
    // The folder first: opening a GPU takes longer than finding that a file is missing.
    let files = folder::read(model)?;
    let dictionary = dictionaries::for_tokenizer(&files, tokenizer).with_context(|| model.display().to_string())?;
    let device = block_on(ComputeDevice::open(choice))?;
    eprintln!("{}", device.description());
    Session::open(files, dictionary, device).with_context(|| model.display().to_string())
}

/// Says how many texts were cut.
fn say_truncated(truncated: usize, total: usize) {
    if truncated > 0 {
        eprintln!("{truncated} of {total} texts were longer than the model or --max-length allows and were cut");
    }
}
