//! Resetting users, clearing mailboxes, and the way back.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use axum::{Extension, Json};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::domain::{Clear, Invalid};
use crate::service::accounts::Account;
use crate::service::audit::Deed;
use crate::store::{Cleared, Holdings};

use super::super::Site;
use super::super::admin::before_and_after;
use super::caller::Caller;
use super::problem::Problem;
use super::users::changeable;

type Answer = Result<Response, Problem>;

pub(super) async fn holdings(
    State(site): State<Arc<Site>>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
) -> Answer {
    let (_, account) = changeable(&site, &caller, &id).await?;
    let held = site.web.services.accounts.holdings(caller.tenant, &account.mailbox.extension).await?;
    Ok(Json(holdings_json(&held)).into_response())
}

/// What hangs on a mailbox and its user.
pub(super) fn holdings_json(held: &Holdings) -> Value {
    json!({"messages": held.messages, "unheard": held.unheard, "greetings": held.greetings,
        "names": held.names, "rules": held.rules, "lists": held.lists, "numbers": held.numbers, "links": held.links,
        "mails": held.mails, "sessions": held.sessions, "keys": held.keys, "devices": held.devices, "lamps": held.lamps})
}

/// Which parts.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Resetting {
    clear: Vec<String>,
}

pub(super) async fn reset(
    State(site): State<Arc<Site>>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
    Json(resetting): Json<Resetting>,
) -> Answer {
    let (person, account) = changeable(&site, &caller, &id).await?;
    let parts = resetting.clear.iter().map(|word| word.parse::<Clear>()).collect::<Result<_, Invalid>>()?;
    if caller.actor.is(person.user.id) {
        let why = "nobody resets themselves: let another administrator do it";
        return Err(Problem::new(StatusCode::CONFLICT, why));
    }
    let cleared = site.web.services.accounts.reset(caller.tenant, &account.mailbox.extension, parts).await?;
    Ok(noted(&site, &caller, "user.reset", &account, &cleared).await)
}

/// How much.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Clearing {
    what: String,
}

pub(super) async fn clear(
    State(site): State<Arc<Site>>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
    Json(clearing): Json<Clearing>,
) -> Answer {
    let (_, account) = changeable(&site, &caller, &id).await?;
    let is_data = match clearing.what.as_str() {
        "messages" => false,
        "data" => true,
        _ => return Err(Problem::field("what", "choose messages or data")),
    };
    let accounts = &site.web.services.accounts;
    let cleared = accounts.clear_mailbox(caller.tenant, &account.mailbox.extension, is_data).await?;
    Ok(noted(&site, &caller, "mailbox.cleared", &account, &cleared).await)
}

pub(super) async fn take_back(
    State(site): State<Arc<Site>>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
) -> Answer {
    let (_, account) = changeable(&site, &caller, &id).await?;
    let back = site.web.services.accounts.take_back(caller.tenant, &account.mailbox.extension).await?;
    Ok(noted(&site, &caller, "user.taken-back", &account, &back).await)
}

/// Notes it, and answers what was done.
async fn noted(site: &Site, caller: &Caller, action: &str, account: &Account, cleared: &Cleared) -> Response {
    let deed = Deed { action, target: format!("mailbox {}", account.mailbox.extension) };
    let (was, mut became): (Value, Value) = before_and_after(account, cleared);
    site.web.services.audit.note(&caller.actor, caller.tenant, deed, Some(&was), Some(&became)).await;
    became["at"] = json!(cleared.at);
    Json(became).into_response()
}
