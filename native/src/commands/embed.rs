//! `terakoya embed`: turns texts into vectors, printed or written as a file, and into a picture.

use std::fs;
use std::io::{BufWriter, Write, stdout};
use std::path::Path;

use anyhow::{Context, Result, bail};
use futures_lite::future::block_on;
use terakoya_core::data::{DataError, Example, Format, GoldColumn, ReadOptions, format_of};
use terakoya_core::pca::project;
use terakoya_core::report::plot::{PlotText, plot};

use crate::args::EmbedArgs;
use crate::commands::{SharedDevice, open_session};
use crate::data_files::{DataFile, stdin_lines};
use crate::folder::{self, check_apart, check_file, write_file};
use crate::progress::Progress;
use crate::usage::check_extension;
use crate::vectors::VectorFormat;

/// Texts that are embedded before their vectors are printed.
const CHUNK: usize = 4096;

/// Runs the command.
pub fn run(args: EmbedArgs) -> Result<()> {
    let output = match &args.output {
        Some(path) => Some((path, VectorFormat::of(path)?)),
        None => None,
    };
    if let Some(path) = &args.plot {
        check_extension(path, &["svg"], "a picture is written as .svg")?;
    }
    for path in [&args.output, &args.plot].into_iter().flatten() {
        check_file(path)?;
        args.data.as_ref().map_or(Ok(()), |data| check_apart(path, data))?;
    }
    let examples = examples(&args)?;
    if examples.is_empty() {
        bail!("there are no texts: stdin was empty");
    }
    let session = open_session(&args.model, &args.tokenizer, &SharedDevice::new(args.device.device))?;
    let is_kept = output.is_some() || args.plot.is_some();
    let mut kept: Vec<Vec<f32>> = Vec::new();
    let mut progress = Progress::new();
    let (mut done, mut cut) = (0, 0);
    let mut out = BufWriter::new(stdout().lock());
    for chunk in examples.chunks(CHUNK) {
        let (vectors, truncated) = block_on(session.embed(chunk, args.pooling.into(), args.batch_size as usize))?;
        match is_kept {
            true => kept.extend(vectors),
            false => print(&mut out, &vectors, args.json)?,
        }
        cut += truncated;
        done += chunk.len();
        progress.count("embedding", done, examples.len());
    }
    out.flush()?;
    if cut > 0 {
        let (total, longest) = (examples.len(), session.longest());
        eprintln!("{cut} of {total} texts were longer than the {longest} tokens that the model reads and were cut");
    }
    if let Some((path, format)) = output {
        write_file(path, &format.bytes(&examples, &kept)?)?;
        let width = kept.first().map_or(0, Vec::len);
        eprintln!("{}: {} vectors of {width} numbers", path.display(), kept.len());
    }
    match &args.plot {
        Some(path) => write_picture(path, &examples, &kept),
        None => Ok(()),
    }
}

/// The texts; their labels only where something shows them.
fn examples(args: &EmbedArgs) -> Result<Vec<Example>> {
    let Some(path) = &args.data else {
        return stdin_lines();
    };
    let own = folder::task(&args.model).definition().gold;
    let shows_labels = args.output.is_some() || args.plot.is_some();
    let options = args.read.read_options(own, args.filter.clone())?;
    let name = path.to_string_lossy();
    let mut options = options.with_labels_of_tables(&name);
    let is_read_as = |bytes: &[u8], gold, format| {
        let options = ReadOptions {
            gold,
            ..options.clone()
        };
        format_of(&name, bytes, &options).is_ok_and(|found| found == format)
    };
    let bytes = || fs::read(path).with_context(|| name.to_string());
    // By its name alone: a line of another file may end with what looks like a tag.
    if is_read_as(&[], GoldColumn::Entities, Format::Conll) {
        options.gold = GoldColumn::Entities;
    } else if options.gold == GoldColumn::Lines && is_read_as(&bytes()?, GoldColumn::Label, Format::Semicolon) {
        // Lines of text and label are a table, whatever the file is called.
        options.gold = GoldColumn::Label;
    }
    options.gold = match options.gold {
        // Where the file's form hangs on what it is for, it is read as that.
        own @ (GoldColumn::Entities | GoldColumn::Answers | GoldColumn::Lines | GoldColumn::Documents) => own,
        _ if !shows_labels => GoldColumn::Unread,
        gold => gold,
    };
    let read = DataFile::read(path, &options).or_else(|error| match error.downcast_ref() {
        // What is no label may be several, which a base model's folder does not tell.
        Some(DataError::UnlistedLabel { .. }) if options.gold == GoldColumn::Label => {
            options.gold = GoldColumn::Labels;
            DataFile::read(path, &options)
        }
        _ => Err(error),
    });
    Ok(read?.examples)
}

fn print(out: &mut impl Write, vectors: &[Vec<f32>], as_json: bool) -> Result<()> {
    for vector in vectors {
        if as_json {
            writeln!(out, "{}", serde_json::to_string(vector)?)?;
        } else {
            let numbers: Vec<String> = vector.iter().map(f32::to_string).collect();
            writeln!(out, "{}", numbers.join(" "))?;
        }
    }
    Ok(())
}

fn write_picture(path: &Path, examples: &[Example], vectors: &[Vec<f32>]) -> Result<()> {
    let projection = project(vectors).with_context(|| path.display().to_string())?;
    let labels: Vec<Option<String>> = examples
        .iter()
        .map(|example| Some(example.gold.labels()?.join(",")))
        .collect();
    let shown: Vec<String> = examples
        .iter()
        .map(|example| match &example.text_pair {
            Some(pair) => format!("{}\n{pair}", example.text),
            None => example.text.clone(),
        })
        .collect();
    let texts = shown.iter().zip(&labels).map(|(text, label)| PlotText {
        text,
        label: label.as_deref(),
    });
    let picture = plot(&texts.collect::<Vec<_>>(), &projection);
    write_file(path, picture.as_bytes())?;
    let [first, second] = projection.explained.map(|share| 100.0 * share);
    eprintln!(
        "{}: {} texts; the two directions hold {first:.1} % and {second:.1} % of the variance",
        path.display(),
        examples.len()
    );
    Ok(())
}
