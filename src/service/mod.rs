//! Use cases; each owns its transaction.

pub mod accounts;
pub mod links;
