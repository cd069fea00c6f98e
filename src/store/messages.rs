//! Messages after their deposit: reading, hearing, moving; and the delivery ledger of each.

use super::db::{Row, Tx, args};
use super::fault::{Named as _, missing};
use super::read::{Reader, bounded, micros};
use super::{LedgerEntry, Result, Store};
use crate::domain::{CallerId, Folder, MailboxId, Mark, Message, MessageId, Owner, TenantId};

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT id, tenant_id, mailbox_id, folder, tag, heard_at, urgent, private, caller_number, caller_name,
             caller_anonymous, alias, reason, received_at, duration_ms, voiced_ms, class, sample_rate, bytes, sha256,
             object FROM messages ",
            $rest
        )
    };
}

const BY_ID: &str = select!("WHERE tenant_id = $1 AND id = $2");

const ANYWHERE: &str = select!("WHERE id = $1");

const OF_FOLDER: &str =
    select!("WHERE tenant_id = $1 AND mailbox_id = $2 AND folder = $3 ORDER BY received_at DESC, id DESC");

const LEDGER: &str =
    "SELECT id, at, event, detail FROM ledger WHERE tenant_id = $1 AND message_id = $2 ORDER BY id";

pub(super) const ADD_LEDGER: &str = "INSERT INTO ledger (tenant_id, message_id, at, event, detail)
    VALUES ($1, $2, $3, $4, $5)";

impl Store {
    /// One message.
    ///
    /// # Errors
    /// [`super::StoreError::Missing`].
    pub async fn message(&self, tenant: TenantId, id: MessageId) -> Result<Message> {
        let row = self.db.row(BY_ID, args![tenant.uuid(), id.uuid()]).await?;
        read_message(&row.ok_or_else(|| missing("message", id))?)
    }

    /// By id alone, for the operator's command line and for jobs.
    ///
    /// # Errors
    /// [`super::StoreError::Missing`].
    pub async fn message_anywhere(&self, id: MessageId) -> Result<Message> {
        let row = self.db.row(ANYWHERE, args![id.uuid()]).await?;
        read_message(&row.ok_or_else(|| missing("message", id))?)
    }

    /// The messages of a folder, newest first.
    ///
    /// # Errors
    /// [`super::StoreError::Missing`] names the mailbox.
    pub async fn messages(
        &self,
        tenant: TenantId,
        mailbox: MailboxId,
        folder: Folder,
    ) -> Result<Vec<Message>> {
        let rows = self.db.rows(OF_FOLDER, args![tenant.uuid(), mailbox.uuid(), folder.as_str()]).await?;
        if rows.is_empty() {
            self.check_mailbox(tenant, mailbox).await?;
        }
        rows.iter().map(read_message).collect()
    }

    /// First hearing only; writes the ledger line `heard`.
    ///
    /// # Errors
    /// [`super::StoreError::Missing`].
    pub async fn mark_heard(&self, tenant: TenantId, id: MessageId) -> Result<()> {
        let message = self.message(tenant, id).await?;
        self.mark(Owner::of(&message), id, Mark::Heard).await.map(drop)
    }

    /// Moves a message; the day it came into the trash is kept for its purge.
    ///
    /// # Errors
    /// [`super::StoreError::Missing`].
    pub async fn move_message(&self, tenant: TenantId, id: MessageId, to: Folder) -> Result<()> {
        let message = self.message(tenant, id).await?;
        let mark = match to {
            Folder::Inbox => Mark::Inbox,
            Folder::Saved => Mark::Save,
            Folder::Trash => Mark::Trash,
        };
        self.mark(Owner::of(&message), id, mark).await.map(drop)
    }

    /// What happened to the message, oldest first.
    ///
    /// # Errors
    /// [`super::StoreError::Missing`].
    pub async fn ledger(&self, tenant: TenantId, id: MessageId) -> Result<Vec<LedgerEntry>> {
        let rows = self.db.rows(LEDGER, args![tenant.uuid(), id.uuid()]).await?;
        if rows.is_empty() {
            self.message(tenant, id).await?;
        }
        rows.iter().map(read_entry).collect()
    }

    /// Adds a line to the ledger. Control characters are dropped, the detail is cut at 1000 characters.
    ///
    /// # Errors
    /// [`super::StoreError::Missing`].
    pub async fn note(&self, tenant: TenantId, id: MessageId, event: &str, detail: &str) -> Result<()> {
        let mut tx = self.begin().await?;
        let args = args![tenant.uuid(), id.uuid(), micros(self.clock.now()), bounded(event), bounded(detail)];
        tx.run(ADD_LEDGER, args).await.orphan("message", id)?;
        Ok(tx.commit().await?)
    }
}

/// Moves a message that nobody has sorted since: what its owner did meanwhile wins. Its mailbox, if it was moved.
pub(super) async fn move_from_inbox(
    tx: &mut Tx,
    tenant: TenantId,
    id: MessageId,
    to: Folder,
    now: i64,
) -> Result<Option<MailboxId>> {
    const MOVE_UNSORTED: &str =
        "UPDATE messages SET folder = $3, trashed_at = CASE WHEN $3 = 'trash' THEN $4 END,
        trashed_from = CASE WHEN $3 = 'trash' THEN 'inbox' END
        WHERE tenant_id = $1 AND id = $2 AND folder = 'inbox' RETURNING id, mailbox_id";
    let moved = tx.rows(MOVE_UNSORTED, args![tenant.uuid(), id.uuid(), to.as_str(), now]).await?;
    let Some(row) = moved.first() else { return Ok(None) };
    Ok(Some(MailboxId::from_uuid(Reader::new(row, "messages", "id").id("mailbox_id")?)))
}

/// Deletes a message wherever it lies, as its owner asked. Its mailbox, if it was not in the trash already.
pub(super) async fn trash(
    tx: &mut Tx,
    tenant: TenantId,
    id: MessageId,
    now: i64,
) -> Result<Option<MailboxId>> {
    const TRASH: &str = "UPDATE messages SET folder = 'trash', trashed_at = $3, trashed_from = folder
        WHERE tenant_id = $1 AND id = $2 AND folder <> 'trash' RETURNING id, mailbox_id";
    let moved = tx.rows(TRASH, args![tenant.uuid(), id.uuid(), now]).await?;
    let Some(row) = moved.first() else { return Ok(None) };
    Ok(Some(MailboxId::from_uuid(Reader::new(row, "messages", "id").id("mailbox_id")?)))
}

pub(super) fn read_message(row: &Row) -> Result<Message> {
    let row = Reader::new(row, "messages", "id");
    Ok(Message {
        id: MessageId::from_uuid(row.id("id")?),
        tenant: TenantId::from_uuid(row.id("tenant_id")?),
        mailbox: MailboxId::from_uuid(row.id("mailbox_id")?),
        folder: row.parsed("folder")?,
        tag: row.opt_parsed("tag")?,
        heard_at: row.opt_time("heard_at")?,
        urgent: row.flag("urgent")?,
        private: row.flag("private")?,
        caller: CallerId {
            number: row.opt_text("caller_number")?,
            name: row.opt_text("caller_name")?,
            anonymous: row.flag("caller_anonymous")?,
        },
        alias: row.opt_text("alias")?,
        reason: row.word("reason")?,
        received_at: row.time("received_at")?,
        duration_ms: row.number("duration_ms")?,
        voiced_ms: row.number("voiced_ms")?,
        class: row.parsed("class")?,
        sample_rate: row.number("sample_rate")?,
        bytes: row.number("bytes")?,
        sha256: row.text("sha256")?,
        object: row.text("object")?,
    })
}

fn read_entry(row: &Row) -> Result<LedgerEntry> {
    let row = Reader::new(row, "ledger", "id");
    Ok(LedgerEntry { at: row.time("at")?, event: row.text("event")?, detail: row.text("detail")? })
}
