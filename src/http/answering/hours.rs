//! Time frames of a mailbox or of everybody: which are active and until when, what comes next, holidays from a calendar.

use askama::Template;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::Response;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::Deserialize;

use crate::domain::time_frame::holidays::{COUNTRIES, Country};
use crate::domain::{ChangeId, FrameUse, TimeFrame, TimeFrameId};
use crate::service::answering::AnsweringError;
use crate::service::time_frames::{NewFrame, Shown, coming, ical};

use super::super::file_form::{NoFile, PostedFile};
use super::super::portal::frame::{Done, Frame};
use super::super::portal::{missing, words};
use super::super::shell::render;
use super::super::visitor::{Posted, Visitor, see};
use super::super::{Shared, Site};
use super::rules::soon;
use super::{Refused, Whose, answer};

/// Changes to come that are shown of a frame.
const MOST_COMING: usize = 3;
/// Spans of a frame that are shown at once.
const MOST_SPANS: usize = 8;

#[derive(Template)]
#[template(path = "portal/hours.html", config = "src/http/pages/askama.toml")]
struct HoursPage {
    frame: Frame,
    whose: Whose,
    rows: Vec<Row>,
    zone: String,
    now: String,
    /// Lines of a calendar that are not understood.
    refusals: Vec<String>,
    /// Whose public holidays are known.
    countries: &'static [Country],
}

struct Row {
    id: String,
    name: String,
    what: &'static str,
    /// It belongs to the pages that show it; everybody's frames are changed elsewhere.
    is_own: bool,
    active: bool,
    badge: String,
    spans: Vec<String>,
    more: usize,
    zone: Option<String>,
    coming: Vec<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Asked {
    done: String,
    change: String,
}

pub(super) async fn list(
    State(site): Shared,
    visitor: Visitor,
    Path(word): Path<String>,
    Query(asked): Query<Asked>,
) -> Response {
    let said = match asked.done.as_str() {
        "added" => Some("The time frame is kept. It holds from the next call on."),
        "saved" => Some("The time frame is saved. It holds from the next call on."),
        "removed" => Some("The time frame is removed."),
        "imported" => Some("The days of the calendar are kept."),
        "holidays" => Some("The holidays are kept. Take a look: regional ones are yours to add."),
        "undone" => Some("Undone: the time frame is back."),
        _ => None,
    };
    let whose = match Whose::read(&site, &visitor, &word).await {
        Ok(whose) => whose,
        Err(response) => return response,
    };
    let undo = asked.change.parse::<ChangeId>().ok().filter(|_| whose.may_write);
    let undo = undo.map(|change| format!("{}/hours/undo/{change}", whose.path));
    let done = said.map(|text| Done { undo, ..Done::said(text) });
    answer(shown(&site, &visitor, whose, done, Vec::new()).await)
}

pub(super) async fn shown(
    site: &Site,
    visitor: &Visitor,
    whose: Whose,
    done: Option<Done>,
    refusals: Vec<String>,
) -> Result<Response, Refused> {
    let now = site.web.clock.now();
    let frames = &site.web.services.frames;
    let zone = frames.zone(whose.tenant, whose.extension()).await?;
    let found = frames.list(whose.tenant, whose.extension(), now).await?;
    let is_bad = done.as_ref().is_some_and(|done| done.is_error);
    let status = if is_bad { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    let of_mailbox = whose.of.is_some();
    let page = HoursPage {
        frame: Frame::new(site, visitor, whose.here(), None).with(done),
        whose,
        rows: found.into_iter().map(|shown| row(shown, of_mailbox, now)).collect(),
        zone: zone.iana_name().unwrap_or("UTC").to_owned(),
        now: words::exactly(now, &zone),
        refusals,
        countries: &COUNTRIES,
    };
    Ok(render(&page, status))
}

fn row(shown: Shown, of_mailbox: bool, now: Timestamp) -> Row {
    let Shown { frame, zone, active, by, until } = shown;
    let next = until.map(|at| soon(at, now, &zone));
    let by = by.map(|by| format!(" ({by})")).unwrap_or_default();
    let badge = match (active, next) {
        (true, Some(next)) => format!("Active now{by}, until {next}"),
        (true, None) => format!("Active now{by}, for good"),
        (false, Some(next)) => format!("Not now; {} {next}", begins(frame.purpose)),
        (false, None) => "Never again".to_owned(),
    };
    let entries = &frame.schedule.entries;
    let span = |entry: &crate::domain::time_frame::Entry| match &entry.note {
        Some(note) => format!("{} · {note}", entry.span),
        None => entry.span.to_string(),
    };
    Row {
        id: frame.id.to_string(),
        name: frame.name.clone(),
        what: title(frame.purpose),
        is_own: frame.mailbox.is_some() == of_mailbox,
        active,
        badge,
        spans: entries.iter().take(MOST_SPANS).map(span).collect(),
        more: entries.len().saturating_sub(MOST_SPANS),
        zone: frame.zone.clone(),
        coming: changes(&frame, &zone, now),
    }
}

/// What comes next: `Mon 09:00 opens`.
pub(super) fn changes(frame: &TimeFrame, zone: &TimeZone, now: Timestamp) -> Vec<String> {
    let told = |(at, begin): (Timestamp, bool)| {
        let what = if begin { begins(frame.purpose) } else { ends(frame.purpose) };
        format!("{what} {}", soon(at, now, zone))
    };
    coming(&frame.schedule, zone, now, MOST_COMING).into_iter().map(told).collect()
}

const fn begins(purpose: FrameUse) -> &'static str {
    match purpose {
        FrameUse::Open => "opens",
        FrameUse::Closed => "closes",
        FrameUse::Holiday | FrameUse::Custom => "begins",
    }
}

const fn ends(purpose: FrameUse) -> &'static str {
    match purpose {
        FrameUse::Open => "closes",
        FrameUse::Closed => "opens",
        FrameUse::Holiday | FrameUse::Custom => "ends",
    }
}

/// What a frame is for, as people read it (002-033).
pub(super) const fn title(purpose: FrameUse) -> &'static str {
    match purpose {
        FrameUse::Open => "Opening hours: outside of them the after-hours greeting plays",
        FrameUse::Closed => "Closing hours: in them the after-hours greeting plays",
        FrameUse::Holiday => "Holidays: on them the holiday greeting plays",
        FrameUse::Custom => "For answering rules only",
    }
}

pub(super) async fn remove(
    State(site): Shared,
    Path((word, frame)): Path<(String, String)>,
    posted: Posted,
) -> Response {
    let visitor = &posted.visitor;
    let removed = async {
        let whose = Whose::write(&site, visitor, &word).await?;
        let id: TimeFrameId = frame.parse().map_err(|_| missing())?;
        let frames = site.web.services.frames.by(&visitor.actor.name);
        match frames.delete(whose.tenant, whose.extension(), id).await {
            Ok((_, change)) => Ok(see(&site, &format!("{}/hours?done=removed&change={change}", whose.path))),
            Err(error) => refused(&site, visitor, whose, error.into()).await,
        }
    };
    answer(removed.await)
}

pub(super) async fn undo(
    State(site): Shared,
    Path((word, change)): Path<(String, String)>,
    posted: Posted,
) -> Response {
    let visitor = &posted.visitor;
    let undone = async {
        let whose = Whose::write(&site, visitor, &word).await?;
        let change: ChangeId = change.parse().map_err(|_| missing())?;
        let frames = site.web.services.frames.by(&visitor.actor.name);
        match frames.undo(whose.tenant, whose.extension(), change).await {
            Ok(_) => Ok(see(&site, &format!("{}/hours?done=undone", whose.path))),
            Err(error) => refused(&site, visitor, whose, error.into()).await,
        }
    };
    answer(undone.await)
}

/// The public holidays of a country, in place of an earlier frame of that name (002-033).
pub(super) async fn holidays(State(site): Shared, Path(word): Path<String>, posted: Posted) -> Response {
    let Posted { visitor, fields } = &posted;
    let kept = async {
        let whose = Whose::write(&site, visitor, &word).await?;
        let country = match Country::of(fields.get("country")) {
            Ok(country) => country,
            Err(error) => return refused(&site, visitor, whose, error.into()).await,
        };
        let name = fields.get("name").to_owned();
        let new =
            NewFrame { name, purpose: FrameUse::Holiday, zone: None, entries: Vec::new(), replace: true };
        let frames = site.web.services.frames.by(&visitor.actor.name);
        match frames.holidays(whose.tenant, whose.extension(), new, country).await {
            Ok(_) => Ok(see(&site, &format!("{}/hours?done=holidays", whose.path))),
            Err(error) => refused(&site, visitor, whose, error.into()).await,
        }
    };
    answer(kept.await)
}

/// Days of a calendar file, in place of an earlier import of that name.
pub(super) async fn import(
    State(site): Shared,
    Path(word): Path<String>,
    posted: PostedFile<{ ical::LARGEST }>,
) -> Response {
    let visitor = &posted.visitor;
    let imported = async {
        let whose = Whose::write(&site, visitor, &word).await?;
        let file = match &posted.file {
            Ok(file) => file,
            Err(why) => {
                let why = match why {
                    NoFile::Empty => "No file was chosen: choose a calendar file (.ics).",
                    NoFile::TooLarge => "The calendar is larger than 1 MiB: export fewer years of it.",
                    NoFile::Broken => "The upload broke off. Please try again.",
                };
                return refused(&site, visitor, whose, Refused::Mend(why.to_owned())).await;
            }
        };
        let purpose = posted.get("purpose").parse().unwrap_or(FrameUse::Holiday);
        let name = match posted.get("name").trim() {
            "" => posted.name.trim_end_matches(".ics").to_owned(),
            name => name.to_owned(),
        };
        let new = NewFrame { name, purpose, zone: None, entries: Vec::new(), replace: true };
        let frames = site.web.services.frames.by(&visitor.actor.name);
        match frames.import(whose.tenant, whose.extension(), new, file).await {
            Ok(_) => Ok(see(&site, &format!("{}/hours?done=imported", whose.path))),
            Err(AnsweringError::Calendar(lines)) => {
                let why = "Nothing was imported: these lines of the calendar are not understood.";
                shown(&site, visitor, whose, Some(Done::refused(why)), lines).await
            }
            Err(error) => refused(&site, visitor, whose, error.into()).await,
        }
    };
    answer(imported.await)
}

async fn refused(
    site: &Site,
    visitor: &Visitor,
    whose: Whose,
    refused: Refused,
) -> Result<Response, Refused> {
    match refused {
        Refused::Mend(why) => shown(site, visitor, whose, Some(Done::refused(why)), Vec::new()).await,
        response => Err(response),
    }
}
