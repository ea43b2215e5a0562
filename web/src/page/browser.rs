//! Asks the browser for what the page needs besides drawing: what it can do, remembered choices, files, sleep.
//!
//! Everything here may be missing (storage that is blocked, a page without a secure context); then it does nothing.

use js_sys::{Array, ArrayBuffer, Function, Promise, Reflect, Uint8Array};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::{JsFuture, spawn_local};
use web_sys::{
    Blob, BlobPropertyBag, Document, Element, HtmlAnchorElement, HtmlElement, HtmlTextAreaElement, Range, Response,
    Storage, StorageManager, Url, Window,
};

use yew::Callback;

use super::lifeline;

/// What the browser offers beyond what every browser has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Abilities {
    /// Whether the page came over https or from this machine; without, the rest is missing too.
    pub secure: bool,
    /// WebGPU.
    pub webgpu: bool,
    /// The file system of this origin (OPFS).
    pub storage: bool,
    /// Web Locks.
    pub locks: bool,
}

impl Abilities {
    /// Whether what is learned outlasts the page.
    pub fn keeps(&self) -> bool {
        self.secure && self.storage
    }
}

/// Looks at the browser.
pub fn abilities() -> Abilities {
    let navigator = window().map(|window| JsValue::from(window.navigator()));
    let has = |object: &JsValue, name: &str| {
        Reflect::get(object, &name.into()).is_ok_and(|value| !value.is_undefined() && !value.is_null())
    };
    let storage = navigator
        .as_ref()
        .and_then(|navigator| Reflect::get(navigator, &"storage".into()).ok());
    Abilities {
        secure: window().is_some_and(|window| window.is_secure_context()),
        webgpu: navigator.as_ref().is_some_and(|navigator| has(navigator, "gpu")),
        storage: storage.is_some_and(|storage| storage.is_object() && has(&storage, "getDirectory")),
        locks: lifeline::has_locks(),
    }
}

/// The window.
pub fn window() -> Option<Window> {
    web_sys::window()
}

/// The document.
pub fn document() -> Option<Document> {
    window()?.document()
}

/// A `data-` attribute of the page's body; empty where it is not set.
pub fn body_data(name: &str) -> String {
    let body = document().and_then(|document| document.body());
    body.and_then(|body| body.get_attribute(&format!("data-{name}")))
        .unwrap_or_default()
}

/// The language the browser is set to, as `ja-JP`; empty where it does not say.
pub fn language() -> String {
    window().map_or_else(String::new, |window| window.navigator().language().unwrap_or_default())
}

/// Sets or removes an attribute of the root element.
pub fn set_root_attribute(name: &str, value: Option<&str>) {
    let Some(root) = document().and_then(|document| document.document_element()) else {
        return;
    };
    let result = match value {
        Some(value) => root.set_attribute(name, value),
        None => root.remove_attribute(name),
    };
    if let Err(error) = result {
        log::warn!("attribute {name}: {error:?}");
    }
}

fn local_storage() -> Option<Storage> {
    window()?.local_storage().ok().flatten()
}

/// What was remembered under `key`.
pub fn recall(key: &str) -> Option<String> {
    local_storage()?.get_item(&format!("terakoya.{key}")).ok().flatten()
}

/// Remembers `value`; `false` where the browser would not, and then it knows none: an older one would come back as the last.
pub fn remember(key: &str, value: &str) -> bool {
    let key = format!("terakoya.{key}");
    local_storage().is_some_and(|storage| {
        let kept = storage
            .set_item(&key, value)
            .or_else(|refused| storage.remove_item(&key).and(Err(refused)));
        kept.is_ok()
    })
}

/// Loads the page again.
pub fn reload() {
    if let Some(Err(error)) = window().map(|window| window.location().reload()) {
        log::warn!("the page does not load again: {error:?}");
    }
}

/// Loads the page again, but not twice in a row for the same `reason`; `false` where it did.
pub fn reload_once(reason: &str) -> bool {
    let Some(window) = window() else { return false };
    let Some(storage) = window.session_storage().ok().flatten() else {
        return false;
    };
    let already = storage.get_item("terakoya.reloaded").ok().flatten();
    if already.as_deref() == Some(reason) || storage.set_item("terakoya.reloaded", reason).is_err() {
        return false;
    }
    window.location().reload().is_ok()
}

/// Asks the browser never to evict what is kept; whether it promises that. Workers cannot ask.
pub async fn persist() -> bool {
    let Some(window) = window() else { return false };
    let storage = Reflect::get(&window.navigator(), &"storage".into()).unwrap_or_default();
    if !storage.is_object() {
        return false;
    }
    match storage.unchecked_into::<StorageManager>().persist() {
        Ok(promise) => JsFuture::from(promise).await.is_ok_and(|granted| granted.is_truthy()),
        Err(error) => {
            log::info!("the browser promises nothing: {}", reason(&error));
            false
        }
    }
}

/// The milliseconds since the page was loaded.
pub fn now() -> f64 {
    window()
        .and_then(|window| window.performance())
        .map_or(0.0, |performance| performance.now())
}

/// Opens the print dialog.
pub fn print() {
    if let Some(Err(error)) = window().map(|window| window.print()) {
        log::warn!("printing: {error:?}");
    }
}

/// Scrolls to the element `id` and gives it the focus.
pub fn go_to(id: &str) {
    let element = document().and_then(|document| document.get_element_by_id(id));
    if let Some(element) = element {
        element.scroll_into_view();
        focus(&element);
    }
}

/// Gives an element the focus.
pub fn focus(element: &Element) {
    if let Some(Err(error)) = element.dyn_ref::<HtmlElement>().map(HtmlElement::focus) {
        log::warn!("focus: {error:?}");
    }
}

/// What is selected in a box, in characters of its text; the caret stands behind it then.
pub fn selected_in_box(area: &HtmlTextAreaElement) -> Option<(usize, usize)> {
    let (start, end) = (area.selection_start().ok()??, area.selection_end().ok()??);
    let units: Vec<u16> = area.value().encode_utf16().collect();
    let characters = |units: &[u16]| char::decode_utf16(units.iter().copied()).count();
    let range = (
        characters(units.get(..start as usize)?),
        characters(units.get(..end as usize)?),
    );
    area.set_selection_start(Some(end)).ok()?;
    Some(range).filter(|_| start < end)
}

/// What is selected inside `element`, in characters of its text.
pub fn selected_characters(element: &Element) -> Option<(usize, usize)> {
    let selection = window()?.get_selection().ok().flatten()?;
    if selection.range_count() == 0 || selection.is_collapsed() {
        return None;
    }
    let range = selection.get_range_at(0).ok()?;
    let whole = range.common_ancestor_container().ok()?;
    if !element.contains(Some(&whole)) {
        return None;
    }
    let before = document()?.create_range().ok()?;
    before.select_node_contents(element).ok()?;
    before
        .set_end(&range.start_container().ok()?, range.start_offset().ok()?)
        .ok()?;
    let length = |range: &Range| String::from(range.to_string()).chars().count();
    let start = length(&before);
    Some((start, start + length(&range)))
}

/// Selects nothing any more.
pub fn drop_selection() {
    let selection = window().and_then(|window| window.get_selection().ok().flatten());
    if let Some(Err(error)) = selection.map(|selection| selection.remove_all_ranges()) {
        log::warn!("the selection: {error:?}");
    }
}

/// Hands a file to the user.
pub fn download(file_name: &str, media_type: &str, contents: &JsValue) {
    if let Err(error) = try_download(file_name, media_type, contents) {
        log::error!("{file_name} could not be handed over: {error:?}");
    }
}

fn try_download(file_name: &str, media_type: &str, contents: &JsValue) -> Result<(), JsValue> {
    let document = document().ok_or(JsValue::NULL)?;
    let options = BlobPropertyBag::new();
    options.set_type(media_type);
    let blob = Blob::new_with_buffer_source_sequence_and_options(&Array::of1(contents), &options)?;
    let url = Url::create_object_url_with_blob(&blob)?;
    let link: HtmlAnchorElement = document.create_element("a")?.unchecked_into();
    link.set_href(&url);
    link.set_download(file_name);
    document.body().ok_or(JsValue::NULL)?.append_child(&link)?;
    link.click();
    link.remove();
    // The browser reads the address after the click's task; a minute is plenty.
    gloo_timers::callback::Timeout::new(60_000, move || {
        Url::revoke_object_url(&url).unwrap_or_default();
    })
    .forget();
    Ok(())
}

/// The bytes of `text` as UTF-8, ready to be moved.
pub fn utf8(text: &str) -> ArrayBuffer {
    Uint8Array::from(text.as_bytes()).buffer()
}

/// Fetches a file of the site.
pub async fn fetch(address: &str) -> Result<ArrayBuffer, JsValue> {
    let window = window().ok_or(JsValue::NULL)?;
    let response: Response = JsFuture::from(window.fetch_with_str(address)).await?.dyn_into()?;
    if !response.ok() {
        return Err(format!("HTTP {}", response.status()).into());
    }
    JsFuture::from(response.array_buffer()?).await?.dyn_into()
}

/// The bytes of a file the user chose.
pub async fn read_file(blob: Blob) -> Result<ArrayBuffer, JsValue> {
    JsFuture::from(blob.array_buffer()).await?.dyn_into()
}

/// Keeps the screen awake until it is dropped.
#[derive(Default)]
pub struct Awake {
    sentinel: std::rc::Rc<std::cell::RefCell<Option<JsValue>>>,
}

impl Awake {
    /// Asks for it; the browser may refuse, which is told, and lets go when the tab is hidden.
    pub fn hold(granted: Callback<bool>) -> Self {
        let awake = Self::default();
        let slot = std::rc::Rc::downgrade(&awake.sentinel);
        spawn_local(async move {
            match request_wake_lock().await {
                Ok(sentinel) => match slot.upgrade() {
                    Some(slot) => {
                        *slot.borrow_mut() = Some(sentinel);
                        granted.emit(true);
                    }
                    None => release(&sentinel),
                },
                Err(error) => {
                    log::info!("the screen may sleep: {error:?}");
                    if slot.upgrade().is_some() {
                        granted.emit(false);
                    }
                }
            }
        });
        awake
    }
}

impl Drop for Awake {
    fn drop(&mut self) {
        if let Some(sentinel) = self.sentinel.borrow_mut().take() {
            release(&sentinel);
        }
    }
}

// web-sys counts wake locks as unstable, so they are reached by name.
async fn request_wake_lock() -> Result<JsValue, JsValue> {
    let navigator = window().ok_or(JsValue::NULL)?.navigator();
    let wake_lock = Reflect::get(&navigator, &"wakeLock".into())?;
    let request: Function = Reflect::get(&wake_lock, &"request".into())?.dyn_into()?;
    let promise: Promise = request.call1(&wake_lock, &"screen".into())?.dyn_into()?;
    JsFuture::from(promise).await
}

fn release(sentinel: &JsValue) {
    let release = Reflect::get(sentinel, &"release".into()).and_then(|release| release.dyn_into::<Function>());
    if let Err(error) = release.and_then(|release| release.call0(sentinel)) {
        log::info!("the wake lock: {error:?}");
    }
}

/// What an exception says.
pub fn reason(error: &JsValue) -> String {
    let message = Reflect::get(error, &"message".into())
        .ok()
        .and_then(|message| message.as_string());
    message
        .or_else(|| error.as_string())
        .unwrap_or_else(|| format!("{error:?}"))
}
