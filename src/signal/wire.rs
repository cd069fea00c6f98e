//! The front door: bytes from the network become a message that the stack can carry, an immediate refusal, or nothing.
//!
//! It repairs what the stack's own parser drops (no `Content-Length`, text that is not UTF-8, odd white space) and
//! refuses what no handler can serve: broken syntax 400, unknown method 501, unknown scheme 416, other version 505
//! (RFC 3261 §8.2, RFC 4475). Stateless; sockets and dialogs are elsewhere.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::net::SocketAddr;

use rsipstack::sip::headers::make_header;
use rsipstack::sip::{Header, Headers, Request, Response, StatusCode, Uri, Version};

use super::check::{Reason, check, digestible};
use super::text;
use super::via::Via;

/// Longest header block.
pub(super) const MAX_HEAD: usize = 64 * 1024;
/// Longest body; SDP of the largest offers stays far below.
pub(super) const MAX_BODY: usize = 64 * 1024;
const MAX_HEADERS: usize = 256;

/// What a piece of input is.
#[derive(Debug)]
pub(super) enum Input {
    /// A sound request.
    Request(Box<Arrived>),
    /// A response to something that we asked.
    Response(Box<Response>),
    /// A request that is refused at once with these bytes.
    Refuse(Refused),
    /// Not worth an answer.
    Garbage(&'static str),
}

/// A request as it came in.
#[derive(Debug)]
pub(super) struct Arrived {
    /// For the stack.
    pub(super) request: Request,
    /// Request-URI as it was written.
    pub(super) uri: String,
    /// Branch of the topmost Via.
    pub(super) branch: String,
    /// Where the answer goes over UDP.
    pub(super) reply_to: SocketAddr,
    /// From and To as they were written, where they had to be simplified for the stack.
    pub(super) written: Vec<(&'static str, String)>,
}

/// A refusal that needs no state.
#[derive(Debug)]
pub(super) struct Refused {
    /// Status code, for the metrics.
    pub(super) code: u16,
    /// The response.
    pub(super) bytes: Vec<u8>,
    /// Where it goes over UDP.
    pub(super) reply_to: SocketAddr,
}

/// Header lines with full names, in order.
pub(super) struct Head {
    start: String,
    pub(super) headers: Vec<(String, String)>,
    /// A line was no header, or there were too many.
    pub(super) broken: bool,
}

impl Head {
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, v)| v.as_str())
    }

    pub(super) fn count(&self, name: &str) -> usize {
        self.headers.iter().filter(|(n, _)| n.eq_ignore_ascii_case(name)).count()
    }
}

/// Length of the header block with its empty line, or `None` when the empty line has not come.
pub(super) fn head_length(bytes: &[u8]) -> Option<usize> {
    let mut line = 0;
    loop {
        line += bytes.get(line..)?.iter().position(|b| *b == b'\n')? + 1;
        match bytes.get(line..)? {
            [b'\n', ..] => return Some(line + 1),
            [b'\r', b'\n', ..] => return Some(line + 2),
            _ => {}
        }
    }
}

/// `Content-Length` of a header block; `None` when it is absent, `Err` when it makes no sense.
pub(super) fn content_length(head: &[u8]) -> Result<Option<usize>, ()> {
    declared(&read_head(head))
}

/// `Content-Length`, see [`content_length`].
pub(super) fn declared(head: &Head) -> Result<Option<usize>, ()> {
    let mut found = None;
    for (_, value) in head.headers.iter().filter(|(name, _)| name == "Content-Length") {
        let sound = !value.is_empty() && value.bytes().all(|b| b.is_ascii_digit());
        let length = value.parse::<usize>().ok().filter(|_| sound).ok_or(())?;
        if found.is_some_and(|other| other != length) {
            return Err(());
        }
        found = Some(length);
    }
    Ok(found)
}

/// Reads one datagram, or one message that was framed on a stream.
pub(super) fn read(bytes: &[u8], source: SocketAddr, server: &str) -> Input {
    let bytes = bytes.trim_ascii_start();
    if bytes.is_empty() {
        return Input::Garbage("empty");
    }
    let end = head_length(bytes).unwrap_or(bytes.len());
    let (raw, body) = bytes.split_at(end);
    if raw.len() > MAX_HEAD {
        return Input::Garbage("header too long");
    }
    let head = read_head(raw);
    if head.start.get(..4).is_some_and(|start| start.eq_ignore_ascii_case("SIP/")) {
        return response(&head, body);
    }
    request(head, body, source, server)
}

/// Unfolds and names the header lines; text that is not UTF-8 and control characters are replaced.
fn read_head(raw: &[u8]) -> Head {
    let text = String::from_utf8_lossy(raw);
    let mut head = Head { start: String::new(), headers: Vec::with_capacity(24), broken: false };
    for line in text.split('\n') {
        let line = line.strip_suffix('\r').unwrap_or(line);
        if head.start.is_empty() {
            head.start = line.to_owned();
        } else if line.starts_with([' ', '\t']) {
            match head.headers.last_mut() {
                Some((_, value)) => {
                    value.push(' ');
                    value.push_str(&clean(line));
                }
                None => head.broken = true,
            }
        } else if line.is_empty() {
            break;
        } else if let Some((name, value)) = line.split_once(':') {
            let name = name.trim_ascii_end();
            head.broken |= head.headers.len() >= MAX_HEADERS || !is_token(name);
            if !head.broken {
                head.headers.push((full_name(name).to_owned(), clean(value)));
            }
        } else {
            head.broken = true;
        }
    }
    for (_, value) in &mut head.headers {
        let trimmed = value.trim_ascii().len();
        if trimmed != value.len() {
            *value = value.trim_ascii().to_owned();
        }
    }
    head
}

fn clean(value: &str) -> String {
    let value = value.trim_ascii();
    if value.bytes().any(|b| b.is_ascii_control()) {
        return value.replace(|c: char| c.is_ascii_control(), " ");
    }
    value.to_owned()
}

/// Full name of a compact form (RFC 3261 §7.3.3 and the extensions), spelt as the RFC does where we look for it.
fn full_name(name: &str) -> &str {
    const COMPACT: [(&str, &str); 16] = [
        ("i", "Call-ID"),
        ("m", "Contact"),
        ("e", "Content-Encoding"),
        ("l", "Content-Length"),
        ("c", "Content-Type"),
        ("f", "From"),
        ("s", "Subject"),
        ("k", "Supported"),
        ("t", "To"),
        ("v", "Via"),
        ("o", "Event"),
        ("r", "Refer-To"),
        ("b", "Referred-By"),
        ("x", "Session-Expires"),
        ("u", "Allow-Events"),
        ("content-length", "Content-Length"),
    ];
    let known = COMPACT.iter().find(|(short, _)| short.eq_ignore_ascii_case(name));
    known.map_or(name, |(_, full)| full)
}

fn response(head: &Head, body: &[u8]) -> Input {
    let mut words = head.start.splitn(3, ' ');
    let (version, code, reason) = (words.next(), words.next(), words.next().unwrap_or(""));
    let code = code.and_then(|code| code.parse::<u16>().ok()).filter(|code| (100..700).contains(code));
    let (Some("SIP/2.0"), Some(code)) = (version, code) else {
        return Input::Garbage("status line");
    };
    if head.count("Via") != 1 || head.get("CSeq").and_then(cseq).is_none() {
        // With several Vias it was not for us (RFC 3261 §18.1.2).
        return Input::Garbage("response");
    }
    let Ok(status_code) = StatusCode::try_from((code, reason)) else {
        return Input::Garbage("status code");
    };
    let Ok(length) = declared(head) else {
        return Input::Garbage("length");
    };
    let body = body.get(..length.unwrap_or(body.len())).unwrap_or(body).to_vec();
    let headers = Headers(head.headers.iter().map(|(n, v)| make_header(n, v.clone())).collect());
    Input::Response(Box::new(Response {
        status_code,
        wire_reason: None,
        version: Version::V2,
        headers,
        body,
    }))
}

/// Number and method of a CSeq value (RFC 3261 §20.16).
pub(super) fn cseq(value: &str) -> Option<(u32, &str)> {
    let (number, method) = value.split_once([' ', '\t'])?;
    let number = number.parse().ok().filter(|n| *n < 1 << 31)?;
    Some((number, method.trim_ascii()))
}

fn request(mut head: Head, body: &[u8], source: SocketAddr, server: &str) -> Input {
    let start = std::mem::take(&mut head.start);
    let Some((method, uri, version)) = request_line(&start) else {
        return Input::Garbage("start line");
    };
    let Some(mut via) = head.get("Via").and_then(|v| text::list(v).first().and_then(|v| Via::parse(v)))
    else {
        return without_via(&head, method, source, server);
    };
    let reply_to = via.reply_to(source);
    let branch = via.branch().to_owned();
    via.stamp(source);
    split_vias(&mut head, &via);
    let checked = check(&head, method, uri, version, body).and_then(|known| digestible(&mut head, known));
    let (known, written) = match checked {
        Ok(sound) => sound,
        // An ACK has no answer (RFC 3261 §17).
        Err(_) if method == "ACK" => return Input::Garbage("broken ACK"),
        Err(reason) => {
            return Input::Refuse(Refused {
                code: reason.0,
                bytes: refusal(&head, reason, server),
                reply_to,
            });
        }
    };
    let length = declared(&head).ok().flatten().unwrap_or(body.len());
    let body = body.get(..length).unwrap_or(body).to_vec();
    let parsed = rsipstack::sip::uri::parse_uri(uri).unwrap_or_else(|_| Uri::default());
    let headers = Headers(head.headers.into_iter().map(|(name, value)| make_header(&name, value)).collect());
    let request = Request { method: known, uri: parsed, headers, version: Version::V2, body };
    Input::Request(Box::new(Arrived { request, uri: uri.to_owned(), branch, reply_to, written }))
}

/// A Via list that cannot be read: the answer can only go where the request came from.
fn without_via(head: &Head, method: &str, source: SocketAddr, server: &str) -> Input {
    if method == "ACK" || head.get("Via").is_none() || head.get("CSeq").is_none() {
        return Input::Garbage("no Via");
    }
    let bytes = refusal(head, (400, "Bad Via"), server);
    Input::Refuse(Refused { code: 400, bytes, reply_to: source })
}

/// Method, Request-URI and version; `None` when it is no request at all.
fn request_line(line: &str) -> Option<(&str, &str, &str)> {
    let (method, rest) = line.split_once(' ')?;
    let (uri, version) = rest.trim_ascii_end().rsplit_once(' ')?;
    let sound = method.len() <= 64 && is_token(method);
    let version = if rest.len() == rest.trim_ascii_end().len() { version } else { "" };
    let slash = rest.trim_ascii_end().rsplit_once(' ').is_some_and(|(_, v)| v.starts_with("SIP/"));
    (sound && slash).then_some((method, uri, version))
}

fn is_token(text: &str) -> bool {
    let token = |b: u8| b.is_ascii_alphanumeric() || b"-.!%*_+`'~".contains(&b);
    !text.is_empty() && text.bytes().all(token)
}

/// One header per Via, the first one completed, so that the stack need not split lists.
fn split_vias(head: &mut Head, top: &Via) {
    let old = std::mem::take(&mut head.headers);
    let mut first = true;
    for (name, value) in old {
        if !name.eq_ignore_ascii_case("Via") {
            head.headers.push((name, value));
            continue;
        }
        for via in text::list(&value) {
            let value = if first { top.write() } else { via.to_owned() };
            first = false;
            head.headers.push(("Via".to_owned(), value));
        }
    }
}

/// Our tag for answers without state: the same for each retransmission (RFC 3261 §8.2.7).
pub(super) fn stateless_tag(call_id: &str, branch: &str) -> String {
    let mut hasher = DefaultHasher::new();
    (call_id, branch).hash(&mut hasher);
    format!("s{:016x}", hasher.finish())
}

fn refusal(head: &Head, (code, reason): Reason, server: &str) -> Vec<u8> {
    let mut out = format!("SIP/2.0 {code} {reason}\r\n");
    let mut line = |name: &str, value: &str| {
        out.push_str(name);
        out.push_str(": ");
        out.push_str(value);
        out.push_str("\r\n");
    };
    for (_, value) in head.headers.iter().filter(|(name, _)| name.eq_ignore_ascii_case("Via")) {
        line("Via", value);
    }
    let call_id = head.get("Call-ID").unwrap_or_default();
    for name in ["From", "Call-ID", "CSeq"] {
        if let Some(value) = head.get(name) {
            line(name, value);
        }
    }
    if let Some(to) = head.get("To") {
        let tagged = text::address(to).is_none_or(|to| text::param(to.params, "tag").is_some());
        let tag = stateless_tag(call_id, head.get("Via").unwrap_or_default());
        let value = if tagged { to.to_owned() } else { format!("{to};tag={tag}") };
        line("To", &value);
    }
    if matches!(code, 501 | 405) {
        line("Allow", super::message::ALLOW);
    }
    line("Server", server);
    line("Content-Length", "0");
    out.push_str("\r\n");
    out.into_bytes()
}

/// The value of a header, first occurrence.
pub(super) fn header<'a>(headers: &'a Headers, name: &str) -> Option<&'a str> {
    headers.iter().find(|h| h.name().eq_ignore_ascii_case(name)).map(Header::value)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const START: &str = "INVITE sip:a@b SIP/2.0\r\nVia: SIP/2.0/UDP h;branch=z9hG4bK1\r\nFrom: <sip:a@b>;tag=1\r\n\
                         To: <sip:c@d>\r\nCall-ID: 1\r\nCSeq: 1 INVITE\r\n";

    fn here() -> SocketAddr {
        "192.0.2.1:5060".parse().unwrap()
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_without_harm(bytes in prop::collection::vec(any::<u8>(), 0..600)) {
            read(&bytes, here(), "s");
        }

        #[test]
        fn any_header_text_after_a_sound_start_is_read_without_harm(text in "[ -~\\r\\n\\t\\x80-\\xff]{0,300}") {
            let whole = format!("{START}{text}\r\n\r\n");
            prop_assert!(!matches!(read(whole.as_bytes(), here(), "s"), Input::Response(_)));
        }

        #[test]
        fn a_refusal_never_grows_beyond_three_times_the_request(name in "[A-Z]{1,20}", value in "[ -~]{0,200}") {
            let whole = format!("{START}{name}: {value}\r\nContent-Length: -1\r\n\r\n");
            if let Input::Refuse(refused) = read(whole.as_bytes(), here(), "Aftertone/0.1.0") {
                prop_assert!(refused.bytes.len() <= 3 * whole.len());
            } else {
                prop_assert!(false, "a negative length is refused");
            }
        }
    }

    #[test]
    fn the_end_of_the_header_is_found_with_either_line_end() {
        assert_eq!(head_length(b"a\r\n\r\nb"), Some(5));
        assert_eq!(head_length(b"a\n\nb"), Some(3));
        assert_eq!(head_length(b"a\n\r\nb"), Some(4));
        assert_eq!(head_length(b"a\r\nb\r\n"), None);
    }

    #[test]
    fn a_refusal_cannot_be_split_by_what_it_echoes() {
        let whole =
            format!("{START}Content-Length: x\r\n\r\n").replace("Call-ID: 1", "Call-ID: 1\rX-Evil: 1");
        let Input::Refuse(refused) = read(whole.as_bytes(), here(), "s") else { panic!("refused") };
        let text = String::from_utf8(refused.bytes).unwrap();
        assert!(!text.contains("\rX-Evil") && text.contains("Call-ID: 1 X-Evil: 1\r\n"), "{text}");
    }
}
