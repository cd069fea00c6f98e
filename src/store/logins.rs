//! How people come in by the web: role and password of a user, sessions, one-time links.
//!
//! Only hashes of secrets are here. Who may do what is `service::access`, when something expires `service::signin`.

use jiff::Timestamp;

use super::db::{Row, args};
use super::fault::{Named as _, found};
use super::read::{Reader, bounded, micros};
use super::second_factors::{FORGET_HALVES, OLD_HALVES};
use super::{Result, Store};
use crate::domain::{Login, Purpose, Role, Session, SessionId, TenantId, UserId};

const LOGIN: &str = "SELECT tenant_id, user_id, role, password_hash, portal FROM logins
    WHERE tenant_id = $1 AND user_id = $2";

const LOGINS: &str =
    "SELECT tenant_id, user_id, role, password_hash, portal FROM logins WHERE tenant_id = $1";

const ANY_LOGIN: &str = "SELECT role FROM logins WHERE password_hash IS NOT NULL LIMIT 1";

const PUT_ROLE: &str =
    "INSERT INTO logins (tenant_id, user_id, role, portal, changed_at) VALUES ($1, $2, $3, $4, $5)
    ON CONFLICT (tenant_id, user_id) DO UPDATE
    SET role = excluded.role, portal = excluded.portal, changed_at = excluded.changed_at";

// What is not changed stays as it is by now, and not as it was when it was read: nobody is given a role back that was taken.
const CHANGE_ROLE: &str =
    "INSERT INTO logins (tenant_id, user_id, role, portal, changed_at) VALUES ($1, $2, $3, $4, $5)
    ON CONFLICT (tenant_id, user_id) DO UPDATE
    SET role = CASE WHEN excluded.role = $6 THEN logins.role ELSE excluded.role END,
        portal = CASE WHEN excluded.portal = $7 THEN logins.portal ELSE excluded.portal END,
        changed_at = excluded.changed_at";

const PUT_PASSWORD: &str =
    "INSERT INTO logins (tenant_id, user_id, role, password_hash, portal, changed_at) VALUES ($1, $2, $3, $4, $5, $6)
    ON CONFLICT (tenant_id, user_id) DO UPDATE
    SET password_hash = excluded.password_hash, changed_at = excluded.changed_at";

pub(super) const NO_PASSWORD: &str =
    "UPDATE logins SET password_hash = NULL WHERE tenant_id = $1 AND user_id = $2";

const ADD_SESSION: &str =
    "INSERT INTO sessions (token_hash, id, tenant_id, user_id, user_agent, address, created_at, last_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";

const SESSION: &str = "SELECT id, tenant_id, user_id, user_agent, address, created_at, last_at FROM sessions
    WHERE token_hash = $1";

const SESSIONS: &str = "SELECT id, tenant_id, user_id, user_agent, address, created_at, last_at FROM sessions
    WHERE tenant_id = $1 AND user_id = $2 ORDER BY last_at DESC, id DESC LIMIT 100";

const TOUCH: &str = "UPDATE sessions SET last_at = $2 WHERE token_hash = $1";

const END: &str = "DELETE FROM sessions WHERE tenant_id = $1 AND user_id = $2 AND id = $3";

/// Ends every session of a user but one.
pub(super) const END_OTHERS: &str = "DELETE FROM sessions WHERE tenant_id = $1 AND user_id = $2 AND id <> $3";

/// Ends every session of a user.
pub(super) const END_ALL: &str = "DELETE FROM sessions WHERE tenant_id = $1 AND user_id = $2";

const ADD_DOOR: &str =
    "INSERT INTO doors (token_hash, tenant_id, user_id, purpose, expires_at) VALUES ($1, $2, $3, $4, $5)";

const DOOR: &str = "SELECT tenant_id, user_id, purpose, expires_at FROM doors WHERE token_hash = $1";

const CLOSE_DOOR: &str = "DELETE FROM doors WHERE token_hash = $1";

pub(super) const CLOSE_DOORS: &str = "DELETE FROM doors WHERE tenant_id = $1 AND user_id = $2";

const CLOSE_SETUP: &str = "DELETE FROM doors WHERE purpose = 'setup'";

/// What ends with a user, in the order of arguments tenant, user.
pub(super) const FORGET_USER: [&str; 5] = [
    END_ALL,
    CLOSE_DOORS,
    FORGET_HALVES,
    "DELETE FROM logins WHERE tenant_id = $1 AND user_id = $2",
    REVOKE_KEYS,
];

pub(super) const REVOKE_KEYS: &str = "DELETE FROM api_keys WHERE tenant_id = $1 AND user_id = $2";

const OLD: [&str; 4] = [
    "DELETE FROM sessions WHERE last_at < $1 OR created_at < $2",
    "DELETE FROM doors WHERE expires_at < $1",
    "DELETE FROM answers WHERE at < $1",
    "DELETE FROM audit WHERE at < $1",
];

/// A one-time link that is stored as a hash.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Door {
    /// Whose world it is in.
    pub tenant: TenantId,
    /// Whom it is for; `None` for the setup of a new server.
    pub user: Option<UserId>,
    /// What it is for.
    pub purpose: Purpose,
    /// When it stops working.
    pub expires_at: Timestamp,
}

/// Until when things of the web side are kept, each a time before which they go.
#[derive(Debug, Clone, Copy)]
pub struct Stale {
    /// Sessions that were used last before this.
    pub idle: Timestamp,
    /// Sessions that were opened before this.
    pub opened: Timestamp,
    /// One-time links that ended before this.
    pub doors: Timestamp,
    /// Answers that were remembered before this.
    pub answers: Timestamp,
    /// Audit lines older than this.
    pub audit: Timestamp,
}

impl Store {
    /// How the user comes in; a user who was never given anything is a basic one without a password.
    ///
    /// # Errors
    /// [`super::StoreError`].
    pub async fn login(&self, tenant: TenantId, user: UserId) -> Result<Login> {
        let row = self.db.row(LOGIN, args![tenant.uuid(), user.uuid()]).await?;
        row.as_ref().map(read_login).transpose().map(|login| {
            login.unwrap_or(Login { tenant, user, role: Role::Basic, has_password: false, portal: true })
        })
    }

    /// Of every user who was ever given something.
    ///
    /// # Errors
    /// [`super::StoreError`].
    pub async fn logins(&self, tenant: TenantId) -> Result<Vec<Login>> {
        self.db.rows(LOGINS, args![tenant.uuid()]).await?.iter().map(read_login).collect()
    }

    /// Whether anybody at all has a password.
    ///
    /// # Errors
    /// [`super::StoreError`].
    pub async fn has_any_login(&self) -> Result<bool> {
        Ok(self.db.row(ANY_LOGIN, args![]).await?.is_some())
    }

    /// Sets role and web access; the password stays. Without web access, sessions end.
    ///
    /// # Errors
    /// [`super::StoreError::Missing`] names the user.
    pub async fn put_login(&self, login: &Login) -> Result<()> {
        let (tenant, user) = (login.tenant.uuid(), login.user.uuid());
        let mut tx = self.begin().await?;
        let args = args![tenant, user, login.role.as_str(), login.portal, micros(self.clock.now())];
        tx.run(PUT_ROLE, args).await.orphan("user", login.user)?;
        if !login.portal {
            tx.run(END_ALL, args![tenant, user]).await?;
        }
        Ok(tx.commit().await?)
    }

    /// Changes role or web access from what they were read as; what is the same in both is not touched, whatever it is by now.
    /// Without web access, sessions end.
    ///
    /// # Errors
    /// [`super::StoreError::Missing`] names the user.
    pub async fn change_login(&self, was: &Login, login: &Login) -> Result<()> {
        let (tenant, user) = (login.tenant.uuid(), login.user.uuid());
        let mut tx = self.begin().await?;
        let now = micros(self.clock.now());
        let (role, before) = (login.role.as_str(), was.role.as_str());
        let args = args![tenant, user, role, login.portal, now, before, was.portal];
        tx.run(CHANGE_ROLE, args).await.orphan("user", login.user)?;
        if !login.portal {
            tx.run(END_ALL, args![tenant, user]).await?;
        }
        Ok(tx.commit().await?)
    }

    /// Sets the password's Argon2id string. Every one-time link and every session but `keep` ends with the old one.
    ///
    /// # Errors
    /// [`super::StoreError::Missing`] names the user.
    pub async fn set_password(
        &self,
        tenant: TenantId,
        user: UserId,
        hash: &str,
        keep: Option<SessionId>,
    ) -> Result<()> {
        let (t, u) = (tenant.uuid(), user.uuid());
        let mut tx = self.begin().await?;
        let args = args![t, u, Role::Basic.as_str(), hash, true, micros(self.clock.now())];
        tx.run(PUT_PASSWORD, args).await.orphan("user", user)?;
        tx.run(CLOSE_DOORS, args![t, u]).await?;
        tx.run(FORGET_HALVES, args![t, u]).await?;
        match keep {
            Some(keep) => tx.run(END_OTHERS, args![t, u, keep.uuid()]).await?,
            None => tx.run(END_ALL, args![t, u]).await?,
        };
        Ok(tx.commit().await?)
    }

    /// Takes the password away. Every session, one-time link and half sign-in ends.
    ///
    /// # Errors
    /// [`super::StoreError`].
    pub async fn forget_password(&self, tenant: TenantId, user: UserId) -> Result<()> {
        let mut tx = self.begin().await?;
        for sql in [NO_PASSWORD, END_ALL, CLOSE_DOORS, FORGET_HALVES] {
            tx.run(sql, args![tenant.uuid(), user.uuid()]).await?;
        }
        Ok(tx.commit().await?)
    }

    /// The password's Argon2id string; `None` while none was ever set.
    ///
    /// # Errors
    /// [`super::StoreError`].
    pub async fn password_hash(&self, tenant: TenantId, user: UserId) -> Result<Option<String>> {
        let row = self.db.row(LOGIN, args![tenant.uuid(), user.uuid()]).await?;
        row.map_or(Ok(None), |row| Reader::new(&row, "logins", "user_id").opt_text("password_hash"))
    }

    /// Opens a session.
    ///
    /// # Errors
    /// [`super::StoreError::Missing`] names the user.
    pub async fn add_session(&self, session: &Session, token_hash: [u8; 32]) -> Result<()> {
        let mut tx = self.begin().await?;
        let args = args![
            token_hash.to_vec(),
            session.id.uuid(),
            session.tenant.uuid(),
            session.user.uuid(),
            bounded(&session.user_agent),
            bounded(&session.address),
            micros(session.created_at),
            micros(session.last_at),
        ];
        tx.run(ADD_SESSION, args).await.orphan("user", session.user)?;
        Ok(tx.commit().await?)
    }

    /// The session of a token.
    ///
    /// # Errors
    /// [`super::StoreError`].
    pub async fn session(&self, token_hash: [u8; 32]) -> Result<Option<Session>> {
        let row = self.db.row(SESSION, args![token_hash.to_vec()]).await?;
        row.as_ref().map(read_session).transpose()
    }

    /// Notes that a session was used.
    ///
    /// # Errors
    /// [`super::StoreError`].
    pub async fn touch_session(&self, token_hash: [u8; 32]) -> Result<()> {
        let mut tx = self.begin().await?;
        tx.run(TOUCH, args![token_hash.to_vec(), micros(self.clock.now())]).await?;
        Ok(tx.commit().await?)
    }

    /// The sessions of a user, the one used last first; at most 100.
    ///
    /// # Errors
    /// [`super::StoreError`].
    pub async fn sessions(&self, tenant: TenantId, user: UserId) -> Result<Vec<Session>> {
        self.db.rows(SESSIONS, args![tenant.uuid(), user.uuid()]).await?.iter().map(read_session).collect()
    }

    /// Ends a session of the user.
    ///
    /// # Errors
    /// [`super::StoreError::Missing`] when it is not the user's.
    pub async fn end_session(&self, tenant: TenantId, user: UserId, id: SessionId) -> Result<()> {
        let mut tx = self.begin().await?;
        found(tx.run(END, args![tenant.uuid(), user.uuid(), id.uuid()]).await?, "session", id)?;
        Ok(tx.commit().await?)
    }

    /// Keeps a one-time link. A new setup link ends those before it.
    ///
    /// # Errors
    /// [`super::StoreError::Missing`] names the user.
    pub async fn add_door(&self, door: Door, token_hash: [u8; 32]) -> Result<()> {
        let mut tx = self.begin().await?;
        if door.purpose == Purpose::Setup {
            tx.run(CLOSE_SETUP, args![]).await?;
        }
        let args = args![
            token_hash.to_vec(),
            door.tenant.uuid(),
            door.user.map(UserId::uuid),
            door.purpose.as_str(),
            micros(door.expires_at),
        ];
        tx.run(ADD_DOOR, args).await.orphan("user", door.tenant)?;
        Ok(tx.commit().await?)
    }

    /// The one-time link of a token.
    ///
    /// # Errors
    /// [`super::StoreError`].
    pub async fn door(&self, token_hash: [u8; 32]) -> Result<Option<Door>> {
        let row = self.db.row(DOOR, args![token_hash.to_vec()]).await?;
        row.as_ref().map(read_door).transpose()
    }

    /// Uses a one-time link up. False when somebody was quicker.
    ///
    /// # Errors
    /// [`super::StoreError`].
    pub async fn close_door(&self, token_hash: [u8; 32]) -> Result<bool> {
        let mut tx = self.begin().await?;
        let touched = tx.run(CLOSE_DOOR, args![token_hash.to_vec()]).await?;
        tx.commit().await?;
        Ok(touched > 0)
    }

    /// Forgets what is over.
    ///
    /// # Errors
    /// [`super::StoreError`].
    pub async fn purge_access(&self, stale: Stale) -> Result<()> {
        let Stale { idle, opened, doors, answers, audit } = stale;
        let [sessions, links, remembered, lines] = OLD;
        let mut tx = self.begin().await?;
        tx.run(sessions, args![micros(idle), micros(opened)]).await?;
        for (sql, before) in [(links, doors), (OLD_HALVES, doors), (remembered, answers), (lines, audit)] {
            tx.run(sql, args![micros(before)]).await?;
        }
        Ok(tx.commit().await?)
    }
}

fn read_login(row: &Row) -> Result<Login> {
    let row = Reader::new(row, "logins", "user_id");
    Ok(Login {
        tenant: TenantId::from_uuid(row.id("tenant_id")?),
        user: UserId::from_uuid(row.id("user_id")?),
        role: row.parsed("role")?,
        has_password: row.opt_text("password_hash")?.is_some(),
        portal: row.flag("portal")?,
    })
}

fn read_session(row: &Row) -> Result<Session> {
    let row = Reader::new(row, "sessions", "id");
    Ok(Session {
        id: SessionId::from_uuid(row.id("id")?),
        tenant: TenantId::from_uuid(row.id("tenant_id")?),
        user: UserId::from_uuid(row.id("user_id")?),
        user_agent: row.text("user_agent")?,
        address: row.text("address")?,
        created_at: row.time("created_at")?,
        last_at: row.time("last_at")?,
    })
}

fn read_door(row: &Row) -> Result<Door> {
    let row = Reader::new(row, "doors", "tenant_id");
    Ok(Door {
        tenant: TenantId::from_uuid(row.id("tenant_id")?),
        user: row.opt_id("user_id")?.map(UserId::from_uuid),
        purpose: row.parsed("purpose")?,
        expires_at: row.time("expires_at")?,
    })
}
