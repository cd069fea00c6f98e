//! A call whose target is no mailbox goes to somebody else; when that fails, another dialogue takes it.

use std::time::Duration;

use super::entrance::Entrance;
use super::{Action, Actions, CallEvent, CallTime, Flow, TransferOutcome};

/// A transfer that never answers is given up after so long.
const PATIENCE: Duration = Duration::from_secs(40);

/// Transfers at once.
#[derive(Debug)]
pub struct TransferFirst {
    otherwise: Entrance,
    state: State,
}

#[derive(Debug, Clone, Copy)]
enum State {
    Waiting,
    Transferring { until: CallTime },
    Otherwise,
    Done,
}

impl TransferFirst {
    /// `otherwise` takes the call when the transfer fails.
    pub const fn new(otherwise: Entrance) -> Self {
        Self { otherwise, state: State::Waiting }
    }

    fn give_up(&mut self, now: CallTime, actions: &mut Actions) {
        self.state = State::Otherwise;
        self.otherwise.handle(now, CallEvent::Started, actions);
    }
}

impl Flow for TransferFirst {
    fn handle(&mut self, now: CallTime, event: CallEvent, actions: &mut Actions) {
        match (self.state, event) {
            (State::Otherwise, event) => self.otherwise.handle(now, event, actions),
            (State::Waiting, CallEvent::Started) => {
                self.state = State::Transferring { until: now + PATIENCE };
                actions.push(Action::TransferToOperator);
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

    fn hides_keys(&self) -> bool {
        matches!(self.state, State::Otherwise) && self.otherwise.hides_keys()
    }
}
