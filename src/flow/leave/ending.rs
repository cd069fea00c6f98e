//! After the message, or instead of it: the store's answer, the operator, the last words, a caller who is gone.

use super::draft::Draft;
use super::opening::{Back, Interlude};
use super::recording::Sheet;
use super::turn::{Timer, Turn};
use super::{Mode, Stage, State, Verdict};
use crate::flow::phrases;
use crate::flow::{Action, StoreOutcome, Take, TransferOutcome, Utterance};

/// What follows when a kept recording is durable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Then {
    /// These words, the outcome, and goodbye.
    Farewell(Vec<Utterance>),
    /// That nothing more can be recorded, what became of the part that was, and goodbye.
    CutOff,
    /// The operator.
    Operator,
    /// Nothing: nobody is listening.
    HangUp,
}

/// A recording was handed over; the answer of the store is waited for, so that nothing untrue is said.
#[derive(Debug)]
pub(super) struct Storing {
    take: Take,
    then: Then,
}

impl Storing {
    /// Keeps the draft and goes on when it is durable.
    pub(super) fn enter(turn: &mut Turn<'_>, draft: Draft, then: Then) -> State {
        let take = draft.take;
        turn.hush();
        turn.keep(draft);
        turn.wait(Timer::Store);
        Self { take, then }.into()
    }

    fn go_on(self, turn: &mut Turn<'_>, outcome: Option<StoreOutcome>) -> State {
        match self.then {
            Then::Farewell(mut words) => {
                words.extend(outcome_words(outcome));
                Farewell::enter(turn, words)
            }
            Then::CutOff => {
                let mut words = vec![phrases::RECORDING_TROUBLE.into()];
                match outcome {
                    Some(StoreOutcome::Stored | StoreOutcome::Waiting) => {
                        words.push(phrases::KEPT_SO_FAR.into())
                    }
                    lost => words.extend(outcome_words(lost)),
                }
                Farewell::enter(turn, words)
            }
            Then::Operator => Passing::enter(turn, Left::Message(outcome)),
            Then::HangUp => {
                turn.act(Action::HangUp);
                State::Done
            }
        }
    }
}

impl Stage for Storing {
    fn stored(self, turn: &mut Turn<'_>, take: Take, outcome: StoreOutcome) -> State {
        if take != self.take {
            return self.into();
        }
        self.go_on(turn, Some(outcome))
    }

    fn expired(self, turn: &mut Turn<'_>) -> State {
        self.go_on(turn, None)
    }

    fn gone(self, _turn: &mut Turn<'_>) -> State {
        State::Done
    }
}

/// What became of a message. Nothing is claimed where the store did not answer.
fn outcome_words(outcome: Option<StoreOutcome>) -> Vec<Utterance> {
    match outcome {
        Some(StoreOutcome::Stored) => vec![phrases::MESSAGE_SENT.into()],
        Some(StoreOutcome::Waiting) => vec![phrases::MESSAGE_WAITING.into()],
        Some(StoreOutcome::Failed) => vec![phrases::MESSAGE_LOST.into(), phrases::CALL_AGAIN.into()],
        None => Vec::new(),
    }
}

/// What the caller left before asking for the operator.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Left {
    /// No message.
    Nothing,
    /// A message, and what became of it where that is known.
    Message(Option<StoreOutcome>),
}

/// The caller is told that the call is being passed on.
#[derive(Debug)]
pub(super) struct Passing {
    left: Left,
    /// Who takes the call. `None`: the operator.
    to: Option<String>,
}

impl Passing {
    /// Says so, then transfers.
    pub(super) fn enter(turn: &mut Turn<'_>, left: Left) -> State {
        let mut words = Vec::new();
        if left == Left::Message(Some(StoreOutcome::Failed)) {
            words.push(phrases::MESSAGE_LOST.into());
        }
        words.push(phrases::OPERATOR_TRYING.into());
        turn.say(words, Timer::Words);
        Self { left, to: None }.into()
    }

    /// The same for somebody who is no operator.
    pub(super) fn to(turn: &mut Turn<'_>, target: String) -> State {
        turn.say(vec![phrases::TRANSFER_TRYING.into()], Timer::Words);
        Self { left: Left::Nothing, to: Some(target) }.into()
    }
}

impl Stage for Passing {
    fn played(self, turn: &mut Turn<'_>) -> State {
        let is_operator = self.to.is_none();
        turn.act(self.to.map_or(Action::TransferToOperator, Action::TransferTo));
        turn.wait(Timer::Operator);
        Transferring { left: self.left, is_operator }.into()
    }

    fn expired(self, turn: &mut Turn<'_>) -> State {
        self.played(turn)
    }

    fn gone(self, _turn: &mut Turn<'_>) -> State {
        State::Done
    }
}

/// The operator is being called.
#[derive(Debug)]
pub(super) struct Transferring {
    left: Left,
    is_operator: bool,
}

impl Stage for Transferring {
    fn transferred(self, turn: &mut Turn<'_>, outcome: TransferOutcome) -> State {
        let reason = match outcome {
            TransferOutcome::Done => {
                turn.act(Action::HangUp);
                return State::Done;
            }
            _ if !self.is_operator => phrases::TRANSFER_FAILED,
            TransferOutcome::Failed => phrases::OPERATOR_FAILED,
            TransferOutcome::NotAllowed => phrases::OPERATOR_NONE,
        };
        let mut words = vec![reason.into()];
        match self.left {
            Left::Nothing if turn.plan.mode == Mode::TakeMessage => {
                words.push(phrases::LEAVE_INSTEAD.into());
                Interlude::enter(turn, words, Back::Tone)
            }
            Left::Nothing => Farewell::enter(turn, words),
            Left::Message(stored) => {
                words.extend(outcome_words(stored));
                Farewell::enter(turn, words)
            }
        }
    }

    fn expired(self, turn: &mut Turn<'_>) -> State {
        self.transferred(turn, TransferOutcome::Failed)
    }

    fn gone(self, _turn: &mut Turn<'_>) -> State {
        State::Done
    }
}

/// The last words are being said.
#[derive(Debug)]
pub(super) struct Farewell;

impl Farewell {
    /// Says these and goodbye, then hangs up.
    pub(super) fn enter(turn: &mut Turn<'_>, mut words: Vec<Utterance>) -> State {
        words.push(phrases::GOODBYE.into());
        turn.say(words, Timer::Words);
        Self.into()
    }
}

impl Stage for Farewell {
    fn played(self, turn: &mut Turn<'_>) -> State {
        turn.act(Action::HangUp);
        State::Done
    }

    fn expired(self, turn: &mut Turn<'_>) -> State {
        self.played(turn)
    }

    fn gone(self, _turn: &mut Turn<'_>) -> State {
        State::Done
    }
}

/// The caller left while a recording was running; its verdict is waited for.
#[derive(Debug)]
pub(super) struct Gone {
    take: Take,
    sheet: Sheet,
}

impl Gone {
    /// Waits for the verdict on this recording.
    pub(super) fn enter(turn: &mut Turn<'_>, take: Take, sheet: Sheet) -> State {
        turn.wait(Timer::Verdict);
        Self { take, sheet }.into()
    }

    fn settle(self, turn: &mut Turn<'_>, draft: Draft) -> State {
        let draft = turn.settle(self.sheet.spare, draft);
        turn.keep_if_wanted(draft);
        State::Done
    }
}

impl Stage for Gone {
    fn stopped(self, turn: &mut Turn<'_>, take: Take, verdict: Verdict) -> State {
        if take != self.take {
            return self.into();
        }
        self.settle(turn, Draft::new(take, verdict))
    }

    fn expired(self, turn: &mut Turn<'_>) -> State {
        let draft = Draft::unjudged(self.take);
        self.settle(turn, draft)
    }

    fn gone(self, _turn: &mut Turn<'_>) -> State {
        self.into()
    }
}
