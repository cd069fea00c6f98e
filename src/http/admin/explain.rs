//! What a call would get, for whoever looks after others: who is called, which list, hours and rule decide, and what comes
//! next. The decision is `service::reception`'s, the same as for a real call.

use askama::Template;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::Response;
use jiff::tz::TimeZone;
use serde::Deserialize;

use crate::service::access::Act;
use crate::service::answering::TargetKind;

use super::super::answering::{Refused, Try, Typed, answer, offered};
use super::super::explaining::{Question, Told, explained};
use super::super::portal::frame::{Done, Frame};
use super::super::portal::words;
use super::super::shell::render;
use super::super::visitor::Visitor;
use super::super::{Shared, Site};
use super::server;

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Asked {
    to: String,
    from: String,
    reason: String,
    at: String,
    diversion: String,
}

#[derive(Template)]
#[template(path = "portal/explain.html", config = "src/http/pages/askama.toml")]
struct ExplainPage {
    frame: Frame,
    to: String,
    attempt: Try,
    diversion: String,
    zone: String,
    told: Option<Told>,
}

pub(super) async fn show(State(site): Shared, visitor: Visitor, Query(asked): Query<Asked>) -> Response {
    if let Err(response) = visitor.must(Act::Explain) {
        return response;
    }
    let shown = async {
        let zone = server::zone(&site, &visitor).await?;
        let Asked { to, from, reason, at, diversion } = asked;
        let attempt = Try { caller: from, reason, at };
        let (told, done) = match to.trim().is_empty() {
            true => (None, None),
            false => match told(&site, &visitor, (&to, &diversion), &attempt, &zone).await {
                Ok(told) => (Some(told), None),
                Err(Refused::Mend(why)) => (None, Some(Done::refused(why))),
                Err(other) => return Err(other),
            },
        };
        let status = if done.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
        let frame = Frame::new(&site, &visitor, "/admin/explain", None).with(done);
        let zone = zone.iana_name().unwrap_or("UTC").to_owned();
        Ok(render(&ExplainPage { frame, to, attempt, diversion, zone, told }, status))
    };
    answer(shown.await)
}

async fn told(
    site: &Site,
    visitor: &Visitor,
    (to, diversion): (&str, &str),
    attempt: &Try,
    zone: &TimeZone,
) -> Result<Told, Refused> {
    let question = Question {
        to: to.to_owned(),
        from: attempt.caller.clone(),
        diversion: diversion.to_owned(),
        reason: attempt.given_reason()?,
        at: words::moment(&attempt.at, zone).map_err(Refused::Mend)?,
    };
    explained(site, visitor, &question).await
}

/// Numbers and names that fit what is typed, for the script of the page.
pub(super) async fn targets(State(site): Shared, visitor: Visitor, Query(typed): Query<Typed>) -> Response {
    if let Err(response) = visitor.must(Act::Explain) {
        return response;
    }
    let is_called = |kind| kind == TargetKind::User;
    offered(&site, visitor.actor.tenant, &typed, is_called).await
}
