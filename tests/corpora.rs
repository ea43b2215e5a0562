//! Runs `terakoya corpus` for the tests of what it writes.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::Value;
use tempfile::TempDir;
use terakoya_core::data::{ReadOptions, read};

/// The small corpus in KNBC's format.
pub fn fixture() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/fixtures/knbc")
}

fn run(folder: &Path, words: &[&str], paths: &[&Path], flags: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_terakoya"));
    command
        .current_dir(folder)
        .args(words)
        .args(paths)
        .args(flags)
        .stdin(Stdio::null());
    command.output().expect("the binary starts")
}

/// Runs `corpus NAME SOURCE OUT` and gives the report of `--json`.
pub fn convert(name: &str, source: &Path, out: &Path, flags: &[&str]) -> Value {
    let flags = [flags, &["--json"]].concat();
    let output = run(Path::new("."), &["corpus", name], &[source, out], &flags);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).expect("one JSON object")
}

/// The one error line of a conversion that must fail; `code` is 1, or 2 for wrong usage.
pub fn fails(name: &str, source: &Path, out: &Path, flags: &[&str], code: i32) -> String {
    fails_in(Path::new("."), name, source, out, flags, code)
}

/// The same in the folder that paths begin from.
pub fn fails_in(folder: &Path, name: &str, source: &Path, out: &Path, flags: &[&str], code: i32) -> String {
    let output = run(folder, &["corpus", name], &[source, out], flags);
    let message = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(code), "{message}");
    assert!(output.stdout.is_empty() && !message.contains("panicked"), "{message}");
    assert_eq!(
        message.lines().filter(|line| line.starts_with("error: ")).count(),
        1,
        "{message}"
    );
    message
}

/// Text (both texts joined by `+`) and label of every row, as the trainer reads the file.
pub fn rows(file: &Path) -> Vec<(String, String)> {
    let bytes = fs::read(file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    let dataset = read(&file.display().to_string(), &bytes, &ReadOptions::default()).expect("the trainer reads it");
    let row = |example: &terakoya_core::data::Example| {
        let pair = example.text_pair.iter().map(|pair| format!("+{pair}"));
        let text = std::iter::once(example.text.clone()).chain(pair).collect();
        (text, example.gold.label().expect("a label").to_owned())
    };
    dataset.examples.iter().map(row).collect()
}

/// Every file of a folder by its name.
pub fn files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let entries = fs::read_dir(folder)
        .expect("a folder")
        .map(|entry| entry.expect("an entry").path());
    let named = |path: PathBuf| {
        let name = path.file_name().expect("a name").to_string_lossy().into_owned();
        (name, fs::read(&path).expect("a file"))
    };
    entries.map(named).collect()
}

/// The names of a folder's files.
pub fn names(folder: &Path) -> Vec<String> {
    files(folder).into_keys().collect()
}

/// A folder with these files in it.
pub fn folder(files: &[(&str, &str)]) -> TempDir {
    let folder = TempDir::new().expect("temp");
    for (name, text) in files {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().expect("a folder")).expect("a new folder");
        fs::write(path, text).expect("written");
    }
    folder
}
