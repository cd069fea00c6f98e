//! Who is calling, as far as it may be told.

use serde::{Deserialize, Serialize};

/// The caller as the owner of the mailbox may see it. Text from the network: hostile until it is escaped.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct CallerId {
    /// Number or SIP user part, at most 64 characters. `None` when unknown or withheld.
    pub number: Option<String>,
    /// Display name, at most 128 characters, control characters removed. `None` when absent or withheld.
    pub name: Option<String>,
    /// The caller asked for privacy (RFC 3323) or came as `anonymous`.
    pub anonymous: bool,
}

impl CallerId {
    /// A caller who withholds the identity.
    pub fn anonymous() -> Self {
        Self { number: None, name: None, anonymous: true }
    }

    /// Cleans what the network sent: control characters go, lengths are bounded, empty becomes `None`.
    pub fn new(number: Option<&str>, name: Option<&str>) -> Self {
        Self { number: clean(number, 64), name: clean(name, 128), anonymous: false }
    }
}

fn clean(text: Option<&str>, limit: usize) -> Option<String> {
    let text: String = text?.chars().filter(|c| !c.is_control()).take(limit).collect();
    let text = text.trim();
    (!text.is_empty()).then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_characters_and_overlong_names_do_not_pass() {
        let caller = CallerId::new(Some("100\r\n1"), Some(&"x".repeat(500)));
        assert_eq!(caller.number.as_deref(), Some("1001"));
        assert_eq!(caller.name.map(|name| name.len()), Some(128));
        assert_eq!(CallerId::new(Some("  "), None).number, None);
    }
}
