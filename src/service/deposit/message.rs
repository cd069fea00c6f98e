//! What is stored of a recording: the message, its WAV and its jobs. Pure.

use std::collections::HashSet;
use std::fmt::Write as _;

use bytes::Bytes;
use sha2::{Digest, Sha256};

use crate::audio::wav::{self, WavError};
use crate::blob::spool::{Recorded, Verdict};
use crate::clock::SharedClock;
use crate::domain::{Folder, JobId, MailMode, Mailbox, Message, RecordingClass};
use crate::store::{NewJob, Work};

/// A message, the bytes of its object, and what its ledger says of the owner's presence.
pub(super) type Made = (Message, Bytes, Option<String>);

/// The message and the bytes of its object. The same recording gives the same of both, whenever and wherever.
///
/// # Errors
/// [`WavError`] for a sample rate of zero or a recording beyond 4 GiB.
pub(super) fn encode(recorded: Recorded, verdict: Verdict) -> Result<Made, WavError> {
    let Recorded { head, marks, samples, .. } = recorded;
    let wav = wav::write(&samples, head.sample_rate)?;
    let millis = samples.len() as u64 * 1_000 / u64::from(head.sample_rate.max(1));
    let message = Message {
        id: head.id.into(),
        tenant: head.tenant,
        mailbox: head.mailbox,
        folder: Folder::Inbox,
        tag: None,
        heard_at: None,
        urgent: marks.urgent,
        private: marks.private,
        caller: head.caller.clone(),
        alias: head.alias.clone(),
        reason: head.reason,
        received_at: head.began_at,
        duration_ms: u32::try_from(millis).unwrap_or(u32::MAX),
        voiced_ms: verdict.voiced_ms,
        class: verdict.class,
        sample_rate: head.sample_rate,
        bytes: wav.len() as u64,
        sha256: hex(&Sha256::digest(&wav)),
        object: format!(
            "{}/{}/{}/{}.wav",
            head.tenant,
            head.mailbox,
            head.began_at.strftime("%Y/%m"),
            head.id
        ),
    };
    Ok((message, Bytes::from(wav), head.presence))
}

/// One mail for each address that wants one, if the message is of a kind that is mailed.
pub(in crate::service) fn jobs(mailbox: &Mailbox, message: &Message, clock: &SharedClock) -> Vec<NewJob> {
    let mailed = match message.class {
        RecordingClass::Speech => true,
        RecordingClass::NoSpeech => false,
        RecordingClass::BusyTone | RecordingClass::DialTone | RecordingClass::FaxTone => mailbox.mail_tones,
    };
    if !mailed {
        return Vec::new();
    }
    let mut told = HashSet::new();
    let wanted = mailbox.recipients.iter().filter(|recipient| recipient.mode != MailMode::None);
    wanted
        .filter(|recipient| told.insert(&recipient.address))
        .map(|recipient| NewJob {
            id: JobId::from_uuid(clock.uuid()),
            work: Work::Mail { message: message.id, to: recipient.address.clone() },
            due: clock.now(),
        })
        .collect()
}

/// Lower-case hexadecimal digits.
pub(in crate::service) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}
