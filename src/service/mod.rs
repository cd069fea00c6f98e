//! Use cases; each owns its transaction.

pub mod accounts;
pub mod deposit;
pub mod greetings;
pub mod ladder;
pub mod links;
pub mod outbound;
pub mod prompts;
pub mod reception;
pub mod remembered;
pub mod retention;
pub mod routing;
