//! Who our mails come from: the `From` header and the envelope's return path.

use crate::domain::MailAddress;

use super::{MailError, text};

/// The sender of every mail.
///
/// The envelope's sender (`MAIL FROM`) is this same address unless the transport's URL says otherwise
/// (`?bounces=address`, or `?bounces=none` for the null path). A valid, non-null path is what RFC 5321 §4.5.5 asks of
/// mails that are no delivery reports, and what submission servers insist on. It is never the caller's or the
/// recipient's, so a bounce can only come back to the operator.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sender {
    /// Stands in `From`.
    pub address: MailAddress,
    /// Display name in `From`, printable, at most 64 characters.
    pub name: Option<String>,
}

impl Sender {
    /// Reads `voicemail@example.org` or `Voicemail <voicemail@example.org>`.
    ///
    /// # Errors
    /// [`MailError::Config`] when the address is not one.
    pub fn parse(from: &str) -> Result<Self, MailError> {
        let (name, address) = match from.trim().strip_suffix('>').and_then(|rest| rest.rsplit_once('<')) {
            Some((name, address)) => (name, address),
            None => ("", from.trim()),
        };
        let address = address.trim().parse().map_err(|_| {
            MailError::config(
                "from is not an address: write it as voicemail@example.org or \"Voicemail <voicemail@example.org>\"",
            )
        })?;
        let name = text::line(name.trim().trim_matches('"'), 64);
        Ok(Self { address, name: (!name.is_empty()).then_some(name) })
    }

    /// The part behind the `@`.
    pub(super) fn domain(&self) -> &str {
        self.address.as_str().rsplit_once('@').map_or("localhost", |(_, domain)| domain)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sender_is_an_address_with_or_without_a_name() {
        let plain = Sender::parse("vm@example.org").unwrap();
        assert_eq!((plain.address.as_str(), plain.name.as_deref()), ("vm@example.org", None));
        let named = Sender::parse("\"Voice Mail\" <vm@example.org>").unwrap();
        assert_eq!((named.domain(), named.name.as_deref()), ("example.org", Some("Voice Mail")));
    }

    #[test]
    fn a_sender_that_is_no_address_is_a_mistake_in_the_configuration() {
        for bad in ["", "vm", "Voice <vm>", "a@b\r\nBcc: c@d.e"] {
            assert_eq!(Sender::parse(bad).unwrap_err().kind(), "config", "{bad:?}");
        }
    }
}
