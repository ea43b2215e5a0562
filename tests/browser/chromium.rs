//! Starts chromedriver and a Chromium with a new profile, and ends both, whatever happens to the test between.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

use serde_json::{Value, json};
use tempfile::TempDir;
use thirtyfour::prelude::*;
use thirtyfour::{BrowserLogEntry, ChromeCapabilities, LoggingPrefsLogLevel};

/// What the browser is able to do in a test.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Adapter {
    /// No WebGPU: the page computes on the CPU.
    #[default]
    None,
    /// WebGPU on SwiftShader.
    Software,
    /// No WebGPU either, and a WebAssembly without SIMD.
    NoSimd,
}

/// What the device is called on SwiftShader; browsers keep its name to themselves.
pub const SOFTWARE_GPU: &str = "BrowserWebGpu, in software";

/// A name that is not this machine's by itself, so that a page served under it is in no secure context.
pub const INSECURE_HOST: &str = "plain.test";

/// A browser with one window.
pub struct Chromium {
    /// The session.
    pub driver: WebDriver,
    process: Child,
    profile: TempDir,
}

/// Longest time for the driver to answer one command.
const PATIENCE: Duration = Duration::from_secs(300);

impl Chromium {
    /// Starts a browser that speaks `language`; `downloads` is where it puts files.
    pub async fn start(adapter: Adapter, language: &str, downloads: &Path) -> Self {
        let (mut process, port) = driver_and_port();
        let profile = tempfile::tempdir().expect("a temporary folder");
        let capabilities = capabilities(adapter, language, profile.path());
        let driver = WebDriver::builder(format!("http://127.0.0.1:{port}"), capabilities)
            .request_timeout(PATIENCE)
            .connect()
            .await;
        let driver = match driver {
            Ok(driver) => driver,
            Err(error) => {
                end(&mut process, profile.path());
                panic!("Chromium does not start: {error}");
            }
        };
        // The page that compares computes in its only thread, and answers between two steps.
        let patient = driver.set_script_timeout(PATIENCE).await;
        patient.expect("the driver waits as long as it is told to");
        let chromium = Self {
            driver,
            process,
            profile,
        };
        let folder = downloads.display().to_string();
        let behavior = json!({ "behavior": "allow", "downloadPath": folder });
        chromium.command("Browser.setDownloadBehavior", behavior).await;
        chromium
    }

    /// Runs a command of Chromium's own protocol in the page that is shown.
    pub async fn command(&self, name: &str, parameters: Value) -> Value {
        let done = self.driver.cdp().send_raw(name, parameters).await;
        done.unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    /// Lines of the console since the last look, of the page and of its workers.
    pub async fn console(&self) -> Vec<BrowserLogEntry> {
        self.driver.browser_log().await.expect("chromedriver keeps the log")
    }

    /// Ends the browser.
    pub async fn quit(&self) {
        if let Err(error) = self.driver.clone().quit().await {
            println!("the browser did not quit: {error}");
        }
    }
}

impl Drop for Chromium {
    fn drop(&mut self) {
        end(&mut self.process, self.profile.path());
    }
}

fn capabilities(adapter: Adapter, language: &str, profile: &Path) -> ChromeCapabilities {
    let mut capabilities = DesiredCapabilities::chrome();
    let profile = format!("--user-data-dir={}", profile.display());
    let language = ["lang", "accept-lang"].map(|name| format!("--{name}={language}"));
    let insecure = format!("--host-resolver-rules=MAP {INSECURE_HOST} 127.0.0.1");
    let graphics = match adapter {
        Adapter::None => "--disable-gpu",
        Adapter::Software => "--enable-unsafe-webgpu",
        // What V8 makes of WebAssembly's SIMD begins with these instructions of a PC's processor.
        Adapter::NoSimd => "--js-flags=--no-enable-sse4-1",
    };
    let arguments = [
        "--headless",
        "--no-sandbox",
        "--disable-quic",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        "--disable-dev-shm-usage",
        "--window-size=1280,900",
        &language[0],
        &language[1],
        graphics,
        &profile,
        &insecure,
    ];
    let mut set = || {
        for argument in arguments {
            capabilities.add_arg(argument)?;
        }
        capabilities.set_logging_prefs("browser", LoggingPrefsLogLevel::All)
    };
    set().expect("capabilities are JSON");
    capabilities
}

/// How often chromedriver is started: it asks for a free port, and ends where another takes that before it does.
const STARTS: usize = 5;

/// A chromedriver, and the port that it listens on.
fn driver_and_port() -> (Child, u16) {
    for _ in 0..STARTS {
        let mut process = Command::new("chromedriver")
            .arg("--port=0")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("chromedriver starts (on Debian: apt-get install chromium chromium-driver)");
        if let Some(port) = port(&mut process) {
            return (process, port);
        }
        let ended = process.wait();
        println!("chromedriver took no port: {ended:?}");
    }
    panic!("chromedriver took no port in {STARTS} starts");
}

/// The port that chromedriver says it took; nothing where it ended before.
fn port(process: &mut Child) -> Option<u16> {
    let output = process.stdout.take().expect("the output is piped");
    let mut lines = BufReader::new(output).lines().map_while(Result::ok);
    let port = lines.find_map(|line| {
        let (_, port) = line.rsplit_once("successfully on port ")?;
        port.trim_end_matches('.').parse().ok()
    });
    // What it says later is nobody's interest, but it must not wait for a reader.
    thread::spawn(move || lines.for_each(drop));
    port
}

/// Ends chromedriver, and a browser that it left behind.
fn end(driver: &mut Child, profile: &Path) {
    // Both fail where it has ended already.
    drop(driver.kill());
    drop(driver.wait());
    for process in browsers_of(profile) {
        drop(Command::new("kill").args(["-KILL", &process]).status());
    }
}

/// Numbers of the processes that use the profile.
fn browsers_of(profile: &Path) -> Vec<String> {
    let profile = profile.display().to_string();
    let processes = fs::read_dir("/proc").into_iter().flatten().flatten();
    processes
        .filter(|process| {
            let command = fs::read(process.path().join("cmdline")).unwrap_or_default();
            String::from_utf8_lossy(&command).contains(&profile)
        })
        .map(|process| process.file_name().to_string_lossy().into_owned())
        .collect()
}
