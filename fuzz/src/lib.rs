//! Compiles the core's readers of text, dictionaries and tokenizers once more, without the tensor library beneath the rest
//! of it: a target is ready in a minute. `--features model` adds the core itself, for the readers that need it.

#[path = "../../core/src/argmax.rs"]
pub mod argmax;
#[path = "../../core/src/bio.rs"]
pub mod bio;
#[path = "../../core/src/data/mod.rs"]
pub mod data;
#[path = "../../core/src/random.rs"]
pub mod random;
#[path = "../../core/src/tokenizer/mod.rs"]
pub mod tokenizer;
