//! Whose packets are the peer's: source validation and latching. Sans-IO; decides for each packet whether it belongs
//! to the session, and where our own packets go. Does not look into the sound.
//!
//! The address in the SDP has authority: a valid packet from it is the peer. Behind NAT packets come from elsewhere;
//! then the first source that proves itself by consecutive packets is locked, and stays until a new offer names
//! another address. Where the SDP names a routable address, only that very host may send (from whatever port):
//! otherwise whoever finds the port first would be recorded. A new SSRC, or a sequence that jumps, is taken only from
//! the locked address, only after consecutive packets, and only when the old stream has fallen silent.

use std::net::{IpAddr, SocketAddr};

use super::packet::Packet;
use super::sequence::{Place, Sequence};

/// Consecutive packets after which a source behind NAT is believed (RFC 3550 §A.1, MIN_SEQUENTIAL).
const RUN_NAT: u8 = 2;
/// The same for another port of the host that the SDP names: the port that it names may yet speak.
const RUN_OTHER_PORT: u8 = 10;
/// Consecutive packets after which a new SSRC or a sequence that jumped is believed.
const RUN_RESTART: u8 = 3;
/// How long the old stream must have been silent before a new one replaces it.
const QUIET_MS: u64 = 150;
/// Sources that are watched at once before one is locked.
const CANDIDATES: usize = 4;

/// What the negotiation says about the peer's packets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Expected {
    /// Where the peer receives, and so most likely sends from. `None`: nowhere, nobody new is accepted.
    pub remote: Option<SocketAddr>,
    /// Bit n: payload type n is negotiated.
    pub payload_types: u128,
}

impl Expected {
    /// Allows a payload type (values above 127 do not exist and are ignored).
    pub const fn allow(&mut self, payload_type: u8) {
        if payload_type < 128 {
            self.payload_types |= 1 << payload_type;
        }
    }
}

/// What is to be done with a packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It belongs to the session and was not here before.
    Accepted {
        /// Its sequence number, extended so that it never wraps.
        number: u64,
        /// It begins a new stream: numbers and timestamps before it say nothing about it.
        restart: bool,
    },
    /// It was here before.
    Duplicate,
    /// It is a stranger's, or cannot be told from one.
    Foreign,
}

#[derive(Debug, Clone)]
struct Locked {
    address: SocketAddr,
    ssrc: u32,
    sequence: Sequence,
    heard_ms: u64,
}

#[derive(Debug, Clone, Copy)]
struct Candidate {
    address: SocketAddr,
    ssrc: u32,
    next: u16,
    run: u8,
    heard_ms: u64,
}

/// The validator of one session's incoming packets.
#[derive(Debug, Default)]
pub struct Source {
    expected: Expected,
    locked: Option<Locked>,
    candidates: [Option<Candidate>; CANDIDATES],
}

impl Source {
    /// Takes a (new) negotiation in. The lock stays unless the peer's address changed.
    pub fn expect(&mut self, expected: Expected) {
        let named = expected.remote.map(canonical);
        let moved = named.is_some() && named != self.expected.remote;
        let remote = named.or(self.expected.remote);
        if moved {
            self.locked = None;
        }
        self.candidates = [None; CANDIDATES];
        self.expected = Expected { remote, ..expected };
    }

    /// Judges a packet that came from `from` at `now_ms`.
    pub fn check(&mut self, from: SocketAddr, packet: &Packet<'_>, now_ms: u64) -> Verdict {
        if self.expected.payload_types & (1 << (packet.payload_type & 0x7f)) == 0 {
            return Verdict::Foreign;
        }
        let from = canonical(from);
        let needed = match &mut self.locked {
            Some(locked) if locked.address == from => {
                let quiet = now_ms.saturating_sub(locked.heard_ms);
                if locked.ssrc == packet.ssrc {
                    match locked.sequence.place(packet.sequence, quiet) {
                        Place::New(number) => {
                            locked.heard_ms = now_ms;
                            return Verdict::Accepted { number, restart: false };
                        }
                        Place::Duplicate => return Verdict::Duplicate,
                        Place::Implausible => {}
                    }
                }
                if quiet < QUIET_MS {
                    return Verdict::Foreign;
                }
                RUN_RESTART
            }
            // Whatever was locked before the address of the SDP spoke, gives way to it.
            Some(_) if self.expected.remote == Some(from) => RUN_NAT,
            Some(_) => return Verdict::Foreign,
            None => match self.probation(from) {
                Some(needed) => needed,
                None => return Verdict::Foreign,
            },
        };
        if self.consecutive(from, packet, now_ms) < needed {
            return Verdict::Foreign;
        }
        self.lock(from, packet, now_ms)
    }

    /// Where our packets go: the address of the SDP, or the one that was locked instead of it.
    pub fn target(&self) -> Option<SocketAddr> {
        self.locked.as_ref().map(|locked| locked.address).or(self.expected.remote)
    }

    /// The peer's address, once a packet of it came.
    pub fn locked(&self) -> Option<SocketAddr> {
        self.locked.as_ref().map(|locked| locked.address)
    }

    /// The peer's SSRC, once a packet of it came.
    pub fn ssrc(&self) -> Option<u32> {
        self.locked.as_ref().map(|locked| locked.ssrc)
    }

    /// The numbers of the peer's stream, for the reception report.
    pub fn sequence(&self) -> Option<&Sequence> {
        self.locked.as_ref().map(|locked| &locked.sequence)
    }

    /// How many consecutive packets a source must show before it is locked; `None`: it never is.
    fn probation(&self, from: SocketAddr) -> Option<u8> {
        let remote = self.expected.remote?;
        if remote == from {
            return Some(1);
        }
        if remote.ip() == from.ip() {
            return Some(RUN_OTHER_PORT);
        }
        let behind_nat = is_inside(remote.ip()) || (is_inside(from.ip()) || from.ip().is_loopback());
        (behind_nat && !remote.ip().is_loopback()).then_some(RUN_NAT)
    }

    /// Notes the packet for its source; returns how many came in sequence.
    fn consecutive(&mut self, from: SocketAddr, packet: &Packet<'_>, now_ms: u64) -> u8 {
        let next = packet.sequence.wrapping_add(1);
        let known = self
            .candidates
            .iter_mut()
            .flatten()
            .find(|candidate| candidate.address == from && candidate.ssrc == packet.ssrc);
        if let Some(candidate) = known {
            candidate.run =
                if candidate.next == packet.sequence { candidate.run.saturating_add(1) } else { 1 };
            candidate.next = next;
            candidate.heard_ms = now_ms;
            return candidate.run;
        }
        let fresh = Candidate { address: from, ssrc: packet.ssrc, next, run: 1, heard_ms: now_ms };
        let oldest = self
            .candidates
            .iter_mut()
            .min_by_key(|slot| slot.as_ref().map_or(0, |candidate| candidate.heard_ms + 1));
        if let Some(slot) = oldest {
            *slot = Some(fresh);
        }
        1
    }

    fn lock(&mut self, from: SocketAddr, packet: &Packet<'_>, now_ms: u64) -> Verdict {
        let sequence = Sequence::starting(packet.sequence);
        let number = sequence.extended();
        self.locked = Some(Locked { address: from, ssrc: packet.ssrc, sequence, heard_ms: now_ms });
        self.candidates = [None; CANDIDATES];
        Verdict::Accepted { number, restart: true }
    }
}

/// An IPv4 address that came in through an IPv6 socket, as IPv4.
fn canonical(address: SocketAddr) -> SocketAddr {
    SocketAddr::new(address.ip().to_canonical(), address.port())
}

/// Whether the address means nothing to us as seen from the internet: behind NAT a peer names such a one.
fn is_inside(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => {
            let [a, b, ..] = ip.octets();
            let shared = a == 100 && (64..128).contains(&b);
            ip.is_private() || ip.is_link_local() || ip.is_unspecified() || ip.is_documentation() || shared
        }
        IpAddr::V6(ip) => ip.is_unique_local() || ip.is_unicast_link_local() || ip.is_unspecified(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PEER: &str = "198.18.0.1:4000";

    fn packet(ssrc: u32, sequence: u16) -> Packet<'static> {
        Packet { marker: false, payload_type: 0, sequence, timestamp: 0, ssrc, payload: &[] }
    }

    fn session(remote: &str) -> Source {
        let mut expected = Expected { remote: Some(remote.parse().unwrap()), payload_types: 0 };
        expected.allow(0);
        expected.allow(101);
        let mut source = Source::default();
        source.expect(expected);
        source
    }

    fn send(source: &mut Source, from: &str, ssrc: u32, first: u16, count: u16, at_ms: u64) -> usize {
        (0..count)
            .filter(|i| {
                let verdict = source.check(
                    from.parse().unwrap(),
                    &packet(ssrc, first.wrapping_add(*i)),
                    at_ms + u64::from(*i) * 20,
                );
                matches!(verdict, Verdict::Accepted { .. })
            })
            .count()
    }

    #[test]
    fn the_address_of_the_offer_is_the_peer_from_its_first_packet() {
        let mut source = session(PEER);
        assert_eq!(send(&mut source, PEER, 1, 65_530, 20, 0), 20);
        assert_eq!(source.locked(), Some(PEER.parse().unwrap()));
    }

    #[test]
    fn behind_nat_the_first_consecutive_source_is_locked_and_answered() {
        let mut source = session("192.168.1.5:4000");
        assert_eq!(source.target(), Some("192.168.1.5:4000".parse().unwrap()));
        assert_eq!(send(&mut source, "198.18.7.7:31000", 1, 5, 20, 0), 19);
        assert_eq!(source.target(), Some("198.18.7.7:31000".parse().unwrap()));
        assert_eq!(send(&mut source, "198.18.9.9:31000", 2, 5, 200, 400), 0, "no hand-over");
        assert_eq!(source.target(), Some("198.18.7.7:31000".parse().unwrap()));
    }

    #[test]
    fn a_mapped_ipv4_address_is_the_ipv4_address() {
        let mut source = session(PEER);
        assert_eq!(send(&mut source, "[::ffff:198.18.0.1]:4000", 1, 5, 3, 0), 3);
    }

    #[test]
    fn a_strange_host_never_takes_a_session_whose_peer_has_a_routable_address() {
        let mut source = session(PEER);
        assert_eq!(send(&mut source, "198.18.0.2:4000", 1, 5, 500, 0), 0);
        assert_eq!(source.target(), Some(PEER.parse().unwrap()));
        let mut local = session("127.0.0.1:4000");
        assert_eq!(send(&mut local, "127.0.0.2:4000", 1, 5, 500, 0), 0);
    }

    #[test]
    fn another_port_of_the_peer_gives_way_when_the_offered_one_speaks() {
        let mut source = session(PEER);
        assert_eq!(send(&mut source, "198.18.0.1:9999", 1, 5, 20, 0), 11);
        assert_eq!(send(&mut source, PEER, 2, 5, 20, 400), 19);
        assert_eq!(source.target(), Some(PEER.parse().unwrap()));
        assert_eq!(send(&mut source, "198.18.0.1:9999", 1, 25, 20, 800), 0);
    }

    #[test]
    fn another_ssrc_is_refused_while_the_stream_flows_and_taken_when_it_ended() {
        let mut source = session(PEER);
        send(&mut source, PEER, 1, 5, 1, 0);
        for i in 0..100_u16 {
            assert_eq!(send(&mut source, PEER, 1, 6 + i, 1, u64::from(i) * 20), 1);
            assert_eq!(send(&mut source, PEER, 2, 900 + i, 1, u64::from(i) * 20 + 5), 0);
        }
        assert_eq!(send(&mut source, PEER, 3, 7, 50, 2_200), 48);
        assert_eq!(source.ssrc(), Some(3));
    }

    #[test]
    fn a_replay_of_old_packets_is_refused() {
        let mut source = session(PEER);
        assert_eq!(send(&mut source, PEER, 1, 0, 500, 0), 500);
        assert_eq!(send(&mut source, PEER, 1, 0, 500, 10_000 - 9_960), 0, "same numbers, same time");
    }

    #[test]
    fn what_was_not_negotiated_is_refused() {
        let mut source = session(PEER);
        let mut other = packet(1, 1);
        other.payload_type = 8;
        assert_eq!(source.check(PEER.parse().unwrap(), &other, 0), Verdict::Foreign);
        assert_eq!(source.locked(), None);
    }

    #[test]
    fn a_new_offer_moves_the_lock_and_hold_keeps_it() {
        let mut source = session(PEER);
        send(&mut source, PEER, 1, 5, 3, 0);
        let mut hold = Expected::default();
        hold.allow(0);
        source.expect(hold);
        assert_eq!(source.locked(), Some(PEER.parse().unwrap()));
        let mut moved = Expected { remote: Some("198.18.3.3:5000".parse().unwrap()), payload_types: 0 };
        moved.allow(0);
        source.expect(moved);
        assert_eq!(send(&mut source, PEER, 1, 8, 50, 60), 0);
        assert_eq!(send(&mut source, "198.18.3.3:5000", 1, 8, 5, 60), 5);
    }

    #[test]
    fn many_strangers_at_once_do_not_keep_the_peer_behind_nat_out_for_long() {
        let mut source = session("10.0.0.1:4000");
        let mut accepted = 0;
        for i in 0..50_u16 {
            for stranger in 0..2_u16 {
                // Random numbers: never consecutive.
                send(
                    &mut source,
                    &format!("198.18.1.{stranger}:1"),
                    u32::from(i),
                    i * 7,
                    1,
                    u64::from(i) * 20,
                );
            }
            accepted += send(&mut source, "198.18.2.2:7000", 9, i, 1, u64::from(i) * 20);
        }
        assert!(accepted >= 48, "{accepted}");
    }
}
