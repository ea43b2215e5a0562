//! Runs one test as a visit: a server, a browser, a story, and behind it a look at the console.
//!
//! Visits take turns: each has a browser to itself, and two cores.

use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tempfile::TempDir;
use tokio::time::timeout;

use super::chromium::{Adapter, Chromium};
use super::server::SiteServer;
use super::tab::Tab;

/// Which site is visited, and how.
#[derive(Debug, Clone, Copy)]
pub struct Visit {
    /// Name of the visit in messages and pictures.
    pub name: &'static str,
    /// What the browser computes on.
    pub adapter: Adapter,
    /// The language of the browser.
    pub language: &'static str,
    /// The one model that the site offers; nothing for all it has.
    pub model: Option<&'static str>,
    /// Parts of error lines that belong to what is tested, such as the browser's own line about a file that is not there.
    pub expected_errors: &'static [&'static str],
}

impl Visit {
    /// A visit to the site with its small model, on the CPU, by a Japanese browser, where no error may happen.
    pub const fn new(name: &'static str) -> Self {
        Self {
            name,
            adapter: Adapter::None,
            language: "ja",
            model: Some("bert-tiny"),
            expected_errors: &[],
        }
    }

    /// The same, where such error lines are part of the test.
    pub const fn expecting(self, expected_errors: &'static [&'static str]) -> Self {
        Self {
            expected_errors,
            ..self
        }
    }
}

/// The longest time that one visit may take: an hour of a loaded machine is no proof either.
const LIMIT: Duration = Duration::from_secs(900);

static TURN: Mutex<()> = Mutex::new(());

/// A folder of the project.
pub fn project(folder: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(folder)
}

/// The folder of the site: `TERAKOYA_SITE`, or where `cargo xtask web` puts it.
pub fn site() -> PathBuf {
    let site = std::env::var_os("TERAKOYA_SITE").map_or_else(|| project("target/site"), PathBuf::from);
    assert!(
        site.join("service-worker.js").exists(),
        "{} is not a site: run `cargo xtask web --no-wasm-opt` first",
        site.display()
    );
    site
}

/// Visits the site; fails if the story does, or if the console shows an error.
pub fn visit(visit: Visit, story: impl AsyncFnOnce(&mut Tab)) {
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut tab = runtime.block_on(open(visit, folder));
    let told = catch_unwind(AssertUnwindSafe(|| {
        runtime.block_on(async {
            timeout(LIMIT, story(&mut tab))
                .await
                .unwrap_or_else(|_| panic!("{} took longer than {LIMIT:?}", visit.name));
        });
    }));
    if told.is_err() {
        // A picture and the console say more than the panic; they must not hide it by failing themselves.
        let shown = catch_unwind(AssertUnwindSafe(|| runtime.block_on(tab.show_failure())));
        if shown.is_err() {
            println!("{}: the browser does not answer any more", visit.name);
        }
        runtime.block_on(tab.close());
    }
    told.unwrap_or_else(|panic| resume_unwind(panic));
    let errors = runtime.block_on(tab.unexpected_errors());
    runtime.block_on(tab.close());
    assert!(errors.is_empty(), "{}: the console shows {errors:#?}", visit.name);
}

async fn open(visit: Visit, folder: TempDir) -> Tab {
    let server = SiteServer::start(&site());
    if let Some(model) = visit.model {
        let list = format!("[{{\"name\":\"{model}\",\"address\":\"models/{model}/model.json\",\"bytes\":1}}]");
        server.replace("models.json", list.into_bytes());
    }
    let chromium = Chromium::start(visit.adapter, visit.language, folder.path()).await;
    let tab = Tab {
        visit,
        server,
        chromium,
        folder,
        console: RefCell::default(),
    };
    tab.listen().await;
    tab
}
