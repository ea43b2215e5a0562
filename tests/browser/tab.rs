//! Is the page of a visit: looks at it, waits for it, works with it as a student does, and hears what its worker says.

use std::cell::RefCell;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tempfile::TempDir;
use thirtyfour::BrowserLogEntry;
use thirtyfour::prelude::*;
use tokio::time::sleep;

use super::chromium::Chromium;
use super::server::SiteServer;
use super::visit::{Visit, project};

/// The page of a visit.
pub struct Tab {
    /// The visit.
    pub visit: Visit,
    /// What serves the site.
    pub server: SiteServer,
    /// The browser.
    pub chromium: Chromium,
    /// A folder for files; downloads come there.
    pub folder: TempDir,
    /// Lines of the console so far.
    pub console: RefCell<Vec<BrowserLogEntry>>,
}

/// Keeps what workers post to the page, so that a test can compare exact numbers that the page rounds.
const LISTEN: &str = r#"
    (() => {
        const heard = [];
        const Worker = window.Worker;
        window.heard = heard;
        window.Worker = class extends Worker {
            constructor(...options) {
                super(...options);
                this.addEventListener("message", (event) => {
                    // What the measurements' own workers post is none of the page's messages.
                    if (!Array.isArray(event.data)) return;
                    heard.push({ ...JSON.parse(event.data[0]).message, at: performance.now() });
                });
            }
        };
    })();
"#;

/// How often a condition is looked at, and for how long where the test does not say.
const LOOK: Duration = Duration::from_millis(50);
const SOON: Duration = Duration::from_secs(120);

/// The width of a small phone, out of whose page nothing may stand either.
pub const PHONE: u32 = 360;
/// The widths of pictures.
const WIDTHS: [u32; 2] = [1280, 390];

/// What stands out on the right of the page, where that can be scrolled sideways; what scrolls in its own box does not.
const STANDS_OUT: &str = r#"
    (() => {
        const { scrollWidth, clientWidth } = document.scrollingElement;
        const section = (e) => `${e.id}: ${e.scrollWidth} of ${e.clientWidth} pixels`;
        const sections = [...document.querySelectorAll('section')].filter((e) => e.scrollWidth > e.clientWidth);
        if (scrollWidth <= clientWidth && sections.length === 0) return [];
        const is_out = (e) => e.getBoundingClientRect().right > clientWidth + 0.5 && !e.closest('.scroll-box *');
        const out = [...document.querySelectorAll('body *')].filter(is_out).slice(0, 5);
        const named = out.map((e) => `${e.closest('section')?.id} <${e.localName} id=${e.id} class=${e.getAttribute('class')}>`);
        return [`the page: ${scrollWidth} of ${clientWidth} pixels`, ...sections.map(section), ...named];
    })()
"#;

impl Tab {
    /// Hears the workers of pages that are loaded from now on in this window.
    pub async fn listen(&self) {
        let source = json!({ "source": LISTEN });
        self.chromium
            .command("Page.addScriptToEvaluateOnNewDocument", source)
            .await;
    }

    /// Loads the page.
    pub async fn load(&self) {
        self.load_from("127.0.0.1").await;
    }

    /// Loads the page under another name of this machine.
    pub async fn load_from(&self, host: &str) {
        let address = format!("http://{host}:{}/", self.server.port());
        self.driver().goto(address).await.expect("the page loads");
    }

    /// Loads another address of the server.
    pub async fn go_to(&self, address: &str) {
        let address = format!("http://127.0.0.1:{}/{address}", self.server.port());
        self.driver().goto(address).await.expect("the page loads");
    }

    /// Loads the page and waits until its model is there.
    pub async fn open(&self) {
        self.load().await;
        self.wait_for_model().await;
    }

    /// Waits until a model is there and has tokenized the text in the box, and the table is filled.
    pub async fn wait_for_model(&self) {
        let ready = "!document.querySelector('#loading') && document.querySelector('#tokens .token')
                     && document.querySelector('#rows tbody tr')";
        self.wait("a model", ready).await;
    }

    /// Chooses the lesson of four topics and waits for it.
    pub async fn choose_topics(&self) {
        self.click("#lesson-topic").await;
        self.wait(
            "the lesson",
            "document.querySelectorAll('#label-counts li').length === 4",
        )
        .await;
    }

    /// The session.
    pub fn driver(&self) -> &WebDriver {
        &self.chromium.driver
    }

    /// The value of an expression of JavaScript.
    pub async fn value(&self, expression: &str) -> Value {
        let script = format!("return ({expression});");
        let done = self.driver().execute(script, Vec::new()).await;
        done.unwrap_or_else(|error| panic!("{expression}: {error}"))
            .json()
            .clone()
    }

    /// Waits until an expression of JavaScript is true, or something that is not empty or 0; gives its value.
    pub async fn wait(&self, what: &str, expression: &str) -> Value {
        self.wait_long(what, expression, SOON).await
    }

    /// As [`Self::wait`], with a limit.
    pub async fn wait_long(&self, what: &str, expression: &str, limit: Duration) -> Value {
        let start = Instant::now();
        loop {
            // An element would be a reference that is of no use; that it is there is the news.
            let value = self
                .value(&format!(
                    "((value) => value instanceof Node ? true : value)({expression})"
                ))
                .await;
            let is_there = match &value {
                Value::Null => false,
                Value::Bool(is) => *is,
                Value::Number(number) => number.as_f64() != Some(0.0),
                Value::String(text) => !text.is_empty(),
                Value::Array(_) | Value::Object(_) => true,
            };
            if is_there {
                return value;
            }
            assert!(start.elapsed() < limit, "waited {limit:?} for {what}: {expression}");
            sleep(LOOK).await;
        }
    }

    /// The text of an element; empty where there is none.
    pub async fn text(&self, selector: &str) -> String {
        let text = self
            .value(&format!("document.querySelector('{selector}')?.innerText ?? ''"))
            .await;
        text.as_str().unwrap_or_default().to_owned()
    }

    /// How many elements there are.
    pub async fn count(&self, selector: &str) -> u64 {
        let count = self
            .value(&format!("document.querySelectorAll('{selector}').length"))
            .await;
        count.as_u64().expect("a number of elements")
    }

    /// Clicks an element once it is there and may be clicked.
    pub async fn click(&self, selector: &str) {
        let able = format!("((e) => e && !e.disabled && e)(document.querySelector('{selector}'))");
        self.wait(&format!("{selector} to click"), &able).await;
        // The page's sticky bar may lie over what WebDriver would scroll to the edge.
        self.value(&format!(
            "document.querySelector('{selector}').scrollIntoView({{ block: 'center', behavior: 'instant' }})"
        ))
        .await;
        let element = self.driver().find(By::Css(selector)).await.expect("it was there");
        element
            .click()
            .await
            .unwrap_or_else(|error| panic!("click {selector}: {error}"));
    }

    /// Replaces what stands in a text box, a number or a select, as typing or choosing it does.
    pub async fn fill(&self, selector: &str, value: &str) {
        self.wait(
            &format!("{selector} to fill"),
            &format!("document.querySelector('{selector}')"),
        )
        .await;
        let value = Value::from(value);
        self.value(&format!(
            "((field) => {{
                field.focus();
                Object.getOwnPropertyDescriptor(Object.getPrototypeOf(field), 'value').set.call(field, {value});
                field.dispatchEvent(new Event('input', {{ bubbles: true }}));
                field.dispatchEvent(new Event('change', {{ bubbles: true }}));
            }})(document.querySelector('{selector}'))"
        ))
        .await;
    }

    /// Chooses a file in a file input.
    pub async fn choose_file(&self, selector: &str, path: &Path) {
        self.wait(
            &format!("{selector} for a file"),
            &format!("document.querySelector('{selector}')"),
        )
        .await;
        let input = self.driver().find(By::Css(selector)).await.expect("it was there");
        let chosen = input.send_keys(path.display().to_string()).await;
        chosen.unwrap_or_else(|error| panic!("{selector} does not take {}: {error}", path.display()));
    }

    /// Drops a file on an element, as from a folder's window.
    pub async fn drop_file(&self, selector: &str, path: &Path) {
        let place = format!(
            "((e) => {{ e.scrollIntoView({{ block: 'center', behavior: 'instant' }}); const r = e.getBoundingClientRect();
               return [r.x + r.width / 2, r.y + r.height / 2]; }})(document.querySelector('{selector}'))"
        );
        let place = self.value(&place).await;
        let data = json!({ "items": [], "files": [path.display().to_string()], "dragOperationsMask": 1 });
        for kind in ["dragEnter", "dragOver", "drop"] {
            let event = json!({ "type": kind, "x": place[0], "y": place[1], "data": data });
            self.chromium.command("Input.dispatchDragEvent", event).await;
        }
    }

    /// Writes a file that can be chosen.
    pub fn write(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let path = self.folder.path().join(name);
        fs::write(&path, bytes).expect("the temporary folder can be written");
        path
    }

    /// Waits for a download; gives its path.
    pub async fn downloaded(&self, name: &str) -> PathBuf {
        let path = self.folder.path().join(name);
        let start = Instant::now();
        // Chromium keeps the name with an empty file, which it replaces when the download is whole.
        while fs::metadata(&path).map_or(0, |file| file.len()) == 0 {
            assert!(start.elapsed() < SOON, "{name} does not come");
            sleep(LOOK).await;
        }
        path
    }

    /// The messages of one kind that workers posted since the page was loaded, with every digit of their numbers.
    pub async fn heard_of(&self, kind: &str) -> Vec<Value> {
        let heard = format!("JSON.stringify(window.heard.filter((message) => message.kind === '{kind}'))");
        let heard = self.value(&heard).await;
        serde_json::from_str(heard.as_str().unwrap_or_default()).expect("the page was loaded with the listener")
    }

    /// Puts a picture of the page at each width beside the others; nothing may stand out of it, nor on a small phone.
    pub async fn picture(&self, name: &str) {
        let out = self.draw(name).await;
        assert!(out.is_empty(), "{name}: {out:#?}");
    }

    /// Puts a picture of the page at each width beside the others; gives what stands out.
    async fn draw(&self, name: &str) -> Vec<String> {
        let mut out = Vec::new();
        for width in WIDTHS {
            self.resize(width, 900).await;
            let height = self.value("document.documentElement.scrollHeight").await;
            self.resize(width, height.as_u64().unwrap_or(900).min(16_000)).await;
            out.extend(self.stands_out().await);
            let path = pictures().join(format!("{name}-{width}.png"));
            self.driver().screenshot(&path).await.expect("a picture");
        }
        self.resize(PHONE, 900).await;
        out.extend(self.stands_out().await);
        self.unsize().await;
        out
    }

    /// Puts a picture of one element, on a wide page, beside the others.
    pub async fn picture_of(&self, selector: &str, name: &str) {
        self.resize(WIDTHS[0], 900).await;
        let height = self.value("document.documentElement.scrollHeight").await;
        self.resize(WIDTHS[0], height.as_u64().unwrap_or(900)).await;
        let element = self.driver().find(By::Css(selector)).await.expect("it is there");
        let path = pictures().join(format!("{name}.png"));
        element.screenshot(&path).await.expect("a picture");
        self.unsize().await;
    }

    /// Puts a picture of the beginning of a wide page, as far as an element goes, beside the others.
    pub async fn picture_down_to(&self, selector: &str, name: &str) {
        self.resize(WIDTHS[0], 900).await;
        let end = format!("Math.round(document.querySelector('{selector}').getBoundingClientRect().bottom + scrollY)");
        let end = self.value(&end).await.as_u64().expect("a number of pixels");
        self.resize(WIDTHS[0], end).await;
        let bar = |width: &str| format!("document.documentElement.style.scrollbarWidth = '{width}'");
        self.value(&bar("none")).await;
        self.value("scrollTo({ top: 0, behavior: 'instant' })").await;
        let path = pictures().join(format!("{name}.png"));
        self.driver().screenshot(&path).await.expect("a picture");
        self.value(&bar("")).await;
        self.unsize().await;
    }

    /// What stands out of the page as wide as it is, which is nothing.
    pub async fn stands_out(&self) -> Vec<String> {
        let out = self.value(STANDS_OUT).await;
        serde_json::from_value(out).expect("a list of texts")
    }

    /// Gives the page this size, in pixels.
    pub async fn resize(&self, width: u32, height: u64) {
        let metrics = json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": false });
        self.chromium
            .command("Emulation.setDeviceMetricsOverride", metrics)
            .await;
    }

    /// Gives the page the window's size again.
    async fn unsize(&self) {
        self.chromium
            .command("Emulation.clearDeviceMetricsOverride", json!({}))
            .await;
    }

    /// The error lines of the console that the visit does not expect.
    pub async fn unexpected_errors(&self) -> Vec<String> {
        let new = self.chromium.console().await;
        self.console.borrow_mut().extend(new);
        let console = self.console.borrow();
        let errors = console.iter().filter(|line| is_error(line));
        let expected = |line: &&BrowserLogEntry| {
            let parts = self.visit.expected_errors.iter();
            !parts.into_iter().any(|part| line.message.contains(part))
        };
        errors.filter(expected).map(|line| line.message.clone()).collect()
    }

    /// Prints the console and takes a picture.
    pub async fn show_failure(&self) {
        for line in self.chromium.console().await {
            println!("{} {}", line.level, line.message);
        }
        self.draw(&format!("failed-{}", self.visit.name)).await;
    }

    /// Ends the browser.
    pub async fn close(&self) {
        self.chromium.quit().await;
    }
}

/// The folder of the pictures.
fn pictures() -> PathBuf {
    let folder = project("target/browser-screenshots");
    fs::create_dir_all(&folder).expect("target can be written");
    folder
}

/// Errors, and warnings of what the browser refuses or the GPU stack skips.
fn is_error(line: &BrowserLogEntry) -> bool {
    const REFUSALS: [&str; 4] = [
        "Content Security Policy",
        "WGSL",
        "GPUValidationError",
        "validation error",
    ];
    line.level == "SEVERE" || REFUSALS.iter().any(|refusal| line.message.contains(refusal))
}
