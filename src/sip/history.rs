//! The `History-Info` header (RFC 7044, and its ancestor RFC 4244): the way a request has taken, from which the
//! redirections are told as `Diversion` would tell them (RFC 7544 §3). Driven by the routing.

use crate::domain::RedirectReason;
use crate::sip::uri::{NameAddr, Uri, UriError, split_list};
use crate::sip::{reason, target};

/// One hi-entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HistoryEntry {
    /// Where the request was sent.
    pub uri: Uri,
    /// Display name.
    pub name: Option<String>,
    /// `index`, for example `[1, 2, 1]`; empty when it is missing or unreadable.
    pub index: Vec<u32>,
    /// `mp`, `rc` or `np`: the index of the entry that this one was made from.
    pub made_from: Option<Vec<u32>>,
    /// `cause` of the URI: why the request was sent here.
    pub cause: Option<RedirectReason>,
    /// The escaped `Reason` header: how the request fared here.
    pub fared: Option<RedirectReason>,
    /// The escaped `Privacy` header asks to withhold this entry.
    pub private: bool,
}

/// One redirection: who sent the call on, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Redirected {
    /// Who sent the call on.
    pub by: Uri,
    /// Display name of that party.
    pub name: Option<String>,
    /// Why.
    pub reason: RedirectReason,
    /// The redirector wants the address withheld.
    pub private: bool,
}

impl HistoryEntry {
    /// Reads one hi-entry.
    ///
    /// # Errors
    /// When there is no URI in it that names somebody.
    pub fn parse(value: &str) -> Result<Self, UriError> {
        let party = NameAddr::parse(value)?;
        let uri = Uri::lenient(&party.uri)?;
        let withheld = |privacy: &str| {
            privacy.split([';', ',']).any(|word| {
                let word = word.trim().to_ascii_lowercase();
                matches!(word.as_str(), "history" | "header" | "session" | "user" | "id")
            })
        };
        Ok(Self {
            index: party.param("index").and_then(dotted).unwrap_or_default(),
            made_from: ["mp", "rc", "np"].into_iter().find_map(|name| party.param(name).and_then(dotted)),
            cause: target::cause(&uri),
            fared: uri.header("reason").and_then(reason::from_reason_header),
            private: uri.header("privacy").is_some_and(withheld),
            name: party.name,
            uri,
        })
    }

    /// Reads every hi-entry of every header line, in order. Entries that cannot be read keep their place.
    pub fn parse_all(lines: &[String]) -> Vec<Result<Self, UriError>> {
        lines.iter().take(32).flat_map(|line| split_list(line)).take(32).map(Self::parse).collect()
    }
}

/// The redirections in the order in which they happened. An entry with a `cause` was reached by a redirection of the
/// entry that it was made from; without any `cause` (RFC 4244 senders), an entry that was left with a `Reason` is
/// itself the redirector. Entries without either are plain hops and redirect nobody.
pub fn redirections(entries: &[HistoryEntry]) -> Vec<Redirected> {
    let by_cause: Vec<_> = entries
        .iter()
        .enumerate()
        .filter_map(|(at, entry)| {
            let reason = entry.cause?;
            origin(entries, at).map(|by| redirected(by, reason))
        })
        .collect();
    if !by_cause.is_empty() {
        return by_cause;
    }
    let left = entries.split_last().map_or(&[][..], |(_, before)| before);
    left.iter().filter_map(|entry| entry.fared.map(|reason| redirected(entry, reason))).collect()
}

fn redirected(by: &HistoryEntry, reason: RedirectReason) -> Redirected {
    let reason = match reason {
        RedirectReason::Unknown => by.fared.unwrap_or_default(),
        known => known,
    };
    Redirected { by: by.uri.clone(), name: by.name.clone(), reason, private: by.private }
}

/// The entry that the one at `at` was made from: as it says, else its parent in the index tree, else the one before.
fn origin(entries: &[HistoryEntry], at: usize) -> Option<&HistoryEntry> {
    let entry = entries.get(at)?;
    let earlier = entries.get(..at)?;
    let parent = entry.index.split_last().map(|(_, parent)| parent).filter(|parent| !parent.is_empty());
    let named = |index: &[u32]| earlier.iter().rev().find(|other| other.index == index);
    entry.made_from.as_deref().and_then(named).or_else(|| parent.and_then(named)).or_else(|| earlier.last())
}

fn dotted(text: &str) -> Option<Vec<u32>> {
    text.trim().split('.').take(32).map(|part| part.parse().ok()).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn told(lines: &[&str]) -> Vec<(String, RedirectReason)> {
        let lines: Vec<String> = lines.iter().map(|&line| line.to_owned()).collect();
        let entries: Vec<_> = HistoryEntry::parse_all(&lines).into_iter().map(Result::unwrap).collect();
        let redirections = redirections(&entries);
        redirections
            .into_iter()
            .map(|one| (one.by.user().unwrap_or_default().to_owned(), one.reason))
            .collect()
    }

    #[test]
    fn two_forwardings_are_told_in_order_with_their_reasons() {
        let line = "<sip:1408@x?Privacy=none&Reason=SIP%3Bcause%3D302>;index=1, \
                    <sip:1100@x;cause=302?Reason=SIP%3Bcause%3D486>;index=1.1;mp=1,\
                    <sip:vm@x;cause=486>;index=1.1.1;mp=1.1";
        assert_eq!(
            told(&[line]),
            [
                ("1408".to_owned(), RedirectReason::Unconditional),
                ("1100".to_owned(), RedirectReason::UserBusy)
            ]
        );
    }

    #[test]
    fn a_contact_that_rang_out_is_not_taken_for_the_owner() {
        let lines = [
            "<sip:bob@example.com>;index=1",
            "<sip:x7f3@192.0.2.5?Reason=SIP%3bcause%3D408>;index=1.1;rc=1",
            "<sip:vm@example.com;target=sip:bob%40example.com;cause=408>;index=1.2;mp=1",
        ];
        assert_eq!(told(&lines), [("bob".to_owned(), RedirectReason::NoAnswer)]);
    }

    #[test]
    fn the_entry_that_was_left_is_the_one_that_is_named_else_the_parent() {
        let with = |mark: &str| {
            let last = format!("<sip:vm@x;cause=486>;index=1.2{mark}");
            told(&["<sip:1001@x>;index=1", "<sip:1100@x>;index=1.1", &last])
        };
        assert_eq!(with(""), [("1001".to_owned(), RedirectReason::UserBusy)]);
        assert_eq!(with(";mp=1.1"), [("1100".to_owned(), RedirectReason::UserBusy)]);
    }

    #[test]
    fn an_older_sender_tells_by_its_reason_header_alone() {
        let lines = ["<sip:1001@x?Reason=Q.850%3Bcause%3D17>;index=1", "<sip:vm@x>;index=2"];
        assert_eq!(told(&lines), [("1001".to_owned(), RedirectReason::UserBusy)]);
    }

    #[test]
    fn plain_hops_redirect_nobody() {
        assert_eq!(told(&["<sip:1001@proxy>;index=1, <sip:1001@10.0.0.1>;index=1.1;rc=1"]), []);
        assert_eq!(told(&["<sip:1001@proxy;cause=486>;index=1"]), []);
    }

    #[test]
    fn entries_without_an_index_follow_each_other() {
        assert_eq!(
            told(&["<sip:1001@x>", "<sip:vm@x;cause=503>"]),
            [("1001".to_owned(), RedirectReason::Unavailable)]
        );
    }

    #[test]
    fn a_cause_of_404_lets_the_reason_header_speak() {
        let line = "<sip:1001@x?Reason=SIP%3Bcause%3D486>;index=1,<sip:vm@x;cause=404>;index=1.1;mp=1";
        assert_eq!(told(&[line]), [("1001".to_owned(), RedirectReason::UserBusy)]);
    }

    #[test]
    fn privacy_of_an_entry_is_kept() {
        let entry =
            HistoryEntry::parse("<sip:1001@x?Privacy=history&Reason=SIP%3Bcause%3D486>;index=1").unwrap();
        assert!(entry.private);
        assert!(!HistoryEntry::parse("<sip:1001@x?Privacy=none>;index=1").unwrap().private);
    }

    proptest! {
        #[test]
        fn no_header_line_makes_the_reader_panic(line in "[<>sip:0-9@;,=.?%&a-z ]{0,160}") {
            let entries: Vec<_> = HistoryEntry::parse_all(&[line]).into_iter().flatten().collect();
            prop_assert!(redirections(&entries).len() <= entries.len());
        }
    }
}
