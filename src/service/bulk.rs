//! The same done to many users, one after the other: one that fails holds up no other, and each has an answer (002-091, 002-092).
//!
//! It is kept and done behind the request: it survives a restart, can be stopped, and says how far it is. Driven by portal
//! and API; what may be done to whom is asked for each user anew.

mod runs;

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::{Value, json};
use tokio::sync::Notify;

use super::access::Actor;
use super::accounts::Accounts;
use super::audit::{Audit, Deed};
use super::people::People;
use super::signin::Signin;
use crate::clock::SharedClock;
use crate::domain::{Clear, Extension, Login, TenantId};
use crate::store::{Person, Store};

pub use runs::word;

/// Users of one run.
pub const MOST: usize = 5000;

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

    const fn deed(&self) -> &'static str {
        match self {
            Self::Reset(_) => "user.reset",
            Self::Welcome => "user.invited",
            Self::ForcePassword => "password.forced",
            Self::Remove => "user.removed",
            Self::PortalOn | Self::PortalOff => "role.given",
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
        let was = json!({"first": person.user.first, "last": person.user.last, "emails": person.user.emails,
            "portal": person.login.portal});
        let became = self.done(actor, tenant, act, person, extension).await?;
        let target = extension.map_or_else(
            || format!("user {}", person.user.full_name()),
            |number| format!("mailbox {number}"),
        );
        let deed = Deed { action: act.deed(), target };
        self.audit.note(actor, tenant, deed, Some(&was), Some(&became)).await;
        Ok(())
    }

    /// What the audit notes of it.
    async fn done(
        &self,
        actor: &Actor,
        tenant: TenantId,
        act: &BulkAct,
        person: &Person,
        extension: Option<&Extension>,
    ) -> Result<Value, String> {
        let mailbox = || extension.ok_or_else(|| "this user has no mailbox".to_owned());
        match act {
            BulkAct::Reset(parts) => {
                let cleared = self.accounts.reset(tenant, mailbox()?, parts.clone()).await;
                let cleared = cleared.map_err(|error| error.to_string())?;
                Ok(
                    json!({"clear": cleared.parts, "messages": cleared.messages, "greetings": cleared.greetings}),
                )
            }
            BulkAct::Welcome => {
                let to = self.signin.invite(&person.user).await.map_err(|error| error.to_string())?;
                Ok(json!({"mailed_to": to}))
            }
            BulkAct::ForcePassword => {
                let to = self.signin.force_password(&person.user).await.map_err(|error| error.to_string())?;
                Ok(json!({"mailed_to": to}))
            }
            BulkAct::Remove => {
                self.accounts.remove(tenant, mailbox()?).await.map_err(|error| error.to_string())?;
                Ok(Value::Null)
            }
            BulkAct::PortalOn | BulkAct::PortalOff => {
                if !actor.may_give(person.login.role) {
                    return Err("your role does not give web access: an administrator can do it".to_owned());
                }
                let login = Login { portal: *act == BulkAct::PortalOn, ..person.login.clone() };
                self.signin.set_login(&login).await.map_err(|error| error.to_string())?;
                Ok(json!({"portal": login.portal}))
            }
        }
    }
}

/// Name and extension.
fn who(person: &Person) -> String {
    let number = person.mailbox.as_ref().map_or_else(String::new, |mailbox| mailbox.extension.to_string());
    format!("{} {number}", person.user.full_name()).trim().to_owned()
}
