//! What webhooks are yet to be told: facts that wait to be made deliveries, and deliveries that are due.
//!
//! Facts are left by triggers, or by who writes, in the transaction of the change itself. As with the outbox's jobs, the
//! number of attempts is the fencing token of a lease.

use std::time::Duration;

use jiff::Timestamp;

use super::db::{Row, args};
use super::fault::missing;
use super::read::{Reader, bounded, micros};
use super::webhooks::{ADD_DELIVERY, delivery_args, read_delivery};
use super::{JobState, Result, Store};
use crate::domain::{Delivery, MailboxId, TenantId, UserId, WebhookEvent};

const FACTS: &str =
    "SELECT id, tenant_id, event, about, mailbox_id, detail FROM webhook_facts ORDER BY id LIMIT $1";

// Whoever deletes it has it: another node that reads the same fact finds nothing to delete.
const TAKE: &str = "DELETE FROM webhook_facts WHERE id = $1";

const EXTENSION: &str = "SELECT extension FROM mailboxes WHERE tenant_id = $1 AND id = $2";

// The newest mailbox is the present one, or the one that was removed with the user.
const USER: &str = "SELECT u.first_name, u.last_name, b.id AS mailbox_id, b.extension FROM users u
    LEFT JOIN mailboxes b ON b.tenant_id = u.tenant_id AND b.user_id = u.id
    WHERE u.tenant_id = $1 AND u.id = $2 ORDER BY b.created_at DESC, b.id DESC LIMIT 1";

// A receiver that is slow has at most so many places ($4): those of others stay free.
macro_rules! lease {
    ($lock:literal) => {
        concat!(
            "UPDATE webhook_deliveries SET state = 'running', attempts = attempts + 1, next_at = $2
             WHERE id IN (
                 SELECT d.id FROM webhook_deliveries d WHERE d.id IN (
                     SELECT id FROM (
                         SELECT d.id, d.next_at, ROW_NUMBER() OVER (
                             PARTITION BY d.webhook_id
                             ORDER BY CASE WHEN d.state = 'running' AND d.next_at > $1 THEN 0 ELSE 1 END, d.next_at, d.id
                         ) AS place
                         FROM webhook_deliveries d JOIN webhooks w ON w.id = d.webhook_id
                         WHERE d.state IN ('queued', 'retry', 'running') AND w.paused_at IS NULL
                             AND (d.next_at <= $1 OR d.state = 'running')
                     ) ranked WHERE place <= $4 AND next_at <= $1
                 ) AND d.state IN ('queued', 'retry', 'running') AND d.next_at <= $1
                 ORDER BY d.next_at, d.id LIMIT $3 ",
            $lock,
            ") RETURNING id, tenant_id, webhook_id, event, body, attempts, queued_at, created_at"
        )
    };
}

const LEASE_SQLITE: &str = lease!("");
const LEASE_POSTGRES: &str = lease!("FOR UPDATE OF d SKIP LOCKED");

const ANY_DUE: &str = "SELECT COUNT(*) AS due FROM (SELECT 1 AS one FROM webhook_deliveries
    WHERE state IN ('queued', 'retry', 'running') AND next_at <= $1 LIMIT 1) found";

const REPORT: &str = "UPDATE webhook_deliveries SET state = $4, next_at = $5, status = $6, last_error = $7
    WHERE tenant_id = $1 AND id = $2 AND attempts = $3 AND state = 'running'";

const IS_WELL: &str = "UPDATE webhooks SET failing_since = NULL WHERE id = $1 AND failing_since IS NOT NULL";

const IS_ILL: &str = "UPDATE webhooks SET failing_since = $2 WHERE id = $1 AND failing_since IS NULL";

const PAUSE_FAILING: &str = "UPDATE webhooks SET paused_at = $2, paused_why = $3
    WHERE id = $1 AND paused_at IS NULL";

const OLD: &str = "DELETE FROM webhook_deliveries WHERE id IN (
        SELECT id FROM webhook_deliveries WHERE created_at < $1 ORDER BY created_at LIMIT $2)";

const COUNT: &str = "SELECT state, COUNT(*) AS deliveries FROM webhook_deliveries
    WHERE state IN ('queued', 'retry', 'running') GROUP BY state";

/// Something that happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fact {
    /// Identity, for [`Store::deliver`].
    pub id: i64,
    /// Whose world it happened in.
    pub tenant: TenantId,
    /// What.
    pub event: WebhookEvent,
    /// The message or user.
    pub about: Option<uuid::Uuid>,
    /// The mailbox.
    pub mailbox: Option<MailboxId>,
    /// The folder, the kind of greeting, what changed, the mail server's words.
    pub detail: Option<String>,
}

/// A delivery that is ours to make for the time of a lease.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Due {
    /// What is to be told, and to whom.
    pub delivery: Delivery,
    /// Tries, this one included: the fencing token.
    pub attempts: u32,
    /// Tries began then.
    pub queued_at: Timestamp,
}

/// How a try went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    /// Where the delivery stands now.
    pub state: JobState,
    /// Not before, when it is tried again.
    pub next_at: Timestamp,
    /// The HTTP status that was answered.
    pub status: Option<u16>,
    /// Why it came to nothing.
    pub error: Option<String>,
    /// Pauses the webhook, for this reason.
    pub pause: Option<String>,
}

impl Store {
    /// What happened and is not yet on its way, the oldest first.
    ///
    /// # Errors
    /// [`super::StoreError`].
    pub async fn facts(&self, limit: u32) -> Result<Vec<Fact>> {
        self.db.rows(FACTS, args![limit]).await?.iter().map(read_fact).collect()
    }

    /// The number of a mailbox, removed or not.
    ///
    /// # Errors
    /// [`super::StoreError`].
    pub async fn fact_extension(&self, tenant: TenantId, mailbox: MailboxId) -> Result<Option<String>> {
        let row = self.db.row(EXTENSION, args![tenant.uuid(), mailbox.uuid()]).await?;
        row.map(|row| Reader::new(&row, "mailboxes", "id").text("extension")).transpose()
    }

    /// First and last name of a user, with mailbox and number, removed or not.
    ///
    /// # Errors
    /// [`super::StoreError`].
    pub async fn fact_user(
        &self,
        tenant: TenantId,
        user: UserId,
    ) -> Result<Option<(String, String, Option<(MailboxId, String)>)>> {
        let Some(row) = self.db.row(USER, args![tenant.uuid(), user.uuid()]).await? else { return Ok(None) };
        let row = Reader::new(&row, "users", "id");
        let mailbox = match row.opt_id("mailbox_id")? {
            Some(id) => Some((MailboxId::from_uuid(id), row.text("extension")?)),
            None => None,
        };
        Ok(Some((row.text("first_name")?, row.text("last_name")?, mailbox)))
    }

    /// A fact becomes deliveries. False when another node was faster: then nothing is written.
    ///
    /// # Errors
    /// [`super::StoreError`].
    pub async fn deliver(&self, fact: i64, deliveries: &[Delivery]) -> Result<bool> {
        let now = self.clock.now();
        let mut tx = self.begin().await?;
        if tx.run(TAKE, args![fact]).await? == 0 {
            return Ok(false);
        }
        for delivery in deliveries {
            tx.run(ADD_DELIVERY, delivery_args(delivery, now)).await?;
        }
        tx.commit().await?;
        Ok(true)
    }

    /// Leases up to `limit` due deliveries, no more of a webhook than `most` at the same time.
    ///
    /// # Errors
    /// [`super::StoreError`].
    pub async fn lease_deliveries(&self, limit: u32, most: u32, lease: Duration) -> Result<Vec<Due>> {
        let now = self.clock.now();
        let due = self.db.row(ANY_DUE, args![micros(now)]).await?;
        let due: u32 =
            due.map_or(Ok(0), |row| Reader::new(&row, "webhook_deliveries", "due").number("due"))?;
        if due == 0 {
            return Ok(Vec::new());
        }
        let until = now.saturating_add(lease).unwrap_or(Timestamp::MAX);
        let sql = if self.db.is_sqlite() { LEASE_SQLITE } else { LEASE_POSTGRES };
        let mut tx = self.begin().await?;
        let rows = tx.rows(sql, args![micros(now), micros(until), limit, most]).await?;
        let mut due = rows.iter().map(read_due).collect::<Result<Vec<_>>>()?;
        tx.commit().await?;
        due.sort_by_key(|due| due.delivery.id);
        Ok(due)
    }

    /// Writes down how a try went, and what that says about the webhook.
    ///
    /// # Errors
    /// [`super::StoreError::Missing`] when the lease is somebody else's by now.
    pub async fn delivery_told(&self, due: &Due, told: &Told) -> Result<()> {
        let Delivery { id, tenant, webhook, .. } = due.delivery;
        let now = micros(self.clock.now());
        let mut tx = self.begin().await?;
        let args = args![
            tenant.uuid(),
            id.uuid(),
            due.attempts,
            told.state.as_str(),
            micros(told.next_at),
            told.status.map(i64::from),
            told.error.as_deref().map(bounded),
        ];
        if tx.run(REPORT, args).await? == 0 {
            return Err(missing("lease of ours on delivery", id));
        }
        if told.state == JobState::Done {
            tx.run(IS_WELL, args![webhook.uuid()]).await?;
        } else {
            tx.run(IS_ILL, args![webhook.uuid(), now]).await?;
        }
        if let Some(why) = &told.pause {
            tx.run(PAUSE_FAILING, args![webhook.uuid(), now, bounded(why)]).await?;
        }
        Ok(tx.commit().await?)
    }

    /// Removes up to `limit` deliveries of what happened before `before`; how many these were.
    ///
    /// # Errors
    /// [`super::StoreError`].
    pub async fn purge_deliveries(&self, before: Timestamp, limit: u32) -> Result<u32> {
        let mut tx = self.begin().await?;
        let touched = tx.run(OLD, args![micros(before), limit]).await?;
        tx.commit().await?;
        Ok(u32::try_from(touched).unwrap_or(u32::MAX))
    }

    /// How many deliveries wait or are on their way.
    ///
    /// # Errors
    /// [`super::StoreError`].
    pub async fn open_deliveries(&self) -> Result<u64> {
        let mut all = 0;
        for row in &self.db.rows(COUNT, args![]).await? {
            all += Reader::new(row, "webhook_deliveries", "state").number::<u64>("deliveries")?;
        }
        Ok(all)
    }
}

fn read_fact(row: &Row) -> Result<Fact> {
    let row = Reader::new(row, "webhook_facts", "event");
    Ok(Fact {
        id: row.number("id")?,
        tenant: TenantId::from_uuid(row.id("tenant_id")?),
        event: row.word("event")?,
        about: row.opt_id("about")?,
        mailbox: row.opt_id("mailbox_id")?.map(MailboxId::from_uuid),
        detail: row.opt_text("detail")?,
    })
}

fn read_due(row: &Row) -> Result<Due> {
    let row = Reader::new(row, "webhook_deliveries", "id");
    Ok(Due {
        delivery: read_delivery(&row)?,
        attempts: row.number("attempts")?,
        queued_at: row.time("queued_at")?,
    })
}
