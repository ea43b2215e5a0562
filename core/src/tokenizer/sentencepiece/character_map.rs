//! Maps characters before they are cut into pieces, as SentencePiece's `precompiled_charsmap` says: for example NFKC.

use super::super::TokenizerError;
use super::super::sentencepiece_model::damaged;

/// More prefixes of one text the reference does not collect.
const MAX_PREFIXES: usize = 32;

/// SentencePiece's normalization table: a double-array trie over bytes whose values point into a text of NUL-ended entries.
pub(super) struct CharacterMap {
    units: Vec<u32>,
    entries: String,
}

impl CharacterMap {
    /// Reads the table out of a model; one without bytes maps nothing.
    ///
    /// # Errors
    /// If it is truncated, not UTF-8, or points into the middle of a character.
    pub fn new(bytes: &[u8]) -> Result<Self, TokenizerError> {
        if bytes.is_empty() {
            return Ok(Self {
                units: Vec::new(),
                entries: String::new(),
            });
        }
        let size = bytes.first_chunk().map(|size| u32::from_le_bytes(*size) as usize);
        let parts = size.and_then(|size| bytes[4..].split_at_checked(size));
        let (trie, entries) = parts.ok_or_else(|| damaged("its character map is truncated".to_owned()))?;
        let entries = std::str::from_utf8(entries);
        let entries = entries.map_err(|_| damaged("its character map is not valid UTF-8".to_owned()))?;
        let units = trie
            .chunks_exact(4)
            .map(|unit| u32::from_le_bytes([unit[0], unit[1], unit[2], unit[3]]));
        let map = Self {
            units: units.collect(),
            entries: entries.to_owned(),
        };
        // A value is a byte offset; one inside a character could never be sliced.
        let leaves = map.units.iter().filter(|&&unit| unit >> 31 == 1);
        for value in leaves.map(|unit| (unit & 0x7fff_ffff) as usize) {
            if !map.entries.is_char_boundary(value) {
                return Err(damaged(format!(
                    "its character map points to byte {value}, where no character begins"
                )));
            }
        }
        Ok(map)
    }

    /// The longest beginning of `text` that is in the map: its length and what it becomes.
    pub fn longest_prefix(&self, text: &str) -> Option<(usize, &str)> {
        let mut node = 0usize;
        let mut unit = *self.units.first()?;
        node ^= offset(unit);
        let mut found = None;
        let mut count = 0;
        for (index, &byte) in text.as_bytes().iter().enumerate() {
            node ^= usize::from(byte);
            let Some(&next) = self.units.get(node) else {
                break;
            };
            unit = next;
            if unit & (1 << 31 | 0xff) != u32::from(byte) {
                break;
            }
            node ^= offset(unit);
            if unit >> 8 & 1 == 1 && count < MAX_PREFIXES {
                count += 1;
                let value = self.units.get(node).map_or(0, |leaf| leaf & 0x7fff_ffff) as usize;
                found = Some((index + 1, value));
            }
        }
        let (length, value) = found?;
        // An entry that ends inside a character cannot be taken from the text; a sound map has none.
        let entry = self.entries.get(value..)?;
        let entry = &entry[..entry.find('\0').unwrap_or(entry.len())];
        text.is_char_boundary(length).then_some((length, entry))
    }
}

/// Where a unit's children begin, relative to itself: darts-clone's encoding.
fn offset(unit: u32) -> usize {
    ((unit >> 10) << ((unit & (1 << 9)) >> 6)) as usize
}
