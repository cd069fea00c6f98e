//! What would happen to a call, in words and as JSON: the routing's decision, the greeting, and the mailbox's state.
//! Personal, as it repeats numbers: for the operator who asked, not for the log.

use std::fmt;

use serde::Serialize;

use crate::domain::{DefaultAction, Mailbox, Usage, WhenOff};
use crate::service::answering::AnsweringTold;
use crate::service::ladder::{Choice, Play};

use super::{Decision, Miss, Outcome};

/// The whole story of one call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Explanation {
    /// `mailbox`, `login`, `directory`, `announce` or `transfer`.
    pub outcome: &'static str,
    /// Name of the tenant.
    pub tenant: String,
    /// Extension of the mailbox.
    pub mailbox: Option<String>,
    /// The number or alias that was called, by its label if it has one.
    pub alias: Option<String>,
    /// The rule of another mailbox that gave the call to the voicemail of this one.
    pub handed_by: Option<String>,
    /// Whose rules the call follows, one after the other, where a rule leads to somebody else.
    pub followed: Vec<Followed>,
    /// Why the call stays with the mailbox where it began, in spite of its rule.
    pub stays: Option<String>,
    /// Where the call is transferred to.
    pub transfer: Option<String>,
    /// The source that decided, for example `diversion`.
    pub decided_by: &'static str,
    /// What that source named.
    pub named: Option<String>,
    /// The sources that were asked before and did not decide.
    pub tried: Vec<Step>,
    /// Why the call came to voicemail (RFC 5806).
    pub reason: &'static str,
    /// The caller's number, unless withheld.
    pub caller: Option<String>,
    /// The caller asked for privacy or is unknown.
    pub anonymous: bool,
    /// The caller has a mailbox of the same tenant.
    pub internal: bool,
    /// What the caller hears; `None` without a mailbox.
    pub greeting: Option<Heard>,
    /// Hours, lists and rules; `None` without a mailbox.
    pub answering: Option<AnsweringTold>,
    /// `takes-messages`, `full`, `announcement-only` or `disabled`; `None` without a mailbox.
    pub state: Option<&'static str>,
    /// What the caller of a mailbox that is off gets.
    pub when_off: Option<WhenOff>,
}

/// A step from rule to rule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Followed {
    /// Whose rules.
    pub mailbox: String,
    /// Which of them holds, if one does.
    pub rule: Option<String>,
    /// Where it leads.
    pub does: String,
}

impl fmt::Display for Followed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.rule {
            Some(rule) => write!(f, "{}, rule {rule:?}: {}", self.mailbox, self.does),
            None => write!(f, "{}: {}", self.mailbox, self.does),
        }
    }
}

/// A source that did not decide.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Step {
    /// Which.
    pub source: &'static str,
    /// What it named.
    pub found: Option<String>,
    /// Why that did not do.
    pub why: String,
}

/// The greeting.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Heard {
    /// `away`, `busy`, …, `recorded-name` or `extension-number`.
    pub kind: &'static str,
    /// Id of the stored greeting or name.
    pub id: Option<String>,
    /// Why this one.
    pub why: String,
}

/// Explains a decision. `greeting` and `usage` are those of the decision's mailbox; without one they do not matter.
pub fn explain(decision: &Decision, greeting: Option<Choice>, usage: Usage) -> Explanation {
    let (mailbox, alias) = match &decision.outcome {
        Outcome::Mailbox { mailbox, alias, .. } => (Some(mailbox.as_ref()), alias.clone()),
        Outcome::Login | Outcome::Directory | Outcome::Default(_) => (None, None),
    };
    let transfer = match &decision.outcome {
        Outcome::Default(DefaultAction::Transfer { target }) => Some(target.clone()),
        _ => None,
    };
    Explanation {
        outcome: outcome(&decision.outcome),
        tenant: decision.tenant.name.clone(),
        mailbox: mailbox.map(|mailbox| mailbox.extension.to_string()),
        alias,
        handed_by: None,
        followed: Vec::new(),
        stays: None,
        transfer,
        decided_by: decision.source.as_str(),
        named: decision.found.clone(),
        tried: decision.tried.iter().map(step).collect(),
        reason: decision.reason.as_str(),
        caller: decision.caller.number.clone(),
        anonymous: decision.caller.anonymous,
        internal: decision.internal,
        greeting: mailbox.and(greeting).map(heard),
        answering: None,
        state: mailbox.map(|mailbox| state(mailbox, usage)),
        when_off: None,
    }
}

fn outcome(outcome: &Outcome) -> &'static str {
    match outcome {
        Outcome::Mailbox { .. } => "mailbox",
        Outcome::Login => "login",
        Outcome::Directory => "directory",
        Outcome::Default(DefaultAction::Transfer { .. }) => "transfer",
        // A default mailbox that exists has become `Outcome::Mailbox`.
        Outcome::Default(DefaultAction::Announce | DefaultAction::Mailbox { .. }) => "announce",
    }
}

fn step(tried: &super::Tried) -> Step {
    Step { source: tried.source.as_str(), found: tried.found.clone(), why: tried.miss.to_string() }
}

fn heard(choice: Choice) -> Heard {
    let (kind, id) = match choice.play {
        Play::Greeting { kind, id } => (kind.as_str(), Some(id.to_string())),
        Play::RecordedName(id) => ("recorded-name", Some(id.to_string())),
        Play::ExtensionNumber(_) => ("extension-number", None),
    };
    Heard { kind, id, why: choice.why }
}

fn state(mailbox: &Mailbox, usage: Usage) -> &'static str {
    match mailbox {
        mailbox if !mailbox.enabled => "disabled",
        mailbox if mailbox.announcement_only => "announcement-only",
        mailbox if mailbox.quota.is_full(usage) => "full",
        _ => "takes-messages",
    }
}

/// Plain lines for a terminal. What was never in the call is left out.
impl fmt::Display for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.mailbox, &self.transfer) {
            (Some(mailbox), _) => writeln!(f, "mailbox   {mailbox} of tenant {}", self.tenant)?,
            (None, Some(target)) => writeln!(f, "outcome   transfer to {target}, tenant {}", self.tenant)?,
            (None, None) => writeln!(f, "outcome   {}, tenant {}", self.outcome, self.tenant)?,
        }
        if let Some(alias) = &self.alias {
            writeln!(f, "called as {alias}")?;
        }
        if let Some(handed) = &self.handed_by {
            writeln!(f, "given by  {handed}")?;
        }
        for step in &self.followed {
            writeln!(f, "followed  {step}")?;
        }
        if let Some(stays) = &self.stays {
            writeln!(f, "but       {stays}: a message is taken where the call began")?;
        }
        match &self.named {
            Some(named) => writeln!(f, "because   {} names {named}", self.decided_by)?,
            None => writeln!(f, "because   no source names a mailbox: the tenant's default action")?,
        }
        let absent = Miss::Absent.to_string();
        for step in self.tried.iter().filter(|step| step.why != absent) {
            let found = step.found.as_deref().unwrap_or("-");
            writeln!(f, "not by    {} ({found}): {}", step.source, step.why)?;
        }
        writeln!(f, "reason    {}", self.reason)?;
        let caller =
            self.caller.as_deref().unwrap_or(if self.anonymous { "anonymous" } else { "unknown number" });
        writeln!(f, "caller    {caller}{}", if self.internal { ", a colleague" } else { "" })?;
        if let Some(answering) = &self.answering {
            write!(f, "{answering}")?;
        }
        if let Some(greeting) = &self.greeting {
            writeln!(f, "greeting  {}", greeting.why)?;
        }
        if let Some(state) = self.state {
            let off = match (self.when_off, &self.transfer) {
                (None, _) => String::new(),
                (Some(WhenOff::Announce), _) => ": an announcement says so".to_owned(),
                (Some(WhenOff::Unavailable), _) => ": nobody is there (480)".to_owned(),
                (Some(WhenOff::Decline), _) => ": declined (603)".to_owned(),
                (Some(WhenOff::Operator), Some(target)) => {
                    format!(": transferred to {target}, else an announcement")
                }
                (Some(WhenOff::Operator), None) => {
                    ": transferred to the operator of the server, else an announcement".to_owned()
                }
            };
            writeln!(f, "state     {state}{off}")?;
        }
        Ok(())
    }
}
