//! Writes the parts of converted corpora, and prints how many rows and labels each has.

use std::collections::BTreeMap;
use std::fs;
use std::io::{Write, stdout};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use serde_json::{Map, Value, json};
use terakoya_core::data::corpora::named_entities::Entry;
use terakoya_core::data::corpora::{Labelled, Notice, Part, PartName, TaggedSentence, TextRow, count_labels};
use terakoya_core::data::sort_by_label;

use super::record;
use crate::args::corpus::OutputArgs;
use crate::folder::{PARTIAL, sibling, write_file};

/// The list of labels.
pub const LABELS: &str = "labels.txt";

/// The files of one data set.
pub struct DataSet {
    name: String,
    files: Vec<DataFile>,
    labels: Option<Vec<u8>>,
    notices: Vec<Notice>,
}

struct DataFile {
    name: String,
    bytes: Vec<u8>,
    rows: usize,
    what: &'static str,
    labels: BTreeMap<String, usize>,
    /// The 1-based numbers of the rows without a text.
    blank: Vec<usize>,
}

impl DataSet {
    /// A data set without files.
    pub fn new(notices: Vec<Notice>) -> Self {
        Self {
            name: String::new(),
            files: Vec::new(),
            labels: None,
            notices,
        }
    }

    /// The same under the name that tells it from others of its corpus.
    pub fn named(self, name: String) -> Self {
        Self { name, ..self }
    }

    /// Adds a part as `encode` writes it; `what` are its rows.
    pub fn add<T: Labelled>(
        &mut self,
        part: &Part<T>,
        extension: &str,
        what: &'static str,
        encode: fn(&[T]) -> Result<Vec<u8>>,
    ) -> Result<()> {
        let blank = (1..).zip(&part.rows).filter(|(_, row)| row.is_blank());
        self.files.push(DataFile {
            name: format!("{}.{extension}", part.name),
            bytes: encode(&part.rows)?,
            rows: part.rows.len(),
            what,
            labels: count_labels(&part.rows),
            blank: blank.map(|(number, _)| number).collect(),
        });
        Ok(())
    }

    /// Adds a part that stays as it is.
    pub fn add_copy(&mut self, part: PartName, extension: &str, rows: usize, what: &'static str, bytes: Vec<u8>) {
        self.files.push(DataFile {
            name: format!("{part}.{extension}"),
            bytes,
            rows,
            what,
            labels: BTreeMap::new(),
            blank: Vec::new(),
        });
    }

    /// All files with their names.
    fn named_files(&self) -> impl Iterator<Item = (&str, &[u8])> {
        let labels = self.labels.iter().map(|labels| (LABELS, &**labels));
        let files = self.files.iter().map(|file| (&*file.name, &*file.bytes));
        files.chain(labels)
    }

    /// Adds the list of labels, one a line.
    pub fn add_labels(&mut self, labels: &[String]) {
        self.labels = Some(format!("{}\n", labels.join("\n")).into_bytes());
    }
}

/// Rows as csv with a header.
pub fn csv(rows: &[TextRow]) -> Result<Vec<u8>> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    if let Some(first) = rows.first() {
        writer.write_record(first.header())?;
    }
    for row in rows {
        writer.write_record(row.cells())?;
    }
    Ok(writer.into_inner()?)
}

/// A word and its tag a line, an empty line behind each sentence.
pub fn conll(sentences: &[TaggedSentence]) -> Result<Vec<u8>> {
    let mut text = String::new();
    for TaggedSentence(words) in sentences {
        for (word, tag) in words {
            text.extend([word, "\t", tag, "\n"]);
        }
        text.push('\n');
    }
    Ok(text.into_bytes())
}

/// One JSON array, a text with its entities a line.
pub fn json_array(rows: &[Entry]) -> Result<Vec<u8>> {
    let lines: Vec<String> = rows.iter().map(serde_json::to_string).collect::<Result<_, _>>()?;
    Ok(format!("[\n{}\n]\n", lines.join(",\n")).into_bytes())
}

/// A file that was written, for the report.
struct Written {
    file: String,
    rows: usize,
    what: &'static str,
    labels: BTreeMap<String, usize>,
}

impl Written {
    /// How often each label occurs; numbers in the order of their values.
    fn counts(&self) -> Vec<(&String, usize)> {
        let mut counts: Vec<(&String, usize)> = self.labels.iter().map(|(label, count)| (label, *count)).collect();
        sort_by_label(&mut counts, |(label, _)| label.as_str());
        counts
    }
}

/// Writes all data sets and prints what they hold; of several, each gets a folder of its own.
pub fn write(sets: Vec<DataSet>, args: &OutputArgs) -> Result<()> {
    let several = sets.len() > 1;
    let folder = |set: &DataSet| match several {
        true => args.folder.join(&set.name),
        false => args.folder.clone(),
    };
    let mut old = Vec::new();
    for set in &sets {
        old.extend(record::written(&folder(set))?);
    }
    if let Some(file) = old.first().filter(|_| !args.overwrite) {
        bail!("{} exists: choose another folder or give --overwrite", file.display());
    }
    // Nothing old goes before everything new is on the disk.
    let mut new = Vec::new();
    let prepared = sets.iter().try_for_each(|set| prepare_set(set, &folder(set), &mut new));
    if let Err(error) = prepared {
        for path in &new {
            let _ = fs::remove_file(sibling(path, PARTIAL));
        }
        return Err(error);
    }
    remove(&old, &new)?;
    new.iter().try_for_each(|path| put(path))?;
    let mut written = Vec::new();
    let mut notices = Vec::new();
    let named = sets.iter().any(|set| !set.name.is_empty());
    let folders: Vec<PathBuf> = sets.iter().map(folder).collect();
    for (set, folder) in sets.into_iter().zip(&folders) {
        notices.extend(set.notices);
        for file in set.files {
            let path = folder.join(&file.name).display().to_string();
            notices.extend(file.blank.first().map(|first| Notice {
                count: file.blank.len(),
                what: "rows with an empty text, which are kept",
                first: format!("{path}, row {first}"),
            }));
            written.push(Written {
                file: path,
                rows: file.rows,
                what: file.what,
                labels: file.labels,
            });
        }
    }
    if named {
        tell_others(&args.folder, &folders);
    }
    report(&written, &notices, args.json)
}

/// Names the data sets beside those that were written to `folders`: a corpus may have had another number of tables before, or they
/// are of another corpus.
fn tell_others(whole: &Path, folders: &[PathBuf]) {
    let entries = fs::read_dir(whole).into_iter().flatten();
    let mut beside: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    beside.sort();
    let others = std::iter::once(whole.to_path_buf()).chain(beside);
    for other in others.filter(|other| !folders.contains(other) && other.join(record::NAME).is_file()) {
        eprintln!("{}: the data set of another conversion stays here", other.display());
    }
}

/// Removes the files of an earlier conversion, and says so of those that this one does not write anew. The others go as well: the
/// new list, which comes before the new files, would not know the old ones again.
fn remove(old: &[PathBuf], new: &[PathBuf]) -> Result<()> {
    for file in old {
        fs::remove_file(file).with_context(|| format!("removing {}", file.display()))?;
        if !new.contains(file) {
            eprintln!("{}: removed, it is of an earlier conversion", file.display());
        }
    }
    Ok(())
}

/// Writes the files of `set` under other names than those that it adds to `new`: the list first, so that it has its place before
/// the files that it lists.
fn prepare_set(set: &DataSet, folder: &Path, new: &mut Vec<PathBuf>) -> Result<()> {
    fs::create_dir_all(folder).with_context(|| folder.display().to_string())?;
    let list = record::list(set.named_files());
    for (name, bytes) in std::iter::once((record::NAME, &*list)).chain(set.named_files()) {
        let path = folder.join(name);
        let partial = sibling(&path, PARTIAL);
        new.push(path);
        write_file(&partial, bytes)?;
    }
    Ok(())
}

/// Gives a file that was written its name, so that it is whole or not there.
fn put(path: &Path) -> Result<()> {
    fs::rename(sibling(path, PARTIAL), path).with_context(|| path.display().to_string())
}

fn report(written: &[Written], notices: &[Notice], json: bool) -> Result<()> {
    let mut out = stdout().lock();
    if json {
        let labels = |file: &Written| -> Map<String, Value> {
            let counts = file.counts().into_iter();
            counts.map(|(label, count)| (label.clone(), json!(count))).collect()
        };
        let file = |file: &Written| json!({"file": file.file, "rows": file.rows, "labels": labels(file)});
        let files: Vec<_> = written.iter().map(file).collect();
        writeln!(out, "{}", json!({"files": files, "notices": notices}))?;
        return Ok(());
    }
    for notice in notices {
        eprintln!("{notice}");
    }
    for file in written {
        let counts = file.counts().into_iter();
        let counts: Vec<String> = counts.map(|(label, count)| format!("{label} {count}")).collect();
        let counts = counts.join(", ");
        let colon = if counts.is_empty() { "" } else { ": " };
        writeln!(out, "{}: {} {}{colon}{counts}", file.file, file.rows, file.what)?;
    }
    Ok(())
}
