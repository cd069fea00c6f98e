//! What the reception decided becomes the plan of a dialogue.

use std::time::Duration;

use crate::blob::spool::Head;
use crate::domain::{DefaultAction, GreetingId, Mailbox, RecordingId, RedirectReason, Tenant, ToneChoice};
use crate::flow::leave::{Instructions, LeaveMessage, Mode, Plan};
use crate::flow::phrases::builtin_greeting;
use crate::flow::transfer::TransferFirst;
use crate::flow::{Flow, RecordLimits, Utterance};
use crate::service::ladder::Play;
use crate::service::outbound::AllowedTargets;
use crate::service::reception::Verdict;
use crate::service::routing::Outcome;

use super::Desk;
use super::driver::{Kept, Purpose};

/// The warning tone sounds this long before the limit.
const WARN_BEFORE: Duration = Duration::from_secs(10);

/// A dialogue, and what it needs from the call.
pub(super) struct Planned {
    pub(super) flow: Box<dyn Flow>,
    pub(super) purpose: Purpose,
}

/// Who is on the line, beside what the INVITE says.
pub(super) struct Line<'a> {
    pub(super) trunk: Option<&'a str>,
    pub(super) peer: String,
}

/// The dialogue for what was decided.
pub(super) async fn plan(desk: &Desk, verdict: &Verdict, line: &Line<'_>) -> Planned {
    let tenant = &verdict.decision.tenant;
    let targets = desk.settings.targets(line.trunk, &line.peer);
    let usual = desk.settings.operator.clone().or_else(|| tenant.operator.clone());
    let Some(mailbox) = verdict.mailbox() else {
        return without_mailbox(&verdict.decision.outcome, tenant, usual, targets);
    };
    let operator = mailbox.operator.clone().or(usual);
    let greeting = greeting(desk, verdict, mailbox).await;
    let plan = Plan {
        mode: mode(desk, verdict, mailbox),
        own_greeting: greeting.own,
        greeting: Some(greeting.words),
        instructions: match (mailbox.instructions, desk.settings.always_instruct) {
            (false, _) => Instructions::Never,
            (true, true) => Instructions::Always,
            (true, false) => Instructions::UnlessOwnGreeting,
        },
        tone: mailbox.tone,
        limits: RecordLimits { max: mailbox.max_message, silence: mailbox.silence, warn_before: WARN_BEFORE },
        min_speech: mailbox.min_speech,
        keep_no_speech: mailbox.keep_no_speech,
        operator: allowed(&targets, operator.as_deref()),
    };
    let language = mailbox.language.clone().unwrap_or_else(|| tenant.language.clone());
    let kept = Kept { head: head(verdict, mailbox), min_speech: mailbox.min_speech };
    let purpose = Purpose { kept: Some(kept), operator, targets, language };
    Planned { flow: Box::new(LeaveMessage::new(plan)), purpose }
}

/// No mailbox: an announcement, or the tenant's default target.
fn without_mailbox(outcome: &Outcome, tenant: &Tenant, usual: Option<String>, targets: AllowedTargets) -> Planned {
    let (mode, operator, transfer) = match outcome {
        Outcome::Default(DefaultAction::Transfer { target }) => (Mode::UnknownTarget, Some(target.clone()), true),
        Outcome::Login => (Mode::SignInUnavailable, usual, false),
        Outcome::Mailbox { .. } | Outcome::Default(_) => (Mode::UnknownTarget, usual, false),
    };
    let plan = Plan { operator: allowed(&targets, operator.as_deref()), ..bare(mode) };
    let transfer = transfer && plan.operator;
    let announcement = LeaveMessage::new(plan);
    let flow: Box<dyn Flow> =
        if transfer { Box::new(TransferFirst::new(announcement)) } else { Box::new(announcement) };
    Planned { flow, purpose: Purpose { kept: None, operator, targets, language: tenant.language.clone() } }
}

/// The dialogue when nothing can be found out about the call.
pub(super) fn trouble(desk: &Desk) -> Planned {
    let purpose = Purpose {
        kept: None,
        operator: None,
        targets: AllowedTargets::default(),
        language: desk.settings.language.clone(),
    };
    Planned { flow: Box::new(LeaveMessage::new(bare(Mode::TechnicalTrouble))), purpose }
}

fn bare(mode: Mode) -> Plan {
    Plan {
        mode,
        greeting: None,
        own_greeting: false,
        instructions: Instructions::Never,
        tone: ToneChoice::default(),
        limits: RecordLimits { max: Duration::ZERO, silence: Duration::ZERO, warn_before: Duration::ZERO },
        min_speech: Duration::ZERO,
        keep_no_speech: false,
        operator: false,
    }
}

fn allowed(targets: &AllowedTargets, operator: Option<&str>) -> bool {
    operator.is_some_and(|operator| targets.authorise(operator).is_ok())
}

fn mode(desk: &Desk, verdict: &Verdict, mailbox: &Mailbox) -> Mode {
    if !mailbox.enabled {
        Mode::Disabled
    } else if mailbox.announcement_only {
        Mode::AnnouncementOnly
    } else if verdict.is_full() {
        Mode::MailboxFull
    } else if desk.spool.health().trouble.is_some() {
        Mode::TechnicalTrouble
    } else {
        Mode::TakeMessage
    }
}

fn head(verdict: &Verdict, mailbox: &Mailbox) -> Head {
    let alias = match &verdict.decision.outcome {
        Outcome::Mailbox { alias, .. } => alias.clone(),
        Outcome::Login | Outcome::Default(_) => None,
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
    }
}

struct Greeted {
    words: Vec<Utterance>,
    own: bool,
}

/// The greeting of the ladder; the built-in one where its audio cannot be had in time.
async fn greeting(desk: &Desk, verdict: &Verdict, mailbox: &Mailbox) -> Greeted {
    let busy = verdict.decision.reason == RedirectReason::UserBusy;
    let built_in = |name| Greeted { words: builtin_greeting(&mailbox.extension, name, busy), own: false };
    let Some(choice) = verdict.greeting() else { return built_in(None) };
    tracing::info!(greeting = %choice.why, "greeting chosen");
    match choice.play {
        Play::Greeting { id, .. } if is_at_hand(desk, verdict, id).await => {
            Greeted { words: vec![Utterance::Greeting(id)], own: true }
        }
        Play::RecordedName(id) if is_at_hand(desk, verdict, id).await => built_in(Some(id)),
        Play::Greeting { .. } | Play::RecordedName(_) => {
            tracing::warn!("the greeting's audio cannot be had now: the built-in greeting is said");
            built_in(None)
        }
        Play::ExtensionNumber(_) => built_in(None),
    }
}

async fn is_at_hand(desk: &Desk, verdict: &Verdict, id: GreetingId) -> bool {
    let Some(greeting) = verdict.greetings.iter().find(|greeting| greeting.id == id) else { return false };
    match tokio::time::timeout(super::GREETING_PATIENCE, desk.greetings.load(greeting)).await {
        Ok(Ok(_)) => true,
        Ok(Err(error)) => {
            tracing::warn!(greeting = %id, %error, "a greeting cannot be loaded");
            false
        }
        Err(_) => false,
    }
}
