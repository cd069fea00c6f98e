//! What of a user can be cleared: by a reset before somebody else gets the place, or by clearing the mailbox.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::{Habits, Invalid};

/// A part of a user that can be cleared (002-065, 002-067, 002-093).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Clear {
    /// First and last name, nicknames, login name, mobile phone, SIP address, the place in directory and contacts; role, second
    /// factor and how the mailbox was to this person. What belongs to the desk stays (caller IDs, 911 address, department, …).
    Name,
    /// The addresses. Links in mails that were sent stop working.
    Emails,
    /// The password, sessions, one-time links and keys of programs.
    Password,
    /// The PIN and trusted devices.
    Pin,
    /// Every message, also those in the trash.
    Messages,
    /// Every greeting.
    Greetings,
    /// The recorded name.
    RecordedName,
    /// Answering rules, hours, callers, lists, caller keys and the own operator.
    Rules,
    /// Further numbers and aliases.
    Numbers,
    /// Phones beyond the first one: they are nobody's then.
    Phones,
}

impl Clear {
    /// Every part.
    pub const ALL: [Self; 10] = [
        Self::Name,
        Self::Emails,
        Self::Password,
        Self::Pin,
        Self::Messages,
        Self::Greetings,
        Self::RecordedName,
        Self::Rules,
        Self::Numbers,
        Self::Phones,
    ];

    /// The parts of these words, of which `all` means every one.
    ///
    /// # Errors
    /// [`Invalid`] names the word that is none.
    pub fn parts<T: AsRef<str>>(words: &[T]) -> Result<BTreeSet<Self>, Invalid> {
        if words.iter().any(|word| word.as_ref() == "all") {
            return Ok(Self::ALL.into());
        }
        words.iter().map(|word| word.as_ref().parse()).collect()
    }

    /// What "clear data" of a mailbox means (002-067).
    pub const DATA: [Self; 3] = [Self::Messages, Self::Greetings, Self::RecordedName];

    /// The word used by the command line, the store and the API.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::Emails => "emails",
            Self::Password => "password",
            Self::Pin => "pin",
            Self::Messages => "messages",
            Self::Greetings => "greetings",
            Self::RecordedName => "recorded-name",
            Self::Rules => "rules",
            Self::Numbers => "numbers",
            Self::Phones => "phones",
        }
    }
}

impl fmt::Display for Clear {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Clear {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        let remedy = "choose name, emails, password, pin, messages, greetings, recorded-name, rules, numbers or phones";
        let found = Self::ALL.into_iter().find(|part| part.as_str() == text);
        found.ok_or_else(|| Invalid::new("clear", text, remedy))
    }
}

/// What is to be cleared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Clearing {
    /// Which parts.
    pub parts: BTreeSet<Clear>,
    /// A reset: the user must be set up anew (002-094). Otherwise the same person stays.
    pub is_reset: bool,
    /// How the mailbox is once its person is gone: as a new one. `None`: as it was.
    pub fresh: Option<Habits>,
}

impl Clearing {
    /// Whether this part is among them.
    pub fn has(&self, part: Clear) -> bool {
        self.parts.contains(&part)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_part_has_one_word() {
        for part in Clear::ALL {
            assert_eq!(part.as_str().parse(), Ok(part));
            assert_eq!(serde_json::to_string(&part).unwrap_or_default(), format!("\"{part}\""));
        }
        assert!("everything".parse::<Clear>().is_err());
    }
}
