//! Who has a second factor, whether it is asked for, and the way back in for who lost it.

use std::collections::HashMap;

use askama::Template;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::Response;
use serde::Deserialize;

use crate::domain::{Role, UserId};
use crate::service::access::Act;
use crate::service::signin::{SigninError, looks_after_others};

use super::super::portal::frame::{Done, Frame};
use super::super::portal::{missing, sentence, trouble, words};
use super::super::shell::render;
use super::super::visitor::{Posted, Visitor, forbidden, see};
use super::super::{Shared, Site};
use super::server::zone;

pub(super) const HERE: &str = "/admin/second-factors";

#[derive(Template)]
#[template(path = "portal/second_factors.html", config = "src/http/pages/askama.toml")]
struct FactorsPage {
    frame: Frame,
    is_required: bool,
    may_require: bool,
    rows: Vec<Row>,
}

struct Row {
    id: String,
    name: String,
    role: &'static str,
    /// Since when; `None` while there is none.
    since: Option<String>,
    codes: u32,
    may_reset: bool,
}

#[derive(Debug, Default, Deserialize)]
pub(super) struct Asked {
    #[serde(default)]
    done: String,
}

pub(super) async fn page(State(site): Shared, visitor: Visitor, Query(asked): Query<Asked>) -> Response {
    let done = match asked.done.as_str() {
        "reset" => Some("Reset, and signed out everywhere. The password alone signs in again."),
        "none" => Some("There was no second factor to reset."),
        "required" => Some("From now on nobody looks after others without a second factor."),
        "free" => Some("A second factor is everybody's own choice again."),
        _ => None,
    };
    shown(&site, &visitor, done.map(Done::said), StatusCode::OK).await
}

async fn shown(site: &Site, visitor: &Visitor, done: Option<Done>, status: StatusCode) -> Response {
    if let Err(response) = visitor.must(Act::UsersWrite) {
        return response;
    }
    let zone = match zone(site, visitor).await {
        Ok(zone) => zone,
        Err(response) => return response,
    };
    let (services, actor) = (&site.web.services, &visitor.actor);
    let known = async {
        let signin = &services.signin;
        let is_required = signin.is_factor_required(actor.tenant).await?;
        let factors = signin.factors(actor.tenant).await?;
        let logins = signin.logins(actor.tenant).await?;
        Ok::<_, SigninError>((is_required, factors, logins))
    };
    let (is_required, factors, logins) = match known.await {
        Ok(known) => known,
        Err(error) => return trouble(&error),
    };
    let users = match services.accounts.list(actor.tenant).await {
        Ok(users) => users,
        Err(error) => return trouble(&error),
    };
    let roles: HashMap<UserId, Role> = logins.iter().map(|login| (login.user, login.role)).collect();
    let factors: HashMap<UserId, _> = factors
        .into_iter()
        .filter_map(|factor| Some((factor.user, (factor.active?.1, factor.codes))))
        .collect();
    let row = |(user, mailbox): (crate::domain::User, Option<crate::domain::Mailbox>)| {
        let (role, factor) = (roles.get(&user.id).copied().unwrap_or_default(), factors.get(&user.id));
        let number = mailbox.map_or_else(String::new, |mailbox| mailbox.extension.to_string());
        (factor.is_some() || looks_after_others(role)).then(|| Row {
            id: user.id.to_string(),
            name: format!("{} {number}", user.full_name()).trim().to_owned(),
            role: role.title(),
            since: factor.map(|(since, _)| words::stamp(*since, &zone)),
            codes: factor.map_or(0, |(_, codes)| *codes),
            may_reset: factor.is_some() && actor.may_change(role) && !actor.is(user.id),
        })
    };
    let page = FactorsPage {
        frame: Frame::new(site, visitor, HERE, None).with(done),
        is_required,
        may_require: visitor.must(Act::TenantsWrite).is_ok(),
        rows: users.into_iter().filter_map(row).collect(),
    };
    render(&page, status)
}

/// Asks everybody who looks after others for a second factor, or nobody.
pub(super) async fn require(State(site): Shared, posted: Posted) -> Response {
    let Posted { visitor, fields } = posted;
    if let Err(response) = visitor.must(Act::TenantsWrite) {
        return response;
    }
    let (actor, services) = (&visitor.actor, &site.web.services);
    let Some(user) = actor.user else { return missing() };
    let is_required = fields.is_on("required");
    match services.signin.by(&actor.name).require_factor(actor.tenant, user, is_required).await {
        Ok(()) => {}
        Err(error @ SigninError::OwnFirst) => {
            let done = Some(Done::refused(sentence(&error)));
            return shown(&site, &visitor, done, StatusCode::CONFLICT).await;
        }
        Err(error) => return trouble(&error),
    }
    see(&site, &format!("{HERE}?done={}", if is_required { "required" } else { "free" }))
}

/// Takes somebody's second factor away. The own one is turned off with its code, not here.
pub(super) async fn reset(State(site): Shared, Path(id): Path<String>, posted: Posted) -> Response {
    let visitor = posted.visitor;
    if let Err(response) = visitor.must(Act::UsersWrite) {
        return response;
    }
    let (actor, services) = (&visitor.actor, &site.web.services);
    let Ok(id) = id.parse::<UserId>() else { return missing() };
    let person = match services.people.person(actor.tenant, id).await {
        Ok(Some(person)) => person,
        Ok(None) => return missing(),
        Err(error) => return trouble(&error),
    };
    if !actor.may_change(person.login.role) {
        return forbidden();
    }
    if actor.is(id) {
        let why = "Your own second factor is turned off in your settings, with a code.";
        return shown(&site, &visitor, Some(Done::refused(why)), StatusCode::CONFLICT).await;
    }
    let was_on = match services.signin.by(&actor.name).reset_factor(actor.tenant, id).await {
        Ok(was_on) => was_on,
        Err(error) => return trouble(&error),
    };
    see(&site, &format!("{HERE}?done={}", if was_on { "reset" } else { "none" }))
}
