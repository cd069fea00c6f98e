//! One turn of the owner's dialogue: what a state may look at and do while it takes one event in, and what is remembered
//! from the first state to the last.

use std::collections::VecDeque;
use std::time::Duration;

use super::desk::{Request, Session};
use super::shelf::Cursor;
use crate::domain::{CallStep, Extension, GreetingKind, Shelf};
use crate::flow::keys::Menu;
use crate::flow::{Action, Actions, CallTime, Key, Numbers, PlayId, Take, Utterance};

/// What is waited for, and how long at most.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Timer {
    /// The end of our own words. Only a guard: the end of the play comes first.
    Words,
    /// The end of a message of this length. Only a guard.
    Message(Duration),
    /// The end of a recording. Only a guard.
    Recording(Duration),
    /// The verdict on a recording.
    Verdict,
    /// A key.
    Choice,
    /// A key, while a message is paused.
    Pause,
    /// A second thought, before the next message.
    Undo,
    /// The answer of a service.
    Service,
    /// The delivery of a message, to many perhaps.
    Delivery,
    /// The answer of whoever is called.
    Call,
    /// Silence after a wrong PIN.
    Silence(Duration),
}

impl Timer {
    const fn span(self) -> Duration {
        match self {
            Self::Words => Duration::from_secs(180),
            Self::Message(length) => length.saturating_add(Duration::from_secs(120)),
            Self::Recording(max) => max.saturating_add(Duration::from_secs(30)),
            Self::Verdict | Self::Choice => Duration::from_secs(5),
            Self::Pause => Duration::from_secs(60),
            Self::Undo => Duration::from_secs(2),
            Self::Service => Duration::from_secs(15),
            Self::Delivery => Duration::from_secs(70),
            Self::Call => Duration::from_secs(90),
            Self::Silence(wait) => wait,
        }
    }
}

/// A key that may begin a longer sequence waits so long for the next.
const SEQUENCE: Duration = Duration::from_millis(1500);
/// Keys pressed ahead of an answer that are remembered.
const MOST_AHEAD: usize = 32;
/// Keys of one call that are obeyed.
const MOST_KEYS: u32 = 5_000;
/// How often a caller who presses nothing is asked again.
const MOST_IDLE: u32 = 3;

/// What outlives the states.
#[derive(Debug, Default)]
pub(super) struct Memory {
    pub(super) session: Session,
    pub(super) shelf: Cursor,
    /// Whose mailbox it is unless another is named: of the own phone, or of the greeting in which `*` was pressed.
    pub(super) presumed: Option<Extension>,
    /// The owner did not call, but is called to record this.
    pub(super) called_for: Option<GreetingKind>,
    /// Tries to sign in.
    pub(super) tries: u32,
    /// When the owner was let in.
    pub(super) since: CallTime,
    /// The steps of the first use are being made.
    pub(super) tutorial: bool,
    /// How many steps of the first use were made or left in this call.
    pub(super) step: u8,
    /// The list that is being changed.
    pub(super) list: super::lists::List,
    /// The stored greetings that are gone through.
    pub(super) stored: super::stored::Stored,
    /// The device may need no PIN.
    pub(super) is_recognised: bool,
    /// New PINs that were refused.
    pub(super) pin_faults: u32,
    /// A message to others was begun in the menu, and not from another message.
    pub(super) from_menu: bool,
    /// Keys that came while a service was asked.
    pub(super) ahead: VecDeque<Key>,
    /// The keys so far of a sequence that may go on.
    pub(super) typed: String,
    typed_until: Option<CallTime>,
    deadline: Option<CallTime>,
    playing: Option<PlayId>,
    plays: u32,
    takes: u32,
    asks: u32,
    idles: u32,
    keys: u32,
}

/// Numbers of plays and recordings begin here, beyond those of a dialogue that came before in the same call.
const FIRST: u32 = 100_000;

impl Memory {
    pub(super) fn new(presumed: Option<Extension>) -> Self {
        let deadline = Some(CallTime(Duration::from_secs(30)));
        Self { presumed, deadline, plays: FIRST, takes: FIRST, asks: FIRST, ..Self::default() }
    }

    /// Where a part of the dialogue begins that counts by itself.
    pub(super) const fn numbers(&self) -> Numbers {
        Numbers { plays: self.plays, takes: self.takes, asks: self.asks }
    }

    /// How far it counted.
    pub(super) const fn go_on_from(&mut self, plays: u32, asks: u32) {
        (self.plays, self.asks) = (plays, asks);
        (self.playing, self.deadline) = (None, None);
    }

    pub(super) fn deadline(&self) -> Option<CallTime> {
        match (self.deadline, self.typed_until) {
            (Some(one), Some(other)) => Some(one.min(other)),
            (one, other) => one.or(other),
        }
    }

    pub(super) const fn due(&self) -> Option<CallTime> {
        self.deadline
    }

    pub(super) fn sequence_is_due(&self, now: CallTime) -> bool {
        self.typed_until.is_some_and(|until| until <= now)
    }

    pub(super) fn finish_play(&mut self, id: PlayId) -> bool {
        let current = self.is_playing(id);
        if current {
            self.playing = None;
        }
        current
    }

    pub(super) fn is_playing(&self, id: PlayId) -> bool {
        self.playing == Some(id)
    }

    /// Nothing is waited for any more.
    pub(super) fn rest(&mut self) {
        (self.deadline, self.typed_until) = (None, None);
        self.ahead.clear();
    }

    pub(super) fn note_ahead(&mut self, key: Key) {
        if self.ahead.len() < MOST_AHEAD {
            self.ahead.push_back(key);
        }
    }

    /// Whether one more key is obeyed.
    pub(super) const fn count_key(&mut self) -> bool {
        self.idles = 0;
        self.keys = self.keys.saturating_add(1);
        self.keys <= MOST_KEYS
    }
}

/// One event's worth of dialogue.
#[derive(Debug)]
pub(super) struct Turn<'a> {
    pub(super) now: CallTime,
    pub(super) memory: &'a mut Memory,
    pub(super) actions: &'a mut Actions,
}

impl Turn<'_> {
    pub(super) fn act(&mut self, action: Action) {
        self.actions.push(action);
    }

    /// Tells whoever asked for the call, if it is such a call.
    pub(super) fn report(&mut self, step: CallStep) {
        if self.memory.called_for.is_some() {
            self.act(Action::Report(step));
        }
    }

    /// Waits for one thing; the wait for any other ends.
    pub(super) fn wait(&mut self, timer: Timer) {
        self.memory.deadline = Some(self.now + timer.span());
    }

    /// Says these, and waits for their end.
    pub(super) fn say(&mut self, words: Vec<Utterance>) {
        self.play(words, Timer::Words);
    }

    pub(super) fn play(&mut self, words: Vec<Utterance>, timer: Timer) {
        self.forget_sequence();
        let id = PlayId(self.memory.plays);
        self.memory.plays = self.memory.plays.wrapping_add(1);
        self.memory.playing = Some(id);
        self.act(Action::Play(id, words));
        self.wait(timer);
    }

    /// Falls silent, if anything is being said.
    pub(super) fn hush(&mut self) {
        if self.memory.playing.take().is_some() {
            self.act(Action::StopPlaying);
        }
    }

    pub(super) const fn next_take(&mut self) -> Take {
        self.memory.takes = self.memory.takes.wrapping_add(1);
        Take(self.memory.takes)
    }

    /// Asks, and waits for the answer of this number.
    pub(super) fn ask(&mut self, request: Request) -> u32 {
        let delivers = matches!(request, Request::Send { .. } | Request::Forward { .. });
        self.wait(if delivers { Timer::Delivery } else { Timer::Service });
        self.tell(request)
    }

    /// Asks for something whose success needs no answer.
    pub(super) fn tell(&mut self, request: Request) -> u32 {
        self.memory.asks = self.memory.asks.wrapping_add(1);
        self.act(Action::Ask(self.memory.asks, request));
        self.memory.asks
    }

    /// Another key may follow: it is waited for, whatever plays.
    pub(super) fn wait_for_sequence(&mut self, typed: String) {
        self.memory.typed = typed;
        self.memory.typed_until = Some(self.now + SEQUENCE);
    }

    pub(super) fn forget_sequence(&mut self) -> String {
        self.memory.typed_until = None;
        std::mem::take(&mut self.memory.typed)
    }

    /// Whether a caller who pressed nothing is asked once more.
    pub(super) const fn may_idle(&mut self) -> bool {
        self.memory.idles += 1;
        self.memory.idles < MOST_IDLE
    }

    /// Whether what was heard and left alone is saved now. What was sorted already stays where it is.
    pub(super) fn saves_unasked(&self) -> bool {
        let item = self.memory.shelf.item();
        self.session().keys.saves_unasked()
            && matches!(self.memory.shelf.shelf(), Some(Shelf::New | Shelf::Old | Shelf::Inbox))
            && item.is_some_and(|item| item.heard && !item.trashed)
    }

    pub(super) fn session(&self) -> &Session {
        &self.memory.session
    }

    /// Notes the settings as they are now.
    pub(super) fn note_settings(&mut self) {
        let settings = self.memory.session.phone.clone();
        self.tell(Request::Settings(Box::new(settings)));
    }

    /// What a menu says unasked.
    pub(super) fn brief(&self, menu: Menu) -> Vec<Utterance> {
        if !self.session().phone.key_help {
            return Vec::new();
        }
        let keys = self.session().keys.brief(menu);
        super::words::help(self, keys)
    }

    /// All keys of a menu.
    pub(super) fn help(&self, menu: Menu) -> Vec<Utterance> {
        super::words::help(self, self.session().keys.keys(menu).collect())
    }
}
