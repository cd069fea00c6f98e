//! The running server: its calls and its lamps.

use std::sync::Arc;

use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use axum::{Extension, Json};
use serde::Deserialize;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::domain::LampId;
use crate::service::access::Act;
use crate::service::lamp::audit::Judged;
use crate::service::live_calls::{LiveCall, PastCall, Scope};

use super::super::Site;
use super::super::admin::calls::ended;
use super::super::admin::lamps::{address, told_again};
use super::super::portal::live_calls;
use super::caller::Caller;
use super::page;
use super::problem::Problem;

type Answer = Result<Response, Problem>;

/// Calls of one answer unless it says otherwise.
const CALLS: u32 = 200;

#[derive(Debug, Deserialize)]
pub(super) struct Asked {
    limit: Option<u32>,
}

impl Asked {
    fn limit(&self) -> usize {
        self.limit.unwrap_or(CALLS).clamp(1, 1000) as usize
    }
}

fn call_json(caller: &Caller, call: &LiveCall) -> Value {
    let mut told = json!({
        "id": call.arrival.id,
        "direction": if call.arrival.is_ours { "out" } else { "in" },
        "trunk": call.arrival.trunk,
        "mailbox": call.mailbox,
        "since": call.since,
        "stage": call.stage,
        "stage_since": call.stage_since,
        "ended_by_operator": call.is_cut,
    });
    let may_see = call.tenant.is_some_and(|tenant| caller.actor.may(Act::Callers, tenant, None));
    if let (true, Some(who), Some(fields)) = (may_see, &call.caller, told.as_object_mut()) {
        let who = json!({"number": who.number, "name": who.name, "anonymous": who.anonymous});
        fields.insert("caller".to_owned(), who);
    }
    told
}

fn past_json(caller: &Caller, past: &PastCall) -> Value {
    let mut told = call_json(caller, &past.call);
    if let Some(fields) = told.as_object_mut() {
        fields.remove("stage");
        fields.remove("stage_since");
        fields.insert("ended_at".to_owned(), json!(past.ended_at));
        fields.insert("outcome".to_owned(), json!(past.outcome.as_str()));
        fields.insert("code".to_owned(), json!(past.outcome.code()));
    }
    told
}

pub(super) async fn calls(
    State(site): State<Arc<Site>>,
    Extension(caller): Extension<Caller>,
    Query(asked): Query<Asked>,
) -> Answer {
    let tenant = caller.must_reach_tenant()?;
    let (running, all) = site.web.services.calls.running(Scope::Tenant(tenant), asked.limit());
    let items: Vec<Value> = running.iter().map(|call| call_json(&caller, call)).collect();
    Ok(Json(json!({"items": items, "all": all})).into_response())
}

pub(super) async fn recent(
    State(site): State<Arc<Site>>,
    Extension(caller): Extension<Caller>,
    Query(asked): Query<Asked>,
) -> Answer {
    let tenant = caller.must_reach_tenant()?;
    let over = site.web.services.calls.over(Scope::Tenant(tenant), asked.limit());
    let items: Vec<Value> = over.iter().map(|past| past_json(&caller, past)).collect();
    Ok(page(items, None::<&str>))
}

pub(super) async fn events(State(site): State<Arc<Site>>, Extension(caller): Extension<Caller>) -> Answer {
    let tenant = caller.must_reach_tenant()?;
    Ok(live_calls(&site.web.services, Scope::Tenant(tenant)))
}

pub(super) async fn end(
    State(site): State<Arc<Site>>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
) -> Answer {
    let tenant = caller.must_reach_tenant()?;
    let id: Uuid = id.parse().map_err(|_| Problem::missing("call"))?;
    if ended(&site, &caller.actor, id, Scope::Tenant(tenant)).await {
        Ok(StatusCode::ACCEPTED.into_response())
    } else {
        Err(Problem::missing("call"))
    }
}

fn lamp_json(judged: &Judged) -> Value {
    let Judged { state, watched } = judged;
    let lamp = &watched.lamp;
    json!({
        "id": lamp.id,
        "mailbox": watched.extension,
        "to": address(lamp),
        "state": state.as_str(),
        "told": lamp.told,
        "truth": watched.counts,
        "told_at": lamp.told_at,
        "since": lamp.created_at,
        "expires_at": lamp.expires_at,
        "failures": lamp.failures,
        "error": lamp.last_error,
        "next_try_at": watched.job.map(|(_, at)| at),
    })
}

pub(super) async fn lamps(State(site): State<Arc<Site>>, Extension(caller): Extension<Caller>) -> Answer {
    let lamps = site.web.services.lamps.lamps(caller.must_reach_tenant()?).await?;
    Ok(page(lamps.iter().map(lamp_json).collect(), None::<&str>))
}

pub(super) async fn tell_again(
    State(site): State<Arc<Site>>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
) -> Answer {
    let tenant = caller.must_reach_tenant()?;
    let id: LampId = id.parse().map_err(|_| Problem::missing("lamp"))?;
    told_again(&site, &caller.actor, tenant, id).await?;
    Ok(StatusCode::ACCEPTED.into_response())
}
