//! Registers the service worker, which makes the second visit work offline, and brings in a new version of the site when
//! the user wants it.
//!
//! The new version waits beside the old one until then, so that a page never meets files of another version.

use std::cell::RefCell;
use std::rc::Rc;

use gloo_events::EventListener;
use js_sys::Reflect;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::{JsFuture, spawn_local};
use web_sys::{ServiceWorker, ServiceWorkerContainer, ServiceWorkerRegistration, ServiceWorkerState};
use yew::Callback;

use super::browser;

/// A version that waits.
#[derive(Debug, Clone)]
pub struct Renewal(ServiceWorker);

impl Renewal {
    /// Lets the new version take over and loads the page again with it.
    pub fn use_now(&self) {
        let (Some(container), Some(window)) = (container(), browser::window()) else {
            return;
        };
        let reload = move |_: &web_sys::Event| {
            if let Err(error) = window.location().reload() {
                log::warn!("the page does not load again: {error:?}");
            }
        };
        EventListener::once(&container, "controllerchange", reload).forget();
        if let Err(error) = self.0.post_message(&"activate".into()) {
            log::warn!("the new version does not hear: {error:?}");
        }
    }
}

/// Registers the service worker; `found` is told when a new version waits.
pub fn register(found: Callback<Renewal>) {
    let Some(container) = container() else { return };
    spawn_local(async move {
        match JsFuture::from(container.register("service-worker.js")).await {
            Ok(registration) => look_out(&container, registration.unchecked_into(), found),
            Err(error) => log::warn!("the site will not work offline: {}", browser::reason(&error)),
        }
    });
}

/// Nothing where the page is not in a secure context.
fn container() -> Option<ServiceWorkerContainer> {
    let navigator = browser::window()?.navigator();
    let container = Reflect::get(&navigator, &JsValue::from("serviceWorker")).ok()?;
    container.is_object().then(|| container.unchecked_into())
}

fn look_out(container: &ServiceWorkerContainer, registration: ServiceWorkerRegistration, found: Callback<Renewal>) {
    // The first version on this machine replaces nothing, so it is no news.
    if container.controller().is_none() {
        return;
    }
    if let Some(waiting) = registration.waiting() {
        return found.emit(Renewal(waiting));
    }
    let states = Rc::new(RefCell::new(None));
    let observed = registration.clone();
    EventListener::new(&registration, "updatefound", move |_| {
        let Some(installing) = observed.installing() else {
            return;
        };
        let (found, new) = (found.clone(), installing.clone());
        *states.borrow_mut() = Some(EventListener::new(&installing, "statechange", move |_| {
            if new.state() == ServiceWorkerState::Installed {
                found.emit(Renewal(new.clone()));
            }
        }));
    })
    .forget();
}
