//! Runs the project's own chores: `cargo xtask test` is the whole test run, the same on a fresh machine and in CI;
//! `cargo xtask bench` measures.
//!
//! `test` holds the steps and their order, `outside` those on other workspaces, `requirement` what a machine must have for
//! them and how to get it, `command` starts programs.

mod bench;
mod command;
mod outside;
mod requirement;
mod serve;
mod test;
mod web;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Chores of the project.
#[derive(Parser)]
#[command(bin_name = "cargo xtask")]
struct Arguments {
    #[command(subcommand)]
    chore: Chore,
}

#[derive(Subcommand)]
enum Chore {
    /// Sets the machine up, then runs every check and every test without network
    Test(test::Options),
    /// Builds the site into a folder that any static host can serve, and weighs its code
    Web(web::Options),
    /// Builds the site and serves it on this machine
    Serve(serve::Options),
    /// Measures training and inference beside PyTorch
    Bench(bench::Options),
}

fn main() -> ExitCode {
    let done = match Arguments::parse().chore {
        Chore::Test(options) => test::run(&options),
        Chore::Web(options) => web::run(&options),
        Chore::Serve(options) => serve::run(&options),
        Chore::Bench(options) => bench::run(&options),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("xtask: {error:#}");
            ExitCode::FAILURE
        }
    }
}
