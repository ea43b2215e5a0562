//! Reads data files from the disk through the core's readers.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use terakoya_core::data::{
    Example, Format, Gold, GoldColumn, NamedExamples, Place, ReadOptions, SplitRatios, read, sha256_hex, split,
    split_text,
};

use crate::usage::UsageError;

/// A data file, read.
#[derive(Debug)]
pub struct DataFile {
    /// As the user wrote it.
    pub name: String,
    /// Its rows.
    pub examples: Vec<Example>,
    /// What their numbers count.
    pub place: fn(usize) -> Place,
    /// SHA-256 of its bytes.
    pub sha256: String,
}

impl DataFile {
    /// Reads `path`; says on stderr which columns were taken.
    pub fn read(path: &Path, options: &ReadOptions) -> Result<Self> {
        let name = path.display().to_string();
        let bytes = std::fs::read(path).with_context(|| name.clone())?;
        let dataset = read(&name, &bytes, options)?;
        let mut skipped = String::new();
        if dataset.skipped_by_filter > 0 {
            skipped = format!(" ({} other rows skipped)", dataset.skipped_by_filter);
        }
        eprintln!("{name}: {} rows{skipped}; {}", dataset.examples.len(), dataset.columns);
        let place = dataset.columns.format.place();
        say_unused(&name, dataset.columns.format, options);
        let mut empty = dataset.examples.iter().filter(|example| example.text.trim().is_empty());
        if let Some(first) = empty.next() {
            eprintln!(
                "{name}: rows with an empty text: {} (the first: {})",
                1 + empty.count(),
                place(first.line)
            );
        }
        if let [first, ..] = dataset.blank_works[..] {
            let count = dataset.blank_works.len();
            eprintln!("{name}: works without a word, left out: {count} (the first: line {first})");
        }
        Ok(Self {
            name,
            examples: dataset.examples,
            place,
            sha256: sha256_hex(&bytes),
        })
    }

    /// As the core takes it.
    pub fn named(&self) -> NamedExamples<'_> {
        NamedExamples {
            name: &self.name,
            examples: &self.examples,
            place: self.place,
        }
    }

    /// The rows at `indices`, as a part of this file.
    fn part(&self, what: &str, indices: &[usize]) -> Self {
        Self {
            name: format!("{} ({what})", self.name),
            examples: indices.iter().map(|&index| self.examples[index].clone()).collect(),
            place: self.place,
            sha256: self.sha256.clone(),
        }
    }
}

/// Says which flags choose columns where there are none to choose from. Another file of the same command may have some.
fn say_unused(name: &str, format: Format, options: &ReadOptions) {
    let form = match format {
        Format::Squad => "questions in SQuAD's form",
        Format::Text => "plain text",
        _ => return,
    };
    let flags = [
        ("--text-column", &options.text_column),
        ("--pair-column", &options.pair_column),
        ("--label-column", &options.label_column),
    ];
    for (flag, column) in flags {
        if let Some(column) = column {
            eprintln!("{name}: {flag} {column} chooses nothing here: it is read as {form}, without columns");
        }
    }
}

/// The parts that `--split` makes, in the order of its numbers.
const PARTS: [&str; 3] = ["training part", "evaluation part", "test part"];

impl DataFile {
    /// The rows shared out at random by `seed`; running text of fewer works than that takes is cut by position instead.
    ///
    /// # Errors
    /// If there is nothing for one of the parts.
    pub fn split(&self, ratios: &SplitRatios, seed: u64, gold: GoldColumn) -> Result<Vec<Self>> {
        let shared = split(self.examples.len(), ratios, seed);
        let is_running = gold == GoldColumn::Documents;
        let parts: Vec<Self> = if is_running && shared.iter().any(Vec::is_empty) {
            eprintln!(
                "{}: --split {ratios} shares out whole works, told apart by form feeds, and there are too few ({}): each is cut by \
                 position instead",
                self.name,
                self.examples.len()
            );
            self.stretches(ratios)
        } else {
            let parts = PARTS.iter().zip(&shared);
            parts.map(|(what, indices)| self.part(what, indices)).collect()
        };
        if let Some(empty) = parts.iter().find(|part| part.examples.is_empty()) {
            let what = if is_running { "works" } else { "rows" };
            let count = self.examples.len();
            bail!(
                "{}: --split {ratios} leaves nothing of {count} {what} for it",
                empty.name
            );
        }
        Ok(parts)
    }

    /// Of every work its first stretch, its second, and so on.
    fn stretches(&self, ratios: &SplitRatios) -> Vec<Self> {
        let mut parts: Vec<Self> = (0..ratios.as_slice().len())
            .map(|index| self.part(PARTS[index], &[]))
            .collect();
        for work in &self.examples {
            let mut line = work.line;
            for (part, stretch) in parts.iter_mut().zip(split_text(&work.text, ratios)) {
                if !stretch.trim().is_empty() {
                    part.examples.push(Example {
                        text: stretch.to_owned(),
                        line,
                        ..work.clone()
                    });
                }
                line += stretch.matches('\n').count();
            }
        }
        parts
    }
}

/// Texts from stdin, one a line; a byte order mark is none of them, as in a file.
pub fn stdin_lines() -> Result<Vec<Example>> {
    use std::io::Read;
    let mut bytes = Vec::new();
    std::io::stdin().read_to_end(&mut bytes).context("reading stdin")?;
    let text = String::from_utf8(bytes)
        .map_err(|error| anyhow::anyhow!("stdin is not UTF-8 at byte {}", error.utf8_error().valid_up_to()))?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
    let lines = text.strip_suffix('\n').unwrap_or(text).split('\n').enumerate();
    if text.is_empty() {
        return Ok(Vec::new());
    }
    Ok(lines
        .map(|(index, line)| Example {
            text: line.strip_suffix('\r').unwrap_or(line).to_owned(),
            text_pair: None,
            gold: Gold::None,
            line: index + 1,
            id: None,
        })
        .collect())
}

/// A file that has to be named.
pub fn required(path: Option<PathBuf>, flag: &str) -> Result<PathBuf> {
    Ok(path.ok_or_else(|| UsageError(format!("--{flag} is missing")))?)
}
