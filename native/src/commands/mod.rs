//! Runs one command each: read what is asked for, let the core work, print the result.

pub mod corpus;
pub mod dictionary;
pub mod embed;
pub mod evaluate;
pub mod generate;
pub mod inspect;
pub mod predict;
pub mod quantize;
pub mod tokenize;
pub mod train;

use std::cell::OnceCell;
use std::path::Path;

use anyhow::{Context, Result};
use futures_lite::future::block_on;
use terakoya_core::device::{ComputeDevice, DeviceChoice};
use terakoya_core::protocol::Prediction;
use terakoya_core::session::{NamedExamples, Session};
use terakoya_core::tasks::TaskKind;
use terakoya_core::tasks::masked_lm::mask_id;
use terakoya_core::tokenizer::{TOKENIZER_FILES, Tokenizer};
use terakoya_core::training_config::{OptionError, check_stride};

use crate::args::TokenizerArgs;
use crate::{dictionaries, folder};

/// The device of a command, opened and named when its first model needs it: an adapter can be opened once a process.
struct SharedDevice {
    choice: DeviceChoice,
    opened: OnceCell<ComputeDevice>,
}

impl SharedDevice {
    fn new(choice: impl Into<DeviceChoice>) -> Self {
        Self {
            choice: choice.into(),
            opened: OnceCell::new(),
        }
    }

    /// The CPU for a command that computes nothing, so that there is nothing to tell.
    fn untold() -> Self {
        let device = ComputeDevice::cpu("nothing is computed");
        Self {
            choice: DeviceChoice::Cpu,
            opened: OnceCell::from(device),
        }
    }

    /// The device, the same one each time.
    fn get(&self) -> Result<ComputeDevice> {
        if let Some(device) = self.opened.get() {
            return Ok(device.clone());
        }
        let device = block_on(ComputeDevice::open(self.choice))?;
        eprintln!("{}", device.description());
        Ok(self.opened.get_or_init(|| device).clone())
    }
}

/// Puts the model of a folder on `device`.
fn open_session(model: &Path, tokenizer: &TokenizerArgs, device: &SharedDevice) -> Result<Session> {
    // The folder first: opening a GPU takes longer than finding that a file is missing.
    let files = folder::read(model)?;
    let dictionary = dictionaries::for_tokenizer(&files, tokenizer).with_context(|| model.display().to_string())?;
    Session::open(files, dictionary, device.get()?).with_context(|| model.display().to_string())
}

/// Refuses a folder whose tokenizer lacks what `task` needs, before data and weights are read.
fn check_tokenizer(task: TaskKind, folder: &Path, tokenizer: &TokenizerArgs) -> Result<()> {
    if task != TaskKind::MaskedLm {
        return Ok(());
    }
    let files = folder::read_tokenizer(folder)?;
    let name = || folder.display().to_string();
    let dictionary = dictionaries::for_tokenizer(&files, tokenizer).with_context(name)?;
    let tokenizer = Tokenizer::from_files_with_dictionary(&files, dictionary).with_context(name)?;
    mask_id(&tokenizer).with_context(name)?;
    Ok(())
}

/// Makes a new model on `device`: sizes from `config`, a config.json, tokenizer from a folder.
fn new_session(
    config: &Path,
    tokenizer_folder: &Path,
    tokenizer: &TokenizerArgs,
    device: &SharedDevice,
    seed: u64,
) -> Result<Session> {
    let mut files = folder::read(tokenizer_folder)?;
    files.retain(|name, _| TOKENIZER_FILES.contains(&name.as_str()));
    let name = config.display().to_string();
    let bytes = std::fs::read(config).with_context(|| name.clone())?;
    files.insert("config.json".to_owned(), bytes);
    let dictionary = dictionaries::for_tokenizer(&files, tokenizer).with_context(|| name.clone())?;
    Session::from_scratch(files, dictionary, device.get()?, seed).with_context(|| name)
}

/// The most examples that are named where they were not asked.
const SHOWN_UNASKED: usize = 10;

/// Why some of the predictions are of examples that were not asked.
fn unasked(predictions: &[Prediction]) -> impl Iterator<Item = String> {
    predictions.iter().filter_map(|prediction| match prediction {
        Prediction::Answer(answer) => answer.unasked.clone(),
        Prediction::Masks(masks) => masks.unasked.clone(),
        _ => None,
    })
}

/// Says which examples were not asked and why; `file` is where they stand, where there is one.
fn say_unasked(file: Option<&str>, reasons: &[String]) {
    let place = file.map(|file| format!("{file}: ")).unwrap_or_default();
    for reason in reasons.iter().take(SHOWN_UNASKED) {
        eprintln!("{place}{reason}");
    }
    if reasons.len() > SHOWN_UNASKED {
        let more = reasons.len() - SHOWN_UNASKED;
        eprintln!("{place}{more} more were not asked");
    }
}

/// Says where texts are cut earlier than `--max-length` asks, and refuses a `--stride` that no window can have.
fn check_lengths(session: &Session, max_length: Option<usize>, stride: Option<usize>) -> Result<(), OptionError> {
    let longest = session.longest();
    if let Some(asked) = max_length.filter(|&asked| asked > longest) {
        eprintln!("--max-length is {asked}, but the model reads at most {longest} tokens at once");
    }
    let window = session.usual_length(max_length);
    stride.map_or(Ok(()), |stride| check_stride(stride, window))
}

/// Says what of `data` is read or answered otherwise than one may expect.
fn say_notes(session: &Session, data: NamedExamples<'_>, max_length: Option<usize>) -> Result<()> {
    for note in session.notes(data, max_length)? {
        eprintln!("{note}");
    }
    Ok(())
}

/// Says how many texts were cut.
fn say_truncated(truncated: usize, total: usize) {
    if truncated > 0 {
        eprintln!("{truncated} of {total} texts were longer than the model or --max-length allows and were cut");
    }
}
