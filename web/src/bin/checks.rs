//! Repeats comparisons and measurements of the native program where the site runs; no part of the site.
//!
//! Whoever loads it puts `globalThis.check = { name, device, files: { name: Uint8Array } }` first and waits for its
//! `result`. A comparison that fails panics, as in the native tests: the reason is an error in the console.

#[path = "../../../tests/parity/fixture.rs"]
mod fixture;
#[path = "../../../tests/parity/operations.rs"]
mod operations;
#[path = "../../../core/benches/step/timed.rs"]
mod timed;

use js_sys::{Reflect, Uint8Array};
use terakoya_core::device::{ComputeDevice, DeviceChoice};
use terakoya_core::train::Collective;
use terakoya_web::collective::{Chief, Leader, now};
use wasm_bindgen::JsValue;
use wasm_bindgen_futures::spawn_local;

fn main() {
    terakoya_web::constructors::run();
    console_error_panic_hook::set_once();
    // The GPU stack reports a broken shader as a line of the log and goes on with garbage: such lines must be seen.
    console_log::init_with_level(log::Level::Warn).expect("there is no other log");
    if !Reflect::has(&js_sys::global(), &"check".into()).unwrap_or(false) {
        return spawn_local(follow());
    }
    spawn_local(async {
        let check = get(&js_sys::global(), "check");
        let device = device(&text(&check, "device")).await;
        let result = match text(&check, "name").as_str() {
            "parity" => compare_with_pytorch(&check, &device).await,
            "operations" => compare_operations(&device).await,
            shape => measure(shape, &device).await,
        };
        Reflect::set(&check, &"result".into(), &result.into()).expect("the check is an object");
    });
}

async fn compare_with_pytorch(check: &JsValue, device: &ComputeDevice) -> String {
    let files = get(check, "files");
    let file = |name: &str| Uint8Array::new(&get(&files, name)).to_vec();
    fixture::Fixture::new(file, device.device()).check().await;
    device.description().to_owned()
}

async fn compare_operations(device: &ComputeDevice) -> String {
    operations::compare(device.device()).await;
    device.description().to_owned()
}

async fn device(name: &str) -> ComputeDevice {
    match name {
        "gpu" => ComputeDevice::open(DeviceChoice::Gpu).await.expect("an adapter"),
        _ => ComputeDevice::cpu("as asked"),
    }
}

/// Steps of `shape`; on a CPU also those that a second worker shares.
async fn measure(shape: &str, device: &ComputeDevice) -> String {
    let mut measured = timed::measure(shape, device.device(), &now, &mut Alone).await;
    if !device.is_gpu() {
        let leader = Leader::start("checks/start.js", "replica", 2, shape, &[]);
        let mut leader = leader.expect("a browser with workers");
        measured["shared"] = timed::measure(shape, device.device(), &now, &mut leader).await;
    }
    measured.to_string()
}

/// Computes the second half of each step for the program that started this one.
async fn follow() {
    let mut chief = Chief::listen();
    let (shape, _) = chief.job().await.expect("what to measure");
    let cpu = ComputeDevice::cpu("as asked");
    timed::measure(&shape, cpu.device(), &now, &mut chief).await;
}

struct Alone;

impl Collective for Alone {}

fn get(object: &JsValue, key: &str) -> JsValue {
    let value = Reflect::get(object, &key.into()).unwrap_or(JsValue::UNDEFINED);
    assert!(!value.is_undefined(), "the check has no {key:?}");
    value
}

fn text(object: &JsValue, key: &str) -> String {
    get(object, key)
        .as_string()
        .unwrap_or_else(|| panic!("{key:?} is no text"))
}
