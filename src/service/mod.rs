//! Use cases; each owns its transaction.

pub mod ladder;
pub mod routing;
