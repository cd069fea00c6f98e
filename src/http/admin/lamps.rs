//! The lamps of a tenant: what each phone was told, what there is, wrong ones first; telling one again.

use askama::Template;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::Response;
use serde::Deserialize;

use crate::domain::{Counts, LampId};
use crate::service::access::Act;
use crate::service::audit::Deed;
use crate::service::lamp::audit::{Judged, LampState};
use crate::signal::LampDialog;
use crate::store::{Lamp, StoreError};

use super::super::portal::frame::{Done, Frame};
use super::super::portal::{missing, trouble, words};
use super::super::shell::render;
use super::super::visitor::{Posted, Visitor, see};
use super::super::{Shared, Site};
use super::server::zone;

const HERE: &str = "/admin/lamps";
/// Lamps of a page.
const PAGE: usize = 200;

#[derive(Debug, Default, Deserialize)]
pub(super) struct Asked {
    #[serde(default)]
    q: String,
    #[serde(default)]
    done: String,
}

#[derive(Template)]
#[template(path = "portal/lamps.html", config = "src/http/pages/askama.toml")]
struct LampsPage {
    frame: Frame,
    q: String,
    /// How many there are of each state.
    sums: Vec<(&'static str, usize)>,
    rows: Vec<Row>,
    is_cut: bool,
}

struct Row {
    id: LampId,
    extension: String,
    to: String,
    state: LampState,
    title: &'static str,
    shows: String,
    truth: String,
    confirmed: String,
    since: String,
    trouble: String,
}

/// The address that a lamp is told at.
pub(in crate::http) fn address(lamp: &Lamp) -> String {
    serde_json::from_str::<LampDialog>(&lamp.dialog)
        .map(|dialog| dialog.target().to_owned())
        .unwrap_or_default()
}

/// As people read it.
const fn title(state: LampState) -> &'static str {
    match state {
        LampState::Failing => "Cannot be told",
        LampState::Wrong => "Shows something else",
        LampState::BeingTold => "Is being told",
        LampState::Over => "Subscription ended",
        LampState::Right => "Shows what there is",
    }
}

/// `2 new, 1 old`, with the urgent ones.
fn counted(counts: Counts) -> String {
    let one = |count: u32, urgent: u32, word: &str| {
        let urgent = if urgent == 0 { String::new() } else { format!(" ({urgent} urgent)") };
        format!("{count} {word}{urgent}")
    };
    format!("{}, {}", one(counts.new, counts.new_urgent, "new"), one(counts.old, counts.old_urgent, "old"))
}

fn row(judged: &Judged, when: impl Fn(jiff::Timestamp) -> String) -> Row {
    let Judged { state, watched } = judged;
    let lamp = &watched.lamp;
    let kind = match lamp.expires_at {
        Some(at) => format!("subscribed {}, until {}", when(lamp.created_at), when(at)),
        None => format!("told without asking, since {}", when(lamp.created_at)),
    };
    let again = watched.job.map(|(_, at)| format!("; tried again {}", when(at))).unwrap_or_default();
    let trouble = match &lamp.last_error {
        Some(why) if *state != LampState::Right => format!("{}{again}", plain(why, lamp.failures)),
        _ => String::new(),
    };
    Row {
        id: lamp.id,
        extension: watched.extension.to_string(),
        to: address(lamp),
        state: *state,
        title: title(*state),
        shows: lamp.told.map_or_else(|| "not known".to_owned(), counted),
        truth: counted(watched.counts),
        confirmed: lamp.told_at.map_or_else(|| "never".to_owned(), when),
        since: kind,
        trouble,
    }
}

/// What went wrong, and what to look at.
fn plain(why: &str, failures: u32) -> String {
    let times = if failures == 1 { "once".to_owned() } else { format!("{failures} times") };
    let remedy = if why.contains("does not answer") {
        "is the phone on, and does the address lead to it through every firewall?"
    } else if why.contains("401") || why.contains("403") || why.contains("407") {
        "the phone or phone system refuses us: let it accept NOTIFY from this server"
    } else if why.contains("489") || why.contains("405") || why.contains("501") {
        "it does not know message-summary: switch “MWI” on there"
    } else if why.contains("404") || why.contains("480") || why.contains("604") {
        "nobody is registered there at the moment"
    } else {
        "look into the log of the phone system"
    };
    format!("{why}, {times} in a row: {remedy}")
}

pub(super) async fn page(State(site): Shared, visitor: Visitor, Query(asked): Query<Asked>) -> Response {
    if let Err(response) = visitor.must(Act::Lamps) {
        return response;
    }
    let zone = match zone(&site, &visitor).await {
        Ok(zone) => zone,
        Err(response) => return response,
    };
    let lamps = match site.web.services.lamps.lamps(visitor.actor.tenant).await {
        Ok(lamps) => lamps,
        Err(error) => return trouble(&error),
    };
    let now = site.web.clock.now();
    let when = |at| words::when(at, now, &zone);
    let sums =
        LampState::ALL.map(|state| (title(state), lamps.iter().filter(|lamp| lamp.state == state).count()));
    let q = asked.q.trim().to_owned();
    let fits = |lamp: &&Judged| {
        lamp.watched.extension.as_str().contains(&q) || address(&lamp.watched.lamp).contains(&q)
    };
    let found: Vec<&Judged> = lamps.iter().filter(|lamp| q.is_empty() || fits(lamp)).collect();
    let done = (asked.done == "again").then(|| {
        Done::said(
            "The phone is told again now. Load this page again in a few seconds to see what it answered.",
        )
    });
    let page = LampsPage {
        frame: Frame::new(&site, &visitor, HERE, None).with(done),
        q,
        sums: sums.into_iter().filter(|(_, count)| *count > 0).collect(),
        is_cut: found.len() > PAGE,
        rows: found.into_iter().take(PAGE).map(|lamp| row(lamp, when)).collect(),
    };
    render(&page, StatusCode::OK)
}

pub(super) async fn again(State(site): Shared, Path(id): Path<String>, posted: Posted) -> Response {
    let visitor = posted.visitor;
    if let Err(response) = visitor.must(Act::Lamps) {
        return response;
    }
    let Ok(id) = id.parse::<LampId>() else { return missing() };
    match told_again(&site, &visitor.actor, visitor.actor.tenant, id).await {
        Ok(_) => see(&site, &format!("{HERE}?done=again")),
        Err(StoreError::Missing { .. }) => missing(),
        Err(error) => trouble(&error),
    }
}

/// Tells a lamp again, and notes who asked for it.
pub(in crate::http) async fn told_again(
    site: &Site,
    actor: &crate::service::access::Actor,
    tenant: crate::domain::TenantId,
    id: LampId,
) -> Result<Lamp, StoreError> {
    let lamp = site.web.services.lamps.again(tenant, id).await?;
    let deed = Deed { action: "lamp.told-again", target: format!("lamp {id}") };
    site.web.services.audit.note(actor, tenant, deed, None::<&()>, None::<&()>).await;
    Ok(lamp)
}
