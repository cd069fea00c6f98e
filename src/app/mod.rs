//! The program: command line, configuration, wiring, telemetry, shutdown.

mod base;
mod cli;
mod commands;
pub mod config;
mod demo;
mod health;
mod limits;
mod outside;
mod priority;
pub mod prompts;
mod reload;
mod server;
mod setup;
mod telemetry;
mod trunks;
mod web;

use std::process::ExitCode;

use clap::Parser as _;

pub use server::Server;

/// Why a command ends without having done what was asked; printed as one sentence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    code: u8,
    text: String,
}

impl Failure {
    /// The request was understood and refused (exit code 1).
    pub fn refused(text: impl Into<String>) -> Self {
        Self { code: 1, text: text.into() }
    }

    /// The request was not understood (exit code 2).
    pub fn usage(text: impl Into<String>) -> Self {
        Self { code: 2, text: text.into() }
    }
}

/// Any error becomes a refusal with its own words.
impl<E: std::error::Error> From<E> for Failure {
    fn from(error: E) -> Self {
        Self::refused(error.to_string())
    }
}

/// As a shell reports who ended by SIGPIPE.
const READER_IS_GONE: i32 = 128 + 13;

/// Whoever reads what is printed may have enough of it, as `head` has: that is no fault, and the program ends without a word.
fn end_quietly_when_nobody_reads() {
    let usual = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        let said = panic.payload_as_str().unwrap_or_default();
        if said.starts_with("failed printing to std") && said.contains("Broken pipe") {
            std::process::exit(READER_IS_GONE);
        }
        usual(panic);
    }));
}

/// Runs the command that the process was started with.
pub fn run() -> ExitCode {
    end_quietly_when_nobody_reads();
    let args = match cli::Args::try_parse() {
        Ok(args) => args,
        Err(error) => {
            let code = if error.use_stderr() { 2 } else { 0 };
            // Nothing can be said when standard error is gone.
            let _ = error.print();
            return ExitCode::from(code);
        }
    };
    let mut runtime = tokio::runtime::Builder::new_multi_thread();
    let runtime = match runtime.enable_all().on_thread_start(|| priority::lower(priority::CALLS)).build() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("aftertone: the runtime cannot start: {error}");
            return ExitCode::FAILURE;
        }
    };
    match runtime.block_on(commands::run(args)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("aftertone: {}", failure.text);
            ExitCode::from(failure.code)
        }
    }
}
