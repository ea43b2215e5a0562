//! `terakoya embed`: turns each line of stdin into a vector.

use std::io::{BufWriter, Write, stdout};

use anyhow::Result;
use futures_lite::future::block_on;

use crate::args::EmbedArgs;
use crate::commands::open_session;
use crate::data_files::stdin_lines;

/// Texts that are embedded before their vectors are printed.
const CHUNK: usize = 4096;

/// Runs the command.
pub fn run(args: EmbedArgs) -> Result<()> {
    let session = open_session(&args.model, &args.tokenizer, args.device.device.into())?;
    let mut out = BufWriter::new(stdout().lock());
    for chunk in stdin_lines()?.chunks(CHUNK) {
        let vectors = block_on(session.embed(chunk, args.pooling.into(), args.batch_size as usize))?;
        for vector in vectors {
            if args.json {
                writeln!(out, "{}", serde_json::to_string(&vector)?)?;
            } else {
                let numbers: Vec<String> = vector.iter().map(f32::to_string).collect();
                writeln!(out, "{}", numbers.join(" "))?;
            }
        }
    }
    out.flush()?;
    Ok(())
}
