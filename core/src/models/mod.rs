//! Holds one file a model family, each with its config and its forward pass from top to bottom, and what they share.

pub mod bert;
pub mod layers;
