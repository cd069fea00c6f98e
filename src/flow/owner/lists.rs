//! Personal distribution lists: hear which there are and who is on one, add, take off, delete and bring back. Each change
//! is kept before it is told. Sending to a list is [`super::sending`]'s.

use super::asking::{Asking, Then};
use super::choosing::Choosing;
use super::desk::{Member, Reply, Request};
use super::entering::{Entering, For};
use super::turn::Turn;
use super::{State, words};
use crate::domain::Extension;
use crate::flow::Utterance;
use crate::flow::keys::{Command, Menu};
use crate::flow::phrases::owner;

/// Members of one list.
const MOST_MEMBERS: usize = 100;

/// The list whose menu is open.
#[derive(Debug, Default)]
pub(super) struct List {
    number: u8,
    members: Vec<Member>,
    /// Who was on it until it was deleted.
    deleted: Vec<Member>,
}

/// What became of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Change {
    Added(Extension),
    Removed(Extension),
    Deleted,
    Restored,
}

/// Asks which lists there are.
pub(super) fn ask(turn: &mut Turn<'_>) -> State {
    turn.hush();
    Asking::enter(turn, Request::Lists, Then::Lists)
}

/// Says which there are, and asks for the number of one.
pub(super) fn known(turn: &mut Turn<'_>, reply: Reply) -> State {
    let Reply::Lists(lists) = reply else {
        return Choosing::enter(turn, Menu::Settings, vec![owner::TROUBLE.into()]);
    };
    let mut lead: Vec<Utterance> = Vec::new();
    for (number, members) in lists.into_iter().filter(|(number, _)| *number <= 9) {
        lead.push(words::number(owner::LIST, "number", number.into()));
        lead.push(words::number(owner::LIST_MEMBERS, "count", members));
    }
    if lead.is_empty() {
        lead.push(owner::LISTS_NONE.into());
    }
    Entering::ask(turn, For::List, lead)
}

/// The number of a list: one digit, so that it is never taken for an extension.
pub(super) fn number(digits: &str) -> Option<u8> {
    digits.parse().ok().filter(|number| (1..=9).contains(number) && digits.len() == 1)
}

/// A number was entered; none leads back.
pub(super) fn entered(turn: &mut Turn<'_>, digits: &str) -> State {
    match number(digits) {
        Some(number) => {
            turn.hush();
            Asking::enter(turn, Request::List(number), Then::List(number))
        }
        None if digits.is_empty() => Choosing::enter(turn, Menu::Settings, Vec::new()),
        None if turn.may_idle() => Entering::ask(turn, For::List, vec![owner::LIST_WRONG.into()]),
        None => Choosing::enter(turn, Menu::Settings, vec![owner::LIST_WRONG.into()]),
    }
}

/// Who is on it is known.
pub(super) fn opened(turn: &mut Turn<'_>, number: u8, reply: Reply) -> State {
    let Reply::List(members) = reply else {
        return Choosing::enter(turn, Menu::Settings, vec![owner::TROUBLE.into()]);
    };
    turn.memory.list = List { number, members, deleted: Vec::new() };
    let lead = size(turn);
    menu(turn, lead)
}

fn size(turn: &Turn<'_>) -> Vec<Utterance> {
    let list = &turn.memory.list;
    let count = u32::try_from(list.members.len()).unwrap_or(u32::MAX);
    let many = match count {
        0 => owner::LIST_EMPTY.into(),
        count => words::number(owner::LIST_MEMBERS, "count", count),
    };
    vec![words::number(owner::LIST, "number", list.number.into()), many]
}

/// The choices for this list.
pub(super) fn menu(turn: &mut Turn<'_>, lead: Vec<Utterance>) -> State {
    Choosing::enter(turn, Menu::List, lead)
}

/// A key of the menu. `None`: not one of these.
pub(super) fn change(turn: &mut Turn<'_>, command: Command) -> Option<State> {
    let list = &turn.memory.list;
    Some(match command {
        Command::Lists => ask(turn),
        Command::Listen => {
            let members: Vec<Utterance> = list.members.iter().flat_map(named).collect();
            let mut lead = size(turn);
            lead.extend(members);
            menu(turn, lead)
        }
        Command::AddMember if list.members.len() >= MOST_MEMBERS => menu(turn, vec![owner::LIST_FULL.into()]),
        Command::AddMember => Entering::ask(turn, For::Member { adds: true }, Vec::new()),
        Command::RemoveMember | Command::Delete if list.members.is_empty() && list.deleted.is_empty() => {
            menu(turn, vec![owner::LIST_EMPTY.into()])
        }
        Command::RemoveMember => Entering::ask(turn, For::Member { adds: false }, Vec::new()),
        Command::Delete if list.members.is_empty() => {
            let members = list.deleted.clone();
            put(turn, members, Change::Restored)
        }
        Command::Delete => put(turn, Vec::new(), Change::Deleted),
        _ => return None,
    })
}

/// The recorded name and the number.
fn named(member: &Member) -> Vec<Utterance> {
    let number = words::digits(owner::SEND_ADDED, "extension", member.extension.as_str());
    member.name.map(Utterance::Greeting).into_iter().chain([number]).collect()
}

/// An extension was entered; none means that all are named.
pub(super) fn member(turn: &mut Turn<'_>, adds: bool, digits: &str) -> State {
    if digits.is_empty() {
        let lead = size(turn);
        return menu(turn, lead);
    }
    let Ok(extension) = digits.parse::<Extension>() else {
        return Entering::ask(turn, For::Member { adds }, vec![owner::SEND_UNKNOWN.into()]);
    };
    let members = &turn.memory.list.members;
    let is_on = members.iter().any(|member| member.extension == extension);
    match (adds, is_on) {
        (true, true) => Entering::ask(turn, For::Member { adds }, vec![owner::LIST_ALREADY.into()]),
        (true, false) => {
            turn.hush();
            Asking::enter(turn, Request::Find(extension.clone()), Then::Member(extension))
        }
        (false, false) => Entering::ask(turn, For::Member { adds }, vec![owner::LIST_NOT_ON.into()]),
        (false, true) => {
            let rest = members.iter().filter(|member| member.extension != extension).cloned().collect();
            put(turn, rest, Change::Removed(extension))
        }
    }
}

/// Whether there is such a mailbox.
pub(super) fn found(turn: &mut Turn<'_>, extension: Extension, reply: Reply) -> State {
    match reply {
        Reply::Recipient(Some(name)) => {
            let mut members = turn.memory.list.members.clone();
            members.push(Member { extension: extension.clone(), name });
            put(turn, members, Change::Added(extension))
        }
        Reply::Recipient(None) => {
            Entering::ask(turn, For::Member { adds: true }, vec![owner::SEND_UNKNOWN.into()])
        }
        _ => menu(turn, vec![owner::TROUBLE.into()]),
    }
}

fn put(turn: &mut Turn<'_>, members: Vec<Member>, change: Change) -> State {
    turn.hush();
    let extensions = members.iter().map(|member| member.extension.clone()).collect();
    Asking::enter(turn, Request::PutList(turn.memory.list.number, extensions), Then::ListPut(members, change))
}

/// It is kept, or as it was.
pub(super) fn changed(turn: &mut Turn<'_>, members: Vec<Member>, change: Change, reply: &Reply) -> State {
    if *reply != Reply::Done {
        return menu(turn, vec![owner::TROUBLE.into()]);
    }
    let list = &mut turn.memory.list;
    let before = std::mem::replace(&mut list.members, members);
    list.deleted = if change == Change::Deleted { before.clone() } else { Vec::new() };
    let is_full = list.members.len() >= MOST_MEMBERS;
    match change {
        Change::Added(extension) => {
            let lead = list.members.iter().find(|member| member.extension == extension);
            let mut lead = lead.map(named).unwrap_or_default();
            lead.push(owner::LIST_ADDED.into());
            if is_full {
                lead.push(owner::LIST_FULL.into());
                return menu(turn, lead);
            }
            Entering::ask(turn, For::Member { adds: true }, lead)
        }
        Change::Removed(extension) => {
            let lead = before.iter().find(|member| member.extension == extension);
            let mut lead = lead.map(named).unwrap_or_default();
            lead.push(owner::LIST_REMOVED.into());
            if turn.memory.list.members.is_empty() {
                lead.push(owner::LIST_EMPTY.into());
                return menu(turn, lead);
            }
            Entering::ask(turn, For::Member { adds: false }, lead)
        }
        Change::Deleted => menu(turn, vec![owner::LIST_DELETED.into()]),
        Change::Restored => {
            let mut lead = vec![owner::LIST_BACK.into()];
            lead.extend(size(turn));
            menu(turn, lead)
        }
    }
}
