//! Small readers of header text: lists, addresses, parameters, URIs (RFC 3261 §25). They borrow, never fail loudly,
//! and know nothing of methods or dialogs. Used by the front door and the dialogs.

/// Splits a header value at the commas that stand outside quotes and angle brackets.
pub(super) fn list(value: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    let mut start = 0;
    let mut scan = Scan::default();
    for (at, c) in value.char_indices() {
        if scan.plain(c) && c == ',' {
            parts.push(value.get(start..at).unwrap_or_default().trim());
            start = at + 1;
        }
    }
    parts.push(value.get(start..).unwrap_or_default().trim());
    parts.retain(|part| !part.is_empty());
    parts
}

/// Tracks quotes and angle brackets while walking over a header value.
#[derive(Default)]
struct Scan {
    quoted: bool,
    escaped: bool,
    angle: bool,
}

impl Scan {
    /// Takes the next character; true when it stands outside quotes and brackets.
    fn plain(&mut self, c: char) -> bool {
        if self.escaped {
            self.escaped = false;
            return false;
        }
        match c {
            '\\' if self.quoted => self.escaped = true,
            '"' if !self.angle => self.quoted = !self.quoted,
            '<' if !self.quoted => self.angle = true,
            '>' if !self.quoted => self.angle = false,
            _ => return !self.quoted && !self.angle,
        }
        false
    }
}

/// A name-addr or addr-spec with its header parameters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Address<'a> {
    /// Display name, unquoted.
    pub(super) name: Option<String>,
    /// The URI without brackets.
    pub(super) uri: &'a str,
    /// `;tag=…` and the like, from the first semicolon.
    pub(super) params: &'a str,
}

/// Reads one address. `None` when quotes or brackets do not balance or the URI is missing.
pub(super) fn address(value: &str) -> Option<Address<'_>> {
    let value = value.trim();
    let mut scan = Scan::default();
    let open = value.char_indices().find(|&(_, c)| {
        let outside = !scan.quoted;
        scan.plain(c);
        outside && c == '<'
    });
    let Some((open, _)) = open else {
        if scan.quoted {
            return None;
        }
        let end = value.find(';').unwrap_or(value.len());
        let (uri, params) = value.split_at(end);
        let uri = uri.trim();
        let clean = !uri.is_empty() && !uri.contains([' ', '\t', '"', '>', ',']);
        return clean.then_some(Address { name: None, uri, params });
    };
    let (name, rest) = value.split_at(open);
    let (uri, params) = rest.get(1..)?.split_once('>')?;
    let name = name.trim();
    let name = (!name.is_empty()).then(|| unquote(name));
    let uri = uri.trim();
    let params = params.trim();
    let sound = !uri.is_empty() && (params.is_empty() || params.starts_with(';'));
    sound.then_some(Address { name, uri, params })
}

/// Takes the quotes and backslashes off a quoted string; other text stays.
pub(super) fn unquote(text: &str) -> String {
    let Some(inner) = text.strip_prefix('"').and_then(|t| t.strip_suffix('"')) else {
        return text.to_owned();
    };
    let mut out = String::with_capacity(inner.len());
    let mut chars = inner.chars();
    while let Some(c) = chars.next() {
        out.extend(if c == '\\' { chars.next() } else { Some(c) });
    }
    out
}

/// Value of `name` among `;a=b;c` parameters; empty for one without a value.
pub(super) fn param<'a>(params: &'a str, name: &str) -> Option<&'a str> {
    let mut start = 0;
    let mut scan = Scan::default();
    let ends = params
        .char_indices()
        .filter(|&(_, c)| scan.plain(c) && c == ';')
        .map(|(at, _)| at)
        .collect::<Vec<_>>();
    for end in ends.into_iter().chain([params.len()]) {
        let item = params.get(start..end).unwrap_or_default();
        let (key, value) = item.split_once('=').unwrap_or((item, ""));
        if key.trim().eq_ignore_ascii_case(name) {
            return Some(value.trim());
        }
        start = end + 1;
    }
    None
}

/// Whether a comma list holds `token`, without regard to case.
pub(super) fn has_token(value: &str, token: &str) -> bool {
    value.split(',').any(|item| item.trim().eq_ignore_ascii_case(token))
}

/// The part of a URI before the colon; `None` when it is no scheme.
pub(super) fn scheme(uri: &str) -> Option<&str> {
    let (scheme, _) = uri.split_once(':')?;
    let first = scheme.chars().next()?;
    let rest = |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.');
    (first.is_ascii_alphabetic() && scheme.chars().all(rest)).then_some(scheme)
}

/// Where a SIP URI points: host (IPv6 without brackets), port and URI parameters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place<'a> {
    /// Host name or address.
    pub(super) host: &'a str,
    /// Port, when it is written.
    pub(super) port: Option<u16>,
    /// `;transport=tcp` and the like.
    pub(super) params: &'a str,
}

/// Reads the host part of a `sip:` or `sips:` URI. `None` when it is malformed.
pub(super) fn place(uri: &str) -> Option<Place<'_>> {
    let (_, rest) = uri.split_once(':')?;
    let rest = rest.split_once('?').map_or(rest, |(before, after)| {
        // A question mark may stand in the user part (RFC 3261 §25.1); headers come after the host.
        if after.contains('@') && !before.contains('@') { rest } else { before }
    });
    let host = rest.rsplit_once('@').map_or(rest, |(_, host)| host);
    let end = host.find(';').unwrap_or(host.len());
    let (host, params) = host.split_at(end);
    let (host, port) = host_port(host)?;
    Some(Place { host, port, params })
}

/// Splits `host[:port]`, with IPv6 in brackets. `None` when either is malformed.
pub(super) fn host_port(text: &str) -> Option<(&str, Option<u16>)> {
    let text = text.trim();
    let (host, port) = if let Some(rest) = text.strip_prefix('[') {
        let (host, rest) = rest.split_once(']')?;
        host.parse::<std::net::Ipv6Addr>().ok()?;
        let rest = rest.trim();
        (host, if rest.is_empty() { None } else { Some(rest.strip_prefix(':')?) })
    } else {
        match text.split_once(':') {
            Some((host, port)) => (host.trim(), Some(port)),
            None => (text, None),
        }
    };
    let sound = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_' | ':');
    if host.is_empty() || !host.chars().all(sound) {
        return None;
    }
    let port = port
        .map(|port| port.trim().parse().ok().filter(|port| *port != 0))
        .map_or(Some(None), |p| p.map(Some))?;
    Some((host, port))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commas_inside_quotes_and_brackets_do_not_split_a_list() {
        assert_eq!(list(r#""a, b" <sip:a,b@c>;x=1, <sip:d>,,"#), [r#""a, b" <sip:a,b@c>;x=1"#, "<sip:d>"]);
    }

    #[test]
    fn an_address_is_read_with_and_without_brackets() {
        let full = address(r#" "J \"R\" <x>" <sip:j@e.com;a=b> ; tag = 9"#).unwrap();
        assert_eq!(full.name.as_deref(), Some(r#"J "R" <x>"#));
        assert_eq!((full.uri, param(full.params, "TAG")), ("sip:j@e.com;a=b", Some("9")));
        let bare = address("sip:j@e.com;tag=9").unwrap();
        assert_eq!((bare.uri, param(bare.params, "tag")), ("sip:j@e.com", Some("9")));
    }

    #[test]
    fn unbalanced_quotes_and_missing_uris_are_no_address() {
        for bad in [r#""Mr. <sip:a@b>"#, "<sip:a@b", "", "<>", "Bell, Alexander", "<sip:a@b> x"] {
            assert_eq!(address(bad), None, "{bad}");
        }
    }

    #[test]
    fn the_place_of_a_uri_is_its_host_and_port() {
        assert_eq!(
            place("sip:a;b=c@[2001:db8::1]:5070;transport=tcp").map(|p| (p.host, p.port, p.params)),
            Some(("2001:db8::1", Some(5070), ";transport=tcp"))
        );
        assert_eq!(place("sip:h?Route=x").map(|p| p.host), Some("h"));
        for bad in
            ["sip:2001:db8::10", "sip:", "sip:a@", "sip:u@h:0", "sip:u@h:99999", "sip:u@[2001:db8:::1]"]
        {
            assert_eq!(place(bad), None, "{bad}");
        }
    }
}
