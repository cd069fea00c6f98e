//! Config, wiring, telemetry, shutdown, command line.
