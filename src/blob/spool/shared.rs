//! What the spool's threads do: carry out operations, sync, heal. Run by the threads of [`super::engine`].

use std::collections::HashMap;
use std::io;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use metrics::{counter, gauge, histogram};

use super::SpoolError;
use super::disk::{Disk, DiskFile};
use super::entry::{Entry, Hold, Op, State, What, id_of};
use super::record;
use crate::clock::SharedClock;
use crate::domain::RecordingId;

/// Blocks that may wait for the writers; above it [`SpoolError::Behind`].
pub(super) const MAX_BLOCKS: usize = 8_192;
/// With more dirty files than this one sync of the file system is cheaper than one of each file.
const MANY_FILES: usize = 48;
const PROBE: &str = ".probe";

/// What the threads and all handles share.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) disk: Box<dyn Disk>,
    pub(super) folder: PathBuf,
    pub(super) clock: SharedClock,
    pub(super) entries: Mutex<HashMap<RecordingId, Arc<Entry>>>,
    /// Audio blocks in the queue.
    pub(super) waiting: AtomicUsize,
    /// Recordings in the folder.
    pub(super) depth: AtomicUsize,
    dirty: Mutex<Vec<Arc<Entry>>>,
    pub(super) urgent: Mutex<Vec<Arc<Entry>>>,
    folder_dirty: AtomicBool,
    in_trouble: AtomicBool,
    trouble: Mutex<Option<String>>,
    pub(super) closing: AtomicBool,
}

impl Shared {
    pub(super) fn open(disk: Box<dyn Disk>, folder: PathBuf, clock: SharedClock) -> io::Result<Self> {
        let depth = disk.list()?.iter().filter(|name| id_of(name).is_some()).count();
        Ok(Self {
            disk,
            folder,
            clock,
            entries: Mutex::default(),
            waiting: AtomicUsize::new(0),
            depth: AtomicUsize::new(depth),
            dirty: Mutex::default(),
            urgent: Mutex::default(),
            folder_dirty: AtomicBool::new(false),
            in_trouble: AtomicBool::new(false),
            trouble: Mutex::default(),
            closing: AtomicBool::new(false),
        })
    }

    /// Why nothing more may be recorded, if so.
    pub(super) fn refusal(&self) -> Option<SpoolError> {
        if self.in_trouble.load(Ordering::Acquire) {
            let why = lock(&self.trouble).clone()?;
            return Some(SpoolError::Disk { path: self.folder.clone(), why });
        }
        let waiting = self.waiting.load(Ordering::Relaxed);
        (waiting >= MAX_BLOCKS).then_some(SpoolError::Behind(waiting))
    }

    /// The sync thread looks at this recording in its next round.
    pub(super) fn mark_dirty(&self, entry: &Arc<Entry>) {
        if entry.turn_dirty() {
            lock(&self.dirty).push(Arc::clone(entry));
        }
    }

    pub(super) fn carry_out(&self, Op { entry, what }: Op) {
        match what {
            What::Create(bytes) => self.create(&entry, &bytes),
            What::Audio(mut bytes) => {
                self.waiting.fetch_sub(1, Ordering::Relaxed);
                record::seal(&mut bytes);
                self.append(&entry, &bytes, true);
            }
            What::Note(bytes) => self.append(&entry, &bytes, false),
            // What was removed meanwhile is no failure of the disk.
            What::Touch if entry.state().removed => {}
            // Nothing is lost by it, and other recordings can still be written.
            What::Touch => {
                if let Err(error) = self.opened(&entry) {
                    entry.state().failed.get_or_insert_with(|| error.to_string());
                }
            }
            What::Remove => self.take_away(&entry, |name| self.disk.remove(name)),
            What::Quarantine => self.take_away(&entry, |name| self.disk.quarantine(name)),
        }
        entry.count_written();
        self.mark_dirty(&entry);
        entry.changed.notify_waiters();
    }

    fn create(&self, entry: &Arc<Entry>, bytes: &[u8]) {
        match self.disk.create(&entry.name()) {
            Ok(file) => {
                self.depth.fetch_add(1, Ordering::Relaxed);
                self.folder_dirty.store(true, Ordering::Release);
                let mut state = entry.state();
                state.file = Some(file);
                state.good_len = Some(0);
            }
            Err(error) => return self.failed(entry, &error),
        }
        self.append(entry, bytes, true);
    }

    fn append(&self, entry: &Arc<Entry>, bytes: &[u8], audio: bool) {
        {
            let state = entry.state();
            // A gap must never be closed up: audio that comes after audio that was lost is lost as well.
            if state.removed || (audio && state.failed.is_some()) {
                return;
            }
        }
        let appended = self.opened(entry).and_then(|(file, good_len)| {
            let appended = append_all(&*file, bytes);
            if appended.is_err() && file.set_len(good_len).is_err() {
                tracing::warn!(recording = %entry.id, "a torn record stays at the end of a spool file");
            }
            appended
        });
        match appended {
            Ok(()) => {
                let mut state = entry.state();
                state.good_len = state.good_len.map(|len| len + bytes.len() as u64);
            }
            Err(error) => self.failed(entry, &error),
        }
    }

    /// The open file and the length of its good records; a torn tail is cut when a file is opened again.
    fn opened(&self, entry: &Arc<Entry>) -> io::Result<(Arc<dyn DiskFile>, u64)> {
        let (file, good_len) = {
            let State { file, good_len, .. } = &*entry.state();
            (file.clone(), *good_len)
        };
        if let (Some(file), Some(good_len)) = (&file, good_len) {
            return Ok((Arc::clone(file), good_len));
        }
        let good_len = match good_len {
            Some(good_len) => good_len,
            None => record::scan(&self.disk.read(&entry.name())?).map_or(0, |scan| scan.good_len),
        };
        let file = match file {
            Some(file) => file,
            None => self.disk.open(&entry.name())?,
        };
        if good_len > 0 {
            file.set_len(good_len)?;
        }
        let mut state = entry.state();
        state.file = Some(Arc::clone(&file));
        state.good_len = Some(good_len);
        Ok((file, good_len))
    }

    fn take_away(&self, entry: &Arc<Entry>, how: impl FnOnce(&str) -> io::Result<()>) {
        match how(&entry.name()) {
            Ok(()) => {
                self.depth.fetch_sub(1, Ordering::Relaxed);
                self.folder_dirty.store(true, Ordering::Release);
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => {
                entry.state().leaving = false;
                return self.failed(entry, &error);
            }
        }
        let mut state = entry.state();
        state.removed = true;
        state.file = None;
        state.hold = Hold::Free;
    }

    fn failed(&self, entry: &Arc<Entry>, error: &io::Error) {
        let why = error.to_string();
        counter!("aftertone_spool_failures_total").increment(1);
        entry.state().failed.get_or_insert_with(|| why.clone());
        if !self.in_trouble.swap(true, Ordering::AcqRel) {
            tracing::error!(folder = %self.folder.display(), %why, "the spool cannot be written: nothing is recorded until it can");
        }
        *lock(&self.trouble) = Some(why);
    }

    /// Syncs everything that was written since the last time.
    pub(super) fn sync_dirty(&self) {
        let dirty = std::mem::take(&mut *lock(&self.dirty));
        gauge!("aftertone_spool_blocks_waiting").set(self.waiting.load(Ordering::Relaxed) as f64);
        gauge!("aftertone_spool_depth").set(self.depth.load(Ordering::Relaxed) as f64);
        self.sync(&dirty);
    }

    pub(super) fn sync(&self, entries: &[Arc<Entry>]) {
        if entries.is_empty() {
            return;
        }
        let began = self.clock.monotonic();
        let folder = self.folder_dirty.swap(false, Ordering::AcqRel);
        let goals: Vec<u64> = entries.iter().map(|entry| entry.begin_sync()).collect();
        let files: Vec<_> =
            entries.iter().filter_map(|entry| Some((entry, entry.state().file.clone()?))).collect();
        if files.len() > MANY_FILES {
            self.note_all(entries, self.disk.sync_all());
        } else {
            for (entry, file) in &files {
                self.note_all(std::slice::from_ref(*entry), file.sync());
            }
            if folder {
                self.note_all(entries, self.disk.sync_folder());
            }
        }
        for (entry, goal) in entries.iter().zip(goals) {
            entry.count_synced(goal);
            self.tidy(entry);
        }
        let took = self.clock.monotonic().saturating_sub(began);
        histogram!("aftertone_spool_sync_seconds").record(took.as_secs_f64());
    }

    fn note_all(&self, entries: &[Arc<Entry>], outcome: io::Result<()>) {
        if let Err(error) = outcome {
            for entry in entries {
                entry.state().unsure = true;
                self.failed(entry, &error);
            }
        }
    }

    /// Closes what nobody writes and forgets what nobody holds.
    fn tidy(&self, entry: &Arc<Entry>) {
        let mut entries = lock(&self.entries);
        let mut state = entry.state();
        let quiet = entry.synced() == entry.handed();
        if quiet && state.hold != Hold::Writing {
            state.file = None;
        }
        let forgotten = state.removed || (quiet && state.hold == Hold::Free);
        if forgotten && entries.get(&entry.id).is_some_and(|known| Arc::ptr_eq(known, entry)) {
            entries.remove(&entry.id);
        }
    }

    pub(super) fn probe_if_in_trouble(&self) {
        if !self.in_trouble.load(Ordering::Acquire) {
            return;
        }
        match self.probe() {
            Ok(()) => {
                *lock(&self.trouble) = None;
                self.in_trouble.store(false, Ordering::Release);
                tracing::info!(folder = %self.folder.display(), "the spool can be written again");
            }
            Err(error) => *lock(&self.trouble) = Some(error.to_string()),
        }
    }

    fn probe(&self) -> io::Result<()> {
        match self.disk.remove(PROBE) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let file = self.disk.create(PROBE)?;
        append_all(&*file, &[0; 65_536])?;
        file.sync()?;
        self.disk.remove(PROBE)
    }
}

fn append_all(file: &dyn DiskFile, mut bytes: &[u8]) -> io::Result<()> {
    while !bytes.is_empty() {
        match file.append(bytes) {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(count) => bytes = bytes.get(count..).unwrap_or_default(),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// No lock is held while anything can panic, so that a poisoned one is as good as a whole one.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
