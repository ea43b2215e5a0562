//! Names everything that can be wrong with a tokenizer's files or with a request to it.

use super::Files;

/// What went wrong; every variant carries the facts a user needs to repair it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TokenizerError {
    /// None of the files that define a tokenizer is in the folder.
    #[error(
        "no tokenizer among the files {found:?}: expected tokenizer.json, vocab.txt, spiece.model, or vocab.json with merges.txt"
    )]
    NoTokenizerFiles {
        /// The names that are there.
        found: Vec<String>,
    },
    /// A file that the chosen kind of tokenizer needs is not there.
    #[error("{file} is missing from the tokenizer's files")]
    FileMissing {
        /// The missing file's name.
        file: &'static str,
    },
    /// A text file holds bytes that are not UTF-8.
    #[error("{file}: byte {byte} is not valid UTF-8")]
    InvalidUtf8 {
        /// The file's name.
        file: &'static str,
        /// Where the first invalid byte is, counted from 0.
        byte: usize,
    },
    /// A JSON file cannot be read.
    #[error("{file} is not valid JSON")]
    Json {
        /// The file's name.
        file: &'static str,
        /// The reader's reason, with line and column.
        source: serde_json::Error,
    },
    /// A setting has a value that means nothing here.
    #[error("{file}: {key} is {value}, expected {expected}")]
    Setting {
        /// The file's name.
        file: &'static str,
        /// The setting's name.
        key: &'static str,
        /// The value found, as JSON.
        value: String,
        /// What would be understood.
        expected: &'static str,
    },
    /// The tokenizers crate refuses the definition or the text.
    #[error("the tokenizer defined by {file} failed to {step}")]
    Hub {
        /// The file that defines the tokenizer.
        file: &'static str,
        /// What was being done.
        step: &'static str,
        /// The crate's reason.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The definition passes the tokenizers crate's reader but cannot work.
    #[error("{file}: {reason}")]
    Definition {
        /// The file's name.
        file: &'static str,
        /// What does not fit together.
        reason: String,
    },
    /// A token has two lines in a vocabulary.
    #[error("{file}, line {line}: the token {token:?} is already on line {first_line}")]
    DuplicateToken {
        /// The file's name.
        file: &'static str,
        /// The token.
        token: String,
        /// Line of the second occurrence, from 1.
        line: usize,
        /// Line of the first occurrence, from 1.
        first_line: usize,
    },
    /// More entries than ids can number.
    #[error("{file} has more entries than a 32-bit id can number")]
    VocabularyTooLarge {
        /// The file's name.
        file: &'static str,
    },
    /// A token that the tokenizer cannot do without is not in its vocabulary.
    #[error("the {role} token {token:?} is not among the {entries} entries of the vocabulary")]
    MissingSpecialToken {
        /// What the token is for.
        role: &'static str,
        /// Its spelling.
        token: String,
        /// Size of the vocabulary.
        entries: usize,
    },
    /// A Japanese tokenizer needs its dictionary, which was not given.
    #[error("the tokenizer needs MeCab's dictionary {name:?}, which is not there")]
    DictionaryNeeded {
        /// The dictionary as `mecab_dic` names it.
        name: String,
    },
    /// The limit leaves no room even for the special tokens.
    #[error("max_length {max_length} leaves no room: {special_tokens} special tokens are added")]
    MaxLengthTooSmall {
        /// The limit.
        max_length: usize,
        /// How many special tokens an input has.
        special_tokens: usize,
    },
    /// The pair should give way, but there is none.
    #[error("only the second text may be shortened, but there is no second text")]
    NoPairToTruncate,
    /// The text that should give way is shorter than what must go.
    #[error("{excess} tokens too many for max_length {max_length}, but the text to shorten has only {length}")]
    TextTooShortToTruncate {
        /// Its tokens.
        length: usize,
        /// Tokens that must go.
        excess: usize,
        /// The limit.
        max_length: usize,
    },
    /// Windows would never advance.
    #[error("stride {stride} must be smaller than the {room} tokens a window has for the text")]
    StrideTooLarge {
        /// Tokens that windows share.
        stride: usize,
        /// Tokens of the text in a window.
        room: usize,
    },
    /// Windows over a pair need one side that stays whole.
    #[error("windows over a pair need a strategy that names the text to cut, not longest-first")]
    WindowsOverBoth,
}

impl TokenizerError {
    pub(super) fn no_tokenizer_files(files: &Files) -> Self {
        Self::NoTokenizerFiles {
            found: files.keys().cloned().collect(),
        }
    }
}
