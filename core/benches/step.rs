//! Prints what a training step takes natively, as JSON: `cargo bench --workspace --bench step -- tiny cpu`; `cargo xtask bench
//! --web` puts it beside the same step in a browser.

#[path = "step/timed.rs"]
mod timed;

use std::time::Instant;

use futures_lite::future::block_on;
use terakoya_core::device::{ComputeDevice, DeviceChoice};
use terakoya_core::train::Collective;

/// The allocator of the command line.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Natively one program has all threads.
struct Alone;

impl Collective for Alone {}

fn main() {
    // `cargo test` runs benches too, without words for them, and has nothing to measure; cargo bench adds `--bench`.
    let words: Vec<String> = std::env::args()
        .skip(1)
        .filter(|word| !word.starts_with("--"))
        .collect();
    let [shape, device] = &words[..] else { return };
    let device = match device.as_str() {
        "gpu" => block_on(ComputeDevice::open(DeviceChoice::Gpu)).expect("an adapter"),
        _ => ComputeDevice::cpu("as asked"),
    };
    let start = Instant::now();
    let now = || start.elapsed().as_secs_f64() * 1000.0;
    let mut measured = block_on(timed::measure(shape, device.device(), &now, &mut Alone));
    measured["device"] = device.description().into();
    println!("{measured}");
}
