//! Reads a data file as what it is: questions about passages, named parts, several labels, scores or labels, by its form and
//! the names of its columns. A plain text is read for the task that the page says. Of a file with damaged rows the others come.

use js_sys::Uint8Array;
use terakoya_core::data::{
    Column, DataError, Dataset, Example, Filter, Format, Gold, Preview, ReadOptions, format_of, preview, read,
};
use terakoya_core::task_kind::TaskKind;

use super::tell;
use crate::messages::{ChosenColumns, DataFile, Event, Row, in_words};
use crate::plain_text::passages;

/// Largest data file, in bytes.
const LARGEST: u32 = 50_000_000;

/// Why a file is not read.
#[derive(Debug, thiserror::Error)]
enum ReadingError {
    /// Its bytes did not come along.
    #[error("{name} was not read")]
    Missing {
        /// Its name.
        name: String,
    },
    /// It is too large for a tab.
    #[error("{name} is larger than {megabytes} MB; the command line reads it")]
    TooLarge {
        /// Its name.
        name: String,
        /// The most there may be.
        megabytes: u32,
    },
    /// It has too few columns for one of them to be chosen.
    #[error("{name} has no column that could be the text")]
    NoText {
        /// Its name.
        name: String,
    },
}

/// Reads a data file, or says what is wrong with it.
pub fn answer_read_data(id: u32, file: DataFile, bytes: Option<&Uint8Array>) {
    let (name, plain) = (&file.name, file.plain);
    let columns = ReadOptions {
        label_names: file.label_names,
        ..read_options(&file.columns)
    };
    let event = bytes_of(name, bytes).map(|bytes| read_bytes(name, plain, &columns, &bytes));
    let unread = |error: ReadingError| Event::Unread {
        message: in_words(&error),
        preview: None,
    };
    tell(id, event.unwrap_or_else(unread));
}

fn read_options(columns: &ChosenColumns) -> ReadOptions {
    let column = |chosen: &Option<String>| {
        let chosen = chosen.as_ref()?.trim();
        match columns.header {
            Some(_) => chosen.parse().ok().map(Column::Number),
            // Even digits are the name of a JSON field.
            None => Some(Column::Name(chosen.to_owned())),
        }
    };
    let filter = column(&columns.filter).map(|column| Filter {
        column,
        value: columns.value.trim().to_owned(),
    });
    ReadOptions {
        text_column: column(&columns.text),
        pair_column: column(&columns.pair),
        label_column: column(&columns.label),
        header: columns.header,
        filter,
        // They are given on the page.
        unlabelled: true,
        ..ReadOptions::default()
    }
}

fn bytes_of(name: &str, file: Option<&Uint8Array>) -> Result<Vec<u8>, ReadingError> {
    let file = file.ok_or_else(|| ReadingError::Missing { name: name.to_owned() })?;
    if file.length() > LARGEST {
        return Err(ReadingError::TooLarge {
            name: name.to_owned(),
            megabytes: LARGEST / 1_000_000,
        });
    }
    Ok(file.to_vec())
}

fn read_bytes(name: &str, plain: TaskKind, columns: &ReadOptions, bytes: &[u8]) -> Event {
    let read = read_as_what_it_is(name, plain, columns, bytes)
        .or_else(|error| readable(name, plain, columns, bytes).ok_or(error));
    let has_choice = match &read {
        // The outermost fields of SQuAD's form are no columns.
        Ok((_, data)) => data.columns.format != Format::Squad,
        // Of a file with a damaged row it is not the columns that are unknown.
        Err(error) => matches!(error, DataError::ChooseColumns { .. } | DataError::FieldKind { .. }),
    };
    let preview = has_choice.then(|| preview(name, bytes, columns).unwrap_or_default());
    let preview = preview.flatten();
    let (task, data) = match read {
        Ok(read) => read,
        Err(error) => {
            let message = unread(name, error, preview.as_ref());
            return Event::Unread { message, preview };
        }
    };
    let row = |example: Example| Row {
        text: example.text,
        text_pair: example.text_pair,
        gold: example.gold,
    };
    let examples = data.examples.into_iter();
    let rows = match data.columns.format {
        Format::Text if task == TaskKind::CausalLm => {
            let passage = |text| Row { text, ..Row::default() };
            examples.flat_map(|work| passages(&work.text)).map(passage).collect()
        }
        _ => examples.map(row).collect(),
    };
    Event::Data {
        task,
        rows,
        columns: data.columns,
        preview,
        damage: data.damage,
    }
}

/// A file without its damaged rows, where that is what is wrong with it.
fn readable(name: &str, plain: TaskKind, columns: &ReadOptions, bytes: &[u8]) -> Option<(TaskKind, Dataset)> {
    let options = ReadOptions {
        skip_damaged: true,
        ..columns.clone()
    };
    let read = read_as_what_it_is(name, plain, &options, bytes).ok();
    read.filter(|(_, data)| data.damage.count > 0)
}

/// Why a file is not read, for a page that shows `preview` to choose columns by.
fn unread(name: &str, error: DataError, preview: Option<&Preview>) -> String {
    match error {
        DataError::ChooseColumns { .. } if preview.is_none() => {
            in_words(&ReadingError::NoText { name: name.to_owned() })
        }
        error => in_words(&error),
    }
}

/// Reads a file for the first task whose form it has.
fn read_as_what_it_is(
    name: &str,
    plain: TaskKind,
    columns: &ReadOptions,
    bytes: &[u8],
) -> Result<(TaskKind, Dataset), DataError> {
    let options = |task: TaskKind| ReadOptions {
        gold: task.definition().gold,
        ..columns.clone()
    };
    let read_for = |task| read(name, bytes, &options(task));
    let format_for = |task| format_of(name, bytes, &options(task));
    let lower = name.to_ascii_lowercase();
    if lower.ends_with(".txt") && format_for(plain)? == Format::Text {
        return Ok((plain, read_for(plain)?));
    }
    // Tables name their columns; only files of another form may hold passages or names.
    let is_table = [".csv", ".tsv"].iter().any(|table| lower.ends_with(table));
    if !is_table && format_for(TaskKind::QuestionAnswering)? == Format::Squad {
        match read_for(TaskKind::QuestionAnswering) {
            Ok(data) => return Ok((TaskKind::QuestionAnswering, data)),
            // It is an object of another form.
            Err(DataError::Squad { .. }) if !has_articles(bytes) => {}
            Err(error) => return Err(error),
        }
    }
    let has_answers = |data: &Dataset| {
        let answers = data.examples.iter().filter_map(|example| example.gold.answers());
        answers.flatten().next().is_some()
    };
    // Records of questions: what other files hold is no list of answers.
    if !is_table
        && matches!(
            format_for(TaskKind::QuestionAnswering)?,
            Format::Json | Format::JsonLines
        )
    {
        match read_for(TaskKind::QuestionAnswering) {
            Ok(data) if has_answers(&data) => return Ok((TaskKind::QuestionAnswering, data)),
            Err(error) if is_of_answers(&error) => return Err(error),
            _ => {}
        }
    }
    let may_name_parts = |format| matches!(format, Format::Conll | Format::Json | Format::JsonLines);
    let mut without_parts = None;
    if !is_table && may_name_parts(format_for(TaskKind::TokenClassification)?) {
        match read_for(TaskKind::TokenClassification) {
            Ok(data) if has_parts(&data) => return Ok((TaskKind::TokenClassification, data)),
            Ok(_) => {}
            Err(
                error @ (DataError::NotATag { .. }
                | DataError::NoWord { .. }
                | DataError::WordTags { .. }
                | DataError::NumberedTags { .. }
                | DataError::UnlistedLabel { .. }),
            ) => return Err(error),
            Err(error) => without_parts = Some(error),
        }
    }
    match (read_labelled(read_for), without_parts) {
        // The only labels that there may be are those of parts.
        (Ok((_, data)), Some(error)) if data.columns.label.is_none() => Err(error),
        (Err(DataError::FieldKind { .. }), Some(error @ DataError::Span { .. })) => Err(error),
        // Its words have tags, of which one is damaged.
        (Err(DataError::WordsElsewhere { .. }), Some(error)) => Err(error),
        (read, _) => read,
    }
}

/// Reads a file of labelled texts: one label, several, or a score.
fn read_labelled(read_for: impl Fn(TaskKind) -> Result<Dataset, DataError>) -> Result<(TaskKind, Dataset), DataError> {
    let column = |data: &Dataset| data.columns.label.as_ref().and_then(|label| label.name.clone());
    match read_for(TaskKind::SequenceClassification) {
        Ok(data) => {
            // Lists of labels are damaged as labels, as all of them are below.
            if data.damage.count > 0
                && let Ok(lists) = read_for(TaskKind::MultiLabelClassification)
                && lists.damage.count < data.damage.count
            {
                return Ok((TaskKind::MultiLabelClassification, lists));
            }
            let task = match column(&data).unwrap_or_default().to_ascii_lowercase().as_str() {
                "labels" => TaskKind::MultiLabelClassification,
                "score" | "点数" | "スコア" => TaskKind::Regression,
                _ if is_measured(&data) => TaskKind::Regression,
                _ => return Ok((TaskKind::SequenceClassification, data)),
            };
            Ok((task, read_for(task)?))
        }
        // A list of labels is no label, nor one of those there are.
        Err(error @ (DataError::FieldKind { found: "an array", .. } | DataError::UnlistedLabel { .. })) => {
            match read_for(TaskKind::MultiLabelClassification) {
                Ok(data) => Ok((TaskKind::MultiLabelClassification, data)),
                Err(lists @ DataError::LabelList { .. }) => Err(lists),
                Err(_) => Err(error),
            }
        }
        Err(error) => Err(error),
    }
}

/// Whether a file of records holds questions, and what is wrong is one of them. A lone `answer` may be a label.
fn is_of_answers(error: &DataError) -> bool {
    match error {
        DataError::NoAnswerList { field, .. } | DataError::UnpairedAnswers { field, .. } => field == "answers",
        DataError::Answer { .. }
        | DataError::EmptyAnswer { .. }
        | DataError::ImpossibleAnswer { .. }
        | DataError::QuestionTwice { .. } => true,
        _ => false,
    }
}

/// Whether a JSON object has SQuAD's outermost field, whatever its list holds.
fn has_articles(bytes: &[u8]) -> bool {
    #[derive(serde::Deserialize)]
    struct Outermost {
        #[serde(rename = "data")]
        _data: Vec<serde::de::IgnoredAny>,
    }
    let bytes = bytes.strip_prefix("\u{feff}".as_bytes()).unwrap_or(bytes);
    serde_json::from_slice::<Outermost>(bytes).is_ok()
}

fn has_parts(data: &Dataset) -> bool {
    let is_part = |gold: &Gold| match gold {
        Gold::Words(_) => true,
        // Beside rows that are damaged as such, an empty list may be one of labels.
        Gold::Spans(spans) => !spans.is_empty() || data.damage.count == 0,
        _ => false,
    };
    data.examples.iter().any(|example| is_part(&example.gold))
}

/// Whether the labels are numbers some of which have a fraction, as measurements have and names of classes do not.
fn is_measured(data: &Dataset) -> bool {
    let golds = data.examples.iter().map(|example| &example.gold);
    let scores: Option<Vec<f64>> = golds.filter(|gold| **gold != Gold::None).map(Gold::score).collect();
    scores.is_some_and(|scores| scores.iter().any(|score| score.fract() != 0.0))
}
