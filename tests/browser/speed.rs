//! How long a student waits, and what the workers take: printed as lines `measured NAME JSON` for `cargo xtask bench --web`.
//!
//! What takes minutes is left out by name where the other tests run (`xtask/src/outside.rs`). A time is no reason to fail on a
//! machine that does other work too; memory is.

use std::time::Duration;

use serde_json::{Value, json};

use super::chromium::Adapter;
use super::runs::Wish;
use super::tab::Tab;
use super::visit::{Visit, project, visit};

/// Bytes that the programs of all workers may have while they train the upper layers of the site's first model. Two take 637 MB.
const MOST_MEMORY: u64 = 700_000_000;

/// Until a GPU in software has computed what lies below the layers that learn.
const LONG: Duration = Duration::from_secs(800);

/// Notes the longest time in milliseconds in which the page could not have answered a click.
const WATCH: &str = "(() => { let last = performance.now(); window.longestTurn = 0; setInterval(() => { \
    const now = performance.now(); window.longestTurn = Math.max(window.longestTurn, now - last); last = now; }, 5); })()";

/// Sentences it is trained on, on the CPU and on a GPU in software, which is slow.
const SENTENCES: [usize; 2] = [500, 100];

fn print(name: &str, measured: &Value) {
    println!("measured {name} {measured}");
}

/// The site with its first model.
const fn whole_site(name: &'static str) -> Visit {
    Visit {
        model: None,
        ..Visit::new(name)
    }
}

#[test]
fn a_kept_model_answers_soon() {
    visit(whole_site("first-answer"), async |tab| {
        tab.open().await;
        tab.open().await;
        let answered = "window.heard.find((message) => message.kind === 'tried')?.at";
        let milliseconds = tab.wait("the first answer", answered).await;
        print("first-answer", &json!({ "milliseconds": milliseconds }));
        let answer = tab.heard_of("tried").await.remove(0);
        assert!(answer["prediction"]["label"].is_string(), "{answer}");
        assert_eq!(
            tab.server.served("models/e5-small-ja-en/model.safetensors").len(),
            1,
            "the second visit takes the kept model"
        );
    });
}

#[test]
fn training_the_upper_layers_fits_into_a_tab() {
    let measured = |name, adapter| {
        let page = Visit {
            adapter,
            ..whole_site(name)
        };
        visit(page, async |tab| {
            tab.open().await;
            if adapter == Adapter::Software {
                tab.fill("#device-choice", "gpu").await;
                tab.wait_for_model().await;
            }
            let finished = train_the_upper_layers(tab, adapter).await;
            let bytes = finished["memory_bytes"].as_u64().expect("a number of bytes");
            let run: Value =
                serde_json::from_str(finished["training_json"].as_str().expect("a description")).expect("JSON");
            print(
                name,
                &json!({
                    "sentences": SENTENCES[usize::from(adapter == Adapter::Software)],
                    "bytes": bytes,
                    "buffers": finished["buffer_bytes"],
                    "seconds": run["timings"]["train_seconds"],
                    "deaf": tab.value("window.longestTurn").await,
                }),
            );
            assert!(bytes <= MOST_MEMORY, "{bytes} bytes");
        });
    };
    measured("memory", Adapter::None);
    measured("memory-gpu", Adapter::Software);
}

/// Trains the three upper layers of the open model on the first lesson's sentences; a GPU in software for the first steps,
/// that take all buffers.
async fn train_the_upper_layers(tab: &mut Tab, adapter: Adapter) -> Value {
    let lesson = std::fs::read_to_string(project("assets/lessons-ja/sentiment.csv")).expect("the first lesson");
    let (header, rows) = lesson.split_once('\n').expect("a header");
    let sentences = SENTENCES[usize::from(adapter == Adapter::Software)];
    let rows: Vec<&str> = rows.lines().cycle().take(sentences).collect();
    let file = tab.write("sentences.csv", format!("{header}\n{}\n", rows.join("\n")).as_bytes());
    tab.choose_file("#data-file", &file).await;
    let all = "[...document.querySelectorAll('#label-counts li')].reduce((sum, e) => sum + Number(e.dataset.count), 0)";
    tab.wait("the sentences", &format!("{all} === {sentences}")).await;
    let wish = Wish {
        layers: "top",
        epochs: 1,
        learning_rate: "0.0001",
        batch_size: 8,
    };
    tab.choose(wish).await;
    tab.fill("#top-layers", "3").await;
    tab.value(WATCH).await;
    tab.click("#start").await;
    if adapter == Adapter::Software {
        let steps = "window.heard.filter((message) => message.kind === 'train' && message.event === 'step').length";
        tab.wait_long("the first steps", &format!("{steps} >= 3"), LONG).await;
        tab.click("#stop").await;
    }
    let finished = tab.finish().await;
    assert_eq!(finished["record"]["interrupted"], adapter == Adapter::Software);
    finished
}

#[test]
fn steps_are_timed_in_the_browser() {
    for (name, shape, device, adapter) in [
        ("step-cpu", "tiny", "cpu", Adapter::None),
        ("step-gpu", "micro", "gpu", Adapter::Software),
    ] {
        let page = Visit {
            adapter,
            ..Visit::new(name)
        };
        visit(page, async |tab| {
            tab.serve_checks();
            let measured = tab.check(shape, device, "").await;
            let measured: Value = serde_json::from_str(&measured).expect("JSON");
            print(name, &measured);
            assert!(
                measured["fastest"].as_f64().is_some_and(|fastest| fastest > 0.0),
                "{measured}"
            );
        });
    }
}
