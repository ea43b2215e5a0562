//! Rules on code: what core must not touch, where platforms may differ, what must not be left in.

use std::collections::BTreeSet;

use super::check;
use super::source::{File, closing, code, is_word, line_at, places, without_tests};

/// Files, environment, threads, sockets, clock, terminal and one platform's libraries: what bytes in, messages out excludes.
fn outside_world_in_core(files: &[File]) -> Vec<String> {
    const MODULES: [&str; 5] = ["fs", "env", "thread", "net", "process"];
    const NAMES: [&str; 14] = [
        "Instant",
        "SystemTime",
        "stdin",
        "stdout",
        "stderr",
        "println!",
        "eprintln!",
        "print!",
        "eprint!",
        "dbg!",
        "tokio",
        "web_sys",
        "js_sys",
        "wasm_bindgen",
    ];
    let core: Vec<&File> = files.iter().filter(|file| file.path.starts_with("core/src/")).collect();
    let mut tests = BTreeSet::new();
    let mut findings = Vec::new();
    let mut sources = Vec::new();
    for file in core.iter().filter(|file| file.is_rust()) {
        let (kept, modules) = without_tests(&code(&file.text));
        let folder = match file.name() {
            "mod.rs" | "lib.rs" => file.path.trim_end_matches(file.name()).to_owned(),
            _ => format!("{}/", file.path.trim_end_matches(".rs")),
        };
        tests.extend(modules.iter().map(|module| format!("{folder}{module}.rs")));
        sources.push((file, kept));
    }
    for (file, code) in sources.iter().filter(|(file, _)| !tests.contains(&file.path)) {
        let mut report = |at: usize, name: &str| {
            findings.push(file.finding(line_at(code, at), &format!("core has no {name}")));
        };
        for name in NAMES {
            places(code, name).into_iter().for_each(|at| report(at, name));
        }
        for module in MODULES {
            let path = format!("std::{module}");
            places(code, &path).into_iter().for_each(|at| report(at, &path));
            for group in places(code, "std::{") {
                let end = closing(code, group, '{', '}');
                for at in places(&code[group..end], module) {
                    report(group + at, &path);
                }
            }
        }
    }
    findings
}

#[test]
fn core_knows_no_outside_world() {
    check(
        outside_world_in_core,
        &[
            (
                "core/src/a.rs",
                "//! println!\nuse std::time::{Duration, Instant};\nlet v = env!(\"X\");\n",
            ),
            (
                "core/src/b.rs",
                "fn f() { std::fs::read(p) }\n#[cfg(test)]\nmod cases;\n#[cfg(test)]\nmod tests { use std::fs; }\n",
            ),
            ("core/src/b/cases.rs", "use std::fs;\n"),
            (
                "core/src/c.rs",
                "#[cfg(test)]\nuse std::fs;\nuse std::{\n    fmt,\n    process::Command,\n};\nfn g() { println!(); }\n",
            ),
            ("native/src/main.rs", "use std::fs;\n"),
        ],
        &[
            "core/src/a.rs:2",
            "core/src/b.rs:1",
            "core/src/c.rs:5",
            "core/src/c.rs:7",
        ],
    );
}

fn platform_differences(files: &[File]) -> Vec<String> {
    let mut findings = Vec::new();
    let allowed = ["platform.rs", "storage.rs"];
    for file in files
        .iter()
        .filter(|file| file.is_rust() && !allowed.contains(&file.name()))
    {
        let code = code(&file.text);
        for start in ["cfg(", "cfg!(", "cfg_attr("] {
            for at in places(&code, start) {
                let condition = &code[at..closing(&code, at, '(', ')')];
                // burn's macro wants it where the operations are.
                let of_macro = code[..at].ends_with("Fusion: ");
                if condition.contains("target_") && !of_macro {
                    let what = "platforms differ in platform.rs and storage.rs only";
                    findings.push(file.finding(line_at(&code, at), what));
                }
            }
        }
    }
    findings
}

#[test]
fn platforms_differ_in_their_files_only() {
    check(
        platform_differences,
        &[
            ("core/src/platform.rs", "#[cfg(target_family = \"wasm\")]\n"),
            (
                "core/src/a.rs",
                "// cfg(target_os)\n#[cfg(all(\n    test,\n    not(target_family = \"wasm\")\n))]\n",
            ),
            ("native/src/b.rs", "#[cfg(test)]\nif cfg!(target_os = \"linux\") {}\n"),
        ],
        &["core/src/a.rs:2", "native/src/b.rs:2"],
    );
}

fn unwanted_code(files: &[File]) -> Vec<String> {
    let mut findings = Vec::new();
    for file in files.iter().filter(|file| file.is_rust()) {
        let code = code(&file.text);
        for name in ["todo!", "unimplemented!", "dbg!", "#[ignore"] {
            for at in places(&code, name) {
                findings.push(file.finding(line_at(&code, at), &format!("{name} is left in the code")));
            }
        }
        // What extends burn's backends has to name them.
        let generic = ["Backend", "AutodiffBackend"]
            .into_iter()
            .flat_map(|name| places(&code, name));
        for at in generic.filter(|_| !file.path.starts_with("core/src/kernels/")) {
            let before = code[..at].trim_end();
            let bound = before.strip_suffix(':').filter(|before| !before.ends_with(':'));
            let name = bound.and_then(|before| before.trim_end().rsplit(|c| !is_word(c)).next());
            if name.is_some_and(|name| name.starts_with(char::is_uppercase)) {
                findings.push(file.finding(line_at(&code, at), "tensors are not generic over a backend"));
            }
        }
    }
    findings
}

#[test]
fn nothing_unfinished_or_outdated_is_in_the_code() {
    check(
        unwanted_code,
        &[
            (
                "core/src/a.rs",
                "let s = \"todo!()\";\nfn f() { todo!() }\n#[ignore = \"slow\"]\n",
            ),
            (
                "core/src/b.rs",
                "struct M<B: Backend> {}\nlet backend: Backend = wgpu::Backend::Vulkan;\n",
            ),
            ("core/src/kernels/cpu.rs", "impl<B: Backend> X for B {}\n"),
        ],
        &["core/src/a.rs:2", "core/src/a.rs:3", "core/src/b.rs:1"],
    );
}
