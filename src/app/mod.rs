//! Config, wiring, telemetry, shutdown, command line.

pub mod prompts;
