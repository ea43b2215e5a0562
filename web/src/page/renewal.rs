//! Registers the service worker, which makes the second visit work offline, and brings in a new version of the site when
//! the user wants it.
//!
//! The new version waits beside the old one until then, so that a page never meets files of another version. Once one tab wants
//! it, it takes over in all of them: one with nothing to lose loads again at once, another when its user says so.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use gloo_events::EventListener;
use js_sys::Reflect;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::{JsFuture, spawn_local};
use web_sys::{ServiceWorker, ServiceWorkerContainer, ServiceWorkerRegistration, ServiceWorkerState};
use yew::Callback;

use super::browser;

/// Another version than the page's.
#[derive(Debug, Clone)]
pub enum Renewal {
    /// It waits to be wanted.
    Waiting(ServiceWorker),
    /// It took over, as another tab wanted: the files of the page's own version are gone.
    TakenOver,
}

impl Renewal {
    /// Lets the new version take over and loads the page again with it.
    pub fn use_now(&self) {
        let (Self::Waiting(version), Some(container)) = (self, container()) else {
            return browser::reload();
        };
        // Another tab may have been faster.
        if !matches!(
            version.state(),
            ServiceWorkerState::Installed | ServiceWorkerState::Activating
        ) {
            return browser::reload();
        }
        EventListener::once(&container, "controllerchange", |_| browser::reload()).forget();
        if let Err(error) = version.post_message(&"activate".into()) {
            log::warn!("the new version does not hear: {error:?}");
        }
    }
}

/// Registers the service worker; `found` is told when a new version waits, and when it took over.
pub fn register(found: Callback<Renewal>) {
    let Some(container) = container() else { return };
    follow(&container, found.clone());
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

/// Tells of a version that takes over. The first on this machine takes over from none.
fn follow(container: &ServiceWorkerContainer, found: Callback<Renewal>) {
    let has_version = Cell::new(container.controller().is_some());
    EventListener::new(container, "controllerchange", move |_| {
        if has_version.replace(true) {
            found.emit(Renewal::TakenOver);
        }
    })
    .forget();
}

fn look_out(container: &ServiceWorkerContainer, registration: ServiceWorkerRegistration, found: Callback<Renewal>) {
    // The first version on this machine replaces nothing, so it is no news.
    if container.controller().is_none() {
        return;
    }
    if let Some(waiting) = registration.waiting() {
        return found.emit(Renewal::Waiting(waiting));
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
                found.emit(Renewal::Waiting(new.clone()));
            }
        }));
    })
    .forget();
}
