//! What every simulated line does, whatever the dialogue: it tells what happens, holds the dialogue to its deadlines, lets
//! time pass. What is asked of it is the business of each.

use std::collections::BTreeSet;
use std::fmt::Debug;
use std::time::Duration;

use aftertone::flow::{Action, CallEvent, CallTime, Flow, Key, PlayId, Take, TransferOutcome};

/// What a line knows of its call.
#[derive(Debug, Default)]
pub(crate) struct Wire {
    pub(crate) now: CallTime,
    pub(crate) playing: Option<PlayId>,
    pub(crate) recording: Option<Take>,
    /// Recordings that stopped, and of which nobody has said what becomes of them.
    pub(crate) open: BTreeSet<Take>,
    pub(crate) transferring: bool,
    pub(crate) caller_gone: bool,
    pub(crate) hung_up: bool,
}

/// The other side of a dialogue.
pub(crate) trait Line {
    type Dialogue: Flow + Debug;
    /// No dialogue waits longer.
    const LONGEST_WAIT: Duration;

    fn flow(&mut self) -> &mut Self::Dialogue;
    fn wire(&mut self) -> &mut Wire;
    fn carry_out(&mut self, action: Action);

    fn tell(&mut self, event: CallEvent) {
        let (now, was_done) = (self.wire().now, self.flow().is_done());
        let mut actions = Vec::new();
        self.flow().handle(now, event.clone(), &mut actions);
        assert!(
            !was_done || actions.is_empty(),
            "after its end the dialogue asks for {actions:?} on {event:?}"
        );
        for action in actions {
            self.carry_out(action);
        }
        let done = self.flow().is_done();
        match self.flow().deadline() {
            Some(due) => {
                assert!(!done, "a dialogue that is over waits for nothing");
                let wait = due.0.saturating_sub(now.0);
                assert!(wait <= Self::LONGEST_WAIT, "waits for {wait:?}");
            }
            None => assert!(done, "waits for ever after {event:?}: {:?}", self.flow()),
        }
    }

    /// So many milliseconds pass; but no deadline unnoticed.
    fn pass(&mut self, after: u64) {
        let next = self.wire().now + Duration::from_millis(after);
        if let Some(due) = self.flow().deadline().filter(|due| *due <= next) {
            self.wire().now = due;
            self.tell(CallEvent::DeadlineReached);
        }
        self.wire().now = self.wire().now.max(next);
    }

    fn pass_deadline(&mut self) {
        if let Some(due) = self.flow().deadline() {
            self.wire().now = self.wire().now.max(due);
            self.tell(CallEvent::DeadlineReached);
        }
    }

    fn key(&mut self, key: char) {
        if !self.wire().caller_gone {
            self.tell(CallEvent::Digit(Key::new(key).unwrap()));
        }
    }

    fn played(&mut self) {
        if let Some(id) = self.wire().playing.take() {
            self.tell(CallEvent::PlayFinished(id));
        }
    }

    fn transferred(&mut self, outcome: TransferOutcome) {
        if std::mem::take(&mut self.wire().transferring) {
            self.tell(CallEvent::Transferred(outcome));
        }
    }

    fn hang_up(&mut self) {
        self.wire().caller_gone = true;
        self.wire().playing = None;
        self.tell(CallEvent::HungUp);
    }

    /// Nothing happens any more, but time passes.
    fn nothing_more(&mut self) {
        for _ in 0..400 {
            if self.flow().is_done() {
                break;
            }
            self.pass_deadline();
        }
        assert!(self.flow().is_done(), "the dialogue never ends: {:?}", self.flow());
    }
}
