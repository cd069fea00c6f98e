//! Personal settings: PIN, order, what is said before a message, mail; and the first use of a mailbox, which goes through
//! some of the steps. A step that is made is noted at once, so that a call that drops is no loss.

use super::asking::{Asking, Then};
use super::choosing::Choosing;
use super::desk::{BadPin, Pin, Reply, Request};
use super::entering::{Entering, For};
use super::recorder::{Cue, Purpose};
use super::turn::Turn;
use super::{State, login, words};
use crate::domain::{GreetingKind, MailMode};
use crate::flow::Utterance;
use crate::flow::keys::{Command, Menu};
use crate::flow::phrases::{Saying, owner};

/// New PINs that may be refused before the old one stays.
const MOST_FAULTS: u32 = 3;

/// A key of the settings. `None`: not one of these.
pub(super) fn change(turn: &mut Turn<'_>, command: Command, menu: Menu) -> Option<State> {
    if let Some(mode) = command.mail_mode() {
        return Some(mail(turn, mode));
    }
    let phone = &mut turn.memory.session.phone;
    let either = |on: bool, yes: Saying, no: Saying| if on { yes } else { no };
    let answer = match command {
        Command::Pin => return Some(Entering::ask(turn, For::NewPin { faults: 0 }, Vec::new())),
        Command::Envelope => return Some(Choosing::enter(turn, Menu::Envelope, Vec::new())),
        Command::MailMode => return Some(mail_menu(turn)),
        Command::Order => {
            phone.newest_first = !phone.newest_first;
            either(phone.newest_first, owner::ORDER_NEWEST, owner::ORDER_OLDEST)
        }
        Command::UrgentFirst => {
            phone.urgent_first = !phone.urgent_first;
            either(phone.urgent_first, owner::URGENT_FIRST, owner::URGENT_IN_ORDER)
        }
        Command::KeyHelp => {
            phone.key_help = !phone.key_help;
            either(phone.key_help, owner::HELP_ON, owner::HELP_OFF)
        }
        Command::SayTime => {
            phone.envelope.time = !phone.envelope.time;
            either(phone.envelope.time, owner::TIME_SAID, owner::TIME_UNSAID)
        }
        Command::SayCaller => {
            phone.envelope.caller = !phone.envelope.caller;
            either(phone.envelope.caller, owner::CALLER_SAID, owner::CALLER_UNSAID)
        }
        Command::SayLength => {
            phone.envelope.duration = !phone.envelope.duration;
            either(phone.envelope.duration, owner::LENGTH_SAID, owner::LENGTH_UNSAID)
        }
        _ => return None,
    };
    turn.note_settings();
    Some(Choosing::enter(turn, menu, vec![answer.into()]))
}

/// What is sent by mail now, and what could be.
fn mail_menu(turn: &mut Turn<'_>) -> State {
    match turn.session().mail {
        Some(mode) => Choosing::enter(turn, Menu::Mail, words::mail(mode)),
        None => Choosing::enter(turn, Menu::Settings, vec![owner::NO_MAIL_ADDRESS.into()]),
    }
}

fn mail(turn: &mut Turn<'_>, mode: MailMode) -> State {
    turn.hush();
    Asking::enter(turn, Request::Mail(mode), Then::MailSet(mode))
}

/// The mode is set, or not.
pub(super) fn mail_set(turn: &mut Turn<'_>, mode: MailMode, reply: &Reply) -> State {
    let words = if *reply == Reply::Done {
        turn.memory.session.mail = Some(mode);
        words::mail(mode)
    } else {
        vec![owner::TROUBLE.into()]
    };
    Choosing::enter(turn, Menu::Settings, words)
}

/// A new PIN was entered once.
pub(super) fn new_pin(turn: &mut Turn<'_>, pin: Pin, faults: u32) -> State {
    if !(4..=12).contains(&pin.digits().len()) {
        return pin_fault(turn, owner::PIN_SHAPE, faults);
    }
    Entering::ask(turn, For::PinAgain { first: pin, faults }, Vec::new())
}

pub(super) fn pin_again(turn: &mut Turn<'_>, first: Pin, again: &Pin, faults: u32) -> State {
    if first != *again {
        return pin_fault(turn, owner::PIN_DIFFERS, faults);
    }
    turn.hush();
    turn.memory.pin_faults = faults;
    Asking::enter(turn, Request::ChangePin(first), Then::PinChanged)
}

pub(super) fn pin_changed(turn: &mut Turn<'_>, reply: Reply) -> State {
    let faults = turn.memory.pin_faults;
    let why = match reply {
        Reply::Done => {
            turn.memory.session.phone.tutorial.pin = true;
            if turn.memory.tutorial {
                turn.note_settings();
            }
            return pin_over(turn, vec![owner::PIN_CHANGED.into()]);
        }
        Reply::BadPin(BadPin::Shape) => owner::PIN_SHAPE,
        Reply::BadPin(BadPin::Repeats) => owner::PIN_REPEATS,
        Reply::BadPin(BadPin::Sequence) => owner::PIN_SEQUENCE,
        Reply::BadPin(BadPin::Extension) => owner::PIN_EXTENSION,
        Reply::BadPin(BadPin::Year) => owner::PIN_YEAR,
        _ => return pin_over(turn, vec![owner::TROUBLE.into(), owner::PIN_KEPT.into()]),
    };
    pin_fault(turn, why, faults)
}

fn pin_fault(turn: &mut Turn<'_>, why: Saying, faults: u32) -> State {
    if faults + 1 >= MOST_FAULTS {
        return pin_over(turn, vec![why.into(), owner::PIN_KEPT.into()]);
    }
    Entering::ask(turn, For::NewPin { faults: faults + 1 }, vec![why.into()])
}

pub(super) fn pin_given_up(turn: &mut Turn<'_>) -> State {
    pin_over(turn, vec![owner::PIN_KEPT.into()])
}

fn pin_over(turn: &mut Turn<'_>, lead: Vec<Utterance>) -> State {
    if turn.memory.tutorial {
        turn.memory.step = 1;
        return first_steps(turn, lead);
    }
    Choosing::enter(turn, Menu::Settings, lead)
}

/// The next step of the first use: PIN, name, greeting. A caller who hangs up goes on with the next call; who leaves a
/// step by `*` is not asked for it again.
pub(super) fn first_steps(turn: &mut Turn<'_>, lead: Vec<Utterance>) -> State {
    let done = turn.session().phone.tutorial;
    let step = turn.memory.step;
    if step < 1 && !done.pin {
        return Entering::ask(turn, For::NewPin { faults: 0 }, lead);
    }
    if step < 2 && !done.name {
        return Cue::enter(turn, Purpose::Greeting(GreetingKind::Name), lead);
    }
    if step < 3 && !done.greeting {
        return Cue::enter(turn, Purpose::Greeting(GreetingKind::Standard), lead);
    }
    turn.memory.tutorial = false;
    let mut lead = lead;
    turn.memory.session.phone.tutorial.done = true;
    if done.pin && done.name && done.greeting {
        lead.push(owner::TUTORIAL_DONE.into());
    }
    turn.note_settings();
    login::opened(turn, lead)
}
