//! What one mail says, as plain data, and the words that are derived from it.
//!
//! Holds what people read; MIME and headers are [`super::render`]'s.

use std::time::Duration;

use bytes::Bytes;
use jiff::{Timestamp, Zoned};
use secrecy::SecretString;

use crate::domain::{AttachmentFormat, CallerId, Extension, MailAddress, MailMode, MessageId};

use super::text::{self, NAME_LIMIT};
use crate::written::{Written, fill, written};

/// Longest line of a note, in characters; the note itself is bounded where it is kept.
const NOTE_LIMIT: usize = 2000;
/// Characters of a note in a brief mail: what a telephone shows.
const NOTE_IN_BRIEF: usize = 160;

/// A link to the message, as it stands in the mail. The address is a secret: who has it may listen.
#[derive(Debug, Clone)]
pub struct LinkView {
    /// Absolute `https` (or `http`) address.
    pub url: SecretString,
    /// When it stops working, in the owner's zone.
    pub expires: Zoned,
}

/// The audio that goes along, encoded already.
#[derive(Debug, Clone)]
pub struct Attachment {
    /// What `bytes` are.
    pub format: AttachmentFormat,
    /// The encoded audio.
    pub bytes: Bytes,
}

/// Of a message that a colleague passed on: who left it.
#[derive(Debug, Clone)]
pub struct PassedOn {
    /// Who left it.
    pub author: CallerId,
    /// When, in the recipient's zone.
    pub received: Zoned,
}

/// All that a mail says. Texts may be hostile: they are cleaned and escaped on the way into the mail.
#[derive(Debug, Clone)]
pub struct MailView {
    /// Which message this is about; part of `Message-ID`.
    pub message: MessageId,
    /// To whom the mail goes.
    pub to: MailAddress,
    /// Language of the recipient, for example `de` (RFC 5646).
    pub language: String,
    /// The mode of that address. Brief modes are text only.
    pub mode: MailMode,
    /// Name of the mailbox's owner; empty when there is none.
    pub owner: String,
    /// The mailbox's number.
    pub extension: Extension,
    /// Who called.
    pub caller: CallerId,
    /// Label of the alias that was called.
    pub alias: Option<String>,
    /// What the colleague wrote who sent it.
    pub note: Option<String>,
    /// Set when the caller is a colleague who passed it on.
    pub passed_on: Option<PassedOn>,
    /// When the message was left, in the owner's zone.
    pub received: Zoned,
    /// How long it is.
    pub length: Duration,
    /// The caller marked it urgent.
    pub urgent: bool,
    /// The caller marked it private.
    pub private: bool,
    /// Where to listen.
    pub link: Option<LinkView>,
    /// The audio. Absent in an attachment mode when it is too large: the mail says so.
    pub attachment: Option<Attachment>,
    /// The `Date` of the mail.
    pub sent_at: Timestamp,
}

impl MailView {
    /// The texts of its language.
    pub(super) fn words(&self) -> &'static Written {
        written(&self.language)
    }

    /// Name and number as they may be shown: `Ada Byron (555-1234)`, `555-1234`, `withheld number`, `unknown caller`.
    pub(super) fn caller_shown(&self) -> String {
        self.named(&self.caller)
    }

    fn named(&self, caller: &CallerId) -> String {
        match (name(caller), number(caller)) {
            (Some(name), Some(number)) if name != number => format!("{name} ({number})"),
            (Some(only), _) | (None, Some(only)) => only,
            (None, None) if caller.anonymous => self.words().mail.withheld.clone(),
            (None, None) => self.words().mail.unknown.clone(),
        }
    }

    /// Who left a message that was passed on, and when.
    pub(super) fn author_shown(&self) -> Option<(String, &Zoned)> {
        self.passed_on.as_ref().map(|passed| (self.named(&passed.author), &passed.received))
    }

    /// The note, its lines as they were written.
    pub(super) fn note_shown(&self) -> Option<String> {
        let lines = self.note.as_deref().unwrap_or_default().lines();
        let lines: Vec<String> = lines.map(|one| text::line(one, NOTE_LIMIT)).collect();
        Some(lines.join("\n").trim().to_owned()).filter(|note| !note.is_empty())
    }

    /// The beginning of the note, on one line.
    pub(super) fn note_in_brief(&self) -> Option<String> {
        self.note.as_deref().map(|note| text::line(note, NOTE_IN_BRIEF)).filter(|note| !note.is_empty())
    }

    /// `Voicemail from Ada Byron (555-1234), 0:42`.
    pub(super) fn subject(&self) -> String {
        let texts = &self.words().mail;
        let kind = match (self.urgent, self.private) {
            (true, true) => &texts.voicemail_urgent_private,
            (true, false) => &texts.voicemail_urgent,
            (false, true) => &texts.voicemail_private,
            (false, false) => &texts.voicemail,
        };
        let (caller, length) = (self.caller_shown(), text::clock_length(self.length));
        fill(&texts.subject, &[("kind", kind), ("caller", &caller), ("length", &length)])
    }

    /// Whose mailbox it is: `Ada Lovelace, extension 1001` or `extension 1001`.
    pub(super) fn mailbox_shown(&self) -> String {
        let (texts, extension) = (&self.words().mail, self.extension.as_str());
        match shown(Some(&self.owner)) {
            Some(owner) => fill(&texts.mailbox, &[("owner", &owner), ("extension", extension)]),
            None => fill(&texts.mailbox_nameless, &[("extension", extension)]),
        }
    }

    pub(super) fn alias_shown(&self) -> Option<String> {
        shown(self.alias.as_deref())
    }

    /// The mode asks for audio, and there is none: it was too large.
    pub(super) fn is_too_large(&self) -> bool {
        self.mode.after_mail().is_some() && self.attachment.is_none()
    }

    /// `voicemail-2026-11-21-1432-from-5551234.mp3`: only letters, digits, `-` and `.`, whatever the caller sent.
    pub(super) fn attachment_name(&self, format: AttachmentFormat) -> String {
        let when = self.received.strftime("%Y-%m-%d-%H%M");
        let digits: String = number(&self.caller)
            .unwrap_or_default()
            .chars()
            .filter(char::is_ascii_alphanumeric)
            .take(20)
            .collect();
        let who = match (digits.is_empty(), self.caller.anonymous) {
            (false, _) => digits,
            (true, true) => "withheld".to_owned(),
            (true, false) => "unknown".to_owned(),
        };
        format!("voicemail-{when}-from-{who}.{}", format.as_str())
    }
}

fn name(caller: &CallerId) -> Option<String> {
    if caller.anonymous { None } else { shown(caller.name.as_deref()) }
}

fn number(caller: &CallerId) -> Option<String> {
    if caller.anonymous { None } else { shown(caller.number.as_deref()) }
}

fn shown(text: Option<&str>) -> Option<String> {
    text.map(|text| text::line(text, NAME_LIMIT)).filter(|text| !text.is_empty())
}
