//! Reads delimited text: csv, tsv and `;`-separated rows.
//!
//! The reader is strict where it matters for training data: a quote that never closes or a row of another width is an
//! error with its line, never a row that silently swallows its neighbours, which is why it is written here.

use std::borrow::Cow;

use super::columns::{self, Naming, Roles};
use super::gold::GoldReader;
use super::{Collector, DataError, Dataset, Example, Format, Gold, Place, Quote, ReadOptions};

/// Cuts text into records; blank lines are skipped.
pub(super) struct Records<'a> {
    rest: &'a str,
    line: usize,
    separator: u8,
    quote: Quote,
    /// Bytes that were read for records whose quotes are wrong, and are read again.
    wasted: usize,
}

/// How often a file may be read again for records whose quotes are wrong.
const MOST_REREAD: usize = 16;

/// How the quotes of a record are wrong; the record starts on 1-based `line`.
#[derive(Debug)]
pub(super) struct QuoteError {
    line: usize,
    problem: QuoteProblem,
}

#[derive(Debug)]
enum QuoteProblem {
    Unclosed,
    TextAfterQuote,
}

impl QuoteError {
    fn into_data_error(self, name: &str) -> DataError {
        let (name, line) = (name.to_owned(), self.line);
        match self.problem {
            QuoteProblem::Unclosed => DataError::UnclosedQuote { name, line },
            QuoteProblem::TextAfterQuote => DataError::TextAfterQuote { name, line },
        }
    }
}

impl<'a> Records<'a> {
    pub(super) fn new(text: &'a str, format: Format, quote: Option<Quote>) -> Self {
        let separator = format.separator().unwrap_or(b'\t');
        Self {
            rest: text,
            line: 1,
            separator,
            quote: quote.unwrap_or(format.default_quote()),
            wasted: 0,
        }
    }

    /// Replaces `fields` by those of the next record and gives the 1-based line it starts on; `None` at the end.
    /// A record whose quotes are wrong is not read on from: the next one begins on the line behind its first.
    pub(super) fn next(&mut self, fields: &mut Vec<Cow<'a, str>>) -> Result<Option<usize>, QuoteError> {
        fields.clear();
        while !self.rest.is_empty() {
            let end = self.rest.find('\n').unwrap_or(self.rest.len());
            let line = &self.rest[..end];
            let start = self.line;
            if is_blank(line, self.separator) {
                self.advance(end + 1, 1);
                continue;
            }
            if self.quote == Quote::Standard && line.contains('"') {
                if let Err(error) = self.quoted_record(fields) {
                    self.advance(end + 1, 1);
                    return Err(error);
                }
            } else {
                let line = line.strip_suffix('\r').unwrap_or(line);
                fields.extend(line.split(char::from(self.separator)).map(Cow::Borrowed));
                self.advance(end + 1, 1);
            }
            return Ok(Some(start));
        }
        Ok(None)
    }

    fn advance(&mut self, bytes: usize, lines: usize) {
        self.rest = self.rest.get(bytes..).unwrap_or_default();
        self.line += lines;
    }

    /// Reads one record whose first line holds a quote somewhere.
    fn quoted_record(&mut self, fields: &mut Vec<Cow<'a, str>>) -> Result<(), QuoteError> {
        let (record, mut at) = (self.rest, 0);
        let (line, wasted) = (self.line, &mut self.wasted);
        let mut error = |problem, bytes| {
            *wasted += bytes;
            QuoteError { line, problem }
        };
        loop {
            if record[at..].starts_with('"') {
                let (field, end) =
                    quoted_field(record, at + 1).ok_or_else(|| error(QuoteProblem::Unclosed, record.len()))?;
                fields.push(field);
                at = end;
            } else {
                let separator = char::from(self.separator);
                let end = record[at..]
                    .find([separator, '\n'])
                    .map_or(record.len(), |length| at + length);
                let field = &record[at..end];
                let ends_line = !record[end..].starts_with(separator);
                let field = if ends_line {
                    field.strip_suffix('\r').unwrap_or(field)
                } else {
                    field
                };
                fields.push(Cow::Borrowed(field));
                at = end;
            }
            match record.as_bytes()[at..] {
                [byte, ..] if byte == self.separator => at += 1,
                [] | [b'\n', ..] | [b'\r'] => break at += 1,
                [b'\r', b'\n', ..] => break at += 2,
                _ => return Err(error(QuoteProblem::TextAfterQuote, at)),
            }
        }
        let at = at.min(record.len());
        self.advance(at, record[..at].matches('\n').count());
        Ok(())
    }
}

fn is_blank(line: &str, separator: u8) -> bool {
    line.chars().all(|c| c.is_whitespace() && c != char::from(separator))
}

/// Reads a field from behind its opening quote; gives its value and the position behind its closing quote.
fn quoted_field(record: &str, start: usize) -> Option<(Cow<'_, str>, usize)> {
    let (mut at, mut has_escapes) = (start, false);
    loop {
        let end = at + record[at..].find('"')?;
        if record[end + 1..].starts_with('"') {
            (at, has_escapes) = (end + 2, true);
            continue;
        }
        let raw = &record[start..end];
        let value = if has_escapes {
            Cow::Owned(raw.replace("\"\"", "\""))
        } else {
            Cow::Borrowed(raw)
        };
        return Some((value, end + 1));
    }
}

/// Reads a whole delimited file.
pub(super) fn read(name: &str, text: &str, format: Format, options: &ReadOptions) -> Result<Dataset, DataError> {
    let mut records = Records::new(text, format, options.quote);
    let mut fields = Vec::new();
    let Some(first_line) = next(&mut records, &mut fields, name)? else {
        return Err(DataError::NoRows { name: name.to_owned() });
    };
    let header = columns::is_header(&fields, options);
    let first_row: Vec<String> = fields.iter().map(|field| field.to_string()).collect();
    let naming = if header { Naming::Named } else { Naming::Positional };
    let roles = columns::choose(name, &first_row, naming, options)?;

    let mut collector = Collector::new(name, options);
    let mut rest = if header { records.rest } else { text };
    let mut line = if header {
        next(&mut records, &mut fields, name)
    } else {
        Ok(Some(first_line))
    };
    loop {
        let record = &rest[..rest.len() - records.rest.len()];
        let (found, expected) = (fields.len(), first_row.len());
        match line {
            Ok(None) => break,
            // No table has so many: the time would grow with the square of its size.
            Err(error) if records.wasted / MOST_REREAD > text.len() => return Err(error),
            Err(error) => collector.leave_out(error, record)?,
            Ok(Some(line)) if found != expected => {
                let name = name.to_owned();
                let error = DataError::ColumnCount {
                    name,
                    line,
                    found,
                    expected,
                    header,
                };
                collector.leave_out(error, record)?;
            }
            Ok(Some(line)) => {
                if collector.keeps(roles.filter.map(|index| &*fields[index])) {
                    match example(collector.gold, line, &fields, &roles) {
                        Ok(example) => collector.examples.push(example),
                        Err(error) => collector.leave_out(error, record)?,
                    }
                }
            }
        }
        rest = records.rest;
        line = next(&mut records, &mut fields, name);
    }
    let names: Vec<String> = first_row.iter().map(|field| field.trim().to_owned()).collect();
    collector.finish(roles.describe(format, header, header.then_some(names.as_slice())))
}

fn next<'a>(records: &mut Records<'a>, fields: &mut Vec<Cow<'a, str>>, name: &str) -> Result<Option<usize>, DataError> {
    records.next(fields).map_err(|error| error.into_data_error(name))
}

/// Takes the chosen fields of a row that has been checked to be as wide as the first.
fn example(gold: GoldReader, line: usize, fields: &[Cow<'_, str>], roles: &Roles) -> Result<Example, DataError> {
    let label = roles.label.map(|index| gold.text(&fields[index], Place::Line(line)));
    Ok(Example {
        text: fields[roles.text].to_string(),
        text_pair: roles.pair.map(|index| fields[index].to_string()),
        gold: label.transpose()?.unwrap_or(Gold::None),
        line,
        id: None,
    })
}
