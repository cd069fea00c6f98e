//! The greetings that are stored, gone through one by one: hear, choose which plays, bring an earlier one back. Nothing
//! is deleted here, so that every earlier recording can be chosen again.

use super::asking::{Asking, Then};
use super::choosing::Choosing;
use super::desk::{Reply, Request};
use super::turn::Turn;
use super::{State, greetings, recorder, words};
use crate::domain::{Greeting, GreetingId, GreetingKind};
use crate::flow::Utterance;
use crate::flow::keys::{Command, Menu};
use crate::flow::phrases::owner;
use crate::speech::Phrase;

/// Greetings that are gone through at most: the newest.
const MOST: usize = 50;

/// What is gone through, and where.
#[derive(Debug, Default)]
pub(super) struct Stored {
    /// Only those of this kind.
    kind: Option<GreetingKind>,
    items: Vec<Greeting>,
    at: usize,
}

impl Stored {
    fn item(&self) -> Option<&Greeting> {
        self.items.get(self.at)
    }
}

/// All of these (of this kind), which are on first.
pub(super) fn enter(turn: &mut Turn<'_>, all: &[Greeting], kind: Option<GreetingKind>) -> State {
    collect(turn, all, kind);
    if turn.memory.stored.items.is_empty() {
        return leave(turn, vec![owner::GREETING_NONE.into()]);
    }
    let on = |wanted: &GreetingKind| {
        all.iter().any(|greeting| greeting.kind == *wanted && greetings::plays(turn, greeting))
    };
    let mut lead: Vec<Utterance> = Vec::new();
    if kind.is_none() {
        let kinds = GreetingKind::ALL.iter().filter(|kind| on(kind));
        lead.extend(kinds.map(|kind| Utterance::from(words::kind(*kind))));
        let first = if lead.is_empty() { owner::GREETINGS_OFF } else { owner::GREETINGS_ON };
        lead.insert(0, first.into());
    }
    announce(turn, lead)
}

fn collect(turn: &mut Turn<'_>, all: &[Greeting], kind: Option<GreetingKind>) {
    let wanted = |greeting: &&Greeting| match kind {
        Some(kind) => greeting.kind == kind,
        None => greeting.kind != GreetingKind::Name,
    };
    let mut items: Vec<Greeting> = all.iter().filter(wanted).cloned().collect();
    items.sort_by_key(|greeting| (!greeting.active, std::cmp::Reverse(greeting.created_at)));
    items.truncate(MOST);
    turn.memory.stored = Stored { kind, items, at: 0 };
}

/// Which it is, whether it is on, when it was recorded; and how it sounds.
fn announce(turn: &mut Turn<'_>, mut lead: Vec<Utterance>) -> State {
    let stored = &turn.memory.stored;
    let Some(greeting) = stored.item().cloned() else { return leave(turn, lead) };
    let number = u32::try_from(stored.at + 1).unwrap_or(u32::MAX);
    let recorded = greeting.created_at.to_zoned(turn.session().zone.0.clone()).date();
    lead.push(words::number(owner::GREETING_NUMBER, "number", number));
    lead.push(words::kind(greeting.kind).into());
    lead.push(greetings::state_of(turn, &greeting));
    lead.push(Utterance::Phrase(Phrase::new(owner::RECORDED_ON.id).with("date", words::date(recorded))));
    lead.push(Utterance::Greeting(greeting.id));
    menu(turn, lead)
}

fn menu(turn: &mut Turn<'_>, lead: Vec<Utterance>) -> State {
    let kind = turn.memory.stored.kind;
    Choosing::with(turn, Menu::Stored, kind, lead)
}

/// Back to where it was opened.
pub(super) fn leave(turn: &mut Turn<'_>, lead: Vec<Utterance>) -> State {
    match std::mem::take(&mut turn.memory.stored).kind {
        Some(kind) => recorder::menu_of(turn, kind, lead),
        None => greetings::menu(turn, lead),
    }
}

/// A key of the menu. `None`: not one of these.
pub(super) fn change(turn: &mut Turn<'_>, command: Command) -> Option<State> {
    let stored = &mut turn.memory.stored;
    let (at, count) = (stored.at, stored.items.len());
    let (id, kind, on) = stored.item().map(|greeting| (greeting.id, greeting.kind, greeting.active))?;
    Some(match command {
        Command::Listen => announce(turn, Vec::new()),
        Command::Next if at + 1 < count => {
            stored.at += 1;
            announce(turn, Vec::new())
        }
        Command::Previous if at > 0 => {
            stored.at -= 1;
            announce(turn, Vec::new())
        }
        Command::Next | Command::Previous => menu(turn, vec![owner::NO_MORE_GREETINGS.into()]),
        Command::Choose => ask(turn, Request::ChooseGreeting(id), id),
        Command::Switch if on => ask(turn, Request::SwitchOff(kind), id),
        Command::Switch => ask(turn, Request::ChooseGreeting(id), id),
        _ => return None,
    })
}

fn ask(turn: &mut Turn<'_>, request: Request, id: GreetingId) -> State {
    turn.hush();
    Asking::enter(turn, request, Then::Chosen(id))
}

/// It was chosen or switched off: what is on now is looked up, not guessed.
pub(super) fn chosen(turn: &mut Turn<'_>, id: GreetingId, reply: &Reply) -> State {
    if *reply != Reply::Done {
        return menu(turn, vec![owner::TROUBLE.into()]);
    }
    Asking::enter(turn, Request::Greetings, Then::Stored(id))
}

/// What is on now.
pub(super) fn again(turn: &mut Turn<'_>, id: GreetingId, reply: Reply) -> State {
    let Reply::Greetings(all) = reply else { return menu(turn, vec![owner::TROUBLE.into()]) };
    for item in &mut turn.memory.stored.items {
        if let Some(now) = all.iter().find(|greeting| greeting.id == item.id) {
            *item = now.clone();
        }
    }
    let Some(greeting) = all.iter().find(|greeting| greeting.id == id) else {
        return menu(turn, vec![owner::GREETING_NONE.into()]);
    };
    let mut lead = vec![words::kind(greeting.kind).into(), greetings::state_of(turn, greeting)];
    let away = all.iter().any(|other| other.kind == GreetingKind::Away && greetings::plays(turn, other));
    if away && greeting.active && !matches!(greeting.kind, GreetingKind::Away | GreetingKind::Name) {
        lead.push(owner::AWAY_FIRST.into());
    }
    menu(turn, lead)
}
