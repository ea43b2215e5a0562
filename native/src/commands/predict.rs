//! `terakoya predict`: says what a fine-tuned model makes of a text, a pair, a file or the lines of stdin.

use std::io::{BufWriter, Write, stdout};

use anyhow::Result;
use futures_lite::future::block_on;
use serde_json::{Map, Value, json};
use terakoya_core::data::{Example, Gold, GoldColumn, NamedExamples, Place};
use terakoya_core::protocol::Prediction;
use terakoya_core::tasks::TaskKind;

use crate::args::{PredictArgs, uses};
use crate::commands::{
    SharedDevice, check_lengths, check_tokenizer, open_session, say_notes, say_truncated, say_unasked, unasked,
};
use crate::data_files::{DataFile, stdin_lines};
use crate::folder;
use crate::progress::Progress;
use crate::usage::UsageError;

/// Texts that are classified before their results are printed.
const CHUNK: usize = 16_384;

/// Runs the command.
pub fn run(args: PredictArgs) -> Result<()> {
    let task = folder::task(&args.model);
    check_tokenizer(task, &args.model, &args.tokenizer)?;
    let file = match (args.asked(), &args.data) {
        (None, Some(path)) => {
            // Where the file's form hangs on what it is for, it is read as that; of other data only the texts are read.
            let gold = match task.definition().gold {
                own @ (GoldColumn::Entities | GoldColumn::Answers | GoldColumn::Lines) => own,
                _ => GoldColumn::Unread,
            };
            let options = args.read.read_options(gold, args.filter.clone())?;
            Some(DataFile::read(path, &options)?)
        }
        _ => None,
    };
    let typed = match (args.asked(), &file) {
        (Some(text), _) => vec![Example {
            text: text.clone(),
            text_pair: args.beside().cloned(),
            gold: Gold::None,
            line: 1,
            id: None,
        }],
        (None, Some(_)) => Vec::new(),
        (None, None) => texts_of_stdin(task)?,
    };
    let mut session = open_session(&args.model, &args.tokenizer, &SharedDevice::new(args.device.device))?;
    uses::check(session.task(), &args.given())?;
    if session.task() == TaskKind::QuestionAnswering && args.asked().is_some() && args.beside().is_none() {
        let reason = "a question needs its passage: --context is missing";
        return Err(UsageError(reason.to_owned()).into());
    }
    for setting in args.settings.given() {
        session.set(setting)?;
    }
    check_lengths(&session, args.pass.max_length, args.settings.stride)?;
    let typed = NamedExamples {
        name: args.asked().map_or("stdin", |_| "the question"),
        examples: &typed,
        place: Place::Line,
    };
    let data = file.as_ref().map_or(typed, DataFile::named);
    let examples = data.examples;
    say_notes(&session, data, args.pass.max_length)?;
    let mut progress = Progress::new();
    let mut out = BufWriter::new(stdout().lock());
    let (mut done, mut truncated, mut left_out) = (0, 0, Vec::new());
    for chunk in examples.chunks(CHUNK) {
        let tell = async |count: usize, rows: usize| {
            // Of what makes several rows a text, the share that is done.
            progress.part("predicting", done + count * chunk.len() / rows.max(1), examples.len())
        };
        let work = session.predict(chunk, args.pass.max_length, args.pass.batch_size as usize, tell);
        let (predictions, cut) = block_on(work).map_err(|error| match &file {
            Some(file) => error.in_file(&file.name),
            None => error,
        })?;
        left_out.extend(unasked(&predictions));
        for (example, prediction) in chunk.iter().zip(predictions) {
            match args.json {
                true => writeln!(out, "{}", json_line(example, prediction, &args)?)?,
                false => writeln!(out, "{prediction}\t{}", example.text)?,
            }
        }
        done += chunk.len();
        truncated += cut;
    }
    out.flush()?;
    say_unasked(args.asked().is_none().then_some(data.name), &left_out);
    say_truncated(truncated, examples.len());
    Ok(())
}

/// The lines of stdin as `task` takes them; says where one may be meant as a pair.
fn texts_of_stdin(task: TaskKind) -> Result<Vec<Example>> {
    let lines = stdin_lines()?;
    if task == TaskKind::QuestionAnswering {
        return Ok(lines.into_iter().map(with_passage).collect());
    }
    let with_tab = lines.iter().find(|example| example.text.contains('\t'));
    let reads_pairs = uses::check(task, &[("text-pair", true)]).is_ok();
    if let Some(first) = with_tab.filter(|_| reads_pairs) {
        eprintln!(
            "stdin, line {}: a line is one text, with its tabs; a pair is given by --text-pair, or by --data with two columns",
            first.line
        );
    }
    Ok(lines)
}

/// A line of a question, a tab and its passage as both.
fn with_passage(example: Example) -> Example {
    match example.text.split_once('\t') {
        Some((question, passage)) => Example {
            text: question.to_owned(),
            text_pair: Some(passage.to_owned()),
            ..example
        },
        None => example,
    }
}

/// The prediction, and its text and id where there are several.
fn json_line(example: &Example, prediction: Prediction, args: &PredictArgs) -> Result<Value> {
    let mut line = Map::new();
    if args.asked().is_none() {
        if let Some(id) = &example.id {
            line.insert("id".to_owned(), json!(id));
        }
        line.insert("text".to_owned(), json!(example.text));
        if let Some(pair) = &example.text_pair {
            line.insert("text_pair".to_owned(), json!(pair));
        }
    }
    let prediction = match args.logits {
        true => prediction,
        false => prediction.without_logits(),
    };
    if let Value::Object(mut object) = serde_json::to_value(prediction)? {
        line.append(&mut object);
    }
    Ok(Value::Object(line))
}
