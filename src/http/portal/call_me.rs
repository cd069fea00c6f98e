//! Call me to record (002-071): the phone rings, and the page says how it goes, by itself or by being loaded again.

use askama::Template;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;

use crate::domain::{CallRequestId, CallStep, GreetingKind};
use crate::service::call_me::{AskError, Wanted};
use crate::store::StoreError;

use super::super::shell::render;
use super::super::visitor::{Posted, Visitor, see};
use super::super::{Shared, Site};
use super::frame::{Done, Frame};
use super::greetings::{given_name, shown, title};
use super::sign_in::sentence;
use super::{live, missing, trouble, words};

#[derive(Template)]
#[template(path = "portal/call_me.html", config = "src/http/pages/askama.toml")]
struct CallPage {
    frame: Frame,
    id: String,
    title: &'static str,
    target: String,
    steps: Vec<Step>,
    is_over: bool,
    is_kept: bool,
    kind: GreetingKind,
    name: String,
}

struct Step {
    text: String,
    is_bad: bool,
}

pub(super) async fn ask(State(site): Shared, posted: Posted) -> Response {
    let visitor = &posted.visitor;
    let owner = match visitor.owner() {
        Ok(owner) => owner,
        Err(response) => return response,
    };
    let services = &site.web.services;
    let target: String = posted.fields.get("to").chars().filter(|c| !c.is_whitespace()).collect();
    let Ok(kind) = posted.fields.get("kind").parse::<GreetingKind>() else { return missing() };
    if !services.trials.calls_out() {
        let why =
            Done::refused("No trunk takes calls of this server: upload a file, or call your voicemail.");
        return shown(&site, visitor, Some(why), StatusCode::CONFLICT).await;
    }
    let name = match given_name(posted.fields.get("name")) {
        Ok(name) => name,
        Err(why) => {
            let why = Done::refused(sentence(&why));
            return shown(&site, visitor, Some(why), StatusCode::UNPROCESSABLE_ENTITY).await;
        }
    };
    let wanted = Wanted { kind, target: &target, name: name.as_ref() };
    match services.call_me.by(&visitor.actor.name).ask_now_and_then(owner, &wanted).await {
        Ok(id) => see(&site, &format!("/greetings/call-me/{id}")),
        Err(AskError::Store(error)) => trouble(&error),
        Err(error) => {
            let status = match error {
                AskError::UnderWay => StatusCode::CONFLICT,
                AskError::TooOften => StatusCode::TOO_MANY_REQUESTS,
                _ => StatusCode::UNPROCESSABLE_ENTITY,
            };
            shown(&site, visitor, Some(Done::refused(sentence(&error))), status).await
        }
    }
}

pub(super) async fn page(State(site): Shared, visitor: Visitor, Path(id): Path<String>) -> Response {
    match view(&site, &visitor, &id).await {
        Ok(page) => render(&page, StatusCode::OK),
        Err(response) => response,
    }
}

async fn view(site: &Site, visitor: &Visitor, id: &str) -> Result<CallPage, Response> {
    let owner = visitor.owner()?;
    let id: CallRequestId = id.parse().map_err(|_| missing())?;
    let (request, news) = site.web.services.call_me.so_far(owner, id).await.map_err(not_there)?;
    let last = news.last().map(|news| news.step);
    let step = |step: CallStep| Step {
        text: format!("{}.", words::begun(&step.to_string())),
        is_bad: matches!(step, CallStep::Failed { .. }),
    };
    Ok(CallPage {
        frame: Frame::new(site, visitor, "/greetings", None),
        id: id.to_string(),
        title: title(request.kind),
        target: request.target,
        steps: news.iter().map(|news| step(news.step)).collect(),
        is_over: last.is_some_and(CallStep::is_last),
        is_kept: last == Some(CallStep::Kept),
        kind: request.kind,
        name: request.name.map(|name| name.to_string()).unwrap_or_default(),
    })
}

pub(super) async fn events(State(site): Shared, visitor: Visitor, Path(id): Path<String>) -> Response {
    let following = async {
        let owner = visitor.owner()?;
        let id: CallRequestId = id.parse().map_err(|_| missing())?;
        site.web.services.call_me.owned(owner, id).await.map_err(not_there)?;
        Ok::<_, Response>(site.web.services.call_me.follow(id))
    };
    match following.await {
        Ok(following) => live::steps(&site.web.services, following),
        Err(response) => response,
    }
}

pub(super) async fn give_up(State(site): Shared, Path(id): Path<String>, posted: Posted) -> Response {
    let given_up = async {
        let owner = posted.visitor.owner()?;
        let id: CallRequestId = id.parse().map_err(|_| missing())?;
        let call_me = &site.web.services.call_me;
        call_me.owned(owner, id).await.map_err(not_there)?;
        call_me.give_up(id).await.map_err(not_there)
    };
    match given_up.await {
        Ok(()) => see(&site, &format!("/greetings/call-me/{id}")),
        Err(response) => response,
    }
}

fn not_there(error: StoreError) -> Response {
    match error {
        StoreError::Missing { .. } => missing(),
        other => trouble(&other),
    }
}
