//! What the reception decided becomes the plan of a dialogue.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;

use crate::audio::Clip;
use crate::blob::spool::Head;
use crate::domain::answering::{AnswerBy, RuleActions};
use crate::domain::{DefaultAction, GreetingId, KeyTarget, Mailbox, RecordingId, RedirectReason, WhenOff};
use crate::flow::entrance::Entrance;
use crate::flow::leave::{Instructions, LeaveMessage, Mode, Plan};
use crate::flow::owner::Owner;
use crate::flow::phrases::builtin_greeting;
use crate::flow::transfer::TransferFirst;
use crate::flow::{Flow, Key, Utterance};
use crate::service::ladder::Play;
use crate::service::login::Source;
use crate::service::outbound::AllowedTargets;
use crate::service::reception::{Verdict, Visitor};
use crate::service::routing::Outcome;

use super::Desk;
use super::driver::owner::Gate;
use super::driver::{Kept, Purpose};

/// A dialogue, and what it needs from the call.
pub(super) struct Planned {
    pub(super) flow: Box<dyn Flow>,
    pub(super) purpose: Purpose,
}

/// Who is on the line, beside what the INVITE says.
pub(super) struct Line<'a> {
    pub(super) trunk: Option<&'a str>,
    pub(super) peer: IpAddr,
    /// The digest account that was proven.
    pub(super) identity: Option<&'a str>,
    /// The user part of From.
    pub(super) says: Option<String>,
}

/// The dialogue for what was decided.
pub(super) async fn plan(desk: &Desk, verdict: &Verdict, line: &Line<'_>) -> Planned {
    let decision = &verdict.decision;
    let mut gate = Gate {
        source: Source::new(line.peer, decision.caller.number.as_deref()),
        device: line.identity.map(str::to_owned),
        visitor: Visitor::of(verdict),
        operator: decision.tenant.operator.clone().or_else(|| desk.settings.operator.clone()),
        targets: desk.settings.targets(line.trunk, &line.peer.to_string()),
    };
    if let Outcome::Default(DefaultAction::Transfer { target }) = &decision.outcome {
        gate.operator = Some(target.clone());
    }
    let gate = Arc::new(gate);
    match &decision.outcome {
        Outcome::Login => sign_in(desk, verdict, gate, line).await,
        Outcome::Directory => {
            let profile = Arc::clone(&desk.settings.keys);
            let entrance = Entrance::directory(profile, allowed(&gate.targets, gate.operator.as_deref()));
            Planned { flow: Box::new(entrance), purpose: without_recording(gate) }
        }
        Outcome::Mailbox { mailbox, .. } => {
            let (mut plan, purpose) = of_mailbox(desk, verdict, mailbox, &gate).await;
            let transfer = plan.transfer.take();
            let extension = Some(mailbox.extension.clone());
            let profile = Arc::clone(&desk.settings.keys);
            let entrance = Entrance::new(LeaveMessage::new(plan), extension, profile);
            Planned { flow: first(transfer, entrance), purpose }
        }
        Outcome::Default(action) => without_mailbox(desk, action, gate).await,
    }
}

/// What callers of this mailbox get.
pub(super) async fn of_mailbox(
    desk: &Desk,
    verdict: &Verdict,
    mailbox: &Mailbox,
    gate: &Arc<Gate>,
) -> (Plan, Purpose) {
    let targets = gate.targets.clone();
    let language = mailbox.language.clone().unwrap_or_else(|| gate.visitor.tenant.language.clone());
    if verdict.answered.turned_away().is_some() {
        return (Plan::notice_only(Mode::TurnedAway, false), Purpose::bare(&language));
    }
    let rule = verdict.answered.rule.as_ref().map(|(_, rule)| &rule.then);
    let of_rule = rule.and_then(|rule| rule.operator.clone());
    let operator = of_rule.or_else(|| mailbox.operator.clone()).or_else(|| gate.operator.clone());
    let greeted = greeting(desk, verdict, mailbox).await;
    let may_leave = allowed(&targets, operator.as_deref());
    let mut plan = Plan::for_mailbox(mailbox, verdict.usage, greeted.words, greeted.own, may_leave);
    if mailbox.instructions && desk.settings.always_instruct {
        plan.instructions = Instructions::Always;
    }
    if plan.mode == Mode::TakeMessage && desk.spool.health().trouble.is_some() {
        plan.mode = Mode::TechnicalTrouble;
    }
    plan.sign_in = true;
    plan.keys = keys(mailbox, &targets, desk.settings.directory_key);
    if let Some(rule) = rule {
        follow(rule, &mut plan, &targets);
        plan.screens = verdict.answered.screens();
    }
    let target = match verdict.when_off() {
        Some(WhenOff::Operator) => gate.operator.as_deref(),
        // No rule leads from a mailbox that is off.
        Some(_) => None,
        None => verdict.led.transfer.as_deref(),
    };
    plan.transfer = target.and_then(|target| transfer(target, &targets));
    let kept = Kept { head: head(verdict, mailbox), min_speech: mailbox.min_speech };
    let gate = Some(Arc::clone(gate));
    let purpose = Purpose {
        kept: Some(kept),
        operator,
        targets,
        greetings: greeted.clips,
        gate,
        mailbox: Some(mailbox.extension.clone()),
        ..Purpose::bare(&language)
    };
    (plan, purpose)
}

/// The keys of a mailbox's callers. One whose target is not allowed (any more) does nothing.
fn keys(mailbox: &Mailbox, targets: &AllowedTargets, directory: Option<Key>) -> BTreeMap<Key, KeyTarget> {
    let usual = directory.map(|key| (key, KeyTarget::Directory));
    let own = mailbox.keys.iter().filter_map(|(key, target)| Some((Key::new(*key)?, target.clone())));
    let mut keys: BTreeMap<Key, KeyTarget> = usual.into_iter().chain(own).collect();
    keys.retain(|key, target| {
        let KeyTarget::Call(number) = target else { return true };
        let refused = targets.authorise(number).err();
        if let Some(why) = refused {
            tracing::warn!(mailbox = %mailbox.id, key = %key.char(), %why, "a key of a mailbox does nothing");
        }
        refused.is_none()
    });
    keys
}

/// What a rule changes about taking the message. A mailbox that is off or full stays so.
fn follow(rule: &RuleActions, plan: &mut Plan, targets: &AllowedTargets) {
    let ways = rule.keys.iter().filter(|way| allowed(targets, Some(&way.target)));
    let ways = ways.filter_map(|way| Some((Key::new(way.key)?, KeyTarget::Call(way.target.clone()))));
    plan.keys.extend(ways);
    match rule.answer {
        AnswerBy::Announcement if plan.mode == Mode::TakeMessage => plan.mode = Mode::AnnouncementOnly,
        AnswerBy::Tone if plan.mode == Mode::TakeMessage => {
            plan.greeting = None;
            plan.instructions = Instructions::Never;
        }
        _ => {}
    }
}

/// Where rules send the call, or the tenant's policy, if it may go there.
fn transfer(target: &str, targets: &AllowedTargets) -> Option<String> {
    if let Err(why) = targets.authorise(target) {
        tracing::warn!(%why, "a call may not be transferred where it should: it stays with the mailbox");
        return None;
    }
    Some(target.to_owned())
}

/// A call in which nothing is recorded until somebody signs in, or another mailbox takes it.
fn without_recording(gate: Arc<Gate>) -> Purpose {
    let (operator, targets) = (gate.operator.clone(), gate.targets.clone());
    let bare = Purpose::bare(&gate.visitor.tenant.language);
    Purpose { operator, targets, gate: Some(gate), ..bare }
}

/// An owner calls to hear messages. From the own phone only the PIN is asked for: the number is no proof, but it saves
/// typing the extension.
///
/// A device that proved an account by digest may be trusted to need no PIN; but only for a call of its own: an account that
/// many share (that of a phone system) opens nothing for a caller who is somebody else.
async fn sign_in(desk: &Desk, verdict: &Verdict, gate: Arc<Gate>, line: &Line<'_>) -> Planned {
    let own = match verdict.decision.caller.number.as_deref() {
        None => None,
        Some(number) => desk.owners.login.own(gate.tenant(), number).await.unwrap_or_else(|error| {
            tracing::warn!(%error, "the caller's own mailbox cannot be looked up: the extension is asked for");
            None
        }),
    };
    let (own, language) = own.map_or((None, None), |own| (Some(own.extension), own.language));
    let device = gate.device.as_deref();
    let trusts = match desk.owners.login.trusts(gate.tenant(), device).await {
        Some(mailbox) => own.as_ref() == Some(&mailbox) || line.says.as_deref() == device,
        None => false,
    };
    let flow = if trusts { Owner::recognised(own) } else { Owner::new(own) };
    let mut purpose = without_recording(gate);
    // From elsewhere the tenant's is spoken until the PIN is proven: it must not tell what is behind an extension.
    purpose.language = language.unwrap_or(purpose.language);
    Planned { flow: Box::new(flow), purpose }
}

/// No mailbox: an announcement, from which people can be found by name if there are any, or the tenant's default target.
async fn without_mailbox(desk: &Desk, action: &DefaultAction, gate: Arc<Gate>) -> Planned {
    let mut plan = Plan::notice_only(Mode::UnknownTarget, allowed(&gate.targets, gate.operator.as_deref()));
    let has_people = desk.owners.directory.has_people(gate.tenant()).await.unwrap_or_else(|error| {
        tracing::warn!(%error, "the directory cannot be looked at now: it is not offered");
        false
    });
    if has_people && let Some(key) = desk.settings.directory_key.or_else(|| Key::new('9')) {
        plan.keys.insert(key, KeyTarget::Directory);
    }
    let transfers = plan.operator && matches!(action, DefaultAction::Transfer { .. });
    let target = gate.operator.clone().filter(|_| transfers);
    let profile = Arc::clone(&desk.settings.keys);
    let entrance = Entrance::new(LeaveMessage::new(plan), None, profile);
    Planned { flow: first(target, entrance), purpose: without_recording(gate) }
}

/// The call goes to `target` first, if there is one.
fn first(target: Option<String>, entrance: Entrance) -> Box<dyn Flow> {
    match target {
        Some(target) => Box::new(TransferFirst::new(target, entrance)),
        None => Box::new(entrance),
    }
}

/// The dialogue when nothing can be found out about the call.
pub(super) fn trouble(desk: &Desk) -> Planned {
    let announcement = LeaveMessage::new(Plan::notice_only(Mode::TechnicalTrouble, false));
    Planned { flow: Box::new(announcement), purpose: Purpose::bare(&desk.settings.language) }
}

fn allowed(targets: &AllowedTargets, operator: Option<&str>) -> bool {
    operator.is_some_and(|operator| targets.authorise(operator).is_ok())
}

fn head(verdict: &Verdict, mailbox: &Mailbox) -> Head {
    let alias = match &verdict.decision.outcome {
        Outcome::Mailbox { alias, .. } => alias.clone(),
        Outcome::Login | Outcome::Directory | Outcome::Default(_) => None,
    };
    Head {
        id: RecordingId::from_uuid(uuid::Uuid::nil()),
        tenant: mailbox.tenant,
        mailbox: mailbox.id,
        caller: verdict.decision.caller.clone(),
        alias,
        reason: verdict.decision.reason,
        began_at: verdict.now,
        sample_rate: 0,
        draft: false,
        presence: verdict.presence_decided(),
    }
}

struct Greeted {
    words: Vec<Utterance>,
    own: bool,
    clips: Vec<(GreetingId, Arc<Clip>)>,
}

/// The greeting of the ladder; the built-in one where its audio cannot be had in time.
async fn greeting(desk: &Desk, verdict: &Verdict, mailbox: &Mailbox) -> Greeted {
    let busy = verdict.decision.reason == RedirectReason::UserBusy;
    let built_in = |name: Option<(GreetingId, Arc<Clip>)>| Greeted {
        words: builtin_greeting(&mailbox.extension, name.as_ref().map(|(id, _)| *id), busy),
        own: false,
        clips: name.into_iter().collect(),
    };
    let Some(choice) = verdict.greeting() else { return built_in(None) };
    tracing::debug!(greeting = %choice.why, "greeting chosen");
    let (id, is_whole) = match choice.play {
        Play::Greeting { id, .. } => (id, true),
        Play::RecordedName(id) => (id, false),
        Play::ExtensionNumber(_) => return built_in(None),
    };
    match load(desk, verdict, id).await {
        Some(clip) if is_whole => {
            Greeted { words: vec![Utterance::Greeting(id)], own: true, clips: vec![(id, clip)] }
        }
        Some(clip) => built_in(Some((id, clip))),
        None => {
            tracing::warn!(greeting = %id, "the greeting's audio cannot be had now: the built-in one is said");
            built_in(None)
        }
    }
}

async fn load(desk: &Desk, verdict: &Verdict, id: GreetingId) -> Option<Arc<Clip>> {
    let greeting = verdict.greetings.iter().find(|greeting| greeting.id == id)?;
    match tokio::time::timeout(super::GREETING_PATIENCE, desk.greetings.load(greeting)).await {
        Ok(Ok(clip)) => Some(clip),
        Ok(Err(error)) => {
            tracing::warn!(greeting = %id, %error, "a greeting cannot be loaded");
            None
        }
        Err(_) => None,
    }
}
