//! Calls that were asked for, and how they go: the post box between whoever asks and the server that calls.
//!
//! A request is taken up once, by one server, and never again: a person who put the phone down is not called a second
//! time because a process died. How long is waited, and what is called, belongs to `service::call_me`.

use std::time::Duration;

use jiff::Timestamp;

use super::db::{Row, args};
use super::fault::{Named as _, found};
use super::read::{Reader, micros, to_json};
use super::{Result, Store};
use crate::domain::{CallRequestId, CallStep, GreetingKind, GreetingName, MailboxId, Owner, TenantId};

macro_rules! columns {
    ($before:literal, $after:literal) => {
        concat!(
            $before,
            " id, tenant_id, mailbox_id, kind, target, label, state, wanted, held_until, followed ",
            $after
        )
    };
}

macro_rules! take {
    ($lock:literal) => {
        concat!(
            "UPDATE call_requests SET state = 'running', held_until = $2 WHERE id IN (
                 SELECT id FROM call_requests WHERE state = 'waiting' AND wanted AND asked_at >= $1
                 ORDER BY asked_at LIMIT 1 ",
            $lock,
            ") ",
            columns!("RETURNING", "")
        )
    };
}

const TAKE_SQLITE: &str = take!("");
const TAKE_POSTGRES: &str = take!("FOR UPDATE SKIP LOCKED");

const WAITING: &str =
    "SELECT COUNT(*) AS waiting FROM call_requests WHERE state = 'waiting' AND asked_at >= $1";

// What nobody took up, and what its server left behind, stands in nobody's way.
const CLEAR: &str = "UPDATE call_requests SET state = 'over' WHERE tenant_id = $1 AND mailbox_id = $2
    AND ((state = 'running' AND held_until < $3) OR (state = 'waiting' AND asked_at < $4))";

const ASK: &str =
    "INSERT INTO call_requests (id, tenant_id, mailbox_id, kind, target, state, wanted, asked_at, held_until, label)
    VALUES ($1, $2, $3, $4, $5, 'waiting', $6, $7, $7, $8)";

const HOLD: &str =
    "UPDATE call_requests SET held_until = $2 WHERE id = $1 AND state = 'running' RETURNING id, wanted";

const FOLLOW: &str = "UPDATE call_requests SET followed = followed + 1 WHERE id = $1 AND state <> 'over'";

const GIVE_UP: &str = "UPDATE call_requests SET wanted = $2,
    state = CASE WHEN state = 'waiting' THEN 'over' ELSE state END WHERE id = $1";

const WITHDRAW: &str = "UPDATE call_requests SET state = 'over' WHERE id = $1 AND state = 'waiting'";

const BY_ID: &str = columns!("SELECT", "FROM call_requests WHERE id = $1");

const RUNNING: &str =
    "SELECT COUNT(*) AS running FROM call_requests WHERE state = 'running' AND held_until >= $1";

const NOTE: &str = "INSERT INTO call_news (request_id, place, at, step) VALUES ($1, $2, $3, $4)";

const OVER: &str = "UPDATE call_requests SET state = 'over' WHERE id = $1";

const NEWS: &str =
    "SELECT request_id, place, at, step FROM call_news WHERE request_id = $1 AND place >= $2 ORDER BY place";

const OLD_NEWS: &str =
    "DELETE FROM call_news WHERE request_id IN (SELECT id FROM call_requests WHERE asked_at < $1)";
const OLD: &str = "DELETE FROM call_requests WHERE asked_at < $1";

/// Where a request stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum CallState {
    /// No server has taken it up.
    Waiting,
    /// A server calls.
    Running,
    /// It is over, or was taken back.
    Over,
}

/// A call that somebody asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallRequest {
    /// Identity.
    pub id: CallRequestId,
    /// Whose greeting it becomes.
    pub owner: Owner,
    /// Which greeting.
    pub kind: GreetingKind,
    /// The number to call.
    pub target: String,
    /// What the greeting is to be called, when somebody gave it a name.
    pub name: Option<GreetingName>,
    /// Where it stands.
    pub state: CallState,
    /// False: whoever asked gave it up.
    pub wanted: bool,
    /// Until then the server that took it up is known to be there.
    pub held_until: Timestamp,
    /// How often whoever asked has said that they still follow it.
    pub followed: u32,
}

/// One line of how a call goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CallNews {
    /// Its number, from 0.
    pub place: u32,
    /// When.
    pub at: Timestamp,
    /// How far the call is.
    pub step: CallStep,
}

impl Store {
    /// Asks for a call. Requests of this mailbox that nobody took up since `stale` are taken back before.
    ///
    /// # Errors
    /// [`super::StoreError::Taken`] while another call for this mailbox is asked for or runs;
    /// [`super::StoreError::Missing`] names the mailbox.
    pub async fn ask_for_call(
        &self,
        id: CallRequestId,
        owner: Owner,
        kind: GreetingKind,
        target: &str,
        name: Option<&GreetingName>,
        stale: Timestamp,
    ) -> Result<()> {
        let (tenant, mailbox, now) = (owner.tenant.uuid(), owner.mailbox.uuid(), micros(self.clock.now()));
        let mut tx = self.begin().await?;
        tx.run(CLEAR, args![tenant, mailbox, now, micros(stale)]).await?;
        let name = name.map(ToString::to_string);
        let asked = args![id.uuid(), tenant, mailbox, kind.as_str(), target, true, now, name];
        let asked = tx.run(ASK, asked).await.taken("call for the mailbox", owner.mailbox);
        asked.orphan("mailbox", owner.mailbox)?;
        Ok(tx.commit().await?)
    }

    /// Takes up the oldest request that waits since `since` or later; no two servers get the same one. It is this
    /// server's for `hold`.
    ///
    /// # Errors
    /// [`super::StoreError`].
    pub async fn take_call(&self, since: Timestamp, hold: Duration) -> Result<Option<CallRequest>> {
        // Reads first: this is asked several times a second, and nearly always in vain.
        let row = self.db.row(WAITING, args![micros(since)]).await?;
        let waiting: u32 =
            row.map_or(Ok(0), |row| Reader::new(&row, "call_requests", "waiting").number("waiting"))?;
        if waiting == 0 {
            return Ok(None);
        }
        let until = self.clock.now().saturating_add(hold).unwrap_or(Timestamp::MAX);
        let sql = if self.db.is_sqlite() { TAKE_SQLITE } else { TAKE_POSTGRES };
        let mut tx = self.begin().await?;
        let rows = tx.rows(sql, args![micros(since), micros(until)]).await?;
        let taken = rows.first().map(read_request).transpose()?;
        tx.commit().await?;
        Ok(taken)
    }

    /// Says that the server is still there; whether the call is still wanted.
    ///
    /// # Errors
    /// [`super::StoreError::Missing`] when the request is over.
    pub async fn hold_call(&self, id: CallRequestId, hold: Duration) -> Result<bool> {
        let until = self.clock.now().saturating_add(hold).unwrap_or(Timestamp::MAX);
        let mut tx = self.begin().await?;
        let rows = tx.rows(HOLD, args![id.uuid(), micros(until)]).await?;
        found(rows.len() as u64, "running call", id)?;
        let wanted = match rows.first() {
            Some(row) => Reader::new(row, "call_requests", "id").flag("wanted")?,
            None => false,
        };
        tx.commit().await?;
        Ok(wanted)
    }

    /// Whoever asked says that they still follow the call.
    ///
    /// # Errors
    /// [`super::StoreError`].
    pub async fn follow_call(&self, id: CallRequestId) -> Result<()> {
        let mut tx = self.begin().await?;
        tx.run(FOLLOW, args![id.uuid()]).await?;
        Ok(tx.commit().await?)
    }

    /// The call is not wanted any more. One that waits is over at once; one that runs is ended by its server.
    ///
    /// # Errors
    /// [`super::StoreError::Missing`].
    pub async fn give_call_up(&self, id: CallRequestId) -> Result<()> {
        let mut tx = self.begin().await?;
        let touched = tx.run(GIVE_UP, args![id.uuid(), false]).await?;
        found(touched, "call", id)?;
        Ok(tx.commit().await?)
    }

    /// Takes a request back that no server has taken up. False: one has.
    ///
    /// # Errors
    /// [`super::StoreError`].
    pub async fn withdraw_call(&self, id: CallRequestId) -> Result<bool> {
        let mut tx = self.begin().await?;
        let touched = tx.run(WITHDRAW, args![id.uuid()]).await?;
        tx.commit().await?;
        Ok(touched > 0)
    }

    /// The request as it stands.
    ///
    /// # Errors
    /// [`super::StoreError::Missing`].
    pub async fn call_request(&self, id: CallRequestId) -> Result<CallRequest> {
        let row = self.db.row(BY_ID, args![id.uuid()]).await?;
        read_request(&row.ok_or_else(|| super::fault::missing("call", id))?)
    }

    /// Whether any call of ours runs at this moment.
    ///
    /// # Errors
    /// [`super::StoreError`].
    pub async fn calls_run(&self) -> Result<bool> {
        let row = self.db.row(RUNNING, args![micros(self.clock.now())]).await?;
        let running: u32 =
            row.map_or(Ok(0), |row| Reader::new(&row, "call_requests", "running").number("running"))?;
        Ok(running > 0)
    }

    /// Writes down how far the call is. With the last step the request is over, in the same transaction.
    ///
    /// # Errors
    /// [`super::StoreError`].
    pub async fn note_call(&self, id: CallRequestId, place: u32, step: CallStep) -> Result<()> {
        let mut tx = self.begin().await?;
        let line = args![id.uuid(), place, micros(self.clock.now()), to_json(&step)?];
        tx.run(NOTE, line).await.taken("line of the call", place).orphan("call", id)?;
        if step.is_last() {
            tx.run(OVER, args![id.uuid()]).await?;
        }
        Ok(tx.commit().await?)
    }

    /// How the call goes, from this line on.
    ///
    /// # Errors
    /// [`super::StoreError`].
    pub async fn call_news(&self, id: CallRequestId, from: u32) -> Result<Vec<CallNews>> {
        self.db.rows(NEWS, args![id.uuid(), from]).await?.iter().map(read_news).collect()
    }

    /// Forgets what was asked for before `before`.
    ///
    /// # Errors
    /// [`super::StoreError`].
    pub async fn purge_calls(&self, before: Timestamp) -> Result<u64> {
        let mut tx = self.begin().await?;
        tx.run(OLD_NEWS, args![micros(before)]).await?;
        let touched = tx.run(OLD, args![micros(before)]).await?;
        tx.commit().await?;
        Ok(touched)
    }
}

fn read_request(row: &Row) -> Result<CallRequest> {
    let row = Reader::new(row, "call_requests", "id");
    Ok(CallRequest {
        id: CallRequestId::from_uuid(row.id("id")?),
        owner: Owner {
            tenant: TenantId::from_uuid(row.id("tenant_id")?),
            mailbox: MailboxId::from_uuid(row.id("mailbox_id")?),
        },
        kind: row.parsed("kind")?,
        target: row.text("target")?,
        name: row.opt_parsed("label")?,
        state: row.word("state")?,
        wanted: row.flag("wanted")?,
        held_until: row.time("held_until")?,
        followed: row.number("followed")?,
    })
}

fn read_news(row: &Row) -> Result<CallNews> {
    let row = Reader::new(row, "call_news", "request_id");
    Ok(CallNews { place: row.number("place")?, at: row.time("at")?, step: row.json("step")? })
}
