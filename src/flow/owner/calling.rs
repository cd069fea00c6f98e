//! Somebody is called on the owner's behalf: the sender of a message, a colleague, the operator.

use super::colleague;
use super::desk::Person;
use super::listening::Listening;
use super::turn::{Timer, Turn};
use super::{Stage, State};
use crate::flow::phrases::{self, directory, owner};
use crate::flow::{Action, TransferOutcome, Utterance};

/// Who is called.
#[derive(Debug)]
enum Party {
    /// The sender of the message that was heard.
    Sender(String),
    /// Somebody who was found by name.
    Colleague(Person),
    /// The owner's operator.
    Operator,
}

/// A transfer is announced, or waited for.
#[derive(Debug)]
pub(super) struct Calling {
    /// Our words are over, and the transfer was asked for.
    asked: bool,
    party: Party,
}

impl Calling {
    /// Calls the sender of a message.
    pub(super) fn sender(turn: &mut Turn<'_>, number: String) -> State {
        Self::enter(turn, owner::CALLING.into(), Party::Sender(number))
    }

    /// Calls whoever was found by name.
    pub(super) fn colleague(turn: &mut Turn<'_>, person: Person) -> State {
        Self::enter(turn, owner::CALLING.into(), Party::Colleague(person))
    }

    /// Calls the operator.
    pub(super) fn operator(turn: &mut Turn<'_>) -> State {
        Self::enter(turn, phrases::OPERATOR_TRYING.into(), Party::Operator)
    }

    fn enter(turn: &mut Turn<'_>, words: Utterance, party: Party) -> State {
        turn.say(vec![words]);
        Self { asked: false, party }.into()
    }

    fn ask(self, turn: &mut Turn<'_>) -> State {
        turn.act(match &self.party {
            Party::Sender(number) => Action::TransferTo(number.clone()),
            Party::Colleague(person) => Action::TransferTo(person.extension.as_str().to_owned()),
            Party::Operator => Action::TransferToOperator,
        });
        turn.wait(Timer::Call);
        Self { asked: true, ..self }.into()
    }
}

impl Stage for Calling {
    fn played(self, turn: &mut Turn<'_>) -> State {
        self.ask(turn)
    }

    fn transferred(self, turn: &mut Turn<'_>, outcome: TransferOutcome) -> State {
        let words = match (outcome, self.party) {
            (TransferOutcome::Done, _) => {
                turn.act(Action::HangUp);
                return State::Done;
            }
            // Who cannot be spoken to can be left a message.
            (TransferOutcome::Failed, Party::Colleague(person)) => {
                return colleague::write(turn, person, vec![owner::CALL_FAILED.into()]);
            }
            (TransferOutcome::NotAllowed, Party::Colleague(person)) => {
                return colleague::write(turn, person, vec![directory::NOT_NOW.into()]);
            }
            (TransferOutcome::Failed, Party::Sender(_)) => owner::CALL_FAILED,
            (TransferOutcome::NotAllowed, Party::Sender(_)) => owner::NO_CALL,
            (TransferOutcome::Failed, Party::Operator) => phrases::OPERATOR_FAILED,
            (TransferOutcome::NotAllowed, Party::Operator) => directory::NO_OPERATOR,
        };
        Listening::after(turn, vec![words.into()])
    }

    fn expired(self, turn: &mut Turn<'_>) -> State {
        if self.asked {
            return self.transferred(turn, TransferOutcome::Failed);
        }
        turn.hush();
        self.ask(turn)
    }
}
