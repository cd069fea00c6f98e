//! What is kept for how long: the trash, links that have expired, jobs that are done. Sweeps every hour.
//!
//! Removes rows only; the audio of what it removes is deleted by jobs of the outbox. Several nodes may sweep at once.

use std::time::Duration;

use jiff::Timestamp;
use tokio_util::sync::CancellationToken;

use crate::clock::SharedClock;
use crate::store::{Result, Stale, Store};

use super::signin;

/// Time between two sweeps.
const EVERY: Duration = Duration::from_secs(3600);
/// Time until the next try when the store did not answer.
const AGAIN: Duration = Duration::from_secs(300);
/// A link's page can say for so long that it has expired, rather than that there is no such link.
const LINKS: Duration = Duration::from_secs(90 * 24 * 3600);
/// Done jobs can be looked at for so long. Those that were given up stay: a person must look at them.
const JOBS: Duration = Duration::from_secs(90 * 24 * 3600);
/// Sources of wrong PINs are remembered for so long after the last one; what was counted for a mailbox stays.
const GUESSES: Duration = Duration::from_secs(24 * 3600);
/// Answers to requests that may come twice.
const ANSWERS: Duration = Duration::from_secs(24 * 3600);
/// Lines of the audit.
const AUDIT: Duration = Duration::from_secs(2 * 365 * 24 * 3600);
/// How a call that was asked for went can be looked at for so long.
const CALLS: Duration = Duration::from_secs(24 * 3600);
/// What came of something that was done to many users can be looked at for so long.
pub const RUNS: Duration = Duration::from_secs(7 * 24 * 3600);
/// A change of rules, hours or lists can be taken back for so long.
const UNDO: Duration = Duration::from_secs(24 * 3600);
/// Who was removed can be brought back for so long (004-10).
pub const BIN: Duration = Duration::from_secs(30 * 24 * 3600);
/// Rows in one transaction: deposits must not wait long for it.
const BATCH: u32 = 100;

/// What a sweep removed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Swept {
    /// Messages of the trash.
    pub messages: u64,
    /// Links.
    pub links: u64,
    /// Jobs.
    pub jobs: u64,
    /// Users who were in the bin for long enough, with mailbox and greetings.
    pub users: u64,
}

/// Removes what has lain long enough. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Retention {
    store: Store,
    clock: SharedClock,
    trash: Duration,
}

impl Retention {
    /// Messages stay in the trash for `trash`.
    pub const fn new(store: Store, clock: SharedClock, trash: Duration) -> Self {
        Self { store, clock, trash }
    }

    /// Sweeps now and every hour until `stop` is cancelled.
    pub async fn run(&self, stop: CancellationToken) {
        let mut is_failing = false;
        loop {
            let swept = tokio::select! {
                () = stop.cancelled() => return,
                swept = self.sweep() => swept,
            };
            let pause = match swept {
                Ok(swept) => {
                    is_failing = false;
                    report(swept);
                    EVERY
                }
                Err(error) => {
                    if !std::mem::replace(&mut is_failing, true) {
                        tracing::warn!(%error, "the trash cannot be emptied now; it is tried again");
                    }
                    AGAIN
                }
            };
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(pause) => {}
            }
        }
    }

    /// Removes everything that is old enough at this moment, in small transactions.
    ///
    /// # Errors
    /// When the store is away; what was removed until then stays removed.
    pub async fn sweep(&self) -> Result<Swept> {
        let mut swept = Swept::default();
        let before = self.before(self.trash);
        while all_of(self.store.purge_trash(before, BATCH).await?, &mut swept.messages) {}
        let before = self.before(BIN);
        while all_of(self.store.purge_users(before, BATCH).await?, &mut swept.users) {}
        let before = self.before(LINKS);
        while all_of(self.store.purge_links(before, BATCH).await?, &mut swept.links) {}
        let before = self.before(JOBS);
        while all_of(self.store.purge_jobs(before, BATCH).await?, &mut swept.jobs) {}
        self.store.purge_guesses(self.before(GUESSES)).await?;
        let stale = Stale {
            idle: self.before(signin::IDLE),
            opened: self.before(signin::ABSOLUTE),
            doors: self.clock.now(),
            answers: self.before(ANSWERS),
            audit: self.before(AUDIT),
        };
        self.store.purge_access(stale).await?;
        self.store.purge_calls(self.before(CALLS)).await?;
        self.store.purge_undo(self.before(UNDO)).await?;
        self.store.purge_drafts(self.clock.now()).await?;
        self.store.purge_bulk_runs(self.before(RUNS)).await?;
        Ok(swept)
    }

    fn before(&self, age: Duration) -> Timestamp {
        self.clock.now().saturating_sub(age).unwrap_or(Timestamp::MIN)
    }
}

/// Counts a batch. True when it was full, so that there may be more.
fn all_of(removed: u32, count: &mut u64) -> bool {
    *count += u64::from(removed);
    removed >= BATCH
}

fn report(swept: Swept) {
    let Swept { messages, links, jobs, users } = swept;
    metrics::counter!("aftertone_messages_purged_total").increment(messages);
    if swept != Swept::default() {
        tracing::info!(messages, links, jobs, users, "what lay long enough was removed");
    }
}
