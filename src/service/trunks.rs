//! Trunks and peers as the configuration says, for people to look at: who may call, how the mailbox is found, where calls
//! may go. Never an account's user or password. Replaced as a whole when the configuration is read again.

use std::sync::{Arc, PoisonError, RwLock};

use ipnet::IpNet;

/// A trunk, or those who call over none.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TrunkView {
    /// Its name; empty for `sip.peers`.
    pub name: String,
    /// Addresses and networks it calls from.
    pub peers: Vec<IpNet>,
    /// It must prove an account.
    pub is_asked: bool,
    /// We prove an account to it when it asks.
    pub is_answered: bool,
    /// How the mailbox is found: what is set, and to what.
    pub route: Vec<(&'static str, String)>,
    /// Where its calls may be transferred to.
    pub transfer_targets: Vec<String>,
    /// Where calls of ours go out, and whom they may reach.
    pub out: Option<(String, Vec<String>)>,
    /// SIP URIs that can be asked whether they are there.
    pub reachable_at: Vec<String>,
}

/// What holds now. Cheap to clone; all clones show the same.
#[derive(Debug, Clone)]
pub struct TrunkBoard(Arc<RwLock<Arc<[TrunkView]>>>);

impl TrunkBoard {
    /// These hold at first.
    pub fn new(trunks: Vec<TrunkView>) -> Self {
        Self(Arc::new(RwLock::new(trunks.into())))
    }

    /// From now on these hold.
    pub fn set(&self, trunks: Vec<TrunkView>) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = trunks.into();
    }

    /// Those that hold, `sip.peers` last.
    pub fn all(&self) -> Arc<[TrunkView]> {
        Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }
}
