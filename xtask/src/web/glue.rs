//! Glues a compiled program to JavaScript with the wasm-bindgen library, so that no tool has to be installed whose
//! version must match; shrinks it with npm's binaryen where Node is installed.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail};
use wasm_bindgen_cli_support::Bindgen;

use crate::command::{self, program};

/// A program of the site: its files by their names relative to its folder.
pub struct Program {
    /// Its name.
    pub name: String,
    /// What its folder holds; `start.js` runs it.
    pub files: BTreeMap<String, Vec<u8>>,
}

impl Program {
    /// The name of its file of WebAssembly, and what that holds.
    ///
    /// # Errors
    /// If wasm-bindgen made no such file.
    pub fn wasm(&mut self) -> Result<(String, &mut Vec<u8>)> {
        let name = format!("{}_bg.wasm", self.name);
        match self.files.get_mut(&name) {
            Some(bytes) => Ok((name, bytes)),
            None => bail!("{name} is not among what wasm-bindgen made"),
        }
    }
}

/// The version of binaryen that was tried; Debian's own breaks the module.
const BINARYEN: &str = "binaryen@132";

/// Binaryen's flags: what rustc uses of WebAssembly, the levels whose result is smallest once it is compressed (-Os leaves less
/// alike), and that names stay, by which [`super::order`] goes.
const FLAGS: [&str; 12] = [
    "-O2",
    "--shrink-level=1",
    "--debuginfo",
    "--enable-simd",
    "--enable-bulk-memory",
    "--enable-nontrapping-float-to-int",
    "--enable-sign-ext",
    "--enable-mutable-globals",
    "--enable-reference-types",
    "--enable-multivalue",
    "--enable-bulk-memory-opt",
    "--enable-call-indirect-overlong",
];

/// Makes the JavaScript module of a compiled program; its functions keep their names.
///
/// # Errors
/// If the file is not a program made by rustc for wasm-bindgen of this version.
pub fn glue(compiled: &Path) -> Result<Program> {
    let name = compiled
        .file_stem()
        .and_then(|stem| stem.to_str())
        .context("the program has no name")?
        .to_owned();
    let folder = compiled.with_extension("glued");
    if folder.exists() {
        fs::remove_dir_all(&folder)?;
    }
    Bindgen::new()
        .input_path(compiled)
        .out_name(&name)
        .web(true)?
        .typescript(false)
        .demangle(false)
        .remove_producers_section(true)
        .generate(&folder)?;
    let mut files = BTreeMap::new();
    read_folder(&folder, "", &mut files)?;
    // A document whose browser cannot run it has said so by then (simd.js); a worker has none.
    let start = format!(
        "import init from \"./{name}.js\";\nif (!globalThis.document?.documentElement.classList.contains(\"lacks-simd\")) {{\n  \
         await init({{ module_or_path: new URL(\"./{name}_bg.wasm\", import.meta.url) }});\n}}\n"
    );
    files.insert("start.js".to_owned(), start.into_bytes());
    Ok(Program { name, files })
}

/// Reads a folder and what is in it; names are relative and have `/`.
pub fn read_folder(folder: &Path, prefix: &str, files: &mut BTreeMap<String, Vec<u8>>) -> Result<()> {
    for entry in fs::read_dir(folder).with_context(|| folder.display().to_string())? {
        let entry = entry?;
        let name = format!("{prefix}{}", entry.file_name().to_string_lossy());
        if entry.file_type()?.is_dir() {
            read_folder(&entry.path(), &format!("{name}/"), files)?;
        } else {
            let bytes = fs::read(entry.path()).with_context(|| entry.path().display().to_string())?;
            files.insert(name, bytes);
        }
    }
    Ok(())
}

/// Shrinks the program's WebAssembly; says why not where there is no Node.
///
/// # Errors
/// If binaryen is there and fails.
pub fn optimize(glued: &mut Program) -> Result<()> {
    let Some(tool) = binaryen() else {
        println!(
            "{}: not shrunk, since there is no Node or no npm's binaryen",
            glued.name
        );
        return Ok(());
    };
    let (name, bytes) = glued.wasm()?;
    let folder = command::project().join("target/binaryen");
    let (before, after) = (folder.join(&name), folder.join(format!("small-{name}")));
    fs::write(&before, &bytes)?;
    let mut shrink = Command::new("node");
    shrink.arg(tool).args(FLAGS).arg(&before).arg("-o").arg(&after);
    command::run(&mut shrink)?;
    let small = fs::read(&after)?;
    println!("{name}: {} bytes, {} after binaryen", bytes.len(), small.len());
    *bytes = small;
    Ok(())
}

/// npm's wasm-opt, installed beside what cargo builds.
fn binaryen() -> Option<std::path::PathBuf> {
    let folder = command::project().join("target/binaryen");
    let tool = folder.join("node_modules/binaryen/bin/wasm-opt");
    if !tool.exists() {
        fs::create_dir_all(&folder).ok()?;
        let prefix = folder.to_str()?;
        command::run(&mut program(
            "npm",
            &["install", "--silent", "--prefix", prefix, BINARYEN],
        ))
        .ok()?;
    }
    tool.exists().then_some(tool)
}
