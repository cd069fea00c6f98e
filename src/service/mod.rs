//! Use cases; each owns its transaction.

pub mod prompts;
