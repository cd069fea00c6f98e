//! What a tenant lets be created, shows and hides.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::tenant::over;
use super::{ExtensionPlan, Invalid, ProfileField, Role};

/// Who adds users (001-03).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum WhoMayCreate {
    /// Administrators of the tenant.
    TenantAdmin,
    /// Office managers as well.
    #[default]
    OfficeManager,
    /// Nobody of the tenant: whoever runs the server does it, when asked by the help link.
    Ticket,
}

impl WhoMayCreate {
    /// Every choice.
    pub const ALL: [Self; 3] = [Self::OfficeManager, Self::TenantAdmin, Self::Ticket];

    /// The word used by the command line, the store and the API.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::TenantAdmin => "tenant-admin",
            Self::OfficeManager => "office-manager",
            Self::Ticket => "ticket",
        }
    }

    /// As people read it.
    pub const fn title(self) -> &'static str {
        match self {
            Self::TenantAdmin => "Administrators",
            Self::OfficeManager => "Administrators and office managers",
            Self::Ticket => "Nobody here: it is asked for by the help link",
        }
    }

    /// Whether this role adds users. Whoever runs the server always does.
    pub fn includes(self, role: Role) -> bool {
        match self {
            Self::OfficeManager => role >= Role::OfficeManager,
            Self::TenantAdmin => role >= Role::TenantAdmin,
            Self::Ticket => role >= Role::Operator,
        }
    }
}

impl fmt::Display for WhoMayCreate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for WhoMayCreate {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        Self::ALL.into_iter().find(|who| who.as_str() == text).ok_or_else(|| {
            Invalid::new("who_may_create", text, "choose office-manager, tenant-admin or ticket")
        })
    }
}

/// What callers of a mailbox that is switched off get (002-012).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum WhenOff {
    /// An announcement that it takes no messages.
    #[default]
    Announce,
    /// 480: not there at the moment. Phone systems may try elsewhere.
    Unavailable,
    /// 603: declined.
    Decline,
    /// The tenant's operator; the announcement where there is none, or nobody takes the call.
    Operator,
}

impl WhenOff {
    /// Every choice.
    pub const ALL: [Self; 4] = [Self::Announce, Self::Unavailable, Self::Decline, Self::Operator];

    /// The word used by the command line, the store and the API.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Announce => "announce",
            Self::Unavailable => "unavailable",
            Self::Decline => "decline",
            Self::Operator => "operator",
        }
    }

    /// As people read it.
    pub const fn title(self) -> &'static str {
        match self {
            Self::Announce => "Hear that the mailbox takes no messages",
            Self::Unavailable => "Are told by the phone system that nobody is there (480)",
            Self::Decline => "Are told by the phone system that the call is declined (603)",
            Self::Operator => "Go to the operator; if that fails, hear that the mailbox takes no messages",
        }
    }

    /// The SIP status code, unless the call is answered.
    pub const fn code(self) -> Option<u16> {
        match self {
            Self::Announce | Self::Operator => None,
            Self::Unavailable => Some(480),
            Self::Decline => Some(603),
        }
    }
}

impl fmt::Display for WhenOff {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for WhenOff {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        Self::ALL.into_iter().find(|what| what.as_str() == text).ok_or_else(|| {
            Invalid::new("mailbox_off", text, "choose announce, unavailable, decline or operator")
        })
    }
}

/// The settings of a tenant that decide what its pages offer, and what callers of a mailbox that is off get.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct TenantPolicy {
    /// Who adds users.
    pub who_may_create: WhoMayCreate,
    /// Where new users, extensions and phones are asked for: `https:`, `http:` or `mailto:`.
    pub help_link: Option<String>,
    /// Fields of profiles that nobody of the tenant sees (002-003).
    pub hidden: BTreeSet<ProfileField>,
    /// There are queues: agents and supervisors can be made (002-010, 002-046).
    pub queues: bool,
    /// How extensions look (002-006, 004-02).
    pub extensions: ExtensionPlan,
    /// What callers of a mailbox that is switched off get (002-012).
    pub mailbox_off: WhenOff,
}

impl Default for TenantPolicy {
    fn default() -> Self {
        Self {
            who_may_create: WhoMayCreate::default(),
            help_link: None,
            hidden: BTreeSet::new(),
            queues: true,
            extensions: ExtensionPlan::default(),
            mailbox_off: WhenOff::default(),
        }
    }
}

impl TenantPolicy {
    /// Whether everybody may see a field.
    pub fn shows(&self, field: ProfileField) -> bool {
        !self.hidden.contains(&field)
    }

    /// This one, asked for by whoever saw `was`, over how it is `now`: what was not to be changed stays as it is now.
    #[must_use]
    pub fn over(self, was: &Self, now: Self) -> Self {
        Self {
            who_may_create: over(self.who_may_create, &was.who_may_create, now.who_may_create),
            help_link: over(self.help_link, &was.help_link, now.help_link),
            hidden: over(self.hidden, &was.hidden, now.hidden),
            queues: over(self.queues, &was.queues, now.queues),
            extensions: over(self.extensions, &was.extensions, now.extensions),
            mailbox_off: over(self.mailbox_off, &was.mailbox_off, now.mailbox_off),
        }
    }

    /// Whether a role can be given (002-046).
    pub fn offers(&self, role: Role) -> bool {
        self.queues || !matches!(role, Role::Agent | Role::Supervisor)
    }
}

/// An address that a page may lead to.
///
/// # Errors
/// [`Invalid`] for what is no such address.
pub fn help_link(text: &str) -> Result<Option<String>, Invalid> {
    let text = text.trim();
    if text.is_empty() {
        return Ok(None);
    }
    let rest = ["https://", "http://", "mailto:"].iter().find_map(|scheme| text.strip_prefix(scheme));
    let is_plain = |rest: &str| rest.bytes().all(|b| b.is_ascii_graphic() && !b"<>\"'`\\".contains(&b));
    match rest {
        Some(rest) if !rest.is_empty() && text.len() <= 500 && is_plain(rest) => Ok(Some(text.to_owned())),
        _ => {
            let remedy = "write an address such as https://help.example.org or mailto:help@example.org";
            Err(Invalid::new("help_link", text, remedy))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 001-03
    #[test]
    fn who_may_create_names_roles() {
        for (who, least) in [
            (WhoMayCreate::OfficeManager, Role::OfficeManager),
            (WhoMayCreate::TenantAdmin, Role::TenantAdmin),
            (WhoMayCreate::Ticket, Role::Operator),
        ] {
            assert_eq!(who.as_str().parse(), Ok(who));
            for role in Role::ALL {
                assert_eq!(who.includes(role), role >= least, "{who} {role}");
            }
        }
        assert!("everybody".parse::<WhoMayCreate>().is_err());
    }

    /// 002-010, 002-046
    #[test]
    fn without_queues_nobody_is_made_an_agent() {
        let without = TenantPolicy { queues: false, ..TenantPolicy::default() };
        for role in Role::ALL {
            assert!(TenantPolicy::default().offers(role));
            assert_eq!(without.offers(role), !matches!(role, Role::Agent | Role::Supervisor), "{role}");
        }
    }

    /// 002-012
    #[test]
    fn what_callers_of_a_mailbox_that_is_off_get_is_one_of_four() {
        assert_eq!(TenantPolicy::default().mailbox_off, WhenOff::Announce, "as it always was");
        for what in WhenOff::ALL {
            assert_eq!(what.as_str().parse(), Ok(what));
            assert_eq!(serde_json::to_value(what).unwrap(), what.as_str());
        }
        assert_eq!(WhenOff::ALL.map(WhenOff::code), [None, Some(480), Some(603), None]);
        let error = "hang-up".parse::<WhenOff>().unwrap_err().to_string();
        assert!(error.contains("announce, unavailable, decline or operator"), "{error}");
        let old: TenantPolicy = serde_json::from_str("{\"queues\":false}").unwrap();
        assert_eq!(old.mailbox_off, WhenOff::Announce, "of a policy that was kept before");
    }

    #[test]
    fn a_help_link_is_an_address_and_never_a_script() {
        for good in ["https://help.example.org/new?a=b", "mailto:help@example.org"] {
            assert_eq!(help_link(good), Ok(Some(good.to_owned())));
        }
        assert_eq!(help_link("  "), Ok(None));
        for bad in
            ["javascript:alert(1)", "https://", "help.example.org", "https://a b", "https://a\"b", "data:x"]
        {
            assert!(help_link(bad).is_err(), "{bad}");
        }
    }
}
