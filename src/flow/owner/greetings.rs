//! One greeting: hear it, switch it, its last day, what follows a new recording. Which of the stored ones plays is
//! [`super::stored`]'s.

use std::time::Duration;

use jiff::civil::Date;

use super::asking::{Asking, Then};
use super::choosing::Choosing;
use super::desk::{Reply, Request};
use super::entering::{Entering, For};
use super::recorder::{self, Cue, Purpose};
use super::turn::Turn;
use super::{Farewell, State, settings, stored, words};
use crate::domain::{Greeting, GreetingId, GreetingKind};
use crate::flow::Utterance;
use crate::flow::keys::{Command, Menu};
use crate::flow::phrases::{call_me, owner};
use crate::speech::Phrase;

/// A day that is so long ago was meant to be that of the next year.
const LONG_AGO_DAYS: i32 = 31;

/// Why the greetings were asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wish {
    /// To hear one.
    Listen,
    /// To switch one on or off.
    Switch,
    /// To set its last day.
    Until,
    /// To choose among all that are stored.
    All,
    /// To choose among the earlier ones of the kind.
    Earlier,
    /// It was recorded just now, and its last day is asked for.
    Kept,
}

/// A key of the menu of one greeting, or of all. `None`: not one of these.
pub(super) fn change(turn: &mut Turn<'_>, command: Command, kind: Option<GreetingKind>) -> Option<State> {
    let kind = kind.unwrap_or(GreetingKind::Standard);
    let wish = match command {
        Command::Active => Wish::All,
        Command::Earlier => Wish::Earlier,
        Command::Listen => Wish::Listen,
        Command::Switch => Wish::Switch,
        Command::Until => Wish::Until,
        Command::Record => return Some(Cue::enter(turn, Purpose::Greeting(kind), Vec::new())),
        _ => return None,
    };
    turn.hush();
    Some(Asking::enter(turn, Request::Greetings, Then::Greeting(kind, wish)))
}

/// The greeting of a kind that counts: the one that is on, else the newest.
fn of_kind(greetings: &[Greeting], kind: GreetingKind) -> Option<&Greeting> {
    let these = greetings.iter().filter(|greeting| greeting.kind == kind);
    these.max_by_key(|greeting| (greeting.active, greeting.created_at))
}

/// The greetings are known.
pub(super) fn known(turn: &mut Turn<'_>, kind: GreetingKind, wish: Wish, reply: Reply) -> State {
    let Reply::Greetings(all) = reply else {
        let lead = if wish == Wish::Kept { owner::GREETING_KEPT } else { owner::TROUBLE };
        return recorder::menu_of(turn, kind, vec![lead.into()]);
    };
    match wish {
        Wish::All => return stored::enter(turn, &all, None),
        Wish::Earlier => return stored::enter(turn, &all, Some(kind)),
        _ => {}
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
        Wish::Kept => Entering::ask(turn, For::Day(id, kind), vec![owner::GREETING_KEPT.into()]),
        _ => {
            let lead = vec![state_of(turn, greeting)];
            Entering::ask(turn, For::Day(id, kind), lead)
        }
    }
}

/// Whether it is on, and until when.
pub(super) fn state_of(turn: &Turn<'_>, greeting: &Greeting) -> Utterance {
    let zone = &turn.session().zone.0;
    // The end is exclusive: the last day is the one that a moment before it is in.
    let last = greeting.until.and_then(|until| until.checked_sub(Duration::from_secs(1)).ok());
    match last {
        _ if !plays(turn, greeting) => owner::GREETING_OFF.into(),
        Some(last) => until_day(last.to_zoned(zone.clone()).date()),
        None => owner::GREETING_ON.into(),
    }
}

/// Whether it is on, and its end has not come.
pub(super) fn plays(turn: &Turn<'_>, greeting: &Greeting) -> bool {
    greeting.active && greeting.until.is_none_or(|until| until > words::now(turn))
}

fn until_day(day: Date) -> Utterance {
    Utterance::Phrase(Phrase::new(owner::UNTIL_DAY.id).with("date", words::date(day)))
}

/// The last day was entered: month and day; the next such day from today on. Nothing entered means no last day.
pub(super) fn until(turn: &mut Turn<'_>, id: GreetingId, kind: GreetingKind, digits: &str) -> State {
    if digits.is_empty() {
        turn.hush();
        let done = Then::Changed(Menu::Greeting, Some(kind), vec![owner::UNTIL_OPEN.into()]);
        return Asking::enter(turn, Request::GreetingUntil(id, None), done);
    }
    let day = next_day(words::today(turn), digits);
    let end = day.as_ref().ok().and_then(|day| day.tomorrow().ok()).and_then(|next| {
        next.to_zoned(turn.session().zone.0.clone()).ok().map(|midnight| midnight.timestamp())
    });
    let why = match (day, end) {
        (Ok(day), Some(end)) => {
            turn.hush();
            let done = Then::Changed(Menu::Greeting, Some(kind), vec![until_day(day)]);
            return Asking::enter(turn, Request::GreetingUntil(id, Some(end)), done);
        }
        (Err(NoDay::Gone), _) => owner::UNTIL_GONE,
        _ => owner::UNTIL_WRONG,
    };
    if turn.may_idle() {
        Entering::ask(turn, For::Day(id, kind), vec![why.into()])
    } else {
        recorder::menu_of(turn, kind, vec![why.into()])
    }
}

/// Why digits are no last day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum NoDay {
    /// The calendar does not have it.
    Unknown,
    /// It has only just gone: next year's is hardly meant.
    Gone,
}

fn next_day(today: Date, digits: &str) -> Result<Date, NoDay> {
    let number = |range| digits.get(range).and_then(|digits: &str| digits.parse::<i8>().ok());
    let (Some(month), Some(day), 4) = (number(0..2), number(2..4), digits.len()) else {
        return Err(NoDay::Unknown);
    };
    let of_year = |years| Date::new(today.year().checked_add(years)?, month, day).ok();
    // In the first weeks of a year, that of the last one is a few days ago.
    let gone = [-1, 0]
        .into_iter()
        .filter_map(of_year)
        .any(|day| day < today && today.since(day).is_ok_and(|span| span.get_days() <= LONG_AGO_DAYS));
    if gone {
        return Err(NoDay::Gone);
    }
    // 29 February may be some years away.
    (0..=8).filter_map(of_year).find(|day| *day >= today).ok_or(NoDay::Unknown)
}

/// The owner was called: says what for, and asks for the recording.
pub(super) fn called(turn: &mut Turn<'_>, kind: GreetingKind) -> State {
    let lead = vec![call_me::CALL_ME.into(), words::kind(kind).into()];
    Cue::enter(turn, Purpose::Greeting(kind), lead)
}

/// A recording of a greeting is over, kept or not.
pub(super) fn after(turn: &mut Turn<'_>, kind: GreetingKind, lead: Vec<Utterance>) -> State {
    if turn.memory.called_for.is_some() {
        return Farewell::enter(turn, lead);
    }
    if turn.memory.tutorial {
        turn.memory.step = if kind == GreetingKind::Name { 2 } else { 3 };
        return settings::first_steps(turn, lead);
    }
    recorder::menu_of(turn, kind, lead)
}

/// The recording is what callers hear now. Of the one for times away, the end is asked for.
pub(super) fn kept(turn: &mut Turn<'_>, kind: GreetingKind) -> State {
    let tutorial = &mut turn.memory.session.phone.tutorial;
    match kind {
        GreetingKind::Name => tutorial.name = true,
        GreetingKind::Standard => tutorial.greeting = true,
        _ => {}
    }
    if turn.memory.tutorial {
        turn.note_settings();
    } else if kind == GreetingKind::Away && turn.memory.called_for.is_none() {
        return Asking::enter(turn, Request::Greetings, Then::Greeting(kind, Wish::Kept));
    }
    after(turn, kind, vec![owner::GREETING_KEPT.into()])
}

/// Back to all greetings where there is such a menu.
pub(super) fn menu(turn: &mut Turn<'_>, lead: Vec<Utterance>) -> State {
    let has = turn.session().keys.has_menu(Menu::Greetings);
    Choosing::enter(turn, if has { Menu::Greetings } else { Menu::Settings }, lead)
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    #[test]
    fn a_day_is_the_next_of_its_name_unless_it_has_only_just_gone() {
        let today = date(2026, 3, 4);
        assert_eq!(next_day(today, "0304"), Ok(date(2026, 3, 4)));
        assert_eq!(next_day(today, "0310"), Ok(date(2026, 3, 10)));
        assert_eq!(next_day(today, "0101"), Ok(date(2027, 1, 1)), "two months ago: next year");
        assert_eq!(next_day(today, "0229"), Ok(date(2028, 2, 29)));
        for gone in ["0303", "0201"] {
            assert_eq!(next_day(today, gone), Err(NoDay::Gone), "{gone}");
        }
        assert_eq!(next_day(date(2026, 1, 3), "1231"), Err(NoDay::Gone), "three days ago");
        for wrong in ["0431", "1301", "0000", "304", "03040", "", "12"] {
            assert_eq!(next_day(today, wrong), Err(NoDay::Unknown), "{wrong}");
        }
    }
}
