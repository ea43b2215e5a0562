//! Finds the files of a corpus in its folders, and says what a folder should have held.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use terakoya_core::data::corpora::{PartName, SourceFile};

/// Files that are a part of a data set each, in the order of the parts.
pub type Parts = Vec<(PartName, SourceFile)>;

/// The files of all articles in `corpus1`.
pub fn knbc_sentences(folder: &Path) -> Result<Vec<SourceFile>> {
    let mut files = Vec::new();
    for path in entries(&knbc_half(folder, "corpus1")?)? {
        let article = if path.is_dir() { entries(&path)? } else { vec![path] };
        for path in article.iter().filter(|path| !path.is_dir()) {
            files.push(load(path)?);
        }
    }
    Ok(files)
}

/// The tables of `corpus2`.
pub fn knbc_opinions(folder: &Path) -> Result<Vec<SourceFile>> {
    let half = knbc_half(folder, "corpus2")?;
    let paths = entries(&half)?;
    let tables: Vec<&PathBuf> = paths.iter().filter(|path| has_extension(path, &["tsv"])).collect();
    if tables.is_empty() {
        bail!("{}: there is no .tsv file in it", half.display());
    }
    tables.into_iter().map(|path| load(path)).collect()
}

/// One of the corpus's two folders. Archives unpack into a folder of their own: one level too high is told.
fn knbc_half(folder: &Path, half: &str) -> Result<PathBuf> {
    let path = folder.join(half);
    if path.is_dir() {
        return Ok(path);
    }
    let inner = entries(folder)?.into_iter().find(|path| path.join(half).is_dir());
    match inner {
        Some(inner) => bail!("{} holds no {half}; {} does", folder.display(), inner.display()),
        None => bail!(
            "{} holds no {half}: it should be the folder that KNBC v1.0 unpacks to, with corpus1 and corpus2",
            folder.display()
        ),
    }
}

/// The tables of JRTE with their names: one file, or all of a folder.
pub fn jrte_tables(path: &Path) -> Result<Vec<(String, SourceFile)>> {
    let is_table = |path: &PathBuf| {
        let name = file_name(path);
        let known = ["pn.", "rhr.", "rte."].iter().any(|start| name.starts_with(start));
        known && has_extension(path, &["tsv"])
    };
    let paths = match path.is_dir() {
        true => entries(path)?.into_iter().filter(is_table).collect(),
        false => vec![path.to_path_buf()],
    };
    if paths.is_empty() {
        bail!("{}: there is no pn.tsv, rhr.tsv or rte.*.tsv in it", path.display());
    }
    let named = |path: &PathBuf| Ok((file_name(path).trim_end_matches(".tsv").to_owned(), load(path)?));
    paths.iter().map(named).collect()
}

/// The data sets of JGLUE with their names: a file, a folder of train and valid files, or a folder of such folders.
pub fn jglue_tasks(path: &Path) -> Result<Vec<(String, Parts)>> {
    const EXTENSIONS: [&str; 2] = ["json", "jsonl"];
    if !path.is_dir() || has_parts(path, &EXTENSIONS)? {
        return Ok(vec![(file_name(path), parts(path, &EXTENSIONS)?)]);
    }
    let mut tasks = Vec::new();
    for folder in entries(path)?.into_iter().filter(|path| path.is_dir()) {
        if has_parts(&folder, &EXTENSIONS)? {
            let name = file_name(&folder);
            // jsts-v1.3 is called jsts.
            let name = name.split("-v").next().unwrap_or(&name).to_owned();
            if tasks.iter().any(|(other, _)| *other == name) {
                bail!("{}: there are two versions of {name}: give one of them", path.display());
            }
            tasks.push((name, parts(&folder, &EXTENSIONS)?));
        }
    }
    if tasks.is_empty() {
        bail!(
            "{}: there is no train or valid file of JGLUE in it or in its folders",
            path.display()
        );
    }
    Ok(tasks)
}

/// The parts of a data set: one file, or those of a folder whose names begin with train, dev or val, test.
pub fn parts(path: &Path, extensions: &[&str]) -> Result<Parts> {
    if !path.is_dir() {
        let part = PartName::of_file(&file_name(path)).unwrap_or(PartName::Train);
        return Ok(vec![(part, load(path)?)]);
    }
    let mut parts: Parts = Vec::new();
    for (part, path) in part_paths(path, extensions)? {
        let file = load(&path)?;
        if let Some((_, other)) = parts.iter().find(|(other, _)| *other == part) {
            bail!("{} and {} are both {part}: give one of them", other.name, file.name);
        }
        parts.push((part, file));
    }
    if parts.is_empty() {
        let extensions = extensions.join(", .");
        bail!(
            "{}: there is no train, dev (val) or test file in it (.{extensions})",
            path.display()
        );
    }
    parts.sort_by_key(|(part, _)| *part);
    Ok(parts)
}

fn has_parts(folder: &Path, extensions: &[&str]) -> Result<bool> {
    Ok(!part_paths(folder, extensions)?.is_empty())
}

fn part_paths(folder: &Path, extensions: &[&str]) -> Result<Vec<(PartName, PathBuf)>> {
    let files = entries(folder)?
        .into_iter()
        .filter(|path| !path.is_dir() && has_extension(path, extensions));
    Ok(files
        .filter_map(|path| Some((PartName::of_file(&file_name(&path))?, path)))
        .collect())
}

/// The file `name` in a folder, or the file that was given instead.
pub fn single(path: &Path, name: &str) -> Result<SourceFile> {
    match path.is_dir() {
        true => load(&path.join(name)),
        false => load(path),
    }
}

/// The file `name` in the folder that was given, or beside the file that was given.
pub fn beside(path: &Path, name: &str) -> Result<SourceFile> {
    match path.is_dir() {
        true => load(&path.join(name)),
        false => load(&path.with_file_name(name)),
    }
}

/// The folder that was given and those in it, which may be links to folders elsewhere.
pub fn folders(folder: &Path) -> Result<Vec<PathBuf>> {
    let inner = entries(folder)?.into_iter().filter(|path| path.is_dir());
    Ok(std::iter::once(folder.to_path_buf()).chain(inner).collect())
}

fn load(path: &Path) -> Result<SourceFile> {
    let name = path.display().to_string();
    let bytes = fs::read(path).with_context(|| name.clone())?;
    Ok(SourceFile { name, bytes })
}

/// What a folder holds, by name; hidden files, which systems leave behind, do not count.
fn entries(folder: &Path) -> Result<Vec<PathBuf>> {
    let context = || folder.display().to_string();
    let mut paths = Vec::new();
    for entry in fs::read_dir(folder).with_context(context)? {
        let path = entry.with_context(context)?.path();
        if !file_name(&path).starts_with('.') {
            paths.push(path);
        }
    }
    paths.sort();
    Ok(paths)
}

fn file_name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

fn has_extension(path: &Path, extensions: &[&str]) -> bool {
    let extension = path
        .extension()
        .unwrap_or_default()
        .to_string_lossy()
        .to_ascii_lowercase();
    extensions.contains(&extension.as_str())
}
