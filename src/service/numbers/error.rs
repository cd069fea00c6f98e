//! Why a number was not put in, led or taken away, and what to do about it.

use super::super::accounts::AccountError;
use super::lines::LineFault;
use crate::domain::Invalid;
use crate::store::StoreError;

/// Why a number was not put in, led or taken away.
#[derive(Debug, thiserror::Error)]
pub enum NumberError {
    /// A value is out of its range or shape.
    #[error(transparent)]
    Invalid(#[from] Invalid),
    /// Lines of a list are to be mended, each in its own way.
    #[error("{}", lines(.0))]
    Lines(Vec<LineFault>),
    /// Nobody has this extension.
    #[error("there is no user {0:?}: give the extension of a user who is there")]
    NoUser(String),
    /// There is no such number.
    #[error("there is no number {0:?}: add it first")]
    NoNumber(String),
    /// It leads somewhere.
    #[error("{0} leads to somebody: take it away first")]
    InUse(String),
    /// Somebody else has it.
    #[error("{what} {value} is taken: {remedy}")]
    Taken {
        /// For example `port`.
        what: &'static str,
        /// The value.
        value: String,
        /// What to do.
        remedy: &'static str,
    },
    /// The user is above who asks.
    #[error("this user is above you: somebody with a higher role changes it")]
    Above,
    /// The account was not changed.
    #[error(transparent)]
    Account(AccountError),
    /// The database.
    #[error(transparent)]
    Store(StoreError),
}

/// Lines that are told one by one.
const MOST_TOLD: usize = 20;

fn lines(faults: &[LineFault]) -> String {
    let told = faults.iter().take(MOST_TOLD).map(|(line, why)| format!("line {line}: {why}"));
    let mut told: Vec<String> = told.collect();
    match faults.len().saturating_sub(MOST_TOLD) {
        0 => {}
        more => told.push(format!("and {more} more")),
    }
    told.join("; ")
}

impl From<StoreError> for NumberError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Taken { what, value } => {
                let remedy = match what {
                    "port" => "choose another port, or take that number away first",
                    "phone" => "choose a phone of this user, or one that is nobody's",
                    _ => "take it away from there first",
                };
                Self::Taken { what, value, remedy }
            }
            other => Self::Store(other),
        }
    }
}

impl From<AccountError> for NumberError {
    fn from(error: AccountError) -> Self {
        match error {
            AccountError::Invalid(invalid) => Self::Invalid(invalid),
            AccountError::NoMailbox(extension) => Self::NoUser(extension.to_string()),
            AccountError::Store(error) => error.into(),
            other => Self::Account(other),
        }
    }
}
