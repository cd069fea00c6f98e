//! The sender of a message is called: our words, the transfer, and the way back when nobody answers.

use super::listening::Listening;
use super::turn::{Timer, Turn};
use super::{Stage, State};
use crate::flow::phrases::owner;
use crate::flow::{Action, TransferOutcome};

/// The sender of a message is being called.
#[derive(Debug)]
pub(super) struct Calling {
    /// Our words are over, and the transfer was asked for.
    asked: bool,
    number: String,
}

impl Calling {
    pub(super) fn enter(turn: &mut Turn<'_>, number: String) -> State {
        turn.say(vec![owner::CALLING.into()]);
        Self { asked: false, number }.into()
    }

    fn ask(mut self, turn: &mut Turn<'_>) -> State {
        turn.act(Action::TransferTo(std::mem::take(&mut self.number)));
        turn.wait(Timer::Call);
        Self { asked: true, ..self }.into()
    }
}

impl Stage for Calling {
    fn played(self, turn: &mut Turn<'_>) -> State {
        self.ask(turn)
    }

    fn transferred(self, turn: &mut Turn<'_>, outcome: TransferOutcome) -> State {
        match outcome {
            TransferOutcome::Done => {
                turn.act(Action::HangUp);
                State::Done
            }
            TransferOutcome::Failed => Listening::after(turn, vec![owner::CALL_FAILED.into()]),
            TransferOutcome::NotAllowed => Listening::after(turn, vec![owner::NO_CALL.into()]),
        }
    }

    fn expired(self, turn: &mut Turn<'_>) -> State {
        if self.asked {
            return Listening::after(turn, vec![owner::CALL_FAILED.into()]);
        }
        turn.hush();
        self.ask(turn)
    }
}
