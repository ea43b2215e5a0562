//! Reads model folders into memory and writes them so that a folder is either whole or not there.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use serde_json::Value;
use terakoya_core::bundle::{is_model_file, unpack_tokenizer};
use terakoya_core::protocol::TrainingRecord;
use terakoya_core::tasks::TaskKind;
use terakoya_core::tokenizer::Files;

/// What `quantize` says of its work, beside the model.
pub const QUANTIZATION: &str = "quantization.json";
const TRAINING: &str = "training.json";
/// What a folder is called while it is replaced, behind its name; nobody else calls one so.
const OLD: &str = "being-replaced";
/// What a folder is called while it is tried whether it can be renamed.
const TRIED: &str = "being-tried";
/// What a folder or file is called while it is written, behind its name.
pub const PARTIAL: &str = "partial";
/// The tags that a trained model gives the words of the test data, one word a line.
pub const TEST_PREDICTIONS: &str = "test_predictions.txt";
/// The tags of a trained model, one a line in the order of their numbers, as course scripts write and read them; the program
/// itself goes by config.json.
pub const LABELS: &str = "labels.txt";

/// Reads the files of a model folder, compressed ones unpacked; of the others only the names.
pub fn read(path: &Path) -> Result<Files> {
    read_where(path, is_model_file)
}

/// The same without weights, of which only the names are there.
pub fn read_tokenizer(path: &Path) -> Result<Files> {
    read_where(path, |name| is_model_file(name) && !name.ends_with(".safetensors"))
}

fn read_where(path: &Path, is_wanted: impl Fn(&str) -> bool) -> Result<Files> {
    if !path.is_dir() {
        bail!("{}: no such model folder", path.display());
    }
    let mut files = Files::new();
    for entry in fs::read_dir(path).with_context(|| path.display().to_string())? {
        let entry = entry.with_context(|| path.display().to_string())?;
        let Ok(name) = entry.file_name().into_string() else {
            continue;
        };
        if entry.path().is_dir() {
            continue;
        }
        let bytes = match is_wanted(&name) {
            true => fs::read(entry.path()).with_context(|| entry.path().display().to_string())?,
            false => Vec::new(),
        };
        files.insert(name, bytes);
    }
    unpack_tokenizer(&mut files).with_context(|| path.display().to_string())?;
    Ok(files)
}

/// Whether a file says where a model comes from and what may be done with it, so that a copy of the model takes it along.
pub fn is_provenance(name: &str) -> bool {
    let licences = ["LICENSE", "LICENCE", "NOTICE", "COPYING"];
    name == TRAINING || licences.iter().any(|start| name.starts_with(start))
}

/// The task that the folder's config.json names, so that data can be read before the model is opened; the default where the
/// file cannot be read, which opening the model then says.
pub fn task(path: &Path) -> TaskKind {
    let config = fs::read(path.join("config.json")).ok();
    let config = config.and_then(|bytes| serde_json::from_slice(&bytes).ok());
    config
        .and_then(|config| TaskKind::of_config(&config))
        .unwrap_or_default()
}

/// How the folder's model was trained; nothing where its training.json is missing or not ours.
pub fn history(path: &Path) -> Option<TrainingRecord> {
    let mut training: Value = serde_json::from_slice(&fs::read(path.join(TRAINING)).ok()?).ok()?;
    serde_json::from_value(training.get_mut("record")?.take()).ok()
}

/// Whether the output folder may be written, before anything is computed.
pub fn check_output(path: &Path, overwrite: bool) -> Result<()> {
    if path.file_name().is_none() {
        bail!("{} has no name that a folder could be written under", path.display());
    }
    if path.is_symlink() {
        bail!(
            "{} is a link, in whose place the folder would be written: name the folder that it leads to",
            path.display()
        );
    }
    finish(path)?;
    if path.exists() && !overwrite && !is_empty(path)? {
        bail!("{} exists: choose another --output or give --overwrite", path.display());
    }
    if path.exists() && !is_output(path)? {
        bail!(
            "{} holds more than a fine-tuned or quantised model: it is not overwritten",
            path.display()
        );
    }
    let old = sibling(path, OLD);
    if path.exists() && old.exists() {
        bail!(
            "{} is in the way of replacing {}: move it away",
            old.display(),
            path.display()
        );
    }
    if path.exists() {
        // A mount point cannot be renamed, nor can what stands where nothing may be changed.
        let tried = sibling(path, TRIED);
        fs::rename(path, &tried)
            .with_context(|| format!("{} cannot be replaced: name a folder inside it", path.display()))?;
        fs::rename(&tried, path).with_context(|| format!("{} is now {}", path.display(), tried.display()))?;
    }
    let parent = parent(path);
    fs::create_dir_all(&parent).with_context(|| parent.display().to_string())
}

/// Ends what [`check_output`] or [`write`] was doing when it was killed between its two names for a folder, or behind them.
fn finish(path: &Path) -> Result<()> {
    let [old, partial, tried] = [OLD, PARTIAL, TRIED].map(|suffix| sibling(path, suffix));
    if !path.exists() && tried.is_dir() && is_output(&tried)? {
        fs::rename(&tried, path).with_context(|| path.display().to_string())?;
    }
    if !old.is_dir() || !holds_only_known(&old)? {
        return Ok(());
    }
    let shown = || path.display().to_string();
    match (path.exists(), partial.exists()) {
        // Made by hand, since the model was gone: it lies in the other folder.
        (true, _) if is_empty(path)? => return Ok(()),
        (true, _) => remove(&old)?,
        // Nothing is renamed before all of the new folder is there.
        (false, true) => {
            fs::rename(&partial, path).with_context(shown)?;
            remove(&old)?;
        }
        (false, false) => fs::rename(&old, path).with_context(shown)?,
    }
    eprintln!(
        "{}: an earlier command was stopped while it replaced the folder: it is whole again",
        shown()
    );
    Ok(())
}

/// Refuses to write where a model may lie that could not be put in its place. A run that is gone on with need not ask: what it
/// was writing when it was killed, it computes again.
pub fn check_partial(path: &Path) -> Result<()> {
    let partial = sibling(path, PARTIAL);
    if partial.exists() && !is_empty(&partial)? {
        bail!(
            "{} may hold the model of an earlier run, whole or in part: move it away or delete it",
            partial.display()
        );
    }
    Ok(())
}

/// What a file manager leaves in a folder that was looked at: nobody's work.
const OF_FILE_MANAGERS: [&str; 3] = [".DS_Store", "Thumbs.db", "desktop.ini"];

/// Whether it is a folder with nothing in it.
fn is_empty(path: &Path) -> Result<bool> {
    let mut entries = match path.is_dir() {
        true => fs::read_dir(path).with_context(|| path.display().to_string())?,
        false => return Ok(false),
    };
    Ok(entries.all(|entry| entry.is_ok_and(|entry| is_of_file_manager(&entry.file_name()))))
}

fn is_of_file_manager(name: &OsStr) -> bool {
    OF_FILE_MANAGERS.iter().any(|known| name == *known)
}

/// Whether a folder holds nothing but what [`write`] puts there, so that replacing it loses nothing else.
fn is_output(path: &Path) -> Result<bool> {
    let is_ours = [TRAINING, QUANTIZATION].iter().any(|name| path.join(name).is_file());
    Ok(is_empty(path)? || (is_ours && holds_only_known(path)?))
}

/// Whether every file in a folder has a name that [`write`] gives one.
fn holds_only_known(path: &Path) -> Result<bool> {
    let own = [QUANTIZATION, TEST_PREDICTIONS, LABELS];
    for entry in fs::read_dir(path).with_context(|| path.display().to_string())? {
        let entry = entry.with_context(|| path.display().to_string())?;
        let file = entry.file_name();
        let name = file.to_string_lossy();
        let is_known = is_model_file(&name) || is_provenance(&name) || own.contains(&&*name);
        if entry.path().is_dir() || !(is_known || is_of_file_manager(&file)) {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Writes `files` as a folder: to a neighbour first, which is then renamed. What [`check_output`] would not replace stays.
pub fn write(path: &Path, files: &Files) -> Result<()> {
    let partial = sibling(path, PARTIAL);
    remove(&partial)?;
    fs::create_dir_all(&partial).with_context(|| partial.display().to_string())?;
    let mut files = files.iter();
    let written = files.try_for_each(|(name, bytes)| write_file(&partial.join(name), bytes));
    if written.is_err() {
        // Half a model is of no use, and the disk may be full.
        let _ = remove(&partial);
    }
    written?;
    let kept = || format!("the model is in {}", partial.display());
    let shown = || path.display().to_string();
    let replaces = path.exists();
    let old = sibling(path, OLD);
    if replaces {
        check_output(path, true).with_context(kept)?;
        fs::rename(path, &old).with_context(shown).with_context(kept)?;
    }
    fs::rename(&partial, path).with_context(shown).with_context(kept)?;
    match replaces {
        true => remove(&old),
        false => Ok(()),
    }
}

/// Refuses a file whose folder is not there, before anything is computed for it.
pub fn check_file(path: &Path) -> Result<()> {
    let folder = parent(path);
    if !folder.is_dir() {
        bail!("{}: there is no folder {}", path.display(), folder.display());
    }
    if path.is_dir() {
        bail!("{} is a folder", path.display());
    }
    Ok(())
}

/// Refuses to write over the file `data`, which is read.
pub fn check_apart(path: &Path, data: &Path) -> Result<()> {
    let found = [path, data].map(|path| path.canonicalize().ok());
    if found[0].is_some() && found[0] == found[1] {
        bail!("{} is the data itself: choose another file", path.display());
    }
    Ok(())
}

/// Writes one file and waits until it is on the disk.
pub fn write_file(path: &Path, bytes: &[u8]) -> Result<()> {
    use std::io::Write;
    let write = || -> std::io::Result<()> {
        let mut file = fs::File::create(path)?;
        file.write_all(bytes)?;
        file.sync_all()
    };
    write().with_context(|| format!("writing {}", path.display()))
}

/// Removes a folder that may not be there.
pub fn remove(path: &Path) -> Result<()> {
    match fs::remove_dir_all(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(error).with_context(|| format!("removing {}", path.display()))
        }
        _ => Ok(()),
    }
}

/// `out/emotion` with `partial` → `out/emotion.partial`.
pub fn sibling(path: &Path, suffix: &str) -> PathBuf {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    parent(path).join(format!("{name}.{suffix}"))
}

fn parent(path: &Path) -> PathBuf {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent.to_path_buf(),
        _ => PathBuf::from("."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_may_be_replaced_is() {
        let temp = tempfile::TempDir::new().expect("temp");
        let named = |name: &str| temp.path().join(name);
        let (path, notes) = (named("out"), named("out/notes.txt"));
        let files = Files::from([(TRAINING.to_owned(), b"{}".to_vec())]);
        let message = |result: Result<()>| format!("{:#}", result.expect_err("refused"));
        // Somebody put it there while the model was trained.
        fs::create_dir(&path).expect("a folder");
        fs::write(&notes, "mine").expect("written");
        let refused = message(write(&path, &files));
        assert!(
            refused.contains("the model is in") && refused.contains("out.partial"),
            "{refused}"
        );
        assert!(notes.exists() && named("out.partial/training.json").exists());
        fs::remove_file(&notes).expect("removed");
        write(&path, &files).expect("an empty folder is replaced");
        assert!(path.join(TRAINING).exists());
        // A file manager showed it.
        fs::write(path.join(".DS_Store"), "").expect("written");
        check_output(&path, true).expect("a model and nothing of anybody's");
        assert!(message(check_output(&path, false)).contains("exists"));

        #[cfg(unix)]
        {
            let link = named("link");
            std::os::unix::fs::symlink(named("far"), &link).expect("a link");
            assert!(message(check_output(&link, true)).contains("link is a link"));
            fs::remove_file(&link).expect("removed");
        }

        // A neighbour of the name that is needed on the way.
        fs::create_dir(named("out.being-replaced")).expect("a folder");
        fs::write(named("out.being-replaced/notes.txt"), "mine").expect("written");
        let refused = message(check_output(&path, true));
        let in_the_way = "out.being-replaced is in the way of replacing";
        assert!(refused.contains(in_the_way), "{refused}");
        assert!(message(write(&path, &files)).contains(in_the_way));
        fs::remove_dir_all(&path).expect("removed");
        write(&path, &files).expect("nothing to replace");
        let old = fs::read(named("out.being-replaced/notes.txt")).expect("left");
        assert_eq!((&*old, path.exists()), (&b"mine"[..], true));
        fs::remove_dir_all(named("out.being-replaced")).expect("removed");
        write(&path, &files).expect("a model is replaced");
        let left = fs::read_dir(temp.path()).expect("a folder").count();
        assert_eq!(left, 1, "no folder of the way is left");
    }

    #[test]
    fn what_was_stopped_while_a_folder_was_replaced_is_finished() {
        let temp = tempfile::TempDir::new().expect("temp");
        let named = |name: &str| temp.path().join(name);
        let folder = |name: &str, training: &str| {
            let files = Files::from([(TRAINING.to_owned(), training.as_bytes().to_vec())]);
            write(&named(name), &files).expect("written");
        };
        let left = || {
            let names = fs::read_dir(temp.path()).expect("a folder").count();
            (fs::read_to_string(named("out/training.json")).expect("a model"), names)
        };
        // Between the two names, the new folder is whole.
        folder("out.being-replaced", "old");
        folder("out.partial", "new");
        check_output(&named("out"), true).expect("finished");
        assert_eq!(left(), ("new".to_owned(), 1));
        // Behind them, only the old one is left to go, or a part of it.
        folder("out.being-replaced", "old");
        check_output(&named("out"), true).expect("finished");
        assert_eq!(left(), ("new".to_owned(), 1));
        // While it is tried whether the folder can be renamed, a half of another may lie beside it.
        fs::rename(named("out"), named("out.being-tried")).expect("renamed");
        folder("out.partial", "half");
        check_output(&named("out"), true).expect("finished");
        assert_eq!(left(), ("new".to_owned(), 2));
        fs::remove_dir_all(named("out.partial")).expect("removed");
        // An empty folder was made where the model was: what holds the model stays.
        fs::rename(named("out"), named("out.being-replaced")).expect("renamed");
        fs::create_dir(named("out")).expect("a folder");
        check_output(&named("out"), true).expect_err("in the way");
        assert!(named("out.being-replaced/training.json").exists());
    }

    #[test]
    fn a_folder_that_cannot_be_renamed_is_named_before_anything_is_computed() {
        let temp = tempfile::TempDir::new().expect("temp");
        // As a mount point would be, but anybody can make it: a name that no ending can be put behind.
        let path = temp.path().join("o".repeat(252));
        fs::create_dir(&path).expect("a folder");
        let refused = format!("{:#}", check_output(&path, false).expect_err("refused"));
        assert!(
            refused.contains("cannot be replaced: name a folder inside it: "),
            "{refused}"
        );
        check_output(&path.join("model"), false).expect("a folder inside it");
        assert!(path.exists());
        let other = temp.path().join("out");
        fs::create_dir(&other).expect("a folder");
        check_output(&other, false).expect("an empty folder");
        assert!(other.exists() && fs::read_dir(temp.path()).expect("a folder").count() == 2);
    }

    #[cfg(unix)]
    #[test]
    fn a_model_that_cannot_be_put_in_its_place_is_kept_and_named() {
        let temp = tempfile::TempDir::new().expect("temp");
        let path = temp.path().join("out");
        // Of a disk that is not there.
        std::os::unix::fs::symlink("nowhere", &path).expect("a link");
        let files = Files::from([(TRAINING.to_owned(), b"{}".to_vec())]);
        let refused = format!("{:#}", write(&path, &files).expect_err("refused"));
        let partial = temp.path().join("out.partial");
        assert!(
            refused.starts_with(&format!("the model is in {}: ", partial.display())),
            "{refused}"
        );
        assert!(partial.join(TRAINING).exists());
        let refused = format!("{:#}", check_partial(&path).expect_err("in the way"));
        assert!(
            refused.ends_with(
                "out.partial may hold the model of an earlier run, whole or in part: move it away or delete it"
            ),
            "{refused}"
        );
        fs::remove_file(partial.join(TRAINING)).expect("removed");
        check_partial(&path).expect("there is nothing in it");
        // Half a model is not kept.
        let files = Files::from([(LABELS.to_owned(), Vec::new()), ("no/folder".to_owned(), Vec::new())]);
        write(&path, &files).expect_err("not written");
        assert!(!partial.exists());
    }
}
