//! Reads a file's numbers as they are unpacked, so that a whole file never lies in memory beside the tables made of it.
//!
//! The file's size is known or bounded beforehand: every count is checked against what is left before anything is allocated.

use std::io::Read;

use super::super::{DictionaryError, MAX_UNPACKED};
use super::FILE;

/// How many bytes are read at a time where none are kept.
const CHUNK: usize = 1 << 14;

/// A file being read, with the checksum of what has been read.
pub(super) struct Stream<R> {
    source: R,
    /// Bytes read so far.
    at: usize,
    /// Bytes the file can have.
    length: usize,
    checksum: flate2::Crc,
}

impl<R: Read> Stream<R> {
    pub fn new(source: R, length: usize) -> Self {
        Self {
            source,
            at: 0,
            length,
            checksum: flate2::Crc::new(),
        }
    }

    /// Begins the checksum with the next byte.
    pub fn restart_checksum(&mut self) {
        self.checksum.reset();
    }

    pub fn checksum(&self) -> u32 {
        self.checksum.sum()
    }

    /// Fills `buffer`.
    pub fn fill(&mut self, buffer: &mut [u8], what: &'static str) -> Result<(), DictionaryError> {
        self.has(buffer.len(), what)?;
        self.source.read_exact(buffer).map_err(unpacking)?;
        self.at += buffer.len();
        self.checksum.update(buffer);
        Ok(())
    }

    /// Refuses to go on where the file cannot have so many more bytes.
    pub fn has(&self, needed: usize, what: &'static str) -> Result<(), DictionaryError> {
        if needed > self.rest() {
            return Err(DictionaryError::Truncated {
                file: FILE,
                what,
                at: self.at,
                needed,
                length: self.length,
            });
        }
        Ok(())
    }

    /// Bytes the file can still have.
    pub fn rest(&self) -> usize {
        self.length - self.at
    }

    pub fn take(&mut self, count: usize, what: &'static str) -> Result<Vec<u8>, DictionaryError> {
        self.has(count, what)?;
        let mut bytes = vec![0; count];
        self.fill(&mut bytes, what)?;
        Ok(bytes)
    }

    pub fn array<const N: usize>(&mut self, what: &'static str) -> Result<[u8; N], DictionaryError> {
        let mut bytes = [0; N];
        self.fill(&mut bytes, what)?;
        Ok(bytes)
    }

    pub fn byte(&mut self, what: &'static str) -> Result<usize, DictionaryError> {
        let [byte] = self.array(what)?;
        Ok(usize::from(byte))
    }

    pub fn u16(&mut self, what: &'static str) -> Result<u16, DictionaryError> {
        Ok(u16::from_le_bytes(self.array(what)?))
    }

    pub fn u32(&mut self, what: &'static str) -> Result<u32, DictionaryError> {
        Ok(u32::from_le_bytes(self.array(what)?))
    }

    /// A u32 that counts, refused above `limit`.
    pub fn count(&mut self, what: &'static str, limit: usize) -> Result<usize, DictionaryError> {
        let found = self.u32(what)? as usize;
        within(found, what, limit)
    }

    pub fn text(&mut self, what: &'static str) -> Result<String, DictionaryError> {
        let length = self.byte(what)?;
        Ok(String::from_utf8_lossy(&self.take(length, what)?).into_owned())
    }

    /// 16-bit numbers: their low bytes, then their high bytes.
    pub fn planes(&mut self, count: usize, what: &'static str) -> Result<Vec<u16>, DictionaryError> {
        let low = self.take(count, what)?;
        let high = self.take(count, what)?;
        let pairs = low.iter().zip(&high);
        Ok(pairs.map(|(&low, &high)| u16::from_le_bytes([low, high])).collect())
    }

    /// Reads to the end, but not for ever, and returns how many bytes there were.
    pub fn drain(&mut self) -> Result<usize, DictionaryError> {
        let mut buffer = [0; CHUNK];
        let mut drained = 0;
        while drained <= MAX_UNPACKED {
            let count = self.source.read(&mut buffer).map_err(unpacking)?;
            if count == 0 {
                break;
            }
            self.checksum.update(&buffer[..count]);
            drained += count;
        }
        Ok(drained)
    }
}

fn unpacking(source: std::io::Error) -> DictionaryError {
    DictionaryError::Compression { file: FILE, source }
}

/// Refuses a number above `limit`.
pub(super) fn within(found: usize, what: &'static str, limit: usize) -> Result<usize, DictionaryError> {
    if found > limit {
        return Err(DictionaryError::OutOfRange {
            file: FILE,
            what,
            found: found as u64,
            limit: limit as u64,
        });
    }
    Ok(found)
}
