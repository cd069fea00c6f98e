//! Trunks and peers: what the configuration says, who of them was heard or refused lately, and whether they answer.

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use jiff::tz::TimeZone;

use crate::service::access::{Act, Actor};
use crate::service::audit::Deed;
use crate::service::trials::Neighbour;
use crate::service::trunks::TrunkView;

use super::super::portal::frame::{Done, Frame};
use super::super::portal::{missing, words};
use super::super::shell::render;
use super::super::visitor::{Posted, Visitor};
use super::super::{Shared, Site};
use super::first_steps;
use super::server::zone;

pub(super) const HERE: &str = "/admin/trunks";

#[derive(Template)]
#[template(path = "portal/trunks.html", config = "src/http/pages/askama.toml")]
struct TrunksPage {
    frame: Frame,
    trunks: Vec<Card>,
    strangers: Vec<Heard>,
}

struct Card {
    name: String,
    facts: Vec<(&'static str, String)>,
    heard: Vec<Heard>,
    reachable_at: Vec<String>,
}

struct Heard {
    ip: String,
    at: String,
    times: u64,
    words: String,
    is_bad: bool,
}

fn heard(neighbour: &Neighbour, zone: &TimeZone) -> Heard {
    Heard {
        ip: neighbour.ip.to_string(),
        at: words::stamp(neighbour.at, zone),
        times: neighbour.times,
        words: first_steps::what_came_of_it(neighbour),
        is_bad: !neighbour.is_connected(),
    }
}

fn card(trunk: &TrunkView, own: Vec<Heard>) -> Card {
    let list = |entries: &[String], none: &str| match entries {
        [] => none.to_owned(),
        entries => entries.join(", "),
    };
    let peers: Vec<String> = trunk.peers.iter().map(ToString::to_string).collect();
    let account = match (trunk.is_asked, trunk.is_answered) {
        (true, _) => "must be proven by whoever calls",
        (false, true) => "is proven by us when it asks",
        (false, false) => "none: the address is enough",
    };
    let mut facts = vec![
        ("Calls from", list(&peers, "nowhere: nobody can call")),
        ("Account", account.to_owned()),
        ("Transfers to", list(&trunk.transfer_targets, "nowhere")),
    ];
    if let Some((to, targets)) = &trunk.out {
        facts.push(("Our calls go to", to.clone()));
        facts.push(("They may reach", list(targets, "nobody")));
    }
    facts.extend(trunk.route.iter().cloned());
    Card { name: trunk.name.clone(), facts, heard: own, reachable_at: trunk.reachable_at.clone() }
}

async fn shown(site: &Site, visitor: &Visitor, done: Option<Done>) -> Response {
    let zone = match zone(site, visitor).await {
        Ok(zone) => zone,
        Err(response) => return response,
    };
    let (trunks, strangers) = site.web.services.trials.trunks_heard();
    let all = |neighbours: &[Neighbour]| neighbours.iter().map(|one| heard(one, &zone)).collect::<Vec<_>>();
    let page = TrunksPage {
        frame: Frame::new(site, visitor, HERE, None).with(done),
        trunks: trunks.iter().map(|(trunk, own)| card(trunk, all(own))).collect(),
        strangers: all(&strangers),
    };
    render(&page, StatusCode::OK)
}

pub(super) async fn page(State(site): Shared, visitor: Visitor) -> Response {
    if let Err(response) = visitor.must(Act::System) {
        return response;
    }
    shown(&site, &visitor, None).await
}

/// Asks one of the configured addresses, and no other.
pub(super) async fn ask(State(site): Shared, posted: Posted) -> Response {
    let Posted { visitor, fields } = posted;
    if let Err(response) = visitor.must(Act::System) {
        return response;
    }
    let uri = fields.get("uri");
    if !known(&site, uri) {
        return missing();
    }
    let done = match asked(&site, &visitor.actor, uri).await {
        Ok(said) => Done::said(said),
        Err(why) => Done::refused(why),
    };
    shown(&site, &visitor, Some(done)).await
}

/// Whether this is an address that the configuration names.
pub(in crate::http) fn known(site: &Site, uri: &str) -> bool {
    let trunks = site.web.services.trials.trunks();
    trunks.iter().any(|trunk| trunk.reachable_at.iter().any(|known| known == uri))
}

/// Sends OPTIONS, and notes it.
pub(in crate::http) async fn asked(site: &Site, actor: &Actor, uri: &str) -> Result<String, String> {
    let services = &site.web.services;
    let outcome = services.trials.options(uri.to_owned()).await;
    let deed = Deed { action: "trunk.asked", target: uri.to_owned() };
    let became = outcome.as_ref().map_or_else(Clone::clone, Clone::clone);
    services.audit.note(actor, actor.tenant, deed, None::<&()>, Some(&became)).await;
    outcome
}
