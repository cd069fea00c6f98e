//! Reading of SIP, SIPS and TEL URIs (RFC 3261 §19.1, RFC 3966) and of name-addr header values (§20.10), for routing.
//!
//! Tolerant of what senders really write, bounded, and without panics. Not a stack's URI: nothing here is sent back
//! or compared by the rules of §19.1.4. Driven by the other files of this module and by the routing.

use std::net::Ipv6Addr;

/// Longest text that is read, in bytes.
const MAX_TEXT: usize = 4096;
/// Most parameters, headers or list entries that are read; further ones are ignored.
const MAX_ITEMS: usize = 32;

/// Why a text is no URI or no name-addr.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum UriError {
    /// Longer than any sane sender writes.
    #[error("longer than {MAX_TEXT} bytes")]
    TooLong,
    /// No scheme that we know.
    #[error("the scheme is none of sip, sips and tel")]
    Scheme,
    /// Neither a user nor a host.
    #[error("names neither a user nor a host")]
    Empty,
    /// White space, control characters or delimiters where a host belongs.
    #[error("the host part has characters that no host has")]
    Host,
    /// A quote or an angle bracket is not closed.
    #[error("a quote or an angle bracket is not closed")]
    Unbalanced,
}

/// The schemes that name somebody who can be called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scheme {
    /// `sip:`
    Sip,
    /// `sips:`
    Sips,
    /// `tel:`, and text that is a bare number or name.
    Tel,
}

/// A parameter or a URI header: the name in lower case, the value unescaped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Param {
    /// Name, lower case.
    pub name: String,
    /// Value; `None` for a bare name such as `lr`.
    pub value: Option<String>,
}

/// Who or what a URI names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Uri {
    scheme: Scheme,
    user: Option<String>,
    host: Option<String>,
    port: Option<u16>,
    params: Vec<Param>,
    headers: Vec<Param>,
}

impl Uri {
    /// Reads a URI with its scheme, with or without angle brackets around it.
    ///
    /// # Errors
    /// When the scheme is not one of ours, when nobody is named, or when the text is too long.
    pub fn parse(text: &str) -> Result<Self, UriError> {
        let text = unbracket(text)?;
        let (scheme, rest) = text.split_once(':').ok_or(UriError::Scheme)?;
        match scheme.trim().to_ascii_lowercase().as_str() {
            "sip" => Self::sip(Scheme::Sip, rest),
            "sips" => Self::sip(Scheme::Sips, rest),
            "tel" => Self::tel(rest),
            _ => Err(UriError::Scheme),
        }
    }

    /// Reads what people and proprietary headers write: a URI, `user@host`, or a bare number or name.
    ///
    /// # Errors
    /// As [`Uri::parse`].
    pub fn lenient(text: &str) -> Result<Self, UriError> {
        match Self::parse(text) {
            Err(UriError::Scheme) => {}
            other => return other,
        }
        let text = unbracket(text)?;
        if text.contains('@') {
            return Self::sip(Scheme::Sip, text);
        }
        if text.contains(':') {
            return Err(UriError::Scheme);
        }
        Self::tel(text)
    }

    /// The scheme.
    pub const fn scheme(&self) -> Scheme {
        self.scheme
    }

    /// The user part (or the number of a TEL URI), unescaped, without password and without its own parameters.
    pub fn user(&self) -> Option<&str> {
        self.user.as_deref()
    }

    /// The same URI with another user part (as text, not escaped).
    #[must_use]
    pub fn with_user(mut self, user: &str) -> Self {
        self.user = filled(user.to_owned());
        self
    }

    /// Host in lower case, without the brackets of an IPv6 address and without a trailing dot.
    pub fn host(&self) -> Option<&str> {
        self.host.as_deref()
    }

    /// Port, when one is given that is a number.
    pub const fn port(&self) -> Option<u16> {
        self.port
    }

    /// The value of a parameter (of the URI or of its user part), the empty string for a bare name.
    pub fn param(&self, name: &str) -> Option<&str> {
        find(&self.params, name)
    }

    /// The value of a URI header (after `?`).
    pub fn header(&self, name: &str) -> Option<&str> {
        find(&self.headers, name)
    }

    /// The user part as digits to dial: visual separators removed (RFC 3966 §5.1.1), an optional leading `+`, and `*`
    /// and `#`. `None` when it is a name.
    pub fn number(&self) -> Option<String> {
        plain_number(self.user()?)
    }

    fn sip(scheme: Scheme, rest: &str) -> Result<Self, UriError> {
        // The user part may hold `;`, `?` and `/` as they are; `@` has to be escaped everywhere else (§25.1).
        let (userinfo, rest) = match rest.split_once('@') {
            Some((userinfo, rest)) => (Some(userinfo), rest),
            None => (None, rest),
        };
        let (rest, headers) = match rest.split_once('?') {
            Some((rest, headers)) => (rest, pairs(headers, '&')),
            None => (rest, Vec::new()),
        };
        let (hostport, own) = match rest.split_once(';') {
            Some((hostport, own)) => (hostport, pairs(own, ';')),
            None => (rest, Vec::new()),
        };
        let (host, port) = host_and_port(hostport.trim())?;
        let mut uri = Self { scheme, user: None, host, port, params: own, headers };
        if let Some(userinfo) = userinfo {
            let (user, more) = userinfo.split_once(';').unwrap_or((userinfo, ""));
            uri.user = filled(unescape(user.split(':').next().unwrap_or_default()));
            uri.params.extend(pairs(more, ';'));
        }
        uri.adopt_numeric_host();
        if uri.user.is_none() && uri.host.is_none() { Err(UriError::Empty) } else { Ok(uri) }
    }

    /// `sip:1001` names a host by the grammar, but no host is a bare number: its sender means the user.
    fn adopt_numeric_host(&mut self) {
        let numeric = |host: &str| host.bytes().all(|byte| byte.is_ascii_digit() || b"+*#".contains(&byte));
        if self.user.is_none() && self.port.is_none() && self.host.as_deref().is_some_and(numeric) {
            self.user = self.host.take();
        }
    }

    fn tel(rest: &str) -> Result<Self, UriError> {
        let (number, own) = rest.split_once(';').unwrap_or((rest, ""));
        let user = filled(unescape(number.trim())).ok_or(UriError::Empty)?;
        let (params, headers) = (pairs(own, ';'), Vec::new());
        Ok(Self { scheme: Scheme::Tel, user: Some(user), host: None, port: None, params, headers })
    }
}

/// A name-addr or addr-spec with the parameters of its header.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NameAddr {
    /// Display name, unquoted.
    pub name: Option<String>,
    /// The URI as it was written.
    pub uri: String,
    /// Header parameters.
    pub params: Vec<Param>,
}

impl NameAddr {
    /// Reads one header value: `"Name" <uri>;params`, `Name <uri>;params` or `uri;params`.
    ///
    /// # Errors
    /// When a quote or a bracket is not closed, when there is no URI, or when the text is too long.
    pub fn parse(text: &str) -> Result<Self, UriError> {
        let text = bounded(text)?;
        let (name, rest) = match text.strip_prefix('"') {
            Some(quoted) => {
                let (name, rest) = unquote(quoted).ok_or(UriError::Unbalanced)?;
                (filled(name), rest.trim_start())
            }
            None => match text.find('<') {
                Some(at) => (
                    filled(text.get(..at).unwrap_or_default().trim().to_owned()),
                    text.get(at..).unwrap_or_default(),
                ),
                None => (None, text),
            },
        };
        let (uri, params) = match rest.strip_prefix('<') {
            Some(inside) => inside.split_once('>').ok_or(UriError::Unbalanced)?,
            None => bare(rest),
        };
        let uri = filled(uri.trim().to_owned()).ok_or(UriError::Empty)?;
        Ok(Self { name, uri, params: header_params(params) })
    }

    /// The value of a header parameter, the empty string for a bare name.
    pub fn param(&self, name: &str) -> Option<&str> {
        find(&self.params, name)
    }
}

/// Splits a header value at the commas that separate its entries (not at those in quotes or angle brackets).
pub fn split_list(value: &str) -> Vec<&str> {
    split_outside(value, ',').into_iter().map(str::trim).filter(|entry| !entry.is_empty()).collect()
}

/// Digits with an optional leading `+`, and `*` and `#`; visual separators removed. `None` when it is something else.
pub fn plain_number(text: &str) -> Option<String> {
    let plain: String = text.chars().filter(|c| !matches!(c, ' ' | '-' | '.' | '(' | ')' | '/')).collect();
    let dialled = plain.strip_prefix('+').unwrap_or(&plain);
    let known = dialled.bytes().all(|byte| byte.is_ascii_digit() || b"*#".contains(&byte));
    (known && dialled.bytes().any(|byte| byte.is_ascii_digit()) && dialled.len() <= 40).then_some(plain)
}

/// Undoes `%HH` (RFC 3986 §2.1). What is no escape stays as it is; bytes that are no UTF-8 are replaced.
pub fn unescape(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, tail)) = rest.split_first() {
        match (first, tail) {
            (b'%', [high, low, after @ ..]) if high.is_ascii_hexdigit() && low.is_ascii_hexdigit() => {
                bytes.push(hex(*high) << 4 | hex(*low));
                rest = after;
            }
            _ => {
                bytes.push(first);
                rest = tail;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

const fn hex(digit: u8) -> u8 {
    match digit {
        b'0'..=b'9' => digit - b'0',
        _ => (digit | 0x20).wrapping_sub(b'a').wrapping_add(10),
    }
}

fn bounded(text: &str) -> Result<&str, UriError> {
    if text.len() > MAX_TEXT { Err(UriError::TooLong) } else { Ok(text.trim()) }
}

fn unbracket(text: &str) -> Result<&str, UriError> {
    let text = bounded(text)?;
    match text.strip_prefix('<') {
        Some(inside) => inside.split_once('>').map(|(uri, _)| uri.trim()).ok_or(UriError::Unbalanced),
        None => Ok(text),
    }
}

fn filled(text: String) -> Option<String> {
    (!text.is_empty()).then_some(text)
}

fn find<'a>(params: &'a [Param], name: &str) -> Option<&'a str> {
    let param = params.iter().find(|param| param.name.eq_ignore_ascii_case(name))?;
    Some(param.value.as_deref().unwrap_or_default())
}

fn host_and_port(text: &str) -> Result<(Option<String>, Option<u16>), UriError> {
    if let Some(inside) = text.strip_prefix('[') {
        let (address, rest) = inside.split_once(']').ok_or(UriError::Unbalanced)?;
        address.parse::<Ipv6Addr>().map_err(|_| UriError::Host)?;
        let port = rest.strip_prefix(':').and_then(|port| port.trim().parse().ok());
        return Ok((Some(address.to_ascii_lowercase()), port));
    }
    if text.parse::<Ipv6Addr>().is_ok() {
        return Ok((Some(text.to_ascii_lowercase()), None));
    }
    let (host, port) = match text.split_once(':') {
        Some((host, port)) => (host.trim(), port.trim().parse().ok()),
        None => (text, None),
    };
    let sane =
        |c: char| !c.is_whitespace() && !c.is_control() && !matches!(c, '<' | '>' | '"' | ',' | '[' | ']');
    if !host.chars().all(sane) {
        return Err(UriError::Host);
    }
    Ok((filled(host.trim_end_matches('.').to_ascii_lowercase()), port))
}

fn pairs(text: &str, separator: char) -> Vec<Param> {
    text.split(separator).filter(|pair| !pair.trim().is_empty()).take(MAX_ITEMS).map(pair).collect()
}

fn pair(text: &str) -> Param {
    match text.split_once('=') {
        Some((name, value)) => Param { name: lower(name), value: Some(unescape(value.trim())) },
        None => Param { name: lower(text), value: None },
    }
}

fn lower(name: &str) -> String {
    unescape(name.trim()).to_ascii_lowercase()
}

/// An addr-spec without brackets: what follows its first `;` belongs to the header (RFC 3261 §20), save in the user part.
fn bare(text: &str) -> (&str, &str) {
    let host_at = text.find('@').unwrap_or(0);
    let end = text.get(host_at..).and_then(|host| host.find(';')).map_or(text.len(), |at| host_at + at);
    text.split_at(end)
}

fn header_params(text: &str) -> Vec<Param> {
    let mut params = Vec::new();
    for part in split_outside(text, ';') {
        let part = part.trim();
        if part.is_empty() {
            continue;
        }
        let (name, value) = match part.split_once('=') {
            Some((name, value)) => (name, Some(token_or_quoted(value.trim()))),
            None => (part, None),
        };
        params.push(Param { name: name.trim().to_ascii_lowercase(), value });
    }
    params
}

/// A header parameter's value: a quoted-string is unquoted, a token stands as it is.
fn token_or_quoted(text: &str) -> String {
    match text.strip_prefix('"').and_then(unquote) {
        Some((value, _)) => value,
        None => text.to_owned(),
    }
}

/// Reads a quoted-string after its opening quote (§25.1): the text without escapes, and what follows.
fn unquote(text: &str) -> Option<(String, &str)> {
    let mut value = String::new();
    let mut chars = text.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '"' => return Some((value, text.get(at + 1..).unwrap_or_default())),
            '\\' => value.extend(chars.next().map(|(_, escaped)| escaped)),
            _ => value.push(c),
        }
    }
    None
}

fn split_outside(text: &str, separator: char) -> Vec<&str> {
    let mut parts = Vec::new();
    let (mut quoted, mut escaped, mut bracketed, mut start) = (false, false, false, 0);
    for (at, c) in text.char_indices() {
        if escaped {
            escaped = false;
            continue;
        }
        match c {
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            '<' if !quoted => bracketed = true,
            '>' if !quoted => bracketed = false,
            _ if c == separator && !quoted && !bracketed => {
                parts.extend(text.get(start..at));
                start = at + c.len_utf8();
            }
            _ => {}
        }
        if parts.len() >= MAX_ITEMS {
            return parts;
        }
    }
    parts.extend(text.get(start..));
    parts
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn uri(text: &str) -> Uri {
        Uri::parse(text).unwrap_or_else(|error| panic!("{text:?}: {error}"))
    }

    #[test]
    fn a_uri_falls_into_its_parts() {
        let uri = uri("SIP:Ada%20L:secret@Example.ORG.:5070;transport=tcp;lr?Subject=a%26b&Priority=urgent");
        assert_eq!(uri.scheme(), Scheme::Sip);
        assert_eq!(uri.user(), Some("Ada L"));
        assert_eq!((uri.host(), uri.port()), (Some("example.org"), Some(5070)));
        assert_eq!((uri.param("Transport"), uri.param("lr"), uri.param("x")), (Some("tcp"), Some(""), None));
        assert_eq!((uri.header("subject"), uri.header("priority")), (Some("a&b"), Some("urgent")));
    }

    #[test]
    fn numbers_are_read_however_they_are_written() {
        for (text, number) in [
            ("sip:+15550100199@pbx;user=phone", "+15550100199"),
            ("sip:%2B1555%2D0100199@pbx", "+15550100199"),
            ("tel:+1-(555)-010.0199", "+15550100199"),
            ("TEL:1001;phone-context=example.org", "1001"),
            ("sip:1001;phone-context=+1@pbx", "1001"),
            ("sip:*97@pbx", "*97"),
            ("sip:1001", "1001"),
        ] {
            assert_eq!(uri(text).number().as_deref(), Some(number), "{text}");
        }
        assert_eq!(uri("sip:ada@pbx").number(), None);
        assert_eq!(uri("sip:1+2@pbx").number(), None);
        assert_eq!(uri("TEL:1001;Phone-Context=Example.org").param("phone-context"), Some("Example.org"));
    }

    #[test]
    fn ipv6_hosts_keep_their_address_and_port() {
        let sip = uri("sip:1001@[2001:DB8::10]:5070;lr");
        assert_eq!((sip.host(), sip.port()), (Some("2001:db8::10"), Some(5070)));
        assert_eq!(uri("sip:1001@2001:db8::10").host(), Some("2001:db8::10"));
        assert_eq!(Uri::parse("sip:1001@[2001:db8:::192.0.2.1]"), Err(UriError::Host));
        assert_eq!(Uri::parse("sip:1001@[2001:db8::1"), Err(UriError::Unbalanced));
    }

    #[test]
    fn the_torture_uris_of_rfc_4475_are_read() {
        assert_eq!(uri("sip:sips%3Auser%40example.com@example.net").user(), Some("sips:user@example.com"));
        let semi = uri("sip:user;par=u%40example.net@example.com");
        assert_eq!(
            (semi.user(), semi.param("par"), semi.host()),
            (Some("user"), Some("u@example.net"), Some("example.com"))
        );
        let odd = uri("sip:1_unusual.URI~(to-be!sure)&isn't+it$/crazy?,/;;*@example.com");
        assert_eq!(
            (odd.user(), odd.host()),
            (Some("1_unusual.URI~(to-be!sure)&isn't+it$/crazy?,/"), Some("example.com"))
        );
        assert_eq!(uri("sip:null-%00-null@example.com").user(), Some("null-\0-null"));
        assert_eq!(
            uri("sip:user@example.com?Route=%3Csip:example.com%3E").header("route"),
            Some("<sip:example.com>")
        );
        assert_eq!(uri("sip:100%@pbx").user(), Some("100%"));
    }

    #[test]
    fn text_that_names_nobody_is_refused() {
        assert_eq!(Uri::parse("1001"), Err(UriError::Scheme));
        assert_eq!(Uri::parse("http://example.org"), Err(UriError::Scheme));
        assert_eq!(Uri::parse("sip:"), Err(UriError::Empty));
        assert_eq!(Uri::parse("sip:@"), Err(UriError::Empty));
        assert_eq!(Uri::parse("tel:;x=y"), Err(UriError::Empty));
        assert_eq!(Uri::parse("sip:a@b c"), Err(UriError::Host));
        assert_eq!(Uri::parse(&format!("sip:{}", "1".repeat(5000))), Err(UriError::TooLong));
    }

    #[test]
    fn bare_numbers_and_names_are_understood_where_a_uri_is_not_sure() {
        assert_eq!(Uri::lenient("1001").unwrap().user(), Some("1001"));
        assert_eq!(Uri::lenient("ada@example.org").unwrap().host(), Some("example.org"));
        assert_eq!(Uri::lenient("<sip:ada@example.org;lr>;x=y").unwrap().param("lr"), Some(""));
        assert_eq!(Uri::lenient("mailto:x"), Err(UriError::Scheme));
        assert_eq!(Uri::lenient("  "), Err(UriError::Empty));
    }

    #[test]
    fn a_name_addr_is_read_with_its_quotes_and_escapes() {
        let party = NameAddr::parse(
            r#""Ada \"The\" <Countess>, \\" <sip:1001@pbx;x=1?a=b>;tag=7;Reason="user-busy""#,
        )
        .unwrap();
        assert_eq!(party.name.as_deref(), Some(r#"Ada "The" <Countess>, \"#));
        assert_eq!(party.uri, "sip:1001@pbx;x=1?a=b");
        assert_eq!((party.param("tag"), party.param("reason")), (Some("7"), Some("user-busy")));
        let plain = NameAddr::parse("caller<sip:caller@example.com>;tag=323").unwrap();
        assert_eq!(plain.name.as_deref(), Some("caller"));
        let bare = NameAddr::parse("sip:user;par=u@example.com;tag=1").unwrap();
        assert_eq!((bare.uri.as_str(), bare.param("tag")), ("sip:user;par=u@example.com", Some("1")));
        assert_eq!(NameAddr::parse(r#""Mr. J. User <sip:j.user@example.com>"#), Err(UriError::Unbalanced));
        assert_eq!(NameAddr::parse("Ada <sip:1001@pbx"), Err(UriError::Unbalanced));
        assert_eq!(NameAddr::parse("\"Ada\" <>"), Err(UriError::Empty));
    }

    #[test]
    fn a_list_is_split_only_between_its_entries() {
        let list = r#""a, b" <sip:1,2@x>;p="x,y", <sip:3@x>,, sip:4@x"#;
        assert_eq!(split_list(list), [r#""a, b" <sip:1,2@x>;p="x,y""#, "<sip:3@x>", "sip:4@x"]);
        assert_eq!(split_list(r#""a\", b" <sip:1@x>, 2"#), [r#""a\", b" <sip:1@x>"#, "2"]);
        assert!(split_list(&",1".repeat(500)).len() <= MAX_ITEMS);
    }

    proptest! {
        #[test]
        fn no_text_makes_the_readers_panic(text in "\\PC{0,80}|[sip:tel@<>;=?%,\"\\\\\\[\\]0-9a-f+ ]{0,80}") {
            let _ = Uri::parse(&text);
            let _ = Uri::lenient(&text);
            let _ = NameAddr::parse(&text);
            let _ = plain_number(&text);
            prop_assert!(split_list(&text).iter().all(|entry| !entry.is_empty()));
        }

        #[test]
        fn an_escaped_user_reads_back(user in "\\PC{1,20}") {
            let escaped: String = user.bytes().map(|byte| format!("%{byte:02x}")).collect();
            let uri = Uri::parse(&format!("sip:{escaped}@example.org")).unwrap();
            prop_assert_eq!(uri.user(), Some(user.as_str()));
        }

        #[test]
        fn a_quoted_name_reads_back(name in "\\PC{1,20}") {
            let quoted = name.replace('\\', "\\\\").replace('"', "\\\"");
            let party = NameAddr::parse(&format!("\"{quoted}\" <sip:1@x>")).unwrap();
            prop_assert_eq!(party.name, Some(name));
        }
    }
}
