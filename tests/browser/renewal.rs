//! Two versions of the site: whatever is loaded while one follows the other, a tab and its workers are of one version.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use serde_json::json;
use thirtyfour::WindowHandle;

use super::keeping::LONG;
use super::runs::Wish;
use super::tab::Tab;
use super::visit::{Visit, site, visit};

/// The parts of the site whose names change with what they hold.
const PARTS: [&str; 3] = ["page-", "worker-", "style-"];

/// What such a part of version `name` is called.
fn renamed(part: &str, name: &str) -> Option<String> {
    let kind = PARTS.into_iter().find(|kind| part.starts_with(kind))?;
    let ending = part.find('.').map_or("", |at| &part[at..]);
    Some(format!("{kind}{name}{ending}"))
}

/// What a worker of the site tells beside its work: its name, and what it is made of.
const TELLING: &str = "
    const parts = performance.getEntriesByType('resource').map((entry) => entry.name);
    new BroadcastChannel('parts').postMessage({ name: self.name, parts: [import.meta.url, ...parts] });
";

/// Makes a copy of the site that is version `name` of it, its parts' names and what refers to them; gives its folder.
fn version_of_the_site(tab: &Tab, name: &str) -> PathBuf {
    let copy = tab.folder.path().join(name);
    fs::create_dir(&copy).expect("the temporary folder can be written");
    let entries = || fs::read_dir(site()).expect("the site can be read").flatten();
    let names = entries().map(|entry| entry.file_name().to_string_lossy().into_owned());
    let parts: BTreeMap<String, String> = names
        .filter_map(|part| Some((part.clone(), renamed(&part, name)?)))
        .collect();
    assert_eq!(parts.len(), PARTS.len(), "{parts:?}");
    for entry in entries() {
        let own = entry.file_name().to_string_lossy().into_owned();
        let place = copy.join(parts.get(&own).unwrap_or(&own));
        match own.as_str() {
            "index.html" | "service-worker.js" => {
                let mut text = fs::read_to_string(entry.path()).expect("UTF-8");
                for (old, new) in &parts {
                    text = text.replace(old, new);
                }
                text = text.replace("data-version=\"", &format!("data-version=\"{name} "));
                text = text.replace("version = \"terakoya-", &format!("version = \"terakoya-{name}-"));
                assert!(text.contains(name));
                fs::write(place, text).expect("the temporary folder can be written");
            }
            own if own.starts_with("worker-") => copy_telling(&entry.path(), &place),
            _ => symlink(entry.path(), place).expect("the temporary folder takes links"),
        }
    }
    copy
}

/// The folder of the worker, which tells what it is made of.
fn copy_telling(folder: &Path, copy: &Path) {
    fs::create_dir(copy).expect("the temporary folder can be written");
    for file in fs::read_dir(folder).expect("the site can be read").flatten() {
        let place = copy.join(file.file_name());
        if file.file_name() == "start.js" {
            let own = fs::read_to_string(file.path()).expect("UTF-8");
            fs::write(place, own + TELLING).expect("the temporary folder can be written");
        } else {
            symlink(file.path(), place).expect("the temporary folder takes links");
        }
    }
}

/// Keeps what the workers that this page starts say they are made of.
const LISTEN: &str = "(() => {
    const own = new Set(), parts = [];
    const Worker = window.Worker;
    window.Worker = class extends Worker {
        constructor(address, options) { super(address, options); own.add(options?.name); }
    };
    new BroadcastChannel('parts').onmessage = ({ data }) => {
        if (own.has(data.name)) parts.push(...data.parts);
    };
    window.partsOfWorkers = parts;
})()";

/// The parts that a tab and its workers are made of, each with the versions it comes from.
const MADE_OF: &str = "(() => {
    const loaded = performance.getEntriesByType('resource').map((entry) => entry.name);
    const made = {};
    for (const address of [...loaded, ...window.partsOfWorkers]) {
        const [, kind, version, file] = address.match(/(page|worker|style)-(\\w+)(\\.css|\\/\\S+)$/) ?? [];
        if (kind) made[kind + file] = [...new Set([...(made[kind + file] ?? []), version])];
    }
    return window.partsOfWorkers.length > 0 && made;
})()";

impl Tab {
    /// Hears the pages of this window, and their workers.
    async fn listen_for_parts(&self) {
        let source = json!({ "source": LISTEN });
        self.chromium
            .command("Page.addScriptToEvaluateOnNewDocument", source)
            .await;
    }

    /// Asserts that every part of the page and of its workers is of version `name`.
    async fn assert_is_of(&self, name: &str) {
        let made = self.wait("the worker's parts", MADE_OF).await;
        let files = [
            "page/page.js",
            "page/page_bg.wasm",
            "page/start.js",
            "style.css",
            "worker/start.js",
            "worker/worker.js",
            "worker/worker_bg.wasm",
        ];
        let all: BTreeMap<&str, [&str; 1]> = files.into_iter().map(|file| (file, [name])).collect();
        assert_eq!(made, json!(all));
        let said = self.text("footer .caption").await;
        assert!(said.contains(name), "{said}");
    }

    async fn switch_to(&self, window: &WindowHandle) {
        let switched = self.driver().switch_to_window(window.clone()).await;
        switched.expect("the window is open");
    }
}

/// Asks the server whether there is another version.
const LOOK: &str = "(navigator.serviceWorker.getRegistration().then((found) => found.update()), true)";

/// What the browser says of a file of the earlier version.
const GONE: &[&str] = &["status of 404"];

#[test]
fn a_tab_and_its_workers_are_of_one_version() {
    visit(Visit::new("one-version").expecting(GONE), async |tab| {
        let versions = ["first", "second"].map(|name| version_of_the_site(tab, name));
        tab.server.serve(&versions[0]);
        tab.listen_for_parts().await;
        tab.open().await;
        tab.wait("the service worker", "navigator.serviceWorker.controller")
            .await;
        tab.open().await;
        tab.assert_is_of("first").await;
        tab.bring_micro(40).await;
        tab.start(Wish { epochs: 1, ..LONG }).await;
        tab.finish().await;
        tab.value("window.mark = 1").await;
        // From here on the server has nothing of the first version.
        tab.server.serve(&versions[1]);
        tab.value(LOOK).await;
        tab.wait("the news", "document.querySelector('#renewal button')").await;
        // A tab that opens meanwhile, and a worker that starts anew in one, are of the version that still serves.
        let first = tab.driver().window().await.expect("a window");
        let second = tab.driver().new_tab().await.expect("a second tab");
        tab.switch_to(&second).await;
        tab.listen().await;
        tab.listen_for_parts().await;
        tab.open().await;
        tab.assert_is_of("first").await;
        tab.wait("the news", "document.querySelector('#renewal button')").await;
        tab.value("window.mark = 1").await;
        assert!(tab.server.missed().is_empty(), "{:?}", tab.server.missed());
        tab.click("#renewal button").await;
        tab.wait("the second tab again", "!window.mark").await;
        tab.wait_for_model().await;
        tab.assert_is_of("second").await;
        assert_eq!(tab.count("#renewal").await, 0);
        tab.driver().close_window().await.expect("the second tab closes");
        tab.switch_to(&first).await;
        works_on_alone(tab).await;
    });
}

/// The tab with a tuned model was told, works on with what it has, and gets nothing of the other version until it is another.
async fn works_on_alone(tab: &Tab) {
    assert_eq!(tab.value("window.mark").await, 1, "it waits for its user");
    tab.wait("the news", "document.querySelector('#renewal button')").await;
    assert!(tab.ask("a cat runs").await["prediction"]["label"].is_string());
    // Workers that were to share the steps are nowhere to be had.
    tab.start(Wish { epochs: 20, ..LONG }).await;
    tab.finish().await;
    let notes = tab.notes().await;
    let lost = notes.iter().filter(|note| note.contains("is lost")).count();
    assert_eq!(lost, 1, "{notes:?}");
    let missed = tab.server.missed();
    assert!(
        !missed.is_empty() && missed.iter().all(|file| file == "worker-first/start.js"),
        "{missed:?}"
    );
    tab.assert_is_of("first").await;
    tab.kill_worker().await;
    tab.wait("the page again", "!window.mark").await;
    tab.wait_for_model().await;
    tab.assert_is_of("second").await;
}
