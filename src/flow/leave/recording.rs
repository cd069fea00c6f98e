//! The tone and the recording; and what becomes of a recording when it stops.
//!
//! `#` ends it, `0` keeps it and leads to the operator, `8` pauses and resumes; other keys do nothing. "Record again"
//! holds the earlier recording as [`Sheet::spare`] until the new one has speech in it.

use super::draft::{Draft, Marks, Worth};
use super::ending::{Farewell, Gone, Left, Passing, Storing, Then, To};
use super::opening::{Back, escape, sign_in, to_operator};
use super::review::Review;
use super::turn::{Timer, Turn};
use super::{Stage, State, Verdict};
use crate::domain::ToneChoice;
use crate::flow::phrases;
use crate::flow::{Action, Key, StopCause, Take, Utterance};

/// What goes along with a recording.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Sheet {
    /// The caller's marks.
    pub(super) marks: Marks,
    /// The earlier recording that this one replaces as soon as there is speech in it.
    pub(super) spare: Option<Draft>,
}

/// The tone is sounding; then recording begins.
#[derive(Debug)]
pub(super) struct Cue {
    /// The recording that goes on; `None` for a new one.
    goes_on: Option<Draft>,
    sheet: Sheet,
}

impl Cue {
    /// The tone before the first recording.
    pub(super) fn first(turn: &mut Turn<'_>) -> State {
        Self::enter(turn, Vec::new(), None, Sheet::default())
    }

    /// These words and the tone, then recording: a new one, or `goes_on` where it stopped.
    pub(super) fn enter(
        turn: &mut Turn<'_>,
        mut words: Vec<Utterance>,
        goes_on: Option<Draft>,
        sheet: Sheet,
    ) -> State {
        if turn.plan.tone != ToneChoice::Silent {
            words.push(Utterance::Tone(turn.plan.tone));
        }
        let cue = Self { goes_on, sheet };
        if words.is_empty() {
            turn.hush();
            return cue.record(turn);
        }
        turn.say(words, Timer::Words);
        cue.into()
    }

    fn record(self, turn: &mut Turn<'_>) -> State {
        let earlier = self.goes_on.map(|draft| draft.take).or_else(|| turn.memory.begin_with_name());
        let append = earlier.is_some();
        let take = earlier.unwrap_or_else(|| turn.next_take());
        let limits = turn.plan.limits;
        turn.act(Action::Record { take, append, limits });
        if !append && self.sheet.marks != Marks::default() {
            turn.mark(take, self.sheet.marks);
        }
        turn.wait(Timer::Recording(limits.max));
        Recording { take, sheet: self.sheet }.into()
    }

    const fn is_first(&self) -> bool {
        self.goes_on.is_none() && self.sheet.spare.is_none()
    }

    /// What there is already, if anything: the caller leaves with it.
    fn settle(self, turn: &mut Turn<'_>) -> Option<Draft> {
        match self.goes_on {
            Some(draft) => Some(turn.settle(self.sheet.spare, draft)),
            None => self.sheet.spare,
        }
    }
}

impl Stage for Cue {
    fn key(self, turn: &mut Turn<'_>, key: Key) -> State {
        match key.char() {
            '0' if self.is_first() => to_operator(turn, Back::Tone, self),
            '*' if self.is_first() => sign_in(turn, Back::Tone, self),
            '0' if turn.plan.operator => match self.settle(turn) {
                Some(draft) => leave_for_operator(turn, draft),
                None => Passing::enter(turn, To::Operator, Left::Nothing),
            },
            _ if self.is_first() => escape(turn, key, self),
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

    fn gone(self, turn: &mut Turn<'_>) -> State {
        if let Some(draft) = self.settle(turn) {
            turn.keep_if_wanted(draft);
        }
        State::Done
    }
}

/// The caller speaks.
#[derive(Debug)]
pub(super) struct Recording {
    take: Take,
    sheet: Sheet,
}

impl Recording {
    fn stop(self, turn: &mut Turn<'_>, why: Why) -> State {
        turn.act(Action::StopRecording(self.take));
        turn.wait(Timer::Verdict);
        Stopping { take: self.take, sheet: self.sheet, why, ahead: None }.into()
    }
}

impl Stage for Recording {
    fn key(self, turn: &mut Turn<'_>, key: Key) -> State {
        match key.char() {
            '#' => self.stop(turn, Why::Finished),
            '8' => self.stop(turn, Why::Pause),
            '0' => self.stop(turn, Why::Operator),
            _ => self.into(),
        }
    }

    fn stopped(self, turn: &mut Turn<'_>, take: Take, verdict: Verdict) -> State {
        if take != self.take {
            return self.into();
        }
        conclude(turn, Draft::new(take, verdict), verdict.cause, self.sheet, Why::Finished)
    }

    fn expired(self, turn: &mut Turn<'_>) -> State {
        self.stop(turn, Why::Finished)
    }

    fn gone(self, turn: &mut Turn<'_>) -> State {
        Gone::enter(turn, self.take, self.sheet)
    }
}

/// Why the caller stopped the recording.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Why {
    Finished,
    Pause,
    Operator,
}

/// The recorder was asked to stop; its verdict is waited for.
#[derive(Debug)]
pub(super) struct Stopping {
    take: Take,
    sheet: Sheet,
    why: Why,
    /// A key that came ahead of the verdict.
    ahead: Option<Key>,
}

impl Stage for Stopping {
    fn key(mut self, _turn: &mut Turn<'_>, key: Key) -> State {
        self.ahead = self.ahead.or(Some(key));
        self.into()
    }

    fn stopped(self, turn: &mut Turn<'_>, take: Take, verdict: Verdict) -> State {
        if take != self.take {
            return self.into();
        }
        let state = conclude(turn, Draft::new(take, verdict), verdict.cause, self.sheet, self.why);
        match self.ahead {
            Some(key) => state.key(turn, key),
            None => state,
        }
    }

    /// The recorder does not answer: what it has is kept unjudged, and the caller is told only what is known.
    fn expired(self, turn: &mut Turn<'_>) -> State {
        let draft = turn.settle(self.sheet.spare, Draft::unjudged(self.take));
        Storing::enter(turn, draft, Then::Farewell(Vec::new()))
    }

    fn gone(self, turn: &mut Turn<'_>) -> State {
        Gone::enter(turn, self.take, self.sheet)
    }
}

/// Recording is paused; `8` goes on.
#[derive(Debug)]
pub(super) struct Paused {
    draft: Draft,
    sheet: Sheet,
    reminders: u32,
}

/// How often the caller is reminded that recording is paused.
const MOST_REMINDERS: u32 = 3;

impl Paused {
    fn enter(turn: &mut Turn<'_>, draft: Draft, sheet: Sheet, reminders: u32) -> State {
        turn.say(vec![phrases::RECORDING_PAUSED.into()], Timer::Words);
        Self { draft, sheet, reminders }.into()
    }

    fn finish(self, turn: &mut Turn<'_>, why: Why) -> State {
        conclude(turn, self.draft, StopCause::Asked, self.sheet, why)
    }
}

impl Stage for Paused {
    fn key(self, turn: &mut Turn<'_>, key: Key) -> State {
        match key.char() {
            '8' if turn.may_command() => Cue::enter(turn, Vec::new(), Some(self.draft), self.sheet),
            '8' | '#' => self.finish(turn, Why::Finished),
            '0' => self.finish(turn, Why::Operator),
            _ => self.into(),
        }
    }

    fn played(self, turn: &mut Turn<'_>) -> State {
        turn.wait(Timer::Pause);
        self.into()
    }

    fn expired(self, turn: &mut Turn<'_>) -> State {
        if self.reminders + 1 < MOST_REMINDERS {
            return Self::enter(turn, self.draft, self.sheet, self.reminders + 1);
        }
        self.finish(turn, Why::Finished)
    }

    fn gone(self, turn: &mut Turn<'_>) -> State {
        let draft = turn.settle(self.sheet.spare, self.draft);
        turn.keep_if_wanted(draft);
        State::Done
    }
}

/// A recording stopped: what becomes of it.
fn conclude(turn: &mut Turn<'_>, draft: Draft, cause: StopCause, sheet: Sheet, why: Why) -> State {
    match (cause, why) {
        (StopCause::HungUp, _) => {
            let draft = turn.settle(sheet.spare, draft);
            turn.keep_if_wanted(draft);
            State::Done
        }
        (StopCause::MediaLost | StopCause::Tone, _) => {
            let draft = turn.settle(sheet.spare, draft);
            keep_and_hang_up(turn, draft)
        }
        (StopCause::StorageFailed, _) => {
            let draft = turn.settle(sheet.spare, draft);
            give_up(turn, draft)
        }
        (StopCause::Asked | StopCause::Silence, Why::Pause) => Paused::enter(turn, draft, sheet, 0),
        (_, Why::Operator) if turn.plan.operator => {
            let draft = turn.settle(sheet.spare, draft);
            leave_for_operator(turn, draft)
        }
        (_, Why::Operator) => judge(turn, draft, sheet, vec![phrases::OPERATOR_NONE.into()]),
        (StopCause::Limit, _) => {
            let lead = vec![Utterance::Phrase(phrases::limit_reached(turn.plan.limits.max))];
            judge(turn, draft, sheet, lead)
        }
        (StopCause::Asked | StopCause::Silence, Why::Finished) => judge(turn, draft, sheet, Vec::new()),
    }
}

/// The caller is there and has finished: is it a message?
fn judge(turn: &mut Turn<'_>, draft: Draft, sheet: Sheet, mut lead: Vec<Utterance>) -> State {
    let heard = draft.worth(turn.plan);
    let draft = turn.settle(sheet.spare, draft);
    match draft.worth(turn.plan) {
        Worth::Speech => {
            if heard < Worth::Speech {
                lead.push(phrases::NOTHING_HEARD_KEPT.into());
            }
            Review::enter(turn, draft, sheet.marks, lead)
        }
        Worth::Tone => keep_and_hang_up(turn, draft),
        Worth::Nothing => try_again(turn, draft, sheet.marks, lead),
    }
}

fn try_again(turn: &mut Turn<'_>, draft: Draft, marks: Marks, mut words: Vec<Utterance>) -> State {
    if !turn.may_try_again() {
        turn.keep_if_wanted(draft);
        words.push(phrases::NOTHING_HEARD_END.into());
        return Farewell::enter(turn, words);
    }
    words.push(phrases::NOTHING_HEARD.into());
    if turn.memory.has_name(draft.take) {
        return Cue::enter(turn, words, Some(draft), Sheet { marks, spare: None });
    }
    let spare = if draft.is_wanted(turn.plan) {
        Some(draft)
    } else {
        turn.forget(draft);
        None
    };
    Cue::enter(turn, words, None, Sheet { marks, spare })
}

/// Nobody is there to listen or to choose.
fn keep_and_hang_up(turn: &mut Turn<'_>, draft: Draft) -> State {
    if draft.is_wanted(turn.plan) {
        return Storing::enter(turn, draft, Then::HangUp);
    }
    turn.forget(draft);
    turn.act(Action::HangUp);
    State::Done
}

/// Nothing more can be recorded: what there is is kept, and the caller learns it.
fn give_up(turn: &mut Turn<'_>, draft: Draft) -> State {
    if draft.is_wanted(turn.plan) {
        return Storing::enter(turn, draft, Then::CutOff);
    }
    turn.forget(draft);
    Farewell::enter(turn, vec![phrases::RECORDING_TROUBLE.into(), phrases::CALL_AGAIN.into()])
}

/// `0` with something recorded: it is kept first.
fn leave_for_operator(turn: &mut Turn<'_>, draft: Draft) -> State {
    if draft.is_wanted(turn.plan) {
        return Storing::enter(turn, draft, Then::Operator);
    }
    turn.forget(draft);
    Passing::enter(turn, To::Operator, Left::Nothing)
}
