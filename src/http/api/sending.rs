//! A message is passed on to other mailboxes.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use axum::{Extension, Json};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::domain::{Extension as Number, MessageId};
use crate::service::audit::Deed;
use crate::service::sending::{Along, LONGEST_NOTE, Why};

use super::super::Site;
use super::caller::Caller;
use super::problem::Problem;

/// Recipients of one request.
const MOST: usize = 100;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Forwarding {
    to: Vec<String>,
    #[serde(default)]
    note: String,
}

pub(super) async fn forward(
    State(site): State<Arc<Site>>,
    Extension(caller): Extension<Caller>,
    Path((mailbox, id)): Path<(String, String)>,
    Json(forwarding): Json<Forwarding>,
) -> Result<Response, Problem> {
    let owner = caller.owner(&mailbox)?;
    let id: MessageId = id.parse().map_err(|_| Problem::missing("message"))?;
    let to = forwarding.to.iter().map(|text| text.parse()).collect::<Result<Vec<Number>, _>>();
    let to = to.map_err(|error| Problem::field("to", error.to_string()))?;
    if to.is_empty() || to.len() > MOST {
        return Err(Problem::field("to", format!("name 1 to {MOST} extensions")));
    }
    if forwarding.note.chars().count() > LONGEST_NOTE {
        return Err(Problem::field("note", format!("a note has at most {LONGEST_NOTE} characters")));
    }
    let along = Along { note: forwarding.note, spoken: None };
    let services = &site.web.services;
    let sent = services.sending.pass_on(owner, id, along, &to).await?;
    let deed = Deed { action: "message.forwarded", target: format!("message {id}") };
    let became = json!({"to": sent.delivered});
    services.audit.note(&caller.actor, owner.tenant, deed, None::<&()>, Some(&became)).await;
    let why = |why: Why| match why {
        Why::Unknown => "unknown",
        Why::Full => "full",
        Why::Closed => "closed",
        Why::Failed => "failed",
    };
    let refused: Vec<Value> = sent
        .refused
        .iter()
        .map(|(extension, because)| json!({"extension": extension, "why": why(*because)}))
        .collect();
    let told = json!({"delivered": sent.delivered, "refused": refused});
    Ok((StatusCode::OK, Json(told)).into_response())
}
