//! Reads the project's tree for the rules, and takes Rust source apart as far as they need: code without comments and
//! strings, code without tests, words, brackets, and the dependencies of a manifest.

use std::path::{Path, PathBuf};
use std::process::Command;

/// A text file of the project, by its path from the top, with `/` between folders.
pub struct File {
    pub path: String,
    pub text: String,
}

impl File {
    pub fn new(path: &str, text: &str) -> Self {
        Self {
            path: path.to_owned(),
            text: text.to_owned(),
        }
    }

    pub fn is_rust(&self) -> bool {
        self.path.ends_with(".rs")
    }

    pub fn is_manifest(&self) -> bool {
        self.name() == "Cargo.toml"
    }

    pub fn name(&self) -> &str {
        self.path.rsplit('/').next().unwrap_or_default()
    }

    /// The top-level folder, empty for a file that stands in none.
    pub fn folder(&self) -> &str {
        self.path.split_once('/').map_or("", |(folder, _)| folder)
    }

    pub fn finding(&self, line: usize, what: &str) -> String {
        format!("{}:{line}: {what}", self.path)
    }
}

fn top() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// The text files of the project: those git knows or would add; without git, all but what builds make.
pub fn tree() -> Vec<File> {
    let arguments = ["ls-files", "-z", "--cached", "--others", "--exclude-standard"];
    let git = Command::new("git").args(arguments).current_dir(top()).output();
    let mut paths = match git {
        Ok(output) if output.status.success() => String::from_utf8(output.stdout)
            .expect("the project's file names are UTF-8")
            .split_terminator('\0')
            .map(str::to_owned)
            .collect(),
        _ => walk(&top(), ""),
    };
    paths.sort();
    paths.dedup();
    // Files that are deleted but not yet committed, and binary ones, are left out.
    let read = |path: String| {
        let text = std::fs::read_to_string(top().join(&path)).ok()?;
        Some(File { path, text })
    };
    let files: Vec<File> = paths.into_iter().filter_map(read).collect();
    let has = |path: &str| files.iter().any(|file| file.path == path);
    assert!(
        has("core/src/lib.rs") && has("tests/architecture.rs"),
        "the tree was not found"
    );
    files
}

fn walk(folder: &Path, prefix: &str) -> Vec<String> {
    let mut paths = Vec::new();
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let path = format!("{prefix}{name}");
        if !entry.path().is_dir() {
            paths.push(path);
        } else if ![".git", "target", "out", "corpus", "artifacts"].contains(&name.as_str()) {
            paths.extend(walk(&entry.path(), &format!("{path}/")));
        }
    }
    paths
}

/// Rust source with comments, strings and characters blanked out; lines stay where they are.
pub fn code(text: &str) -> String {
    let mut code = String::with_capacity(text.len());
    let mut rest = text;
    let mut in_word = false;
    while let Some(first) = rest.chars().next() {
        let length = opaque(rest, in_word);
        if length > 0 {
            code.push_str(&blank(&rest[..length]));
            in_word = false;
            rest = &rest[length..];
        } else {
            code.push(first);
            in_word = is_word(first);
            rest = &rest[first.len_utf8()..];
        }
    }
    code
}

/// Spaces in the place of `text`, of the same length and with the same lines.
fn blank(text: &str) -> String {
    let space = |byte| if byte == b'\n' { '\n' } else { ' ' };
    text.bytes().map(space).collect()
}

/// How many bytes at the start of `rest` are a comment, a string or a character.
fn opaque(rest: &str, in_word: bool) -> usize {
    let until = |from: usize, end: &str| {
        let found = rest[from..].find(end);
        found.map_or(rest.len(), |at| from + at + end.len())
    };
    if rest.starts_with("//") {
        return rest.find('\n').unwrap_or(rest.len());
    }
    if rest.starts_with("/*") {
        return until(2, "*/");
    }
    let raw = rest.strip_prefix("br").or_else(|| rest.strip_prefix('r'));
    if let Some(raw) = raw.filter(|_| !in_word) {
        let hashes = raw.bytes().take_while(|byte| *byte == b'#').count();
        if raw[hashes..].starts_with('"') {
            let open = rest.len() - raw.len() + hashes + 1;
            return until(open, &format!("\"{}", "#".repeat(hashes)));
        }
    }
    // 'a' and '\n' are characters; a lifetime has no second quote.
    let mut chars = rest.chars();
    match (chars.next(), chars.next(), chars.next()) {
        (Some('"'), _, _) => quoted(rest, '"'),
        (Some('\''), Some('\\'), _) | (Some('\''), Some(_), Some('\'')) => quoted(rest, '\''),
        _ => 0,
    }
}

/// The length of the quoted literal at the start of `rest`, with its quotes.
fn quoted(rest: &str, quote: char) -> usize {
    let mut escaped = false;
    for (at, c) in rest.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            c if c == quote => return at + c.len_utf8(),
            _ => {}
        }
    }
    rest.len()
}

pub fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// The 1-based line of the byte `at`.
pub fn line_at(text: &str, at: usize) -> usize {
    1 + text[..at].matches('\n').count()
}

/// Where `needle` stands in `text`; where it begins or ends with a word character, the word is whole on that side.
pub fn places(text: &str, needle: &str) -> Vec<usize> {
    let whole = |at: &usize| {
        let (before, behind) = (&text[..*at], &text[at + needle.len()..]);
        let joined_before = needle.starts_with(is_word) && before.ends_with(is_word);
        let joined_behind = needle.ends_with(is_word) && behind.starts_with(is_word);
        !joined_before && !joined_behind
    };
    let found = text.match_indices(needle).map(|(at, _)| at);
    found.filter(whole).collect()
}

/// The end of what `open` begins at or behind `at`: behind the bracket that closes it.
pub fn closing(code: &str, at: usize, open: char, close: char) -> usize {
    let mut depth = 0;
    for (offset, c) in code[at..].char_indices() {
        if c == open {
            depth += 1;
        } else if c == close {
            depth -= 1;
            if depth == 0 {
                return at + offset + c.len_utf8();
            }
        }
    }
    code.len()
}

/// `code` without the items under `#[cfg(test)]`, and the names of the modules declared so, whose files are tests.
pub fn without_tests(code: &str) -> (String, Vec<String>) {
    let mut kept = code.to_owned();
    let mut modules = Vec::new();
    let marker = "#[cfg(test)]";
    for (at, _) in code.match_indices(marker) {
        let item = at + marker.len();
        let end = match code[item..].find(['{', ';']).map(|offset| item + offset) {
            Some(stop) if code[stop..].starts_with('{') => closing(code, stop, '{', '}'),
            Some(stop) => {
                let mut words = code[item..stop].split_whitespace();
                if words.any(|word| word == "mod") {
                    modules.extend(words.next().map(str::to_owned));
                }
                stop + 1
            }
            None => code.len(),
        };
        kept.replace_range(at..end, &blank(&code[at..end]));
    }
    (kept, modules)
}

/// The crates that a manifest depends on, each with its line; the workspace's own table is no dependency.
pub fn dependencies(manifest: &str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    let mut in_table = false;
    for (number, line) in (1..).zip(manifest.lines()) {
        let line = line.trim();
        if let Some(table) = line.strip_prefix('[') {
            let table = table.trim_end_matches(']');
            let own = !table.starts_with("workspace.");
            in_table = own && table.ends_with("dependencies");
            if let Some((_, name)) = table.rsplit_once("dependencies.").filter(|_| own) {
                found.push((number, name.to_owned()));
            }
            continue;
        }
        let Some((key, value)) = line.split_once('=').filter(|_| !line.starts_with('#')) else {
            continue;
        };
        if in_table {
            let name = key.trim().trim_matches('"').split('.').next();
            found.extend(name.map(|name| (number, name.to_owned())));
            let renamed = value.split("package = \"").nth(1);
            let package = renamed.and_then(|rest| rest.split('"').next());
            found.extend(package.map(|name| (number, name.to_owned())));
        }
    }
    found
}

#[test]
fn comments_strings_and_characters_are_no_code() {
    let text = "a(\"x\\\"y\"); // b\nlet r = r#\"c \"d\" \"#; /* e\n */ let q = '\\''; f::<'g>('\"', 'h');";
    let code = code(text);
    let words: Vec<&str> = code.split_whitespace().collect();
    let expected = [
        "a(", ");", "let", "r", "=", ";", "let", "q", "=", ";", "f::<'g>(", ",", ");",
    ];
    assert_eq!(words, expected);
    assert_eq!(code.lines().count(), text.lines().count());
}

#[test]
fn items_under_cfg_test_are_told_from_others() {
    let code = "#[cfg(test)]\nuse a::{b};\nfn c() {}\n#[cfg(test)]\nmod d;\n#[cfg(test)]\nmod e { fn f() {} }\ng";
    let (kept, modules) = without_tests(code);
    let words: Vec<&str> = kept.split_whitespace().collect();
    assert_eq!(words, [";", "fn", "c()", "{}", "g"]);
    assert_eq!(modules, ["d"]);
}

#[test]
fn dependencies_of_every_spelling_are_seen() {
    let manifest = "[package]\nname = \"x\"\n[dependencies]\na.workspace = true\nb = { package = \"c\" }\n# d = 1\n\
                    [target.'cfg(unix)'.dev-dependencies]\ne = \"1\"\n[build-dependencies.f]\nversion = \"1\"\n\
                    [workspace.dependencies]\ng = \"1\"\n";
    let names: Vec<String> = dependencies(manifest).into_iter().map(|(_, name)| name).collect();
    assert_eq!(names, ["a", "b", "c", "e", "f"]);
}
