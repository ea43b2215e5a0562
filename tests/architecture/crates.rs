//! Rules on crates: who may depend on whom, who may name the crates that compute, and what the workspace holds.

use super::check;
use super::source::{File, closing, code, dependencies, is_word, line_at, places};

/// The crates that compute; tensors and tokenizers stay inside core.
const COMPUTE: [&str; 4] = ["burn", "tokenizers", "cubecl", "wgpu"];
/// The crates of this workspace.
const OURS: [&str; 5] = ["terakoya-core", "terakoya-gpu", "terakoya", "terakoya-web", "xtask"];

fn is_of(name: &str, family: &str) -> bool {
    let name = name.replace('-', "_");
    let rest = name.strip_prefix(family);
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('_'))
}

/// Files outside core's folder that are compiled as part of it, as its tests and the folders of their names are, or that
/// compile a part of it.
fn belongs_to_core(file: &File, files: &[File]) -> bool {
    let test = match file.path.strip_prefix("tests/").and_then(|path| path.split_once('/')) {
        Some((test, _)) => format!("tests/{test}.rs"),
        None => file.path.clone(),
    };
    let wired = format!("\"../{test}\"");
    let manifest = files.iter().find(|file| file.path == "core/Cargo.toml");
    let compiles_readers = ["fuzz/Cargo.toml", "tests/wasm/Cargo.toml"].contains(&file.path.as_str());
    file.folder() == "core" || compiles_readers || manifest.is_some_and(|core| core.text.contains(&wired))
}

/// The program that repeats core's tests in a browser needs what they need; the site is built without it.
fn is_for_checks(file: &File, line: usize) -> bool {
    let line = file.text.lines().nth(line - 1).unwrap_or_default();
    file.path == "web/Cargo.toml" && line.contains("optional = true")
}

fn compute_crates_outside_core(files: &[File]) -> Vec<String> {
    let mut findings = Vec::new();
    for file in files.iter().filter(|file| !belongs_to_core(file, files)) {
        if file.is_manifest() {
            for (line, name) in dependencies(&file.text) {
                if COMPUTE.iter().any(|family| is_of(&name, family)) && !is_for_checks(file, line) {
                    findings.push(file.finding(line, &format!("only core may depend on {name}")));
                }
            }
        }
        if !file.is_rust() {
            continue;
        }
        let code = code(&file.text);
        for (at, _) in code.match_indices("::") {
            let name = code[..at].rsplit(|c| !is_word(c)).next().unwrap_or_default();
            if COMPUTE.iter().any(|family| is_of(name, family)) {
                findings.push(file.finding(line_at(&code, at), &format!("only core may name {name}")));
            }
        }
        for at in places(&code, "use") {
            let name = code[at + 3..]
                .trim_start()
                .split(|c| !is_word(c))
                .next()
                .unwrap_or_default();
            let is_path = code[at + 3..].trim_start()[name.len()..].starts_with("::");
            if !is_path && COMPUTE.iter().any(|family| is_of(name, family)) {
                findings.push(file.finding(line_at(&code, at), &format!("only core may name {name}")));
            }
        }
    }
    findings
}

#[test]
fn only_core_names_the_crates_that_compute() {
    check(
        compute_crates_outside_core,
        &[
            (
                "core/Cargo.toml",
                "[dependencies]\nburn = \"1\"\n[[test]]\npath = \"../tests/parity.rs\"\n",
            ),
            ("core/src/lib.rs", "use burn::tensor::Tensor;\n"),
            ("tests/parity.rs", "use burn::tensor::Tensor;\n"),
            ("tests/parity/fixture.rs", "use burn::tensor::Tensor;\n"),
            ("tests/browser/tab.rs", "use burn::tensor::Tensor;\n"),
            (
                "web/Cargo.toml",
                "[dependencies]\nburn = { version = \"1\", optional = true }\nwgpu = \"1\"\n",
            ),
            (
                "native/Cargo.toml",
                "[dependencies]\nanyhow = \"1\"\ncubecl-wgpu = \"1\"\n",
            ),
            (
                "native/src/main.rs",
                "// burn::tensor\nlet burning::X = \"burn::x\";\nlet a: burn::Tensor<3>;\n",
            ),
            ("tests/cli.rs", "use tokenizers as t;\n"),
            ("web/src/app.rs", "\nuse wgpu_types::Limits;\n"),
        ],
        &[
            "native/Cargo.toml:3",
            "native/src/main.rs:3",
            "tests/browser/tab.rs:1",
            "tests/cli.rs:1",
            "web/Cargo.toml:3",
            "web/src/app.rs:2",
        ],
    );
}

/// Faces stand on core and not on each other, core on its kernels; xtask stands on nothing, so that it compiles in seconds.
fn dependencies_against_the_arrows(files: &[File]) -> Vec<String> {
    let mut findings = Vec::new();
    for file in files.iter().filter(|file| file.is_manifest()) {
        let allowed: &[&str] = match (file.folder(), file.path.as_str()) {
            (_, "Cargo.toml") => &["terakoya-core", "terakoya-gpu"],
            (_, "core/Cargo.toml") => &["terakoya-gpu"],
            ("core" | "xtask", _) => &[],
            _ => &["terakoya-core"],
        };
        for (line, name) in dependencies(&file.text) {
            let name = name.as_str();
            if OURS.contains(&name) && !allowed.contains(&name) {
                findings.push(file.finding(line, &format!("must not depend on {name}")));
            }
        }
    }
    findings
}

#[test]
fn crates_depend_on_core_and_core_on_none() {
    check(
        dependencies_against_the_arrows,
        &[
            (
                "Cargo.toml",
                "[workspace.dependencies]\nterakoya-core = { path = \"core\" }\n",
            ),
            (
                "core/Cargo.toml",
                "[package]\nname = \"terakoya-core\"\n[dev-dependencies]\nterakoya.workspace = true\n",
            ),
            (
                "native/Cargo.toml",
                "[dependencies]\nterakoya-core.workspace = true\nterakoya-web.workspace = true\n",
            ),
            (
                "core/gpu/Cargo.toml",
                "[dependencies]\nterakoya-core.workspace = true\nburn.workspace = true\n",
            ),
            ("web/Cargo.toml", "[dependencies.terakoya]\npath = \"../native\"\n"),
            ("xtask/Cargo.toml", "[dependencies]\nterakoya-core.workspace = true\n"),
        ],
        &[
            "core/Cargo.toml:4",
            "core/gpu/Cargo.toml:2",
            "native/Cargo.toml:3",
            "web/Cargo.toml:1",
            "xtask/Cargo.toml:2",
        ],
    );
}

/// The strings of `key = [...]` in a manifest.
fn list<'a>(manifest: &'a str, key: &str) -> Vec<&'a str> {
    let start = places(manifest, key).into_iter().find(|at| {
        let behind = manifest[at + key.len()..].trim_start();
        behind
            .strip_prefix('=')
            .is_some_and(|value| value.trim_start().starts_with('['))
    });
    let Some(start) = start else {
        return Vec::new();
    };
    let value = &manifest[start..closing(manifest, start, '[', ']')];
    value.split('"').skip(1).step_by(2).collect()
}

fn workspace_gaps(files: &[File]) -> Vec<String> {
    let find = |path: &str| files.iter().find(|file| file.path == path);
    let Some(root) = find("Cargo.toml") else {
        return vec!["Cargo.toml:1: is missing".to_owned()];
    };
    let (members, excluded) = (list(&root.text, "members"), list(&root.text, "exclude"));
    let mut findings = Vec::new();
    for member in &members {
        let Some(manifest) = find(&format!("{member}/Cargo.toml")) else {
            findings.push(root.finding(1, &format!("member {member} has no Cargo.toml")));
            continue;
        };
        let compact = manifest.text.replace([' ', '\n'], "");
        if !compact.contains("[lints]workspace=true") && !compact.contains("lints.workspace=true") {
            findings.push(manifest.finding(1, "does not take the workspace's lints"));
        }
    }
    for manifest in files
        .iter()
        .filter(|file| file.is_manifest() && !file.folder().is_empty())
    {
        let folder = manifest.path.trim_end_matches("/Cargo.toml");
        if !members.contains(&folder) && !excluded.contains(&folder) {
            findings.push(manifest.finding(1, "is neither a member of the workspace nor excluded"));
        }
    }
    findings
}

#[test]
fn every_crate_is_in_the_workspace_and_takes_its_lints() {
    check(
        workspace_gaps,
        &[
            (
                "Cargo.toml",
                "[workspace]\nmembers = [\n  \"core\", \"native\", \"gone\",\n]\nexclude = [\"fuzz\"]\n",
            ),
            ("core/Cargo.toml", "[lints]\nworkspace = true\n"),
            ("native/Cargo.toml", "[package]\n"),
            ("fuzz/Cargo.toml", "[package]\n"),
            ("stray/Cargo.toml", "[package]\n"),
        ],
        &["Cargo.toml:1", "native/Cargo.toml:1", "stray/Cargo.toml:1"],
    );
}

/// The parts of core that the fuzz targets compile by themselves name no other part.
fn parts_that_need_the_rest(files: &[File]) -> Vec<String> {
    let find = |path: &str| files.iter().find(|file| file.path == path);
    let Some(whole) = find("fuzz/src/lib.rs") else {
        return vec!["fuzz/src/lib.rs:1: is missing".to_owned()];
    };
    let paths = whole
        .text
        .lines()
        .filter_map(|line| line.strip_prefix("#[path = \"../../")?.strip_suffix("\"]"));
    let parts: Vec<&str> = paths
        .map(|path| path.trim_end_matches("/mod.rs").trim_end_matches(".rs"))
        .collect();
    let is_of_part = |path: &str| {
        let rest = parts.iter().find_map(|part| path.strip_prefix(part));
        rest.is_some_and(|rest| rest.starts_with(['.', '/']))
    };
    let mut findings = Vec::new();
    for file in files.iter().filter(|file| file.is_rust() && is_of_part(&file.path)) {
        let code = code(&file.text);
        for at in places(&code, "crate::") {
            let name = code[at + 7..].split(|c| !is_word(c)).next().unwrap_or_default();
            if !parts.contains(&format!("core/src/{name}").as_str()) {
                findings.push(file.finding(line_at(&code, at), &format!("the fuzz targets have no {name}")));
            }
        }
    }
    findings
}

#[test]
fn what_is_fuzzed_compiles_without_the_rest() {
    check(
        parts_that_need_the_rest,
        &[
            (
                "fuzz/src/lib.rs",
                "#[path = \"../../core/src/a.rs\"]\npub mod a;\n#[path = \"../../core/src/b/mod.rs\"]\npub mod b;\n",
            ),
            ("core/src/a.rs", "use crate::b::X;\n// crate::d\nuse crate::c::Y;\n"),
            ("core/src/ab.rs", "use crate::c::Y;\n"),
            ("core/src/b/mod.rs", "use crate::a::Z;\n"),
            ("core/src/b/deep.rs", "\nlet x = crate::d::f();\n"),
        ],
        &["core/src/a.rs:3", "core/src/b/deep.rs:2"],
    );
}
