//! The recorder's end of one recording: gathers samples into blocks and hands them over. Driven by a media worker;
//! never waits, never touches the disk.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::engine::{Engine, QUEUE};
use super::entry::{Entry, Hold, What};
use super::record::{Kind, RECORD_HEADER, json_record, open_record};
use super::{SpoolError, Verdict, file_name};
use crate::domain::RecordingId;

/// Most bytes of a block: bounds the memory of a recording at high sample rates.
const MAX_BLOCK: usize = 16 * 1024 - RECORD_HEADER - 1;

/// The recorder's end of one recording. Never blocks. Dropping it without `finish` leaves the recording to the resumer.
pub struct SpoolWriter {
    engine: Arc<Engine>,
    entry: Arc<Entry>,
    /// The record that is being filled; empty while there is nothing in it.
    block: Vec<u8>,
    /// Payload bytes of a full block: half a second of sound.
    full: usize,
    samples: u64,
    refused: bool,
    finished: bool,
}

impl SpoolWriter {
    pub(super) fn new(engine: Arc<Engine>, entry: Arc<Entry>, sample_rate: u32, samples: u64) -> Self {
        // Half a second at two bytes a sample is as many bytes as there are samples in a second.
        let full = usize::try_from(sample_rate).unwrap_or(MAX_BLOCK).clamp(320, MAX_BLOCK) & !1;
        Self { engine, entry, block: Vec::new(), full, samples, refused: false, finished: false }
    }

    /// Which recording this is.
    pub fn id(&self) -> RecordingId {
        self.entry.id
    }

    /// Adds samples. After the first `Err` nothing more is taken, so that no gap is ever closed up.
    ///
    /// # Errors
    /// [`SpoolError::Disk`] when the disk failed, [`SpoolError::Behind`] when it is too far behind; what came before is kept.
    pub fn append(&mut self, samples: &[i16]) -> Result<(), SpoolError> {
        self.check()?;
        let mut rest = samples;
        while !rest.is_empty() {
            if self.block.is_empty() {
                self.block = open_record(Kind::Audio, self.full);
            }
            let used = self.block.len() - RECORD_HEADER;
            let (now, later) = rest.split_at(rest.len().min((self.full - used) / 2));
            let start = self.block.len();
            self.block.resize(start + 2 * now.len(), 0);
            let room = self.block.get_mut(start..).unwrap_or_default();
            for (pair, sample) in room.as_chunks_mut::<2>().0.iter_mut().zip(now) {
                *pair = sample.to_le_bytes();
            }
            self.samples += now.len() as u64;
            rest = later;
            if self.block.len() - RECORD_HEADER >= self.full {
                self.hand_over_block()?;
            }
        }
        Ok(())
    }

    /// Samples handed over so far, earlier takes included.
    pub fn len_samples(&self) -> u64 {
        self.samples
    }

    /// Ends the take with the recorder's verdict. The recording stays with its call until that decides.
    ///
    /// # Errors
    /// [`SpoolError::Disk`] when the last block was refused, [`SpoolError::Behind`] when the queue is full. What came before is
    /// kept; without its verdict the recording is judged again when it is read.
    pub fn finish(mut self, verdict: Verdict) -> Result<(), SpoolError> {
        self.finished = true;
        let last = self.hand_over_block();
        let noted =
            json_record(Kind::Verdict, &verdict).map_err(|error| self.disk_error(error.to_string()))?;
        let handed = self.engine.hand_over(&self.entry, What::Note(noted));
        last?;
        handed.then_some(()).ok_or(SpoolError::Behind(QUEUE))
    }

    fn check(&mut self) -> Result<(), SpoolError> {
        let refusal = self.engine.shared.refusal();
        if !self.refused && refusal.is_none() {
            return Ok(());
        }
        self.refused = true;
        Err(refusal.unwrap_or_else(|| {
            let failed = self.entry.state().failed.clone();
            self.disk_error(failed.unwrap_or_else(|| "an earlier block was refused".to_owned()))
        }))
    }

    fn hand_over_block(&mut self) -> Result<(), SpoolError> {
        if self.block.is_empty() {
            return Ok(());
        }
        let block = std::mem::take(&mut self.block);
        let failed = self.entry.state().failed.clone();
        if let Some(why) = failed {
            self.refused = true;
            return Err(self.disk_error(why));
        }
        let waiting = &self.engine.shared.waiting;
        let behind = waiting.fetch_add(1, Ordering::Relaxed);
        if self.engine.hand_over(&self.entry, What::Audio(block)) {
            return Ok(());
        }
        waiting.fetch_sub(1, Ordering::Relaxed);
        self.refused = true;
        Err(SpoolError::Behind(behind))
    }

    fn disk_error(&self, why: String) -> SpoolError {
        SpoolError::Disk { path: self.engine.shared.folder.join(file_name(self.entry.id)), why }
    }
}

impl Drop for SpoolWriter {
    fn drop(&mut self) {
        if !self.finished && self.hand_over_block().is_err() {
            tracing::warn!(recording = %self.entry.id, "the last half second of a recording was lost: the spool is too far behind");
        }
        let now = self.engine.shared.clock.monotonic();
        self.entry.state().hold = if self.finished { Hold::Finished(now) } else { Hold::Free };
        // The sync thread closes the file once all of it is written.
        self.engine.shared.mark_dirty(&self.entry);
    }
}

impl fmt::Debug for SpoolWriter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SpoolWriter")
            .field("id", &self.entry.id)
            .field("samples", &self.samples)
            .finish_non_exhaustive()
    }
}
