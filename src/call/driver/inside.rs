//! Who is let in, by a PIN or because we called, and what the dialogue knows of the mailbox that is open.

use std::sync::Arc;
use std::time::Duration;

use crate::blob::spool::Head;
use crate::call::Desk;
use crate::domain::{CallerId, Extension, GreetingName, Mailbox, Owner, RecordingId, RedirectReason};
use crate::flow::RecordLimits;
use crate::flow::keys::Profile;
use crate::flow::owner::desk::{Session, Zone};
use crate::service::login::Welcome;

use super::Kept;

/// The warning tone comes so long before the limit of a recording.
const WARN_BEFORE: Duration = Duration::from_secs(10);
/// A recording of the owner with less speech is none.
const MIN_SPEECH: Duration = Duration::from_millis(300);

/// Who signed in, as far as the driver needs it.
#[derive(Debug, Clone)]
pub(crate) struct Inside {
    pub(super) owner: Owner,
    pub(super) extension: Extension,
    pub(super) language: String,
    /// Whom the owner's operator key calls.
    pub(super) operator: Option<String>,
    /// What the greeting is to be called that is recorded.
    pub(super) name: Option<GreetingName>,
    head: Head,
}

impl Inside {
    /// The owner of this mailbox.
    pub(crate) fn new(desk: &Desk, mailbox: &Mailbox, language: &str) -> Self {
        let owner = Owner { tenant: mailbox.tenant, mailbox: mailbox.id };
        let (extension, language) = (mailbox.extension.clone(), language.to_owned());
        Self { owner, extension, language, operator: None, name: None, head: head(desk, mailbox) }
    }

    /// The same, for somebody who asked for the call and gave the greeting a name.
    pub(crate) fn named(self, name: Option<GreetingName>) -> Self {
        Self { name, ..self }
    }

    /// What is recorded belongs to the owner.
    pub(crate) fn kept(&self) -> Kept {
        Kept { head: self.head.clone(), min_speech: MIN_SPEECH }
    }
}

/// What recordings of the owner begin with. They are drafts until a service takes them.
fn head(desk: &Desk, mailbox: &Mailbox) -> Head {
    Head {
        id: RecordingId::from_uuid(uuid::Uuid::nil()),
        tenant: mailbox.tenant,
        mailbox: mailbox.id,
        caller: CallerId::new(Some(mailbox.extension.as_str()), None),
        alias: None,
        reason: RedirectReason::Unknown,
        began_at: desk.clock.now(),
        sample_rate: 0,
        draft: true,
        presence: None,
    }
}

/// What the dialogue knows of the mailbox that is open.
pub(crate) fn session(desk: &Desk, welcome: Welcome) -> Session {
    let Welcome { mailbox, zone, counts, place, .. } = welcome;
    let named = mailbox.phone.keys.as_deref().and_then(|name| {
        let own = Some(&desk.settings.keys).filter(|keys| keys.name() == name).cloned();
        own.or_else(|| Profile::built_in(name))
    });
    Session {
        keys: named.unwrap_or_else(|| Arc::clone(&desk.settings.keys)),
        mail: mailbox.recipients.first().map(|recipient| recipient.mode),
        zone: Zone(jiff::tz::TimeZone::get(&zone).unwrap_or(jiff::tz::TimeZone::UTC)),
        now: desk.clock.now(),
        counts,
        place: place.map(|place| (place.message, Duration::from_millis(place.position_ms.into()))),
        limits: Some(RecordLimits {
            max: mailbox.max_message,
            silence: mailbox.silence,
            warn_before: WARN_BEFORE,
        }),
        tone: mailbox.tone,
        phone: mailbox.phone,
        operator: false,
    }
}
