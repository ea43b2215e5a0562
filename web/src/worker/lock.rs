//! Keeps a second tab from the run that this one trains and from the files of a model that this one fetches, and tells the page that this worker lives, through the browser's
//! Web Locks.

use js_sys::{Array, Function, Object, Promise, Reflect};
use wasm_bindgen::closure::Closure;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;

use super::scope;
use crate::messages::{LOCKS_OF_RUNS, SavedRun};

/// The runs that some tab is at work on, as far as the browser tells.
pub async fn runs_at_work() -> Vec<String> {
    held_names().await.unwrap_or_default()
}

async fn held_names() -> Option<Vec<String>> {
    let (locks, _) = manager()?;
    let query: Function = Reflect::get(&locks, &"query".into()).ok()?.dyn_into().ok()?;
    let asked: Promise = query.call0(&locks).ok()?.dyn_into().ok()?;
    let state = JsFuture::from(asked).await.ok()?;
    let held: Array = Reflect::get(&state, &"held".into()).ok()?.dyn_into().ok()?;
    let name = |lock: JsValue| Reflect::get(&lock, &"name".into()).ok()?.as_string();
    let names = held.iter().filter_map(name);
    Some(
        names
            .filter_map(|name| name.strip_prefix(LOCKS_OF_RUNS).map(str::to_owned))
            .collect(),
    )
}

/// A lock that this worker holds; it ends with the worker, or when it is dropped.
pub struct Lock {
    release: Option<Function>,
}

impl Lock {
    /// Takes the lock of a run; `None` if another tab holds it. Where the browser has no locks, there is nothing to wait for.
    pub async fn take(run: &str) -> Option<Self> {
        Self::take_named(&SavedRun::lock(run)).await
    }

    /// Takes the lock of a model that is fetched; `None` if another worker fetches it.
    pub async fn of_download(model: &str) -> Option<Self> {
        Self::take_named(&format!("terakoya-download-{model}")).await
    }

    /// Takes the lock that the page waits for: it gets it when this worker was ended and could not say so.
    pub async fn of_this_worker() -> Option<Self> {
        Self::take_named(&scope().name()).await
    }

    async fn take_named(name: &str) -> Option<Self> {
        let Some((locks, request)) = manager() else {
            return Some(Self { release: None });
        };
        let mut release = None;
        let held = Promise::new(&mut |resolve, _| release = Some(resolve));
        let mut heard = None;
        let granted = Promise::new(&mut |resolve, _| heard = Some(resolve));
        let heard = heard?;
        let callback = Closure::once_into_js(move |lock: JsValue| -> JsValue {
            let is_ours = !lock.is_null();
            // Nobody hears it if the worker ends meanwhile.
            let _ = heard.call1(&JsValue::NULL, &JsValue::from_bool(is_ours));
            if is_ours { held.into() } else { JsValue::UNDEFINED }
        });
        let options = Object::new();
        Reflect::set(&options, &"ifAvailable".into(), &JsValue::TRUE).ok()?;
        request.call3(&locks, &name.into(), &options, &callback).ok()?;
        let is_ours = JsFuture::from(granted).await.is_ok_and(|granted| granted.is_truthy());
        is_ours.then_some(Self { release })
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        if let Some(release) = self.release.take() {
            // It cannot fail, and the lock ends with the worker at the latest.
            let _ = release.call0(&JsValue::NULL);
        }
    }
}

/// The browser's lock manager and its `request`.
fn manager() -> Option<(JsValue, Function)> {
    let locks = Reflect::get(&scope().navigator(), &"locks".into()).ok()?;
    if !locks.is_object() {
        return None;
    }
    let request = Reflect::get(&locks, &"request".into()).ok()?.dyn_into().ok()?;
    Some((locks, request))
}
