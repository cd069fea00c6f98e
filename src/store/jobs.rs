//! The outbox: jobs are leased, then done, put off or given up.
//!
//! The number of attempts is the fencing token: every lease raises it, and whoever reports on a job must still hold
//! the number it was leased with. Retries and their pace belong to `outbox`.

use std::time::Duration;

use jiff::Timestamp;

use super::db::{Row, Tx, args};
use super::deposit::ADD_JOB;
use super::fault::{Named as _, found, missing};
use super::lamps;
use super::messages::{move_from_inbox, trash};
use super::read::{Reader, bounded, micros, to_json};
use super::{Job, JobState, NewJob, Result, Store, Work};
use crate::domain::{Folder, JobId, MessageId, Owner, TenantId};

pub(super) const JOB_QUEUED: &str = JobState::Queued.as_str();

macro_rules! lease {
    ($due:literal, $lamps:literal, $lock:literal) => {
        concat!(
            "WITH due AS MATERIALIZED (
                 SELECT id FROM ",
            $due,
            " WHERE state IN ('queued', 'retry', 'running') AND next_at <= $1
                 ORDER BY next_at, id LIMIT $3 ",
            $lock,
            "), lamps AS MATERIALIZED (
                 SELECT id FROM ",
            $lamps,
            " WHERE state = 'queued' AND about IS NOT NULL AND next_at <= $1 LIMIT $4 ",
            $lock,
            ") UPDATE jobs SET state = 'running', attempts = attempts + 1, next_at = $2
             WHERE id IN (SELECT id FROM due UNION SELECT id FROM lamps)
             RETURNING id, tenant_id, work, state, attempts, next_at, created_at, last_error"
        )
    };
}

// SQLite has one writer, whose transaction began with the write lock. Left alone, it would sort all that wait.
const LEASE_SQLITE: &str = lease!("jobs INDEXED BY jobs_due", "jobs INDEXED BY jobs_about", "");
const LEASE_POSTGRES: &str = lease!("jobs", "jobs", "FOR UPDATE SKIP LOCKED");

const ANY_DUE: &str = "SELECT id FROM jobs
    WHERE state IN ('queued', 'retry', 'running') AND next_at <= $1 LIMIT 1";

const REPORT: &str = "UPDATE jobs SET state = $4, next_at = $5, last_error = $6
    WHERE tenant_id = $1 AND id = $2 AND attempts = $3 AND state = 'running'";

const TAKE_BACK: &str = "UPDATE jobs SET state = 'retry', next_at = $1 WHERE state = 'running'";

const UNREADABLE: &str = "UPDATE jobs SET state = 'dead', next_at = $2, last_error = $3 WHERE id = $1";

// Beside it, another job about the same may wait: only one of them may be the one that coalesces.
const AGAIN: &str = "UPDATE jobs SET state = 'queued', next_at = $2, about = NULL
    WHERE id = $1 AND state IN ('queued', 'retry', 'dead')";

const NEWEST: &str = "SELECT id, tenant_id, work, state, attempts, next_at, created_at, last_error
    FROM jobs ORDER BY created_at DESC, id DESC LIMIT $1";

const NEWEST_OF_STATE: &str = "SELECT id, tenant_id, work, state, attempts, next_at, created_at, last_error
    FROM jobs WHERE state = $2 ORDER BY created_at DESC, id DESC LIMIT $1";

// Not those that are done: they stay for months, and nobody waits for them. `jobs_newest` finds the others.
const COUNT: &str = "SELECT state, COUNT(*) AS jobs FROM jobs
    WHERE state IN ('queued', 'running', 'retry', 'dead') GROUP BY state";

const OWN_MESSAGE: &str = "SELECT id FROM messages WHERE tenant_id = $1 AND mailbox_id = $2 AND id = $3";

const SAME_JOB: &str = "SELECT id FROM jobs WHERE tenant_id = $1 AND message_id = $2 AND work = $3
    AND state IN ('queued', 'retry', 'running')";

// Unless there is no message (any more): the job's end counts all the same.
const ENTER: &str = "INSERT INTO ledger (tenant_id, message_id, at, event, detail)
    SELECT $1, $2, $3, $4, $5 WHERE EXISTS (SELECT 1 FROM messages WHERE tenant_id = $1 AND id = $2)";

impl JobState {
    /// Every state, in the order of a job's life.
    pub const ALL: [Self; 5] = [Self::Queued, Self::Running, Self::Retry, Self::Done, Self::Dead];

    /// The word used by the command line and the store.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Running => "running",
            Self::Retry => "retry",
            Self::Done => "done",
            Self::Dead => "dead",
        }
    }
}

impl Store {
    /// Takes up to `limit` due jobs (also those whose lease ended) and leases them; no two callers get the same one.
    /// Oldest first.
    ///
    /// # Errors
    /// [`super::StoreError`].
    pub async fn lease_jobs(&self, limit: u32, lease: Duration) -> Result<Vec<Job>> {
        self.lease_jobs_and_lamps(limit, 0, lease).await
    }

    /// The same, and up to `lamps` jobs beyond that tell a change for the first time, however many others are due before
    /// them.
    ///
    /// # Errors
    /// [`super::StoreError`].
    pub async fn lease_jobs_and_lamps(&self, limit: u32, lamps: u32, lease: Duration) -> Result<Vec<Job>> {
        let now = self.clock.now();
        let until = now.saturating_add(lease).unwrap_or(Timestamp::MAX);
        let sql = if self.db.is_sqlite() { LEASE_SQLITE } else { LEASE_POSTGRES };
        let mut jobs = self
            .write(move |tx| Box::pin(async move { take(tx, sql, (now, until), limit, lamps).await }))
            .await?;
        jobs.sort_by_key(|job| (job.created_at, job.id));
        Ok(jobs)
    }

    /// Whether any job is due: costs a read, where [`Store::lease_jobs_and_lamps`] takes the place of a writer.
    ///
    /// # Errors
    /// [`super::StoreError`].
    pub async fn has_due_jobs(&self) -> Result<bool> {
        Ok(self.db.row(ANY_DUE, args![micros(self.clock.now())]).await?.is_some())
    }

    /// Makes leased jobs due at once: for the start of the only server of a SQLite file, where every lease is one that a
    /// crash left. On PostgreSQL, where other nodes may hold leases, it changes nothing. How many these were.
    ///
    /// # Errors
    /// [`super::StoreError`].
    pub async fn take_back_jobs(&self) -> Result<u64> {
        if !self.db.is_sqlite() {
            return Ok(0);
        }
        let mut tx = self.begin().await?;
        let touched = tx.run(TAKE_BACK, args![micros(self.clock.now())]).await?;
        tx.commit().await?;
        Ok(touched)
    }

    /// Done; the message moves as the mode says unless its owner has sorted it meanwhile; the ledger gets
    /// `mail-accepted`. One transaction.
    ///
    /// # Errors
    /// [`super::StoreError::Missing`] when the lease on the job is somebody else's by now: nothing is written.
    pub async fn job_done(
        &self,
        job: &Job,
        message: MessageId,
        move_to: Option<Folder>,
        detail: &str,
    ) -> Result<()> {
        let now = self.clock.now();
        let (job, line) = (job.clone(), Some(Line::new(Some(message), "mail-accepted", detail)));
        let lamp = JobId::from_uuid(self.clock.uuid());
        self.write(move |tx| {
            Box::pin(async move {
                report(tx, &job, JobState::Done, now, now, None, line).await?;
                if let Some(folder) = move_to {
                    let moved = if matches!(job.work, Work::MailAway { .. }) {
                        trash(tx, job.tenant, message, micros(now)).await?
                    } else {
                        move_from_inbox(tx, job.tenant, message, folder, micros(now)).await?
                    };
                    if let Some(mailbox) = moved {
                        lamps::changed(tx, job.tenant, mailbox, lamp, now).await?;
                    }
                }
                Ok(())
            })
        })
        .await
    }

    /// Done without a mail, because nobody wants it any more; the ledger gets `mail-skipped`. One transaction.
    ///
    /// # Errors
    /// [`super::StoreError::Missing`] when the lease on the job is somebody else's by now.
    pub async fn job_skipped(&self, job: &Job, why: &str) -> Result<()> {
        let line = Line::new(message_of(&job.work), "mail-skipped", why);
        self.end_try(job, JobState::Done, self.clock.now(), Some(why), Some(line)).await
    }

    /// Done, and of no concern to any message's ledger.
    ///
    /// # Errors
    /// [`super::StoreError::Missing`] when the lease on the job is somebody else's by now.
    pub async fn job_finished(&self, job: &Job) -> Result<()> {
        self.end_try(job, JobState::Done, self.clock.now(), None, None).await
    }

    /// To be tried again at `at`; the ledger gets `mail-deferred`. One transaction.
    ///
    /// # Errors
    /// [`super::StoreError::Missing`] when the lease on the job is somebody else's by now.
    pub async fn job_retry(&self, job: &Job, at: Timestamp, error: &str) -> Result<()> {
        let line = Line::new(message_of(&job.work), "mail-deferred", error);
        self.end_try(job, JobState::Retry, at, Some(error), Some(line)).await
    }

    /// Given up; the ledger gets `mail-bounced`. One transaction.
    ///
    /// # Errors
    /// [`super::StoreError::Missing`] when the lease on the job is somebody else's by now.
    pub async fn job_dead(&self, job: &Job, error: &str) -> Result<()> {
        let line = Line::new(message_of(&job.work), "mail-bounced", error);
        self.end_try(job, JobState::Dead, self.clock.now(), Some(error), Some(line)).await
    }

    async fn end_try(
        &self,
        job: &Job,
        state: JobState,
        at: Timestamp,
        error: Option<&str>,
        line: Option<Line>,
    ) -> Result<()> {
        let (job, error, now) = (job.clone(), error.map(bounded), self.clock.now());
        self.write(move |tx| Box::pin(async move { report(tx, &job, state, at, now, error, line).await }))
            .await
    }

    /// Adds a job about no message.
    ///
    /// # Errors
    /// [`super::StoreError::Refused`] when the tenant is gone.
    pub async fn add_job(&self, tenant: TenantId, job: &NewJob) -> Result<()> {
        let nobody: Option<uuid::Uuid> = None;
        let mut tx = self.begin().await?;
        let (work, now) = (to_json(&job.work)?, micros(self.clock.now()));
        let args = args![job.id.uuid(), tenant.uuid(), nobody, work, JOB_QUEUED, micros(job.due), now];
        tx.run(ADD_JOB, args).await.taken("job", job.id)?;
        Ok(tx.commit().await?)
    }

    /// Adds a job about a message of this mailbox, unless the same one is under way.
    ///
    /// # Errors
    /// [`super::StoreError::Missing`] when the message is not there.
    pub async fn add_job_about(&self, owner: Owner, message: MessageId, job: &NewJob) -> Result<()> {
        let mut tx = self.begin().await?;
        let own = args![owner.tenant.uuid(), owner.mailbox.uuid(), message.uuid()];
        found(tx.rows(OWN_MESSAGE, own).await?.len() as u64, "message", message)?;
        let (work, now) = (to_json(&job.work)?, micros(self.clock.now()));
        let same = args![owner.tenant.uuid(), message.uuid(), work.clone()];
        if !tx.rows(SAME_JOB, same).await?.is_empty() {
            return Ok(());
        }
        let about = Some(message.uuid());
        let args = args![job.id.uuid(), owner.tenant.uuid(), about, work, JOB_QUEUED, micros(job.due), now];
        tx.run(ADD_JOB, args).await.taken("job", job.id)?;
        Ok(tx.commit().await?)
    }

    /// A dead or waiting job becomes due at once.
    ///
    /// # Errors
    /// [`super::StoreError::Missing`] when there is no such job, or it runs or is done.
    pub async fn job_again(&self, id: JobId) -> Result<()> {
        let mut tx = self.begin().await?;
        let touched = tx.run(AGAIN, args![id.uuid(), micros(self.clock.now())]).await?;
        found(touched, "dead or waiting job", id)?;
        Ok(tx.commit().await?)
    }

    /// Newest first, at most `limit`; `None` for all states.
    ///
    /// # Errors
    /// [`super::StoreError`].
    pub async fn jobs(&self, state: Option<JobState>, limit: u32) -> Result<Vec<Job>> {
        let rows = match state {
            Some(state) => self.db.rows(NEWEST_OF_STATE, args![limit, state.as_str()]).await?,
            None => self.db.rows(NEWEST, args![limit]).await?,
        };
        rows.iter().map(read_job).collect()
    }

    /// How many jobs are in each state but [`JobState::Done`], those with none included.
    ///
    /// # Errors
    /// [`super::StoreError`].
    pub async fn open_jobs(&self) -> Result<Vec<(JobState, u64)>> {
        let mut counts =
            [JobState::Queued, JobState::Running, JobState::Retry, JobState::Dead].map(|state| (state, 0));
        for row in &self.db.rows(COUNT, args![]).await? {
            let row = Reader::new(row, "jobs", "state");
            let state: JobState = row.word("state")?;
            let jobs = row.number("jobs")?;
            for (_, count) in counts.iter_mut().filter(|(of, _)| *of == state) {
                *count = jobs;
            }
        }
        Ok(counts.to_vec())
    }
}

/// The message that the work is about, if it is still there.
pub(super) const fn message_of(work: &Work) -> Option<MessageId> {
    match work {
        Work::Mail { message, .. } | Work::MailAway { message, .. } => Some(*message),
        Work::Lamp { .. }
        | Work::Notice { .. }
        | Work::Door { .. }
        | Work::Security { .. }
        | Work::Purge { .. } => None,
    }
}

/// Leases what is due.
async fn take(
    tx: &mut Tx,
    sql: &'static str,
    (now, until): (Timestamp, Timestamp),
    limit: u32,
    lamps: u32,
) -> Result<Vec<Job>> {
    let rows = tx.rows(sql, args![micros(now), micros(until), limit, lamps]).await?;
    let mut jobs = Vec::with_capacity(rows.len());
    for row in &rows {
        match read_job(row) {
            Ok(job) => jobs.push(job),
            // One unreadable job must not hold up all others: it waits for a person.
            Err(error) => {
                tracing::error!(%error, "a job cannot be read and is given up");
                let id = Reader::new(row, "jobs", "id").id("id")?;
                tx.run(UNREADABLE, args![id, micros(now), bounded(&error.to_string())]).await?;
            }
        }
    }
    Ok(jobs)
}

/// What the ledger of a message gets when a try ends.
struct Line {
    message: Option<MessageId>,
    event: &'static str,
    detail: String,
}

impl Line {
    fn new(message: Option<MessageId>, event: &'static str, detail: &str) -> Self {
        Self { message, event, detail: bounded(detail) }
    }
}

/// Writes how a try ended, if the lease is still ours, and the ledger's line.
async fn report(
    tx: &mut Tx,
    job: &Job,
    state: JobState,
    at: Timestamp,
    now: Timestamp,
    error: Option<String>,
    line: Option<Line>,
) -> Result<()> {
    let (tenant, id) = (job.tenant.uuid(), job.id.uuid());
    let mut statements = vec![(REPORT, args![tenant, id, job.attempts, state.as_str(), micros(at), error])];
    if let Some(Line { message: Some(message), event, detail }) = line {
        statements.push((ENTER, args![tenant, message.uuid(), micros(now), event, detail]));
    }
    match tx.batch(statements).await?.first() {
        Some(1..) => Ok(()),
        _ => Err(missing("lease of ours on job", job.id)),
    }
}

pub(super) fn read_job(row: &Row) -> Result<Job> {
    let row = Reader::new(row, "jobs", "id");
    Ok(Job {
        id: JobId::from_uuid(row.id("id")?),
        tenant: TenantId::from_uuid(row.id("tenant_id")?),
        work: row.json("work")?,
        state: row.word("state")?,
        attempts: row.number("attempts")?,
        next_at: row.time("next_at")?,
        created_at: row.time("created_at")?,
        last_error: row.opt_text("last_error")?,
    })
}
