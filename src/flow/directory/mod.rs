//! A caller looks for somebody by name, and is connected: by a transfer where that is allowed, else with the mailbox.
//!
//! Knows no names itself: it asks for them by [`super::owner::desk::Request::Search`]. The search is shared with the
//! owner's dialogue ([`search::Search`]). Driven through [`Flow`] by the dialogue that holds it
//! ([`super::entrance::Entrance`]), which also takes the caller on to a mailbox or back.
//!
//! ```text
//! Searching → Passing → Transferring → (nobody answers) Parting → the person's mailbox
//!     ↑          └ operator: back to the search when nobody answers
//! ```

pub mod search;

use std::sync::Arc;
use std::time::Duration;

use self::search::{Ended, Search};
use super::keys::Profile;
use super::phrases::{self, directory};
use super::{Action, Actions, CallEvent, CallTime, Flow, Numbers, Place, TransferOutcome, Utterance};
use crate::domain::{CallStage, Extension};

/// The first event.
const START: Duration = Duration::from_secs(30);
/// A transfer that never answers is given up after so long.
const TRANSFER: Duration = Duration::from_secs(90);

/// Whom the caller is connected with.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Goal {
    Operator,
    Person(Extension),
}

#[derive(Debug)]
enum State {
    Waiting,
    Searching,
    /// It is said that the call is passed on.
    Passing(Goal),
    /// The transfer was asked for.
    Transferring(Goal),
    /// It is said that nobody answers.
    Parting(Extension),
    /// The last words.
    Farewell,
    Done,
}

/// A caller looks for somebody.
#[derive(Debug)]
pub struct Directory {
    search: Search,
    operator: bool,
    /// There is a greeting to go back to.
    returns: bool,
    state: State,
}

impl Directory {
    /// A dialogue that waits for [`CallEvent::Started`]. `operator`: there is somebody behind the operator's key.
    /// `returns`: the caller came from a greeting, and may go back.
    pub fn new(profile: Arc<Profile>, (operator, returns): (bool, bool), numbers: Numbers) -> Self {
        Self { search: Search::new(profile, operator, numbers), operator, returns, state: State::Waiting }
    }

    fn searching(&mut self, now: CallTime, event: CallEvent, actions: &mut Actions) -> State {
        let Some(ended) = self.search.handle(now, event, actions) else { return State::Searching };
        match ended {
            Ended::Person(person) if person.callable => {
                self.search.say(now, vec![directory::CALLING.into()], actions);
                State::Passing(Goal::Person(person.extension))
            }
            Ended::Person(person) => go_on(Place::Mailbox(person.extension), actions),
            Ended::Operator if self.operator => {
                self.search.say(now, vec![phrases::OPERATOR_TRYING.into()], actions);
                State::Passing(Goal::Operator)
            }
            Ended::Operator => self.ask(now, vec![directory::NO_OPERATOR.into()], actions),
            Ended::Back if self.returns => go_on(Place::Back, actions),
            Ended::Back | Ended::Exit => self.farewell(now, Vec::new(), actions),
            Ended::GaveUp => self.farewell(now, vec![directory::GAVE_UP.into()], actions),
        }
    }

    fn ask(&mut self, now: CallTime, lead: Vec<Utterance>, actions: &mut Actions) -> State {
        self.search.ask(now, lead, actions);
        State::Searching
    }

    fn farewell(&mut self, now: CallTime, mut words: Vec<Utterance>, actions: &mut Actions) -> State {
        words.push(phrases::GOODBYE.into());
        self.search.say(now, words, actions);
        State::Farewell
    }

    /// What was being said is over, or takes too long.
    fn said(&mut self, now: CallTime, state: State, actions: &mut Actions) -> State {
        match state {
            State::Passing(goal) => {
                actions.push(match &goal {
                    Goal::Operator => Action::TransferToOperator,
                    Goal::Person(extension) => Action::TransferTo(extension.as_str().to_owned()),
                });
                self.search.wait(now, TRANSFER);
                State::Transferring(goal)
            }
            State::Transferring(goal) => self.transferred(now, goal, TransferOutcome::Failed, actions),
            State::Parting(extension) => go_on(Place::Mailbox(extension), actions),
            State::Farewell | State::Waiting => {
                actions.push(Action::HangUp);
                State::Done
            }
            State::Searching | State::Done => state,
        }
    }

    fn transferred(
        &mut self,
        now: CallTime,
        goal: Goal,
        outcome: TransferOutcome,
        actions: &mut Actions,
    ) -> State {
        match (outcome, goal) {
            (TransferOutcome::Done, _) => {
                actions.push(Action::HangUp);
                State::Done
            }
            (TransferOutcome::Failed, Goal::Person(extension)) => {
                self.search.say(now, vec![directory::NO_ANSWER.into()], actions);
                State::Parting(extension)
            }
            // Not allowed any more: as if it had never been.
            (TransferOutcome::NotAllowed, Goal::Person(extension)) => {
                go_on(Place::Mailbox(extension), actions)
            }
            (TransferOutcome::Failed, Goal::Operator) => {
                self.ask(now, vec![phrases::OPERATOR_FAILED.into()], actions)
            }
            (TransferOutcome::NotAllowed, Goal::Operator) => {
                self.ask(now, vec![directory::NO_OPERATOR.into()], actions)
            }
        }
    }
}

fn go_on(place: Place, actions: &mut Actions) -> State {
    actions.push(Action::GoOn(place));
    State::Done
}

impl Flow for Directory {
    fn handle(&mut self, now: CallTime, event: CallEvent, actions: &mut Actions) {
        let state = std::mem::replace(&mut self.state, State::Done);
        self.state = match (state, event) {
            (_, CallEvent::HungUp) => State::Done,
            (State::Waiting, CallEvent::Started) => self.ask(now, Vec::new(), actions),
            (State::Searching, event) => self.searching(now, event, actions),
            (State::Transferring(goal), CallEvent::Transferred(outcome)) => {
                self.transferred(now, goal, outcome, actions)
            }
            // Who knows what comes presses on.
            (State::Parting(extension), CallEvent::Digit(key)) if key.char() == '#' => {
                go_on(Place::Mailbox(extension), actions)
            }
            (state, CallEvent::PlayFinished(id)) if self.search.finish_play(id) => {
                self.said(now, state, actions)
            }
            (state, CallEvent::DeadlineReached) if self.deadline_of(&state).is_some_and(|due| due <= now) => {
                self.said(now, state, actions)
            }
            (state, _) => state,
        };
    }

    fn deadline(&self) -> Option<CallTime> {
        self.deadline_of(&self.state)
    }

    fn is_done(&self) -> bool {
        matches!(self.state, State::Done)
    }

    fn stage(&self) -> CallStage {
        match self.state {
            State::Waiting | State::Searching | State::Parting(_) => CallStage::Finding,
            State::Passing(_) | State::Transferring(_) => CallStage::Transferring,
            State::Farewell | State::Done => CallStage::Ending,
        }
    }
}

impl Directory {
    fn deadline_of(&self, state: &State) -> Option<CallTime> {
        match state {
            State::Done => None,
            State::Waiting => Some(CallTime(START)),
            _ => self.search.deadline(),
        }
    }
}
