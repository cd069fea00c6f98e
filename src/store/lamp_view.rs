//! Lamps as who looks after them sees them: what each was told, what there is, and whether somebody works on it.

use std::collections::HashMap;

use jiff::Timestamp;

use super::db::args;
use super::fault::missing;
use super::lamps::read_lamp;
use super::read::Reader;
use super::{JobState, Lamp, Result, Store};
use crate::domain::{Counts, Extension, LampId, TenantId};

const WATCHED: &str =
    "SELECT l.id, l.tenant_id, l.mailbox_id, l.name, l.dialog, l.cseq, l.expires_at, l.told, l.told_at,
        l.last_error, l.failures, l.created_at, b.extension,
        COALESCE(c.new, 0) AS new, COALESCE(c.new_urgent, 0) AS new_urgent,
        COALESCE(c.old, 0) AS old, COALESCE(c.old_urgent, 0) AS old_urgent
    FROM lamps l JOIN mailboxes b ON b.tenant_id = l.tenant_id AND b.id = l.mailbox_id
    LEFT JOIN (SELECT mailbox_id,
            COUNT(CASE WHEN folder = 'inbox' AND heard_at IS NULL THEN 1 END) AS new,
            COUNT(CASE WHEN folder = 'inbox' AND heard_at IS NULL AND urgent THEN 1 END) AS new_urgent,
            COUNT(CASE WHEN folder = 'saved' OR folder = 'inbox' AND heard_at IS NOT NULL THEN 1 END) AS old,
            COUNT(CASE WHEN (folder = 'saved' OR folder = 'inbox' AND heard_at IS NOT NULL) AND urgent THEN 1 END)
                AS old_urgent
        FROM messages WHERE tenant_id = $1
            AND mailbox_id IN (SELECT mailbox_id FROM lamps WHERE tenant_id = $1) GROUP BY mailbox_id) c
        ON c.mailbox_id = l.mailbox_id
    WHERE l.tenant_id = $1 ORDER BY b.extension, l.created_at, l.id LIMIT $2";

const LAMP_JOBS: &str = "SELECT about, state, next_at FROM jobs
    WHERE tenant_id = $1 AND about LIKE 'lamp:%' AND state IN ('queued', 'running', 'retry')";

const FORGET: &str =
    "UPDATE lamps SET told = NULL WHERE tenant_id = $1 AND id = $2 RETURNING id, tenant_id, mailbox_id, name,
        dialog, cseq, expires_at, told, told_at, last_error, failures, created_at";

/// A lamp, and what it should show.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WatchedLamp {
    /// What it was told.
    pub lamp: Lamp,
    /// The number of its mailbox.
    pub extension: Extension,
    /// What there is; the trash is none of a lamp's business.
    pub counts: Counts,
    /// The job that tells it: waiting or running, and when it is due.
    pub job: Option<(JobState, Timestamp)>,
}

impl Store {
    /// The lamps of a tenant with what they should show, by extension, at most `limit`.
    ///
    /// # Errors
    /// [`super::StoreError`].
    pub async fn watched_lamps(&self, tenant: TenantId, limit: u32) -> Result<Vec<WatchedLamp>> {
        let mut jobs: HashMap<String, (JobState, Timestamp)> = HashMap::new();
        for row in &self.db.rows(LAMP_JOBS, args![tenant.uuid()]).await? {
            let row = Reader::new(row, "jobs", "about");
            jobs.insert(row.text("about")?, (row.word("state")?, row.time("next_at")?));
        }
        let rows = self.db.rows(WATCHED, args![tenant.uuid(), limit]).await?;
        let mut watched = Vec::with_capacity(rows.len());
        for row in &rows {
            let lamp = read_lamp(row)?;
            let job = jobs.get(&super::lamps::about(lamp.owner.mailbox)).copied();
            let row = Reader::new(row, "lamps", "id");
            let counts = Counts {
                new: row.number("new")?,
                new_urgent: row.number("new_urgent")?,
                old: row.number("old")?,
                old_urgent: row.number("old_urgent")?,
                filed: 0,
                trash: 0,
            };
            watched.push(WatchedLamp { lamp, extension: row.parsed("extension")?, counts, job });
        }
        Ok(watched)
    }

    /// What this lamp shows is not known any more: whoever tells its mailbox's lamps tells it as well.
    ///
    /// # Errors
    /// [`super::StoreError::Missing`].
    pub async fn forget_told(&self, tenant: TenantId, id: LampId) -> Result<Lamp> {
        let mut tx = self.begin().await?;
        let rows = tx.rows(FORGET, args![tenant.uuid(), id.uuid()]).await?;
        let lamp = read_lamp(rows.first().ok_or_else(|| missing("lamp", id))?)?;
        tx.commit().await?;
        Ok(lamp)
    }
}
