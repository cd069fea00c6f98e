//! Every phrase a dialogue can say, as typed names. The words themselves are in `prompts/<lang>/phrases.toml`.
//!
//! Not a dictionary of a language: [`crate::speech`] is. [`all`] is what a language is checked against, so that no
//! dialogue can ask for words that a language does not have.

use std::time::Duration;

use super::Utterance;
use crate::domain::{Extension, GreetingId};
use crate::speech::{Arg, ArgKind, Phrase};

/// A phrase that a dialogue may say: its id and the values that it needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Saying {
    /// Id in `phrases.toml`.
    pub id: &'static str,
    /// Name and kind of each placeholder.
    pub args: &'static [(&'static str, ArgKind)],
}

impl Saying {
    /// The phrase, for one that needs no values.
    pub const fn phrase(self) -> Phrase {
        Phrase::new(self.id)
    }

    pub(super) fn with(self, value: Arg) -> Phrase {
        match self.args.first() {
            Some((name, _)) => self.phrase().with(name, value),
            None => self.phrase(),
        }
    }
}

impl From<Saying> for Utterance {
    fn from(saying: Saying) -> Self {
        Self::Phrase(saying.phrase())
    }
}

macro_rules! sayings {
    ($($(#[$doc:meta])* $name:ident = $id:literal $(($($arg:literal: $kind:ident),+))?;)*) => {
        $($(#[$doc])* pub const $name: Saying = Saying { id: $id, args: &[$($(($arg, ArgKind::$kind)),+)?] };)*

        /// Every phrase of these.
        pub const ALL: &[Saying] = &[$($name),*];
    };
}

pub mod call_me;
pub mod keys;
pub mod owner;

/// Every phrase a dialogue can say.
pub fn all() -> impl Iterator<Item = Saying> {
    ALL.iter().chain(owner::ALL).chain(call_me::ALL).copied().chain(keys::all())
}

sayings! {
    /// Built-in greeting without a recorded name.
    GREETING_EXTENSION = "greeting-extension" ("extension": Digits);
    /// Built-in greeting without a recorded name, when the phone is busy.
    GREETING_BUSY_EXTENSION = "greeting-busy-extension" ("extension": Digits);
    /// Follows a recorded name.
    GREETING_NAME = "greeting-name";
    /// Follows a recorded name, when the phone is busy.
    GREETING_BUSY_NAME = "greeting-busy-name";
    /// How to leave a message.
    INSTRUCTIONS = "instructions";
    /// That `0` reaches somebody.
    OPERATOR_OFFER = "operator-offer";
    /// That the call is being passed on.
    OPERATOR_TRYING = "operator-trying";
    /// That nobody took the call.
    OPERATOR_FAILED = "operator-failed";
    /// That there is nobody behind `0`.
    OPERATOR_NONE = "operator-none";
    /// That the call is being passed on to somebody who is no operator.
    TRANSFER_TRYING = "transfer-trying";
    /// That nobody took the call there.
    TRANSFER_FAILED = "transfer-failed";
    /// That the mailbox's owner does not want this call.
    CALL_REFUSED = "call-refused";
    /// That a message can be left instead.
    LEAVE_INSTEAD = "leave-instead";
    /// That `*` does not lead into the mailbox.
    SIGN_IN_UNAVAILABLE = "sign-in-unavailable";
    /// That the mailbox takes no more.
    MAILBOX_FULL = "mailbox-full";
    /// That the mailbox takes no messages at all.
    MAILBOX_DISABLED = "mailbox-disabled";
    /// That the announcement was all there is.
    ANNOUNCEMENT_ONLY = "announcement-only";
    /// That nobody has this number.
    NO_SUCH_MAILBOX = "no-such-mailbox";
    /// That something of ours is broken.
    TECHNICAL_TROUBLE = "technical-trouble";
    /// That recording is paused and how to go on.
    RECORDING_PAUSED = "recording-paused";
    /// That the disk takes no more of this recording.
    RECORDING_TROUBLE = "recording-trouble";
    /// That what was recorded before the trouble is safe.
    KEPT_SO_FAR = "kept-so-far";
    /// That the longest message is reached, in whole minutes.
    LIMIT_MINUTES = "limit-minutes" ("minutes": Number);
    /// That the longest message is reached, in seconds.
    LIMIT_SECONDS = "limit-seconds" ("seconds": Number);
    /// That no speech was heard, and to try again.
    NOTHING_HEARD = "nothing-heard";
    /// That no speech was heard, and the earlier message is still there.
    NOTHING_HEARD_KEPT = "nothing-heard-kept";
    /// That no speech was heard and the call ends.
    NOTHING_HEARD_END = "nothing-heard-end";
    /// Menu: 1.
    REVIEW_LISTEN = "review-listen";
    /// Menu: 2 or `#`.
    REVIEW_KEEP = "review-keep";
    /// Menu: 3.
    REVIEW_AGAIN = "review-again";
    /// Menu: 4.
    REVIEW_ADD = "review-add";
    /// Menu: 5, while not urgent.
    REVIEW_URGENT = "review-urgent";
    /// Menu: 5, while urgent.
    REVIEW_NOT_URGENT = "review-not-urgent";
    /// Menu: 6, while not private.
    REVIEW_PRIVATE = "review-private";
    /// Menu: 6, while private.
    REVIEW_NOT_PRIVATE = "review-not-private";
    /// Menu: 7.
    REVIEW_DISCARD = "review-discard";
    /// Menu: 0.
    REVIEW_OPERATOR = "review-operator";
    /// Answer to 5.
    URGENT_ON = "urgent-on";
    /// Answer to 5.
    URGENT_OFF = "urgent-off";
    /// Answer to 6.
    PRIVATE_ON = "private-on";
    /// Answer to 6.
    PRIVATE_OFF = "private-off";
    /// Before a new recording that replaces the earlier one.
    RECORD_AGAIN = "record-again";
    /// Before going on with a recording.
    RECORD_MORE = "record-more";
    /// Answer to 7: how to undo it.
    DISCARD_OFFER = "discard-offer";
    /// Answer to 7 pressed again.
    DISCARD_UNDONE = "discard-undone";
    /// That the message is gone.
    MESSAGE_DISCARDED = "message-discarded";
    /// That the message is stored.
    MESSAGE_SENT = "message-sent";
    /// That the message is safe, and arrives later.
    MESSAGE_WAITING = "message-waiting";
    /// That the message could not be kept.
    MESSAGE_LOST = "message-lost";
    /// That it is worth calling again.
    CALL_AGAIN = "call-again";
    /// The last word.
    GOODBYE = "goodbye";
    /// What the test phone says in the demonstration.
    DEMO_MESSAGE = "demo-message";
}

/// The greeting for a mailbox that has none of its own: the recorded name if there is one, else the number.
pub fn builtin_greeting(extension: &Extension, name: Option<GreetingId>, busy: bool) -> Vec<Utterance> {
    match name {
        Some(name) => {
            let rest = if busy { GREETING_BUSY_NAME } else { GREETING_NAME };
            vec![Utterance::Greeting(name), rest.into()]
        }
        None => {
            let whole = if busy { GREETING_BUSY_EXTENSION } else { GREETING_EXTENSION };
            vec![Utterance::Phrase(whole.with(Arg::Digits(extension.as_str().to_owned())))]
        }
    }
}

/// That a recording reached `max`: in minutes where they are whole, else in seconds.
pub fn limit_reached(max: Duration) -> Phrase {
    let seconds = u32::try_from(max.as_secs()).unwrap_or(u32::MAX).min(crate::speech::LARGEST_NUMBER * 60);
    if seconds >= 60 && (seconds.is_multiple_of(60) || seconds > crate::speech::LARGEST_NUMBER) {
        LIMIT_MINUTES.with(Arg::Number(seconds / 60))
    } else {
        LIMIT_SECONDS.with(Arg::Number(seconds))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_of_whole_minutes_is_said_in_minutes() {
        assert_eq!(limit_reached(Duration::from_secs(180)).args, [("minutes", Arg::Number(3))]);
        assert_eq!(limit_reached(Duration::from_secs(90)).args, [("seconds", Arg::Number(90))]);
        assert_eq!(
            limit_reached(Duration::MAX).args,
            [("minutes", Arg::Number(crate::speech::LARGEST_NUMBER))]
        );
    }

    #[test]
    fn every_phrase_has_its_own_id() {
        let mut ids: Vec<_> = all().map(|saying| saying.id).collect();
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), all().count());
    }

    #[test]
    fn the_recorded_name_comes_before_the_number() {
        let extension: Extension = "1001".parse().unwrap();
        let name = GreetingId::from_uuid(uuid::Uuid::nil());
        assert_eq!(
            builtin_greeting(&extension, Some(name), true),
            [Utterance::Greeting(name), GREETING_BUSY_NAME.into()]
        );
        assert_eq!(
            builtin_greeting(&extension, None, false),
            [Utterance::Phrase(
                Phrase::new("greeting-extension").with("extension", Arg::Digits("1001".into()))
            )]
        );
    }
}
