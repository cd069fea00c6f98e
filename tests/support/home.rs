//! Who lives in the tests' databases: a tenant, Ada or somebody else, her mailbox without limits, and messages from Grace.

use aftertone::clock::{Clock as _, ManualClock};
use aftertone::domain::{
    CallerId, DefaultAction, Folder, Mailbox, MailboxId, Message, MessageId, Quota, RecordingClass,
    RedirectReason, Tenant, TenantId, User, UserId,
};
use aftertone::service::accounts::MailboxDefaults;

pub(crate) const ADA: &str = "ada@example.org";

/// Not stored yet, like all of these.
pub(crate) fn tenant(clock: &ManualClock, name: &str) -> Tenant {
    Tenant {
        id: TenantId::from_uuid(clock.uuid()),
        name: name.to_owned(),
        domains: Vec::new(),
        zone: "Europe/Berlin".to_owned(),
        language: "en".to_owned(),
        operator: None,
        default_action: DefaultAction::Announce,
        when_off: aftertone::domain::WhenOff::default(),
    }
}

pub(crate) fn user(clock: &ManualClock, tenant: TenantId, first: &str, last: &str) -> User {
    User {
        id: UserId::from_uuid(clock.uuid()),
        tenant,
        first: first.to_owned(),
        last: last.to_owned(),
        emails: vec![ADA.parse().unwrap()],
        profile: aftertone::domain::Profile::default(),
        created_at: clock.now(),
    }
}

/// Nobody is told by mail.
pub(crate) fn mailbox(clock: &ManualClock, user: &User, extension: &str) -> Mailbox {
    let defaults = MailboxDefaults { quota: Quota::default(), ..MailboxDefaults::default() };
    let id = MailboxId::from_uuid(clock.uuid());
    let plain = defaults.mailbox(id, user.tenant, extension.parse().unwrap(), clock.now());
    Mailbox { user: Some(user.id), ..plain }
}

/// Twelve seconds of speech, new in the inbox; its audio is a name only.
pub(crate) fn message(clock: &ManualClock, mailbox: &Mailbox) -> Message {
    let id = MessageId::from_uuid(clock.uuid());
    Message {
        id,
        tenant: mailbox.tenant,
        mailbox: mailbox.id,
        folder: Folder::Inbox,
        tag: None,
        heard_at: None,
        urgent: false,
        private: false,
        caller: CallerId::new(Some("+15550123"), Some("Grace")),
        alias: None,
        reason: RedirectReason::NoAnswer,
        received_at: clock.now(),
        duration_ms: 12_000,
        voiced_ms: 9_000,
        class: RecordingClass::Speech,
        sample_rate: 8000,
        bytes: 192_044,
        sha256: "ab".repeat(32),
        object: format!("messages/{id}.wav"),
    }
}
