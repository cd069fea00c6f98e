//! Users who were removed, and the way back.

use std::sync::Arc;

use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse as _, Response};
use axum::{Extension, Json};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::domain::{Extension as Number, UserId};
use crate::service::accounts::LEFT_DESK;

use super::super::{Site, cursor};
use super::caller::Caller;
use super::messages::PAGE;
use super::page;
use super::problem::Problem;

type Answer = Result<Response, Problem>;

/// Which page.
#[derive(Debug, Deserialize)]
pub(super) struct Asked {
    after: Option<String>,
    limit: Option<u32>,
}

pub(super) async fn list(
    State(site): State<Arc<Site>>,
    Extension(caller): Extension<Caller>,
    Query(asked): Query<Asked>,
) -> Answer {
    let tenant = caller.must_reach_tenant()?;
    let place =
        |text: &str| cursor::removed(text).ok_or_else(|| Problem::field("after", "this is no place of ours"));
    let after = asked.after.as_deref().map(place).transpose()?;
    let accounts = &site.web.services.accounts;
    let (removed, has_more) = accounts.removed_page(tenant, after, asked.limit.unwrap_or(PAGE)).await?;
    let item = |one: &crate::store::Removed| {
        json!({"id": one.user, "first": one.first, "last": one.last, "extension": one.extension,
            "role": one.role, "removed_at": one.at, "messages": one.messages,
            "why": one.why.as_str()})
    };
    let items: Vec<Value> = removed.iter().map(item).collect();
    Ok(page(items, removed.last().filter(|_| has_more).map(cursor::after_removed)))
}

/// Under which extension; the old one, unless it is given.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Restoring {
    extension: Option<String>,
}

pub(super) async fn restore(
    State(site): State<Arc<Site>>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
    Json(restoring): Json<Restoring>,
) -> Answer {
    let tenant = caller.must_reach_tenant()?;
    let user: UserId = id.parse().map_err(|_| Problem::missing("removed user"))?;
    let wanted: Option<Number> = restoring.extension.as_deref().map(str::parse).transpose()?;
    let accounts = site.web.services.accounts.by(&caller.actor.name);
    let may = |role| caller.actor.may_give_back(role);
    let back = accounts.restore(tenant, user, wanted.as_ref(), &may).await?;
    let warnings: Vec<&str> = back.has_left_desk.then_some(LEFT_DESK).into_iter().collect();
    Ok(Json(json!({"id": user, "extension": back.extension, "warnings": warnings})).into_response())
}
