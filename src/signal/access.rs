//! Who may speak to us: checked by address before anything is parsed.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

use ipnet::IpNet;

use super::{SignalConfig, TrunkAccess};

/// What an address may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Standing {
    /// A peer, by itself or over the trunk with this index.
    Peer(Option<usize>),
    /// Must prove the account of one of its trunks.
    Unproven,
    /// Only answers to what we asked and requests in our own dialogs.
    Asked,
}

/// The lists, and the addresses that we are talking to on our own account.
#[derive(Debug)]
pub(super) struct Access {
    peers: Vec<IpNet>,
    trunks: Vec<TrunkAccess>,
    asked: Mutex<HashMap<IpAddr, usize>>,
}

impl Access {
    pub(super) fn new(config: &SignalConfig) -> Self {
        Self { peers: config.peers.clone(), trunks: config.trunks.clone(), asked: Mutex::default() }
    }

    /// `None`: a stranger, who gets no answer at all.
    pub(super) fn standing(&self, ip: IpAddr) -> Option<Standing> {
        let ip = ip.to_canonical();
        let mut unproven = false;
        for (index, trunk) in self.trunks.iter().enumerate().filter(|(_, t)| holds(&t.peers, ip)) {
            if trunk.digest.is_none() {
                return Some(Standing::Peer(Some(index)));
            }
            unproven = true;
        }
        if unproven {
            return Some(Standing::Unproven);
        }
        if holds(&self.peers, ip) {
            return Some(Standing::Peer(None));
        }
        let asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        asked.contains_key(&ip).then_some(Standing::Asked)
    }

    /// The trunks that `ip` may prove.
    pub(super) fn candidates(&self, ip: IpAddr) -> impl Iterator<Item = (usize, &TrunkAccess)> {
        let ip = ip.to_canonical();
        self.trunks.iter().enumerate().filter(move |(_, t)| t.digest.is_some() && holds(&t.peers, ip))
    }

    /// Name of a trunk.
    pub(super) fn name(&self, index: usize) -> Option<String> {
        self.trunks.get(index).map(|trunk| trunk.name.clone())
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
        self.asked.lock().unwrap().len()
    }
}

fn holds(nets: &[IpNet], ip: IpAddr) -> bool {
    nets.iter().any(|net| net.contains(&ip))
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
