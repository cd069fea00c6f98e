//! Handsets: phones and adapters of a tenant, added, changed, given to somebody else, restarted, told to provisioning.
//!
//! Checks what people enter and notes every change in the audit. Not a registrar: nothing here decides where a call goes.

mod error;
mod export;
mod restart;
mod wish;

use std::sync::Arc;

use serde_json::{Value, json};

pub use self::error::HandsetError;
pub use self::export::{Exported, ExportedLine, csv, models, shown};
pub use self::restart::Restart;
pub use self::wish::HandsetWish;
use super::access::Actor;
use super::audit::{Audit, Deed, in_order};
use super::trials::Outside;
use crate::clock::SharedClock;
use crate::domain::{
    Extension, Handset, HandsetId, HandsetModel, HandsetName, HandsetSettings, Invalid, MacAddress, TenantId,
    UserId, handset,
};
use crate::store::{AuditLine, KnownHandset, Store, StoreError};

/// Handsets of one page at most.
pub const LONGEST_PAGE: u32 = 200;
/// So often a phone without a name is given the next free one.
const TRIES: usize = 20;
/// Names that are offered.
const OFFERED: usize = 3;

/// A short alias.
type Result<T, E = HandsetError> = std::result::Result<T, E>;

/// The use cases. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Handsets {
    store: Store,
    clock: SharedClock,
    audit: Audit,
    /// The way to phones; none for who works beside the server.
    outside: Option<Arc<dyn Outside>>,
}

impl Handsets {
    /// Over this store; `outside` is the way to phones.
    pub fn new(store: Store, clock: SharedClock, outside: Arc<dyn Outside>) -> Self {
        let audit = Audit::new(store.clone(), clock.clone());
        Self { store, clock, audit, outside: Some(outside) }
    }

    /// For the command line, which reaches no phone.
    pub fn beside(store: Store, clock: SharedClock) -> Self {
        let audit = Audit::new(store.clone(), clock.clone());
        Self { store, clock, audit, outside: None }
    }

    /// A page of handsets by name, and whether more follow (002-079, 000-02).
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn page(
        &self,
        tenant: TenantId,
        search: &str,
        after: &str,
        limit: u32,
    ) -> Result<(Vec<KnownHandset>, bool), StoreError> {
        let limit = limit.clamp(1, LONGEST_PAGE);
        let mut known = self.store.handset_page(tenant, search, after, limit + 1).await?;
        let more = known.len() > limit as usize;
        known.truncate(limit as usize);
        Ok((known, more))
    }

    /// One handset.
    ///
    /// # Errors
    /// [`StoreError::Missing`].
    pub async fn show(&self, tenant: TenantId, id: HandsetId) -> Result<KnownHandset, StoreError> {
        self.store.handset(tenant, id).await
    }

    /// A handset by its name, its MAC address (however it is written) or its id.
    ///
    /// # Errors
    /// [`HandsetError::NoPhone`].
    pub async fn find(&self, tenant: TenantId, text: &str) -> Result<KnownHandset> {
        let text = text.trim();
        let nothing = || HandsetError::NoPhone(text.chars().take(64).collect());
        if let Ok(id) = text.parse::<HandsetId>() {
            return match self.store.handset(tenant, id).await {
                Err(StoreError::Missing { .. }) => Err(nothing()),
                found => Ok(found?),
            };
        }
        let name = text.parse::<HandsetName>().map(|name| name.to_string()).unwrap_or_default();
        let mac = text.parse::<MacAddress>().map(|mac| mac.as_str().to_owned()).unwrap_or_default();
        self.store.handset_named(tenant, &name, &mac).await?.ok_or_else(nothing)
    }

    /// The user of an extension or id; nobody for an empty text (000-01).
    ///
    /// # Errors
    /// [`HandsetError::NoUser`].
    pub async fn owner(&self, tenant: TenantId, text: &str) -> Result<Option<UserId>> {
        let text = text.trim();
        if text.is_empty() {
            return Ok(None);
        }
        let nobody = || HandsetError::NoUser(text.chars().take(40).collect());
        if let Ok(id) = text.parse::<UserId>() {
            return match self.store.user(tenant, id).await {
                Ok(user) => Ok(Some(user.id)),
                Err(StoreError::Missing { .. }) => Err(nobody()),
                Err(error) => Err(error.into()),
            };
        }
        let extension: Extension = text.parse().map_err(|_| nobody())?;
        let mailbox = self.store.mailbox_by_extension(tenant, &extension).await?;
        mailbox.and_then(|mailbox| mailbox.user).map(Some).ok_or_else(nobody)
    }

    /// Names that are free for a phone of this extension: `111a`, `111b`, … (002-013).
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn names(&self, tenant: TenantId, extension: &str) -> Result<Vec<HandsetName>, StoreError> {
        let taken = self.store.handset_names(tenant, extension).await?;
        Ok(HandsetName::offered(extension, &taken, OFFERED))
    }

    /// Adds a handset. Without a name it gets the next free one of its owner.
    ///
    /// # Errors
    /// [`HandsetError`], each with its remedy; nothing is written then.
    pub async fn add(
        &self,
        actor: &Actor,
        tenant: TenantId,
        name: &str,
        owner: Option<UserId>,
        wish: HandsetWish,
    ) -> Result<KnownHandset> {
        let ("", Some(user)) = (name.trim(), owner) else {
            return self.add_named(actor, tenant, name.trim().parse()?, owner, wish).await;
        };
        for _ in 1..TRIES {
            let name = self.next_name(tenant, user).await?;
            match self.add_named(actor, tenant, name, owner, wish.clone()).await {
                // Nobody chose it, and another phone got it at the same moment.
                Err(HandsetError::Taken { what: "phone name", .. }) => {}
                outcome => return outcome,
            }
        }
        let name = self.next_name(tenant, user).await?;
        self.add_named(actor, tenant, name, owner, wish).await
    }

    async fn add_named(
        &self,
        actor: &Actor,
        tenant: TenantId,
        name: HandsetName,
        owner: Option<UserId>,
        wish: HandsetWish,
    ) -> Result<KnownHandset> {
        let now = self.clock.now();
        let id = HandsetId::from_uuid(self.clock.uuid());
        let blank = Handset {
            id,
            tenant,
            name,
            mac: None,
            model: HandsetModel::known("generic")?,
            owner,
            site: String::new(),
            preference_group: None,
            settings: HandsetSettings::default(),
            ports: Vec::new(),
            changed_at: now,
            applied_at: now,
            reboot: None,
            created_at: now,
        };
        let new = wish.over(blank)?;
        let line = self.line(actor, "phone.added", &new, None, Some(noted(&new)));
        self.store.with_audit(vec![line]).add_handset(&new).await?;
        tracing::info!(handset = %id, "a phone was added");
        Ok(self.store.handset(tenant, id).await?)
    }

    async fn next_name(&self, tenant: TenantId, owner: UserId) -> Result<HandsetName> {
        let person = self.store.person(tenant, owner).await?;
        let mailbox = person.and_then(|(_, mailbox)| mailbox);
        let extension = mailbox.map(|mailbox| mailbox.extension.to_string()).unwrap_or_default();
        let offered = self.names(tenant, &extension).await?.into_iter().next();
        offered.filter(|_| !extension.is_empty()).ok_or_else(|| {
            Invalid::new("phone name", "", "give it one, for example 111a: none can be made of its owner")
                .into()
        })
    }

    /// Changes a handset, as it was read, to what is wished; as it is then. Name and owner stay (002-080).
    ///
    /// # Errors
    /// [`HandsetError`], each with its remedy; nothing is written then.
    pub async fn change(
        &self,
        actor: &Actor,
        before: &KnownHandset,
        wish: HandsetWish,
    ) -> Result<KnownHandset> {
        let mut after = wish.over(before.handset.clone())?;
        if after == before.handset {
            return Ok(before.clone());
        }
        // Ring groups are the phone system's: the phone itself has nothing to take over.
        let mut seen_by_phone = after.clone();
        seen_by_phone.settings.groups.clone_from(&before.handset.settings.groups);
        if seen_by_phone != before.handset {
            after.change_at(self.clock.now());
        }
        let (was, became) = (noted(&before.handset), noted(&after));
        let line = self.line(actor, "phone.changed", &after, Some(was), Some(became));
        self.store.with_audit(vec![line]).change_handset(&before.handset, &after).await?;
        Ok(self.store.handset(after.tenant, after.id).await?)
    }

    /// Gives a handset to another owner or to nobody, in one transaction whose two steps stand in the audit (000-03). It
    /// leaves its ring groups; which it was in is kept until somebody decides (000-11).
    ///
    /// # Errors
    /// [`HandsetError::NoUser`]; [`StoreError::Missing`].
    pub async fn give(
        &self,
        actor: &Actor,
        tenant: TenantId,
        id: HandsetId,
        owner: Option<UserId>,
    ) -> Result<KnownHandset> {
        let before = self.store.handset(tenant, id).await?;
        if before.handset.owner == owner {
            return Ok(before);
        }
        let mut changed = before.handset.clone();
        changed.change_hands(self.clock.now());
        let mut steps = Vec::new();
        let line = |was: Option<UserId>, became: Option<UserId>| {
            let deed = Deed { action: "phone.owner", target: target(&before.handset) };
            self.audit.line(
                &actor.name,
                tenant,
                deed,
                Some(&json!({"owner": was})),
                Some(&json!({"owner": became})),
            )
        };
        if let Some(was) = before.handset.owner {
            steps.push(line(Some(was), None));
        }
        if let Some(owner) = owner {
            steps.push(line(None, Some(owner)));
        }
        self.store.with_audit(in_order(steps)).give_handset(&before.handset, &changed, owner).await?;
        Ok(self.store.handset(tenant, id).await?)
    }

    /// Puts a handset into ring groups that it was in before its owner changed, and forgets the others.
    ///
    /// # Errors
    /// [`StoreError::Missing`].
    pub async fn regroup(
        &self,
        actor: &Actor,
        tenant: TenantId,
        id: HandsetId,
        chosen: &[String],
    ) -> Result<KnownHandset> {
        let before = self.store.handset(tenant, id).await?;
        let mut after = before.handset.clone();
        for group in std::mem::take(&mut after.settings.former_groups) {
            if chosen.contains(&group) && !after.settings.groups.contains(&group) {
                after.settings.groups.push(group);
            }
        }
        let (was, became) = (noted(&before.handset), noted(&after));
        let line = self.line(actor, "phone.changed", &after, Some(was), Some(became));
        self.store.with_audit(vec![line]).change_handset(&before.handset, &after).await?;
        Ok(self.store.handset(tenant, id).await?)
    }

    /// Notes that somebody restarted a handset by hand.
    ///
    /// # Errors
    /// [`StoreError::Missing`].
    pub async fn applied(&self, actor: &Actor, tenant: TenantId, id: HandsetId) -> Result<()> {
        let known = self.store.handset(tenant, id).await?;
        let line = self.line(actor, "phone.restarted-by-hand", &known.handset, None, None);
        Ok(self.store.with_audit(vec![line]).handset_applied(tenant, id, known.handset.changed_at).await?)
    }

    /// Removes a handset.
    ///
    /// # Errors
    /// [`StoreError::Missing`].
    pub async fn remove(&self, actor: &Actor, tenant: TenantId, id: HandsetId) -> Result<()> {
        let known = self.store.handset(tenant, id).await?;
        let line = self.line(actor, "phone.removed", &known.handset, Some(noted(&known.handset)), None);
        self.store.with_audit(vec![line]).remove_handset(tenant, id).await?;
        tracing::info!(handset = %id, "a phone was removed");
        Ok(())
    }

    /// A line of the audit, for the transaction of the change itself.
    fn line(
        &self,
        actor: &Actor,
        action: &str,
        handset: &Handset,
        was: Option<Value>,
        became: Option<Value>,
    ) -> AuditLine {
        let deed = Deed { action, target: target(handset) };
        self.audit.line(&actor.name, handset.tenant, deed, was.as_ref(), became.as_ref())
    }
}

fn target(handset: &Handset) -> String {
    format!("phone {}", handset.name)
}

/// As the audit keeps it: of overrides the keys only, for their values may be secrets.
fn noted(handset: &Handset) -> Value {
    let Handset { name, mac, model, owner, site, preference_group, settings, ports, .. } = handset;
    let keys: Vec<&str> = handset::overrides(&settings.overrides).into_iter().map(|(key, _)| key).collect();
    let ports: Vec<Value> = ports
        .iter()
        .map(|port| json!({"port": port.port, "number": port.number, "appearances": port.appearances}))
        .collect();
    json!({
        "name": name, "mac": mac.as_ref().map(ToString::to_string), "model": model.word, "owner": owner, "site": site,
        "preference_group": preference_group, "server": settings.server, "template": settings.template,
        "firmware": settings.firmware, "options": settings.options, "overrides": keys,
        "record_calls": settings.record_calls, "groups": settings.groups, "ports": ports,
    })
}
