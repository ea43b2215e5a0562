//! Packs and unpacks the tokenizer files that lie compressed in a model folder, as `tokenizer.json.gz`.

use std::io::{Read, Write};

use super::BundleError;
use crate::tokenizer::{Files, TOKENIZER_FILES};

const SUFFIX: &str = ".gz";
/// The largest tokenizer file that is unpacked; the largest in use (Gemma's, 256,000 pieces) takes half of it.
const MAX_UNPACKED: usize = 64 << 20;
/// Files below this size stay as they are.
const LEAST_PACKED: usize = 16 << 10;

/// Whether a file is a compressed tokenizer file.
pub fn is_packed(name: &str) -> bool {
    name.strip_suffix(SUFFIX)
        .is_some_and(|plain| TOKENIZER_FILES.contains(&plain))
}

/// Replaces compressed tokenizer files by what is in them. Where the plain file is there too, it stays and the compressed
/// one goes.
///
/// # Errors
/// If one is damaged or larger than any tokenizer.
pub fn unpack_tokenizer(files: &mut Files) -> Result<(), BundleError> {
    for plain in TOKENIZER_FILES {
        let name = format!("{plain}{SUFFIX}");
        let Some(bytes) = files.remove(&name) else {
            continue;
        };
        if !files.contains_key(plain) {
            files.insert(plain.to_owned(), unpack(name, &bytes)?);
        }
    }
    Ok(())
}

fn unpack(file: String, bytes: &[u8]) -> Result<Vec<u8>, BundleError> {
    let mut unpacked = Vec::new();
    let read = flate2::read::GzDecoder::new(bytes)
        .take(MAX_UNPACKED as u64 + 1)
        .read_to_end(&mut unpacked);
    match read {
        Err(source) => Err(BundleError::Gzip { file, source }),
        Ok(_) if unpacked.len() > MAX_UNPACKED => Err(BundleError::UnpackedSize {
            file,
            limit: MAX_UNPACKED,
        }),
        Ok(_) => Ok(unpacked),
    }
}

/// Compresses the large tokenizer files, as far as deflate goes.
///
/// # Errors
/// None on memory; the writer's type has them.
pub fn pack_tokenizer(files: &mut Files) -> Result<(), BundleError> {
    for plain in TOKENIZER_FILES {
        let Some(bytes) = files.get(plain).filter(|bytes| bytes.len() >= LEAST_PACKED) else {
            continue;
        };
        let name = format!("{plain}{SUFFIX}");
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        let packed = gzip.write_all(bytes).and_then(|()| gzip.finish());
        match packed {
            Ok(packed) => files.insert(name, packed),
            Err(source) => return Err(BundleError::Gzip { file: name, source }),
        };
        files.remove(plain);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(bytes: Vec<u8>) -> Files {
        Files::from([("tokenizer.json".to_owned(), bytes)])
    }

    #[test]
    fn packed_files_come_back_whole() {
        let text: Vec<u8> = (0..100_000u32).map(|index| (index % 251) as u8).collect();
        let mut files = folder(text.clone());
        pack_tokenizer(&mut files).expect("packs");
        assert_eq!(files.keys().collect::<Vec<_>>(), ["tokenizer.json.gz"]);
        assert!(files["tokenizer.json.gz"].len() < text.len() / 2);
        unpack_tokenizer(&mut files).expect("unpacks");
        assert_eq!(files, folder(text));
    }

    #[test]
    fn small_files_stay_and_plain_ones_win() {
        let mut files = folder(b"{}".to_vec());
        pack_tokenizer(&mut files).expect("nothing to do");
        assert_eq!(files, folder(b"{}".to_vec()));
        files.insert("tokenizer.json.gz".to_owned(), b"not gzip".to_vec());
        unpack_tokenizer(&mut files).expect("the plain file is there");
        assert_eq!(files, folder(b"{}".to_vec()));
    }

    #[test]
    fn damage_and_bombs_are_errors() {
        let mut whole = folder(vec![b' '; MAX_UNPACKED + 1]);
        pack_tokenizer(&mut whole).expect("packs");
        let bomb = whole["tokenizer.json.gz"].clone();
        assert!(bomb.len() < 100_000);
        let cut = bomb[..bomb.len() / 2].to_vec();
        for (bytes, expected) in [
            (bomb, "larger than"),
            (cut, "whole gzip"),
            (b"no".to_vec(), "whole gzip"),
        ] {
            let mut files = Files::from([("tokenizer.json.gz".to_owned(), bytes)]);
            let error = unpack_tokenizer(&mut files).expect_err(expected);
            assert!(error.to_string().contains(expected), "{error}");
        }
    }
}
