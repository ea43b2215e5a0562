//! Keeps a run's checkpoints beside its output folder, each whole or not there, the newest only.
//!
//! `OUTPUT.checkpoints/step-00000120` is complete; a `.partial` one was being written when the process died.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::folder;

/// The checkpoints of one output folder.
#[derive(Debug)]
pub struct Checkpoints {
    root: PathBuf,
}

impl Checkpoints {
    /// The checkpoints beside `output`.
    pub fn beside(output: &Path) -> Self {
        Self {
            root: folder::sibling(output, "checkpoints"),
        }
    }

    /// Whether a run left any.
    pub fn exist(&self) -> bool {
        self.newest().is_some()
    }

    /// Where they are.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Removes them all, and their folder where it holds nothing else.
    pub fn clear(&self) -> Result<()> {
        let Ok(entries) = fs::read_dir(&self.root) else {
            return Ok(());
        };
        for entry in entries.flatten() {
            let name = entry.file_name().to_string_lossy().into_owned();
            if name.starts_with("step-") || name.ends_with(".partial") {
                folder::remove(&entry.path())?;
            }
        }
        match fs::remove_dir(&self.root) {
            Err(error) if error.kind() != ErrorKind::DirectoryNotEmpty => {
                Err(error).with_context(|| format!("removing {}", self.root.display()))
            }
            _ => Ok(()),
        }
    }

    /// Writes where a checkpoint will be, and takes it away again: what cannot be kept is not worth computing.
    pub fn probe(&self) -> Result<()> {
        let is_new = !self.root.exists();
        let probe = self.root.join("probe.partial");
        let folder = || format!("no checkpoint can be written to {}", self.root.display());
        fs::create_dir_all(&self.root).with_context(folder)?;
        folder::write_file(&probe, b"\n").with_context(folder)?;
        fs::remove_file(&probe).with_context(folder)?;
        match is_new {
            true => self.clear(),
            false => Ok(()),
        }
    }

    /// Writes a file of the checkpoint that is being made.
    pub fn write(&self, file: &str, bytes: &[u8]) -> Result<()> {
        let partial = self.partial();
        fs::create_dir_all(&partial).with_context(|| partial.display().to_string())?;
        folder::write_file(&partial.join(file), bytes)
    }

    /// Makes the files written since the last commit the newest checkpoint and drops older ones.
    pub fn commit(&self, step: usize) -> Result<()> {
        let older = self.complete();
        // A checkpoint of the same step stays until the new one has its place.
        let again = older
            .iter()
            .filter(|old| old.to_string_lossy().contains(&format!("step-{step:08}")))
            .count();
        let path = self.root.join(format!("step-{step:08}-{again}"));
        fs::rename(self.partial(), &path).with_context(|| path.display().to_string())?;
        // The rename itself must be on the disk before the older checkpoint goes.
        fs::File::open(&self.root)
            .and_then(|root| root.sync_all())
            .with_context(|| self.root.display().to_string())?;
        let dropped = self.root.join("dropped.partial");
        for old in older {
            // Renamed first: a checkpoint that is half removed must not look whole.
            folder::remove(&dropped)?;
            fs::rename(&old, &dropped).with_context(|| old.display().to_string())?;
            folder::remove(&dropped)?;
        }
        Ok(())
    }

    /// Reads a file of the newest checkpoint.
    pub fn read(&self, file: &str) -> Result<Option<Vec<u8>>> {
        let Some(newest) = self.newest() else {
            return Ok(None);
        };
        let path = newest.join(file);
        if !path.exists() {
            return Ok(None);
        }
        fs::read(&path).map(Some).with_context(|| path.display().to_string())
    }

    /// Forgets what a killed process was writing.
    pub fn drop_partial(&self) -> Result<()> {
        folder::remove(&self.partial())
    }

    fn partial(&self) -> PathBuf {
        self.root.join("next.partial")
    }

    fn newest(&self) -> Option<PathBuf> {
        self.complete().pop()
    }

    /// Complete checkpoints, the newest last.
    fn complete(&self) -> Vec<PathBuf> {
        let Ok(entries) = fs::read_dir(&self.root) else {
            return Vec::new();
        };
        let mut paths: Vec<PathBuf> = entries
            .flatten()
            .map(|entry| entry.path())
            .filter(|path| {
                let name = path.file_name().unwrap_or_default().to_string_lossy();
                name.starts_with("step-") && !name.ends_with(".partial")
            })
            .collect();
        paths.sort();
        paths
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_checkpoint_stays() {
        let temp = tempfile::TempDir::new().expect("temp");
        let checkpoints = Checkpoints::beside(&temp.path().join("out"));
        checkpoints.clear().expect("nothing there");
        for step in [1, 2] {
            checkpoints.write("state", b"x").expect("written");
            checkpoints.commit(step).expect("kept");
        }
        let notes = checkpoints.root().join("notes.txt");
        fs::write(&notes, "mine").expect("written");
        checkpoints.clear().expect("cleared");
        assert!(!checkpoints.exist() && notes.exists());
        fs::remove_file(&notes).expect("removed");
        checkpoints.clear().expect("cleared");
        assert!(!checkpoints.root().exists());
    }
}
