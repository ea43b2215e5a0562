//! Repeats the native tests' comparisons with PyTorch in Chromium: same files, same code, on the CPU path and on WebGPU.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use super::chromium::{Adapter, SOFTWARE_GPU};
use super::tab::Tab;
use super::visit::{Visit, project, visit};

/// SwiftShader takes ten to twenty seconds for a fixture, on a busy machine three times as long.
const LIMIT: Duration = Duration::from_secs(800);

const PAGE: &str = "<!doctype html><title>checks</title><link rel=icon href='data:,'>\
                    <script type=module src=checks_page.js></script>";

impl Tab {
    /// Serves the program that compares, beside the site.
    pub fn serve_checks(&self) {
        let folder = project("target/checks");
        let files = fs::read_dir(&folder)
            .unwrap_or_else(|error| panic!("{} (cargo xtask web --no-wasm-opt --checks): {error}", folder.display()));
        for file in files.flatten() {
            let bytes = fs::read(file.path()).expect("what was built can be read");
            let name = file.file_name();
            self.server
                .replace(&format!("checks/{}", name.to_string_lossy()), bytes);
        }
        self.server.replace("checks.html", PAGE.into());
        self.server
            .replace("checks_page.js", include_bytes!("checks_page.js").to_vec());
    }

    /// Serves the files of a folder under `fixture/`; gives them as the page wants to hear of them.
    fn serve_fixture(&self, folder: &Path) -> String {
        let files = fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
        let mut wanted = String::new();
        for file in files.flatten() {
            let name = file.file_name().to_string_lossy().into_owned();
            let bytes = fs::read(file.path()).expect("fixtures can be read");
            self.server.replace(&format!("fixture/{name}"), bytes);
            wanted.push_str(&format!("&file={name}"));
        }
        wanted
    }

    /// Runs a check; gives its result. A failure is an error of the page.
    pub async fn check(&self, name: &str, device: &str, files: &str) -> String {
        self.go_to(&format!("checks.html?name={name}&device={device}{files}"))
            .await;
        let ended = "globalThis.failed ? { failed: globalThis.failed } : globalThis.check?.result";
        let result = self.wait_long("the check", ended, LIMIT).await;
        let result = result.as_str().unwrap_or_else(|| panic!("{name}, {files}: {result}"));
        result.to_owned()
    }
}

/// Compares with every fixture on `device`; the results must contain `expected`.
async fn compare_every_fixture(tab: &mut Tab, device: &str, expected: &str) {
    tab.serve_checks();
    let folders = fs::read_dir(project("tests/fixtures/parity")).expect("the fixtures are there");
    let mut compared = 0;
    for folder in folders.flatten().filter(|folder| folder.path().is_dir()) {
        let files = tab.serve_fixture(&folder.path());
        let start = Instant::now();
        let result = tab.check("parity", device, &files).await;
        println!("{:?} in {:.1} s", folder.file_name(), start.elapsed().as_secs_f64());
        assert!(result.contains(expected), "{result}");
        compared += 1;
    }
    assert!(compared >= 10, "{compared} fixtures");
}

#[test]
fn every_parity_fixture_on_the_cpu() {
    visit(Visit::new("parity-cpu"), async |tab| {
        compare_every_fixture(tab, "cpu", "CPU").await
    });
}

#[test]
fn every_operation_and_parity_fixture_on_webgpu() {
    let gpu = Visit {
        adapter: Adapter::Software,
        ..Visit::new("parity-webgpu")
    };
    visit(gpu, async |tab| {
        tab.serve_checks();
        let result = tab.check("operations", "gpu", "").await;
        assert!(result.contains(SOFTWARE_GPU), "{result}");
        compare_every_fixture(tab, "gpu", SOFTWARE_GPU).await;
    });
}
