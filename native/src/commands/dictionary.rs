//! `terakoya dictionary`: packs MeCab's compiled dictionary into one file, and says what such a file holds.

use std::fs;
use std::io::{Write, stdout};
use std::path::Path;

use anyhow::{Context, Result};
use terakoya_core::tokenizer::Files;
use terakoya_core::tokenizer::dictionary::{COMPILED_FILES, Dictionary, pack};

use crate::args::{DictionaryArgs, DictionaryCommand, DictionaryInfoArgs, DictionaryPackArgs};
use crate::folder::write_file;

/// Runs the command.
pub fn run(args: DictionaryArgs) -> Result<()> {
    match args.command {
        DictionaryCommand::Pack(args) => run_pack(&args),
        DictionaryCommand::Info(args) => info(&args),
    }
}

fn run_pack(args: &DictionaryPackArgs) -> Result<()> {
    let files = read_compiled(&args.source)?;
    let mut sample = String::new();
    for path in &args.sample {
        sample += &fs::read_to_string(path).with_context(|| path.display().to_string())?;
    }
    let packed = pack(&name_of(&args.output), &files, &sample).with_context(|| args.source.display().to_string())?;
    write_file(&args.output, &packed)?;
    let compiled: usize = files.values().map(Vec::len).sum();
    eprintln!(
        "packed {compiled} bytes of {} into {} bytes",
        args.source.display(),
        packed.len()
    );
    Ok(())
}

/// Those of MeCab's files that decide where words begin and end.
fn read_compiled(source: &Path) -> Result<Files> {
    let mut files = Files::new();
    for name in COMPILED_FILES {
        let path = source.join(name);
        let bytes = fs::read(&path).with_context(|| path.display().to_string())?;
        files.insert(name.to_owned(), bytes);
    }
    Ok(files)
}

/// `out/unidic_lite.dic.gz` → `unidic_lite`.
fn name_of(output: &Path) -> String {
    let name = output.file_name().unwrap_or_default().to_string_lossy();
    let name = name.strip_suffix(".gz").unwrap_or(&name);
    name.strip_suffix(".dic").unwrap_or(name).to_owned()
}

fn info(args: &DictionaryInfoArgs) -> Result<()> {
    let name = args.file.display().to_string();
    let bytes = fs::read(&args.file).with_context(|| name.clone())?;
    let info = Dictionary::from_packed(&bytes).with_context(|| name)?.info();
    let mut out = stdout().lock();
    if args.json {
        writeln!(out, "{}", serde_json::to_string(&info)?)?;
        return Ok(());
    }
    writeln!(out, "name        {}", info.name)?;
    writeln!(out, "surfaces    {}", info.surfaces)?;
    writeln!(out, "words       {}", info.words)?;
    writeln!(out, "ids         {} left, {} right", info.ids.0, info.ids.1)?;
    writeln!(
        out,
        "contexts    {} left, {} right: the ids that connect differently",
        info.contexts.0, info.contexts.1
    )?;
    writeln!(out, "categories  {}", info.categories.join(", "))?;
    writeln!(out, "in memory   {:.1} MB", info.bytes as f64 / 1e6)?;
    writeln!(out, "packed      {:.1} MB", bytes.len() as f64 / 1e6)?;
    Ok(())
}
