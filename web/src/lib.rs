//! The browser app: a page drawn by yew, and a worker that owns the model.
//!
//! The page and the worker are two programs, so that the page is there at once while the worker, which holds all of
//! burn, still loads. They speak [`messages`] only; what they share beside it lies in this library.
#![cfg(feature = "browser")]

pub mod files;
pub mod messages;
pub mod page;
#[cfg(feature = "worker")]
pub mod worker;
