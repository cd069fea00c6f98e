//! The words of voicemail: ids, tenants, mailboxes, messages, greetings, callers, mail settings.
//!
//! Values only: parsed once at the border, then trusted. No async, no clock, no wire formats. Every other layer
//! speaks in these types.

mod access;
pub mod answering;
mod call_me;
mod caller;
mod clearing;
mod directory;
mod extension;
mod extension_plan;
mod greeting;
pub mod handset;
mod id;
mod live;
mod mailbox;
mod message;
mod notification;
mod owner;
mod part;
mod phone;
mod policy;
mod presence;
mod profile;
mod redirection;
mod shortcut;
mod tenant;
pub mod time_frame;
mod token;
mod webhook;

use std::borrow::Borrow;

pub use access::{ApiKey, Login, Purpose, Role, SecurityChange, Session};
pub use call_me::{CallFault, CallStep};
pub use caller::CallerId;
pub use clearing::{Clear, Clearing};
pub use directory::{DirectorySettings, SearchBy, letters, spelled, spellings, words};
pub use extension::{Extension, PhoneNumber};
pub use extension_plan::ExtensionPlan;
pub use greeting::{Greeting, GreetingKind, GreetingName};
pub use handset::{Handset, HandsetModel, HandsetName, HandsetSettings, MacAddress, Port};
pub use id::{
    AuditId, BulkId, CallRequestId, ChangeId, DeliveryId, DraftId, GreetingId, HandsetId, ImportId, JobId,
    KeyId, LampId, LinkId, MailboxId, MessageId, RecordingId, RuleId, SessionId, TenantId, TimeFrameId,
    UserId, WebhookId,
};
pub use live::{CallOutcome, CallStage};
pub use mailbox::{Habits, Mailbox, Quota, ToneChoice, Usage, User};
pub use message::{Folder, Message, RecordingClass, Tag};
pub use notification::{AfterMail, AttachmentFormat, MailAddress, MailMode, Recipient};
pub use owner::{Counts, Heading, Mark, Marked, Owner, Place, Sender, Shelf};
pub use part::{Origin, Part, PartKind};
pub use phone::{Envelope, PhoneSettings, Tutorial};
pub use policy::{TenantPolicy, WhenOff, WhoMayCreate, help_link};
pub use presence::{Presence, PresenceState};
pub use profile::{Profile, ProfileField, Station};
pub use redirection::RedirectReason;
pub use shortcut::{CallerKeys, KeyTarget, is_target};
pub use tenant::{DefaultAction, Tenant};
pub use time_frame::{FrameUse, Schedule, Span, TimeFrame};
pub use token::LinkToken;
pub use webhook::{Delivery, Webhook, WebhookEvent, WebhookSecret};

/// A number and what it counts, as people read it: `1 message`, `2 messages`.
pub fn counted(count: impl Borrow<u64>, one: &str) -> String {
    match count.borrow() {
        1 => format!("1 {one}"),
        count => format!("{count} {one}s"),
    }
}

/// Why a piece of text is not the value it should be: names the value, what is wrong and what would be right.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{what} {text:?} is not valid: {remedy}")]
pub struct Invalid {
    /// What was being read, for example `extension`.
    pub what: &'static str,
    /// The text as it was given (shortened).
    pub text: String,
    /// What would be accepted.
    pub remedy: &'static str,
}

impl Invalid {
    pub(crate) fn new(what: &'static str, text: &str, remedy: &'static str) -> Self {
        Self { what, text: text.chars().take(80).collect(), remedy }
    }
}
