//! What a key of the telephone does for a caller who listens to a mailbox's greeting: the mailbox's own table.
//!
//! Whether a target may be called is not decided here: [`crate::service::outbound`] does, when the key is set and again
//! when it is pressed.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::{Extension, Invalid, PhoneNumber};

/// The keys of one mailbox, `1` to `9`. (`0`, `*` and `#` mean the same in every greeting.)
pub type CallerKeys = BTreeMap<char, KeyTarget>;

/// Where a key leads.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum KeyTarget {
    /// The call is transferred to this number or SIP URI.
    Call(String),
    /// This mailbox takes the call.
    Mailbox(Extension),
    /// People are looked for by name.
    Directory,
}

const REMEDY: &str = "write a number, a URI like sip:desk@example.org, mailbox:1002, or directory";

impl FromStr for KeyTarget {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        let text = text.trim();
        if text.eq_ignore_ascii_case("directory") {
            return Ok(Self::Directory);
        }
        if let Some(extension) = text.strip_prefix("mailbox:") {
            return extension.parse().map(Self::Mailbox);
        }
        if is_target(text) {
            return Ok(Self::Call(text.to_owned()));
        }
        Err(Invalid::new("target of a key", text, REMEDY))
    }
}

impl TryFrom<String> for KeyTarget {
    type Error = Invalid;

    fn try_from(text: String) -> Result<Self, Invalid> {
        text.parse()
    }
}

impl From<KeyTarget> for String {
    fn from(target: KeyTarget) -> Self {
        target.to_string()
    }
}

impl fmt::Display for KeyTarget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Call(target) => f.write_str(target),
            Self::Mailbox(extension) => write!(f, "mailbox:{extension}"),
            Self::Directory => f.write_str("directory"),
        }
    }
}

/// Whether it reads as a number or as a SIP URI that can stand in a header.
pub fn is_target(text: &str) -> bool {
    let is_uri = text.strip_prefix("sip:").or(text.strip_prefix("sips:")).is_some_and(|rest| {
        !rest.is_empty()
            && rest.len() <= 250
            && rest.bytes().all(|byte| byte.is_ascii_graphic() && !b"<>\"".contains(&byte))
    });
    is_uri || text.parse::<PhoneNumber>().is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_reads_as_it_is_written() {
        for text in ["+4930123456", "sip:desk@pbx.example.org", "mailbox:1002", "directory"] {
            let target: KeyTarget = text.parse().unwrap();
            assert_eq!(target.to_string(), text);
            let json = serde_json::to_string(&target).unwrap();
            assert_eq!(serde_json::from_str::<KeyTarget>(&json).unwrap(), target);
        }
    }

    #[test]
    fn what_leads_nowhere_is_refused() {
        for text in ["", "mailbox:", "mailbox:a", "http://x", "sip:", "sip:a b", "sip:a>b", "operator"] {
            assert!(text.parse::<KeyTarget>().is_err(), "{text}");
        }
    }
}
