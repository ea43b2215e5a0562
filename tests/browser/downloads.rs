//! Models on their way: a broken line, a damaged file, a missing one, a page without a secure context.

use serde_json::json;

use super::chromium::INSECURE_HOST;
use super::runs::Wish;
use super::server::Fault;
use super::tab::Tab;
use super::visit::{Visit, project, visit};

const WEIGHTS: &str = "models/bert-tiny/model.safetensors";

/// What the browser itself writes about a connection that broke, or an answer like 404.
const BROKEN: &[&str] = &[
    "net::ERR_CONTENT_LENGTH_MISMATCH",
    "net::ERR_CONNECTION",
    "net::ERR_INCOMPLETE",
];
const MISSING: &[&str] = &["Failed to load resource: the server responded with a status of 404"];

fn weights() -> usize {
    let file = project("assets/bert-tiny/model.safetensors");
    std::fs::metadata(file).expect("the site's small model").len() as usize
}

impl Tab {
    async fn wait_for_refusal(&self, part: &str) -> String {
        let message = "document.querySelector('#loading .bad')?.innerText";
        let refused = self
            .wait("a refusal", &format!("{message}?.includes('{part}') && {message}"))
            .await;
        refused.as_str().unwrap_or_default().to_owned()
    }
}

/// Keeps what is drawn of a model on its way: its share and the whole, and what the bar and the line say.
const WATCH: &str = "(() => {
    window.drawn = [];
    const look = () => {
        const line = document.querySelector('#loading[role=status]');
        const bar = line?.querySelector('progress[max]');
        if (bar) window.drawn.push([bar.value, bar.max, bar.ariaLabel, line.querySelector('.number').innerText]);
        requestAnimationFrame(look);
    };
    requestAnimationFrame(look);
})()";

#[test]
fn the_share_of_a_model_that_has_come_is_drawn() {
    visit(Visit::new("slow-line"), async |tab| {
        let pieces = 12;
        tab.server.break_file(WEIGHTS, Fault::Slow(pieces));
        let source = json!({ "source": WATCH });
        tab.chromium
            .command("Page.addScriptToEvaluateOnNewDocument", source)
            .await;
        tab.open().await;
        let drawn: Vec<(u64, u64, String, String)> =
            serde_json::from_value(tab.value("window.drawn").await).expect("numbers and texts");
        // A model's licence and description stay behind.
        let total = drawn.last().expect("it was drawn").1;
        assert!(
            (weights()..weights() + 1_000_000).contains(&(total as usize)),
            "{total}"
        );
        let label = "モデルを読み込んでいます";
        let is_told = |(_, max, said, _): &(u64, u64, String, String)| *max == total && said == label;
        assert!(drawn.iter().all(is_told), "{drawn:?}");
        let mut shares: Vec<(u64, &str)> = drawn.iter().map(|(done, _, _, said)| (*done, said.as_str())).collect();
        assert!(
            shares.is_sorted_by_key(|(done, _)| *done),
            "it never goes back: {shares:?}"
        );
        shares.dedup();
        assert_eq!(shares.last().map(|(done, _)| *done), Some(total));
        assert!(shares.len() > pieces / 2, "{shares:?}");
        let megabytes = |bytes: u64| format!("{:.1} MB", bytes as f64 / 1e6);
        for (done, said) in shares.into_iter().filter(|(done, _)| *done > 1_000_000) {
            assert_eq!(said, format!("{} / {}", megabytes(done), megabytes(total)));
        }
    });
}

#[test]
fn a_cut_download_goes_on_where_it_stopped() {
    visit(Visit::new("cut-download").expecting(BROKEN), async |tab| {
        let cut = 3_000_000;
        tab.server.break_file(WEIGHTS, Fault::CutOnce(cut));
        tab.open().await;
        let served = tab.server.served(WEIGHTS);
        assert_eq!(served.len(), 2, "{served:?}");
        assert_eq!((served[0].range, served[0].bytes), (None, cut));
        let from = served[1].range.expect("the rest is asked for by a range");
        assert_eq!(from + served[1].bytes, weights(), "{served:?}");
        // What the browser had not handed over when the line broke is sent again.
        assert!(from <= cut, "{served:?}");
    });
}

#[test]
fn a_download_that_breaks_off_goes_on_at_the_next_visit() {
    visit(Visit::new("broken-line").expecting(BROKEN), async |tab| {
        let cut = 3_000_000;
        tab.server.break_file(WEIGHTS, Fault::Cut(cut));
        tab.load().await;
        let said = tab.wait_for_refusal("model.safetensors").await;
        println!("{said}");
        tab.picture("10-download-failed").await;
        tab.server.mend();
        tab.open().await;
        let served = tab.server.served(WEIGHTS);
        let last = served.last().expect("it was fetched");
        let from = last.range.expect("the rest is asked for by a range");
        assert!(from <= cut && from + last.bytes == weights(), "{served:?}");
    });
}

#[test]
fn a_damaged_model_is_refused_and_fetched_again() {
    visit(Visit::new("wrong-hash"), async |tab| {
        tab.server.break_file(WEIGHTS, Fault::Damaged);
        tab.load().await;
        tab.wait_for_refusal("SHA-256").await;
        tab.server.mend();
        tab.click("#restart").await;
        tab.wait_for_model().await;
        assert_eq!(tab.server.served(WEIGHTS).len(), 2, "what was damaged is not kept");
    });
}

/// A file of an earlier version of the site's model, under its hash, beside those of this one.
const KEEP_OLDER: &str = "(async () => {
    const root = await navigator.storage.getDirectory();
    const folder = await (await root.getDirectoryHandle('models')).getDirectoryHandle('bert-tiny');
    const file = await (await folder.getFileHandle('0'.repeat(64), { create: true })).createWritable();
    await file.write('older');
    await file.close();
    return true;
})()";

/// The names of the model's files that are kept.
const KEPT: &str = "(async () => {
    const root = await navigator.storage.getDirectory();
    const names = [];
    const folder = await (await root.getDirectoryHandle('models')).getDirectoryHandle('bert-tiny');
    for await (const name of folder.keys()) names.push(name);
    return names.sort();
})()";

#[test]
fn what_is_kept_of_an_earlier_version_of_a_model_goes() {
    visit(Visit::new("older-model"), async |tab| {
        tab.open().await;
        let kept = tab.value(KEPT).await;
        assert!(kept.as_array().is_some_and(|names| names.len() > 2), "{kept}");
        assert_eq!(tab.value(KEEP_OLDER).await, true);
        assert_ne!(tab.value(KEPT).await, kept);
        tab.open().await;
        assert_eq!(tab.value(KEPT).await, kept);
        assert_eq!(tab.server.served(WEIGHTS).len(), 1, "what is of this version stays");
    });
}

#[test]
fn a_missing_file_is_named() {
    visit(Visit::new("missing-file").expecting(MISSING), async |tab| {
        tab.server.break_file("models/bert-tiny/tokenizer.json", Fault::Missing);
        tab.load().await;
        let said = tab.wait_for_refusal("404").await;
        assert!(said.contains("tokenizer.json"), "{said}");
    });
}

#[test]
fn a_list_of_files_that_does_not_come_has_no_length() {
    visit(Visit::new("no-list").expecting(BROKEN), async |tab| {
        tab.server.break_file("models/bert-tiny/model.json", Fault::Cut(10));
        tab.load().await;
        let said = tab.wait_for_refusal("model.json").await;
        assert!(!said.contains("バイト"), "{said}");
    });
}

#[test]
fn without_a_secure_context_everything_runs_and_nothing_is_kept() {
    visit(Visit::new("insecure"), async |tab| {
        tab.load_from(INSECURE_HOST).await;
        tab.wait_for_model().await;
        assert_eq!(tab.value("window.isSecureContext").await, false);
        assert!(tab.count("#lacks li").await > 0, "what is missing is said");
        tab.bring_micro(30).await;
        let wish = Wish {
            layers: "head",
            epochs: 2,
            learning_rate: "0.001",
            batch_size: 8,
        };
        tab.start(wish).await;
        tab.finish().await;
        let order = "document.querySelector('#forgets').compareDocumentPosition(document.querySelector('#start')) & Node.DOCUMENT_POSITION_FOLLOWING";
        assert!(tab.value(order).await != 0, "it is said before one starts");
        assert!(!tab.text("#keep .hint").await.contains("保存されます"));
        let figures = tab.text("#train .run .figures").await;
        assert!(figures.contains("歩数") && !figures.contains("保存した周"), "{figures}");
        assert!(tab.ask("the dog eats").await["prediction"]["label"].is_string());
        tab.picture("11-insecure").await;
    });
}
