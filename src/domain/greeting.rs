//! Greetings: what a caller hears before the tone.

use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{GreetingId, Invalid, MailboxId, TenantId};

/// The kinds of greeting a mailbox can have, and the recorded name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum GreetingKind {
    /// Temporary or away: wins over all others while it is on.
    Away,
    /// Played when the phone was busy.
    Busy,
    /// Played to callers of the same tenant.
    Internal,
    /// Played on holidays.
    Holiday,
    /// Played outside of the hours.
    Closed,
    /// Played when nothing more special applies.
    Standard,
    /// The owner's name in the owner's voice.
    Name,
}

impl GreetingKind {
    /// Every kind, in the order of the ladder.
    pub const ALL: [Self; 7] =
        [Self::Away, Self::Busy, Self::Internal, Self::Holiday, Self::Closed, Self::Standard, Self::Name];

    /// The word used by the command line, the store and the API.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Away => "away",
            Self::Busy => "busy",
            Self::Internal => "internal",
            Self::Holiday => "holiday",
            Self::Closed => "closed",
            Self::Standard => "standard",
            Self::Name => "name",
        }
    }
}

impl fmt::Display for GreetingKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for GreetingKind {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        let text = if text == "temporary" { "away" } else { text };
        Self::ALL.into_iter().find(|kind| kind.as_str() == text).ok_or_else(|| {
            Invalid::new(
                "greeting kind",
                text,
                "choose away, busy, internal, holiday, closed, standard or name",
            )
        })
    }
}

/// What an owner calls a greeting (002-070): 1 to 64 characters, none of them a control character.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GreetingName(String);

impl GreetingName {
    /// Longest name in characters.
    pub const LONGEST: usize = 64;

    /// As it was given, without space at its ends.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether two names are the same to a reader: the case of letters is none.
    pub fn is_same(one: &str, other: &str) -> bool {
        one.to_lowercase() == other.to_lowercase()
    }
}

impl fmt::Display for GreetingName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for GreetingName {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        let name = text.trim_matches(' ');
        let is_fit = name.chars().count() <= Self::LONGEST && !name.chars().any(char::is_control);
        if is_fit && !name.trim().is_empty() {
            Ok(Self(name.to_owned()))
        } else {
            Err(Invalid::new(
                "greeting name",
                text,
                "a name has 1 to 64 characters, and no line breaks or other control characters",
            ))
        }
    }
}

/// One uploaded or recorded greeting. The newest active one of a kind is played.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Greeting {
    /// Identity; also names the audio object.
    pub id: GreetingId,
    /// Whose world it is in.
    pub tenant: TenantId,
    /// Whose greeting it is.
    pub mailbox: MailboxId,
    /// When it is played.
    pub kind: GreetingKind,
    /// What the owner calls it, else the uploaded file's name; at most 64 characters.
    pub label: String,
    /// Key of the audio object: WAV, 16 kHz, mono, 16-bit.
    pub object: String,
    /// Length in milliseconds.
    pub duration_ms: u32,
    /// Off ones stay restorable.
    pub active: bool,
    /// From when on it is played. `None`: at once.
    pub from: Option<Timestamp>,
    /// Until when it is played (exclusive). `None`: until switched off.
    pub until: Option<Timestamp>,
    /// When it was stored.
    pub created_at: Timestamp,
}

impl Greeting {
    /// Whether the greeting is on at `now`.
    pub fn is_on(&self, now: Timestamp) -> bool {
        self.active && self.from.is_none_or(|from| from <= now) && self.until.is_none_or(|until| now < until)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // 002-070
    #[test]
    fn a_name_is_short_readable_and_not_empty() {
        for good in ["Summer", "  Sommer – Büro 2 ", "x", &"ä".repeat(64)] {
            assert_eq!(good.parse::<GreetingName>().unwrap().as_str(), good.trim());
        }
        for bad in ["", "   ", "\u{a0}", "a\nb", "\u{0}", "tab\there", &"ä".repeat(65)] {
            assert!(bad.parse::<GreetingName>().is_err(), "{bad:?}");
        }
        assert!(
            GreetingName::is_same("SUMMER ä", "Summer Ä") && !GreetingName::is_same("Summer", "Summer 2")
        );
    }
}
