//! What time removes: messages in the trash, links that have long expired, jobs that were done long ago.
//!
//! How long is long belongs to `service::retention`, which drives this.

use jiff::Timestamp;
use uuid::Uuid;

use super::db::{Tx, args};
use super::deposit::ADD_JOB;
use super::jobs::JOB_QUEUED;
use super::read::{Reader, micros, to_json};
use super::{Result, Store, Work};
use crate::clock::SharedClock;

macro_rules! old_trash {
    ($lock:literal) => {
        concat!(
            "SELECT id, tenant_id, object FROM messages WHERE folder = 'trash' AND trashed_at < $1
             AND NOT EXISTS (SELECT 1 FROM jobs WHERE jobs.tenant_id = messages.tenant_id
                 AND jobs.message_id = messages.id AND jobs.state IN ('queued', 'retry', 'running'))
             ORDER BY trashed_at LIMIT $2",
            $lock
        )
    };
}

// SQLite has one writer, whose transaction began with the write lock.
const OLD_TRASH_SQLITE: &str = old_trash!("");
// A message that its owner takes out of the trash at this moment is the owner's.
const OLD_TRASH_POSTGRES: &str = old_trash!(" FOR UPDATE SKIP LOCKED");

/// What hangs on a message, and at last the message.
const REMOVE: [&str; 6] = [
    "DELETE FROM message_notes WHERE tenant_id = $1 AND message_id = $2",
    "DELETE FROM message_parts WHERE tenant_id = $1 AND message_id = $2",
    "DELETE FROM ledger WHERE tenant_id = $1 AND message_id = $2",
    "DELETE FROM links WHERE tenant_id = $1 AND message_id = $2",
    "DELETE FROM jobs WHERE tenant_id = $1 AND message_id = $2",
    "DELETE FROM messages WHERE tenant_id = $1 AND id = $2",
];

const OLD_LINKS: &str = "DELETE FROM links WHERE id IN (SELECT id FROM links WHERE expires_at < $1 LIMIT $2)";

const OLD_JOBS: &str = "DELETE FROM jobs WHERE id IN
    (SELECT id FROM jobs WHERE state = 'done' AND created_at < $1 LIMIT $2)";

impl Store {
    /// Removes up to `limit` messages that came into the trash before `before`, with all that hangs on them; how many
    /// these were. In the same transaction each leaves a job that deletes its audio: no row is ever without audio, and
    /// no audio is forgotten. A message with mail under way stays for now.
    ///
    /// # Errors
    /// [`super::StoreError`].
    pub async fn purge_trash(&self, before: Timestamp, limit: u32) -> Result<u32> {
        let sql = if self.db.is_sqlite() { OLD_TRASH_SQLITE } else { OLD_TRASH_POSTGRES };
        let mut tx = self.begin().await?;
        let rows = tx.rows(sql, args![micros(before), limit]).await?;
        for row in &rows {
            let row = Reader::new(row, "messages", "id");
            let (id, tenant) = (row.id("id")?, row.id("tenant_id")?);
            remove_message(&mut tx, tenant, id, row.text("object")?, &self.clock).await?;
        }
        tx.commit().await?;
        Ok(u32::try_from(rows.len()).unwrap_or(u32::MAX))
    }

    /// Removes up to `limit` links that expired before `before`; how many these were.
    ///
    /// # Errors
    /// [`super::StoreError`].
    pub async fn purge_links(&self, before: Timestamp, limit: u32) -> Result<u32> {
        self.purge(OLD_LINKS, before, limit).await
    }

    /// Removes up to `limit` jobs that were made before `before` and are done; how many these were.
    ///
    /// # Errors
    /// [`super::StoreError`].
    pub async fn purge_jobs(&self, before: Timestamp, limit: u32) -> Result<u32> {
        self.purge(OLD_JOBS, before, limit).await
    }

    async fn purge(&self, sql: &'static str, before: Timestamp, limit: u32) -> Result<u32> {
        let mut tx = self.begin().await?;
        let touched = tx.run(sql, args![micros(before), limit]).await?;
        tx.commit().await?;
        Ok(u32::try_from(touched).unwrap_or(u32::MAX))
    }
}

/// Removes a message with all that hangs on it, and leaves the job that deletes its audio.
pub(super) async fn remove_message(
    tx: &mut Tx,
    tenant: Uuid,
    id: Uuid,
    object: String,
    clock: &SharedClock,
) -> Result<()> {
    for statement in REMOVE {
        tx.run(statement, args![tenant, id]).await?;
    }
    let nobody: Option<Uuid> = None;
    let (work, now) = (to_json(&Work::Purge { object })?, micros(clock.now()));
    tx.run(ADD_JOB, args![clock.uuid(), tenant, nobody, work, JOB_QUEUED, now, now]).await?;
    Ok(())
}
