//! How a mailbox answers a call: the lists of callers, then the first rule that holds, and whether it is open hours.
//!
//! `decide` is pure and runs for every call, and `leading` says where it goes on to; `rules` and `lists` are what people do with
//! them, `warnings` finds rules that can never hold and `heeding` those that lead nowhere, `editing` is what pages do beside,
//! `copying` takes the rules of a colleague, and `told` puts all of it into words. Answers no call itself.

mod copying;
mod editing;
mod error;
mod heeding;
mod leading;
mod lists;
mod noting;
mod phone_system;
mod rules;
mod targets;
mod told;
mod warnings;

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use crate::domain::answering::{
    AnswerBy, Arrangements, CallerPattern, Calling, Conditions, Rule, ScreenedCaller, Screening,
};
use crate::domain::time_frame::edges_between;
use crate::domain::{FrameUse, RedirectReason, TimeFrame};

pub use copying::{CopyPlan, Step};
pub(super) use editing::no_undo;
pub use editing::{Overview, Saved};
pub use error::AnsweringError;
pub use leading::{Astray, Goes, Lead, Trail, follow};
pub use lists::Lists;
pub(super) use lists::mailbox as mailbox_and_zone;
pub(super) use noting::noting;
pub use rules::{NewRule, Rules, Standing};
pub(super) use rules::{checked_name, same_name};
pub use targets::{Target, TargetKind};
pub use told::{
    ALL_REASONS, AnsweringTold, acts, answer_of, answer_word, conditions, phone_system, reason_of,
    reason_word, verdict_of, verdict_word,
};
pub use warnings::{Warning, warnings};

/// No change is looked for beyond.
const HORIZON: SignedDuration = SignedDuration::from_hours(400 * 24);
/// So much of it is looked through at once.
const STRIDE: SignedDuration = SignedDuration::from_hours(14 * 24);

/// A call as rules see it.
#[derive(Debug, Clone, Copy)]
pub struct Asked<'a> {
    /// Why it came.
    pub reason: RedirectReason,
    /// Who calls.
    pub calling: Calling<'a>,
    /// When.
    pub now: Timestamp,
    /// The mailbox's zone, or the tenant's.
    pub zone: &'a TimeZone,
}

/// What was decided.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Answered {
    /// The line of a list that names the caller.
    pub screened: Option<ScreenedCaller>,
    /// The rule that holds, and its place from 1 on.
    pub rule: Option<(usize, Rule)>,
    /// Whether it is open hours.
    pub hours: OfficeHours,
}

/// Whether it is open hours, by the time frames that are for it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OfficeHours {
    /// The holiday frame that is active, with what day it is.
    pub holiday: Option<String>,
    /// Why it is closed: a frame that is active, or those that are not. On a holiday it is.
    pub closed: Option<String>,
    /// Some frame is for opening hours or holidays at all.
    pub kept: bool,
}

impl Answered {
    /// A list lets the caller through: neither screening nor "do not disturb" hold for them (002-028).
    pub fn is_allowed(&self) -> bool {
        matches!(self.screened, Some(ScreenedCaller { screening: Screening::Allow, .. }))
    }

    /// A list turns the caller away: no rule is asked.
    pub fn is_blocked(&self) -> bool {
        matches!(self.screened, Some(ScreenedCaller { screening: Screening::Block { .. }, .. }))
    }

    /// Who reaches the mailbox is asked for a name, with which the message begins (002-036).
    pub fn screens(&self) -> bool {
        !self.is_allowed() && self.rule.as_ref().is_some_and(|(_, rule)| rule.then.phones.screening)
    }

    /// The caller was turned away by a list or rule.
    pub fn turned_away(&self) -> Option<crate::domain::answering::TurnAway> {
        if let Some(ScreenedCaller { screening: Screening::Block { with }, .. }) = self.screened {
            return Some(with);
        }
        match &self.rule {
            Some((_, Rule { then, .. })) => match then.answer {
                AnswerBy::TurnAway { with } => Some(with),
                _ => None,
            },
            None => None,
        }
    }
}

/// Decides. Depends on nothing but its arguments.
pub fn decide(arrangements: &Arrangements, asked: &Asked<'_>) -> Answered {
    let screened = screened(&arrangements.callers, asked.calling).cloned();
    let is_allowed = screened.as_ref().is_some_and(|line| line.screening == Screening::Allow);
    let is_out = |rule: &Rule| is_allowed && matches!(rule.then.answer, AnswerBy::TurnAway { .. });
    let mut numbered = (1..).zip(&arrangements.rules);
    let rule = numbered
        .find(|(_, rule)| rule.enabled && !is_out(rule) && holds(&rule.when, arrangements, asked))
        .map(|(place, rule)| (place, rule.clone()));
    Answered { screened, rule, hours: office_hours(arrangements, asked.zone, asked.now) }
}

/// The line that names the caller: the mailbox's list goes before the tenant's, and in each who is allowed before who is
/// blocked (002-028).
fn screened<'a>(lines: &'a [ScreenedCaller], calling: Calling<'_>) -> Option<&'a ScreenedCaller> {
    let named = || lines.iter().filter(|line| line.pattern.fits(calling));
    let of = |own: bool, allow: bool| {
        named().find(|line| line.mailbox.is_some() == own && (line.screening == Screening::Allow) == allow)
    };
    of(true, true).or_else(|| of(true, false)).or_else(|| of(false, true)).or_else(|| of(false, false))
}

/// Whether the lists let a number through that they name itself, or by its beginning.
pub(super) fn names_as_allowed(lines: &[ScreenedCaller], forms: &[String]) -> bool {
    let is_number =
        |line: &&ScreenedCaller| matches!(line.pattern, CallerPattern::Number(_) | CallerPattern::Prefix(_));
    let named: Vec<ScreenedCaller> = lines.iter().filter(is_number).cloned().collect();
    let line = screened(&named, Calling { forms, internal: false });
    !forms.is_empty() && line.is_some_and(|line| line.screening == Screening::Allow)
}

/// Whether every condition holds for this call.
fn holds(when: &Conditions, arrangements: &Arrangements, asked: &Asked<'_>) -> bool {
    let reason = when.reasons.is_empty() || when.reasons.contains(&asked.reason);
    let caller = when.callers.is_empty() || when.callers.iter().any(|caller| caller.fits(asked.calling));
    reason && caller && in_time(when, arrangements, asked.zone, asked.now)
}

/// Whether the conditions hold that no call decides: the time, and what the owner says of themselves.
fn in_time(when: &Conditions, arrangements: &Arrangements, zone: &TimeZone, now: Timestamp) -> bool {
    let presence = when.presence.is_empty() || when.presence.contains(&arrangements.presence.at(now));
    presence && in_frame(when, arrangements, zone, now)
}

/// Whether the condition of time holds. A frame that is gone never does.
fn in_frame(when: &Conditions, arrangements: &Arrangements, zone: &TimeZone, now: Timestamp) -> bool {
    let Some(within) = when.within else { return true };
    let frame = arrangements.frame(within.frame);
    frame.is_some_and(|frame| frame.schedule.is_active(&frame.zone(zone), now) != within.outside)
}

/// Holidays add up; opening hours of the mailbox's own go instead of the tenant's.
pub fn office_hours(arrangements: &Arrangements, zone: &TimeZone, now: Timestamp) -> OfficeHours {
    let active = |frame: &&TimeFrame| frame.schedule.is_active(&frame.zone(zone), now);
    let of = |purpose: FrameUse| arrangements.frames.iter().filter(move |frame| frame.purpose == purpose);
    let holiday = of(FrameUse::Holiday).find_map(|frame| {
        let entry = frame.schedule.hit(frame.zone(zone).to_datetime(now))?;
        Some(entry.note.clone().unwrap_or_else(|| frame.name.clone()))
    });
    let is_for_hours = |frame: &&TimeFrame| matches!(frame.purpose, FrameUse::Open | FrameUse::Closed);
    let own = arrangements.frames.iter().any(|frame| frame.mailbox.is_some() && is_for_hours(&frame));
    let counts = |frame: &&TimeFrame| frame.mailbox.is_some() == own;
    let shut = of(FrameUse::Closed).filter(counts).find(active).map(|frame| frame.name.clone());
    let mut opening = of(FrameUse::Open).filter(counts).peekable();
    let outside = match opening.peek() {
        Some(first) => {
            let first = format!("outside of {:?}", first.name);
            (!opening.any(|frame| active(&frame))).then_some(first)
        }
        None => None,
    };
    let kept = arrangements.frames.iter().any(|frame| frame.purpose != FrameUse::Custom);
    OfficeHours { closed: holiday.clone().or(shut).or(outside), holiday, kept }
}

/// Until when `of` stays what it is at `now`, as far as time frames and the end of a presence decide it. `None`: for more than a year.
pub fn until<T: PartialEq>(
    arrangements: &Arrangements,
    zone: &TimeZone,
    now: Timestamp,
    of: impl Fn(Timestamp) -> T,
) -> Option<Timestamp> {
    let is = of(now);
    let horizon = now.saturating_add(HORIZON).ok()?;
    let zones: Vec<TimeZone> = arrangements.frames.iter().map(|frame| frame.zone(zone)).collect();
    let mut from = now;
    let over = arrangements.presence.until.filter(|until| *until > now && *until <= horizon);
    while from < horizon && !(arrangements.frames.is_empty() && over.is_none()) {
        let to = from.saturating_add(STRIDE).ok()?.min(horizon);
        let frames = arrangements.frames.iter().map(|frame| &frame.schedule).zip(&zones);
        let mut edges = edges_between(frames, from, to);
        edges.extend(over.filter(|over| *over > from && *over <= to));
        edges.sort_unstable();
        if let Some(change) = edges.into_iter().find(|edge| of(*edge) != is) {
            return Some(change);
        }
        from = to;
    }
    None
}

#[cfg(test)]
mod tests;
