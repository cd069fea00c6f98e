//! What the owner's dialogue, and the caller's who looks for somebody, ask of the services, and what they answer. Values
//! only.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::domain::{
    Counts, Extension, Greeting, GreetingId, GreetingKind, Heading, MailMode, Mark, MessageId, PhoneSettings,
    SearchBy, Shelf, ToneChoice,
};
use crate::flow::keys::Profile;
use crate::flow::leave::Plan;
use crate::flow::{RecordLimits, Take};

/// Digits that nobody may read: a PIN as it was pressed. Its `Debug` shows nothing.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Pin(String);

impl Pin {
    /// The digits as they were pressed.
    pub const fn new(digits: String) -> Self {
        Self(digits)
    }

    /// The digits, for whoever checks them.
    pub fn digits(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for Pin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Pin(…)")
    }
}

/// Something asked of a service. The answer is a [`Reply`] of the same number; [`Request::Hold`] has none, and
/// [`Request::Mark`] and [`Request::Settings`] have one only when they fail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Request {
    /// Whether this is the owner of this mailbox: [`Reply::Welcome`], [`Reply::Refused`] or [`Reply::Failed`].
    SignIn {
        /// As it was pressed.
        extension: String,
        /// As it was pressed.
        pin: Pin,
        /// Which try of this call, from 1.
        nth: u32,
    },
    /// Whether the device that calls needs no PIN: [`Reply::Welcome`], else [`Reply::Refused`].
    Recognise,
    /// The messages of a folder: [`Reply::Messages`].
    Load(Shelf),
    /// Notes at once what was done to a message.
    Mark(MessageId, Mark),
    /// Sends the message to the owner's own address, and deletes it once the mail server took it: [`Reply::Done`], or
    /// [`Reply::NotAllowed`] when the mailbox has no address.
    MailAway(MessageId),
    /// Remembers where the caller was, or that there is no such place.
    Hold(Option<(MessageId, Duration)>),
    /// Who has this number: [`Reply::Recipient`].
    Find(Extension),
    /// Everybody who can be sent a message: [`Reply::Everybody`] or [`Reply::NotAllowed`].
    Everybody,
    /// The owner's lists: [`Reply::Lists`].
    Lists,
    /// Who is on a list: [`Reply::List`], empty when there is none.
    List(u8),
    /// Replaces a list; without members there is none: [`Reply::Done`].
    PutList(u8, Vec<Extension>),
    /// Delivers a recording: [`Reply::Sent`].
    Send {
        /// What was recorded. It is gone when the answer is [`Reply::Sent`].
        take: Take,
        /// To whom.
        to: Vec<Extension>,
        /// Marked urgent.
        urgent: bool,
        /// Marked private.
        private: bool,
    },
    /// Forwards a message: [`Reply::Sent`].
    Forward {
        /// Which.
        message: MessageId,
        /// What was recorded to come before it.
        introduction: Option<Take>,
        /// To whom.
        to: Vec<Extension>,
    },
    /// The owner's greetings: [`Reply::Greetings`].
    Greetings,
    /// Makes a greeting of a recording: [`Reply::Done`]; the recording is gone then.
    KeepGreeting(Take, GreetingKind),
    /// Switches a greeting on: [`Reply::Done`].
    ChooseGreeting(GreetingId),
    /// Switches the greetings of a kind off: [`Reply::Done`].
    SwitchOff(GreetingKind),
    /// Until when a greeting is on: [`Reply::Done`].
    GreetingUntil(GreetingId, Option<Timestamp>),
    /// A new PIN: [`Reply::Done`] or [`Reply::BadPin`].
    ChangePin(Pin),
    /// The settings as they are now.
    Settings(Box<PhoneSettings>),
    /// What is sent by mail: [`Reply::Done`].
    Mail(MailMode),
    /// Whom these letters, or this extension, mean: [`Reply::Found`]. Anybody may ask.
    Search(String),
    /// The call is this mailbox's from now on: [`Reply::Arrived`]. Any caller may ask.
    Visit(Extension),
}

/// Somebody who was found by name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    /// The number.
    pub extension: Extension,
    /// The recorded name.
    pub name: Option<GreetingId>,
    /// The name as it is spelled, where there is no recorded one.
    pub spelled: String,
    /// Calls may be transferred there.
    pub callable: bool,
}

/// Which rule a PIN breaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum BadPin {
    /// Too short, too long.
    Shape,
    /// It repeats itself.
    Repeats,
    /// It counts up or down.
    Sequence,
    /// It is made of the extension.
    Extension,
    /// It is a year or a date.
    Year,
}

/// The answer of a service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reply {
    /// The owner is who they say.
    Welcome(Box<Session>),
    /// Not this extension with this PIN; nobody is told which of them is wrong.
    Refused {
        /// Silence before the next try.
        wait: Duration,
        /// There is no next try in this call.
        last: bool,
    },
    /// The messages of a folder, in their order.
    Messages(Vec<Heading>),
    /// Who has the number, with the recorded name.
    Recipient(Option<Option<GreetingId>>),
    /// All of them, but for the owner.
    Everybody(Vec<Extension>),
    /// Each list that there is, with the number of its members.
    Lists(Vec<(u8, u32)>),
    /// The members of a list.
    List(Vec<Member>),
    /// An administrator has not allowed it.
    NotAllowed,
    /// To how many it went, and to whom not.
    Sent {
        /// Delivered.
        to: u32,
        /// Not delivered.
        failed: Vec<Extension>,
    },
    /// All greetings and the recorded name.
    Greetings(Vec<Greeting>),
    /// Who was found.
    Found {
        /// In the order in which they are offered; not all when there are too many.
        people: Vec<Person>,
        /// How many there are.
        all: u32,
        /// Which words of their names were looked at.
        by: SearchBy,
    },
    /// What the caller of this mailbox gets; `None`: there is no such mailbox.
    Arrived(Option<Box<Plan>>),
    /// It is done.
    Done,
    /// The new PIN is refused.
    BadPin(BadPin),
    /// The message is private: it is not forwarded.
    Private,
    /// It could not be done now.
    Failed,
}

/// Somebody on a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// The number.
    pub extension: Extension,
    /// The recorded name, if there is one.
    pub name: Option<GreetingId>,
}

/// Who signed in, and how they like it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Session {
    /// The keys.
    pub keys: Arc<Profile>,
    /// The settings.
    pub phone: PhoneSettings,
    /// What is sent by mail; `None` when the mailbox has no address.
    pub mail: Option<MailMode>,
    /// Where the owner is.
    pub zone: Zone,
    /// The wall clock when the owner was let in.
    pub now: Timestamp,
    /// How many messages there are.
    pub counts: Counts,
    /// Where an earlier call dropped.
    pub place: Option<(MessageId, Duration)>,
    /// What bounds a recording.
    pub limits: Option<RecordLimits>,
    /// The tone before a recording.
    pub tone: ToneChoice,
    /// There is an operator who may be called.
    pub operator: bool,
}

/// A time zone; UTC unless it is known better.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Zone(pub TimeZone);

impl Default for Zone {
    fn default() -> Self {
        Self(TimeZone::UTC)
    }
}
