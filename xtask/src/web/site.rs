//! Lays the site out: programs in folders named after their content, the page, the service worker, models with a list
//! of their files and hashes, dictionaries and lessons.
//!
//! Names that change with the content are what keeps an old page from meeting a new worker: a page names its worker's
//! folder, and both stay in the cache of their version.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};
use serde_json::json;
use sha2::{Digest, Sha256};

use super::glue::{Program, read_folder};
use crate::command::project;

/// Files of the site by their names relative to it.
type Files = BTreeMap<String, Vec<u8>>;

/// What stands for an address in the templates, and the address.
type Addresses = BTreeMap<&'static str, String>;

/// A model that the page offers.
struct Model {
    /// Its folder in `assets`.
    name: &'static str,
    /// What it reads and does, in Japanese and in English.
    about: [&'static str; 2],
}

/// The models, the default first.
const MODELS: [Model; 3] = [
    Model {
        name: "e5-small-ja-en",
        about: [
            "日本語と英語が読めます。まずはこれで",
            "reads Japanese and English; begin with this one",
        ],
    },
    Model {
        name: "gpt2-mini-ja",
        about: ["日本語の続きを書きます", "continues Japanese texts"],
    },
    Model {
        name: "bert-tiny",
        about: [
            "英語だけが読めます。とても小さなモデルです",
            "reads English only; very small",
        ],
    },
];

/// What made the files beside it, which the page never fetches.
const NOT_SERVED: &str = "make.py";

/// Writes the whole site into `output`, which is emptied first if it is a site.
///
/// # Errors
/// If a part is missing, or the folder holds something else.
pub fn lay_out(output: &Path, programs: &[Program]) -> Result<()> {
    let mut code = Files::new();
    let mut addresses = Addresses::new();
    for program in programs {
        let folder = format!("{}-{}", program.name, hash_of_files(&program.files));
        addresses.insert(
            if program.name == "page" { "page" } else { "worker" },
            format!("{folder}/start.js"),
        );
        for (name, bytes) in &program.files {
            code.insert(format!("{folder}/{name}"), bytes.clone());
        }
    }
    let mut sources = Files::new();
    read_folder(&project().join("web/static"), "", &mut sources)?;
    let style = sources.remove("style.css").context("web/static/style.css is missing")?;
    let style_name = format!("style-{}.css", short_hash(&style));
    addresses.insert("style", style_name.clone());
    code.insert(style_name, style);
    let index = take_text(&mut sources, "index.html")?;
    let service_worker = take_text(&mut sources, "service-worker.js")?;
    code.extend(sources);
    code.extend(lessons()?);
    let (models, list) = models()?;
    code.insert("models.json".to_owned(), list);

    let version = hash_of_files(&code);
    addresses.insert("version", version.clone());
    code.insert("index.html".to_owned(), fill(&index, &addresses)?.into_bytes());
    let version = hash_of_files(&code);
    addresses.insert("version", version);
    let cached: Vec<&str> = code
        .keys()
        .map(|name| if name == "index.html" { "./" } else { name })
        .collect();
    addresses.insert("files", json!(cached).to_string());
    let service_worker = fill(&service_worker, &addresses)?;

    let mut all = code;
    all.insert("service-worker.js".to_owned(), service_worker.into_bytes());
    all.extend(models);
    all.extend(dictionaries()?);
    write(output, &all)
}

fn take_text(files: &mut Files, name: &str) -> Result<String> {
    let bytes = files
        .remove(name)
        .with_context(|| format!("web/static/{name} is missing"))?;
    String::from_utf8(bytes).with_context(|| format!("web/static/{name}"))
}

/// Puts addresses where the template has `{{name}}`.
fn fill(template: &str, addresses: &Addresses) -> Result<String> {
    let mut filled = template.to_owned();
    for (name, address) in addresses {
        filled = filled.replace(&format!("{{{{{name}}}}}"), address);
    }
    if let Some((_, rest)) = filled.split_once("{{") {
        bail!("a template asks for {}", rest.split("}}").next().unwrap_or_default());
    }
    Ok(filled)
}

/// The lessons with their licences; each folder has its own, so that none takes another's place.
fn lessons() -> Result<Files> {
    let mut files = Files::new();
    for (folder, prefix) in [("lessons-ja", "lessons/"), ("lessons-corpora", "lessons/corpora/")] {
        read_folder(&project().join("assets").join(folder), prefix, &mut files)?;
    }
    files.retain(|name, _| !name.ends_with(NOT_SERVED));
    Ok(files)
}

/// The dictionaries, fetched only where a model asks for one.
fn dictionaries() -> Result<Files> {
    let mut files = Files::new();
    read_folder(&project().join("assets/dictionaries"), "", &mut files)?;
    Ok(with_manifest("dictionaries", "dictionaries", files))
}

/// The models that are in the tree, each with `model.json`; and the list of them for the page.
fn models() -> Result<(Files, Vec<u8>)> {
    let (mut all, mut list) = (Files::new(), Vec::new());
    for Model { name, about } in MODELS {
        let folder = project().join("assets").join(name);
        if !folder.join("config.json").exists() {
            continue;
        }
        let mut files = Files::new();
        read_folder(&folder, "", &mut files)?;
        files.remove(NOT_SERVED);
        let bytes: usize = files.values().map(Vec::len).sum();
        let about = json!({ "ja": about[0], "en": about[1] });
        list.push(
            json!({ "name": name, "address": format!("models/{name}/model.json"), "bytes": bytes, "about": about }),
        );
        all.extend(with_manifest(name, &format!("models/{name}"), files));
    }
    Ok((all, json!(list).to_string().into_bytes()))
}

/// `files` in `folder`, with a `model.json` that lists them, which the worker fetches first.
fn with_manifest(name: &str, folder: &str, files: Files) -> Files {
    let described: Vec<_> = files
        .iter()
        .map(|(file, bytes)| json!({ "name": file, "bytes": bytes.len(), "sha256": hash(bytes) }))
        .collect();
    let manifest = json!({ "name": name, "files": described });
    let mut all: Files = files
        .into_iter()
        .map(|(file, bytes)| (format!("{folder}/{file}"), bytes))
        .collect();
    all.insert(format!("{folder}/model.json"), manifest.to_string().into_bytes());
    all
}

fn hash(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Enough of a hash to tell versions apart in a name.
fn short_hash(bytes: &[u8]) -> String {
    hash(bytes)[..12].to_owned()
}

fn hash_of_files(files: &Files) -> String {
    let hashes: Vec<String> = files
        .iter()
        .map(|(name, bytes)| format!("{name} {}", hash(bytes)))
        .collect();
    short_hash(hashes.join("\n").as_bytes())
}

/// Replaces the folder; refuses one that is not a site.
fn write(output: &Path, files: &Files) -> Result<()> {
    let is_empty = fs::read_dir(output).map_or(true, |mut entries| entries.next().is_none());
    if !is_empty && !output.join("service-worker.js").exists() {
        bail!(
            "{} holds something that is not a site; name another folder",
            output.display()
        );
    }
    if output.exists() {
        fs::remove_dir_all(output).with_context(|| output.display().to_string())?;
    }
    for (name, bytes) in files {
        let path = output.join(name);
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder)?;
        }
        fs::write(&path, bytes).with_context(|| path.display().to_string())?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn templates_are_filled_and_unknown_names_noticed() {
        let addresses = Addresses::from([("page", "page-1/start.js".to_owned())]);
        assert_eq!(
            fill("<a {{page}} {{page}}>", &addresses).expect("known"),
            "<a page-1/start.js page-1/start.js>"
        );
        let error = fill("{{page}} {{pages}}", &addresses).expect_err("unknown");
        assert_eq!(error.to_string(), "a template asks for pages");
    }

    #[test]
    fn the_document_runs_and_loads_only_what_is_the_sites() {
        const POLICY: &str = "<meta http-equiv=\"Content-Security-Policy\" content=\"";
        let index = include_str!("../../../web/static/index.html");
        let (before, policy) = index.split_once(POLICY).expect("a policy");
        assert!(
            !before.contains("<script") && !before.contains("<link"),
            "it holds for what follows"
        );
        let (policy, document) = policy.split_once('"').expect("the policy's end");
        let mut directives = BTreeMap::new();
        for directive in policy.split(';') {
            let mut words = directive.split_whitespace();
            let name = words.next().expect("a name");
            let again = directives.insert(name, words.collect::<Vec<_>>());
            assert_eq!(again, None, "{name}");
        }
        assert_eq!(directives["default-src"], ["'self'"]);
        assert_eq!(directives["script-src"], ["'self'", "'wasm-unsafe-eval'"]);
        for name in ["object-src", "base-uri", "form-action"] {
            assert_eq!(directives[name], ["'none'"], "{name}");
        }
        // A directive that joins may narrow these; an origin, `unsafe-inline` or `unsafe-eval` it may not name.
        directives.remove("script-src");
        let sources: Vec<&str> = directives.into_values().flatten().collect();
        assert!(
            sources.iter().all(|source| ["'self'", "'none'"].contains(source)),
            "{policy}"
        );
        assert!(!document.contains("http:") && !document.contains("https:"));
    }

    #[test]
    fn lessons_are_served_with_their_licences_and_nothing_else() {
        let files = lessons().expect("the lessons are in the tree");
        assert!(files.contains_key("lessons/LICENSE") && files.contains_key("lessons/corpora/LICENSE-jglue"));
        for name in files.keys() {
            let file = name.rsplit('/').next().unwrap_or(name);
            let is_lesson = [".csv", ".json", ".txt"].iter().any(|ending| file.ends_with(ending));
            assert!(
                is_lesson || file.starts_with("LICENSE") || file == "README.md",
                "{name}"
            );
        }
    }

    #[test]
    fn another_folder_is_not_emptied() {
        let folder = std::env::temp_dir().join(format!("terakoya-site-{}", std::process::id()));
        fs::create_dir_all(&folder).expect("a temporary folder");
        fs::write(folder.join("thesis.txt"), "years").expect("writable");
        assert!(write(&folder, &Files::new()).is_err());
        assert!(folder.join("thesis.txt").exists());
        fs::remove_dir_all(&folder).expect("removable");
    }

    #[test]
    fn any_change_changes_the_hash() {
        let files = Files::from([("a".to_owned(), b"1".to_vec()), ("b".to_owned(), b"2".to_vec())]);
        let mut other = files.clone();
        other.insert("b".to_owned(), b"3".to_vec());
        assert_ne!(hash_of_files(&files), hash_of_files(&other));
        assert_eq!(hash_of_files(&files).len(), 12);
    }
}
