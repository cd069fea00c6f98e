//! How the server is: what it cannot do without, mails, prompts, and the tenants on it.

use askama::Template;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::Response;
use jiff::tz::TimeZone;
use serde::Deserialize;

use crate::service::access::Act;
use crate::service::audit::Deed;
use crate::service::upkeep::{Unspoken, VoiceState};
use crate::store::MailState;

use super::super::portal::frame::{Done, Frame};
use super::super::portal::{missing, trouble, words};
use super::super::shell::render;
use super::super::visitor::{Posted, Visitor};
use super::super::{Check, Shared, Site};
use super::first_steps::address;
use super::prompts;
use super::server::zone;

pub(super) const HERE: &str = "/admin/system";

#[derive(Template)]
#[template(path = "portal/system.html", config = "src/http/pages/askama.toml")]
struct SystemPage {
    frame: Frame,
    is_well: bool,
    checks: Vec<Check>,
    mail: Mails,
    voices: Vec<Voice>,
    unspoken: Vec<Unspoken>,
    tenants: Vec<Row>,
    new: Typed,
    version: &'static str,
}

/// Mails in words.
struct Mails {
    facts: Vec<(&'static str, String)>,
    is_well: bool,
    remedy: &'static str,
    /// Where a test goes; empty when the visitor has no address.
    to: String,
}

struct Voice {
    name: String,
    facts: String,
    missing: String,
}

struct Row {
    id: String,
    name: String,
    domains: String,
    zone: String,
}

/// A tenant as it was typed.
#[derive(Debug, Default)]
pub(super) struct Typed {
    pub(super) name: String,
    pub(super) domains: String,
    pub(super) zone: String,
    pub(super) language: String,
}

fn tries(count: u32) -> String {
    if count == 1 { "1 try".to_owned() } else { format!("{count} tries") }
}

fn mails(state: &MailState, zone: &TimeZone, to: String) -> Mails {
    let at = |at| words::stamp(at, zone);
    let since = state.oldest.map_or_else(String::new, |oldest| format!(", the oldest since {}", at(oldest)));
    let mut facts = vec![
        ("Accepted last", state.accepted_at.map_or_else(|| "No mail yet".to_owned(), at)),
        ("Waiting", format!("{}{since}", state.waiting)),
        ("Of them put off", state.put_off.to_string()),
        ("Given up", state.given_up.to_string()),
    ];
    if let Some(trouble) = &state.trouble {
        let next = trouble.next_at.map_or_else(
            || format!("given up after {}", tries(trouble.attempts)),
            |next| format!("{} so far, again on {}", tries(trouble.attempts), at(next)),
        );
        facts.push(("Last error", format!("{} ({next})", trouble.error)));
    }
    let remedy = match (state.put_off, state.given_up) {
        (0, 0) => "",
        (0, _) => "Mend what the last error says, then try the mails again in the Outbox.",
        _ => {
            "See that the mail server of mail.url runs and takes mails from here; what was put off is tried again by itself."
        }
    };
    Mails { facts, is_well: remedy.is_empty(), remedy, to }
}

fn voice(state: &VoiceState) -> Voice {
    let from =
        state.folder.as_ref().map_or_else(|| "part of the program".to_owned(), |at| format!("from {at}"));
    Voice {
        name: prompts::name(&state.language).to_owned(),
        facts: format!("{} phrases of {} recordings, {from}", state.phrases, state.clips),
        missing: state.missing.join(", "),
    }
}

#[derive(Debug, Default, Deserialize)]
pub(super) struct Asked {
    #[serde(default)]
    done: String,
}

pub(super) async fn page(State(site): Shared, visitor: Visitor, Query(asked): Query<Asked>) -> Response {
    let done = match asked.done.as_str() {
        "added" => Some(
            "The tenant is there. Add its first user with `aftertone user add --tenant …` or by the API.",
        ),
        "removed" => Some("The tenant is gone, with all that was in it."),
        _ => None,
    };
    shown(&site, &visitor, done.map(Done::said), Typed::default(), StatusCode::OK).await
}

pub(super) async fn shown(
    site: &Site,
    visitor: &Visitor,
    done: Option<Done>,
    new: Typed,
    status: StatusCode,
) -> Response {
    if let Err(response) = visitor.must(Act::System) {
        return response;
    }
    match view(site, visitor, done, new).await {
        Ok(page) => render(&page, status),
        Err(response) => response,
    }
}

async fn view(
    site: &Site,
    visitor: &Visitor,
    done: Option<Done>,
    new: Typed,
) -> Result<SystemPage, Response> {
    let services = &site.web.services;
    let zone = zone(site, visitor).await?;
    let to = address(site, visitor).await?;
    let checks = (site.web.checks)().await;
    let tenants = services.people.tenants().await.map_err(|error| trouble(&error))?;
    let mail = mails(&services.upkeep.mail().await.map_err(|error| trouble(&error))?, &zone, to);
    let row = |tenant: crate::domain::Tenant| Row {
        id: tenant.id.to_string(),
        name: tenant.name,
        domains: tenant.domains.join(", "),
        zone: tenant.zone,
    };
    Ok(SystemPage {
        frame: Frame::new(site, visitor, HERE, None).with(done),
        is_well: checks.iter().all(|check| check.ok),
        checks,
        mail,
        voices: services.upkeep.voices().iter().map(voice).collect(),
        unspoken: services.upkeep.unspoken().await.map_err(|error| trouble(&error))?,
        tenants: tenants.into_iter().map(row).collect(),
        new,
        version: env!("CARGO_PKG_VERSION"),
    })
}

/// Sends a test mail to the visitor's own address; the page says what the mail server answered.
pub(super) async fn mail(State(site): Shared, posted: Posted) -> Response {
    let visitor = &posted.visitor;
    if let Err(response) = visitor.must(Act::System) {
        return response;
    }
    let services = &site.web.services;
    let to = match address(&site, visitor).await {
        Ok(to) => to.parse().ok(),
        Err(response) => return response,
    };
    let (Some(user), Some(to)) = (visitor.actor.user, to) else { return missing() };
    let to: crate::domain::MailAddress = to;
    let deed = Deed { action: "server.test-mail", target: format!("address {to}") };
    services.audit.note(&visitor.actor, visitor.actor.tenant, deed, None::<&()>, None::<&()>).await;
    let (done, status) = match services.trials.mail_now(&site.web.store, user, to.clone()).await {
        Ok(said) => (Done::said(format!("Test mail to {to}: {said}")), StatusCode::OK),
        Err(why) => {
            let why = format!("Test mail to {to}: {}.", why.to_string().trim_end_matches('.'));
            (Done::refused(why), StatusCode::UNPROCESSABLE_ENTITY)
        }
    };
    shown(&site, visitor, Some(done), Typed::default(), status).await
}
