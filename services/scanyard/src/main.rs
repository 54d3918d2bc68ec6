//! The `scanyard` binary: one program for the command line, for one machine and for a cluster.
//!
//! It parses arguments, wires roles together and prints; what it knows about images and advisories
//! is in the crates.

mod cache;
mod cli;
mod client;
mod columns;
mod commands;
mod database;
mod exit;
mod first_key;
mod image_scan;
mod line_progress;
mod output;
mod paths;
mod policies;
mod progress;
mod service;
mod signals;
mod timing_table;

use std::process::ExitCode;

use clap::Parser;

use cli::Cli;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return exit::report_usage(&error),
    };
    match commands::run(cli) {
        Ok(exit) => exit.into(),
        Err(error) => exit::report_error(&error),
    }
}
