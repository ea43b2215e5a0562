//! Builds the site: compiles the page and the worker for WebAssembly, glues them to JavaScript with the wasm-bindgen
//! library, and lays everything a static host needs into one folder.
//!
//! `glue` runs wasm-bindgen and binaryen, `unused` empties functions that nothing calls, `order` puts functions where they
//! compress best, `names` shortens what they are called, `site` lays out the folder, `sizes` weighs what a student downloads.

mod glue;
mod names;
mod order;
mod site;
mod sizes;
mod unused;

use std::fs;
use std::path::PathBuf;
use std::time::Instant;

use anyhow::{Context, Result, bail};
use clap::Args;

use crate::command::{self, cargo, project};
use crate::requirement::{Requirement, WASM_TARGET};

/// The profile the site is compiled with.
const PROFILE: &str = "web";

/// A program for WebAssembly.
struct Source {
    name: &'static str,
    /// The features of the web crate that it is compiled with.
    features: &'static str,
    /// At which level all crates are optimised together where they are linked; what the profile compiles for size stays
    /// small at any. Below 2 what computes is neither inlined nor vectorised, and a step takes a third longer.
    opt_level: &'static str,
}

/// The programs of the site: the page without all that computes.
const PROGRAMS: [Source; 2] = [
    Source {
        name: "page",
        features: "browser",
        opt_level: "z",
    },
    Source {
        name: "worker",
        features: "browser,worker",
        opt_level: "2",
    },
];

/// The program that repeats native comparisons and measurements in a browser, and where it is put: beside the site.
const CHECKS: Source = Source {
    name: "checks",
    features: "checks",
    opt_level: "2",
};
const CHECKS_FOLDER: &str = "target/checks";

/// How the site is built.
#[derive(Args, Default)]
pub struct Options {
    /// Folder of the site
    #[arg(long, default_value = "target/site")]
    pub output: PathBuf,
    /// Leaves binaryen out, which takes minutes and changes the transferred size little
    #[arg(long)]
    pub no_wasm_opt: bool,
    /// Leaves the weighing out, which takes a minute
    #[arg(long)]
    pub no_sizes: bool,
    /// Builds, beside the site, what the tests in a browser need
    #[arg(long)]
    pub checks: bool,
}

/// Builds the site and prints what its code weighs.
///
/// # Errors
/// If a build step fails, a file cannot be written, or the code is over its budget.
pub fn run(options: &Options) -> Result<()> {
    let compiled = build(options)?;
    println!("the site is in {}", options.output.display());
    if options.checks {
        build_checks()?;
    }
    match options.no_sizes {
        true => Ok(()),
        false => sizes::print(&options.output, &compiled),
    }
}

/// Builds the site into its folder; gives the compiled programs, from which names were not yet taken.
///
/// # Errors
/// If a build step fails or a file cannot be written.
pub fn build(options: &Options) -> Result<Vec<PathBuf>> {
    let compiled = compile(&PROGRAMS)?;
    let start = Instant::now();
    let mut programs = Vec::new();
    for path in &compiled {
        let mut glued = glue::glue(path).with_context(|| format!("gluing {}", path.display()))?;
        unused::empty(&mut glued)?;
        programs.push(glued);
    }
    println!("glued in {:.1} s", start.elapsed().as_secs_f64());
    if !options.no_wasm_opt {
        for program in &mut programs {
            glue::optimize(program)?;
        }
    }
    for program in &mut programs {
        order::order(program)?;
        names::shorten(program)?;
    }
    site::lay_out(&project().join(&options.output), &programs)?;
    Ok(compiled)
}

/// Builds the program of the tests in a browser into its folder.
fn build_checks() -> Result<()> {
    let folder = project().join(CHECKS_FOLDER);
    fs::create_dir_all(&folder).with_context(|| folder.display().to_string())?;
    for path in compile(&[CHECKS])? {
        let mut program = glue::glue(&path)?;
        unused::empty(&mut program)?;
        order::order(&mut program)?;
        for (name, bytes) in program.files {
            let path = folder.join(name);
            fs::write(&path, bytes).with_context(|| path.display().to_string())?;
        }
    }
    println!("the checks are in {CHECKS_FOLDER}");
    Ok(())
}

/// Compiles programs; gives their paths.
fn compile(programs: &[Source]) -> Result<Vec<PathBuf>> {
    if !Requirement::WasmTarget.is_present() {
        bail!(
            "{} is missing; to get it: {}",
            Requirement::WasmTarget.name(),
            Requirement::WasmTarget.how_to_get()
        );
    }
    let folder = target_folder()?.join(WASM_TARGET).join(PROFILE);
    let mut compiled = Vec::new();
    for source in programs {
        let mut build = cargo(&["rustc", "--profile", PROFILE, "--locked", "--target", WASM_TARGET]);
        build.args(["--package", "terakoya-web", "--features", source.features]);
        build.args(["--bin", source.name, "--", "-C"]);
        build.arg(format!("opt-level={}", source.opt_level));
        command::run(&mut build)?;
        compiled.push(folder.join(source.name).with_extension("wasm"));
    }
    Ok(compiled)
}

/// Where cargo puts what it builds of the workspace.
///
/// # Errors
/// If cargo does not say.
pub fn target_folder() -> Result<PathBuf> {
    let metadata = command::output(&mut cargo(&[
        "metadata",
        "--format-version",
        "1",
        "--no-deps",
        "--locked",
    ]))
    .context("cargo metadata failed")?;
    let metadata: serde_json::Value = serde_json::from_str(&metadata).context("cargo metadata is not JSON")?;
    let folder = metadata["target_directory"]
        .as_str()
        .context("cargo metadata names no target folder")?;
    Ok(PathBuf::from(folder))
}
