//! Calls to record a greeting.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use axum::{Extension, Json};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::domain::{CallRequestId, CallStep, GreetingKind, GreetingName};
use crate::service::call_me::{AskError, Wanted};

use super::super::Site;
use super::caller::Caller;
use super::problem::Problem;

type Answer = Result<Response, Problem>;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Asking {
    kind: String,
    to: Option<String>,
    label: Option<String>,
}

pub(super) async fn ask(
    State(site): State<Arc<Site>>,
    Extension(caller): Extension<Caller>,
    Path(mailbox): Path<String>,
    Json(asking): Json<Asking>,
) -> Answer {
    let owner = caller.owner(&mailbox)?;
    let kind: GreetingKind = asking.kind.parse()?;
    let name = asking.label.map(|label| label.parse::<GreetingName>()).transpose()?;
    let services = &site.web.services;
    if !services.trials.calls_out() {
        let why = "no trunk takes calls of this server: give one of [[sip.trunks]] an `out`";
        return Err(Problem::new(StatusCode::CONFLICT, why));
    }
    let own = services.settings.show(owner).await?.extension;
    let target = asking.to.unwrap_or_else(|| own.to_string());
    let call_me = services.call_me.by(&caller.actor.name);
    let id = call_me.ask_now_and_then(owner, &Wanted { kind, target: &target, name: name.as_ref() }).await?;
    Ok((StatusCode::ACCEPTED, Json(json!({"id": id}))).into_response())
}

impl From<AskError> for Problem {
    fn from(error: AskError) -> Self {
        let why = error.to_string();
        match error {
            AskError::Number(_) => Self::field("to", why),
            AskError::NameTaken(_) => Self::coded("label", "label_taken", why),
            AskError::Off(_) | AskError::UnderWay => Self::new(StatusCode::CONFLICT, why),
            AskError::TooOften => Self::new(StatusCode::TOO_MANY_REQUESTS, why),
            AskError::Store(error) => error.into(),
        }
    }
}

pub(super) async fn show(
    State(site): State<Arc<Site>>,
    Extension(caller): Extension<Caller>,
    Path((mailbox, id)): Path<(String, String)>,
) -> Answer {
    let owner = caller.owner(&mailbox)?;
    let id: CallRequestId = id.parse().map_err(|_| Problem::missing("call"))?;
    let (request, news) = site.web.services.call_me.so_far(owner, id).await?;
    let step = |step: CallStep| match step {
        CallStep::Failed { reason, .. } => reason.as_str(),
        step => step.as_str(),
    };
    let steps: Vec<Value> = news
        .iter()
        .map(|news| json!({"at": news.at, "step": step(news.step), "text": news.step.to_string()}))
        .collect();
    let is_over = news.last().is_some_and(|news| news.step.is_last());
    let told = json!({
        "id": id, "kind": request.kind, "to": request.target, "label": request.name.map(|name| name.to_string()),
        "over": is_over, "steps": steps,
    });
    Ok(Json(told).into_response())
}

pub(super) async fn give_up(
    State(site): State<Arc<Site>>,
    Extension(caller): Extension<Caller>,
    Path((mailbox, id)): Path<(String, String)>,
) -> Answer {
    let owner = caller.owner(&mailbox)?;
    let id: CallRequestId = id.parse().map_err(|_| Problem::missing("call"))?;
    let call_me = &site.web.services.call_me;
    call_me.owned(owner, id).await?;
    call_me.give_up(id).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}
