//! Use cases; each owns its transaction.

pub mod deposit;

pub use deposit::{Deposit, DepositSettings, Kept};
