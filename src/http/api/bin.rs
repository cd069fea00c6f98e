//! Users who were removed, and the way back.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::response::{IntoResponse as _, Response};
use axum::{Extension, Json};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::domain::{Extension as Number, UserId};

use super::super::Site;
use super::caller::Caller;
use super::page;
use super::problem::Problem;

type Answer = Result<Response, Problem>;

pub(super) async fn list(State(site): State<Arc<Site>>, Extension(caller): Extension<Caller>) -> Answer {
    let removed = site.web.services.accounts.removed(caller.must_reach_tenant()?).await?;
    let item = |one: &crate::store::Removed| {
        json!({"id": one.user, "first": one.first, "last": one.last, "extension": one.extension,
            "role": one.role, "removed_at": one.at, "messages": one.messages,
            "why": one.why.as_str()})
    };
    let items: Vec<Value> = removed.iter().map(item).collect();
    Ok(page(items, None::<&str>))
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
    let extension = accounts.restore(tenant, user, wanted.as_ref(), caller.actor.rank()).await?;
    Ok(Json(json!({"id": user, "extension": extension})).into_response())
}
