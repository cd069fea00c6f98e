//! Why a phone was not added or changed, and what to do about it.

use super::super::accounts::AccountError;
use crate::domain::Invalid;
use crate::store::StoreError;

/// Why a phone was not added or changed.
#[derive(Debug, thiserror::Error)]
pub enum HandsetError {
    /// A value is out of its range or shape.
    #[error(transparent)]
    Invalid(#[from] Invalid),
    /// The owner is nobody (000-01).
    #[error("there is no user {0:?}: give the extension of a user who is there, or leave it empty")]
    NoUser(String),
    /// There is no such phone.
    #[error("there is no phone {0:?}: `aftertone handset list` has them, by name and MAC address")]
    NoPhone(String),
    /// A value must be unique, and is somebody else's.
    #[error("{what} {value} is another phone's: {remedy}")]
    Taken {
        /// For example `MAC address`.
        what: &'static str,
        /// The value.
        value: String,
        /// What to do.
        remedy: &'static str,
    },
    /// Somebody else changed it between reading and writing.
    #[error("phone {0} was changed by somebody else just now: look at it again, then change it")]
    ChangedMeanwhile(String),
    /// The database.
    #[error(transparent)]
    Store(StoreError),
}

impl From<StoreError> for HandsetError {
    fn from(error: StoreError) -> Self {
        let (what, value) = match error {
            StoreError::Taken { what: "phone", value } => return Self::ChangedMeanwhile(value),
            StoreError::Taken { what, value } => (what, value),
            StoreError::Missing { what: "user", value } => return Self::NoUser(value),
            other => return Self::Store(other),
        };
        let remedy = match what {
            "MAC address" => "search for it in the list of phones, and change that one",
            "preference group" => "phones of one site need different ones: choose another",
            "number" => "take it from that phone first",
            _ => "choose another name",
        };
        Self::Taken { what, value, remedy }
    }
}

impl From<AccountError> for HandsetError {
    fn from(error: AccountError) -> Self {
        match error {
            AccountError::Invalid(invalid) => Self::Invalid(invalid),
            AccountError::Store(error) => error.into(),
            other => Self::NoUser(other.to_string()),
        }
    }
}
