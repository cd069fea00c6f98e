//! Use cases; each owns its transaction.

pub mod accounts;
pub mod deposit;
pub mod greetings;
pub mod links;

pub use deposit::{Deposit, DepositSettings, Kept};
pub use greetings::{GreetingError, Greetings, NewGreeting};
