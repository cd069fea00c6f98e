//! The same for many users: kept, done behind the answer, told of for each, and stopped.

use std::sync::Arc;

use axum::extract::{Path, Query, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use axum::{Extension, Json};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::domain::{BulkId, Clear, UserId};
use crate::service::bulk::{BulkAct, BulkError, MOST, Whom, word};
use crate::store::{BulkRow, BulkRun, StoreError};

use super::super::Site;
use super::caller::Caller;
use super::page;
use super::problem::Problem;
use super::whom::Wanted as Filter;

type Answer = Result<Response, Problem>;

/// What is done to whom.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Wanted {
    act: String,
    /// These users …
    users: Option<Vec<String>>,
    /// … or all that this finds.
    filter: Option<Filter>,
    #[serde(default)]
    clear: Vec<String>,
}

fn run_json(run: &BulkRun) -> Value {
    let clear: Value = serde_json::from_str(&run.parts).unwrap_or_else(|_| json!([]));
    json!({
        "id": run.id,
        "act": run.act,
        "clear": clear,
        "state": run.state,
        "total": run.total,
        "done": run.done,
        "failed": run.failed,
        "made_at": run.made_at,
        "over_at": run.over_at,
    })
}

pub(super) async fn begin(
    State(site): State<Arc<Site>>,
    Extension(caller): Extension<Caller>,
    Json(wanted): Json<Wanted>,
) -> Answer {
    let tenant = caller.must_reach_tenant()?;
    let users = match &wanted.users {
        Some(users) => named(users)?,
        None => Vec::new(),
    };
    let filter = wanted.filter.as_ref().map(Filter::filter).transpose()?;
    let whom = match (&wanted.users, &filter) {
        (Some(_), None) => Whom::Named(&users),
        (None, Some(filter)) => Whom::Found { filter, seen: None },
        _ => return Err(Problem::field("users", "give either users, or a filter that finds them")),
    };
    let parts = Clear::parts(&wanted.clear)?;
    let choose = "choose welcome, force-password, portal-on, portal-off, reset or remove";
    let act = BulkAct::of(&wanted.act, parts).ok_or_else(|| Problem::field("act", choose))?;
    if matches!(&act, BulkAct::Reset(parts) if parts.is_empty()) {
        return Err(Problem::field("clear", "choose what is cleared"));
    }
    let run =
        site.web.services.bulk.begin(&caller.actor, tenant, &act, whom).await.map_err(
            |error| match error {
                BulkError::Store(error) => error.into(),
                error => Problem::field("filter", error.to_string()),
            },
        )?;
    let place = [(header::LOCATION, format!("{}/api/v1/users/bulk/{}", site.base, run.id))];
    Ok((StatusCode::ACCEPTED, place, Json(run_json(&run))).into_response())
}

fn named(users: &[String]) -> Result<Vec<UserId>, Problem> {
    if users.is_empty() || users.len() > MOST {
        return Err(Problem::field("users", format!("name 1 to {MOST} users")));
    }
    let users = users.iter().map(|id| id.parse::<UserId>());
    users.collect::<Result<Vec<_>, _>>().map_err(|error| Problem::field("users", error.to_string()))
}

pub(super) async fn list(State(site): State<Arc<Site>>, Extension(caller): Extension<Caller>) -> Answer {
    let runs = site.web.services.bulk.runs(caller.must_reach_tenant()?).await?;
    Ok(page(runs.iter().map(run_json).collect(), None::<&str>))
}

/// The run of this id; one of another tenant is as missing as one that is not there.
fn id(text: &str) -> Result<BulkId, Problem> {
    text.parse().map_err(|_| Problem::missing("run"))
}

fn refused(error: StoreError) -> Problem {
    match error {
        StoreError::Missing { .. } => Problem::missing("run"),
        other => other.into(),
    }
}

pub(super) async fn show(
    State(site): State<Arc<Site>>,
    Extension(caller): Extension<Caller>,
    Path(run): Path<String>,
) -> Answer {
    let tenant = caller.must_reach_tenant()?;
    let run = site.web.services.bulk.run(tenant, id(&run)?).await.map_err(refused)?;
    Ok(Json(run_json(&run)).into_response())
}

#[derive(Debug, Deserialize)]
pub(super) struct Asked {
    after: Option<String>,
    limit: Option<u32>,
}

pub(super) async fn results(
    State(site): State<Arc<Site>>,
    Extension(caller): Extension<Caller>,
    Path(run): Path<String>,
    Query(asked): Query<Asked>,
) -> Answer {
    let (tenant, bulk) = (caller.must_reach_tenant()?, &site.web.services.bulk);
    let run = bulk.run(tenant, id(&run)?).await.map_err(refused)?;
    let place =
        |text: &str| text.parse::<u32>().map_err(|_| Problem::field("after", "this is no place of ours"));
    let after = asked.after.as_deref().map(place).transpose()?;
    let (rows, more) = bulk.rows(tenant, run.id, after, asked.limit.unwrap_or(50).clamp(1, 200)).await?;
    let item =
        |row: &BulkRow| json!({"user": row.user, "who": row.who, "state": word(row.state), "why": row.why});
    let next = more.then(|| rows.last().map(|row| row.place.to_string())).flatten();
    Ok(page(rows.iter().map(item).collect(), next))
}

pub(super) async fn csv(
    State(site): State<Arc<Site>>,
    Extension(caller): Extension<Caller>,
    Path(run): Path<String>,
) -> Answer {
    let tenant = caller.must_reach_tenant()?;
    let text = site.web.services.bulk.csv(tenant, id(&run)?).await.map_err(refused)?;
    Ok(([(header::CONTENT_TYPE, "text/csv; charset=utf-8")], text).into_response())
}

pub(super) async fn cancel(
    State(site): State<Arc<Site>>,
    Extension(caller): Extension<Caller>,
    Path(run): Path<String>,
) -> Answer {
    let (tenant, bulk) = (caller.must_reach_tenant()?, &site.web.services.bulk);
    let id = bulk.run(tenant, id(&run)?).await.map_err(refused)?.id;
    bulk.cancel(&caller.actor, tenant, id).await.map_err(|error| match error {
        StoreError::Missing { .. } => Problem::new(StatusCode::CONFLICT, "it is over already"),
        other => other.into(),
    })?;
    Ok(Json(run_json(&bulk.run(tenant, id).await.map_err(refused)?)).into_response())
}
