//! Holds one file a model family, each with its config and its forward pass from top to bottom, and what they share.
//!
//! [`encoder`] joins the families: which one a config.json describes, and one type for all their encoders.

pub mod bert;
mod config_checks;
pub mod distilbert;
pub mod encoder;
pub mod gpt2;
pub mod layers;
