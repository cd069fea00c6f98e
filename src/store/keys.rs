//! Keys of programs, what was answered to requests that may come twice, and who changed what.
//!
//! Only hashes of secrets are here. What a key may is `service::access`.

use std::sync::{Arc, Mutex, PoisonError};

use jiff::Timestamp;

use super::db::{Row, args};
use super::fault::Fault;
use super::fault::{Named as _, found};
use super::read::{Reader, bounded, micros, opt_micros, to_json};
use super::tx::{Statement, Tx};
use super::{Result, Store};
use crate::domain::{ApiKey, AuditId, KeyId, TenantId, UserId};

const ADD: &str =
    "INSERT INTO api_keys (id, tenant_id, user_id, name, secret_hash, scopes, created_at, expires_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";

const BY_HASH: &str =
    "SELECT id, tenant_id, user_id, name, scopes, created_at, expires_at, revoked_at, last_used_at
    FROM api_keys WHERE secret_hash = $1";

const ALL: &str =
    "SELECT id, tenant_id, user_id, name, scopes, created_at, expires_at, revoked_at, last_used_at
    FROM api_keys WHERE tenant_id = $1 ORDER BY id DESC LIMIT 1000";

const BY_ID: &str =
    "SELECT id, tenant_id, user_id, name, scopes, created_at, expires_at, revoked_at, last_used_at
    FROM api_keys WHERE tenant_id = $1 AND id = $2";

const REVOKE: &str =
    "UPDATE api_keys SET revoked_at = $3 WHERE tenant_id = $1 AND id = $2 AND revoked_at IS NULL";

const USED: &str = "UPDATE api_keys SET last_used_at = $2 WHERE id = $1";

const NOTE: &str = "INSERT INTO audit (id, tenant_id, at, actor, action, target, was, became)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";

const LINES: &str = "SELECT id, tenant_id, at, actor, action, target, was, became FROM audit
    WHERE tenant_id = $1 AND id < $2 ORDER BY id DESC LIMIT $3";

const ANSWER: &str = "SELECT request_hash, status, body FROM answers WHERE name_hash = $1";

const RESERVE: &str = "INSERT INTO answers (name_hash, request_hash, status, at) VALUES ($1, $2, 0, $3)
    ON CONFLICT (name_hash) DO UPDATE SET request_hash = excluded.request_hash, at = excluded.at
    WHERE answers.status = 0 AND answers.at < $4";

const KEEP: &str = "UPDATE answers SET status = $2, body = $3 WHERE name_hash = $1";

const DROP: &str = "DELETE FROM answers WHERE name_hash = $1";

/// A line of the audit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditLine {
    /// Identity; newer ones are greater.
    pub id: AuditId,
    /// Whose world it is in.
    pub tenant: TenantId,
    /// When.
    pub at: Timestamp,
    /// Who: a user's name and number, a key, or the command line.
    pub actor: String,
    /// What, for example `user.changed`.
    pub action: String,
    /// To what, for example `mailbox 1001`.
    pub target: String,
    /// As it was, as JSON; secrets never.
    pub was: Option<String>,
    /// As it became, as JSON; secrets never.
    pub became: Option<String>,
}

/// Lines that wait for the change that they tell of. Clones share them: they are written once.
#[derive(Debug, Clone, Default)]
pub(super) struct Noting(Option<Arc<Mutex<Vec<AuditLine>>>>);

impl Noting {
    fn push(&self, line: AuditLine) {
        if let Some(lines) = &self.0 {
            lines.lock().unwrap_or_else(PoisonError::into_inner).push(line);
        }
    }

    /// The lines, which are not there any more then.
    pub(super) fn take(&self) -> Vec<AuditLine> {
        let lines = self.0.as_ref().map(|lines| lines.lock().unwrap_or_else(PoisonError::into_inner));
        lines.map_or_else(Vec::new, |mut lines| std::mem::take(&mut *lines))
    }
}

/// What is known of a request that may come twice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Repeat {
    /// It comes for the first time: carry it out, then say how it went.
    First,
    /// It is being carried out at this moment.
    Running,
    /// Another request came under this name.
    Other,
    /// This was answered.
    Answered {
        /// HTTP status.
        status: u16,
        /// JSON.
        body: String,
    },
}

/// Adds a line to the audit.
pub(super) fn note_statement(line: &AuditLine) -> Statement {
    let args = args![
        line.id.uuid(),
        line.tenant.uuid(),
        micros(line.at),
        bounded(&line.actor),
        bounded(&line.action),
        bounded(&line.target),
        line.was.clone(),
        line.became.clone(),
    ];
    (NOTE, args)
}

impl Store {
    /// Adds a key.
    ///
    /// # Errors
    /// [`super::StoreError::Missing`] names tenant or user.
    pub async fn add_key(&self, key: &ApiKey, secret_hash: [u8; 32]) -> Result<()> {
        let mut tx = self.begin().await?;
        let args = args![
            key.id.uuid(),
            key.tenant.uuid(),
            key.user.map(UserId::uuid),
            key.name.as_str(),
            secret_hash.to_vec(),
            to_json(&key.scopes)?,
            micros(key.created_at),
            opt_micros(key.expires_at),
        ];
        tx.run(ADD, args).await.orphan("user", key.tenant)?;
        Ok(tx.commit().await?)
    }

    /// The key with this secret, whether it still works or not.
    ///
    /// # Errors
    /// [`super::StoreError`].
    pub async fn key(&self, secret_hash: [u8; 32]) -> Result<Option<ApiKey>> {
        let row = self.db.row(BY_HASH, args![secret_hash.to_vec()]).await?;
        row.as_ref().map(read_key).transpose()
    }

    /// The key of this identity, whether it still works or not.
    ///
    /// # Errors
    /// [`super::StoreError`].
    pub async fn key_of(&self, tenant: TenantId, id: KeyId) -> Result<Option<ApiKey>> {
        let row = self.db.row(BY_ID, args![tenant.uuid(), id.uuid()]).await?;
        row.as_ref().map(read_key).transpose()
    }

    /// Every key of the tenant, newest first, at most 1000.
    ///
    /// # Errors
    /// [`super::StoreError`].
    pub async fn keys(&self, tenant: TenantId) -> Result<Vec<ApiKey>> {
        self.db.rows(ALL, args![tenant.uuid()]).await?.iter().map(read_key).collect()
    }

    /// Takes a key back.
    ///
    /// # Errors
    /// [`super::StoreError::Missing`] when there is none that works.
    pub async fn revoke_key(&self, tenant: TenantId, id: KeyId) -> Result<()> {
        let mut tx = self.begin().await?;
        let touched = tx.run(REVOKE, args![tenant.uuid(), id.uuid(), micros(self.clock.now())]).await?;
        found(touched, "key", id)?;
        Ok(tx.commit().await?)
    }

    /// Notes that a key was used.
    ///
    /// # Errors
    /// [`super::StoreError`].
    pub async fn key_used(&self, id: KeyId) -> Result<()> {
        let mut tx = self.begin().await?;
        tx.run(USED, args![id.uuid(), micros(self.clock.now())]).await?;
        Ok(tx.commit().await?)
    }

    /// The same store, for one change: these lines are in the transaction of what it changes next. Change and lines are there
    /// both or neither.
    #[must_use]
    pub fn with_audit(&self, lines: Vec<AuditLine>) -> Self {
        let audit = Noting(Some(Arc::new(Mutex::new(lines))));
        // A write that shares its commit with others would take their lines with it.
        Self { group: None, audit, ..self.clone() }
    }

    /// One more line for what a store of [`Store::with_audit`] changes next: for what is known only while it is changed.
    pub fn note_with_change(&self, line: AuditLine) {
        self.audit.push(line);
    }

    /// Begins a transaction that may write.
    pub(super) async fn begin(&self) -> Result<Tx, Fault> {
        Ok(self.db.begin().await?.noting(self.audit.clone()))
    }

    /// Adds a line to the audit.
    ///
    /// # Errors
    /// [`super::StoreError`].
    pub async fn add_audit(&self, line: &AuditLine) -> Result<()> {
        let mut tx = self.begin().await?;
        tx.batch(vec![note_statement(line)]).await?;
        Ok(tx.commit().await?)
    }

    /// Lines of the audit before `before` (`None`: from the newest on), newest first.
    ///
    /// # Errors
    /// [`super::StoreError`].
    pub async fn audit(
        &self,
        tenant: TenantId,
        before: Option<AuditId>,
        limit: u32,
    ) -> Result<Vec<AuditLine>> {
        let before = before.map_or(uuid::Uuid::max(), AuditId::uuid);
        let rows = self.db.rows(LINES, args![tenant.uuid(), before, limit]).await?;
        rows.iter().map(read_line).collect()
    }

    /// Whether this request came before. [`Repeat::First`] reserves its name: [`Store::answered`] or
    /// [`Store::not_answered`] must follow. One that was reserved before `stale` and never answered counts as none.
    ///
    /// # Errors
    /// [`super::StoreError`].
    pub async fn repeat(
        &self,
        name_hash: [u8; 32],
        request_hash: [u8; 32],
        stale: Timestamp,
    ) -> Result<Repeat> {
        let mut tx = self.begin().await?;
        let name = name_hash.to_vec();
        let args = args![name.clone(), request_hash.to_vec(), micros(self.clock.now()), micros(stale)];
        let is_new = tx.run(RESERVE, args).await? > 0;
        let rows = tx.rows(ANSWER, args![name]).await?;
        tx.commit().await?;
        let Some(row) = rows.first().filter(|_| !is_new) else { return Ok(Repeat::First) };
        let row = Reader::new(row, "answers", "status");
        Ok(match (row.hash("request_hash")? == request_hash, row.number("status")?, row.opt_text("body")?) {
            (false, _, _) => Repeat::Other,
            (true, 0, _) => Repeat::Running,
            (true, status, body) => Repeat::Answered { status, body: body.unwrap_or_default() },
        })
    }

    /// Remembers what was answered.
    ///
    /// # Errors
    /// [`super::StoreError`].
    pub async fn answered(&self, name_hash: [u8; 32], status: u16, body: &str) -> Result<()> {
        let mut tx = self.begin().await?;
        tx.run(KEEP, args![name_hash.to_vec(), i64::from(status), body]).await?;
        Ok(tx.commit().await?)
    }

    /// The request had no effect: it may come again under its name.
    ///
    /// # Errors
    /// [`super::StoreError`].
    pub async fn not_answered(&self, name_hash: [u8; 32]) -> Result<()> {
        let mut tx = self.begin().await?;
        tx.run(DROP, args![name_hash.to_vec()]).await?;
        Ok(tx.commit().await?)
    }
}

fn read_key(row: &Row) -> Result<ApiKey> {
    let row = Reader::new(row, "api_keys", "id");
    Ok(ApiKey {
        id: KeyId::from_uuid(row.id("id")?),
        tenant: TenantId::from_uuid(row.id("tenant_id")?),
        user: row.opt_id("user_id")?.map(UserId::from_uuid),
        name: row.text("name")?,
        scopes: row.json("scopes")?,
        created_at: row.time("created_at")?,
        expires_at: row.opt_time("expires_at")?,
        revoked_at: row.opt_time("revoked_at")?,
        last_used_at: row.opt_time("last_used_at")?,
    })
}

fn read_line(row: &Row) -> Result<AuditLine> {
    let row = Reader::new(row, "audit", "id");
    Ok(AuditLine {
        id: AuditId::from_uuid(row.id("id")?),
        tenant: TenantId::from_uuid(row.id("tenant_id")?),
        at: row.time("at")?,
        actor: row.text("actor")?,
        action: row.text("action")?,
        target: row.text("target")?,
        was: row.opt_text("was")?,
        became: row.opt_text("became")?,
    })
}
