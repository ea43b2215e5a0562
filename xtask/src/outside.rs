//! Checks and tests the crates that are workspaces of their own: their dependencies turn on features of crates under burn, or
//! leave burn out, and as members they would have it compiled once more.
//!
//! What they compile lies in a folder beside what the workspace compiles, where a cache keeps both.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Result, bail};

use crate::command::{self, cargo, program, project};
use crate::requirement::WASM_TARGET;
use crate::web::target_folder;

/// Manifests whose dependencies must be there before the network is off; this crate's own are there, since it runs.
pub const MANIFESTS: [&str; 2] = ["tests/browser/Cargo.toml", "tests/wasm/Cargo.toml"];

/// Format and lints.
const TIDY: [&[&str]; 2] = [
    &["fmt", "--check"],
    &[
        "clippy",
        "--release",
        "--locked",
        "--all-targets",
        "--",
        "-D",
        "warnings",
    ],
];

/// Checks and tests this crate.
///
/// # Errors
/// If a check or a test fails.
pub fn test_chores() -> Result<()> {
    for arguments in TIDY.into_iter().chain([&["test", "--release", "--locked"][..]]) {
        let mut command = cargo(arguments);
        command::run(command.current_dir(project().join("xtask")))?;
    }
    Ok(())
}

/// Compiles the checks of Japanese tokenization for WebAssembly, and runs them under Node.
///
/// # Errors
/// If they do not compile, or find a text whose ids are not its reference's.
pub fn test_wasm() -> Result<()> {
    let build = ["build", "--release", "--locked", "--target", WASM_TARGET];
    for arguments in [TIDY[0], &build] {
        command::run(&mut beside(arguments, "tests/wasm")?)?;
    }
    let compiled = target_folder()?.join(FOLDER).join(WASM_TARGET);
    let checks = compiled.join("release/terakoya_wasm_tests.wasm");
    let Some(path) = checks.to_str() else {
        bail!("Node is not given {}: no UTF-8", checks.display());
    };
    command::run(&mut program("node", &["tests/wasm/run.mjs", path]))
}

/// Measurements in a browser that take minutes and compare with nothing: `cargo xtask bench --web` takes them.
const MEASUREMENTS: [&str; 2] = [
    "training_the_upper_layers_fits_into_a_tab",
    "steps_are_timed_in_the_browser",
];

/// Checks the tests that visit the site, and visits the one that step `web` built; the native program compares.
///
/// # Errors
/// If something is missing, or a test fails.
pub fn test_browser() -> Result<()> {
    for arguments in TIDY {
        command::run(&mut browser_tests(arguments)?)?;
    }
    let visit = ["test", "--release", "--locked", "--", "--nocapture", "--test-threads=1"];
    let mut visit = browser_tests(&visit)?;
    for name in MEASUREMENTS {
        println!("left out: {name}, a measurement of minutes; cargo xtask bench --web takes it");
        visit.args(["--skip", name]);
    }
    command::run(&mut visit)
}

/// A cargo for the tests that visit the site; they find the command line by a variable.
///
/// # Errors
/// If the command line was not compiled.
pub fn browser_tests(arguments: &[&str]) -> Result<Command> {
    let program = native_program()?;
    let mut tests = beside(arguments, "tests/browser")?;
    tests.env("TERAKOYA_BIN", program);
    Ok(tests)
}

/// The command line, which step `test` compiles.
fn native_program() -> Result<PathBuf> {
    let name = format!("terakoya{}", std::env::consts::EXE_SUFFIX);
    let program = target_folder()?.join("release").join(name);
    if !program.exists() {
        bail!(
            "{} is missing; to get it: cargo build --release --workspace",
            program.display()
        );
    }
    Ok(program)
}

/// Where these workspaces are compiled, in the target folder.
const FOLDER: &str = "outside";

/// A cargo without network that works on the workspace in `folder`.
fn beside(arguments: &[&str], folder: &str) -> Result<Command> {
    let mut command = cargo(arguments);
    command.current_dir(project().join(folder));
    command.env("CARGO_NET_OFFLINE", "true");
    command.env("CARGO_TARGET_DIR", target_folder()?.join(FOLDER));
    Ok(command)
}
