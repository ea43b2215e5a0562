//! Checks and tests the crates that are workspaces of their own: their dependencies turn on features of crates under burn, or
//! leave burn out, and as members they would have it compiled once more.
//!
//! What they compile lies in a folder beside what the workspace compiles, where a cache keeps both.

use std::process::Command;

use anyhow::{Result, bail};

use crate::command::{self, cargo, program, project};
use crate::requirement::WASM_TARGET;
use crate::web::target_folder;

/// Manifests whose dependencies must be there before the network is off; this crate's own are there, since it runs.
pub const MANIFESTS: [&str; 1] = ["tests/wasm/Cargo.toml"];

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
