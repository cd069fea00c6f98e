//! What takes changes of rules, hours and lists back, for a while. (What takes a reset back is as old at most.)

use jiff::Timestamp;

use super::db::args;
use super::fault::{Named as _, missing};
use super::read::{Reader, micros, to_json};
use super::{Result, Store};
use crate::domain::answering::Undo;
use crate::domain::{ChangeId, MailboxId, TenantId};

const ADD: &str = "INSERT INTO answering_changes (id, tenant_id, mailbox_id, undo, made_at)
    VALUES ($1, $2, $3, $4, $5)";

const OF_MAILBOX: &str =
    "SELECT id, undo FROM answering_changes WHERE tenant_id = $1 AND id = $2 AND mailbox_id = $3";

const OF_TENANT: &str =
    "SELECT id, undo FROM answering_changes WHERE tenant_id = $1 AND id = $2 AND mailbox_id IS NULL";

const FORGET: &str = "DELETE FROM answering_changes WHERE tenant_id = $1 AND id = $2";

const PURGE: [&str; 2] =
    ["DELETE FROM answering_changes WHERE made_at < $1", "DELETE FROM resets WHERE made_at < $1"];

impl Store {
    /// Keeps what takes a change back. Without a mailbox: one of the tenant.
    ///
    /// # Errors
    /// [`super::StoreError::Missing`] names the mailbox or tenant.
    pub async fn put_undo(
        &self,
        tenant: TenantId,
        mailbox: Option<MailboxId>,
        id: ChangeId,
        undo: &Undo,
    ) -> Result<()> {
        let mailbox_id = mailbox.map(MailboxId::uuid);
        let new = args![id.uuid(), tenant.uuid(), mailbox_id, to_json(undo)?, micros(self.clock.now())];
        let mut tx = self.begin().await?;
        tx.run(ADD, new).await.orphan("mailbox", mailbox.map(|id| id.to_string()).unwrap_or_default())?;
        Ok(tx.commit().await?)
    }

    /// What takes this change back, of this mailbox, or of the tenant.
    ///
    /// # Errors
    /// [`super::StoreError::Missing`].
    pub async fn undo(&self, tenant: TenantId, mailbox: Option<MailboxId>, id: ChangeId) -> Result<Undo> {
        let row = match mailbox {
            Some(mailbox) => self.db.row(OF_MAILBOX, args![tenant.uuid(), id.uuid(), mailbox.uuid()]).await?,
            None => self.db.row(OF_TENANT, args![tenant.uuid(), id.uuid()]).await?,
        };
        let row = row.ok_or_else(|| missing("change that can be undone", id))?;
        Reader::new(&row, "answering_changes", "id").json("undo")
    }

    /// A change was taken back: that is not done twice.
    ///
    /// # Errors
    /// [`super::StoreError`].
    pub async fn forget_undo(&self, tenant: TenantId, id: ChangeId) -> Result<()> {
        let mut tx = self.begin().await?;
        tx.run(FORGET, args![tenant.uuid(), id.uuid()]).await?;
        Ok(tx.commit().await?)
    }

    /// Forgets what was changed before this time.
    ///
    /// # Errors
    /// [`super::StoreError`].
    pub async fn purge_undo(&self, before: Timestamp) -> Result<()> {
        let mut tx = self.begin().await?;
        for sql in PURGE {
            tx.run(sql, args![micros(before)]).await?;
        }
        Ok(tx.commit().await?)
    }
}
