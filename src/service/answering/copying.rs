//! A colleague's rules as the pattern for those of this mailbox: what would change, then that and nothing else (000-10).

use jiff::tz::TimeZone;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::error::Result;
use super::noting::noting;
use super::{AnsweringError, Rules, acts, conditions, phone_system};
use crate::domain::answering::{AnswerBy, Arrangements, Rule, RuleActions};
use crate::domain::{ChangeId, Extension, Mailbox, Owner, RuleId, TenantId, TimeFrame, TimeFrameId};
use crate::service::time_frames::noted as noted_frame;

/// What copying would do to a rule, by its name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// The rule's name.
    pub name: String,
    /// As it is in words; `None`: there is none.
    pub was: Option<String>,
    /// As it would be; `None`: it would go, or does not come.
    pub becomes: Option<String>,
    /// What is other than at the colleague's.
    pub notes: Vec<String>,
}

/// What copying would do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CopyPlan {
    /// Rule by rule.
    pub steps: Vec<Step>,
    /// Names exactly this: what was seen, for whoever copies it.
    pub seen: String,
}

/// A mailbox, and all that its rules depend on.
struct Side {
    mailbox: Mailbox,
    zone: TimeZone,
    arrangements: Arrangements,
}

/// A plan, and what carries it out.
struct Made {
    plan: CopyPlan,
    target: Side,
    rules: Vec<Rule>,
    /// Time frames that come along.
    frames: Vec<TimeFrame>,
}

impl Rules {
    /// What copying a colleague's rules over those of this mailbox would do.
    ///
    /// # Errors
    /// [`AnsweringError::NoMailbox`].
    pub async fn copy_preview(&self, tenant: TenantId, from: &Extension, to: &Extension) -> Result<CopyPlan> {
        Ok(self.made(tenant, from, to).await?.plan)
    }

    /// Copies a colleague's rules over those of this mailbox. Time frames that are the colleague's own come along, where
    /// there is none of their name. Only while [`CopyPlan::seen`] is what copying would do.
    ///
    /// # Errors
    /// [`AnsweringError::CopyChanged`] when it would do something else by now.
    pub async fn copy(
        &self,
        tenant: TenantId,
        from: &Extension,
        to: &Extension,
        seen: &str,
    ) -> Result<ChangeId> {
        let Made { plan, target, rules, frames } = self.made(tenant, from, to).await?;
        if seen != plan.seen {
            return Err(AnsweringError::CopyChanged);
        }
        let before = target.arrangements.rules;
        let replace =
            |known: Vec<Rule>| if known == before { Ok(rules) } else { Err(AnsweringError::CopyChanged) };
        let owner = Owner { tenant, mailbox: target.mailbox.id };
        let copied = async {
            for frame in &frames {
                let of = (tenant, Some(to));
                let store = noting(&self.store, "hours.added", of, (None, Some(frame)), noted_frame);
                store.put_time_frame(frame).await?;
            }
            self.change_with_frames(owner, "rules.copied", frames.clone(), replace).await
        };
        let copied = copied.await;
        if copied.is_err() {
            self.take_back(owner, &frames).await?;
        }
        copied
    }

    async fn made(&self, tenant: TenantId, from: &Extension, to: &Extension) -> Result<Made> {
        let (source, target) = (self.side(tenant, from).await?, self.side(tenant, to).await?);
        let (mut steps, mut rules, mut frames) = (Vec::new(), Vec::new(), Vec::new());
        for rule in &source.arrangements.rules {
            let (id, created_at) = (RuleId::from_uuid(self.clock.uuid()), self.now());
            let (mut copy, mut notes) = (Rule { id, created_at, ..rule.clone() }, Vec::new());
            let is_kept = is_for(&mut copy.then, to, &mut notes);
            if let Some(within) = copy.when.within.as_mut().filter(|_| is_kept) {
                within.frame = self.frame(within.frame, (&source, &target), &mut frames, &mut notes);
            }
            let old = target.arrangements.rules.iter().find(|old| old.name == rule.name);
            let told = Rule { when: rule.when.clone(), ..copy.clone() };
            steps.push(Step {
                name: rule.name.clone(),
                was: old.map(|old| in_words(old, &target.arrangements)),
                becomes: is_kept.then(|| in_words(&told, &source.arrangements)),
                notes,
            });
            if is_kept {
                rules.push(copy);
            }
        }
        let is_gone = |old: &&Rule| !source.arrangements.rules.iter().any(|rule| rule.name == old.name);
        let gone = target.arrangements.rules.iter().filter(is_gone).map(|old| Step {
            name: old.name.clone(),
            was: Some(in_words(old, &target.arrangements)),
            becomes: None,
            notes: Vec::new(),
        });
        steps.extend(gone);
        let seen = seen(&source, &target, &steps);
        Ok(Made { plan: CopyPlan { steps, seen }, target, rules, frames })
    }

    /// The frame that a copied rule names: everybody's, the mailbox's own of that name, or one that comes along.
    fn frame(
        &self,
        id: TimeFrameId,
        (source, target): (&Side, &Side),
        frames: &mut Vec<TimeFrame>,
        notes: &mut Vec<String>,
    ) -> TimeFrameId {
        let Some(frame) = source.arrangements.frame(id) else { return id };
        let is_other_clock = frame.zone.is_none() && source.zone != target.zone;
        let (theirs, ours) = (clock(&source.zone), clock(&target.zone));
        let name = &frame.name;
        if frame.mailbox.is_none() {
            if is_other_clock {
                notes.push(format!("{name:?} follows the clock of {ours} here, and that of {theirs} there"));
            }
            return id;
        }
        let mut own = target.arrangements.frames.iter().filter(|known| known.mailbox.is_some());
        if let Some(known) = own.find(|known| known.name == *name) {
            let is_same =
                known.schedule == frame.schedule && known.zone(&target.zone) == frame.zone(&source.zone);
            notes.extend(
                (!is_same)
                    .then(|| format!("uses the time frame {name:?} of this mailbox, which is another one")),
            );
            return known.id;
        }
        let at_its_clock =
            if is_other_clock { format!(", and goes on by the clock of {theirs}") } else { String::new() };
        notes.push(format!("the time frame {name:?} comes along{at_its_clock}"));
        if let Some(known) = frames.iter().find(|known| known.name == *name) {
            return known.id;
        }
        let zone = frame.zone.clone().or_else(|| is_other_clock.then(|| theirs.to_owned()));
        let id = TimeFrameId::from_uuid(self.clock.uuid());
        let (mailbox, created_at) = (Some(target.mailbox.id), self.now());
        frames.push(TimeFrame { id, mailbox, zone, created_at, ..frame.clone() });
        id
    }

    async fn side(&self, tenant: TenantId, extension: &Extension) -> Result<Side> {
        let (mailbox, zone) = self.mailbox(tenant, extension).await?;
        let arrangements = self.store.arrangements(tenant, mailbox.id).await?;
        Ok(Side { mailbox, zone, arrangements })
    }
}

/// Whether the rule makes sense for the mailbox that it comes to: none gives a call to its own voicemail.
fn is_for(then: &mut RuleActions, to: &Extension, notes: &mut Vec<String>) -> bool {
    if !matches!(&then.answer, AnswerBy::Voicemail { extension } if extension == to) {
        return true;
    }
    then.answer = AnswerBy::Message;
    let is_kept = *then != RuleActions::default();
    notes.push(match is_kept {
        true => format!("takes a message, as {to} is this mailbox itself"),
        false => format!("is left out: it goes to the voicemail of {to}, which is this mailbox itself"),
    });
    is_kept
}

fn in_words(rule: &Rule, arrangements: &Arrangements) -> String {
    let mut parts = vec![conditions(&rule.when, arrangements)];
    parts.extend(acts(&rule.then));
    parts.extend(phone_system(&rule.then.phones));
    if !rule.enabled {
        parts.push("off".to_owned());
    }
    parts.join("; ")
}

fn clock(zone: &TimeZone) -> &str {
    zone.iana_name().unwrap_or("UTC")
}

/// A name for what was seen: any change of the rules on either side, or of the hours that they name, gives another one.
fn seen(source: &Side, target: &Side, steps: &[Step]) -> String {
    let frames = |side: &Side| -> Vec<Value> { side.arrangements.frames.iter().map(noted_frame).collect() };
    let told: Vec<Value> =
        steps.iter().map(|step| json!([step.name, step.was, step.becomes, step.notes])).collect();
    let all = json!([
        source.mailbox.id,
        target.mailbox.id,
        source.arrangements.rules,
        target.arrangements.rules,
        frames(source),
        frames(target),
        told
    ]);
    Sha256::digest(all.to_string()).iter().take(16).map(|byte| format!("{byte:02x}")).collect()
}
