//! Which of our addresses leads to a peer, as the system would route it. Sends nothing.

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// Routes change seldom, and a wrong address silences calls: it is asked again after so long.
const LIFE: Duration = Duration::from_secs(5);
/// Peers remembered; beyond it, memory begins anew.
const PEERS: usize = 1024;

/// Remembers the answers for a few seconds, as asking takes a socket.
#[derive(Debug, Default)]
pub struct Ways {
    known: Mutex<HashMap<IpAddr, (IpAddr, Duration)>>,
}

impl Ways {
    /// Our address on the way to `peer`; `now` is monotonic.
    pub(super) fn to(&self, peer: SocketAddr, now: Duration) -> IpAddr {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((ours, asked)) = known.get(&peer.ip())
            && now.saturating_sub(*asked) < LIFE
        {
            return *ours;
        }
        if known.len() >= PEERS {
            known.clear();
        }
        let ours = leading_to(peer);
        if !ours.is_unspecified() {
            known.insert(peer.ip(), (ours, now));
        }
        ours
    }
}

/// Our address on the way to the peer; the unspecified one when there is no way.
pub fn leading_to(peer: SocketAddr) -> IpAddr {
    let any: IpAddr = if peer.is_ipv4() { [0, 0, 0, 0].into() } else { [0_u16; 8].into() };
    let found = UdpSocket::bind((any, 0)).and_then(|socket| {
        socket.connect(peer)?;
        socket.local_addr()
    });
    found.map_or(any, |address| address.ip())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_way_to_a_local_peer_is_local_and_asked_for_again_after_a_while() {
        let (ways, peer) = (Ways::default(), "127.0.0.1:5060".parse().unwrap());
        let ours: IpAddr = [127, 0, 0, 1].into();
        assert_eq!(ways.to(peer, Duration::ZERO), ours);
        let asked = |ways: &Ways| ways.known.lock().unwrap()[&ours].1;
        assert_eq!((ways.to(peer, LIFE / 2), asked(&ways)), (ours, Duration::ZERO));
        assert_eq!((ways.to(peer, LIFE), asked(&ways)), (ours, LIFE));
    }

    #[test]
    fn no_more_peers_are_kept_than_agreed() {
        let ways = Ways::default();
        for last in 0..=PEERS {
            let [.., high, low] = last.to_be_bytes();
            ways.to(SocketAddr::from(([127, 1, high, low], 5060)), Duration::ZERO);
        }
        assert!(ways.known.lock().unwrap().len() <= PEERS);
    }
}
