//! A caller leaves a message: greeting, instructions, tone, recording, review, goodbye.
//!
//! Does not choose the mailbox or its greeting (that is in the [`Plan`] it is made with), and neither plays nor
//! stores anything itself. Driven by [`crate::call`] through [`Flow`].
//!
//! ```text
//! Waiting → AskingName → SayingName       where calls are screened
//!    ↓          ↓ #          ↓
//! Opening ⇄ Interlude                     Opening: greeting, instructions; or a notice, where no message is taken
//!              ↓ tone
//!             Cue → Recording → Stopping → Review ⇄ Discarding
//!              ↑        ⇅ 8 Paused          ↓ kept
//!              └──── again, add ────┘    Storing → Farewell → Done
//!  0 anywhere: Passing → Transferring;  caller gone while recording: Gone
//! ```
//!
//! Each state owns what exists in it and is consumed by its transition; a recording that was stopped is a
//! [`draft::Draft`], which cannot be copied and ends in exactly one of kept and forgotten.

mod draft;
mod ending;
mod naming;
mod opening;
mod plan;
mod recording;
mod review;
mod turn;

use std::time::Duration;

use self::ending::{Farewell, Gone, Passing, Storing, Transferring};
use self::naming::{AskingName, SayingName};
use self::opening::{Interlude, Opening};
pub use self::plan::{Instructions, Mode, Plan};
use self::recording::{Cue, Paused, Recording, Stopping};
use self::review::{Discarding, Review};
use self::turn::{Memory, Turn};
use super::{
    Action, Actions, CallEvent, CallTime, Flow, Key, Numbers, StopCause, StoreOutcome, Take, TransferOutcome,
};
use crate::domain::{CallStage, RecordingClass};

/// What the recorder says of a recording that stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Verdict {
    cause: StopCause,
    length: Duration,
    voiced: Duration,
    class: RecordingClass,
}

/// A caller leaves a message.
#[derive(Debug)]
pub struct LeaveMessage {
    plan: Plan,
    memory: Memory,
    state: State,
}

impl LeaveMessage {
    /// A dialogue that waits for [`CallEvent::Started`].
    pub const fn new(plan: Plan) -> Self {
        Self { plan, memory: Memory::new(), state: State::Waiting(Waiting) }
    }

    /// The same, after other dialogues of the same call, which is this old.
    pub fn following(plan: Plan, now: CallTime, numbers: Numbers) -> Self {
        Self { plan, memory: Memory::following(now, numbers), state: State::Waiting(Waiting) }
    }

    /// What it was made with.
    pub const fn plan(&self) -> &Plan {
        &self.plan
    }
}

impl Flow for LeaveMessage {
    fn handle(&mut self, now: CallTime, event: CallEvent, actions: &mut Actions) {
        let state = std::mem::replace(&mut self.state, State::Done);
        let mut turn = Turn { plan: &self.plan, now, memory: &mut self.memory, actions };
        self.state = state.take_in(&mut turn, event);
        if matches!(self.state, State::Done) {
            turn.forget_name();
            self.memory.rest();
        }
    }

    fn deadline(&self) -> Option<CallTime> {
        self.memory.deadline()
    }

    fn is_done(&self) -> bool {
        matches!(self.state, State::Done)
    }

    fn stage(&self) -> CallStage {
        match self.state {
            State::Waiting(_)
            | State::AskingName(_)
            | State::SayingName(_)
            | State::Opening(_)
            | State::Interlude(_) => CallStage::Greeting,
            State::Cue(_) | State::Recording(_) | State::Stopping(_) | State::Paused(_) => {
                CallStage::Recording
            }
            State::Review(_) | State::Discarding(_) | State::Storing(_) => CallStage::Review,
            State::Passing(_) | State::Transferring(_) => CallStage::Transferring,
            State::Farewell(_) | State::Gone(_) | State::Done => CallStage::Ending,
        }
    }
}

/// Where the dialogue is, named by what it waits for.
#[derive(Debug)]
enum State {
    Waiting(Waiting),
    AskingName(AskingName),
    SayingName(SayingName),
    Opening(Opening),
    Interlude(Interlude),
    Cue(Cue),
    Recording(Recording),
    Stopping(Stopping),
    Paused(Paused),
    Review(Review),
    Discarding(Discarding),
    Storing(Storing),
    Passing(Passing),
    Transferring(Transferring),
    Farewell(Farewell),
    Gone(Gone),
    Done,
}

/// What a state does with what happens. What it does not speak of leaves it as it is; every state has an end of its
/// own ([`Stage::expired`]) and one for a caller who leaves ([`Stage::gone`]).
trait Stage: Sized + Into<State> {
    /// A key was pressed.
    fn key(self, _turn: &mut Turn<'_>, _key: Key) -> State {
        self.into()
    }

    /// What was being said came to its end.
    fn played(self, _turn: &mut Turn<'_>) -> State {
        self.into()
    }

    /// A recording stopped.
    fn stopped(self, _turn: &mut Turn<'_>, _take: Take, _verdict: Verdict) -> State {
        self.into()
    }

    /// A kept recording is durable, or not.
    fn stored(self, _turn: &mut Turn<'_>, _take: Take, _outcome: StoreOutcome) -> State {
        self.into()
    }

    /// The operator took the call, or not.
    fn transferred(self, _turn: &mut Turn<'_>, _outcome: TransferOutcome) -> State {
        self.into()
    }

    /// What was waited for did not come in time.
    fn expired(self, turn: &mut Turn<'_>) -> State;

    /// The caller is gone: nothing is said any more, recordings are kept or forgotten.
    fn gone(self, turn: &mut Turn<'_>) -> State;
}

/// Runs one method of [`Stage`] on whatever state this is.
macro_rules! on_stage {
    ($state:expr, $stage:ident => $call:expr) => {
        match $state {
            State::Waiting($stage) => $call,
            State::AskingName($stage) => $call,
            State::SayingName($stage) => $call,
            State::Opening($stage) => $call,
            State::Interlude($stage) => $call,
            State::Cue($stage) => $call,
            State::Recording($stage) => $call,
            State::Stopping($stage) => $call,
            State::Paused($stage) => $call,
            State::Review($stage) => $call,
            State::Discarding($stage) => $call,
            State::Storing($stage) => $call,
            State::Passing($stage) => $call,
            State::Transferring($stage) => $call,
            State::Farewell($stage) => $call,
            State::Gone($stage) => $call,
            State::Done => State::Done,
        }
    };
}

macro_rules! into_state {
    ($($stage:ident),*) => {$(
        impl From<$stage> for State {
            fn from(stage: $stage) -> Self {
                Self::$stage(stage)
            }
        }
    )*};
}

into_state!(
    Waiting,
    AskingName,
    SayingName,
    Opening,
    Interlude,
    Cue,
    Recording,
    Stopping,
    Paused,
    Review,
    Discarding,
    Storing,
    Passing,
    Transferring,
    Farewell,
    Gone
);

impl State {
    fn take_in(self, turn: &mut Turn<'_>, event: CallEvent) -> Self {
        match event {
            CallEvent::Started => self.start(turn),
            CallEvent::Digit(key) => self.key(turn, key),
            CallEvent::PlayFinished(id) if turn.memory.finish_play(id) => {
                on_stage!(self, stage => stage.played(turn))
            }
            // The end of something that was replaced or cut short long ago.
            CallEvent::PlayFinished(_) => self,
            CallEvent::RecordingStopped { take, cause, length, voiced, class } => {
                let voiced = turn.memory.beside_name(take, voiced);
                let verdict = Verdict { cause, length, voiced, class };
                on_stage!(self, stage => stage.stopped(turn, take, verdict))
            }
            CallEvent::Stored { take, outcome } => {
                on_stage!(self, stage => stage.stored(turn, take, outcome))
            }
            CallEvent::Transferred(outcome) => on_stage!(self, stage => stage.transferred(turn, outcome)),
            CallEvent::DeadlineReached => match turn.memory.deadline() {
                Some(due) if turn.now >= due => on_stage!(self, stage => stage.expired(turn)),
                // A deadline that was moved meanwhile.
                _ => self,
            },
            CallEvent::HungUp => on_stage!(self, stage => stage.gone(turn)),
            // Answers to what this dialogue never asks.
            CallEvent::MessageBegan(_)
            | CallEvent::MessageUnplayable(_)
            | CallEvent::Reply(..)
            | CallEvent::Unmarked(..) => self,
        }
    }

    fn start(self, turn: &mut Turn<'_>) -> Self {
        match self {
            Self::Waiting(_) => Opening::begin(turn),
            begun => begun,
        }
    }

    fn key(self, turn: &mut Turn<'_>, key: Key) -> Self {
        on_stage!(self, stage => stage.key(turn, key))
    }
}

/// The call is not answered yet.
#[derive(Debug)]
struct Waiting;

impl Stage for Waiting {
    fn expired(self, turn: &mut Turn<'_>) -> State {
        turn.act(Action::HangUp);
        State::Done
    }

    fn gone(self, _turn: &mut Turn<'_>) -> State {
        State::Done
    }
}
