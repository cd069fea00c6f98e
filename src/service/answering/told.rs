//! Rules, lists and hours in words, for the command line, `explain` and pages.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::Serialize;

use super::{Answered, Asked, OfficeHours, decide, office_hours, until};
use crate::domain::answering::{
    AnswerBy, Arrangements, Conditions, PhoneSystem, RingTarget, Rule, RuleActions, ScreenedCaller,
    Screening, TurnAway,
};
use crate::domain::{Invalid, PresenceState, RedirectReason};

/// Words for reasons, beside those of RFC 5806.
const REASONS: [(&str, RedirectReason); 4] = [
    ("busy", RedirectReason::UserBusy),
    ("unanswered", RedirectReason::NoAnswer),
    ("offline", RedirectReason::Unavailable),
    ("dnd", RedirectReason::DoNotDisturb),
];

/// Every reason.
pub const ALL_REASONS: [RedirectReason; 11] = [
    RedirectReason::Unknown,
    RedirectReason::UserBusy,
    RedirectReason::NoAnswer,
    RedirectReason::Unavailable,
    RedirectReason::Unconditional,
    RedirectReason::Deflection,
    RedirectReason::TimeOfDay,
    RedirectReason::DoNotDisturb,
    RedirectReason::FollowMe,
    RedirectReason::Away,
    RedirectReason::OutOfService,
];

/// Reads a reason: `busy`, `unanswered`, `offline`, `dnd`, or a word of RFC 5806.
///
/// # Errors
/// [`Invalid`] with the words there are.
pub fn reason_of(text: &str) -> Result<RedirectReason, Invalid> {
    let short = REASONS.iter().find(|(word, _)| *word == text).map(|(_, reason)| *reason);
    let known = short.or_else(|| ALL_REASONS.into_iter().find(|reason| reason.as_str() == text));
    known.ok_or_else(|| {
        Invalid::new(
            "reason",
            text,
            "choose busy, unanswered, unconditional, offline, dnd, deflection, time-of-day, follow-me, away, \
             out-of-service or unknown",
        )
    })
}

/// The word of a reason, as [`reason_of`] reads it.
pub fn reason_word(reason: RedirectReason) -> &'static str {
    REASONS.iter().find(|(_, known)| *known == reason).map_or(reason.as_str(), |(word, _)| word)
}

/// What becomes of a call as a word, and where it is transferred: as [`answer_of`] reads it.
pub fn answer_word(answer: &AnswerBy) -> (&'static str, Option<&str>) {
    match answer {
        AnswerBy::Message => ("message", None),
        AnswerBy::Announcement => ("announcement", None),
        AnswerBy::Tone => ("tone", None),
        AnswerBy::TurnAway { with } => (with.as_str(), None),
        AnswerBy::Transfer { target } => ("transfer", Some(target)),
        AnswerBy::Voicemail { extension } => ("voicemail", Some(extension.as_str())),
    }
}

/// Reads what becomes of a call: `message`, `announcement`, `tone`, `transfer` with a target, `voicemail` with an
/// extension, or how it is turned away.
///
/// # Errors
/// [`Invalid`] with the words there are, that a transfer needs a target, or that nothing else has one.
pub fn answer_of(word: &str, target: &str) -> Result<AnswerBy, Invalid> {
    if !matches!(word, "transfer" | "voicemail") && !target.trim().is_empty() {
        let remedy = "only a transfer and a colleague's voicemail have a target: choose one of them, or leave the target empty";
        return Err(Invalid::new("target", target, remedy));
    }
    Ok(match word {
        "message" => AnswerBy::Message,
        "announcement" => AnswerBy::Announcement,
        "tone" => AnswerBy::Tone,
        "transfer" if target.trim().is_empty() => {
            return Err(Invalid::new("target", target, "say where the call is to be transferred"));
        }
        "transfer" => AnswerBy::Transfer { target: target.trim().to_owned() },
        "voicemail" if target.trim().is_empty() => {
            return Err(Invalid::new("target", target, "say whose voicemail takes the call: an extension"));
        }
        "voicemail" => AnswerBy::Voicemail { extension: target.trim().parse()? },
        way => AnswerBy::TurnAway {
            with: way.parse().map_err(|_| {
                let remedy =
                    "choose message, announcement, tone, transfer, voicemail, announce, busy, not-found or decline";
                Invalid::new("answer", way, remedy)
            })?,
        },
    })
}

/// What a list says of a caller as a word: `allow`, or how the caller is turned away.
pub const fn verdict_word(screening: Screening) -> &'static str {
    match screening {
        Screening::Allow => "allow",
        Screening::Block { with } => with.as_str(),
    }
}

/// Reads what a list says of a caller, as [`verdict_word`] writes it.
///
/// # Errors
/// [`Invalid`] with the words there are.
pub fn verdict_of(word: &str) -> Result<Screening, Invalid> {
    if word == "allow" {
        return Ok(Screening::Allow);
    }
    let with = word
        .parse::<TurnAway>()
        .map_err(|_| Invalid::new("verdict", word, "choose allow, announce, busy, not-found or decline"))?;
    Ok(Screening::Block { with })
}

/// When a rule holds: `within "Office hours", when busy, from +4930*`.
pub fn conditions(when: &Conditions, arrangements: &Arrangements) -> String {
    let mut parts = Vec::new();
    if let Some(within) = when.within {
        let name = arrangements.frame(within.frame).map_or("a time frame that is gone", |frame| &frame.name);
        parts.push(format!("{} {name:?}", if within.outside { "outside of" } else { "within" }));
    }
    if !when.presence.is_empty() {
        let words: Vec<String> = when.presence.iter().map(|state| format!("{:?}", state.title())).collect();
        parts.push(format!("while {}", words.join(" or ")));
    }
    if !when.reasons.is_empty() {
        let words: Vec<&str> = when.reasons.iter().map(|reason| reason_word(*reason)).collect();
        parts.push(format!("when {}", words.join(" or ")));
    }
    if !when.callers.is_empty() {
        let words: Vec<String> = when.callers.iter().map(ToString::to_string).collect();
        parts.push(format!("from {}", words.join(" or ")));
    }
    if parts.is_empty() { "always".to_owned() } else { parts.join(", ") }
}

/// What a rule does to calls that reach us, a line each.
pub fn acts(then: &RuleActions) -> Vec<String> {
    let mut lines = Vec::new();
    match &then.answer {
        AnswerBy::Message => {}
        AnswerBy::Announcement => lines.push("plays the greeting and takes no message".to_owned()),
        AnswerBy::Tone => lines.push("the tone comes at once".to_owned()),
        AnswerBy::TurnAway { with } => lines.push(turned_away(*with).to_owned()),
        AnswerBy::Transfer { target } => lines.push(format!("transfers to {target}, else takes a message")),
        AnswerBy::Voicemail { extension } => lines.push(format!("goes to the voicemail of {extension}")),
    }
    lines.extend(then.greeting.map(|kind| format!("plays the {kind} greeting")));
    lines.extend(then.operator.as_ref().map(|target| format!("0 leads to {target}")));
    lines.extend(then.keys.iter().map(|key| format!("{} leads to {}", key.key, key.target)));
    lines
}

/// What a rule wants of the phone system, a line each. Of this, only the name that a message begins with is ours.
pub fn phone_system(phones: &PhoneSystem) -> Vec<String> {
    let mut lines = wanted(phones);
    if phones.screening {
        lines.push(
            "who is to leave a message is asked for a name, with which it begins (acts here)".to_owned(),
        );
    }
    lines
}

/// What a rule wants of the phone system for this caller. Who is let through is spared screening and "do not disturb"
/// (002-028).
fn wanted_for(answered: &Answered, rule: &Rule) -> Vec<String> {
    let phones = &rule.then.phones;
    if !answered.is_allowed() {
        return phone_system(phones);
    }
    let spared = |what: &str| format!("{what}: not for this caller, whom a list lets through");
    let dnd = phones.dnd.then(|| spared("do not disturb"));
    let screening = phones.screening.then(|| spared("call screening"));
    let others = PhoneSystem { dnd: false, screening: false, ..phones.clone() };
    dnd.into_iter().chain(screening).chain(wanted(&others)).collect()
}

/// What the phone system alone carries out. We only keep it.
fn wanted(phones: &PhoneSystem) -> Vec<String> {
    let mut lines = Vec::new();
    let mut add = |line: Option<String>| lines.extend(line);
    add(phones.dnd.then(|| "do not disturb".to_owned()));
    add(phones.screening.then(|| "callers say their name and the owner decides".to_owned()));
    add(phones.ring_s.map(|seconds| format!("rings for {seconds} s")));
    add(phones.ring_count.map(|count| format!("rings {count} time{}", if count == 1 { "" } else { "s" })));
    for (whom, cadence) in [("colleagues", phones.cadence_internal), ("all others", phones.cadence_external)]
    {
        add(cadence.map(|cadence| format!("rings {} for {whom}", cadence.as_str())));
    }
    let forwards = [
        ("always", &phones.forward_always),
        ("when busy", &phones.forward_busy),
        ("when unanswered", &phones.forward_unanswered),
        ("when offline", &phones.forward_offline),
    ];
    for (when, target) in forwards {
        add(target.as_ref().map(|target| format!("forwards {when} to {target}")));
    }
    add(phones.only_extension.then(|| "only the own extension rings".to_owned()));
    add(phones.all_phones.then(|| "every phone of the user rings".to_owned()));
    for RingTarget { target, delay_s, confirm } in &phones.simring {
        let later = if *delay_s == 0 { String::new() } else { format!(", after {delay_s} s") };
        let pressed = if *confirm { ", and who answers presses 1" } else { "" };
        add(Some(format!("rings {target} as well{later}{pressed}")));
    }
    lines.into_iter().map(|line| format!("{line} (acts in the phone system)")).collect()
}

const fn turned_away(with: TurnAway) -> &'static str {
    match with {
        TurnAway::Announce => "turned away by an announcement",
        TurnAway::Busy => "turned away as busy (486)",
        TurnAway::NotFound => "turned away as an unknown number (404)",
        TurnAway::Decline => "turned away as declined (603)",
    }
}

/// How a call is answered, in words. Personal, as it repeats numbers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AnsweringTold {
    /// The line of a list that names the caller, and what follows.
    pub screened: Option<String>,
    /// `open`, `closed` or `holiday`; `None` where no time frame says so.
    pub hours: Option<&'static str>,
    /// Why it is closed, or which holiday it is.
    pub hours_why: Option<String>,
    /// Until when.
    pub hours_until: Option<Timestamp>,
    /// What the owner says of themselves, unless in the office.
    pub presence: Option<PresenceState>,
    /// Until when.
    pub presence_until: Option<Timestamp>,
    /// Name of the rule that holds; `None`: the mailbox's default.
    pub rule: Option<String>,
    /// Its place, from 1 on.
    pub rule_place: Option<usize>,
    /// When it holds.
    pub rule_why: Option<String>,
    /// Until when this call would get the same rule (or none).
    pub rule_until: Option<Timestamp>,
    /// What it does.
    pub does: Vec<String>,
    /// What it wants of the phone system for this caller.
    pub phone_system: Vec<String>,
    #[serde(skip)]
    zone: TimeZone,
}

impl AnsweringTold {
    /// Tells of a decision.
    pub fn new(arrangements: &Arrangements, asked: &Asked<'_>, answered: &Answered) -> Self {
        let Answered { screened, rule, hours } = answered;
        let state = |hours: &OfficeHours| match hours {
            OfficeHours { holiday: Some(_), .. } => "holiday",
            OfficeHours { closed: Some(_), .. } => "closed",
            _ => "open",
        };
        // Whom a list turns away meets no rule.
        let rule = rule.as_ref().filter(|_| !answered.is_blocked());
        let presence = arrangements.presence.now(asked.now);
        let same_hours = |at| state(&office_hours(arrangements, asked.zone, at));
        let same_rule = |now| decide(arrangements, &Asked { now, ..*asked }).rule.map(|(place, _)| place);
        Self {
            screened: screened.as_ref().map(listed),
            hours: hours.kept.then(|| state(hours)),
            hours_why: hours.closed.clone(),
            hours_until: until(arrangements, asked.zone, asked.now, same_hours),
            presence: Some(presence.state).filter(|state| *state != PresenceState::InOffice),
            presence_until: presence.until,
            rule: rule.map(|(_, rule)| rule.name.clone()),
            rule_place: rule.map(|(place, _)| *place),
            rule_why: rule.map(|(_, rule)| conditions(&rule.when, arrangements)),
            rule_until: until(arrangements, asked.zone, asked.now, same_rule)
                .filter(|_| !answered.is_blocked()),
            does: rule.map(|(_, rule)| acts(&rule.then)).unwrap_or_default(),
            phone_system: rule.map(|(_, rule)| wanted_for(answered, rule)).unwrap_or_default(),
            zone: asked.zone.clone(),
        }
    }
}

fn listed(line: &ScreenedCaller) -> String {
    let whose = if line.mailbox.is_some() { "the mailbox's list" } else { "the tenant's list" };
    let note = line.note.as_ref().map(|note| format!(", {note}")).unwrap_or_default();
    match line.screening {
        Screening::Allow => format!("let through by {whose} ({}{note})", line.pattern),
        Screening::Block { with } => {
            format!("blocked by {whose} ({}{note}): {}", line.pattern, turned_away(with))
        }
    }
}

/// Plain lines for a terminal; nothing where nothing was set up.
impl std::fmt::Display for AnsweringTold {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let until = |at: &Option<Timestamp>| match at {
            Some(at) => format!(", until {}", at.to_zoned(self.zone.clone()).strftime("%Y-%m-%d %H:%M %Z")),
            None => String::new(),
        };
        if let Some(screened) = &self.screened {
            writeln!(f, "list      {screened}")?;
        }
        if let Some(hours) = self.hours {
            let why = self.hours_why.as_ref().map(|why| format!(" ({why})")).unwrap_or_default();
            writeln!(f, "hours     {hours}{why}{}", until(&self.hours_until))?;
        }
        if let Some(presence) = self.presence {
            writeln!(f, "presence  {}{}", presence.title(), until(&self.presence_until))?;
        }
        if let (Some(rule), Some(place), Some(why)) = (&self.rule, self.rule_place, &self.rule_why) {
            writeln!(f, "rule      {place}. {rule:?}: {why}{}", until(&self.rule_until))?;
        }
        for line in &self.does {
            writeln!(f, "          {line}")?;
        }
        for line in &self.phone_system {
            writeln!(f, "phones    {line}")?;
        }
        Ok(())
    }
}
