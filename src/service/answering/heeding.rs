//! What is said beside rules that lead nowhere: to somebody or to a phone that is gone, or in a circle (002-041 … 002-043);
//! and beside those that play a greeting that there is not.

use std::collections::HashMap;

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use super::error::Result;
use super::leading::{Astray, Goes, Lead, follow};
use super::warnings::{Warning, warnings};
use super::{Asked, Rules, decide, in_frame};
use crate::domain::answering::{Arrangements, CallerPattern, Calling, Rule, RuleActions};
use crate::domain::time_frame::edges_between;
use crate::domain::{Extension, Greeting, GreetingKind, Mailbox, RedirectReason, RuleId, TenantId};

/// Users whose rules are looked at, from one mailbox on.
const MOST_PEOPLE: usize = 64;
/// Moments at which rules are followed, from now on.
const MOST_MOMENTS: usize = 500;
/// No circle is looked for beyond.
const HORIZON: SignedDuration = SignedDuration::from_hours(400 * 24);
/// A number that no rule or list names.
const ANYBODY: &str = "?";

/// Who sends a call to a target.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Whose {
    /// We do.
    Ours,
    /// The phone system does.
    PhoneSystems,
}

/// A colleague whose rules may be followed.
struct Colleague {
    arrangements: Arrangements,
    zone: TimeZone,
}

impl Rules {
    /// Everything that is to be said beside the rules of a mailbox.
    ///
    /// # Errors
    /// [`super::AnsweringError::Store`].
    pub(super) async fn warned(
        &self,
        mailbox: &Mailbox,
        zone: &TimeZone,
        arrangements: &Arrangements,
        at: Timestamp,
    ) -> Result<Vec<(RuleId, Warning)>> {
        let mut told = warnings(arrangements, zone, at);
        let colleagues = self.colleagues(mailbox, arrangements).await?;
        let moments = moments(zone, arrangements, &colleagues, at);
        let greetings = self.store.greetings(mailbox.tenant, mailbox.id).await?;
        let is_over = |greeting: &Greeting| greeting.until.is_some_and(|until| until <= at);
        let plays = |kind| {
            let mut of_kind = greetings.iter().filter(|greeting| greeting.kind == kind);
            // Something like a standard greeting always plays.
            kind == GreetingKind::Standard || of_kind.any(|greeting| greeting.active && !is_over(greeting))
        };
        let mut known = HashMap::new();
        for rule in arrangements.rules.iter().filter(|rule| rule.enabled) {
            if told.iter().any(|(id, _)| *id == rule.id) {
                continue;
            }
            let mut missing = Vec::new();
            for target in targets(&rule.then) {
                if !known.contains_key(&target) {
                    let what = self.missing(mailbox, &target).await?;
                    known.insert(target.clone(), what);
                }
                missing.extend(known.get(&target).cloned().flatten().filter(|what| !missing.contains(what)));
            }
            let at = moments.iter().filter(|at| in_frame(&rule.when, arrangements, zone, **at));
            if !missing.is_empty() {
                told.push((rule.id, Warning::Nowhere { missing }));
            } else if let Some(astray) = astray(&mailbox.extension, rule, &colleagues, at) {
                told.push((rule.id, Warning::Astray(astray)));
            } else if let Some(kind) = rule.then.greeting.filter(|kind| !plays(*kind)) {
                told.push((rule.id, Warning::NoGreeting { kind }));
            }
        }
        Ok(told)
    }

    /// What of a target is not there. A number that the configuration names is the phone system's, and so is one that is no
    /// extension by its length. Where the phone system forwards to, it may know more extensions than we: only that of somebody
    /// who was removed is missed there.
    async fn missing(&self, mailbox: &Mailbox, (target, whose): &(String, Whose)) -> Result<Option<String>> {
        let is_named = || self.targets.iter().flat_map(|list| list.named()).any(|named| named == *target);
        let tenant = mailbox.tenant;
        Ok(match Lead::read(target) {
            Lead::Line(_) => None,
            Lead::User(_) | Lead::Handset(_) if is_named() => None,
            Lead::User(other) if other.as_str().len() != mailbox.extension.as_str().len() => None,
            Lead::Voicemail(extension) => {
                let is_there = self.store.mailbox_by_extension(tenant, &extension).await?.is_some();
                (!is_there).then(|| format!("nobody has the extension {extension}"))
            }
            Lead::User(extension) => {
                let is_there = self.store.mailbox_by_extension(tenant, &extension).await?.is_some()
                    || self.store.number(tenant, extension.as_str()).await?.is_some();
                let is_gone = !is_there && (*whose == Whose::Ours || self.had(tenant, &extension).await?);
                is_gone.then(|| format!("nobody has the extension {extension}"))
            }
            Lead::Handset(name) => {
                let phone = self.store.handset_named(tenant, &name, "").await?;
                let phone = phone.filter(|known| known.handset.name.as_str() == name);
                match phone.map(|known| known.handset.owner.is_some()) {
                    Some(true) => None,
                    Some(false) => Some(format!("the phone {name} is nobody's")),
                    None => Some(format!("there is no phone {name}")),
                }
            }
        })
    }

    /// Whether somebody had this extension who lies in the recycle bin.
    async fn had(&self, tenant: TenantId, extension: &Extension) -> Result<bool> {
        Ok(self.store.was_extension(tenant, extension).await?)
    }

    /// Everybody whose rules may be followed from this mailbox on.
    async fn colleagues(
        &self,
        mailbox: &Mailbox,
        own: &Arrangements,
    ) -> Result<HashMap<Extension, Colleague>> {
        let mut found = HashMap::new();
        let mut waiting: Vec<Extension> = enabled(own).flat_map(begins).collect();
        while let Some(extension) = waiting.pop().filter(|_| found.len() < MOST_PEOPLE) {
            if extension == mailbox.extension || found.contains_key(&extension) {
                continue;
            }
            if let Some(colleague) = self.colleague(mailbox.tenant, &extension).await? {
                waiting.extend(
                    enabled(&colleague.arrangements).filter_map(|rule| user(Lead::onward(&rule.then))),
                );
                found.insert(extension, colleague);
            }
        }
        Ok(found)
    }

    async fn colleague(&self, tenant: TenantId, extension: &Extension) -> Result<Option<Colleague>> {
        let found = self.store.mailbox_by_extension(tenant, extension).await?;
        if !found.is_some_and(|mailbox| mailbox.enabled) {
            return Ok(None);
        }
        let (mailbox, zone) = self.mailbox(tenant, extension).await?;
        let arrangements = self.store.arrangements(tenant, mailbox.id).await?;
        Ok(Some(Colleague { arrangements, zone }))
    }
}

fn enabled(arrangements: &Arrangements) -> impl Iterator<Item = &Rule> {
    arrangements.rules.iter().filter(|rule| rule.enabled)
}

fn user(lead: Option<Lead>) -> Option<Extension> {
    match lead {
        Some(Lead::User(extension)) => Some(extension),
        _ => None,
    }
}

/// Whose rules go on for a call that a rule takes, here or by the phone system.
fn begins(rule: &Rule) -> impl Iterator<Item = Extension> {
    [user(Lead::of(&rule.then.answer)), user(Lead::onward(&rule.then))].into_iter().flatten()
}

/// Wherever a rule leads, as text.
fn targets(then: &RuleActions) -> Vec<(String, Whose)> {
    let answer = match Lead::of(&then.answer) {
        Some(Lead::Voicemail(extension)) => Some(format!("vm-{extension}")),
        Some(Lead::User(extension)) => Some(extension.to_string()),
        Some(Lead::Handset(target) | Lead::Line(target)) => Some(target),
        None => None,
    };
    let others = then.operator.iter().chain(then.keys.iter().map(|key| &key.target));
    let ours = answer.into_iter().chain(others.cloned()).map(|target| (target, Whose::Ours));
    ours.chain(then.phones.targets().map(|target| (target.clone(), Whose::PhoneSystems))).collect()
}

/// Every moment at which somebody's rules may lead elsewhere, and the first of all.
fn moments(
    zone: &TimeZone,
    own: &Arrangements,
    colleagues: &HashMap<Extension, Colleague>,
    now: Timestamp,
) -> Vec<Timestamp> {
    if colleagues.is_empty() {
        return vec![now];
    }
    let others = colleagues.values().map(|other| (&other.arrangements, &other.zone));
    let everybody: Vec<_> = std::iter::once((own, zone)).chain(others).collect();
    let named = |arrangements: &Arrangements, id| {
        enabled(arrangements).any(|rule| rule.when.within.is_some_and(|within| within.frame == id))
    };
    let frames: Vec<_> = everybody
        .iter()
        .flat_map(|(of, zone)| {
            of.frames.iter().filter(|frame| named(of, frame.id)).map(|frame| (frame, frame.zone(zone)))
        })
        .collect();
    let end = now.saturating_add(HORIZON).unwrap_or(Timestamp::MAX);
    let mut edges = edges_between(frames.iter().map(|(frame, zone)| (&frame.schedule, zone)), now, end);
    edges.truncate(MOST_MOMENTS);
    edges.insert(0, now);
    edges
}

/// How a rule leads nowhere, at the first of the moments at which it does.
fn astray<'a>(
    own: &Extension,
    rule: &Rule,
    colleagues: &HashMap<Extension, Colleague>,
    mut moments: impl Iterator<Item = &'a Timestamp>,
) -> Option<Astray> {
    let begins: Vec<Extension> = begins(rule).collect();
    let forms = match rule.when.callers.first() {
        Some(CallerPattern::Number(number) | CallerPattern::Prefix(number)) => vec![number.clone()],
        Some(CallerPattern::Anonymous) => Vec::new(),
        Some(CallerPattern::Internal | CallerPattern::External) | None => vec![ANYBODY.to_owned()],
    };
    let internal = rule.when.callers.first() == Some(&CallerPattern::Internal);
    let next = |at: &Extension, now: Timestamp| {
        let Colleague { arrangements, zone } = colleagues.get(at)?;
        let calling = Calling { forms: &forms, internal };
        let asked = Asked { reason: RedirectReason::Unknown, calling, now, zone };
        match Goes::by(&decide(arrangements, &asked)) {
            Goes::On(lead) => user(Some(lead)),
            Goes::Phones | Goes::Voicemail | Goes::Away => None,
        }
    };
    let from = |first: &Extension, now: Timestamp| {
        let here = |at: &Extension| if at == own { Some(first.clone()) } else { next(at, now) };
        follow(own.clone(), here).err()
    };
    moments.find_map(|now| begins.iter().find_map(|first| from(first, *now)))
}
