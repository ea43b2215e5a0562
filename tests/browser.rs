//! Visits the site with Chromium as a student does, and as things go wrong.
//!
//! `visit` runs one test: a server (`server`) that can misbehave, a browser (`chromium`) that is ended in every case, a page
//! (`tab`), with runs of training on it (`runs`) and what a student brings (`models`). Any error in the console fails the
//! test. The tests stand in the files named after what they are about.

#[path = "browser/bad_input.rs"]
mod bad_input;
#[path = "browser/bad_rows.rs"]
mod bad_rows;
#[path = "browser/checks.rs"]
mod checks;
#[path = "browser/chromium.rs"]
mod chromium;
#[path = "browser/columns.rs"]
mod columns;
#[path = "browser/deleting.rs"]
mod deleting;
#[path = "browser/devices.rs"]
mod devices;
#[path = "browser/downloads.rs"]
mod downloads;
#[path = "browser/drawings.rs"]
mod drawings;
#[path = "browser/exporting.rs"]
mod exporting;
#[path = "browser/first_visit.rs"]
mod first_visit;
#[path = "browser/keeping.rs"]
mod keeping;
#[path = "browser/language.rs"]
mod language;
#[path = "browser/models.rs"]
mod models;
#[path = "browser/part.rs"]
mod part;
#[path = "browser/phone.rs"]
mod phone;
#[path = "browser/reading.rs"]
mod reading;
#[path = "browser/renewal.rs"]
mod renewal;
#[path = "browser/report.rs"]
mod report;
#[path = "browser/runs.rs"]
mod runs;
#[path = "browser/server.rs"]
mod server;
#[path = "browser/sharing.rs"]
mod sharing;
#[path = "browser/speed.rs"]
mod speed;
#[path = "browser/tab.rs"]
mod tab;
#[path = "browser/tables.rs"]
mod tables;
#[path = "browser/tasks.rs"]
mod tasks;
#[path = "browser/training.rs"]
mod training;
#[path = "browser/trying.rs"]
mod trying;
#[path = "browser/unkept.rs"]
mod unkept;
#[path = "browser/visit.rs"]
mod visit;
#[path = "browser/watching.rs"]
mod watching;
