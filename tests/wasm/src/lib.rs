//! Runs the checks of `tests/japanese.rs` on wasm32. `run.mjs` hands the files over: it asks [`input`] for room, fills it
//! twice (a name, its bytes), keeps them with [`file`], and reads what [`run`] found at [`output`].

// The checks name the core; here it is this crate, which compiles the core's tokenizer once more.
extern crate self as terakoya_core;

use std::cell::RefCell;

use tokenizer::Files;

#[path = "../../japanese/cases.rs"]
mod cases;
#[path = "../../../core/src/tokenizer/mod.rs"]
pub mod tokenizer;

#[derive(Default)]
struct Desk {
    inputs: Vec<Vec<u8>>,
    fixtures: Files,
    dictionaries: Files,
    output: String,
}

thread_local! {
    static DESK: RefCell<Desk> = RefCell::default();
}

/// Room for `length` bytes, which the caller fills.
#[unsafe(no_mangle)]
pub extern "C" fn input(length: usize) -> *mut u8 {
    DESK.with_borrow_mut(|desk| {
        desk.inputs.push(vec![0; length]);
        desk.inputs.last_mut().map_or(std::ptr::null_mut(), Vec::as_mut_ptr)
    })
}

/// Keeps the last two inputs as a file's name and bytes: a fixture, or a packed dictionary where `is_dictionary` is not 0.
#[unsafe(no_mangle)]
pub extern "C" fn file(is_dictionary: u32) {
    DESK.with_borrow_mut(|desk| {
        let (bytes, name) = (
            desk.inputs.pop().unwrap_or_default(),
            desk.inputs.pop().unwrap_or_default(),
        );
        let files = if is_dictionary == 0 {
            &mut desk.fixtures
        } else {
            &mut desk.dictionaries
        };
        files.insert(String::from_utf8_lossy(&name).into_owned(), bytes);
    });
}

/// Checks everything; gives the length of what it found: a line for each case, or `error:` and the reason.
#[unsafe(no_mangle)]
pub extern "C" fn run() -> usize {
    DESK.with_borrow_mut(|desk| {
        desk.output = match cases::check_all(std::mem::take(&mut desk.fixtures), &desk.dictionaries) {
            Ok(checked) => checked
                .iter()
                .map(|checked| format!("{} {} {}\n", checked.case, checked.part, checked.texts))
                .collect(),
            Err(error) => format!("error: {error}\n"),
        };
        desk.output.len()
    })
}

/// Where [`run`]'s words begin.
#[unsafe(no_mangle)]
pub extern "C" fn output() -> *const u8 {
    DESK.with_borrow(|desk| desk.output.as_ptr())
}
