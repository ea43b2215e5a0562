//! The browser app: a page drawn by yew, and a worker that owns the model.
//!
//! The page and the worker are two programs, so that the page is there at once while the worker, which holds all of
//! burn, still loads. They speak [`messages`] only; what they share beside it lies in this library. Messages, files, plain texts and
//! translations need no browser: their tests run wherever the workspace's do.

#[cfg(any(feature = "worker", feature = "checks"))]
pub mod collective;
#[cfg(any(feature = "worker", feature = "checks"))]
pub mod constructors;
pub mod files;
pub mod language;
pub mod messages;
#[cfg(feature = "browser")]
pub mod page;
pub mod plain_text;
#[cfg(any(feature = "worker", feature = "checks"))]
pub mod queue;
pub mod translation;
#[cfg(all(feature = "browser", feature = "worker"))]
pub mod worker;
