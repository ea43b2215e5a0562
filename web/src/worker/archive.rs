//! Packs a model folder into a zip and takes one out of it.

use std::io::{Cursor, Read, Write};

use terakoya_core::bundle::is_model_file;
use terakoya_core::tokenizer::Files;
use zip::result::ZipError;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipArchive, ZipWriter};

/// Why a zip cannot be opened or made.
#[derive(Debug, thiserror::Error)]
pub enum ArchiveError {
    /// It is damaged, or not a zip.
    #[error("{name} cannot be read as a zip")]
    Zip {
        /// Its name.
        name: String,
        /// Why.
        source: ZipError,
    },
    /// It holds no model.
    #[error("{name} holds no model: there is no config.json in it")]
    NoModel {
        /// Its name.
        name: String,
    },
    /// A file in it is damaged, or larger than it says.
    #[error("{name}: {file} in it cannot be unpacked: {reason}")]
    File {
        /// The zip's name.
        name: String,
        /// The file.
        file: String,
        /// Why.
        reason: String,
    },
    /// It holds more than a browser can take.
    #[error("{name} would need {} MB unpacked; at most {} MB can be opened here", bytes / 1_000_000, LARGEST / 1_000_000)]
    TooLarge {
        /// Its name.
        name: String,
        /// Bytes that it says it holds.
        bytes: u64,
    },
}

/// Most bytes that a zip may unpack to.
const LARGEST: u64 = 1_500_000_000;

/// The model in a zip, at its top or in a folder.
///
/// # Errors
/// If the zip is damaged or holds no model.
pub fn unpack(name: &str, bytes: &[u8]) -> Result<Files, ArchiveError> {
    let failed = |source| ArchiveError::Zip {
        name: name.to_owned(),
        source,
    };
    let mut archive = ZipArchive::new(Cursor::new(bytes)).map_err(failed)?;
    // Names that are no UTF-8 belong to no model.
    let names: Vec<String> = archive.file_names().flatten().map(|name| name.into_owned()).collect();
    let config = names
        .iter()
        .filter(|path| base_name(path) == "config.json")
        .min_by_key(|path| path.len());
    let Some(config) = config else {
        return Err(ArchiveError::NoModel { name: name.to_owned() });
    };
    let folder = config[..config.len() - "config.json".len()].to_owned();
    let mut files = Files::new();
    let mut total = 0;
    for index in 0..archive.len() {
        let mut file = archive.by_index(index).map_err(failed)?;
        let path = file.name().map(|name| name.into_owned()).unwrap_or_default();
        let inner = path.strip_prefix(&folder).filter(|inner| !inner.contains('/'));
        let Some(inner) = inner.map(str::to_owned) else {
            continue;
        };
        if !is_model_file(&inner) {
            continue;
        }
        total += file.size();
        if total > LARGEST {
            let name = name.to_owned();
            return Err(ArchiveError::TooLarge { name, bytes: total });
        }
        let wrong = |reason: String| ArchiveError::File {
            name: name.to_owned(),
            file: inner.clone(),
            reason,
        };
        let mut bytes = Vec::new();
        let limit = file.size();
        let read = (&mut file)
            .take(limit + 1)
            .read_to_end(&mut bytes)
            .map_err(|error| wrong(error.to_string()))?;
        if read as u64 != limit {
            return Err(wrong(format!("it has not the {limit} bytes that it should have")));
        }
        files.insert(inner, bytes);
    }
    Ok(files)
}

fn base_name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

/// A zip of `files` in a folder of its own. Weights do not get smaller, so nothing is compressed.
///
/// # Errors
/// If the memory does not suffice.
pub fn pack(folder: &str, files: &Files) -> Result<Vec<u8>, ArchiveError> {
    let failed = |source| ArchiveError::Zip {
        name: folder.to_owned(),
        source,
    };
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default().compression_method(CompressionMethod::Stored);
    for (name, bytes) in files {
        writer.start_file(format!("{folder}/{name}"), options).map_err(failed)?;
        writer.write_all(bytes).map_err(|error| failed(ZipError::Io(error)))?;
    }
    Ok(writer.finish().map_err(failed)?.into_inner())
}
