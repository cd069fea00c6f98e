//! The dialogues with callers, as state machines without IO.
//!
//! A flow is told what happened ([`CallEvent`]) and answers with what is to be done ([`Action`]). It never waits,
//! never reads a clock and never touches a socket; [`crate::call`] drives it and carries its actions out.

pub mod directory;
pub mod entrance;
pub mod keys;
pub mod leave;
pub mod owner;
pub mod phrases;
pub mod transfer;

use std::time::Duration;

use crate::domain::{
    CallStage, CallStep, Extension, GreetingId, Mark, MessageId, RecordingClass, ToneChoice,
};
use crate::speech::Phrase;

/// Time since the call was answered.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CallTime(pub Duration);

impl std::ops::Add<Duration> for CallTime {
    type Output = Self;

    fn add(self, by: Duration) -> Self {
        Self(self.0.saturating_add(by))
    }
}

/// A key of the telephone: `0`–`9`, `*`, `#` (and `A`–`D`, which no menu uses).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key(char);

impl Key {
    /// The key for this character, if there is one.
    pub fn new(c: char) -> Option<Self> {
        let c = c.to_ascii_uppercase();
        matches!(c, '0'..='9' | '*' | '#' | 'A'..='D').then_some(Self(c))
    }

    /// The character printed on the key.
    pub const fn char(self) -> char {
        self.0
    }
}

/// Names one [`Action::Play`] within a call, so that a late end of an earlier one is not mistaken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PlayId(pub u32);

/// Names one recording within a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Take(pub u32);

/// Where a dialogue begins to count that follows another one in the same call, so that no number is used twice.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Numbers {
    /// The first [`PlayId`].
    pub plays: u32,
    /// The last [`Take`].
    pub takes: u32,
    /// The last [`Action::Ask`].
    pub asks: u32,
}

impl Numbers {
    /// Counts what was asked for.
    pub fn note(&mut self, action: &Action) {
        match action {
            Action::Play(id, _) => self.plays = self.plays.max(id.0.saturating_add(1)),
            Action::Record { take, .. } => self.takes = self.takes.max(take.0),
            Action::Ask(number, _) => self.asks = self.asks.max(*number),
            _ => {}
        }
    }
}

/// Where a caller goes when one dialogue ends and another one begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// Looks for somebody by name.
    Directory,
    /// Leaves a message in this mailbox.
    Mailbox(Extension),
    /// Back to where the caller came from.
    Back,
}

/// A message from a place on, as the owner wants to hear it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MessagePart {
    /// Which.
    pub id: MessageId,
    /// From this place, in the message's own time.
    pub from: Duration,
    /// Speed in percent; the pitch stays.
    pub speed_percent: u16,
    /// Louder or quieter by so many decibels.
    pub gain_db: i8,
}

/// One thing that is said or played.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Utterance {
    /// Words from the language's prompts.
    Phrase(Phrase),
    /// A stored greeting or recorded name.
    Greeting(GreetingId),
    /// What was just recorded in this call.
    Recording(Take),
    /// A stored message, alone in its play: [`CallEvent::MessageBegan`] tells when it sounds.
    Message(MessagePart),
    /// A tone.
    Tone(ToneChoice),
    /// Silence.
    Pause(Duration),
}

/// What bounds a recording.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RecordLimits {
    /// Longest recording, counted over all takes that are added to each other.
    pub max: Duration,
    /// Silence after which the recording ends.
    pub silence: Duration,
    /// A warning tone is played this long before `max`.
    pub warn_before: Duration,
}

/// Why a recording ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum StopCause {
    /// The caller fell silent.
    Silence,
    /// The limit was reached.
    Limit,
    /// The flow asked for it ([`Action::StopRecording`]), after a key.
    Asked,
    /// No RTP came any more.
    MediaLost,
    /// Nobody is there any more: the line sends busy or dial tone.
    Tone,
    /// The disk takes no more; what came before is kept.
    StorageFailed,
    /// The call ended.
    HungUp,
}

impl StopCause {
    /// As it stands in metrics.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Silence => "silence",
            Self::Limit => "limit",
            Self::Asked => "key",
            Self::MediaLost => "media-lost",
            Self::Tone => "tone",
            Self::StorageFailed => "storage-failed",
            Self::HungUp => "hung-up",
        }
    }
}

/// How a transfer went (RFC 3515 NOTIFY with a sipfrag).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TransferOutcome {
    /// The target answered: this call is over for us.
    Done,
    /// The peer or the target refused, or nobody answered in time.
    Failed,
    /// No target is set, or the target is not allowed.
    NotAllowed,
}

impl TransferOutcome {
    /// As it stands in metrics.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Failed => "failed",
            Self::NotAllowed => "not-allowed",
        }
    }
}

/// What happened to a recording that was to be kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum StoreOutcome {
    /// Audio and row are durable.
    Stored,
    /// Durable in the spool; it arrives when store and bucket are back.
    Waiting,
    /// It is lost and the caller must know.
    Failed,
}

/// Something that happened in the call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CallEvent {
    /// The call was answered and media flows. Always the first event.
    Started,
    /// A key was pressed.
    Digit(Key),
    /// A [`Action::Play`] came to its end (not when it was stopped).
    PlayFinished(PlayId),
    /// A recording stopped.
    RecordingStopped {
        /// Which.
        take: Take,
        /// Why.
        cause: StopCause,
        /// Its length, trimmed.
        length: Duration,
        /// How much of it is speech.
        voiced: Duration,
        /// What it contains.
        class: RecordingClass,
    },
    /// The answer to [`Action::Persist`].
    Stored {
        /// Which.
        take: Take,
        /// How it went.
        outcome: StoreOutcome,
    },
    /// The answer to [`Action::Transfer`].
    Transferred(TransferOutcome),
    /// A play that holds an [`Utterance::Message`] begins to sound now.
    MessageBegan(PlayId),
    /// The message of this play is damaged or cannot be fetched; nothing of the play is heard.
    MessageUnplayable(PlayId),
    /// A service answers [`Action::Ask`] of this number.
    Reply(u32, owner::desk::Reply),
    /// A mark could not be noted: the message is as it was.
    Unmarked(MessageId, Mark),
    /// The time given by [`Flow::deadline`] has come.
    DeadlineReached,
    /// The caller is gone. Nothing may be played after it; recordings may still be persisted or discarded.
    HungUp,
}

/// Something to be done, in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// Says these one after the other; ends with [`CallEvent::PlayFinished`]. Replaces what is playing.
    Play(PlayId, Vec<Utterance>),
    /// Falls silent at once.
    StopPlaying,
    /// Records. With `append` the recording of this take goes on where it stopped. Another take may be open beside it
    /// (stopped, and neither persisted nor discarded): "record again" holds the earlier one until it is replaced.
    Record {
        /// Which.
        take: Take,
        /// Whether it goes on an earlier one of the same name.
        append: bool,
        /// What ends it.
        limits: RecordLimits,
    },
    /// Ends the running recording; the answer is [`CallEvent::RecordingStopped`].
    StopRecording(Take),
    /// Notes the marks beside the recording at once, so that they survive a crash.
    Mark {
        /// Which.
        take: Take,
        /// Urgent.
        urgent: bool,
        /// Private.
        private: bool,
    },
    /// Makes a message of the recording. Its end need not be known yet: of a recorder that does not answer, what is in
    /// the spool is kept. Still to be carried out when the dialogue is over and the caller gone.
    Persist(Take),
    /// Forgets the recording. Still to be carried out when the dialogue is over and the caller gone.
    Discard(Take),
    /// Transfers the call to the operator of this mailbox; the answer is [`CallEvent::Transferred`].
    TransferToOperator,
    /// Asks a service, mostly on behalf of whoever signed in; the answer is [`CallEvent::Reply`] of the same number.
    Ask(u32, owner::desk::Request),
    /// Transfers the call to this number, if it is allowed; the answer is [`CallEvent::Transferred`].
    TransferTo(String),
    /// The caller wants to sign in to the mailbox whose greeting plays. The dialogue is over; another one follows.
    SignIn,
    /// The caller goes on to there. The dialogue is over; another one follows.
    GoOn(Place),
    /// Tells whoever asked for this call how far it is. That something was kept is told by the service that keeps it.
    Report(CallStep),
    /// Ends the call.
    HangUp,
}

/// The actions that a flow asks for.
pub type Actions = Vec<Action>;

/// A dialogue.
pub trait Flow: Send {
    /// Takes an event in and appends what is to be done.
    fn handle(&mut self, now: CallTime, event: CallEvent, actions: &mut Actions);

    /// When [`CallEvent::DeadlineReached`] is due, if it is.
    fn deadline(&self) -> Option<CallTime>;

    /// Whether the dialogue is over: nothing more will be asked for.
    fn is_done(&self) -> bool;

    /// Where it stands, for who looks after the server.
    fn stage(&self) -> CallStage;

    /// Whether the keys that are pressed now are secret: they may stand in no log.
    fn hides_keys(&self) -> bool {
        false
    }
}
