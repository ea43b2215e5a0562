//! Reads `vocab.txt`: one token a line, its number is its id.
//!
//! Only the line ending is taken off: Tohoku's vocabulary has an empty entry, others hold U+3000 and U+2028, which any
//! trimming or a split at Unicode line ends would shift.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

use super::{Files, TokenizerError};

/// Tokens by id and ids by token.
#[derive(Debug, Clone)]
pub(super) struct Vocabulary {
    tokens: Vec<String>,
    ids: HashMap<String, u32, BuildHasherDefault<TokenHasher>>,
}

/// Hashes the short strings of a vocabulary eight bytes at a time. The standard hasher withstands chosen collisions, which
/// only the owner of the vocabulary could choose, and takes twice as long.
#[derive(Debug, Clone, Copy, Default)]
struct TokenHasher(u64);

impl Hasher for TokenHasher {
    fn write(&mut self, bytes: &[u8]) {
        for chunk in bytes.chunks(8) {
            let mut word = [0; 8];
            word[..chunk.len()].copy_from_slice(chunk);
            self.0 = (self.0.rotate_left(5) ^ u64::from_le_bytes(word)).wrapping_mul(0x517c_c1b7_2722_0a95);
        }
    }

    fn finish(&self) -> u64 {
        // The table is indexed by the low bits, into which multiplication carries nothing from above.
        self.0 ^ self.0 >> 32
    }
}

impl Vocabulary {
    /// Reads the folder's `vocab.txt`.
    ///
    /// # Errors
    /// If it is missing, not UTF-8, or has a token twice.
    pub fn from_files(files: &Files) -> Result<Self, TokenizerError> {
        const FILE: &str = "vocab.txt";
        let bytes = files
            .get(FILE)
            .ok_or_else(|| TokenizerError::FileMissing { file: FILE })?;
        Self::parse(utf8(FILE, bytes)?, FILE)
    }

    fn parse(text: &str, file: &'static str) -> Result<Self, TokenizerError> {
        let text = text.strip_suffix('\n').unwrap_or(text);
        let mut tokens: Vec<String> = Vec::new();
        let mut ids = HashMap::default();
        for (index, line) in text.split('\n').enumerate() {
            let token = line.strip_suffix('\r').unwrap_or(line);
            let id = u32::try_from(index).map_err(|_| TokenizerError::VocabularyTooLarge { file })?;
            if let Some(first) = ids.insert(token.to_owned(), id) {
                return Err(TokenizerError::DuplicateToken {
                    file,
                    token: token.to_owned(),
                    line: index + 1,
                    first_line: first as usize + 1,
                });
            }
            tokens.push(token.to_owned());
        }
        Ok(Self { tokens, ids })
    }

    /// Number of entries; ids are below it.
    pub fn len(&self) -> usize {
        self.tokens.len()
    }

    pub fn id(&self, token: &str) -> Option<u32> {
        self.ids.get(token).copied()
    }

    pub fn token(&self, id: u32) -> Option<&str> {
        self.tokens.get(id as usize).map(String::as_str)
    }

    /// Tokens in the order of their ids.
    pub fn tokens(&self) -> &[String] {
        &self.tokens
    }

    /// The id of a token that the tokenizer cannot do without.
    pub fn required(&self, role: &'static str, token: &str) -> Result<u32, TokenizerError> {
        self.id(token).ok_or_else(|| TokenizerError::MissingSpecialToken {
            role,
            token: token.to_owned(),
            entries: self.len(),
        })
    }
}

/// The text of a file, or where it stops being UTF-8.
pub(super) fn utf8<'a>(file: &'static str, bytes: &'a [u8]) -> Result<&'a str, TokenizerError> {
    std::str::from_utf8(bytes).map_err(|error| TokenizerError::InvalidUtf8 {
        file,
        byte: error.valid_up_to(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_line_ends_are_removed() {
        let vocabulary = Vocabulary::parse("[PAD]\n\n\u{3000}\na \r\n\u{2028}\n", "vocab.txt");
        let vocabulary = vocabulary.expect("no duplicates");
        assert_eq!(vocabulary.tokens(), ["[PAD]", "", "\u{3000}", "a ", "\u{2028}"]);
        assert_eq!(vocabulary.id("\u{2028}"), Some(4));
        assert_eq!(vocabulary.token(1), Some(""));
        assert_eq!(vocabulary.token(5), None);
    }

    #[test]
    fn a_duplicate_is_named_with_both_lines() {
        let error = Vocabulary::parse("a\nb\na\n", "vocab.txt").expect_err("a twice");
        assert_eq!(
            error.to_string(),
            "vocab.txt, line 3: the token \"a\" is already on line 1"
        );
    }

    #[test]
    fn invalid_utf8_is_located() {
        let files = Files::from([("vocab.txt".to_owned(), b"ab\n\xff".to_vec())]);
        let error = Vocabulary::from_files(&files).expect_err("not UTF-8");
        assert!(matches!(error, TokenizerError::InvalidUtf8 { byte: 3, .. }));
    }
}
