//! Rules on names: modules say what they hold, files hold no path of one machine, the README shows every folder.

use std::collections::BTreeSet;

use super::check;
use super::source::{File, code, is_word, line_at, places};

fn modules_without_a_chapter(files: &[File]) -> Vec<String> {
    const VAGUE: [&str; 9] = [
        "util", "utils", "common", "helper", "helpers", "manager", "managers", "factory", "misc",
    ];
    let mut findings = Vec::new();
    for file in files.iter().filter(|file| file.is_rust()) {
        if file.path.starts_with("core/src/") && !file.text.starts_with("//! ") {
            findings.push(file.finding(1, "does not begin with its module doc"));
        }
        let mut names = file.path.trim_end_matches(".rs").split('/');
        if names.any(|name| name.split('_').any(|part| VAGUE.contains(&part))) {
            findings.push(file.finding(1, "has a name that says nothing"));
        }
        let code = code(&file.text);
        for at in places(&code, "mod") {
            let name = code[at + 3..]
                .trim_start()
                .split(|c| !is_word(c))
                .next()
                .unwrap_or_default();
            if name.split('_').any(|part| VAGUE.contains(&part)) {
                findings.push(file.finding(line_at(&code, at), &format!("{name} says nothing")));
            }
        }
    }
    findings
}

#[test]
fn modules_have_a_doc_and_a_name_that_says_something() {
    check(
        modules_without_a_chapter,
        &[
            ("core/src/a.rs", "use std::fmt;\n"),
            ("core/src/b.rs", "//! Reads.\n\nmod text_utils;\n"),
            ("native/src/helpers/x.rs", "\n"),
            ("native/src/uncommon.rs", "\n"),
        ],
        &["core/src/a.rs:1", "core/src/b.rs:3", "native/src/helpers/x.rs:1"],
    );
}

/// Absolute paths of somebody's machine. The patterns are built from pieces, so that this file does not hold them.
fn paths_of_a_machine(files: &[File]) -> Vec<String> {
    let fixed = ["root", "work"].map(|name| format!("/{name}/"));
    let homes = ["home", "Users"].map(|name| format!("/{name}/"));
    let mut findings = Vec::new();
    for file in files {
        for (pattern, is_home) in fixed.iter().map(|p| (p, false)).chain(homes.iter().map(|p| (p, true))) {
            for (at, _) in file.text.match_indices(pattern) {
                // Behind a word, a dot or the like it is the middle of a relative path or of an address.
                let begins = file.text[..at].chars().next_back();
                let begins = begins.is_none_or(|c| c.is_whitespace() || "\"'`=:([{,<>|;".contains(c));
                let user = file.text[at + pattern.len()..]
                    .split(|c: char| !is_word(c) && c != '-')
                    .next();
                let user = user.unwrap_or_default();
                let is_user = !user.is_empty() && file.text[at + pattern.len() + user.len()..].starts_with('/');
                if begins && (!is_home || is_user) {
                    findings.push(file.finding(line_at(&file.text, at), "holds a path of one machine"));
                }
            }
        }
    }
    findings
}

#[test]
fn no_file_holds_a_path_of_one_machine() {
    let [root, work, home] = ["root", "work", "home"].map(|name| format!("/{name}"));
    check(
        paths_of_a_machine,
        &[
            (
                "a.md",
                &format!("../work/x {home}/ `a{root}/b` https://example.org{work}/\n"),
            ),
            ("b.sh", &format!("\ncd {root}/x\n")),
            ("c.json", &format!("{{\"path\":\"{work}/x\"}}")),
            ("d.py", &format!("\n\nx = '{home}/ada-l/y'\n")),
        ],
        &["b.sh:2", "c.json:1", "d.py:3"],
    );
}

/// The README's tree is the fenced block that has core's folder at the start of a line.
fn folders_the_readme_leaves_out(files: &[File]) -> Vec<String> {
    let readme = files.iter().find(|file| file.path == "README.md");
    let blocks = readme
        .into_iter()
        .flat_map(|file| file.text.split("```").skip(1).step_by(2));
    let trees: Vec<BTreeSet<&str>> = blocks
        .map(|block| {
            block
                .lines()
                .filter_map(|line| line.split_whitespace().next())
                .collect()
        })
        .collect();
    let Some(tree) = trees.iter().find(|names| names.contains("core/")) else {
        return vec!["README.md:1: shows no tree of the project".to_owned()];
    };
    let folders: BTreeSet<&str> = files
        .iter()
        .map(File::folder)
        .filter(|folder| !folder.is_empty())
        .collect();
    let missing = folders
        .into_iter()
        .filter(|folder| !tree.contains(format!("{folder}/").as_str()));
    missing
        .map(|folder| format!("README.md:1: the tree leaves out {folder}/"))
        .collect()
}

#[test]
fn the_readme_shows_every_folder() {
    check(
        folders_the_readme_leaves_out,
        &[
            ("README.md", "web/\n```\ncore/    tensors\nnative/  files\n```\n"),
            ("core/src/lib.rs", ""),
            ("native/src/main.rs", ""),
            ("web/src/app.rs", ""),
        ],
        &["README.md:1"],
    );
}
