//! A stored message and where it lies.

use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{CallerId, Invalid, MailboxId, MessageId, RedirectReason, TenantId};

/// Where a message lies. Moving a message never touches its audio.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Folder {
    /// New and heard messages that nobody sorted yet.
    Inbox,
    /// Kept on purpose.
    Saved,
    /// Deleted, restorable until purged.
    Trash,
}

impl Folder {
    /// The word used by the command line, the store and the API.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Inbox => "inbox",
            Self::Saved => "saved",
            Self::Trash => "trash",
        }
    }
}

impl fmt::Display for Folder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Folder {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        match text {
            "inbox" => Ok(Self::Inbox),
            "saved" => Ok(Self::Saved),
            "trash" => Ok(Self::Trash),
            _ => Err(Invalid::new("folder", text, "choose inbox, saved or trash")),
        }
    }
}

/// Under what a saved message is filed: the further folders of Asterisk's users. Back in the inbox it has none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Tag {
    /// Of work.
    Work,
    /// Of the family.
    Family,
    /// Of friends.
    Friends,
}

impl Tag {
    /// Every one.
    pub const ALL: [Self; 3] = [Self::Work, Self::Family, Self::Friends];

    /// The word used by the command line, the store and the API.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Work => "work",
            Self::Family => "family",
            Self::Friends => "friends",
        }
    }
}

impl FromStr for Tag {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        let found = Self::ALL.into_iter().find(|tag| tag.as_str() == text);
        found.ok_or_else(|| Invalid::new("tag", text, "choose work, family or friends"))
    }
}

/// What a recording turned out to contain.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RecordingClass {
    /// Somebody spoke.
    Speech,
    /// Less speech than the mailbox asks for.
    NoSpeech,
    /// Only a busy or congestion tone.
    BusyTone,
    /// Only a dial tone.
    DialTone,
    /// A fax machine calling (CNG, ITU-T T.30) or answering (CED).
    FaxTone,
}

impl RecordingClass {
    /// The word used by the store and the API.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Speech => "speech",
            Self::NoSpeech => "no-speech",
            Self::BusyTone => "busy-tone",
            Self::DialTone => "dial-tone",
            Self::FaxTone => "fax-tone",
        }
    }
}

impl FromStr for RecordingClass {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        [Self::Speech, Self::NoSpeech, Self::BusyTone, Self::DialTone, Self::FaxTone]
            .into_iter()
            .find(|class| class.as_str() == text)
            .ok_or_else(|| {
                Invalid::new(
                    "recording class",
                    text,
                    "choose speech, no-speech, busy-tone, dial-tone or fax-tone",
                )
            })
    }
}

/// A message that is durable: its audio object and its row exist.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// Identity: that of the recording it was made of.
    pub id: MessageId,
    /// Whose world it is in.
    pub tenant: TenantId,
    /// Whose message it is.
    pub mailbox: MailboxId,
    /// Where it lies.
    pub folder: Folder,
    /// Under what it is filed, when it is saved.
    pub tag: Option<Tag>,
    /// When it was first heard to the end of the announcement; `None` while new.
    pub heard_at: Option<Timestamp>,
    /// The caller marked it urgent.
    pub urgent: bool,
    /// The caller marked it private: it may not be forwarded.
    pub private: bool,
    /// Who left it.
    pub caller: CallerId,
    /// Label of the alias or number that was called, when it was not the extension itself (004-09).
    pub alias: Option<String>,
    /// Why the call came to voicemail.
    pub reason: RedirectReason,
    /// When recording began, UTC.
    pub received_at: Timestamp,
    /// Length in milliseconds.
    pub duration_ms: u32,
    /// How much of it is speech, in milliseconds.
    pub voiced_ms: u32,
    /// What it contains.
    pub class: RecordingClass,
    /// Samples per second of the stored audio.
    pub sample_rate: u32,
    /// Size of the audio object.
    pub bytes: u64,
    /// SHA-256 of the audio object, lower-case hex.
    pub sha256: String,
    /// Key of the audio object: WAV, mono, 16-bit.
    pub object: String,
}
