//! The same for many users.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use axum::{Extension, Json};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::domain::{Clear, Invalid, UserId};
use crate::service::bulk::{BulkAct, MOST};

use super::super::Site;
use super::caller::Caller;
use super::page;
use super::problem::Problem;

/// What is done to whom.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Wanted {
    act: String,
    users: Vec<String>,
    #[serde(default)]
    clear: Vec<String>,
}

pub(super) async fn run(
    State(site): State<Arc<Site>>,
    Extension(caller): Extension<Caller>,
    Json(wanted): Json<Wanted>,
) -> Result<Response, Problem> {
    let tenant = caller.must_reach_tenant()?;
    if wanted.users.is_empty() || wanted.users.len() > MOST {
        return Err(Problem::field("users", format!("name 1 to {MOST} users")));
    }
    let users = wanted.users.iter().map(|id| id.parse::<UserId>());
    let users =
        users.collect::<Result<Vec<_>, _>>().map_err(|error| Problem::field("users", error.to_string()))?;
    let parts = wanted.clear.iter().map(|word| word.parse::<Clear>()).collect::<Result<_, Invalid>>()?;
    let choose = "choose welcome, force-password, portal-on, portal-off, reset or remove";
    let act = BulkAct::of(&wanted.act, parts).ok_or_else(|| Problem::field("act", choose))?;
    if matches!(&act, BulkAct::Reset(parts) if parts.is_empty()) {
        return Err(Problem::field("clear", "choose what is cleared"));
    }
    let outcomes = site.web.services.bulk.run(&caller.actor, tenant, &act, &users).await;
    let item = |one: &crate::service::bulk::Outcome| json!({"user": one.user, "done": one.result.is_ok(), "why": one.result.as_ref().err()});
    let items: Vec<Value> = outcomes.iter().map(item).collect();
    Ok(page(items, None::<&str>))
}
