//! Starts programs in the project's folder, shows what is started, and turns a bad end into an error.

use std::env;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

/// The folder of the workspace.
pub fn project() -> PathBuf {
    let xtask =
        env::var_os("CARGO_MANIFEST_DIR").map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")), PathBuf::from);
    xtask.join("..")
}

/// A program in the project's folder, without input, so that nothing can wait for an answer.
pub fn program(name: &str, arguments: &[&str]) -> Command {
    let mut command = Command::new(name);
    command.args(arguments).current_dir(project()).stdin(Stdio::null());
    command
}

/// The cargo that runs this chore.
pub fn cargo(arguments: &[&str]) -> Command {
    let name = env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
    let mut command = program(&name, arguments);
    // `cargo run` describes this crate to us in variables that build scripts may watch; handed on, they would make
    // cargo build again what an ordinary call has built.
    let of_this_crate = |name: &str| name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_");
    for (name, _) in env::vars_os() {
        if name.to_str().is_some_and(of_this_crate) {
            command.env_remove(name);
        }
    }
    command
}

/// How a command is typed.
pub fn typed(command: &Command) -> String {
    let name = PathBuf::from(command.get_program());
    let name = name.file_stem().unwrap_or_default().to_string_lossy();
    let arguments = command.get_args().map(|word| word.to_string_lossy());
    std::iter::once(name).chain(arguments).collect::<Vec<_>>().join(" ")
}

/// Runs `command` with its output shown unchanged.
///
/// # Errors
/// If it cannot be started or does not end with 0; the error names it.
pub fn run(command: &mut Command) -> Result<()> {
    let typed = typed(command);
    println!("$ {typed}");
    let status = command
        .status()
        .with_context(|| format!("`{typed}` could not be started"))?;
    if !status.success() {
        bail!("`{typed}` failed: {status}");
    }
    Ok(())
}

/// What `command` prints, or `None` where it does not exist or fails.
pub fn output(command: &mut Command) -> Option<String> {
    let output = command.output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    output.status.success().then(|| text.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failing_command_is_named() {
        let mut command = cargo(&["no-such-chore", "--flag"]);
        let error = run(command.stderr(Stdio::null())).expect_err("no such subcommand");
        let message = error.to_string();
        assert!(message.contains("`cargo no-such-chore --flag` failed"), "{message}");
    }

    #[test]
    fn a_missing_program_is_named() {
        let error = run(&mut program("terakoya-no-such-program", &[])).expect_err("no such program");
        let message = error.to_string();
        assert!(
            message.contains("`terakoya-no-such-program` could not be started"),
            "{message}"
        );
        assert_eq!(output(&mut program("terakoya-no-such-program", &[])), None);
    }

    #[test]
    fn the_project_is_found() {
        assert!(project().join("xtask").join("Cargo.toml").exists());
        assert!(output(&mut cargo(&["--version"])).is_some_and(|text| text.starts_with("cargo ")));
    }
}
