//! Webhooks: programs of a tenant that are told what happens. Made, changed, tried, told again; and what they are told.
//!
//! What happened is noted by the store in the transaction of the change itself; [`Webhooks::fan_out`] makes deliveries of
//! it, one for each webhook that wants to know. Sending them is `outbox`'s. No body holds audio, a PIN or a link.

mod body;
pub mod guard;
pub mod sign;

use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::audit::{Deed, NotedStore};
use crate::clock::SharedClock;
use crate::domain::{
    Delivery, DeliveryId, Invalid, TenantId, Webhook, WebhookEvent, WebhookId, WebhookSecret,
};
use crate::store::{Sent, Store, StoreError};

use self::guard::Guard;

/// Webhooks of a tenant at most.
const MOST: usize = 50;
/// Deliveries of a page at most.
const LONGEST_PAGE: u32 = 200;
/// How long the secret before signs as well.
pub const OVERLAP: Duration = Duration::from_secs(24 * 3600);
/// How long deliveries are kept, and can be told again.
pub const KEPT: Duration = Duration::from_secs(30 * 24 * 3600);
/// Facts that are looked at together.
const BATCH: u32 = 100;

/// Why a webhook was not made or changed.
#[derive(Debug, thiserror::Error)]
pub enum WebhookError {
    /// A value is out of its range or shape.
    #[error(transparent)]
    Invalid(#[from] Invalid),
    /// There are as many as there may be.
    #[error("there are {MOST} webhooks already: remove some")]
    TooMany,
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What it takes to make a webhook.
#[derive(Debug, Clone)]
pub struct NewWebhook {
    /// Whose world it hears of.
    pub tenant: TenantId,
    /// What it is for, at most 64 characters.
    pub name: String,
    /// Where it is told.
    pub url: String,
    /// What it wants to know; empty: everything.
    pub events: Vec<WebhookEvent>,
    /// It is told who called.
    pub callers: bool,
}

/// What is to be changed.
#[derive(Debug, Clone, Default)]
pub struct WebhookChanges {
    /// What it is for.
    pub name: Option<String>,
    /// Where it is told.
    pub url: Option<String>,
    /// What it wants to know; empty: everything.
    pub events: Option<Vec<WebhookEvent>>,
    /// It is told who called.
    pub callers: Option<bool>,
    /// It is told nothing for now, and what happens waits; false: it is told again, beginning with what waits.
    pub paused: Option<bool>,
}

/// The use cases. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Webhooks {
    store: NotedStore,
    clock: SharedClock,
    guard: Guard,
}

impl Webhooks {
    /// Over this store; `guard` says where webhooks may lead.
    pub fn new(store: Store, clock: SharedClock, guard: Guard) -> Self {
        Self { store: NotedStore::new(store, clock.clone()), clock, guard }
    }

    /// The same, for changes by somebody, which the audit keeps.
    #[must_use]
    pub fn by(&self, actor: &str) -> Self {
        Self { store: self.store.by(actor), ..self.clone() }
    }

    fn noting(&self, action: &str, webhook: &Webhook, was: Value, became: Value) -> Store {
        let deed = Deed { action, target: format!("webhook {}", webhook.name) };
        self.store.noting(webhook.tenant, deed, was, became)
    }

    /// Makes a webhook; its secret is told this once.
    ///
    /// # Errors
    /// [`WebhookError`].
    pub async fn add(&self, new: NewWebhook) -> Result<Webhook, WebhookError> {
        let webhook = Webhook {
            id: WebhookId::from_uuid(self.clock.uuid()),
            tenant: new.tenant,
            name: named(&new.name)?,
            url: self.guard.url(&new.url)?.into(),
            events: sorted(new.events),
            callers: new.callers,
            secret: self.secret(),
            old_secret: None,
            paused: None,
            failing_since: None,
            created_at: self.clock.now(),
        };
        if self.store.webhooks(new.tenant).await?.len() >= MOST {
            return Err(WebhookError::TooMany);
        }
        self.noting("webhook.added", &webhook, Value::Null, noted(&webhook)).add_webhook(&webhook).await?;
        tracing::info!(webhook = %webhook.id, "a webhook was made");
        Ok(webhook)
    }

    fn secret(&self) -> WebhookSecret {
        let mut bytes = [0; 32];
        self.clock.fill(&mut bytes);
        WebhookSecret::from_bytes(bytes)
    }

    /// Every webhook of the tenant, the oldest first.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn list(&self, tenant: TenantId) -> Result<Vec<Webhook>, StoreError> {
        self.store.webhooks(tenant).await
    }

    /// One webhook.
    ///
    /// # Errors
    /// [`StoreError::Missing`].
    pub async fn show(&self, tenant: TenantId, id: WebhookId) -> Result<Webhook, StoreError> {
        self.store.webhook(tenant, id).await
    }

    /// Changes a webhook; as it is then.
    ///
    /// # Errors
    /// [`WebhookError`].
    pub async fn change(
        &self,
        tenant: TenantId,
        id: WebhookId,
        changes: WebhookChanges,
    ) -> Result<Webhook, WebhookError> {
        let mut webhook = self.store.webhook(tenant, id).await?;
        let was = noted(&webhook);
        if let Some(name) = changes.name {
            webhook.name = named(&name)?;
        }
        if let Some(url) = changes.url {
            webhook.url = self.guard.url(&url)?.into();
        }
        if let Some(events) = changes.events {
            webhook.events = sorted(events);
        }
        webhook.callers = changes.callers.unwrap_or(webhook.callers);
        self.noting("webhook.changed", &webhook, was, noted(&webhook)).change_webhook(&webhook).await?;
        let paused = |is: bool| json!({ "paused": is });
        let (was, wanted) = (webhook.paused.is_some(), changes.paused.unwrap_or(webhook.paused.is_some()));
        let store = self.noting("webhook.changed", &webhook, paused(was), paused(wanted));
        match changes.paused {
            Some(true) if webhook.paused.is_none() => {
                store.pause_webhook(tenant, id, Some("paused by an administrator")).await?;
            }
            Some(false) => store.pause_webhook(tenant, id, None).await?,
            _ => {}
        }
        Ok(self.store.webhook(tenant, id).await?)
    }

    /// Gives it a new secret, which is told this once; the one before signs as well for [`OVERLAP`].
    ///
    /// # Errors
    /// [`StoreError::Missing`].
    pub async fn rotate(&self, tenant: TenantId, id: WebhookId) -> Result<Webhook, StoreError> {
        let until = self.clock.now().saturating_add(OVERLAP).unwrap_or(Timestamp::MAX);
        let webhook = self.store.webhook(tenant, id).await?;
        let store = self.noting("webhook.rotated", &webhook, Value::Null, Value::Null);
        store.rotate_webhook(tenant, id, &self.secret(), until).await?;
        tracing::info!(webhook = %id, "a webhook has a new secret");
        self.store.webhook(tenant, id).await
    }

    /// Removes a webhook, with all that it was or was to be told.
    ///
    /// # Errors
    /// [`StoreError::Missing`].
    pub async fn remove(&self, tenant: TenantId, id: WebhookId) -> Result<(), StoreError> {
        let webhook = self.store.webhook(tenant, id).await?;
        let store = self.noting("webhook.removed", &webhook, noted(&webhook), Value::Null);
        store.remove_webhook(tenant, id).await?;
        tracing::info!(webhook = %id, "a webhook was removed");
        Ok(())
    }

    /// Sends `webhook.test`, as soon as a server looks.
    ///
    /// # Errors
    /// [`StoreError::Missing`].
    pub async fn test(&self, tenant: TenantId, id: WebhookId) -> Result<DeliveryId, StoreError> {
        let now = self.clock.now();
        let data = json!({"webhook": id});
        let delivery =
            self.delivery(tenant, id, WebhookEvent::Test, body::body(WebhookEvent::Test, now, &data), now);
        let webhook = self.store.webhook(tenant, id).await?;
        let store = self.noting("webhook.tested", &webhook, Value::Null, Value::Null);
        store.add_delivery(&delivery).await?;
        Ok(delivery.id)
    }

    fn delivery(
        &self,
        tenant: TenantId,
        webhook: WebhookId,
        event: WebhookEvent,
        body: String,
        now: Timestamp,
    ) -> Delivery {
        let id = DeliveryId::from_uuid(self.clock.uuid());
        Delivery { id, tenant, webhook, event, body, created_at: now }
    }

    /// A page of what a webhook was told, newest first, and whether there is more.
    ///
    /// # Errors
    /// [`StoreError::Missing`] names the webhook.
    pub async fn deliveries(
        &self,
        tenant: TenantId,
        id: WebhookId,
        before: Option<DeliveryId>,
        limit: u32,
    ) -> Result<(Vec<Sent>, bool), StoreError> {
        self.store.webhook(tenant, id).await?;
        let limit = limit.clamp(1, LONGEST_PAGE);
        let mut sent = self.store.deliveries(tenant, id, before, limit + 1).await?;
        let more = sent.len() > limit as usize;
        sent.truncate(limit as usize);
        Ok((sent, more))
    }

    /// Tells it one thing again.
    ///
    /// # Errors
    /// [`StoreError::Missing`], also while it is being told.
    pub async fn again(
        &self,
        tenant: TenantId,
        id: WebhookId,
        delivery: DeliveryId,
    ) -> Result<(), StoreError> {
        let webhook = self.store.webhook(tenant, id).await?;
        let what = json!({ "delivery": delivery });
        let store = self.noting("webhook.replayed", &webhook, Value::Null, what);
        store.deliver_again(tenant, id, delivery).await
    }

    /// Tells it everything again that happened since (and is still kept); how much that is.
    ///
    /// # Errors
    /// [`StoreError::Missing`] names the webhook.
    pub async fn again_since(
        &self,
        tenant: TenantId,
        id: WebhookId,
        since: Timestamp,
    ) -> Result<u64, StoreError> {
        let webhook = self.store.webhook(tenant, id).await?;
        let what = json!({ "since": since });
        let store = self.noting("webhook.replayed", &webhook, Value::Null, what);
        store.deliver_again_since(tenant, id, since).await
    }
}

/// As the audit keeps it: of the address the part that holds no secret.
fn noted(webhook: &Webhook) -> Value {
    json!({"id": webhook.id, "name": webhook.name, "url": host(&webhook.url), "events": webhook.events,
        "callers": webhook.callers})
}

/// The part of an address that holds no secret.
pub fn host(url: &str) -> String {
    url::Url::parse(url).map(|url| url.origin().ascii_serialization()).unwrap_or_default()
}

fn named(name: &str) -> Result<String, Invalid> {
    let plain = name.trim();
    if plain.is_empty() || plain.chars().count() > 64 || plain.chars().any(char::is_control) {
        return Err(Invalid::new("name", name, "say in 1 to 64 characters what the webhook is for"));
    }
    Ok(plain.to_owned())
}

fn sorted(mut events: Vec<WebhookEvent>) -> Vec<WebhookEvent> {
    events.sort_unstable();
    events.dedup();
    events
}
