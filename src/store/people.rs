//! Users and their mailboxes.
//!
//! Removing keeps the rows (marked, and invisible to every query of a live mailbox), so that messages stay whole.

use std::collections::HashMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::db::{Row, Tx, args};
use super::fault::{Fault, Named as _, found, missing};
use super::read::{Reader, micros, to_json};
use super::{Result, Store};
use crate::domain::{
    AttachmentFormat, Extension, Mailbox, MailboxId, Quota, Recipient, TenantId, ToneChoice, Usage, User,
    UserId,
};

const USERS: &str = "SELECT id, tenant_id, first_name, last_name, emails, created_at
    FROM users WHERE tenant_id = $1 AND removed_at IS NULL";

const USER: &str = "SELECT id, tenant_id, first_name, last_name, emails, created_at
    FROM users WHERE tenant_id = $1 AND id = $2 AND removed_at IS NULL";

const UPDATE_USER: &str = "UPDATE users SET first_name = $3, last_name = $4, emails = $5
    WHERE tenant_id = $1 AND id = $2 AND removed_at IS NULL";

const ADD_USER: &str = "INSERT INTO users (id, tenant_id, first_name, last_name, emails, created_at)
    VALUES ($1, $2, $3, $4, $5, $6)";

const USER_EXISTS: &str = "SELECT 1 FROM users WHERE id = $1";

const REMOVE_USER: &str = "UPDATE users SET removed_at = $3
    WHERE tenant_id = $1 AND id = $2 AND removed_at IS NULL";

const MAILBOXES: &str = "SELECT id, tenant_id, user_id, extension, enabled, settings, created_at
    FROM mailboxes WHERE tenant_id = $1 AND removed_at IS NULL";

const MAILBOX: &str = "SELECT id, tenant_id, user_id, extension, enabled, settings, created_at
    FROM mailboxes WHERE tenant_id = $1 AND id = $2 AND removed_at IS NULL";

const MAILBOX_BY_EXTENSION: &str = "SELECT id, tenant_id, user_id, extension, enabled, settings, created_at
    FROM mailboxes WHERE tenant_id = $1 AND extension = $2 AND removed_at IS NULL";

const UPDATE_MAILBOX: &str = "UPDATE mailboxes SET user_id = $3, extension = $4, enabled = $5, settings = $6
    WHERE tenant_id = $1 AND id = $2 AND removed_at IS NULL";

const ADD_MAILBOX: &str =
    "INSERT INTO mailboxes (id, tenant_id, user_id, extension, enabled, settings, created_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7)";

const MAILBOX_EXISTS: &str = "SELECT 1 FROM mailboxes WHERE id = $1";

const SET_PIN: &str = "UPDATE mailboxes SET pin_hash = $3
    WHERE tenant_id = $1 AND id = $2 AND removed_at IS NULL";

const PIN_HASH: &str = "SELECT id, pin_hash FROM mailboxes
    WHERE tenant_id = $1 AND id = $2 AND removed_at IS NULL";

const REMOVE_MAILBOX: &str = "UPDATE mailboxes SET removed_at = $3
    WHERE tenant_id = $1 AND user_id = $2 AND removed_at IS NULL RETURNING id";

const TRASH_MESSAGES: &str = "UPDATE messages SET folder = 'trash', trashed_at = $3
    WHERE tenant_id = $1 AND mailbox_id = $2 AND folder <> 'trash'";

const REVOKE_LINKS: &str = "UPDATE links SET revoked_at = $3 WHERE tenant_id = $1 AND revoked_at IS NULL
    AND message_id IN (SELECT id FROM messages WHERE tenant_id = $1 AND mailbox_id = $2)";

const END_JOBS: &str = "UPDATE jobs SET state = 'dead', next_at = $3, last_error = 'the mailbox was removed'
    WHERE tenant_id = $1 AND state IN ('queued', 'retry')
    AND message_id IN (SELECT id FROM messages WHERE tenant_id = $1 AND mailbox_id = $2)";

const USAGE: &str = "SELECT COUNT(*) AS messages, CAST(COALESCE(SUM(bytes), 0) AS BIGINT) AS bytes
    FROM messages WHERE tenant_id = $1 AND mailbox_id = $2 AND folder <> 'trash'";

impl Store {
    /// User, mailbox and (if given) the PIN's Argon2id string, in one transaction.
    ///
    /// # Errors
    /// [`super::StoreError::Taken`] names the extension; `Missing` the tenant.
    pub async fn add_user(&self, user: &User, mailbox: &Mailbox, pin_hash: Option<&str>) -> Result<()> {
        let mut tx = self.db.begin().await?;
        insert_user(&mut tx, user).await?;
        insert_mailbox(&mut tx, mailbox).await?;
        if let Some(hash) = pin_hash {
            tx.run(SET_PIN, args![mailbox.tenant.uuid(), mailbox.id.uuid(), hash]).await?;
        }
        Ok(tx.commit().await?)
    }

    /// Users with their own mailboxes, by extension; those without a mailbox last, by name.
    ///
    /// # Errors
    /// [`super::StoreError`].
    pub async fn users(&self, tenant: TenantId) -> Result<Vec<(User, Option<Mailbox>)>> {
        let mailboxes = self.db.rows(MAILBOXES, args![tenant.uuid()]).await?;
        let mut of_user = HashMap::new();
        for row in &mailboxes {
            let mailbox = read_mailbox(row)?;
            if let Some(user) = mailbox.user {
                of_user.insert(user, mailbox);
            }
        }
        let rows = self.db.rows(USERS, args![tenant.uuid()]).await?;
        let mut users = Vec::with_capacity(rows.len());
        for row in &rows {
            let user = read_user(row)?;
            let mailbox = of_user.remove(&user.id);
            users.push((user, mailbox));
        }
        users.sort_by_cached_key(|(user, mailbox)| {
            let extension = mailbox.as_ref().map(|mailbox| mailbox.extension.clone());
            (extension.is_none(), extension, user.last.clone(), user.first.clone(), user.id)
        });
        Ok(users)
    }

    /// One user.
    ///
    /// # Errors
    /// [`super::StoreError::Missing`].
    pub async fn user(&self, tenant: TenantId, id: UserId) -> Result<User> {
        let row = self.db.row(USER, args![tenant.uuid(), id.uuid()]).await?;
        read_user(&row.ok_or_else(|| missing("user", id))?)
    }

    /// Replaces the user's name and addresses, or adds a user without a mailbox.
    ///
    /// # Errors
    /// [`super::StoreError::Missing`] when it is another tenant's or was removed.
    pub async fn put_user(&self, user: &User) -> Result<()> {
        let mut tx = self.db.begin().await?;
        upsert_user(&mut tx, user).await?;
        Ok(tx.commit().await?)
    }

    /// Replaces user, mailbox and (if given) PIN in one transaction.
    ///
    /// # Errors
    /// Those of [`Store::put_user`] and [`Store::put_mailbox`].
    pub async fn put_account(&self, user: &User, mailbox: &Mailbox, pin_hash: Option<&str>) -> Result<()> {
        let mut tx = self.db.begin().await?;
        upsert_user(&mut tx, user).await?;
        upsert_mailbox(&mut tx, mailbox).await?;
        if let Some(hash) = pin_hash {
            tx.run(SET_PIN, args![mailbox.tenant.uuid(), mailbox.id.uuid(), hash]).await?;
        }
        Ok(tx.commit().await?)
    }

    /// Removes a user with mailbox and numbers. The messages go to the trash, the links in sent mails stop working,
    /// and mails that wait are given up. Extension and numbers are free again.
    ///
    /// # Errors
    /// [`super::StoreError::Missing`].
    pub async fn remove_user(&self, tenant: TenantId, id: UserId) -> Result<()> {
        let now = micros(self.clock.now());
        let mut tx = self.db.begin().await?;
        let touched = tx.run(REMOVE_USER, args![tenant.uuid(), id.uuid(), now]).await?;
        found(touched, "user", id)?;
        for row in tx.rows(REMOVE_MAILBOX, args![tenant.uuid(), id.uuid(), now]).await? {
            let mailbox = Reader::new(&row, "mailboxes", "id").id("id")?;
            // Links and jobs are found by their message, wherever it lies.
            for sql in [TRASH_MESSAGES, REVOKE_LINKS, END_JOBS] {
                tx.run(sql, args![tenant.uuid(), mailbox, now]).await?;
            }
        }
        Ok(tx.commit().await?)
    }

    /// Replaces the PIN by its Argon2id string.
    ///
    /// # Errors
    /// [`super::StoreError::Missing`].
    pub async fn set_pin(&self, tenant: TenantId, mailbox: MailboxId, pin_hash: &str) -> Result<()> {
        let mut tx = self.db.begin().await?;
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

    /// Replaces the mailbox's settings (the PIN stays), or adds a mailbox.
    ///
    /// # Errors
    /// [`super::StoreError::Taken`] names the extension; `Missing` when it is another tenant's or was removed.
    pub async fn put_mailbox(&self, mailbox: &Mailbox) -> Result<()> {
        let mut tx = self.db.begin().await?;
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

async fn upsert_user(tx: &mut Tx, user: &User) -> Result<()> {
    let emails = to_json(&user.emails)?;
    let args = args![user.tenant.uuid(), user.id.uuid(), user.first.as_str(), user.last.as_str(), emails];
    if tx.run(UPDATE_USER, args).await? > 0 {
        return Ok(());
    }
    if !tx.rows(USER_EXISTS, args![user.id.uuid()]).await?.is_empty() {
        return Err(missing("user", user.id));
    }
    insert_user(tx, user).await
}

async fn insert_user(tx: &mut Tx, user: &User) -> Result<()> {
    let (id, tenant) = (user.id.uuid(), user.tenant.uuid());
    let (first, last) = (user.first.as_str(), user.last.as_str());
    tx.run(ADD_USER, args![id, tenant, first, last, to_json(&user.emails)?, micros(user.created_at)])
        .await
        .taken("user", user.id)
        .orphan("tenant", user.tenant)?;
    Ok(())
}

async fn upsert_mailbox(tx: &mut Tx, mailbox: &Mailbox) -> Result<()> {
    let (tenant, id) = (mailbox.tenant.uuid(), mailbox.id.uuid());
    let user = mailbox.user.map(UserId::uuid);
    let settings = Settings::json(mailbox)?;
    let args = args![tenant, id, user, mailbox.extension.as_str(), mailbox.enabled, settings];
    if mailbox_written(tx.run(UPDATE_MAILBOX, args).await, mailbox)? > 0 {
        return Ok(());
    }
    if !tx.rows(MAILBOX_EXISTS, args![id]).await?.is_empty() {
        return Err(missing("mailbox", mailbox.id));
    }
    insert_mailbox(tx, mailbox).await
}

async fn insert_mailbox(tx: &mut Tx, mailbox: &Mailbox) -> Result<()> {
    let (id, tenant) = (mailbox.id.uuid(), mailbox.tenant.uuid());
    let user = mailbox.user.map(UserId::uuid);
    let (extension, settings) = (mailbox.extension.as_str(), Settings::json(mailbox)?);
    let args = args![id, tenant, user, extension, mailbox.enabled, settings, micros(mailbox.created_at)];
    mailbox_written(tx.run(ADD_MAILBOX, args).await, mailbox)?;
    Ok(())
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
    quota: Quota,
    recipients: Vec<Recipient>,
    #[serde(default)]
    attachment: AttachmentFormat,
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
            quota: mailbox.quota,
            recipients: mailbox.recipients.clone(),
            attachment: mailbox.attachment,
        })
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

fn read_user(row: &Row) -> Result<User> {
    let row = Reader::new(row, "users", "id");
    Ok(User {
        id: UserId::from_uuid(row.id("id")?),
        tenant: TenantId::from_uuid(row.id("tenant_id")?),
        first: row.text("first_name")?,
        last: row.text("last_name")?,
        emails: row.json("emails")?,
        created_at: row.time("created_at")?,
    })
}

fn read_mailbox(row: &Row) -> Result<Mailbox> {
    let row = Reader::new(row, "mailboxes", "id");
    let settings: Settings = row.json("settings")?;
    Ok(Mailbox {
        id: MailboxId::from_uuid(row.id("id")?),
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
        quota: settings.quota,
        recipients: settings.recipients,
        attachment: settings.attachment,
        created_at: row.time("created_at")?,
    })
}
