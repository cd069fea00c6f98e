//! Use cases; each owns its transaction.

pub mod ladder;
pub mod links;
pub mod outbound;
pub mod reception;
pub mod remembered;
pub mod routing;
pub mod accounts;
pub mod deposit;
pub mod greetings;
pub mod links;

pub use deposit::{Deposit, DepositSettings, Kept};
pub use greetings::{GreetingError, Greetings, NewGreeting};
pub mod accounts;
pub mod prompts;
