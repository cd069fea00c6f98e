//! Recording is paused: it goes on, ends, or is given up.

use std::time::Duration;

use super::{Cue, Draft, Purpose, Stopped, Taking};
use crate::flow::owner::turn::{Timer, Turn};
use crate::flow::owner::{Stage, State};
use crate::flow::{Key, StopCause, phrases};

/// Recording is paused.
#[derive(Debug)]
pub(in crate::flow::owner) struct Held {
    purpose: Purpose,
    draft: Draft,
    /// How much was said until now.
    voiced: Duration,
}

impl Held {
    pub(super) fn enter(turn: &mut Turn<'_>, purpose: Purpose, draft: Draft, voiced: Duration) -> State {
        turn.say(vec![phrases::RECORDING_PAUSED.into()]);
        Self { purpose, draft, voiced }.into()
    }

    /// What there is, as if it had been ended here.
    fn end(self, turn: &mut Turn<'_>, key: Option<char>) -> State {
        let (take, length) = (self.draft.take, self.draft.length);
        let stopped = Stopped { take, cause: StopCause::Asked, length, voiced: self.voiced };
        Taking { purpose: self.purpose, take, asked: key, ahead: None }.stopped(turn, stopped)
    }
}

impl Stage for Held {
    fn key(self, turn: &mut Turn<'_>, key: Key) -> State {
        match key.char() {
            '8' => {
                turn.hush();
                Cue { purpose: self.purpose, goes_on: Some(self.draft) }.record(turn)
            }
            end @ ('#' | '*') => self.end(turn, Some(end)),
            _ => self.into(),
        }
    }

    fn played(self, turn: &mut Turn<'_>) -> State {
        turn.wait(Timer::Pause);
        self.into()
    }

    /// Forgotten: what there is, is reviewed.
    fn expired(self, turn: &mut Turn<'_>) -> State {
        self.end(turn, None)
    }

    fn abandon(self, turn: &mut Turn<'_>) {
        self.draft.discard(turn);
    }
}
