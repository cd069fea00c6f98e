//! What every recipient of a sent message gets: its audio, its parts, its row. Pure.

use bytes::Bytes;
use jiff::Timestamp;
use sha2::{Digest as _, Sha256};

use super::super::deposit::hex;
use super::super::owner::{OwnerError, Result};
use crate::audio::resample::resample;
use crate::audio::wav::{self, Pcm};
use crate::blob::spool::Recorded;
use crate::domain::{
    CallerId, Folder, Mailbox, Message, MessageId, Origin, Part, PartKind, RecordingClass, RedirectReason,
};
use crate::service::greetings::Spoken;

/// Silence between an introduction and the message, in milliseconds.
const PAUSE_MS: u32 = 500;

/// What somebody said who sends a message.
#[derive(Debug)]
pub(super) struct Said {
    pub(super) samples: Vec<i16>,
    pub(super) rate: u32,
    pub(super) voiced_ms: u32,
}

impl From<Recorded> for Said {
    fn from(recorded: Recorded) -> Self {
        let voiced_ms = recorded.verdict.map_or(0, |verdict| verdict.voiced_ms);
        Self { samples: recorded.samples, rate: recorded.head.sample_rate, voiced_ms }
    }
}

impl From<Spoken> for Said {
    // Without the silence at its ends, a file is taken for speech.
    fn from(Spoken { samples, rate, .. }: Spoken) -> Self {
        Self { voiced_ms: millis(samples.len(), rate), samples, rate }
    }
}

/// A message that is ready to be copied.
#[derive(Debug, Clone)]
pub(super) struct Letter {
    pub(super) sender: CallerId,
    pub(super) wav: Bytes,
    pub(super) sha256: String,
    pub(super) rate: u32,
    pub(super) duration_ms: u32,
    pub(super) voiced_ms: u32,
    pub(super) parts: Vec<Part>,
    /// Written beside it.
    pub(super) note: Option<String>,
    pub(super) urgent: bool,
    pub(super) private: bool,
}

impl Letter {
    pub(super) fn new(sender: CallerId, samples: &[i16], rate: u32, voiced_ms: u32) -> Result<Self> {
        let wav = wav::write(samples, rate).map_err(|error| OwnerError::Away(error.to_string()))?;
        Ok(Self {
            sender,
            sha256: hex(&Sha256::digest(&wav)),
            wav: Bytes::from(wav),
            rate,
            duration_ms: millis(samples.len(), rate),
            voiced_ms,
            parts: Vec::new(),
            note: None,
            urgent: false,
            private: false,
        })
    }

    /// The copy of one recipient.
    pub(super) fn message(&self, mailbox: &Mailbox, id: MessageId, now: Timestamp) -> Message {
        Message {
            id,
            tenant: mailbox.tenant,
            mailbox: mailbox.id,
            folder: Folder::Inbox,
            tag: None,
            heard_at: None,
            urgent: self.urgent,
            private: self.private,
            caller: self.sender.clone(),
            alias: None,
            reason: RedirectReason::Unknown,
            received_at: now,
            duration_ms: self.duration_ms,
            voiced_ms: self.voiced_ms,
            class: RecordingClass::Speech,
            sample_rate: self.rate,
            bytes: self.wav.len() as u64,
            sha256: self.sha256.clone(),
            object: format!("{}/{}/{}/{id}.wav", mailbox.tenant, mailbox.id, now.strftime("%Y/%m")),
        }
    }
}

/// The introduction, a pause, and the message with the parts that it has already. The samples of the message stay as
/// they are; the introduction comes to its rate.
pub(super) fn joined(original: Pcm, parts: &[Part], origin: Origin, said: Option<Said>) -> (Pcm, Vec<Part>) {
    let rate = original.rate;
    let whole = Part {
        kind: PartKind::Original,
        start_ms: 0,
        length_ms: millis(original.samples.len(), rate),
        origin: Some(origin),
    };
    let old = if parts.is_empty() { vec![whole] } else { parts.to_vec() };
    let Some(said) = said else { return (original, old) };
    let mut samples = if said.rate == rate { said.samples } else { resample(&said.samples, said.rate, rate) };
    let length_ms = millis(samples.len(), rate);
    // Whole milliseconds: the parts behind it begin exactly there.
    let shift = length_ms + 1 + PAUSE_MS;
    samples.resize(usize::try_from(u64::from(shift) * u64::from(rate) / 1000).unwrap_or(samples.len()), 0);
    samples.extend_from_slice(&original.samples);
    let new = Part { kind: PartKind::Introduction, start_ms: 0, length_ms, origin: None };
    let shifted = old.into_iter().map(|part| Part { start_ms: part.start_ms.saturating_add(shift), ..part });
    (Pcm { samples, rate }, std::iter::once(new).chain(shifted).collect())
}

fn millis(samples: usize, rate: u32) -> u32 {
    u32::try_from(samples as u64 * 1000 / u64::from(rate.max(1))).unwrap_or(u32::MAX)
}
