//! Measures the browser app beside the native program: training steps on the CPU and on a GPU in software, the first answer of
//! a kept model, the worker's memory.
//!
//! `tests/browser/speed.rs` measures in Chromium, `core/benches/step.rs` natively; for the GPU both get SwiftShader, which
//! Chromium brings along.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::command::{self, cargo, output};
use crate::outside;

/// Where Debian's Chromium has the description of its Vulkan driver.
const SWIFTSHADER: &str = "/usr/lib/chromium/vk_swiftshader_icd.json";

/// Builds what is measured, measures, and prints a table.
///
/// # Errors
/// If something does not build or run.
pub fn run() -> Result<()> {
    command::run(&mut cargo(&["xtask", "web", "--no-sizes", "--checks"]))?;
    command::run(&mut cargo(&["build", "--release", "--locked", "--workspace"]))?;
    let web = in_chromium()?;
    let cpu = native("tiny", "cpu")?;
    let step = measured_step(&web, "step-cpu")?;
    print_step(
        "CPU, 2 layers × 128, 8 × 64, by two workers",
        &cpu,
        &step["shared"],
        2.5,
    )?;
    print_step("CPU, the same by one worker", &cpu, step, 2.5)?;
    if Path::new(SWIFTSHADER).exists() {
        let gpu = native("micro", "gpu")?;
        print_step(
            "SwiftShader, 2 layers × 32, 4 × 16",
            &gpu,
            measured_step(&web, "step-gpu")?,
            1.5,
        )?;
    } else {
        println!("no native step on SwiftShader: there is no {SWIFTSHADER}");
    }
    let first = number(&web, "first-answer", "milliseconds")?;
    println!("first answer of a kept model: {:.1} s (wanted: 2)", first / 1000.0);
    let memory = number(&web, "memory", "bytes")?;
    println!("memory of the workers' programs: {:.0} MB (wanted: 700)", memory / 1e6);
    let [sentences, memory, buffers] = ["sentences", "bytes", "buffers"].map(|key| number(&web, "memory-gpu", key));
    println!(
        "memory on SwiftShader with {} sentences: {:.0} MB (wanted: 700), of which buffers {:.0}",
        sentences?,
        memory? / 1e6,
        buffers? / 1e6
    );
    let deaf = number(&web, "memory", "deaf")?;
    println!("longest time in that training in which the page answers no click: {deaf:.0} ms (wanted: 100)");
    Ok(())
}

/// Compares the fastest steps: other work on the machine only ever adds time.
fn print_step(what: &str, native: &Value, browser: &Value, wanted: f64) -> Result<()> {
    let native = native["fastest"].as_f64().context("the native step has no time")?;
    let browser = browser["fastest"].as_f64().context("the browser's step has no time")?;
    println!(
        "a step on {what}: native {native:.1} ms, in Chromium {browser:.1} ms: {:.2} times (wanted: {wanted})",
        browser / native
    );
    Ok(())
}

fn measured_step<'a>(measured: &'a BTreeMap<String, Value>, name: &str) -> Result<&'a Value> {
    measured.get(name).with_context(|| format!("{name} was not measured"))
}

fn number(measured: &BTreeMap<String, Value>, name: &str, key: &str) -> Result<f64> {
    let value = measured.get(name).and_then(|value| value[key].as_f64());
    value.with_context(|| format!("{name} was not measured"))
}

/// Runs the browser's measurements; gives them by name.
fn in_chromium() -> Result<BTreeMap<String, Value>> {
    let test = [
        "test",
        "--release",
        "--locked",
        "--",
        "speed::",
        "--nocapture",
        "--test-threads=1",
    ];
    let mut tests = outside::browser_tests(&test)?;
    println!("$ {}", command::typed(&tests));
    let said = tests.output()?;
    let lines = String::from_utf8_lossy(&said.stdout);
    if !said.status.success() {
        bail!("{lines}{}", String::from_utf8_lossy(&said.stderr));
    }
    lines.lines().filter_map(measured).collect()
}

/// `measured NAME JSON`, behind which libtest may have begun the line.
fn measured(line: &str) -> Option<Result<(String, Value)>> {
    let (_, measured) = line.split_once("measured ")?;
    let (name, json) = measured.split_once(' ').filter(|(_, json)| json.starts_with('{'))?;
    let json = serde_json::from_str(json).with_context(|| format!("{line:?} holds no JSON"));
    Some(json.map(|json| (name.to_owned(), json)))
}

/// A native step's times.
fn native(shape: &str, device: &str) -> Result<Value> {
    let mut bench = cargo(&[
        "bench",
        "--quiet",
        "--workspace",
        "--bench",
        "step",
        "--",
        shape,
        device,
    ]);
    if device == "gpu" {
        bench
            .env("VK_DRIVER_FILES", SWIFTSHADER)
            .env("VK_ICD_FILENAMES", SWIFTSHADER);
    }
    println!("$ {}", command::typed(&bench));
    let printed = output(&mut bench).context("the native step did not run")?;
    let line = printed.lines().last().unwrap_or_default();
    println!("{line}");
    serde_json::from_str(line).context("the native step printed no JSON")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn measurements_are_found_among_what_tests_print() {
        let line = "test speed::steps ... measured step-cpu {\"middle\": 2.5}";
        let (name, value) = measured(line).expect("one").expect("JSON");
        assert_eq!((&*name, value["middle"].as_f64()), ("step-cpu", Some(2.5)));
        assert!(measured("test result: ok. 3 passed; 0 measured; 1 filtered out").is_none());
        assert!(measured("running 3 tests").is_none());
    }
}
