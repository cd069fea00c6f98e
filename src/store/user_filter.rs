//! Which users of a tenant are wanted, and in which order.

use std::fmt;
use std::str::FromStr;

use crate::domain::{Invalid, ProfileField, Role, TenantPolicy};

macro_rules! words {
    ($(#[$doc:meta])* $name:ident, $what:literal, $remedy:literal, $($(#[$about:meta])* $variant:ident = $word:literal,)+) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum $name {
            $($(#[$about])* $variant,)+
        }

        impl $name {
            /// The word used by pages and the API.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $word,)+
                }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl FromStr for $name {
            type Err = Invalid;

            fn from_str(text: &str) -> Result<Self, Invalid> {
                match text {
                    $($word => Ok(Self::$variant),)+
                    _ => Err(Invalid::new($what, text, $remedy)),
                }
            }
        }
    };
}

words! {
    /// How far somebody has come (003-15).
    UserStatus, "status", "choose new, active or setup-required",
    /// Has never chosen a password.
    New = "new",
    /// Has.
    Active = "active",
    /// Was reset, and not set up since.
    SetupRequired = "setup-required",
}

words! {
    /// Whether somebody's mailbox takes messages.
    Voicemail, "voicemail", "choose on, off or none",
    /// It does.
    On = "on",
    /// It does not.
    Off = "off",
    /// There is no mailbox.
    Missing = "none",
}

words! {
    /// In which order.
    UserSort, "sort", "choose extension, name, email, status, role or last-message",
    /// By extension; those without one last.
    Extension = "extension",
    /// By last name, then first name.
    Name = "name",
    /// By the first address.
    Email = "email",
    /// By how far somebody has come, then by name.
    Status = "status",
    /// By role, from the least to the most, then by name.
    Role = "role",
    /// By when the last message came; those who never had one first.
    LastMessage = "last-message",
}

/// Which users, and in which order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PeopleFilter {
    /// Part of a name, an address, a login name or an extension; empty for all.
    pub search: String,
    /// Only those of this department; empty for all (002-007).
    pub department: String,
    /// Only those of this site; empty for all (002-008).
    pub site: String,
    /// Only those who stand in the list of contacts (002-022).
    pub is_listed: bool,
    /// Only those of this role.
    pub role: Option<Role>,
    /// Only those who have come so far.
    pub status: Option<UserStatus>,
    /// Only those whose mailbox is so.
    pub voicemail: Option<Voicemail>,
    /// The order. `None`: by extension.
    pub sort: Option<UserSort>,
    /// The other way round.
    pub is_down: bool,
}

impl PeopleFilter {
    /// All that fit this text.
    pub fn found_by(search: &str) -> Self {
        Self { search: search.to_owned(), ..Self::default() }
    }

    /// The same, without fields that the tenant hides: who is shown by one would tell what it says.
    #[must_use]
    pub fn without_hidden(&self, policy: &TenantPolicy) -> Self {
        let shown = |field, wanted: &str| if policy.shows(field) { wanted.to_owned() } else { String::new() };
        let department = shown(ProfileField::Department, &self.department);
        let site = shown(ProfileField::Site, &self.site);
        Self { department, site, ..self.clone() }
    }
}
