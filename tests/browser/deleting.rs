//! What is kept can be opened again, as it was, and deleted: a run, a model that was brought; what is left still opens.

use serde_json::Value;

use super::keeping::{LONG, SAME_BITS};
use super::models::{micro_that_says, pets, zip};
use super::runs::{Wish, assert_relative, logits, losses};
use super::tab::Tab;
use super::visit::{Visit, visit};

const WISH: Wish = Wish {
    layers: "all",
    epochs: 1,
    learning_rate: "0.001",
    batch_size: 8,
};

/// The runs in the list, as the page names them.
const LISTED: &str = "[...document.querySelectorAll('#kept-runs li')].map((e) => e.dataset.run)";

/// The models in the list.
const MODELS: &str = "[...document.querySelectorAll('#kept-models li strong')].map((e) => e.innerText)";

/// The runs in the browser's storage.
const STORED: &str = "(async () => {
    const root = await navigator.storage.getDirectory();
    const names = [];
    for await (const name of (await root.getDirectoryHandle('runs')).keys()) names.push(name);
    return names;
})()";

impl Tab {
    /// Deletes what stands in a list, which is asked about once more.
    async fn delete(&self, item: &str) {
        for _ in ["asked", "sure"] {
            self.click(&format!("{item} button.quiet")).await;
        }
    }

    /// Opens a tiny model that knows the pets' labels, and a table of pets.
    async fn bring_pets(&self) {
        let model = self.write("micro.zip", &zip(&micro_that_says(["meow", "woof", "blub"])));
        self.choose_file("#import", &model).await;
        let is_micro = "document.querySelector('#device')?.closest('.model-line').innerText.includes('micro')";
        self.wait("the model", is_micro).await;
        let table = self.write("pets.csv", pets(40).as_bytes());
        self.choose_file("#data-file", &table).await;
        self.wait(
            "the pets",
            "document.querySelector('#label-counts li[data-label=\"woof\"]')",
        )
        .await;
    }
}

#[test]
fn what_is_deleted_is_gone_for_good() {
    visit(Visit::new("delete"), async |tab| {
        tab.open().await;
        tab.bring_micro(20).await;
        for number in 1..=2 {
            tab.start(WISH).await;
            tab.finish().await;
            tab.wait("the kept run", &format!("{LISTED}.length === {number}")).await;
        }
        let runs: Vec<String> = serde_json::from_value(tab.value(LISTED).await).expect("names");
        let [newer, older] = <[String; 2]>::try_from(runs).expect("two runs");
        assert_eq!(tab.value(STORED).await.as_array().map(Vec::len), Some(2));

        let first = format!("#kept-runs li[data-run=\"{older}\"]");
        tab.click(&format!("{first} button.quiet")).await;
        tab.click("#try-text").await;
        tab.click(&format!("{first} button.quiet")).await;
        assert_eq!(
            tab.count("#kept-runs li").await,
            2,
            "a click elsewhere takes the first one back"
        );
        tab.click(&format!("{first} button.quiet")).await;
        tab.wait("the other run alone", &format!("{LISTED}.join() === '{newer}'"))
            .await;
        assert_eq!(tab.value(STORED).await, Value::from(vec![newer.clone()]));
        assert!(tab.value(MODELS).await.to_string().contains("micro.zip"));
        tab.delete("#kept-models li:has(button.secondary)").await;
        tab.wait("no such model", &format!("!{MODELS}.includes('micro.zip')"))
            .await;

        tab.open().await;
        tab.wait("the other run", &format!("{LISTED}.join() === '{newer}'"))
            .await;
        assert_eq!(tab.value(STORED).await, Value::from(vec![newer]));
        assert!(!tab.value(MODELS).await.to_string().contains("micro"));
        tab.click("#kept-runs li button.secondary").await;
        let opened = "!document.querySelector('#loading') && document.querySelector('#device')?.closest('.model-line').innerText.includes('micro')";
        tab.wait("what is left opens", opened).await;
        assert!(tab.ask("a cat runs").await["prediction"]["label"].is_string());
    });
}

#[test]
fn a_run_that_ended_opens_again_with_its_curves_and_its_base_model() {
    visit(Visit::new("opened-again"), async |tab| {
        tab.open().await;
        tab.bring_pets().await;
        tab.start(Wish { epochs: 3, ..WISH }).await;
        let finished = tab.finish().await;
        let both = "document.querySelector('#metrics dd.change')";
        tab.wait("both scores", both).await;
        let (scores, answer) = (tab.text("#metrics").await, tab.ask("a dog waits").await);

        tab.open().await;
        assert_eq!(tab.count("#loss-chart").await, 0);
        tab.click("#kept-runs li button.secondary").await;
        let again = tab.finish().await;
        assert_eq!(again["again"]["epochs_done"], 3, "one event tells of it");
        assert!(tab.heard_of("resumed").await.is_empty());
        assert_relative(
            "the curve",
            &losses(&again["record"]),
            &losses(&finished["record"]),
            SAME_BITS,
        );
        tab.wait(
            "both curves",
            "document.querySelector('#loss-chart[data-last-loss]') && document.querySelector('#metric-chart')",
        )
        .await;
        tab.wait("both scores", both).await;
        assert_eq!(tab.text("#metrics").await, scores);
        let told = tab.ask("a dog waits").await;
        for model in ["before", "prediction"] {
            let (found, expected) = (logits(&told[model]), logits(&answer[model]));
            assert_relative(model, &found, &expected, SAME_BITS);
        }
        assert_eq!(tab.count("#export:enabled").await, 1);
        opens_alone(tab, &answer).await;
    });
}

/// Deletes the base model of the kept run, whose result then opens alone and answers as it did.
async fn opens_alone(tab: &Tab, answer: &Value) {
    tab.delete("#kept-models li:has(button.secondary)").await;
    tab.wait(
        "no base model",
        "!document.querySelector('#kept-models li:has(button.secondary)')",
    )
    .await;
    tab.open().await;
    tab.click("#kept-runs li button.secondary").await;
    tab.finish().await;
    assert_eq!(tab.count("#loss-chart").await, 1);
    let told = tab.ask("a dog waits").await;
    assert!(told["before"].is_null(), "{told}");
    assert_relative(
        "alone",
        &logits(&told["prediction"]),
        &logits(&answer["prediction"]),
        SAME_BITS,
    );
}

/// Opens the newer run and has the older go on, both at once.
const BOTH: &str = "(() => {
    const [open, goOn] = document.querySelectorAll('#kept-runs li button.secondary');
    open.click();
    goOn.click();
    return true;
})()";

#[test]
fn a_run_that_ended_opens_undisturbed_and_again_after_its_worker_is_lost() {
    visit(Visit::new("opens-undisturbed"), async |tab| {
        let both = "document.querySelectorAll('#kept-runs li button.secondary:enabled').length === 2";
        tab.open().await;
        tab.bring_pets().await;
        tab.start(LONG).await;
        tab.wait_for_checkpoint(1).await;
        tab.click("#stop").await;
        tab.finish().await;
        tab.start(WISH).await;
        tab.finish().await;
        tab.wait("both runs", both).await;

        tab.open().await;
        tab.wait("both runs", both).await;
        assert_eq!(tab.value(BOTH).await, true);
        tab.finish().await;
        assert!(tab.ask("a dog waits").await["before"].is_object());
        assert!(tab.heard_of("resumed").await.is_empty(), "the other run waits");

        let no_zip = tab.write("text.zip", b"this is no zip");
        tab.choose_file("#import", &no_zip).await;
        tab.wait("the refusal", "document.querySelector('#error')").await;
        tab.kill_worker().await;
        let opened = "window.heard.filter((message) => message.kind === 'finished').length === 2";
        tab.wait("the run that ended, once more", opened).await;
        assert!(tab.ask("a cat runs").await["before"].is_object());

        tab.click("#continue").await;
        let finished = tab.finish().await;
        assert_eq!(finished["record"]["interrupted"], false);
        assert_eq!(tab.heard_of("resumed").await.len(), 1);
    });
}
