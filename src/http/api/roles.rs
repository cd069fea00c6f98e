//! Roles of users, and the numbers that lead to them.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use axum::{Extension, Json};
use serde::Deserialize;
use serde_json::json;

use crate::domain::{GreetingId, Login, Role};
use crate::service::access::Act;
use crate::service::accounts::{Account, AccountError};
use crate::service::audit::Deed;

use super::super::Site;
use super::caller::Caller;
use super::problem::Problem;
use super::users::{changeable, found};

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
    let (person, account) = found(&site, &caller, Act::RolesWrite, &id).await?;
    let role: Role = giving.role.parse()?;
    let before = person.login.clone();
    if !caller.actor.may_give(role) || !caller.actor.may_give(before.role) {
        return Err(Problem::forbidden());
    }
    // 002-046
    if role != before.role && !site.web.services.people.policy(caller.tenant).await?.offers(role) {
        return Err(Problem::field(
            "role",
            "there are no queues here (the setting queues): choose another role",
        ));
    }
    if caller.actor.is(person.user.id) {
        return Err(Problem::new(
            StatusCode::CONFLICT,
            "the own role and access are changed by somebody else",
        ));
    }
    let login = Login { role, portal: giving.portal.unwrap_or(before.portal), ..before.clone() };
    site.web.services.signin.set_login(&login).await?;
    let extension = account.map(|account| account.mailbox.extension.to_string()).unwrap_or_default();
    let deed = Deed { action: "role.given", target: format!("mailbox {extension}") };
    let shown = |login: &Login| json!({"role": login.role, "portal": login.portal});
    let (was, became) = (shown(&before), shown(&login));
    site.web.services.audit.note(&caller.actor, caller.tenant, deed, Some(&was), Some(&became)).await;
    Ok(Json(became).into_response())
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
    let accounts = &site.web.services.accounts;
    let number =
        accounts.add_number(caller.tenant, extension, &adding.number, adding.label.as_deref()).await?;
    let told = json!({"number": number.number, "label": number.label, "greeting": number.greeting});
    let deed = Deed { action: "number.added", target: format!("mailbox {extension}") };
    site.web.services.audit.note(&caller.actor, caller.tenant, deed, None::<&()>, Some(&told)).await;
    Ok((StatusCode::CREATED, Json(told)).into_response())
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
    let (extension, accounts) = (&account.mailbox.extension, &site.web.services.accounts);
    accounts.greet_number(caller.tenant, extension, &number, given.id()?).await?;
    let known = |account: &Account| account.numbers.iter().find(|known| known.number == number).cloned();
    let after = accounts.show(caller.tenant, extension).await?;
    let shown = |number: Option<crate::store::Number>| {
        number.map(
            |number| json!({"number": number.number, "label": number.label, "greeting": number.greeting}),
        )
    };
    let (was, became) = (shown(known(&account)), shown(known(&after)));
    let deed = Deed { action: "number.greeted", target: format!("mailbox {extension}") };
    site.web.services.audit.note(&caller.actor, caller.tenant, deed, was.as_ref(), became.as_ref()).await;
    Ok(Json(became).into_response())
}

/// The same of the own mailbox, or of one whose greetings one changes.
pub(super) async fn greet_own(
    State(site): State<Arc<Site>>,
    Extension(caller): Extension<Caller>,
    Path((mailbox, number)): Path<(String, String)>,
    Json(given): Json<Greeting>,
) -> Answer {
    let owner = caller.owner(&mailbox)?;
    let (people, accounts) = (&site.web.services.people, &site.web.services.accounts);
    let extension = people.extension(owner.tenant, owner.mailbox).await?.parse()?;
    let known = async || {
        let account = accounts.show(owner.tenant, &extension).await?;
        let number = account.numbers.into_iter().find(|known| known.number == number);
        Ok::<_, Problem>(number.map(
            |number| json!({"number": number.number, "label": number.label, "greeting": number.greeting}),
        ))
    };
    let was = known().await?;
    accounts.greet_number(owner.tenant, &extension, &number, given.id()?).await?;
    let became = known().await?;
    let deed = Deed { action: "number.greeted", target: format!("mailbox {extension}") };
    site.web.services.audit.note(&caller.actor, owner.tenant, deed, was.as_ref(), became.as_ref()).await;
    Ok(Json(became).into_response())
}

pub(super) async fn remove_number(
    State(site): State<Arc<Site>>,
    Extension(caller): Extension<Caller>,
    Path((id, number)): Path<(String, String)>,
) -> Answer {
    let (_, account) = changeable(&site, &caller, &id).await?;
    let extension = &account.mailbox.extension;
    site.web.services.accounts.remove_number(caller.tenant, extension, &number).await?;
    let deed = Deed { action: "number.removed", target: format!("mailbox {extension}") };
    let was = json!({"number": number});
    site.web.services.audit.note(&caller.actor, caller.tenant, deed, Some(&was), None::<&()>).await;
    Ok(StatusCode::NO_CONTENT.into_response())
}
