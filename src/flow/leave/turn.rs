//! One turn of the dialogue: what a state may look at and do while it takes one event in.
//!
//! Not a state: it is lent to the states by [`super::LeaveMessage`], and remembers what outlives each of them
//! (which play is the current one, how often the caller was indulged, the one deadline).

use std::time::Duration;

use super::Plan;
use super::naming::Name;
use crate::flow::{Action, Actions, CallTime, Numbers, PlayId, Take, Utterance};

/// What is waited for, and how long at most. A state waits for one thing only, so one timer runs at a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Timer {
    /// The first event.
    Start,
    /// The end of our own words. Only a guard: [`crate::flow::CallEvent::PlayFinished`] comes first.
    Words,
    /// The end of a greeting of the owner's, which may be long. Only a guard.
    Greeting,
    /// The end of what was recorded, of this length, and of the words around it. Only a guard.
    Playback(Duration),
    /// The end of a recording that may be this long. Only a guard: the recorder keeps its own limits.
    Recording(Duration),
    /// The verdict on a recording that was asked to stop.
    Verdict,
    /// A key, after a menu was said.
    Choice,
    /// A key, while recording is paused.
    Pause,
    /// The answer of the store.
    Store,
    /// The answer of the operator.
    Operator,
}

impl Timer {
    pub(super) const fn span(self) -> Duration {
        match self {
            Self::Start => Duration::from_secs(30),
            Self::Words => Duration::from_secs(90),
            Self::Greeting => Duration::from_secs(600),
            Self::Playback(length) => length.saturating_add(Duration::from_secs(120)),
            Self::Recording(max) => max.saturating_add(Duration::from_secs(30)),
            Self::Verdict => Duration::from_secs(5),
            Self::Choice => Duration::from_secs(5),
            Self::Pause => Duration::from_secs(20),
            Self::Store => Duration::from_secs(15),
            Self::Operator => Duration::from_secs(90),
        }
    }
}

/// What is remembered from the first state to the last.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Memory {
    deadline: Option<CallTime>,
    playing: Option<PlayId>,
    plays: u32,
    takes: u32,
    interludes: u32,
    commands: u32,
    silent_tries: u32,
    /// What the caller is called, and whether a message has begun with it.
    name: Option<(Name, bool)>,
}

impl Memory {
    pub(super) const fn new() -> Self {
        Self {
            deadline: Some(CallTime(Timer::Start.span())),
            playing: None,
            plays: 0,
            takes: 0,
            interludes: 0,
            commands: 0,
            silent_tries: 0,
            name: None,
        }
    }

    pub(super) fn following(now: CallTime, Numbers { plays, takes, .. }: Numbers) -> Self {
        Self { deadline: Some(now + Timer::Start.span()), plays, takes, ..Self::new() }
    }

    pub(super) const fn deadline(&self) -> Option<CallTime> {
        self.deadline
    }

    /// Whether this play is what the caller hears now; it is over then.
    pub(super) fn finish_play(&mut self, id: PlayId) -> bool {
        let current = self.playing == Some(id);
        if current {
            self.playing = None;
        }
        current
    }

    /// The caller said a name: the first recording goes on behind it.
    pub(super) const fn keep_name(&mut self, name: Name) {
        self.name = Some((name, false));
    }

    /// The recording that holds the name, if no message has begun with it yet; this one does.
    pub(super) fn begin_with_name(&mut self) -> Option<Take> {
        let (name, is_used) = self.name.as_mut().filter(|(_, is_used)| !*is_used)?;
        *is_used = true;
        Some(name.take)
    }

    /// A name that no message has begun with, taken away.
    pub(super) fn drop_unused_name(&mut self) -> Option<Take> {
        self.name.take_if(|(_, is_used)| !*is_used).map(|(name, _)| name.take)
    }

    /// Whether this recording begins with the name.
    pub(super) fn has_name(&self, take: Take) -> bool {
        self.name.is_some_and(|(name, _)| name.take == take)
    }

    /// The speech in a recording, without the name.
    pub(super) fn beside_name(&self, take: Take, voiced: Duration) -> Duration {
        let of_name = self.name.filter(|(name, _)| name.take == take).map(|(name, _)| name.voiced);
        voiced.saturating_sub(of_name.unwrap_or_default())
    }

    /// Nothing is waited for any more.
    pub(super) const fn rest(&mut self) {
        self.deadline = None;
    }
}

/// How often `0` and `*` may interrupt what comes before the tone.
const MOST_INTERLUDES: u32 = 5;
/// How many keys the review menu obeys before it keeps the message.
const MOST_COMMANDS: u32 = 60;
/// How often a caller who said nothing may try again.
const MOST_SILENT_TRIES: u32 = 2;

/// One event's worth of dialogue.
#[derive(Debug)]
pub(super) struct Turn<'a> {
    pub(super) plan: &'a Plan,
    pub(super) now: CallTime,
    pub(super) memory: &'a mut Memory,
    pub(super) actions: &'a mut Actions,
}

impl Turn<'_> {
    /// Asks for something to be done. With the dialogue ends a name that no message has begun with.
    pub(super) fn act(&mut self, action: Action) {
        if matches!(action, Action::HangUp | Action::SignIn | Action::GoOn(_)) {
            self.forget_name();
        }
        self.actions.push(action);
    }

    /// Forgets a name that no message has begun with.
    pub(super) fn forget_name(&mut self) {
        if let Some(take) = self.memory.drop_unused_name() {
            self.actions.push(Action::Discard(take));
        }
    }

    /// Waits for one thing; the wait for any other ends.
    pub(super) fn wait(&mut self, timer: Timer) {
        self.memory.deadline = Some(self.now + timer.span());
    }

    /// Says these, and waits for their end.
    pub(super) fn say(&mut self, utterances: Vec<Utterance>, timer: Timer) {
        let id = PlayId(self.memory.plays);
        self.memory.plays += 1;
        self.memory.playing = Some(id);
        self.act(Action::Play(id, utterances));
        self.wait(timer);
    }

    /// Falls silent, if anything is being said.
    pub(super) fn hush(&mut self) {
        if self.memory.playing.take().is_some() {
            self.act(Action::StopPlaying);
        }
    }

    /// A name for a new recording.
    pub(super) fn next_take(&mut self) -> Take {
        self.memory.takes += 1;
        Take(self.memory.takes)
    }

    /// Whether the caller may interrupt once more.
    pub(super) fn may_interrupt(&mut self) -> bool {
        within(&mut self.memory.interludes, MOST_INTERLUDES)
    }

    /// Whether the menu obeys one more key.
    pub(super) fn may_command(&mut self) -> bool {
        within(&mut self.memory.commands, MOST_COMMANDS)
    }

    /// Whether a caller who said nothing may try again.
    pub(super) fn may_try_again(&mut self) -> bool {
        within(&mut self.memory.silent_tries, MOST_SILENT_TRIES)
    }
}

fn within(count: &mut u32, most: u32) -> bool {
    if *count >= most {
        return false;
    }
    *count += 1;
    true
}
