//! Whether a request keeps the rules that need no state, and whether the stack can carry it. Reads header text only.

use rsipstack::sip::Method;
use rsipstack::sip::prelude::ToTypedHeader;

use super::text;
use super::wire::{Head, MAX_BODY, cseq, declared};

/// Status code and phrase of a refusal.
pub(super) type Reason = (u16, &'static str);

/// The rules that every request must keep (RFC 3261 §8.1.1, §8.2.1, §8.2.2.1, §16.3).
pub(super) fn check(
    head: &Head,
    method: &str,
    uri: &str,
    version: &str,
    body: &[u8],
) -> Result<Method, Reason> {
    if !version.is_empty() && !version.eq_ignore_ascii_case("SIP/2.0") {
        return Err((505, "Version Not Supported"));
    }
    if version.is_empty() || head.broken {
        return Err((400, "Bad Request"));
    }
    for (name, reason) in [
        ("To", (400, "Bad To")),
        ("From", (400, "Bad From")),
        ("Call-ID", (400, "Bad Call-ID")),
        ("CSeq", (400, "Bad CSeq")),
    ] {
        if head.count(name) != 1 || head.get(name) == Some("") {
            return Err(reason);
        }
    }
    if head.count("Max-Forwards") > 1 || head.get("Max-Forwards").is_some_and(|v| v.parse::<u8>().is_err()) {
        return Err((400, "Bad Max-Forwards"));
    }
    let named = head.get("CSeq").and_then(cseq).ok_or((400, "Bad CSeq"))?.1;
    let known = method.parse::<Method>().ok().filter(|known| known.to_string() == method);
    let known = known.ok_or((501, "Not Implemented"))?;
    if named != method {
        return Err((400, "CSeq does not match the method"));
    }
    match declared(head) {
        Err(()) => return Err((400, "Bad Content-Length")),
        Ok(Some(length)) if length > body.len() => return Err((400, "Content-Length beyond the message")),
        Ok(_) if body.len() > MAX_BODY => return Err((413, "Request Entity Too Large")),
        Ok(_) => {}
    }
    if head.get("Content-Type").is_none() && head.get("Content-Length").is_some_and(|l| l != "0") {
        return Err((400, "Content-Type missing"));
    }
    check_uri(uri)?;
    Ok(known)
}

fn check_uri(uri: &str) -> Result<(), Reason> {
    if uri.contains(|c: char| c.is_ascii_control() || " <>\"".contains(c)) {
        return Err((400, "Bad Request-URI"));
    }
    match text::scheme(uri) {
        Some(s) if s.eq_ignore_ascii_case("sip") || s.eq_ignore_ascii_case("sips") => {
            let headers = uri.rsplit_once('?').is_some_and(|(_, h)| !h.contains('@') && h.contains('='));
            let sound = text::place(uri).is_some() && !headers;
            if sound { Ok(()) } else { Err((400, "Bad Request-URI")) }
        }
        Some(s) if s.eq_ignore_ascii_case("tel") => Ok(()),
        Some(_) => Err((416, "Unsupported URI Scheme")),
        None => Err((400, "Bad Request-URI")),
    }
}

/// Method, and the addresses that were rewritten.
pub(super) type Sound = (Method, Vec<(&'static str, String)>);

/// Rewrites From and To where the stack could not find the tag in an address that is sound, and insists on the From tag.
pub(super) fn digestible(head: &mut Head, known: Method) -> Result<Sound, Reason> {
    let mut written = Vec::new();
    for (name, reason) in [("From", (400, "Bad From")), ("To", (400, "Bad To"))] {
        let Some((_, value)) = head.headers.iter_mut().find(|(n, _)| n.eq_ignore_ascii_case(name)) else {
            return Err(reason);
        };
        let address = text::address(value).ok_or(reason)?;
        text::scheme(address.uri).ok_or(reason)?;
        let tag = text::param(address.params, "tag").filter(|tag| !tag.is_empty());
        if name == "From" && tag.is_none() {
            return Err((400, "From without a tag"));
        }
        let seen = rsipstack::sip::typed::From::parse(value);
        let seen = seen.as_ref().ok().map(|from| from.tag().map(|tag| tag.value().to_string()));
        if seen.is_none_or(|seen| seen.as_deref() != tag) {
            let tag = tag.map(|tag| format!(";tag={tag}")).unwrap_or_default();
            let plain = format!("<{}>{tag}", address.uri);
            rsipstack::sip::typed::From::parse(&plain).map_err(|_| reason)?;
            written.push((name, std::mem::replace(value, plain)));
        }
    }
    let via = head.get("Via").map(|via| rsipstack::sip::Via::new(via).typed().is_ok());
    if via == Some(true) { Ok((known, written)) } else { Err((400, "Bad Via")) }
}
