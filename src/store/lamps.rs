//! Lamps: who is to be told when the counts of a mailbox change, what was told last, and the job that tells.
//!
//! A change leaves at most one waiting job for its mailbox: the job reads the counts when it runs, so one is enough for
//! all changes before it. How a lamp is told belongs to `service::lamp` and its port.

use jiff::Timestamp;
use uuid::Uuid;

use super::db::{Row, Tx, args};
use super::fault::{Named as _, missing};
use super::read::{Reader, bounded, micros, opt_micros, to_json};
use super::tx::Statement;
use super::{Result, Store, Work};
use crate::domain::{Counts, JobId, LampId, MailboxId, Owner, TenantId};

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT id, tenant_id, mailbox_id, name, dialog, cseq, expires_at, told, told_at, last_error,
             failures, created_at FROM lamps ",
            $rest
        )
    };
}

const OF_MAILBOX: &str = select!("WHERE tenant_id = $1 AND mailbox_id = $2 ORDER BY created_at, id");
const BY_NAME: &str = select!("WHERE name = $1");
const ALL: &str = select!("ORDER BY tenant_id, mailbox_id, created_at, id LIMIT $1");
const EXPIRED: &str = select!("WHERE expires_at <= $1 ORDER BY expires_at LIMIT $2");

const PUT: &str = "INSERT INTO lamps (id, tenant_id, mailbox_id, name, dialog, cseq, expires_at, created_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
    ON CONFLICT (name) DO UPDATE
    SET dialog = excluded.dialog, expires_at = excluded.expires_at, last_error = NULL, failures = 0";

const REMOVE: &str = "DELETE FROM lamps WHERE id = $1";

// From here until it confirms, nobody knows what the phone shows: a NOTIFY may arrive and its answer be lost.
const NEXT_CSEQ: &str = "UPDATE lamps SET cseq = cseq + 1, told = NULL WHERE id = $1 RETURNING id, cseq";

// What was told under an older number is no longer what the phone shows.
const TOLD: &str = "UPDATE lamps SET told = $3, told_at = $4, last_error = NULL, failures = 0
    WHERE id = $1 AND cseq = $2";

const FAILED: &str = "UPDATE lamps SET last_error = $2, failures = failures + 1 WHERE id = $1";

const COUNT: &str = "SELECT COUNT(*) AS lamps FROM lamps WHERE tenant_id = $1 AND mailbox_id = $2";

/// Somebody who is told how many messages wait.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lamp {
    /// Identity.
    pub id: LampId,
    /// Whose messages.
    pub owner: Owner,
    /// Unique: the dialog of a subscription, or the address of one that is told without asking.
    pub name: String,
    /// What the SIP side needs to reach it, in its own words.
    pub dialog: String,
    /// CSeq of the last NOTIFY.
    pub cseq: u32,
    /// When the subscription ends; `None` for one that is configured.
    pub expires_at: Option<Timestamp>,
    /// What it confirmed last; `None` while it is being told.
    pub told: Option<Counts>,
    /// When it did.
    pub told_at: Option<Timestamp>,
    /// Why it could not be told since.
    pub last_error: Option<String>,
    /// How often in a row it could not be told.
    pub failures: u32,
    /// When it came.
    pub created_at: Timestamp,
}

// The waiting job is touched, not left alone: whoever leases it must wait until this transaction has ended, or it would
// tell the counts from before. A job that runs meanwhile is no longer waiting, and a new one is made.
const ADD_LAMP_JOB: &str =
    "INSERT INTO jobs (id, tenant_id, message_id, work, state, attempts, next_at, created_at, about)
    SELECT $1, $2, $3, $4, 'queued', 0, $5, $8, $6
    WHERE EXISTS (SELECT 1 FROM lamps WHERE tenant_id = $2 AND mailbox_id = $7)
    ON CONFLICT (tenant_id, about) WHERE state = 'queued' AND about IS NOT NULL
    DO UPDATE SET next_at = CASE WHEN excluded.next_at < jobs.next_at THEN excluded.next_at ELSE jobs.next_at END";

const BEING_TOLD: &str = "SELECT COUNT(*) AS jobs FROM jobs
    WHERE tenant_id = $1 AND about = $2 AND state IN ('retry', 'running')";

/// The statement that leaves word that the counts of the mailbox may have changed, if anybody wants to know. `job` is
/// the id of the job that this makes, unless one waits already.
pub(super) fn statement(
    tenant: TenantId,
    mailbox: MailboxId,
    job: JobId,
    now: Timestamp,
) -> Result<Statement> {
    statement_at(tenant, mailbox, job, now, now)
}

pub(super) fn about(mailbox: MailboxId) -> String {
    format!("lamp:{mailbox}")
}

fn statement_at(
    tenant: TenantId,
    mailbox: MailboxId,
    job: JobId,
    now: Timestamp,
    due: Timestamp,
) -> Result<Statement> {
    let about = about(mailbox);
    let work = to_json(&Work::Lamp { mailbox })?;
    let nobody: Option<Uuid> = None;
    let (mailbox, now, due) = (mailbox.uuid(), micros(now), micros(due));
    let args = args![job.uuid(), tenant.uuid(), nobody, work, due, about, mailbox, now];
    Ok((ADD_LAMP_JOB, args))
}

/// Leaves word that the counts of the mailbox may have changed.
pub(super) async fn changed(
    tx: &mut Tx,
    tenant: TenantId,
    mailbox: MailboxId,
    job: JobId,
    now: Timestamp,
) -> Result<()> {
    tx.batch(vec![statement(tenant, mailbox, job, now)?]).await?;
    Ok(())
}

/// The same for the owner of a changed message.
pub(super) async fn changed_for(tx: &mut Tx, owner: Owner, job: JobId, now: Timestamp) -> Result<()> {
    changed(tx, owner.tenant, owner.mailbox, job, now).await
}

impl Store {
    /// Adds a lamp, or renews the one of the same name (its identity, CSeq and what it was told stay). As it is then.
    ///
    /// # Errors
    /// [`super::StoreError::Missing`] names the mailbox.
    pub async fn put_lamp(&self, lamp: &Lamp) -> Result<Lamp> {
        let mut tx = self.begin().await?;
        let args = args![
            lamp.id.uuid(),
            lamp.owner.tenant.uuid(),
            lamp.owner.mailbox.uuid(),
            lamp.name.as_str(),
            lamp.dialog.as_str(),
            lamp.cseq,
            opt_micros(lamp.expires_at),
            micros(lamp.created_at),
        ];
        tx.run(PUT, args).await.orphan("mailbox", lamp.owner.mailbox)?;
        let rows = tx.rows(BY_NAME, args![lamp.name.as_str()]).await?;
        let lamp = read_lamp(rows.first().ok_or_else(|| missing("lamp", &lamp.name))?)?;
        tx.commit().await?;
        Ok(lamp)
    }

    /// The lamps of a mailbox, oldest first.
    ///
    /// # Errors
    /// [`super::StoreError`].
    pub async fn lamps(&self, owner: Owner) -> Result<Vec<Lamp>> {
        let rows = self.db.rows(OF_MAILBOX, args![owner.tenant.uuid(), owner.mailbox.uuid()]).await?;
        rows.iter().map(read_lamp).collect()
    }

    /// How many lamps a mailbox has.
    ///
    /// # Errors
    /// [`super::StoreError`].
    pub async fn count_lamps(&self, owner: Owner) -> Result<u32> {
        let row = self.db.row(COUNT, args![owner.tenant.uuid(), owner.mailbox.uuid()]).await?;
        row.map_or(Ok(0), |row| Reader::new(&row, "lamps", "lamps").number("lamps"))
    }

    /// The lamp of this name.
    ///
    /// # Errors
    /// [`super::StoreError`].
    pub async fn lamp(&self, name: &str) -> Result<Option<Lamp>> {
        self.db.row(BY_NAME, args![name]).await?.as_ref().map(read_lamp).transpose()
    }

    /// Every lamp, at most `limit`.
    ///
    /// # Errors
    /// [`super::StoreError`].
    pub async fn all_lamps(&self, limit: u32) -> Result<Vec<Lamp>> {
        self.db.rows(ALL, args![limit]).await?.iter().map(read_lamp).collect()
    }

    /// Lamps whose subscription has ended, at most `limit`.
    ///
    /// # Errors
    /// [`super::StoreError`].
    pub async fn expired_lamps(&self, limit: u32) -> Result<Vec<Lamp>> {
        let now = micros(self.clock.now());
        self.db.rows(EXPIRED, args![now, limit]).await?.iter().map(read_lamp).collect()
    }

    /// Removes a lamp; whether it was there.
    ///
    /// # Errors
    /// [`super::StoreError`].
    pub async fn remove_lamp(&self, id: LampId) -> Result<bool> {
        let mut tx = self.begin().await?;
        if tx.run(REMOVE, args![id.uuid()]).await? == 0 {
            return Ok(false);
        }
        tx.commit().await?;
        Ok(true)
    }

    /// The CSeq of the next NOTIFY to a lamp; each is given once, on whichever node. What the lamp shows is unknown from
    /// then on, until it confirms.
    ///
    /// # Errors
    /// [`super::StoreError::Missing`].
    pub async fn next_cseq(&self, id: LampId) -> Result<u32> {
        let mut tx = self.begin().await?;
        let rows = tx.rows(NEXT_CSEQ, args![id.uuid()]).await?;
        let row = rows.first().ok_or_else(|| missing("lamp", id))?;
        let cseq = Reader::new(row, "lamps", "id").number("cseq")?;
        tx.commit().await?;
        Ok(cseq)
    }

    /// The lamp confirmed these counts under this CSeq. Nothing changes when a later NOTIFY is under way.
    ///
    /// # Errors
    /// [`super::StoreError`].
    pub async fn lamp_told(&self, id: LampId, cseq: u32, counts: Counts) -> Result<()> {
        let mut tx = self.begin().await?;
        let now = micros(self.clock.now());
        tx.run(TOLD, args![id.uuid(), cseq, to_json(&counts)?, now]).await?;
        Ok(tx.commit().await?)
    }

    /// The lamp could not be told.
    ///
    /// # Errors
    /// [`super::StoreError`].
    pub async fn lamp_failed(&self, id: LampId, why: &str) -> Result<()> {
        let mut tx = self.begin().await?;
        tx.run(FAILED, args![id.uuid(), bounded(why)]).await?;
        Ok(tx.commit().await?)
    }

    /// Leaves word that the lamps of a mailbox are to be told, as every change of a message does.
    ///
    /// # Errors
    /// [`super::StoreError`].
    pub async fn refresh_lamps(&self, owner: Owner) -> Result<()> {
        self.refresh_lamps_at(owner, self.clock.now()).await
    }

    /// The same, to be done at `due` unless it is to be done before.
    ///
    /// # Errors
    /// [`super::StoreError`].
    pub async fn refresh_lamps_at(&self, owner: Owner, due: Timestamp) -> Result<()> {
        let mut tx = self.begin().await?;
        let (job, now) = (JobId::from_uuid(self.clock.uuid()), self.clock.now());
        tx.batch(vec![statement_at(owner.tenant, owner.mailbox, job, now, due)?]).await?;
        tx.commit().await?;
        self.work_was_made();
        Ok(())
    }

    /// Whether the lamps of a mailbox are being told at this moment, or again after they could not be.
    ///
    /// # Errors
    /// [`super::StoreError`].
    pub async fn lamps_are_being_told(&self, owner: Owner) -> Result<bool> {
        let row = self.db.row(BEING_TOLD, args![owner.tenant.uuid(), about(owner.mailbox)]).await?;
        let jobs: u32 = row.map_or(Ok(0), |row| Reader::new(&row, "jobs", "jobs").number("jobs"))?;
        Ok(jobs > 0)
    }
}

pub(super) fn read_lamp(row: &Row) -> Result<Lamp> {
    let row = Reader::new(row, "lamps", "id");
    Ok(Lamp {
        id: LampId::from_uuid(row.id("id")?),
        owner: Owner {
            tenant: TenantId::from_uuid(row.id("tenant_id")?),
            mailbox: MailboxId::from_uuid(row.id("mailbox_id")?),
        },
        name: row.text("name")?,
        dialog: row.text("dialog")?,
        cseq: row.number("cseq")?,
        expires_at: row.opt_time("expires_at")?,
        told: match row.opt_text("told")? {
            Some(_) => Some(row.json("told")?),
            None => None,
        },
        told_at: row.opt_time("told_at")?,
        last_error: row.opt_text("last_error")?,
        failures: row.number("failures")?,
        created_at: row.time("created_at")?,
    })
}
