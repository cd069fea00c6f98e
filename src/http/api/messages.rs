//! Messages: lists with places, one with what happened to it, its audio, marks, live events.

use std::sync::Arc;

use axum::extract::{Path, Query, RawQuery, State};
use axum::http::{HeaderMap, Method};
use axum::response::{IntoResponse as _, Response};
use axum::{Extension, Json};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::domain::{Folder, Mark, Message, MessageId, Tag};
use crate::store::MessageFilter;

use super::super::{Site, audio, cursor, portal};
use super::caller::Caller;
use super::page;
use super::problem::Problem;

type Answer = Result<Response, Problem>;

/// Messages of a page when nobody says how many.
pub(super) const PAGE: u32 = 50;

#[derive(Debug, Deserialize)]
pub(super) struct Asked {
    folder: Option<String>,
    tag: Option<String>,
    #[serde(default)]
    unheard: bool,
    #[serde(default)]
    search: String,
    after: Option<String>,
    limit: Option<u32>,
}

pub(super) async fn list(
    State(site): State<Arc<Site>>,
    Extension(caller): Extension<Caller>,
    Path(mailbox): Path<String>,
    Query(asked): Query<Asked>,
) -> Answer {
    let owner = caller.owner(&mailbox)?;
    let folder = asked.folder.as_deref().map(str::parse::<Folder>).transpose()?;
    let tag = asked.tag.as_deref().map(str::parse::<Tag>).transpose()?;
    let after = match asked.after.as_deref() {
        Some(text) => {
            Some(cursor::message(text).ok_or_else(|| Problem::field("after", "this is no place of ours"))?)
        }
        None => None,
    };
    let filter = MessageFilter { folder, tag, unheard: asked.unheard, search: asked.search, after };
    let found = site.web.services.inbox.page(owner, &filter, asked.limit.unwrap_or(PAGE)).await?;
    let next = found.more.then(|| found.messages.last().map(cursor::after_message)).flatten();
    let items: Vec<Value> = found.messages.iter().map(message_json).collect();
    Ok(page(items, next))
}

pub(super) fn message_json(message: &Message) -> Value {
    json!({
        "id": message.id,
        "mailbox": message.mailbox,
        "folder": message.folder,
        "tag": message.tag,
        "heard_at": message.heard_at,
        "urgent": message.urgent,
        "private": message.private,
        "caller": message.caller,
        "alias": message.alias,
        "reason": message.reason,
        "received_at": message.received_at,
        "duration_ms": message.duration_ms,
        "voiced_ms": message.voiced_ms,
        "class": message.class,
        "bytes": message.bytes,
        "sha256": message.sha256,
    })
}

async fn found(site: &Site, caller: &Caller, mailbox: &str, id: &str) -> Result<Message, Problem> {
    let owner = caller.owner(mailbox)?;
    let id: MessageId = id.parse().map_err(|_| Problem::missing("message"))?;
    Ok(site.web.services.inbox.message(owner, id).await?)
}

pub(super) async fn show(
    State(site): State<Arc<Site>>,
    Extension(caller): Extension<Caller>,
    Path((mailbox, id)): Path<(String, String)>,
) -> Answer {
    let message = found(&site, &caller, &mailbox, &id).await?;
    let note = site.web.services.inbox.note(caller.owner(&mailbox)?, message.id).await?;
    let mut told = message_json(&message);
    if let Some(fields) = told.as_object_mut() {
        fields.insert("note".to_owned(), json!(note));
    }
    Ok(Json(told).into_response())
}

pub(super) async fn ledger(
    State(site): State<Arc<Site>>,
    Extension(caller): Extension<Caller>,
    Path((mailbox, id)): Path<(String, String)>,
) -> Answer {
    let message = found(&site, &caller, &mailbox, &id).await?;
    let (ledger, _) = site.web.services.inbox.story(caller.owner(&mailbox)?, message.id).await?;
    let items: Vec<Value> = ledger
        .iter()
        .map(|line| json!({"at": line.at, "event": line.event, "detail": line.detail}))
        .collect();
    Ok(page(items, None::<&str>))
}

pub(super) async fn mp3(
    State(site): State<Arc<Site>>,
    Extension(caller): Extension<Caller>,
    Path((mailbox, id)): Path<(String, String)>,
    method: Method,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Answer {
    let message = found(&site, &caller, &mailbox, &id).await?;
    Ok(audio::as_mp3(&site, &message, &method, query.as_deref(), &headers).await)
}

pub(super) async fn wav(
    State(site): State<Arc<Site>>,
    Extension(caller): Extension<Caller>,
    Path((mailbox, id)): Path<(String, String)>,
    method: Method,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Answer {
    let message = found(&site, &caller, &mailbox, &id).await?;
    Ok(audio::as_wav(&site, &message, &method, query.as_deref(), &headers).await)
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Marking {
    mark: String,
}

/// `trash` is undone by `restore`, `heard` by `new`.
pub(super) async fn mark(
    State(site): State<Arc<Site>>,
    Extension(caller): Extension<Caller>,
    Path((mailbox, id)): Path<(String, String)>,
    Json(marking): Json<Marking>,
) -> Answer {
    let message = found(&site, &caller, &mailbox, &id).await?;
    let mark: Mark = marking.mark.parse()?;
    site.web.services.retrieval.mark(caller.owner(&mailbox)?, message.id, mark).await?;
    Ok(Json(message_json(&found(&site, &caller, &mailbox, &id).await?)).into_response())
}

pub(super) async fn events(
    State(site): State<Arc<Site>>,
    Extension(caller): Extension<Caller>,
    Path(mailbox): Path<String>,
) -> Answer {
    Ok(portal::live_events(&site.web.services, caller.owner(&mailbox)?))
}
