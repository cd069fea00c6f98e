//! What goes with many users who are to be removed, before it is confirmed (002-091).

use axum::response::Response;

use crate::domain::{TenantId, UserId, counted};
use crate::service::accounts::Dependents;

use super::super::Site;
use super::super::portal::trouble;

/// Users of whom all is told.
const MOST: usize = 50;

/// What goes, for people.
pub(super) struct Goes {
    /// `312 messages, 5 of them unheard`.
    pub(super) messages: String,
    pub(super) each: Vec<OfOne>,
    /// Users of whom it is not told.
    pub(super) others: usize,
}

/// What goes with one of them.
pub(super) struct OfOne {
    pub(super) user: String,
    pub(super) holds: String,
    /// What would lead nowhere.
    pub(super) pointers: Vec<String>,
}

impl Goes {
    /// What is told of a user.
    pub(super) fn of(&self, user: &str) -> Option<&OfOne> {
        self.each.iter().find(|one| one.user == user)
    }
}

pub(super) async fn goes(site: &Site, tenant: TenantId, users: &[UserId]) -> Result<Goes, Response> {
    let accounts = &site.web.services.accounts;
    let many = accounts.dependents_of(tenant, users, MOST).await.map_err(|error| trouble(&error))?;
    Ok(Goes {
        messages: messages(many.messages, many.unheard),
        others: users.len().saturating_sub(MOST),
        each: many.each.iter().map(|(user, dependents)| of_one(*user, dependents)).collect(),
    })
}

fn messages(all: u64, unheard: u64) -> String {
    let all = counted(all, "message");
    if unheard == 0 { all } else { format!("{all}, {unheard} unheard") }
}

fn of_one(user: UserId, dependents: &Dependents) -> OfOne {
    let mut holds = vec![messages(dependents.messages.into(), dependents.unheard.into())];
    holds.push(counted(dependents.greetings as u64, "greeting"));
    let list = |what: &str, of: Vec<String>| {
        (!of.is_empty()).then(|| format!("{what}{} {}", if of.len() == 1 { "" } else { "s" }, of.join(", ")))
    };
    holds.extend(list("number", dependents.numbers.clone()));
    holds.extend(list(
        "phone",
        dependents.phones.iter().map(|phone| phone.name.as_str().to_owned()).collect(),
    ));
    let pointers = dependents.pointers.iter().map(|pointer| match &pointer.at {
        Some(at) => format!("{} (mailbox {at})", pointer.what),
        None => pointer.what.clone(),
    });
    OfOne { user: user.to_string(), holds: holds.join("; "), pointers: pointers.collect() }
}
