//! What somebody says of themselves, and which greeting plays meanwhile.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::http::StatusCode;
use axum::response::Response;
use axum::{Extension, Json};
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::domain::{GreetingId, Owner, Presence, PresenceState};
use crate::service::access::Actor;
use crate::service::presence::{PresenceError, Standing};

use super::super::Site;
use super::caller::Caller;
use super::own::changeable;
use super::problem::Problem;
use super::tag::{answer, must_match, unless_known};

type Answer = Result<Response, Problem>;

impl From<PresenceError> for Problem {
    fn from(error: PresenceError) -> Self {
        match error {
            PresenceError::Invalid(error) if error.what == "presence" => {
                Self::field("state", error.to_string())
            }
            PresenceError::Invalid(error) => Self::field("until", error.to_string()),
            error @ PresenceError::Nobody => Self::new(StatusCode::CONFLICT, error.to_string()),
            PresenceError::Store(error) => error.into(),
        }
    }
}

fn presence_json(standing: &Standing) -> Value {
    let tie = |(state, greeting): &(PresenceState, Option<GreetingId>)| json!({"state": state, "greeting": greeting});
    json!({
        "user": standing.user,
        "state": standing.presence.state,
        "until": standing.presence.until,
        "greetings": standing.greetings.iter().map(tie).collect::<Vec<_>>(),
    })
}

async fn standing(site: &Site, owner: Owner) -> Result<Standing, Problem> {
    Ok(site.web.services.presences.of(owner).await?)
}

pub(super) async fn show(
    State(site): State<Arc<Site>>,
    Extension(caller): Extension<Caller>,
    Path(mailbox): Path<String>,
    headers: HeaderMap,
) -> Answer {
    let standing = standing(&site, caller.owner(&mailbox)?).await?;
    Ok(unless_known(&headers, &presence_json(&standing)))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Saying {
    state: Option<String>,
    until: Option<Timestamp>,
    #[serde(default)]
    greetings: Vec<Tie>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Tie {
    state: String,
    greeting: Option<GreetingId>,
}

pub(super) async fn change(
    State(site): State<Arc<Site>>,
    Extension(caller): Extension<Caller>,
    Path(mailbox): Path<String>,
    headers: HeaderMap,
    Json(saying): Json<Saying>,
) -> Answer {
    let (owner, _) = changeable(&site, &caller, &mailbox, Actor::stands_over).await?;
    let presences = site.web.services.presences.by(&caller.actor.name);
    let before = standing(&site, owner).await?;
    must_match(&headers, &presence_json(&before))?;
    let state = saying.state.as_deref().map(str::parse::<PresenceState>).transpose();
    let state = state.map_err(|error| Problem::field("state", error.to_string()))?;
    if state.is_none() && saying.until.is_some() {
        return Err(Problem::field("state", "an end needs a presence: name it as well"));
    }
    let tie = |tie: &Tie| Ok((tie.state.parse::<PresenceState>()?, tie.greeting));
    let ties = saying.greetings.iter().map(tie).collect::<Result<Vec<_>, crate::domain::Invalid>>();
    let ties = ties.map_err(|error| Problem::field("greetings", error.to_string()))?;
    if let Some(state) = state {
        // Nothing is written where a part of it makes no sense.
        Presence::chosen(state, saying.until, site.web.clock.now()).map_err(PresenceError::from)?;
    }
    if !ties.is_empty() {
        presences.tie(owner, &ties).await?;
    }
    if let Some(state) = state {
        presences.set(owner, state, saying.until).await?;
    }
    let after = standing(&site, owner).await?;
    Ok(answer(StatusCode::OK, &presence_json(&after)))
}
