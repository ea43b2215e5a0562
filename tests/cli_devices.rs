//! Drives commands that open two models: one device serves both, and is named once.

mod binary;

use std::process::Command;

use tempfile::TempDir;

use binary::{fails, json, root, run, stderr, stdout, terakoya};

/// Runs the command made of `new` on the CPU and on an adapter, where there is one; each time one device is opened.
fn opens_one_device(new: impl Fn(&str) -> Command) {
    for device in ["cpu", "gpu"] {
        let output = run(new(device));
        let said = stderr(&output);
        if said.contains("no GPU adapter was found") {
            println!("skipped: {said}");
            continue;
        }
        assert!(json(&stdout(&output)).is_object());
        let lines: Vec<&str> = said.lines().filter(|line| line.starts_with("device: ")).collect();
        assert_eq!(lines.len(), 1, "{device}: {said}");
        assert!(
            lines[0].starts_with(&format!("device: {}", device.to_uppercase())),
            "{said}"
        );
    }
}

#[test]
fn two_models_continue_a_prompt_on_one_device() {
    let model = root().join("assets/gpt2-mini-ja");
    opens_one_device(|device| {
        let flags = [
            "generate",
            "--prompt",
            "春",
            "--max-new-tokens",
            "2",
            "--json",
            "--device",
            device,
        ];
        let mut command = terakoya(&flags);
        command.arg("--model").arg(&model).arg("--compare").arg(&model);
        command
    });
    // A folder that is not there is found before any device is opened.
    let mut command = terakoya(&["generate", "--prompt", "春", "--device", "gpu", "--compare", "nowhere"]);
    command.arg("--model").arg(&model);
    fails(command, "nowhere: no such model folder");
}

#[test]
fn a_model_is_measured_before_and_after_on_one_device() {
    let temp = TempDir::new().expect("temp");
    opens_one_device(|device| {
        let mut command = terakoya(&["quantize", "--json", "--device", device]);
        command.arg("--model").arg(root().join("assets/bert-tiny"));
        command.arg("--output").arg(temp.path().join(device));
        command
    });
}
