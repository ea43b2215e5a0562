//! Draws the page, one sheet with four steps, and asks the worker for everything that computes.
//!
//! Read `app` first, then the steps in their order: `trying`, `data`, `training`, `reading`, `keeping`. All that the user
//! reads stands in `words`; what a model says is drawn in `results`, one file a task.

mod app;
mod browser;
mod client;
mod data;
mod events;
mod figures;
mod frame;
mod keeping;
mod lifeline;
mod marked;
mod model;
mod notices;
mod pager;
mod reading;
mod renewal;
mod results;
mod select;
mod shared;
mod tasks;
mod theme;
mod training;
mod trying;
mod words;

/// Starts the page in place of what the document shows while it loads.
pub fn start() {
    console_error_panic_hook::set_once();
    // The only failure is that there is a logger already.
    console_log::init_with_level(log::Level::Warn).unwrap_or_default();
    let Some(root) = browser::document().and_then(|document| document.get_element_by_id("page")) else {
        log::error!("the document has no element \"page\"");
        return;
    };
    root.set_inner_html("");
    yew::Renderer::<app::App>::with_root(root).render();
}
