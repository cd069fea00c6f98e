//! What would happen to a call, as pages show it: which mailbox, which list, hours and rule, what the caller hears in order,
//! and what comes next. The decision itself is `service::reception`'s, the same as for a real call.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::domain::answering::{AnswerBy, TurnAway};
use crate::domain::{RedirectReason, WhenOff};
use crate::service::access::{Act, Reach};
use crate::service::answering::reason_word;
use crate::service::reception::Verdict;
use crate::service::routing::Explanation;
use crate::sip::uri::NameAddr;
use crate::sip::{CallFacts, Party};

use super::Site;
use super::answering::Refused;
use super::portal::{trouble, words};
use super::visitor::Visitor;

/// Changes to come that are told.
const MOST_STEPS: usize = 5;

/// The call that is asked about.
#[derive(Debug, Clone, Default)]
pub(super) struct Question {
    pub(super) to: String,
    pub(super) from: String,
    /// As the phone system sends it.
    pub(super) diversion: String,
    /// Why the call comes, where no diversion says it.
    pub(super) reason: Option<RedirectReason>,
    /// `None`: now.
    pub(super) at: Option<Timestamp>,
}

/// The answer.
pub(super) struct Told {
    pub(super) call: Explanation,
    /// When, in the mailbox's zone.
    pub(super) at: String,
    pub(super) reason: &'static str,
    /// The line of a list that names the caller, and what follows.
    pub(super) screened: Option<String>,
    /// That line turns the caller away: no rule is asked.
    pub(super) is_blocked: bool,
    /// The pages of the mailbox, where they are the visitor's to see.
    pub(super) href: Option<String>,
    /// The rule's page.
    pub(super) rule_href: Option<String>,
    /// Why the call stays where it began, in spite of its rule.
    pub(super) stays: Option<String>,
    /// One after the other.
    pub(super) hears: Vec<String>,
    /// From when, and what such a call gets then.
    pub(super) later: Vec<(String, String)>,
    pub(super) hours_until: Option<String>,
    pub(super) rule_until: Option<String>,
    pub(super) presence_until: Option<String>,
}

/// Answers it, as far as it is the visitor's tenant's.
pub(super) async fn explained(site: &Site, visitor: &Visitor, question: &Question) -> Result<Told, Refused> {
    let facts = facts(site, visitor, question).await?;
    let at = question.at.unwrap_or_else(|| site.web.clock.now());
    let verdict = decide(site, &facts, at).await?;
    // What calls of other tenants get is theirs.
    let is_own = verdict.decision.tenant.id == visitor.actor.tenant;
    if !is_own && visitor.actor.reach(Act::Explain) < Reach::All {
        return Err(Refused::Mend(
            "Such a call is for another tenant of this server: add your own domain to the address."
                .to_owned(),
        ));
    }
    let zone = verdict.zone();
    let mut call = verdict.explain();
    if visitor.actor.reach(Act::SettingsRead) <= Reach::Own {
        // How colleagues name their rules is theirs.
        call.followed.iter_mut().skip(1).for_each(|step| step.rule = None);
    }
    let until = |at: Option<Timestamp>| at.map(|at| words::exactly(at, &zone));
    let answering = call.answering.as_ref();
    let rule = verdict.answered.rule.as_ref().filter(|_| !verdict.answered.is_blocked());
    let mailbox = verdict.mailbox().filter(|_| is_own);
    let href = mailbox.map(|mailbox| format!("{}/answering/{}", site.base, mailbox.id));
    Ok(Told {
        at: words::exactly(at, &zone),
        reason: reason_word(verdict.decision.reason),
        screened: answering.and_then(|told| told.screened.as_deref()).map(words::begun),
        is_blocked: verdict.answered.is_blocked(),
        rule_href: href.as_ref().zip(rule).map(|(href, (_, rule))| format!("{href}/rules/{}", rule.id)),
        href,
        stays: call.stays.as_deref().map(words::begun),
        hears: hears(&verdict, &call),
        later: later(site, &facts, at, &verdict, &zone).await?,
        hours_until: until(answering.and_then(|told| told.hours_until)),
        rule_until: until(answering.and_then(|told| told.rule_until)),
        presence_until: until(answering.and_then(|told| told.presence_until)),
        call,
    })
}

async fn decide(site: &Site, facts: &CallFacts, at: Timestamp) -> Result<Verdict, Refused> {
    let decided = site.web.services.reception.decide(facts, None, at).await;
    decided.map_err(|error| Refused::from(trouble(&error)))
}

async fn facts(site: &Site, visitor: &Visitor, question: &Question) -> Result<CallFacts, Refused> {
    let tenant = site.web.services.people.tenant(visitor.actor.tenant).await;
    let tenant = tenant.map_err(|error| Refused::from(trouble(&error)))?;
    let home = tenant.domains.first().map_or("here.invalid", String::as_str);
    let party = |text: &str| {
        let text = text.trim();
        let text = match text {
            "" | "anonymous" => "sip:anonymous@anonymous.invalid",
            text => text,
        };
        // A bare number is what people type.
        let plain: String = text.chars().filter(|c| !matches!(c, ' ' | '-' | '(' | ')' | '/')).collect();
        let text = if text.contains(':') { text.to_owned() } else { format!("sip:{plain}@{home}") };
        NameAddr::parse(&text).map(|read| Party { name: read.name, uri: read.uri }).map_err(|_| {
            Refused::Mend(format!("“{text}” is no address: write a number, or sip:1001@pbx.example.org."))
        })
    };
    let to = party(&question.to)?;
    let diversion = match (question.diversion.trim(), question.reason) {
        ("", Some(reason)) => vec![format!("<{}>;reason={}", to.uri, reason.as_str())],
        ("", None) => Vec::new(),
        (given, _) => vec![given.to_owned()],
    };
    let request_uri = to.uri.clone();
    Ok(CallFacts { request_uri, to, from: party(&question.from)?, diversion, ..CallFacts::default() })
}

/// What the caller meets, one after the other.
fn hears(verdict: &Verdict, call: &Explanation) -> Vec<String> {
    let Some(mailbox) = verdict.mailbox() else {
        return vec![match call.outcome {
            "login" => "The owner's sign-in by number and PIN".to_owned(),
            "directory" => "The directory of names".to_owned(),
            "transfer" => format!("A transfer to {}", call.transfer.as_deref().unwrap_or("nowhere")),
            _ => "An announcement that there is no such mailbox; then the call ends".to_owned(),
        }];
    };
    if let Some(with) = verdict.answered.turned_away() {
        return vec![match with {
            TurnAway::Announce => "An announcement that the call is not taken; then the call ends".to_owned(),
            TurnAway::Busy => "A busy tone of the own phone system (486)".to_owned(),
            TurnAway::NotFound => "That nobody has this number (404)".to_owned(),
            TurnAway::Decline => "That the call was declined (603)".to_owned(),
        }];
    }
    let mut steps = Vec::new();
    let answer = verdict.answered.rule.as_ref().map(|(_, rule)| &rule.then.answer);
    match call.when_off {
        Some(WhenOff::Unavailable) => return vec!["That nobody is there (480)".to_owned()],
        Some(WhenOff::Decline) => return vec!["That the call was declined (603)".to_owned()],
        Some(WhenOff::Operator) if call.transfer.is_none() => {
            steps.push(
                "A transfer to the operator of the server, if there is one; when nobody takes it, what follows"
                    .to_owned(),
            );
        }
        _ => {}
    }
    if let Some(target) = call.transfer.as_deref() {
        steps.push(format!("A transfer to {target}; when nobody takes it, what follows"));
    }
    if call.state == Some("disabled") {
        steps.push("That this mailbox takes no messages; then the call ends".to_owned());
        return steps;
    }
    if call.state == Some("takes-messages") && verdict.answered.screens() {
        steps.push("A question for the own name, with which the message begins".to_owned());
    }
    if let Some(greeting) = &call.greeting {
        steps.push(match greeting.kind {
            "recorded-name" => "A built-in greeting with the recorded name".to_owned(),
            "extension-number" => "A built-in greeting with the number of the mailbox".to_owned(),
            kind => format!("The {kind} greeting"),
        });
    }
    match call.state {
        Some("full") => steps.push("That the mailbox is full; then the call ends".to_owned()),
        Some("announcement-only") => steps.push("The end of the call: no message is taken".to_owned()),
        _ => {
            if mailbox.instructions && !matches!(answer, Some(AnswerBy::Tone)) {
                steps.push("How to leave a message".to_owned());
            }
            let minutes = mailbox.max_message.as_secs().div_ceil(60);
            steps.push(format!("The tone; then up to {minutes} min are recorded"));
        }
    }
    steps
}

/// What such a call would get later, as far as time alone changes it.
async fn later(
    site: &Site,
    facts: &CallFacts,
    at: Timestamp,
    verdict: &Verdict,
    zone: &TimeZone,
) -> Result<Vec<(String, String)>, Refused> {
    let mut told = Vec::new();
    // Time changes nothing for whom a list turns away.
    let mut now = next(&verdict.explain(), at).filter(|_| !verdict.answered.is_blocked());
    while let Some(at) = now.filter(|_| told.len() < MOST_STEPS) {
        let then = decide(site, facts, at).await?;
        let call = then.explain();
        let hours = call.answering.as_ref().and_then(|told| told.hours);
        let rule = match &then.answered.rule {
            Some((place, rule)) => format!("rule {place} “{}”", rule.name),
            None => "no rule: the mailbox answers as usual".to_owned(),
        };
        let hours = hours.map(|hours| format!("{hours}; ")).unwrap_or_default();
        told.push((words::exactly(at, zone), format!("{hours}{rule}")));
        now = next(&call, at);
    }
    Ok(told)
}

fn next(call: &Explanation, now: Timestamp) -> Option<Timestamp> {
    let told = call.answering.as_ref()?;
    [told.hours_until, told.rule_until, told.presence_until]
        .into_iter()
        .flatten()
        .filter(|at| *at > now)
        .min()
}
