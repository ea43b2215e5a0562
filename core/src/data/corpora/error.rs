//! Says what is wrong with a corpus: which file, which line, what was found there.

use crate::data::DataError;
use crate::data::jsonl::reason;

use super::SplitBy;

/// Why a corpus cannot be converted.
#[derive(Debug, thiserror::Error)]
pub enum CorpusError {
    /// Bytes that are text in neither encoding.
    #[error("{name}: line {line} is neither UTF-8 nor EUC-JP")]
    Encoding {
        /// File.
        name: String,
        /// The first line, 1-based, that is in neither.
        line: usize,
    },
    /// Lines in both encodings.
    #[error("{name}: line {line} is not {encoding}, as other lines are")]
    MixedEncodings {
        /// File.
        name: String,
        /// The first line, 1-based, that is not in the encoding of most.
        line: usize,
        /// The encoding of most.
        encoding: &'static str,
    },
    /// A line that should hold a word of KNP's output.
    #[error(
        "{name}: line {line} is no word of KNP's format (surface, reading, base form, … between spaces): {found:?}"
    )]
    Word {
        /// File.
        name: String,
        /// 1-based line.
        line: usize,
        /// The start of the line.
        found: String,
    },
    /// An entity that does not say which type it has or where in it the word stands.
    #[error("{name}: line {line}: {found:?} is not <NE:TYPE:position>")]
    EntityTag {
        /// File.
        name: String,
        /// 1-based line.
        line: usize,
        /// The tag.
        found: String,
    },
    /// A row of a table that is too narrow or too wide.
    #[error("{name}: line {line}: expected {expected} columns between tabs, found {found}")]
    Columns {
        /// File.
        name: String,
        /// 1-based line.
        line: usize,
        /// How many there are.
        found: usize,
        /// How many there should be.
        expected: &'static str,
    },
    /// A row whose identifier is missing or is not of the corpus's form.
    #[error("{name}: line {line}: {found:?} is not a sentence's number, as KN001_Keitai_1-1-1-01 is")]
    SentenceNumber {
        /// File.
        name: String,
        /// 1-based line.
        line: usize,
        /// What stands there.
        found: String,
    },
    /// Files of one article in another's folder.
    #[error("{name}: the sentence does not belong to the article whose folder it is in, {folder}")]
    OtherArticle {
        /// File.
        name: String,
        /// The folder's name.
        folder: String,
    },
    /// An article whose name tells no topic.
    #[error("{article}: the article's name tells no topic; there are {}", super::knbc::TOPICS.join(", "))]
    Topic {
        /// The article.
        article: String,
    },
    /// The two halves of a corpus do not fit each other.
    #[error(
        "none of the {count} sentences with an opinion has its words in corpus1, for example {first}: are both from one corpus?"
    )]
    Unrelated {
        /// How many sentences were looked for.
        count: usize,
        /// The first of them.
        first: String,
    },
    /// A cell that should be a label of the corpus.
    #[error("{name}: line {line}: {found:?} in column {column} is not {expected}")]
    Cell {
        /// File.
        name: String,
        /// 1-based line.
        line: usize,
        /// 1-based column.
        column: usize,
        /// What stands there.
        found: String,
        /// What is allowed there.
        expected: String,
    },
    /// A label that the corpus does not have.
    #[error("{name}: line {line}: the label {found:?} is not {expected}")]
    Label {
        /// File.
        name: String,
        /// 1-based line.
        line: usize,
        /// What stands there.
        found: String,
        /// What is allowed there.
        expected: String,
    },
    /// A question of JSQuAD without an answer.
    #[error("{name}: question {number} ({id:?}) has no answer; every question of JSQuAD has one")]
    Unanswered {
        /// File.
        name: String,
        /// 1-based number of the question in the file.
        number: usize,
        /// Its id; empty where it has none.
        id: String,
    },
    /// A label that the emotion data set does not have.
    #[error(
        "{name}: line {line}: {found:?} is none of the emotions {known}, nor a number from 0 to 5: is it the corpus's file?"
    )]
    Emotion {
        /// File.
        name: String,
        /// 1-based line.
        line: usize,
        /// What stands there.
        found: String,
        /// The names of the emotions.
        known: String,
    },
    /// A table of two labels where there are six emotions.
    #[error(
        "{name}: no label but 0 and 1 stands in its {rows} rows, and there are six emotions: is it the corpus's file?"
    )]
    TwoEmotions {
        /// File.
        name: String,
        /// How many there are.
        rows: usize,
    },
    /// A table of which no column is known.
    #[error(
        "{name}: no column is called as those of the corpus are; the first row is {row:?}: is it the corpus's file?"
    )]
    UnknownColumns {
        /// File.
        name: String,
        /// Its first row.
        row: String,
    },
    /// A quoted field that does not end, or is followed by text.
    #[error(
        "{name}: the row at line {line} has a quoted field that does not end where the field does: is the file whole?"
    )]
    Quotes {
        /// File.
        name: String,
        /// 1-based line on which the row starts.
        line: usize,
    },
    /// A table without right answers.
    #[error("{name}: there is no column of labels ({columns})")]
    NoLabels {
        /// File.
        name: String,
        /// What was read from where.
        columns: String,
    },
    /// A record that is none of JGLUE's.
    #[error("{name}: no record of JSTS, JNLI, MARC-ja, JCoLA or JSQuAD")]
    NoJglue {
        /// File.
        name: String,
    },
    /// JSON that is something else than a list of articles.
    #[error("{name}: expected one JSON array of articles, found {found}")]
    NoArray {
        /// File.
        name: String,
        /// What is there.
        found: &'static str,
    },
    /// A record of a list that lacks something or holds something else.
    #[error("{name}: record {record} is not of the corpus's form")]
    Record {
        /// File.
        name: String,
        /// 1-based number of the record.
        record: usize,
        /// What is wrong with it.
        source: serde_json::Error,
    },
    /// An entity whose span does not hold its name.
    #[error(
        "{name}: record {record} (curid {curid:?}): characters {start}–{end} are {found:?}, the entity is {entity:?}"
    )]
    Span {
        /// File.
        name: String,
        /// 1-based number of the record.
        record: usize,
        /// The page it comes from.
        curid: String,
        /// First character.
        start: usize,
        /// Behind the last character.
        end: usize,
        /// What stands there; nothing where the text is shorter.
        found: String,
        /// The entity's name.
        entity: String,
    },
    /// An entity whose type is no word.
    #[error(
        "{name}: record {record} (curid {curid:?}): the entity {entity:?} has the type {kind:?}; it needs one without spaces"
    )]
    EntityType {
        /// File.
        name: String,
        /// 1-based number of the record.
        record: usize,
        /// The page it comes from.
        curid: String,
        /// The entity's name.
        entity: String,
        /// What stands there.
        kind: String,
    },
    /// Two entities share characters.
    #[error("{name}: record {record} (curid {curid:?}): the entities {first:?} and {second:?} overlap")]
    Overlap {
        /// File.
        name: String,
        /// 1-based number of the record.
        record: usize,
        /// The page it comes from.
        curid: String,
        /// One entity.
        first: String,
        /// The entity that begins inside it.
        second: String,
    },
    /// The conversion leaves nothing.
    #[error("there is no {what}")]
    Nothing {
        /// What was looked for, and where.
        what: &'static str,
    },
    /// More parts than there are things to share out.
    #[error("{parts} parts need at least {parts} {by}s; there are {found} (--split-by and --split change that)")]
    TooFew {
        /// Parts asked for.
        parts: usize,
        /// What is shared out.
        by: SplitBy,
        /// How many of them there are.
        found: usize,
    },
    /// A file that one of the trainer's own readers refuses.
    #[error(transparent)]
    Data(DataError),
}

impl CorpusError {
    /// Whether the message says in which file the mistake is; of the others only the caller knows what was read.
    pub fn names_file(&self) -> bool {
        !matches!(
            self,
            Self::Topic { .. } | Self::Unrelated { .. } | Self::Nothing { .. } | Self::TooFew { .. }
        )
    }

    /// Text of a whole file that is no JSON, in the words of the trainer's readers.
    pub(super) fn json(name: &str, error: &serde_json::Error) -> Self {
        Self::Data(DataError::Json {
            name: name.to_owned(),
            line: error.line(),
            column: error.column(),
            reason: reason(error),
        })
    }
}

/// In the words of a corpus, which has no flags to say how it is read.
impl From<DataError> for CorpusError {
    fn from(error: DataError) -> Self {
        match error {
            DataError::ChooseColumns { name, row } => Self::UnknownColumns {
                name,
                row: shortened(&row.join(", ")),
            },
            DataError::UnclosedQuote { name, line } | DataError::TextAfterQuote { name, line } => {
                Self::Quotes { name, line }
            }
            other => Self::Data(other),
        }
    }
}

/// The start of a line, for a message.
pub(super) fn shortened(line: &str) -> String {
    const SHOWN_CHARACTERS: usize = 40;
    match line.char_indices().nth(SHOWN_CHARACTERS) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line.to_owned(),
    }
}
