//! Messages: what is said of each, playing with seek, speed and volume, and what is done to them. Every key works at any
//! moment. Every mark is asked for at once; a deleted message comes back by the same key.

mod marks;
mod sound;

use std::time::Duration;

use super::asking::{Asking, Then};
use super::choosing::{Choosing, leads_on};
use super::desk::{Reply, Request};
use super::entering::{Entering, For};
use super::turn::{Timer, Turn};
use super::{Calling, Farewell, Stage, State, login, sending, words};
use crate::domain::{CallerId, Heading, Mark, MessageId, Shelf};
use crate::flow::keys::{Command, Menu};
use crate::flow::phrases::owner;
use crate::flow::{CallTime, Utterance};

/// So many last digits of a number mean it.
const LAST_DIGITS: usize = 4;

/// Where the caller is in a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// What is said before it.
    Envelope,
    /// It sounds, from this place; `began` once it does.
    Body { from: Duration, began: Option<CallTime> },
    /// Words are said before it goes on at this place.
    Lead(Duration),
    /// It is held at this place.
    Paused(Duration),
    /// Speed and volume are being chosen; then it goes on at this place, if it was playing.
    More(Option<Duration>),
    /// It was heard, or left.
    After,
    /// Something was done to it; unless it is undone, the next one follows.
    Noted,
}

/// The owner listens.
#[derive(Debug)]
pub(super) struct Listening {
    phase: Phase,
}

impl Listening {
    /// A folder was opened.
    pub(super) fn open(turn: &mut Turn<'_>, shelf: Shelf, mut lead: Vec<Utterance>, reply: Reply) -> State {
        let Reply::Messages(headings) = reply else {
            return Choosing::enter(turn, Menu::Main, vec![owner::TROUBLE.into()]);
        };
        turn.memory.shelf = super::shelf::Cursor::new(shelf, headings);
        if turn.memory.shelf.is_empty() {
            lead.push(owner::FOLDER_EMPTY.into());
            return Choosing::enter(turn, Menu::Main, lead);
        }
        Self::announce(turn, lead)
    }

    /// Everything that somebody with this number left is looked for.
    pub(super) fn find(turn: &mut Turn<'_>, caller: String) -> State {
        Asking::enter(turn, Request::Load(Shelf::Kept), Then::Find(caller))
    }

    /// All messages are here: those of this caller stay.
    pub(super) fn found(turn: &mut Turn<'_>, caller: &str, reply: Reply) -> State {
        let Reply::Messages(mut headings) = reply else {
            return Choosing::enter(turn, Menu::Main, vec![owner::TROUBLE.into()]);
        };
        headings.retain(|heading| is_from(heading, caller));
        let count = u32::try_from(headings.len()).unwrap_or(u32::MAX);
        turn.memory.shelf = super::shelf::Cursor::new(Shelf::Kept, headings);
        if turn.memory.shelf.is_empty() {
            return Choosing::enter(turn, Menu::Main, vec![owner::FIND_NONE.into()]);
        }
        Self::announce(turn, vec![words::number(owner::FIND_COUNT, "count", count)])
    }

    /// The message in which an earlier call ended goes on, if it is still there.
    pub(super) fn resume(turn: &mut Turn<'_>, id: MessageId, position: Duration, reply: Reply) -> State {
        let Reply::Messages(headings) = reply else { return login::opened(turn, Vec::new()) };
        turn.memory.shelf = super::shelf::Cursor::new(Shelf::Inbox, headings);
        if !turn.memory.shelf.find(id) {
            turn.memory.shelf = super::shelf::Cursor::default();
            return login::opened(turn, Vec::new());
        }
        Self::body(turn, position, vec![owner::RESUME.into()])
    }

    /// What is said before the message, and then the message.
    fn announce(turn: &mut Turn<'_>, mut lead: Vec<Utterance>) -> State {
        lead.extend(words::envelope(turn, false));
        turn.say(lead);
        Self { phase: Phase::Envelope }.into()
    }

    /// The menu after the message.
    pub(super) fn after(turn: &mut Turn<'_>, mut lead: Vec<Utterance>) -> State {
        if turn.memory.shelf.is_empty() {
            return Choosing::enter(turn, Menu::Main, lead);
        }
        lead.extend(turn.brief(Menu::After));
        if lead.is_empty() {
            turn.hush();
            turn.wait(Timer::Choice);
        } else {
            turn.say(lead);
        }
        Self { phase: Phase::After }.into()
    }

    /// A key of the menu after a message, pressed elsewhere.
    pub(super) fn obey(turn: &mut Turn<'_>, command: Command) -> State {
        if turn.memory.shelf.is_empty() {
            return Choosing::enter(turn, Menu::Main, vec![owner::NOT_HERE.into()]);
        }
        Self { phase: Phase::After }.command(turn, command)
    }

    /// A folder for the message that was heard last.
    pub(super) fn file(turn: &mut Turn<'_>, command: Command) -> State {
        Self { phase: Phase::After }.mark(turn, command)
    }

    pub(super) fn first(turn: &mut Turn<'_>) -> State {
        turn.memory.shelf.first();
        Self::announce(turn, Vec::new())
    }

    pub(super) fn by_number(turn: &mut Turn<'_>, digits: &str) -> State {
        if digits.parse().is_ok_and(|number| turn.memory.shelf.go_to(number)) {
            return Self::announce(turn, Vec::new());
        }
        Self::after(turn, vec![owner::NOT_HERE.into()])
    }

    /// The next message; after the last one the main menu.
    fn next(turn: &mut Turn<'_>, mut lead: Vec<Utterance>) -> State {
        if turn.memory.shelf.next() {
            return Self::announce(turn, lead);
        }
        lead.push(owner::NO_MORE.into());
        Choosing::enter(turn, Menu::Main, lead)
    }

    fn previous(turn: &mut Turn<'_>) -> State {
        let lead = if turn.memory.shelf.previous() { Vec::new() } else { vec![owner::FIRST_ALREADY.into()] };
        Self::announce(turn, lead)
    }

    fn help(self, turn: &mut Turn<'_>) -> State {
        let menu = self.menu().unwrap_or(Menu::After);
        let mut words = turn.help(menu);
        let phase = match (menu, self.place(turn)) {
            (Menu::More, at) => {
                words.extend(turn.help(if at.is_some() { Menu::Playing } else { Menu::After }));
                Phase::More(at)
            }
            (_, Some(at)) => Phase::More(Some(at)),
            _ => Phase::After,
        };
        turn.say(words);
        Self { phase }.into()
    }

    /// Everything about the message; then it goes on where it was.
    fn details(self, turn: &mut Turn<'_>) -> State {
        let words = words::envelope(turn, true);
        self.tell(turn, words)
    }

    /// Says these; then the message goes on where it was.
    fn tell(self, turn: &mut Turn<'_>, words: Vec<Utterance>) -> State {
        match self.place(turn) {
            Some(at) => Self::body(turn, at, words),
            None => Self::after(turn, words),
        }
    }

    fn call_sender(self, turn: &mut Turn<'_>) -> State {
        match words::may_call(turn).map(str::to_owned) {
            Some(number) => Calling::sender(turn, number),
            None => Self::after(turn, vec![owner::NO_CALL.into()]),
        }
    }
}

/// Whether a message is from this number, or was before it was forwarded: the same digits, or the last ones of a longer
/// number, however it was dialled. Who calls anonymously is found by nobody.
fn is_from(heading: &Heading, wanted: &str) -> bool {
    let last = wanted.trim_start_matches('0');
    let is = |caller: &CallerId| {
        let number = caller.number.as_deref().filter(|_| !caller.anonymous).unwrap_or_default();
        let digits: String = number.chars().filter(char::is_ascii_digit).collect();
        digits == wanted || (last.len() >= LAST_DIGITS && digits.ends_with(last))
    };
    let colleague = heading.sender.as_ref().is_some_and(|sender| sender.extension.as_str() == wanted);
    colleague
        || is(&heading.message.caller)
        || heading.origin.as_ref().is_some_and(|origin| is(&origin.caller))
}

impl Stage for Listening {
    fn menu(&self) -> Option<Menu> {
        Some(match self.phase {
            Phase::Envelope | Phase::Body { .. } | Phase::Lead(_) | Phase::Paused(_) => Menu::Playing,
            Phase::More(_) => Menu::More,
            Phase::After | Phase::Noted => Menu::After,
        })
    }

    fn command(self, turn: &mut Turn<'_>, command: Command) -> State {
        use Command as C;
        match command {
            C::Delete | C::Save | C::MarkNew => self.mark(turn, command),
            C::Restart | C::Rewind | C::FastForward | C::Pause | C::End | C::More => self.seek(turn, command),
            C::Slower | C::Faster | C::NormalSpeed | C::Quieter | C::Louder | C::Volume => {
                self.tune(turn, command)
            }
            C::SkipEnvelope if self.phase == Phase::Envelope => Self::body(turn, Duration::ZERO, Vec::new()),
            C::SkipEnvelope => self.into(),
            C::MailAway => self.mail_away(turn),
            C::Unavailable => self.tell(turn, vec![owner::UNAVAILABLE.into()]),
            C::Again => Self::announce(turn, Vec::new()),
            C::Next => Self::next(turn, Vec::new()),
            C::Previous => Self::previous(turn),
            C::Details => self.details(turn),
            C::Number => Entering::ask(turn, For::Number, Vec::new()),
            C::Forward => sending::forward(turn),
            C::Reply => sending::reply(turn),
            C::CallSender => self.call_sender(turn),
            C::Help => self.help(turn),
            C::Back => match self.phase {
                Phase::More(Some(at)) => Self::body(turn, at, Vec::new()),
                Phase::More(None) => Self::after(turn, Vec::new()),
                _ => Choosing::enter(turn, Menu::Main, Vec::new()),
            },
            other => leads_on(turn, other).unwrap_or_else(|| self.into()),
        }
    }

    /// While a message plays, a key that means nothing disturbs nothing.
    fn unknown(self, turn: &mut Turn<'_>) -> State {
        match self.phase {
            Phase::Envelope | Phase::Body { .. } | Phase::Lead(_) => self.into(),
            _ => self.help(turn),
        }
    }

    fn played(self, turn: &mut Turn<'_>) -> State {
        match self.phase {
            Phase::Envelope => Self::body(turn, Duration::ZERO, Vec::new()),
            Phase::Lead(at) => Self::body(turn, at, Vec::new()),
            Phase::Body { .. } => {
                Self::note(turn, Mark::Heard);
                Self::after(turn, Vec::new())
            }
            Phase::Noted => {
                turn.wait(Timer::Undo);
                self.into()
            }
            Phase::Paused(_) => {
                turn.wait(Timer::Pause);
                self.into()
            }
            Phase::More(_) | Phase::After => {
                turn.wait(Timer::Choice);
                self.into()
            }
        }
    }

    fn sounding(self, turn: &mut Turn<'_>) -> State {
        match self.phase {
            Phase::Body { from, began: None } => {
                Self { phase: Phase::Body { from, began: Some(turn.now) } }.into()
            }
            _ => self.into(),
        }
    }

    fn unplayable(self, turn: &mut Turn<'_>) -> State {
        Self::after(turn, vec![owner::DAMAGED.into()])
    }

    fn expired(self, turn: &mut Turn<'_>) -> State {
        match self.phase {
            Phase::Noted => Self::next(turn, Vec::new()),
            Phase::More(Some(at)) | Phase::Lead(at) => Self::body(turn, at, Vec::new()),
            Phase::Envelope => Self::body(turn, Duration::ZERO, Vec::new()),
            Phase::After if turn.saves_unasked() => self.mark(turn, Command::Save),
            _ if turn.may_idle() => Self::after(turn, Vec::new()),
            _ => Farewell::enter(turn, Vec::new()),
        }
    }

    /// A call that drops in the middle of a message goes on there next time.
    fn abandon(self, turn: &mut Turn<'_>) {
        let item = turn.memory.shelf.item().map(|item| item.heading.message.id);
        if let (Some(id), Some(at)) = (item, self.place(turn))
            && turn.memory.shelf.shelf() != Some(Shelf::Trash)
        {
            turn.tell(Request::Hold(Some((id, at))));
        }
    }
}
