//! What people do with answering rules: add, list, move, switch, remove; and what is checked before it is written.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::error::Result;
use super::noting::{moved, switched};
use super::phone_system::check_phones;
use super::warnings::Warning;
use super::{AnsweringError, in_time, until};
use crate::clock::SharedClock;
use crate::domain::answering::{
    AnswerBy, Arrangements, Conditions, MOST_CALLERS, MOST_RULES, Rule, RuleActions,
};
use crate::domain::{Extension, Invalid, Mailbox, Owner, RuleId, TenantId};
use crate::service::audit::NotedStore;
use crate::service::outbound::AllowedTargets;
use crate::store::{Store, StoreError};

/// Longest name.
const LONGEST_NAME: usize = 64;
/// A rule to be added.
#[derive(Debug, Clone)]
pub struct NewRule {
    /// Unique in the mailbox.
    pub name: String,
    /// Off: kept, and without effect.
    pub enabled: bool,
    /// When it holds.
    pub when: Conditions,
    /// What it does.
    pub then: RuleActions,
    /// Its place from 1 on. `None`: the last, or where the rule was that it replaces.
    pub place: Option<usize>,
    /// Take the place of a rule with the same name.
    pub replace: bool,
}

/// How a rule stands at a moment.
#[derive(Debug, Clone)]
pub struct Standing {
    /// The rule.
    pub rule: Rule,
    /// Its conditions of time and presence hold. A rule without any is always in time.
    pub in_time: bool,
    /// It is the first in time that asks for nothing but time and presence: what calls get that no rule before it picks out.
    pub active: bool,
    /// Until when `active` stays as it is. `None`: for more than a year.
    pub until: Option<Timestamp>,
    /// Why it can never hold, or leads nowhere.
    pub warning: Option<Warning>,
}

/// The use cases. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Rules {
    pub(super) store: NotedStore,
    pub(super) clock: SharedClock,
    /// Where calls may go: of each trunk and of none. One that allows it is enough; the call itself is checked again.
    pub(super) targets: Vec<AllowedTargets>,
}

impl Rules {
    /// Works on this store; targets are checked against these lists.
    pub fn new(store: Store, clock: SharedClock, targets: Vec<AllowedTargets>) -> Self {
        Self { store: NotedStore::new(store, clock.clone()), clock, targets }
    }

    /// The same, for changes by somebody, which the audit keeps.
    #[must_use]
    pub fn by(&self, actor: &str) -> Self {
        Self { store: self.store.by(actor), ..self.clone() }
    }

    /// The rules of a mailbox as they stand at `at`.
    ///
    /// # Errors
    /// [`AnsweringError::NoMailbox`].
    pub async fn list(
        &self,
        tenant: TenantId,
        extension: &Extension,
        at: Timestamp,
    ) -> Result<Vec<Standing>> {
        let (mailbox, zone) = self.mailbox(tenant, extension).await?;
        let arrangements = self.store.arrangements(tenant, mailbox.id).await?;
        let warned = self.warned(&mailbox, &zone, &arrangements, at).await?;
        Ok(standings(&arrangements, &zone, at, warned))
    }

    /// Adds a rule; whether it can never hold, or leads nowhere.
    ///
    /// # Errors
    /// [`AnsweringError`], each with its remedy; nothing is written then.
    pub async fn add(
        &self,
        tenant: TenantId,
        extension: &Extension,
        new: NewRule,
    ) -> Result<Option<Warning>> {
        let (mailbox, zone) = self.mailbox(tenant, extension).await?;
        let name = checked_name("name of a rule", &new.name)?;
        self.check(tenant, &mailbox, &new).await?;
        let id = RuleId::from_uuid(self.clock.uuid());
        let rule = Rule {
            id,
            name: name.clone(),
            enabled: new.enabled,
            when: new.when,
            then: new.then,
            created_at: self.clock.now(),
        };
        let owner = Owner { tenant, mailbox: mailbox.id };
        let is_new = self.of(owner).await?.iter().all(|known| !same_name(&known.name, &name));
        let action = if is_new { "rules.added" } else { "rules.saved" };
        let place = |rules: &mut Vec<Rule>| -> Result<usize> {
            let old = rules.iter().position(|known| same_name(&known.name, &name));
            match old {
                Some(_) if !new.replace => return Err(AnsweringError::Taken { what: "rule", name }),
                Some(old) => drop(rules.remove(old)),
                None => {}
            }
            Ok(new.place.map(|place| place.saturating_sub(1)).or(old).unwrap_or(rules.len()).min(rules.len()))
        };
        let change = |mut rules: Vec<Rule>| {
            let place = place(&mut rules)?;
            rules.insert(place, rule);
            if rules.len() > MOST_RULES { Err(AnsweringError::TooManyRules) } else { Ok(rules) }
        };
        self.change_noted(owner, action, change).await?;
        tracing::info!(mailbox = %mailbox.id, rule = %id, "an answering rule was set");
        let arrangements = self.store.arrangements(tenant, mailbox.id).await?;
        let told = self.warned(&mailbox, &zone, &arrangements, self.clock.now()).await?;
        Ok(told.into_iter().find(|(rule, _)| *rule == id).map(|(_, warning)| warning))
    }

    /// Gives a rule another place, from 1 on; beyond the last it becomes the last.
    ///
    /// # Errors
    /// [`AnsweringError::NoRule`].
    pub async fn move_to(
        &self,
        tenant: TenantId,
        extension: &Extension,
        name: &str,
        place: usize,
    ) -> Result<usize> {
        if place == 0 {
            return Err(Invalid::new("place", "0", "count from 1, which is asked first").into());
        }
        let (mailbox, _) = self.mailbox(tenant, extension).await?;
        let owner = Owner { tenant, mailbox: mailbox.id };
        let rules = self.of(owner).await?;
        let old = position(&rules, name)?;
        let place = place.min(rules.len());
        self.change(tenant, extension, moved(old, place), |mut rules| {
            let rule = rules.remove(position(&rules, name)?);
            rules.insert(place.saturating_sub(1).min(rules.len()), rule);
            Ok(rules)
        })
        .await?;
        Ok(place)
    }

    /// Puts the rules into this order, which names each of them once.
    ///
    /// # Errors
    /// [`AnsweringError::NoRule`] names one that is missing here or there.
    pub async fn reorder(&self, tenant: TenantId, extension: &Extension, names: &[String]) -> Result<()> {
        self.change(tenant, extension, "rules.order", |mut rules| {
            let mut ordered = Vec::with_capacity(rules.len());
            for name in names {
                ordered.push(rules.remove(position(&rules, name)?));
            }
            match rules.pop() {
                Some(left_out) => Err(AnsweringError::NoRule(left_out.name)),
                None => Ok(ordered),
            }
        })
        .await
    }

    /// Switches a rule on or off.
    ///
    /// # Errors
    /// [`AnsweringError::NoRule`].
    pub async fn switch(&self, tenant: TenantId, extension: &Extension, name: &str, on: bool) -> Result<()> {
        self.change(tenant, extension, switched(on), |mut rules| {
            let place = position(&rules, name)?;
            rules.iter_mut().skip(place).take(1).for_each(|rule| rule.enabled = on);
            Ok(rules)
        })
        .await
    }

    /// Removes a rule.
    ///
    /// # Errors
    /// [`AnsweringError::NoRule`].
    pub async fn remove(&self, tenant: TenantId, extension: &Extension, name: &str) -> Result<()> {
        self.change(tenant, extension, "rules.remove", |mut rules| {
            rules.remove(position(&rules, name)?);
            Ok(rules)
        })
        .await
    }

    async fn change(
        &self,
        tenant: TenantId,
        extension: &Extension,
        action: &str,
        change: impl FnOnce(Vec<Rule>) -> Result<Vec<Rule>>,
    ) -> Result<()> {
        let (mailbox, _) = self.mailbox(tenant, extension).await?;
        self.change_noted(Owner { tenant, mailbox: mailbox.id }, action, change).await?;
        tracing::info!(mailbox = %mailbox.id, "the answering rules were changed");
        Ok(())
    }

    pub(super) async fn mailbox(
        &self,
        tenant: TenantId,
        extension: &Extension,
    ) -> Result<(Mailbox, TimeZone)> {
        super::lists::mailbox(&self.store, tenant, extension).await
    }

    /// What can be known wrong before anything is written.
    pub(super) async fn check(&self, tenant: TenantId, mailbox: &Mailbox, new: &NewRule) -> Result<()> {
        let RuleActions { answer, greeting, operator, keys, phones } = &new.then;
        if new.then == RuleActions::default() {
            return Err(AnsweringError::DoesNothing);
        }
        if new.when.callers.len() > MOST_CALLERS {
            return Err(AnsweringError::TooManyCallers);
        }
        if let (Some(kind), AnswerBy::Tone | AnswerBy::TurnAway { .. }) = (greeting, answer) {
            let text = kind.as_str();
            return Err(Invalid::new(
                "greeting of the rule",
                text,
                "no greeting plays where the tone comes at once or the caller is turned away",
            )
            .into());
        }
        if let Some(within) = new.when.within {
            let frame = self.store.time_frame(tenant, within.frame).await.map_err(|error| match error {
                StoreError::Missing { value, .. } => AnsweringError::NoFrame(value),
                other => other.into(),
            })?;
            if frame.mailbox.is_some_and(|other| other != mailbox.id) {
                return Err(AnsweringError::NoFrame(frame.name));
            }
        }
        let mut seen = String::new();
        for key in keys {
            if !('1'..='9').contains(&key.key) || seen.contains(key.key) {
                let remedy = "give each of the keys 1 to 9 once; 0 is the operator, * and # are taken";
                return Err(Invalid::new("key", &key.key.to_string(), remedy).into());
            }
            seen.push(key.key);
        }
        let transfer = match answer {
            AnswerBy::Transfer { target } => Some(target),
            _ => None,
        };
        if let AnswerBy::Voicemail { extension } = answer {
            self.check_voicemail(tenant, mailbox, extension).await?;
        }
        let outward = transfer.into_iter().chain(operator).chain(keys.iter().map(|key| &key.target));
        outward.into_iter().try_for_each(|target| self.check_target(target))?;
        check_phones(phones)
    }

    /// Whose voicemail may take calls: that of a colleague who is there.
    async fn check_voicemail(
        &self,
        tenant: TenantId,
        mailbox: &Mailbox,
        extension: &Extension,
    ) -> Result<()> {
        let remedy = if *extension == mailbox.extension {
            "this is the mailbox itself: choose that a message is taken"
        } else if self.store.mailbox_by_extension(tenant, extension).await?.is_none() {
            "nobody has this extension: choose that of a colleague"
        } else {
            return Ok(());
        };
        Err(Invalid::new("voicemail", extension.as_str(), remedy).into())
    }

    pub(super) fn check_target(&self, target: &str) -> Result<()> {
        let mut why = crate::service::outbound::NotAllowed::NotListed;
        for list in &self.targets {
            match list.authorise(target) {
                Ok(_) => return Ok(()),
                Err(error) => why = error,
            }
        }
        Err(AnsweringError::Target { target: target.chars().take(80).collect(), why })
    }
}

/// A name of a rule or time frame.
pub(in crate::service) fn checked_name(what: &'static str, name: &str) -> Result<String, Invalid> {
    let name = name.trim();
    let plain =
        !name.is_empty() && name.chars().count() <= LONGEST_NAME && !name.chars().any(char::is_control);
    if plain {
        Ok(name.to_owned())
    } else {
        Err(Invalid::new(what, name, "write 1 to 64 characters in one line"))
    }
}

/// Whether people take two names for the same one.
pub(in crate::service) fn same_name(one: &str, other: &str) -> bool {
    one.to_lowercase() == other.to_lowercase()
}

fn position(rules: &[Rule], name: &str) -> Result<usize> {
    rules.iter().position(|rule| rule.name == name).ok_or_else(|| AnsweringError::NoRule(name.to_owned()))
}

pub(super) fn position_of(rules: &[Rule], id: RuleId) -> Result<usize> {
    rules.iter().position(|rule| rule.id == id).ok_or_else(|| AnsweringError::NoRule(id.to_string()))
}

/// The rule that calls get which no other condition picks out, at a moment.
pub(super) fn top(arrangements: &Arrangements, zone: &TimeZone, at: Timestamp) -> Option<RuleId> {
    let mut rules = arrangements.rules.iter();
    let plain = |rule: &&Rule| rule.enabled && rule.when.reasons.is_empty() && rule.when.callers.is_empty();
    let top = rules.find(|rule| plain(rule) && in_time(&rule.when, arrangements, zone, at));
    top.map(|rule| rule.id)
}

/// How the rules stand at a moment (002-055).
pub(super) fn standings(
    arrangements: &Arrangements,
    zone: &TimeZone,
    at: Timestamp,
    mut told: Vec<(RuleId, Warning)>,
) -> Vec<Standing> {
    let first = top(arrangements, zone, at);
    let stand = |rule: &Rule| {
        let is_top = |at: Timestamp| top(arrangements, zone, at) == Some(rule.id);
        let in_time = rule.enabled && in_time(&rule.when, arrangements, zone, at);
        let warned = told.iter().position(|(id, _)| *id == rule.id);
        Standing {
            rule: rule.clone(),
            in_time,
            active: first == Some(rule.id),
            until: until(arrangements, zone, at, is_top),
            warning: warned.map(|place| told.swap_remove(place).1),
        }
    };
    arrangements.rules.iter().map(stand).collect()
}
