//! What a call gets: mailbox, greeting, state, decided once when it comes. `aftertone explain` asks the same.

mod leading;

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::domain::answering::{AnswerBy, Arrangements, Calling, Rule};
use crate::domain::{CallerId, Extension, Greeting, Mailbox, RedirectReason, Tenant, Usage, WhenOff};
use crate::sip::{self, CallFacts};
use crate::store::Store;

use super::answering::{self, Answered, AnsweringTold, Asked};
use super::ladder::{self, Choice, Situation};
use super::remembered::{Inquiry, Remembered};
use super::routing::{
    self, ABROAD, Decision, Directory as _, Explanation, Outcome, RoutingError, Source, TrunkRules,
};

pub use leading::Led;

/// A directory that changes while a call is decided is asked again, so many times; then once more, without memory.
const TRIES: u32 = 3;

/// The routing rules of every trunk, and of calls that come over none.
#[derive(Debug, Clone, Default)]
pub struct Rules {
    /// For calls from plain peers.
    pub usual: TrunkRules,
    /// By the trunk's name.
    pub trunks: HashMap<String, TrunkRules>,
}

impl Rules {
    /// The numbers by which callers sign in or search by name, on any trunk.
    pub fn reserved(&self) -> Vec<String> {
        let all = self.trunks.values().chain([&self.usual]);
        all.flat_map(|rules| rules.access_numbers.iter().chain(&rules.directory_numbers)).cloned().collect()
    }

    /// What people dial for `+`, on any trunk; where none says it, `00`.
    pub fn abroad(&self) -> Vec<String> {
        let all = self.trunks.values().chain([&self.usual]);
        let prefixes = all.filter_map(|rules| rules.international_prefix.clone());
        let mut said: Vec<String> = prefixes.filter(|prefix| !prefix.is_empty()).collect();
        said.sort_unstable();
        said.dedup();
        if said.is_empty() { vec![ABROAD.to_owned()] } else { said }
    }
}

/// Decides what calls get. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Reception {
    directory: Remembered,
    rules: Arc<RwLock<Arc<Rules>>>,
}

/// What a call gets.
#[derive(Debug, Clone)]
pub struct Verdict {
    /// Mailbox (or not), and why.
    pub decision: Decision,
    /// Every greeting of the mailbox.
    pub greetings: Vec<Greeting>,
    /// What its lists and rules say of this call; empty without a mailbox.
    pub answered: Answered,
    /// The mailbox that was called, and its rule that gave the call to the voicemail of this one.
    pub handed: Option<(Extension, String)>,
    /// Where its rules led the call.
    pub led: Led,
    arrangements: Arc<Arrangements>,
    numbers: Numbers,
    /// How full the mailbox is.
    pub usage: Usage,
    /// The time of the call.
    pub now: Timestamp,
}

/// A caller who goes on to another mailbox of the tenant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Visitor {
    /// Whose world the call is in: nobody of another one can be reached.
    pub tenant: Tenant,
    /// Who calls.
    pub caller: CallerId,
    /// The caller has a mailbox of the tenant.
    pub internal: bool,
    numbers: Numbers,
}

/// The caller as lists and rules see one, each number in every spelling.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Numbers {
    forms: Vec<String>,
    /// What a trusted peer asserts of a caller who hides: for allow lists alone, and never told.
    vouched: Vec<String>,
}

impl Reception {
    /// Asks this store, by these rules.
    pub fn new(store: Store, rules: Rules) -> Self {
        Self { directory: Remembered::new(store), rules: Arc::new(RwLock::new(Arc::new(rules))) }
    }

    /// From now on every clone decides by these rules.
    pub fn set_rules(&self, rules: Rules) {
        *self.rules.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(rules);
    }

    /// What people dial for `+`.
    pub fn abroad(&self) -> Vec<String> {
        self.rules().abroad()
    }

    fn rules(&self) -> Arc<Rules> {
        Arc::clone(&self.rules.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Decides.
    ///
    /// # Errors
    /// When the database is away and the mailbox was never asked for, or the rules name a tenant that is not there.
    pub async fn decide(
        &self,
        facts: &CallFacts,
        trunk: Option<&str>,
        now: Timestamp,
    ) -> Result<Verdict, RoutingError> {
        let rules = self.rules();
        let rules = trunk.and_then(|trunk| rules.trunks.get(trunk)).unwrap_or(&rules.usual);
        for _ in 0..TRIES {
            let inquiry = self.directory.inquire().await;
            // Boxed: a call's task is small while it waits for nothing of this.
            match Box::pin(verdict(&inquiry, rules, facts, now)).await {
                // Remembered, and not confirmed by the last question: somebody may have added the tenant since.
                Err(RoutingError::Tenant(_)) => break,
                verdict if inquiry.holds() => return verdict,
                _ => {}
            }
        }
        Box::pin(verdict(&self.directory.inquire_anew(), rules, facts, now)).await
    }

    /// What a caller gets who goes on to this mailbox; `None`: there is none with this number.
    ///
    /// # Errors
    /// When the database is away and the mailbox was never asked for.
    pub async fn visit(
        &self,
        visitor: &Visitor,
        extension: &Extension,
        now: Timestamp,
    ) -> Result<Option<Verdict>, RoutingError> {
        let inquiry = self.directory.inquire_anew();
        let Visitor { tenant, caller, internal, numbers } = visitor.clone();
        let Some(mailbox) = inquiry.mailbox_by_extension(tenant.id, extension).await? else {
            return Ok(None);
        };
        let id = mailbox.id;
        let decision = Decision {
            outcome: Outcome::Mailbox { mailbox: Box::new(mailbox), alias: None, greeting: None },
            source: Source::Directory,
            found: Some(extension.to_string()),
            tried: Vec::new(),
            reason: RedirectReason::Unknown,
            tenant,
            caller,
            internal,
        };
        // How full the mailbox is comes with this answer.
        inquiry.is_party(visitor.tenant.id, Some(id), None, &[]).await?;
        filled(&inquiry, Verdict::empty(decision, numbers, now)).await.map(Some)
    }
}

impl Visitor {
    /// The caller of this call.
    pub fn of(verdict: &Verdict) -> Self {
        let Decision { tenant, caller, internal, .. } = &verdict.decision;
        let numbers = verdict.numbers.clone();
        Self { tenant: tenant.clone(), caller: caller.clone(), internal: *internal, numbers }
    }
}

async fn verdict(
    inquiry: &Inquiry<'_>,
    rules: &TrunkRules,
    facts: &CallFacts,
    now: Timestamp,
) -> Result<Verdict, RoutingError> {
    let decision = routing::route(inquiry, rules, facts).await?;
    let forms = routing::caller_forms(&decision.caller, rules);
    let vouched = CallerId::new(sip::vouched(facts).as_deref(), None);
    let vouched = routing::caller_forms(&vouched, rules);
    filled(inquiry, Verdict::empty(decision, Numbers { forms, vouched }, now)).await
}

/// With all that is to be known of the mailbox that takes the call.
async fn filled(inquiry: &Inquiry<'_>, mut verdict: Verdict) -> Result<Verdict, RoutingError> {
    let Some((tenant, mailbox)) = verdict.mailbox().map(|mailbox| (mailbox.tenant, mailbox.id)) else {
        return Ok(verdict);
    };
    verdict.greetings = inquiry.greetings(tenant, mailbox).await?;
    verdict.arrangements = inquiry.arrangements(tenant, mailbox).await?;
    verdict.usage = inquiry.usage(tenant, mailbox)?;
    verdict.answered = answering::decide(&verdict.arrangements, &verdict.asked(&verdict.zone()));
    let (led, theirs) = Box::pin(leading::follow(inquiry, &verdict)).await;
    let mut verdict = theirs.unwrap_or(verdict);
    verdict.led = led;
    Ok(verdict)
}

impl Verdict {
    fn empty(decision: Decision, numbers: Numbers, now: Timestamp) -> Self {
        Self {
            decision,
            greetings: Vec::new(),
            answered: Answered::default(),
            handed: None,
            led: Led::default(),
            arrangements: Arc::default(),
            numbers,
            usage: Usage::default(),
            now,
        }
    }

    /// The mailbox that takes the call, if one does.
    pub fn mailbox(&self) -> Option<&Mailbox> {
        match &self.decision.outcome {
            Outcome::Mailbox { mailbox, .. } => Some(mailbox),
            Outcome::Login | Outcome::Directory | Outcome::Default(_) => None,
        }
    }

    /// The greeting, if a mailbox takes the call.
    pub fn greeting(&self) -> Option<Choice> {
        let mailbox = self.mailbox()?;
        let rule = self.answered.rule.as_ref();
        let alias = match &self.decision.outcome {
            Outcome::Mailbox { greeting, .. } => *greeting,
            Outcome::Login | Outcome::Directory | Outcome::Default(_) => None,
        };
        Some(ladder::choose(&Situation {
            greetings: &self.greetings,
            alias,
            reason: self.decision.reason,
            internal: self.decision.internal,
            hours: &self.answered.hours,
            wanted: rule.and_then(|(_, rule)| Some((rule.then.greeting?, rule.name.as_str()))),
            presence: self.arrangements.presence_greeting(self.now),
            now: self.now,
            zone: self.zone(),
            extension: &mailbox.extension,
        }))
    }

    /// What the owner's presence decided of the answer, if anything.
    pub fn presence_decided(&self) -> Option<String> {
        let state = self.arrangements.presence.at(self.now).title();
        let asks = |(_, rule): &&(usize, Rule)| !rule.when.presence.is_empty();
        let rule =
            self.answered.rule.as_ref().filter(asks).map(|(_, rule)| format!("the rule {:?}", rule.name));
        let is_tone = matches!(&self.answered.rule, Some((_, rule)) if rule.then.answer == AnswerBy::Tone);
        let greeting = self.greeting().filter(|choice| choice.by_presence && !is_tone);
        let greeting = greeting.map(|_| "the greeting".to_owned());
        let what: Vec<String> = rule.into_iter().chain(greeting).collect();
        (!what.is_empty()).then(|| format!("{state}: {}", what.join(" and ")))
    }

    /// What the caller of a mailbox that is off gets (002-012), unless a list or rule turns the caller away.
    pub fn when_off(&self) -> Option<WhenOff> {
        let is_off = self.mailbox().is_some_and(|mailbox| !mailbox.enabled);
        (is_off && self.answered.turned_away().is_none()).then_some(self.decision.tenant.when_off)
    }

    /// Whether the mailbox takes no more messages.
    pub fn is_full(&self) -> bool {
        self.mailbox().is_some_and(|mailbox| mailbox.quota.is_full(self.usage))
    }

    /// The same in words.
    pub fn explain(&self) -> Explanation {
        let told =
            |_: &Mailbox| AnsweringTold::new(&self.arrangements, &self.asked(&self.zone()), &self.answered);
        let answering = self.mailbox().map(told);
        let plain = routing::explain(&self.decision, self.greeting(), self.usage);
        let answer = self.answered.rule.as_ref().map(|(_, rule)| &rule.then.answer);
        let state = match (self.answered.turned_away(), answer) {
            (Some(_), _) => Some("turned-away"),
            (None, Some(AnswerBy::Announcement)) if plain.state == Some("takes-messages") => {
                Some("announcement-only")
            }
            _ => plain.state,
        };
        let Led { steps: followed, transfer, stays } = self.led.clone();
        let when_off = self.when_off();
        let operator =
            || self.decision.tenant.operator.clone().filter(|_| when_off == Some(WhenOff::Operator));
        let transfer = transfer.or(plain.transfer).or_else(operator);
        let greeting = plain
            .greeting
            .filter(|_| self.answered.turned_away().is_none() && !matches!(answer, Some(AnswerBy::Tone)));
        let handed_by =
            self.handed.as_ref().map(|(from, rule)| format!("the rule {rule:?} of mailbox {from}"));
        Explanation { answering, state, when_off, transfer, greeting, handed_by, followed, stays, ..plain }
    }

    /// The mailbox's zone, or the tenant's.
    pub fn zone(&self) -> TimeZone {
        let own = self.mailbox().and_then(|mailbox| mailbox.zone.as_deref());
        TimeZone::get(own.unwrap_or(&self.decision.tenant.zone)).unwrap_or(TimeZone::UTC)
    }

    fn asked<'a>(&'a self, zone: &'a TimeZone) -> Asked<'a> {
        let Numbers { forms, vouched } = &self.numbers;
        let is_vouched_for = answering::names_as_allowed(&self.arrangements.callers, vouched);
        let forms = if is_vouched_for { vouched } else { forms };
        let calling = Calling { forms, internal: self.decision.internal };
        Asked { reason: self.decision.reason, calling, now: self.now, zone }
    }
}

#[cfg(test)]
mod tests;
