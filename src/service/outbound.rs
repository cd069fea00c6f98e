//! The one place that authorises a call or transfer to somewhere else. Nothing is allowed by default, so toll fraud
//! needs an admin's own line in the configuration.

use std::sync::Arc;

use crate::domain::{CallFault, Extension};
use crate::sip::uri::Uri;

/// The target is not on the list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotAllowed {
    /// It does not read as a number or SIP URI.
    #[error("the target is neither a number nor a SIP URI")]
    Unreadable,
    /// No entry allows it.
    #[error(
        "the target is not among the allowed transfer targets: whoever runs the server adds it (sip.transfer_targets)"
    )]
    NotListed,
}

/// Where calls may go: numbers, number prefixes that end in `*`, or SIP URIs. Whoever may call an extension may call a phone
/// that is named after it (`1001a`).
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

    /// The numbers and URIs that the list names one by one.
    pub fn named(&self) -> impl Iterator<Item = &str> {
        self.entries.iter().map(String::as_str).filter(|entry| !entry.ends_with('*'))
    }

    /// The SIP URI to transfer to.
    ///
    /// # Errors
    /// When the target does not read, or no entry allows it.
    pub fn authorise(&self, target: &str) -> Result<String, NotAllowed> {
        let plain = plain(target);
        let is_number = shape(&plain)?;
        let number = extension_of_phone(&plain).unwrap_or(&plain);
        if !self.entries.iter().any(|entry| covers(entry, &plain) || covers(entry, number)) {
            return Err(NotAllowed::NotListed);
        }
        Ok(if is_number { format!("sip:{plain}@{}", self.home) } else { plain })
    }
}

/// Whether a target reads as a number, a phone or a SIP URI, wherever it may lead.
///
/// # Errors
/// [`NotAllowed::Unreadable`].
pub fn check_shape(target: &str) -> Result<(), NotAllowed> {
    shape(&plain(target)).map(drop)
}

/// Whether a plain target is a number or a phone that is named after one; otherwise it is a URI.
fn shape(plain: &str) -> Result<bool, NotAllowed> {
    if plain.is_empty()
        || plain.len() > 256
        || plain.chars().any(|c| c.is_control() || c.is_whitespace() || "<>\"?".contains(c))
    {
        return Err(NotAllowed::Unreadable);
    }
    let number = extension_of_phone(plain).unwrap_or(plain);
    let is_number = number.strip_prefix('+').unwrap_or(number).bytes().all(|byte| byte.is_ascii_digit());
    if is_number || Uri::parse(plain).is_ok() { Ok(is_number) } else { Err(NotAllowed::Unreadable) }
}

/// A way out for calls that we place: a trunk, and whom it may call.
#[derive(Debug, Clone, Default)]
pub struct WayOut {
    /// Whose calls only; `None`: those of every tenant.
    pub tenant: Option<String>,
    /// Whom it may call.
    pub targets: AllowedTargets,
}

impl WayOut {
    /// The SIP URI to call for this number, which must be one: a URI could lead past the trunk.
    ///
    /// # Errors
    /// When it is no number, no entry allows it, or the trunk is another tenant's.
    pub fn authorise(&self, tenant: &str, number: &str) -> Result<String, NotAllowed> {
        if self.tenant.as_deref().is_some_and(|own| own != tenant) {
            return Err(NotAllowed::NotListed);
        }
        let digits = plain(number);
        let digits = digits.strip_prefix('+').unwrap_or(&digits);
        if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(NotAllowed::Unreadable);
        }
        self.targets.authorise(number)
    }
}

/// The first way out that may call this number for this tenant, and the SIP URI to call.
///
/// # Errors
/// [`CallFault::NoTrunk`] when there is no way out for the tenant at all, else [`CallFault::NotAllowed`].
pub fn way_out<'a, W: AsRef<WayOut>>(
    ways: &'a [W],
    tenant: &str,
    number: &str,
) -> Result<(&'a W, String), CallFault> {
    let is_ours = |way: &WayOut| way.tenant.as_deref().is_none_or(|own| own == tenant);
    if !ways.iter().any(|way| is_ours(way.as_ref())) {
        return Err(CallFault::NoTrunk);
    }
    let found = ways.iter().find_map(|way| Some((way, way.as_ref().authorise(tenant, number).ok()?)));
    found.ok_or(CallFault::NotAllowed)
}

/// The extension that a phone is named after: `1001` of `1001a`.
pub fn extension_of_phone(name: &str) -> Option<&str> {
    let digits = name.strip_suffix(|letter: char| letter.is_ascii_alphabetic())?;
    digits.parse::<Extension>().is_ok().then_some(digits)
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

    /// 002-043
    #[test]
    fn a_phone_may_be_called_where_its_extension_may_be() {
        let some = allowed(&["10*", "2001"]);
        assert_eq!(some.authorise("1001a").unwrap(), "sip:1001a@pbx.example.org");
        assert_eq!(some.authorise("2001B").unwrap(), "sip:2001B@pbx.example.org");
        for (wrong, why) in [
            ("3001a", NotAllowed::NotListed),
            ("2001ab", NotAllowed::Unreadable),
            ("lobby", NotAllowed::Unreadable),
            ("+1001a", NotAllowed::Unreadable),
            ("1001a@evil.example", NotAllowed::Unreadable),
            ("a", NotAllowed::Unreadable),
        ] {
            assert_eq!(some.authorise(wrong), Err(why), "{wrong}");
        }
    }

    impl AsRef<Self> for WayOut {
        fn as_ref(&self) -> &Self {
            self
        }
    }

    #[test]
    fn a_call_of_ours_goes_out_only_where_a_trunk_of_the_tenant_lists_the_number() {
        let way = |tenant: Option<&str>, targets: &[&str]| WayOut {
            tenant: tenant.map(str::to_owned),
            targets: allowed(targets),
        };
        let ways = [way(Some("acme"), &["2*"]), way(None, &["10*", "sip:1001@evil.example"])];
        let uri = |tenant, number| way_out(&ways, tenant, number).map(|(_, uri)| uri);
        assert_eq!(uri("default", "1001").unwrap(), "sip:1001@pbx.example.org");
        assert_eq!(uri("acme", "2 00").unwrap(), "sip:200@pbx.example.org");
        assert_eq!(uri("default", "200"), Err(CallFault::NotAllowed), "another tenant's trunk");
        assert_eq!(uri("default", "0900123"), Err(CallFault::NotAllowed));
        assert_eq!(uri("default", "sip:1001@evil.example"), Err(CallFault::NotAllowed), "past the trunk");
        assert_eq!(uri("default", ""), Err(CallFault::NotAllowed));
        assert_eq!(way_out(&ways[..1], "default", "200").unwrap_err(), CallFault::NoTrunk);
        assert_eq!(way_out(&[] as &[WayOut], "default", "1001").unwrap_err(), CallFault::NoTrunk);
        assert_eq!(way_out(&[way(None, &[])], "default", "1001").unwrap_err(), CallFault::NotAllowed);
    }

    #[test]
    fn a_lone_star_opens_nothing() {
        assert!(allowed(&["*"]).authorise("1000").is_err());
    }
}
