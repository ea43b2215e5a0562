//! Writes and reads the packed dictionary: one file that compresses well and unpacks in one pass.
//!
//! The file begins with [`MAGIC`], a version and the CRC-32 of the rest. Numbers are little-endian; arrays of 16-bit numbers
//! (of the connection costs each row) are stored as a plane of low bytes and a plane of high bytes, which gzip likes.
//! Surfaces are front-coded. A connection cost is stored as its difference from what the row and the column it resembles
//! most predict. The file itself is not compressed: gzip does that outside, since a browser unpacks gzip by itself.

mod read;
mod stream;
mod write;

pub(super) use read::unpack;
pub(super) use write::pack;

/// How errors call the file.
pub(super) const FILE: &str = "packed dictionary";
pub(super) const MAGIC: &[u8; 8] = b"TERADICT";
const VERSION: u32 = 2;
/// Stands for an id that no word uses.
const UNUSED: u16 = u16::MAX;

fn checksum(bytes: &[u8]) -> u32 {
    let mut crc = flate2::Crc::new();
    crc.update(bytes);
    crc.sum()
}

/// Small differences of either sign as small numbers.
fn zigzag(value: i16) -> u16 {
    (value << 1 ^ value >> 15) as u16
}

fn unzigzag(value: u16) -> i16 {
    (value >> 1) as i16 ^ -((value & 1) as i16)
}
