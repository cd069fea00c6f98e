//! The recycle bin: users who were removed, how they come back, and how they go for good.
//!
//! Rows of users, mailboxes, messages and greetings stay where they are while somebody is in the bin; what cannot stay
//! (who may come in, and by which phone) is kept beside them. How long is long belongs to `service::retention`.

mod listed;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

pub use self::listed::{BinPlace, Removed};
use super::db::{Tx, args};
use super::deposit::ADD_JOB;
use super::fault::{Named as _, found, missing};
use super::jobs::JOB_QUEUED;
use super::logins::FORGET_USER;
use super::people::{USER, read_user};
use super::presence::FORGET_PRESENCE;
use super::read::{Reader, micros, to_json};
use super::reset::{free_login, write_user};
use super::second_factors::PURGE_FACTOR;
use super::{Result, Store, StoreError, Work};
use crate::clock::SharedClock;
use crate::domain::{Extension, MailboxId, Owner, Profile, Role, TenantId, UserId};

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
pub(super) const PURGE: [&str; 18] = [
    "DELETE FROM handed_on WHERE tenant_id = $1 AND (mailbox_id = $2 OR archive_mailbox = $2)",
    "DELETE FROM resets WHERE tenant_id = $1 AND (mailbox_id = $2 OR archive_mailbox = $2)",
    // A telephone number stays the tenant's.
    "INSERT INTO number_inventory (tenant_id, number, note, created_at)
        SELECT n.tenant_id, n.number, '', m.removed_at FROM numbers n
        JOIN mailboxes m ON m.tenant_id = n.tenant_id AND m.id = n.mailbox_id
        WHERE n.tenant_id = $1 AND n.mailbox_id = $2 AND n.number LIKE '+%' AND m.removed_at IS NOT NULL
        ON CONFLICT (tenant_id, number) DO NOTHING",
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

impl Kept {
    fn role(&self) -> Role {
        self.login.as_ref().and_then(|login| login.role.parse().ok()).unwrap_or_default()
    }
}

/// Whether who asks may give a role that comes back.
pub type MayGive<'a> = &'a (dyn Fn(Role) -> bool + Send + Sync);

/// That this role may be given.
pub(super) fn give(role: Role, may: MayGive<'_>) -> Result<()> {
    if may(role) {
        Ok(())
    } else {
        Err(StoreError::Taken { what: "role that comes back", value: role.to_string() })
    }
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

    /// Brings a user back with everything that is still there, under this extension or the old one, with a role that whoever
    /// asks `may` give. Numbers that lead to somebody else by now stay there. Under another extension nothing of the old
    /// desk comes along (911 caller ID and address, department, …): true when there was any.
    ///
    /// # Errors
    /// [`StoreError::Missing`] when nobody like that is in the bin; [`StoreError::Taken`] of `extension`, or of the role.
    pub async fn restore_user(
        &self,
        tenant: TenantId,
        user: UserId,
        extension: Option<&Extension>,
        may: MayGive<'_>,
    ) -> Result<bool> {
        let (whose, id, now) = (tenant.uuid(), user.uuid(), micros(self.clock.now()));
        let mut tx = self.begin().await?;
        let rows = tx.rows(REMOVED, args![whose, id]).await?;
        let row = rows.first().ok_or_else(|| missing("removed user", user))?;
        let row = Reader::new(row, "users", "id");
        let at = micros(row.time("removed_at")?);
        let kept: Kept = row.opt_text("kept")?.map(|_| row.json("kept")).transpose()?.unwrap_or_default();
        give(kept.role(), may)?;
        // Who was purged at this moment is gone.
        tx.run(FREE_LOGIN, args![whose, id]).await?;
        found(tx.run(BACK_USER, args![whose, id]).await?, "removed user", user)?;
        let (mut mailboxes, mut is_elsewhere) = (Vec::new(), false);
        for row in tx.rows(OLD_MAILBOX, args![whose, id, at]).await? {
            let row = Reader::new(&row, "mailboxes", "id");
            let mailbox = row.id("id")?;
            let old = row.text("extension")?;
            let number = extension.map_or_else(|| old.clone(), Extension::to_string);
            is_elsewhere |= number != old;
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
        let has_left = settle(&mut tx, tenant, user, is_elsewhere).await?;
        tx.commit().await?;
        for mailbox in mailboxes {
            self.refresh_lamps(Owner { tenant, mailbox }).await?;
        }
        Ok(has_left)
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

/// Who came back has nobody else's name to sign in with, and at another desk nothing of the old one, which is somebody else's; true
/// when there was any.
async fn settle(tx: &mut Tx, tenant: TenantId, user: UserId, is_elsewhere: bool) -> Result<bool> {
    let rows = tx.rows(USER, args![tenant.uuid(), user.uuid()]).await?;
    let mut person = read_user(rows.first().ok_or_else(|| missing("removed user", user))?)?;
    let was = person.profile.clone();
    if is_elsewhere {
        person.profile = was.at_the_place_of(&Profile::default());
    }
    let has_left = person.profile != was;
    free_login(tx, &mut person).await?;
    if person.profile != was {
        write_user(tx, &person).await?;
    }
    Ok(has_left)
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
