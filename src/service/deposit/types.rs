//! What bounds the deposits, and what may become of a recording. Values only.

use std::time::Duration;

use crate::domain::MessageId;
use crate::flow::StoreOutcome;

/// What bounds the deposits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DepositSettings {
    /// Bytes of memory for all deposits at once; a longer recording gets all of it.
    pub memory: u64,
    /// Deposits at once, however small.
    pub at_once: u32,
    /// How long a caller waits before hearing that the message is on its way. Silence on the line is worse.
    pub patience: Duration,
    /// The resumer looks into the spool this often, and less often while nothing gets through.
    pub resume_every: Duration,
}

impl Default for DepositSettings {
    fn default() -> Self {
        Self {
            memory: 64 * 1024 * 1024,
            at_once: 32,
            patience: Duration::from_secs(4),
            resume_every: Duration::from_secs(5),
        }
    }
}

/// What became of a recording.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kept {
    /// It is a message: audio and row are durable.
    Stored(MessageId),
    /// It is no message and is gone: nothing was recorded, or the mailbox does not want recordings without speech.
    NoMessage,
    /// It is durable in the spool; it becomes a message when store and bucket are back.
    Waiting,
    /// No message can be made of it, and the caller must know; what there is of it lies in the spool or its quarantine.
    Failed,
}

impl Kept {
    /// What the dialogue is told. That a recording without speech was dropped is the owner's wish and no failure.
    pub const fn outcome(self) -> StoreOutcome {
        match self {
            Self::Stored(_) | Self::NoMessage => StoreOutcome::Stored,
            Self::Waiting => StoreOutcome::Waiting,
            Self::Failed => StoreOutcome::Failed,
        }
    }

    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Stored(_) => "stored",
            Self::NoMessage => "no-message",
            Self::Waiting => "waiting",
            Self::Failed => "failed",
        }
    }
}
