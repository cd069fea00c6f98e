//! Pages that stay open are told when their mailbox changes, by server-sent events (WHATWG HTML §9.2).
//!
//! The state is asked for every few seconds and told when it is another one: so it does not matter which node took the
//! message, or whether it was heard by phone.

use std::convert::Infallible;
use std::time::Duration;

use axum::extract::State;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse as _, Response};
use futures_util::stream::{self, Stream};
use serde_json::json;
use tokio::sync::OwnedSemaphorePermit;

use crate::domain::{BulkId, Counts, MessageId, Owner, TenantId};
use crate::service::call_me::Following;
use crate::service::live_calls::Scope;
use crate::store::{BulkRun, BulkState};

use super::super::Shared;
use super::super::services::Services;
use super::super::shell::Notice;
use super::super::visitor::Visitor;

/// Pause between two looks.
const EVERY: Duration = Duration::from_secs(2);
/// Pause between two words about calls.
const READABLE: Duration = Duration::from_secs(1);
/// A line at least this often, so that proxies keep the connection.
const KEEP_ALIVE: Duration = Duration::from_secs(20);

/// What a page compares: it changes whenever the list does.
pub(super) fn state(counts: Counts, newest: Option<MessageId>) -> String {
    let Counts { new, old, trash, .. } = counts;
    format!("{new}.{old}.{trash}.{}", newest.map(|id| id.to_string()).unwrap_or_default())
}

pub(super) async fn events(State(site): Shared, visitor: Visitor) -> Response {
    match visitor.owner() {
        Ok(owner) => serve(&site.web.services, owner),
        Err(response) => response,
    }
}

/// The events of one mailbox, until the client goes, or the server.
pub(in crate::http) fn serve(services: &Services, owner: Owner) -> Response {
    stream(services, |place| changes(services.clone(), owner, place))
}

/// Says each time that calls of the scope came, went or went on, but not more often than anybody can read.
pub(in crate::http) fn calls(services: &Services, scope: Scope) -> Response {
    let (stop, watch) = (services.stop.clone(), services.calls.watch(scope));
    stream(services, |place| {
        stream::unfold((watch, stop, place), |(mut watch, stop, place)| async move {
            tokio::select! {
                () = stop.cancelled() => return None,
                () = watch.next() => {}
            }
            tokio::select! {
                () = stop.cancelled() => return None,
                () = tokio::time::sleep(READABLE) => {}
            }
            Some((Ok(Event::default().event("calls").data("changed")), (watch, stop, place)))
        })
    })
}

/// Says how far something is that is done to many users, until it is over.
pub(in crate::http) fn run(services: &Services, tenant: TenantId, id: BulkId) -> Response {
    let (stop, bulk) = (services.stop.clone(), services.bulk.clone());
    stream(services, |place| {
        stream::unfold((bulk, stop, None::<BulkRun>, place), move |(bulk, stop, last, place)| async move {
            if last.as_ref().is_some_and(|last| last.state != BulkState::Running) {
                return None;
            }
            loop {
                let now = bulk.run(tenant, id).await.ok()?;
                if last.as_ref() != Some(&now) {
                    let told = json!({"state": now.state, "done": now.done, "failed": now.failed, "total": now.total});
                    let event = Event::default().event("run").data(told.to_string());
                    return Some((Ok(event), (bulk, stop, Some(now), place)));
                }
                tokio::select! {
                    () = stop.cancelled() => return None,
                    () = tokio::time::sleep(READABLE) => {}
                }
            }
        })
    })
}

/// Says each step of a call to record, until its last.
pub(super) fn steps(services: &Services, following: Following) -> Response {
    let stop = services.stop.clone();
    stream(services, |place| {
        stream::unfold((following, stop, place), |(mut following, stop, place)| async move {
            let news = tokio::select! {
                () = stop.cancelled() => return None,
                news = following.next() => news,
            };
            let step = match news {
                Ok(news) => news?.step,
                Err(error) => {
                    tracing::debug!(%error, "a call cannot be followed now");
                    return None;
                }
            };
            let told = json!({"text": step.to_string(), "over": step.is_last()});
            Some((Ok(Event::default().event("step").data(told.to_string())), (following, stop, place)))
        })
    })
}

/// A stream of events that takes one of the places for live pages.
fn stream<S>(services: &Services, told: impl FnOnce(OwnedSemaphorePermit) -> S) -> Response
where
    S: Stream<Item = Result<Event, Infallible>> + Send + 'static,
{
    let Ok(place) = services.live.clone().try_acquire_owned() else {
        return Notice { title: "Too many", text: "Too many pages are open. Load this one again later." }
            .page(StatusCode::SERVICE_UNAVAILABLE);
    };
    let told = Sse::new(told(place)).keep_alive(KeepAlive::new().interval(KEEP_ALIVE));
    let mut response = told.into_response();
    // nginx must not collect what is meant for now.
    response.headers_mut().insert("x-accel-buffering", HeaderValue::from_static("no"));
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

fn changes(
    services: Services,
    owner: Owner,
    place: OwnedSemaphorePermit,
) -> impl Stream<Item = Result<Event, Infallible>> + Send + 'static {
    stream::unfold((services, String::new(), place), move |(services, mut last, place)| async move {
        loop {
            if !last.is_empty() {
                tokio::select! {
                    () = services.stop.cancelled() => return None,
                    () = tokio::time::sleep(EVERY) => {}
                }
            }
            let (counts, newest) = match services.inbox.state(owner).await {
                Ok(state) => state,
                Err(error) => {
                    tracing::debug!(%error, "a live page is not told now");
                    if last.is_empty() {
                        return None;
                    }
                    continue;
                }
            };
            let now = state(counts, newest);
            if now == last {
                continue;
            }
            last.clone_from(&now);
            let told = json!({"state": now, "new": counts.new, "newest": newest});
            let event = Event::default().event("mailbox").id(last.clone()).data(told.to_string());
            return Some((Ok(event), (services, last, place)));
        }
    })
}
