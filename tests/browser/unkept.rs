//! What the browser does not keep is said, and the training goes on: a full storage, a checkpoint that cannot be written.

use serde_json::json;

use super::keeping::LONG;
use super::runs::Wish;
use super::visit::{Visit, visit};

#[test]
fn a_full_storage_is_said_and_the_model_still_runs() {
    const FULL: &[&str] = &["QuotaExceededError", "Quota exceeded", "quota"];
    visit(Visit::new("full-storage").expecting(FULL), async |tab| {
        let origin = format!("http://127.0.0.1:{}", tab.server.port());
        let quota = json!({ "origin": origin, "quotaSize": 2_000_000 });
        tab.load().await;
        tab.chromium.command("Storage.overrideQuotaForOrigin", quota).await;
        tab.chromium
            .command(
                "Storage.clearDataForOrigin",
                json!({ "origin": origin, "storageTypes": "all" }),
            )
            .await;
        tab.open().await;
        tab.wait(
            "the notice",
            "document.querySelector('#notice')?.innerText.includes('（保存領域に空きがありません）')",
        )
        .await;
        tab.picture("9-full-storage").await;
        let kept = tab
            .value(
                "(async () => {
                    const root = await navigator.storage.getDirectory();
                    const models = await root.getDirectoryHandle('models').catch(() => null);
                    const names = [];
                    if (models) for await (const name of models.keys()) names.push(name);
                    return names.join();
                })()",
            )
            .await;
        assert_eq!(kept, "", "a part of a model takes the room of a checkpoint");
        tab.bring_micro(30).await;
        tab.start(Wish { epochs: 2, ..LONG }).await;
        tab.finish().await;
        assert!(tab.ask("a cat runs").await["prediction"]["label"].is_string());
        assert_eq!(tab.count("#notice").await, 1, "it is said once");
        let is_seen = "((box) => box.top >= 0 && box.bottom <= innerHeight)(document.querySelector('#notice').getBoundingClientRect())";
        for step in ["train", "keep"] {
            tab.value(&format!(
                "document.querySelector('#{step}').scrollIntoView({{ behavior: 'instant' }})"
            ))
            .await;
            assert_eq!(tab.value(is_seen).await, true, "the notice is seen at {step}");
        }
        // Not even a run's own request has room: no epoch counts as kept.
        let none = json!({ "origin": origin, "quotaSize": 1 });
        tab.chromium.command("Storage.overrideQuotaForOrigin", none).await;
        tab.start(Wish { epochs: 2, ..LONG }).await;
        tab.finish().await;
        let figures = tab.text("#train .run .figures").await;
        assert!(figures.contains("歩数") && !figures.contains("保存した周"), "{figures}");
    });
}

/// Holds the files that say which checkpoint counts, so that nobody else can write them.
const HOLD: &str = "(async () => {
    const root = await navigator.storage.getDirectory();
    const hold = async (file) => {
        for (;;) {
            try { return await file.createWritable(); } catch { await new Promise((on) => setTimeout(on, 1)); }
        }
    };
    window.holds = [];
    for await (const run of (await root.getDirectoryHandle('runs')).values()) {
        for (const name of ['state.0.json', 'state.1.json']) {
            window.holds.push(await hold(await run.getFileHandle(name, { create: true })));
        }
    }
    return window.holds.length;
})()";

/// Lets go of them.
const LET_GO: &str = "Promise.all(window.holds.map((hold) => hold.abort())).then(() => true)";

/// Epochs that were told to be kept.
const KEPT: &str = "window.heard.filter((message) => message.event === 'checkpointed').length";

#[test]
fn an_epoch_that_is_not_kept_is_said_and_a_later_one_is_kept() {
    visit(Visit::new("unkept-epoch"), async |tab| {
        tab.open().await;
        tab.bring_micro(40).await;
        tab.start(Wish { epochs: 5000, ..LONG }).await;
        tab.wait_for_checkpoint(1).await;
        assert_eq!(tab.value(HOLD).await, 2);
        tab.wait(
            "the notice",
            "document.querySelector('#notice')?.innerText.includes('次の周でもう一度保存します')",
        )
        .await;
        let kept = tab.value(KEPT).await;
        let steps = "window.heard.filter((message) => message.event === 'step').length";
        let done = tab.value(steps).await;
        // Two epochs of four steps more.
        tab.wait("further epochs", &format!("{steps} > {done} + 8")).await;
        assert_eq!(tab.value(KEPT).await, kept, "nothing counts as kept meanwhile");
        assert_eq!(tab.value(LET_GO).await, true);
        tab.wait("a later epoch to be kept", &format!("{KEPT} > {kept}")).await;
        tab.click("#stop").await;
        tab.finish().await;
        assert_eq!(tab.heard_of("notice").await.len(), 1, "it is said once");
        tab.wait("the offer to go on", "document.querySelector('#continue')")
            .await;
    });
}
