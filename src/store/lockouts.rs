//! Guesses at PINs: how many in a row for a number, how many lately from a source; outlives calls and nodes.
//!
//! A guess counts as wrong before the PIN is looked at, and is given back when it was right: however many nodes guess at
//! once, none gets more than the limits. A number counts whether a mailbox has it or not. What the limits are, who is
//! told, and what a source is belong to `service::login`.

use std::time::Duration;

use jiff::Timestamp;

use super::db::{Tx, args};
use super::deposit::ADD_JOB;
use super::fault::Named as _;
use super::jobs::JOB_QUEUED;
use super::read::{Reader, micros, to_json};
use super::{NewJob, Result, Store};
use crate::domain::TenantId;

// Both take the row's lock, in this order everywhere: peer, caller, number.
const LOCK_SOURCE: &str = "INSERT INTO guessers (source, recent, last_at) VALUES ($1, '[]', $2)
    ON CONFLICT (source) DO UPDATE SET last_at = excluded.last_at RETURNING source, recent";

const LOCK_NUMBER: &str = "INSERT INTO lockouts (tenant_id, extension, wrong, last_at) VALUES ($1, $2, 0, $3)
    ON CONFLICT (tenant_id, extension) DO UPDATE SET last_at = excluded.last_at
    RETURNING extension, wrong, locked_at";

const SET_RECENT: &str = "UPDATE guessers SET recent = $2 WHERE source = $1";

const COUNT: &str = "UPDATE lockouts SET wrong = wrong + 1 WHERE tenant_id = $1 AND extension = $2";

const UNCOUNT: &str =
    "UPDATE lockouts SET wrong = wrong - 1 WHERE tenant_id = $1 AND extension = $2 AND wrong > 0";

const FORGIVE: &str =
    "UPDATE lockouts SET wrong = 0, locked_at = NULL WHERE tenant_id = $1 AND extension = $2";

const LOCK_UP: &str = "UPDATE lockouts SET locked_at = $3
    WHERE tenant_id = $1 AND extension = $2 AND wrong >= $4 AND locked_at IS NULL";

/// Wrong guesses at a number count no more; arguments are tenant and extension.
pub(super) const UNLOCK: &str = "DELETE FROM lockouts WHERE tenant_id = $1 AND extension = $2 AND wrong > 0";

const LOCKED: &str = "SELECT extension, wrong, last_at FROM lockouts WHERE tenant_id = $1 AND wrong >= $2";

// What was guessed at a mailbox that is there stays on its account; what nobody has needs no memory of its own.
const OLD_NUMBERS: &str = "DELETE FROM lockouts WHERE last_at < $1 AND (wrong = 0 OR NOT EXISTS
    (SELECT 1 FROM mailboxes m WHERE m.tenant_id = lockouts.tenant_id AND m.extension = lockouts.extension
        AND m.removed_at IS NULL))";

const OLD_SOURCES: &str = "DELETE FROM guessers WHERE last_at < $1";

/// How many wrong guesses there may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// In a row for one number; then it is locked until somebody unlocks it.
    pub number: u32,
    /// From one caller within [`Limits::window`], over all numbers.
    pub caller: u32,
    /// From one peer within [`Limits::window`], over all its callers: who they are is only what it says.
    pub peer: u32,
    /// See there.
    pub window: Duration,
}

/// Who guesses, each as a hash.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Guesser {
    /// The caller, as the peer calls it.
    pub caller: [u8; 32],
    /// The peer that the call came from.
    pub peer: [u8; 32],
}

/// A guess that was counted, or was not even allowed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Guess {
    /// Whose world the number is in.
    pub tenant: TenantId,
    /// The number that was typed.
    pub extension: String,
    /// Who guesses.
    pub guesser: Guesser,
    /// When.
    pub at: Timestamp,
    /// Whether the PIN counts. When not, even the right one is to be refused.
    pub allowed: bool,
    /// Wrong guesses in a row for the number, this one included.
    pub wrong: u32,
}

impl Store {
    /// Counts a guess at the PIN of a number, before the PIN is looked at.
    ///
    /// # Errors
    /// [`super::StoreError`]: then the PIN must not be looked at.
    pub async fn guess(
        &self,
        tenant: TenantId,
        extension: &str,
        guesser: Guesser,
        limits: Limits,
    ) -> Result<Guess> {
        let at = self.clock.now();
        let mut tx = self.begin().await?;
        let mut of_peer = recent(&mut tx, guesser.peer, at, limits.window).await?;
        let mut of_caller = recent(&mut tx, guesser.caller, at, limits.window).await?;
        let number = args![tenant.uuid(), extension, micros(at)];
        let rows = tx.rows(LOCK_NUMBER, number).await.orphan("tenant", tenant)?;
        let row = rows.first().ok_or_else(|| super::fault::missing("number", extension))?;
        let wrong: u32 = Reader::new(row, "lockouts", "extension").number("wrong")?;
        let may_guess = of_peer.len() < limits.peer as usize && of_caller.len() < limits.caller as usize;
        let allowed = may_guess && wrong < limits.number;
        if may_guess {
            of_peer.push(micros(at));
            set_recent(&mut tx, guesser.peer, &of_peer).await?;
            of_caller.push(micros(at));
            set_recent(&mut tx, guesser.caller, &of_caller).await?;
        }
        if allowed {
            tx.run(COUNT, args![tenant.uuid(), extension]).await?;
        }
        tx.commit().await?;
        let wrong = if allowed { wrong + 1 } else { wrong };
        Ok(Guess { tenant, extension: extension.to_owned(), guesser, at, allowed, wrong })
    }

    /// The PIN was not looked at: the guess was none.
    ///
    /// # Errors
    /// [`super::StoreError`]: then the guess stays counted.
    pub async fn not_guessed(&self, guess: &Guess, limits: Limits) -> Result<()> {
        let mut tx = self.begin().await?;
        take_back(&mut tx, guess, limits).await?;
        if guess.allowed {
            tx.run(UNCOUNT, args![guess.tenant.uuid(), guess.extension.as_str()]).await?;
        }
        Ok(tx.commit().await?)
    }

    /// The guess was right: neither number nor source have it on their account any more.
    ///
    /// # Errors
    /// [`super::StoreError`]: then the guess stays counted.
    pub async fn guessed_right(&self, guess: &Guess, limits: Limits) -> Result<()> {
        let mut tx = self.begin().await?;
        take_back(&mut tx, guess, limits).await?;
        tx.run(FORGIVE, args![guess.tenant.uuid(), guess.extension.as_str()]).await?;
        Ok(tx.commit().await?)
    }

    /// The guess was wrong. True when that locked the number at this moment: then these jobs are made, in the same
    /// transaction.
    ///
    /// # Errors
    /// [`super::StoreError`]: the guess stays counted, the number locked by its count.
    pub async fn guessed_wrong(&self, guess: &Guess, limits: Limits, tell: &[NewJob]) -> Result<bool> {
        let now = micros(self.clock.now());
        let mut tx = self.begin().await?;
        let args = args![guess.tenant.uuid(), guess.extension.as_str(), now, limits.number];
        let locked = tx.run(LOCK_UP, args).await? > 0;
        if locked {
            for job in tell {
                let nobody: Option<uuid::Uuid> = None;
                let (tenant, work) = (guess.tenant.uuid(), to_json(&job.work)?);
                let args = args![job.id.uuid(), tenant, nobody, work, JOB_QUEUED, micros(job.due), now];
                tx.run(ADD_JOB, args).await.taken("job", job.id)?;
            }
        }
        tx.commit().await?;
        Ok(locked)
    }

    /// Counts a guess at a password on each of these accounts (who, and from where), before it is looked at; false when one
    /// of them has `limit` within the window already: then none is counted, and even the right password is to be refused.
    ///
    /// # Errors
    /// [`super::StoreError`]: then the password must not be looked at.
    pub async fn guess_password(&self, accounts: &[([u8; 32], usize)], window: Duration) -> Result<bool> {
        let at = self.clock.now();
        let mut tx = self.begin().await?;
        let mut counted = Vec::with_capacity(accounts.len());
        for (account, limit) in accounts {
            let mut recent = recent(&mut tx, *account, at, window).await?;
            if recent.len() >= *limit {
                tx.commit().await?;
                return Ok(false);
            }
            recent.push(micros(at));
            counted.push((*account, recent));
        }
        for (account, recent) in counted {
            set_recent(&mut tx, account, &recent).await?;
        }
        tx.commit().await?;
        Ok(true)
    }

    /// The password was right: the account has no guess on it any more, what was counted besides (where it came from, who
    /// else has the name) one less.
    ///
    /// # Errors
    /// [`super::StoreError`]: then the guesses stay counted.
    pub async fn password_was_right(
        &self,
        account: [u8; 32],
        besides: &[[u8; 32]],
        window: Duration,
    ) -> Result<()> {
        // Each by itself, as guesses take them: two nodes never wait for each other.
        for one in besides {
            let mut tx = self.begin().await?;
            let mut recent = recent(&mut tx, *one, self.clock.now(), window).await?;
            recent.pop();
            set_recent(&mut tx, *one, &recent).await?;
            tx.commit().await?;
        }
        let mut tx = self.begin().await?;
        set_recent(&mut tx, account, &[]).await?;
        Ok(tx.commit().await?)
    }

    /// Forgets the wrong guesses at a number, locked or not; whether there were any.
    ///
    /// # Errors
    /// [`super::StoreError`].
    pub async fn unlock(&self, tenant: TenantId, extension: &str) -> Result<bool> {
        let mut tx = self.begin().await?;
        if tx.run(UNLOCK, args![tenant.uuid(), extension]).await? == 0 {
            return Ok(false);
        }
        tx.commit().await?;
        Ok(true)
    }

    /// Numbers of the tenant that are locked, with the time of the last guess.
    ///
    /// # Errors
    /// [`super::StoreError`].
    pub async fn locked(&self, tenant: TenantId, limits: Limits) -> Result<Vec<(String, Timestamp)>> {
        let rows = self.db.rows(LOCKED, args![tenant.uuid(), limits.number]).await?;
        let read = |row| {
            let row = Reader::new(row, "lockouts", "extension");
            Ok((row.text("extension")?, row.time("last_at")?))
        };
        rows.iter().map(read).collect()
    }

    /// Forgets numbers and sources that nobody has guessed at or from since `before`; wrong guesses at mailboxes stay.
    ///
    /// # Errors
    /// [`super::StoreError`].
    pub async fn purge_guesses(&self, before: Timestamp) -> Result<u64> {
        let mut tx = self.begin().await?;
        let numbers = tx.run(OLD_NUMBERS, args![micros(before)]).await?;
        let sources = tx.run(OLD_SOURCES, args![micros(before)]).await?;
        tx.commit().await?;
        Ok(numbers + sources)
    }
}

/// Peer and caller have the guess on their account no more.
async fn take_back(tx: &mut Tx, guess: &Guess, limits: Limits) -> Result<()> {
    for account in [guess.guesser.peer, guess.guesser.caller] {
        let mut recent = recent(tx, account, guess.at, limits.window).await?;
        if let Some(place) = recent.iter().position(|at| *at == micros(guess.at)) {
            recent.remove(place);
        }
        set_recent(tx, account, &recent).await?;
    }
    Ok(())
}

/// When the source guessed wrong within the window; its row is locked from now on.
async fn recent(tx: &mut Tx, source: [u8; 32], now: Timestamp, window: Duration) -> Result<Vec<i64>> {
    let rows = tx.rows(LOCK_SOURCE, args![source.to_vec(), micros(now)]).await?;
    let row = rows.first().ok_or_else(|| super::fault::missing("source", "of a guess"))?;
    let mut recent: Vec<i64> = Reader::new(row, "guessers", "recent").json("recent")?;
    let since = micros(now.saturating_sub(window).unwrap_or(Timestamp::MIN));
    recent.retain(|at| *at > since);
    Ok(recent)
}

async fn set_recent(tx: &mut Tx, source: [u8; 32], recent: &[i64]) -> Result<()> {
    tx.run(SET_RECENT, args![source.to_vec(), to_json(&recent)?]).await?;
    Ok(())
}
