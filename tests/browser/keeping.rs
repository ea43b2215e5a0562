//! What lasts, and what becomes of it when something breaks: a reload, a dead worker, no network.

use serde_json::{Value, json};

use super::chromium::Adapter;
use super::runs::{Wish, assert_relative, losses};
use super::tab::Tab;
use super::visit::{Visit, site, visit};

/// A run that lasts long enough to be interrupted.
pub const LONG: Wish = Wish {
    layers: "all",
    epochs: 80,
    learning_rate: "0.0002",
    batch_size: 8,
};

/// What the browser says of a server that is gone.
pub const OFFLINE: &[&str] = &["net::ERR_CONNECTION_REFUSED", "net::ERR_FAILED", "Failed to fetch"];

/// The CPU computes the same bits again; JSON keeps them.
pub const SAME_BITS: f64 = 1e-12;

/// The end of a curve: a continued run records what it computed itself.
fn tail(record: &Value) -> Vec<f64> {
    let losses = losses(record);
    losses[losses.len() - 20..].to_vec()
}

#[test]
fn a_run_goes_on_after_a_reload_as_if_nothing_happened() {
    visit(Visit::new("reload"), async |tab| {
        tab.open().await;
        tab.bring_micro(40).await;
        tab.start(LONG).await;
        let unbroken = tail(&tab.finish().await["record"]);
        tab.click("#start").await;
        tab.wait_for_second_run(3).await;
        tab.load().await;
        tab.wait_for_model().await;
        let label = tab
            .wait("the offer", "document.querySelector('#continue')?.innerText")
            .await;
        tab.picture("7-continue").await;
        tab.wait(
            "the news that a run did not end",
            "document.querySelector('#left-run button')",
        )
        .await;
        tab.click("#continue").await;
        tab.wait("the run", "window.heard.some((message) => message.event === 'step')")
            .await;
        let resumed = tab.heard_of("resumed").await.pop().expect("the run goes on");
        let kept = losses(&resumed["record"]).len();
        assert!(kept >= 12, "{kept} steps of three epochs of four");
        assert_eq!(resumed["epochs_done"], kept / 4);
        assert_eq!(label, format!("{} 周目の続きから", kept / 4));
        assert_eq!(tab.count("#left-run").await, 0);
        let finished = tab.finish().await;
        assert_eq!(finished["record"]["interrupted"], false);
        assert_relative("the continued curve", &tail(&finished["record"]), &unbroken, SAME_BITS);
    });
}

impl Tab {
    /// Waits until the run behind a finished one has kept so many epochs.
    async fn wait_for_second_run(&self, epoch: u32) {
        let kept = format!(
            "((messages) => messages.slice(messages.findIndex((m) => m.kind === 'finished'))
                .some((m) => m.event === 'checkpointed' && m.epoch >= {epoch} && m.epoch < {}))
             (window.heard)",
            LONG.epochs
        );
        self.wait(&format!("epoch {epoch} of the second run"), &kept).await;
    }

    /// Ends the worker from outside, as a crash does: without a word.
    pub async fn kill_worker(&self) {
        let workers = self.workers().await;
        let worker = workers.last().expect("the page has a worker");
        let attach = json!({ "targetId": worker["targetId"], "flatten": false });
        let session = self.chromium.command("Target.attachToTarget", attach).await;
        let close = json!({ "id": 1, "method": "Runtime.evaluate", "params": { "expression": "self.close()" } });
        let message = json!({ "sessionId": session["sessionId"], "message": close.to_string() });
        self.chromium.command("Target.sendMessageToTarget", message).await;
    }

    /// The workers that run, of all pages.
    pub async fn workers(&self) -> Vec<Value> {
        let targets = self.chromium.command("Target.getTargets", json!({})).await;
        let targets = targets["targetInfos"].as_array().expect("targets").iter();
        targets.filter(|target| target["type"] == "worker").cloned().collect()
    }
}

#[test]
fn a_killed_worker_is_replaced_and_its_run_goes_on() {
    visit(Visit::new("killed-worker"), async |tab| {
        tab.open().await;
        tab.bring_micro(40).await;
        // Too few rows a step for another worker to share: there is one to end.
        tab.start(Wish { batch_size: 3, ..LONG }).await;
        tab.wait_for_checkpoint(2).await;
        tab.kill_worker().await;
        tab.wait("the message", "document.querySelector('#error, #notice')?.innerText")
            .await;
        tab.wait(
            "the run's end",
            "document.querySelector('#train-status').dataset.phase === 'failed'",
        )
        .await;
        tab.wait_for_model().await;
        assert_eq!(tab.count("#rows tbody tr").await, 40, "the examples are still there");
        tab.picture("8-worker-lost").await;
        tab.click("#continue").await;
        let finished = tab.finish().await;
        assert_eq!(finished["record"]["interrupted"], false);
    });
}

/// Forgets the site's programs, which another worker would load.
const FORGET: &str = "(async () => {
    for (const registration of await navigator.serviceWorker.getRegistrations()) await registration.unregister();
    for (const name of await caches.keys()) await caches.delete(name);
    return true;
})()";

#[test]
fn a_run_goes_on_without_the_worker_that_was_to_share_its_steps() {
    visit(Visit::new("lost-replica").expecting(OFFLINE), async |tab| {
        tab.open().await;
        tab.bring_micro(40).await;
        assert_eq!(tab.value(FORGET).await, true);
        tab.server.stop();
        tab.start(LONG).await;
        let finished = tab.finish().await;
        assert_eq!(finished["record"]["interrupted"], false);
        let notes = tab.notes().await;
        let told = |words: &str| notes.iter().filter(|note| note.contains(words)).count();
        assert_eq!((told("share each step"), told("is lost")), (1, 1), "{notes:?}");
    });
}

/// What the GPU stack says of a device that is gone.
const LOST_GPU: &[&str] = &["the wgpu device was lost"];

#[test]
fn a_run_on_a_gpu_that_is_lost_goes_on_after_its_last_epoch() {
    let gpu = Visit {
        adapter: Adapter::Software,
        ..Visit::new("lost-gpu")
    };
    visit(gpu.expecting(LOST_GPU), async |tab| {
        tab.load().await;
        tab.wait_for_model().await;
        tab.fill("#device-choice", "gpu").await;
        tab.wait_for_model().await;
        tab.bring_micro(40).await;
        tab.start(LONG).await;
        tab.wait_for_checkpoint(2).await;
        // The process that computes on the GPU, which is not the tab's.
        tab.chromium.command("Browser.crashGpuProcess", json!({})).await;
        let phase = "document.querySelector('#train-status').dataset.phase";
        tab.wait("the run's end", &format!("{phase} === 'failed'")).await;
        tab.wait_for_model().await;
        tab.picture("12-lost-gpu").await;
        tab.click("#continue").await;
        let finished = tab.finish().await;
        assert_eq!(finished["record"]["interrupted"], false);
        assert_eq!(finished["record"]["steps"].as_array().map(Vec::len), Some(320));
    });
}

#[test]
fn a_stopped_run_keeps_what_it_learned() {
    visit(Visit::new("stopped"), async |tab| {
        tab.open().await;
        tab.bring_micro(40).await;
        tab.start(LONG).await;
        tab.wait_for_checkpoint(1).await;
        tab.click("#stop").await;
        let finished = tab.finish().await;
        assert_eq!(finished["record"]["interrupted"], true);
        assert!(tab.ask("a dog waits").await["prediction"]["label"].is_string());
        tab.wait("the offer to go on", "document.querySelector('#continue')")
            .await;
    });
}

#[test]
fn a_run_that_was_stopped_in_its_first_epoch_goes_on_with_its_steps() {
    visit(Visit::new("stopped-early"), async |tab| {
        tab.open().await;
        // Thousands of steps an epoch: it is stopped long before the first ends.
        tab.bring_micro(6000).await;
        let wish = Wish {
            epochs: 2,
            batch_size: 1,
            ..LONG
        };
        tab.start(wish).await;
        tab.wait("a step", "window.heard.some((message) => message.event === 'step')")
            .await;
        tab.click("#stop").await;
        tab.finish().await;
        let kept = tab.heard_of("train").await;
        let kept = kept.iter().rfind(|message| message["event"] == "checkpointed");
        let kept = kept.expect("what was learned is kept");
        assert_eq!(kept["epoch"], 0, "{kept}");
        let label = "document.querySelector('#continue')?.innerText === 'この学習を進める'";
        tab.wait("the offer to go on, not to start over", label).await;
        tab.click("#continue").await;
        tab.wait("the run", "window.heard.some((message) => message.kind === 'resumed')")
            .await;
        let after = format!("goes on after step {} of", kept["step"]);
        tab.wait(
            "its steps",
            &format!("window.heard.some((message) => message.message?.startsWith('{after}'))"),
        )
        .await;
        tab.click("#stop").await;
    });
}

#[test]
fn the_second_visit_works_without_a_network() {
    visit(Visit::new("offline").expecting(OFFLINE), async |tab| {
        tab.open().await;
        tab.wait(
            "the service worker",
            "(navigator.serviceWorker.getRegistration().then((found) => window.offlineReady = !!found?.active),
              window.offlineReady)",
        )
        .await;
        tab.server.stop();
        tab.open().await;
        let answer = tab.ask("電車の中でも使えます。").await;
        assert!(answer["tokens"].as_array().is_some_and(|tokens| tokens.len() > 2));
        tab.choose_topics().await;
    });
}

#[test]
fn the_browser_is_asked_to_keep_what_is_brought() {
    visit(Visit::new("persistence"), async |tab| {
        tab.open().await;
        let may_be_lost = "document.querySelector('#lacks').innerText.includes('消すことがあります')";
        tab.wait("that it may be lost", may_be_lost).await;
        let grant =
            "(window.asked = 0, StorageManager.prototype.persist = async () => (window.asked += 1, true), true)";
        tab.value(grant).await;
        tab.bring_micro(40).await;
        tab.wait("the promise", &format!("!{may_be_lost}")).await;
        tab.start(Wish { epochs: 1, ..LONG }).await;
        tab.finish().await;
        assert_eq!(tab.value("window.asked").await, 1, "it is asked once");
    });
}

/// A service worker of another version with the same files.
fn another_version(tab: &Tab, name: &str) {
    let path = site().join("service-worker.js");
    let program = std::fs::read_to_string(path).expect("the site has a service worker");
    let other = program
        .replace("\"terakoya-\"", "@")
        .replace("terakoya-", &format!("terakoya-{name}-"));
    tab.server
        .replace("service-worker.js", other.replace('@', "\"terakoya-\"").into_bytes());
}

#[test]
fn a_new_version_takes_over_in_all_tabs() {
    visit(Visit::new("two-versions"), async |tab| {
        const LOOK: &str =
            "(navigator.serviceWorker.getRegistration().then((found) => found.update()), window.mark = 1, true)";
        let switch = "#renewal button";
        tab.open().await;
        tab.wait("the service worker", "navigator.serviceWorker.controller")
            .await;
        tab.open().await;
        let first = tab.driver().window().await.expect("a window");
        tab.value("window.mark = 1").await;
        let second = tab.driver().new_tab().await.expect("a second tab");
        tab.driver()
            .switch_to_window(second.clone())
            .await
            .expect("the second tab");
        tab.open().await;
        another_version(tab, "second");
        tab.value(LOOK).await;
        tab.click(switch).await;
        tab.wait("the second tab again", "!window.mark").await;
        tab.driver()
            .switch_to_window(first.clone())
            .await
            .expect("the first tab");
        tab.wait("the first tab again", "!window.mark").await;
        tab.wait_for_model().await;
        // What is learned here is not in the storage of a new page's worker: this tab waits for its user.
        tab.bring_micro(40).await;
        tab.start(Wish { epochs: 1, ..LONG }).await;
        tab.finish().await;
        tab.value("window.mark = 1").await;
        tab.driver().switch_to_window(second).await.expect("the second tab");
        tab.wait_for_model().await;
        another_version(tab, "third");
        tab.value(LOOK).await;
        tab.click(switch).await;
        tab.wait("the second tab again", "!window.mark").await;
        tab.driver().switch_to_window(first).await.expect("the first tab");
        tab.wait("the news", "document.querySelector('#renewal')").await;
        assert_eq!(tab.value("window.mark").await, 1, "the tab with a tuned model stays");
        tab.click(switch).await;
        tab.wait("the first tab again", "!window.mark").await;
        tab.wait_for_model().await;
    });
}

#[test]
fn a_run_belongs_to_one_tab() {
    visit(Visit::new("two-tabs"), async |tab| {
        tab.open().await;
        tab.bring_micro(40).await;
        tab.start(Wish { epochs: 5000, ..LONG }).await;
        tab.wait_for_checkpoint(1).await;
        tab.click("#stop").await;
        tab.finish().await;
        let first = tab.driver().window().await.expect("a window");
        let second = tab.driver().new_tab().await.expect("a second tab");
        tab.driver()
            .switch_to_window(second.clone())
            .await
            .expect("the second tab");
        tab.listen().await;
        tab.open().await;
        tab.wait("the offer to go on", "document.querySelector('#continue')")
            .await;
        tab.driver()
            .switch_to_window(first.clone())
            .await
            .expect("the first tab");
        tab.click("#continue").await;
        tab.wait(
            "the run",
            "window.heard.filter((message) => message.event === 'step').length > 30",
        )
        .await;
        tab.driver()
            .switch_to_window(second.clone())
            .await
            .expect("the second tab");
        // This tab still believes that nobody is at work on it.
        for _ in ["asked", "sure"] {
            tab.click("#kept-runs li button.quiet").await;
        }
        tab.wait(
            "the refusal to delete",
            "document.querySelector('#keep .bad')?.innerText === 'この学習は別のタブで進んでいます。'",
        )
        .await;
        tab.wait(
            "the list without buttons",
            "document.querySelector('#kept-runs li:not(:has(button))')?.innerText.includes('別のタブで学習中です。')",
        )
        .await;
        assert_eq!(tab.count("#continue").await, 0);
        // Each time it lists what is kept, which has to leave the other's files alone.
        for _ in 0..10 {
            tab.open().await;
        }
        tab.driver().switch_to_window(first).await.expect("the first tab");
        let saved = tab.heard_of("train").await.len();
        tab.wait(
            "another checkpoint",
            &format!(
                "window.heard.filter((message) => message.kind === 'train').slice({saved}).some((m) => m.event === 'checkpointed')"
            ),
        )
        .await;
        assert!(tab.heard_of("notice").await.is_empty(), "every epoch is kept");
        tab.click("#stop").await;
        tab.finish().await;
        tab.driver().switch_to_window(second).await.expect("the second tab");
        tab.wait("the offer to go on again", "document.querySelector('#continue')")
            .await;
    });
}

#[test]
fn a_run_that_is_ended_before_it_goes_on_keeps_its_epochs() {
    visit(Visit::new("ended-again"), async |tab| {
        tab.open().await;
        // Enough rows that computing their frozen layers again takes a while.
        tab.bring_micro(6000).await;
        tab.start(Wish { layers: "head", ..LONG }).await;
        tab.wait_for_checkpoint(1).await;
        tab.click("#stop").await;
        tab.finish().await;
        tab.click("#continue").await;
        tab.wait(
            "the frozen layers",
            "document.querySelector('#train-status[data-phase=caching]')",
        )
        .await;
        tab.click("#stop").await;
        tab.wait(
            "what became of it",
            "document.querySelector('#train-status[data-phase=failed]')?.innerText
             === '続きを始める前に終えました。保存した周はそのまま残っています。'",
        )
        .await;
        let figures = tab.text("#train .run .figures dd").await;
        assert!(!figures.starts_with("0 "), "{figures}");
        tab.wait("the offer to go on", "document.querySelector('#continue')")
            .await;
    });
}

#[test]
fn a_model_that_was_brought_opens_again() {
    visit(Visit::new("brought-model"), async |tab| {
        tab.open().await;
        tab.bring_micro(20).await;
        tab.wait(
            "the choice of the site's model",
            "document.querySelectorAll('#model option').length === 2",
        )
        .await;
        tab.open().await;
        tab.click("#kept-models li button.secondary").await;
        tab.wait(
            "the tiny model",
            "!document.querySelector('#loading') && document.querySelector('#model')?.selectedOptions[0].innerText === 'micro'",
        )
        .await;
        assert!(tab.ask("a cat runs").await["tokens"].is_array());
        tab.fill("#model", "models/bert-tiny/model.json").await;
        tab.wait_for_model().await;
        tab.wait("the site's model", "!document.querySelector('#model')").await;
    });
}
