//! A finished recording that is neither kept nor forgotten yet, and the rules that decide between the two.
//!
//! Every draft ends in exactly one of [`Turn::keep`] and [`Turn::forget`], which consume it.

use std::time::Duration;

use super::turn::Turn;
use super::{Plan, Verdict};
use crate::domain::RecordingClass;
use crate::flow::{Action, StopCause, Take};

/// What a recording is worth; more is better.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Worth {
    /// Not enough speech to be a message.
    Nothing,
    /// Only a busy, dial or fax tone: nobody is there to choose from a menu, but the owner may want to know.
    Tone,
    /// Somebody spoke.
    Speech,
}

/// A recording that stopped. Not `Clone`: there is one, and it ends once.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Draft {
    pub(super) take: Take,
    pub(super) length: Duration,
    voiced: Duration,
    class: RecordingClass,
    /// Our own disk cut it off.
    cut_off: bool,
}

impl Draft {
    pub(super) const fn new(take: Take, verdict: Verdict) -> Self {
        Self {
            take,
            length: verdict.length,
            voiced: verdict.voiced,
            class: verdict.class,
            cut_off: matches!(verdict.cause, StopCause::StorageFailed),
        }
    }

    /// A recording whose verdict never came. What nobody judged is taken for a message, so that nothing is lost.
    pub(super) const fn unjudged(take: Take) -> Self {
        Self {
            take,
            length: Duration::ZERO,
            voiced: Duration::MAX,
            class: RecordingClass::Speech,
            cut_off: false,
        }
    }

    pub(super) fn worth(&self, plan: &Plan) -> Worth {
        match self.class {
            RecordingClass::BusyTone | RecordingClass::DialTone | RecordingClass::FaxTone => Worth::Tone,
            // Where our disk cut the caller short, any speech at all is a message.
            _ if self.cut_off && !self.voiced.is_zero() => Worth::Speech,
            RecordingClass::Speech if self.voiced >= plan.min_speech => Worth::Speech,
            RecordingClass::Speech | RecordingClass::NoSpeech => Worth::Nothing,
        }
    }

    /// Whether the mailbox wants it: messages without speech only by setting, and never one of no length at all.
    pub(super) fn is_wanted(&self, plan: &Plan) -> bool {
        self.worth(plan) > Worth::Nothing || (plan.keep_no_speech && !self.length.is_zero())
    }

    /// Whether this one is better than `other`. Between two without a message in them the one with more speech is, then
    /// the longer one; of two messages neither is.
    fn beats(&self, other: &Self, plan: &Plan) -> bool {
        match (self.worth(plan), other.worth(plan)) {
            (Worth::Nothing, Worth::Nothing) => (self.voiced, self.length) > (other.voiced, other.length),
            (own, others) => own > others,
        }
    }
}

/// The caller's marks. They belong to the message, so they go from a recording to the one that replaces it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Marks {
    pub(super) urgent: bool,
    pub(super) private: bool,
}

impl Turn<'_> {
    /// Notes the marks beside a recording.
    pub(super) fn mark(&mut self, take: Take, marks: Marks) {
        self.act(Action::Mark { take, urgent: marks.urgent, private: marks.private });
    }

    /// Makes a message of the draft.
    pub(super) fn keep(&mut self, draft: Draft) {
        self.act(Action::Persist(draft.take));
    }

    /// Forgets the draft.
    pub(super) fn forget(&mut self, draft: Draft) {
        self.act(Action::Discard(draft.take));
    }

    /// Keeps the draft if the mailbox wants it and forgets it otherwise. Whether it was kept.
    pub(super) fn keep_if_wanted(&mut self, draft: Draft) -> bool {
        let wanted = draft.is_wanted(self.plan);
        if wanted {
            self.keep(draft);
        } else {
            self.forget(draft);
        }
        wanted
    }

    /// Decides between a recording and the earlier one it was to replace: the better one stays, the new one where
    /// neither is. So "record again" loses nothing until the caller has spoken again.
    pub(super) fn settle(&mut self, spare: Option<Draft>, new: Draft) -> Draft {
        let Some(spare) = spare else { return new };
        let (stays, goes) = if spare.beats(&new, self.plan) { (spare, new) } else { (new, spare) };
        self.forget(goes);
        stays
    }
}
