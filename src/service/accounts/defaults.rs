//! What a new mailbox is like when nobody says otherwise. Filled from the configuration's `[voicemail]`.

use std::time::Duration;

use jiff::Timestamp;

use crate::domain::{
    AttachmentFormat, Extension, MailMode, Mailbox, MailboxId, PhoneSettings, Quota, TenantId, ToneChoice,
};

/// The settings of new mailboxes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MailboxDefaults {
    /// Longest message.
    pub max_message: Duration,
    /// Silence that ends a recording.
    pub silence: Duration,
    /// A message with less speech counts as "no speech".
    pub min_speech: Duration,
    /// Keep messages without speech.
    pub keep_no_speech: bool,
    /// Mail also what is only a tone.
    pub mail_tones: bool,
    /// Say "record your message after the tone …".
    pub instructions: bool,
    /// The tone before recording.
    pub tone: ToneChoice,
    /// How much a mailbox may hold.
    pub quota: Quota,
    /// What mails carry for a user who was added with an address.
    pub mode: MailMode,
    /// How attached audio is encoded.
    pub attachment: AttachmentFormat,
}

impl Default for MailboxDefaults {
    fn default() -> Self {
        Self {
            max_message: Duration::from_secs(180),
            silence: Duration::from_secs(5),
            min_speech: Duration::from_millis(250),
            keep_no_speech: false,
            mail_tones: false,
            instructions: true,
            tone: ToneChoice::default(),
            quota: Quota { messages: Some(100), bytes: None },
            mode: MailMode::Link,
            attachment: AttachmentFormat::Mp3,
        }
    }
}

impl MailboxDefaults {
    /// A new mailbox: on, nobody's, without recipients.
    pub fn mailbox(
        &self,
        id: MailboxId,
        tenant: TenantId,
        extension: Extension,
        created_at: Timestamp,
    ) -> Mailbox {
        Mailbox {
            id,
            tenant,
            user: None,
            extension,
            enabled: true,
            announcement_only: false,
            language: None,
            zone: None,
            max_message: self.max_message,
            silence: self.silence,
            min_speech: self.min_speech,
            keep_no_speech: self.keep_no_speech,
            mail_tones: self.mail_tones,
            instructions: self.instructions,
            tone: self.tone,
            operator: None,
            quota: self.quota,
            recipients: Vec::new(),
            attachment: self.attachment,
            phone: PhoneSettings::default(),
            created_at,
        }
    }
}
