//! What an administrator looks into: the outbox, who changed what.

use askama::Template;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::Response;
use jiff::tz::TimeZone;
use serde::Deserialize;

use crate::domain::{AuditId, JobId};
use crate::service::access::Act;
use crate::store::{Job, JobState, StoreError, Work};

use super::super::portal::frame::{Done, Frame};
use super::super::portal::{missing, trouble, words};
use super::super::shell::render;
use super::super::visitor::{Posted, Visitor, see};
use super::super::{Shared, Site};

/// Rows on a page.
const PAGE: u32 = 50;

#[derive(Debug, Default, Deserialize)]
pub(super) struct Asked {
    #[serde(default)]
    state: String,
    #[serde(default)]
    after: String,
    #[serde(default)]
    pub(super) done: String,
}

#[derive(Template)]
#[template(path = "portal/jobs.html", config = "src/http/pages/askama.toml")]
struct JobsPage {
    frame: Frame,
    state: &'static str,
    states: [JobState; 5],
    rows: Vec<JobRow>,
    next: Option<String>,
}

struct JobRow {
    id: String,
    what: &'static str,
    to: String,
    state: JobState,
    made: String,
    next: String,
    attempts: u32,
    error: String,
    may_retry: bool,
}

pub(super) async fn jobs(State(site): Shared, visitor: Visitor, Query(asked): Query<Asked>) -> Response {
    if let Err(response) = visitor.must(Act::Jobs) {
        return response;
    }
    let state = JobState::ALL.into_iter().find(|state| state.as_str() == asked.state);
    let before = asked.after.parse::<JobId>().ok();
    let page = site.web.services.people.jobs(visitor.actor.tenant, state, before, PAGE).await;
    let zone = match zone(&site, &visitor).await {
        Ok(zone) => zone,
        Err(response) => return response,
    };
    match page {
        Ok((jobs, more)) => {
            let next = more.then(|| jobs.last().map(|job| job.id.to_string())).flatten();
            let done = match asked.done.as_str() {
                "retried" => Some(Done::said("It is tried again at once.")),
                "all-retried" => Some(Done::said(
                    "All that was given up is tried again at once, but what is of removed mailboxes.",
                )),
                _ => None,
            };
            let page = JobsPage {
                frame: Frame::new(&site, &visitor, "/admin/jobs", None).with(done),
                state: state.map_or("", JobState::as_str),
                states: JobState::ALL,
                rows: jobs.iter().map(|job| job_row(job, &zone)).collect(),
                next,
            };
            render(&page, StatusCode::OK)
        }
        Err(error) => trouble(&error),
    }
}

fn job_row(job: &Job, zone: &TimeZone) -> JobRow {
    let (what, to) = match &job.work {
        Work::Mail { to, .. } => ("Mail about a message", to.to_string()),
        Work::MailAway { to, .. } => ("Mail with a message, which is then deleted", to.to_string()),
        Work::Notice { to, .. } => ("Mail about a mailbox", to.to_string()),
        Work::Door { to, .. } => ("Mail with a one-time link", to.to_string()),
        Work::Security { to, .. } => ("Mail about a way in that was changed", to.to_string()),
        Work::Lamp { .. } => ("Lamps of a mailbox", String::new()),
        Work::Purge { .. } => ("Deleting audio", String::new()),
    };
    let may_retry = matches!(job.state, JobState::Dead | JobState::Retry);
    JobRow {
        id: job.id.to_string(),
        what,
        to,
        state: job.state,
        made: words::stamp(job.created_at, zone),
        next: if job.state == JobState::Retry { words::stamp(job.next_at, zone) } else { String::new() },
        attempts: job.attempts,
        error: job.last_error.clone().unwrap_or_default(),
        may_retry,
    }
}

pub(super) async fn retry(State(site): Shared, Path(id): Path<String>, posted: Posted) -> Response {
    let visitor = posted.visitor;
    if let Err(response) = visitor.must(Act::Jobs) {
        return response;
    }
    let Ok(job) = id.parse::<JobId>() else { return missing() };
    let tenant = visitor.actor.tenant;
    match site.web.services.people.by(&visitor.actor.name).job_again(tenant, job).await {
        Ok(()) => {}
        Err(StoreError::Missing { .. }) => return missing(),
        Err(error) => return trouble(&error),
    }
    see(&site, "/admin/jobs?done=retried")
}

/// Everything that was given up.
pub(super) async fn retry_all(State(site): Shared, posted: Posted) -> Response {
    let visitor = posted.visitor;
    if let Err(response) = visitor.must(Act::Jobs) {
        return response;
    }
    let tenant = visitor.actor.tenant;
    if let Err(error) = site.web.services.people.by(&visitor.actor.name).dead_jobs_again(tenant).await {
        return trouble(&error);
    }
    see(&site, "/admin/jobs?done=all-retried")
}

#[derive(Template)]
#[template(path = "portal/audit.html", config = "src/http/pages/askama.toml")]
struct AuditPage {
    frame: Frame,
    rows: Vec<AuditRow>,
    next: Option<String>,
}

struct AuditRow {
    at: String,
    actor: String,
    action: String,
    target: String,
    was: String,
    became: String,
}

pub(super) async fn audit(State(site): Shared, visitor: Visitor, Query(asked): Query<Asked>) -> Response {
    if let Err(response) = visitor.must(Act::Audit) {
        return response;
    }
    let before = asked.after.parse::<AuditId>().ok();
    let lines = site.web.services.audit.page(visitor.actor.tenant, before, PAGE).await;
    let zone = match zone(&site, &visitor).await {
        Ok(zone) => zone,
        Err(response) => return response,
    };
    match lines {
        Ok(lines) => {
            let next = (lines.len() == PAGE as usize)
                .then(|| lines.last().map(|line| line.id.to_string()))
                .flatten();
            let rows = lines.into_iter().map(|line| AuditRow {
                at: words::stamp(line.at, &zone),
                actor: line.actor,
                action: line.action,
                target: line.target,
                was: line.was.unwrap_or_default(),
                became: line.became.unwrap_or_default(),
            });
            let frame = Frame::new(&site, &visitor, "/admin/audit", None);
            render(&AuditPage { frame, rows: rows.collect(), next }, StatusCode::OK)
        }
        Err(error) => trouble(&error),
    }
}

/// The zone of the visitor's tenant.
pub(super) async fn zone(site: &Site, visitor: &Visitor) -> Result<TimeZone, Response> {
    let tenant =
        site.web.services.people.tenant(visitor.actor.tenant).await.map_err(|error| trouble(&error))?;
    Ok(words::zone(None, &tenant))
}
