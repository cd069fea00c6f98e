//! The menu after a recording: listen, keep, record again, add, urgent, private, discard, operator.
//!
//! A caller who does nothing, or leaves, wants the message kept: only `7` discards, and `7` undoes it.

use std::time::Duration;

use super::draft::{Draft, Marks};
use super::ending::{Farewell, Left, Passing, Storing, Then, To};
use super::recording::{Cue, Sheet};
use super::turn::{Timer, Turn};
use super::{Stage, State};
use crate::flow::phrases;
use crate::flow::{Key, Utterance};

/// How often the menu is said to a caller who presses nothing.
const MOST_MENUS: u32 = 3;

/// The menu is being said, or a key is waited for.
#[derive(Debug)]
pub(super) struct Review {
    draft: Draft,
    marks: Marks,
    menus: u32,
}

impl Review {
    /// Says `lead` and the menu.
    pub(super) fn enter(turn: &mut Turn<'_>, draft: Draft, marks: Marks, lead: Vec<Utterance>) -> State {
        Self { draft, marks, menus: 0 }.say(turn, lead, Timer::Words)
    }

    fn say(mut self, turn: &mut Turn<'_>, mut words: Vec<Utterance>, timer: Timer) -> State {
        words.extend(self.menu(turn.plan.operator));
        turn.say(words, timer);
        self.menus += 1;
        self.into()
    }

    fn menu(&self, operator: bool) -> Vec<Utterance> {
        let Marks { urgent, private } = self.marks;
        let mut items = vec![
            phrases::REVIEW_LISTEN,
            phrases::REVIEW_KEEP,
            phrases::REVIEW_AGAIN,
            phrases::REVIEW_ADD,
            if urgent { phrases::REVIEW_NOT_URGENT } else { phrases::REVIEW_URGENT },
            if private { phrases::REVIEW_NOT_PRIVATE } else { phrases::REVIEW_PRIVATE },
            phrases::REVIEW_DISCARD,
        ];
        if operator {
            items.push(phrases::REVIEW_OPERATOR);
        }
        items.into_iter().map(Utterance::from).collect()
    }

    fn keep(self, turn: &mut Turn<'_>) -> State {
        Storing::enter(turn, self.draft, Then::Farewell(Vec::new()))
    }

    fn obey(mut self, turn: &mut Turn<'_>, key: char) -> State {
        if !turn.may_command() {
            return self.keep(turn);
        }
        self.menus = 0;
        match key {
            '1' => {
                let words = vec![Utterance::Recording(self.draft.take), Utterance::Pause(BREATH)];
                let timer = Timer::Playback(self.draft.length);
                self.say(turn, words, timer)
            }
            '3' => {
                let sheet = Sheet { marks: self.marks, spare: Some(self.draft) };
                Cue::enter(turn, vec![phrases::RECORD_AGAIN.into()], None, sheet)
            }
            '4' => self.add(turn),
            '5' => {
                self.marks.urgent = !self.marks.urgent;
                let answer = if self.marks.urgent { phrases::URGENT_ON } else { phrases::URGENT_OFF };
                self.confirm_marks(turn, answer)
            }
            '6' => {
                self.marks.private = !self.marks.private;
                let answer = if self.marks.private { phrases::PRIVATE_ON } else { phrases::PRIVATE_OFF };
                self.confirm_marks(turn, answer)
            }
            '7' => Discarding::enter(turn, self.draft, self.marks),
            _ => self.say(turn, Vec::new(), Timer::Words),
        }
    }

    fn add(self, turn: &mut Turn<'_>) -> State {
        let max = turn.plan.limits.max;
        if self.draft.length >= max {
            let full = vec![Utterance::Phrase(phrases::limit_reached(max))];
            return self.say(turn, full, Timer::Words);
        }
        let sheet = Sheet { marks: self.marks, spare: None };
        Cue::enter(turn, vec![phrases::RECORD_MORE.into()], Some(self.draft), sheet)
    }

    fn confirm_marks(self, turn: &mut Turn<'_>, answer: phrases::Saying) -> State {
        turn.mark(self.draft.take, self.marks);
        self.say(turn, vec![answer.into()], Timer::Words)
    }

    fn operator(self, turn: &mut Turn<'_>) -> State {
        if turn.plan.operator {
            return Storing::enter(turn, self.draft, Then::Operator);
        }
        if !turn.may_command() {
            return self.keep(turn);
        }
        self.say(turn, vec![phrases::OPERATOR_NONE.into()], Timer::Words)
    }
}

/// Between the recording and the menu.
const BREATH: Duration = Duration::from_millis(400);

impl Stage for Review {
    fn key(self, turn: &mut Turn<'_>, key: Key) -> State {
        match key.char() {
            '2' | '#' => self.keep(turn),
            '0' => self.operator(turn),
            known @ ('1' | '3'..='7' | '*') => self.obey(turn, known),
            _ => self.into(),
        }
    }

    fn played(self, turn: &mut Turn<'_>) -> State {
        turn.wait(Timer::Choice);
        self.into()
    }

    fn expired(self, turn: &mut Turn<'_>) -> State {
        if self.menus >= MOST_MENUS {
            return self.keep(turn);
        }
        self.say(turn, Vec::new(), Timer::Words)
    }

    fn gone(self, turn: &mut Turn<'_>) -> State {
        turn.keep(self.draft);
        State::Done
    }
}

/// The caller pressed `7` and may still undo it. A caller who leaves now meant it.
#[derive(Debug)]
pub(super) struct Discarding {
    draft: Draft,
    marks: Marks,
}

impl Discarding {
    fn enter(turn: &mut Turn<'_>, draft: Draft, marks: Marks) -> State {
        turn.say(vec![phrases::DISCARD_OFFER.into()], Timer::Words);
        Self { draft, marks }.into()
    }

    fn discard(self, turn: &mut Turn<'_>) -> State {
        turn.forget(self.draft);
        Farewell::enter(turn, vec![phrases::MESSAGE_DISCARDED.into()])
    }
}

impl Stage for Discarding {
    fn key(self, turn: &mut Turn<'_>, key: Key) -> State {
        match key.char() {
            '7' => Review::enter(turn, self.draft, self.marks, vec![phrases::DISCARD_UNDONE.into()]),
            '3' => {
                turn.forget(self.draft);
                Cue::enter(turn, vec![phrases::RECORD_AGAIN.into()], None, Sheet::default())
            }
            '0' if turn.plan.operator => {
                turn.forget(self.draft);
                Passing::enter(turn, To::Operator, Left::Nothing)
            }
            '#' => self.discard(turn),
            '*' if turn.may_command() => Self::enter(turn, self.draft, self.marks),
            _ => self.into(),
        }
    }

    fn played(self, turn: &mut Turn<'_>) -> State {
        turn.wait(Timer::Choice);
        self.into()
    }

    fn expired(self, turn: &mut Turn<'_>) -> State {
        self.discard(turn)
    }

    fn gone(self, turn: &mut Turn<'_>) -> State {
        turn.forget(self.draft);
        State::Done
    }
}
