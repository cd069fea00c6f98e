//! First steps of a new server: what the phone system is told and whether it reaches us, a test call, a test mail.

use askama::Template;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::Response;
use jiff::tz::TimeZone;

use crate::domain::MailAddress;
use crate::service::access::Act;
use crate::service::audit::Deed;
use crate::service::trials::{Neighbour, Trial};

use super::super::portal::frame::{Done, Frame};
use super::super::portal::{sentence, trouble, words};
use super::super::shell::render;
use super::super::visitor::{Posted, Visitor, see};
use super::super::{Shared, Site};
use super::server::{Asked, zone};

pub(super) const HERE: &str = "/admin/first-steps";

#[derive(Template)]
#[template(path = "portal/first_steps.html", config = "src/http/pages/askama.toml")]
struct FirstSteps {
    frame: Frame,
    places: Vec<String>,
    host: String,
    port: String,
    is_connected: bool,
    neighbours: Vec<Row>,
    call: Tried,
    mail: Tried,
    has_mailbox: bool,
    to: String,
    is_running: bool,
}

struct Row {
    ip: String,
    at: String,
    words: String,
    is_bad: bool,
}

/// A trial as the page shows it.
struct Tried {
    mark: &'static str,
    is_good: bool,
    is_bad: bool,
    is_running: bool,
    words: String,
}

impl Tried {
    fn new(trial: Trial, zone: &TimeZone) -> Self {
        let (mark, is_good, is_bad, is_running, words) = match trial {
            Trial::Untried => ("Not tried yet", false, false, false, String::new()),
            Trial::Running(_) => ("Under way", false, false, true, "This takes up to a minute.".to_owned()),
            Trial::Passed(at, what) => {
                ("Works", true, false, false, format!("{}: {what}", words::stamp(at, zone)))
            }
            Trial::Failed(at, why) => {
                ("Does not work", false, true, false, format!("{}: {why}", words::stamp(at, zone)))
            }
        };
        Self { mark, is_good, is_bad, is_running, words }
    }
}

/// What was said last from this address, what came of it, and what to do.
pub(super) fn what_came_of_it(neighbour: &Neighbour) -> String {
    match (&neighbour.said, neighbour.refused) {
        (None, _) => "Got no answer: it is no peer. If this is your phone system, add the address to sip.peers and let the server read its configuration again (kill -HUP).".to_owned(),
        (Some(said), None) if neighbour.ip.is_loopback() => {
            format!("{said} was taken. A program on this machine itself reaches Aftertone.")
        }
        (Some(said), None) => format!("{said} was taken. This phone system reaches Aftertone."),
        (Some(said), Some(401)) => {
            format!("{said} was asked for the account of its trunk. Set user and password of the trunk in the phone system.")
        }
        (Some(said), Some(code)) => format!("{said} was refused with {code}."),
    }
}

fn row(neighbour: &Neighbour, zone: &TimeZone) -> Row {
    Row {
        ip: neighbour.ip.to_string(),
        at: words::stamp(neighbour.at, zone),
        words: what_came_of_it(neighbour),
        is_bad: !neighbour.is_connected(),
    }
}

pub(super) async fn page(State(site): Shared, visitor: Visitor, Query(asked): Query<Asked>) -> Response {
    let done = match asked.done.as_str() {
        "call" => Some(Done::said("The test phone calls your mailbox now.")),
        "mail" => Some(Done::said("The test mail is sent now.")),
        "busy" => Some(Done::refused("One is under way already: wait until it has ended.")),
        _ => None,
    };
    shown(&site, &visitor, done, StatusCode::OK).await
}

async fn shown(site: &Site, visitor: &Visitor, done: Option<Done>, status: StatusCode) -> Response {
    if let Err(response) = visitor.must(Act::System) {
        return response;
    }
    let zone = match zone(site, visitor).await {
        Ok(zone) => zone,
        Err(response) => return response,
    };
    let to = match address(site, visitor).await {
        Ok(to) => to,
        Err(response) => return response,
    };
    let trials = &site.web.services.trials;
    let (places, neighbours, board) = (trials.places(), trials.neighbours(), trials.board());
    let first = places.first().and_then(|place| place.split(' ').nth(1)).unwrap_or_default();
    let (host, port) = first.rsplit_once(':').unwrap_or((first, "5060"));
    let (call, mail) = (Tried::new(board.call, &zone), Tried::new(board.mail, &zone));
    let page = FirstSteps {
        frame: Frame::new(site, visitor, HERE, None).with(done),
        host: host.to_owned(),
        port: port.to_owned(),
        is_connected: neighbours.iter().any(Neighbour::is_connected),
        neighbours: neighbours.iter().take(20).map(|neighbour| row(neighbour, &zone)).collect(),
        is_running: call.is_running || mail.is_running,
        has_mailbox: visitor.actor.mailbox.is_some(),
        places,
        call,
        mail,
        to,
    };
    render(&page, status)
}

/// The visitor's own address, to be filled in.
pub(super) async fn address(site: &Site, visitor: &Visitor) -> Result<String, Response> {
    let Some(user) = visitor.actor.user else { return Ok(String::new()) };
    let person = site.web.services.people.person(visitor.actor.tenant, user).await;
    let person = person.map_err(|error| trouble(&error))?;
    Ok(person.and_then(|one| one.user.emails.first().map(ToString::to_string)).unwrap_or_default())
}

pub(super) async fn call(State(site): Shared, posted: Posted) -> Response {
    let visitor = posted.visitor;
    if let Err(response) = visitor.must(Act::System) {
        return response;
    }
    let owner = match visitor.owner() {
        Ok(owner) => owner,
        Err(response) => return response,
    };
    let services = &site.web.services;
    let found = async {
        let mailbox = services.settings.show(owner).await.map_err(|error| trouble(&error))?;
        let tenant = services.inbox.tenant(owner).await.map_err(|error| trouble(&error))?;
        Ok::<_, Response>((mailbox.extension, tenant.domains.into_iter().next()))
    };
    let (extension, domain) = match found.await {
        Ok(found) => found,
        Err(response) => return response,
    };
    let deed = Deed { action: "server.test-call", target: format!("mailbox {extension}") };
    if !services.trials.call(owner, extension, domain) {
        return see(&site, &format!("{HERE}?done=busy"));
    }
    services.audit.note(&visitor.actor, owner.tenant, deed, None::<&()>, None::<&()>).await;
    see(&site, &format!("{HERE}?done=call"))
}

pub(super) async fn mail(State(site): Shared, posted: Posted) -> Response {
    let visitor = posted.visitor;
    if let Err(response) = visitor.must(Act::System) {
        return response;
    }
    let to: MailAddress = match posted.fields.get("to").trim().parse() {
        Ok(to) => to,
        Err(error) => {
            let done = Some(Done::refused(sentence(&error)));
            return shown(&site, &visitor, done, StatusCode::UNPROCESSABLE_ENTITY).await;
        }
    };
    let services = &site.web.services;
    let deed = Deed { action: "server.test-mail", target: format!("address {to}") };
    if !services.trials.mail(to) {
        return see(&site, &format!("{HERE}?done=busy"));
    }
    services.audit.note(&visitor.actor, visitor.actor.tenant, deed, None::<&()>, None::<&()>).await;
    see(&site, &format!("{HERE}?done=mail"))
}
