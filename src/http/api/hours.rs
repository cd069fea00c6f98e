//! Time frames and lists of callers, of a mailbox and of a whole tenant.

use std::sync::Arc;

use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use axum::{Extension, Json};
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::domain::answering::{CallerPattern, ScreenedCaller};
use crate::domain::time_frame::Entry;
use crate::domain::time_frame::holidays::Country;
use crate::domain::{Extension as Number, Span, TenantId, TimeFrame, TimeFrameId};
use crate::service::answering::{AnsweringError, verdict_of, verdict_word};
use crate::service::time_frames::{NewFrame, Shown, coming};

use super::super::Site;
use super::answering::{Undoing, invalid, numbered};
use super::caller::Caller;
use super::greetings::given;
use super::page;
use super::problem::Problem;

type Answer = Result<Response, Problem>;

/// Changes to come that are told of a frame.
const COMING: usize = 5;

/// What the path names.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct At {
    mailbox: Option<String>,
    frame: String,
    line: String,
}

/// Whose frames and lists are meant.
struct Of {
    tenant: TenantId,
    number: Option<Number>,
}

impl Of {
    async fn read(site: &Site, caller: &Caller, at: &At) -> Result<Self, Problem> {
        Ok(match &at.mailbox {
            None => Self { tenant: caller.must_reach_tenant()?, number: None },
            Some(mailbox) => {
                let (owner, number) = numbered(site, caller, mailbox).await?;
                Self { tenant: owner.tenant, number: Some(number) }
            }
        })
    }

    fn number(&self) -> Option<&Number> {
        self.number.as_ref()
    }
}

fn frame_json(shown: &Shown, now: Timestamp) -> Value {
    let Shown { frame, zone, active, by, until } = shown;
    let spans: Vec<Value> = frame
        .schedule
        .entries
        .iter()
        .map(|entry| json!({"span": entry.span.to_string(), "note": entry.note}))
        .collect();
    let coming: Vec<Value> = coming(&frame.schedule, zone, now, COMING)
        .into_iter()
        .map(|(at, active)| json!({"at": at, "active": active}))
        .collect();
    json!({
        "id": frame.id,
        "mailbox": frame.mailbox,
        "name": frame.name,
        "use": frame.purpose,
        "zone": frame.zone,
        "read_in": zone.iana_name(),
        "spans": spans,
        "active": active,
        "by": by,
        "until": until,
        "coming": coming,
        "created_at": frame.created_at,
    })
}

async fn one(site: &Site, of: &Of, id: TimeFrameId) -> Result<(Shown, Value), Problem> {
    let now = site.web.clock.now();
    let found = site.web.services.frames.list(of.tenant, of.number(), now).await?;
    let is_own = |frame: &TimeFrame| frame.mailbox.is_some() == of.number.is_some();
    let shown = found.into_iter().find(|shown| shown.frame.id == id && is_own(&shown.frame));
    let shown = shown.ok_or_else(|| Problem::missing("time frame"))?;
    let told = frame_json(&shown, now);
    Ok((shown, told))
}

#[derive(Debug, Deserialize)]
pub(super) struct When {
    at: Option<Timestamp>,
}

pub(super) async fn frames(
    State(site): State<Arc<Site>>,
    Extension(caller): Extension<Caller>,
    Path(at): Path<At>,
    Query(when): Query<When>,
) -> Answer {
    let of = Of::read(&site, &caller, &at).await?;
    let now = when.at.unwrap_or_else(|| site.web.clock.now());
    let found = site.web.services.frames.list(of.tenant, of.number(), now).await?;
    Ok(page(found.iter().map(|shown| frame_json(shown, now)).collect(), None::<&str>))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Spanning {
    span: String,
    note: Option<String>,
}

fn entries(spans: Vec<Spanning>) -> Result<Vec<Entry>, Problem> {
    let mut entries = Vec::new();
    for Spanning { span, note } in spans {
        let read = Span::read_all(&span).map_err(invalid)?;
        entries.extend(read.into_iter().map(|span| Entry { span, note: note.clone() }));
    }
    Ok(entries)
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Adding {
    name: String,
    r#use: String,
    zone: Option<String>,
    #[serde(default)]
    spans: Vec<Spanning>,
    calendar: Option<String>,
    country: Option<String>,
    #[serde(default)]
    replace: bool,
}

pub(super) async fn add(
    State(site): State<Arc<Site>>,
    Extension(caller): Extension<Caller>,
    Path(at): Path<At>,
    Json(adding): Json<Adding>,
) -> Answer {
    let of = Of::read(&site, &caller, &at).await?;
    let Adding { name, r#use, zone, spans, calendar, country, replace } = adding;
    let country = country.as_deref().map(Country::of).transpose().map_err(invalid)?;
    // The name that it gets is the one that must be free.
    let name = match country {
        Some(country) if name.trim().is_empty() => country.frame_name(),
        _ => name,
    };
    let purpose = r#use.parse().map_err(invalid)?;
    let frames = site.web.services.frames.by(&caller.actor.name);
    let entries = entries(spans)?;
    if usize::from(calendar.is_some()) + usize::from(country.is_some()) + usize::from(!entries.is_empty()) > 1
    {
        let field = if country.is_some() { "country" } else { "calendar" };
        return Err(Problem::field(field, "give either spans, a calendar or a country"));
    }
    let was = match frames.find(of.tenant, of.number(), name.trim()).await {
        Ok(frame) => Some(frame).filter(|frame| frame.mailbox.is_some() == of.number.is_some()),
        Err(AnsweringError::NoFrame(_)) => None,
        Err(error) => return Err(error.into()),
    };
    let new = NewFrame { name, purpose, zone, entries, replace };
    let frame = match (calendar, country) {
        (None, None) => frames.put(of.tenant, of.number(), new).await?,
        _ if was.is_some() && !replace => {
            return Err(AnsweringError::Taken { what: "time frame", name: new.name }.into());
        }
        (Some(calendar), _) => frames.import(of.tenant, of.number(), new, calendar.as_bytes()).await?,
        (None, Some(country)) => frames.holidays(of.tenant, of.number(), new, country).await?,
    };
    Ok((StatusCode::CREATED, Json(one(&site, &of, frame.id).await?.1)).into_response())
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Changing {
    name: Option<String>,
    r#use: Option<String>,
    #[serde(default, deserialize_with = "given")]
    zone: Option<Option<String>>,
    spans: Option<Vec<Spanning>>,
}

fn frame_id(text: &str) -> Result<TimeFrameId, Problem> {
    text.parse().map_err(|_| Problem::missing("time frame"))
}

pub(super) async fn change(
    State(site): State<Arc<Site>>,
    Extension(caller): Extension<Caller>,
    Path(at): Path<At>,
    Json(changing): Json<Changing>,
) -> Answer {
    let of = Of::read(&site, &caller, &at).await?;
    let id = frame_id(&at.frame)?;
    let was = one(&site, &of, id).await?.0.frame;
    let purpose = changing.r#use.as_deref().map(str::parse).transpose();
    let new = NewFrame {
        name: changing.name.unwrap_or_else(|| was.name.clone()),
        purpose: purpose.map_err(invalid)?.unwrap_or(was.purpose),
        zone: changing.zone.unwrap_or_else(|| was.zone.clone()),
        entries: changing.spans.map_or_else(|| Ok(was.schedule.entries.clone()), entries)?,
        replace: false,
    };
    site.web.services.frames.by(&caller.actor.name).change(of.tenant, of.number(), id, new).await?;
    Ok(Json(one(&site, &of, id).await?.1).into_response())
}

pub(super) async fn remove(
    State(site): State<Arc<Site>>,
    Extension(caller): Extension<Caller>,
    Path(at): Path<At>,
) -> Answer {
    let of = Of::read(&site, &caller, &at).await?;
    let frames = site.web.services.frames.by(&caller.actor.name);
    let (_, change) = frames.delete(of.tenant, of.number(), frame_id(&at.frame)?).await?;
    Ok(Json(json!({"undo": change})).into_response())
}

pub(super) async fn undo(
    State(site): State<Arc<Site>>,
    Extension(caller): Extension<Caller>,
    Path(at): Path<At>,
    Json(undoing): Json<Undoing>,
) -> Answer {
    let of = Of::read(&site, &caller, &at).await?;
    let frames = site.web.services.frames.by(&caller.actor.name);
    let frame = frames.undo(of.tenant, of.number(), undoing.id()?).await?;
    Ok(Json(one(&site, &of, frame.id).await?.1).into_response())
}

fn line_json(line: &ScreenedCaller) -> Value {
    json!({
        "id": line.id,
        "mailbox": line.mailbox,
        "caller": line.pattern,
        "verdict": verdict_word(line.screening),
        "note": line.note,
        "created_at": line.created_at,
    })
}

/// A caller as somebody types one.
fn given_caller(site: &Site, text: &str) -> Result<CallerPattern, Problem> {
    CallerPattern::given(text, &site.web.services.reception.abroad()).map_err(invalid)
}

#[derive(Debug, Deserialize)]
pub(super) struct Checking {
    caller: Option<String>,
}

/// The lines of a list; with a caller, the one that decides.
pub(super) async fn lines(
    State(site): State<Arc<Site>>,
    Extension(caller): Extension<Caller>,
    Path(at): Path<At>,
    Query(checking): Query<Checking>,
) -> Answer {
    let of = Of::read(&site, &caller, &at).await?;
    let lists = &site.web.services.lists;
    let lines = match checking.caller {
        None => lists.list(of.tenant, of.number()).await?,
        Some(text) => {
            let asked: CallerPattern = given_caller(&site, &text)?;
            lists.check(of.tenant, of.number(), &asked).await?.into_iter().collect()
        }
    };
    Ok(page(lines.iter().map(line_json).collect(), None::<&str>))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Listing {
    caller: String,
    verdict: String,
    note: Option<String>,
}

pub(super) async fn put_line(
    State(site): State<Arc<Site>>,
    Extension(caller): Extension<Caller>,
    Path(at): Path<At>,
    Json(listing): Json<Listing>,
) -> Answer {
    let of = Of::read(&site, &caller, &at).await?;
    let pattern: CallerPattern = given_caller(&site, &listing.caller)?;
    let screening = verdict_of(&listing.verdict).map_err(invalid)?;
    let lists = site.web.services.lists.by(&caller.actor.name);
    let (_, line) = lists.put(of.tenant, of.number(), pattern, screening, listing.note.as_deref()).await?;
    Ok((StatusCode::CREATED, Json(line_json(&line))).into_response())
}

pub(super) async fn remove_line(
    State(site): State<Arc<Site>>,
    Extension(caller): Extension<Caller>,
    Path(at): Path<At>,
) -> Answer {
    let of = Of::read(&site, &caller, &at).await?;
    let id: Uuid = at.line.parse().map_err(|_| Problem::missing("line"))?;
    let lists = site.web.services.lists.by(&caller.actor.name);
    let (_, change) = lists.delete(of.tenant, of.number(), id).await?;
    Ok(Json(json!({"undo": change})).into_response())
}

pub(super) async fn undo_line(
    State(site): State<Arc<Site>>,
    Extension(caller): Extension<Caller>,
    Path(at): Path<At>,
    Json(undoing): Json<Undoing>,
) -> Answer {
    let of = Of::read(&site, &caller, &at).await?;
    let lists = site.web.services.lists.by(&caller.actor.name);
    let line = lists.undo(of.tenant, of.number(), undoing.id()?).await?;
    Ok(Json(line_json(&line)).into_response())
}
