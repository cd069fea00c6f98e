//! Greetings: list, upload, choose or switch off, until when, audio.

use std::sync::Arc;

use axum::extract::{FromRequest as _, Multipart, Path, Query, RawQuery, Request, State};
use axum::http::{HeaderMap, Method, StatusCode};
use axum::response::{IntoResponse as _, Response};
use axum::{Extension, Json};
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::domain::{Greeting, GreetingId, GreetingKind, GreetingName, Owner};
use crate::service::greetings::{MAX_UPLOAD, NewGreeting};

use super::super::{Site, audio, portal};
use super::caller::Caller;
use super::page;
use super::problem::Problem;

type Answer = Result<Response, Problem>;

pub(super) fn greeting_json(greeting: &Greeting) -> Value {
    json!({
        "id": greeting.id,
        "mailbox": greeting.mailbox,
        "kind": greeting.kind,
        "label": greeting.label,
        "duration_ms": greeting.duration_ms,
        "active": greeting.active,
        "from": greeting.from,
        "until": greeting.until,
        "created_at": greeting.created_at,
    })
}

/// Which ones are meant; the former ones are those that are not active.
#[derive(Debug, Deserialize)]
pub(super) struct Asked {
    kind: Option<GreetingKind>,
    active: Option<bool>,
}

pub(super) async fn list(
    State(site): State<Arc<Site>>,
    Extension(caller): Extension<Caller>,
    Path(mailbox): Path<String>,
    Query(asked): Query<Asked>,
) -> Answer {
    let greetings = site.web.services.settings.greetings(caller.owner(&mailbox)?).await?;
    let is_meant = |greeting: &&Greeting| {
        asked.kind.is_none_or(|kind| greeting.kind == kind)
            && asked.active.is_none_or(|active| greeting.active == active)
    };
    let items: Vec<Value> = greetings.iter().filter(is_meant).map(greeting_json).collect();
    Ok(page(items, None::<&str>))
}

pub(super) async fn upload(
    State(site): State<Arc<Site>>,
    Extension(caller): Extension<Caller>,
    Path(mailbox): Path<String>,
    request: Request,
) -> Answer {
    let owner = caller.owner(&mailbox)?;
    let (parts, body) = request.into_parts();
    let request = Request::from_parts(parts, portal::limited(body));
    let multipart = Multipart::from_request(request, &()).await.map_err(|_| {
        Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "send multipart/form-data with kind and file")
    })?;
    let new = read(multipart, owner).await?;
    let set = site.web.services.greetings.by(&caller.actor.name).set(new).await?;
    let remarks: Vec<String> = set.remarks.iter().map(ToString::to_string).collect();
    let mut told = greeting_json(&set.greeting);
    if let Some(fields) = told.as_object_mut() {
        fields.insert("remarks".to_owned(), json!(remarks));
    }
    Ok((StatusCode::CREATED, Json(told)).into_response())
}

async fn read(mut multipart: Multipart, owner: Owner) -> Result<NewGreeting, Problem> {
    let mut new = NewGreeting {
        tenant: owner.tenant,
        mailbox: owner.mailbox,
        kind: GreetingKind::Standard,
        name: None,
        label: String::new(),
        file: bytes::Bytes::new(),
        from: None,
        until: None,
        is_aside: false,
    };
    let broken = |error: axum::extract::multipart::MultipartError| {
        if portal::is_too_large(&error) {
            let why = format!("the upload is larger than {MAX_UPLOAD} bytes");
            return Problem::new(StatusCode::PAYLOAD_TOO_LARGE, why);
        }
        Problem::new(StatusCode::BAD_REQUEST, format!("the upload cannot be read: {error}"))
    };
    let time = |field: &'static str, text: String| {
        text.parse::<Timestamp>()
            .map(Some)
            .map_err(|_| Problem::field(field, "write it like 2027-01-07T08:00:00Z"))
    };
    let mut kind = None;
    for _ in 0..10 {
        let Some(part) = multipart.next_field().await.map_err(broken)? else { break };
        match part.name().unwrap_or_default() {
            "file" => {
                new.label = part.file_name().unwrap_or_default().chars().take(200).collect();
                new.file = part.bytes().await.map_err(broken)?;
            }
            "kind" => kind = Some(part.text().await.map_err(broken)?.parse::<GreetingKind>()?),
            "label" => new.name = Some(part.text().await.map_err(broken)?.parse()?),
            "aside" => new.is_aside = part.text().await.map_err(broken)? == "true",
            "from" => new.from = time("from", part.text().await.map_err(broken)?)?,
            "until" => new.until = time("until", part.text().await.map_err(broken)?)?,
            _ => {
                return Err(Problem::new(
                    StatusCode::UNPROCESSABLE_ENTITY,
                    "parts are kind, label, from, until and file",
                ));
            }
        }
    }
    new.kind =
        kind.ok_or_else(|| Problem::field("kind", "say which greeting it is, for example standard"))?;
    if new.file.is_empty() {
        return Err(Problem::field("file", "send the audio as the part `file`"));
    }
    Ok(new)
}

async fn found(site: &Site, owner: Owner, id: &str) -> Result<Greeting, Problem> {
    let gone = || Problem::missing("greeting");
    let id: GreetingId = id.parse().map_err(|_| gone())?;
    let known = site.web.services.settings.greetings(owner).await?;
    known.into_iter().find(|greeting| greeting.id == id).ok_or_else(gone)
}

/// What to change.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Changing {
    label: Option<String>,
    active: Option<bool>,
    #[serde(default, deserialize_with = "given")]
    until: Option<Option<Timestamp>>,
}

/// Tells a field that is `null` from one that is absent.
pub(super) fn given<'d, T: Deserialize<'d>, D: serde::Deserializer<'d>>(
    from: D,
) -> Result<Option<Option<T>>, D::Error> {
    Option::deserialize(from).map(Some)
}

pub(super) async fn change(
    State(site): State<Arc<Site>>,
    Extension(caller): Extension<Caller>,
    Path((mailbox, id)): Path<(String, String)>,
    Json(changing): Json<Changing>,
) -> Answer {
    let owner = caller.owner(&mailbox)?;
    let before = found(&site, owner, &id).await?;
    let settings = &site.web.services.settings.by(&caller.actor.name);
    let name = changing.label.map(|label| label.parse::<GreetingName>()).transpose()?;
    if let Some(name) = name {
        site.web.services.greetings.by(&caller.actor.name).rename(owner, before.id, &name).await?;
    }
    if let Some(until) = changing.until {
        settings.set_until(owner, before.id, until).await?;
    }
    match changing.active {
        Some(true) => drop(settings.choose(owner, before.id).await?),
        Some(false) if before.active => settings.switch_off(owner, before.kind).await?,
        Some(false) | None => {}
    }
    let after = greeting_json(&found(&site, owner, &id).await?);
    Ok(Json(after).into_response())
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct GoingBack {
    kind: String,
}

/// Back to the one before; asked again, to the one before that.
pub(super) async fn previous(
    State(site): State<Arc<Site>>,
    Extension(caller): Extension<Caller>,
    Path(mailbox): Path<String>,
    Json(going): Json<GoingBack>,
) -> Answer {
    let owner = caller.owner(&mailbox)?;
    let kind: GreetingKind = going.kind.parse()?;
    let settings = site.web.services.settings.by(&caller.actor.name);
    Ok(Json(greeting_json(&settings.choose_previous(owner, kind).await?)).into_response())
}

pub(super) async fn wav(
    State(site): State<Arc<Site>>,
    Extension(caller): Extension<Caller>,
    Path((mailbox, id)): Path<(String, String)>,
    method: Method,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Answer {
    let greeting = found(&site, caller.owner(&mailbox)?, &id).await?;
    Ok(audio::greeting(&site, &greeting, &method, query.as_deref(), &headers).await)
}
