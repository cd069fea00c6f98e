//! Signing in: extension and PIN, at most three tries a call, the same words whatever was wrong; then the counts, or the
//! message in which an earlier call ended, or the first steps of a new mailbox.

use super::asking::{Asking, Then};
use super::choosing::Choosing;
use super::desk::{Pin, Reply, Request, Session};
use super::entering::{Entering, For};
use super::turn::{Timer, Turn};
use super::{Farewell, State, greetings, settings, words};
use crate::domain::Shelf;
use crate::flow::keys::Menu;
use crate::flow::phrases::owner;

/// Tries of one call.
const MOST_TRIES: u32 = 3;

/// The first question. None for a device that its owner trusts.
pub(super) fn begin(turn: &mut Turn<'_>) -> State {
    if let Some(kind) = turn.memory.called_for {
        return greetings::called(turn, kind);
    }
    if std::mem::take(&mut turn.memory.is_recognised) {
        return Asking::enter(turn, Request::Recognise, Then::Recognised);
    }
    ask(turn)
}

/// Whether the device needs no PIN.
pub(super) fn recognised(turn: &mut Turn<'_>, reply: Reply) -> State {
    match reply {
        Reply::Welcome(session) => welcome(turn, *session),
        _ => ask(turn),
    }
}

fn ask(turn: &mut Turn<'_>) -> State {
    match turn.memory.presumed.clone() {
        Some(extension) => Entering::ask(turn, For::Pin(extension.as_str().to_owned()), Vec::new()),
        None => Entering::ask(turn, For::Extension, Vec::new()),
    }
}

/// Another mailbox, or the first question again.
pub(super) fn another(turn: &mut Turn<'_>) -> State {
    turn.memory.session = Session::default();
    turn.memory.shelf = super::shelf::Cursor::default();
    Entering::ask(turn, For::Extension, Vec::new())
}

pub(super) fn check(turn: &mut Turn<'_>, extension: String, pin: Pin) -> State {
    turn.memory.tries += 1;
    turn.hush();
    let nth = turn.memory.tries;
    Asking::enter(turn, Request::SignIn { extension, pin, nth }, Then::SignIn)
}

pub(super) fn answered(turn: &mut Turn<'_>, reply: Reply) -> State {
    match reply {
        Reply::Welcome(session) => welcome(turn, *session),
        Reply::Refused { wait, last } => {
            turn.memory.presumed = None;
            let last = last || turn.memory.tries >= MOST_TRIES;
            // Waited for in silence: guessing is slow, and nothing is given away by how long it takes.
            turn.wait(Timer::Silence(wait));
            Asking::silence(if last { Then::RefusedForGood } else { Then::RefusedOnce })
        }
        _ => {
            turn.memory.ahead.clear();
            Farewell::enter(turn, vec![owner::LOGIN_UNAVAILABLE.into()])
        }
    }
}

/// The silence after a wrong PIN is over. Keys pressed until now were meant for a mailbox that did not open: who pressed
/// them hears of it, and none of them is taken for the next extension.
pub(super) fn refused(turn: &mut Turn<'_>, for_good: bool) -> State {
    turn.memory.ahead.clear();
    let words = vec![owner::LOGIN_REFUSED.into()];
    if for_good { Farewell::enter(turn, words) } else { Entering::ask(turn, For::Extension, words) }
}

fn welcome(turn: &mut Turn<'_>, session: Session) -> State {
    turn.memory.session = session;
    turn.memory.since = turn.now;
    turn.memory.tries = 0;
    let place = turn.session().place;
    if !turn.session().phone.tutorial.done {
        turn.memory.tutorial = true;
        return settings::first_steps(turn, vec![owner::TUTORIAL.into()]);
    }
    match place {
        Some((message, position)) => {
            turn.tell(Request::Hold(None));
            Asking::enter(turn, Request::Load(Shelf::Inbox), Then::Resume(message, position))
        }
        None => opened(turn, Vec::new()),
    }
}

/// The counts, and the main menu or at once the new messages.
pub(super) fn opened(turn: &mut Turn<'_>, mut lead: Vec<crate::flow::Utterance>) -> State {
    lead.extend(words::counts(turn.session()));
    if turn.session().phone.auto_play && turn.session().counts.new > 0 {
        return Asking::enter(turn, Request::Load(Shelf::New), Then::Listen(Shelf::New, lead));
    }
    Choosing::enter(turn, Menu::Main, lead)
}
