//! The same done to many users, one after the other: one that fails holds up no other, and each has an answer (002-091, 002-092).
//!
//! It is kept and done behind the request: it survives a restart, can be stopped, and says how far it is. Driven by portal
//! and API; what may be done to whom is asked for each user anew.

mod runs;

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::Value;
use tokio::sync::Notify;

use super::access::Actor;
use super::accounts::Accounts;
use super::audit::Audit;
use super::people::People;
use super::signin::Signin;
use crate::clock::SharedClock;
use crate::domain::{Clear, Login, Role, TenantId, UserId};
use crate::store::{PeopleFilter, Person, Store, StoreError, UserStatus, Voicemail};

pub use runs::word;

/// Users of one run.
pub const MOST: usize = 5000;

/// Whom it is done to.
#[derive(Debug, Clone, Copy)]
pub enum Whom<'w> {
    /// These; those named twice once.
    Named(&'w [UserId]),
    /// All that a filter finds when the run begins.
    Found {
        /// Which; the order is of no matter.
        filter: &'w PeopleFilter,
        /// How many somebody saw who looked at it before: with another number nothing is done.
        seen: Option<usize>,
    },
}

/// Why a run was not begun.
#[derive(Debug, thiserror::Error)]
pub enum BulkError {
    /// More than [`MOST`].
    #[error("this finds more than {MOST} users, and one run takes so many at most: narrow the choice")]
    TooMany,
    /// Nobody.
    #[error("this finds nobody: choose otherwise")]
    Nobody,
    /// Others than were seen.
    #[error("this finds {now} users now, and found {seen} before: look at them again")]
    Changed {
        /// How many there were.
        seen: usize,
        /// How many there are.
        now: usize,
    },
    /// The store says no.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What is done to each.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BulkAct {
    /// Clears these parts; the user must be set up anew.
    Reset(BTreeSet<Clear>),
    /// Mails a link to choose a password.
    Welcome,
    /// The password ends, browsers are signed out, and a link to a new one is mailed.
    ForcePassword,
    /// Removes the user into the recycle bin.
    Remove,
    /// May sign in by the web.
    PortalOn,
    /// May not sign in by the web.
    PortalOff,
}

impl BulkAct {
    /// The words of the API and of forms, and what people read.
    pub const WORDS: [(&str, &str); 6] = [
        ("welcome", "Send welcome e-mail"),
        ("force-password", "Force a new password"),
        ("portal-on", "Allow sign-in by the web"),
        ("portal-off", "Forbid sign-in by the web"),
        ("reset", "Reset"),
        ("remove", "Remove"),
    ];

    /// The act of a word; `parts` are those of a reset.
    pub fn of(word: &str, parts: BTreeSet<Clear>) -> Option<Self> {
        Some(match word {
            "reset" => Self::Reset(parts),
            "welcome" => Self::Welcome,
            "force-password" => Self::ForcePassword,
            "remove" => Self::Remove,
            "portal-on" => Self::PortalOn,
            "portal-off" => Self::PortalOff,
            _ => return None,
        })
    }

    /// The word, as [`BulkAct::of`] reads it.
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Reset(_) => "reset",
            Self::Welcome => "welcome",
            Self::ForcePassword => "force-password",
            Self::Remove => "remove",
            Self::PortalOn => "portal-on",
            Self::PortalOff => "portal-off",
        }
    }

    /// What people read for a word.
    pub fn title(word: &str) -> &'static str {
        Self::WORDS
            .into_iter()
            .find(|(known, _)| *known == word)
            .map_or("Something newer", |(_, title)| title)
    }

    /// The parts of a reset.
    pub fn parts(&self) -> Vec<Clear> {
        match self {
            Self::Reset(parts) => parts.iter().copied().collect(),
            _ => Vec::new(),
        }
    }
}

/// The use cases. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Bulk {
    store: Store,
    clock: SharedClock,
    people: People,
    accounts: Accounts,
    signin: Signin,
    audit: Audit,
    wake: Arc<Notify>,
}

impl Bulk {
    /// Over these.
    pub fn new(
        store: Store,
        clock: SharedClock,
        people: People,
        accounts: Accounts,
        signin: Signin,
        audit: Audit,
    ) -> Self {
        Self { store, clock, people, accounts, signin, audit, wake: Arc::default() }
    }

    async fn one(
        &self,
        actor: &Actor,
        tenant: TenantId,
        act: &BulkAct,
        person: &Person,
    ) -> Result<(), String> {
        if !actor.may_change(person.login.role) {
            return Err("this user is above you: an administrator can do it".to_owned());
        }
        if actor.is(person.user.id) && *act != BulkAct::Welcome {
            return Err("nobody does this to themselves: let another administrator do it".to_owned());
        }
        let extension = person.mailbox.as_ref().map(|mailbox| &mailbox.extension);
        let (accounts, signin) = (self.accounts.by(&actor.name), self.signin.by(&actor.name));
        let mailbox = || extension.ok_or_else(|| "this user has no mailbox".to_owned());
        match act {
            BulkAct::Reset(parts) => {
                let cleared = accounts.reset(tenant, mailbox()?, parts.clone()).await;
                cleared.map(drop).map_err(|error| error.to_string())
            }
            BulkAct::Welcome => {
                signin.invite(&person.user).await.map(drop).map_err(|error| error.to_string())
            }
            BulkAct::ForcePassword => {
                signin.force_password(&person.user).await.map(drop).map_err(|error| error.to_string())
            }
            BulkAct::Remove => accounts.remove(tenant, mailbox()?).await.map_err(|error| error.to_string()),
            BulkAct::PortalOn | BulkAct::PortalOff => {
                if !actor.may_give(person.login.role) {
                    return Err("your role does not give web access: an administrator can do it".to_owned());
                }
                let login = Login { portal: *act == BulkAct::PortalOn, ..person.login.clone() };
                signin.set_login(&person.login, &login).await.map_err(|error| error.to_string())
            }
        }
    }
}

/// A filter, as the audit keeps it: what is asked for, nothing else.
fn told(filter: &PeopleFilter) -> Value {
    let PeopleFilter { search, department, site, role, status, voicemail, .. } = filter;
    let pairs = [
        ("search", search.as_str()),
        ("status", status.map_or("", UserStatus::as_str)),
        ("voicemail", voicemail.map_or("", Voicemail::as_str)),
        ("role", role.map_or("", Role::as_str)),
        ("department", department.as_str()),
        ("site", site.as_str()),
    ];
    let given = pairs.into_iter().filter(|(_, value)| !value.is_empty());
    given.map(|(name, value)| (name.to_owned(), Value::from(value))).collect::<serde_json::Map<_, _>>().into()
}

/// Name and extension.
fn who(person: &Person) -> String {
    let number = person.mailbox.as_ref().map_or_else(String::new, |mailbox| mailbox.extension.to_string());
    format!("{} {number}", person.user.full_name()).trim().to_owned()
}
