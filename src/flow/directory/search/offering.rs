//! Somebody was found: each is named, and a key of the profile takes one, goes on, or searches again.

use std::time::Duration;

use super::{Ended, Search, State};
use crate::flow::keys::{Command, Meaning, Menu};
use crate::flow::owner::desk::Person;
use crate::flow::phrases::{directory, keys};
use crate::flow::{Actions, CallTime, Key, Utterance};
use crate::speech::{Arg, Phrase};

/// The next key of a sequence.
const SEQUENCE: Duration = Duration::from_millis(1500);

impl Search {
    /// Names the one at this place, and says the usual keys.
    pub(super) fn offer(
        &mut self,
        now: CallTime,
        (people, at): (Vec<Person>, usize),
        lead: Vec<Utterance>,
        actions: &mut Actions,
    ) {
        let brief = self.profile.brief(Menu::Directory);
        let choices = brief.into_iter().map(|(pressed, command)| (pressed.to_owned(), command)).collect();
        self.name(now, (people, at), (lead, choices), actions);
    }

    fn name(
        &mut self,
        now: CallTime,
        (people, at): (Vec<Person>, usize),
        (mut words, choices): (Vec<Utterance>, Vec<(String, Command)>),
        actions: &mut Actions,
    ) {
        let (first, last) = (at == 0, at + 1 >= people.len());
        if let Some(person) = people.get(at) {
            words.push(named(person));
        }
        let possible = |command: Command| match command {
            Command::NextPerson | Command::LastPerson => !last,
            Command::PreviousPerson | Command::FirstPerson => !first,
            Command::Operator => self.operator,
            _ => true,
        };
        let possible = choices.into_iter().filter(|(_, command)| possible(*command));
        words.extend(possible.map(|(pressed, command)| Utterance::Phrase(keys::key(command, &pressed))));
        self.state = State::Offering { people, at };
        self.say(now, words, actions);
    }

    fn keys(&self) -> Vec<(String, Command)> {
        self.profile.keys(Menu::Directory).map(|(keys, command)| (keys.to_owned(), command)).collect()
    }

    /// A key while somebody is offered. One that continues a sequence is taken with what came before it.
    pub(super) fn choice(&mut self, now: CallTime, key: Key, actions: &mut Actions) -> Option<Ended> {
        self.typed_until = None;
        let earlier = std::mem::take(&mut self.typed);
        let typed = format!("{earlier}{}", key.char());
        match self.profile.meaning(Menu::Directory, &typed) {
            Meaning::Command(command) => self.command(now, command, actions),
            Meaning::Wait(_) => {
                (self.typed, self.typed_until) = (typed, Some(now + SEQUENCE));
                None
            }
            Meaning::Nothing if earlier.is_empty() => self.command(now, Command::Repeat, actions),
            // Nothing goes on so: the keys before mean what they mean alone.
            Meaning::Nothing => {
                self.sequence(now, &earlier, actions).or_else(|| self.obey(now, key, actions))
            }
        }
    }

    /// No further key came.
    pub(super) fn sequence(&mut self, now: CallTime, typed: &str, actions: &mut Actions) -> Option<Ended> {
        match self.profile.meaning(Menu::Directory, typed) {
            Meaning::Command(command) | Meaning::Wait(Some(command)) => self.command(now, command, actions),
            Meaning::Wait(None) | Meaning::Nothing => self.command(now, Command::Repeat, actions),
        }
    }

    pub(super) fn command(
        &mut self,
        now: CallTime,
        command: Command,
        actions: &mut Actions,
    ) -> Option<Ended> {
        let entering = State::Entering { asked: 0 };
        let State::Offering { mut people, at } = std::mem::replace(&mut self.state, entering) else {
            return None;
        };
        let last = people.len().saturating_sub(1);
        match command {
            Command::ThisPerson => return Some(Ended::Person(people.swap_remove(at.min(last)))),
            Command::Operator => return Some(Ended::Operator),
            Command::Back => return Some(Ended::Back),
            Command::Exit => return Some(Ended::Exit),
            Command::SearchAgain => self.ask(now, Vec::new(), actions),
            Command::NextPerson if at >= last => return self.fail(now, directory::NO_MORE.into(), actions),
            Command::NextPerson => self.offer(now, (people, at + 1), Vec::new(), actions),
            Command::PreviousPerson if at == 0 => {
                self.offer(now, (people, 0), vec![directory::FIRST.into()], actions);
            }
            Command::PreviousPerson => self.offer(now, (people, at - 1), Vec::new(), actions),
            Command::FirstPerson => self.offer(now, (people, 0), Vec::new(), actions),
            Command::LastPerson => self.offer(now, (people, last), Vec::new(), actions),
            _ => {
                let keys = self.keys();
                self.name(now, (people, at), (Vec::new(), keys), actions);
            }
        }
        None
    }
}

/// The recorded name, or the name spelled.
fn named(person: &Person) -> Utterance {
    match person.name {
        Some(name) => Utterance::Greeting(name),
        None => {
            let spelled =
                Phrase::new(directory::SPELLED.id).with("name", Arg::Letters(person.spelled.clone()));
            Utterance::Phrase(spelled)
        }
    }
}
