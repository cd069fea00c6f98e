//! An INVITE becomes [`CallFacts`]: clean, bounded text. What it means is decided elsewhere.

use rsipstack::sip::{Headers, Request};

use crate::sip::{CallFacts, Party};

use super::text;

/// Longest header value that is passed on, in bytes.
const MAX_VALUE: usize = 4096;
/// Headers that are passed on at most.
const MAX_OTHERS: usize = 128;
/// Values of one list that are passed on at most.
const MAX_LIST: usize = 32;

/// Reads who calls whom; `uri` is the Request-URI as it was written, `written` holds addresses in place of simplified ones.
pub(super) fn facts(request: &Request, uri: &str, written: &[(&str, String)]) -> CallFacts {
    let mut facts = CallFacts { request_uri: bounded(uri), ..CallFacts::default() };
    for header in request.headers.iter() {
        let (name, value) = (header.name(), header.value());
        match name.to_ascii_lowercase().as_str() {
            "to" => facts.to = party(value),
            "from" => facts.from = party(value),
            "call-id" => facts.call_id = bounded(value),
            "p-asserted-identity" => {
                let room = MAX_LIST.saturating_sub(facts.asserted.len());
                facts.asserted.extend(text::list(value).into_iter().take(room).map(party));
            }
            "privacy" => {
                let values = value.split([';', ',']).map(|v| bounded(&v.trim().to_ascii_lowercase()));
                facts.privacy.extend(values.filter(|v| !v.is_empty()).take(MAX_LIST));
            }
            "diversion" => spread(&mut facts.diversion, value),
            "history-info" => spread(&mut facts.history_info, value),
            "via" | "cseq" | "max-forwards" | "authorization" | "proxy-authorization" | "content-length" => {}
            _ if facts.headers.len() < MAX_OTHERS => facts.headers.push((bounded(name), bounded(value))),
            _ => {}
        }
    }
    for (name, value) in written {
        match *name {
            "From" => facts.from = party(value),
            _ => facts.to = party(value),
        }
    }
    facts
}

fn spread(into: &mut Vec<String>, value: &str) {
    let room = MAX_LIST.saturating_sub(into.len());
    into.extend(text::list(value).into_iter().take(room).map(bounded));
}

fn party(value: &str) -> Party {
    match text::address(value) {
        Some(address) => Party { name: address.name.map(|n| bounded(&n)), uri: bounded(address.uri) },
        None => Party { name: None, uri: bounded(value) },
    }
}

fn bounded(value: &str) -> String {
    let mut end = value.len().min(MAX_VALUE);
    while !value.is_char_boundary(end) {
        end -= 1;
    }
    value.get(..end).unwrap_or_default().to_owned()
}

/// Every `name` header joined to one list.
pub(super) fn joined(headers: &Headers, name: &str) -> String {
    let values = headers.iter().filter(|h| h.name().eq_ignore_ascii_case(name)).map(|h| h.value());
    values.collect::<Vec<_>>().join(",")
}
