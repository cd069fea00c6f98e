//! Rules that can never hold: others before them take all their calls, or their time is over (002-053). Those that lead nowhere
//! are found by `heeding`.

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use super::in_frame;
use super::leading::Astray;
use crate::domain::answering::{Arrangements, Conditions, Rule};
use crate::domain::time_frame::edges_between;
use crate::domain::{GreetingKind, RuleId};

/// What does not happen in two years counts as never.
const SOON: SignedDuration = SignedDuration::from_hours(2 * 366 * 24);

/// Why a rule never holds, or leads nowhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Warning {
    /// These rules before it take every call that it could.
    Shadowed {
        /// Their names, in order.
        by: Vec<String>,
    },
    /// Its time frame is not active within the next two years.
    NeverInTime,
    /// Its time frame is gone.
    NoFrame,
    /// It plays a greeting that there is not.
    NoGreeting {
        /// Of which kind.
        kind: GreetingKind,
    },
    /// It leads to what is not there.
    Nowhere {
        /// What, in words.
        missing: Vec<String>,
    },
    /// The rules of the users that it leads to lead in a circle, or too far (002-042).
    Astray(Astray),
}

impl Warning {
    /// Whether the rule can never hold.
    pub const fn is_never(&self) -> bool {
        matches!(self, Self::Shadowed { .. } | Self::NeverInTime | Self::NoFrame)
    }

    /// Whether the rule leads nowhere.
    pub const fn leads_nowhere(&self) -> bool {
        matches!(self, Self::Nowhere { .. } | Self::Astray(_))
    }
}

impl std::fmt::Display for Warning {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Shadowed { by } => {
                let takes = if by.len() == 1 { "takes" } else { "take" };
                write!(f, "never reached: {} before it {takes} all its calls; move it up", listed(by))
            }
            Self::NeverInTime => f.write_str("its time frame is not active within the next two years"),
            Self::NoGreeting { kind: GreetingKind::Name } => f.write_str(
                "plays the recorded name, and there is none: another greeting plays until one is recorded",
            ),
            Self::NoGreeting { kind } => write!(
                f,
                "plays the {kind} greeting, and none is on: the one that fits best plays until there is one"
            ),
            Self::NoFrame => f.write_str("its time frame is gone: give it another one"),
            Self::Nowhere { missing } => {
                write!(f, "leads nowhere: {}; choose another target", missing.join(", and "))
            }
            Self::Astray(astray) => {
                write!(
                    f,
                    "{astray}; a message is taken where the call began, until one of them leads elsewhere"
                )
            }
        }
    }
}

/// The enabled rules that never hold, from `now` on, and why.
pub fn warnings(arrangements: &Arrangements, zone: &TimeZone, now: Timestamp) -> Vec<(RuleId, Warning)> {
    let edges = moments(arrangements, zone, now);
    let mut told = Vec::new();
    for (place, rule) in arrangements.rules.iter().enumerate().filter(|(_, rule)| rule.enabled) {
        let before: Vec<&Rule> = arrangements
            .rules
            .iter()
            .take(place)
            .filter(|other| takes_all(&other.when, &rule.when, other))
            .collect();
        if let Some(warning) = judge(rule, &before, arrangements, (zone, &edges)) {
            told.push((rule.id, warning));
        }
    }
    told
}

/// Every moment at which a condition of time may change, and the first of all.
fn moments(arrangements: &Arrangements, zone: &TimeZone, now: Timestamp) -> Vec<Timestamp> {
    let named = |frame: &&crate::domain::TimeFrame| {
        arrangements.rules.iter().any(|rule| rule.when.within.is_some_and(|within| within.frame == frame.id))
    };
    let frames: Vec<_> = arrangements.frames.iter().filter(named).collect();
    let zones: Vec<TimeZone> = frames.iter().map(|frame| frame.zone(zone)).collect();
    let end = now.saturating_add(SOON).unwrap_or(Timestamp::MAX);
    let mut edges = edges_between(frames.iter().map(|frame| &frame.schedule).zip(&zones), now, end);
    edges.insert(0, now);
    edges
}

/// Whether, as far as presence, reason and caller go, the other rule takes every call that this one could.
fn takes_all(other: &Conditions, this: &Conditions, rule: &Rule) -> bool {
    let presence = other.presence.is_empty()
        || !this.presence.is_empty() && this.presence.iter().all(|state| other.presence.contains(state));
    let reasons = other.reasons.is_empty()
        || !this.reasons.is_empty() && this.reasons.iter().all(|reason| other.reasons.contains(reason));
    let covered = |caller| other.callers.iter().any(|known| known.covers(caller));
    let callers = other.callers.is_empty() || !this.callers.is_empty() && this.callers.iter().all(covered);
    rule.enabled && presence && reasons && callers
}

fn judge(
    rule: &Rule,
    before: &[&Rule],
    arrangements: &Arrangements,
    (zone, edges): (&TimeZone, &[Timestamp]),
) -> Option<Warning> {
    if rule.when.within.is_some_and(|within| arrangements.frame(within.frame).is_none()) {
        return Some(Warning::NoFrame);
    }
    let mut taken: Vec<Vec<&Rule>> = Vec::new();
    // Whoever holds at all times takes all alone.
    let always = before.iter().find(|other| other.when.within.is_none());
    let before = always.map_or(before, std::slice::from_ref);
    for edge in edges.iter().filter(|edge| in_frame(&rule.when, arrangements, zone, **edge)) {
        let takers = before.iter().filter(|other| in_frame(&other.when, arrangements, zone, *edge));
        let takers: Vec<&Rule> = takers.copied().collect();
        if takers.is_empty() {
            return None;
        }
        taken.push(takers);
    }
    if taken.is_empty() {
        return Some(Warning::NeverInTime);
    }
    let needed = needed(before, taken);
    let by = before.iter().filter(|other| needed.contains(&other.id));
    Some(Warning::Shadowed { by: by.map(|other| other.name.clone()).collect() })
}

/// Rules that together take all that is taken, as few as are found by taking the one that takes most again and again.
fn needed(before: &[&Rule], mut taken: Vec<Vec<&Rule>>) -> Vec<RuleId> {
    let mut needed = Vec::new();
    let takes = |taken: &[Vec<&Rule>], id: RuleId| {
        taken.iter().filter(|takers| takers.iter().any(|taker| taker.id == id)).count()
    };
    // Of equals the first in order.
    let most = |taken: &[Vec<&Rule>]| before.iter().rev().max_by_key(|rule| takes(taken, rule.id));
    while let Some(rule) = most(&taken).filter(|_| !taken.is_empty()) {
        taken.retain(|takers| !takers.iter().any(|taker| taker.id == rule.id));
        needed.push(rule.id);
    }
    needed
}

/// `"a"`, `"a" and "b"`, `"a", "b" and "c"`.
pub(super) fn listed(names: &[String]) -> String {
    let names: Vec<String> = names.iter().map(|name| format!("{name:?}")).collect();
    match names.split_last() {
        None => String::new(),
        Some((only, [])) => only.clone(),
        Some((last, others)) => format!("{} and {last}", others.join(", ")),
    }
}
