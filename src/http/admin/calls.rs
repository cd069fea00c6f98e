//! Live calls: who is on the line, what the call does, what came of the last ones; an operator may end one.

use std::collections::HashMap;

use askama::Template;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::Response;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::json;
use uuid::Uuid;

use crate::domain::{CallOutcome, CallerId, TenantId};
use crate::service::access::{Act, Actor, Reach};
use crate::service::audit::Deed;
use crate::service::live_calls::{LiveCall, PastCall, Scope};

use super::super::portal::frame::{Done, Frame};
use super::super::portal::{live_calls, missing, trouble, words};
use super::super::shell::render;
use super::super::visitor::{Posted, Visitor, see};
use super::super::{Shared, Site};
use super::server::{Asked, zone};

const HERE: &str = "/admin/calls";
/// Running calls on the page.
const MOST_RUNNING: usize = 200;
/// Calls on the page that are over.
const MOST_OVER: usize = 100;

#[derive(Template)]
#[template(path = "portal/calls.html", config = "src/http/pages/askama.toml")]
struct CallsPage {
    frame: Frame,
    all: usize,
    running: Vec<Row>,
    over: Vec<Row>,
    shown: usize,
    has_callers: bool,
    may_end: bool,
}

struct Row {
    id: Uuid,
    at: String,
    seconds: i64,
    length: String,
    mailbox: String,
    tenant: String,
    does: String,
    caller: String,
    number: String,
    trunk: String,
    is_cut: bool,
    is_bad: bool,
}

/// What an actor sees of the calls.
struct View {
    now: Timestamp,
    zone: TimeZone,
    /// Names of tenants, where more than one is seen.
    tenants: HashMap<TenantId, String>,
    actor: Actor,
}

/// Whose calls the actor reaches.
fn scope(actor: &Actor, act: Act) -> Scope {
    if actor.reach(act) == Reach::All { Scope::Everything } else { Scope::Tenant(actor.tenant) }
}

impl View {
    async fn new(site: &Site, visitor: &Visitor) -> Result<Self, Response> {
        let zone = zone(site, visitor).await?;
        let mut tenants = HashMap::new();
        if scope(&visitor.actor, Act::Calls) == Scope::Everything {
            let all = site.web.services.people.tenants().await.map_err(|error| trouble(&error))?;
            if all.len() > 1 {
                tenants.extend(all.into_iter().map(|tenant| (tenant.id, tenant.name)));
            }
        }
        Ok(Self { now: site.web.clock.now(), zone, tenants, actor: visitor.actor.clone() })
    }

    fn row(&self, call: &LiveCall, at: Timestamp, until: Timestamp, does: String) -> Row {
        let seconds = until.duration_since(call.since).as_secs().max(0);
        let may_see = call.tenant.is_none_or(|tenant| self.actor.may(Act::Callers, tenant, None));
        let (caller, number) = match &call.caller {
            Some(caller) if may_see => named(caller),
            _ => (String::new(), String::new()),
        };
        Row {
            id: call.arrival.id,
            at: words::when(at, self.now, &self.zone),
            seconds,
            length: format!("{}:{:02}", seconds / 60, seconds % 60),
            mailbox: call.mailbox.as_ref().map_or_else(|| "—".to_owned(), ToString::to_string),
            tenant: call.tenant.and_then(|tenant| self.tenants.get(&tenant).cloned()).unwrap_or_default(),
            does,
            caller,
            number,
            trunk: trunk(call),
            is_cut: call.is_cut,
            is_bad: false,
        }
    }

    fn past(&self, past: &PastCall) -> Row {
        let does = match past.outcome {
            CallOutcome::Refused(code) => format!("{} ({code})", past.outcome.title()),
            outcome => outcome.title().to_owned(),
        };
        let is_bad = matches!(past.outcome, CallOutcome::Refused(_) | CallOutcome::Waiting);
        Row { is_bad, ..self.row(&past.call, past.ended_at, past.ended_at, does) }
    }
}

fn named(caller: &CallerId) -> (String, String) {
    let number = caller.number.clone().unwrap_or_default();
    match &caller.name {
        Some(name) => (name.clone(), number),
        None if caller.anonymous => ("Withheld".to_owned(), number),
        None => (number, String::new()),
    }
}

fn trunk(call: &LiveCall) -> String {
    match &call.arrival.trunk {
        Some(trunk) => trunk.clone(),
        None if call.arrival.is_ours => "placed by us".to_owned(),
        None => "a peer".to_owned(),
    }
}

pub(super) async fn page(State(site): Shared, visitor: Visitor, Query(asked): Query<Asked>) -> Response {
    if let Err(response) = visitor.must(Act::Calls) {
        return response;
    }
    let view = match View::new(&site, &visitor).await {
        Ok(view) => view,
        Err(response) => return response,
    };
    let (calls, scope) = (&site.web.services.calls, scope(&visitor.actor, Act::Calls));
    let (running, all) = calls.running(scope, MOST_RUNNING);
    let over = calls.over(scope, MOST_OVER);
    let done = match asked.done.as_str() {
        "ended" => Some(Done::said("The call is being ended. What was recorded is kept.")),
        "gone" => Some(Done::refused("That call is over already.")),
        _ => None,
    };
    let now = view.now;
    let page = CallsPage {
        frame: Frame::new(&site, &visitor, HERE, None).with(done),
        all,
        running: running
            .iter()
            .map(|call| view.row(call, call.since, now, call.stage.title().to_owned()))
            .collect(),
        over: over.iter().map(|past| view.past(past)).collect(),
        shown: MOST_OVER,
        has_callers: visitor.actor.reach(Act::Callers) > Reach::Own,
        may_end: visitor.actor.reach(Act::CallsEnd) > Reach::Own,
    };
    render(&page, StatusCode::OK)
}

pub(super) async fn events(State(site): Shared, visitor: Visitor) -> Response {
    match visitor.must(Act::Calls) {
        Ok(()) => live_calls(&site.web.services, scope(&visitor.actor, Act::Calls)),
        Err(response) => response,
    }
}

pub(super) async fn end(State(site): Shared, Path(id): Path<String>, posted: Posted) -> Response {
    let visitor = posted.visitor;
    if let Err(response) = visitor.must(Act::CallsEnd) {
        return response;
    }
    let Ok(id) = id.parse::<Uuid>() else { return missing() };
    let done = if ended(&site, &visitor.actor, id, scope(&visitor.actor, Act::CallsEnd)).await {
        "ended"
    } else {
        "gone"
    };
    see(&site, &format!("{HERE}?done={done}"))
}

/// Ends a call, and notes who did; whether there was one.
pub(in crate::http) async fn ended(site: &Site, actor: &Actor, id: Uuid, scope: Scope) -> bool {
    let services = &site.web.services;
    let Some(call) = services.calls.end(id, scope) else { return false };
    tracing::info!(call = %id, "an operator ends a call");
    let deed = Deed { action: "call.ended", target: format!("call {id}") };
    let was = json!({"mailbox": call.mailbox, "stage": call.stage, "since": call.since});
    let tenant = call.tenant.unwrap_or(actor.tenant);
    services.audit.note(actor, tenant, deed, Some(&was), None::<&()>).await;
    true
}
