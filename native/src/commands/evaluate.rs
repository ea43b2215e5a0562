//! `terakoya evaluate`: scores a fine-tuned model on labelled data.

use std::collections::BTreeSet;
use std::io::{Write, stdout};
use std::path::Path;

use anyhow::{Context, Result, bail};
use csv::QuoteStyle;
use futures_lite::future::block_on;
use serde_json::{Map, Value, json};
use terakoya_core::bio::Tag;
use terakoya_core::data::{AnswerSpan, EntitySpan, Example, GOLD_ENTITIES, GOLD_TAGS, Gold, LabelMap, collect_labels};
use terakoya_core::predictions::WordGuess;
use terakoya_core::protocol::{Evaluation, Prediction, Report};
use terakoya_core::report::Page;
use terakoya_core::session::Session;
use terakoya_core::tasks::TaskKind;

use crate::args::{EvaluateArgs, uses};
use crate::commands::{
    SharedDevice, check_lengths, check_tokenizer, open_session, say_notes, say_truncated, say_unasked, unasked,
};
use crate::data_files::DataFile;
use crate::folder::{self, check_apart, check_file, write_file};
use crate::progress::Progress;
use crate::usage::{UsageError, check_extension};

/// Runs the command.
pub fn run(args: EvaluateArgs) -> Result<()> {
    if let Some(path) = &args.report {
        check_extension(path, &["html", "htm"], "a report is written as .html")?;
    }
    for path in [&args.report, &args.predictions].into_iter().flatten() {
        check_file(path)?;
        check_apart(path, &args.data)?;
    }
    let task = folder::task(&args.model);
    let predictions = match &args.predictions {
        Some(path) => Some((path, PredictionFormat::of(path, task)?)),
        None => None,
    };
    check_tokenizer(task, &args.model, &args.tokenizer)?;
    let gold = task.definition().gold;
    let data = DataFile::read(&args.data, &args.read.read_options(gold, args.filter.clone())?)?;
    let mut session = open_session(&args.model, &args.tokenizer, &SharedDevice::new(args.device.device))?;
    uses::check(session.task(), &args.given())?;
    for setting in args.settings.given() {
        session.set(setting)?;
    }
    check_lengths(&session, args.pass.max_length, args.settings.stride)?;
    say_notes(&session, data.named(), args.pass.max_length)?;
    let label_map = args.label_map.clone().unwrap_or_default();
    check_labels(&args, &session, &data, &label_map)?;
    let size = args.pass.batch_size as usize;
    let evaluation = evaluate(&session, &data, &label_map, args.pass.max_length, size)?;
    say_truncated(evaluation.truncated, data.examples.len());
    say_unasked(Some(&data.name), &unasked(&evaluation.predictions).collect::<Vec<_>>());
    say_unknown_labels(&args, &session, &data, &evaluation);
    // The scores first: a file that cannot be written must not cost them. Nor does whoever stops reading them cost the files.
    let printed = match args.json {
        true => print_json(&mut stdout().lock(), &evaluation),
        false => print_report(&mut stdout().lock(), &evaluation),
    };
    if let Some((path, format)) = predictions {
        write_file(path, &format.bytes(&data.examples, &evaluation, &label_map)?)?;
    }
    if let Some(path) = &args.report {
        let guesses = guesses(&session, &data, args.pass.max_length, size)?;
        let history = folder::history(&args.model);
        let page = Page {
            model: &file_name(&args.model),
            data: &file_name(&args.data),
            task: session.task(),
            examples: &data.examples,
            evaluation: &evaluation,
            label_map: &label_map,
            guesses: guesses.as_deref(),
            history: history.as_ref(),
        };
        write_file(path, page.render().as_bytes())?;
    }
    printed
}

/// Says which labels the model and the data do not share, and what may be missing on the command line.
fn say_unknown_labels(args: &EvaluateArgs, session: &Session, data: &DataFile, evaluation: &Evaluation) {
    let unknown = match &evaluation.report {
        Report::Classification(report) => &report.unknown_labels[..],
        Report::MultiLabel(report) => &report.unknown_labels,
        Report::Entities(report) => &report.unknown_labels,
        _ => &[],
    };
    if !unknown.is_empty() {
        let shown = listed(unknown);
        let (what, numbers) = match (&evaluation.report, &args.read.labels) {
            (Report::Entities(_), _) => ("types of entities", ""),
            (_, Some(_)) => ("labels", ""),
            (_, None) => ("labels", "; if they are numbers, --labels FILE says of which labels"),
        };
        let name = &data.name;
        eprintln!("{name}: {what} that the model cannot say, all counted as wrong: {shown}{numbers}");
    }
    let Some(map) = &args.label_map else {
        return;
    };
    let own = session.labels().iter().map(String::as_str);
    // Tags are renamed by their types.
    let types = own.clone().filter_map(|label| Some(label.split_once('-')?.1));
    let mut known: BTreeSet<&str> = own.chain(types).collect();
    for example in &data.examples {
        known.extend(example.gold.labels().unwrap_or_default().iter().map(String::as_str));
        let (entities, _) = example.gold.entities(&example.text);
        known.extend(entities.iter().map(|entity| entity.entity_type));
    }
    for label in map.replaced().filter(|label| !known.contains(label)) {
        let name = &data.name;
        eprintln!("--label-map renames {label:?}, which neither the model nor {name} has");
    }
}

/// Refuses data that shares no label with the model: every score would be 0, whatever the model has learned.
fn check_labels(args: &EvaluateArgs, session: &Session, data: &DataFile, label_map: &LabelMap) -> Result<()> {
    let given = collect_labels(&data.examples);
    let own = session.labels();
    let is_known = |label: &String| own.iter().any(|own| label_map.apply(own) == label_map.apply(label));
    // A model without a head has no labels yet, which is another error.
    if !session.has_head() || given.is_empty() || given.iter().any(is_known) {
        return Ok(());
    }
    let by_number = match &args.read.labels {
        Some(_) => "",
        None => "--labels FILE says what labels are called that stand there as numbers, ",
    };
    bail!(
        "{}: the model can say none of the labels there: {}; it says {}: {by_number}--label-map OLD=NEW,… renames labels",
        data.name,
        listed(&given),
        listed(own)
    );
}

/// The first of some labels, for a message.
fn listed(labels: &[String]) -> String {
    let shown = labels.iter().take(SHOWN_LABELS).map(|label| format!("{label:?}"));
    let more = if labels.len() > SHOWN_LABELS { ", …" } else { "" };
    shown.collect::<Vec<_>>().join(", ") + more
}

/// The most labels that a message names.
const SHOWN_LABELS: usize = 10;

/// The last part of a path: the folders above it are nobody's business where the page is passed on.
fn file_name(path: &Path) -> String {
    let name = path.file_name().unwrap_or(path.as_os_str());
    name.to_string_lossy().into_owned()
}

/// Scores `session`'s model on `data`.
pub fn evaluate(
    session: &Session,
    data: &DataFile,
    label_map: &LabelMap,
    max_length: Option<usize>,
    batch_size: usize,
) -> Result<Evaluation> {
    let mut progress = Progress::new();
    let tell = async |done, rows| progress.part("evaluating", done, rows);
    Ok(block_on(session.evaluate(
        data.named(),
        label_map,
        max_length,
        batch_size,
        tell,
    ))?)
}

/// What `session`'s model guesses for the words that the scores hide, where it guesses hidden words.
fn guesses(
    session: &Session,
    data: &DataFile,
    max_length: Option<usize>,
    batch_size: usize,
) -> Result<Option<Vec<WordGuess>>> {
    if session.task() != TaskKind::MaskedLm {
        return Ok(None);
    }
    let mut progress = Progress::new();
    let tell = async |done, rows| progress.part("listing words", done, rows);
    let guesses = block_on(session.guesses(&data.examples, max_length, batch_size, tell))?;
    Ok(Some(guesses))
}

/// Every metric in one object.
pub fn to_json(evaluation: &Evaluation) -> Result<Value> {
    let mut value = serde_json::to_value(&evaluation.report)?;
    if let Value::Object(object) = &mut value {
        object.insert("loss".to_owned(), json!(evaluation.loss));
        object.insert("truncated".to_owned(), json!(evaluation.truncated));
    }
    Ok(value)
}

fn print_json(out: &mut impl Write, evaluation: &Evaluation) -> Result<()> {
    Ok(writeln!(out, "{}", to_json(evaluation)?)?)
}

/// One word a line with its predicted tag, where the model says tags.
pub fn two_columns(evaluation: &Evaluation) -> Option<Vec<u8>> {
    let columns = evaluation.predictions.iter().map(|prediction| match prediction {
        Prediction::Tags(tags) => Some(tags.two_columns()),
        _ => None,
    });
    Some(columns.collect::<Option<String>>()?.into_bytes())
}

/// The table that a person reads.
pub fn print_report(out: &mut impl Write, evaluation: &Evaluation) -> Result<()> {
    let report = evaluation.report.to_string();
    writeln!(out, "{}", report.trim_end())?;
    if let Some(loss) = evaluation.loss {
        if report.contains("\n\n") {
            writeln!(out)?;
        }
        // Below the numbers of the report's first table.
        let width = report
            .lines()
            .next()
            .map_or(0, |line| line.len().saturating_sub("loss".len()));
        writeln!(out, "loss{loss:>width$.4}")?;
    }
    Ok(())
}

/// The gold entities with their types, as predicted ones are written: `東京/地名, 山田/人名`.
fn entities(example: &Example, label_map: &LabelMap) -> String {
    let (found, _) = example.gold.entities(&example.text);
    let written = found.iter().map(|entity| {
        let characters = example.text.chars().skip(entity.start);
        let part: String = characters.take(entity.end - entity.start).collect();
        format!("{part}/{}", label_map.apply(entity.entity_type))
    });
    written.collect::<Vec<_>>().join(", ")
}

/// What is right where it is no label and no number, as data has it; nothing where there is no such.
fn gold_places(example: &Example, label_map: &LabelMap) -> Option<(&'static str, Value)> {
    match &example.gold {
        Gold::Words(words) => {
            let mapped = |tag: &str| match Tag::parse(tag) {
                Some(tag) => tag.with_type(|label| label_map.apply(label)).to_string(),
                None => tag.to_owned(),
            };
            Some((GOLD_TAGS, words.tags()?.map(mapped).collect()))
        }
        Gold::Spans(spans) => {
            let item = |span: &EntitySpan| json!({ "start": span.start, "end": span.end, "label": label_map.apply(&span.label) });
            Some((GOLD_ENTITIES, spans.iter().map(item).collect()))
        }
        Gold::Answers(answers) => {
            let item = |answer: &AnswerSpan| json!({ "text": answer.text, "answer_start": answer.start });
            Some(("answers", answers.iter().map(item).collect()))
        }
        _ => None,
    }
}

/// What is right or what the model says, as a file of predictions has it: in full, since programs read it.
enum Cell {
    /// Any number of labels.
    Labels(Vec<String>),
    /// Anything else.
    Text(String),
}

impl Cell {
    fn gold(example: &Example, label_map: &LabelMap) -> Self {
        match &example.gold {
            Gold::Labels(labels) => {
                let labels = labels.iter().map(|label| label_map.apply(label).to_owned());
                Self::Labels(labels.collect())
            }
            Gold::Label(label) => Self::Text(label_map.apply(label).to_owned()),
            gold if gold.words().is_some() || gold.spans().is_some() => Self::Text(entities(example, label_map)),
            gold => Self::Text(gold.to_string()),
        }
    }

    fn predicted(prediction: &Prediction) -> Self {
        match prediction {
            Prediction::Labels(said) => Self::Labels(said.labels.clone()),
            Prediction::Score(said) => Self::Text(said.score.to_string()),
            said => Self::Text(said.answer().0),
        }
    }

    fn json(self) -> Value {
        match self {
            Self::Labels(labels) => json!(labels),
            Self::Text(text) => json!(text),
        }
    }

    /// One cell of a table, as tables are read: between labels stands `|`, or behind a lone one that a comma would cut.
    fn text(self) -> String {
        match self {
            Self::Text(text) => text,
            Self::Labels(labels) => match &labels[..] {
                [label] if label.contains(',') => format!("{label}|"),
                labels => labels.join("|"),
            },
        }
    }

    /// Labels that are read from a table as several.
    fn inseparable(&self) -> impl Iterator<Item = &String> {
        let labels = match self {
            Self::Labels(labels) => &labels[..],
            Self::Text(_) => &[],
        };
        labels.iter().filter(|label| label.contains('|'))
    }
}

/// Says which labels are read from a table as several.
fn say_inseparable(labels: &BTreeSet<String>) {
    if let Some(first) = labels.first() {
        let count = labels.len();
        eprintln!(
            "--predictions: in a table | stands between labels; labels with one in them, read as several: {count} (the first: \
             {first:?}); .jsonl keeps them whole"
        );
    }
}

/// The form of a file of predictions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum PredictionFormat {
    /// An object a line.
    JsonLines,
    /// One word a line with its tag.
    Words,
    /// A header and a row an example.
    Table { delimiter: u8 },
}

impl PredictionFormat {
    /// The form that a file's extension names, where `task` has predictions to write like that.
    fn of(path: &Path, task: TaskKind) -> Result<Self, UsageError> {
        let refused = |reason: &str| Err(UsageError(format!("{}: {reason}", path.display())));
        if task.definition().gold.is_plain() {
            return refused("the model's task has a loss and no predictions to write");
        }
        match path.extension().and_then(|extension| extension.to_str()) {
            Some("jsonl" | "json") => Ok(Self::JsonLines),
            Some("txt") if task != TaskKind::TokenClassification => refused("only tags are written as .txt"),
            Some("txt") => Ok(Self::Words),
            Some("tsv") => Ok(Self::Table { delimiter: b'\t' }),
            Some("csv") => Ok(Self::Table { delimiter: b',' }),
            _ => refused("predictions are written as .jsonl, .tsv or .csv, tags as .txt too"),
        }
    }

    /// The bytes of a file with gold, prediction and score of each of `examples`.
    fn bytes(self, examples: &[Example], evaluation: &Evaluation, label_map: &LabelMap) -> Result<Vec<u8>> {
        let rows = examples.iter().zip(&evaluation.predictions);
        match self {
            Self::Words => two_columns(evaluation).context("predictions that are no tags"),
            Self::JsonLines => {
                let mut text = String::new();
                for (example, prediction) in rows {
                    let id = example.id.as_ref().map(|id| ("id", json!(id)));
                    let pair = example.text_pair.as_ref().map(|pair| ("text_pair", json!(pair)));
                    let fields = [
                        id,
                        Some(("text", json!(example.text))),
                        pair,
                        Some(("gold", Cell::gold(example, label_map).json())),
                        gold_places(example, label_map),
                        Some(("predicted", Cell::predicted(prediction).json())),
                    ];
                    let fields = fields.into_iter().flatten();
                    let mut line: Map<String, Value> = fields.map(|(key, value)| (key.to_owned(), value)).collect();
                    if let Value::Object(mut details) = serde_json::to_value(prediction.clone().without_logits())? {
                        details.shift_remove("label");
                        line.append(&mut details);
                    }
                    text += &format!("{}\n", Value::Object(line));
                }
                Ok(text.into_bytes())
            }
            Self::Table { delimiter } => {
                // A tsv is read as it stands, without quotes: what would end a field is a space there.
                let is_literal = delimiter == b'\t';
                let style = if is_literal {
                    QuoteStyle::Never
                } else {
                    QuoteStyle::Necessary
                };
                let mut writer = csv::WriterBuilder::new()
                    .delimiter(delimiter)
                    .quote_style(style)
                    .from_writer(Vec::new());
                let field = |text: &str| match is_literal {
                    true => text.replace(['\t', '\n', '\r'], " "),
                    false => text.to_owned(),
                };
                // A column without a value would be read as a second text, and an empty one at that.
                let pairs = examples.iter().any(|example| example.text_pair.is_some());
                let ids = examples.iter().any(|example| example.id.is_some());
                let columns = [pairs.then_some("text_pair"), ids.then_some("id")];
                let columns = ["gold", "predicted", "score", "text"]
                    .into_iter()
                    .chain(columns.into_iter().flatten());
                writer.write_record(columns)?;
                let mut inseparable = BTreeSet::new();
                for (example, prediction) in rows {
                    let cells = [Cell::gold(example, label_map), Cell::predicted(prediction)];
                    inseparable.extend(cells.iter().flat_map(Cell::inseparable).cloned());
                    let [gold, answer] = cells.map(Cell::text);
                    let score = prediction.answer().1.map(|score| score.to_string()).unwrap_or_default();
                    let pair = pairs.then(|| example.text_pair.as_deref().unwrap_or_default());
                    let id = ids.then(|| example.id.as_deref().unwrap_or_default());
                    let cells = [
                        Some(&*gold),
                        Some(&*answer),
                        Some(&*score),
                        Some(&*example.text),
                        pair,
                        id,
                    ];
                    writer.write_record(cells.into_iter().flatten().map(field))?;
                }
                say_inseparable(&inseparable);
                writer.into_inner().context("writing predictions")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_one_of_any_number_of_labels_gets_a_separator() {
        let labels = LabelMap::default();
        let gold = |gold| {
            let example = Example {
                text: "a".to_owned(),
                text_pair: None,
                gold,
                line: 1,
                id: None,
            };
            Cell::gold(&example, &labels).text()
        };
        assert_eq!(gold(Gold::Label("tea, hot".to_owned())), "tea, hot");
        assert_eq!(gold(Gold::Labels(["tea, hot".to_owned()].into())), "tea, hot|");
    }
}
