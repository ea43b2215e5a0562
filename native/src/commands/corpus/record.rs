//! Lists in `corpus.json` what a conversion wrote into a folder, so that another removes nothing else.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};
use terakoya_core::data::corpora::PartName;
use terakoya_core::data::sha256_hex;

use super::output::LABELS;

/// The list.
pub const NAME: &str = "corpus.json";

/// Everything that a conversion can leave in a folder; a part that is not written anew must not stay behind.
const EXTENSIONS: [&str; 3] = ["csv", "conll", "json"];

/// The SHA-256 of each file by its name.
type Hashes = BTreeMap<String, String>;

/// The files of an earlier conversion in `folder`; one of their names that is not, or not any more, is refused.
pub fn written(folder: &Path) -> Result<Vec<PathBuf>> {
    let hashes = read(&folder.join(NAME))?;
    let parts = PartName::ALL
        .iter()
        .flat_map(|part| EXTENSIONS.map(|extension| format!("{part}.{extension}")));
    let mut files = Vec::new();
    for name in parts.chain([LABELS.to_owned()]) {
        let path = folder.join(&name);
        // A link that leads nowhere is somebody's, too.
        if fs::symlink_metadata(&path).is_err() {
            continue;
        }
        let shown = path.display();
        let bytes = fs::read(&path).with_context(|| shown.to_string())?;
        match hashes.get(&name) {
            Some(hash) if *hash == sha256_hex(&bytes) => files.push(path),
            Some(_) => bail!("{shown} was changed after a conversion wrote it: move it away or choose another folder"),
            None => {
                bail!("{shown} is of no earlier conversion ({NAME} lists those): move it away or choose another folder")
            }
        }
    }
    Ok(files)
}

fn read(path: &Path) -> Result<Hashes> {
    if !path.exists() {
        return Ok(Hashes::new());
    }
    let shown = path.display();
    let bytes = fs::read(path).with_context(|| shown.to_string())?;
    let record: Option<Value> = serde_json::from_slice(&bytes).ok();
    let record = record.filter(|record| record.get("terakoya").is_some());
    let hashes = record.and_then(|mut record| serde_json::from_value(record.get_mut("sha256")?.take()).ok());
    match hashes {
        Some(hashes) => Ok(hashes),
        None => bail!("{shown} does not list what a conversion wrote: move it away or choose another folder"),
    }
}

/// Lists `files` that are to be written into a folder. The list goes there before they do, so that what is there is always known
/// again.
pub fn list<'a>(files: impl Iterator<Item = (&'a str, &'a [u8])>) -> Vec<u8> {
    let hashes: Hashes = files
        .map(|(name, bytes)| (name.to_owned(), sha256_hex(bytes)))
        .collect();
    let record = json!({"terakoya": env!("CARGO_PKG_VERSION"), "sha256": hashes});
    format!("{record:#}\n").into_bytes()
}
