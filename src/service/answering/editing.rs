//! What pages and programs do with the rules of a mailbox beside `rules`: by id, and undone.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::error::Result;
use super::noting::{moved, noting, switched};
use super::rules::{checked_name, position_of, same_name, standings};
use super::{AnsweringError, NewRule, Rules, Standing, Warning};
use crate::domain::answering::{Arrangements, MOST_RULES, Rule, Undo};
use crate::domain::{ChangeId, Extension, Mailbox, Owner, RuleId, TenantId, TimeFrame};
use crate::service::time_frames::noted as noted_frame;
use crate::store::StoreError;

/// All that a page about the rules of a mailbox shows.
#[derive(Debug, Clone)]
pub struct Overview {
    /// The mailbox.
    pub mailbox: Mailbox,
    /// Its zone, or the tenant's.
    pub zone: TimeZone,
    /// What decides.
    pub arrangements: Arrangements,
    /// How each rule stands.
    pub standings: Vec<Standing>,
    /// Calls that the owner has at the same time: busy means that all of them are used (002-038).
    pub call_paths: Option<u8>,
    /// No rule is active by time alone: what calls get is the default.
    pub is_default: bool,
    /// Until when that stays so. `None`: for more than a year.
    pub default_until: Option<Timestamp>,
}

/// A rule that was kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Saved {
    /// The rule.
    pub rule: RuleId,
    /// Takes the change back.
    pub change: ChangeId,
    /// Why it can never hold, or leads nowhere.
    pub warning: Option<Warning>,
}

impl Rules {
    /// How the rules of a mailbox stand, and what else decides.
    ///
    /// # Errors
    /// [`AnsweringError::NoMailbox`].
    pub async fn overview(&self, tenant: TenantId, extension: &Extension, at: Timestamp) -> Result<Overview> {
        let (mailbox, zone) = self.mailbox(tenant, extension).await?;
        let arrangements = self.store.arrangements(tenant, mailbox.id).await?;
        let warned = self.warned(&mailbox, &zone, &arrangements, at).await?;
        let standings = standings(&arrangements, &zone, at, warned);
        let is_default = !standings.iter().any(|standing| standing.active);
        let top = |at: Timestamp| super::rules::top(&arrangements, &zone, at);
        let default_until = super::until(&arrangements, &zone, at, top);
        let call_paths = match mailbox.user {
            Some(user) => self.store.user(tenant, user).await?.profile.call_paths,
            None => None,
        };
        Ok(Overview { mailbox, zone, arrangements, standings, call_paths, is_default, default_until })
    }

    /// The rules of a mailbox, in their order.
    ///
    /// # Errors
    /// [`AnsweringError::Store`].
    pub async fn of(&self, owner: Owner) -> Result<Vec<Rule>> {
        Ok(self.store.rules(owner).await?)
    }

    /// Keeps a rule: a new one, or in place of the known one, also by another name.
    ///
    /// # Errors
    /// [`AnsweringError`], each with its remedy; nothing is written then.
    pub async fn save(
        &self,
        tenant: TenantId,
        extension: &Extension,
        known: Option<RuleId>,
        new: NewRule,
    ) -> Result<Saved> {
        let (mailbox, zone) = self.mailbox(tenant, extension).await?;
        let name = checked_name("name of a rule", &new.name)?;
        self.check(tenant, &mailbox, &new).await?;
        let id = known.unwrap_or_else(|| RuleId::from_uuid(self.clock.uuid()));
        let (now, wanted) = (self.now(), new.place);
        let change = |mut rules: Vec<Rule>| {
            let old = known.map(|known| position_of(&rules, known)).transpose()?;
            let made = old.map_or(now, |old| rules.remove(old).created_at);
            if rules.iter().any(|other| same_name(&other.name, &name)) {
                return Err(AnsweringError::Taken { what: "rule", name });
            }
            let rule =
                Rule { id, name, enabled: new.enabled, when: new.when, then: new.then, created_at: made };
            let place = wanted.map(|place| place.saturating_sub(1)).or(old).unwrap_or(rules.len());
            rules.insert(place.min(rules.len()), rule);
            if rules.len() > MOST_RULES { Err(AnsweringError::TooManyRules) } else { Ok(rules) }
        };
        let action = if known.is_some() { "rules.saved" } else { "rules.added" };
        let owner = Owner { tenant, mailbox: mailbox.id };
        let change = self.change_undoably(owner, action, change).await?;
        let arrangements = self.store.arrangements(tenant, mailbox.id).await?;
        let told = self.warned(&mailbox, &zone, &arrangements, self.clock.now()).await?;
        let warning = told.into_iter().find(|(rule, _)| *rule == id).map(|(_, warning)| warning);
        Ok(Saved { rule: id, change, warning })
    }

    /// Gives a rule another place, from 1 on; beyond the last it becomes the last.
    ///
    /// # Errors
    /// [`AnsweringError::NoRule`].
    pub async fn place(&self, owner: Owner, rule: RuleId, place: usize) -> Result<ChangeId> {
        let old = position_of(&self.of(owner).await?, rule)?;
        self.change_undoably(owner, moved(old, place), |mut rules| {
            let moved = rules.remove(position_of(&rules, rule)?);
            rules.insert(place.saturating_sub(1).min(rules.len()), moved);
            Ok(rules)
        })
        .await
    }

    /// Puts the rules into this order, which names each of them once (002-054).
    ///
    /// # Errors
    /// [`AnsweringError::OtherRules`] when it names others than there are.
    pub async fn order(&self, owner: Owner, ids: &[RuleId]) -> Result<ChangeId> {
        self.change_undoably(owner, "rules.order", |mut rules| {
            let (mut ordered, mut unknown) = (Vec::with_capacity(rules.len()), Vec::new());
            for id in ids {
                match rules.iter().position(|rule| rule.id == *id) {
                    Some(place) => ordered.push(rules.remove(place)),
                    None => unknown.push(*id),
                }
            }
            let missing: Vec<String> = rules.into_iter().map(|rule| rule.name).collect();
            let is_whole = missing.is_empty() && unknown.is_empty();
            if is_whole { Ok(ordered) } else { Err(AnsweringError::OtherRules { missing, unknown }) }
        })
        .await
    }

    /// Switches a rule on or off.
    ///
    /// # Errors
    /// [`AnsweringError::NoRule`].
    pub async fn enable(&self, owner: Owner, rule: RuleId, on: bool) -> Result<ChangeId> {
        self.change_undoably(owner, switched(on), |mut rules| {
            let place = position_of(&rules, rule)?;
            rules.iter_mut().skip(place).take(1).for_each(|rule| rule.enabled = on);
            Ok(rules)
        })
        .await
    }

    /// Removes a rule (002-057). The default is no rule, so that it stays.
    ///
    /// # Errors
    /// [`AnsweringError::NoRule`].
    pub async fn delete(&self, owner: Owner, rule: RuleId) -> Result<ChangeId> {
        self.change_undoably(owner, "rules.remove", |mut rules| {
            rules.remove(position_of(&rules, rule)?);
            Ok(rules)
        })
        .await
    }

    /// Takes a change of the rules back, while they are as it left them.
    ///
    /// # Errors
    /// [`AnsweringError::NoUndo`], [`AnsweringError::ChangedSince`].
    pub async fn undo(&self, owner: Owner, change: ChangeId) -> Result<()> {
        let undo = self.store.undo(owner.tenant, Some(owner.mailbox), change).await;
        let Undo::Rules { before, after, frames } = undo.map_err(no_undo)? else {
            return Err(AnsweringError::NoUndo);
        };
        let back =
            |rules: Vec<Rule>| if rules == after { Ok(before) } else { Err(AnsweringError::ChangedSince) };
        self.change_noted(owner, "rules.undo", back).await?;
        self.take_back(owner, &frames).await?;
        self.store.forget_undo(owner.tenant, change).await?;
        tracing::info!(mailbox = %owner.mailbox, "a change of the answering rules was taken back");
        Ok(())
    }

    /// Changes the rules, and keeps what takes the change back.
    async fn change_undoably(
        &self,
        owner: Owner,
        action: &str,
        change: impl FnOnce(Vec<Rule>) -> Result<Vec<Rule>>,
    ) -> Result<ChangeId> {
        self.change_with_frames(owner, action, Vec::new(), change).await
    }

    /// The same, where time frames came along, which go with it.
    pub(super) async fn change_with_frames(
        &self,
        owner: Owner,
        action: &str,
        frames: Vec<TimeFrame>,
        change: impl FnOnce(Vec<Rule>) -> Result<Vec<Rule>>,
    ) -> Result<ChangeId> {
        let (before, after) = self.change_noted(owner, action, change).await?;
        let id = ChangeId::from_uuid(self.clock.uuid());
        let undo = Undo::Rules { before, after, frames };
        self.store.put_undo(owner.tenant, Some(owner.mailbox), id, &undo).await?;
        tracing::info!(mailbox = %owner.mailbox, "the answering rules were changed");
        Ok(id)
    }

    /// Removes time frames that came along with rules, unless they were changed since or a rule names them.
    pub(super) async fn take_back(&self, owner: Owner, frames: &[TimeFrame]) -> Result<()> {
        let Owner { tenant, mailbox } = owner;
        let known = self.store.time_frames(tenant, Some(mailbox)).await?;
        let extension = self.store.mailbox(tenant, mailbox).await?.extension;
        for frame in frames.iter().filter(|frame| known.contains(frame)) {
            let of = (tenant, Some(&extension));
            let store = noting(&self.store, "hours.removed", of, (Some(frame), None), noted_frame);
            match store.remove_time_frame(tenant, frame.id).await {
                Ok(()) | Err(StoreError::InUse(_) | StoreError::Missing { .. }) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }

    /// The time as the store keeps it, to the microsecond: what is read back is what was written.
    pub(super) fn now(&self) -> Timestamp {
        let now = self.clock.now();
        Timestamp::from_microsecond(now.as_microsecond()).unwrap_or(now)
    }
}

/// What is not there cannot be taken back.
pub(in crate::service) fn no_undo(error: StoreError) -> AnsweringError {
    match error {
        StoreError::Missing { .. } => AnsweringError::NoUndo,
        other => other.into(),
    }
}
