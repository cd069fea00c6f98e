//! Whose mailbox it is, and what its owner can ask of the messages in it.
//!
//! Values only. An [`Owner`] is made where somebody has proven to be one (the PIN, a link); every query of the owner's
//! side takes it, so that no message of another mailbox can be named.

use std::str::FromStr;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Extension, Folder, GreetingId, Invalid, MailboxId, Message, MessageId, Origin, Tag, TenantId};

/// The mailbox whose owner asks. Part of every query.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Owner {
    /// Whose world it is in.
    pub tenant: TenantId,
    /// The one mailbox that may be touched.
    pub mailbox: MailboxId,
}

impl Owner {
    /// The owner of this message, as far as queries are concerned: for who was let in to one message, by a link.
    pub const fn of(message: &Message) -> Self {
        Self { tenant: message.tenant, mailbox: message.mailbox }
    }
}

/// What is done to a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Mark {
    /// It was listened to. Only the first time counts.
    Heard,
    /// It is new again, in the inbox.
    New,
    /// Kept on purpose; a tag that it has stays.
    Save,
    /// Kept, and filed under this tag or under none.
    File(Option<Tag>),
    /// Back to the inbox, heard or not as it was.
    Inbox,
    /// Deleted, until it is restored or purged.
    Trash,
    /// Out of the trash, to where it lay before.
    Restore,
    /// Gone for good: only out of the trash.
    Purge,
}

impl Mark {
    /// The word of the ledger.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Heard => "heard",
            Self::New => "marked-new",
            Self::Save | Self::File(None) => "saved",
            Self::File(Some(Tag::Work)) => "filed-work",
            Self::File(Some(Tag::Family)) => "filed-family",
            Self::File(Some(Tag::Friends)) => "filed-friends",
            Self::Inbox => "moved-to-inbox",
            Self::Trash => "trashed",
            Self::Restore => "restored",
            Self::Purge => "purged",
        }
    }
}

impl FromStr for Mark {
    type Err = Invalid;

    /// What may be asked for by name: everything but [`Mark::Purge`], which cannot be undone.
    fn from_str(text: &str) -> Result<Self, Invalid> {
        match text {
            "heard" => Ok(Self::Heard),
            "new" => Ok(Self::New),
            "saved" => Ok(Self::Save),
            "inbox" => Ok(Self::Inbox),
            "trash" => Ok(Self::Trash),
            "restore" => Ok(Self::Restore),
            "untagged" => Ok(Self::File(None)),
            _ => text.parse().map(|tag| Self::File(Some(tag))).map_err(|_| {
                Invalid::new(
                    "mark",
                    text,
                    "choose heard, new, saved, work, family, friends, untagged, inbox, trash or restore",
                )
            }),
        }
    }
}

/// How a message stands after a mark.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Marked {
    /// Where it lies; `None` when it is purged.
    pub folder: Option<Folder>,
    /// Whether it counts as heard.
    pub heard: bool,
}

/// A selection of messages as a phone offers them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Shelf {
    /// Unheard, in the inbox.
    New,
    /// Heard in the inbox, and all that is saved.
    Old,
    /// The same, without what is filed under a tag.
    Unfiled,
    /// Saved, and filed under this tag.
    Filed(Tag),
    /// Everything in the inbox, the unheard first.
    Inbox,
    /// Saved ones.
    Saved,
    /// Everything that is not deleted.
    Kept,
    /// Deleted ones.
    Trash,
}

/// How many messages there are (RFC 3842 §5.2: new and old, urgent ones among them).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Counts {
    /// Unheard, in the inbox.
    pub new: u32,
    /// Urgent ones of these.
    pub new_urgent: u32,
    /// Heard in the inbox, or saved.
    pub old: u32,
    /// Urgent ones of these.
    pub old_urgent: u32,
    /// In the trash.
    #[serde(default)]
    pub trash: u32,
    /// Those of the old ones that are filed under a tag.
    #[serde(default)]
    pub filed: u32,
}

impl Counts {
    /// What a lamp shows: the trash is none of its business, nor how what is saved is sorted.
    #[must_use]
    pub const fn of_a_lamp(self) -> Self {
        Self { trash: 0, filed: 0, ..self }
    }
}

/// A message as it is announced.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Heading {
    /// The message.
    pub message: Message,
    /// Who left it, when the caller's number is that of a mailbox here.
    pub sender: Option<Sender>,
    /// Of a forwarded message: who had left it, and when. The sender is who passed it on.
    pub origin: Option<Origin>,
}

/// A mailbox as it can be named to its colleagues.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sender {
    /// Its number.
    pub extension: Extension,
    /// Identity.
    pub mailbox: MailboxId,
    /// The recorded name, if there is one.
    pub name: Option<GreetingId>,
}

/// Where a call that dropped had been.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// The message that was played.
    pub message: MessageId,
    /// How far, in milliseconds.
    pub position_ms: u32,
    /// When that was.
    pub at: Timestamp,
}
