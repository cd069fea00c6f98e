//! Small writes that share a commit: on SQLite one task writes. It takes every write that waits, gives each a savepoint,
//! and commits them together, so that one sync of the disk serves them all and a refused one harms no other.
//!
//! PostgreSQL groups commits by itself: there each write is a transaction of its own.

use std::panic::AssertUnwindSafe;
use std::pin::Pin;

use futures_util::FutureExt as _;
use tokio::sync::{mpsc, oneshot};

use super::db::{Db, Tx};
use super::{Result, Store, StoreError};

/// Writes that may wait; a caller beyond that waits for room.
const QUEUE: usize = 1024;
/// Writes that share a commit at most: keeps the wait of the first one short.
const BATCH: usize = 256;

/// A write under way.
pub(super) type Writing<'t, T> = Pin<Box<dyn Future<Output = Result<T>> + Send + 't>>;

impl Store {
    /// Runs `work` in a transaction, perhaps together with others. When this answers `Ok`, the work is durable. It is
    /// carried out even if the caller does not wait for the answer.
    ///
    /// # Errors
    /// What the work says: then it has left nothing behind. [`StoreError::Away`] when the commit failed: it may or may
    /// not be there.
    pub(super) async fn write<T, W>(&self, work: W) -> Result<T>
    where
        T: Send + 'static,
        W: for<'t> FnOnce(&'t mut Tx) -> Writing<'t, T> + Send + 'static,
    {
        if let Some(group) = &self.group {
            return group.write(work).await;
        }
        let mut tx = self.begin().await?;
        let value = work(&mut tx).await?;
        tx.commit().await?;
        Ok(value)
    }
}

/// The writer task's mailbox. The task ends when the last [`Store`] of its database is dropped.
#[derive(Debug)]
pub(super) struct Group {
    queue: mpsc::Sender<Box<dyn Write>>,
}

impl Group {
    pub(super) fn start(db: Db) -> Self {
        let (queue, waiting) = mpsc::channel(QUEUE);
        tokio::spawn(run(db, waiting));
        Self { queue }
    }

    async fn write<T, W>(&self, work: W) -> Result<T>
    where
        T: Send + 'static,
        W: for<'t> FnOnce(&'t mut Tx) -> Writing<'t, T> + Send + 'static,
    {
        let stopped = || StoreError::Away("the task that writes has stopped".to_owned());
        let (answer, answered) = oneshot::channel();
        let asked = Asked { work: Some(work), result: None, answer };
        self.queue.send(Box::new(asked)).await.map_err(|_| stopped())?;
        answered.await.map_err(|_| stopped())?
    }
}

/// A write that somebody waits for, whatever its result is.
trait Write: Send {
    /// Does the work. `Err` repeats what went wrong; the result itself is kept for [`Write::answer`].
    fn run<'t>(&'t mut self, tx: &'t mut Tx) -> Writing<'t, ()>;
    /// Tells the caller. `Err` when the commit failed.
    fn answer(self: Box<Self>, committed: &Result<()>);
}

struct Asked<T, W> {
    work: Option<W>,
    result: Option<Result<T>>,
    answer: oneshot::Sender<Result<T>>,
}

impl<T, W> Write for Asked<T, W>
where
    T: Send + 'static,
    W: for<'t> FnOnce(&'t mut Tx) -> Writing<'t, T> + Send + 'static,
{
    fn run<'t>(&'t mut self, tx: &'t mut Tx) -> Writing<'t, ()> {
        Box::pin(async move {
            let Some(work) = self.work.take() else { return Ok(()) };
            let result = work(tx).await;
            let outcome = result.as_ref().map(drop).map_err(same);
            self.result = Some(result);
            outcome
        })
    }

    fn answer(self: Box<Self>, committed: &Result<()>) {
        let result = match (committed, self.result) {
            (_, Some(Err(error))) => Err(error),
            (Ok(()), Some(Ok(value))) => Ok(value),
            (Err(error), _) => Err(same(error)),
            (Ok(()), None) => Err(StoreError::Away("the write was not carried out".to_owned())),
        };
        if self.answer.send(result).is_err() {
            tracing::debug!("a write was answered after its caller had gone");
        }
    }
}

async fn run(db: Db, mut waiting: mpsc::Receiver<Box<dyn Write>>) {
    let mut batch = Vec::with_capacity(BATCH);
    while waiting.recv_many(&mut batch, BATCH).await > 0 {
        metrics::counter!("aftertone_store_commits_total").increment(1);
        // A write that breaks must not end the task: nobody could write any more.
        let together = AssertUnwindSafe(write_together(&db, &mut batch)).catch_unwind();
        let committed = together.await.unwrap_or_else(|_| Err(StoreError::Away("a write broke".to_owned())));
        for write in batch.drain(..) {
            write.answer(&committed);
        }
    }
}

/// One commit for all. An error here means that nothing of the batch is known to be there.
async fn write_together(db: &Db, batch: &mut [Box<dyn Write>]) -> Result<()> {
    let mut tx = db.begin().await?;
    for write in batch {
        tx.savepoint();
        match write.run(&mut tx).await {
            Ok(()) => tx.release(),
            // The disk, not the write: SQLite may have ended the transaction.
            Err(error @ StoreError::Away(_)) => return Err(error),
            Err(_) => tx.roll_back().await?,
        }
    }
    Ok(tx.commit().await?)
}

/// The error of a whole batch, for each of its writes.
fn same(error: &StoreError) -> StoreError {
    match error {
        StoreError::Away(why) => StoreError::Away(why.clone()),
        StoreError::Refused(why) => StoreError::Refused(why.clone()),
        other => StoreError::Refused(other.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::SystemClock;

    #[tokio::test]
    async fn a_write_that_breaks_is_answered_and_the_next_one_is_carried_out() {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite://{}/facts.db", folder.path().display());
        let store = Store::open(&url, SystemClock::shared()).await.unwrap();
        let broken = store.write(|_| Box::pin(async { panic!("as a library may") })).await;
        assert!(matches!(broken, Err::<(), _>(StoreError::Away(_))), "{broken:?}");
        assert_eq!(store.write(|_| Box::pin(async { Ok(7) })).await.unwrap(), 7);
    }
}
