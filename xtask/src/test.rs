//! Runs every check and test, in the order in which they fail fastest: what `cargo xtask test` and CI do.
//!
//! A step that lacks a `requirement` is skipped with the command that gives it; in CI the vital ones fail instead. Behind
//! set-up and fetch the network is off.

use std::env;
use std::ffi::OsStr;
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use clap::{Args, ValueEnum};

use crate::command::{self, cargo};
use crate::outside;
use crate::requirement::{Requirement, WASM_TARGET, software_drivers};

/// What to run.
#[derive(Args)]
pub struct Options {
    /// Runs this step alone
    #[arg(long, value_enum, value_name = "STEP")]
    only: Option<Step>,
    /// Lists the steps and what each of them runs
    #[arg(long, conflicts_with = "only")]
    list: bool,
}

/// One part of the run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Step {
    SetUp,
    Fetch,
    Fmt,
    Clippy,
    Test,
    Gpu,
    Wasm,
    Web,
    Browser,
    Node,
    Chores,
}

/// How a step ended, beside failing.
#[derive(Debug, PartialEq, Eq)]
enum Outcome {
    Passed,
    Skipped { reason: String },
}

/// Runs all the steps, or those that `options` names, up to the first that fails.
///
/// # Errors
/// If a step fails; the error names it and the command.
pub fn run(options: &Options) -> Result<()> {
    if options.list {
        for step in Step::value_variants() {
            println!("{:8}{}", step.name(), step.description());
        }
        return Ok(());
    }
    let steps = match options.only {
        Some(step) => vec![step],
        None => Step::value_variants().to_vec(),
    };
    let in_ci = is_ci(env::var("CI").ok().as_deref());
    let mut summary = Vec::new();
    let mut failure = None;
    for step in steps {
        println!("\n=== {}: {}", step.name(), step.description());
        let start = Instant::now();
        let result = step.run(in_ci);
        let time = start.elapsed();
        println!("=== {}", line(step, &result, time));
        summary.push(line(step, &result, time));
        if let Err(error) = result {
            failure = Some(error.context(format!("step {} failed", step.name())));
            break;
        }
    }
    println!("\nSummary");
    for line in &summary {
        println!("  {line}");
    }
    failure.map_or(Ok(()), Err)
}

impl Step {
    fn name(self) -> String {
        self.to_possible_value()
            .map(|value| value.get_name().to_owned())
            .unwrap_or_default()
    }

    fn description(self) -> String {
        let command = |step: Self| format!("cargo {}", step.arguments().join(" "));
        match self {
            Self::SetUp => "install what is missing, as far as rustup and apt can".to_owned(),
            Self::Gpu => format!("{} (one by one, on the software adapter)", command(self)),
            Self::Browser => "visit the site with Chromium, in a workspace of its own".to_owned(),
            Self::Node => "check Japanese tokenization as WebAssembly, in a workspace of its own".to_owned(),
            Self::Chores => "check and test xtask, which is a workspace of its own".to_owned(),
            _ => command(self),
        }
    }

    fn requirements(self) -> &'static [Requirement] {
        match self {
            Self::Fmt => &[Requirement::Rustfmt],
            Self::Clippy => &[Requirement::Clippy],
            Self::Gpu => &[Requirement::SoftwareAdapter],
            Self::Wasm => &[Requirement::Clippy, Requirement::WasmTarget],
            Self::Web => &[Requirement::WasmTarget],
            Self::Browser => &[
                Requirement::WasmTarget,
                Requirement::Chromium,
                Requirement::Rustfmt,
                Requirement::Clippy,
            ],
            Self::Node => &[Requirement::WasmTarget, Requirement::Node],
            Self::Chores => &[Requirement::Rustfmt, Requirement::Clippy],
            Self::SetUp | Self::Fetch | Self::Test => &[],
        }
    }

    /// What cargo is told. All steps choose the whole workspace, since a part of it would unite the features of shared
    /// dependencies differently and compile burn once more.
    fn arguments(self) -> &'static [&'static str] {
        match self {
            Self::SetUp | Self::Browser | Self::Node | Self::Chores => &[],
            // A command of its own, so that it hears that the network is off.
            Self::Web => &["xtask", "web", "--no-wasm-opt", "--no-sizes", "--checks"],
            Self::Fetch => &["fetch", "--locked"],
            Self::Fmt => &["fmt", "--all", "--check"],
            Self::Clippy => &[
                "clippy",
                "--workspace",
                "--all-targets",
                "--release",
                "--locked",
                "--",
                "-D",
                "warnings",
            ],
            Self::Test => &["test", "--workspace", "--release", "--locked"],
            Self::Gpu => &[
                "test",
                "--workspace",
                "--release",
                "--locked",
                "--test",
                "parity",
                "--",
                GPU_TESTS,
            ],
            Self::Wasm => &WASM_LINTS,
        }
    }

    fn run(self, in_ci: bool) -> Result<Outcome> {
        let missing: Vec<Requirement> = self
            .requirements()
            .iter()
            .copied()
            .filter(|requirement| !requirement.is_present())
            .collect();
        if let Some(outcome) = without(&missing, in_ci)? {
            return Ok(outcome);
        }
        match self {
            Self::SetUp => set_up(in_ci)?,
            Self::Fetch => fetch()?,
            Self::Gpu => test_gpu()?,
            Self::Browser => outside::test_browser()?,
            Self::Node => outside::test_wasm()?,
            Self::Chores => outside::test_chores()?,
            Self::Wasm => {
                // The page by itself is compiled without all that computes: what only the worker has must not be missed.
                command::run(cargo(&lints_for_wasm("browser")).env("CARGO_NET_OFFLINE", "true"))?;
                command::run(&mut self.command())?;
            }
            _ => command::run(&mut self.command())?,
        }
        Ok(Outcome::Passed)
    }

    fn command(self) -> Command {
        let mut command = cargo(self.arguments());
        // The CPU is what an ordinary run tests, whatever the caller's shell says.
        command.env_remove(TEST_DEVICE);
        if !matches!(self, Self::SetUp | Self::Fetch) {
            command.env("CARGO_NET_OFFLINE", "true");
        }
        command
    }
}

/// Lints of the browser app with some of its features.
const fn lints_for_wasm(features: &'static str) -> [&'static str; 11] {
    [
        "clippy",
        "--release",
        "--locked",
        "--package",
        "terakoya-web",
        "--features",
        features,
        "--target",
        WASM_TARGET,
        "--",
        "-Dwarnings",
    ]
}

/// The core with it, as both are compiled for the site.
const WASM_LINTS: [&str; 11] = lints_for_wasm("browser,worker,checks");

/// Says to the parity tests which device to use.
const TEST_DEVICE: &str = "TERAKOYA_TEST_DEVICE";

/// How the names of the tests begin that run on the software adapter.
const GPU_TESTS: &str = "gpu_";

/// Whether the value of `CI` says that this is one.
fn is_ci(value: Option<&str>) -> bool {
    !matches!(value, None | Some("" | "0" | "false"))
}

/// What becomes of a step whose `missing` requirements could not be had; `None` if nothing is missing.
fn without(missing: &[Requirement], in_ci: bool) -> Result<Option<Outcome>> {
    let explain = |requirement: &Requirement| {
        format!(
            "{} is missing; to get it: {}",
            requirement.name(),
            requirement.how_to_get()
        )
    };
    if let Some(vital) = missing.iter().find(|missing| in_ci && missing.is_vital_in_ci()) {
        bail!("{}; CI does not go on without it", explain(vital));
    }
    Ok(missing.first().map(|first| Outcome::Skipped { reason: explain(first) }))
}

/// Installs what is missing and can be installed, and names the rest.
fn set_up(in_ci: bool) -> Result<()> {
    let mut missing = Vec::new();
    for requirement in Requirement::ALL {
        if !requirement.is_present() {
            for mut installer in requirement.installers() {
                // A failure shows in the next look for the requirement, and `apt-get update` may fail for a source
                // that is not needed.
                if let Err(error) = command::run(&mut installer) {
                    println!("{error:#}");
                }
            }
        }
        if requirement.is_present() {
            println!("found: {}", requirement.name());
        } else {
            println!("missing: {}", requirement.name());
            println!("  skipped without it: {}", requirement.purpose());
            println!("  to get it: {}", requirement.how_to_get());
            missing.push(requirement);
        }
    }
    without(&missing, in_ci).map(drop)
}

/// Runs the parity tests of the GPU on the software adapter, each in a process of its own, since one opens an adapter once.
fn test_gpu() -> Result<()> {
    let drivers = env::join_paths(software_drivers()).context("a driver's path holds a colon")?;
    let mut list = Step::Gpu.command();
    list.arg("--list");
    println!("$ {}", command::typed(&list));
    let listed = command::output(&mut list).context("the GPU tests could not be listed")?;
    let tests = listed_tests(&listed);
    if tests.is_empty() {
        bail!("tests/parity.rs has no test whose name begins with {GPU_TESTS}");
    }
    for name in tests {
        let mut test = Step::Gpu.command();
        // As a whole name, the beginning that the command has already is no test's.
        test.args(["--exact", name]);
        select_adapter(&mut test, &drivers);
        command::run(&mut test)?;
    }
    Ok(())
}

/// Fetches the dependencies of the workspace and of those beside it.
fn fetch() -> Result<()> {
    command::run(&mut Step::Fetch.command())?;
    for manifest in outside::MANIFESTS {
        let mut beside = Step::Fetch.command();
        command::run(beside.args(["--manifest-path", manifest]))?;
    }
    Ok(())
}

/// Lets Vulkan's loader see `drivers` only, so that the result does not depend on the machine's own GPU.
fn select_adapter(tests: &mut Command, drivers: &OsStr) {
    tests.env(TEST_DEVICE, "gpu");
    if !drivers.is_empty() {
        // The second is the name that older loaders know.
        tests.env("VK_DRIVER_FILES", drivers);
        tests.env("VK_ICD_FILENAMES", drivers);
    }
}

/// The names in what `--list` prints.
fn listed_tests(listed: &str) -> Vec<&str> {
    let names = listed.lines().filter_map(|line| line.trim_end().strip_suffix(": test"));
    names.filter(|name| name.starts_with(GPU_TESTS)).collect()
}

fn line(step: Step, result: &Result<Outcome>, time: Duration) -> String {
    let outcome = match result {
        Ok(Outcome::Passed) => "passed".to_owned(),
        Ok(Outcome::Skipped { reason }) => format!("skipped: {reason}"),
        Err(_) => "FAILED".to_owned(),
    };
    format!("{:8}{:8.1} s  {outcome}", step.name(), time.as_secs_f64())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing_skips_at_home_and_fails_in_ci() {
        assert_eq!(without(&[], true).expect("nothing is missing"), None);
        let missing = [Requirement::SoftwareAdapter];
        let Ok(Some(Outcome::Skipped { reason })) = without(&missing, false) else {
            panic!("not skipped");
        };
        assert!(reason.contains("apt-get install mesa-vulkan-drivers"), "{reason}");
        let error = without(&missing, true).expect_err("vital in CI");
        assert!(error.to_string().contains("lavapipe"), "{error}");
        let error = without(&[Requirement::Chromium], true).expect_err("vital in CI");
        assert!(
            error.to_string().contains("apt-get install chromium chromium-driver"),
            "{error}"
        );
        assert!(matches!(
            without(&[Requirement::WasmTarget], true),
            Ok(Some(Outcome::Skipped { .. }))
        ));
        let both = [Requirement::PythonReference, Requirement::Clippy];
        let error = without(&both, true).expect_err("vital in CI, though not the first");
        assert!(error.to_string().starts_with("clippy"), "{error}");
    }

    #[test]
    fn ci_is_what_the_variable_says() {
        for (value, expected) in [
            (None, false),
            (Some(""), false),
            (Some("false"), false),
            (Some("true"), true),
            (Some("1"), true),
        ] {
            assert_eq!(is_ci(value), expected, "{value:?}");
        }
    }

    #[test]
    fn only_set_up_and_fetch_may_use_the_network() {
        for step in Step::value_variants() {
            let command = step.command();
            let offline = command
                .get_envs()
                .any(|(name, value)| name == "CARGO_NET_OFFLINE" && value == Some("true".as_ref()));
            assert_eq!(offline, !matches!(step, Step::SetUp | Step::Fetch), "{step:?}");
        }
    }

    #[test]
    fn gpu_tests_see_the_software_driver_only() {
        let mut command = Step::Gpu.command();
        select_adapter(&mut command, "a.json:b.json".as_ref());
        let value = |name: &str| {
            command
                .get_envs()
                .find(|(key, _)| *key == name)
                .and_then(|(_, value)| value)
        };
        assert_eq!(value(TEST_DEVICE), Some("gpu".as_ref()));
        assert_eq!(value("VK_DRIVER_FILES"), Some("a.json:b.json".as_ref()));
        assert_eq!(value("VK_ICD_FILENAMES"), Some("a.json:b.json".as_ref()));
    }

    #[test]
    fn the_tests_of_the_gpu_are_those_listed() {
        let listed = "gpu_pair: test\nno_gpu_here: test\ngpu_single: test\n\n2 tests, 0 benchmarks\n";
        assert_eq!(listed_tests(listed), ["gpu_pair", "gpu_single"]);
        assert!(listed_tests("\n0 tests, 0 benchmarks\n").is_empty());
    }

    #[test]
    fn a_failed_step_is_an_error() {
        let failed: Result<Outcome> = Err(anyhow::anyhow!("why"));
        assert!(line(Step::Fmt, &failed, Duration::from_millis(1500)).ends_with("1.5 s  FAILED"));
    }
}
