//! Why an owner could not have what was asked for: one error for all that is done in an open mailbox.
//!
//! Driven by nobody: `retrieval`, `settings` and `sending` share it.

use crate::audio::wav::WavError;
use crate::blob::objects::ObjectError;
use crate::blob::spool::SpoolError;
use crate::domain::MessageId;
use crate::store::StoreError;

/// A short alias.
pub type Result<T, E = OwnerError> = std::result::Result<T, E>;

/// Why an owner could not have what was asked for.
#[derive(Debug, thiserror::Error)]
pub enum OwnerError {
    /// It is not there (or not the owner's, which is the same).
    #[error("there is no such {what}")]
    Missing {
        /// For example `message`.
        what: &'static str,
    },
    /// The message is private: it stays where it is.
    #[error("the message is private and cannot be forwarded")]
    Private,
    /// The mailbox may not do that.
    #[error("this mailbox may not {what}: an administrator can allow it")]
    NotAllowed {
        /// For example `send to everybody`.
        what: &'static str,
    },
    /// It was done too often lately.
    #[error("that was done too often just now: wait ten minutes")]
    TooOften,
    /// What was asked for makes no sense.
    #[error("{0}")]
    Invalid(&'static str),
    /// The audio is there and cannot be played.
    #[error("the audio of message {id} cannot be played: {why}")]
    Damaged {
        /// Whose audio.
        id: MessageId,
        /// What is wrong with it.
        why: WavError,
    },
    /// Store, bucket or spool are away, or something of ours broke: try again later.
    #[error("not possible now: {0}")]
    Away(String),
}

impl From<StoreError> for OwnerError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Missing { what, .. } => Self::Missing { what },
            other => Self::Away(other.to_string()),
        }
    }
}

impl From<ObjectError> for OwnerError {
    fn from(error: ObjectError) -> Self {
        match error {
            ObjectError::Missing(_) => Self::Missing { what: "audio" },
            other => Self::Away(other.to_string()),
        }
    }
}

impl From<SpoolError> for OwnerError {
    fn from(error: SpoolError) -> Self {
        match error {
            SpoolError::Missing(_) => Self::Missing { what: "recording" },
            other => Self::Away(other.to_string()),
        }
    }
}
