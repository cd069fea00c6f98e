//! A service was asked; what is done with its answer. Keys pressed meanwhile wait for it.

use std::time::Duration;

use super::desk::{Member, Reply, Request};
use super::listening::Listening;
use super::recorder::Draft;
use super::sending::Letter;
use super::turn::Turn;
use super::{Choosing, Stage, State, greetings, lists, login, recorder, sending, settings, stored};
use crate::domain::{CallFault, CallStep, Extension, GreetingId, GreetingKind, MailMode, MessageId, Shelf};
use crate::flow::Utterance;
use crate::flow::keys::Menu;
use crate::flow::phrases::owner;

/// What the answer is for.
#[derive(Debug)]
pub(super) enum Then {
    SignIn,
    /// Whether the device needs no PIN.
    Recognised,
    /// Silence after a wrong PIN.
    RefusedOnce,
    /// Silence after the last wrong PIN.
    RefusedForGood,
    /// A folder, after these words.
    Listen(Shelf, Vec<Utterance>),
    /// What this caller left.
    Find(String),
    /// The message in which an earlier call ended.
    Resume(MessageId, Duration),
    Recipient(Letter, Extension),
    Delivered(Letter, Option<Draft>),
    Kept(GreetingKind, Draft),
    Greeting(GreetingKind, greetings::Wish),
    /// This stored greeting was chosen, or switched off.
    Chosen(GreetingId),
    /// What is on after that.
    Stored(GreetingId),
    /// A list that a message goes to.
    RecipientList(Letter, u8),
    Everybody(Letter),
    /// Which lists there are.
    Lists,
    /// Who is on this one.
    List(u8),
    /// Whether there is such a mailbox, for a list.
    Member(Extension),
    /// The list is changed to this, in these words.
    ListPut(Vec<Member>, lists::Change),
    /// A change that is said in these words when it is done; then this menu.
    Changed(Menu, Option<GreetingKind>, Vec<Utterance>),
    PinChanged,
    /// Whether the message goes by mail.
    MailedAway,
    /// This way of mail was asked for.
    MailSet(MailMode),
}

/// An answer is waited for.
#[derive(Debug)]
pub(super) struct Asking {
    number: Option<u32>,
    then: Then,
}

impl Asking {
    pub(super) fn enter(turn: &mut Turn<'_>, request: Request, then: Then) -> State {
        Self { number: Some(turn.ask(request)), then }.into()
    }

    /// Nothing is asked: the time that was set is waited for.
    pub(super) fn silence(then: Then) -> State {
        Self { number: None, then }.into()
    }

    fn answered(self, turn: &mut Turn<'_>, reply: Reply) -> State {
        match self.then {
            Then::SignIn => login::answered(turn, reply),
            Then::Recognised => login::recognised(turn, reply),
            Then::RefusedOnce => login::refused(turn, false),
            Then::RefusedForGood => login::refused(turn, true),
            Then::Listen(shelf, lead) => Listening::open(turn, shelf, lead, reply),
            Then::Find(caller) => Listening::found(turn, &caller, reply),
            Then::Resume(message, position) => Listening::resume(turn, message, position, reply),
            Then::Recipient(letter, extension) => sending::found(turn, letter, extension, reply),
            Then::Delivered(letter, draft) => sending::delivered(turn, letter, draft, reply),
            Then::Kept(kind, draft) => recorder::kept(turn, kind, draft, reply),
            Then::Greeting(kind, wish) => greetings::known(turn, kind, wish, reply),
            Then::Chosen(id) => stored::chosen(turn, id, &reply),
            Then::Stored(id) => stored::again(turn, id, reply),
            Then::RecipientList(letter, number) => sending::found_list(turn, letter, number, reply),
            Then::Everybody(letter) => sending::everybody(turn, letter, reply),
            Then::Lists => lists::known(turn, reply),
            Then::List(number) => lists::opened(turn, number, reply),
            Then::Member(extension) => lists::found(turn, extension, reply),
            Then::ListPut(members, change) => lists::changed(turn, members, change, &reply),
            Then::Changed(menu, kind, words) => {
                let words = if reply == Reply::Done { words } else { vec![owner::TROUBLE.into()] };
                Choosing::with(turn, menu, kind, words)
            }
            Then::MailedAway => Listening::mailed_away(turn, &reply),
            Then::MailSet(mode) => settings::mail_set(turn, mode, &reply),
            Then::PinChanged => settings::pin_changed(turn, reply),
        }
    }
}

impl Stage for Asking {
    fn replied(self, turn: &mut Turn<'_>, number: u32, reply: Reply) -> State {
        if self.number == Some(number) { self.answered(turn, reply) } else { self.into() }
    }

    /// The service does not answer: the same as one that cannot. But a recording that was handed over may be taken yet,
    /// so it is not touched any more; what is not taken is discarded with the call.
    fn expired(self, turn: &mut Turn<'_>) -> State {
        let trouble = vec![owner::TROUBLE.into()];
        match self.then {
            Then::Kept(kind, _) => {
                turn.report(CallStep::failed(CallFault::Trouble));
                greetings::after(turn, kind, trouble)
            }
            Then::Delivered(..) => sending::ended(turn, trouble),
            then => Self { then, ..self }.answered(turn, Reply::Failed),
        }
    }
}
