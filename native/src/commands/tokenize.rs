//! `terakoya tokenize`: shows how each line of stdin is cut into tokens.

use std::io::{BufWriter, Write, stdout};

use anyhow::{Context, Result};
use serde_json::json;
use terakoya_core::tokenizer::{EncodeOptions, Tokenizer};

use crate::args::TokenizeArgs;
use crate::data_files::stdin_lines;
use crate::{dictionaries, folder};

/// Runs the command; a folder with tokenizer files only is enough.
pub fn run(args: TokenizeArgs) -> Result<()> {
    let files = folder::read(&args.model)?;
    let folder = || args.model.display().to_string();
    let dictionary = dictionaries::for_tokenizer(&files, &args.tokenizer).with_context(folder)?;
    let tokenizer = Tokenizer::from_files_with_dictionary(&files, dictionary).with_context(folder)?;
    match args.explain {
        true => explain(&tokenizer, &args),
        false => encode(&tokenizer, &args),
    }
}

/// Prints the ids, as a model reads them.
fn encode(tokenizer: &Tokenizer, args: &TokenizeArgs) -> Result<()> {
    let options = EncodeOptions {
        max_length: args.max_length,
        ..EncodeOptions::default()
    };
    let mut out = BufWriter::new(stdout().lock());
    for example in stdin_lines()? {
        let encoding = tokenizer.encode(&example.text, None, &options)?;
        if args.json {
            let line = json!({
                "ids": encoding.ids,
                "tokens": encoding.tokens,
                "offsets": encoding.offsets,
                "word_ids": encoding.word_ids,
            });
            writeln!(out, "{line}")?;
            continue;
        }
        for (index, token) in encoding.tokens.iter().enumerate() {
            let (start, end) = encoding.offsets[index];
            let word = encoding.word_ids[index].map_or(String::from("-"), |word| word.to_string());
            writeln!(
                out,
                "{:>7}  {start:>4}–{end:<4}  word {word:>3}  {token}",
                encoding.ids[index]
            )?;
        }
        writeln!(out)?;
    }
    out.flush()?;
    Ok(())
}

/// Prints how the words and pieces were found.
fn explain(tokenizer: &Tokenizer, args: &TokenizeArgs) -> Result<()> {
    let mut out = BufWriter::new(stdout().lock());
    for example in stdin_lines()? {
        let explanation = tokenizer.explain(&example.text)?;
        match args.json {
            true => writeln!(out, "{}", serde_json::to_string(&explanation)?)?,
            false => writeln!(out, "{explanation}")?,
        }
    }
    out.flush()?;
    Ok(())
}
