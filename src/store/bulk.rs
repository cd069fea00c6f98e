//! What is done to many users, one after the other: a run with a row for each, kept so that another server goes on with it.
//!
//! A row is begun before anything is done to its user, and at most once: one that was begun by a server that died is told
//! as not known, and not tried again.

use jiff::Timestamp;

use super::db::{Row, args};
use super::fault::{Named as _, found, missing};
use super::read::{Reader, bounded, micros};
use super::tx::Statement;
use super::{Result, Store};
use crate::domain::{BulkId, TenantId, UserId};

/// Statements that go to the database in one trip.
const AT_ONCE: usize = 200;
/// Runs of a list.
const MOST_RUNS: u32 = 50;

macro_rules! runs {
    ($rest:literal) => {
        concat!(
            "SELECT id, tenant_id, act, parts, actor, state, total, done, failed, made_at, over_at FROM bulk_runs ",
            $rest
        )
    };
}

const LIST: &str = runs!("WHERE tenant_id = $1 ORDER BY made_at DESC, id DESC LIMIT $2");
const ONE: &str = runs!("WHERE tenant_id = $1 AND id = $2");
const FREE: &str =
    runs!("WHERE state = 'running' AND leased_until < $1 ORDER BY leased_until, made_at LIMIT 1");

const ADD: &str = "INSERT INTO bulk_runs
    (id, tenant_id, act, parts, actor, state, total, done, failed, leased_until, made_at)
    VALUES ($1, $2, $3, $4, $5, 'running', $6, 0, 0, 0, $7)";

const ADD_ROW: &str = "INSERT INTO bulk_rows (tenant_id, run_id, place, user_id, who, state)
    VALUES ($1, $2, $3, $4, '', 'waiting')";

const LEASE: &str =
    "UPDATE bulk_runs SET leased_until = $2 WHERE id = $1 AND state = 'running' AND leased_until < $3";
const HOLD: &str = "UPDATE bulk_runs SET leased_until = $2 WHERE id = $1 AND state = 'running'";
const RELEASE: &str = "UPDATE bulk_runs SET leased_until = 0 WHERE id = $1 AND state = 'running'";

const LOST: &str = "UPDATE bulk_rows SET state = 'failed', why = $3
    WHERE tenant_id = $1 AND run_id = $2 AND state = 'begun'";

const NEXT: &str = "SELECT place, user_id FROM bulk_rows
    WHERE run_id = $1 AND state = 'waiting' AND tenant_id = $2 ORDER BY place LIMIT 1";
const BEGIN: &str = "UPDATE bulk_rows SET state = 'begun'
    WHERE tenant_id = $1 AND run_id = $2 AND place = $3 AND state = 'waiting'";
const END: &str = "UPDATE bulk_rows SET state = $4, who = $5, why = $6
    WHERE tenant_id = $1 AND run_id = $2 AND place = $3 AND state = 'begun'";
const COUNT: &str =
    "UPDATE bulk_runs SET done = done + $3, failed = failed + $4 WHERE tenant_id = $1 AND id = $2";
const OVER: &str = "UPDATE bulk_runs SET state = 'done', over_at = $2 WHERE id = $1 AND state = 'running'";

const CANCEL: &str = "UPDATE bulk_runs SET state = 'cancelled', over_at = $3
    WHERE tenant_id = $1 AND id = $2 AND state = 'running'";
const SKIP: &str = "UPDATE bulk_rows SET state = 'skipped'
    WHERE tenant_id = $1 AND run_id = $2 AND state = 'waiting'";

const ROWS: &str = "SELECT place, user_id, who, state, why FROM bulk_rows
    WHERE tenant_id = $1 AND run_id = $2 AND place > $3 ORDER BY place LIMIT $4";

const PURGE_ROWS: &str = "DELETE FROM bulk_rows WHERE run_id IN
    (SELECT id FROM bulk_runs WHERE state <> 'running' AND made_at < $1)";
const PURGE: &str = "DELETE FROM bulk_runs WHERE state <> 'running' AND made_at < $1";

/// What goes with a tenant.
pub(super) const FORGET_RUNS: [&str; 2] =
    ["DELETE FROM bulk_rows WHERE tenant_id = $1", "DELETE FROM bulk_runs WHERE tenant_id = $1"];

/// Where a run stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum BulkState {
    /// It goes on, or waits for a server.
    Running,
    /// Every user had a turn.
    Done,
    /// Somebody stopped it: the rest had no turn.
    Cancelled,
}

/// Something that is done to many users.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BulkRun {
    /// Identity.
    pub id: BulkId,
    /// Whose users.
    pub tenant: TenantId,
    /// The word of what is done.
    pub act: String,
    /// Parts of it, as JSON.
    pub parts: String,
    /// On whose behalf, as JSON.
    pub actor: String,
    /// Where it stands.
    pub state: BulkState,
    /// Users.
    pub total: u32,
    /// Users to whom it was done.
    pub done: u32,
    /// Users to whom it was not done.
    pub failed: u32,
    /// When it was asked for.
    pub made_at: Timestamp,
    /// When it was over.
    pub over_at: Option<Timestamp>,
}

/// How it went with one user.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RowState {
    /// Has no turn yet.
    Waiting,
    /// Has its turn now.
    Begun,
    /// It was done.
    Done,
    /// It was not done.
    Failed,
    /// The run was stopped before its turn.
    Skipped,
}

/// One user of a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BulkRow {
    /// Its place in the run, from 0 on.
    pub place: u32,
    /// Who.
    pub user: UserId,
    /// Name and extension, once there was a turn.
    pub who: String,
    /// How it went.
    pub state: RowState,
    /// Why it was not done.
    pub why: Option<String>,
}

impl Store {
    /// Keeps a run with its users.
    ///
    /// # Errors
    /// [`super::StoreError::Missing`] names the tenant.
    pub async fn add_bulk_run(&self, run: &BulkRun, users: &[UserId]) -> Result<()> {
        let (id, tenant) = (run.id.uuid(), run.tenant.uuid());
        let new = args![
            id,
            tenant,
            run.act.as_str(),
            run.parts.as_str(),
            run.actor.as_str(),
            run.total,
            micros(run.made_at),
        ];
        let mut tx = self.begin().await?;
        tx.run(ADD, new).await.orphan("tenant", run.tenant)?;
        let mut statements: Vec<Statement> = Vec::new();
        for (place, user) in (0_u32..).zip(users) {
            statements.push((ADD_ROW, args![tenant, id, place, user.uuid()]));
            if statements.len() >= AT_ONCE {
                tx.batch(std::mem::take(&mut statements)).await?;
            }
        }
        if !statements.is_empty() {
            tx.batch(statements).await?;
        }
        Ok(tx.commit().await?)
    }

    /// The runs of a tenant, newest first; the last 50.
    ///
    /// # Errors
    /// [`super::StoreError`].
    pub async fn bulk_runs(&self, tenant: TenantId) -> Result<Vec<BulkRun>> {
        let rows = self.db.rows(LIST, args![tenant.uuid(), MOST_RUNS]).await?;
        rows.iter().map(read_run).collect()
    }

    /// One run.
    ///
    /// # Errors
    /// [`super::StoreError::Missing`].
    pub async fn bulk_run(&self, tenant: TenantId, id: BulkId) -> Result<BulkRun> {
        let row = self.db.row(ONE, args![tenant.uuid(), id.uuid()]).await?;
        read_run(&row.ok_or_else(|| missing("run", id))?)
    }

    /// Users of a run after a place, in their order.
    ///
    /// # Errors
    /// [`super::StoreError`].
    pub async fn bulk_rows(
        &self,
        tenant: TenantId,
        id: BulkId,
        after: Option<u32>,
        limit: u32,
    ) -> Result<Vec<BulkRow>> {
        let after = after.map_or(-1, i64::from);
        let rows = self.db.rows(ROWS, args![tenant.uuid(), id.uuid(), after, limit]).await?;
        rows.iter().map(read_row).collect()
    }

    /// Takes a run that no server works on, until then; what a server that died had begun is told as lost.
    ///
    /// # Errors
    /// [`super::StoreError`].
    pub async fn lease_bulk_run(&self, until: Timestamp, lost: &str) -> Result<Option<BulkRun>> {
        let now = micros(self.clock.now());
        let Some(row) = self.db.row(FREE, args![now]).await? else { return Ok(None) };
        let run = read_run(&row)?;
        let (tenant, id) = (run.tenant.uuid(), run.id.uuid());
        let mut tx = self.begin().await?;
        if tx.run(LEASE, args![id, micros(until), now]).await? == 0 {
            return Ok(None);
        }
        let lost = tx.run(LOST, args![tenant, id, lost]).await?;
        tx.run(COUNT, args![tenant, id, 0_i64, i64::try_from(lost).unwrap_or(i64::MAX)]).await?;
        tx.commit().await?;
        Ok(Some(run))
    }

    /// Begins the next row of a run that is held, and holds it until then. `None`: every user had a turn, or it was stopped.
    ///
    /// # Errors
    /// [`super::StoreError`].
    pub async fn begin_bulk_row(&self, run: &BulkRun, until: Timestamp) -> Result<Option<(u32, UserId)>> {
        let (tenant, id) = (run.tenant.uuid(), run.id.uuid());
        let mut tx = self.begin().await?;
        if tx.run(HOLD, args![id, micros(until)]).await? == 0 {
            return Ok(None);
        }
        let next = match tx.rows(NEXT, args![id, tenant]).await?.first() {
            Some(row) => {
                let row = Reader::new(row, "bulk_rows", "user_id");
                let (place, user) = (row.number::<u32>("place")?, UserId::from_uuid(row.id("user_id")?));
                found(tx.run(BEGIN, args![tenant, id, place]).await?, "user of the run", user)?;
                Some((place, user))
            }
            None => {
                tx.run(OVER, args![id, micros(self.clock.now())]).await?;
                None
            }
        };
        tx.commit().await?;
        Ok(next)
    }

    /// Notes how it went with a row that was begun.
    ///
    /// # Errors
    /// [`super::StoreError`].
    pub async fn end_bulk_row(
        &self,
        run: &BulkRun,
        place: u32,
        who: &str,
        result: &Result<(), String>,
    ) -> Result<()> {
        let (tenant, id) = (run.tenant.uuid(), run.id.uuid());
        let (state, why, done, failed) = match result {
            Ok(()) => ("done", None::<String>, 1_i64, 0_i64),
            Err(why) => ("failed", Some(bounded(why)), 0, 1),
        };
        let mut tx = self.begin().await?;
        if tx.run(END, args![tenant, id, place, state, bounded(who), why]).await? > 0 {
            tx.run(COUNT, args![tenant, id, done, failed]).await?;
        }
        Ok(tx.commit().await?)
    }

    /// Lets a run that is held go, so that another server may go on with it at once.
    ///
    /// # Errors
    /// [`super::StoreError`].
    pub async fn release_bulk_run(&self, id: BulkId) -> Result<()> {
        let mut tx = self.begin().await?;
        tx.run(RELEASE, args![id.uuid()]).await?;
        Ok(tx.commit().await?)
    }

    /// Stops a run: who had no turn has none any more.
    ///
    /// # Errors
    /// [`super::StoreError::Missing`] when there is no such run, or it is over.
    pub async fn cancel_bulk_run(&self, tenant: TenantId, id: BulkId) -> Result<()> {
        let mut tx = self.begin().await?;
        let cancelled = tx.run(CANCEL, args![tenant.uuid(), id.uuid(), micros(self.clock.now())]).await?;
        found(cancelled, "run that goes on", id)?;
        tx.run(SKIP, args![tenant.uuid(), id.uuid()]).await?;
        Ok(tx.commit().await?)
    }

    /// Removes runs that were asked for before then and are over.
    ///
    /// # Errors
    /// [`super::StoreError`].
    pub async fn purge_bulk_runs(&self, before: Timestamp) -> Result<()> {
        let mut tx = self.begin().await?;
        tx.run(PURGE_ROWS, args![micros(before)]).await?;
        tx.run(PURGE, args![micros(before)]).await?;
        Ok(tx.commit().await?)
    }
}

fn read_run(row: &Row) -> Result<BulkRun> {
    let row = Reader::new(row, "bulk_runs", "id");
    Ok(BulkRun {
        id: BulkId::from_uuid(row.id("id")?),
        tenant: TenantId::from_uuid(row.id("tenant_id")?),
        act: row.text("act")?,
        parts: row.text("parts")?,
        actor: row.text("actor")?,
        state: row.word("state")?,
        total: row.number("total")?,
        done: row.number("done")?,
        failed: row.number("failed")?,
        made_at: row.time("made_at")?,
        over_at: row.opt_time("over_at")?,
    })
}

fn read_row(row: &Row) -> Result<BulkRow> {
    let row = Reader::new(row, "bulk_rows", "user_id");
    Ok(BulkRow {
        place: row.number("place")?,
        user: UserId::from_uuid(row.id("user_id")?),
        who: row.text("who")?,
        state: row.word("state")?,
        why: row.opt_text("why")?,
    })
}
