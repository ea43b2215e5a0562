//! The program of the page.

fn main() {
    terakoya_web::page::start();
}
