//! Mailboxes: their settings, their PINs, how full they are.
//!
//! Not the messages in them. A removed mailbox is kept but not found here.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::db::{Row, Tx, args};
use super::fault::{Fault, Named as _, found, missing};
use super::read::{Reader, micros, to_json};
use super::tx::Statement;
use super::{Result, Store};
use crate::domain::{
    AttachmentFormat, CallerKeys, Extension, Mailbox, MailboxId, PhoneSettings, Quota, Recipient, TenantId,
    ToneChoice, Usage, UserId,
};

pub(super) const MAILBOXES: &str = "SELECT id, tenant_id, user_id, extension, enabled, settings, created_at
    FROM mailboxes WHERE tenant_id = $1 AND removed_at IS NULL";

const MAILBOX: &str = "SELECT id, tenant_id, user_id, extension, enabled, settings, created_at
    FROM mailboxes WHERE tenant_id = $1 AND id = $2 AND removed_at IS NULL";

pub(super) const MAILBOX_BY_EXTENSION: &str =
    "SELECT id, tenant_id, user_id, extension, enabled, settings, created_at
    FROM mailboxes WHERE tenant_id = $1 AND extension = $2 AND removed_at IS NULL";

// Extensions are digits: the longest ones are the highest.
const HIGHEST: &str = "SELECT id, extension FROM mailboxes WHERE tenant_id = $1 AND removed_at IS NULL
    ORDER BY length(extension) DESC, extension DESC LIMIT 1";

const HIGHEST_LIKE: &str = "SELECT id, extension FROM mailboxes
    WHERE tenant_id = $1 AND removed_at IS NULL AND length(extension) = $2 AND extension LIKE $3
    ORDER BY extension DESC LIMIT 1";

const UPDATE_MAILBOX: &str = "UPDATE mailboxes SET user_id = $3, extension = $4, enabled = $5, settings = $6
    WHERE tenant_id = $1 AND id = $2 AND removed_at IS NULL";

const ADD_MAILBOX: &str =
    "INSERT INTO mailboxes (id, tenant_id, user_id, extension, enabled, settings, created_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7)";

const MAILBOX_EXISTS: &str = "SELECT 1 FROM mailboxes WHERE id = $1";

pub(super) const PIN_HASH: &str = "SELECT id, pin_hash FROM mailboxes
    WHERE tenant_id = $1 AND id = $2 AND removed_at IS NULL";

const USAGE: &str = "SELECT COUNT(*) AS messages, CAST(COALESCE(SUM(bytes), 0) AS BIGINT) AS bytes
    FROM messages WHERE tenant_id = $1 AND mailbox_id = $2 AND folder <> 'trash'";

pub(super) const SET_PIN: &str = "UPDATE mailboxes SET pin_hash = $3
    WHERE tenant_id = $1 AND id = $2 AND removed_at IS NULL";

impl Store {
    /// Replaces the PIN by its Argon2id string.
    ///
    /// # Errors
    /// [`super::StoreError::Missing`].
    pub async fn set_pin(&self, tenant: TenantId, mailbox: MailboxId, pin_hash: &str) -> Result<()> {
        let mut tx = self.begin().await?;
        let touched = tx.run(SET_PIN, args![tenant.uuid(), mailbox.uuid(), pin_hash]).await?;
        found(touched, "mailbox", mailbox)?;
        Ok(tx.commit().await?)
    }

    /// The PIN's Argon2id string; `None` while no PIN was ever set.
    ///
    /// # Errors
    /// [`super::StoreError::Missing`].
    pub async fn pin_hash(&self, tenant: TenantId, mailbox: MailboxId) -> Result<Option<String>> {
        let row = self.db.row(PIN_HASH, args![tenant.uuid(), mailbox.uuid()]).await?;
        Reader::new(&row.ok_or_else(|| missing("mailbox", mailbox))?, "mailboxes", "id").opt_text("pin_hash")
    }

    /// One mailbox.
    ///
    /// # Errors
    /// [`super::StoreError::Missing`].
    pub async fn mailbox(&self, tenant: TenantId, id: MailboxId) -> Result<Mailbox> {
        let row = self.db.row(MAILBOX, args![tenant.uuid(), id.uuid()]).await?;
        read_mailbox(&row.ok_or_else(|| missing("mailbox", id))?)
    }

    /// The mailbox with this number.
    ///
    /// # Errors
    /// [`super::StoreError`].
    pub async fn mailbox_by_extension(
        &self,
        tenant: TenantId,
        extension: &Extension,
    ) -> Result<Option<Mailbox>> {
        let row = self.db.row(MAILBOX_BY_EXTENSION, args![tenant.uuid(), extension.as_str()]).await?;
        row.as_ref().map(read_mailbox).transpose()
    }

    /// The highest extension, as a number.
    ///
    /// # Errors
    /// [`super::StoreError`].
    pub async fn highest_extension(&self, tenant: TenantId) -> Result<Option<Extension>> {
        let row = self.db.row(HIGHEST, args![tenant.uuid()]).await?;
        row.map(|row| Reader::new(&row, "mailboxes", "id").parsed("extension")).transpose()
    }

    /// The highest extension of so many digits, which begins with this one if one is given.
    ///
    /// # Errors
    /// [`super::StoreError`].
    pub async fn highest_extension_like(
        &self,
        tenant: TenantId,
        length: u8,
        first: Option<u8>,
    ) -> Result<Option<Extension>> {
        let pattern = first.map_or_else(|| "%".to_owned(), |first| format!("{first}%"));
        let row = self.db.row(HIGHEST_LIKE, args![tenant.uuid(), u32::from(length), pattern]).await?;
        row.map(|row| Reader::new(&row, "mailboxes", "id").parsed("extension")).transpose()
    }

    /// Replaces the mailbox's settings (the PIN stays), or adds a mailbox.
    ///
    /// # Errors
    /// [`super::StoreError::Taken`] names the extension; `Missing` when it is another tenant's or was removed.
    pub async fn put_mailbox(&self, mailbox: &Mailbox) -> Result<()> {
        let mut tx = self.begin().await?;
        upsert_mailbox(&mut tx, mailbox).await?;
        Ok(tx.commit().await?)
    }

    /// What lies outside of the trash.
    ///
    /// # Errors
    /// [`super::StoreError::Missing`].
    pub async fn usage(&self, tenant: TenantId, mailbox: MailboxId) -> Result<Usage> {
        let row = self.db.row(USAGE, args![tenant.uuid(), mailbox.uuid()]).await?;
        let row = row.ok_or_else(|| missing("mailbox", mailbox))?;
        let row = Reader::new(&row, "messages", "messages");
        let usage = Usage { messages: row.number("messages")?, bytes: row.number("bytes")? };
        if usage.messages == 0 {
            self.check_mailbox(tenant, mailbox).await?;
        }
        Ok(usage)
    }

    /// `Missing` unless the mailbox is this tenant's (it may have been removed: its messages can still be read).
    pub(super) async fn check_mailbox(&self, tenant: TenantId, mailbox: MailboxId) -> Result<()> {
        const OWNED: &str = "SELECT 1 FROM mailboxes WHERE tenant_id = $1 AND id = $2";
        let row = self.db.row(OWNED, args![tenant.uuid(), mailbox.uuid()]).await?;
        row.map(drop).ok_or_else(|| missing("mailbox", mailbox))
    }
}

/// Locks a live mailbox row until the transaction ends, so that what belongs to it changes in order.
pub(super) async fn lock_mailbox(tx: &mut Tx, tenant: TenantId, mailbox: MailboxId) -> Result<()> {
    const LOCK: &str = "UPDATE mailboxes SET enabled = enabled
        WHERE tenant_id = $1 AND id = $2 AND removed_at IS NULL";
    found(tx.run(LOCK, args![tenant.uuid(), mailbox.uuid()]).await?, "mailbox", mailbox)
}

/// The same, and no message is added to it meanwhile: one that is under way is waited for, and others wait. On PostgreSQL a
/// new row only shares the key of its mailbox, which the lock above leaves free. SQLite has one writer.
pub(super) async fn shut_mailbox(tx: &mut Tx, tenant: TenantId, mailbox: MailboxId) -> Result<()> {
    const SHUT: &str = "SELECT id FROM mailboxes WHERE tenant_id = $1 AND id = $2 FOR UPDATE";
    if !tx.is_sqlite() {
        tx.rows(SHUT, args![tenant.uuid(), mailbox.uuid()]).await?;
    }
    lock_mailbox(tx, tenant, mailbox).await
}

pub(super) async fn upsert_mailbox(tx: &mut Tx, mailbox: &Mailbox) -> Result<()> {
    let (sql, args) = mailbox_statement(mailbox, false)?;
    if mailbox_written(tx.run(sql, args).await, mailbox)? > 0 {
        return Ok(());
    }
    if !tx.rows(MAILBOX_EXISTS, args![mailbox.id.uuid()]).await?.is_empty() {
        return Err(missing("mailbox", mailbox.id));
    }
    insert_mailbox(tx, mailbox).await
}

pub(super) async fn insert_mailbox(tx: &mut Tx, mailbox: &Mailbox) -> Result<()> {
    let (sql, args) = mailbox_statement(mailbox, true)?;
    mailbox_written(tx.run(sql, args).await, mailbox)?;
    Ok(())
}

/// Adds the mailbox, or replaces its settings.
pub(super) fn mailbox_statement(mailbox: &Mailbox, is_new: bool) -> Result<Statement> {
    let (id, tenant) = (mailbox.id.uuid(), mailbox.tenant.uuid());
    let user = mailbox.user.map(UserId::uuid);
    let (extension, settings) = (mailbox.extension.as_str(), Settings::json(mailbox)?);
    Ok(if is_new {
        let made = micros(mailbox.created_at);
        (ADD_MAILBOX, args![id, tenant, user, extension, mailbox.enabled, settings, made])
    } else {
        (UPDATE_MAILBOX, args![tenant, id, user, extension, mailbox.enabled, settings])
    })
}

/// A mailbox has two unique keys; both databases name the broken one in the error's text (the index or its columns).
fn mailbox_written(result: Result<u64, Fault>, mailbox: &Mailbox) -> Result<u64> {
    let owner = mailbox.user.map_or_else(|| mailbox.tenant.to_string(), |user| user.to_string());
    let written = match result {
        Err(Fault::Taken(why)) if why.contains("mailboxes_user") || why.contains("mailboxes.user_id") => {
            Err(Fault::Taken(why)).taken("mailbox of user", &owner)
        }
        other => other.taken("extension", &mailbox.extension),
    };
    Ok(written.orphan("user", owner)?)
}

/// The settings of a mailbox as its row keeps them: a field that an older version did not write takes its default.
#[derive(Debug, Serialize, Deserialize)]
struct Settings {
    #[serde(default)]
    announcement_only: bool,
    language: Option<String>,
    zone: Option<String>,
    max_message_ms: u64,
    silence_ms: u64,
    min_speech_ms: u64,
    #[serde(default)]
    keep_no_speech: bool,
    #[serde(default)]
    mail_tones: bool,
    instructions: bool,
    #[serde(default)]
    tone: ToneChoice,
    operator: Option<String>,
    #[serde(default)]
    keys: CallerKeys,
    #[serde(default)]
    quota: Quota,
    recipients: Vec<Recipient>,
    #[serde(default)]
    attachment: AttachmentFormat,
    #[serde(default)]
    phone: PhoneSettings,
}

impl Settings {
    fn json(mailbox: &Mailbox) -> Result<String> {
        to_json(&Self {
            announcement_only: mailbox.announcement_only,
            language: mailbox.language.clone(),
            zone: mailbox.zone.clone(),
            max_message_ms: millis(mailbox.max_message),
            silence_ms: millis(mailbox.silence),
            min_speech_ms: millis(mailbox.min_speech),
            keep_no_speech: mailbox.keep_no_speech,
            mail_tones: mailbox.mail_tones,
            instructions: mailbox.instructions,
            tone: mailbox.tone,
            operator: mailbox.operator.clone(),
            keys: mailbox.keys.clone(),
            quota: mailbox.quota,
            recipients: mailbox.recipients.clone(),
            attachment: mailbox.attachment,
            phone: mailbox.phone.clone(),
        })
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

pub(super) fn read_mailbox(row: &Row) -> Result<Mailbox> {
    let there = read_mailbox_as(row, "id", "created_at")?;
    there.ok_or_else(|| missing("mailbox", "without an id"))
}

/// A mailbox of a row that may have none, whose id and time of making stand in these columns.
pub(super) fn read_mailbox_as(
    row: &Row,
    id: &'static str,
    created_at: &'static str,
) -> Result<Option<Mailbox>> {
    let row = Reader::new(row, "mailboxes", id);
    let Some(id) = row.opt_id(id)? else { return Ok(None) };
    let settings: Settings = row.json("settings")?;
    Ok(Some(Mailbox {
        id: MailboxId::from_uuid(id),
        tenant: TenantId::from_uuid(row.id("tenant_id")?),
        user: row.opt_id("user_id")?.map(UserId::from_uuid),
        extension: row.parsed("extension")?,
        enabled: row.flag("enabled")?,
        announcement_only: settings.announcement_only,
        language: settings.language,
        zone: settings.zone,
        max_message: Duration::from_millis(settings.max_message_ms),
        silence: Duration::from_millis(settings.silence_ms),
        min_speech: Duration::from_millis(settings.min_speech_ms),
        keep_no_speech: settings.keep_no_speech,
        mail_tones: settings.mail_tones,
        instructions: settings.instructions,
        tone: settings.tone,
        operator: settings.operator,
        keys: settings.keys,
        quota: settings.quota,
        recipients: settings.recipients,
        attachment: settings.attachment,
        phone: settings.phone,
        created_at: row.time(created_at)?,
    }))
}
