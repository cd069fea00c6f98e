//! Roles of users, and the numbers that lead to them.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use axum::{Extension, Json};
use serde::Deserialize;
use serde_json::json;

use crate::domain::{Extension as Number, GreetingId, Login, Role, TenantId};
use crate::service::access::Act;
use crate::service::accounts::AccountError;

use super::super::Site;
use super::caller::Caller;
use super::problem::Problem;
use super::users::{changeable, found, number_json};

type Answer = Result<Response, Problem>;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Giving {
    role: String,
    portal: Option<bool>,
}

pub(super) async fn give_role(
    State(site): State<Arc<Site>>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
    Json(giving): Json<Giving>,
) -> Answer {
    let (person, _) = found(&site, &caller, Act::RolesWrite, &id).await?;
    let role: Role = giving.role.parse()?;
    let before = person.login.clone();
    if !caller.actor.may_give(before.role) {
        return Err(Problem::forbidden());
    }
    if role != before.role || !caller.actor.may_give(role) {
        may_give(&site, &caller, role).await?;
    }
    if caller.actor.is(person.user.id) {
        return Err(Problem::new(
            StatusCode::CONFLICT,
            "the own role and access are changed by somebody else",
        ));
    }
    let login = Login { role, portal: giving.portal.unwrap_or(before.portal), ..before.clone() };
    site.web.services.signin.by(&caller.actor.name).set_login(&before, &login).await?;
    Ok(Json(json!({"role": login.role, "portal": login.portal})).into_response())
}

/// Whether the caller gives a role, and the tenant has it.
pub(super) async fn may_give(site: &Site, caller: &Caller, role: Role) -> Result<(), Problem> {
    if !caller.actor.may_give(role) {
        return Err(Problem::forbidden());
    }
    // 002-046
    if !site.web.services.people.policy(caller.tenant).await?.offers(role) {
        let why = "there are no queues here (the setting queues): choose another role";
        return Err(Problem::field("role", why));
    }
    Ok(())
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AddingNumber {
    number: String,
    label: Option<String>,
}

pub(super) async fn add_number(
    State(site): State<Arc<Site>>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
    Json(adding): Json<AddingNumber>,
) -> Answer {
    let (_, account) = changeable(&site, &caller, &id).await?;
    let extension = &account.mailbox.extension;
    let accounts = site.web.services.accounts.by(&caller.actor.name);
    let number =
        accounts.add_number(caller.tenant, extension, &adding.number, adding.label.as_deref()).await?;
    Ok((StatusCode::CREATED, Json(number_json(&number))).into_response())
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Greeting {
    greeting: Option<String>,
}

impl Greeting {
    fn id(&self) -> Result<Option<GreetingId>, Problem> {
        let id = self.greeting.as_deref().map(str::parse).transpose();
        id.map_err(|_| AccountError::NoGreeting.into())
    }
}

/// A greeting of its own for a number, or the main one again (004-07).
pub(super) async fn greet_number(
    State(site): State<Arc<Site>>,
    Extension(caller): Extension<Caller>,
    Path((id, number)): Path<(String, String)>,
    Json(given): Json<Greeting>,
) -> Answer {
    let (_, account) = changeable(&site, &caller, &id).await?;
    greeted(&site, &caller, (caller.tenant, &account.mailbox.extension), &number, &given).await
}

/// The same of the own mailbox, or of one whose greetings one changes.
pub(super) async fn greet_own(
    State(site): State<Arc<Site>>,
    Extension(caller): Extension<Caller>,
    Path((mailbox, number)): Path<(String, String)>,
    Json(given): Json<Greeting>,
) -> Answer {
    let owner = caller.owner(&mailbox)?;
    let extension = site.web.services.people.extension(owner.tenant, owner.mailbox).await?.parse()?;
    greeted(&site, &caller, (owner.tenant, &extension), &number, &given).await
}

async fn greeted(
    site: &Site,
    caller: &Caller,
    (tenant, extension): (TenantId, &Number),
    number: &str,
    given: &Greeting,
) -> Answer {
    let accounts = site.web.services.accounts.by(&caller.actor.name);
    let known = accounts.greet_number(tenant, extension, number, given.id()?).await?;
    Ok(Json(number_json(&known)).into_response())
}

pub(super) async fn remove_number(
    State(site): State<Arc<Site>>,
    Extension(caller): Extension<Caller>,
    Path((id, number)): Path<(String, String)>,
) -> Answer {
    let (_, account) = changeable(&site, &caller, &id).await?;
    let extension = &account.mailbox.extension;
    site.web
        .services
        .accounts
        .by(&caller.actor.name)
        .remove_number(caller.tenant, extension, &number)
        .await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}
