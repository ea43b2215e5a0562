//! Draws the page and talks to the worker.

/// Starts the page.
pub fn start() {
    console_error_panic_hook::set_once();
}
