//! The owner's dialogue: signing in, messages, sending, settings, the first use.
//!
//! Knows no database and plays nothing itself: it asks services by [`Request`] and is answered by [`Reply`]. Which key
//! does what comes from the owner's key profile. Driven by [`crate::call`] through [`Flow`].
//!
//! ```text
//! Entering (extension, PIN) → Asking → Choosing (main menu) ⇄ Choosing (settings, greetings, …)
//!                                        ↓ ↑                     ↓ ↑
//!                                     Listening             Cue → Taking → Reviewing
//!                                        ↓ ↑                     ↑ ↓
//!                                  Entering (recipients, number, PIN, day)        Choosing → Seeking (a colleague) → Cue, Calling
//! ```
//! While a service is asked, keys wait for its answer. Whatever happens, a recording is handed over or discarded, and a
//! caller who is gone hears nothing more.

mod asking;
mod calling;
mod choosing;
mod colleague;
pub mod desk;
mod entering;
mod greetings;
mod listening;
mod lists;
mod login;
mod recorder;
mod sending;
mod settings;
mod shelf;
mod stored;
mod turn;
mod words;

use self::asking::Asking;
use self::calling::Calling;
use self::choosing::Choosing;
use self::colleague::Seeking;
use self::desk::{Reply, Session};
use self::entering::Entering;
use self::listening::Listening;
use self::recorder::{Cue, Held, Reviewing, Taking};
use self::turn::{Memory, Turn};
use super::keys::{Command, Meaning, Menu};
use super::phrases;
use super::{Action, Actions, CallEvent, CallTime, Flow, Key, TransferOutcome, Utterance};
use crate::domain::{CallStage, Extension, GreetingKind};

/// A call of somebody who wants to hear messages.
#[derive(Debug)]
pub struct Owner {
    memory: Memory,
    state: State,
}

impl Owner {
    /// A dialogue that waits for [`CallEvent::Started`]. `presumed` is the mailbox whose PIN is asked for: that of the own
    /// phone, or of the greeting in which `*` was pressed. `None`: the extension is asked for first.
    pub fn new(presumed: Option<Extension>) -> Self {
        Self { memory: Memory::new(presumed), state: State::Waiting(Waiting) }
    }

    /// The same, for a device that proved who it is: if its owner trusts it, no PIN is asked for.
    pub fn recognised(presumed: Option<Extension>) -> Self {
        let mut owner = Self::new(presumed);
        owner.memory.is_recognised = true;
        owner
    }

    /// A dialogue with an owner who is called to record this greeting: nobody signs in, and nothing else can be done.
    pub fn called_for(kind: GreetingKind, session: Session) -> Self {
        let mut memory = Memory::new(None);
        memory.called_for = Some(kind);
        memory.session = session;
        Self { memory, state: State::Waiting(Waiting) }
    }
}

impl Flow for Owner {
    fn handle(&mut self, now: CallTime, event: CallEvent, actions: &mut Actions) {
        let mut state = std::mem::replace(&mut self.state, State::Done);
        let mut turn = Turn { now, memory: &mut self.memory, actions };
        state = state.take_in(&mut turn, event);
        while !matches!(state, State::Asking(_) | State::Done)
            && let Some(key) = turn.memory.ahead.pop_front()
        {
            state = state.press(&mut turn, key);
        }
        self.state = state;
        if self.is_done() {
            self.memory.rest();
        }
    }

    fn deadline(&self) -> Option<CallTime> {
        match &self.state {
            State::Seeking(seeking) => seeking.deadline(),
            _ => self.memory.deadline(),
        }
    }

    fn is_done(&self) -> bool {
        matches!(self.state, State::Done)
    }

    fn stage(&self) -> CallStage {
        match self.state {
            State::Waiting(_) | State::Entering(_) | State::Asking(_) | State::Choosing(_) => CallStage::Menu,
            State::Listening(_) => CallStage::Listening,
            State::Cue(_) | State::Taking(_) => CallStage::Recording,
            State::Held(_) | State::Reviewing(_) => CallStage::Review,
            State::Seeking(_) => CallStage::Finding,
            State::Calling(_) => CallStage::Transferring,
            State::Farewell(_) | State::Done => CallStage::Ending,
        }
    }

    fn hides_keys(&self) -> bool {
        // A PIN may be pressed ahead of the question for it.
        match &self.state {
            State::Entering(entering) => entering.is_secret(),
            State::Asking(_) | State::Waiting(_) => true,
            _ => false,
        }
    }
}

/// Where the dialogue is, named by what it waits for.
#[derive(Debug)]
enum State {
    Waiting(Waiting),
    Entering(Entering),
    Asking(Asking),
    Choosing(Choosing),
    Listening(Listening),
    Cue(Cue),
    Taking(Taking),
    Held(Held),
    Reviewing(Reviewing),
    Seeking(Seeking),
    Calling(Calling),
    Farewell(Farewell),
    Done,
}

/// What a state does with what happens. What it does not speak of leaves it as it is.
trait Stage: Sized + Into<State> {
    /// The menu whose keys are pressed now; without one, keys come to [`Stage::key`].
    fn menu(&self) -> Option<Menu> {
        None
    }

    /// A key was pressed where no menu is open.
    fn key(self, _turn: &mut Turn<'_>, _key: Key) -> State {
        self.into()
    }

    /// A key of the menu was pressed.
    fn command(self, _turn: &mut Turn<'_>, _command: Command) -> State {
        self.into()
    }

    /// A key was pressed that the menu does not have.
    fn unknown(self, _turn: &mut Turn<'_>) -> State {
        self.into()
    }

    /// What was being said came to its end.
    fn played(self, _turn: &mut Turn<'_>) -> State {
        self.into()
    }

    /// The message begins to sound.
    fn sounding(self, _turn: &mut Turn<'_>) -> State {
        self.into()
    }

    /// The message cannot be played.
    fn unplayable(self, _turn: &mut Turn<'_>) -> State {
        self.into()
    }

    /// A recording stopped.
    fn stopped(self, _turn: &mut Turn<'_>, _stopped: recorder::Stopped) -> State {
        self.into()
    }

    /// A service answered the question of this number.
    fn replied(self, _turn: &mut Turn<'_>, _number: u32, _reply: Reply) -> State {
        self.into()
    }

    /// The called party took the call, or not.
    fn transferred(self, _turn: &mut Turn<'_>, _outcome: TransferOutcome) -> State {
        self.into()
    }

    /// What was waited for did not come in time.
    fn expired(self, turn: &mut Turn<'_>) -> State;

    /// The dialogue leaves from here: what would be lost is noted or discarded. Says nothing.
    fn abandon(self, _turn: &mut Turn<'_>) {}
}

/// Runs one method of [`Stage`] on whatever state this is.
macro_rules! on_stage {
    ($state:expr, $stage:ident => $call:expr, $done:expr) => {
        match $state {
            State::Waiting($stage) => $call,
            State::Entering($stage) => $call,
            State::Asking($stage) => $call,
            State::Choosing($stage) => $call,
            State::Listening($stage) => $call,
            State::Cue($stage) => $call,
            State::Taking($stage) => $call,
            State::Held($stage) => $call,
            State::Reviewing($stage) => $call,
            State::Seeking($stage) => $call,
            State::Calling($stage) => $call,
            State::Farewell($stage) => $call,
            State::Done => $done,
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
    Waiting, Entering, Asking, Choosing, Listening, Cue, Taking, Held, Reviewing, Seeking, Calling, Farewell
);

impl State {
    fn take_in(self, turn: &mut Turn<'_>, event: CallEvent) -> Self {
        match event {
            CallEvent::Unmarked(message, mark) => {
                turn.memory.shelf.take_back(message, mark);
                self
            }
            event => match self {
                Self::Seeking(seeking) => seeking.take_in(turn, event),
                state => state.react(turn, event),
            },
        }
    }

    fn react(self, turn: &mut Turn<'_>, event: CallEvent) -> Self {
        match event {
            CallEvent::Started if matches!(self, Self::Waiting(_)) => login::begin(turn),
            CallEvent::Started | CallEvent::Stored { .. } | CallEvent::Unmarked(..) => self,
            CallEvent::Digit(key) if matches!(self, Self::Asking(_)) => {
                turn.memory.note_ahead(key);
                self
            }
            CallEvent::Digit(key) => self.press(turn, key),
            CallEvent::PlayFinished(id) if turn.memory.finish_play(id) => {
                on_stage!(self, stage => stage.played(turn), Self::Done)
            }
            // The end of something that was replaced long ago.
            CallEvent::PlayFinished(_) => self,
            CallEvent::MessageBegan(id) if turn.memory.is_playing(id) => {
                on_stage!(self, stage => stage.sounding(turn), Self::Done)
            }
            CallEvent::MessageUnplayable(id) if turn.memory.finish_play(id) => {
                on_stage!(self, stage => stage.unplayable(turn), Self::Done)
            }
            CallEvent::MessageBegan(_) | CallEvent::MessageUnplayable(_) => self,
            CallEvent::RecordingStopped { take, cause, length, voiced, .. } => {
                let stopped = recorder::Stopped { take, cause, length, voiced };
                on_stage!(self, stage => stage.stopped(turn, stopped), Self::Done)
            }
            CallEvent::Reply(number, reply) => {
                on_stage!(self, stage => stage.replied(turn, number, reply), Self::Done)
            }
            CallEvent::Transferred(outcome) => {
                on_stage!(self, stage => stage.transferred(turn, outcome), Self::Done)
            }
            CallEvent::DeadlineReached => self.pass_deadline(turn),
            CallEvent::HungUp => {
                on_stage!(self, stage => stage.abandon(turn), ());
                Self::Done
            }
        }
    }

    fn pass_deadline(self, turn: &mut Turn<'_>) -> Self {
        if turn.memory.sequence_is_due(turn.now) {
            let typed = turn.forget_sequence();
            return self.sequence(turn, &typed);
        }
        match turn.memory.due() {
            Some(due) if turn.now >= due => on_stage!(self, stage => stage.expired(turn), Self::Done),
            // A deadline that was moved meanwhile.
            _ => self,
        }
    }

    fn menu(&self) -> Option<Menu> {
        on_stage!(self, stage => stage.menu(), None)
    }

    /// A key. One that continues a sequence is taken with what came before it; if nothing goes on so, the keys before
    /// mean what they mean alone.
    fn press(self, turn: &mut Turn<'_>, key: Key) -> Self {
        let state = match self {
            Self::Done => return self,
            Self::Seeking(seeking) => return seeking.take_in(turn, CallEvent::Digit(key)),
            state => state,
        };
        state.press_here(turn, key)
    }

    fn press_here(self, turn: &mut Turn<'_>, key: Key) -> Self {
        if !turn.memory.count_key() {
            on_stage!(self, stage => stage.abandon(turn), ());
            return Farewell::enter(turn, Vec::new());
        }
        let earlier = turn.forget_sequence();
        let Some(menu) = self.menu() else {
            return on_stage!(self, stage => stage.key(turn, key), Self::Done);
        };
        let mut typed = earlier.clone();
        typed.push(key.char());
        match turn.session().keys.meaning(menu, &typed) {
            Meaning::Command(command) => on_stage!(self, stage => stage.command(turn, command), Self::Done),
            Meaning::Wait(_) => {
                turn.wait_for_sequence(typed);
                self
            }
            Meaning::Nothing if earlier.is_empty() => {
                on_stage!(self, stage => stage.unknown(turn), Self::Done)
            }
            Meaning::Nothing => match self.sequence(turn, &earlier) {
                asking @ Self::Asking(_) => {
                    turn.memory.note_ahead(key);
                    asking
                }
                state => state.press(turn, key),
            },
        }
    }

    /// No further key came: what was pressed means what it means alone.
    fn sequence(self, turn: &mut Turn<'_>, typed: &str) -> Self {
        let Some(menu) = self.menu() else { return self };
        match turn.session().keys.meaning(menu, typed) {
            Meaning::Command(command) | Meaning::Wait(Some(command)) => {
                on_stage!(self, stage => stage.command(turn, command), Self::Done)
            }
            Meaning::Wait(None) | Meaning::Nothing => {
                on_stage!(self, stage => stage.unknown(turn), Self::Done)
            }
        }
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
}

/// The last words.
#[derive(Debug)]
struct Farewell;

impl Farewell {
    fn enter(turn: &mut Turn<'_>, mut words: Vec<Utterance>) -> State {
        words.push(phrases::GOODBYE.into());
        turn.say(words);
        Self.into()
    }
}

impl Stage for Farewell {
    fn played(self, turn: &mut Turn<'_>) -> State {
        turn.act(Action::HangUp);
        State::Done
    }

    fn expired(self, turn: &mut Turn<'_>) -> State {
        self.played(turn)
    }
}
