//! Owns the model: hears the page's requests and answers them.

/// Starts the worker.
pub fn start() {
    console_error_panic_hook::set_once();
}
