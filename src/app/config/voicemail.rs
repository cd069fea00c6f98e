//! What `[voicemail]` means for new mailboxes and new PINs.

use super::Voicemail;
use crate::domain::Quota;
use crate::service::accounts::{MailboxDefaults, PinPolicy};

impl Voicemail {
    /// The rules for new PINs.
    pub const fn pins(&self) -> PinPolicy {
        PinPolicy { shortest: self.pin_length, refuse_dates: self.pin_no_dates }
    }

    /// What new mailboxes begin with.
    pub fn defaults(&self) -> MailboxDefaults {
        MailboxDefaults {
            max_message: self.max_message,
            silence: self.silence,
            min_speech: self.min_speech,
            keep_no_speech: self.keep_no_speech,
            quota: Quota { messages: (self.max_messages > 0).then_some(self.max_messages), bytes: None },
            ..MailboxDefaults::default()
        }
    }
}
