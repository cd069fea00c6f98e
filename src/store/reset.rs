//! What of a user is cleared, and how it is taken back.
//!
//! What has rows (messages, greetings, rules, numbers) goes to an archive: a removed user of its own with a removed
//! mailbox, which the recycle bin shows and keeps like every other. So nothing of the old person is ever found by who
//! gets the mailbox, not even in the trash, and nothing is lost. How long it can be taken back is `service::retention`'s.

mod back;
mod holdings;
mod phones;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::bin::{DEVICES, LOGIN, Why, keep_archive};
use super::db::{Tx, args};
use super::deposit::RECENT_ANEW;
use super::fault::{found, missing};
use super::lamps;
use super::lockouts::UNLOCK;
use super::logins::{CLOSE_DOORS, END_ALL, NO_PASSWORD, REVOKE_KEYS};
use super::mailboxes::{PIN_HASH, SET_PIN, mailbox_statement, read_mailbox, shut_mailbox};
use super::people::{OWN_MAILBOX, REVOKE_LINKS, TRASH_MESSAGES, USER, read_user, user_written};
use super::presence::FORGET_PRESENCE;
use super::read::{Reader, micros, to_json};
use super::second_factors::FORGET_HALVES;
use super::{Result, Store};
use crate::domain::{
    CallerKeys, Clear, Clearing, Habits, JobId, MailAddress, Mailbox, MailboxId, Profile, Recipient, Role,
    TenantId, User, UserId,
};

pub(super) use self::back::free_login;
pub use self::{back::Cleared, holdings::Holdings};

const ARCHIVE_USER: &str =
    "INSERT INTO users (id, tenant_id, first_name, last_name, emails, login, department, site, profile, created_at,
        removed_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $10)";

const ARCHIVE_MAILBOX: &str =
    "INSERT INTO mailboxes (id, tenant_id, user_id, extension, enabled, pin_hash, settings, created_at, removed_at)
    SELECT $3, tenant_id, $4, extension, enabled, pin_hash, settings, created_at, $5
    FROM mailboxes WHERE tenant_id = $1 AND id = $2";

const END_JOBS: &str = "UPDATE jobs SET state = 'dead', next_at = $3, last_error = 'the mailbox was reset'
    WHERE tenant_id = $1 AND state IN ('queued', 'retry')
    AND message_id IN (SELECT id FROM messages WHERE tenant_id = $1 AND mailbox_id = $2)";

// Mails with one-time links, and those about the mailbox as such. They look at the addresses again when they are made;
// ended here they never wait for who comes next.
const END_MAILS: &str = "UPDATE jobs SET state = 'dead', next_at = $3, last_error = 'the user was reset'
    WHERE tenant_id = $1 AND state IN ('queued', 'retry') AND message_id IS NULL AND about IS NULL AND work LIKE $2";

const MOVE_MESSAGES: &str = "UPDATE messages SET mailbox_id = $3 WHERE tenant_id = $1 AND mailbox_id = $2";
const MOVE_GREETINGS: &str =
    "UPDATE greetings SET mailbox_id = $3 WHERE tenant_id = $1 AND mailbox_id = $2 AND kind <> 'name'";
const MOVE_NAME: &str =
    "UPDATE greetings SET mailbox_id = $3 WHERE tenant_id = $1 AND mailbox_id = $2 AND kind = 'name'";
const MOVE_NUMBERS: &str = "UPDATE numbers SET mailbox_id = $3 WHERE tenant_id = $1 AND mailbox_id = $2";
const MOVE_RULES: [&str; 5] = [
    "UPDATE answering_rules SET mailbox_id = $3 WHERE tenant_id = $1 AND mailbox_id = $2",
    "UPDATE time_frames SET mailbox_id = $3 WHERE tenant_id = $1 AND mailbox_id = $2",
    "UPDATE screened_callers SET mailbox_id = $3 WHERE tenant_id = $1 AND mailbox_id = $2",
    "UPDATE lists SET mailbox_id = $3 WHERE tenant_id = $1 AND mailbox_id = $2",
    "UPDATE presence_greetings SET mailbox_id = $3 WHERE tenant_id = $1 AND mailbox_id = $2",
];

// Of who was that: the next one has another telephone, and is basic anyway. It comes back with the role.
const MOVE_FACTOR: [&str; 2] = [
    "UPDATE recovery_codes SET user_id = $3 WHERE tenant_id = $1 AND user_id = $2",
    "UPDATE second_factors SET user_id = $3 WHERE tenant_id = $1 AND user_id = $2",
];

const FORGET_PLACE: &str = "DELETE FROM places WHERE tenant_id = $1 AND mailbox_id = $2";
const FORGET_UNDO: &str = "DELETE FROM answering_changes WHERE tenant_id = $1 AND mailbox_id = $2";
const FORGET_DEVICES: &str = "DELETE FROM devices WHERE tenant_id = $1 AND mailbox_id = $2";
const END_CALLS: &str = "UPDATE call_requests SET wanted = (1 = 0)
    WHERE tenant_id = $1 AND mailbox_id = $2 AND state <> 'over'";
const SET_ROLE: &str = "UPDATE logins SET role = $3 WHERE tenant_id = $1 AND user_id = $2";
const SET_USER: &str =
    "UPDATE users SET first_name = $3, last_name = $4, emails = $5, login = $6, department = $7, site = $8, profile = $9
    WHERE tenant_id = $1 AND id = $2";
const MUST_BE_SET_UP: &str = "UPDATE users SET reset_at = $3 WHERE tenant_id = $1 AND id = $2";
// Of two clearings only the last can be taken back once somebody else may have come between them.
const FORGET_RESETS: &str = "DELETE FROM resets WHERE tenant_id = $1 AND mailbox_id = $2";
const ADD: &str =
    "INSERT INTO resets (id, tenant_id, user_id, mailbox_id, archive_user, archive_mailbox, kept, made_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";

// A message that was left before, and is stored afterwards, goes to the same place.
const HAND_ON: &str =
    "INSERT INTO handed_on (tenant_id, archive_mailbox, mailbox_id, made_at, is_reset, is_empty)
    VALUES ($1, $2, $3, $4, $5, $6)";

/// Who somebody is to others.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Face {
    first: String,
    last: String,
    emails: Vec<MailAddress>,
}

impl Face {
    fn of(user: &User) -> Self {
        Self { first: user.first.clone(), last: user.last.clone(), emails: user.emails.clone() }
    }
}

/// What has no row of its own.
#[derive(Debug, Serialize, Deserialize)]
struct Kept {
    parts: Vec<Clear>,
    /// Before.
    was: Face,
    /// Afterwards: as long as it is still so, nobody else was set up.
    left: Face,
    recipients: Vec<Recipient>,
    operator: Option<String>,
    keys: CallerKeys,
    announce: bool,
    nicknames: Vec<String>,
    #[serde(default)]
    login: Option<String>,
    #[serde(default)]
    profile: Profile,
    pin_hash: Option<String>,
    password_hash: Option<String>,
    role: Option<Role>,
    devices: Vec<String>,
    #[serde(default)]
    phones: Vec<phones::KeptPhone>,
    #[serde(default)]
    habits: Option<Habits>,
}

/// The archive of one clearing.
struct Archive {
    user: Uuid,
    mailbox: Uuid,
}

/// Everything that the statements of one clearing need.
struct Work<'a> {
    clearing: &'a Clearing,
    tenant: Uuid,
    mailbox: Uuid,
    user: Uuid,
    at: Timestamp,
    now: i64,
}

impl Store {
    /// Clears these parts of a user in one transaction. What has rows goes to an archive in the recycle bin.
    ///
    /// # Errors
    /// [`super::StoreError::Missing`] names the user or the mailbox.
    pub async fn clear_user(&self, tenant: TenantId, id: UserId, clearing: &Clearing) -> Result<Cleared> {
        let at = self.clock.now();
        let mut tx = self.begin().await?;
        let (user, mailbox) = locked(&mut tx, tenant, id).await?;
        let now = micros(at);
        let work =
            Work { clearing, tenant: tenant.uuid(), mailbox: mailbox.id.uuid(), user: id.uuid(), at, now };
        let mut kept = work.kept(&mut tx, &user, &mailbox).await?;
        let archive = Archive { user: self.clock.uuid(), mailbox: self.clock.uuid() };
        let mut moved = Cleared { at, ..Cleared::default() };
        let is_archived = work.move_rows(&mut tx, &archive, &user, &mut moved).await?;
        work.clear_values(&mut tx, user, mailbox.clone(), &mut kept).await?;
        let (archive_user, archive_mailbox) =
            if is_archived { (Some(archive.user), Some(archive.mailbox)) } else { (None, None) };
        if clearing.is_reset {
            tx.run(FORGET_RESETS, args![work.tenant, work.mailbox]).await?;
        }
        let args = args![
            self.clock.uuid(),
            work.tenant,
            work.user,
            work.mailbox,
            archive_user,
            archive_mailbox,
            to_json(&kept)?,
            now
        ];
        tx.run(ADD, args).await?;
        lamps::changed(&mut tx, tenant, mailbox.id, JobId::from_uuid(self.clock.uuid()), at).await?;
        tx.commit().await?;
        self.work_was_made();
        moved.parts = kept.parts;
        Ok(moved)
    }
}

/// The user and the own mailbox, as they are while the transaction runs.
pub(super) async fn locked(tx: &mut Tx, tenant: TenantId, id: UserId) -> Result<(User, Mailbox)> {
    let whose = || args![tenant.uuid(), id.uuid()];
    let rows = tx.rows(OWN_MAILBOX, whose()).await?;
    let mailbox = read_mailbox(rows.first().ok_or_else(|| missing("mailbox of user", id))?)?;
    shut_mailbox(tx, tenant, mailbox.id).await?;
    let rows = tx.rows(OWN_MAILBOX, whose()).await?;
    let mailbox = read_mailbox(rows.first().ok_or_else(|| missing("mailbox of user", id))?)?;
    let rows = tx.rows(USER, whose()).await?;
    Ok((read_user(rows.first().ok_or_else(|| missing("user", id))?)?, mailbox))
}

impl Work<'_> {
    fn has(&self, part: Clear) -> bool {
        self.clearing.has(part)
    }

    async fn kept(&self, tx: &mut Tx, user: &User, mailbox: &Mailbox) -> Result<Kept> {
        let mut kept = Kept {
            parts: self.clearing.parts.iter().copied().collect(),
            was: Face::of(user),
            left: Face::of(user),
            recipients: mailbox.recipients.clone(),
            operator: mailbox.operator.clone(),
            keys: mailbox.keys.clone(),
            announce: mailbox.phone.announce,
            nicknames: mailbox.phone.nicknames.clone(),
            login: user.profile.login.clone(),
            profile: user.profile.clone(),
            pin_hash: None,
            password_hash: None,
            role: None,
            devices: Vec::new(),
            phones: Vec::new(),
            habits: None,
        };
        if let Some(row) = tx.rows(LOGIN, args![self.tenant, self.user]).await?.first() {
            let row = Reader::new(row, "logins", "user_id");
            kept.password_hash = row.opt_text("password_hash")?;
            kept.role = Some(row.parsed("role")?);
        }
        if let Some(row) = tx.rows(PIN_HASH, args![self.tenant, self.mailbox]).await?.first() {
            kept.pin_hash = Reader::new(row, "mailboxes", "id").opt_text("pin_hash")?;
        }
        for row in tx.rows(DEVICES, args![self.tenant, self.mailbox]).await? {
            kept.devices.push(Reader::new(&row, "devices", "identity").text("identity")?);
        }
        Ok(kept)
    }

    /// Moves what has rows. False when there was nothing, so that no archive was made.
    async fn move_rows(
        &self,
        tx: &mut Tx,
        archive: &Archive,
        user: &User,
        moved: &mut Cleared,
    ) -> Result<bool> {
        let mut statements: Vec<&'static str> = Vec::new();
        if self.has(Clear::Greetings) {
            statements.push(MOVE_GREETINGS);
        }
        if self.has(Clear::RecordedName) {
            statements.push(MOVE_NAME);
        }
        if self.has(Clear::Rules) {
            tx.run(FORGET_UNDO, args![self.tenant, self.mailbox]).await?;
            statements.extend(MOVE_RULES);
        }
        if self.has(Clear::Numbers) {
            statements.push(MOVE_NUMBERS);
        }
        if statements.is_empty() && !self.has(Clear::Messages) && !self.has(Clear::Name) {
            return Ok(false);
        }
        self.make_archive(tx, archive, user).await?;
        let mut any = 0;
        if self.has(Clear::Messages) {
            let whose = || args![self.tenant, self.mailbox, self.now];
            moved.messages = tx.run(TRASH_MESSAGES, whose()).await?;
            for sql in [REVOKE_LINKS, END_JOBS] {
                tx.run(sql, whose()).await?;
            }
            tx.run(FORGET_PLACE, args![self.tenant, self.mailbox]).await?;
            any += tx.run(MOVE_MESSAGES, args![self.tenant, self.mailbox, archive.mailbox]).await?;
            for one in [self.mailbox, archive.mailbox] {
                tx.run(RECENT_ANEW, args![self.tenant, one]).await?;
            }
        }
        for sql in statements {
            let touched = tx.run(sql, args![self.tenant, self.mailbox, archive.mailbox]).await?;
            any += touched;
            if sql == MOVE_GREETINGS || sql == MOVE_NAME {
                moved.greetings += touched;
            }
        }
        if self.has(Clear::Name) {
            for sql in MOVE_FACTOR {
                any += tx.run(sql, args![self.tenant, self.user, archive.user]).await?;
            }
        }
        // After a reset messages may still come that were left before it: they need the place.
        let is_reset = self.clearing.is_reset && self.has(Clear::Messages);
        if any == 0 && !is_reset {
            back::forget_archive(tx, self.tenant, archive.user, archive.mailbox).await?;
            return Ok(false);
        }
        let args = args![self.tenant, archive.mailbox, self.mailbox, self.now, is_reset, any == 0];
        tx.run(HAND_ON, args).await?;
        Ok(true)
    }

    async fn make_archive(&self, tx: &mut Tx, archive: &Archive, user: &User) -> Result<()> {
        let args = args![
            archive.user,
            self.tenant,
            user.first.as_str(),
            user.last.as_str(),
            to_json(&user.emails)?,
            user.profile.login.clone(),
            user.profile.department.clone(),
            user.profile.site.clone(),
            to_json(&user.profile)?,
            self.now
        ];
        tx.run(ARCHIVE_USER, args).await?;
        let args = args![self.tenant, self.mailbox, archive.mailbox, archive.user, self.now];
        found(tx.run(ARCHIVE_MAILBOX, args).await?, "mailbox", MailboxId::from_uuid(self.mailbox))?;
        let why = if self.clearing.is_reset { Why::Reset } else { Why::Cleared };
        keep_archive(tx, self.tenant, archive.user, why).await
    }

    async fn clear_values(
        &self,
        tx: &mut Tx,
        mut user: User,
        mut mailbox: Mailbox,
        kept: &mut Kept,
    ) -> Result<()> {
        if self.has(Clear::Name) {
            (user.first, user.last) = (String::new(), String::new());
            // The place stays: what rescuers and the phone system are told of it holds for whoever comes next.
            user.profile = user.profile.without_person();
            if let Some(fresh) = self.clearing.fresh.clone() {
                kept.habits = Some(mailbox.habits());
                mailbox.take_on(fresh);
            }
            mailbox.phone.nicknames.clear();
            tx.run(SET_ROLE, args![self.tenant, self.user, Role::Basic.as_str()]).await?;
        }
        if self.has(Clear::Name) || self.has(Clear::RecordedName) {
            // 001-11: whoever comes is found once that is wanted, not before.
            mailbox.phone.announce = false;
        }
        if self.has(Clear::Emails) {
            user.emails.clear();
            mailbox.recipients.clear();
            for sql in [REVOKE_LINKS, END_JOBS] {
                tx.run(sql, args![self.tenant, self.mailbox, self.now]).await?;
            }
            for id in [self.user, self.mailbox] {
                tx.run(END_MAILS, args![self.tenant, format!("%{id}%"), self.now]).await?;
            }
        }
        if self.has(Clear::Name) || self.has(Clear::Rules) {
            // Whoever comes next is in the office.
            tx.run(FORGET_PRESENCE, args![self.tenant, self.user]).await?;
        }
        if self.has(Clear::Rules) {
            mailbox.operator = None;
            mailbox.keys.clear();
        }
        if self.has(Clear::Pin) {
            let nobody: Option<String> = None;
            tx.run(SET_PIN, args![self.tenant, self.mailbox, nobody]).await?;
            tx.run(UNLOCK, args![self.tenant, mailbox.extension.as_str()]).await?;
            tx.run(FORGET_DEVICES, args![self.tenant, self.mailbox]).await?;
            tx.run(END_CALLS, args![self.tenant, self.mailbox]).await?;
        }
        if self.has(Clear::Password) {
            for sql in [NO_PASSWORD, END_ALL, CLOSE_DOORS, FORGET_HALVES, REVOKE_KEYS] {
                tx.run(sql, args![self.tenant, self.user]).await?;
            }
        }
        if self.has(Clear::Phones) {
            kept.phones = phones::take_extra(tx, user.tenant, user.id, self.at).await?;
        }
        kept.left = Face::of(&user);
        write_user(tx, &user).await?;
        let (sql, args) = mailbox_statement(&mailbox, false)?;
        found(tx.run(sql, args).await?, "mailbox", mailbox.id)?;
        if self.clearing.is_reset {
            tx.run(MUST_BE_SET_UP, args![self.tenant, self.user, Some(self.now)]).await?;
        }
        Ok(())
    }
}

/// Replaces name, addresses and profile.
pub(super) async fn write_user(tx: &mut Tx, user: &User) -> Result<()> {
    let (first, last) = (user.first.as_str(), user.last.as_str());
    let Profile { login, department, site, .. } = user.profile.clone();
    let rest = to_json(&user.profile)?;
    let emails = to_json(&user.emails)?;
    let args = args![user.tenant.uuid(), user.id.uuid(), first, last, emails, login, department, site, rest];
    found(user_written(tx.run(SET_USER, args).await, user)?, "user", user.id)
}
