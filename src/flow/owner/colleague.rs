//! The owner looks for a colleague by name: to send a message, or to call where that is allowed. And the operator.

use std::sync::Arc;

use super::entering::{Entering, For};
use super::recorder::{Cue, Purpose};
use super::sending::Letter;
use super::turn::Turn;
use super::{Calling, Choosing, Farewell, Stage, State};
use crate::flow::directory::search::{Ended, Search};
use crate::flow::keys::Menu;
use crate::flow::owner::desk::Person;
use crate::flow::phrases::directory;
use crate::flow::{CallEvent, CallTime, Numbers, Utterance};

/// Somebody is looked for.
#[derive(Debug)]
pub(super) struct Seeking {
    search: Box<Search>,
}

/// Opens the directory.
pub(super) fn begin(turn: &mut Turn<'_>) -> State {
    let session = turn.session();
    let (profile, operator) = (Arc::clone(&session.keys), session.operator);
    let mut search = Search::new(profile, operator, turn.memory.numbers());
    turn.forget_sequence();
    search.ask(turn.now, Vec::new(), turn.actions);
    Seeking { search: Box::new(search) }.into()
}

impl Seeking {
    /// Takes every event in itself: it has its own keys, words and waits.
    pub(super) fn take_in(mut self, turn: &mut Turn<'_>, event: CallEvent) -> State {
        if event == CallEvent::HungUp {
            return State::Done;
        }
        let ended = self.search.handle(turn.now, event, turn.actions);
        let Numbers { plays, asks, .. } = self.search.numbers();
        turn.memory.go_on_from(plays, asks);
        match ended {
            None => self.into(),
            Some(Ended::Person(person)) => found(turn, person),
            Some(Ended::Operator) => operator(turn),
            Some(Ended::Back) => Choosing::enter(turn, Menu::Main, Vec::new()),
            Some(Ended::GaveUp) => Choosing::enter(turn, Menu::Main, vec![directory::GAVE_UP.into()]),
            Some(Ended::Exit) => Farewell::enter(turn, Vec::new()),
        }
    }

    pub(super) fn deadline(&self) -> Option<CallTime> {
        self.search.deadline()
    }
}

impl Stage for Seeking {
    fn expired(self, _turn: &mut Turn<'_>) -> State {
        self.into()
    }
}

fn found(turn: &mut Turn<'_>, person: Person) -> State {
    if person.callable {
        return Entering::ask(turn, For::Colleague(person), Vec::new());
    }
    write(turn, person, Vec::new())
}

/// A message to this person, after these words.
pub(super) fn write(turn: &mut Turn<'_>, person: Person, lead: Vec<Utterance>) -> State {
    turn.memory.from_menu = true;
    let letter = Letter { to: vec![person.extension], ..Letter::default() };
    Cue::enter(turn, Purpose::Letter(letter), lead)
}

/// The operator, where there is one.
pub(super) fn operator(turn: &mut Turn<'_>) -> State {
    if turn.session().operator {
        return Calling::operator(turn);
    }
    super::Listening::after(turn, vec![directory::NO_OPERATOR.into()])
}
