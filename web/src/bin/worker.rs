//! The program of the worker.

fn main() {
    terakoya_web::constructors::run();
    terakoya_web::worker::start();
}
