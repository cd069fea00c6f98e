//! The session description in a message's body: alone, or as one part of several (RFC 3261 §7.4, RFC 5621, RFC 2046 §5.1).
//! Carriers and gateways send it beside ISUP (RFC 3204) or other parts of which we know nothing.
//!
//! Knows no SDP and no message; [`crate::signal`] asks it about every body that may hold an offer or an answer.

/// A body of more parts than this is refused.
const MOST_PARTS: usize = 16;
/// RFC 2046 §5.1.1.
const LONGEST_BOUNDARY: usize = 70;

/// Why a body cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BodyRefusal {
    /// Nothing that we read, though it must be read: 415.
    #[error("the body is of a type or coding that is not read")]
    Unsupported,
    /// It is not what its Content-Type says: 400.
    #[error("the body is not what its Content-Type says")]
    Broken,
}

impl BodyRefusal {
    /// The status code of the answer.
    pub const fn code(self) -> u16 {
        match self {
            Self::Unsupported => 415,
            Self::Broken => 400,
        }
    }
}

/// The session description of a body with these headers; `None` when there is none. Without a Content-Type it is SDP.
///
/// A part that is neither SDP nor of the disposition `session` is passed over, unless it says itself that it must be understood
/// (`handling=required`).
///
/// # Errors
/// [`BodyRefusal::Unsupported`] for other types, codings, and parts that must be understood; [`BodyRefusal::Broken`] for
/// a multipart body without its boundary, with too many parts, or with two session descriptions.
pub fn session_description(
    content_type: Option<&str>,
    content_encoding: Option<&str>,
    body: &[u8],
) -> Result<Option<String>, BodyRefusal> {
    if body.is_empty() {
        return Ok(None);
    }
    if !is_plain(content_encoding, &["identity"]) {
        return Err(BodyRefusal::Unsupported);
    }
    let content_type = content_type.unwrap_or("application/sdp");
    let kind = media_type(content_type);
    if kind == "application/sdp" {
        return Ok(text(body));
    }
    let is_choice = kind == "multipart/alternative";
    if !is_choice && kind != "multipart/mixed" {
        return Err(BodyRefusal::Unsupported);
    }
    let boundary = param(content_type, "boundary").ok_or(BodyRefusal::Broken)?;
    if boundary.is_empty() || boundary.len() > LONGEST_BOUNDARY {
        return Err(BodyRefusal::Broken);
    }
    let mut found = None;
    for part in parts(body, boundary)? {
        let Some(sdp) = described(part)? else { continue };
        // Of alternatives the last is the best; a mixed body has one session.
        if found.replace(sdp).is_some() && !is_choice {
            return Err(BodyRefusal::Broken);
        }
    }
    Ok(found)
}

/// What lies between the delimiters; the last of them must be there.
fn parts<'a>(body: &'a [u8], boundary: &str) -> Result<Vec<&'a [u8]>, BodyRefusal> {
    let delimiter = format!("--{boundary}");
    let (mut parts, mut start, mut at) = (Vec::new(), None, 0);
    for line in body.split_inclusive(|byte| *byte == b'\n') {
        let begin = at;
        at += line.len();
        let Some(rest) = line.strip_prefix(delimiter.as_bytes()) else { continue };
        let is_last = rest.starts_with(b"--");
        let rest = if is_last { rest.get(2..).unwrap_or_default() } else { rest };
        if !rest.trim_ascii().is_empty() {
            continue;
        }
        if let Some(start) = start {
            parts.push(body.get(start..begin).unwrap_or_default());
        }
        if is_last {
            return Ok(parts);
        }
        if parts.len() >= MOST_PARTS {
            return Err(BodyRefusal::Broken);
        }
        start = Some(at);
    }
    Err(BodyRefusal::Broken)
}

/// The session description of a part, if it is one.
fn described(part: &[u8]) -> Result<Option<String>, BodyRefusal> {
    let (head, body) = head_and_body(part)?;
    let head = std::str::from_utf8(head).map_err(|_| BodyRefusal::Broken)?;
    let kind = field(head, "Content-Type").map(media_type);
    let disposition = field(head, "Content-Disposition");
    let is_session = disposition.is_none_or(|value| media_type(value) == "session");
    if kind.as_deref() != Some("application/sdp") || !is_session {
        let must = disposition.and_then(|value| param(value, "handling"));
        return match must.is_some_and(|handling| handling.eq_ignore_ascii_case("required")) {
            true => Err(BodyRefusal::Unsupported),
            false => Ok(None),
        };
    }
    let coding = field(head, "Content-Transfer-Encoding");
    if !is_plain(coding, &["7bit", "8bit", "binary"])
        || !is_plain(field(head, "Content-Encoding"), &["identity"])
    {
        return Err(BodyRefusal::Unsupported);
    }
    Ok(text(body))
}

/// Cuts a part at its first empty line.
fn head_and_body(part: &[u8]) -> Result<(&[u8], &[u8]), BodyRefusal> {
    let mut at = 0;
    for line in part.split_inclusive(|byte| *byte == b'\n') {
        if line.trim_ascii().is_empty() {
            return part
                .split_at_checked(at)
                .ok_or(BodyRefusal::Broken)
                .map(|(head, rest)| (head, rest.get(line.len()..).unwrap_or_default()));
        }
        at += line.len();
    }
    Err(BodyRefusal::Broken)
}

fn field<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    let mut fields = head.lines().filter_map(|line| line.split_once(':'));
    fields.find(|(key, _)| key.trim().eq_ignore_ascii_case(name)).map(|(_, value)| value.trim())
}

/// What stands before the parameters, in lower case.
fn media_type(value: &str) -> String {
    value.split(';').next().unwrap_or(value).trim().to_ascii_lowercase()
}

/// The value of a parameter, without its quotes. A boundary holds no escapes, and `;` only between quotes.
fn param<'a>(value: &'a str, name: &str) -> Option<&'a str> {
    let mut rest = value.split_once(';')?.1;
    loop {
        let (key, after) = rest.split_once('=')?;
        // A parameter without a value may stand before.
        let key = key.rsplit(';').next().unwrap_or(key).trim();
        let after = after.trim_start();
        let (found, next) = match after.strip_prefix('"') {
            Some(quoted) => quoted.split_once('"')?,
            None => after.split_once(';').map_or((after, ""), |(found, next)| (found.trim_end(), next)),
        };
        if key.eq_ignore_ascii_case(name) {
            return Some(found);
        }
        rest = next;
    }
}

fn is_plain(coding: Option<&str>, known: &[&str]) -> bool {
    coding.is_none_or(|coding| known.iter().any(|known| coding.trim().eq_ignore_ascii_case(known)))
}

/// The text, unless it is only white space.
fn text(body: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(body);
    (!text.trim().is_empty()).then(|| text.into_owned())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const SDP: &str = "v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\n";

    fn read(kind: &str, body: &str) -> Result<Option<String>, BodyRefusal> {
        session_description(Some(kind), None, body.as_bytes())
    }

    fn mixed(parts: &[&str]) -> String {
        let parts: String = parts.iter().map(|part| format!("--b1\r\n{part}\r\n")).collect();
        format!("{parts}--b1--\r\n")
    }

    fn sdp_part(more: &str) -> String {
        format!("Content-Type: application/sdp\r\n{more}\r\n{SDP}")
    }

    #[test]
    fn a_description_alone_or_beside_others_is_found() {
        let with_end = format!("{SDP}\r\n");
        assert_eq!(read("application/sdp", SDP), Ok(Some(SDP.to_owned())));
        assert_eq!(read("Application/SDP; charset=utf-8", SDP), Ok(Some(SDP.to_owned())));
        assert_eq!(session_description(None, None, SDP.as_bytes()), Ok(Some(SDP.to_owned())));
        assert_eq!(session_description(Some("text/plain"), None, b""), Ok(None), "no body, no type");
        let isup = "Content-Type: application/ISUP; version=itu-t92+; base=itu-t92+\r\n\
                    Content-Disposition: signal; handling=optional\r\n\r\n\u{1}\u{0}--b1x\r\n";
        for kind in [
            "multipart/mixed;boundary=b1",
            "multipart/mixed; x=\"a;b\"; boundary=\"b1\"",
            "multipart/alternative; Boundary=b1",
        ] {
            for body in
                [mixed(&[&sdp_part(""), isup]), mixed(&[isup, &sdp_part("Content-Disposition: session\r\n")])]
            {
                assert_eq!(read(kind, &body), Ok(Some(with_end.clone())), "{kind}");
            }
        }
        let preamble =
            format!("for old programs\r\n{}and after", mixed(&[&sdp_part("")]).replace("\r\n", "\n"));
        let bare = with_end.replace("\r\n", "\n");
        assert_eq!(read("multipart/mixed;boundary=b1", &preamble), Ok(Some(bare)), "bare line ends");
    }

    #[test]
    fn parts_without_a_session_are_no_offer() {
        let early = sdp_part("Content-Disposition: early-session\r\n");
        assert_eq!(read("multipart/mixed;boundary=b1", &mixed(&[&early])), Ok(None));
        let photo = "Content-Type: image/png\r\n\r\nx";
        assert_eq!(read("multipart/mixed;boundary=b1", &mixed(&[photo, &early])), Ok(None));
    }

    #[test]
    fn what_must_be_understood_and_is_not_is_refused() {
        use BodyRefusal::Unsupported;
        let isup =
            "Content-Type: application/isup\r\nContent-Disposition: signal; handling=Required\r\n\r\nx";
        assert_eq!(read("multipart/mixed;boundary=b1", &mixed(&[&sdp_part(""), isup])), Err(Unsupported));
        let coded = sdp_part("Content-Transfer-Encoding: base64\r\n");
        assert_eq!(read("multipart/mixed;boundary=b1", &mixed(&[&coded])), Err(Unsupported));
        assert_eq!(read("text/plain", SDP), Err(Unsupported));
        assert_eq!(read("multipart/signed;boundary=b1", &mixed(&[&sdp_part("")])), Err(Unsupported));
        assert_eq!(
            session_description(Some("application/sdp"), Some("gzip"), SDP.as_bytes()),
            Err(Unsupported)
        );
    }

    #[test]
    fn what_is_not_what_it_says_is_refused() {
        use BodyRefusal::Broken;
        let one = mixed(&[&sdp_part("")]);
        let long = format!("multipart/mixed;boundary={}", "b".repeat(71));
        for (kind, body) in [
            ("multipart/mixed", one.clone()),
            ("multipart/mixed;boundary=", one.clone()),
            ("multipart/mixed;boundary=\"b1", one.clone()),
            ("multipart/mixed;boundary=other", one.clone()),
            (&long, one.clone()),
            ("multipart/mixed;boundary=b1", one.replace("--b1--", "")),
            ("multipart/mixed;boundary=b1", "--b1\r\nContent-Type: application/sdp\r\n--b1--\r\n".to_owned()),
            ("multipart/mixed;boundary=b1", mixed(&[&sdp_part(""), &sdp_part("")])),
            ("multipart/mixed;boundary=b1", mixed(&["A: b\r\n\r\nx"; 17])),
        ] {
            assert_eq!(read(kind, &body), Err(Broken), "{kind}: {body:?}");
        }
        let best = mixed(&[&sdp_part(""), "Content-Type: application/sdp\r\n\r\nv=0\r\ns=best"]);
        assert_eq!(
            read("multipart/alternative;boundary=b1", &best).unwrap().unwrap().trim_end(),
            "v=0\r\ns=best",
            "of alternatives the last"
        );
    }

    proptest! {
        #[test]
        fn any_body_of_any_type_is_harmless(kind in "(multipart/mixed)?[;a-z=\" ]{0,20}(boundary=\"?b1\"?)?", body in "(--b1(--)?\r?\n|Content-Type: application/sdp\r\n|\r\n|[ -~]{0,8}){0,30}") {
            if let Ok(Some(sdp)) = read(&kind, &body) {
                prop_assert!(sdp.len() <= body.len() && !sdp.trim().is_empty());
            }
        }
    }
}
