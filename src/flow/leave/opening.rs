//! Before the tone: greeting and instructions; or, where no message is taken, greeting and the reason.
//!
//! `#` skips to the tone, `0` leads to the operator, `*` into the mailbox where that is allowed; `1` to `9` are the
//! mailbox's own, and do nothing where it has none.

use super::ending::{Farewell, Left, Passing, To};
use super::naming::AskingName;
use super::recording::Cue;
use super::turn::{Timer, Turn};
use super::{Mode, Stage, State};
use crate::domain::KeyTarget;
use crate::flow::phrases::{self, Saying};
use crate::flow::{Action, Key, Place, Utterance};

/// What is being said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    /// The greeting.
    Greeting,
    /// How to leave a message.
    Instructions,
    /// Why no message is taken, and the offer of an operator.
    Notice,
}

/// The caller listens.
#[derive(Debug)]
pub(super) struct Opening {
    part: Part,
}

impl Opening {
    /// The first thing a caller hears.
    pub(super) fn begin(turn: &mut Turn<'_>) -> State {
        if turn.plan.screens && turn.plan.mode == Mode::TakeMessage {
            return AskingName::enter(turn);
        }
        Self::greet(turn)
    }

    /// The greeting, and what comes behind it.
    pub(super) fn greet(turn: &mut Turn<'_>) -> State {
        Self::enter(turn, Part::Greeting)
    }

    fn enter(turn: &mut Turn<'_>, part: Part) -> State {
        match part {
            Part::Greeting => match &turn.plan.greeting {
                Some(greeting) if !greeting.is_empty() => {
                    turn.say(greeting.clone(), Timer::Greeting);
                    Self { part }.into()
                }
                _ => Self::after_greeting(turn),
            },
            Part::Instructions if !turn.plan.says_instructions() => Cue::first(turn),
            Part::Instructions => {
                let mut words = vec![phrases::INSTRUCTIONS.into()];
                words.extend(turn.plan.offers());
                turn.say(words, Timer::Words);
                Self { part }.into()
            }
            Part::Notice => Self::notice(turn),
        }
    }

    fn after_greeting(turn: &mut Turn<'_>) -> State {
        match turn.plan.mode.notice() {
            None => Self::enter(turn, Part::Instructions),
            Some(_) => Self::enter(turn, Part::Notice),
        }
    }

    fn notice(turn: &mut Turn<'_>) -> State {
        let Some(notice) = turn.plan.mode.notice() else { return Cue::first(turn) };
        let mut words: Vec<Utterance> = vec![notice.into()];
        if notice == phrases::TECHNICAL_TROUBLE {
            words.push(phrases::CALL_AGAIN.into());
        }
        let offers = turn.plan.offers();
        if offers.is_empty() {
            return Farewell::enter(turn, words);
        }
        words.extend(offers);
        turn.say(words, Timer::Words);
        Self { part: Part::Notice }.into()
    }

    /// `#`: past everything that can be skipped.
    fn skip(turn: &mut Turn<'_>) -> State {
        match turn.plan.mode.notice() {
            None => Cue::first(turn),
            Some(_) => Self::enter(turn, Part::Notice),
        }
    }

    fn next(self, turn: &mut Turn<'_>) -> State {
        match self.part {
            Part::Greeting => Self::after_greeting(turn),
            Part::Instructions => Cue::first(turn),
            Part::Notice => Farewell::enter(turn, Vec::new()),
        }
    }
}

impl Stage for Opening {
    fn key(self, turn: &mut Turn<'_>, key: Key) -> State {
        let back = Back::Part(self.part);
        match key.char() {
            '#' if self.part == Part::Notice => Farewell::enter(turn, Vec::new()),
            '#' => Self::skip(turn),
            '0' => to_operator(turn, back, self),
            '*' => sign_in(turn, back, self),
            _ => escape(turn, key, self),
        }
    }

    fn played(self, turn: &mut Turn<'_>) -> State {
        if self.part == Part::Notice {
            turn.wait(Timer::Choice);
            return self.into();
        }
        self.next(turn)
    }

    fn expired(self, turn: &mut Turn<'_>) -> State {
        self.next(turn)
    }

    fn gone(self, _turn: &mut Turn<'_>) -> State {
        State::Done
    }
}

/// Where the dialogue goes on after an [`Interlude`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Back {
    /// This is said again from its beginning.
    Part(Part),
    /// The tone.
    Tone,
}

/// The caller is told something in between.
#[derive(Debug)]
pub(super) struct Interlude {
    back: Back,
}

impl Interlude {
    /// Says this and goes on from there.
    pub(super) fn enter(turn: &mut Turn<'_>, words: Vec<Utterance>, back: Back) -> State {
        turn.say(words, Timer::Words);
        Self { back }.into()
    }

    fn resume(self, turn: &mut Turn<'_>) -> State {
        match self.back {
            Back::Part(part) => Opening::enter(turn, part),
            Back::Tone => Cue::first(turn),
        }
    }
}

impl Stage for Interlude {
    fn key(self, turn: &mut Turn<'_>, key: Key) -> State {
        match key.char() {
            '#' => Opening::skip(turn),
            '0' if turn.plan.operator => to_operator(turn, self.back, self),
            '*' if turn.plan.sign_in => sign_in(turn, self.back, self),
            _ => escape(turn, key, self),
        }
    }

    fn played(self, turn: &mut Turn<'_>) -> State {
        self.resume(turn)
    }

    fn expired(self, turn: &mut Turn<'_>) -> State {
        self.resume(turn)
    }

    fn gone(self, _turn: &mut Turn<'_>) -> State {
        State::Done
    }
}

/// `0` before anything was recorded. Asked for too often, it does nothing.
pub(super) fn to_operator(turn: &mut Turn<'_>, back: Back, here: impl Into<State>) -> State {
    if !turn.plan.operator {
        return interrupt(turn, phrases::OPERATOR_NONE, back, here);
    }
    if !turn.may_interrupt() {
        return here.into();
    }
    Passing::enter(turn, To::Operator, Left::Nothing)
}

/// `1` to `9` before anything was recorded. A key that the mailbox does not have does nothing, and so does one that is
/// pressed too often.
pub(super) fn escape(turn: &mut Turn<'_>, key: Key, here: impl Into<State>) -> State {
    let Some(target) = turn.plan.keys.get(&key).cloned() else { return here.into() };
    if !turn.may_interrupt() {
        return here.into();
    }
    let place = match target {
        KeyTarget::Call(target) => return Passing::enter(turn, To::Number(target), Left::Nothing),
        KeyTarget::Mailbox(extension) => Place::Mailbox(extension),
        KeyTarget::Directory => Place::Directory,
    };
    turn.hush();
    turn.act(Action::GoOn(place));
    State::Done
}

/// `*` before anything was recorded: the owner wants to be let in. Another dialogue asks for the PIN.
pub(super) fn sign_in(turn: &mut Turn<'_>, back: Back, here: impl Into<State>) -> State {
    if !turn.plan.sign_in {
        return interrupt(turn, phrases::SIGN_IN_UNAVAILABLE, back, here);
    }
    turn.act(Action::SignIn);
    State::Done
}

/// Says this in between and goes on. Asked for too often, it does nothing.
pub(super) fn interrupt(turn: &mut Turn<'_>, saying: Saying, back: Back, here: impl Into<State>) -> State {
    if !turn.may_interrupt() {
        return here.into();
    }
    Interlude::enter(turn, vec![saying.into()], back)
}
