//! Users, and what happens to user and mailbox together.
//!
//! Removing keeps the rows (marked, and invisible to every query of a live mailbox), so that messages stay whole.

use std::collections::HashMap;

use super::db::{Row, Tx, args};
use super::fault::{Fault, Named as _, found, missing};
use super::lockouts::UNLOCK;
use super::logins::FORGET_USER;
use super::mailboxes::{MAILBOXES, SET_PIN, insert_mailbox, read_mailbox, upsert_mailbox};
use super::read::{Reader, micros, to_json};
use super::reset::locked;
use super::tx::Statement;
use super::{Result, Store, StoreError, bin};
use crate::domain::{Mailbox, Profile, TenantId, User, UserId};

const USERS: &str = "SELECT id, tenant_id, first_name, last_name, emails, login, department, site, profile,
    created_at FROM users WHERE tenant_id = $1 AND removed_at IS NULL";

pub(super) const USER: &str =
    "SELECT id, tenant_id, first_name, last_name, emails, login, department, site, profile,
    created_at FROM users WHERE tenant_id = $1 AND id = $2 AND removed_at IS NULL";

pub(super) const OWN_MAILBOX: &str = "SELECT id, tenant_id, user_id, extension, enabled, settings, created_at
    FROM mailboxes WHERE tenant_id = $1 AND user_id = $2 AND removed_at IS NULL";

// Who has a name again was set up.
const UPDATE_USER: &str = "UPDATE users SET first_name = $3, last_name = $4, emails = $5,
        login = $6, department = $7, site = $8, profile = $9,
        reset_at = CASE WHEN $3 = '' AND $4 = '' THEN reset_at END
    WHERE tenant_id = $1 AND id = $2 AND removed_at IS NULL";

const ADD_USER: &str = "INSERT INTO users
    (id, tenant_id, first_name, last_name, emails, login, department, site, profile, created_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)";

const USER_EXISTS: &str = "SELECT 1 FROM users WHERE id = $1";

const REMOVE_USER: &str = "UPDATE users SET removed_at = $3
    WHERE tenant_id = $1 AND id = $2 AND removed_at IS NULL";

const REMOVE_MAILBOX: &str = "UPDATE mailboxes SET removed_at = $3
    WHERE tenant_id = $1 AND user_id = $2 AND removed_at IS NULL RETURNING id";

pub(super) const TRASH_MESSAGES: &str =
    "UPDATE messages SET folder = 'trash', trashed_at = $3, trashed_from = folder
    WHERE tenant_id = $1 AND mailbox_id = $2 AND folder <> 'trash'";

pub(super) const REVOKE_LINKS: &str =
    "UPDATE links SET revoked_at = $3 WHERE tenant_id = $1 AND revoked_at IS NULL
    AND message_id IN (SELECT id FROM messages WHERE tenant_id = $1 AND mailbox_id = $2)";

const END_JOBS: &str = "UPDATE jobs SET state = 'dead', next_at = $3, last_error = 'the mailbox was removed'
    WHERE tenant_id = $1 AND state IN ('queued', 'retry')
    AND message_id IN (SELECT id FROM messages WHERE tenant_id = $1 AND mailbox_id = $2)";

/// What only a living mailbox has: phones that watch it, devices that open it, calls that were asked for.
const FORGET: [&str; 4] = [
    "DELETE FROM lockouts WHERE tenant_id = $1 AND extension = (SELECT extension FROM mailboxes WHERE id = $2)",
    "DELETE FROM lamps WHERE tenant_id = $1 AND mailbox_id = $2",
    "DELETE FROM devices WHERE tenant_id = $1 AND mailbox_id = $2",
    "UPDATE call_requests SET wanted = (1 = 0) WHERE tenant_id = $1 AND mailbox_id = $2 AND state <> 'over'",
];

impl Store {
    /// User, mailbox and (if given) the PIN's Argon2id string, in one transaction.
    ///
    /// # Errors
    /// [`super::StoreError::Taken`] names the extension; `Missing` the tenant.
    pub async fn add_user(&self, user: &User, mailbox: &Mailbox, pin_hash: Option<&str>) -> Result<()> {
        let mut tx = self.begin().await?;
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

    /// One user with the own mailbox; `None` when there is no such user.
    ///
    /// # Errors
    /// [`super::StoreError`].
    pub async fn person(&self, tenant: TenantId, id: UserId) -> Result<Option<(User, Option<Mailbox>)>> {
        let args = || args![tenant.uuid(), id.uuid()];
        let Some(row) = self.db.row(USER, args()).await? else { return Ok(None) };
        let mailbox = self.db.row(OWN_MAILBOX, args()).await?;
        Ok(Some((read_user(&row)?, mailbox.as_ref().map(read_mailbox).transpose()?)))
    }

    /// Replaces the user's name, addresses and profile, or adds a user without a mailbox.
    ///
    /// # Errors
    /// [`super::StoreError::Missing`] when it is another tenant's or was removed.
    pub async fn put_user(&self, user: &User) -> Result<()> {
        let mut tx = self.begin().await?;
        upsert_user(&mut tx, user).await?;
        Ok(tx.commit().await?)
    }

    /// Replaces user, mailbox and (if given) PIN in one transaction, while both are still as they were read: what somebody else
    /// changed meanwhile is not undone.
    ///
    /// # Errors
    /// Those of [`Store::put_user`] and [`Store::put_mailbox`]; [`super::StoreError::Taken`] of `account` when they are not.
    pub async fn put_account(
        &self,
        (was, had): (&User, &Mailbox),
        (user, mailbox): (&User, &Mailbox),
        pin_hash: Option<&str>,
    ) -> Result<()> {
        let mut tx = self.begin().await?;
        let (now, has) = locked(&mut tx, user.tenant, user.id).await?;
        if (&now, &has) != (was, had) {
            return Err(StoreError::Taken { what: "account", value: mailbox.extension.to_string() });
        }
        upsert_user(&mut tx, user).await?;
        upsert_mailbox(&mut tx, mailbox).await?;
        if let Some(hash) = pin_hash {
            tx.run(SET_PIN, args![mailbox.tenant.uuid(), mailbox.id.uuid(), hash]).await?;
            // Who knows the new PIN is the owner: guesses at the old one count no more.
            tx.run(UNLOCK, args![mailbox.tenant.uuid(), mailbox.extension.as_str()]).await?;
        }
        Ok(tx.commit().await?)
    }

    /// Removes a user with mailbox and numbers. The messages go to the trash, the links in sent mails stop working,
    /// and mails that wait are given up. Extension and numbers are free again. [`Store::restore_user`] takes it back.
    ///
    /// # Errors
    /// [`super::StoreError::Missing`].
    pub async fn remove_user(&self, tenant: TenantId, id: UserId) -> Result<()> {
        let mut tx = self.begin().await?;
        remove_in(&mut tx, tenant, id, micros(self.clock.now())).await?;
        Ok(tx.commit().await?)
    }
}

/// Removes a user with all that ends with the mailbox.
pub(super) async fn remove_in(tx: &mut Tx, tenant: TenantId, id: UserId, now: i64) -> Result<()> {
    let touched = tx.run(REMOVE_USER, args![tenant.uuid(), id.uuid(), now]).await?;
    found(touched, "user", id)?;
    bin::keep(tx, tenant, id).await?;
    for row in tx.rows(REMOVE_MAILBOX, args![tenant.uuid(), id.uuid(), now]).await? {
        let mailbox = Reader::new(&row, "mailboxes", "id").id("id")?;
        // Links and jobs are found by their message, wherever it lies.
        for sql in [TRASH_MESSAGES, REVOKE_LINKS, END_JOBS] {
            tx.run(sql, args![tenant.uuid(), mailbox, now]).await?;
        }
        for sql in FORGET {
            tx.run(sql, args![tenant.uuid(), mailbox]).await?;
        }
    }
    for sql in FORGET_USER {
        tx.run(sql, args![tenant.uuid(), id.uuid()]).await?;
    }
    Ok(())
}

/// Adds the user, or replaces name, addresses and profile.
pub(super) fn user_statement(user: &User, is_new: bool) -> Result<Statement> {
    let (id, tenant, emails) = (user.id.uuid(), user.tenant.uuid(), to_json(&user.emails)?);
    let (first, last) = (user.first.as_str(), user.last.as_str());
    let Profile { login, department, site, .. } = user.profile.clone();
    let rest = to_json(&user.profile)?;
    Ok(if is_new {
        let made = micros(user.created_at);
        (ADD_USER, args![id, tenant, first, last, emails, login, department, site, rest, made])
    } else {
        (UPDATE_USER, args![tenant, id, first, last, emails, login, department, site, rest])
    })
}

async fn upsert_user(tx: &mut Tx, user: &User) -> Result<()> {
    let (sql, args) = user_statement(user, false)?;
    if user_written(tx.run(sql, args).await, user)? > 0 {
        return Ok(());
    }
    if !tx.rows(USER_EXISTS, args![user.id.uuid()]).await?.is_empty() {
        return Err(missing("user", user.id));
    }
    insert_user(tx, user).await
}

pub(super) async fn insert_user(tx: &mut Tx, user: &User) -> Result<()> {
    let (sql, args) = user_statement(user, true)?;
    user_written(tx.run(sql, args).await, user)?;
    Ok(())
}

/// A user has two unique keys; both databases name the broken one in the error's text (the index or its columns).
pub(super) fn user_written(result: Result<u64, Fault>, user: &User) -> Result<u64> {
    let written = match result {
        Err(Fault::Taken(why)) if why.contains("users_login") || why.contains("users.login") => {
            let login = user.profile.login.as_deref().unwrap_or_default();
            Err(Fault::Taken(why)).taken("login name", login)
        }
        other => other.taken("user", user.id),
    };
    Ok(written.orphan("tenant", user.tenant)?)
}

pub(super) fn read_user(row: &Row) -> Result<User> {
    let row = Reader::new(row, "users", "id");
    Ok(User {
        id: UserId::from_uuid(row.id("id")?),
        tenant: TenantId::from_uuid(row.id("tenant_id")?),
        first: row.text("first_name")?,
        last: row.text("last_name")?,
        emails: row.json("emails")?,
        profile: Profile {
            login: row.opt_text("login")?,
            department: row.opt_text("department")?,
            site: row.opt_text("site")?,
            ..row.json("profile")?
        },
        created_at: row.time("created_at")?,
    })
}
