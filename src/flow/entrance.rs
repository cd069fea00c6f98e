//! A caller leaves a message, or turns out to be the owner and signs in: two dialogues in one call.

use super::leave::LeaveMessage;
use super::owner::Owner;
use super::{Action, Actions, CallEvent, CallTime, Flow};
use crate::domain::Extension;

/// The greeting of a mailbox, with the way in by `*`.
#[derive(Debug)]
pub struct Entrance {
    presumed: Extension,
    inner: Inner,
}

#[derive(Debug)]
enum Inner {
    Leaving(Box<LeaveMessage>),
    Inside(Box<Owner>),
}

impl Entrance {
    /// `leave` takes the call; whoever presses `*` is asked for the PIN of `mailbox`.
    pub fn new(leave: LeaveMessage, mailbox: Extension) -> Self {
        Self { presumed: mailbox, inner: Inner::Leaving(Box::new(leave)) }
    }

    fn flow(&self) -> &dyn Flow {
        match &self.inner {
            Inner::Leaving(leave) => leave.as_ref(),
            Inner::Inside(owner) => owner.as_ref(),
        }
    }
}

impl Flow for Entrance {
    fn handle(&mut self, now: CallTime, event: CallEvent, actions: &mut Actions) {
        let leave = match &mut self.inner {
            Inner::Leaving(leave) => leave,
            Inner::Inside(owner) => return owner.handle(now, event, actions),
        };
        let before = actions.len();
        leave.handle(now, event, actions);
        let asked = actions.iter().skip(before).position(|action| *action == Action::SignIn);
        if let Some(place) = asked {
            actions.truncate(before + place);
            let mut owner = Owner::new(Some(self.presumed.clone()));
            owner.handle(now, CallEvent::Started, actions);
            self.inner = Inner::Inside(Box::new(owner));
        }
    }

    fn deadline(&self) -> Option<CallTime> {
        self.flow().deadline()
    }

    fn is_done(&self) -> bool {
        self.flow().is_done()
    }

    fn hides_keys(&self) -> bool {
        self.flow().hides_keys()
    }
}
