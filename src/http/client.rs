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

/// The address of the client: the peer, or the last untrusted hop that trusted proxies name.
pub(super) fn address(peer: SocketAddr, headers: &HeaderMap, trusted: &[IpNet]) -> IpAddr {
    let is_trusted = |address: &IpAddr| trusted.iter().any(|net| net.contains(address));
    let peer = peer.ip().to_canonical();
    if !is_trusted(&peer) {
        return peer;
    }
    let hops = headers.get_all("x-forwarded-for").iter().filter_map(|value| value.to_str().ok());
    let hops: Vec<IpAddr> =
        hops.flat_map(|value| value.split(',')).filter_map(|hop| hop.trim().parse().ok()).collect();
    hops.into_iter().rev().find(|hop| !is_trusted(hop)).unwrap_or(peer)
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
            sources.retain(|_, tally| now < tally.since + WINDOW);
            if sources.len() >= SOURCES {
                sources.clear();
            }
        }
        let tally = sources.entry(network(source)).or_insert(Tally { since: now, wrong: 0 });
        if now >= tally.since + WINDOW {
            *tally = Tally { since: now, wrong: 0 };
        }
        tally.wrong += 1;
    }
}

fn network(address: IpAddr) -> IpAddr {
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
        let peer: SocketAddr = "10.0.0.1:5".parse().unwrap();
        let trusted = ["10.0.0.0/8".parse().unwrap()];
        assert_eq!(address(peer, &headers, &trusted), "198.51.100.9".parse::<IpAddr>().unwrap());
        assert_eq!(address(peer, &headers, &[]), "10.0.0.1".parse::<IpAddr>().unwrap());
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
