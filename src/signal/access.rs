//! Who may speak to us: checked by address before anything is parsed.

use std::collections::{HashMap, HashSet};
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use ipnet::IpNet;

use super::{DigestAccount, TrunkAccess};

/// What an address may do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Standing {
    /// A peer, by itself or over the trunk of this name.
    Peer(Option<Arc<str>>),
    /// Must prove the account of one of its trunks.
    Unproven,
    /// Only answers to what we asked and requests in our own dialogs.
    Asked,
}

/// The lists, and the addresses that we are talking to on our own account.
#[derive(Debug)]
pub(super) struct Access {
    lists: RwLock<Arc<Lists>>,
    asked: Mutex<HashMap<IpAddr, usize>>,
    /// Test phones of our own; each is one socket, not an address.
    guests: Mutex<HashSet<SocketAddr>>,
}

/// Replaced as a whole; a trunk is known by its name, so that a request may outlive the lists it was let in by.
#[derive(Debug)]
struct Lists {
    peers: Vec<IpNet>,
    trunks: Vec<(Arc<str>, TrunkAccess)>,
}

impl Lists {
    fn new(peers: Vec<IpNet>, trunks: Vec<TrunkAccess>) -> Self {
        Self { peers, trunks: trunks.into_iter().map(|trunk| (trunk.name.as_str().into(), trunk)).collect() }
    }
}

impl Access {
    pub(super) fn new(peers: Vec<IpNet>, trunks: Vec<TrunkAccess>) -> Self {
        Self {
            lists: RwLock::new(Arc::new(Lists::new(peers, trunks))),
            asked: Mutex::default(),
            guests: Mutex::default(),
        }
    }

    /// From now on these hold.
    pub(super) fn replace(&self, peers: Vec<IpNet>, trunks: Vec<TrunkAccess>) {
        *self.lists.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(Lists::new(peers, trunks));
    }

    fn lists(&self) -> Arc<Lists> {
        Arc::clone(&self.lists.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// `None`: a stranger, who gets no answer at all.
    pub(super) fn standing(&self, source: SocketAddr) -> Option<Standing> {
        if self.is_guest(source) {
            return Some(Standing::Peer(None));
        }
        let ip = source.ip().to_canonical();
        let lists = self.lists();
        let mut unproven = false;
        for (name, trunk) in lists.trunks.iter().filter(|(_, trunk)| holds(&trunk.peers, ip)) {
            if trunk.digest.is_none() {
                return Some(Standing::Peer(Some(Arc::clone(name))));
            }
            unproven = true;
        }
        if unproven {
            return Some(Standing::Unproven);
        }
        if holds(&lists.peers, ip) {
            return Some(Standing::Peer(None));
        }
        let asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        asked.contains_key(&ip).then_some(Standing::Asked)
    }

    /// The trunks that `ip` may prove.
    pub(super) fn candidates(&self, ip: IpAddr) -> Vec<(Arc<str>, DigestAccount)> {
        let ip = ip.to_canonical();
        let lists = self.lists();
        let here = lists.trunks.iter().filter(|(_, trunk)| holds(&trunk.peers, ip));
        here.filter_map(|(name, trunk)| Some((Arc::clone(name), trunk.digest.clone()?))).collect()
    }

    fn guests(&self) -> std::sync::MutexGuard<'_, HashSet<SocketAddr>> {
        self.guests.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether this is a test phone of our own.
    pub(super) fn is_guest(&self, source: SocketAddr) -> bool {
        self.guests().contains(&source)
    }

    /// Takes what comes from exactly this socket for a peer's while the guest lives.
    pub(super) fn invite(self: &Arc<Self>, source: SocketAddr) -> Guest {
        self.guests().insert(source);
        Guest { access: Arc::clone(self), source }
    }

    /// Our account at the trunk of this address.
    pub(super) fn ours(&self, ip: IpAddr) -> Option<DigestAccount> {
        let ip = ip.to_canonical();
        let lists = self.lists();
        let here = lists.trunks.iter().filter(|(_, trunk)| holds(&trunk.peers, ip));
        here.filter_map(|(_, trunk)| trunk.ours.clone()).next()
    }

    /// Lets answers from `ip` in while the guard lives.
    pub(super) fn ask(self: &Arc<Self>, ip: IpAddr) -> Asking {
        let ip = ip.to_canonical();
        *self.asked.lock().unwrap_or_else(PoisonError::into_inner).entry(ip).or_default() += 1;
        Asking { access: Arc::clone(self), ip }
    }

    /// How many addresses are let in because we asked.
    #[cfg(test)]
    pub(super) fn asking(&self) -> usize {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner).len()
    }
}

fn holds(nets: &[IpNet], ip: IpAddr) -> bool {
    nets.iter().any(|net| net.contains(&ip))
}

/// A socket of our own that is let in; when this is dropped, it is not any more.
#[derive(Debug)]
pub struct Guest {
    access: Arc<Access>,
    source: SocketAddr,
}

impl Drop for Guest {
    fn drop(&mut self) {
        self.access.guests().remove(&self.source);
    }
}

/// See [`Access::ask`].
#[derive(Debug)]
pub(super) struct Asking {
    access: Arc<Access>,
    ip: IpAddr,
}

impl Drop for Asking {
    fn drop(&mut self) {
        let mut asked = self.access.asked.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = asked.get_mut(&self.ip) {
            *count -= 1;
            if *count == 0 {
                asked.remove(&self.ip);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_guest_is_one_socket_and_is_let_in_as_long_as_it_lives() {
        let access = Arc::new(Access::new(vec!["192.0.2.10/32".parse().unwrap()], Vec::new()));
        let (phone, beside) = ("127.0.0.1:40001".parse().unwrap(), "127.0.0.1:40002".parse().unwrap());
        assert_eq!(access.standing(phone), None);
        let guest = access.invite(phone);
        assert_eq!(access.standing(phone), Some(Standing::Peer(None)));
        assert_eq!(access.standing(beside), None, "another socket of this machine stays a stranger");
        access.replace(Vec::new(), Vec::new());
        assert_eq!(access.standing(phone), Some(Standing::Peer(None)), "also over a change of the peers");
        drop(guest);
        assert_eq!(access.standing(phone), None);
    }
}
