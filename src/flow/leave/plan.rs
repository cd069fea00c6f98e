//! What the dialogue is told before it begins. Decided by the services that know the mailbox; only values here.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::domain::{KeyTarget, Mailbox, ToneChoice, Usage};
use crate::flow::phrases::{self, Saying, directory};
use crate::flow::{Key, RecordLimits, Utterance};
use crate::speech::Arg;

/// The warning tone comes so long before the limit.
const WARN_BEFORE: Duration = Duration::from_secs(10);

/// What the caller reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Mode {
    /// A mailbox that takes messages.
    TakeMessage,
    /// A mailbox that only plays its greeting.
    AnnouncementOnly,
    /// A mailbox that is switched off.
    Disabled,
    /// A mailbox that holds as much as it may.
    MailboxFull,
    /// A mailbox whose owner does not want this call.
    TurnedAway,
    /// No mailbox.
    UnknownTarget,
    /// A mailbox's own menu, which cannot be entered by phone.
    SignInUnavailable,
    /// A mailbox, but nothing can be recorded now: no disk space, or no way to find out what the mailbox wants.
    TechnicalTrouble,
}

impl Mode {
    /// What is said instead of taking a message.
    pub(super) const fn notice(self) -> Option<Saying> {
        match self {
            Self::TakeMessage => None,
            Self::AnnouncementOnly => Some(phrases::ANNOUNCEMENT_ONLY),
            Self::Disabled => Some(phrases::MAILBOX_DISABLED),
            Self::MailboxFull => Some(phrases::MAILBOX_FULL),
            Self::TurnedAway => Some(phrases::CALL_REFUSED),
            Self::UnknownTarget => Some(phrases::NO_SUCH_MAILBOX),
            Self::SignInUnavailable => Some(phrases::SIGN_IN_UNAVAILABLE),
            Self::TechnicalTrouble => Some(phrases::TECHNICAL_TROUBLE),
        }
    }
}

/// When the caller is told how to leave a message.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum Instructions {
    /// Never.
    Never,
    /// Unless the owner's own greeting was played: owners tend to say it themselves.
    #[default]
    UnlessOwnGreeting,
    /// Always.
    Always,
}

/// Everything the dialogue has to know, decided before it begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// What the caller reached.
    pub mode: Mode,
    /// What is said first, in every mode. `None` or empty: nothing.
    pub greeting: Option<Vec<Utterance>>,
    /// Whether the greeting is one that the owner recorded or uploaded.
    pub own_greeting: bool,
    /// Whether the caller is asked for a name first, with which the message begins (002-036).
    pub screens: bool,
    /// Whether the caller is told how to leave a message.
    pub instructions: Instructions,
    /// The tone before recording.
    pub tone: ToneChoice,
    /// What bounds a recording.
    pub limits: RecordLimits,
    /// A recording with less speech is no message.
    pub min_speech: Duration,
    /// Keep recordings without speech nevertheless.
    pub keep_no_speech: bool,
    /// Whether there is somebody behind `0`.
    pub operator: bool,
    /// Whether `*` before the tone leads the owner into the mailbox.
    pub sign_in: bool,
    /// What `1` to `9` do before the tone.
    pub keys: BTreeMap<Key, KeyTarget>,
    /// Where the call goes at once; only when it cannot does the rest of the plan hold.
    pub transfer: Option<String>,
}

impl Plan {
    /// The plan for a call that reached this mailbox. Nothing is recorded into a mailbox that is switched off, full
    /// or for announcements only; one that is switched off does not play its greeting either.
    pub fn for_mailbox(
        mailbox: &Mailbox,
        usage: Usage,
        greeting: Vec<Utterance>,
        own_greeting: bool,
        operator: bool,
    ) -> Self {
        let mode = if !mailbox.enabled {
            Mode::Disabled
        } else if mailbox.announcement_only {
            Mode::AnnouncementOnly
        } else if mailbox.quota.is_full(usage) {
            Mode::MailboxFull
        } else {
            Mode::TakeMessage
        };
        Self {
            mode,
            greeting: (mode != Mode::Disabled).then_some(greeting),
            own_greeting,
            screens: false,
            instructions: if mailbox.instructions {
                Instructions::UnlessOwnGreeting
            } else {
                Instructions::Never
            },
            tone: mailbox.tone,
            limits: RecordLimits {
                max: mailbox.max_message,
                silence: mailbox.silence,
                warn_before: WARN_BEFORE,
            },
            min_speech: mailbox.min_speech,
            keep_no_speech: mailbox.keep_no_speech,
            operator,
            sign_in: false,
            keys: BTreeMap::new(),
            transfer: None,
        }
    }

    /// The plan for a call that can leave no message, whatever it reached: the notice of `mode`, and the operator.
    pub fn notice_only(mode: Mode, operator: bool) -> Self {
        Self {
            mode,
            greeting: None,
            own_greeting: false,
            screens: false,
            instructions: Instructions::Never,
            tone: ToneChoice::default(),
            limits: RecordLimits {
                max: Duration::from_secs(180),
                silence: Duration::from_secs(5),
                warn_before: WARN_BEFORE,
            },
            min_speech: Duration::from_secs(1),
            keep_no_speech: false,
            operator,
            sign_in: false,
            keys: BTreeMap::new(),
            transfer: None,
        }
    }

    /// Who else can be reached: said where the caller is told what can be done.
    pub(super) fn offers(&self) -> Vec<Utterance> {
        let mut offers: Vec<Utterance> = Vec::new();
        if self.operator {
            offers.push(phrases::OPERATOR_OFFER.into());
        }
        let by_name = self.keys.iter().find(|(_, target)| **target == KeyTarget::Directory);
        if let Some((key, _)) = by_name {
            offers.push(Utterance::Phrase(directory::OFFER.with(Arg::Digits(key.char().to_string()))));
        }
        offers
    }

    pub(super) fn says_instructions(&self) -> bool {
        match self.instructions {
            Instructions::Never => false,
            Instructions::Always => true,
            Instructions::UnlessOwnGreeting => !self.own_greeting,
        }
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::domain::{MailboxId, Quota, TenantId};
    use crate::service::accounts::MailboxDefaults;

    fn mailbox() -> Mailbox {
        let defaults = MailboxDefaults {
            max_message: Duration::from_secs(60),
            silence: Duration::from_secs(4),
            min_speech: Duration::from_secs(2),
            keep_no_speech: true,
            tone: ToneChoice::Silent,
            quota: Quota { messages: Some(2), bytes: None },
            ..MailboxDefaults::default()
        };
        let nil = uuid::Uuid::nil;
        let (id, tenant) = (MailboxId::from_uuid(nil()), TenantId::from_uuid(nil()));
        defaults.mailbox(id, tenant, "1001".parse().unwrap(), Timestamp::UNIX_EPOCH)
    }

    fn plan(mailbox: &Mailbox, messages: u32) -> Plan {
        Plan::for_mailbox(mailbox, Usage { messages, bytes: 0 }, Vec::new(), false, false)
    }

    #[test]
    fn a_mailbox_takes_messages_while_it_is_on_and_has_room() {
        assert_eq!(plan(&mailbox(), 1).mode, Mode::TakeMessage);
        assert_eq!(plan(&mailbox(), 2).mode, Mode::MailboxFull);
        assert_eq!(plan(&Mailbox { announcement_only: true, ..mailbox() }, 2).mode, Mode::AnnouncementOnly);
        let off = plan(&Mailbox { enabled: false, announcement_only: true, ..mailbox() }, 2);
        assert_eq!((off.mode, off.greeting), (Mode::Disabled, None));
    }

    #[test]
    fn the_settings_of_the_mailbox_are_those_of_the_plan() {
        let plan = plan(&mailbox(), 0);
        assert_eq!(plan.limits.max, Duration::from_secs(60));
        assert_eq!(plan.limits.silence, Duration::from_secs(4));
        assert_eq!(plan.min_speech, Duration::from_secs(2));
        assert_eq!((plan.tone, plan.keep_no_speech), (ToneChoice::Silent, true));
        assert!(plan.says_instructions());
        assert!(!Plan { own_greeting: true, ..plan.clone() }.says_instructions());
        assert!(Plan { own_greeting: true, instructions: Instructions::Always, ..plan }.says_instructions());
    }

    #[test]
    fn a_call_without_a_mailbox_gets_a_notice_only() {
        let plan = Plan::notice_only(Mode::UnknownTarget, true);
        assert_eq!(plan.mode.notice(), Some(phrases::NO_SUCH_MAILBOX));
        assert!(plan.operator && plan.greeting.is_none());
    }
}
