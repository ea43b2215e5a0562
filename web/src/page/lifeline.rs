//! Notices through a Web Lock that the worker is gone, even when it is killed from outside and cannot say so; and that
//! nobody is at work on a run any more.
//!
//! The worker holds a lock named as itself for as long as it lives, and one for each run it trains. The page asks for the
//! same lock and gets it when it was given back or the browser has taken it from the dead. web-sys counts the lock manager as
//! unstable, so it is reached by name here.

use js_sys::{Array, Function, Object, Promise, Reflect};
use wasm_bindgen::closure::Closure;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::{JsFuture, spawn_local};
use yew::Callback;

/// Tells `lost` once, when the lock `name` has become free. Where there are no locks, or the worker took none, nothing is
/// ever told.
pub fn watch(name: String, lost: Callback<String>) {
    spawn_local(async move {
        let Some(locks) = locks() else { return };
        match wait_for_release(&locks, &name).await {
            Ok(true) => lost.emit(String::new()),
            Ok(false) => log::info!("the worker holds no lock"),
            Err(error) => log::info!("locks cannot be asked: {error:?}"),
        }
    });
}

/// Tells `released` once, when nobody holds the lock `name`: it is soon after a reload that the worker before it is gone.
pub fn when_released(name: String, released: Callback<()>) {
    spawn_local(async move {
        let Some(locks) = locks() else { return };
        match wait_for_release(&locks, &name).await {
            Ok(_) => released.emit(()),
            Err(error) => log::info!("locks cannot be asked: {error:?}"),
        }
    });
}

/// Whether the browser has Web Locks.
pub fn has_locks() -> bool {
    locks().is_some()
}

fn locks() -> Option<JsValue> {
    let navigator = web_sys::window()?.navigator();
    let locks = Reflect::get(&navigator, &"locks".into()).ok()?;
    locks.is_object().then_some(locks)
}

/// `false` where nobody holds the lock to begin with.
async fn wait_for_release(locks: &JsValue, name: &str) -> Result<bool, JsValue> {
    let query: Function = Reflect::get(locks, &"query".into())?.dyn_into()?;
    let snapshot = JsFuture::from(query.call0(locks)?.dyn_into::<Promise>()?).await?;
    let held: Array = Reflect::get(&snapshot, &"held".into())?.dyn_into()?;
    let named = |lock: JsValue| Reflect::get(&lock, &"name".into()).is_ok_and(|held| held == *name);
    if !held.iter().any(named) {
        return Ok(false);
    }
    let request: Function = Reflect::get(locks, &"request".into())?.dyn_into()?;
    let granted = Closure::once_into_js(|| JsValue::UNDEFINED);
    let options = Object::new();
    Reflect::set(&options, &"mode".into(), &"shared".into())?;
    let released = request.call3(locks, &name.into(), &options, &granted)?;
    JsFuture::from(released.dyn_into::<Promise>()?).await?;
    Ok(true)
}
