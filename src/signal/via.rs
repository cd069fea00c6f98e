//! The topmost `Via`: read tolerantly, completed with `received` and `rport` (RFC 3261 §18.2.1, RFC 3581 §4), written
//! in the plain form that the stack can read. Not a router: it only says where the answer goes.

use std::fmt::Write;
use std::net::{IpAddr, SocketAddr};

use super::text;

/// One `Via` value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Via {
    transport: String,
    host: String,
    port: Option<u16>,
    params: Vec<(String, String)>,
}

impl Via {
    /// Reads one value. `None` when protocol, transport or sent-by cannot be made out.
    pub(super) fn parse(value: &str) -> Option<Self> {
        let mut parts = value.splitn(3, '/');
        let (name, version, rest) = (parts.next()?, parts.next()?, parts.next()?);
        if !name.trim().eq_ignore_ascii_case("SIP") || !version.trim().contains('.') {
            return None;
        }
        let (transport, rest) = rest.trim().split_once([' ', '\t'])?;
        let (sent_by, params) = rest.split_once(';').unwrap_or((rest, ""));
        let sent_by: String = sent_by.split_whitespace().collect();
        let (host, port) = text::host_port(&sent_by)?;
        let mut via =
            Self { transport: transport.to_owned(), host: host.to_owned(), port, params: Vec::new() };
        for item in params.split(';').filter(|_| !params.is_empty()) {
            let (key, value) = item.split_once('=').unwrap_or((item, ""));
            let key = key.trim();
            if key.is_empty() || key.contains([',', ' ']) {
                return None;
            }
            via.params.push((key.to_owned(), value.trim().to_owned()));
        }
        Some(via)
    }

    fn param(&mut self, name: &str) -> Option<&mut String> {
        self.params.iter_mut().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }

    /// The branch, empty for a peer of RFC 2543.
    pub(super) fn branch(&self) -> &str {
        let branch = self.params.iter().find(|(key, _)| key.eq_ignore_ascii_case("branch"));
        branch.map_or("", |(_, value)| value)
    }

    /// Notes where the request really came from.
    pub(super) fn stamp(&mut self, source: SocketAddr) {
        self.params.retain(|(key, _)| !key.eq_ignore_ascii_case("received"));
        let asked = self.param("rport").map(|rport| *rport = source.port().to_string()).is_some();
        if asked || self.host.parse::<IpAddr>() != Ok(source.ip()) {
            self.params.push(("received".to_owned(), source.ip().to_string()));
        }
    }

    /// Where the answer to a datagram goes.
    pub(super) fn reply_to(&self, source: SocketAddr) -> SocketAddr {
        if self.params.iter().any(|(key, _)| key.eq_ignore_ascii_case("rport")) {
            return source;
        }
        SocketAddr::new(source.ip(), self.port.unwrap_or(5060))
    }

    /// The header value.
    pub(super) fn write(&self) -> String {
        let mut out = format!("SIP/2.0/{} ", self.transport);
        // Writing to a String cannot fail.
        let _ = if self.host.contains(':') {
            write!(out, "[{}]", self.host)
        } else {
            write!(out, "{}", self.host)
        };
        if let Some(port) = self.port {
            let _ = write!(out, ":{port}");
        }
        for (key, value) in &self.params {
            let _ = if value.is_empty() { write!(out, ";{key}") } else { write!(out, ";{key}={value}") };
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FROM: &str = "192.0.2.9:4000";

    #[test]
    fn white_space_everywhere_is_read_and_written_plainly() {
        let via = Via::parse("SIP  /   2.0 /UDP   192.0.2.2 : 5070 ; branch = z9hG4bK1 ;rport").unwrap();
        assert_eq!(via.write(), "SIP/2.0/UDP 192.0.2.2:5070;branch=z9hG4bK1;rport");
    }

    #[test]
    fn the_answer_goes_to_the_source_port_only_when_rport_asks_for_it() {
        let source = FROM.parse().unwrap();
        let mut asked = Via::parse("SIP/2.0/UDP 10.0.0.1:5070;rport;branch=z9hG4bK1").unwrap();
        asked.stamp(source);
        assert_eq!(asked.write(), "SIP/2.0/UDP 10.0.0.1:5070;rport=4000;branch=z9hG4bK1;received=192.0.2.9");
        assert_eq!(asked.reply_to(source), source);
        let plain = Via::parse("SIP/2.0/UDP 10.0.0.1:5070;branch=z9hG4bK1").unwrap();
        assert_eq!(plain.reply_to(source), "192.0.2.9:5070".parse().unwrap());
    }

    #[test]
    fn a_forged_received_is_replaced() {
        let mut via = Via::parse("SIP/2.0/UDP host.example;received=198.51.100.1;branch=z9hG4bK1").unwrap();
        via.stamp(FROM.parse().unwrap());
        assert_eq!(via.write(), "SIP/2.0/UDP host.example;branch=z9hG4bK1;received=192.0.2.9");
    }

    #[test]
    fn broken_values_are_refused() {
        for bad in [
            "",
            "SIP/2.0/UDP",
            "SIP/2.0/UDP 192.0.2.15;;,;,,",
            "SIP/2.0/UDP [2001:db8:::1]",
            "HTTP/1.1/TCP h",
        ] {
            assert_eq!(Via::parse(bad), None, "{bad}");
        }
    }
}
