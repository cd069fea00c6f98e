//! The spool: recordings in progress, in files that survive `kill -9` and (but for the last second) a power cut.
//!
//! One file a recording. Writers never block the caller: samples are handed over in blocks to the spool's own
//! threads, which write them at once and sync everything that is dirty at least once a second.

use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::clock::SharedClock;
use crate::domain::{CallerId, MailboxId, RecordingClass, RecordingId, RedirectReason, TenantId};

/// What is known when a recording begins: enough to make a message of it after a crash.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Head {
    /// Identity; becomes the message's.
    pub id: RecordingId,
    /// Whose world it is in.
    pub tenant: TenantId,
    /// Whose message it will be.
    pub mailbox: MailboxId,
    /// Who speaks.
    pub caller: CallerId,
    /// Label of the alias that was called.
    pub alias: Option<String>,
    /// Why the call came to voicemail.
    pub reason: RedirectReason,
    /// When recording began.
    pub began_at: Timestamp,
    /// Samples per second of the PCM that follows.
    pub sample_rate: u32,
}

/// Marks that the caller set (newest wins).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Marks {
    /// Urgent.
    pub urgent: bool,
    /// Private.
    pub private: bool,
}

/// What the recorder knows when a take ends: how much to keep, and what is in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verdict {
    /// Samples to keep from the start (trailing silence and keys are trimmed).
    pub keep_samples: u64,
    /// Milliseconds of speech.
    pub voiced_ms: u32,
    /// What it contains.
    pub class: RecordingClass,
}

/// A recording that lies in the spool, complete or cut off.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recorded {
    /// What was known at the start.
    pub head: Head,
    /// The marks.
    pub marks: Marks,
    /// The recorder's verdict; `None` when the recording was cut off by a crash.
    pub verdict: Option<Verdict>,
    /// The samples, mono, trimmed to the verdict's `keep_samples` if there is one.
    pub samples: Vec<i16>,
}

/// What went wrong with the spool.
#[derive(Debug, thiserror::Error)]
pub enum SpoolError {
    /// The disk is full or broken.
    #[error("the spool {path} cannot be written: {why}")]
    Disk {
        /// Folder or file.
        path: PathBuf,
        /// The system's words.
        why: String,
    },
    /// The writers are too far behind: the disk is too slow for what is recorded.
    #[error("the spool is {0} blocks behind")]
    Behind(usize),
    /// There is no such recording.
    #[error("there is no recording {0} in the spool")]
    Missing(RecordingId),
}

/// The spool folder and its writers. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Spool;

/// The recorder's end of one recording. Never blocks. Dropping it without `finish` leaves the recording to the resumer.
#[derive(Debug)]
pub struct SpoolWriter;

#[expect(unused_variables, clippy::missing_errors_doc, reason = "signatures before bodies")]
impl Spool {
    /// Opens the folder (made if missing) and starts the writers.
    pub fn open(folder: &Path, clock: SharedClock) -> Result<Self, SpoolError> {
        todo!()
    }
    /// Begins a recording.
    pub fn begin(&self, head: &Head) -> Result<SpoolWriter, SpoolError> {
        todo!()
    }
    /// Goes on with a finished recording ("add to it"): the old verdict no longer holds; samples after its `keep_samples` are dropped.
    pub async fn reopen(&self, id: RecordingId) -> Result<SpoolWriter, SpoolError> {
        todo!()
    }
    /// Notes marks beside the recording, synced.
    pub async fn mark(&self, id: RecordingId, marks: Marks) -> Result<(), SpoolError> {
        todo!()
    }
    /// Waits until all of the recording that was handed over is on the disk and synced.
    pub async fn settle(&self, id: RecordingId) -> Result<(), SpoolError> {
        todo!()
    }
    /// Reads a recording back.
    pub async fn read(&self, id: RecordingId) -> Result<Recorded, SpoolError> {
        todo!()
    }
    /// Forgets a recording, durably: it will not come back after a crash.
    pub async fn remove(&self, id: RecordingId) -> Result<(), SpoolError> {
        todo!()
    }
    /// Every recording in the folder that no writer of this process has open, oldest first.
    pub async fn abandoned(&self) -> Result<Vec<RecordingId>, SpoolError> {
        todo!()
    }
    /// How many recordings lie in the spool, and whether it takes more (disk full, too far behind).
    pub fn health(&self) -> SpoolHealth {
        todo!()
    }
}

#[expect(unused_variables, clippy::missing_errors_doc, reason = "signatures before bodies")]
impl SpoolWriter {
    /// Which recording this is.
    pub fn id(&self) -> RecordingId {
        todo!()
    }
    /// Adds samples; `Err` when the disk failed or is too far behind (what came before is kept).
    pub fn append(&mut self, samples: &[i16]) -> Result<(), SpoolError> {
        todo!()
    }
    /// Samples handed over so far, earlier takes included.
    pub fn len_samples(&self) -> u64 {
        todo!()
    }
    /// Ends the take with the recorder's verdict.
    pub fn finish(self, verdict: Verdict) -> Result<(), SpoolError> {
        todo!()
    }
}

/// How the spool is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SpoolHealth {
    /// Recordings in the folder.
    pub depth: usize,
    /// Why it takes no more, if so.
    pub trouble: Option<String>,
}
