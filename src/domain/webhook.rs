//! Webhooks: addresses of programs that are told what happens, and what they can be told.

use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{DeliveryId, Invalid, TenantId, WebhookId};

macro_rules! events {
    ($($(#[$doc:meta])* $name:ident = $word:literal;)*) => {
        /// What a webhook can be told of.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub enum WebhookEvent {
            $($(#[$doc])* #[serde(rename = $word)] $name,)*
        }

        impl WebhookEvent {
            /// Every event.
            pub const ALL: &[Self] = &[$(Self::$name,)*];

            /// The word of the API and the store.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$name => $word,)*
                }
            }
        }
    };
}

events! {
    /// A message is in a mailbox.
    MessageCreated = "message.created";
    /// A message was heard.
    MessageHeard = "message.heard";
    /// A message counts as new again.
    MessageUnheard = "message.unheard";
    /// A message went to another folder, or came back from the trash.
    MessageMoved = "message.moved";
    /// A message went to the trash.
    MessageDeleted = "message.deleted";
    /// A message is gone for good.
    MessagePurged = "message.purged";
    /// A mail server took the mail about a message.
    MailSent = "mail.sent";
    /// The mail about a message was given up.
    MailFailed = "mail.failed";
    /// A greeting or recorded name is another, or plays at other times.
    GreetingChanged = "greeting.changed";
    /// A user was added, or came back.
    UserAdded = "user.added";
    /// A user or the settings of the mailbox are others.
    UserChanged = "user.changed";
    /// A user was removed.
    UserRemoved = "user.removed";
    /// A phone was added, changed, given to somebody else, or removed, or shows something else of its owner.
    HandsetChanged = "handset.changed";
    /// A phone is to restart, and what came of asking it by SIP.
    HandsetReboot = "handset.reboot";
    /// Rules, lists of callers, presence or time frames of a mailbox are others; without a mailbox: those of everybody.
    AnsweringChanged = "answering.changed";
    /// A number leads to another mailbox or nowhere, or has another label or greeting.
    NumberChanged = "number.changed";
    /// Too many wrong PINs: the mailbox cannot be opened by phone.
    MailboxLocked = "mailbox.locked";
    /// Somebody tries whether the webhook works. Comes whatever is subscribed.
    Test = "webhook.test";
}

impl fmt::Display for WebhookEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for WebhookEvent {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        let known = Self::ALL.iter().find(|event| event.as_str() == text && **event != Self::Test);
        known.copied().ok_or_else(|| {
            Invalid::new("events", text, "`aftertone webhook events` lists them, for example message.created")
        })
    }
}

/// What deliveries are signed with: `whsec_` and base64. A secret: `Debug` prints nothing of it.
#[derive(Clone, PartialEq, Eq)]
pub struct WebhookSecret([u8; 32]);

impl WebhookSecret {
    const PREFIX: &str = "whsec_";

    /// Wraps fresh random bytes from [`crate::clock::Clock::fill`].
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The text that its owner keeps; it stands in the store as well, because it signs.
    pub fn expose(&self) -> String {
        format!("{}{}", Self::PREFIX, STANDARD.encode(self.0))
    }

    /// The bytes that sign.
    pub const fn bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Debug for WebhookSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("WebhookSecret(…)")
    }
}

impl FromStr for WebhookSecret {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        let invalid = || Invalid::new("webhook secret", "…", "it begins with whsec_");
        let coded = text.strip_prefix(Self::PREFIX).ok_or_else(invalid)?;
        let bytes = STANDARD.decode(coded).map_err(|_| invalid())?;
        bytes.try_into().map(Self).map_err(|_| invalid())
    }
}

/// A program that is told what happens in a tenant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Webhook {
    /// Identity.
    pub id: WebhookId,
    /// Whose world it hears of.
    pub tenant: TenantId,
    /// What it is for.
    pub name: String,
    /// Where it is told. May hold a secret in its query: no log has it.
    pub url: String,
    /// What it wants to know; empty: everything.
    pub events: Vec<WebhookEvent>,
    /// It is told who called.
    pub callers: bool,
    /// Signs.
    pub secret: WebhookSecret,
    /// Signs as well until its time is over: the receiver changes over meanwhile.
    pub old_secret: Option<(WebhookSecret, Timestamp)>,
    /// Told nothing since then, and why; what happens waits.
    pub paused: Option<(Timestamp, String)>,
    /// It has not answered well since.
    pub failing_since: Option<Timestamp>,
    /// When it was made.
    pub created_at: Timestamp,
}

impl Webhook {
    /// Whether it wants to know of this.
    pub fn wants(&self, event: WebhookEvent) -> bool {
        event == WebhookEvent::Test || self.events.is_empty() || self.events.contains(&event)
    }
}

/// Something that a webhook is told once, however many tries that takes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// Identity; the same at every try.
    pub id: DeliveryId,
    /// Whose world it is of.
    pub tenant: TenantId,
    /// Who is told.
    pub webhook: WebhookId,
    /// Of what.
    pub event: WebhookEvent,
    /// JSON.
    pub body: String,
    /// When it happened.
    pub created_at: Timestamp,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_reads_back_and_is_never_printed() {
        let secret = WebhookSecret::from_bytes([7; 32]);
        assert_eq!(secret.expose().parse(), Ok(secret.clone()));
        assert!(!format!("{secret:?}").contains("Bwc"));
        for wrong in ["", "whsec_", "whsec_!", "whsec_AAAA", "AAAA"] {
            let refused = wrong.parse::<WebhookSecret>().unwrap_err();
            assert!(wrong.is_empty() || !refused.to_string().contains("AAAA"), "{refused}");
        }
    }

    #[test]
    fn every_event_reads_back_but_the_test_which_nobody_subscribes_to() {
        for event in WebhookEvent::ALL {
            assert_eq!(
                event.as_str().parse::<WebhookEvent>().is_ok(),
                *event != WebhookEvent::Test,
                "{event}"
            );
        }
    }
}
