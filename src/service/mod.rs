//! Use cases; each owns its transaction.

pub mod ladder;
pub mod routing;
pub mod outbound;
pub mod reception;
pub mod remembered;
