//! Who spoke to us lately, and whether they were heard: for whoever connects a phone system and wonders.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};

use jiff::Timestamp;

/// Addresses that are kept. Strangers may be made up in any number; the one that was heard longest ago makes room.
const MOST: usize = 64;

/// One address, and the last that was heard from it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sighting {
    /// Where it came from.
    pub ip: IpAddr,
    /// When it was last heard.
    pub at: Timestamp,
    /// How often since the start.
    pub times: u64,
    /// What came of the last.
    pub what: Heard,
}

/// What came of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Heard {
    /// It is no peer: it got no answer, and nothing that it sent was read.
    Stranger,
    /// A request with this method was taken.
    Taken(String),
    /// A request with this method was refused with this status code; 401 asks for the account of its trunk.
    Refused(String, u16),
}

/// The addresses. Bounded, and never waits for anything but its own short lock.
#[derive(Debug, Default)]
pub(super) struct Seen(Mutex<HashMap<IpAddr, Sighting>>);

impl Seen {
    pub(super) fn note(&self, ip: IpAddr, at: Timestamp, what: Heard) {
        let ip = ip.to_canonical();
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(sighting) = known.get_mut(&ip) {
            sighting.at = at;
            sighting.times = sighting.times.saturating_add(1);
            sighting.what = what;
            return;
        }
        if known.len() >= MOST {
            // Strangers make room first: a flood of made-up ones does not hide the phone system.
            let oldest = known.values().min_by_key(|s| (s.what != Heard::Stranger, s.at)).map(|s| s.ip);
            let Some(oldest) = oldest else { return };
            known.remove(&oldest);
        }
        known.insert(ip, Sighting { ip, at, times: 1, what });
    }

    /// Last heard first.
    pub(super) fn all(&self) -> Vec<Sighting> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut all: Vec<_> = known.values().cloned().collect();
        all.sort_by_key(|sighting| (std::cmp::Reverse(sighting.at), sighting.ip));
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    #[test]
    fn the_last_word_of_an_address_counts_and_the_newest_comes_first() {
        let seen = Seen::default();
        let pbx: IpAddr = "192.0.2.10".parse().unwrap();
        seen.note("192.0.2.66".parse().unwrap(), at(1), Heard::Stranger);
        seen.note(pbx, at(2), Heard::Refused("INVITE".to_owned(), 401));
        seen.note("::ffff:192.0.2.10".parse().unwrap(), at(3), Heard::Taken("INVITE".to_owned()));
        let all = seen.all();
        assert_eq!(all.len(), 2, "{all:?}");
        assert_eq!(
            all[0],
            Sighting { ip: pbx, at: at(3), times: 2, what: Heard::Taken("INVITE".to_owned()) }
        );
    }

    #[test]
    fn a_flood_of_strangers_takes_no_more_room_and_does_not_hide_the_phone_system() {
        let seen = Seen::default();
        let pbx: IpAddr = "192.0.2.10".parse().unwrap();
        seen.note(pbx, at(0), Heard::Taken("OPTIONS".to_owned()));
        for n in 0..10_000_u32 {
            seen.note(IpAddr::V4((0x0a00_0000 + n).into()), at(1 + i64::from(n)), Heard::Stranger);
        }
        let all = seen.all();
        assert_eq!(all.len(), MOST);
        assert!(all.iter().any(|sighting| sighting.ip == pbx), "{all:?}");
    }
}
