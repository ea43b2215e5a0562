//! Runs what static constructors register, once.
//!
//! cubecl's compiler lists its operations through five thousand of them. A linker that finds no call to
//! `__wasm_call_ctors` takes the program for a command, which runs once and ends, and lets every function that JavaScript
//! calls begin with all of them: a training step on WebGPU has thousands of such calls.

#[allow(unsafe_code)]
unsafe extern "C" {
    /// Made by the linker: calls each constructor of the program. They do not mind to be called again.
    safe fn __wasm_call_ctors();
}

/// Runs the constructors: the first call of a program's `main`.
pub fn run() {
    __wasm_call_ctors();
}
