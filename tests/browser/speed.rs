//! How long a student waits, and what the workers take: printed as lines `measured NAME JSON` for `cargo xtask bench --web`.
//!
//! What takes minutes is left out by name where the other tests run (`xtask/src/outside.rs`). A time is no reason to fail on a
//! machine that does other work too; memory is.

use serde_json::{Value, json};

use super::chromium::Adapter;
use super::runs::Wish;
use super::visit::{Visit, project, visit};

/// Bytes that the programs of all workers may have while they train the upper layers of the site's first model. Two take 637 MB.
const MOST_MEMORY: u64 = 700_000_000;

/// Notes the longest time in milliseconds in which the page could not have answered a click.
const WATCH: &str = "(() => { let last = performance.now(); window.longestTurn = 0; setInterval(() => { \
    const now = performance.now(); window.longestTurn = Math.max(window.longestTurn, now - last); last = now; }, 5); })()";

/// Sentences it is trained on.
const SENTENCES: usize = 500;

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
    visit(whole_site("memory"), async |tab| {
        tab.open().await;
        let lesson = std::fs::read_to_string(project("assets/lessons-ja/sentiment.csv")).expect("the first lesson");
        let (header, rows) = lesson.split_once('\n').expect("a header");
        let rows: Vec<&str> = rows.lines().cycle().take(SENTENCES).collect();
        let file = tab.write("sentences.csv", format!("{header}\n{}\n", rows.join("\n")).as_bytes());
        tab.choose_file("#data-file", &file).await;
        let all =
            "[...document.querySelectorAll('#label-counts li')].reduce((sum, e) => sum + Number(e.dataset.count), 0)";
        tab.wait("the sentences", &format!("{all} === {SENTENCES}")).await;
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
        let finished = tab.finish().await;
        assert_eq!(finished["record"]["interrupted"], false);
        let deaf = tab.value("window.longestTurn").await;
        let bytes = finished["memory_bytes"].as_u64().expect("a number of bytes");
        let run: Value =
            serde_json::from_str(finished["training_json"].as_str().expect("a description")).expect("JSON");
        print(
            "memory",
            &json!({ "bytes": bytes, "seconds": run["timings"]["train_seconds"], "deaf": deaf }),
        );
        assert!(bytes <= MOST_MEMORY, "{bytes} bytes");
    });
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
