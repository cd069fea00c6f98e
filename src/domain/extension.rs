//! Extensions (the short numbers of mailboxes) and phone numbers (E.164 or national digits).

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::Invalid;

/// The short number of a mailbox: 2 to 10 digits. Unique within its tenant.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Extension(String);

impl Extension {
    /// The digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Extension {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        let digits = text.bytes().all(|byte| byte.is_ascii_digit());
        if digits && (2..=10).contains(&text.len()) {
            Ok(Self(text.to_owned()))
        } else {
            Err(Invalid::new("extension", text, "an extension has 2 to 10 digits and nothing else"))
        }
    }
}

impl TryFrom<String> for Extension {
    type Error = Invalid;

    fn try_from(text: String) -> Result<Self, Invalid> {
        text.parse()
    }
}

impl From<Extension> for String {
    fn from(extension: Extension) -> Self {
        extension.0
    }
}

impl fmt::Display for Extension {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A telephone number in its plain form: an optional `+` and 2 to 20 digits, visual separators removed (RFC 3966 §5.1.1).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct PhoneNumber(String);

impl PhoneNumber {
    /// `+` and digits, or digits alone.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The digits without the leading `+`.
    pub fn digits(&self) -> &str {
        self.0.trim_start_matches('+')
    }
}

impl FromStr for PhoneNumber {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        let plain: String =
            text.chars().filter(|c| !matches!(c, ' ' | '-' | '.' | '(' | ')' | '/')).collect();
        let digits = plain.strip_prefix('+').unwrap_or(&plain);
        if (2..=20).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit()) {
            Ok(Self(plain))
        } else {
            Err(Invalid::new("phone number", text, "a number is an optional + and 2 to 20 digits"))
        }
    }
}

impl TryFrom<String> for PhoneNumber {
    type Error = Invalid;

    fn try_from(text: String) -> Result<Self, Invalid> {
        text.parse()
    }
}

impl From<PhoneNumber> for String {
    fn from(number: PhoneNumber) -> Self {
        number.0
    }
}

impl fmt::Display for PhoneNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_extension_is_two_to_ten_digits() {
        assert_eq!("1001".parse::<Extension>().unwrap().as_str(), "1001");
        for bad in ["", "1", "12345678901", "10a1", "+123", "10 1"] {
            assert!(bad.parse::<Extension>().is_err(), "{bad:?} must be refused");
        }
    }

    #[test]
    fn visual_separators_do_not_matter_in_a_number() {
        assert_eq!("+1 (555) 010-0199".parse::<PhoneNumber>().unwrap().as_str(), "+15550100199");
        assert!("call me".parse::<PhoneNumber>().is_err());
    }
}
