//! A part of the layers learns another task than classification: the same curve on the command line.

use std::fs;

use serde_json::Value;

use super::models::unzip;
use super::runs::{Wish, losses};
use super::tab::Tab;
use super::tasks::{scores, spans};
use super::training::same_curve;
use super::visit::{Visit, visit};

/// Teaches `layers` of the tiny model by a file, and has the command line repeat the run by what is saved.
async fn learn(tab: &mut Tab, layers: &'static str, task: &str, (name, contents): (&str, String)) {
    tab.open().await;
    tab.bring_micro(20).await;
    let file = tab.write(name, contents.as_bytes());
    tab.choose_file("#data-file", &file).await;
    tab.wait(
        "the task",
        &format!("document.querySelector('#task').value === '{task}'"),
    )
    .await;
    let wish = Wish {
        layers,
        epochs: 5,
        learning_rate: "0.01",
        batch_size: 8,
    };
    tab.choose(wish).await;
    if layers == "top" {
        tab.fill("#top-layers", "1").await;
    }
    tab.click("#start").await;
    let record = tab.finish().await["record"].take();
    let losses = losses(&record);
    assert_eq!(losses.len(), 20);
    assert!(
        losses[16..].iter().sum::<f64>() < losses[..4].iter().sum::<f64>(),
        "{losses:?}"
    );
    // The results push down what is below them.
    tab.wait(
        "the scores",
        "document.querySelector('#metrics dd.number') && document.querySelector('#failures')",
    )
    .await;
    tab.click("#export").await;
    let zip = tab.downloaded("micro-tuned.zip").await;
    let folder = tab.folder.path().join("tuned");
    unzip(&zip, &folder);
    same_curve(&folder, &folder, "run.json", &[], &record);
    let run = fs::read_to_string(folder.join("run.json")).expect("the zip has the run's options");
    let run: Value = serde_json::from_str(&run).expect("JSON");
    let learned = if layers == "top" { "top:1" } else { layers };
    assert_eq!((&run["task"], &run["train_layers"]), (&task.into(), &learned.into()));
}

#[test]
fn names_are_taught_to_the_top_layer() {
    visit(Visit::new("top-names"), async |tab| {
        learn(tab, "top", "token-classification", ("names.json", spans())).await;
    });
}

#[test]
fn scores_are_taught_to_a_head() {
    visit(Visit::new("head-scores"), async |tab| {
        learn(tab, "head", "regression", ("pairs.csv", scores())).await;
    });
}
