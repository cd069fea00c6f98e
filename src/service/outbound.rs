//! The one place that authorises a call or transfer to somewhere else. Nothing is allowed by default, so toll fraud
//! needs an admin's own line in the configuration.

use std::sync::Arc;

use crate::sip::uri::Uri;

/// The target is not on the list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotAllowed {
    /// It does not read as a number or SIP URI.
    #[error("the target is neither a number nor a SIP URI")]
    Unreadable,
    /// No entry allows it.
    #[error("the target is not among the allowed transfer targets: add it to sip.transfer_targets")]
    NotListed,
}

/// Where calls may go: numbers, number prefixes that end in `*`, or SIP URIs.
#[derive(Debug, Clone, Default)]
pub struct AllowedTargets {
    entries: Arc<[String]>,
    /// Host (and port) that plain numbers are sent to.
    home: String,
}

impl AllowedTargets {
    /// `home` is the host that turns a number into a URI: the peer's address or the configured domain.
    pub fn new(entries: &[String], home: &str) -> Self {
        Self { entries: entries.iter().map(|entry| plain(entry)).collect(), home: home.to_owned() }
    }

    /// The SIP URI to transfer to.
    ///
    /// # Errors
    /// When the target does not read, or no entry allows it.
    pub fn authorise(&self, target: &str) -> Result<String, NotAllowed> {
        let plain = plain(target);
        if plain.is_empty()
            || plain.len() > 256
            || plain.chars().any(|c| c.is_control() || c.is_whitespace() || "<>\"?".contains(c))
        {
            return Err(NotAllowed::Unreadable);
        }
        let is_number = plain.strip_prefix('+').unwrap_or(&plain).bytes().all(|byte| byte.is_ascii_digit());
        if !is_number && Uri::parse(&plain).is_err() {
            return Err(NotAllowed::Unreadable);
        }
        if !self.entries.iter().any(|entry| covers(entry, &plain)) {
            return Err(NotAllowed::NotListed);
        }
        Ok(if is_number { format!("sip:{plain}@{}", self.home) } else { plain })
    }
}

/// Only an entry that is a number may end in a wildcard: `+49*` never covers a URI.
fn covers(entry: &str, target: &str) -> bool {
    match entry.strip_suffix('*') {
        Some(prefix) => {
            let digits =
                |text: &str| text.strip_prefix('+').unwrap_or(text).bytes().all(|byte| byte.is_ascii_digit());
            !prefix.is_empty() && digits(prefix) && digits(target) && target.starts_with(prefix)
        }
        None => entry.eq_ignore_ascii_case(target),
    }
}

fn plain(text: &str) -> String {
    let text = text.trim();
    if text.to_ascii_lowercase().starts_with("sip:") || text.to_ascii_lowercase().starts_with("sips:") {
        return text.to_owned();
    }
    let text = text.strip_prefix("tel:").unwrap_or(text);
    text.chars().filter(|c| !matches!(c, ' ' | '-' | '.' | '(' | ')')).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allowed(entries: &[&str]) -> AllowedTargets {
        AllowedTargets::new(
            &entries.iter().map(|entry| (*entry).to_owned()).collect::<Vec<_>>(),
            "pbx.example.org",
        )
    }

    #[test]
    fn nothing_is_allowed_by_default() {
        assert_eq!(allowed(&[]).authorise("1000"), Err(NotAllowed::NotListed));
    }

    #[test]
    fn a_listed_number_becomes_a_uri_at_home() {
        assert_eq!(allowed(&["1000"]).authorise("1000").unwrap(), "sip:1000@pbx.example.org");
        assert_eq!(allowed(&["+49 30 *"]).authorise("+493012345").unwrap(), "sip:+493012345@pbx.example.org");
    }

    #[test]
    fn a_prefix_never_covers_another_number_or_a_uri() {
        let allowed = allowed(&["10*", "sip:desk@pbx.example.org"]);
        assert!(allowed.authorise("900123").is_err());
        assert!(allowed.authorise("10@evil.example").is_err());
        assert!(allowed.authorise("sip:10@evil.example").is_err());
        assert!(allowed.authorise("sip:desk@pbx.example.org").is_ok());
        assert!(allowed.authorise("sip:desk@pbx.example.org?Replaces=x").is_err());
    }

    #[test]
    fn a_lone_star_opens_nothing() {
        assert!(allowed(&["*"]).authorise("1000").is_err());
    }
}
