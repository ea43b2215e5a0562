//! Reads little-endian numbers from a file whose lengths cannot be trusted.

use super::DictionaryError;

/// A position in a file; every read is checked against the file's end.
#[derive(Clone, Copy)]
pub(super) struct Reader<'a> {
    file: &'static str,
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    pub fn new(file: &'static str, bytes: &'a [u8]) -> Self {
        Self { file, bytes, at: 0 }
    }

    pub fn file(&self) -> &'static str {
        self.file
    }

    pub fn take(&mut self, len: usize, what: &'static str) -> Result<&'a [u8], DictionaryError> {
        let end = self.at.checked_add(len).filter(|&end| end <= self.bytes.len());
        let Some(end) = end else {
            return Err(DictionaryError::Truncated {
                file: self.file,
                what,
                at: self.at,
                needed: len,
                length: self.bytes.len(),
            });
        };
        let taken = &self.bytes[self.at..end];
        self.at = end;
        Ok(taken)
    }

    /// Takes `count` records of `size` bytes.
    pub fn records(&mut self, count: usize, size: usize, what: &'static str) -> Result<&'a [u8], DictionaryError> {
        // An overflow asks for more than any file has, which `take` refuses.
        self.take(count.saturating_mul(size), what)
    }

    pub fn u16(&mut self, what: &'static str) -> Result<u16, DictionaryError> {
        let bytes = self.take(2, what)?;
        Ok(u16::from_le_bytes([bytes[0], bytes[1]]))
    }

    pub fn u32(&mut self, what: &'static str) -> Result<u32, DictionaryError> {
        let bytes = self.take(4, what)?;
        Ok(u32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]))
    }

    /// A u32 that counts or points, refused above `limit`.
    pub fn count(&mut self, what: &'static str, limit: usize) -> Result<usize, DictionaryError> {
        let found = self.u32(what)?;
        self.within(found as usize, what, limit)
    }

    pub fn within(&self, found: usize, what: &'static str, limit: usize) -> Result<usize, DictionaryError> {
        if found > limit {
            return Err(DictionaryError::OutOfRange {
                file: self.file,
                what,
                found: found as u64,
                limit: limit as u64,
            });
        }
        Ok(found)
    }

    pub fn rest(&self) -> usize {
        self.bytes.len() - self.at
    }
}

/// A field padded with NULs, as text.
pub(super) fn padded_text(field: &[u8]) -> String {
    let end = field.iter().position(|&byte| byte == 0).unwrap_or(field.len());
    String::from_utf8_lossy(&field[..end]).into_owned()
}
