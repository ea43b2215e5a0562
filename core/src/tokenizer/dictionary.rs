//! Holds a morphological dictionary: which words there are, what they cost, and what it costs to put one after another.
//!
//! It is read from MeCab's compiled files (`compiled`) or from the packed form that ships with Terakoya (`packed`), which
//! keeps only what decides the boundaries of words. `mecab` searches it.

mod bytes;
mod compiled;
mod error;
mod matrix;
mod packed;
mod source;
mod tree;
mod user;

pub use error::{DictionaryError, UserEntryProblem};

use std::io::{BufReader, Write};

use sha2::{Digest, Sha256};

use super::Files;
use super::trie::Trie;
use matrix::Matrix;
use source::Source;

/// The files that MeCab's compiler writes and that decide where words begin and end.
pub const COMPILED_FILES: [&str; 4] = ["sys.dic", "unk.dic", "matrix.bin", "char.bin"];

/// The first bytes of a gzip file.
const GZIP: [u8; 2] = [0x1f, 0x8b];
/// Largest packed dictionary that gzip may unpack to: six times unidic-lite's.
const MAX_UNPACKED: usize = 300 << 20;

/// A word's context ids and its cost, as the dictionary numbers them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Word {
    /// Context it presents to the word before it.
    pub left: u16,
    /// Context it presents to the word after it.
    pub right: u16,
    /// What choosing it adds to a path.
    pub cost: i16,
}

/// How unknown words are made from characters of one class.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub(super) struct CharacterClass {
    /// One bit for each category a character of this class belongs to.
    pub types: u32,
    /// The category whose unknown words it makes.
    pub default_type: u8,
    /// Unknown words of 1 to this many characters are offered.
    pub length: u8,
    /// A run of characters of the same category is offered as one word.
    pub group: bool,
    /// Unknown words are offered even where known ones begin.
    pub invoke: bool,
}

impl CharacterClass {
    /// Whether the two share a category.
    pub fn is_kind_of(self, other: Self) -> bool {
        self.types & other.types != 0
    }
}

/// Character categories: their names and the class of every UTF-16 code unit.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Categories {
    pub names: Vec<String>,
    pub classes: Vec<CharacterClass>,
    /// `[65536]`, index into `classes`.
    pub table: Vec<u8>,
}

impl Categories {
    /// The class of the character that begins with this UTF-16 unit. Characters beyond U+FFFF have that of U+0000.
    #[inline]
    pub fn class(&self, unit: u16) -> CharacterClass {
        let unit = if (0xd800..0xe000).contains(&unit) { 0 } else { unit };
        self.classes[usize::from(self.table[usize::from(unit)])]
    }
}

/// Packs the dictionary that MeCab's compiler wrote into one file within gzip, keeping all that decides where words begin
/// and end. `name` is what [`Dictionary::name`] gives back. What the words of `sample`, any text of the language, need
/// is put together, which makes searching faster and changes no result. Takes half a minute for unidic-lite.
///
/// # Errors
/// As [`Dictionary::from_compiled`], and if the dictionary is larger than the format can count.
pub fn pack(name: &str, files: &Files, sample: &str) -> Result<Vec<u8>, DictionaryError> {
    let packed = packed::pack(&Source::from_compiled(name, files)?, sample)?;
    let compressed = Vec::with_capacity(packed.len() / 4);
    let mut gzip = flate2::write::GzEncoder::new(compressed, flate2::Compression::best());
    let result = gzip.write_all(&packed).and_then(|()| gzip.finish());
    result.map_err(|source| DictionaryError::Compression {
        file: packed::FILE,
        source,
    })
}

/// A dictionary ready for searching.
#[derive(Debug, Clone)]
pub struct Dictionary {
    name: String,
    lexicon: Trie<Word>,
    /// Words that the user added.
    user: Option<UserWords>,
    pub(super) unknown: Vec<Vec<Word>>,
    pub(super) categories: Categories,
    connections: Matrix,
    /// The least and the greatest cost of each right id.
    connection_ranges: Vec<(i16, i16)>,
    /// The number here of each of MeCab's left ids, `None` where no word uses it.
    left_ids: Vec<Option<u16>>,
    right_ids: Vec<Option<u16>>,
    surfaces: usize,
}

#[derive(Debug, Clone)]
struct UserWords {
    lexicon: Trie<Word>,
    sha256: String,
}

/// What a dictionary holds.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct DictionaryInfo {
    /// What it was called when it was packed.
    pub name: String,
    /// Different spellings.
    pub surfaces: usize,
    /// Words: a spelling with its contexts.
    pub words: usize,
    /// Words that a user dictionary added.
    pub user_words: usize,
    /// Context ids of MeCab's files: left and right.
    pub ids: (usize, usize),
    /// Ids that connect differently, which is the size of the table of connection costs: left and right.
    pub contexts: (usize, usize),
    /// Names of the character categories.
    pub categories: Vec<String>,
    /// Bytes it takes in memory.
    pub bytes: usize,
}

impl Dictionary {
    /// Reads the dictionary that MeCab's compiler wrote: `sys.dic`, `unk.dic`, `matrix.bin` and `char.bin` of its folder.
    ///
    /// # Errors
    /// If a file is missing, truncated, of another version, charset or byte order, or its numbers contradict each other.
    pub fn from_compiled(name: &str, files: &Files) -> Result<Self, DictionaryError> {
        Ok(Self::from_source(Source::from_compiled(name, files)?))
    }

    /// Reads a packed dictionary, as it is or within gzip.
    ///
    /// # Errors
    /// If it is not one, has another version or a wrong checksum, is truncated, or its numbers contradict each other.
    pub fn from_packed(bytes: &[u8]) -> Result<Self, DictionaryError> {
        if !bytes.starts_with(&GZIP) {
            return packed::unpack(bytes, bytes.len());
        }
        // The last four bytes of gzip say the size. Deflate cannot grow more than 1032-fold, so a lie stays cheap.
        let size = bytes.last_chunk().map_or(0, |size| u32::from_le_bytes(*size) as usize);
        let size = size.min(bytes.len().saturating_mul(1032)).min(MAX_UNPACKED);
        packed::unpack(BufReader::new(flate2::bufread::GzDecoder::new(bytes)), size)
    }

    fn from_source(source: Source) -> Self {
        Self {
            connection_ranges: source.connections.ranges(),
            lexicon: Trie::build(&source.surfaces),
            user: None,
            surfaces: source.surfaces.len(),
            name: source.name,
            unknown: source.unknown,
            categories: source.categories,
            connections: source.connections,
            left_ids: source.left_ids,
            right_ids: source.right_ids,
        }
    }

    /// Adds the words of a user dictionary: lines of `surface,left id,right id,cost`, more columns are ignored. A second call
    /// replaces them. Texts are searched in NFKC, so surfaces should be too.
    ///
    /// # Errors
    /// Names the line that cannot be used.
    pub fn with_user_entries(mut self, csv: &[u8]) -> Result<Self, DictionaryError> {
        let surfaces = user::read(csv, &self)?;
        let hash = Sha256::digest(csv);
        self.user = Some(UserWords {
            lexicon: Trie::build(&surfaces),
            sha256: hash.iter().map(|byte| format!("{byte:02x}")).collect(),
        });
        Ok(self)
    }

    /// The SHA-256 of the user dictionary that was added: what words it makes is part of what a model was trained on.
    pub fn user_sha256(&self) -> Option<&str> {
        self.user.as_ref().map(|user| user.sha256.as_str())
    }

    /// What the dictionary holds.
    pub fn info(&self) -> DictionaryInfo {
        let user = self.user.as_ref().map(|user| &user.lexicon);
        let tables = self.connections.costs.len() * size_of::<i16>() + self.categories.table.len();
        DictionaryInfo {
            name: self.name.clone(),
            surfaces: self.surfaces,
            words: self.lexicon.len(),
            user_words: user.map_or(0, Trie::len),
            ids: (self.left_ids.len(), self.right_ids.len()),
            contexts: (self.connections.lefts, self.connections.rights),
            categories: self.categories.names.clone(),
            bytes: self.lexicon.bytes() + user.map_or(0, Trie::bytes) + tables,
        }
    }

    /// What the dictionary was called when it was packed.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Calls `found` with the length in code units and the words of every surface that begins `text`.
    #[inline]
    pub(super) fn prefixes(&self, text: &[u16], mut found: impl FnMut(usize, &[Word])) {
        self.lexicon.prefixes(text, &mut found);
        if let Some(user) = &self.user {
            user.lexicon.prefixes(text, found);
        }
    }

    /// The costs of putting a word with this left id after each right id.
    #[inline]
    pub(super) fn connection_costs(&self, left: u16) -> &[i16] {
        self.connections.row(left)
    }

    /// The least and the most that a connection from this right id costs.
    #[inline]
    pub(super) fn connection_range(&self, right: u16) -> (i16, i16) {
        self.connection_ranges[usize::from(right)]
    }

    /// The least that a connection from this right id costs.
    #[inline]
    pub(super) fn least_connection(&self, right: u16) -> i64 {
        i64::from(self.connection_ranges[usize::from(right)].0)
    }

    /// The number here of the id 0 of MeCab, which begins and ends a sentence: as a left and as a right id.
    pub(super) fn boundary(&self) -> (u16, u16) {
        let first = |ids: &[Option<u16>]| ids.first().copied().flatten().unwrap_or(0);
        (first(&self.left_ids), first(&self.right_ids))
    }
}

#[cfg(test)]
mod tests;
