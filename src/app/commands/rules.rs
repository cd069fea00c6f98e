//! `aftertone rule …` and `aftertone block …`.

use serde_json::{Value, json};

use crate::domain::answering::{
    AnswerBy, Arrangements, CallerPattern, Conditions, KeyTarget, PhoneSystem, RingTarget, RuleActions,
    Screening, WithinFrame,
};
use crate::domain::{Extension, Tenant};
use crate::service::answering::{
    AnsweringError, Lists, NewRule, Rules, Standing, acts, conditions, phone_system, reason_of,
};
use crate::service::time_frames::TimeFrames;

use super::super::Failure;
use super::super::base::Base;
use super::super::cli::{BlockCommand, RuleAdd, RuleCommand, RulePhones, RuleThen};
use super::super::config::parse_duration;
use super::frames::owner;
use super::messages::time;
use super::{ACTOR, Session, extension, print, read};

pub(super) async fn rule(session: &Session, command: RuleCommand) -> Result<(), Failure> {
    let (base, tenant) = session.open().await?;
    let rules =
        Rules::new(base.store.clone(), session.clock.clone(), session.config.transfer_targets()).by(ACTOR);
    match command {
        RuleCommand::Add(add) => add_rule(session, &base, &tenant, &rules, *add).await?,
        RuleCommand::List { mailbox, at, json } => {
            let at = at.as_deref().map(time).transpose()?.unwrap_or_else(|| session.clock.now());
            list(&base, &tenant, &rules, &extension(&mailbox)?, at, json.json).await?;
        }
        RuleCommand::Move { name, mailbox, to } => {
            let place = rules.move_to(tenant.id, &extension(&mailbox)?, &name, to).await?;
            println!("rule {name:?} has place {place} now");
        }
        RuleCommand::Switch { name, mailbox, on } => {
            rules.switch(tenant.id, &extension(&mailbox)?, &name, on).await?;
            println!("rule {name:?} is {}", if on { "on" } else { "off" });
        }
        RuleCommand::Remove { name, mailbox } => {
            rules.remove(tenant.id, &extension(&mailbox)?, &name).await?;
            println!("removed rule {name:?}");
        }
        RuleCommand::Check { mailbox } => check(session, &base, &tenant, &rules, mailbox).await?,
    }
    Ok(())
}

async fn add_rule(
    session: &Session,
    base: &Base,
    tenant: &Tenant,
    rules: &Rules,
    add: RuleAdd,
) -> Result<(), Failure> {
    let mailbox = extension(&add.mailbox)?;
    let outside = add.outside.is_some();
    let within = match add.within.or(add.outside) {
        None => None,
        Some(name) => {
            let frames = TimeFrames::new(base.store.clone(), session.clock.clone());
            let frame = frames.find(tenant.id, Some(&mailbox), &name).await?.id;
            Some(WithinFrame { frame, outside })
        }
    };
    let usage = |error: crate::domain::Invalid| Failure::usage(error.to_string());
    let reasons = add.reason.iter().map(|text| reason_of(text).map_err(usage)).collect::<Result<_, _>>()?;
    let presence = add.presence.iter().map(|text| read(text)).collect::<Result<_, _>>()?;
    let callers = add.from.iter().map(|text| given(session, text)).collect::<Result<_, _>>()?;
    let new = NewRule {
        name: add.name.clone(),
        enabled: !add.off,
        when: Conditions { within, presence, reasons, callers },
        then: actions(add.then, add.phones)?,
        place: add.place,
        replace: add.replace,
    };
    let warning = rules.add(tenant.id, &mailbox, new).await?;
    println!("kept rule {:?} of mailbox {mailbox}", add.name.trim());
    if let Some(warning) = warning {
        println!("warning: {warning}");
    }
    Ok(())
}

fn actions(then: RuleThen, phones: RulePhones) -> Result<RuleActions, Failure> {
    let answer = if then.announcement_only {
        AnswerBy::Announcement
    } else if then.straight_to_tone {
        AnswerBy::Tone
    } else if let Some(how) = &then.turn_away {
        AnswerBy::TurnAway { with: read(how)? }
    } else if let Some(target) = then.transfer {
        AnswerBy::Transfer { target }
    } else if let Some(colleague) = &then.voicemail {
        AnswerBy::Voicemail { extension: extension(colleague)? }
    } else {
        AnswerBy::Message
    };
    Ok(RuleActions {
        answer,
        greeting: then.greeting.as_deref().map(read).transpose()?,
        operator: then.operator,
        keys: then.key.iter().map(|text| key_target(text)).collect::<Result<_, _>>()?,
        phones: PhoneSystem {
            dnd: phones.dnd,
            screening: phones.screening,
            ring_s: phones.ring.as_deref().map(seconds).transpose()?,
            ring_count: phones.rings,
            cadence_internal: phones.cadence_internal.as_deref().map(read).transpose()?,
            cadence_external: phones.cadence_external.as_deref().map(read).transpose()?,
            forward_always: phones.forward_always,
            forward_busy: phones.forward_busy,
            forward_unanswered: phones.forward_unanswered,
            forward_offline: phones.forward_offline,
            simring: phones.simring.iter().map(|text| ring(text)).collect::<Result<_, _>>()?,
            ..PhoneSystem::default()
        },
    })
}

fn key_target(text: &str) -> Result<KeyTarget, Failure> {
    let wrong = || Failure::usage(format!("{text:?} is no key with a target: write 1=+15550100"));
    let (key, target) = text.split_once('=').ok_or_else(wrong)?;
    let mut keys = key.trim().chars();
    match (keys.next(), keys.next()) {
        (Some(key), None) => Ok(KeyTarget { key, target: target.trim().to_owned() }),
        _ => Err(wrong()),
    }
}

fn seconds(text: &str) -> Result<u16, Failure> {
    let seconds = parse_duration(text).and_then(|time| u16::try_from(time.as_secs()).ok());
    seconds.ok_or_else(|| Failure::usage(format!("{text:?} is no duration: write 20s")))
}

/// `TARGET` or `TARGET/10s`.
fn ring(text: &str) -> Result<RingTarget, Failure> {
    match text.rsplit_once('/') {
        Some((target, delay)) => {
            Ok(RingTarget { target: target.to_owned(), delay_s: seconds(delay)?, confirm: false })
        }
        None => Ok(RingTarget { target: text.to_owned(), delay_s: 0, confirm: false }),
    }
}

async fn list(
    base: &Base,
    tenant: &Tenant,
    rules: &Rules,
    mailbox: &Extension,
    at: jiff::Timestamp,
    as_json: bool,
) -> Result<(), Failure> {
    let standings = rules.list(tenant.id, mailbox, at).await?;
    let found = base.store.mailbox_by_extension(tenant.id, mailbox).await?;
    let arrangements = match found {
        Some(found) => base.store.arrangements(tenant.id, found.id).await?,
        None => Arrangements::default(),
    };
    let is_default = !standings.iter().any(|standing| standing.active);
    let mut rows: Vec<Value> =
        (1..).zip(&standings).map(|(place, standing)| row(place, standing, &arrangements)).collect();
    // 002-057: the last one is always there and cannot be removed.
    rows.push(json!({"place": Value::Null, "name": "default", "enabled": true, "active": is_default,
        "when": "otherwise", "does": ["the mailbox's own greeting and settings"], "phone_system": []}));
    let columns = ["place", "name", "enabled", "active", "until", "when", "does", "phone_system", "warning"];
    print::rows(as_json, &columns, &rows);
    Ok(())
}

fn row(place: usize, standing: &Standing, arrangements: &Arrangements) -> Value {
    let Standing { rule, in_time, active, until, warning } = standing;
    json!({
        "id": rule.id,
        "place": place,
        "name": rule.name,
        "enabled": rule.enabled,
        "in_time": in_time,
        "active": active,
        "until": until,
        "when": conditions(&rule.when, arrangements),
        "does": acts(&rule.then),
        "phone_system": phone_system(&rule.then.phones),
        "warning": warning.as_ref().map(ToString::to_string),
    })
}

async fn check(
    session: &Session,
    base: &Base,
    tenant: &Tenant,
    rules: &Rules,
    mailbox: Option<String>,
) -> Result<(), Failure> {
    let mailboxes: Vec<Extension> = match mailbox {
        Some(mailbox) => vec![extension(&mailbox)?],
        None => {
            let users = base.store.users(tenant.id).await?;
            users.into_iter().filter_map(|(_, mailbox)| mailbox.map(|mailbox| mailbox.extension)).collect()
        }
    };
    let (mut never, mut nowhere, mut silent) = (0, 0, 0);
    for mailbox in &mailboxes {
        for standing in rules.list(tenant.id, mailbox, session.clock.now()).await? {
            if let Some(warning) = standing.warning {
                println!("mailbox {mailbox}, rule {:?}: {warning}", standing.rule.name);
                let count = match &warning {
                    warning if warning.is_never() => &mut never,
                    warning if warning.leads_nowhere() => &mut nowhere,
                    _ => &mut silent,
                };
                *count += 1;
            }
        }
    }
    let told = |count: usize, one: &str, many: &str| match count {
        0 => None,
        1 => Some(format!("1 rule {one}")),
        count => Some(format!("{count} rules {many}")),
    };
    let wrong = [
        told(never, "can never be reached", "can never be reached"),
        told(nowhere, "leads nowhere", "lead nowhere"),
        told(silent, "plays a greeting that there is not", "play a greeting that there is not"),
    ];
    let wrong: Vec<String> = wrong.into_iter().flatten().collect();
    if wrong.is_empty() {
        println!("every rule can be reached, and leads somewhere");
        return Ok(());
    }
    Err(Failure::refused(wrong.join(", and ")))
}

/// A caller as somebody types one.
fn given(session: &Session, text: &str) -> Result<CallerPattern, Failure> {
    let abroad = session.config.rules().abroad();
    CallerPattern::given(text, &abroad).map_err(|error| Failure::usage(error.to_string()))
}

/// What becomes of who is on a list.
const fn fate(screening: Screening) -> &'static str {
    match screening {
        Screening::Allow => "let through",
        Screening::Block { .. } => "turned away",
    }
}

pub(super) async fn block(session: &Session, command: BlockCommand) -> Result<(), Failure> {
    let (base, tenant) = session.open().await?;
    let lists = Lists::new(base.store.clone(), session.clock.clone()).by(ACTOR);
    match command {
        BlockCommand::Add { caller, allow, how, note, whose } => {
            let pattern = given(session, &caller)?;
            let screening = if allow { Screening::Allow } else { Screening::Block { with: read(&how)? } };
            let told = pattern.to_string();
            let of = owner(&whose)?;
            let (was, _) = lists.put(tenant.id, of.as_ref(), pattern, screening, note.as_deref()).await?;
            println!("{told} is {} now", fate(screening));
            if let Some(was) = was.filter(|was| was.screening != screening) {
                println!("it was {} before: a caller is in a list once", fate(was.screening));
            }
        }
        BlockCommand::List { whose, json } => {
            let lines = lists.list(tenant.id, owner(&whose)?.as_ref()).await?;
            let row = |line: &crate::domain::answering::ScreenedCaller| {
                let verdict = match line.screening {
                    Screening::Allow => "allow",
                    Screening::Block { with } => with.as_str(),
                };
                let of = if line.mailbox.is_some() { "mailbox" } else { "tenant" };
                json!({"caller": line.pattern, "verdict": verdict, "of": of, "note": line.note})
            };
            let rows: Vec<Value> = lines.iter().map(row).collect();
            print::rows(json.json, &["caller", "verdict", "of", "note"], &rows);
        }
        BlockCommand::Remove { caller, whose } => {
            let (of, mut pattern) = (owner(&whose)?, read(&caller)?);
            // As it stands in the list, else as it would be kept today.
            match lists.remove(tenant.id, of.as_ref(), &pattern).await {
                Err(AnsweringError::NoCaller(_)) => {
                    pattern = given(session, &caller)?;
                    lists.remove(tenant.id, of.as_ref(), &pattern).await?;
                }
                removed => removed?,
            }
            println!("{pattern} is on the list no more");
        }
    }
    Ok(())
}
