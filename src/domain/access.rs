//! Who somebody is to the web side: roles, and what a one-time link is for. What a role may do is `service::access`.

use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Invalid, TenantId, UserId};

/// What somebody is in a tenant (002-010), from the least to the most.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// Looks after the own mailbox.
    #[default]
    Basic,
    /// The same, as somebody who takes calls of a queue.
    #[serde(rename = "call-center-agent")]
    Agent,
    /// Sees the colleagues of a queue.
    Supervisor,
    /// Looks after the own mailbox and those of colleagues.
    OfficeManager,
    /// Looks after everything of the tenant.
    TenantAdmin,
    /// Runs the server: every tenant.
    Operator,
}

impl Role {
    /// Every role, from the least to the most.
    pub const ALL: [Self; 6] =
        [Self::Basic, Self::Agent, Self::Supervisor, Self::OfficeManager, Self::TenantAdmin, Self::Operator];

    /// The word of the command line, the store and the API.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Basic => "basic",
            Self::Agent => "call-center-agent",
            Self::Supervisor => "supervisor",
            Self::OfficeManager => "office-manager",
            Self::TenantAdmin => "tenant-admin",
            Self::Operator => "operator",
        }
    }

    /// As people read it.
    pub const fn title(self) -> &'static str {
        match self {
            Self::Basic => "Basic user",
            Self::Agent => "Call center agent",
            Self::Supervisor => "Call center supervisor",
            Self::OfficeManager => "Office manager",
            Self::TenantAdmin => "Administrator",
            Self::Operator => "Operator of the server",
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Role {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        Self::ALL.into_iter().find(|role| role.as_str() == text).ok_or_else(|| {
            Invalid::new(
                "role",
                text,
                "choose basic, call-center-agent, supervisor, office-manager, tenant-admin or operator",
            )
        })
    }
}

/// What a one-time link is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Purpose {
    /// A first password.
    Invite,
    /// A new password.
    Reset,
    /// The first person of a new server.
    Setup,
}

impl Purpose {
    /// The word of the store.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Invite => "invite",
            Self::Reset => "reset",
            Self::Setup => "setup",
        }
    }
}

impl FromStr for Purpose {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        [Self::Invite, Self::Reset, Self::Setup]
            .into_iter()
            .find(|purpose| purpose.as_str() == text)
            .ok_or_else(|| Invalid::new("purpose", text, "choose invite, reset or setup"))
    }
}

/// How a user comes in by the web.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Login {
    /// Whose world the user is in.
    pub tenant: TenantId,
    /// Who.
    pub user: UserId,
    /// What the user is there.
    pub role: Role,
    /// Whether a password is set.
    pub has_password: bool,
    /// Off: no sign-in by the web; the phone is not touched (001-08).
    pub portal: bool,
}

/// A browser that is signed in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// Names it in lists; opens nothing.
    pub id: super::SessionId,
    /// Whose world the user is in.
    pub tenant: TenantId,
    /// Who.
    pub user: UserId,
    /// What the browser calls itself, shortened.
    pub user_agent: String,
    /// Where it came from.
    pub address: String,
    /// When it was opened.
    pub created_at: Timestamp,
    /// When it was used last, to the minute.
    pub last_at: Timestamp,
}

/// What a program may come in with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiKey {
    /// Names it in lists; opens nothing.
    pub id: super::KeyId,
    /// Whose world it opens.
    pub tenant: TenantId,
    /// Only what this user may; `None` for the tenant.
    pub user: Option<UserId>,
    /// What it is for.
    pub name: String,
    /// What it may, as words of `service::access`.
    pub scopes: Vec<String>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it stops working.
    pub expires_at: Option<Timestamp>,
    /// When it was taken back.
    pub revoked_at: Option<Timestamp>,
    /// When it was used last, to the minute.
    pub last_used_at: Option<Timestamp>,
}

impl ApiKey {
    /// Whether it opens anything: it was not taken back, and its time is not over.
    pub fn works(&self, now: Timestamp) -> bool {
        self.revoked_at.is_none() && self.expires_at.is_none_or(|end| now < end)
    }
}

/// What of the ways in of a user was changed, by whomever.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SecurityChange {
    /// The password.
    Password,
    /// The PIN for the phone.
    Pin,
    /// A second factor was turned on, or another one took its place.
    FactorOn,
    /// The second factor was turned off by its owner.
    FactorOff,
    /// New recovery codes were made.
    FactorCodes,
    /// The second factor was taken away by an administrator.
    FactorReset,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_role_reads_back_from_its_word_and_ranks_above_the_one_before() {
        for role in Role::ALL {
            assert_eq!(role.as_str().parse(), Ok(role));
        }
        assert!(Role::ALL.is_sorted() && Role::Operator > Role::TenantAdmin);
        assert!("root".parse::<Role>().is_err());
    }
}
