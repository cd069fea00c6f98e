//! Identities: UUIDv7 wrapped in one type per thing, so that ids are never interchangeable.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::Invalid;

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident = $what:literal;)*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(Uuid);

        impl $name {
            /// Wraps an id that was made by [`crate::clock::Clock::uuid`] or read from the store.
            pub const fn from_uuid(id: Uuid) -> Self {
                Self(id)
            }

            /// The bare id, for the store.
            pub const fn uuid(self) -> Uuid {
                self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl FromStr for $name {
            type Err = Invalid;

            fn from_str(text: &str) -> Result<Self, Invalid> {
                Uuid::parse_str(text).map(Self).map_err(|_| Invalid::new($what, text, "an id looks like 01890a5d-ac96-774b-bcce-b302099a8057"))
            }
        }
    )*};
}

ids! {
    /// A customer: a closed world of users, mailboxes and numbers.
    TenantId = "tenant id";
    /// A person.
    UserId = "user id";
    /// A mailbox.
    MailboxId = "mailbox id";
    /// A stored message.
    MessageId = "message id";
    /// A stored greeting or recorded name.
    GreetingId = "greeting id";
    /// One recording in progress; becomes the [`MessageId`] of the message that is made of it.
    RecordingId = "recording id";
    /// A piece of work in the outbox.
    JobId = "job id";
    /// A link that was sent by mail.
    LinkId = "link id";
    /// A lamp that shows whether messages wait.
    LampId = "lamp id";
    /// A browser that is signed in.
    SessionId = "session id";
    /// A key of a program.
    KeyId = "key id";
    /// A line of the audit.
    AuditId = "audit id";
    /// A time frame.
    TimeFrameId = "time frame id";
    /// An answering rule.
    RuleId = "rule id";
    /// An import of users.
    ImportId = "import id";
    /// A change of rules, hours or lists that can be taken back.
    ChangeId = "change id";
    /// An import that somebody still works on.
    DraftId = "draft id";
    /// A call to a phone that somebody asked for.
    CallRequestId = "call request id";
    /// A program that is told what happens.
    WebhookId = "webhook id";
    /// Something that a webhook is told.
    DeliveryId = "delivery id";
    /// Something that is done to many users.
    BulkId = "bulk run id";
    /// A phone or an adapter.
    HandsetId = "handset id";
}

impl From<RecordingId> for MessageId {
    /// A recording keeps its identity when it becomes a message: that makes its deposit idempotent.
    fn from(id: RecordingId) -> Self {
        Self(id.0)
    }
}
