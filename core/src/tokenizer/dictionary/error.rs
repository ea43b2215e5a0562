//! Names what can be wrong with a dictionary file.

/// Why a dictionary cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DictionaryError {
    /// The file ends before what its header announces.
    #[error("{file} is truncated: {what} needs {needed} bytes at byte {at}, the file has {length}")]
    Truncated {
        /// The file's name.
        file: &'static str,
        /// The part that is cut off.
        what: &'static str,
        /// Where the part begins.
        at: usize,
        /// Its size.
        needed: usize,
        /// The size of the file.
        length: usize,
    },
    /// The first bytes are not those of the format.
    #[error("{file} is not {expected}")]
    NotADictionary {
        /// The file's name.
        file: &'static str,
        /// What it should be.
        expected: &'static str,
    },
    /// The file was written on a machine of the other byte order.
    #[error("{file} is big-endian; compile the dictionary on a little-endian machine")]
    ByteOrder {
        /// The file's name.
        file: &'static str,
    },
    /// The format has a version that is not understood.
    #[error("{file} has version {found}, expected {expected}")]
    Version {
        /// The file's name.
        file: &'static str,
        /// The version found.
        found: u32,
        /// The version that can be read.
        expected: u32,
    },
    /// The surfaces are not in UTF-8.
    #[error("{file} is in the charset {charset:?}; compile the dictionary in UTF-8")]
    Charset {
        /// The file's name.
        file: &'static str,
        /// The charset named in the header.
        charset: String,
    },
    /// A file of the dictionary is not there.
    #[error("{file} is missing from the dictionary")]
    FileMissing {
        /// The file's name.
        file: &'static str,
    },
    /// Two numbers of the file contradict each other.
    #[error("{file} is damaged: {what} is {found}, the limit is {limit}")]
    OutOfRange {
        /// The file's name.
        file: &'static str,
        /// What the number counts or points to.
        what: &'static str,
        /// The number found.
        found: u64,
        /// The largest value that would make sense.
        limit: u64,
    },
    /// The content does not match the checksum in the header.
    #[error("{file} is damaged: its checksum is {found:08x}, its header says {expected:08x}")]
    Checksum {
        /// The file's name.
        file: &'static str,
        /// The checksum in the header.
        expected: u32,
        /// The checksum of the content.
        found: u32,
    },
    /// The compressed stream cannot be unpacked.
    #[error("{file} cannot be unpacked")]
    Compression {
        /// The file's name.
        file: &'static str,
        /// The unpacker's reason.
        source: std::io::Error,
    },
    /// A line of a user dictionary cannot be used.
    #[error("user dictionary, line {line}: {reason}")]
    UserEntry {
        /// Line number, from 1.
        line: usize,
        /// What is wrong with it.
        reason: UserEntryProblem,
    },
}

/// What is wrong with a line of a user dictionary.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum UserEntryProblem {
    /// Fewer than four columns.
    #[error("{0} columns, expected at least surface, left id, right id, cost")]
    TooFewColumns(usize),
    /// A quoted field without its closing quote, or text after it.
    #[error("a quote is not closed or is followed by more text")]
    Quote,
    /// The surface has no characters.
    #[error("the surface is empty")]
    EmptySurface,
    /// A column is not a number in the range MeCab stores.
    #[error("the {column} {value:?} is not a number from {low} to {high}")]
    NotANumber {
        /// The column's name.
        column: &'static str,
        /// What it holds.
        value: String,
        /// Least value.
        low: i32,
        /// Largest value.
        high: i32,
    },
    /// No word of the dictionary uses the id, so that packing dropped its costs.
    #[error("no word of the dictionary has the {column} {id}; use the ids of a similar word")]
    UnusedId {
        /// The column's name.
        column: &'static str,
        /// The id.
        id: u16,
    },
    /// The bytes are not UTF-8.
    #[error("the line is not valid UTF-8")]
    NotUtf8,
}
