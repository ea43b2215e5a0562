//! Says what is wrong with a data file: file, line, what was found, what to do.

use std::fmt;

use super::{Column, Filter, LISTED_VALUES};

/// Why a data file cannot be read. Every message starts with the file's name.
#[derive(Debug, thiserror::Error)]
pub enum DataError {
    /// The file is a zip, as a workbook or a word processor's document is, or a workbook of the older form.
    #[error(
        "{name} is a file of Excel or another office program, or a zip; save the table as \"CSV UTF-8\" and take that file"
    )]
    Packed {
        /// File.
        name: String,
    },
    /// The bytes are not UTF-8.
    #[error("{name}: byte {byte} (line {line}) is not UTF-8; save the file as UTF-8")]
    NotUtf8 {
        /// File.
        name: String,
        /// 0-based offset of the first wrong byte.
        byte: usize,
        /// 1-based line that holds it.
        line: usize,
        /// What the decoder found.
        source: std::str::Utf8Error,
    },
    /// The file is empty or holds a header only.
    #[error("{name}: no rows")]
    NoRows {
        /// File.
        name: String,
    },
    /// The filter leaves nothing over.
    #[error("{name}: none of {rows} rows has {filter}; the column holds {}", Listed(.values))]
    NoMatch {
        /// File.
        name: String,
        /// The filter that was asked for.
        filter: Filter,
        /// How many rows were looked at.
        rows: usize,
        /// Values that do occur, in the order of the file.
        values: Vec<String>,
    },
    /// A row is wider or narrower than the header or the first row.
    #[error("{name}: line {line}: wrong number of columns: expected {expected} as in the {}, found {found}", first_row(.header))]
    ColumnCount {
        /// File.
        name: String,
        /// 1-based line on which the row starts.
        line: usize,
        /// Columns of this row.
        found: usize,
        /// Columns of the first row.
        expected: usize,
        /// Whether the first row is a header.
        header: bool,
    },
    /// A quoted field never ends.
    #[error("{name}: line {line} opens a quoted field that never ends (--quote none takes quotes literally)")]
    UnclosedQuote {
        /// File.
        name: String,
        /// 1-based line on which the row starts.
        line: usize,
    },
    /// A closing quote is followed by neither a separator nor a line end.
    #[error(
        "{name}: the row at line {line} has text after a closing quote; inside a quoted field a quote is written \"\" (--quote none takes quotes literally)"
    )]
    TextAfterQuote {
        /// File.
        name: String,
        /// 1-based line on which the row starts.
        line: usize,
    },
    /// The text is not JSON, or not made of objects.
    #[error("{name}: line {line}, column {column}: {reason}")]
    Json {
        /// File.
        name: String,
        /// 1-based line of the file.
        line: usize,
        /// 1-based byte column in that line.
        column: usize,
        /// What the JSON reader says, without its own position, which counts from the start of the record.
        reason: String,
    },
    /// A JSON record lacks a field that the first record has.
    #[error("{name}: {place} has no value in {field:?}")]
    MissingField {
        /// File.
        name: String,
        /// Which record.
        place: Place,
        /// The field's name.
        field: String,
    },
    /// A JSON field holds something that is neither text, number nor truth value.
    #[error("{name}: {place}: {field:?} is {found}, expected text")]
    FieldKind {
        /// File.
        name: String,
        /// Which record.
        place: Place,
        /// The field's name.
        field: String,
        /// What it is.
        found: &'static str,
    },
    /// An object where a list of entities should be.
    #[error("{name}: {place}: {field:?} is an object, expected a list of entities in [ ]")]
    NoList {
        /// File.
        name: String,
        /// Which record.
        place: Place,
        /// The field's name.
        field: String,
    },
    /// The label column exists but is blank in this row.
    #[error("{name}: {place} has an empty label")]
    EmptyLabel {
        /// File.
        name: String,
        /// Which row.
        place: Place,
    },
    /// A score that is not a finite number.
    #[error("{name}: {place}: {found:?} is not a number")]
    NotANumber {
        /// File.
        name: String,
        /// Which row.
        place: Place,
        /// What it is.
        found: String,
    },
    /// A label that the given list of labels does not have.
    #[error("{name}: {place}: {label:?} is neither one of the {count} labels that were given nor the number of one")]
    UnlistedLabel {
        /// File.
        name: String,
        /// Which row.
        place: Place,
        /// The label.
        label: String,
        /// How many were given.
        count: usize,
    },
    /// A list that does not name labels.
    #[error(
        "{name}: {place}: {found:?} is no list of labels: write their names or numbers, as in [\"a\", \"b\"], not a yes or no for each label", found = shortened(.found)
    )]
    LabelList {
        /// File.
        name: String,
        /// Which row.
        place: Place,
        /// The list as it is written.
        found: String,
    },
    /// A tag that is not one.
    #[error("{name}: {place}: {found:?} is not a tag: write O, B-TYPE or I-TYPE")]
    NotATag {
        /// File.
        name: String,
        /// Which line or record.
        place: Place,
        /// What it is.
        found: String,
    },
    /// A word without a character that is seen.
    #[error("{name}: {place} has a word that is empty or only white space")]
    NoWord {
        /// File.
        name: String,
        /// Which line or record.
        place: Place,
    },
    /// Not a tag for each word.
    #[error("{name}: {place}: {field:?} is no list of tags, one for each of the {words} words")]
    WordTags {
        /// File.
        name: String,
        /// Which record.
        place: Place,
        /// The field's name.
        field: String,
        /// How many words the record has.
        words: usize,
    },
    /// Numbers that nothing names.
    #[error("{name}: {place}: {field:?} has numbers for tags: --labels takes a file with the tags, one a line")]
    NumberedTags {
        /// File.
        name: String,
        /// Which record.
        place: Place,
        /// The field's name.
        field: String,
    },
    /// A named part of a text that cannot be.
    #[error("{name}: {place}: entity {item} {reason}")]
    Span {
        /// File.
        name: String,
        /// Which record.
        place: Place,
        /// The entity as it is written.
        item: String,
        /// What is wrong.
        reason: &'static str,
    },
    /// A file of questions that is not like SQuAD's.
    #[error("{name} is not of SQuAD's form: data, paragraphs, context and qas")]
    Squad {
        /// File.
        name: String,
        /// Where and why.
        source: serde_json::Error,
    },
    /// An answer that does not stand where it is said to.
    #[error(
        "{name}: {place} ({id:?}): the answer {answer:?} should start at character {start}, where there is {found:?}"
    )]
    Answer {
        /// File.
        name: String,
        /// Which question.
        place: Place,
        /// Its id.
        id: Box<str>,
        /// The answer.
        answer: String,
        /// Where it is said to be.
        start: i64,
        /// What stands there.
        found: String,
    },
    /// An answer without a character.
    #[error(
        "{name}: {place} ({id:?}) has an answer without text; where a passage holds no answer, the list of answers is empty"
    )]
    EmptyAnswer {
        /// File.
        name: String,
        /// Which question.
        place: Place,
        /// Its id; empty where it has none.
        id: Box<str>,
    },
    /// A field that should hold answers and does not.
    #[error("{name}: {place}: {field:?} is no list of answers, each with its text and answer_start")]
    NoAnswerList {
        /// File.
        name: String,
        /// Which record.
        place: Place,
        /// The field's name.
        field: String,
    },
    /// Answers as two lists of different lengths.
    #[error("{name}: {place}: {field:?} has {text_count} text, but {start_count} answer_start")]
    UnpairedAnswers {
        /// File.
        name: String,
        /// Which record.
        place: Place,
        /// The field's name.
        field: String,
        /// How many texts.
        text_count: usize,
        /// How many places where they start.
        start_count: usize,
    },
    /// A question that is said to have no answer and has one.
    #[error("{name}: {place} ({id:?}) is said to have no answer (is_impossible), but has {answer:?}")]
    ImpossibleAnswer {
        /// File.
        name: String,
        /// Which question.
        place: Place,
        /// Its id; empty where it has none.
        id: Box<str>,
        /// The answer.
        answer: String,
    },
    /// Two questions of one id.
    #[error("{name}: {place} has the id {id:?}, which {first} has too")]
    QuestionTwice {
        /// File.
        name: String,
        /// Which question.
        place: Place,
        /// Its id.
        id: Box<str>,
        /// The question that has it first.
        first: Place,
    },
    /// A filter by something that questions do not have.
    #[error(
        "{name}: no field {asked:?}; questions in SQuAD's form are picked by title, context, id, question or is_impossible", asked = .asked.to_string()
    )]
    QuestionField {
        /// File.
        name: String,
        /// What was asked for.
        asked: Column,
    },
    /// A filter of plain text.
    #[error("{name}: {filter} picks no rows here: plain text has no columns")]
    TextFilter {
        /// File.
        name: String,
        /// The filter that was asked for.
        filter: Filter,
    },
    /// A file of questions that asks nothing.
    #[error("{name} has SQuAD's form, but no question in it")]
    NoQuestions {
        /// File.
        name: String,
    },
    /// A list of labels with a blank line.
    #[error("{name}: line {line} is blank; a list of labels has one label a line")]
    BlankLabel {
        /// File.
        name: String,
        /// 1-based line.
        line: usize,
    },
    /// A list of labels with a repetition.
    #[error("{name}: line {line}: the label {label:?} stands in line {first} already")]
    LabelTwice {
        /// File.
        name: String,
        /// 1-based line.
        line: usize,
        /// The label.
        label: String,
        /// The line where it stands first.
        first: usize,
    },
    /// A column that was asked for does not exist.
    #[error("{name}: no column {asked:?}; the first row is {}", Numbered(.row), asked = .asked.to_string())]
    UnknownColumn {
        /// File.
        name: String,
        /// What was asked for.
        asked: Column,
        /// Fields of the first row.
        row: Vec<String>,
    },
    /// Questions about passages where rows with labels are asked for.
    #[error("{name} holds questions about passages in SQuAD's form, which only question-answering learns from")]
    SquadElsewhere {
        /// File.
        name: String,
    },
    /// Words with tags where rows with labels are asked for.
    #[error("{name} holds words with their tags, which only token-classification learns from")]
    WordsElsewhere {
        /// File.
        name: String,
    },
    /// Nothing tells which column is the text.
    #[error(
        "{name}: which column is the text? Choose with --text-column, --pair-column and --label-column, by number or by a name in the first row; the first row is {}",
        Numbered(.row)
    )]
    ChooseColumns {
        /// File.
        name: String,
        /// Fields of the first row.
        row: Vec<String>,
    },
    /// One column was given two roles.
    #[error("{name}: column {column} is chosen as {first} and as {second}")]
    SameColumn {
        /// File.
        name: String,
        /// 1-based number.
        column: usize,
        /// One role.
        first: &'static str,
        /// The other role.
        second: &'static str,
    },
}

/// Where a row stands in its file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// 1-based line.
    Line(usize),
    /// 1-based number in a JSON array.
    Record(usize),
    /// 1-based number in a file of SQuAD's form.
    Question(usize),
}

impl Place {
    /// The number without its kind.
    pub fn number(self) -> usize {
        let (Self::Line(number) | Self::Record(number) | Self::Question(number)) = self;
        number
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Line(number) => write!(f, "line {number}"),
            Self::Record(number) => write!(f, "record {number}"),
            Self::Question(number) => write!(f, "question {number}"),
        }
    }
}

fn first_row(header: &bool) -> &'static str {
    if *header { "header" } else { "first row" }
}

/// The most characters of a field that a message shows.
const SHOWN_CHARACTERS: usize = 30;

/// Shows the fields of a row with their 1-based numbers: `1 "a", 2 "b"`.
struct Numbered<'a>(&'a [String]);

impl fmt::Display for Numbered<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, field) in self.0.iter().enumerate() {
            let comma = if index == 0 { "" } else { ", " };
            write!(f, "{comma}{} {:?}", index + 1, shortened(field))?;
        }
        Ok(())
    }
}

/// Shows the first values of a column.
struct Listed<'a>(&'a [String]);

impl fmt::Display for Listed<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, value) in self.0.iter().take(LISTED_VALUES).enumerate() {
            let comma = if index == 0 { "" } else { ", " };
            write!(f, "{comma}{:?}", shortened(value))?;
        }
        if self.0.len() > LISTED_VALUES {
            f.write_str(" and more")?;
        }
        Ok(())
    }
}

fn shortened(field: &str) -> String {
    match field.char_indices().nth(SHOWN_CHARACTERS) {
        Some((end, _)) => format!("{}…", &field[..end]),
        None => field.to_owned(),
    }
}
