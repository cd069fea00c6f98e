//! Who asks, and how many wrong links came from there lately.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use axum::http::HeaderMap;
use ipnet::IpNet;

use crate::clock::SharedClock;

/// Wrong links that one source may try in [`WINDOW`].
const ALLOWED: u32 = 20;
const WINDOW: Duration = Duration::from_secs(600);
/// Sources remembered; the stalest are forgotten first.
const SOURCES: usize = 50_000;

/// The address of the client: the peer, or the last hop before the trusted proxies as they name it. A hop that is no
/// address ends the search: what stands before it may have been written by anybody.
pub(super) fn address(peer: IpAddr, headers: &HeaderMap, trusted: &[IpNet]) -> IpAddr {
    let mut client = peer.to_canonical();
    let values: Vec<_> = headers.get_all("x-forwarded-for").iter().collect();
    let mut hops = values.iter().rev().flat_map(|value| value.to_str().unwrap_or_default().rsplit(','));
    while trusted.iter().any(|net| net.contains(&client)) {
        let Some(hop) = hops.next().and_then(hop) else { break };
        client = hop;
    }
    client
}

/// A hop of `X-Forwarded-For`: an address, which some proxies write with a port.
fn hop(text: &str) -> Option<IpAddr> {
    let text = text.trim();
    let bare = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')).unwrap_or(text);
    let address = bare.parse::<IpAddr>().or_else(|_| text.parse::<SocketAddr>().map(|with| with.ip()));
    address.ok().map(|address| address.to_canonical())
}

/// Counts wrong links a source (an IPv4 address, or the /64 of an IPv6 one).
pub(super) struct Guesses {
    clock: SharedClock,
    sources: Mutex<HashMap<IpAddr, Tally>>,
}

#[derive(Clone, Copy)]
struct Tally {
    since: Duration,
    wrong: u32,
}

impl Guesses {
    pub(super) fn new(clock: SharedClock) -> Self {
        Self { clock, sources: Mutex::new(HashMap::new()) }
    }

    /// Whether this source has used up its wrong guesses: then it is not even told about right ones.
    pub(super) fn is_blocked(&self, source: IpAddr) -> bool {
        let now = self.clock.monotonic();
        let sources = self.sources.lock().unwrap_or_else(PoisonError::into_inner);
        sources
            .get(&network(source))
            .is_some_and(|tally| tally.wrong >= ALLOWED && now < tally.since + WINDOW)
    }

    /// Counts one wrong guess.
    pub(super) fn wrong(&self, source: IpAddr) {
        metrics::counter!("aftertone_link_guesses_total").increment(1);
        let now = self.clock.monotonic();
        let mut sources = self.sources.lock().unwrap_or_else(PoisonError::into_inner);
        if sources.len() >= SOURCES {
            forget(&mut sources, now);
        }
        let tally = sources.entry(network(source)).or_insert(Tally { since: now, wrong: 0 });
        if now >= tally.since + WINDOW {
            *tally = Tally { since: now, wrong: 0 };
        }
        tally.wrong += 1;
    }
}

/// Makes room: forgets those whose time is over, then the older half of the time that is left, until there is room.
/// Those that are refused come last, so that a flood of sources frees nobody.
fn forget(sources: &mut HashMap<IpAddr, Tally>, now: Duration) {
    let mut age = WINDOW;
    while sources.len() >= SOURCES && !age.is_zero() {
        sources.retain(|_, tally| {
            now < tally.since + age || (tally.wrong >= ALLOWED && now < tally.since + WINDOW)
        });
        age = if age < Duration::from_secs(1) { Duration::ZERO } else { age / 2 };
    }
    if sources.len() >= SOURCES {
        sources.clear();
    }
}

/// What counts as one source: an IPv4 address, or the /64 of an IPv6 one.
pub(super) fn network(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(address) => IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() & !u128::from(u64::MAX))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::ManualClock;

    #[test]
    fn twenty_wrong_links_block_a_source_for_ten_minutes_and_no_other() {
        let clock = ManualClock::new("2026-01-01T00:00:00Z".parse().unwrap(), 1);
        let guesses = Guesses::new(clock.clone());
        let (bad, good): (IpAddr, IpAddr) = ("192.0.2.1".parse().unwrap(), "192.0.2.2".parse().unwrap());
        for _ in 0..20 {
            assert!(!guesses.is_blocked(bad));
            guesses.wrong(bad);
        }
        assert!(guesses.is_blocked(bad));
        assert!(!guesses.is_blocked(good));
        clock.advance(WINDOW);
        assert!(!guesses.is_blocked(bad));
    }

    #[test]
    fn a_forwarded_address_counts_only_from_a_trusted_proxy() {
        let mut headers = HeaderMap::new();
        headers.insert("x-forwarded-for", "198.51.100.9, 10.0.0.2".parse().unwrap());
        let peer: IpAddr = "10.0.0.1".parse().unwrap();
        let trusted = ["10.0.0.0/8".parse().unwrap()];
        assert_eq!(address(peer, &headers, &trusted), "198.51.100.9".parse::<IpAddr>().unwrap());
        assert_eq!(address(peer, &headers, &[]), peer);
    }

    #[test]
    fn what_a_client_writes_before_the_proxy_is_not_believed() {
        let trusted = ["10.0.0.0/8".parse().unwrap()];
        for (values, client) in [
            (&["1.2.3.4, 198.51.100.9:4711"][..], "198.51.100.9"),
            (&["1.2.3.4, [2001:db8::9]:4711"], "2001:db8::9"),
            (&["1.2.3.4, ::ffff:198.51.100.9"], "198.51.100.9"),
            (&["1.2.3.4, nonsense"], "10.0.0.1"),
            (&["1.2.3.4", "198.51.100.9"], "198.51.100.9"),
            (&["1.2.3.4, nonsense, 10.0.0.7"], "10.0.0.7"),
            (&[""], "10.0.0.1"),
        ] {
            let mut headers = HeaderMap::new();
            for value in values {
                headers.append("x-forwarded-for", value.parse().unwrap());
            }
            let found = address("10.0.0.1".parse().unwrap(), &headers, &trusted);
            assert_eq!(found, client.parse::<IpAddr>().unwrap(), "{values:?}");
        }
    }

    #[test]
    fn a_flood_of_sources_makes_the_stalest_forgotten_and_memory_bounded() {
        let clock = ManualClock::new("2026-01-01T00:00:00Z".parse().unwrap(), 1);
        let guesses = Guesses::new(clock.clone());
        let blocked: IpAddr = "192.0.2.1".parse().unwrap();
        guesses.wrong("192.0.2.9".parse().unwrap());
        clock.advance(WINDOW * 3 / 4);
        for _ in 0..ALLOWED {
            guesses.wrong(blocked);
        }
        for number in 0..60_000_u32 {
            clock.advance(Duration::from_millis(1));
            guesses.wrong(IpAddr::V4((0x0a00_0000 + number).into()));
            assert!(guesses.sources.lock().unwrap().len() <= SOURCES);
        }
        assert!(!guesses.sources.lock().unwrap().contains_key(&"192.0.2.9".parse::<IpAddr>().unwrap()));
        assert!(guesses.is_blocked(blocked));
    }

    #[test]
    fn neighbours_in_one_ipv6_network_are_one_source() {
        let clock = ManualClock::new("2026-01-01T00:00:00Z".parse().unwrap(), 1);
        let guesses = Guesses::new(clock);
        for host in 0..20 {
            guesses.wrong(format!("2001:db8::{host:x}").parse().unwrap());
        }
        assert!(guesses.is_blocked("2001:db8::ffff".parse().unwrap()));
    }
}
