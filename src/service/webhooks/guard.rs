//! Where webhooks may lead: to the outside and nowhere else, unless the configuration names the host. Pure.
//!
//! A webhook makes the server ask an address that somebody else chose: without this it would ask its own network.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::Arc;

use url::{Host, Url};

use crate::domain::Invalid;

/// Longest address, in characters.
const LONGEST_URL: usize = 500;

/// The rule. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct Guard {
    /// Hosts that may be asked wherever they are, and without TLS.
    hosts: Arc<[String]>,
}

impl Guard {
    /// Beside the outside, these hosts (names or addresses) may be asked, also without TLS.
    pub fn new(hosts: &[String]) -> Self {
        let plain = |host: &String| host.trim().trim_matches(['[', ']']).to_lowercase();
        Self { hosts: hosts.iter().map(plain).collect() }
    }

    fn names(&self, host: &str) -> bool {
        let host = host.trim_matches(['[', ']']).trim_end_matches('.').to_lowercase();
        self.hosts.contains(&host)
    }

    /// The address of a webhook, if it may be one.
    ///
    /// # Errors
    /// [`Invalid`] says what would be accepted.
    pub fn url(&self, text: &str) -> Result<Url, Invalid> {
        // It may hold a secret in its query: the error does not repeat it.
        let invalid = |remedy| Invalid::new("url", "…", remedy);
        if text.chars().count() > LONGEST_URL {
            return Err(invalid("write at most 500 characters"));
        }
        let url = Url::parse(text.trim())
            .map_err(|_| invalid("write an address like https://hooks.example.org/aftertone"))?;
        if !url.username().is_empty() || url.password().is_some() || url.fragment().is_some() {
            return Err(invalid("leave out user, password and what follows #"));
        }
        let host = url.host_str().unwrap_or_default();
        let is_named = self.names(host);
        match url.scheme() {
            "https" => {}
            "http" if is_named => {}
            _ => {
                return Err(invalid(
                    "it must begin with https://; http:// is for hosts that webhooks.allow in the configuration names",
                ));
            }
        }
        let address = match url.host() {
            Some(Host::Ipv4(address)) => Some(IpAddr::V4(address)),
            Some(Host::Ipv6(address)) => Some(IpAddr::V6(address)),
            Some(Host::Domain(_)) => None,
            None => return Err(invalid("it names no host")),
        };
        if address.is_some_and(|address| !is_outside(address)) && !is_named {
            return Err(invalid(
                "it leads into the own network: name the host in webhooks.allow of the configuration",
            ));
        }
        Ok(url)
    }

    /// Whether this host may be asked at this address.
    pub fn may_reach(&self, host: &str, address: IpAddr) -> bool {
        is_outside(address) || self.names(host)
    }
}

/// Whether an address is one of the public internet (IANA special-purpose registries, RFC 6890).
pub fn is_outside(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_outside_v4(address),
        IpAddr::V6(address) => is_outside_v6(address),
    }
}

fn is_outside_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    let is_shared = a == 100 && (64..128).contains(&b);
    let is_protocol = (a, b, c) == (192, 0, 0) || (a, b, c) == (192, 88, 99);
    let is_benchmark = a == 198 && (18..20).contains(&b);
    !(address.is_loopback()
        || address.is_private()
        || address.is_link_local()
        || address.is_documentation()
        || is_shared
        || is_protocol
        || is_benchmark
        || a == 0
        || a >= 224)
}

fn is_outside_v6(address: Ipv6Addr) -> bool {
    let parts = address.segments();
    let embedded = |high: u16, low: u16| {
        let ([a, b], [c, d]) = (high.to_be_bytes(), low.to_be_bytes());
        is_outside_v4(Ipv4Addr::new(a, b, c, d))
    };
    match parts {
        // Mapped and compatible addresses, NAT64, 6to4: what counts is the IPv4 address in them.
        [0, 0, 0, 0, 0, 0 | 0xffff, high, low] | [0x64, 0xff9b, 0, 0, 0, 0, high, low] => embedded(high, low),
        [0x2002, high, low, ..] => embedded(high, low),
        // Teredo, ORCHID and other protocol assignments; documentation.
        [0x2001, 0..0x200, ..] | [0x2001, 0xdb8, ..] | [0x3fff, ..] => false,
        // Only 2000::/3 is given out.
        [first, ..] => first & 0xe000 == 0x2000,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_the_own_network_are_not_outside_however_they_are_written() {
        for inside in [
            "127.0.0.1",
            "127.9.9.9",
            "10.0.0.1",
            "172.16.0.1",
            "192.168.1.1",
            "169.254.169.254",
            "100.64.0.1",
            "0.0.0.0",
            "255.255.255.255",
            "224.0.0.1",
            "192.0.2.1",
            "198.18.0.1",
            "240.0.0.1",
            "192.0.0.8",
            "::1",
            "::",
            "fe80::1",
            "fc00::1",
            "fd00::1",
            "ff02::1",
            "::ffff:127.0.0.1",
            "::ffff:10.0.0.1",
            "::127.0.0.1",
            "64:ff9b::7f00:1",
            "64:ff9b:1::1",
            "2002:7f00:1::",
            "2001:db8::1",
            "2001::1",
            "100::1",
        ] {
            assert!(!is_outside(inside.parse().unwrap()), "{inside}");
        }
        for outside in [
            "93.184.216.34",
            "8.8.8.8",
            "2606:4700::1111",
            "2a00:1450::1",
            "64:ff9b::808:808",
            "::ffff:8.8.8.8",
        ] {
            assert!(is_outside(outside.parse().unwrap()), "{outside}");
        }
    }

    #[test]
    fn an_address_must_be_https_and_outside_unless_the_configuration_names_its_host() {
        let guard = Guard::new(&["hooks.internal".to_owned(), "127.0.0.1".to_owned(), "[::1]".to_owned()]);
        for good in [
            "https://hooks.example.org/a?key=x",
            "https://93.184.216.34/",
            "http://hooks.internal:8080/x",
            "http://HOOKS.internal./x",
            "http://127.0.0.1:9/x",
            "https://[::1]/",
            "https://127.0.0.1/",
        ] {
            assert!(guard.url(good).is_ok(), "{good}");
        }
        for bad in [
            "",
            "x",
            "ftp://hooks.example.org",
            "http://hooks.example.org",
            "https://10.0.0.1/",
            "https://[::ffff:10.0.0.1]/",
            "https://user:secret@hooks.example.org/",
            "https://hooks.example.org/#x",
            "file:///etc/passwd",
            "https://2130706434/",
            "https://0x7f.2/",
            "https://127.0.0.2/",
            "https://[fd00::1]/",
        ] {
            let refused = guard.url(bad).expect_err(bad).to_string();
            assert!(!refused.contains("secret"), "{refused}");
        }
        assert!(guard.url(&format!("https://a.example/{}", "x".repeat(500))).is_err());
        assert!(guard.may_reach("hooks.internal", "10.1.1.1".parse().unwrap()));
        assert!(!guard.may_reach("hooks.example.org", "10.1.1.1".parse().unwrap()));
        assert!(guard.may_reach("hooks.example.org", "93.184.216.34".parse().unwrap()));
    }
}
