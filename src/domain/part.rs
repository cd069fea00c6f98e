//! The parts of a message that was passed on: stretches of its one recording.

use std::str::FromStr;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{CallerId, Invalid};

/// What a part is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PartKind {
    /// What the colleague said who passed it on.
    Introduction,
    /// The message itself.
    Original,
}

impl PartKind {
    /// The word of the store.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Introduction => "introduction",
            Self::Original => "original",
        }
    }
}

impl FromStr for PartKind {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        [Self::Introduction, Self::Original]
            .into_iter()
            .find(|kind| kind.as_str() == text)
            .ok_or_else(|| Invalid::new("part", text, "choose introduction or original"))
    }
}

/// Who left a message that was passed on, and when.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Origin {
    /// Who.
    pub caller: CallerId,
    /// When.
    pub received_at: Timestamp,
}

/// A stretch of a message's recording.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// What it is.
    pub kind: PartKind,
    /// Where it begins, in milliseconds.
    pub start_ms: u32,
    /// How long it is, in milliseconds.
    pub length_ms: u32,
    /// Of the message itself: where it came from.
    pub origin: Option<Origin>,
}
