//! A call goes to somebody else, because its target is no mailbox or a rule says so; when that fails, another dialogue
//! takes it.

use std::time::Duration;

use crate::domain::CallStage;

use super::{Action, Actions, CallEvent, CallTime, Flow, TransferOutcome};

/// A transfer that never answers is given up after so long.
const PATIENCE: Duration = Duration::from_secs(40);

/// Transfers at once.
#[derive(Debug)]
pub struct TransferFirst<F> {
    otherwise: F,
    target: String,
    state: State,
}

#[derive(Debug, Clone, Copy)]
enum State {
    Waiting,
    Transferring { until: CallTime },
    Otherwise,
    Done,
}

impl<F: Flow> TransferFirst<F> {
    /// To `target`; `otherwise` takes the call when the transfer fails.
    pub const fn new(target: String, otherwise: F) -> Self {
        Self { otherwise, target, state: State::Waiting }
    }

    /// What takes the call when the transfer fails.
    pub const fn otherwise(&self) -> &F {
        &self.otherwise
    }

    fn give_up(&mut self, now: CallTime, actions: &mut Actions) {
        self.state = State::Otherwise;
        self.otherwise.handle(now, CallEvent::Started, actions);
    }
}

impl<F: Flow> Flow for TransferFirst<F> {
    fn handle(&mut self, now: CallTime, event: CallEvent, actions: &mut Actions) {
        match (self.state, event) {
            (State::Otherwise, event) => self.otherwise.handle(now, event, actions),
            (State::Waiting, CallEvent::Started) => {
                self.state = State::Transferring { until: now + PATIENCE };
                actions.push(Action::TransferTo(self.target.clone()));
            }
            (State::Transferring { .. }, CallEvent::Transferred(TransferOutcome::Done)) => {
                self.state = State::Done;
                actions.push(Action::HangUp);
            }
            (State::Transferring { .. }, CallEvent::Transferred(_) | CallEvent::DeadlineReached) => {
                self.give_up(now, actions)
            }
            (_, CallEvent::HungUp) => self.state = State::Done,
            _ => {}
        }
    }

    fn deadline(&self) -> Option<CallTime> {
        match self.state {
            State::Transferring { until } => Some(until),
            State::Otherwise => self.otherwise.deadline(),
            State::Waiting | State::Done => None,
        }
    }

    fn is_done(&self) -> bool {
        match self.state {
            State::Done => true,
            State::Otherwise => self.otherwise.is_done(),
            State::Waiting | State::Transferring { .. } => false,
        }
    }

    fn stage(&self) -> CallStage {
        match self.state {
            State::Waiting | State::Transferring { .. } => CallStage::Transferring,
            State::Otherwise => self.otherwise.stage(),
            State::Done => CallStage::Ending,
        }
    }

    fn hides_keys(&self) -> bool {
        matches!(self.state, State::Otherwise) && self.otherwise.hides_keys()
    }
}
