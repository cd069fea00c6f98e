//! Who may have a lamp: a phone sees only its own mailbox, and no mailbox has more lamps than it can need.

use std::time::Duration;

use jiff::Timestamp;

use super::super::login::mailbox_of;
use super::super::routing::Directory as _;
use super::{Lamps, MOST_LAMPS};
use crate::domain::{LampId, Owner};
use crate::store::{Lamp, Result};

/// A subscription that is asked for.
#[derive(Debug, Clone)]
pub struct Wish<'a> {
    /// Unique name of its dialog.
    pub name: &'a str,
    /// The dialog, in the words of the SIP side.
    pub dialog: String,
    /// SIP domain that was asked.
    pub domain: Option<&'a str>,
    /// Whose messages: a number, an alias or an extension.
    pub watched: &'a str,
    /// Who asks, as a trusted peer says.
    pub watcher: Option<&'a str>,
    /// How long.
    pub expires: Duration,
}

/// The answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Grant {
    /// It may; tell it at once.
    Lamp(Box<Lamp>),
    /// There is no such mailbox.
    Unknown,
    /// It is somebody else's.
    Forbidden,
    /// The mailbox has too many lamps already.
    TooMany,
}

impl Lamps {
    /// Grants a new subscription, or not. It is stored when this returns.
    ///
    /// # Errors
    /// [`crate::store::StoreError`].
    pub async fn subscribe(&self, wish: Wish<'_>) -> Result<Grant> {
        let tenant = match wish.domain {
            Some(domain) => self.store.tenant_by_domain(domain).await?,
            None => None,
        };
        let tenant = match tenant {
            Some(tenant) => tenant.id,
            None => self.store.usual_tenant().await?.id,
        };
        let Some(watched) = mailbox_of(&self.store, tenant, wish.watched).await? else {
            return Ok(Grant::Unknown);
        };
        let watcher = match wish.watcher {
            Some(watcher) => mailbox_of(&self.store, tenant, watcher).await?,
            None => None,
        };
        if watcher.is_none_or(|watcher| watcher.id != watched.id) {
            return Ok(Grant::Forbidden);
        }
        let owner = Owner { tenant, mailbox: watched.id };
        if self.store.count_lamps(owner).await? >= MOST_LAMPS {
            return Ok(Grant::TooMany);
        }
        let expires_at = Some(self.after(wish.expires));
        let lamp = self.put(owner, wish.name, wish.dialog, expires_at).await?;
        Ok(Grant::Lamp(Box::new(lamp)))
    }

    /// Renews a subscription.
    ///
    /// # Errors
    /// [`crate::store::StoreError`].
    pub async fn renew(&self, lamp: &Lamp, dialog: String, expires: Duration) -> Result<Lamp> {
        self.put(lamp.owner, &lamp.name, dialog, Some(self.after(expires))).await
    }

    /// The subscription of this name.
    ///
    /// # Errors
    /// [`crate::store::StoreError`].
    pub async fn known(&self, name: &str) -> Result<Option<Lamp>> {
        self.store.lamp(name).await
    }

    async fn put(
        &self,
        owner: Owner,
        name: &str,
        dialog: String,
        expires_at: Option<Timestamp>,
    ) -> Result<Lamp> {
        let lamp = new_lamp(LampId::from_uuid(self.clock.uuid()), owner, name.to_owned(), dialog);
        self.store.put_lamp(&Lamp { expires_at, created_at: self.clock.now(), ..lamp }).await
    }

    fn after(&self, span: Duration) -> Timestamp {
        self.clock.now().saturating_add(span).unwrap_or(Timestamp::MAX)
    }
}

/// A lamp that nobody has told anything.
pub const fn new_lamp(id: LampId, owner: Owner, name: String, dialog: String) -> Lamp {
    Lamp {
        id,
        owner,
        name,
        dialog,
        cseq: 0,
        expires_at: None,
        told: None,
        told_at: None,
        last_error: None,
        failures: 0,
        created_at: Timestamp::UNIX_EPOCH,
    }
}
