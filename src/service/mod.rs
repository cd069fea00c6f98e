//! Use cases; each owns its transaction.

pub mod deposit;
pub mod greetings;

pub use deposit::{Deposit, DepositSettings, Kept};
pub use greetings::{GreetingError, Greetings, NewGreeting};
