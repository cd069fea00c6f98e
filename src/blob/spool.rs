//! The spool: recordings in progress, in files that survive `kill -9` and (but for the last second) a power cut.
//!
//! One file a recording (`record` has the layout). Writers never block the caller: samples are handed over in blocks
//! of half a second to the spool's own threads (`engine`), which write them at once and sync everything that is
//! dirty at least once a second. A recording is held by the call that began it until the call removes or releases it;
//! what nobody holds is [`Spool::abandoned`] and belongs to the resumer. Not a store: it knows no messages.

mod disk;
mod engine;
mod entry;
mod record;
mod shared;
#[cfg(test)]
mod tests;
mod types;
mod writer;

use std::collections::hash_map::Entry as Slot;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use serde::Serialize;

use crate::clock::SharedClock;
use crate::domain::RecordingId;

use self::disk::{Disk, OsDisk};
use self::engine::{Engine, QUEUE};
use self::entry::{Entry, Hold, What, file_name, id_of};
use self::record::{Kind, MAGIC, Scan};
use self::shared::lock;
pub use self::types::{Head, Marks, Recorded, SpoolError, SpoolHealth, Verdict};
pub use self::writer::SpoolWriter;

/// A call that has not decided about a finished recording after so long has died: the resumer may have it.
const HOLD_LIMIT: Duration = Duration::from_secs(30 * 60);

/// The spool folder and its writers. Cheap to clone. The folder is released when the last clone and writer are dropped.
#[derive(Debug, Clone)]
pub struct Spool {
    engine: Arc<Engine>,
}

/// Reads the bytes of a spool file as recovery does: the longest sound beginning of it, trimmed to its verdict. `None`
/// when not even the head is whole. Does no IO; any bytes may be given.
pub fn recover(bytes: &[u8]) -> Option<Recorded> {
    record::scan(bytes).map(Scan::into_recorded)
}

impl Spool {
    /// Opens the folder (made if missing), takes its lock and starts the writers.
    ///
    /// # Errors
    /// [`SpoolError::Taken`] when another process has the folder, [`SpoolError::Disk`] when it cannot be used.
    pub fn open(folder: &Path, clock: SharedClock) -> Result<Self, SpoolError> {
        Self::on(Box::new(OsDisk::open(folder)?), folder, clock)
    }

    fn on(disk: Box<dyn Disk>, folder: &Path, clock: SharedClock) -> Result<Self, SpoolError> {
        Ok(Self { engine: Arc::new(Engine::start(disk, folder.to_owned(), clock)?) })
    }

    /// Begins a recording. Does no IO: the file is made by the spool's own thread.
    ///
    /// # Errors
    /// [`SpoolError::Disk`] or [`SpoolError::Behind`] when nothing can be recorded now.
    pub fn begin(&self, head: &Head) -> Result<SpoolWriter, SpoolError> {
        if let Some(refusal) = self.engine.shared.refusal() {
            return Err(refusal);
        }
        let mut start = MAGIC.to_vec();
        start.extend(self.encoded(Kind::Head, head)?);
        let entry = Entry::new(head.id, Hold::Writing, None);
        // Known before its file can be seen: the resumer takes what nobody holds.
        lock(&self.engine.shared.entries).insert(head.id, Arc::clone(&entry));
        if let Err(error) = self.hand_over(&entry, What::Create(start)) {
            lock(&self.engine.shared.entries).remove(&head.id);
            return Err(error);
        }
        Ok(SpoolWriter::new(Arc::clone(&self.engine), entry, head.sample_rate, 0))
    }

    /// Goes on with a finished recording ("add to it"): the old verdict no longer holds; samples after its `keep_samples` are dropped.
    ///
    /// # Errors
    /// [`SpoolError::Missing`], [`SpoolError::Corrupt`], or as [`Spool::begin`].
    pub async fn reopen(&self, id: RecordingId) -> Result<SpoolWriter, SpoolError> {
        if let Some(refusal) = self.engine.shared.refusal() {
            return Err(refusal);
        }
        let scan = self.scan(id).await?;
        let kept = scan.kept();
        let entry = self.entry(id).await?;
        {
            let mut state = entry.state();
            state.hold = Hold::Writing;
            state.failed = None;
        }
        let cut = What::Note(record::record(Kind::Reopen, &kept.to_le_bytes()));
        if let Err(error) = self.hand_over(&entry, cut) {
            entry.state().hold = Hold::Finished(self.engine.shared.clock.monotonic());
            return Err(error);
        }
        Ok(SpoolWriter::new(Arc::clone(&self.engine), entry, scan.recorded.head.sample_rate, kept))
    }

    /// Notes marks beside the recording, synced.
    ///
    /// # Errors
    /// [`SpoolError::Missing`], or [`SpoolError::Disk`] when they could not be written.
    pub async fn mark(&self, id: RecordingId, marks: Marks) -> Result<(), SpoolError> {
        let entry = self.entry(id).await?;
        self.hand_over(&entry, What::Note(self.encoded(Kind::Marks, &marks)?))?;
        self.synced(&entry).await
    }

    /// Waits until all of the recording that was handed over is in its file: it survives the end of this process,
    /// and within a second a power cut.
    ///
    /// # Errors
    /// [`SpoolError::Missing`], or [`SpoolError::Disk`] when a part could not be written (the part before it is kept).
    pub async fn written(&self, id: RecordingId) -> Result<(), SpoolError> {
        let known = lock(&self.engine.shared.entries).get(&id).cloned();
        match known {
            Some(entry) => self.carried_out(&entry).await,
            None => self.exists(id).await,
        }
    }

    /// Waits until all of the recording that was handed over is on the disk and synced.
    ///
    /// # Errors
    /// As [`Spool::written`].
    pub async fn settle(&self, id: RecordingId) -> Result<(), SpoolError> {
        let entry = self.entry(id).await?;
        self.hand_over(&entry, What::Touch)?;
        self.synced(&entry).await
    }

    /// How many samples of a recording are safe although [`Spool::settle`] has failed: those before the part that could
    /// not be written, or none where a sync failed.
    ///
    /// # Errors
    /// As [`Spool::read`].
    pub async fn safe_samples(&self, id: RecordingId) -> Result<usize, SpoolError> {
        let entry = self.entry(id).await?;
        if entry.state().unsure {
            return Ok(0);
        }
        Ok(self.read(id).await?.samples.len())
    }

    /// Reads a recording back, as far as it could be written.
    ///
    /// # Errors
    /// [`SpoolError::Missing`]; [`SpoolError::Corrupt`] when the file has no head; [`SpoolError::Disk`].
    pub async fn read(&self, id: RecordingId) -> Result<Recorded, SpoolError> {
        Ok(self.scan(id).await?.into_recorded())
    }

    /// As [`Spool::read`], and works on it on the same blocking thread.
    ///
    /// # Errors
    /// As [`Spool::read`].
    pub async fn read_and<T: Send + 'static>(
        &self,
        id: RecordingId,
        work: impl FnOnce(Recorded) -> T + Send + 'static,
    ) -> Result<T, SpoolError> {
        self.scan_and(id, |scan| work(scan.into_recorded())).await
    }

    /// Bytes of the recording's file: what reading it will cost.
    ///
    /// # Errors
    /// [`SpoolError::Missing`] or [`SpoolError::Disk`].
    pub async fn size(&self, id: RecordingId) -> Result<u64, SpoolError> {
        let known = lock(&self.engine.shared.entries).get(&id).and_then(|entry| entry.state().good_len);
        if let Some(size) = known {
            return Ok(size);
        }
        self.blocking(id, move |disk| disk.size(&file_name(id))).await
    }

    /// Forgets a recording, durably: it will not come back after a crash. A writer that still has it open writes into nothing.
    ///
    /// # Errors
    /// [`SpoolError::Missing`], or [`SpoolError::Disk`] when it is still there.
    pub async fn remove(&self, id: RecordingId) -> Result<(), SpoolError> {
        self.take_away(id, What::Remove).await
    }

    /// Removes a recording that has become a message: without waiting, durable within a second. Should the power fail
    /// before, the recording comes back and whoever deposits it again finds that it is there already.
    ///
    /// # Errors
    /// [`SpoolError::Missing`], or [`SpoolError::Behind`] when the queue is full.
    pub async fn forget(&self, id: RecordingId) -> Result<(), SpoolError> {
        let entry = self.entry(id).await?;
        self.send_away(&entry, What::Remove)
    }

    /// Moves a recording of which no message can be made to the folder `quarantine`, durably.
    ///
    /// # Errors
    /// As [`Spool::remove`].
    pub async fn quarantine(&self, id: RecordingId) -> Result<(), SpoolError> {
        self.take_away(id, What::Quarantine).await
    }

    /// The call that began the recording is done with it: from now on it is [`Spool::abandoned`].
    pub fn release(&self, id: RecordingId) {
        let known = lock(&self.engine.shared.entries).get(&id).cloned();
        if let Some(entry) = known {
            entry.state().hold = Hold::Free;
            self.engine.shared.mark_dirty(&entry);
        }
    }

    /// Every recording in the folder that no call of this process holds, oldest first: all of them after a crash. A call holds a
    /// recording from [`Spool::begin`] until it is removed or [released](Spool::release), until its writer is dropped
    /// without a verdict, or for half an hour after its verdict.
    ///
    /// # Errors
    /// [`SpoolError::Disk`] when the folder cannot be read.
    pub async fn abandoned(&self) -> Result<Vec<RecordingId>, SpoolError> {
        let shared = Arc::clone(&self.engine.shared);
        let names = tokio::task::spawn_blocking(move || shared.disk.list())
            .await
            .map_err(|error| self.disk_error(None, error.to_string()))?
            .map_err(|error| self.disk_error(None, error.to_string()))?;
        let now = self.engine.shared.clock.monotonic();
        let entries = lock(&self.engine.shared.entries);
        let is_free = |id: &RecordingId| {
            entries.get(id).is_none_or(|entry| {
                let state = entry.state();
                !state.leaving
                    && match state.hold {
                        Hold::Writing => false,
                        Hold::Finished(since) => now.saturating_sub(since) > HOLD_LIMIT,
                        Hold::Free => true,
                    }
            })
        };
        let mut ids: Vec<_> = names.iter().filter_map(|name| id_of(name)).filter(is_free).collect();
        ids.sort_unstable();
        Ok(ids)
    }

    /// How many recordings lie in the spool, and whether it takes more (disk full, too far behind).
    pub fn health(&self) -> SpoolHealth {
        let shared = &self.engine.shared;
        SpoolHealth {
            depth: shared.depth.load(Ordering::Relaxed),
            trouble: shared.refusal().map(|refusal| refusal.to_string()),
        }
    }

    async fn take_away(&self, id: RecordingId, how: What) -> Result<(), SpoolError> {
        let entry = self.entry(id).await?;
        self.send_away(&entry, how)?;
        let outcome = self.synced(&entry).await;
        // An earlier failure of the file does not matter once it is gone.
        if entry.state().removed { Ok(()) } else { outcome }
    }

    fn send_away(&self, entry: &Arc<Entry>, how: What) -> Result<(), SpoolError> {
        entry.state().leaving = true;
        let handed = self.hand_over(entry, how);
        if handed.is_err() {
            entry.state().leaving = false;
        }
        handed
    }

    async fn scan(&self, id: RecordingId) -> Result<Scan, SpoolError> {
        self.scan_and(id, |scan| scan).await
    }

    async fn scan_and<T: Send + 'static>(
        &self,
        id: RecordingId,
        work: impl FnOnce(Scan) -> T + Send + 'static,
    ) -> Result<T, SpoolError> {
        match self.written(id).await {
            Ok(()) | Err(SpoolError::Disk { .. }) => {}
            Err(error) => return Err(error),
        }
        let read = move |disk: &dyn Disk| Ok(record::scan(&disk.read(&file_name(id))?).map(work));
        self.blocking(id, read)
            .await?
            .ok_or_else(|| SpoolError::Corrupt(self.engine.shared.folder.join(file_name(id))))
    }

    /// The recording as this process knows it; one of an earlier process is looked up in the folder.
    async fn entry(&self, id: RecordingId) -> Result<Arc<Entry>, SpoolError> {
        if let Some(entry) = lock(&self.engine.shared.entries).get(&id) {
            return Ok(Arc::clone(entry));
        }
        self.exists(id).await?;
        match lock(&self.engine.shared.entries).entry(id) {
            Slot::Occupied(known) => Ok(Arc::clone(known.get())),
            Slot::Vacant(free) => Ok(Arc::clone(free.insert(Entry::new(id, Hold::Free, None)))),
        }
    }

    async fn exists(&self, id: RecordingId) -> Result<(), SpoolError> {
        self.size(id).await.map(drop)
    }

    async fn blocking<T: Send + 'static>(
        &self,
        id: RecordingId,
        work: impl FnOnce(&dyn Disk) -> std::io::Result<T> + Send + 'static,
    ) -> Result<T, SpoolError> {
        let shared = Arc::clone(&self.engine.shared);
        let done = tokio::task::spawn_blocking(move || work(&*shared.disk)).await;
        match done {
            Ok(Ok(value)) => Ok(value),
            Ok(Err(error)) if error.kind() == std::io::ErrorKind::NotFound => Err(SpoolError::Missing(id)),
            Ok(Err(error)) => Err(self.disk_error(Some(id), error.to_string())),
            Err(error) => Err(self.disk_error(Some(id), error.to_string())),
        }
    }

    async fn carried_out(&self, entry: &Arc<Entry>) -> Result<(), SpoolError> {
        let goal = entry.handed();
        self.engine.wake_writer(entry);
        entry.wait_until(|entry| entry.written() >= goal).await;
        self.outcome(entry)
    }

    async fn synced(&self, entry: &Arc<Entry>) -> Result<(), SpoolError> {
        let goal = entry.handed();
        self.engine.wake_writer(entry);
        entry.wait_until(|entry| entry.written() >= goal).await;
        self.engine.sync_now(entry);
        entry.wait_until(|entry| entry.synced() >= goal).await;
        self.outcome(entry)
    }

    fn outcome(&self, entry: &Entry) -> Result<(), SpoolError> {
        let state = entry.state();
        match &state.failed {
            Some(why) => Err(self.disk_error(Some(entry.id), why.clone())),
            None => Ok(()),
        }
    }

    fn hand_over(&self, entry: &Arc<Entry>, what: What) -> Result<(), SpoolError> {
        match self.engine.hand_over(entry, what) {
            true => Ok(()),
            false => Err(SpoolError::Behind(QUEUE)),
        }
    }

    fn encoded(&self, kind: Kind, value: &impl Serialize) -> Result<Vec<u8>, SpoolError> {
        record::json_record(kind, value).map_err(|error| self.disk_error(None, error.to_string()))
    }

    fn disk_error(&self, id: Option<RecordingId>, why: String) -> SpoolError {
        let folder = &self.engine.shared.folder;
        SpoolError::Disk { path: id.map_or_else(|| folder.clone(), |id| folder.join(file_name(id))), why }
    }
}
