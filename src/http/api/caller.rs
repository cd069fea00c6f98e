//! Who calls the API: a program with a key, or a page of the portal with its session. Checked before any handler runs.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::request::Parts;
use axum::http::{Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};

use crate::domain::{MailboxId, Owner, TenantId};
use crate::service::access::{Act, Actor, Reach};

use super::super::Site;
use super::super::visitor::{is_from_elsewhere, same, source, visitor};
use super::once::once;
use super::problem::Problem;
use super::table::Route;
use super::unread;

/// So much of a parameter's name is told back.
const MOST_OF_A_NAME: usize = 40;
/// The parameter of who reaches other tenants.
const TENANT: &str = "tenant";

/// Somebody who was let in, with the tenant that the request is about.
#[derive(Clone)]
pub(in crate::http) struct Caller {
    pub(in crate::http) actor: Actor,
    pub(in crate::http) tenant: TenantId,
    act: Option<Act>,
}

impl Caller {
    /// The mailbox that the request is about (`me` for the own one), if the caller reaches it. One that is not reached is as
    /// missing as one that is not there.
    pub(in crate::http) fn owner(&self, text: &str) -> Result<Owner, Problem> {
        let gone = || Problem::missing("mailbox");
        let mailbox = match text {
            "me" => self.actor.mailbox.ok_or_else(gone)?,
            text => text.parse::<MailboxId>().map_err(|_| gone())?,
        };
        if self.act.is_some_and(|act| self.actor.may(act, self.tenant, Some(mailbox))) {
            Ok(Owner { tenant: self.tenant, mailbox })
        } else {
            Err(gone())
        }
    }

    /// Refuses what reaches no further than the own mailbox.
    pub(in crate::http) fn must_reach_tenant(&self) -> Result<TenantId, Problem> {
        match self.act.map_or(Reach::Nothing, |act| self.actor.reach(act)) {
            Reach::Tenant | Reach::All => Ok(self.tenant),
            Reach::Own | Reach::Nothing => Err(Problem::forbidden()),
        }
    }
}

/// What stands before a handler: who it is, whether the act is reached at all, whether its parameters are known, and whether
/// the request came before.
pub(super) async fn guard(
    State((site, route)): State<(Arc<Site>, Route)>,
    request: Request,
    next: Next,
) -> Response {
    let (mut parts, body) = request.into_parts();
    let caller = match let_in(&site, &parts, route.act).await {
        Ok(caller) => caller,
        Err(response) => return response,
    };
    if let Err(problem) = only_known(&route, parts.uri.query().unwrap_or_default()) {
        return problem.into_response();
    }
    let _turn = match site.turns.wait(&route, &parts, caller.tenant).await {
        Ok(turn) => turn,
        Err(problem) => return problem.into_response(),
    };
    let who = caller.actor.clone();
    parts.extensions.insert(caller);
    let name = parts.headers.get("idempotency-key").cloned().filter(|_| parts.method == Method::POST);
    let response = match name {
        Some(name) => once(&site, &who, &name, Request::from_parts(parts, body), next).await,
        None => next.run(Request::from_parts(parts, body)).await,
    };
    as_problem(response).await
}

async fn let_in(site: &Arc<Site>, parts: &Parts, act: Option<Act>) -> Result<Caller, Response> {
    let from = source(parts, site);
    if site.guesses.is_blocked(from) {
        let why = "too many wrong keys were tried from here: wait ten minutes";
        return Err(Problem::new(StatusCode::TOO_MANY_REQUESTS, why).into_response());
    }
    let stranger = || {
        let why = "come with a key: `Authorization: Bearer atk_…`; `aftertone key add` makes one";
        Problem::new(StatusCode::UNAUTHORIZED, why).into_response()
    };
    let actor = match parts.headers.get(header::AUTHORIZATION) {
        Some(value) => {
            let text = value.to_str().unwrap_or_default();
            let key = text.split_once(' ').filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"));
            let holder = site.web.services.keys.holder(key.map_or("", |(_, key)| key.trim())).await;
            match holder.map_err(|error| Problem::from(error).into_response())? {
                Some(actor) => actor,
                None => {
                    site.guesses.wrong(from);
                    return Err(stranger());
                }
            }
        }
        None => {
            let visitor = visitor(&parts.headers, site).await?.ok_or_else(stranger)?;
            let given = parts.headers.get("x-csrf").and_then(|value| value.to_str().ok()).unwrap_or_default();
            let changes = !matches!(parts.method, Method::GET | Method::HEAD);
            if changes && (is_from_elsewhere(&parts.headers) || !same(given, &visitor.csrf)) {
                let why = "a session must say X-CSRF with the token of its page";
                return Err(Problem::new(StatusCode::FORBIDDEN, why).into_response());
            }
            visitor.actor
        }
    };
    let reach = act.map_or(Reach::Own, |act| actor.reach(act));
    if reach == Reach::Nothing {
        return Err(Problem::forbidden().into_response());
    }
    let tenant = tenant(parts, &actor, reach).map_err(Problem::into_response)?;
    Ok(Caller { actor, tenant, act })
}

/// A parameter that means nothing here is a mistake of whoever sends it, who would take what comes for what was asked.
fn only_known(route: &Route, query: &str) -> Result<(), Problem> {
    let known: Vec<&str> =
        route.query.iter().map(|(name, _)| *name).chain(route.act.map(|_| TENANT)).collect();
    let unknown = url::form_urlencoded::parse(query.as_bytes())
        .find(|(name, _)| !name.is_empty() && !known.iter().any(|known| known == name));
    let Some((name, _)) = unknown else { return Ok(()) };
    let name: String = name.chars().take(MOST_OF_A_NAME).collect();
    let knows = if known.is_empty() { "no parameters".to_owned() } else { known.join(", ") };
    Err(Problem::new(StatusCode::BAD_REQUEST, format!("`{name}` means nothing here, which knows {knows}")))
}

/// `?tenant=` for who reaches others; for everybody else it must be the own.
fn tenant(parts: &Parts, actor: &Actor, reach: Reach) -> Result<TenantId, Problem> {
    let query = parts.uri.query().unwrap_or_default();
    let named = url::form_urlencoded::parse(query.as_bytes()).find(|(name, _)| name == TENANT);
    let Some((_, text)) = named else { return Ok(actor.tenant) };
    let tenant: TenantId = text.parse().map_err(|_| Problem::missing("tenant"))?;
    if tenant == actor.tenant || reach == Reach::All { Ok(tenant) } else { Err(Problem::missing("tenant")) }
}

/// Refusals of the framework (a query or body that does not read) become problems as well.
async fn as_problem(response: Response) -> Response {
    let is_problem = response
        .headers()
        .get(header::CONTENT_TYPE)
        .is_some_and(|kind| kind.as_bytes().starts_with(b"application/problem+json"));
    let status = response.status();
    if is_problem
        || !(status.is_client_error() || status.is_server_error())
        || status == StatusCode::RANGE_NOT_SATISFIABLE
    {
        return response;
    }
    let is_text = response
        .headers()
        .get(header::CONTENT_TYPE)
        .is_some_and(|kind| kind.as_bytes().starts_with(b"text/plain"));
    let body = axum::body::to_bytes(response.into_body(), 4096).await.unwrap_or_default();
    let text = if is_text { String::from_utf8_lossy(&body).into_owned() } else { String::new() };
    unread::problem(status, &text).into_response()
}
