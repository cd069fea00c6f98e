//! The `Diversion` header (RFC 5806): who sent the call on, and why. The topmost value is the last redirector.

use crate::domain::RedirectReason;
use crate::sip::reason;
use crate::sip::uri::{NameAddr, Uri, UriError, split_list};

/// One `Diversion` value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diversion {
    /// Who sent the call on.
    pub uri: Uri,
    /// Display name of that party.
    pub name: Option<String>,
    /// Why.
    pub reason: RedirectReason,
    /// How many redirections this value stands for; 1 when it does not say.
    pub counter: u32,
    /// The redirector wants the address withheld from the called user (`privacy=full` or `uri`).
    pub private: bool,
}

impl Diversion {
    /// Reads one value.
    ///
    /// # Errors
    /// When there is no URI in it that names somebody.
    pub fn parse(value: &str) -> Result<Self, UriError> {
        let party = NameAddr::parse(value)?;
        let counter = party.param("counter").and_then(|text| text.trim().parse().ok()).unwrap_or(1);
        Ok(Self {
            uri: Uri::lenient(&party.uri)?,
            reason: party.param("reason").map_or(RedirectReason::Unknown, reason::from_word),
            counter,
            private: party.param("privacy").is_some_and(hides_address),
            name: party.name,
        })
    }

    /// Reads every value of every header line, topmost (last redirector) first. Values that cannot be read keep their
    /// place, so that nobody mistakes the next one for them.
    pub fn parse_all(lines: &[String]) -> Vec<Result<Self, UriError>> {
        lines.iter().take(32).flat_map(|line| split_list(line)).take(32).map(Self::parse).collect()
    }
}

/// Of the values of `privacy`, `name` and `off` let the address be seen (RFC 5806 §5).
fn hides_address(privacy: &str) -> bool {
    matches!(privacy.trim().to_ascii_lowercase().as_str(), "full" | "uri")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_value_tells_who_and_why() {
        let value = r#""Ada, L." <sip:+15550100199@pbx;user=phone>;Reason="user-busy";counter=2;privacy=full;screen=no"#;
        let diversion = Diversion::parse(value).unwrap();
        assert_eq!(diversion.uri.number().as_deref(), Some("+15550100199"));
        assert_eq!(diversion.name.as_deref(), Some("Ada, L."));
        assert_eq!((diversion.reason, diversion.counter), (RedirectReason::UserBusy, 2));
        assert!(diversion.private);
    }

    #[test]
    fn several_values_in_one_line_and_in_several_keep_their_order() {
        let lines = [
            "<sip:1100@cucm>;reason=no-answer, <sip:1200@cucm>;reason=unconditional;privacy=off".to_owned(),
            "tel:1408;reason=time-of-day".to_owned(),
        ];
        let read: Vec<_> = Diversion::parse_all(&lines).into_iter().map(Result::unwrap).collect();
        let users: Vec<_> = read.iter().filter_map(|diversion| diversion.uri.user()).collect();
        assert_eq!(users, ["1100", "1200", "1408"]);
        assert_eq!(read[2].reason, RedirectReason::TimeOfDay);
        assert!(read.iter().all(|diversion| !diversion.private && diversion.counter == 1));
    }

    #[test]
    fn a_value_that_cannot_be_read_keeps_its_place() {
        let lines = ["<sip:>;reason=user-busy".to_owned(), "<sip:1001@x>".to_owned()];
        let read = Diversion::parse_all(&lines);
        assert!(read[0].is_err());
        assert_eq!(read[1].as_ref().unwrap().reason, RedirectReason::Unknown);
    }

    proptest! {
        #[test]
        fn no_header_line_makes_the_reader_panic(line in "[<>sip:0-9@;,=\"\\\\a-z ]{0,120}") {
            prop_assert!(Diversion::parse_all(&[line]).len() <= 32);
        }
    }
}
