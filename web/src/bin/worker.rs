//! The program of the worker.

fn main() {
    terakoya_web::worker::start();
}
