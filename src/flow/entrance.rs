//! The dialogues of one caller, one after the other: a message is left, somebody is looked for by name, another mailbox is
//! gone on to, or the owner signs in.
//!
//! Each dialogue ends by an [`Action`] that names what follows, and knows nothing of it; here the next one begins. Which
//! mailbox another number is, and what its callers hear, is asked of the services ([`Request::Visit`]).

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use super::directory::Directory;
use super::keys::Profile;
use super::leave::{LeaveMessage, Mode, Plan};
use super::owner::Owner;
use super::owner::desk::{Reply, Request};
use super::transfer::TransferFirst;
use super::{Action, Actions, CallEvent, CallTime, Flow, Key, Numbers, Place};
use crate::domain::{CallStage, Extension};

/// How often a caller goes on to another dialogue; then the call ends.
const MOST_MOVES: u32 = 20;
/// The answer of the service.
const SERVICE: Duration = Duration::from_secs(15);
/// Keys that are remembered until the next dialogue begins.
const MOST_AHEAD: usize = 16;

/// A call from outside.
#[derive(Debug)]
pub struct Entrance {
    inner: Inner,
    /// Whose PIN is asked for when `*` is pressed.
    mailbox: Option<Extension>,
    /// The greeting that the directory was opened from.
    home: Option<Plan>,
    profile: Arc<Profile>,
    operator: bool,
    numbers: Numbers,
    moves: u32,
}

#[derive(Debug)]
enum Inner {
    Leaving(Box<LeaveMessage>),
    /// A rule of the mailbox that was gone on to sends the call elsewhere.
    Elsewhere(Box<TransferFirst<LeaveMessage>>),
    Searching(Box<Directory>),
    /// What the mailbox's callers get is asked for.
    Moving {
        to: Extension,
        number: u32,
        until: CallTime,
        ahead: VecDeque<Key>,
    },
    Inside(Box<Owner>),
    Over,
}

impl Entrance {
    /// `leave` takes the call; whoever presses `*` is asked for the PIN of `mailbox`. The directory has the keys of
    /// `profile`.
    pub fn new(leave: LeaveMessage, mailbox: Option<Extension>, profile: Arc<Profile>) -> Self {
        let operator = leave.plan().operator;
        Self::begin(Inner::Leaving(Box::new(leave)), mailbox, profile, operator)
    }

    /// The caller wants to find somebody by name. `operator`: there is somebody behind `0`.
    pub fn directory(profile: Arc<Profile>, operator: bool) -> Self {
        let directory = Directory::new(Arc::clone(&profile), (operator, false), Numbers::default());
        Self::begin(Inner::Searching(Box::new(directory)), None, profile, operator)
    }

    fn begin(inner: Inner, mailbox: Option<Extension>, profile: Arc<Profile>, operator: bool) -> Self {
        Self { inner, mailbox, home: None, profile, operator, numbers: Numbers::default(), moves: 0 }
    }

    fn flow(&self) -> Option<&dyn Flow> {
        match &self.inner {
            Inner::Leaving(leave) => Some(leave.as_ref()),
            Inner::Elsewhere(transfer) => Some(transfer.as_ref()),
            Inner::Searching(directory) => Some(directory.as_ref()),
            Inner::Inside(owner) => Some(owner.as_ref()),
            Inner::Moving { .. } | Inner::Over => None,
        }
    }

    fn tell(&mut self, now: CallTime, event: CallEvent, actions: &mut Actions) {
        let before = actions.len();
        match &mut self.inner {
            Inner::Leaving(leave) => leave.handle(now, event, actions),
            Inner::Elsewhere(transfer) => transfer.handle(now, event, actions),
            Inner::Searching(directory) => directory.handle(now, event, actions),
            Inner::Inside(owner) => return owner.handle(now, event, actions),
            Inner::Moving { .. } => self.moving(now, event, actions),
            Inner::Over => {}
        }
        actions.iter().skip(before).for_each(|action| self.numbers.note(action));
        let last = |action: &Action| matches!(action, Action::SignIn | Action::GoOn(_));
        let Some(place) = actions.iter().skip(before).position(last) else { return };
        let next = actions.drain(before + place..).next();
        match next {
            Some(Action::GoOn(place)) => self.go_on(now, place, actions),
            _ => self.sign_in(now, actions),
        }
    }

    fn sign_in(&mut self, now: CallTime, actions: &mut Actions) {
        self.inner = Inner::Inside(Box::new(Owner::new(self.mailbox.clone())));
        self.tell(now, CallEvent::Started, actions);
    }

    fn go_on(&mut self, now: CallTime, place: Place, actions: &mut Actions) {
        self.moves += 1;
        if self.moves > MOST_MOVES {
            return self.end(actions);
        }
        match place {
            Place::Directory => {
                let plan = match &self.inner {
                    Inner::Leaving(leave) => Some(leave.plan()),
                    Inner::Elsewhere(transfer) => Some(transfer.otherwise().plan()),
                    _ => None,
                };
                if let Some(plan) = plan {
                    // Who comes back was not taken elsewhere, and is not sent there again.
                    self.home = Some(Plan { transfer: None, ..plan.clone() });
                    self.operator = plan.operator;
                }
                let directory =
                    Directory::new(Arc::clone(&self.profile), (self.operator, true), self.numbers);
                self.inner = Inner::Searching(Box::new(directory));
                self.tell(now, CallEvent::Started, actions);
            }
            Place::Mailbox(to) => {
                self.numbers.asks = self.numbers.asks.wrapping_add(1);
                let number = self.numbers.asks;
                actions.push(Action::Ask(number, Request::Visit(to.clone())));
                self.inner = Inner::Moving { to, number, until: now + SERVICE, ahead: VecDeque::new() };
            }
            Place::Back => match self.home.take() {
                Some(plan) => self.leave(now, plan, actions),
                None => self.end(actions),
            },
        }
    }

    fn leave(&mut self, now: CallTime, plan: Plan, actions: &mut Actions) {
        let transfer = plan.transfer.clone();
        let leave = LeaveMessage::following(plan, now, self.numbers);
        self.inner = match transfer {
            Some(target) => Inner::Elsewhere(Box::new(TransferFirst::new(target, leave))),
            None => Inner::Leaving(Box::new(leave)),
        };
        self.tell(now, CallEvent::Started, actions);
    }

    /// While the service is asked. One that does not answer cannot do it now.
    fn moving(&mut self, now: CallTime, event: CallEvent, actions: &mut Actions) {
        let Inner::Moving { to, number, until, ahead } = &mut self.inner else { return };
        let reply = match event {
            CallEvent::Reply(answered, reply) if answered == *number => reply,
            CallEvent::DeadlineReached if *until <= now => Reply::Failed,
            CallEvent::Digit(key) if ahead.len() < MOST_AHEAD => return ahead.push_back(key),
            CallEvent::HungUp => return self.inner = Inner::Over,
            _ => return,
        };
        let (to, ahead) = (to.clone(), std::mem::take(ahead));
        let plan = match reply {
            Reply::Arrived(Some(plan)) => {
                (self.mailbox, self.operator) = (Some(to), plan.operator);
                *plan
            }
            Reply::Arrived(None) => Plan::notice_only(Mode::UnknownTarget, self.operator),
            _ => Plan::notice_only(Mode::TechnicalTrouble, self.operator),
        };
        self.home = None;
        self.leave(now, plan, actions);
        for key in ahead {
            self.tell(now, CallEvent::Digit(key), actions);
        }
    }

    fn end(&mut self, actions: &mut Actions) {
        self.inner = Inner::Over;
        actions.push(Action::HangUp);
    }
}

impl Flow for Entrance {
    fn handle(&mut self, now: CallTime, event: CallEvent, actions: &mut Actions) {
        self.tell(now, event, actions);
    }

    fn deadline(&self) -> Option<CallTime> {
        match &self.inner {
            Inner::Moving { until, .. } => Some(*until),
            _ => self.flow()?.deadline(),
        }
    }

    fn is_done(&self) -> bool {
        match &self.inner {
            Inner::Moving { .. } => false,
            _ => self.flow().is_none_or(Flow::is_done),
        }
    }

    fn stage(&self) -> CallStage {
        match &self.inner {
            Inner::Moving { .. } => CallStage::Finding,
            _ => self.flow().map_or(CallStage::Ending, Flow::stage),
        }
    }

    fn hides_keys(&self) -> bool {
        // What is pressed before the next dialogue begins may be a PIN.
        matches!(self.inner, Inner::Moving { .. }) || self.flow().is_some_and(Flow::hides_keys)
    }
}
