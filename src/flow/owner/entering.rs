//! Digits that end with `#`, or with a pause: extension, PIN, message number, recipients, a day. `*` takes back what was
//! pressed; with nothing pressed it leads back. In a profile whose `*` joins, it ends a recipient as `#` does.

use super::choosing::Choosing;
use super::desk::{Person, Pin};
use super::listening::Listening;
use super::sending::{self, Letter};
use super::turn::{Timer, Turn};
use super::words;
use super::{Calling, Farewell, Stage, State, colleague, greetings, lists, login, settings};
use crate::domain::{Extension, GreetingId, GreetingKind};
use crate::flow::keys::Menu;
use crate::flow::phrases::{directory, owner};
use crate::flow::{Key, Utterance};

/// Digits of one entry.
const MOST_DIGITS: usize = 24;

/// What is entered.
#[derive(Debug)]
pub(super) enum For {
    /// Whose mailbox.
    Extension,
    /// The PIN for this extension.
    Pin(String),
    /// A new PIN.
    NewPin {
        /// How often one was refused.
        faults: u32,
    },
    /// The same PIN again.
    PinAgain {
        /// What was entered first.
        first: Pin,
        /// How often one was refused.
        faults: u32,
    },
    /// The number of a message.
    Number,
    /// The number of the caller whose messages are wanted.
    Caller,
    /// A recipient.
    Recipient(Letter),
    /// Whether an introduction is recorded: 1, or `#`.
    Introduction(Letter),
    /// Whether it goes to all of these: 1, or `*`.
    Everybody(Letter, Vec<Extension>),
    /// The number of a list.
    List,
    /// Whom to put on the list, or to take off.
    Member {
        /// Put on it.
        adds: bool,
    },
    /// The last day of a greeting.
    Day(GreetingId, GreetingKind),
    /// What the colleague who was found gets: 1 or `#` a message, 2 a call.
    Colleague(Person),
}

/// Digits are waited for.
#[derive(Debug)]
pub(super) struct Entering {
    what: For,
    digits: String,
}

impl Entering {
    /// Says these, and asks.
    pub(super) fn ask(turn: &mut Turn<'_>, what: For, mut lead: Vec<Utterance>) -> State {
        let entering = Self { what, digits: String::new() };
        lead.extend(entering.question(turn));
        turn.say(lead);
        entering.into()
    }

    fn question(&self, turn: &Turn<'_>) -> Vec<Utterance> {
        let mut words: Vec<Utterance> = vec![match &self.what {
            For::Extension => owner::LOGIN_EXTENSION.into(),
            For::Pin(_) => owner::LOGIN_PIN.into(),
            For::NewPin { .. } => owner::PIN_NEW.into(),
            For::PinAgain { .. } => owner::PIN_AGAIN.into(),
            For::Number => owner::ENTER_NUMBER.into(),
            For::Caller => owner::FIND_ENTER.into(),
            For::Recipient(letter) if letter.to.is_empty() => owner::SEND_TO.into(),
            For::Recipient(_) => owner::SEND_MORE.into(),
            For::Introduction(_) => owner::INTRODUCTION_CHOICE.into(),
            For::Everybody(_, all) => {
                let count = u32::try_from(all.len()).unwrap_or(u32::MAX);
                words::number(owner::BROADCAST_CONFIRM, "count", count)
            }
            For::List => owner::LIST_ENTER.into(),
            For::Member { adds: true } => owner::LIST_ADD.into(),
            For::Member { adds: false } => owner::LIST_REMOVE.into(),
            For::Day(..) => owner::UNTIL_ENTER.into(),
            For::Colleague(_) => directory::COLLEAGUE.into(),
        }];
        if turn.session().phone.may_broadcast
            && matches!(&self.what, For::Recipient(letter) if letter.to.is_empty())
        {
            words.push(owner::BROADCAST_OFFER.into());
        }
        if turn.memory.tutorial && matches!(self.what, For::NewPin { .. }) {
            words.push(owner::TUTORIAL_SKIP.into());
        }
        words
    }

    /// Whether nobody may see what is pressed.
    pub(super) const fn is_secret(&self) -> bool {
        matches!(self.what, For::Extension | For::Pin(_) | For::NewPin { .. } | For::PinAgain { .. })
    }

    fn entered(self, turn: &mut Turn<'_>) -> State {
        let digits = self.digits;
        match self.what {
            For::Extension if digits.is_empty() => self.what.again(turn),
            For::Extension => Self::ask(turn, For::Pin(digits), Vec::new()),
            For::Pin(extension) => login::check(turn, extension, Pin::new(digits)),
            For::NewPin { faults } => settings::new_pin(turn, Pin::new(digits), faults),
            For::PinAgain { first, faults } => settings::pin_again(turn, first, &Pin::new(digits), faults),
            For::Number => Listening::by_number(turn, &digits),
            For::Caller if digits.is_empty() => Choosing::enter(turn, Menu::Main, Vec::new()),
            For::Caller => Listening::find(turn, digits),
            For::Recipient(letter) => sending::recipient(turn, letter, &digits),
            For::Introduction(letter) => sending::without_introduction(turn, letter),
            For::Everybody(letter, all) => sending::unconfirmed(turn, letter, all),
            For::List => lists::entered(turn, &digits),
            For::Member { adds } => lists::member(turn, adds, &digits),
            For::Day(id, kind) => greetings::until(turn, id, kind, &digits),
            For::Colleague(person) => colleague::write(turn, person, Vec::new()),
        }
    }

    /// `*` with nothing pressed, or nobody presses anything.
    fn back(self, turn: &mut Turn<'_>) -> State {
        match self.what {
            For::Extension => Farewell::enter(turn, Vec::new()),
            For::Pin(_) => Self::ask(turn, For::Extension, Vec::new()),
            For::NewPin { .. } | For::PinAgain { .. } => settings::pin_given_up(turn),
            For::Number => Listening::after(turn, Vec::new()),
            For::Recipient(_) | For::Introduction(_) => sending::cancelled(turn),
            For::Colleague(_) | For::Caller => Choosing::enter(turn, Menu::Main, Vec::new()),
            For::Everybody(letter, _) => {
                Self::ask(turn, For::Recipient(letter), vec![owner::CANCELLED.into()])
            }
            For::List => Choosing::enter(turn, Menu::Settings, Vec::new()),
            For::Member { .. } => lists::menu(turn, Vec::new()),
            For::Day(_, kind) => Choosing::with(turn, Menu::Greeting, Some(kind), Vec::new()),
        }
    }
}

impl For {
    fn again(self, turn: &mut Turn<'_>) -> State {
        if turn.may_idle() {
            Entering::ask(turn, self, Vec::new())
        } else {
            Farewell::enter(turn, Vec::new())
        }
    }
}

impl Stage for Entering {
    fn key(mut self, turn: &mut Turn<'_>, key: Key) -> State {
        match (key.char(), self.what) {
            ('1', For::Introduction(letter)) => return sending::with_introduction(turn, letter),
            ('1', For::Colleague(person)) => return colleague::write(turn, person, Vec::new()),
            ('2', For::Colleague(person)) => return Calling::colleague(turn, person),
            // As users of Asterisk (2) and FreeSWITCH (8) are used to.
            ('2' | '8', For::Introduction(letter)) => return sending::without_introduction(turn, letter),
            ('1', For::Everybody(letter, all)) => return sending::confirmed(turn, letter, all),
            // Joined by stars, they end with the pound.
            ('#', For::Recipient(letter)) if !self.digits.is_empty() && turn.session().keys.star_joins() => {
                let what = For::Recipient(Letter { is_complete: true, ..letter });
                return Self { what, ..self }.entered(turn);
            }
            ('#', what) => return Self { what, ..self }.entered(turn),
            ('*', what @ For::Recipient(_))
                if !self.digits.is_empty() && turn.session().keys.star_joins() =>
            {
                return Self { what, ..self }.entered(turn);
            }
            ('*', what) => {
                let asks_again = !self.digits.is_empty();
                return if asks_again {
                    Self::ask(turn, what, Vec::new())
                } else {
                    Self { what, ..self }.back(turn)
                };
            }
            (digit, what) => {
                self.what = what;
                if digit.is_ascii_digit() && self.digits.len() < MOST_DIGITS {
                    self.digits.push(digit);
                }
            }
        }
        turn.hush();
        turn.wait(Timer::Choice);
        self.into()
    }

    fn played(self, turn: &mut Turn<'_>) -> State {
        turn.wait(Timer::Choice);
        self.into()
    }

    fn expired(self, turn: &mut Turn<'_>) -> State {
        if !self.digits.is_empty() {
            return self.entered(turn);
        }
        match self.what {
            For::Introduction(_)
            | For::Recipient(_)
            | For::Everybody(..)
            | For::List
            | For::Member { .. }
            | For::Number
            | For::Caller
            | For::Day(..)
            | For::NewPin { .. }
            | For::PinAgain { .. }
            | For::Colleague(_)
                if !turn.may_idle() =>
            {
                self.back(turn)
            }
            what @ (For::Extension | For::Pin(_)) => what.again(turn),
            what => Self::ask(turn, what, Vec::new()),
        }
    }
}
