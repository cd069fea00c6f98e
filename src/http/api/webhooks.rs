//! Webhooks: programs that are told what happens, their secrets, and what they were told.

use std::sync::Arc;

use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Response};
use axum::{Extension, Json};
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::domain::{DeliveryId, TenantId, Webhook, WebhookEvent, WebhookId};
use crate::service::access::Act;
use crate::service::webhooks::{NewWebhook, WebhookChanges};
use crate::store::Sent;

use super::super::Site;
use super::caller::Caller;
use super::messages::PAGE;
use super::page;
use super::problem::Problem;
use super::tag::{answer, must_match, unless_known};

type Answer = Result<Response, Problem>;

fn webhook_json(webhook: &Webhook) -> Value {
    json!({
        "id": webhook.id,
        "name": webhook.name,
        "url": webhook.url,
        "events": webhook.events,
        "callers": webhook.callers,
        "old_secret_until": webhook.old_secret.as_ref().map(|(_, until)| until),
        "paused_at": webhook.paused.as_ref().map(|(at, _)| at),
        "paused_why": webhook.paused.as_ref().map(|(_, why)| why),
        "failing_since": webhook.failing_since,
        "created_at": webhook.created_at,
    })
}

/// With the secret, which is told when it is made and never again.
fn with_secret(webhook: &Webhook) -> Value {
    let mut told = webhook_json(webhook);
    told["secret"] = json!(webhook.secret.expose());
    told
}

fn sent_json(sent: &Sent) -> Value {
    json!({
        "id": sent.delivery.id,
        "event": sent.delivery.event,
        "state": sent.state,
        "attempts": sent.attempts,
        "status": sent.status,
        "last_error": sent.last_error,
        "next_at": sent.next_at,
        "created_at": sent.delivery.created_at,
        "body": serde_json::from_str::<Value>(&sent.delivery.body).unwrap_or_default(),
    })
}

async fn found(site: &Site, caller: &Caller, id: &str) -> Result<(TenantId, Webhook), Problem> {
    let tenant = caller.must_reach_tenant()?;
    let id: WebhookId = id.parse().map_err(|_| Problem::missing("webhook"))?;
    Ok((tenant, site.web.services.webhooks.show(tenant, id).await?))
}

fn events(words: &[String]) -> Result<Vec<WebhookEvent>, Problem> {
    Ok(words.iter().map(|word| word.parse()).collect::<Result<_, _>>()?)
}

/// Who called is told only by who may know it.
fn may_tell_callers(caller: &Caller, tenant: TenantId, is_asked: bool) -> Result<(), Problem> {
    if is_asked && !caller.actor.may(Act::Callers, tenant, None) {
        let why = "you may not see callers yourself: leave it out, or ask who may";
        return Err(Problem::field("callers", why));
    }
    Ok(())
}

pub(super) async fn list(State(site): State<Arc<Site>>, Extension(caller): Extension<Caller>) -> Answer {
    let webhooks = site.web.services.webhooks.list(caller.must_reach_tenant()?).await?;
    Ok(page(webhooks.iter().map(webhook_json).collect(), None::<&str>))
}

pub(super) async fn show(
    State(site): State<Arc<Site>>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Answer {
    let (_, webhook) = found(&site, &caller, &id).await?;
    Ok(unless_known(&headers, &webhook_json(&webhook)))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Adding {
    name: String,
    url: String,
    #[serde(default)]
    events: Vec<String>,
    #[serde(default)]
    callers: bool,
}

pub(super) async fn add(
    State(site): State<Arc<Site>>,
    Extension(caller): Extension<Caller>,
    Json(adding): Json<Adding>,
) -> Answer {
    let tenant = caller.must_reach_tenant()?;
    may_tell_callers(&caller, tenant, adding.callers)?;
    let Adding { name, url, callers, .. } = adding;
    let new = NewWebhook { tenant, name, url, events: events(&adding.events)?, callers };
    let webhook = site.web.services.webhooks.by(&caller.actor.name).add(new).await?;
    Ok(answer(StatusCode::CREATED, &with_secret(&webhook)))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Changing {
    name: Option<String>,
    url: Option<String>,
    events: Option<Vec<String>>,
    callers: Option<bool>,
    paused: Option<bool>,
}

pub(super) async fn change(
    State(site): State<Arc<Site>>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
    headers: HeaderMap,
    Json(changing): Json<Changing>,
) -> Answer {
    let (tenant, before) = found(&site, &caller, &id).await?;
    must_match(&headers, &webhook_json(&before))?;
    may_tell_callers(&caller, tenant, changing.callers == Some(true))?;
    let changes = WebhookChanges {
        name: changing.name,
        url: changing.url,
        events: changing.events.as_deref().map(events).transpose()?,
        callers: changing.callers,
        paused: changing.paused,
    };
    let after = site.web.services.webhooks.by(&caller.actor.name).change(tenant, before.id, changes).await?;
    Ok(answer(StatusCode::OK, &webhook_json(&after)))
}

pub(super) async fn remove(
    State(site): State<Arc<Site>>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Answer {
    let (tenant, webhook) = found(&site, &caller, &id).await?;
    must_match(&headers, &webhook_json(&webhook))?;
    site.web.services.webhooks.by(&caller.actor.name).remove(tenant, webhook.id).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

pub(super) async fn rotate(
    State(site): State<Arc<Site>>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
) -> Answer {
    let (tenant, webhook) = found(&site, &caller, &id).await?;
    let webhook = site.web.services.webhooks.by(&caller.actor.name).rotate(tenant, webhook.id).await?;
    Ok(answer(StatusCode::OK, &with_secret(&webhook)))
}

pub(super) async fn test(
    State(site): State<Arc<Site>>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
) -> Answer {
    let (tenant, webhook) = found(&site, &caller, &id).await?;
    let delivery = site.web.services.webhooks.by(&caller.actor.name).test(tenant, webhook.id).await?;
    Ok((StatusCode::ACCEPTED, Json(json!({"delivery": delivery}))).into_response())
}

#[derive(Debug, Deserialize)]
pub(super) struct Asked {
    after: Option<String>,
    limit: Option<u32>,
}

pub(super) async fn deliveries(
    State(site): State<Arc<Site>>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
    Query(asked): Query<Asked>,
) -> Answer {
    let (tenant, webhook) = found(&site, &caller, &id).await?;
    let before = asked.after.as_deref().map(str::parse::<DeliveryId>).transpose();
    let before = before.map_err(|_| Problem::field("after", "this is no place of ours"))?;
    let limit = asked.limit.unwrap_or(PAGE);
    let (sent, more) = site.web.services.webhooks.deliveries(tenant, webhook.id, before, limit).await?;
    let next = more.then(|| sent.last().map(|sent| sent.delivery.id)).flatten();
    Ok(page(sent.iter().map(sent_json).collect(), next))
}

pub(super) async fn replay(
    State(site): State<Arc<Site>>,
    Extension(caller): Extension<Caller>,
    Path((id, delivery)): Path<(String, String)>,
) -> Answer {
    let (tenant, webhook) = found(&site, &caller, &id).await?;
    let delivery: DeliveryId = delivery.parse().map_err(|_| Problem::missing("delivery"))?;
    site.web.services.webhooks.by(&caller.actor.name).again(tenant, webhook.id, delivery).await?;
    Ok(StatusCode::ACCEPTED.into_response())
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Replaying {
    since: Timestamp,
}

pub(super) async fn replay_since(
    State(site): State<Arc<Site>>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
    Json(Replaying { since }): Json<Replaying>,
) -> Answer {
    let (tenant, webhook) = found(&site, &caller, &id).await?;
    let count =
        site.web.services.webhooks.by(&caller.actor.name).again_since(tenant, webhook.id, since).await?;
    Ok((StatusCode::ACCEPTED, Json(json!({"deliveries": count}))).into_response())
}
