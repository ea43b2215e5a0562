//! Writes vectors as files that other programs read: csv, and numpy's .npy.

use std::path::Path;

use anyhow::{Context, Result};
use terakoya_core::data::Example;

use crate::usage::UsageError;

/// The form of a file of vectors.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum VectorFormat {
    /// A header, a label where there are any, a column a number.
    Csv,
    /// numpy's array of f32, `[texts, hidden]`.
    Npy,
}

impl VectorFormat {
    /// The form that a file's extension names.
    pub fn of(path: &Path) -> Result<Self, UsageError> {
        match path.extension().and_then(|extension| extension.to_str()) {
            Some("csv") => Ok(Self::Csv),
            Some("npy") => Ok(Self::Npy),
            _ => Err(UsageError(format!(
                "{}: vectors are written as .csv or .npy",
                path.display()
            ))),
        }
    }

    /// The bytes of a file with a vector for each of `examples`.
    pub fn bytes(self, examples: &[Example], vectors: &[Vec<f32>]) -> Result<Vec<u8>> {
        match self {
            Self::Csv => csv_bytes(examples, vectors),
            Self::Npy => Ok(npy_bytes(vectors)),
        }
    }
}

fn csv_bytes(examples: &[Example], vectors: &[Vec<f32>]) -> Result<Vec<u8>> {
    let has_labels = examples.iter().any(|example| !example.gold.to_string().is_empty());
    let width = vectors.first().map_or(0, Vec::len);
    let mut writer = csv::Writer::from_writer(Vec::new());
    let label = has_labels.then(|| "label".to_owned());
    writer.write_record(label.into_iter().chain((0..width).map(|number| format!("x{number}"))))?;
    for (example, vector) in examples.iter().zip(vectors) {
        let label = has_labels.then(|| example.gold.to_string());
        writer.write_record(label.into_iter().chain(vector.iter().map(f32::to_string)))?;
    }
    writer.into_inner().context("writing vectors")
}

/// Version 1.0 of numpy's format: a magic word, the length of the header, the header, the numbers.
fn npy_bytes(vectors: &[Vec<f32>]) -> Vec<u8> {
    /// Where the numbers begin is a multiple of this.
    const ALIGNMENT: usize = 64;
    let (rows, width) = (vectors.len(), vectors.first().map_or(0, Vec::len));
    let mut header = format!("{{'descr': '<f4', 'fortran_order': False, 'shape': ({rows}, {width}), }}");
    let start = b"\x93NUMPY\x01\x00";
    let unpadded = start.len() + 2 + header.len() + 1;
    header.extend(std::iter::repeat_n(
        ' ',
        unpadded.next_multiple_of(ALIGNMENT) - unpadded,
    ));
    header.push('\n');
    let mut bytes = start.to_vec();
    // Two numbers of at most 20 digits: far below what u16 holds.
    bytes.extend((header.len() as u16).to_le_bytes());
    bytes.extend(header.bytes());
    bytes.extend(vectors.iter().flatten().flat_map(|value| value.to_le_bytes()));
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn npy_is_what_numpy_writes() {
        // numpy.lib.format.write_array of an array of shape (2, 1), in hexadecimal.
        let header = "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 1), }";
        let bytes = npy_bytes(&[vec![1.0], vec![-2.5]]);
        assert_eq!(&bytes[..10], b"\x93NUMPY\x01\x00\x76\x00");
        assert_eq!(bytes.len(), 128 + 8);
        assert!(bytes[10..].starts_with(header.as_bytes()) && bytes[127] == b'\n');
        assert_eq!(&bytes[128..], [0, 0, 0x80, 0x3f, 0, 0, 0x20, 0xc0]);
        assert!(npy_bytes(&[]).len().is_multiple_of(64));
    }
}
