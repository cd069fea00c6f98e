//! Webhooks: who is told what happens in a tenant, and what they were told.

use jiff::Timestamp;

use super::db::{Row, args};
use super::fault::{Named as _, found, missing};
use super::read::{Reader, bounded, micros, to_json};
use super::{JobState, Result, Store};
use crate::domain::{Delivery, DeliveryId, TenantId, Webhook, WebhookId, WebhookSecret};

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT id, tenant_id, name, url, events, callers, secret, old_secret, old_until, paused_at, paused_why,
             failing_since, created_at FROM webhooks ",
            $rest
        )
    };
}

const OF_TENANT: &str = select!("WHERE tenant_id = $1 ORDER BY id");
const BY_ID: &str = select!("WHERE tenant_id = $1 AND id = $2");

const ADD: &str = "INSERT INTO webhooks (id, tenant_id, name, url, events, callers, secret, created_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";

// What it is paused for is no part of this: a failure may be written at the same time.
const CHANGE: &str = "UPDATE webhooks SET name = $3, url = $4, events = $5, callers = $6
    WHERE tenant_id = $1 AND id = $2";

const PAUSE: &str = "UPDATE webhooks SET paused_at = $3, paused_why = $4, failing_since = NULL
    WHERE tenant_id = $1 AND id = $2";

const ROTATE: &str = "UPDATE webhooks SET old_secret = secret, old_until = $4, secret = $3
    WHERE tenant_id = $1 AND id = $2";

const FORGET: &str = "DELETE FROM webhook_deliveries WHERE tenant_id = $1 AND webhook_id = $2";

const REMOVE: &str = "DELETE FROM webhooks WHERE tenant_id = $1 AND id = $2";

pub(super) const ADD_DELIVERY: &str =
    "INSERT INTO webhook_deliveries (id, tenant_id, webhook_id, event, body, state, attempts, next_at, queued_at,
        created_at)
    SELECT $1, $2, $3, $4, $5, 'queued', 0, $6, $6, $7 WHERE EXISTS (SELECT 1 FROM webhooks WHERE id = $3)";

const NEWEST: &str =
    "SELECT id, tenant_id, webhook_id, event, body, state, attempts, next_at, created_at, status, last_error
    FROM webhook_deliveries WHERE tenant_id = $1 AND webhook_id = $2 AND id < $3 ORDER BY id DESC LIMIT $4";

const AGAIN: &str =
    "UPDATE webhook_deliveries SET state = 'queued', next_at = $4, queued_at = $4, attempts = attempts + 1
    WHERE tenant_id = $1 AND webhook_id = $2 AND id = $3 AND state <> 'running'";

const AGAIN_SINCE: &str =
    "UPDATE webhook_deliveries SET state = 'queued', next_at = $4, queued_at = $4, attempts = attempts + 1
    WHERE tenant_id = $1 AND webhook_id = $2 AND created_at >= $3 AND state IN ('done', 'dead')";

/// A delivery, and how it went until now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sent {
    /// What was to be told.
    pub delivery: Delivery,
    /// Where it stands.
    pub state: JobState,
    /// Tries, and replays.
    pub attempts: u32,
    /// Not before, while it waits.
    pub next_at: Timestamp,
    /// The HTTP status of the last answer.
    pub status: Option<u16>,
    /// Why the last try came to nothing.
    pub last_error: Option<String>,
}

impl Store {
    /// Adds a webhook.
    ///
    /// # Errors
    /// [`super::StoreError::Missing`] names the tenant.
    pub async fn add_webhook(&self, webhook: &Webhook) -> Result<()> {
        let mut tx = self.begin().await?;
        let args = args![
            webhook.id.uuid(),
            webhook.tenant.uuid(),
            webhook.name.as_str(),
            webhook.url.as_str(),
            to_json(&webhook.events)?,
            webhook.callers,
            webhook.secret.expose(),
            micros(webhook.created_at),
        ];
        tx.run(ADD, args).await.orphan("tenant", webhook.tenant)?;
        Ok(tx.commit().await?)
    }

    /// Writes name, address, events and whether callers are told.
    ///
    /// # Errors
    /// [`super::StoreError::Missing`].
    pub async fn change_webhook(&self, webhook: &Webhook) -> Result<()> {
        let args = args![
            webhook.tenant.uuid(),
            webhook.id.uuid(),
            webhook.name.as_str(),
            webhook.url.as_str(),
            to_json(&webhook.events)?,
            webhook.callers,
        ];
        self.touch_webhook(CHANGE, webhook.id, args).await
    }

    /// Every webhook of the tenant, the oldest first.
    ///
    /// # Errors
    /// [`super::StoreError`].
    pub async fn webhooks(&self, tenant: TenantId) -> Result<Vec<Webhook>> {
        self.db.rows(OF_TENANT, args![tenant.uuid()]).await?.iter().map(read_webhook).collect()
    }

    /// One webhook.
    ///
    /// # Errors
    /// [`super::StoreError::Missing`].
    pub async fn webhook(&self, tenant: TenantId, id: WebhookId) -> Result<Webhook> {
        let row = self.db.row(BY_ID, args![tenant.uuid(), id.uuid()]).await?;
        read_webhook(&row.ok_or_else(|| missing("webhook", id))?)
    }

    /// Tells it nothing from now on (what happens waits), or (`None`) tells it again.
    ///
    /// # Errors
    /// [`super::StoreError::Missing`].
    pub async fn pause_webhook(&self, tenant: TenantId, id: WebhookId, why: Option<&str>) -> Result<()> {
        let at = why.map(|_| micros(self.clock.now()));
        let args = args![tenant.uuid(), id.uuid(), at, why.map(bounded)];
        self.touch_webhook(PAUSE, id, args).await
    }

    /// Gives it a new secret; the one before signs as well until `old_until`.
    ///
    /// # Errors
    /// [`super::StoreError::Missing`].
    pub async fn rotate_webhook(
        &self,
        tenant: TenantId,
        id: WebhookId,
        secret: &WebhookSecret,
        old_until: Timestamp,
    ) -> Result<()> {
        let args = args![tenant.uuid(), id.uuid(), secret.expose(), micros(old_until)];
        self.touch_webhook(ROTATE, id, args).await
    }

    /// Removes a webhook with what it was told.
    ///
    /// # Errors
    /// [`super::StoreError::Missing`].
    pub async fn remove_webhook(&self, tenant: TenantId, id: WebhookId) -> Result<()> {
        let mut tx = self.begin().await?;
        tx.run(FORGET, args![tenant.uuid(), id.uuid()]).await?;
        found(tx.run(REMOVE, args![tenant.uuid(), id.uuid()]).await?, "webhook", id)?;
        Ok(tx.commit().await?)
    }

    /// Adds a delivery of its own, due at once.
    ///
    /// # Errors
    /// [`super::StoreError::Missing`] names the webhook.
    pub async fn add_delivery(&self, delivery: &Delivery) -> Result<()> {
        let args = delivery_args(delivery, self.clock.now());
        self.touch_webhook(ADD_DELIVERY, delivery.webhook, args).await
    }

    /// What a webhook was told before `before` (`None`: lately), newest first.
    ///
    /// # Errors
    /// [`super::StoreError`].
    pub async fn deliveries(
        &self,
        tenant: TenantId,
        webhook: WebhookId,
        before: Option<DeliveryId>,
        limit: u32,
    ) -> Result<Vec<Sent>> {
        let before = before.map_or(uuid::Uuid::max(), DeliveryId::uuid);
        let rows = self.db.rows(NEWEST, args![tenant.uuid(), webhook.uuid(), before, limit]).await?;
        rows.iter().map(read_sent).collect()
    }

    /// Tells a webhook one thing again.
    ///
    /// # Errors
    /// [`super::StoreError::Missing`], also while it is being told.
    pub async fn deliver_again(&self, tenant: TenantId, webhook: WebhookId, id: DeliveryId) -> Result<()> {
        let now = micros(self.clock.now());
        let mut tx = self.begin().await?;
        let touched = tx.run(AGAIN, args![tenant.uuid(), webhook.uuid(), id.uuid(), now]).await?;
        found(touched, "delivery", id)?;
        Ok(tx.commit().await?)
    }

    /// Tells a webhook everything again that happened since; how much that is. What waits is not counted.
    ///
    /// # Errors
    /// [`super::StoreError`].
    pub async fn deliver_again_since(
        &self,
        tenant: TenantId,
        webhook: WebhookId,
        since: Timestamp,
    ) -> Result<u64> {
        let now = micros(self.clock.now());
        let mut tx = self.begin().await?;
        let touched = tx.run(AGAIN_SINCE, args![tenant.uuid(), webhook.uuid(), micros(since), now]).await?;
        tx.commit().await?;
        Ok(touched)
    }

    async fn touch_webhook(
        &self,
        sql: &'static str,
        id: WebhookId,
        args: Vec<super::db::Value>,
    ) -> Result<()> {
        let mut tx = self.begin().await?;
        found(tx.run(sql, args).await?, "webhook", id)?;
        Ok(tx.commit().await?)
    }
}

pub(super) fn delivery_args(delivery: &Delivery, due: Timestamp) -> Vec<super::db::Value> {
    args![
        delivery.id.uuid(),
        delivery.tenant.uuid(),
        delivery.webhook.uuid(),
        delivery.event.as_str(),
        delivery.body.as_str(),
        micros(due),
        micros(delivery.created_at),
    ]
}

fn read_webhook(row: &Row) -> Result<Webhook> {
    let row = Reader::new(row, "webhooks", "id");
    let old = match (row.opt_text("old_secret")?, row.opt_time("old_until")?) {
        (Some(_), Some(until)) => Some((row.parsed("old_secret")?, until)),
        _ => None,
    };
    let paused = row.opt_time("paused_at")?;
    let why = row.opt_text("paused_why")?.unwrap_or_default();
    Ok(Webhook {
        id: WebhookId::from_uuid(row.id("id")?),
        tenant: TenantId::from_uuid(row.id("tenant_id")?),
        name: row.text("name")?,
        url: row.text("url")?,
        events: row.json("events")?,
        callers: row.flag("callers")?,
        secret: row.parsed("secret")?,
        old_secret: old,
        paused: paused.map(|at| (at, why)),
        failing_since: row.opt_time("failing_since")?,
        created_at: row.time("created_at")?,
    })
}

pub(super) fn read_delivery(row: &Reader<'_>) -> Result<Delivery> {
    Ok(Delivery {
        id: DeliveryId::from_uuid(row.id("id")?),
        tenant: TenantId::from_uuid(row.id("tenant_id")?),
        webhook: WebhookId::from_uuid(row.id("webhook_id")?),
        event: row.word("event")?,
        body: row.text("body")?,
        created_at: row.time("created_at")?,
    })
}

fn read_sent(row: &Row) -> Result<Sent> {
    let row = Reader::new(row, "webhook_deliveries", "id");
    Ok(Sent {
        delivery: read_delivery(&row)?,
        state: row.word("state")?,
        attempts: row.number("attempts")?,
        next_at: row.time("next_at")?,
        status: row.opt_number("status")?,
        last_error: row.opt_text("last_error")?,
    })
}
