//! What goes into the spool and comes out of it: heads, marks, verdicts, recordings, errors. Values only.

use std::path::PathBuf;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

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
    /// It is no message: an owner's greeting, introduction or the like. After a crash nobody asks for it any more.
    #[serde(default)]
    pub draft: bool,
    /// Why the call was answered as it was, where somebody's presence decided it: a line of the message's ledger.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub presence: Option<String>,
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
    #[error("the spool is {0} blocks behind: its disk is too slow for what is recorded")]
    Behind(usize),
    /// There is no such recording.
    #[error("there is no recording {0} in the spool")]
    Missing(RecordingId),
    /// The file does not begin as a spool file does: nothing can be read from it, ever.
    #[error("the spool file {0} has no readable head")]
    Corrupt(PathBuf),
    /// Another process works on this folder.
    #[error("the spool {0} is in use by another process: stop it, or give this one its own --data folder")]
    Taken(PathBuf),
}

/// How the spool is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SpoolHealth {
    /// Recordings in the folder.
    pub depth: usize,
    /// Why it takes no more, if so.
    pub trouble: Option<String>,
}
