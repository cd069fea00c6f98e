//! Before the greeting, where the owner screens calls (002-036): the caller says a name, with which the message begins.
//!
//! A name is no message: of who leaves before the tone nothing is kept, and what is said after it decides whether there is
//! a message. Nobody has to say one: silence and `#` go on to the greeting.

use std::time::Duration;

use super::opening::{Back, Opening, Part, sign_in, to_operator};
use super::turn::{Timer, Turn};
use super::{Stage, State, Verdict};
use crate::flow::phrases::owner;
use crate::flow::{Action, Key, RecordLimits, StopCause, Take, Utterance};

/// What bounds a name.
const LIMITS: RecordLimits = RecordLimits {
    max: Duration::from_secs(5),
    silence: Duration::from_secs(2),
    warn_before: Duration::ZERO,
};

/// A name that was said, until the message goes on behind it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Name {
    pub(super) take: Take,
    /// Of this much speech, which makes no message of what follows.
    pub(super) voiced: Duration,
}

/// The caller is asked for a name.
#[derive(Debug)]
pub(super) struct AskingName;

impl AskingName {
    pub(super) fn enter(turn: &mut Turn<'_>) -> State {
        turn.say(vec![owner::RECORD_NAME.into(), Utterance::Tone(turn.plan.tone.audible())], Timer::Words);
        Self.into()
    }

    fn listen(turn: &mut Turn<'_>) -> State {
        let take = turn.next_take();
        turn.act(Action::Record { take, append: false, limits: LIMITS });
        turn.wait(Timer::Recording(LIMITS.max));
        SayingName { take, is_gone: false }.into()
    }
}

impl Stage for AskingName {
    fn key(self, turn: &mut Turn<'_>, key: Key) -> State {
        match key.char() {
            '#' => Opening::greet(turn),
            '0' => to_operator(turn, Back::Part(Part::Greeting), self),
            '*' => sign_in(turn, Back::Part(Part::Greeting), self),
            _ => self.into(),
        }
    }

    fn played(self, turn: &mut Turn<'_>) -> State {
        Self::listen(turn)
    }

    fn expired(self, turn: &mut Turn<'_>) -> State {
        turn.hush();
        Self::listen(turn)
    }

    fn gone(self, _turn: &mut Turn<'_>) -> State {
        State::Done
    }
}

/// The caller says a name.
#[derive(Debug)]
pub(super) struct SayingName {
    take: Take,
    /// Nobody is there any more: the end of the recording is waited for.
    is_gone: bool,
}

impl Stage for SayingName {
    fn key(self, turn: &mut Turn<'_>, key: Key) -> State {
        if key.char() == '#' {
            turn.act(Action::StopRecording(self.take));
            turn.wait(Timer::Verdict);
        }
        self.into()
    }

    fn stopped(self, turn: &mut Turn<'_>, take: Take, verdict: Verdict) -> State {
        if take != self.take {
            return self.into();
        }
        let goes_on = match verdict.cause {
            _ if self.is_gone => false,
            StopCause::Silence | StopCause::Limit | StopCause::Asked | StopCause::StorageFailed => true,
            StopCause::HungUp | StopCause::MediaLost | StopCause::Tone => false,
        };
        if goes_on && !verdict.voiced.is_zero() {
            turn.memory.keep_name(Name { take, voiced: verdict.voiced });
        } else {
            turn.act(Action::Discard(take));
        }
        if goes_on {
            return Opening::greet(turn);
        }
        if !self.is_gone && verdict.cause != StopCause::HungUp {
            turn.act(Action::HangUp);
        }
        State::Done
    }

    fn expired(self, turn: &mut Turn<'_>) -> State {
        turn.act(Action::Discard(self.take));
        if self.is_gone { State::Done } else { Opening::greet(turn) }
    }

    fn gone(self, turn: &mut Turn<'_>) -> State {
        turn.wait(Timer::Verdict);
        Self { is_gone: true, ..self }.into()
    }
}
