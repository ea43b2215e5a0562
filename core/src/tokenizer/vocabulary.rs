//! Reads `vocab.txt`: one token a line, its number is its id.
//!
//! Only the line ending is taken off: Tohoku's vocabulary has an empty entry, others hold U+3000 and U+2028, which any
//! trimming or a split at Unicode line ends would shift.

use super::{Files, TokenizerError};

/// Tokens by id and ids by token.
#[derive(Debug, Clone)]
pub(super) struct Vocabulary {
    tokens: Vec<String>,
    /// A hash table with linear probing, at most half full; as many entries as a power of two. Every piece that a word
    /// might begin with is looked up here: most tokens stand in their entry, so that one place of memory tells.
    ids: Vec<Entry>,
}

#[derive(Debug, Clone, Copy)]
struct Entry {
    key: Key,
    /// [`NO_TOKEN`] in an empty entry.
    id: u32,
}

const NO_TOKEN: u32 = u32::MAX;
/// Bytes of a key: a length, and room for three characters of Japanese behind `##`.
const KEY: usize = 12;
/// Stands for the length of a token that does not fit its key.
const LONG: u8 = u8::MAX;

/// A token's length and bytes; of a longer token its hash, so that the token itself has to be compared too.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Key([u8; KEY]);

impl Key {
    fn new(token: &[u8]) -> Self {
        let mut key = [0; KEY];
        if token.len() < KEY {
            key[0] = token.len() as u8;
            key[1..=token.len()].copy_from_slice(token);
        } else {
            let blocks = token.chunks(8).map(|chunk| {
                let mut block = [0; 8];
                block[..chunk.len()].copy_from_slice(chunk);
                u64::from_le_bytes(block)
            });
            let hash = blocks.fold(token.len() as u64, mix);
            key[0] = LONG;
            key[1..9].copy_from_slice(&hash.to_le_bytes());
        }
        Self(key)
    }

    fn is_long(self) -> bool {
        self.0[0] == LONG
    }

    /// The standard hasher withstands chosen collisions, which only the owner of the vocabulary could choose, and takes
    /// several times as long.
    fn hash(self) -> usize {
        let [a, b, c, d, e, f, g, h, rest @ ..] = self.0;
        let hash = mix(
            u32::from_le_bytes(rest).into(),
            u64::from_le_bytes([a, b, c, d, e, f, g, h]),
        );
        // The table is indexed by the low bits, into which multiplication carries nothing from above.
        (hash ^ hash >> 32) as usize
    }
}

fn mix(hash: u64, block: u64) -> u64 {
    (hash.rotate_left(23) ^ block).wrapping_mul(0x517c_c1b7_2722_0a95)
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
        let lines = text.split('\n');
        let count = lines.clone().count();
        u32::try_from(count).map_err(|_| TokenizerError::VocabularyTooLarge { file })?;
        let empty = Entry {
            key: Key([0; KEY]),
            id: NO_TOKEN,
        };
        let mut vocabulary = Self {
            tokens: Vec::with_capacity(count),
            ids: vec![empty; (2 * count).next_power_of_two()],
        };
        for (id, line) in (0u32..).zip(lines) {
            let token = line.strip_suffix('\r').unwrap_or(line);
            let key = Key::new(token.as_bytes());
            let place = vocabulary.place(token, key);
            let found = vocabulary.ids[place].id;
            if found != NO_TOKEN {
                return Err(TokenizerError::DuplicateToken {
                    file,
                    token: token.to_owned(),
                    line: id as usize + 1,
                    first_line: found as usize + 1,
                });
            }
            vocabulary.ids[place] = Entry { key, id };
            vocabulary.tokens.push(token.to_owned());
        }
        Ok(vocabulary)
    }

    /// Where a token stands in the table, or would be put.
    #[inline]
    fn place(&self, token: &str, key: Key) -> usize {
        let mask = self.ids.len() - 1;
        let mut place = key.hash() & mask;
        loop {
            let entry = self.ids[place];
            let same = || entry.key == key && !(key.is_long() && self.tokens[entry.id as usize] != token);
            if entry.id == NO_TOKEN || same() {
                return place;
            }
            place = (place + 1) & mask;
        }
    }

    /// Number of entries; ids are below it.
    pub fn len(&self) -> usize {
        self.tokens.len()
    }

    pub fn id(&self, token: &str) -> Option<u32> {
        let id = self.ids[self.place(token, Key::new(token.as_bytes()))].id;
        (id != NO_TOKEN).then_some(id)
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
    fn tokens_of_every_length_are_found_and_no_others() {
        let tokens: Vec<String> = (0..40)
            .flat_map(|length| ["a", "語"].map(|unit| unit.repeat(length)))
            .skip(1)
            .collect();
        let vocabulary = Vocabulary::parse(&tokens.join("\n"), "vocab.txt").expect("no duplicates");
        for (id, token) in (0u32..).zip(&tokens) {
            assert_eq!(vocabulary.id(token), Some(id));
            for other in [format!("{token}\0"), format!("\0{token}"), format!("{token}b")] {
                assert_eq!(vocabulary.id(&other), None, "{other:?}");
            }
        }
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
