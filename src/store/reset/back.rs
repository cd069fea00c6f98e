//! The way back of what was cleared, as long as nobody else was set up in its place.

use jiff::Timestamp;
use uuid::Uuid;

use super::super::bin::{
    BACK_DEVICE, BACK_JOBS, BACK_LINKS, FORGET_KEPT, LOGIN, MayGive, PURGE, PURGE_USER, give,
};
use super::super::db::{Row, Tx, args};
use super::super::deposit::RECENT_ANEW;
use super::super::fault::{found, missing};
use super::super::lamps;
use super::super::mailboxes::{SET_PIN, mailbox_statement};
use super::super::profiles::{OF_ADDRESS, quoted};
use super::super::read::{Reader, micros};
use super::super::second_factors::PURGE_FACTOR;
use super::super::{Result, Store, StoreError};
use super::{
    Face, Kept, MOVE_FACTOR, MOVE_GREETINGS, MOVE_MESSAGES, MOVE_NAME, MOVE_NUMBERS, MOVE_RULES,
    MUST_BE_SET_UP, SET_ROLE,
};
use super::{locked, phones, write_user};
use crate::domain::{Clear, JobId, Mailbox, Profile, Role, TenantId, User, UserId};

const NEWEST: &str = "SELECT r.id, r.archive_user, r.archive_mailbox, r.kept, r.made_at,
        (r.archive_user IS NULL OR EXISTS (SELECT 1 FROM users a WHERE a.tenant_id = r.tenant_id AND a.id = r.archive_user
            AND a.removed_at IS NOT NULL)) AS is_there,
        (SELECT COUNT(*) FROM messages g WHERE g.tenant_id = r.tenant_id AND g.mailbox_id = r.archive_mailbox
            AND g.trashed_at = r.made_at) AS messages,
        (SELECT COUNT(*) FROM greetings g WHERE g.tenant_id = r.tenant_id AND g.mailbox_id = r.archive_mailbox) AS greetings
    FROM resets r WHERE r.tenant_id = $1 AND r.user_id = $2 AND r.made_at >= $3
    ORDER BY r.made_at DESC, r.id DESC LIMIT 1";

const HAS_RULES: &str = "SELECT 1 FROM answering_rules WHERE tenant_id = $1 AND mailbox_id = $2
    UNION ALL SELECT 1 FROM time_frames WHERE tenant_id = $1 AND mailbox_id = $2
    UNION ALL SELECT 1 FROM screened_callers WHERE tenant_id = $1 AND mailbox_id = $2
    UNION ALL SELECT 1 FROM presence_greetings WHERE tenant_id = $1 AND mailbox_id = $2
    UNION ALL SELECT 1 FROM lists WHERE tenant_id = $1 AND mailbox_id = $2 LIMIT 1";

const OUT_OF_THE_TRASH: &str = "UPDATE messages
    SET folder = COALESCE(trashed_from, 'inbox'), trashed_at = NULL, trashed_from = NULL
    WHERE tenant_id = $1 AND mailbox_id = $2 AND folder = 'trash' AND trashed_at = $3";

// A greeting that was made meanwhile plays on.
const NEWER_PLAYS: &str = "UPDATE greetings SET active = (1 = 0) WHERE tenant_id = $1 AND mailbox_id = $3
    AND kind IN (SELECT kind FROM greetings WHERE tenant_id = $1 AND mailbox_id = $2 AND active)";

const LOGIN_OF_OTHERS: &str = "SELECT id FROM users
    WHERE tenant_id = $1 AND login = $2 AND id <> $3 AND removed_at IS NULL";
const HAS_FACTOR: &str = "SELECT user_id FROM second_factors WHERE tenant_id = $1 AND user_id = $2";
const PASSWORD: &str = "UPDATE logins SET password_hash = $3
    WHERE tenant_id = $1 AND user_id = $2 AND password_hash IS NULL";
const HAS_PIN: &str = "SELECT id FROM mailboxes WHERE tenant_id = $1 AND id = $2 AND pin_hash IS NOT NULL";
const FORGET: &str = "DELETE FROM resets WHERE tenant_id = $1 AND id = $2";

/// What was cleared.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Cleared {
    /// When.
    pub at: Timestamp,
    /// Which parts.
    pub parts: Vec<Clear>,
    /// Messages that lay outside of the trash.
    pub messages: u64,
    /// Greetings, with the recorded name.
    pub greetings: u64,
}

/// A row of `resets`.
struct Reset {
    id: Uuid,
    archive: Option<(Uuid, Uuid)>,
    kept: Kept,
    /// The archive was not brought back as a user of its own.
    is_there: bool,
    cleared: Cleared,
}

impl Store {
    /// What was cleared of this user last, not before `since`, and can still be taken back.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn last_cleared(
        &self,
        tenant: TenantId,
        user: UserId,
        since: Timestamp,
    ) -> Result<Option<Cleared>> {
        let row = self.db.row(NEWEST, args![tenant.uuid(), user.uuid(), micros(since)]).await?;
        let Some(reset) = row.as_ref().map(read_reset).transpose()? else { return Ok(None) };
        let now = self.user(tenant, user).await?;
        Ok((reset.is_there && Face::of(&now) == reset.kept.left).then_some(reset.cleared))
    }

    /// Takes back what was cleared last, not before `since`, in one transaction. API keys and sessions are not made anew.
    /// A role that was taken comes back where whoever asks `may` give it.
    ///
    /// # Errors
    /// [`StoreError::Missing`] when there is nothing (any more), or somebody else was set up meanwhile;
    /// [`StoreError::Taken`] when rules were made meanwhile, or of the role.
    pub async fn take_back_cleared(
        &self,
        tenant: TenantId,
        id: UserId,
        since: Timestamp,
        may: MayGive<'_>,
    ) -> Result<Cleared> {
        let gone = || missing("clearing that can be taken back", id);
        let mut tx = self.begin().await?;
        let (user, mailbox) = locked(&mut tx, tenant, id).await?;
        let rows = tx.rows(NEWEST, args![tenant.uuid(), id.uuid(), micros(since)]).await?;
        let reset = read_reset(rows.first().ok_or_else(gone)?)?;
        if !reset.is_there || Face::of(&user) != reset.kept.left {
            return Err(gone());
        }
        may_come_back(&mut tx, &user, &reset.kept, may).await?;
        // Who takes it back at the same moment finds nothing.
        found(tx.run(FORGET, args![tenant.uuid(), reset.id]).await?, "clearing that can be taken back", id)?;
        if let Some((archive_user, archive)) = reset.archive {
            move_back(&mut tx, &mailbox, archive, micros(reset.cleared.at)).await?;
            factor_back(&mut tx, &user, archive_user).await?;
            forget_archive(&mut tx, tenant.uuid(), archive_user, archive).await?;
        }
        links_back(&mut tx, &mailbox, &reset, micros(self.clock.now())).await?;
        let box_id = mailbox.id;
        let mut kept = reset.kept;
        let phones = std::mem::take(&mut kept.phones);
        phones::give_back(&mut tx, tenant, id, phones, self.clock.now()).await?;
        values_back(&mut tx, user, mailbox, kept, micros(self.clock.now())).await?;
        let job = JobId::from_uuid(self.clock.uuid());
        lamps::changed(&mut tx, tenant, box_id, job, self.clock.now()).await?;
        tx.commit().await?;
        self.work_was_made();
        Ok(reset.cleared)
    }
}

/// Whether the role that comes back, if it is another one than now, may be given by who asks.
async fn may_come_back(tx: &mut Tx, user: &User, kept: &Kept, may: MayGive<'_>) -> Result<()> {
    let Some(role) = kept.role.filter(|_| kept.parts.contains(&Clear::Name)) else { return Ok(()) };
    let rows = tx.rows(LOGIN, args![user.tenant.uuid(), user.id.uuid()]).await?;
    let now =
        rows.first().map(|row| Reader::new(row, "logins", "user_id").parsed::<Role>("role")).transpose()?;
    if now.unwrap_or_default() == role { Ok(()) } else { give(role, may) }
}

async fn move_back(tx: &mut Tx, mailbox: &Mailbox, archive: Uuid, at: i64) -> Result<()> {
    let (tenant, own) = (mailbox.tenant.uuid(), mailbox.id.uuid());
    let are_rules_kept = !tx.rows(HAS_RULES, args![tenant, archive]).await?.is_empty();
    if are_rules_kept && !tx.rows(HAS_RULES, args![tenant, own]).await?.is_empty() {
        let value = format!("mailbox {}", mailbox.extension);
        return Err(StoreError::Taken { what: "rules that were made meanwhile", value });
    }
    tx.run(OUT_OF_THE_TRASH, args![tenant, archive, at]).await?;
    tx.run(NEWER_PLAYS, args![tenant, own, archive]).await?;
    for sql in [MOVE_MESSAGES, MOVE_GREETINGS, MOVE_NAME, MOVE_NUMBERS].into_iter().chain(MOVE_RULES) {
        tx.run(sql, args![tenant, archive, own]).await?;
    }
    tx.run(RECENT_ANEW, args![tenant, own]).await?;
    Ok(())
}

/// One that was set up meanwhile gives way to the one that the role was protected by.
async fn factor_back(tx: &mut Tx, user: &User, archive_user: Uuid) -> Result<()> {
    let (tenant, id) = (user.tenant.uuid(), user.id.uuid());
    if tx.rows(HAS_FACTOR, args![tenant, archive_user]).await?.is_empty() {
        return Ok(());
    }
    for sql in PURGE_FACTOR {
        tx.run(sql, args![tenant, id]).await?;
    }
    for sql in MOVE_FACTOR {
        tx.run(sql, args![tenant, archive_user, id]).await?;
    }
    Ok(())
}

/// Somebody else may have the login name by now, or sign in with it as an address: it is not taken back then.
pub(in crate::store) async fn free_login(tx: &mut Tx, user: &mut User) -> Result<()> {
    let Some(login) = user.profile.login.as_deref() else { return Ok(()) };
    let others = tx.rows(LOGIN_OF_OTHERS, args![user.tenant.uuid(), login, user.id.uuid()]).await?;
    let mut is_taken = !others.is_empty();
    for row in tx.rows(OF_ADDRESS, args![user.tenant.uuid(), quoted(login), 2_u32]).await? {
        is_taken |= Reader::new(&row, "users", "id").id("id")? != user.id.uuid();
    }
    if is_taken {
        user.profile.login = None;
    }
    Ok(())
}

async fn links_back(tx: &mut Tx, mailbox: &Mailbox, reset: &Reset, now: i64) -> Result<()> {
    let (tenant, own) = (mailbox.tenant.uuid(), mailbox.id.uuid());
    tx.run(BACK_LINKS, args![tenant, own, micros(reset.cleared.at)]).await?;
    tx.run(BACK_JOBS, args![tenant, own, now]).await?;
    Ok(())
}

async fn values_back(tx: &mut Tx, mut user: User, mut mailbox: Mailbox, kept: Kept, now: i64) -> Result<()> {
    let (tenant, id, own) = (user.tenant.uuid(), user.id.uuid(), mailbox.id.uuid());
    let had = |part| kept.parts.contains(&part);
    if had(Clear::Name) {
        (user.first, user.last) = (kept.was.first, kept.was.last);
        if let Some(habits) = kept.habits {
            mailbox.take_on(habits);
        }
        mailbox.phone.nicknames = kept.nicknames;
        let profile = Profile { login: kept.login, ..kept.profile };
        user.profile = profile.at_the_place_of(&user.profile);
        free_login(tx, &mut user).await?;
        if let Some(role) = kept.role {
            tx.run(SET_ROLE, args![tenant, id, role.as_str()]).await?;
        }
    }
    if had(Clear::Name) || had(Clear::RecordedName) {
        mailbox.phone.announce = kept.announce;
    }
    if had(Clear::Emails) {
        user.emails = kept.was.emails;
        mailbox.recipients = kept.recipients;
    }
    if had(Clear::Rules) {
        (mailbox.operator, mailbox.keys) = (kept.operator, kept.keys);
    }
    if had(Clear::Pin) {
        if tx.rows(HAS_PIN, args![tenant, own]).await?.is_empty() {
            tx.run(SET_PIN, args![tenant, own, kept.pin_hash]).await?;
        }
        for identity in kept.devices {
            tx.run(BACK_DEVICE, args![tenant, identity, own, now]).await?;
        }
    }
    if had(Clear::Password) {
        tx.run(PASSWORD, args![tenant, id, kept.password_hash]).await?;
    }
    write_user(tx, &user).await?;
    let nobody: Option<i64> = None;
    tx.run(MUST_BE_SET_UP, args![tenant, id, nobody]).await?;
    let (sql, args) = mailbox_statement(&mailbox, false)?;
    found(tx.run(sql, args).await?, "mailbox", mailbox.id)
}

/// An archive with nothing in it.
pub(super) async fn forget_archive(tx: &mut Tx, tenant: Uuid, user: Uuid, mailbox: Uuid) -> Result<()> {
    for sql in PURGE {
        tx.run(sql, args![tenant, mailbox]).await?;
    }
    for sql in PURGE_FACTOR {
        tx.run(sql, args![tenant, user]).await?;
    }
    tx.run(FORGET_KEPT, args![tenant, user]).await?;
    tx.run(PURGE_USER, args![tenant, user]).await?;
    Ok(())
}

fn read_reset(row: &Row) -> Result<Reset> {
    let row = Reader::new(row, "resets", "id");
    let kept: Kept = row.json("kept")?;
    let cleared = Cleared {
        at: row.time("made_at")?,
        parts: kept.parts.clone(),
        messages: row.number("messages")?,
        greetings: row.number("greetings")?,
    };
    Ok(Reset {
        id: row.id("id")?,
        archive: row.opt_id("archive_user")?.zip(row.opt_id("archive_mailbox")?),
        kept,
        is_there: row.flag("is_there")?,
        cleared,
    })
}
