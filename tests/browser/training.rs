//! Teaching: on the CPU, on the GPU, and the same run on the command line.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use super::chromium::{Adapter, SOFTWARE_GPU};
use super::exporting::{assert_is_like, compare_with_transformers};
use super::models::{micro_files, mistaken_pets, pets, unzip};
use super::runs::{Wish, assert_relative, logits, losses};
use super::visit::{Visit, project, visit};

/// Across devices f32 sums are ordered differently; ten steps of the parity tests stay within this.
const GPU_LOSS: f64 = 1e-3;
/// What the design promises of a run on the page and on the command line.
const SAME_CURVE: f64 = 0.01;
/// The same weights and ids on two CPUs' code, absolute.
const SAME_LOGITS: f64 = 1e-4;

const FEW_STEPS: Wish = Wish {
    layers: "all",
    epochs: 1,
    learning_rate: "0.001",
    batch_size: 8,
};

#[test]
fn a_handful_of_examples_is_passed_over_often_enough() {
    visit(Visit::new("ten-examples"), async |tab| {
        tab.open().await;
        assert_eq!(tab.value("document.querySelector('#epochs').value").await, "5");
        tab.bring_micro(10).await;
        let steps =
            "document.querySelector('#epochs').value * Math.ceil(8 / document.querySelector('#batch-size').value)";
        assert_eq!(tab.value(steps).await, 100, "8 of the 10 are learned from");
        assert_eq!(tab.value("document.querySelector('#best-metric').value").await, "loss");
        tab.fill("#batch-size", "4").await;
        tab.wait("fewer passes", "document.querySelector('#epochs').value === '50'")
            .await;
        tab.click("#start").await;
        let finished = tab.finish().await;
        assert!(losses(&finished["record"]).len() >= 100, "{finished}");
        tab.wait(
            "the remark",
            "document.querySelector('#few-texts')?.innerText.includes('2')",
        )
        .await;
        // Why another cannot begin is said beside the one that ended.
        assert_eq!(tab.count("#not-ready").await, 0);
        tab.click("#data .data-status .actions button:last-child").await;
        tab.wait(
            "the reason",
            "document.querySelector('#start:disabled')
             && document.querySelector('#not-ready')?.innerText === 'ラベルの付いた例文がまだありません。'",
        )
        .await;
    });
}

#[test]
fn a_number_that_cannot_be_is_named_with_what_can() {
    visit(Visit::new("wrong-numbers"), async |tab| {
        tab.open().await;
        tab.click("#train-layers-top").await;
        for (field, value, said) in [
            (
                "#epochs",
                "1.5",
                "「周回数」に「1.5」は使えません。1 以上 16,777,216 以下の整数にしてください。",
            ),
            (
                "#learning-rate",
                "fast",
                "「学習率」に「fast」は使えません。0 より大きい数にしてください。",
            ),
            (
                "#top-layers",
                "3",
                "「上の層の数」に「3」は使えません。1 以上 2 以下の整数にしてください。",
            ),
            (
                "#max-length",
                "2",
                "「最大の長さ」に「2」は使えません。3 以上の整数にしてください。",
            ),
            (
                "#seed",
                "-5",
                "「乱数の種」に「-5」は使えません。0 以上 18,446,744,073,709,551,615 以下の整数にしてください。",
            ),
        ] {
            let before = tab.value(&format!("document.querySelector('{field}').value")).await;
            tab.fill(field, value).await;
            tab.click("#start").await;
            let reason = format!(
                "document.querySelector('#option-error')?.innerText === '{said}'
                 && document.querySelector('{field}[aria-invalid]')"
            );
            tab.wait(said, &reason).await;
            assert_eq!(tab.count("#train-status[data-phase=idle]").await, 1, "nothing begins");
            if field == "#seed" {
                assert_eq!(tab.text("#seed-error").await, said);
            }
            tab.fill(field, before.as_str().unwrap_or_default()).await;
            tab.wait(
                "no error",
                "!document.querySelector('[aria-invalid], #option-error, #seed-error')",
            )
            .await;
        }
    });
}

/// Parameters and memory of a run are shown.
const PLANNED: &str = "document.querySelectorAll('#cost dd').length === 2";

/// Its time as well.
const TIMED: &str = "document.querySelectorAll('#cost dd').length === 3";

#[test]
fn the_loss_falls_on_the_cpu_and_every_step_is_shown() {
    visit(Visit::new("trains"), async |tab| {
        tab.open().await;
        tab.choose_topics().await;
        let wish = Wish {
            layers: "all",
            epochs: 4,
            learning_rate: "0.0005",
            batch_size: 16,
        };
        tab.choose(wish).await;
        tab.wait("parameters and memory, unasked", PLANNED).await;
        let planned = tab.heard_of("measured").await.pop().expect("a plan");
        assert!(planned["refused"].is_null() && planned["seconds"] == 0.0, "{planned}");
        assert_eq!(planned["plan"]["total_steps"], 64, "{planned}");
        tab.click("#measure").await;
        tab.wait("the time", TIMED).await;
        let measured = tab.heard_of("measured").await.pop().expect("a measurement");
        assert_eq!(measured["plan"], planned["plan"]);
        tab.picture("3-cost").await;
        tab.click("#start").await;
        tab.click("#pause").await;
        let phase = "document.querySelector('#train-status').dataset.phase";
        tab.wait("the pause", &format!("{phase} === 'paused'")).await;
        tab.picture("4-paused").await;
        tab.click("#resume").await;
        let record = tab.finish().await["record"].take();
        let losses = losses(&record);
        assert_eq!(losses.len(), 64);
        let notes = tab.notes().await;
        let told = |words: &str| notes.iter().any(|note| note.contains(words));
        assert!(told("share each step") && !told("is lost"), "{notes:?}");
        let mean = |part: &[f64]| part.iter().sum::<f64>() / part.len() as f64;
        let (first, last) = (mean(&losses[..8]), mean(&losses[56..]));
        assert!(last < 0.9 * first, "the loss went from {first} to {last}");
        let shown = tab
            .value("Number(document.querySelector('#loss-chart').dataset.lastLoss)")
            .await;
        assert_relative(
            "the chart's last loss",
            &[shown.as_f64().expect("a number")],
            &losses[63..],
            1e-6,
        );
        tab.wait(
            "the scores",
            "document.querySelector('#metrics') && document.querySelector('#confusion button')",
        )
        .await;
        tab.wait("what another run would cost", PLANNED).await;
        tab.click("#confusion button").await;
        tab.wait(
            "a cell's texts",
            "document.querySelector('#confusion-texts')?.innerText",
        )
        .await;
        tab.picture("5-read").await;
    });
}

/// Asks for a measurement and gives it up as soon as the page lets one.
const ASK_AND_GIVE_UP: &str = "(() => { document.querySelector('#measure').click(); \
    const look = setInterval(() => { const button = document.querySelector('#give-up-measuring'); \
    if (button) { clearInterval(look); button.click(); } }, 1); return true; })()";

#[test]
fn a_measurement_can_be_given_up() {
    visit(Visit::new("give-up"), async |tab| {
        tab.open().await;
        tab.choose_topics().await;
        // Three batches of this size take half a second at least.
        tab.choose(Wish {
            batch_size: 100,
            ..FEW_STEPS
        })
        .await;
        let before = tab.heard_of("stale").await.len();
        tab.value(ASK_AND_GIVE_UP).await;
        let stale = format!("window.heard.filter((message) => message.kind === 'stale').length > {before}");
        tab.wait("the end of it", &stale).await;
        tab.wait("the button", "document.querySelector('#measure')").await;
        tab.wait("the plan alone", PLANNED).await;
        let told = tab.heard_of("measured").await;
        assert!(told.iter().all(|cost| cost["seconds"] == 0.0), "{told:?}");
        tab.click("#measure").await;
        tab.wait("the time", TIMED).await;
    });
}

#[test]
fn a_training_that_does_not_fit_is_refused_before_it_begins() {
    visit(Visit::new("does-not-fit"), async |tab| {
        tab.open().await;
        tab.choose_topics().await;
        // Each batch alone needs 5 GB; the second size overflows 32 bits where it is multiplied.
        for batch_size in [256, 60_000] {
            tab.choose(Wish {
                batch_size,
                ..FEW_STEPS
            })
            .await;
            tab.fill("#max-length", "512").await;
            tab.click("#measure").await;
            tab.wait(
                "the refusal",
                "document.querySelector('#cost .bad')?.innerText.match(/約 \\d+ MB/)",
            )
            .await;
            let measured = tab.heard_of("measured").await.pop().expect("a measurement");
            let needed = measured["plan"]["memory_bytes"].as_u64().expect("a number of bytes");
            assert!(needed > 4 << 30, "{measured}");
            tab.click("#start").await;
            let said = "document.querySelector('#train-status[data-phase=failed]')?.innerText";
            tab.wait(
                "the refusal",
                &format!("{said}?.startsWith('学習を始められませんでした：学習には約 ')"),
            )
            .await;
        }
        assert_eq!(tab.count("#kept-runs li").await, 0, "there is nothing to go on with");
        assert_eq!(tab.heard_of("ready").await.len(), 1, "the worker is still the first");
        tab.start(FEW_STEPS).await;
        tab.finish().await;
    });
}

#[test]
fn a_run_that_breaks_off_leaves_the_base_model_and_nothing_of_the_run_before() {
    visit(Visit::new("second-run"), async |tab| {
        tab.open().await;
        // Enough rows that computing their frozen layers takes a while.
        tab.bring_micro(6000).await;
        let head = Wish {
            layers: "head",
            ..FEW_STEPS
        };
        tab.start(head).await;
        tab.finish().await;
        let mark = "document.querySelector('.model-line .mark')";
        tab.wait(
            "the fine-tuned model",
            &format!("{mark} && document.querySelector('#export:enabled')"),
        )
        .await;
        tab.click("#start").await;
        tab.wait(
            "the frozen layers",
            "document.querySelector('#train-status[data-phase=caching]')",
        )
        .await;
        tab.click("#stop").await;
        tab.wait(
            "the end",
            "document.querySelector('#train-status[data-phase=failed]') && !document.querySelector('#stop')",
        )
        .await;
        tab.wait("the base model's name alone", &format!("!{mark}")).await;
        assert_eq!(tab.count("#export:disabled").await, 1, "there is nothing to save");
        let answer = tab.ask("a dog waits").await;
        assert!(answer["before"].is_null(), "{answer}");
        tab.wait("one map", "!document.querySelector('#draw-map-before')").await;
    });
}

#[test]
fn three_steps_on_webgpu_have_the_losses_of_the_cpu() {
    let gpu = Visit {
        adapter: Adapter::Software,
        ..Visit::new("webgpu")
    };
    visit(gpu, async |tab| {
        tab.load().await;
        let mut curves = Vec::new();
        for device in ["cpu", "gpu"] {
            tab.wait_for_model().await;
            tab.fill("#device-choice", device).await;
            tab.wait_for_model().await;
            tab.bring_micro(30).await;
            let described = tab.value("document.querySelector('#device').dataset.device").await;
            println!("{device}: {described}");
            let is_gpu = described.as_str().is_some_and(|line| line.contains(SOFTWARE_GPU));
            assert_eq!(is_gpu, device == "gpu", "{described}");
            tab.start(FEW_STEPS).await;
            let mut finished = tab.finish().await;
            curves.push(losses(&finished["record"].take()));
            let opened = &tab.heard_of("opened").await.pop().expect("a model")["inspection"];
            let weights = 4 * opened["parameters"].as_u64().expect("a number of weights");
            let buffers = finished["buffer_bytes"].as_u64().expect("a number of bytes");
            // On the GPU there are the base model, the one that learns, its gradients and two moments.
            match is_gpu {
                true => assert!(buffers > 5 * weights, "{buffers} bytes for {weights} of weights"),
                false => assert_eq!(buffers, 0),
            }
            assert!(finished["memory_bytes"].as_u64() > Some(buffers), "{finished}");
        }
        assert_eq!(curves[0].len(), 3);
        assert_relative("losses on WebGPU", &curves[1], &curves[0], GPU_LOSS);
    });
}

#[test]
fn a_run_that_gets_no_better_ends_before_its_last_epoch() {
    visit(Visit::new("early-stopping"), async |tab| {
        tab.open().await;
        tab.bring_micro(20).await;
        // What a quarter of wrong labels teaches is of no use for other rows.
        let table = tab.write("mistaken.tsv", mistaken_pets(80, ["meow", "woof", "blub"]).as_bytes());
        tab.choose_file("#data-file", &table).await;
        tab.wait(
            "three labels",
            "document.querySelectorAll('#label-counts li').length === 3",
        )
        .await;
        tab.choose(Wish {
            epochs: 60,
            learning_rate: "0.01",
            ..FEW_STEPS
        })
        .await;
        tab.fill("#best-metric", "loss").await;
        tab.fill("#early-stopping-patience", "2").await;
        tab.click("#start").await;
        let record = tab.finish().await["record"].take();
        assert_eq!(
            (&record["stopped_early"], &record["interrupted"]),
            (&Value::Bool(true), &Value::Bool(false))
        );
        let evaluations = record["evaluations"].as_array().expect("evaluations");
        let best: Vec<bool> = evaluations
            .iter()
            .map(|evaluation| evaluation["best"] == true)
            .collect();
        assert!((3..60).contains(&best.len()), "{best:?}");
        assert_eq!(
            best[best.len() - 3..],
            [true, false, false],
            "patience ran out after two: {best:?}"
        );
        let last = record["steps"]
            .as_array()
            .and_then(|steps| steps.last()?["step"].as_u64());
        assert_eq!(last, Some(8 * best.len() as u64), "64 rows are eight steps an epoch");
        for (language, sentence) in [
            (
                "ja",
                "良くならなくなったので終わりました。いちばん良いときの結果を使っています。",
            ),
            ("en", "Ended because it no longer improved; the best result is in use."),
        ] {
            tab.fill("#language", language).await;
            let said = format!(
                "document.querySelector('#train-status').innerText === {}",
                Value::from(sentence)
            );
            tab.wait("what became of it", &said).await;
        }
    });
}

#[test]
fn the_command_line_continues_what_the_page_began() {
    visit(Visit::new("command-line"), async |tab| {
        tab.open().await;
        tab.bring_micro(60).await;
        let wish = Wish { epochs: 5, ..FEW_STEPS };
        tab.start(wish).await;
        let record = tab.finish().await["record"].take();
        let text = "the cat sleeps and waits";
        let here = tab.ask(text).await;
        tab.click("#export").await;
        let zip = tab.downloaded("micro-tuned.zip").await;
        let model = tab.folder.path().join("tuned");
        unzip(&zip, &model);

        let printed = terakoya(
            tab.folder.path(),
            &["predict", "--model", "tuned", "--text", text, "--json", "--logits"],
        );
        let there: Value = serde_json::from_str(&printed).expect("predict prints JSON");
        assert_same_logits(&here["prediction"], &there);

        // The description names its data beside it.
        same_curve(&model, &model, "run.json", &[], &record);
        tab.value("document.querySelector('#describe').click()").await;
        let description = tab.downloaded("training.json").await;
        let split = ["--train", "pets.csv", "--split", "80:20"];
        let folder = tab.folder.path().join("by-training-json");
        fs::create_dir_all(&folder).expect("the temporary folder can be written");
        fs::write(folder.join("pets.csv"), pets(60)).expect("the temporary folder can be written");
        same_curve(
            &folder,
            description.parent().expect("a folder"),
            "training.json",
            &split,
            &record,
        );
        assert_is_like(&model, &folder.join("out"));
        compare_with_transformers(tab, &zip).await;

        tab.choose_file("#import", &zip).await;
        tab.wait(
            "the tuned model",
            "document.querySelector('.model-line').innerText.includes('micro-tuned')",
        )
        .await;
        tab.wait_for_model().await;
        assert_same_logits(&tab.ask(text).await["prediction"], &there);
        tab.picture("6-keep").await;
    });
}

fn assert_same_logits(found: &Value, expected: &Value) {
    assert_eq!(found["label"], expected["label"]);
    for (found, expected) in logits(found).iter().zip(logits(expected)) {
        assert!((found - expected).abs() <= SAME_LOGITS, "{found}, not {expected}");
    }
}

/// Trains natively by a run description, `options` beside it, and compares the curve with the page's.
pub fn same_curve(work: &Path, description: &Path, file: &str, options: &[&str], record: &Value) {
    fs::create_dir_all(work).expect("the temporary folder can be written");
    for (name, bytes) in micro_files() {
        let folder = work.join("micro");
        fs::create_dir_all(&folder).expect("the temporary folder can be written");
        fs::write(folder.join(name), bytes).expect("the temporary folder can be written");
    }
    let config = description.join(file).display().to_string();
    let mut arguments = vec![
        "train", "--config", &config, "--model", "micro", "--output", "out", "--device", "cpu",
    ];
    arguments.extend(options);
    terakoya(work, &arguments);
    let text = fs::read_to_string(work.join("out/training.json")).expect("training writes training.json");
    let trained: Value = serde_json::from_str(&text).expect("JSON");
    assert_relative(file, &losses(&trained["record"]), &losses(record), SAME_CURVE);
}

/// Runs the command line; gives what it prints.
pub fn terakoya(folder: &Path, arguments: &[&str]) -> String {
    let program = std::env::var_os("TERAKOYA_BIN").map_or_else(|| project("target/release/terakoya"), PathBuf::from);
    let output = Command::new(&program).args(arguments).current_dir(folder).output();
    let output = output.unwrap_or_else(|error| panic!("{} (cargo build --release): {error}", program.display()));
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "terakoya {}: {said}", arguments.join(" "));
    String::from_utf8(output.stdout).expect("terakoya prints UTF-8")
}
