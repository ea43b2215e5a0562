//! Trains on the page as a student does, and reads exact numbers from what the worker says.

use std::time::Duration;

use serde_json::Value;

use super::models::{micro_files, micro_that_says, pets, zip};
use super::tab::Tab;

/// What is chosen and typed before a run.
#[derive(Debug, Clone, Copy)]
pub struct Wish {
    /// `head`, `top` or `all`.
    pub layers: &'static str,
    /// Passes.
    pub epochs: u32,
    /// Learning rate.
    pub learning_rate: &'static str,
    /// Texts a step.
    pub batch_size: u32,
}

/// The longest time for a run: a loaded machine computes slowly, SwiftShader slower.
const RUN: Duration = Duration::from_secs(600);

impl Tab {
    /// Opens a tiny model from a zip that has learned to say one of these labels, and a table of `rows` rows for it.
    pub async fn bring_micro_that_says(&self, labels: [&str; 3], rows: usize) {
        let model = self.write("micro.zip", &zip(&micro_that_says(labels)));
        self.choose_file("#import", &model).await;
        self.wait(
            "its labels",
            "document.querySelector('#prediction:not([aria-busy]) .classification[data-label]')
             && document.querySelector('.model-line').innerText.includes('micro')",
        )
        .await;
        self.bring_pet_rows(rows).await;
    }

    /// Opens the tiny model from a zip and a table of `rows` rows for it.
    pub async fn bring_micro(&self, rows: usize) {
        let model = self.write("micro.zip", &zip(&micro_files()));
        self.choose_file("#import", &model).await;
        self.wait("the tiny model", "!document.querySelector('#loading') && document.querySelector('#device')?.closest('.model-line').innerText.includes('micro')")
            .await;
        self.bring_pet_rows(rows).await;
    }

    async fn bring_pet_rows(&self, rows: usize) {
        let table = self.write("pets.csv", pets(rows).as_bytes());
        self.choose_file("#data-file", &table).await;
        self.wait(
            "the pets",
            "document.querySelector('#label-counts li[data-label=\"woof\"]')",
        )
        .await;
    }

    /// Fills the form and starts.
    pub async fn start(&self, wish: Wish) {
        self.choose(wish).await;
        self.click("#start").await;
    }

    /// Fills the form.
    pub async fn choose(&self, wish: Wish) {
        self.click(&format!("#train-layers-{}", wish.layers)).await;
        self.fill("#epochs", &wish.epochs.to_string()).await;
        self.fill("#learning-rate", wish.learning_rate).await;
        self.fill("#batch-size", &wish.batch_size.to_string()).await;
        self.fill("#dropout", "0").await;
    }

    /// Waits for a run's end; gives what the worker says of it.
    pub async fn finish(&self) -> Value {
        let phase = "document.querySelector('#train-status')?.dataset.phase";
        let ended = format!("['finished', 'failed'].includes({phase}) && {phase}");
        let phase = self.wait_long("the run's end", &ended, RUN).await;
        assert_eq!(phase, "finished", "{}", self.text("#train-status").await);
        let mut finished = self.heard_of("finished").await;
        finished.pop().expect("the worker said so")
    }

    /// What the worker noted of its runs.
    pub async fn notes(&self) -> Vec<String> {
        let told = self.heard_of("train").await;
        let notes = told.iter().filter(|message| message["event"] == "note");
        notes
            .filter_map(|note| note["message"].as_str().map(str::to_owned))
            .collect()
    }

    /// Waits until a run has kept so many epochs.
    pub async fn wait_for_checkpoint(&self, epoch: u32) {
        let kept =
            format!("window.heard.some((message) => message.event === 'checkpointed' && message.epoch >= {epoch})");
        self.wait(&format!("epoch {epoch} to be kept"), &kept).await;
    }

    /// The model's answer to a text, exactly.
    pub async fn ask(&self, text: &str) -> Value {
        let before = self.heard_of("tried").await.len();
        self.fill("#try-text", text).await;
        let answered = format!(
            "window.heard.filter((message) => message.kind === 'tried').length > {before}
             && document.querySelector('#prediction')?.getAttribute('aria-busy') !== 'true'"
        );
        self.wait(&format!("an answer to {text:?}"), &answered).await;
        let mut tried = self.heard_of("tried").await;
        tried.pop().expect("an answer")
    }
}

/// The losses of a run's steps.
pub fn losses(record: &Value) -> Vec<f64> {
    let steps = record["steps"].as_array().expect("a record has steps").iter();
    steps.map(|step| step["loss"].as_f64().expect("a loss")).collect()
}

/// The logits of an answer.
pub fn logits(prediction: &Value) -> Vec<f64> {
    let logits = prediction["logits"].as_array().expect("an answer with logits").iter();
    logits.map(|logit| logit.as_f64().expect("a number")).collect()
}

/// Asserts that two rows of numbers differ by at most `tolerance` of the second's.
pub fn assert_relative(what: &str, found: &[f64], expected: &[f64], tolerance: f64) {
    assert_eq!(found.len(), expected.len(), "{what}");
    for (index, (found, expected)) in found.iter().zip(expected).enumerate() {
        let difference = ((found - expected) / expected).abs();
        assert!(
            difference <= tolerance,
            "{what}, number {index}: {found}, not {expected}"
        );
    }
}
