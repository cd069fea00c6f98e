//! The resumer: deposits what a crash or an outage left in the spool, oldest first, until it is told to stop.

use std::collections::HashSet;
use std::time::Duration;

use futures_util::StreamExt as _;
use metrics::gauge;
use tokio_util::sync::CancellationToken;

use super::{Deposit, Kept, lock};
use crate::blob::spool::SpoolError;
use crate::domain::RecordingId;

/// Recordings that are resumed at once: calls come first.
const AT_ONCE: usize = 4;
/// So many failures in a row mean that store or bucket is away, and not that a recording is odd.
const GIVE_UP: usize = 8;
/// Longest wait between two tries.
const LONGEST: Duration = Duration::from_secs(60);

/// What a look into the spool came to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Resumed {
    /// Recordings that are done with: stored, dropped or put aside.
    pub done: usize,
    /// Recordings that still wait.
    pub waiting: usize,
}

impl Deposit {
    /// Resumes at once and then again and again until `stop` is cancelled. Waits longer after each failure, at most
    /// a minute, and not at all once a caller's deposit has shown that store and bucket are back.
    pub async fn run_resumer(&self, stop: CancellationToken) {
        let every = self.inner.settings.resume_every;
        let mut pause = every;
        loop {
            let resumed = tokio::select! {
                () = stop.cancelled() => return,
                resumed = self.resume() => resumed,
            };
            pause = match resumed {
                Ok(Resumed { waiting: 0, .. }) => every,
                Ok(Resumed { done: 0, .. }) => pause.saturating_mul(2).min(LONGEST.max(every)),
                Ok(_) => every,
                Err(error) => {
                    tracing::error!(%error, "the spool cannot be looked through");
                    pause.saturating_mul(2).min(LONGEST.max(every))
                }
            };
            tokio::select! {
                () = stop.cancelled() => return,
                () = self.inner.back.notified() => {}
                () = tokio::time::sleep(pause) => {}
            }
        }
    }

    /// Tries once to deposit everything that no call holds: what failed least often first, then the oldest. Gives up
    /// after a few failures in a row; what was not tried comes first the next time.
    ///
    /// # Errors
    /// [`SpoolError::Disk`] when the folder cannot be read.
    pub async fn resume(&self) -> Result<Resumed, SpoolError> {
        let ids = self.in_order(self.inner.spool.abandoned().await?);
        let found = ids.len();
        let mut resumed = Resumed::default();
        let mut in_a_row = 0;
        let mut tries = futures_util::stream::iter(ids)
            .map(|id| async move { (id, self.resume_one(id).await) })
            .buffered(AT_ONCE);
        while let Some((id, kept)) = tries.next().await {
            let failed = match kept {
                None | Some(Kept::Waiting) => true,
                // Put aside, or still there because its disk does not give it back.
                Some(Kept::Failed) => self.inner.spool.size(id).await.is_ok(),
                Some(Kept::Stored(_) | Kept::NoMessage) => false,
            };
            in_a_row = if failed { in_a_row + 1 } else { 0 };
            if failed {
                *lock(&self.inner.tries).entry(id).or_default() += 1;
            } else {
                resumed.done += 1;
            }
            if in_a_row >= GIVE_UP {
                break;
            }
        }
        drop(tries);
        resumed.waiting = found.saturating_sub(resumed.done);
        gauge!("aftertone_deposits_waiting").set(resumed.waiting as f64);
        if resumed.done > 0 {
            let Resumed { done, waiting } = resumed;
            tracing::info!(done, waiting, "recordings left in the spool were taken up");
        }
        Ok(resumed)
    }

    /// `None` when a call works on it.
    async fn resume_one(&self, id: RecordingId) -> Option<Kept> {
        let turn = self.inner.turn(id).await?;
        Some(self.carry_through(id, turn).await)
    }

    fn in_order(&self, mut ids: Vec<RecordingId>) -> Vec<RecordingId> {
        let mut tries = lock(&self.inner.tries);
        let left: HashSet<_> = ids.iter().copied().collect();
        tries.retain(|id, _| left.contains(id));
        lock(&self.inner.waiting).retain(|id| left.contains(id));
        ids.sort_by_key(|id| (tries.get(id).copied().unwrap_or(0), *id));
        ids
    }
}
