//! The spool's threads: a few write what is handed over, one removes files, one makes it all durable. Driven by
//! [`super::Spool`].
//!
//! They sleep between short rounds, so that thousands of recordings cost few wake-ups; whoever waits for something
//! unparks them. A recording stays with one writer, in order. Making and unlinking files may take milliseconds on a
//! busy disk: that is why there are several writers, and why files go in a thread of its own.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{self, Receiver, SyncSender};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use super::SpoolError;
use super::disk::Disk;
use super::entry::{Entry, Op, What};
use super::shared::{MAX_BLOCKS, Shared, lock};
use crate::clock::SharedClock;

/// Room in each queue, so that what ends a recording still fits when the blocks do not.
pub(super) const QUEUE: usize = 2 * MAX_BLOCKS;
/// Threads that write; they wait for the disk rather than compute.
const WRITERS: usize = 3;
/// How long a block may lie in the queue.
const WRITE_EVERY: Duration = Duration::from_millis(25);
/// How long written data may stay unsynced.
const SYNC_EVERY: Duration = Duration::from_millis(350);

/// Keeps the threads running; the last one to drop it ends them, after everything has been written and synced.
#[derive(Debug)]
pub(super) struct Engine {
    pub(super) shared: Arc<Shared>,
    writers: Vec<(SyncSender<Op>, JoinHandle<()>)>,
    remover: Option<JoinHandle<()>>,
    syncer: Option<JoinHandle<()>>,
}

impl Engine {
    pub(super) fn start(
        disk: Box<dyn Disk>,
        folder: PathBuf,
        clock: SharedClock,
    ) -> Result<Self, SpoolError> {
        let failed = |error: io::Error| SpoolError::Disk { path: folder.clone(), why: error.to_string() };
        let shared = Arc::new(Shared::open(disk, folder.clone(), clock).map_err(failed)?);
        let mut engine = Self { shared, writers: Vec::new(), remover: None, syncer: None };
        engine.start_threads().map_err(failed)?;
        Ok(engine)
    }

    fn start_threads(&mut self) -> io::Result<()> {
        let named = |name: &str| thread::Builder::new().name(name.to_owned());
        let (removals, ops) = mpsc::sync_channel(QUEUE);
        let shared = Arc::clone(&self.shared);
        self.remover = Some(named("spool-remove").spawn(move || remove_all(&shared, &ops))?);
        for _ in 0..WRITERS {
            let (queue, ops) = mpsc::sync_channel(QUEUE);
            let (shared, removals) = (Arc::clone(&self.shared), removals.clone());
            let writer = named("spool-write").spawn(move || write_all_rounds(&shared, &ops, &removals))?;
            self.writers.push((queue, writer));
        }
        let shared = Arc::clone(&self.shared);
        self.syncer = Some(named("spool-sync").spawn(move || sync_all_rounds(&shared))?);
        Ok(())
    }

    /// Queues an operation without waiting. `false` when the queue is full.
    pub(super) fn hand_over(&self, entry: &Arc<Entry>, what: What) -> bool {
        self.writer_of(entry).is_some_and(|(queue, _)| entry.hand_over(queue, what))
    }

    /// The recording's writer thread looks at its queue now.
    pub(super) fn wake_writer(&self, entry: &Entry) {
        if let Some((_, writer)) = self.writer_of(entry) {
            writer.thread().unpark();
        }
    }

    fn writer_of(&self, entry: &Entry) -> Option<&(SyncSender<Op>, JoinHandle<()>)> {
        let [.., random] = entry.id.uuid().into_bytes();
        self.writers.get(usize::from(random) % self.writers.len().max(1))
    }

    /// The sync thread takes care of this recording now, before its next round.
    pub(super) fn sync_now(&self, entry: &Arc<Entry>) {
        lock(&self.shared.urgent).push(Arc::clone(entry));
        if let Some(syncer) = &self.syncer {
            syncer.thread().unpark();
        }
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        self.shared.closing.store(true, Ordering::Release);
        let writers = self.writers.drain(..).map(|(_, writer)| writer);
        // The remover ends when the last writer has let go of its queue.
        for thread in writers.chain(self.remover.take()).chain(self.syncer.take()) {
            thread.thread().unpark();
            if thread.join().is_err() {
                tracing::error!("a thread of the spool panicked");
            }
        }
        // What the writer handed on after the last look of the sync thread.
        self.shared.sync_dirty();
    }
}

fn write_all_rounds(shared: &Shared, ops: &Receiver<Op>, removals: &SyncSender<Op>) {
    loop {
        let closing = shared.closing.load(Ordering::Acquire);
        while let Ok(op) = ops.try_recv() {
            if !op.entry.moves(&op.what) {
                shared.carry_out(op);
            } else if let Err(op) = removals.send(op) {
                shared.carry_out(op.0);
            }
        }
        if closing {
            return;
        }
        thread::park_timeout(WRITE_EVERY);
    }
}

fn remove_all(shared: &Shared, ops: &Receiver<Op>) {
    while let Ok(op) = ops.recv() {
        shared.carry_out(op);
    }
}

fn sync_all_rounds(shared: &Shared) {
    let mut last = shared.clock.monotonic();
    let mut pause = SYNC_EVERY;
    while !shared.closing.load(Ordering::Acquire) {
        thread::park_timeout(pause);
        let urgent = std::mem::take(&mut *lock(&shared.urgent));
        let since = shared.clock.monotonic().saturating_sub(last);
        if urgent.is_empty() || since >= SYNC_EVERY {
            last = shared.clock.monotonic();
            shared.probe_if_in_trouble();
            shared.sync_dirty();
        }
        shared.sync(&urgent);
        let took = shared.clock.monotonic().saturating_sub(last);
        pause = SYNC_EVERY.saturating_sub(took).max(WRITE_EVERY);
    }
}
