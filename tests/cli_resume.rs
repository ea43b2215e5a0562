//! Drives the real binary through what ends a run early: kill -9, Ctrl-C, a lost device; and through what goes on from there.

mod binary;
mod topics;

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use binary::{fails, json, run, stderr, stdout, terakoya};
use topics::{QUICK, train, train_file};

fn weights(folder: &Path) -> Vec<u8> {
    fs::read(folder.join("model.safetensors")).expect("weights")
}

#[test]
fn a_seed_repeats_a_run_bit_for_bit() {
    let temp = TempDir::new().expect("temp");
    let outputs = ["a", "b", "c"].map(|name| temp.path().join(name));
    for (output, seed) in outputs.iter().zip(["7", "7", "8"]) {
        let flags = [&QUICK[..], &["--seed", seed]].concat();
        stdout(&run(train(output, &flags)));
    }
    assert!(
        weights(&outputs[0]) == weights(&outputs[1]),
        "the same seed gives the same weights"
    );
    assert!(
        weights(&outputs[0]) != weights(&outputs[2]),
        "another seed gives others"
    );
}

#[test]
fn a_killed_run_goes_on_as_if_it_had_not_been() {
    let temp = TempDir::new().expect("temp");
    let flags = ["--epochs", "6", "--max-train-samples", "64", "--batch-size", "8"];
    let unbroken = temp.path().join("unbroken");
    stdout(&run(train(&unbroken, &flags)));

    let broken = temp.path().join("broken");
    let checkpoints = temp.path().join("broken.checkpoints");
    let mut child = train(&broken, &flags)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("starts");
    let deadline = Instant::now() + Duration::from_secs(120);
    while child.try_wait().expect("a child").is_none() && Instant::now() < deadline {
        let complete = fs::read_dir(&checkpoints).into_iter().flatten().flatten();
        let mut names = complete.map(|entry| entry.file_name().to_string_lossy().into_owned());
        if names.any(|name| name.starts_with("step-")) {
            break;
        }
        std::thread::sleep(Duration::from_millis(2));
    }
    child.kill().expect("kill -9");
    child.wait().expect("it ends");
    if !broken.exists() {
        fails(train(&broken, &flags), "--resume goes on with it");
        let resumed = [&flags[..], &["--resume"]].concat();
        stdout(&run(train(&broken, &resumed)));
    }
    assert!(
        weights(&broken) == weights(&unbroken),
        "the resumed run ends with the weights of the unbroken one"
    );
}

#[test]
fn a_lost_device_leaves_a_checkpoint_to_go_on_from() {
    let temp = TempDir::new().expect("temp");
    let output = temp.path().join("lost");
    let flags = ["--epochs", "2", "--max-train-samples", "32", "--batch-size", "8"];
    fails(
        train(&output, &[&flags[..], &["--fail-at-step", "5"]].concat()),
        "--resume goes on from the last checkpoint",
    );
    assert!(!output.exists());
    // What a process leaves that is killed while it writes the model: in the way of another run, but not of this one.
    let partial = temp.path().join("lost.partial");
    fs::create_dir(&partial).expect("a folder");
    fs::write(partial.join("model.safetensors"), "half").expect("written");
    let said = fails(
        train(&output, &[&flags[..], &["--overwrite"]].concat()),
        "lost.partial may hold the model of an earlier run",
    );
    assert!(!said.contains("training examples"), "{said}");
    let resumed = run(train(&output, &[&flags[..], &["--resume"]].concat()));
    stdout(&resumed);
    assert!(!partial.exists());
    let said = stderr(&resumed);
    assert!(
        said.contains("goes on after step") && !said.contains("begin at random"),
        "{said}"
    );
    let unbroken = temp.path().join("unbroken");
    stdout(&run(train(&unbroken, &flags)));
    assert!(weights(&output) == weights(&unbroken));
}

#[test]
fn a_run_whose_last_step_breaks_its_weights_diverges() {
    let temp = TempDir::new().expect("temp");
    let data = train_file();
    let data = data.to_str().expect("UTF-8");
    let steps = ["--epochs", "1", "--max-train-samples", "8", "--batch-size", "8"];
    let rate = ["--learning-rate", "1e38", "--warmup-ratio", "0"];
    // The loss of the only step is that of the weights before it; an evaluation's is that of the weights behind it.
    for (name, eval, reason) in [
        ("alone", &[][..], "the weights are no numbers any more after step 1"),
        (
            "with-eval",
            &["--eval", data, "--max-eval-samples", "4"],
            "the loss is NaN at step 1",
        ),
    ] {
        let output = temp.path().join(name);
        let run = train(&output, &[&steps[..], &rate, eval].concat());
        let message = fails(run, &format!("training: {reason}: lower --learning-rate"));
        assert!(
            !message.contains("best so far") && !message.contains("--resume"),
            "{message}"
        );
        assert!(!output.exists());
    }
}

#[test]
fn a_checkpoint_is_continued_on_its_own_model_only() {
    let temp = TempDir::new().expect("temp");
    let first = temp.path().join("first");
    stdout(&run(train(&first, &QUICK)));
    let output = temp.path().join("lost");
    let flags = ["--epochs", "2", "--max-train-samples", "32", "--batch-size", "8"];
    fails(
        train(&output, &[&flags[..], &["--fail-at-step", "5"]].concat()),
        "--resume goes on",
    );
    let mut other = terakoya(&["train", "--device", "cpu", "--resume"]);
    other
        .arg("--model")
        .arg(&first)
        .arg("--train")
        .arg(train_file())
        .arg("--output")
        .arg(&output)
        .args(flags);
    fails(other, "the checkpoint was made with other data, labels, words or model");
    for (more, expected) in [
        (
            &["--learning-rate", "1e-3"][..],
            "--learning-rate is 0.001: the checkpoint was made with 0.00002; go on with that, or start again with --overwrite",
        ),
        (
            &["--weight-decay", "0.1", "--seed", "3"],
            "--weight-decay is 0.1: the checkpoint was made with 0.01 and another --seed; go on with that",
        ),
    ] {
        let resumed = run(train(&output, &[&flags[..], &["--resume"], more].concat()));
        let said = stderr(&resumed);
        assert_eq!(resumed.status.code(), Some(2), "{said}");
        assert!(said.contains(expected) && !said.contains("--resume goes on"), "{said}");
    }
}

#[cfg(unix)]
#[test]
fn ctrl_c_saves_and_can_be_resumed() {
    let temp = TempDir::new().expect("temp");
    let output = temp.path().join("stopped");
    let flags = [
        "--epochs",
        "40",
        "--batch-size",
        "8",
        "--max-train-samples",
        "64",
        "--learning-rate",
        "1e-4",
    ];
    let child = train(&output, &flags)
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .expect("starts");
    let checkpoints = temp.path().join("stopped.checkpoints");
    let deadline = Instant::now() + Duration::from_secs(120);
    let is_complete = |entry: fs::DirEntry| entry.file_name().to_string_lossy().starts_with("step-");
    let exist = || {
        fs::read_dir(&checkpoints)
            .into_iter()
            .flatten()
            .flatten()
            .any(is_complete)
    };
    while !exist() && Instant::now() < deadline {
        std::thread::sleep(Duration::from_millis(2));
    }
    let killed = Command::new("kill")
        .arg("-INT")
        .arg(child.id().to_string())
        .status()
        .expect("kill");
    let ended = child.wait_with_output().expect("ends");
    if killed.success() && exist() {
        assert!(
            ended.status.success() && stderr(&ended).contains("--resume goes on"),
            "{}",
            stderr(&ended)
        );
        let training = fs::read_to_string(output.join("training.json")).expect("training.json");
        assert_eq!(json(&training)["record"]["interrupted"], true, "{training}");
        assert!(output.join("model.safetensors").exists());
        stdout(&run(train(&output, &[&flags[..], &["--resume"]].concat())));
    }
    let unbroken = temp.path().join("unbroken");
    stdout(&run(train(&unbroken, &flags)));
    assert!(weights(&output) == weights(&unbroken));
}

#[test]
fn a_run_that_cannot_keep_checkpoints_does_not_begin() {
    let temp = TempDir::new().expect("temp");
    let output = temp.path().join("out");
    fs::write(temp.path().join("out.checkpoints"), "a file").expect("written");
    let said = fails(train(&output, &QUICK), "no checkpoint can be written to");
    assert!(!said.contains("training examples"), "{said}");
    assert!(!output.exists());
}

#[test]
fn a_checkpoint_that_cannot_be_gone_on_from_is_named() {
    let temp = TempDir::new().expect("temp");
    let output = temp.path().join("lost");
    let flags = ["--epochs", "2", "--max-train-samples", "32", "--batch-size", "8"];
    let lost = [&flags[..], &["--fail-at-step", "5"]].concat();
    fails(train(&output, &lost), "--resume goes on from the last checkpoint");
    let checkpoints = temp.path().join("lost.checkpoints");
    let step = fs::read_dir(&checkpoints).expect("a folder").flatten().next();
    fs::write(step.expect("a checkpoint").path().join("state.cbor"), "").expect("damaged");
    let resumed = [&flags[..], &["--resume"]].concat();
    let said = fails(
        train(&output, &resumed),
        "lost.checkpoints cannot be gone on from: --overwrite",
    );
    assert!(!said.contains("goes on from the last"), "{said}");
    let said = fails(
        train(
            &temp.path().join("far"),
            &[&flags[..], &["--learning-rate", "1e30"]].concat(),
        ),
        "lower --learning-rate",
    );
    assert!(!said.contains("--resume"), "{said}");
}
