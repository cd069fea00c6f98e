//! Personal settings: greetings, the name, PIN, order, envelope, mail; and the first use of a mailbox, which goes through
//! some of them. A step that is made is noted at once, so that a call that drops is no loss.

use jiff::civil::Date;

use super::asking::{Asking, Then};
use super::choosing::Choosing;
use super::desk::{BadPin, Pin, Reply, Request};
use super::entering::{Entering, For};
use super::recorder::{self, Cue, Purpose};
use super::turn::Turn;
use super::{Farewell, State, login, words};
use crate::domain::{Envelope, Greeting, GreetingId, GreetingKind, MailMode};
use crate::flow::Utterance;
use crate::flow::keys::{Command, Menu};
use crate::flow::phrases::{call_me, owner};
use crate::speech::Phrase;

/// New PINs that may be refused before the old one stays.
const MOST_FAULTS: u32 = 3;

/// Why the greetings were asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wish {
    /// To hear one.
    Listen,
    /// To switch one on or off.
    Switch,
    /// To set its last day.
    Until,
    /// To hear which are on.
    Active,
}

/// A key of the settings. `None`: not one of these.
pub(super) fn change(turn: &mut Turn<'_>, command: Command, kind: Option<GreetingKind>) -> Option<State> {
    let wish = |turn: &mut Turn<'_>, wish| {
        turn.hush();
        let kind = kind.unwrap_or(GreetingKind::Standard);
        Asking::enter(turn, Request::Greetings, Then::Greeting(kind, wish))
    };
    Some(match command {
        Command::Pin => Entering::ask(turn, For::NewPin { faults: 0 }, Vec::new()),
        Command::Order => {
            let phone = &mut turn.memory.session.phone;
            phone.newest_first = !phone.newest_first;
            let newest = phone.newest_first;
            noted(turn, if newest { owner::ORDER_NEWEST } else { owner::ORDER_OLDEST })
        }
        Command::Envelope => {
            let parts = &mut turn.memory.session.phone.envelope;
            let on = !(parts.time || parts.caller || parts.duration);
            *parts = Envelope { time: on, caller: on, duration: false };
            noted(turn, if on { owner::ENVELOPE_ON } else { owner::ENVELOPE_OFF })
        }
        Command::KeyHelp => {
            let phone = &mut turn.memory.session.phone;
            phone.key_help = !phone.key_help;
            let on = phone.key_help;
            noted(turn, if on { owner::HELP_ON } else { owner::HELP_OFF })
        }
        Command::MailMode => mail_mode(turn),
        Command::Active => wish(turn, Wish::Active),
        Command::Listen => wish(turn, Wish::Listen),
        Command::Switch => wish(turn, Wish::Switch),
        Command::Until => wish(turn, Wish::Until),
        Command::Record => {
            let purpose = Purpose::Greeting(kind.unwrap_or(GreetingKind::Standard));
            Cue::enter(turn, purpose, Vec::new())
        }
        _ => return None,
    })
}

fn noted(turn: &mut Turn<'_>, answer: super::phrases::Saying) -> State {
    turn.note_settings();
    Choosing::enter(turn, Menu::Settings, vec![answer.into()])
}

/// The next mode of those there are.
fn mail_mode(turn: &mut Turn<'_>) -> State {
    let Some(mode) = turn.session().mail else {
        return Choosing::enter(turn, Menu::Settings, vec![owner::NOT_HERE.into()]);
    };
    let place = MailMode::ALL.iter().position(|known| *known == mode).unwrap_or(0);
    let next = MailMode::ALL.into_iter().cycle().nth(place + 1).unwrap_or(mode);
    turn.memory.session.mail = Some(next);
    turn.hush();
    Asking::enter(turn, Request::Mail(next), Then::Changed(Menu::Settings, None, words::mail(next)))
}

/// The greeting of a kind that counts: the one that is on, else the newest.
fn of_kind(greetings: &[Greeting], kind: GreetingKind) -> Option<&Greeting> {
    let these = greetings.iter().filter(|greeting| greeting.kind == kind);
    these.max_by_key(|greeting| (greeting.active, greeting.created_at))
}

/// The greetings are known.
pub(super) fn greetings(turn: &mut Turn<'_>, kind: GreetingKind, wish: Wish, reply: Reply) -> State {
    let Reply::Greetings(all) = reply else {
        return recorder::menu_of(turn, kind, vec![owner::TROUBLE.into()]);
    };
    if wish == Wish::Active {
        return active(turn, &all);
    }
    let Some(greeting) = of_kind(&all, kind) else {
        return recorder::menu_of(turn, kind, vec![owner::GREETING_NONE.into()]);
    };
    let (id, on) = (greeting.id, greeting.active);
    match wish {
        Wish::Listen => {
            recorder::menu_of(turn, kind, vec![Utterance::Greeting(id), state_of(turn, greeting)])
        }
        Wish::Switch if on => {
            let done = Then::Changed(Menu::Greeting, Some(kind), vec![owner::GREETING_OFF.into()]);
            Asking::enter(turn, Request::SwitchOff(kind), done)
        }
        Wish::Switch => {
            let done = Then::Changed(Menu::Greeting, Some(kind), vec![owner::GREETING_ON.into()]);
            Asking::enter(turn, Request::ChooseGreeting(id), done)
        }
        Wish::Until | Wish::Active => {
            let lead = vec![state_of(turn, greeting)];
            Entering::ask(turn, For::Day(id, kind), lead)
        }
    }
}

fn state_of(turn: &Turn<'_>, greeting: &Greeting) -> Utterance {
    let zone = &turn.session().zone.0;
    // The end is exclusive: the last day is the one that a moment before it is in.
    let last = greeting.until.and_then(|until| until.checked_sub(std::time::Duration::from_secs(1)).ok());
    match last {
        _ if !greeting.active => owner::GREETING_OFF.into(),
        Some(last) => until_day(last.to_zoned(zone.clone()).date()),
        None => owner::GREETING_ON.into(),
    }
}

fn until_day(day: Date) -> Utterance {
    Utterance::Phrase(Phrase::new(owner::UNTIL_DAY.id).with("date", words::date(day)))
}

/// Which are on.
fn active(turn: &mut Turn<'_>, all: &[Greeting]) -> State {
    let mut lead: Vec<Utterance> = vec![owner::GREETINGS_ON.into()];
    let on = |kind: &GreetingKind| all.iter().any(|greeting| greeting.kind == *kind && greeting.active);
    lead.extend(GreetingKind::ALL.iter().filter(|kind| on(kind)).map(|kind| words::kind(*kind).into()));
    if lead.len() == 1 {
        lead = vec![owner::GREETING_NONE.into()];
    }
    Choosing::enter(turn, Menu::Settings, lead)
}

/// The last day was entered: month and day; the next such day from today on. Nothing entered means no last day.
pub(super) fn until(turn: &mut Turn<'_>, id: GreetingId, kind: GreetingKind, digits: &str) -> State {
    if digits.is_empty() {
        let done = Then::Changed(Menu::Greeting, Some(kind), vec![owner::UNTIL_OPEN.into()]);
        return Asking::enter(turn, Request::GreetingUntil(id, None), done);
    }
    let today = words::today(turn);
    let day = next_day(today, digits);
    let end = day.and_then(|day| day.tomorrow().ok()).and_then(|next| {
        next.to_zoned(turn.session().zone.0.clone()).ok().map(|midnight| midnight.timestamp())
    });
    match (day, end) {
        (Some(day), Some(end)) => {
            turn.hush();
            let done = Then::Changed(Menu::Greeting, Some(kind), vec![until_day(day)]);
            Asking::enter(turn, Request::GreetingUntil(id, Some(end)), done)
        }
        _ if turn.may_idle() => Entering::ask(turn, For::Day(id, kind), vec![owner::UNTIL_WRONG.into()]),
        _ => recorder::menu_of(turn, kind, vec![owner::UNTIL_WRONG.into()]),
    }
}

fn next_day(today: Date, digits: &str) -> Option<Date> {
    let (month, day) = (digits.get(..2)?.parse().ok()?, digits.get(2..4)?.parse().ok()?);
    if digits.len() != 4 {
        return None;
    }
    // 29 February may be some years away.
    (0..=8)
        .filter_map(|years| Date::new(today.year().checked_add(years)?, month, day).ok())
        .find(|day| *day >= today)
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

fn pin_fault(turn: &mut Turn<'_>, why: super::phrases::Saying, faults: u32) -> State {
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

/// The owner was called: says what for, and asks for the recording.
pub(super) fn called(turn: &mut Turn<'_>, kind: GreetingKind) -> State {
    let lead = vec![call_me::CALL_ME.into(), words::kind(kind).into()];
    Cue::enter(turn, Purpose::Greeting(kind), lead)
}

/// A recording of a greeting is over, kept or not.
pub(super) fn after_greeting(turn: &mut Turn<'_>, kind: GreetingKind, lead: Vec<Utterance>) -> State {
    if turn.memory.called_for.is_some() {
        return Farewell::enter(turn, lead);
    }
    if turn.memory.tutorial {
        turn.memory.step = if kind == GreetingKind::Name { 2 } else { 3 };
        return first_steps(turn, lead);
    }
    recorder::menu_of(turn, kind, lead)
}

/// The recording is what callers hear now.
pub(super) fn greeting_kept(turn: &mut Turn<'_>, kind: GreetingKind) -> State {
    let tutorial = &mut turn.memory.session.phone.tutorial;
    match kind {
        GreetingKind::Name => tutorial.name = true,
        GreetingKind::Standard => tutorial.greeting = true,
        _ => {}
    }
    if turn.memory.tutorial {
        turn.note_settings();
    }
    after_greeting(turn, kind, vec![owner::GREETING_KEPT.into()])
}
