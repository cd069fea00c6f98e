//! A mailbox with its settings, and the person it belongs to.

use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{
    AttachmentFormat, CallerKeys, Extension, MailAddress, MailboxId, PhoneSettings, Profile, Recipient,
    TenantId, UserId,
};

/// A person. Has at most one own mailbox.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    /// Identity.
    pub id: UserId,
    /// Whose world the user is in.
    pub tenant: TenantId,
    /// First name, at most 64 characters.
    pub first: String,
    /// Last name, at most 64 characters.
    pub last: String,
    /// Addresses, the primary one first.
    pub emails: Vec<MailAddress>,
    /// Login name, place, numbers.
    pub profile: Profile,
    /// When the user was added.
    pub created_at: Timestamp,
}

impl User {
    /// First and last name, joined; the empty string when there is none.
    pub fn full_name(&self) -> String {
        format!("{} {}", self.first, self.last).trim().to_owned()
    }
}

/// The tone that says "speak now".
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "tone", rename_all = "kebab-case")]
pub enum ToneChoice {
    /// A sine of this pitch and length.
    Sine {
        /// Pitch in hertz, 200 to 2000.
        hertz: u16,
        /// Length in milliseconds, 50 to 2000.
        millis: u16,
    },
    /// No tone.
    Silent,
}

impl ToneChoice {
    const USUAL: Self = Self::Sine { hertz: 1000, millis: 400 };

    /// Itself, or the usual tone where words speak of one.
    #[must_use]
    pub const fn audible(self) -> Self {
        match self {
            Self::Silent => Self::USUAL,
            tone @ Self::Sine { .. } => tone,
        }
    }
}

impl Default for ToneChoice {
    fn default() -> Self {
        Self::USUAL
    }
}

/// How much a mailbox may hold. `None` means no limit.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Quota {
    /// Messages outside of the trash.
    pub messages: Option<u32>,
    /// Bytes of audio outside of the trash.
    pub bytes: Option<u64>,
}

/// How much a mailbox holds (outside of the trash).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Usage {
    /// Number of messages.
    pub messages: u32,
    /// Bytes of audio.
    pub bytes: u64,
}

impl Quota {
    /// So many megabytes; `None` when they cannot be a limit.
    pub fn bytes_of(megabytes: f64) -> Option<u64> {
        let bytes = (megabytes * 1e6).round();
        (0.0..=1e15).contains(&bytes).then_some(bytes as u64)
    }

    /// Whether a mailbox with this `usage` takes no more messages.
    pub fn is_full(&self, usage: Usage) -> bool {
        self.messages.is_some_and(|limit| usage.messages >= limit)
            || self.bytes.is_some_and(|limit| usage.bytes >= limit)
    }
}

/// A mailbox with every setting that calls and mail obey.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mailbox {
    /// Identity.
    pub id: MailboxId,
    /// Whose world it is in.
    pub tenant: TenantId,
    /// Whose mailbox it is.
    pub user: Option<UserId>,
    /// Its number.
    pub extension: Extension,
    /// Off: callers hear that the mailbox does not take messages.
    pub enabled: bool,
    /// Plays the greeting and takes no message.
    pub announcement_only: bool,
    /// Language of the prompts, for example `en`. `None`: the tenant's.
    pub language: Option<String>,
    /// IANA zone. `None`: the tenant's.
    pub zone: Option<String>,
    /// Longest message.
    pub max_message: Duration,
    /// Silence that ends a recording.
    pub silence: Duration,
    /// A message with less speech counts as "no speech".
    pub min_speech: Duration,
    /// Keep messages without speech (they are marked, and not mailed).
    pub keep_no_speech: bool,
    /// Mail also what is only a busy, dial or fax tone.
    pub mail_tones: bool,
    /// Say "record your message after the tone …".
    pub instructions: bool,
    /// The tone before recording.
    pub tone: ToneChoice,
    /// Where `0` leads: a SIP URI or number, checked against the allowed transfer targets. `None`: the tenant's.
    pub operator: Option<String>,
    /// What `1` to `9` do for a caller who hears the greeting; checked as `operator` is.
    pub keys: CallerKeys,
    /// How much it may hold.
    pub quota: Quota,
    /// Who is told by mail, and how.
    pub recipients: Vec<Recipient>,
    /// How attached audio is encoded.
    pub attachment: AttachmentFormat,
    /// How it behaves towards its owner on the phone.
    pub phone: PhoneSettings,
    /// When it was made.
    pub created_at: Timestamp,
}

/// How a mailbox is to its person, apart from what is cleared by itself (recipients, operator, keys): whoever comes next has it as
/// in a new one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Habits {
    announcement_only: bool,
    language: Option<String>,
    zone: Option<String>,
    max_message: Duration,
    silence: Duration,
    min_speech: Duration,
    keep_no_speech: bool,
    mail_tones: bool,
    instructions: bool,
    tone: ToneChoice,
    quota: Quota,
    attachment: AttachmentFormat,
    phone: PhoneSettings,
}

impl Mailbox {
    /// How it is.
    pub fn habits(&self) -> Habits {
        let Self { announcement_only, max_message, silence, min_speech, keep_no_speech, .. } = *self;
        let Self { mail_tones, instructions, quota, attachment, .. } = *self;
        Habits {
            announcement_only,
            language: self.language.clone(),
            zone: self.zone.clone(),
            max_message,
            silence,
            min_speech,
            keep_no_speech,
            mail_tones,
            instructions,
            tone: self.tone,
            quota,
            attachment,
            phone: self.phone.clone(),
        }
    }

    /// Is so from now on.
    pub fn take_on(&mut self, habits: Habits) {
        self.announcement_only = habits.announcement_only;
        self.language = habits.language;
        self.zone = habits.zone;
        self.max_message = habits.max_message;
        self.silence = habits.silence;
        self.min_speech = habits.min_speech;
        self.keep_no_speech = habits.keep_no_speech;
        self.mail_tones = habits.mail_tones;
        self.instructions = habits.instructions;
        self.tone = habits.tone;
        self.quota = habits.quota;
        self.attachment = habits.attachment;
        self.phone = habits.phone;
    }
}
