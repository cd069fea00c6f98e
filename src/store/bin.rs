//! The recycle bin: users who were removed, how they come back, and how they go for good.
//!
//! Rows of users, mailboxes, messages and greetings stay where they are while somebody is in the bin; what cannot stay
//! (who may come in, and by which phone) is kept beside them. How long is long belongs to `service::retention`.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::db::{Row, Tx, args};
use super::deposit::ADD_JOB;
use super::fault::{Named as _, found, missing};
use super::jobs::JOB_QUEUED;
use super::logins::FORGET_USER;
use super::presence::FORGET_PRESENCE;
use super::read::{Reader, micros, to_json};
use super::second_factors::PURGE_FACTOR;
use super::{Result, Store, StoreError, Work};
use crate::clock::SharedClock;
use crate::domain::{Extension, MailboxId, Owner, Role, TenantId, UserId};

pub(super) const LOGIN: &str =
    "SELECT user_id, role, password_hash, portal FROM logins WHERE tenant_id = $1 AND user_id = $2";
pub(super) const DEVICES: &str =
    "SELECT identity, mailbox_id FROM devices WHERE tenant_id = $1 AND mailbox_id = $2";
const LAMPS: &str = "SELECT id, mailbox_id, name, dialog FROM lamps
    WHERE tenant_id = $1 AND mailbox_id = $2 AND expires_at IS NULL";
const MAILBOXES: &str =
    "SELECT id FROM mailboxes WHERE tenant_id = $1 AND user_id = $2 AND removed_at IS NULL";
const KEEP: &str = "INSERT INTO removed_users (tenant_id, user_id, kept) VALUES ($1, $2, $3)
    ON CONFLICT (tenant_id, user_id) DO UPDATE SET kept = excluded.kept";

macro_rules! in_the_bin {
    ($rest:literal) => {
        concat!(
            "SELECT u.id, u.first_name, u.last_name, u.removed_at, m.extension, r.kept,
        (SELECT COUNT(*) FROM messages g WHERE g.tenant_id = u.tenant_id AND g.mailbox_id = m.id
            AND g.folder = 'trash' AND g.trashed_at = u.removed_at) AS messages
    FROM users u LEFT JOIN mailboxes m ON m.tenant_id = u.tenant_id AND m.user_id = u.id
        AND m.removed_at = u.removed_at
    LEFT JOIN removed_users r ON r.tenant_id = u.tenant_id AND r.user_id = u.id
    WHERE u.tenant_id = $1 AND u.removed_at IS NOT NULL
        AND NOT EXISTS (SELECT 1 FROM handed_on h WHERE h.tenant_id = m.tenant_id AND h.archive_mailbox = m.id
            AND h.is_empty) ",
            $rest
        )
    };
}

const LIST: &str = in_the_bin!("ORDER BY u.removed_at DESC, u.id DESC LIMIT 500");
const ONE: &str = in_the_bin!("AND u.id = $2");

const REMOVED: &str = "SELECT u.id, u.removed_at, r.kept FROM users u
    LEFT JOIN removed_users r ON r.tenant_id = u.tenant_id AND r.user_id = u.id
    WHERE u.tenant_id = $1 AND u.id = $2 AND u.removed_at IS NOT NULL";
const BACK_USER: &str =
    "UPDATE users SET removed_at = NULL WHERE tenant_id = $1 AND id = $2 AND removed_at IS NOT NULL";
// Somebody else may sign in with it by now.
const FREE_LOGIN: &str = "UPDATE users SET login = NULL WHERE tenant_id = $1 AND id = $2
    AND login IN (SELECT o.login FROM users o WHERE o.tenant_id = $1 AND o.removed_at IS NULL)";
const OLD_MAILBOX: &str =
    "SELECT id, extension FROM mailboxes WHERE tenant_id = $1 AND user_id = $2 AND removed_at = $3";
const BACK_MAILBOX: &str =
    "UPDATE mailboxes SET removed_at = NULL, extension = $3 WHERE tenant_id = $1 AND id = $2";
const NUMBER_TAKEN: &str = "SELECT n.number FROM numbers n
    JOIN mailboxes m ON m.tenant_id = n.tenant_id AND m.id = n.mailbox_id
    WHERE n.tenant_id = $1 AND n.number = $2 AND m.removed_at IS NULL";
const BACK_MESSAGES: &str = "UPDATE messages
    SET folder = COALESCE(trashed_from, 'inbox'), trashed_at = NULL, trashed_from = NULL
    WHERE tenant_id = $1 AND mailbox_id = $2 AND folder = 'trash' AND trashed_at = $3";
pub(super) const BACK_LINKS: &str =
    "UPDATE links SET revoked_at = NULL WHERE tenant_id = $1 AND revoked_at = $3
    AND message_id IN (SELECT id FROM messages WHERE tenant_id = $1 AND mailbox_id = $2)";
pub(super) const BACK_JOBS: &str = "UPDATE jobs SET state = 'retry', next_at = $3, last_error = NULL
    WHERE tenant_id = $1 AND state = 'dead' AND last_error IN ('the mailbox was removed', 'the mailbox was reset')
    AND message_id IN (SELECT id FROM messages WHERE tenant_id = $1 AND mailbox_id = $2)";
const BACK_LOGIN: &str =
    "INSERT INTO logins (tenant_id, user_id, role, password_hash, portal, changed_at) VALUES ($1, $2, $3, $4, $5, $6)
    ON CONFLICT (tenant_id, user_id) DO NOTHING";
pub(super) const BACK_DEVICE: &str =
    "INSERT INTO devices (tenant_id, identity, mailbox_id, created_at) VALUES ($1, $2, $3, $4)
    ON CONFLICT (tenant_id, identity) DO NOTHING";
const BACK_LAMP: &str = "INSERT INTO lamps (id, tenant_id, mailbox_id, name, dialog, cseq, created_at)
    VALUES ($1, $2, $3, $4, $5, 0, $6) ON CONFLICT (name) DO NOTHING";
pub(super) const FORGET_KEPT: &str = "DELETE FROM removed_users WHERE tenant_id = $1 AND user_id = $2";

macro_rules! old {
    ($lock:literal) => {
        concat!(
            "SELECT u.id, u.tenant_id FROM users u WHERE u.removed_at < $1
             AND NOT EXISTS (SELECT 1 FROM messages g
                 JOIN mailboxes m ON m.tenant_id = g.tenant_id AND m.id = g.mailbox_id
                 WHERE m.tenant_id = u.tenant_id AND m.user_id = u.id)
             ORDER BY u.removed_at LIMIT $2",
            $lock
        )
    };
}

// A mailbox that still has messages waits until the trash has given them up. SQLite has one writer.
const OLD_SQLITE: &str = old!("");
// Who is brought back at this moment stays, and of two nodes that sweep one has each.
const OLD_POSTGRES: &str = old!(" FOR UPDATE SKIP LOCKED");
const OLD_MAILBOXES: &str = "SELECT id FROM mailboxes WHERE tenant_id = $1 AND user_id = $2";
const OBJECTS: &str = "SELECT id, object FROM greetings WHERE tenant_id = $1 AND mailbox_id = $2";
/// What hangs on a mailbox, and at last the mailbox.
pub(super) const PURGE: [&str; 17] = [
    "DELETE FROM handed_on WHERE tenant_id = $1 AND (mailbox_id = $2 OR archive_mailbox = $2)",
    "DELETE FROM resets WHERE tenant_id = $1 AND (mailbox_id = $2 OR archive_mailbox = $2)",
    "DELETE FROM numbers WHERE tenant_id = $1 AND mailbox_id = $2",
    "DELETE FROM greetings WHERE tenant_id = $1 AND mailbox_id = $2",
    "DELETE FROM devices WHERE tenant_id = $1 AND mailbox_id = $2",
    "DELETE FROM places WHERE tenant_id = $1 AND mailbox_id = $2",
    "DELETE FROM lamps WHERE tenant_id = $1 AND mailbox_id = $2",
    "DELETE FROM lists WHERE tenant_id = $1 AND mailbox_id = $2",
    "DELETE FROM call_news WHERE request_id IN
        (SELECT id FROM call_requests WHERE tenant_id = $1 AND mailbox_id = $2)",
    "DELETE FROM call_requests WHERE tenant_id = $1 AND mailbox_id = $2",
    "DELETE FROM answering_rules WHERE tenant_id = $1 AND mailbox_id = $2",
    "DELETE FROM time_frames WHERE tenant_id = $1 AND mailbox_id = $2",
    "DELETE FROM screened_callers WHERE tenant_id = $1 AND mailbox_id = $2",
    "DELETE FROM answering_changes WHERE tenant_id = $1 AND mailbox_id = $2",
    "DELETE FROM presence_greetings WHERE tenant_id = $1 AND mailbox_id = $2",
    "DELETE FROM import_rows WHERE tenant_id = $1 AND mailbox_id = $2",
    "DELETE FROM mailboxes WHERE tenant_id = $1 AND id = $2",
];
pub(super) const PURGE_USER: &str = "DELETE FROM users WHERE tenant_id = $1 AND id = $2";

/// What was taken from a user.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Kept {
    login: Option<KeptLogin>,
    /// Identity and mailbox.
    devices: Vec<(String, Uuid)>,
    lamps: Vec<KeptLamp>,
    #[serde(default)]
    why: Why,
}

/// How somebody came into the bin.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Why {
    /// The user was removed.
    #[default]
    Removed,
    /// The user was reset; this is what was cleared.
    Reset,
    /// Messages or greetings were cleared; these are they.
    Cleared,
}

impl Why {
    /// The word of the API.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Removed => "removed",
            Self::Reset => "reset",
            Self::Cleared => "cleared",
        }
    }
}

#[derive(Debug, Serialize, Deserialize)]
struct KeptLogin {
    role: String,
    password_hash: Option<String>,
    portal: bool,
}

#[derive(Debug, Serialize, Deserialize)]
struct KeptLamp {
    id: Uuid,
    mailbox: Uuid,
    name: String,
    dialog: String,
}

/// Somebody in the bin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Removed {
    /// Identity.
    pub user: UserId,
    /// First name.
    pub first: String,
    /// Last name.
    pub last: String,
    /// The extension at that time; somebody else may have it now.
    pub extension: Option<Extension>,
    /// When.
    pub at: Timestamp,
    /// What the user was, and will be again.
    pub role: Role,
    /// Messages that come back with the user.
    pub messages: u32,
    /// How the user came into the bin.
    pub why: Why,
}

/// Keeps that somebody is the archive of a clearing.
pub(super) async fn keep_archive(tx: &mut Tx, tenant: Uuid, user: Uuid, why: Why) -> Result<()> {
    let kept = Kept { why, ..Kept::default() };
    tx.run(KEEP, args![tenant, user, to_json(&kept)?]).await?;
    Ok(())
}

/// Keeps what is about to be taken from a user.
pub(super) async fn keep(tx: &mut Tx, tenant: TenantId, user: UserId) -> Result<()> {
    let whose = || args![tenant.uuid(), user.uuid()];
    let mut kept = Kept::default();
    if let Some(row) = tx.rows(LOGIN, whose()).await?.first() {
        let row = Reader::new(row, "logins", "user_id");
        kept.login = Some(KeptLogin {
            role: row.text("role")?,
            password_hash: row.opt_text("password_hash")?,
            portal: row.flag("portal")?,
        });
    }
    for row in tx.rows(MAILBOXES, whose()).await? {
        let mailbox = Reader::new(&row, "mailboxes", "id").id("id")?;
        for row in tx.rows(DEVICES, args![tenant.uuid(), mailbox]).await? {
            kept.devices.push((Reader::new(&row, "devices", "identity").text("identity")?, mailbox));
        }
        for row in tx.rows(LAMPS, args![tenant.uuid(), mailbox]).await? {
            let row = Reader::new(&row, "lamps", "id");
            let (id, name, dialog) = (row.id("id")?, row.text("name")?, row.text("dialog")?);
            kept.lamps.push(KeptLamp { id, mailbox, name, dialog });
        }
    }
    tx.run(KEEP, args![tenant.uuid(), user.uuid(), to_json(&kept)?]).await?;
    Ok(())
}

// Looked at closely afterwards: a number may stand in them for something else.
const POINTING: &str = "SELECT m.id FROM mailboxes m WHERE m.tenant_id = $1 AND m.removed_at IS NULL AND (
        m.settings LIKE $2
        OR EXISTS (SELECT 1 FROM answering_rules r WHERE r.tenant_id = m.tenant_id AND r.mailbox_id = m.id
            AND r.actions LIKE $2)
        OR EXISTS (SELECT 1 FROM lists l WHERE l.tenant_id = m.tenant_id AND l.mailbox_id = m.id
            AND l.members LIKE $2))
    ORDER BY m.extension";

impl Store {
    /// Mailboxes whose settings, rules or lists hold this extension somewhere.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn mailboxes_that_hold(
        &self,
        tenant: TenantId,
        extension: &Extension,
    ) -> Result<Vec<MailboxId>> {
        let held = format!("%{extension}%");
        let rows = self.db.rows(POINTING, args![tenant.uuid(), held]).await?;
        rows.iter()
            .map(|row| Ok(MailboxId::from_uuid(Reader::new(row, "mailboxes", "id").id("id")?)))
            .collect()
    }

    /// Who is in the bin, the last one first; at most 500.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn removed_users(&self, tenant: TenantId) -> Result<Vec<Removed>> {
        self.db.rows(LIST, args![tenant.uuid()]).await?.iter().map(read_removed).collect()
    }

    /// One of them.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn removed_user(&self, tenant: TenantId, user: UserId) -> Result<Option<Removed>> {
        let row = self.db.row(ONE, args![tenant.uuid(), user.uuid()]).await?;
        row.as_ref().map(read_removed).transpose()
    }

    /// Brings a user back with everything that is still there, under this extension or the old one. Numbers that lead to
    /// somebody else by now stay there.
    ///
    /// # Errors
    /// [`StoreError::Missing`] when nobody like that is in the bin; [`StoreError::Taken`] of `extension`.
    pub async fn restore_user(
        &self,
        tenant: TenantId,
        user: UserId,
        extension: Option<&Extension>,
    ) -> Result<()> {
        let (whose, id, now) = (tenant.uuid(), user.uuid(), micros(self.clock.now()));
        let mut tx = self.begin().await?;
        let rows = tx.rows(REMOVED, args![whose, id]).await?;
        let row = rows.first().ok_or_else(|| missing("removed user", user))?;
        let row = Reader::new(row, "users", "id");
        let at = micros(row.time("removed_at")?);
        let kept: Kept = row.opt_text("kept")?.map(|_| row.json("kept")).transpose()?.unwrap_or_default();
        // Who was purged at this moment is gone.
        tx.run(FREE_LOGIN, args![whose, id]).await?;
        found(tx.run(BACK_USER, args![whose, id]).await?, "removed user", user)?;
        let mut mailboxes = Vec::new();
        for row in tx.rows(OLD_MAILBOX, args![whose, id, at]).await? {
            let row = Reader::new(&row, "mailboxes", "id");
            let mailbox = row.id("id")?;
            let number = extension.map_or_else(|| row.text("extension"), |new| Ok(new.to_string()))?;
            if !tx.rows(NUMBER_TAKEN, args![whose, number.as_str()]).await?.is_empty() {
                return Err(StoreError::Taken { what: "extension", value: number });
            }
            tx.run(BACK_MAILBOX, args![whose, mailbox, number.as_str()]).await.taken("extension", &number)?;
            tx.run(BACK_MESSAGES, args![whose, mailbox, at]).await?;
            tx.run(BACK_LINKS, args![whose, mailbox, at]).await?;
            tx.run(BACK_JOBS, args![whose, mailbox, now]).await?;
            mailboxes.push(MailboxId::from_uuid(mailbox));
        }
        if let Some(KeptLogin { role, password_hash, portal }) = kept.login {
            tx.run(BACK_LOGIN, args![whose, id, role, password_hash, portal, now]).await?;
        }
        for (identity, mailbox) in kept.devices {
            tx.run(BACK_DEVICE, args![whose, identity, mailbox, now]).await?;
        }
        for KeptLamp { id, mailbox, name, dialog } in kept.lamps {
            tx.run(BACK_LAMP, args![id, whose, mailbox, name, dialog, now]).await?;
        }
        tx.run(FORGET_KEPT, args![whose, id]).await?;
        tx.commit().await?;
        for mailbox in mailboxes {
            self.refresh_lamps(Owner { tenant, mailbox }).await?;
        }
        Ok(())
    }

    /// Removes up to `limit` users for good who were removed before `before`, with mailbox and greetings; how many these
    /// were. In the same transaction each greeting leaves a job that deletes its audio.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn purge_users(&self, before: Timestamp, limit: u32) -> Result<u32> {
        let sql = if self.db.is_sqlite() { OLD_SQLITE } else { OLD_POSTGRES };
        let mut tx = self.begin().await?;
        let rows = tx.rows(sql, args![micros(before), limit]).await?;
        for row in &rows {
            let row = Reader::new(row, "users", "id");
            let (user, tenant) = (row.id("id")?, row.id("tenant_id")?);
            for row in tx.rows(OLD_MAILBOXES, args![tenant, user]).await? {
                let mailbox = Reader::new(&row, "mailboxes", "id").id("id")?;
                forget_greetings(&mut tx, tenant, mailbox, &self.clock).await?;
                for sql in PURGE {
                    tx.run(sql, args![tenant, mailbox]).await?;
                }
            }
            for sql in FORGET_USER.into_iter().chain(PURGE_FACTOR).chain([FORGET_PRESENCE]) {
                tx.run(sql, args![tenant, user]).await?;
            }
            tx.run(FORGET_KEPT, args![tenant, user]).await?;
            found(tx.run(PURGE_USER, args![tenant, user]).await?, "user", UserId::from_uuid(user))?;
        }
        tx.commit().await?;
        Ok(u32::try_from(rows.len()).unwrap_or(u32::MAX))
    }
}

/// Leaves the jobs that delete the audio of a mailbox's greetings.
pub(super) async fn forget_greetings(
    tx: &mut Tx,
    tenant: Uuid,
    mailbox: Uuid,
    clock: &SharedClock,
) -> Result<()> {
    let nobody: Option<Uuid> = None;
    for row in tx.rows(OBJECTS, args![tenant, mailbox]).await? {
        let object = Reader::new(&row, "greetings", "id").text("object")?;
        let (work, now) = (to_json(&Work::Purge { object })?, micros(clock.now()));
        tx.run(ADD_JOB, args![clock.uuid(), tenant, nobody, work, JOB_QUEUED, now, now]).await?;
    }
    Ok(())
}

fn read_removed(row: &Row) -> Result<Removed> {
    let row = Reader::new(row, "users", "id");
    let kept: Kept = row.opt_text("kept")?.map(|_| row.json("kept")).transpose()?.unwrap_or_default();
    let why = kept.why;
    let role = kept.login.and_then(|login| login.role.parse().ok()).unwrap_or_default();
    Ok(Removed {
        why,
        role,
        user: UserId::from_uuid(row.id("id")?),
        first: row.text("first_name")?,
        last: row.text("last_name")?,
        extension: row.opt_text("extension")?.map(|_| row.parsed("extension")).transpose()?,
        at: row.time("removed_at")?,
        messages: row.number("messages")?,
    })
}
