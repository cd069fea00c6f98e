//! Messages to others: who gets them, the recording, delivery; replies and forwarding. Recipients that do not exist are
//! named at once, and the others stay.

use super::asking::{Asking, Then};
use super::desk::{Reply, Request};
use super::entering::{Entering, For};
use super::listening::Listening;
use super::recorder::{Cue, Draft, Purpose, Reviewing};
use super::turn::Turn;
use super::{Choosing, State, lists, words};
use crate::domain::{Extension, MessageId};
use crate::flow::Utterance;
use crate::flow::keys::Menu;
use crate::flow::phrases::{Saying, owner};

/// Recipients of one message; as many as the service takes.
const MOST_RECIPIENTS: usize = 1000;
/// Recipients without success that are named one by one.
const MOST_NAMED: usize = 5;

/// A message to others that is being made.
#[derive(Debug, Default)]
pub(super) struct Letter {
    pub(super) to: Vec<Extension>,
    /// The message that is forwarded.
    pub(super) forwards: Option<MessageId>,
    pub(super) urgent: bool,
    pub(super) private: bool,
    /// The recipient that is being looked for is the last one.
    pub(super) is_complete: bool,
    /// Who was joined to the others and is nobody: said at the end, because keys that follow at once silence it.
    pub(super) nobody: Vec<Extension>,
}

/// A message of one's own.
pub(super) fn begin(turn: &mut Turn<'_>) -> State {
    turn.memory.from_menu = true;
    Entering::ask(turn, For::Recipient(Letter::default()), Vec::new())
}

/// The message that was heard goes to others.
pub(super) fn forward(turn: &mut Turn<'_>) -> State {
    let Some(item) = turn.memory.shelf.item() else { return Listening::after(turn, Vec::new()) };
    let message = &item.heading.message;
    if message.private {
        return Listening::after(turn, vec![owner::IS_PRIVATE.into()]);
    }
    let letter = Letter { forwards: Some(message.id), ..Letter::default() };
    turn.memory.from_menu = false;
    Entering::ask(turn, For::Recipient(letter), Vec::new())
}

/// An answer to whoever left the message.
pub(super) fn reply(turn: &mut Turn<'_>) -> State {
    let sender = turn.memory.shelf.item().and_then(|item| item.heading.sender.as_ref());
    let Some(to) = sender.map(|sender| sender.extension.clone()) else {
        return Listening::after(turn, vec![owner::NO_REPLY.into()]);
    };
    let letter = Letter { to: vec![to], ..Letter::default() };
    turn.memory.from_menu = false;
    Cue::enter(turn, Purpose::Letter(letter), Vec::new())
}

/// Digits were entered: an extension, the digit of a list, or 0 for everybody; none mean that all recipients are named.
pub(super) fn recipient(turn: &mut Turn<'_>, letter: Letter, digits: &str) -> State {
    if digits.is_empty() {
        return go_on(turn, letter, Vec::new());
    }
    match digits.parse::<Extension>() {
        Ok(extension) if letter.to.len() < MOST_RECIPIENTS => {
            turn.hush();
            Asking::enter(turn, Request::Find(extension.clone()), Then::Recipient(letter, extension))
        }
        _ if digits == "0" => {
            turn.hush();
            Asking::enter(turn, Request::Everybody, Then::Everybody(letter))
        }
        _ => match lists::number(digits) {
            Some(number) => {
                turn.hush();
                Asking::enter(turn, Request::List(number), Then::RecipientList(letter, number))
            }
            None => Entering::ask(turn, For::Recipient(letter), vec![owner::SEND_UNKNOWN.into()]),
        },
    }
}

/// All recipients are named: what they get is next.
fn go_on(turn: &mut Turn<'_>, mut letter: Letter, lead: Vec<Utterance>) -> State {
    letter.is_complete = false;
    match (letter.to.is_empty(), letter.forwards.is_some()) {
        (true, _) if turn.may_idle() => Entering::ask(turn, For::Recipient(letter), lead),
        (true, _) => cancelled(turn),
        (false, true) => Entering::ask(turn, For::Introduction(letter), lead),
        (false, false) => Cue::enter(turn, Purpose::Letter(letter), lead),
    }
}

/// The next recipient, unless this was the last one.
fn added(turn: &mut Turn<'_>, letter: Letter, lead: Vec<Utterance>) -> State {
    if letter.is_complete {
        go_on(turn, letter, lead)
    } else {
        Entering::ask(turn, For::Recipient(letter), lead)
    }
}

/// This one is nobody: it is said, and asked again.
fn not_added(turn: &mut Turn<'_>, mut letter: Letter, why: Saying) -> State {
    letter.is_complete = false;
    Entering::ask(turn, For::Recipient(letter), vec![why.into()])
}

/// Who is on the list: all of them get it.
pub(super) fn found_list(turn: &mut Turn<'_>, mut letter: Letter, number: u8, reply: Reply) -> State {
    match reply {
        Reply::List(members) if !members.is_empty() => {
            let count = u32::try_from(members.len()).unwrap_or(u32::MAX);
            add(&mut letter, members.into_iter().map(|member| member.extension));
            let list = words::number(owner::LIST, "number", number.into());
            added(turn, letter, vec![list, words::number(owner::LIST_MEMBERS, "count", count)])
        }
        Reply::List(_) => not_added(turn, letter, owner::LIST_UNKNOWN),
        _ => not_added(turn, letter, owner::TROUBLE),
    }
}

fn add(letter: &mut Letter, more: impl IntoIterator<Item = Extension>) {
    for extension in more {
        if !letter.to.contains(&extension) {
            letter.to.push(extension);
        }
    }
}

/// Everybody: only after a second thought, which knows how many that are.
pub(super) fn everybody(turn: &mut Turn<'_>, letter: Letter, reply: Reply) -> State {
    let why = match reply {
        Reply::Everybody(all) if !all.is_empty() => {
            return Entering::ask(turn, For::Everybody(letter, all), Vec::new());
        }
        Reply::Everybody(_) => owner::BROADCAST_NOBODY,
        Reply::NotAllowed => owner::BROADCAST_REFUSED,
        _ => owner::TROUBLE,
    };
    Entering::ask(turn, For::Recipient(letter), vec![why.into()])
}

/// It goes to everybody.
pub(super) fn confirmed(turn: &mut Turn<'_>, letter: Letter, all: Vec<Extension>) -> State {
    recipient(turn, Letter { to: all, ..letter }, "")
}

/// Something else was pressed.
pub(super) fn unconfirmed(turn: &mut Turn<'_>, letter: Letter, all: Vec<Extension>) -> State {
    if turn.may_idle() {
        Entering::ask(turn, For::Everybody(letter, all), Vec::new())
    } else {
        cancelled(turn)
    }
}

/// Who has the number.
pub(super) fn found(turn: &mut Turn<'_>, mut letter: Letter, extension: Extension, reply: Reply) -> State {
    match reply {
        Reply::Recipient(Some(name)) => {
            let said = words::digits(owner::SEND_ADDED, "extension", extension.as_str());
            add(&mut letter, [extension]);
            let lead = name.map(Utterance::Greeting).into_iter().chain([said]).collect();
            added(turn, letter, lead)
        }
        Reply::Recipient(None) => {
            if turn.session().keys.star_joins() && !letter.nobody.contains(&extension) {
                letter.nobody.push(extension);
            }
            not_added(turn, letter, owner::SEND_UNKNOWN)
        }
        _ => not_added(turn, letter, owner::TROUBLE),
    }
}

pub(super) fn with_introduction(turn: &mut Turn<'_>, letter: Letter) -> State {
    Cue::enter(turn, Purpose::Letter(letter), Vec::new())
}

pub(super) fn without_introduction(turn: &mut Turn<'_>, letter: Letter) -> State {
    turn.hush();
    deliver(turn, letter, None)
}

pub(super) fn deliver(turn: &mut Turn<'_>, letter: Letter, draft: Option<Draft>) -> State {
    let take = draft.as_ref().map(|draft| draft.take);
    let to = letter.to.clone();
    let request = match (letter.forwards, take) {
        (Some(message), introduction) => Request::Forward { message, introduction, to },
        (None, Some(take)) => Request::Send { take, to, urgent: letter.urgent, private: letter.private },
        // Nothing was recorded and nothing is forwarded: there is nothing to send.
        (None, None) => return cancelled(turn),
    };
    Asking::enter(turn, request, Then::Delivered(letter, draft))
}

/// What became of it. What could not be delivered at all is still here.
pub(super) fn delivered(turn: &mut Turn<'_>, letter: Letter, draft: Option<Draft>, reply: Reply) -> State {
    let mut lead = Vec::new();
    match reply {
        Reply::Sent { to, mut failed } => {
            failed.extend(letter.nobody);
            if to > 0 {
                lead.push(words::number(owner::SENT, "count", to));
            }
            if failed.len() > MOST_NAMED {
                let count = u32::try_from(failed.len()).unwrap_or(u32::MAX);
                lead.push(words::number(owner::NOT_SENT_COUNT, "count", count));
            } else {
                let named =
                    |extension: &Extension| words::digits(owner::NOT_SENT, "extension", extension.as_str());
                lead.extend(failed.iter().map(named));
            }
        }
        Reply::Private => {
            if let Some(draft) = draft {
                draft.discard(turn);
            }
            lead.push(owner::IS_PRIVATE.into());
        }
        _ => match draft {
            Some(draft) => {
                return Reviewing::enter(turn, Purpose::Letter(letter), draft, vec![owner::TROUBLE.into()]);
            }
            None => lead.push(owner::TROUBLE.into()),
        },
    }
    ended(turn, lead)
}

pub(super) fn cancelled(turn: &mut Turn<'_>) -> State {
    ended(turn, vec![owner::CANCELLED.into()])
}

/// Back to where it began: the message that was heard, or the main menu.
pub(super) fn ended(turn: &mut Turn<'_>, lead: Vec<Utterance>) -> State {
    if turn.memory.from_menu {
        return Choosing::enter(turn, Menu::Main, lead);
    }
    Listening::after(turn, lead)
}
