//! A tenant: a closed world of users, mailboxes and numbers.

use serde::{Deserialize, Serialize};

use super::{Extension, TenantId, WhenOff};

/// What happens to a call whose target is no mailbox.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "action", rename_all = "kebab-case")]
pub enum DefaultAction {
    /// An announcement says that there is no such mailbox, then the call ends.
    #[default]
    Announce,
    /// This mailbox takes the message.
    Mailbox {
        /// Its number.
        extension: Extension,
    },
    /// The caller is transferred to this SIP URI or number (checked against the allowed targets).
    Transfer {
        /// The target.
        target: String,
    },
}

/// A tenant with the settings that its mailboxes inherit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tenant {
    /// Identity.
    pub id: TenantId,
    /// Short unique name, `default` for the first one.
    pub name: String,
    /// SIP domains (host parts, lower case) that mean this tenant.
    pub domains: Vec<String>,
    /// IANA zone, for example `Europe/Berlin`.
    pub zone: String,
    /// Language of the prompts, for example `en`.
    pub language: String,
    /// Where `0` leads when the mailbox does not say.
    pub operator: Option<String>,
    /// What happens to a call whose target is no mailbox.
    pub default_action: DefaultAction,
    /// What callers of a mailbox that is off get: what the policy says. It is read here, and changed there.
    pub when_off: WhenOff,
}

impl Tenant {
    /// This one, asked for by whoever saw `was`, over how it is `now`: what was not to be changed stays as it is now.
    #[must_use]
    pub fn over(self, was: &Self, now: Self) -> Self {
        Self {
            id: now.id,
            name: over(self.name, &was.name, now.name),
            domains: over(self.domains, &was.domains, now.domains),
            zone: over(self.zone, &was.zone, now.zone),
            language: over(self.language, &was.language, now.language),
            operator: over(self.operator, &was.operator, now.operator),
            default_action: over(self.default_action, &was.default_action, now.default_action),
            when_off: now.when_off,
        }
    }
}

/// What is wanted where it differs from what was seen, or else what there is now.
pub(super) fn over<T: PartialEq>(wanted: T, was: &T, now: T) -> T {
    if wanted == *was { now } else { wanted }
}
