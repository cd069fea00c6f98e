//! Webhooks: made, changed, tried, paused, given another secret; and what they were told.

mod rows;

use std::time::Duration;

use askama::Template;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::Response;
use jiff::Timestamp;
use serde::Deserialize;

use crate::domain::{DeliveryId, TenantId, Webhook, WebhookEvent, WebhookId};
use crate::service::access::Act;
use crate::service::webhooks::{NewWebhook, WebhookChanges, WebhookError};
use crate::store::StoreError;

use super::super::portal::frame::{Done, Frame};
use super::super::portal::{missing, sentence, trouble, words};
use super::super::seen;
use super::super::shell::render;
use super::super::visitor::{Fields, Posted, Visitor, see};
use super::super::{Shared, Site};
use super::server::zone;
use rows::{Row, SentRow, row, sent_row};

pub(super) const HERE: &str = "/admin/webhooks";
/// Deliveries of a page.
const PAGE: u32 = 50;

#[derive(Debug, Default, Deserialize)]
pub(super) struct Asked {
    #[serde(default)]
    done: String,
    #[serde(default)]
    after: String,
}

impl Asked {
    fn done(&self) -> Option<Done> {
        let text = match self.done.as_str() {
            "removed" => "It is told nothing any more.",
            "saved" => "Saved.",
            "tested" => {
                "A test is on its way. Load this page again in a few seconds to see what was answered."
            }
            "paused" => "It is told nothing for now; what happens waits.",
            "resumed" => "It is told again, beginning with what waits.",
            "again" => "It is told again.",
            _ => return None,
        };
        Some(Done::said(text))
    }
}

#[derive(Template)]
#[template(path = "portal/webhooks.html", config = "src/http/pages/askama.toml")]
struct ListPage {
    frame: Frame,
    rows: Vec<Row>,
    form: Form,
}

#[derive(Template)]
#[template(path = "portal/webhook.html", config = "src/http/pages/askama.toml")]
struct OnePage {
    frame: Frame,
    row: Row,
    form: Form,
    /// Right after it was made.
    secret: Option<String>,
    old_until: String,
    /// Path, label, whether it is what comes first to mind.
    actions: Vec<(&'static str, &'static str, bool)>,
    sent: Vec<SentRow>,
    next: Option<DeliveryId>,
    /// See [`seen`].
    seen: String,
}

/// What stands in the form.
#[derive(Debug)]
struct Form {
    name: String,
    url: String,
    events: Vec<(WebhookEvent, bool)>,
    callers: bool,
    may_tell_callers: bool,
}

fn form(visitor: &Visitor, name: &str, url: &str, chosen: &[WebhookEvent], callers: bool) -> Form {
    let known = WebhookEvent::ALL.iter().filter(|event| **event != WebhookEvent::Test);
    Form {
        name: name.to_owned(),
        url: url.to_owned(),
        events: known.map(|event| (*event, chosen.contains(event))).collect(),
        callers,
        may_tell_callers: may_tell_callers(visitor),
    }
}

impl Form {
    /// As it is kept.
    fn of(visitor: &Visitor, webhook: &Webhook) -> Self {
        form(visitor, &webhook.name, &webhook.url, &webhook.events, webhook.callers)
    }
}

fn may_tell_callers(visitor: &Visitor) -> bool {
    visitor.actor.may(Act::Callers, visitor.actor.tenant, None)
}

/// Why a page is not what was asked for.
type Otherwise = Box<Response>;

fn otherwise(error: StoreError) -> Otherwise {
    Box::new(if let StoreError::Missing { .. } = error { missing() } else { trouble(&error) })
}

async fn found(site: &Site, visitor: &Visitor, id: &str) -> Result<Webhook, Otherwise> {
    visitor.must(Act::Webhooks)?;
    let id: WebhookId = id.parse().map_err(|_| Box::new(missing()))?;
    site.web.services.webhooks.show(visitor.actor.tenant, id).await.map_err(otherwise)
}

pub(super) async fn list(State(site): Shared, visitor: Visitor, Query(asked): Query<Asked>) -> Response {
    if let Err(response) = visitor.must(Act::Webhooks) {
        return response;
    }
    let form = form(&visitor, "", "", &[], false);
    all(&site, &visitor, form, asked.done(), StatusCode::OK).await.unwrap_or_else(|response| *response)
}

async fn all(
    site: &Site,
    visitor: &Visitor,
    form: Form,
    done: Option<Done>,
    status: StatusCode,
) -> Result<Response, Otherwise> {
    let zone = zone(site, visitor).await?;
    let known = site.web.services.webhooks.list(visitor.actor.tenant).await.map_err(otherwise)?;
    let now = site.web.clock.now();
    let rows = known.iter().map(|webhook| row(webhook, now, &zone)).collect();
    let frame = Frame::new(site, visitor, HERE, None).with(done);
    Ok(render(&ListPage { frame, rows, form }, status))
}

/// What a form says: name, address, events, and whether callers are told.
fn read(
    fields: &Fields,
    visitor: &Visitor,
) -> Result<(String, String, Vec<WebhookEvent>, bool), WebhookError> {
    let events = fields.all("event").iter().map(|word| word.parse()).collect::<Result<Vec<_>, _>>()?;
    let callers = fields.is_on("callers") && may_tell_callers(visitor);
    Ok((fields.get("name").to_owned(), fields.get("url").to_owned(), events, callers))
}

pub(super) async fn add(State(site): Shared, posted: Posted) -> Response {
    let Posted { visitor, fields } = posted;
    if let Err(response) = visitor.must(Act::Webhooks) {
        return response;
    }
    let tenant = visitor.actor.tenant;
    let added = async {
        let (name, url, events, callers) = read(&fields, &visitor)?;
        site.web
            .services
            .webhooks
            .by(&visitor.actor.name)
            .add(NewWebhook { tenant, name, url, events, callers })
            .await
    };
    let answer = match added.await {
        Ok(webhook) => one(&site, &visitor, &webhook, Shown { has_secret: true, ..Shown::default() }).await,
        Err(WebhookError::Store(error)) => Err(otherwise(error)),
        Err(refused) => {
            let (_, _, events, callers) = read(&fields, &visitor).unwrap_or_default();
            let form = form(&visitor, fields.get("name"), fields.get("url"), &events, callers);
            let done = Done::refused(sentence(&refused));
            all(&site, &visitor, form, Some(done), StatusCode::UNPROCESSABLE_ENTITY).await
        }
    };
    answer.unwrap_or_else(|response| *response)
}

/// What a page of one webhook shows beside it.
#[derive(Default)]
struct Shown {
    has_secret: bool,
    done: Option<Done>,
    after: Option<DeliveryId>,
    form: Option<Form>,
}

async fn one(site: &Site, visitor: &Visitor, webhook: &Webhook, shown: Shown) -> Result<Response, Otherwise> {
    let zone = zone(site, visitor).await?;
    let webhooks = &site.web.services.webhooks;
    let deliveries = webhooks.deliveries(webhook.tenant, webhook.id, shown.after, PAGE).await;
    let (sent, more) = deliveries.map_err(otherwise)?;
    let now = site.web.clock.now();
    let pause = if webhook.paused.is_some() { ("resume", "Resume", true) } else { ("pause", "Pause", false) };
    let actions =
        vec![("test", "Send a test", webhook.paused.is_none()), pause, ("rotate", "New secret", false)];
    let old_until = webhook.old_secret.as_ref().filter(|(_, until)| *until > now);
    let status = if shown.form.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    let own = Form::of(visitor, webhook);
    let page = OnePage {
        frame: Frame::new(site, visitor, HERE, None).with(shown.done),
        row: row(webhook, now, &zone),
        seen: seen::mark(&own),
        form: shown.form.unwrap_or(own),
        secret: shown.has_secret.then(|| webhook.secret.expose()),
        old_until: old_until.map_or_else(String::new, |(_, until)| words::stamp(*until, &zone)),
        actions,
        next: more.then(|| sent.last().map(|sent| sent.delivery.id)).flatten(),
        sent: sent.iter().map(|sent| sent_row(sent, &zone)).collect(),
    };
    Ok(render(&page, status))
}

pub(super) async fn show(
    State(site): Shared,
    visitor: Visitor,
    Path(id): Path<String>,
    Query(asked): Query<Asked>,
) -> Response {
    let shown = Shown { done: asked.done(), after: asked.after.parse().ok(), ..Shown::default() };
    let answer = match found(&site, &visitor, &id).await {
        Ok(webhook) => one(&site, &visitor, &webhook, shown).await,
        Err(response) => Err(response),
    };
    answer.unwrap_or_else(|response| *response)
}

pub(super) async fn change(State(site): Shared, Path(id): Path<String>, posted: Posted) -> Response {
    let Posted { visitor, fields } = posted;
    changed(&site, &visitor, &id, &fields).await.unwrap_or_else(|response| *response)
}

async fn changed(site: &Site, visitor: &Visitor, id: &str, fields: &Fields) -> Result<Response, Otherwise> {
    let before = found(site, visitor, id).await?;
    if seen::is_stale(fields, &Form::of(visitor, &before)) {
        let done = Some(Done::refused(seen::CHANGED));
        return one(site, visitor, &before, Shown { done, ..Shown::default() }).await;
    }
    let saved = async {
        let (name, url, events, callers) = read(fields, visitor)?;
        // Who may not see callers leaves that as it is.
        let callers = may_tell_callers(visitor).then_some(callers);
        let changes =
            WebhookChanges { name: Some(name), url: Some(url), events: Some(events), callers, paused: None };
        site.web.services.webhooks.by(&visitor.actor.name).change(before.tenant, before.id, changes).await
    };
    match saved.await {
        Ok(_) => Ok(see(site, &format!("{HERE}/{id}?done=saved"))),
        Err(WebhookError::Store(error)) => Err(otherwise(error)),
        Err(refused) => {
            let (_, _, events, callers) = read(fields, visitor).unwrap_or_default();
            let form = form(visitor, fields.get("name"), fields.get("url"), &events, callers);
            let done = Some(Done::refused(sentence(&refused)));
            one(site, visitor, &before, Shown { done, form: Some(form), ..Shown::default() }).await
        }
    }
}

/// What the buttons of a webhook do.
enum Press {
    Test,
    Pause(bool),
    Rotate,
    Remove,
    Again(DeliveryId),
    Since(Timestamp),
}

async fn pressed(site: &Site, visitor: &Visitor, id: &str, press: Press) -> Result<Response, Otherwise> {
    let webhook = found(site, visitor, id).await?;
    let (tenant, key): (TenantId, WebhookId) = (webhook.tenant, webhook.id);
    let webhooks = site.web.services.webhooks.by(&visitor.actor.name);
    let done = match press {
        Press::Test => {
            webhooks.test(tenant, key).await.map_err(otherwise)?;
            "tested"
        }
        Press::Pause(is_paused) => {
            let changes = WebhookChanges { paused: Some(is_paused), ..WebhookChanges::default() };
            webhooks.change(tenant, key, changes).await.map_err(|error| match error {
                WebhookError::Store(error) => otherwise(error),
                other => Box::new(trouble(&other)),
            })?;
            if is_paused { "paused" } else { "resumed" }
        }
        Press::Rotate => {
            let webhook = webhooks.rotate(tenant, key).await.map_err(otherwise)?;
            return one(site, visitor, &webhook, Shown { has_secret: true, ..Shown::default() }).await;
        }
        Press::Remove => {
            webhooks.remove(tenant, key).await.map_err(otherwise)?;
            return Ok(see(site, &format!("{HERE}?done=removed")));
        }
        Press::Again(delivery) => {
            webhooks.again(tenant, key, delivery).await.map_err(otherwise)?;
            "again"
        }
        Press::Since(since) => {
            webhooks.again_since(tenant, key, since).await.map_err(otherwise)?;
            "again"
        }
    };
    Ok(see(site, &format!("{HERE}/{id}?done={done}")))
}

pub(super) async fn test(State(site): Shared, Path(id): Path<String>, posted: Posted) -> Response {
    pressed(&site, &posted.visitor, &id, Press::Test).await.unwrap_or_else(|response| *response)
}

pub(super) async fn pause(State(site): Shared, Path(id): Path<String>, posted: Posted) -> Response {
    pressed(&site, &posted.visitor, &id, Press::Pause(true)).await.unwrap_or_else(|response| *response)
}

pub(super) async fn resume(State(site): Shared, Path(id): Path<String>, posted: Posted) -> Response {
    pressed(&site, &posted.visitor, &id, Press::Pause(false)).await.unwrap_or_else(|response| *response)
}

pub(super) async fn rotate(State(site): Shared, Path(id): Path<String>, posted: Posted) -> Response {
    pressed(&site, &posted.visitor, &id, Press::Rotate).await.unwrap_or_else(|response| *response)
}

pub(super) async fn remove(State(site): Shared, Path(id): Path<String>, posted: Posted) -> Response {
    if !posted.fields.is_on("sure") {
        return see(&site, &format!("{HERE}/{id}"));
    }
    pressed(&site, &posted.visitor, &id, Press::Remove).await.unwrap_or_else(|response| *response)
}

pub(super) async fn replay(
    State(site): Shared,
    Path((id, delivery)): Path<(String, String)>,
    posted: Posted,
) -> Response {
    let Ok(delivery) = delivery.parse() else { return missing() };
    pressed(&site, &posted.visitor, &id, Press::Again(delivery)).await.unwrap_or_else(|response| *response)
}

pub(super) async fn replay_since(State(site): Shared, Path(id): Path<String>, posted: Posted) -> Response {
    let hours = posted.fields.get("hours").parse::<u64>().unwrap_or(1).clamp(1, 720);
    let ago = Duration::from_secs(hours * 3600);
    let since = site.web.clock.now().saturating_sub(ago).unwrap_or(Timestamp::MIN);
    pressed(&site, &posted.visitor, &id, Press::Since(since)).await.unwrap_or_else(|response| *response)
}
