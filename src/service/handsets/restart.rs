//! Asking a handset to restart: by SIP where it can be told which phone that is, and to webhooks always. What is said of
//! it is what happened, and no more (000-05).

use std::sync::Arc;

use serde_json::json;

use super::super::trials::Outside;
use super::{Handsets, Result};
use crate::domain::handset::NOTHING_SENT;
use crate::domain::{HandsetId, Owner, TenantId};
use crate::service::access::Actor;
use crate::store::KnownHandset;

/// What came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Restart {
    /// The phone was asked; false: nothing could be sent.
    pub is_sent: bool,
    /// The phone confirmed that it was asked. Whether it restarts is its own.
    pub is_confirmed: bool,
    /// In words.
    pub said: String,
}

impl Handsets {
    /// Asks a handset to load its settings again.
    ///
    /// # Errors
    /// [`crate::store::StoreError::Missing`].
    pub async fn restart(&self, actor: &Actor, tenant: TenantId, id: HandsetId) -> Result<Restart> {
        let known = self.store.handset(tenant, id).await?;
        let seen = known.handset.changed_at;
        let restart = match self.dialog_of(&known).await? {
            Ok((outside, dialog)) => match outside.check_sync(dialog).await {
                Ok(said) => Restart { is_sent: true, is_confirmed: true, said },
                Err(said) => Restart { is_sent: true, is_confirmed: false, said },
            },
            Err(said) => Restart { is_sent: false, is_confirmed: false, said },
        };
        let applied = restart.is_confirmed.then_some(seen);
        let became =
            json!({"sent": restart.is_sent, "confirmed": restart.is_confirmed, "said": restart.said});
        let line = self.line(actor, "phone.restart", &known.handset, None, Some(became));
        self.store.with_audit(vec![line]).handset_rebooted(tenant, id, &restart.said, applied).await?;
        let outcome = match restart {
            Restart { is_confirmed: true, .. } => "confirmed",
            Restart { is_sent: true, .. } => "not-confirmed",
            Restart { .. } => "not-sent",
        };
        metrics::counter!("aftertone_handset_restarts_total", "outcome" => outcome).increment(1);
        tracing::info!(handset = %id, outcome, "a phone is to restart");
        Ok(restart)
    }

    /// The subscription of this very phone, or why none is known to be its.
    async fn dialog_of(
        &self,
        known: &KnownHandset,
    ) -> Result<std::result::Result<(Arc<dyn Outside>, String), String>> {
        const HAND: &str = "restart it by hand, or by the phone system";
        let Some(outside) = &self.outside else {
            return Ok(Err(format!("{NOTHING_SENT}: only a running server reaches phones; {HAND}.")));
        };
        let handset = &known.handset;
        let Some(owner) = handset.owner else {
            return Ok(Err(format!(
                "{NOTHING_SENT}: it is nobody's phone, so no subscription is its; {HAND}."
            )));
        };
        let person = self.store.person(handset.tenant, owner).await?;
        let Some(mailbox) = person.and_then(|(_, mailbox)| mailbox) else {
            return Ok(Err(format!("{NOTHING_SENT}: its owner has no mailbox; {HAND}.")));
        };
        let now = self.clock.now();
        let lamps = self.store.lamps(Owner { tenant: handset.tenant, mailbox: mailbox.id }).await?;
        let mut live: Vec<(String, String)> = lamps
            .into_iter()
            .filter(|lamp| lamp.expires_at.is_some_and(|at| at > now))
            .filter_map(|lamp| Some((outside.phone_at(&lamp.dialog)?.to_ascii_lowercase(), lamp.dialog)))
            .collect();
        if live.is_empty() {
            return Ok(Err(format!(
                "{NOTHING_SENT}: no phone of mailbox {} has subscribed to its messages, so none can be reached from here; {HAND}.",
                mailbox.extension
            )));
        }
        let phones = self.store.handsets_of(handset.tenant, owner).await?.len();
        let is_named = |address: &str| {
            let mac = handset.mac.as_ref().is_some_and(|mac| address.contains(mac.as_str()));
            mac || address.split(['@', ':']).any(|part| part == handset.name.as_str())
        };
        if live.len() > 1 || phones > 1 {
            live.retain(|(address, _)| is_named(address));
        }
        match (live.len(), live.pop()) {
            (1, Some((_, dialog))) => Ok(Ok((Arc::clone(outside), dialog))),
            _ => Ok(Err(format!(
                "{NOTHING_SENT}: mailbox {} has several phones, and the subscriptions do not say which one is this; {HAND}.",
                mailbox.extension
            ))),
        }
    }
}
