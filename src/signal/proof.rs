//! Who a request is from, where an address alone does not say it: the digest account that it proves (RFC 3261 §22).

use std::sync::Arc;

use rsipstack::sip::Request;

use super::core::Core;
use super::digest::Verdict;
use super::uas::{Arrival, Refusing};

/// Who was let in.
pub(super) struct Guest {
    pub(super) trunk: Option<Arc<str>>,
    /// The user of the account that was proven.
    pub(super) identity: Option<String>,
}

/// Demands the account of one of the trunks of this address (RFC 3261 §22.1).
pub(super) fn prove(core: &Core, request: &Request, arrival: &Arrival<'_>) -> Result<Guest, Refusing> {
    let ip = arrival.origin.flow.remote.ip();
    let method = request.method.to_string();
    let mut stale = false;
    let candidates = core.access.candidates(ip);
    let proofs = request.headers.iter().filter(|h| h.name() == "Authorization");
    for proof in proofs.take(4) {
        for (trunk, account) in &candidates {
            match core.gate.verify(proof.value(), &method, &arrival.uri, account, core.wall()) {
                Verdict::Proven => {
                    return Ok(Guest { trunk: Some(trunk.clone()), identity: Some(account.user.clone()) });
                }
                Verdict::Stale => stale = true,
                Verdict::Wrong => {}
            }
        }
    }
    let mut realms: Vec<&str> = candidates.iter().map(|(_, account)| account.realm.as_str()).collect();
    realms.dedup();
    let mut headers = Vec::new();
    for realm in realms {
        let mut salt = [0; 8];
        core.clock.fill(&mut salt);
        let values = core.gate.challenge(realm, core.wall(), salt, stale);
        headers.extend(values.map(|value| ("WWW-Authenticate", value)));
    }
    Err((401, headers))
}
