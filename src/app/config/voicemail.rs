//! `[voicemail]`: what mailboxes inherit, and how owners use them by phone.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use serde::Deserialize;

use super::values;
use crate::domain::Quota;
use crate::flow::keys::Profile;
use crate::service::accounts::{MailboxDefaults, PinPolicy};

/// `[voicemail]`
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Voicemail {
    /// Longest message.
    #[serde(deserialize_with = "values::duration")]
    pub max_message: Duration,
    /// Silence that ends a recording.
    #[serde(deserialize_with = "values::duration")]
    pub silence: Duration,
    /// Less speech than this is "no speech".
    #[serde(deserialize_with = "values::duration")]
    pub min_speech: Duration,
    /// Keep messages without speech.
    pub keep_no_speech: bool,
    /// Messages in a mailbox; 0 for no limit.
    pub max_messages: u32,
    /// Trash is emptied after so long.
    #[serde(deserialize_with = "values::duration")]
    pub retention: Duration,
    /// Language of the prompts.
    pub language: String,
    /// IANA zone of the first tenant.
    pub zone: String,
    /// Say how to leave a message even after the owner's own greeting.
    pub always_instruct: bool,
    /// Where `0` leads.
    pub operator: Option<String>,
    /// Keys of the owners' menus: default, asterisk, freeswitch, cisco, or a file (`aftertone keys check FILE`).
    #[serde(deserialize_with = "values::keys")]
    pub keys: Arc<Profile>,
    /// Folder of prompts that replaces the built-in ones.
    pub prompts: Option<PathBuf>,
    /// Fewest digits of a new PIN, 4 to 12.
    pub pin_length: u8,
    /// Refuse new PINs that look like a year or a date.
    pub pin_no_dates: bool,
}

impl Default for Voicemail {
    fn default() -> Self {
        let usual = MailboxDefaults::default();
        Self {
            max_message: usual.max_message,
            silence: usual.silence,
            min_speech: usual.min_speech,
            keep_no_speech: usual.keep_no_speech,
            max_messages: usual.quota.messages.unwrap_or(0),
            retention: Duration::from_secs(30 * 24 * 3600),
            language: "en".to_owned(),
            zone: "UTC".to_owned(),
            always_instruct: false,
            operator: None,
            keys: Profile::built_in("default").unwrap_or_default(),
            prompts: None,
            pin_length: 4,
            pin_no_dates: true,
        }
    }
}

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
