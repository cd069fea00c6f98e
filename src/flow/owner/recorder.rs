//! Recordings of the owner: greetings, the name, messages and introductions. The tone, the recording, the menu after it.
//!
//! Whatever was recorded is a [`Draft`], which ends once: handed to a service, or discarded.

mod held;

use std::time::Duration;

pub(super) use self::held::Held;

use super::asking::{Asking, Then};
use super::desk::{Reply, Request};
use super::sending::{self, Letter};
use super::turn::{Timer, Turn};
use super::{Choosing, Stage, State, greetings};
use crate::domain::{CallFault, CallStep, GreetingKind, ToneChoice};
use crate::flow::keys::{Command, Menu};
use crate::flow::phrases::{self, call_me, owner};
use crate::flow::{Action, Key, RecordLimits, StopCause, Take, Utterance};

/// Limits where the mailbox gives none.
const LIMITS: RecordLimits = RecordLimits {
    max: Duration::from_secs(180),
    silence: Duration::from_secs(5),
    warn_before: Duration::from_secs(10),
};
/// A recording with less speech is none.
const LEAST_SPEECH: Duration = Duration::from_millis(300);

/// What the recorder says of a recording that stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Stopped {
    pub(super) take: Take,
    pub(super) cause: StopCause,
    pub(super) length: Duration,
    pub(super) voiced: Duration,
}

/// A finished recording. Not `Clone`: it ends once.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Draft {
    pub(super) take: Take,
    length: Duration,
}

impl Draft {
    pub(super) fn discard(self, turn: &mut Turn<'_>) {
        turn.act(Action::Discard(self.take));
    }
}

/// What a recording is for.
#[derive(Debug)]
pub(super) enum Purpose {
    Greeting(GreetingKind),
    /// A message of one's own, or the introduction of one that is forwarded.
    Letter(Letter),
}

impl Purpose {
    fn question(&self) -> Utterance {
        match self {
            Self::Greeting(GreetingKind::Name) => owner::RECORD_NAME.into(),
            Self::Greeting(_) => owner::RECORD_GREETING.into(),
            Self::Letter(letter) if letter.forwards.is_some() => owner::RECORD_INTRODUCTION.into(),
            Self::Letter(_) => owner::RECORD_MESSAGE.into(),
        }
    }

    /// Nothing is recorded after all.
    fn give_up(self, turn: &mut Turn<'_>, why: CallFault, mut lead: Vec<Utterance>) -> State {
        if turn.memory.called_for.is_some() {
            turn.report(CallStep::failed(why));
            lead.push(call_me::NOTHING_CHANGED.into());
        }
        match self {
            Self::Greeting(kind) => greetings::after(turn, kind, lead),
            Self::Letter(_) => sending::ended(turn, lead),
        }
    }
}

/// Words and the tone; then recording.
#[derive(Debug)]
pub(super) struct Cue {
    purpose: Purpose,
    /// The recording that goes on.
    goes_on: Option<Draft>,
}

impl Cue {
    pub(super) fn enter(turn: &mut Turn<'_>, purpose: Purpose, mut words: Vec<Utterance>) -> State {
        words.push(purpose.question());
        if turn.memory.tutorial {
            words.push(owner::TUTORIAL_SKIP.into());
        }
        Self { purpose, goes_on: None }.say(turn, words)
    }

    fn say(self, turn: &mut Turn<'_>, mut words: Vec<Utterance>) -> State {
        let tone = turn.session().tone;
        if tone != ToneChoice::Silent {
            words.push(Utterance::Tone(tone));
        }
        turn.say(words);
        self.into()
    }

    fn record(self, turn: &mut Turn<'_>) -> State {
        let append = self.goes_on.is_some();
        let take = self.goes_on.map_or_else(|| turn.next_take(), |draft| draft.take);
        let limits = turn.session().limits.unwrap_or(LIMITS);
        turn.report(CallStep::Recording);
        turn.act(Action::Record { take, append, limits });
        turn.wait(Timer::Recording(limits.max));
        Taking { purpose: self.purpose, take, asked: None, ahead: None }.into()
    }
}

impl Stage for Cue {
    /// `#` skips the words: the tone follows at once. `*` leads back.
    fn key(self, turn: &mut Turn<'_>, key: Key) -> State {
        match key.char() {
            '#' => self.say(turn, vec![Utterance::Pause(Duration::from_millis(100))]),
            '*' => match self.goes_on {
                Some(draft) => Reviewing::enter(turn, self.purpose, draft, Vec::new()),
                None => self.purpose.give_up(turn, CallFault::Discarded, Vec::new()),
            },
            _ => self.into(),
        }
    }

    fn played(self, turn: &mut Turn<'_>) -> State {
        self.record(turn)
    }

    fn expired(self, turn: &mut Turn<'_>) -> State {
        turn.hush();
        self.record(turn)
    }

    fn abandon(self, turn: &mut Turn<'_>) {
        if let Some(draft) = self.goes_on {
            draft.discard(turn);
        }
    }
}

/// The owner speaks, or the verdict is waited for.
#[derive(Debug)]
pub(super) struct Taking {
    purpose: Purpose,
    take: Take,
    /// It was asked to stop, by this key.
    asked: Option<char>,
    /// A key that came ahead of the verdict.
    ahead: Option<Key>,
}

impl Taking {
    fn stop(mut self, turn: &mut Turn<'_>, why: char) -> State {
        turn.act(Action::StopRecording(self.take));
        turn.wait(Timer::Verdict);
        self.asked = Some(why);
        self.into()
    }
}

impl Stage for Taking {
    fn key(mut self, turn: &mut Turn<'_>, key: Key) -> State {
        if self.asked.is_some() {
            self.ahead = self.ahead.or(Some(key));
            return self.into();
        }
        match key.char() {
            end @ ('#' | '*' | '8') => self.stop(turn, end),
            _ => self.into(),
        }
    }

    fn stopped(self, turn: &mut Turn<'_>, stopped: Stopped) -> State {
        if stopped.take != self.take {
            return self.into();
        }
        let draft = Draft { take: stopped.take, length: stopped.length };
        let state = match (stopped.cause, self.asked) {
            (StopCause::HungUp | StopCause::MediaLost, _) => {
                draft.discard(turn);
                if stopped.cause == StopCause::MediaLost {
                    turn.act(Action::HangUp);
                }
                return State::Done;
            }
            (StopCause::StorageFailed, _) => {
                draft.discard(turn);
                self.purpose.give_up(turn, CallFault::Trouble, vec![owner::TROUBLE.into()])
            }
            (_, Some('*')) => {
                draft.discard(turn);
                self.purpose.give_up(turn, CallFault::Discarded, vec![owner::CANCELLED.into()])
            }
            (_, Some('8')) => Held::enter(turn, self.purpose, draft, stopped.voiced),
            _ if stopped.voiced < LEAST_SPEECH => {
                draft.discard(turn);
                if turn.may_idle() {
                    Cue { purpose: self.purpose, goes_on: None }
                        .say(turn, vec![phrases::NOTHING_HEARD.into()])
                } else {
                    self.purpose.give_up(turn, CallFault::NothingHeard, vec![owner::CANCELLED.into()])
                }
            }
            (StopCause::Limit, _) => {
                let max = turn.session().limits.unwrap_or(LIMITS).max;
                let lead = vec![Utterance::Phrase(phrases::limit_reached(max))];
                Reviewing::enter(turn, self.purpose, draft, lead)
            }
            _ => Reviewing::enter(turn, self.purpose, draft, Vec::new()),
        };
        match self.ahead {
            Some(key) => state.press(turn, key),
            None => state,
        }
    }

    fn expired(self, turn: &mut Turn<'_>) -> State {
        if self.asked.is_none() {
            return self.stop(turn, '#');
        }
        // The recorder does not answer: nobody knows what there is.
        turn.act(Action::Discard(self.take));
        self.purpose.give_up(turn, CallFault::Trouble, vec![owner::TROUBLE.into()])
    }

    fn abandon(self, turn: &mut Turn<'_>) {
        turn.act(Action::Discard(self.take));
    }
}

/// The menu after a recording.
#[derive(Debug)]
pub(super) struct Reviewing {
    purpose: Purpose,
    draft: Draft,
}

impl Reviewing {
    pub(super) fn enter(turn: &mut Turn<'_>, purpose: Purpose, draft: Draft, lead: Vec<Utterance>) -> State {
        turn.report(CallStep::Reviewing);
        Self { purpose, draft }.say(turn, lead)
    }

    fn say(self, turn: &mut Turn<'_>, mut words: Vec<Utterance>) -> State {
        let keys = turn.session().keys.brief(Menu::Review);
        let keys = keys.into_iter().filter(|(_, command)| self.is_possible(*command)).collect();
        words.extend(super::words::help(turn, keys));
        turn.say(words);
        self.into()
    }

    /// Only a message of one's own is urgent or private.
    fn is_possible(&self, command: Command) -> bool {
        let marks = matches!(command, Command::Urgent | Command::Private);
        !marks || matches!(&self.purpose, Purpose::Letter(letter) if letter.forwards.is_none())
    }

    fn keep(self, turn: &mut Turn<'_>) -> State {
        turn.hush();
        match self.purpose {
            Purpose::Greeting(kind) => {
                let request = Request::KeepGreeting(self.draft.take, kind);
                Asking::enter(turn, request, Then::Kept(kind, self.draft))
            }
            Purpose::Letter(letter) => sending::deliver(turn, letter, Some(self.draft)),
        }
    }

    fn toggle(mut self, turn: &mut Turn<'_>, command: Command) -> State {
        let Purpose::Letter(letter) = &mut self.purpose else { return self.say(turn, Vec::new()) };
        let answer = if command == Command::Urgent {
            letter.urgent = !letter.urgent;
            if letter.urgent { phrases::URGENT_ON } else { phrases::URGENT_OFF }
        } else {
            letter.private = !letter.private;
            if letter.private { phrases::PRIVATE_ON } else { phrases::PRIVATE_OFF }
        };
        self.say(turn, vec![answer.into()])
    }
}

impl Stage for Reviewing {
    fn menu(&self) -> Option<Menu> {
        Some(Menu::Review)
    }

    fn command(self, turn: &mut Turn<'_>, command: Command) -> State {
        if !self.is_possible(command) {
            return self.say(turn, vec![owner::NOT_HERE.into()]);
        }
        match command {
            Command::Keep => self.keep(turn),
            Command::Listen => {
                let pause = Utterance::Pause(Duration::from_millis(400));
                let words = vec![Utterance::Recording(self.draft.take), pause];
                let state = self.say(turn, words);
                turn.wait(Timer::Message(Duration::from_secs(600)));
                state
            }
            Command::Record => {
                self.draft.discard(turn);
                Cue { purpose: self.purpose, goes_on: None }.say(turn, vec![phrases::RECORD_AGAIN.into()])
            }
            Command::Add if self.draft.length >= turn.session().limits.unwrap_or(LIMITS).max => {
                let max = turn.session().limits.unwrap_or(LIMITS).max;
                self.say(turn, vec![Utterance::Phrase(phrases::limit_reached(max))])
            }
            Command::Add => Cue { purpose: self.purpose, goes_on: Some(self.draft) }
                .say(turn, vec![phrases::RECORD_MORE.into()]),
            Command::Urgent | Command::Private => self.toggle(turn, command),
            Command::Discard | Command::Back | Command::Exit => {
                self.draft.discard(turn);
                self.purpose.give_up(turn, CallFault::Discarded, vec![owner::CANCELLED.into()])
            }
            _ => {
                let words = turn.help(Menu::Review);
                turn.say(words);
                self.into()
            }
        }
    }

    fn unknown(self, turn: &mut Turn<'_>) -> State {
        self.say(turn, Vec::new())
    }

    fn played(self, turn: &mut Turn<'_>) -> State {
        turn.wait(Timer::Choice);
        self.into()
    }

    fn expired(self, turn: &mut Turn<'_>) -> State {
        if turn.may_idle() {
            return self.say(turn, Vec::new());
        }
        // Nobody confirmed it: what plays and what was sent stay as they were.
        self.draft.discard(turn);
        self.purpose.give_up(turn, CallFault::Unconfirmed, vec![owner::CANCELLED.into()])
    }

    fn abandon(self, turn: &mut Turn<'_>) {
        self.draft.discard(turn);
    }
}

/// The greeting is kept, or not: then it is still here.
pub(super) fn kept(turn: &mut Turn<'_>, kind: GreetingKind, draft: Draft, reply: Reply) -> State {
    if reply == Reply::Done {
        return greetings::kept(turn, kind);
    }
    Reviewing::enter(turn, Purpose::Greeting(kind), draft, vec![owner::TROUBLE.into()])
}

/// Back to the menu of this greeting.
pub(super) fn menu_of(turn: &mut Turn<'_>, kind: GreetingKind, lead: Vec<Utterance>) -> State {
    Choosing::with(turn, Menu::Greeting, Some(kind), lead)
}
