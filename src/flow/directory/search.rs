//! Finding somebody by name: letters (or an extension) in, the people they may mean named one after the other, one taken.
//!
//! The part that callers and owners share: it ends with an [`Ended`] and leaves what follows to whoever holds it. Whom the
//! letters mean is the services' to say. Which key does what with somebody who was named comes from the key profile.
//!
//! Letters end with `#` or a pause; what comes before the pause narrows. `*` takes the letters back, and without letters
//! leads out. Before the first letter the operator's key is the operator's.

mod offering;

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use crate::domain::SearchBy;
use crate::flow::keys::{Command, Meaning, Menu, Profile};
use crate::flow::owner::desk::{Person, Reply, Request};
use crate::flow::phrases::{directory, keys, owner};
use crate::flow::{Action, Actions, CallEvent, CallTime, Key, Numbers, PlayId, Utterance};
use crate::speech::{Arg, LARGEST_NUMBER, Phrase};

/// Letters it takes before anybody is named.
const FEWEST: usize = 3;
/// Letters and digits of one search.
const MOST_LETTERS: usize = 32;
/// Searches that find nobody, or nobody who is wanted.
const MOST_FAILURES: u32 = 3;
/// How often a caller who presses nothing is asked.
const MOST_IDLE: u32 = 3;
/// Keys of one dialogue that are obeyed.
const MOST_KEYS: u32 = 200;
/// Keys pressed ahead of an answer that are remembered.
const MOST_AHEAD: usize = 16;

/// Our own words. Only a guard: their end comes first.
const WORDS: Duration = Duration::from_secs(90);
/// The first letter, or a choice.
const CHOICE: Duration = Duration::from_secs(5);
/// The next letter, while there are too few.
const LETTER: Duration = Duration::from_secs(4);
/// The next letter, when there are enough.
const PAUSE: Duration = Duration::from_secs(2);
/// The answer of the service.
const SERVICE: Duration = Duration::from_secs(15);

/// How a search ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ended {
    /// This is who was meant.
    Person(Person),
    /// The operator is asked for.
    Operator,
    /// Out of the directory.
    Back,
    /// The call is to end.
    Exit,
    /// Nobody was found, or nobody chooses.
    GaveUp,
}

#[derive(Debug)]
enum State {
    /// Letters are typed. `asked`: how many of them the service has judged too few.
    Entering { asked: usize },
    /// The service looks; `whole`: these are all the letters there are.
    Looking { number: u32, whole: bool },
    /// These are offered; the one at this place was named.
    Offering { people: Vec<Person>, at: usize },
}

/// Somebody looks for somebody.
#[derive(Debug)]
pub struct Search {
    profile: Arc<Profile>,
    operator: bool,
    state: State,
    numbers: Numbers,
    letters: String,
    by: SearchBy,
    /// Keys of a sequence that may go on, until then.
    typed: String,
    typed_until: Option<CallTime>,
    ahead: VecDeque<Key>,
    playing: Option<PlayId>,
    deadline: Option<CallTime>,
    failures: u32,
    idles: u32,
    pressed: u32,
}

impl Search {
    /// A search that waits for [`Search::ask`]. `operator`: there is somebody behind the operator's key.
    pub fn new(profile: Arc<Profile>, operator: bool, numbers: Numbers) -> Self {
        Self {
            profile,
            operator,
            state: State::Entering { asked: 0 },
            numbers,
            letters: String::new(),
            by: SearchBy::Any,
            typed: String::new(),
            typed_until: None,
            ahead: VecDeque::new(),
            playing: None,
            deadline: None,
            failures: 0,
            idles: 0,
            pressed: 0,
        }
    }

    /// Says these words and asks for letters, from the first.
    pub fn ask(&mut self, now: CallTime, mut lead: Vec<Utterance>, actions: &mut Actions) {
        self.letters.clear();
        self.state = State::Entering { asked: 0 };
        lead.push(directory::ASK.into());
        if self.operator
            && let Some((pressed, command)) =
                self.profile.keys(Menu::Directory).find(|(_, command)| *command == Command::Operator)
        {
            lead.push(Utterance::Phrase(keys::key(command, pressed)));
        }
        self.say(now, lead, actions);
    }

    /// Takes an event in. `Some`: the search is over, and nothing plays any more unless it was asked for before.
    pub fn handle(&mut self, now: CallTime, event: CallEvent, actions: &mut Actions) -> Option<Ended> {
        let ended = match event {
            CallEvent::Digit(key) => self.press(now, key, actions),
            CallEvent::PlayFinished(id) if self.playing == Some(id) => {
                self.playing = None;
                self.deadline = Some(now + self.patience());
                None
            }
            CallEvent::Reply(number, reply) => self.replied(now, number, reply, actions),
            CallEvent::DeadlineReached => self.pass_deadline(now, actions),
            _ => None,
        };
        let ended = ended.or_else(|| self.catch_up(now, actions));
        if ended.is_some() {
            self.hush(actions);
            (self.deadline, self.typed_until) = (None, None);
        }
        ended
    }

    /// When [`CallEvent::DeadlineReached`] is due.
    pub fn deadline(&self) -> Option<CallTime> {
        self.deadline.into_iter().chain(self.typed_until).min()
    }

    /// Where the next dialogue may begin to count.
    pub const fn numbers(&self) -> Numbers {
        self.numbers
    }

    /// Says these, and waits for their end.
    pub(super) fn say(&mut self, now: CallTime, words: Vec<Utterance>, actions: &mut Actions) {
        let id = PlayId(self.numbers.plays);
        self.numbers.plays = self.numbers.plays.wrapping_add(1);
        self.playing = Some(id);
        actions.push(Action::Play(id, words));
        self.deadline = Some(now + WORDS);
        (self.typed, self.typed_until) = (String::new(), None);
    }

    /// Whether this is what is being said; it is over then.
    pub(super) fn finish_play(&mut self, id: PlayId) -> bool {
        let is_current = self.playing == Some(id);
        if is_current {
            self.playing = None;
        }
        is_current
    }

    /// Waits so long, and for nothing else.
    pub(super) fn wait(&mut self, now: CallTime, span: Duration) {
        self.deadline = Some(now + span);
    }

    fn hush(&mut self, actions: &mut Actions) {
        if self.playing.take().is_some() {
            actions.push(Action::StopPlaying);
        }
    }

    /// How long a key is waited for now.
    const fn patience(&self) -> Duration {
        match (&self.state, self.letters.len()) {
            (State::Offering { .. }, _) | (State::Entering { .. }, 0) => CHOICE,
            (State::Entering { asked }, typed) if *asked == typed => CHOICE,
            (State::Entering { .. }, 1..FEWEST) => LETTER,
            (State::Entering { .. }, _) => PAUSE,
            (State::Looking { .. }, _) => SERVICE,
        }
    }

    /// Keys that came ahead of an answer.
    fn catch_up(&mut self, now: CallTime, actions: &mut Actions) -> Option<Ended> {
        while !matches!(self.state, State::Looking { .. }) {
            let key = self.ahead.pop_front()?;
            let ended = self.obey(now, key, actions);
            if ended.is_some() {
                return ended;
            }
        }
        None
    }

    fn press(&mut self, now: CallTime, key: Key, actions: &mut Actions) -> Option<Ended> {
        self.idles = 0;
        self.pressed = self.pressed.saturating_add(1);
        if self.pressed > MOST_KEYS {
            return Some(Ended::GaveUp);
        }
        if matches!(self.state, State::Looking { .. }) {
            if self.ahead.len() < MOST_AHEAD {
                self.ahead.push_back(key);
            }
            return None;
        }
        self.obey(now, key, actions)
    }

    fn obey(&mut self, now: CallTime, key: Key, actions: &mut Actions) -> Option<Ended> {
        match &self.state {
            State::Entering { .. } if self.letters.is_empty() => self.first_key(now, key, actions),
            State::Entering { .. } => {
                match key.char() {
                    '#' => self.look(now, true, actions),
                    '*' => self.ask(now, Vec::new(), actions),
                    letter => self.letter(now, letter, actions),
                }
                None
            }
            State::Offering { .. } => self.choice(now, key, actions),
            State::Looking { .. } => None,
        }
    }

    /// Before the first letter.
    fn first_key(&mut self, now: CallTime, key: Key, actions: &mut Actions) -> Option<Ended> {
        let pressed = key.char();
        if self.profile.meaning(Menu::Directory, &pressed.to_string()) == Meaning::Command(Command::Operator)
        {
            return Some(Ended::Operator);
        }
        match pressed {
            '*' => return Some(Ended::Back),
            '#' => self.ask(now, Vec::new(), actions),
            letter => self.letter(now, letter, actions),
        }
        None
    }

    fn letter(&mut self, now: CallTime, letter: char, actions: &mut Actions) {
        if letter.is_ascii_digit() && self.letters.len() < MOST_LETTERS {
            self.letters.push(letter);
        }
        self.hush(actions);
        self.deadline = Some(now + self.patience());
    }

    fn look(&mut self, now: CallTime, whole: bool, actions: &mut Actions) {
        self.hush(actions);
        self.numbers.asks = self.numbers.asks.wrapping_add(1);
        let number = self.numbers.asks;
        actions.push(Action::Ask(number, Request::Search(self.letters.clone())));
        self.state = State::Looking { number, whole };
        self.deadline = Some(now + SERVICE);
    }

    fn replied(&mut self, now: CallTime, number: u32, reply: Reply, actions: &mut Actions) -> Option<Ended> {
        let State::Looking { number: asked, whole } = self.state else { return None };
        if asked != number {
            return None;
        }
        let Reply::Found { people, all, by } = reply else {
            return self.fail(now, owner::TROUBLE.into(), actions);
        };
        self.by = by;
        let found = u32::try_from(people.len()).unwrap_or(u32::MAX);
        if people.is_empty() && self.letters.len() < FEWEST {
            return self.fail(now, directory::FEW.into(), actions);
        }
        if people.is_empty() {
            return self.fail(now, directory::NOBODY.into(), actions);
        }
        if all > found && !whole {
            self.state = State::Entering { asked: self.letters.len() };
            self.say(now, vec![count(directory::MANY.id, all)], actions);
            return None;
        }
        let lead = if found > 1 { vec![count(directory::FOUND.id, found)] } else { Vec::new() };
        self.offer(now, (people, 0), lead, actions);
        None
    }

    /// A try that led nowhere; after the last one there is no other. Keys that were meant for somebody mean nobody now.
    fn fail(&mut self, now: CallTime, why: Utterance, actions: &mut Actions) -> Option<Ended> {
        self.failures += 1;
        self.ahead.clear();
        if self.failures >= MOST_FAILURES {
            return Some(Ended::GaveUp);
        }
        let words = match self.by {
            SearchBy::Any => vec![why],
            SearchBy::Last => vec![why, directory::BY_LAST.into()],
            SearchBy::First => vec![why, directory::BY_FIRST.into()],
        };
        self.ask(now, words, actions);
        None
    }

    fn pass_deadline(&mut self, now: CallTime, actions: &mut Actions) -> Option<Ended> {
        if self.typed_until.is_some_and(|until| until <= now) {
            self.typed_until = None;
            let typed = std::mem::take(&mut self.typed);
            return self.sequence(now, &typed, actions);
        }
        if self.deadline.is_none_or(|due| now < due) {
            // A deadline that was moved meanwhile.
            return None;
        }
        match self.state {
            State::Looking { .. } => self.fail(now, owner::TROUBLE.into(), actions),
            State::Entering { asked } if self.letters.len() > asked => {
                self.look(now, false, actions);
                None
            }
            State::Entering { .. } | State::Offering { .. } => self.idle(now, actions),
        }
    }

    /// Nobody presses anything: once more, and then no more.
    fn idle(&mut self, now: CallTime, actions: &mut Actions) -> Option<Ended> {
        self.idles += 1;
        match self.state {
            _ if self.idles >= MOST_IDLE => Some(Ended::GaveUp),
            State::Offering { .. } => self.command(now, Command::Repeat, actions),
            State::Entering { .. } | State::Looking { .. } => {
                self.ask(now, Vec::new(), actions);
                None
            }
        }
    }
}

fn count(id: &'static str, count: u32) -> Utterance {
    Utterance::Phrase(Phrase::new(id).with("count", Arg::Number(count.min(LARGEST_NUMBER))))
}
