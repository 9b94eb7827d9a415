//! The command `chainrule`: train on a data set, step through a recording, explore it in a browser.
//!
//! `cargo run` alone is the main job: the penguins, to the verdict.

#![deny(unsafe_code)]
#![deny(clippy::print_stdout, clippy::print_stderr)] // which panic where a pipe is closed

mod commands;

use std::process::ExitCode;

fn main() -> ExitCode {
    chainrule::program::run(commands::run)
}
