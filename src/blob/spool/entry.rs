//! One recording as the spool's threads see it: how far it is handed over, written and synced, and who holds it.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{SyncSender, TrySendError};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;

use super::disk::DiskFile;
use crate::domain::RecordingId;

/// Something the writer thread is to do with a recording.
#[derive(Debug)]
pub(super) struct Op {
    pub(super) entry: Arc<Entry>,
    pub(super) what: What,
}

/// What is to be done.
#[derive(Debug)]
pub(super) enum What {
    /// Make the file; it begins with these bytes.
    Create(Vec<u8>),
    /// Append this record of audio (not yet sealed).
    Audio(Vec<u8>),
    /// Append this record.
    Note(Vec<u8>),
    /// Cut a torn tail, if there is one, and sync.
    Touch,
    /// Unlink the file.
    Remove,
    /// Put the file aside.
    Quarantine,
}

/// Who may turn a recording into a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Hold {
    /// A writer has it open.
    Writing,
    /// A take ended at this monotonic time; its call decides what becomes of it.
    Finished(Duration),
    /// Nobody: the resumer may have it.
    Free,
}

/// What changes as a recording grows.
#[derive(Debug)]
pub(super) struct State {
    /// Open while it is being written.
    pub(super) file: Option<Arc<dyn DiskFile>>,
    /// Bytes of good records. `None` until a file of an earlier process has been looked at.
    pub(super) good_len: Option<u64>,
    /// Why the file takes no more audio.
    pub(super) failed: Option<String>,
    /// A sync failed: nobody knows what of the file survives a power cut.
    pub(super) unsure: bool,
    /// Who holds it.
    pub(super) hold: Hold,
    /// The file is to go: nobody needs to look at it any more.
    pub(super) leaving: bool,
    /// The file is gone.
    pub(super) removed: bool,
}

/// One recording.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) id: RecordingId,
    handed: Mutex<u64>,
    written: AtomicU64,
    synced: AtomicU64,
    dirty: AtomicBool,
    /// Belongs to the thread that removes files.
    moved: AtomicBool,
    state: Mutex<State>,
    /// Told after every operation and after every sync.
    pub(super) changed: Notify,
}

impl Entry {
    pub(super) fn new(id: RecordingId, hold: Hold, good_len: Option<u64>) -> Arc<Self> {
        Arc::new(Self {
            id,
            handed: Mutex::new(0),
            written: AtomicU64::new(0),
            synced: AtomicU64::new(0),
            dirty: AtomicBool::new(false),
            moved: AtomicBool::new(false),
            state: Mutex::new(State {
                file: None,
                good_len,
                failed: None,
                unsure: false,
                hold,
                leaving: false,
                removed: false,
            }),
            changed: Notify::new(),
        })
    }

    /// Name of the file in the spool folder.
    pub(super) fn name(&self) -> String {
        file_name(self.id)
    }

    /// Never held over IO.
    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Queues an operation without waiting. `false` when the queue is full.
    pub(super) fn hand_over(self: &Arc<Self>, queue: &SyncSender<Op>, what: What) -> bool {
        let mut handed = self.handed.lock().unwrap_or_else(PoisonError::into_inner);
        match queue.try_send(Op { entry: Arc::clone(self), what }) {
            Ok(()) => {
                *handed += 1;
                true
            }
            Err(TrySendError::Full(_) | TrySendError::Disconnected(_)) => false,
        }
    }

    /// Operations handed over so far.
    pub(super) fn handed(&self) -> u64 {
        *self.handed.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Operations carried out.
    pub(super) fn written(&self) -> u64 {
        self.written.load(Ordering::Acquire)
    }

    /// Operations whose outcome is on the disk.
    pub(super) fn synced(&self) -> u64 {
        self.synced.load(Ordering::Acquire)
    }

    /// The writer thread has carried out one more.
    pub(super) fn count_written(&self) {
        self.written.fetch_add(1, Ordering::AcqRel);
    }

    /// The sync thread has made the first `count` operations durable (or noted why it could not).
    pub(super) fn count_synced(&self, count: u64) {
        self.synced.fetch_max(count, Ordering::AcqRel);
        self.changed.notify_waiters();
    }

    /// Whether the operation is for the thread that removes files: a removal, and whatever comes after it, so that the
    /// order is kept. Asked by the recording's writer alone.
    pub(super) fn moves(&self, what: &What) -> bool {
        let removal = matches!(what, What::Remove | What::Quarantine);
        self.moved.fetch_or(removal, Ordering::Relaxed) || removal
    }

    /// `true` for the first who calls it since the last [`Entry::begin_sync`].
    pub(super) fn turn_dirty(&self) -> bool {
        !self.dirty.swap(true, Ordering::AcqRel)
    }

    /// What a sync that starts now makes durable.
    pub(super) fn begin_sync(&self) -> u64 {
        self.dirty.store(false, Ordering::SeqCst);
        self.written()
    }

    /// Waits until `done` says so; it is asked again after every operation and sync.
    pub(super) async fn wait_until(&self, done: impl Fn(&Self) -> bool) {
        loop {
            let changed = self.changed.notified();
            tokio::pin!(changed);
            changed.as_mut().enable();
            if done(self) {
                return;
            }
            changed.await;
        }
    }
}

/// Name of a recording's file in the spool folder.
pub(super) fn file_name(id: RecordingId) -> String {
    format!("{id}.rec")
}

/// The recording that a file name stands for, if it is one of ours.
pub(super) fn id_of(name: &str) -> Option<RecordingId> {
    name.strip_suffix(".rec")?.parse().ok()
}
