//! Resetting users, clearing mailboxes, and the way back.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use axum::{Extension, Json};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::domain::Clear;
use crate::store::{Cleared, Holdings};

use super::super::Site;
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
        "mails": held.mails, "sessions": held.sessions, "keys": held.keys, "devices": held.devices, "lamps": held.lamps, "phones": held.phones})
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
    let parts = Clear::parts(&resetting.clear)?;
    if caller.actor.is(person.user.id) {
        let why = "nobody resets themselves: let another administrator do it";
        return Err(Problem::new(StatusCode::CONFLICT, why));
    }
    let accounts = site.web.services.accounts.by(&caller.actor.name);
    let cleared = accounts.reset(caller.tenant, &account.mailbox.extension, parts).await?;
    Ok(told(&cleared))
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
    let accounts = site.web.services.accounts.by(&caller.actor.name);
    let cleared = accounts.clear_mailbox(caller.tenant, &account.mailbox.extension, is_data).await?;
    Ok(told(&cleared))
}

pub(super) async fn take_back(
    State(site): State<Arc<Site>>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
) -> Answer {
    let (_, account) = changeable(&site, &caller, &id).await?;
    let accounts = site.web.services.accounts.by(&caller.actor.name);
    let may = |role| caller.actor.may_give_back(role);
    let back = accounts.take_back(caller.tenant, &account.mailbox.extension, &may).await?;
    Ok(told(&back))
}

/// What was done.
fn told(cleared: &Cleared) -> Response {
    let Cleared { at, parts, messages, greetings } = cleared;
    Json(json!({"clear": parts, "messages": messages, "greetings": greetings, "at": at})).into_response()
}
