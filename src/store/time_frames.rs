//! Time frames of tenants and mailboxes.
//!
//! A frame that a rule names cannot be removed. Every change counts as one of the directory (a trigger).

use super::db::{Row, args};
use super::fault::{Named as _, found, missing};
use super::mailboxes::lock_mailbox;
use super::read::{Reader, micros, to_json};
use super::{Result, Store, StoreError};
use crate::domain::{MailboxId, TenantId, TimeFrame, TimeFrameId};

const OF_TENANT: &str = "SELECT id, tenant_id, mailbox_id, name, purpose, zone, schedule, created_at
    FROM time_frames WHERE tenant_id = $1 AND mailbox_id IS NULL ORDER BY name, id";

const OF_MAILBOX: &str = "SELECT id, tenant_id, mailbox_id, name, purpose, zone, schedule, created_at
    FROM time_frames WHERE tenant_id = $1 AND mailbox_id = $2 ORDER BY name, id";

const UPDATE: &str = "UPDATE time_frames SET name = $3, purpose = $4, zone = $5, schedule = $6
    WHERE tenant_id = $1 AND id = $2";

const ADD: &str =
    "INSERT INTO time_frames (id, tenant_id, mailbox_id, name, purpose, zone, schedule, created_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";

const USED: &str = "SELECT r.name, m.extension FROM answering_rules r
    JOIN mailboxes m ON m.tenant_id = r.tenant_id AND m.id = r.mailbox_id
    WHERE r.tenant_id = $1 AND r.frame_id = $2 AND m.removed_at IS NULL ORDER BY m.extension, r.place";

/// Rules of mailboxes that are gone hold no frame.
const FORGET: &str = "DELETE FROM answering_rules WHERE tenant_id = $1 AND frame_id = $2";

const REMOVE: &str = "DELETE FROM time_frames WHERE tenant_id = $1 AND id = $2";

impl Store {
    /// The frames that a mailbox has: its own, then the tenant's, each by name. Without a mailbox: the tenant's.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn time_frames(&self, tenant: TenantId, mailbox: Option<MailboxId>) -> Result<Vec<TimeFrame>> {
        let mut rows = match mailbox {
            Some(mailbox) => self.db.rows(OF_MAILBOX, args![tenant.uuid(), mailbox.uuid()]).await?,
            None => Vec::new(),
        };
        rows.extend(self.db.rows(OF_TENANT, args![tenant.uuid()]).await?);
        rows.iter().map(read_frame).collect()
    }

    /// Adds a frame, or replaces name, use, zone and spans of the one with its id.
    ///
    /// # Errors
    /// [`StoreError::Taken`] names the name; `Missing` the mailbox or tenant.
    pub async fn put_time_frame(&self, frame: &TimeFrame) -> Result<()> {
        let (id, tenant) = (frame.id.uuid(), frame.tenant.uuid());
        let (name, zone, schedule) = (frame.name.as_str(), frame.zone.clone(), to_json(&frame.schedule)?);
        let mut tx = self.begin().await?;
        if let Some(mailbox) = frame.mailbox {
            lock_mailbox(&mut tx, frame.tenant, mailbox).await?;
        }
        let changes = args![tenant, id, name, frame.purpose.as_str(), zone.clone(), schedule.clone()];
        if tx.run(UPDATE, changes).await.taken("time frame", name)? == 0 {
            let mailbox = frame.mailbox.map(MailboxId::uuid);
            let purpose = frame.purpose.as_str();
            let new = args![id, tenant, mailbox, name, purpose, zone, schedule, micros(frame.created_at)];
            tx.run(ADD, new).await.taken("time frame", name).orphan("tenant", frame.tenant)?;
        }
        Ok(tx.commit().await?)
    }

    /// Removes a frame that no rule names.
    ///
    /// # Errors
    /// [`StoreError::Missing`]; [`StoreError::InUse`] names the rule that names it.
    pub async fn remove_time_frame(&self, tenant: TenantId, id: TimeFrameId) -> Result<()> {
        let mut tx = self.begin().await?;
        if let Some(row) = tx.rows(USED, args![tenant.uuid(), id.uuid()]).await?.first() {
            let row = Reader::new(row, "answering_rules", "name");
            return Err(StoreError::InUse(format!(
                "the rule {:?} of mailbox {} names this time frame: change or remove the rule first",
                row.text("name")?,
                row.text("extension")?
            )));
        }
        tx.run(FORGET, args![tenant.uuid(), id.uuid()]).await?;
        found(tx.run(REMOVE, args![tenant.uuid(), id.uuid()]).await?, "time frame", id)?;
        Ok(tx.commit().await?)
    }

    /// One frame of the tenant, whosever it is.
    ///
    /// # Errors
    /// [`StoreError::Missing`].
    pub async fn time_frame(&self, tenant: TenantId, id: TimeFrameId) -> Result<TimeFrame> {
        const BY_ID: &str = "SELECT id, tenant_id, mailbox_id, name, purpose, zone, schedule, created_at
            FROM time_frames WHERE tenant_id = $1 AND id = $2";
        let row = self.db.row(BY_ID, args![tenant.uuid(), id.uuid()]).await?;
        read_frame(&row.ok_or_else(|| missing("time frame", id))?)
    }
}

fn read_frame(row: &Row) -> Result<TimeFrame> {
    let row = Reader::new(row, "time_frames", "id");
    Ok(TimeFrame {
        id: TimeFrameId::from_uuid(row.id("id")?),
        tenant: TenantId::from_uuid(row.id("tenant_id")?),
        mailbox: row.opt_id("mailbox_id")?.map(MailboxId::from_uuid),
        name: row.text("name")?,
        purpose: row.word("purpose")?,
        zone: row.opt_text("zone")?,
        schedule: row.json("schedule")?,
        created_at: row.time("created_at")?,
    })
}
