//! Webhooks and deliveries as lines of a table.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::domain::{DeliveryId, Webhook, WebhookEvent, WebhookId};
use crate::store::{JobState, Sent};

use super::super::super::portal::words;
use crate::service::webhooks::host;

pub(super) struct Row {
    pub(super) id: WebhookId,
    pub(super) name: String,
    pub(super) host: String,
    pub(super) state: &'static str,
    pub(super) is_bad: bool,
    pub(super) why: String,
    pub(super) events: String,
    pub(super) callers: bool,
}

pub(super) struct SentRow {
    pub(super) id: DeliveryId,
    pub(super) at: String,
    pub(super) event: WebhookEvent,
    pub(super) state: &'static str,
    pub(super) is_bad: bool,
    pub(super) next: String,
    pub(super) attempts: u32,
    pub(super) answer: String,
    pub(super) may_repeat: bool,
}

pub(super) fn row(webhook: &Webhook, now: Timestamp, zone: &TimeZone) -> Row {
    let (state, is_bad, why) = match (&webhook.paused, webhook.failing_since) {
        (Some((at, why)), _) => ("Paused", true, format!("{}: {why}", words::when(*at, now, zone))),
        (None, Some(since)) => {
            ("Does not answer well", true, format!("since {}", words::when(since, now, zone)))
        }
        (None, None) => ("Is told", false, String::new()),
    };
    let events: Vec<&str> = webhook.events.iter().map(|event| event.as_str()).collect();
    Row {
        id: webhook.id,
        name: webhook.name.clone(),
        host: host(&webhook.url),
        state,
        is_bad,
        why,
        events: if events.is_empty() { "everything".to_owned() } else { events.join(", ") },
        callers: webhook.callers,
    }
}

pub(super) fn sent_row(sent: &Sent, zone: &TimeZone) -> SentRow {
    let (state, is_bad) = match sent.state {
        JobState::Queued | JobState::Running => ("on its way", false),
        JobState::Retry => ("tried again", true),
        JobState::Done => ("taken", false),
        JobState::Dead => ("given up", true),
    };
    let answer = match (&sent.last_error, sent.status) {
        (Some(why), _) => why.clone(),
        (None, Some(status)) => status.to_string(),
        (None, None) => String::new(),
    };
    SentRow {
        id: sent.delivery.id,
        at: words::stamp(sent.delivery.created_at, zone),
        event: sent.delivery.event,
        state,
        is_bad,
        next: if sent.state == JobState::Retry { words::stamp(sent.next_at, zone) } else { String::new() },
        attempts: sent.attempts,
        answer,
        may_repeat: sent.state != JobState::Running && sent.state != JobState::Queued,
    }
}
