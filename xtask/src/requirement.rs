//! Knows what the steps of `test` need beside cargo, how to see whether it is there, and how to get it.
//!
//! rustup gives its own parts; apt gives the software adapter where we are root. What cannot be had is named together
//! with the command that gives it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::command::{self, cargo, program};

/// Where Vulkan's loader looks for drivers.
const DRIVER_FOLDERS: [&str; 3] = [
    "/usr/share/vulkan/icd.d",
    "/usr/local/share/vulkan/icd.d",
    "/etc/vulkan/icd.d",
];

/// The target of the web build.
pub const WASM_TARGET: &str = "wasm32-unknown-unknown";

/// Something a step needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Requirement {
    /// `cargo fmt`.
    Rustfmt,
    /// `cargo clippy`.
    Clippy,
    /// The standard library for WebAssembly.
    WasmTarget,
    /// A GPU adapter in software, which every machine can have: Mesa's lavapipe. It is looked for on Linux only;
    /// elsewhere the system brings an adapter.
    SoftwareAdapter,
    /// Chromium with its driver, which visit the site.
    Chromium,
    /// Node, which runs WebAssembly outside a browser.
    Node,
    /// torch and transformers, which the round-trip test compares with. Too large to install unasked.
    PythonReference,
}

impl Requirement {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::Rustfmt,
        Self::Clippy,
        Self::WasmTarget,
        Self::SoftwareAdapter,
        Self::Chromium,
        Self::Node,
        Self::PythonReference,
    ];

    /// Its name in a message.
    pub fn name(self) -> &'static str {
        match self {
            Self::Rustfmt => "rustfmt",
            Self::Clippy => "clippy",
            Self::WasmTarget => "Rust's target wasm32-unknown-unknown",
            Self::SoftwareAdapter => "a Vulkan adapter in software (lavapipe)",
            Self::Chromium => "Chromium with chromedriver",
            Self::Node => "Node",
            Self::PythonReference => "Python's torch and transformers",
        }
    }

    /// What does not run without it.
    pub fn purpose(self) -> &'static str {
        match self {
            Self::Rustfmt => "the check of the format",
            Self::Clippy => "the lints",
            Self::WasmTarget => "compiling the core and the site for the browser",
            Self::SoftwareAdapter => "the tests of the GPU path",
            Self::Chromium => "visiting the site",
            Self::Node => "Japanese tokenization as WebAssembly",
            Self::PythonReference => "loading our folders back into transformers",
        }
    }

    /// The command that gives it.
    pub fn how_to_get(self) -> &'static str {
        match self {
            Self::Rustfmt => "rustup component add rustfmt",
            Self::Clippy => "rustup component add clippy",
            Self::WasmTarget => "rustup target add wasm32-unknown-unknown",
            Self::SoftwareAdapter => "apt-get install mesa-vulkan-drivers",
            Self::Chromium => "apt-get install chromium chromium-driver",
            Self::Node => "apt-get install nodejs",
            Self::PythonReference => "python3 -m pip install -r tests/requirements.txt",
        }
    }

    /// Whether CI fails without it: a check that CI leaves out would be missed by nobody.
    pub fn is_vital_in_ci(self) -> bool {
        matches!(
            self,
            Self::Rustfmt | Self::Clippy | Self::SoftwareAdapter | Self::Chromium
        )
    }

    /// Whether the machine has it.
    pub fn is_present(self) -> bool {
        match self {
            Self::Rustfmt => command::output(&mut cargo(&["fmt", "--version"])).is_some(),
            Self::Clippy => command::output(&mut cargo(&["clippy", "--version"])).is_some(),
            Self::WasmTarget => {
                let mut libraries = program("rustc", &["--print", "target-libdir", "--target", WASM_TARGET]);
                command::output(&mut libraries).is_some_and(|folder| Path::new(&folder).is_dir())
            }
            Self::SoftwareAdapter => std::env::consts::OS != "linux" || !software_drivers().is_empty(),
            Self::Chromium => ["chromedriver", "chromium"]
                .iter()
                .all(|name| command::output(&mut program(name, &["--version"])).is_some()),
            Self::Node => command::output(&mut program("node", &["--version"])).is_some(),
            Self::PythonReference => {
                let find = "from importlib.util import find_spec as find\n\
                            raise SystemExit(not (find('torch') and find('transformers')))";
                command::output(&mut program("python3", &["-c", find])).is_some()
            }
        }
    }

    /// The commands that install it here without a question, none where there is no such way.
    pub fn installers(self) -> Vec<Command> {
        match self {
            Self::Rustfmt => rustup(&["component", "add", "rustfmt"]),
            Self::Clippy => rustup(&["component", "add", "clippy"]),
            Self::WasmTarget => rustup(&["target", "add", WASM_TARGET]),
            Self::SoftwareAdapter => apt(&["mesa-vulkan-drivers"]),
            Self::Chromium => apt(&["chromium", "chromium-driver"]),
            Self::Node | Self::PythonReference => Vec::new(),
        }
    }
}

fn rustup(arguments: &[&str]) -> Vec<Command> {
    match command::output(&mut program("rustup", &["--version"])) {
        Some(_) => vec![program("rustup", arguments)],
        None => Vec::new(),
    }
}

fn apt(packages: &[&str]) -> Vec<Command> {
    let is_root = command::output(&mut program("id", &["-u"])).is_some_and(|user| user == "0");
    let has_apt = command::output(&mut program("apt-get", &["--version"])).is_some();
    if !is_root || !has_apt {
        return Vec::new();
    }
    // Another apt may hold the lock for a while, and a dead mirror must not stop the run for good.
    let patience = ["-o", "DPkg::Lock::Timeout=120", "-o", "Acquire::http::Timeout=30"];
    let install = [&["install", "-y", "--no-install-recommends"], packages].concat();
    let steps = [vec!["update"], install];
    steps
        .map(|arguments| {
            let mut command = program("apt-get", &patience);
            command.args(arguments).env("DEBIAN_FRONTEND", "noninteractive");
            command
        })
        .into()
}

/// The description files of the software driver, one an architecture.
pub fn software_drivers() -> Vec<PathBuf> {
    DRIVER_FOLDERS
        .into_iter()
        .flat_map(|folder| drivers_in(Path::new(folder)))
        .collect()
}

fn drivers_in(folder: &Path) -> Vec<PathBuf> {
    // A folder that is not there holds no driver.
    let files = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut drivers: Vec<PathBuf> = files
        .filter(|file| is_software_driver(&file.file_name().to_string_lossy()))
        .map(|file| file.path())
        .collect();
    drivers.sort();
    drivers
}

fn is_software_driver(file: &str) -> bool {
    file.starts_with("lvp_icd") && file.ends_with(".json")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_software_driver_is_told_from_others() {
        assert!(is_software_driver("lvp_icd.x86_64.json"));
        assert!(is_software_driver("lvp_icd.json"));
        assert!(!is_software_driver("radeon_icd.x86_64.json"));
        assert!(!is_software_driver("lvp_icd.json.disabled"));
        assert!(drivers_in(Path::new("no/such/folder")).is_empty());
    }

    #[test]
    fn what_rustup_gives_is_installed_by_the_command_that_is_named() {
        for requirement in [Requirement::Rustfmt, Requirement::Clippy, Requirement::WasmTarget] {
            for installer in requirement.installers() {
                assert_eq!(command::typed(&installer), requirement.how_to_get());
            }
        }
        assert!(Requirement::PythonReference.installers().is_empty());
    }
}
