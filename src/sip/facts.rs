//! What an INVITE says about who calls whom, and how the call came here. Header values are kept as text: each
//! source is parsed by its own rules when the routing asks for it. Here too: who the caller is, as far as it may be told.

use crate::domain::CallerId;
use crate::sip::uri::{Uri, plain_number};

/// A name-addr: display name and URI (RFC 3261 §20.10).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Party {
    /// Display name, unquoted.
    pub name: Option<String>,
    /// The URI as it was sent.
    pub uri: String,
}

/// The routing-relevant parts of an INVITE. `aftertone explain` makes the same from its arguments.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CallFacts {
    /// Request-URI.
    pub request_uri: String,
    /// To.
    pub to: Party,
    /// From.
    pub from: Party,
    /// P-Asserted-Identity values, only from trusted peers (RFC 3325).
    pub asserted: Vec<Party>,
    /// `Privacy` values (RFC 3323), lower case.
    pub privacy: Vec<String>,
    /// `Diversion` values, topmost (last redirector) first, one value each (RFC 5806).
    pub diversion: Vec<String>,
    /// `History-Info` values in order, one hi-entry each (RFC 7044).
    pub history_info: Vec<String>,
    /// Every other header as (name, value), for tenant rules on headers.
    pub headers: Vec<(String, String)>,
    /// Call-ID, for the log.
    pub call_id: String,
}

impl CallFacts {
    /// The user part of From: what the sender says of itself, which proves nothing.
    pub fn from_user(&self) -> Option<String> {
        Uri::lenient(&self.from.uri).ok()?.user().map(str::to_owned)
    }
}

/// Who calls, as far as the owner of the mailbox may know (002-030): the asserted identity before `From`; nobody when
/// privacy was asked for (RFC 3323 §4.2, RFC 3325 §9.3) or when the sender calls itself anonymous or unknown.
pub fn caller(facts: &CallFacts) -> CallerId {
    if wants_privacy(&facts.privacy) || is_withheld(&facts.from) {
        return CallerId::anonymous();
    }
    let from = (!is_unknown(&facts.from)).then_some(&facts.from);
    let known: Vec<&Party> =
        facts.asserted.iter().filter(|party| !is_withheld(party) && !is_unknown(party)).chain(from).collect();
    let number = known.iter().find_map(|party| number(party));
    let name = known.iter().find_map(|party| party.name.as_deref().filter(|name| !name.trim().is_empty()));
    let caller = CallerId::new(number.as_deref(), name);
    if caller.number.is_none() && caller.name.is_none() { CallerId::anonymous() } else { caller }
}

/// The number that a trusted peer asserts of a caller whose `From` is anonymous and who asked for no privacy (RFC 3325 §9.1):
/// an allow list may know it, and nobody is told.
pub fn vouched(facts: &CallFacts) -> Option<String> {
    if wants_privacy(&facts.privacy) || !is_withheld(&facts.from) {
        return None;
    }
    let mut known = facts.asserted.iter().filter(|party| !is_withheld(party) && !is_unknown(party));
    CallerId::new(known.find_map(number).as_deref(), None).number
}

fn wants_privacy(values: &[String]) -> bool {
    let mut words = values.iter().flat_map(|value| value.split([';', ','])).map(str::trim);
    words.any(|word| {
        ["id", "user", "full", "header", "session"].iter().any(|kind| word.eq_ignore_ascii_case(kind))
    })
}

/// The sender hides on purpose: `sip:anonymous@anonymous.invalid` (RFC 3323 §4.1.1.3) and its relatives.
fn is_withheld(party: &Party) -> bool {
    let uri = Uri::lenient(&party.uri).ok();
    let user = uri.as_ref().and_then(Uri::user);
    let host = uri.as_ref().and_then(Uri::host);
    let hidden = |text: &str| {
        ["anonymous", "restricted", "withheld"].iter().any(|w| text.trim().eq_ignore_ascii_case(w))
    };
    user.is_some_and(hidden)
        || host.is_some_and(|host| host == "anonymous.invalid")
        || party.name.as_deref().is_some_and(hidden)
}

/// The sender does not know: a gateway that got no number says `unknown` or `unavailable`, or leaves the user part empty.
fn is_unknown(party: &Party) -> bool {
    let blank =
        |text: &str| ["", "unknown", "unavailable"].iter().any(|w| text.trim().eq_ignore_ascii_case(w));
    match Uri::lenient(&party.uri).ok().as_ref().and_then(Uri::user) {
        Some(user) => blank(user),
        None => party.name.as_deref().is_none_or(blank),
    }
}

fn number(party: &Party) -> Option<String> {
    let uri = Uri::lenient(&party.uri).ok()?;
    let user = uri.user()?;
    Some(plain_number(user).unwrap_or_else(|| user.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn party(name: &str, uri: &str) -> Party {
        Party { name: (!name.is_empty()).then(|| name.to_owned()), uri: uri.to_owned() }
    }

    fn call(from: Party, asserted: &[Party], privacy: &[&str]) -> CallerId {
        let privacy = privacy.iter().map(|&word| word.to_owned()).collect();
        caller(&CallFacts { from, asserted: asserted.to_vec(), privacy, ..CallFacts::default() })
    }

    #[test]
    fn the_asserted_identity_goes_before_from() {
        let caller = call(party("PBX", "sip:gateway@pbx"), &[party("Ada", "tel:+1-555-010-0199")], &[]);
        assert_eq!(caller, CallerId::new(Some("+15550100199"), Some("Ada")));
        let nameless = call(party("Ada", "sip:1002@pbx"), &[party("", "sip:1002@pbx")], &["none"]);
        assert_eq!(nameless, CallerId::new(Some("1002"), Some("Ada")));
    }

    // 002-030
    #[test]
    fn who_asks_for_privacy_or_hides_is_anonymous() {
        let known = || party("Ada", "sip:1002@pbx");
        for privacy in ["id", "user", "full", "id;critical", "Header"] {
            assert_eq!(call(known(), &[known()], &[privacy]), CallerId::anonymous(), "{privacy}");
        }
        for from in [
            party("Anonymous", "sip:anonymous@anonymous.invalid"),
            party("", "sip:c8oqz84zk7z@anonymous.invalid"),
            party("", "sip:Anonymous@carrier.example"),
            party("Anonymous", "sip:+15550100199@carrier.example"),
        ] {
            assert_eq!(call(from, &[known()], &[]), CallerId::anonymous());
        }
    }

    // 002-030
    #[test]
    fn who_is_unknown_everywhere_is_anonymous_but_an_asserted_identity_counts() {
        for from in
            [party("", "sip:unknown@pbx"), party("", "sip:pbx.example"), party("", ""), party("", "<<<")]
        {
            assert_eq!(call(from.clone(), &[], &[]), CallerId::anonymous());
            assert_eq!(call(from, &[party("", "sip:1002@pbx")], &[]), CallerId::new(Some("1002"), None));
        }
        assert_eq!(
            call(party("Front desk", "sip:pbx.example"), &[], &[]),
            CallerId::new(None, Some("Front desk"))
        );
    }

    // 002-028, 002-030
    #[test]
    fn an_asserted_identity_vouches_for_who_hides_in_from_alone() {
        let hidden = || party("Anonymous", "sip:anonymous@anonymous.invalid");
        let asserted = [party("Ada", "sip:+1-555-0100@carrier"), party("", "tel:+15550101")];
        let vouched = |from: Party, asserted: &[Party], privacy: &[&str]| {
            let privacy = privacy.iter().map(|&word| word.to_owned()).collect();
            vouched(&CallFacts { from, asserted: asserted.to_vec(), privacy, ..CallFacts::default() })
        };
        assert_eq!(vouched(hidden(), &asserted, &[]).as_deref(), Some("+15550100"));
        assert_eq!(vouched(hidden(), &asserted, &["none"]).as_deref(), Some("+15550100"));
        for privacy in ["id", "user", "full", "header;critical"] {
            assert_eq!(vouched(hidden(), &asserted, &[privacy]), None, "{privacy}");
        }
        assert_eq!(vouched(hidden(), &[], &[]), None);
        assert_eq!(vouched(hidden(), &[hidden()], &[]), None);
        assert_eq!(vouched(party("", "sip:1002@pbx"), &asserted, &[]), None, "nothing is hidden");
    }

    #[test]
    fn privacy_none_tells_everything() {
        assert_eq!(call(party("", "sip:ada@example.org"), &[], &["none"]), CallerId::new(Some("ada"), None));
    }
}
