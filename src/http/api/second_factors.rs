//! Second factors of users: whether there is one, and the way back in for who lost it.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use axum::{Extension, Json};
use serde_json::json;

use crate::service::access::Act;

use super::super::Site;
use super::caller::Caller;
use super::problem::Problem;
use super::users::{changeable, found};

type Answer = Result<Response, Problem>;

pub(super) async fn show(
    State(site): State<Arc<Site>>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
) -> Answer {
    let (person, _) = found(&site, &caller, Act::UsersRead, &id).await?;
    let factor = site.web.services.signin.second_factor(caller.tenant, person.user.id).await?;
    let active = factor.and_then(|factor| Some((factor.active?.1, factor.codes)));
    let told = json!({
        "since": active.map(|(since, _)| since),
        "recovery_codes": active.map_or(0, |(_, codes)| codes),
    });
    Ok(Json(told).into_response())
}

pub(super) async fn reset(
    State(site): State<Arc<Site>>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
) -> Answer {
    let (person, _) = changeable(&site, &caller, &id).await?;
    let user = person.user.id;
    if caller.actor.is(user) {
        let why = "the own second factor is turned off in the portal, with a code";
        return Err(Problem::new(StatusCode::CONFLICT, why));
    }
    let services = &site.web.services;
    services.signin.by(&caller.actor.name).reset_factor(caller.tenant, user).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}
