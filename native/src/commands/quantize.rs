//! `terakoya quantize`: makes a model folder small and measures what that costs.
//!
//! The same measurement runs on the folder before and on the folder that was written: the metrics of a fine-tuned model on
//! labelled data, the rank correlation of text similarity with the scores of pairs, or, without data, how far the vectors
//! of a few sentences turn.

use std::io::{Write, stdout};

use anyhow::{Context, Result, bail};
use futures_lite::future::block_on;
use serde_json::{Map, Value, json};
use terakoya_core::data::{Example, Gold, LabelMap};
use terakoya_core::metrics::{cosine, spearman};
use terakoya_core::quantize::{QuantizeReport, quantize};
use terakoya_core::report::spelled;
use terakoya_core::session::Session;
use terakoya_core::tasks::TaskKind;
use terakoya_core::tasks::features::Pooling;
use terakoya_core::tokenizer::Files;

use crate::args::QuantizeArgs;
use crate::commands::{SharedDevice, evaluate, open_session};
use crate::data_files::DataFile;
use crate::folder;
use crate::progress::Progress;

/// Texts that are embedded between two lines of progress.
const CHUNK: usize = 1024;

/// What is measured where no data is given.
const SENTENCES: [&str; 12] = [
    "駅前の古い喫茶店で、友人と遅い朝食をとった。",
    "新しい電話は画面が明るく、電池も一日もつ。",
    "試合は延長の末、地元のチームが一点差で勝った。",
    "この寺の庭は、秋になると紅葉で赤く染まる。",
    "明日の会議は午後三時に変更になりました。",
    "説明書が分かりにくくて、設定に一時間もかかった。",
    "The train was late again, and nobody told us why.",
    "She grows tomatoes and beans behind the house.",
    "Our team lost the final by a single point.",
    "The battery lasts two days if you turn the screen down.",
    "Add a little salt and let the soup rest for ten minutes.",
    "I would not stay in this hotel a second time.",
];

/// Runs the command.
pub fn run(args: QuantizeArgs) -> Result<()> {
    folder::check_output(&args.output, args.overwrite)?;
    folder::check_partial(&args.output)?;
    let probe = Probe::read(&args)?;
    let device = SharedDevice::new(args.device.device);
    let before = probe.measure(open_session(&args.model, &args.tokenizer, &device)?, &args)?;
    let (report, mut record) = write_quantized(&args)?;
    let after = probe.measure(open_session(&args.output, &args.tokenizer, &device)?, &args)?;
    let loss = compare(&before, &after);
    if let (Value::Object(record), Value::Object(loss)) = (&mut record, &loss) {
        record.insert("measured".to_owned(), probe.description(args.prefix.as_deref()));
        record.extend(loss.clone());
    }
    folder::write_file(&args.output.join(folder::QUANTIZATION), &summary(&record))?;
    let mut out = stdout().lock();
    match args.json {
        true => writeln!(out, "{record}")?,
        false => {
            writeln!(out, "{report}")?;
            writeln!(
                out,
                "folder: {} → {} bytes",
                record["source_folder_bytes"], record["folder_bytes"]
            )?;
            print_loss(&mut out, &loss)?;
        }
    }
    Ok(())
}

/// Quantises the folder and writes it, with the files that say where it comes from. Gives what quantization.json holds.
fn write_quantized(args: &QuantizeArgs) -> Result<(QuantizeReport, Value)> {
    let files = folder::read(&args.model)?;
    let source_folder_bytes: usize = files.values().map(Vec::len).sum();
    let names: Vec<String> = files
        .keys()
        .filter(|name| folder::is_provenance(name))
        .cloned()
        .collect();
    eprintln!("quantising {}", args.model.display());
    let (mut files, report) = quantize(files).with_context(|| args.model.display().to_string())?;
    for name in names {
        let path = args.model.join(&name);
        let bytes = std::fs::read(&path).with_context(|| path.display().to_string())?;
        files.insert(name, bytes);
    }
    let record = json!({
        "terakoya": env!("CARGO_PKG_VERSION"),
        "source_folder_bytes": source_folder_bytes,
        "folder_bytes": total_bytes(&files),
        "weights": report,
    });
    files.insert(folder::QUANTIZATION.to_owned(), summary(&record));
    folder::write(&args.output, &files)?;
    eprintln!("saved to {}", args.output.display());
    Ok((report, record))
}

/// Bytes of the files that a program which runs the model has to fetch.
fn total_bytes(files: &Files) -> usize {
    let fetched = files.iter().filter(|(name, _)| !folder::is_provenance(name));
    fetched.map(|(_, bytes)| bytes.len()).sum()
}

/// quantization.json: the record without its line for each tensor, which any program can make again from the two folders.
fn summary(record: &Value) -> Vec<u8> {
    let mut record = record.clone();
    if let Some(weights) = record["weights"].as_object_mut() {
        weights.shift_remove("tensors");
    }
    format!("{record:#}\n").into_bytes()
}

/// What is asked of both models.
enum Probe {
    /// The vectors of [`SENTENCES`].
    Sentences(Vec<Example>),
    /// The similarity of two texts in a row of `data`: all first texts, then all second ones, and the scores.
    Similarity {
        data: DataFile,
        texts: Vec<Example>,
        scores: Vec<f64>,
    },
    /// The metrics of a fine-tuned model.
    Labels(DataFile),
}

/// What a model answered.
enum Measured {
    Vectors(Vec<Vec<f32>>),
    Spearman { value: f64, pairs: usize },
    Metrics(Value),
}

impl Probe {
    /// Pairs whose labels are all numbers are scores of similarity, unless the model learned to say them; other labels are
    /// those of a fine-tuned model.
    fn read(args: &QuantizeArgs) -> Result<Self> {
        let prefix = args.prefix.as_deref().unwrap_or_default();
        let Some(path) = &args.data else {
            let texts = SENTENCES.iter().map(|text| single(format!("{prefix}{text}")));
            return Ok(Self::Sentences(texts.collect()));
        };
        let task = folder::task(&args.model);
        // A model that says words asks for no labels; numbers in a table are scores all the same.
        let options = args.read.read_options(task.definition().gold, args.filter.clone())?;
        let options = options.with_labels_of_tables(&path.to_string_lossy());
        let mut data = DataFile::read(path, &options)?;
        let is_of_vectors = task != TaskKind::Regression;
        let score = |example: &Example| example.gold.score().filter(|_| is_of_vectors);
        let scores: Option<Vec<f64>> = data.examples.iter().map(score).collect();
        let seconds: Option<Vec<&String>> = data.examples.iter().map(|example| example.text_pair.as_ref()).collect();
        if let (Some(scores), Some(seconds)) = (scores, seconds) {
            let firsts = data.examples.iter().map(|example| &example.text);
            let texts = firsts
                .chain(seconds)
                .map(|text| single(format!("{prefix}{text}")))
                .collect();
            return Ok(Self::Similarity { data, texts, scores });
        }
        for example in &mut data.examples {
            example.text.insert_str(0, prefix);
        }
        Ok(Self::Labels(data))
    }

    /// What it asks, for quantization.json.
    fn description(&self, prefix: Option<&str>) -> Value {
        match self {
            Self::Sentences(_) => json!({"data": null, "prefix": prefix}),
            Self::Similarity { data, .. } | Self::Labels(data) => {
                json!({"data": {"file": data.name, "sha256": data.sha256}, "prefix": prefix})
            }
        }
    }

    fn measure(&self, session: Session, args: &QuantizeArgs) -> Result<Measured> {
        let size = args.pass.batch_size as usize;
        match self {
            Self::Sentences(texts) => Ok(Measured::Vectors(embed(&session, texts, size)?)),
            Self::Similarity { texts, scores, .. } => {
                let vectors = embed(&session, texts, size)?;
                let (firsts, seconds) = vectors.split_at(scores.len());
                let cosines: Vec<f64> = firsts.iter().zip(seconds).map(|(a, b)| cosine(a, b)).collect();
                let value = spearman(&cosines, scores);
                if !value.is_finite() {
                    bail!("{} scores that are all alike cannot be correlated", scores.len());
                }
                let pairs = scores.len();
                Ok(Measured::Spearman { value, pairs })
            }
            Self::Labels(data) => {
                let evaluation = evaluate::evaluate(&session, data, &LabelMap::default(), args.pass.max_length, size)?;
                Ok(Measured::Metrics(evaluate::to_json(&evaluation)?))
            }
        }
    }
}

fn single(text: String) -> Example {
    Example {
        text,
        text_pair: None,
        gold: Gold::None,
        line: 0,
        id: None,
    }
}

/// Mean-pooled vectors, whatever the model's head.
fn embed(session: &Session, texts: &[Example], batch_size: usize) -> Result<Vec<Vec<f32>>> {
    let mut progress = Progress::new();
    let mut vectors = Vec::with_capacity(texts.len());
    for chunk in texts.chunks(CHUNK) {
        vectors.extend(block_on(session.embed(chunk, Pooling::Mean, batch_size))?.0);
        progress.count("embedding", vectors.len(), texts.len());
    }
    Ok(vectors)
}

/// The difference between two answers, as quantization.json has it.
fn compare(before: &Measured, after: &Measured) -> Value {
    match (before, after) {
        (Measured::Vectors(before), Measured::Vectors(after)) => {
            let cosines: Vec<f64> = before.iter().zip(after).map(|(a, b)| cosine(a, b)).collect();
            let least = cosines.iter().copied().fold(1.0, f64::min);
            let mean = cosines.iter().sum::<f64>() / cosines.len() as f64;
            json!({"sentences": {"count": cosines.len(), "least_cosine": least, "mean_cosine": mean}})
        }
        (Measured::Spearman { value: old, pairs }, Measured::Spearman { value: new, .. }) => {
            json!({"spearman": {"pairs": pairs, "before": old, "after": new, "change": new - old}})
        }
        (Measured::Metrics(before), Measured::Metrics(after)) => json!({"metrics": numbers(before, after)}),
        _ => unreachable!("one probe measures both"),
    }
}

/// The metrics that are single numbers, before and after.
fn numbers(before: &Value, after: &Value) -> Value {
    let mut changes = Map::new();
    for (name, old) in before.as_object().into_iter().flatten() {
        if let (Some(_), Some(_)) = (old.as_f64(), after[name].as_f64()) {
            changes.insert(name.clone(), json!({"before": old, "after": after[name]}));
        }
    }
    Value::Object(changes)
}

fn print_loss(out: &mut impl Write, loss: &Value) -> Result<()> {
    let number = |value: &Value| value.as_f64().unwrap_or(f64::NAN);
    if let Some(sentences) = loss.get("sentences") {
        writeln!(
            out,
            "vectors of {} built-in sentences before and after: cosine {:.6} in the mean, {:.6} at least; \
             --data measures with your own",
            sentences["count"],
            number(&sentences["mean_cosine"]),
            number(&sentences["least_cosine"]),
        )?;
    }
    if let Some(spearman) = loss.get("spearman") {
        writeln!(
            out,
            "Spearman of the cosine of mean-pooled vectors on {} pairs: {:.4} → {:.4} ({:+.5})",
            spearman["pairs"],
            number(&spearman["before"]),
            number(&spearman["after"]),
            number(&spearman["change"]),
        )?;
    }
    for (name, pair) in loss.get("metrics").and_then(Value::as_object).into_iter().flatten() {
        let shown = |value: &Value| match value.as_u64() {
            Some(count) => count.to_string(),
            None => format!("{:.4}", number(value)),
        };
        let (before, after) = (shown(&pair["before"]), shown(&pair["after"]));
        writeln!(out, "{}: {before} → {after}", spelled(name))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metrics_are_called_what_evaluate_calls_them_and_counts_are_whole() -> Result<()> {
        let loss = json!({"metrics": {
            "examples": {"before": 100, "after": 100},
            "macro_f1": {"before": 0.5, "after": 0.25},
        }});
        let mut out = Vec::new();
        print_loss(&mut out, &loss)?;
        assert_eq!(
            String::from_utf8(out)?,
            "examples: 100 → 100\nmacro F1: 0.5000 → 0.2500\n"
        );
        Ok(())
    }
}
