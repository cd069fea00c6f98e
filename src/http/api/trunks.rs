//! Trunks and peers: what the configuration says, who was heard, and whether they answer.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use axum::{Extension, Json};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::service::trials::Neighbour;
use crate::service::trunks::TrunkView;

use super::super::Site;
use super::super::admin::trunks::{asked, known};
use super::caller::Caller;
use super::problem::Problem;

type Answer = Result<Response, Problem>;

fn trunk_json(trunk: &TrunkView, heard: &[Neighbour]) -> Value {
    let route: BTreeMap<&str, &str> = trunk.route.iter().map(|(what, set)| (*what, set.as_str())).collect();
    json!({
        "name": trunk.name,
        "peers": trunk.peers.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "must_prove": trunk.is_asked,
        "proves": trunk.is_answered,
        "route": route,
        "transfer_targets": trunk.transfer_targets,
        "out": trunk.out.as_ref().map(|(to, targets)| json!({"to": to, "targets": targets})),
        "reachable_at": trunk.reachable_at,
        "heard": heard.iter().map(neighbour_json).collect::<Vec<_>>(),
    })
}

fn neighbour_json(neighbour: &Neighbour) -> Value {
    json!({
        "ip": neighbour.ip,
        "at": neighbour.at,
        "times": neighbour.times,
        "said": neighbour.said,
        "refused": neighbour.refused,
        "connected": neighbour.is_connected(),
    })
}

pub(super) async fn list(State(site): State<Arc<Site>>) -> Answer {
    let (trunks, strangers) = site.web.services.trials.trunks_heard();
    let items: Vec<Value> = trunks.iter().map(|(trunk, heard)| trunk_json(trunk, heard)).collect();
    let strangers: Vec<Value> = strangers.iter().map(neighbour_json).collect();
    Ok(Json(json!({"items": items, "strangers": strangers})).into_response())
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Asking {
    uri: String,
}

/// Asks one of the configured addresses, and no other.
pub(super) async fn ask(
    State(site): State<Arc<Site>>,
    Extension(caller): Extension<Caller>,
    Json(asking): Json<Asking>,
) -> Answer {
    if !known(&site, &asking.uri) {
        return Err(Problem::missing("address of a trunk"));
    }
    let outcome = asked(&site, &caller.actor, &asking.uri).await;
    let (answered, said) = match outcome {
        Ok(said) => (true, said),
        Err(why) => (false, why),
    };
    Ok(Json(json!({"uri": asking.uri, "answered": answered, "said": said})).into_response())
}
