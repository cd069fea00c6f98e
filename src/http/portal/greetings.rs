//! Greetings: which one plays now and why, upload, choose, switch off, until when, the recorded name.

use askama::Template;
use axum::extract::{Path, Query, RawQuery, State};
use axum::http::{HeaderMap, Method, StatusCode};
use axum::response::Response;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::Deserialize;

use crate::domain::answering::Calling;
use crate::domain::{
    Greeting, GreetingId, GreetingKind, GreetingName, Invalid, Owner, ProfileField, RedirectReason,
};
use crate::service::answering::{self, Asked as Asking};
use crate::service::directory::Standing;
use crate::service::greetings::MAX_UPLOAD;
use crate::service::ladder::{Play, Situation, choose};
use crate::service::owner::OwnerError;

use super::super::admin::aliases::{self, Alias};
use super::super::shell::render_recording;
use super::super::visitor::{Posted, Visitor, see};
use super::super::{Shared, Site, audio, link_page};
use super::frame::{Done, Frame};
use super::inbox::refused;
use super::sign_in::sentence;
use super::upload::Refused;
use super::{missing, trouble, words};

#[derive(Template)]
#[template(path = "portal/greetings.html", config = "src/http/pages/askama.toml")]
struct GreetingsPage {
    frame: Frame,
    playing: String,
    why: String,
    kinds: Vec<Kind>,
    zone: String,
    now: String,
    limit: usize,
    /// The phone that is offered to be called.
    extension: String,
    /// Another one that is offered.
    mobile: Option<String>,
    /// Numbers that lead here, each with the greeting of its callers (004-07).
    numbers: Vec<Alias>,
    choices: Vec<(String, String)>,
    calls_out: bool,
    /// Callers who press 0 are put through (002-064).
    has_operator: bool,
    standing: &'static str,
}

struct Kind {
    kind: GreetingKind,
    title: &'static str,
    when: &'static str,
    playing: bool,
    on: Option<Shown>,
    off: Vec<Shown>,
}

struct Shown {
    id: String,
    label: String,
    length: String,
    made: String,
    from: Option<String>,
    until: Option<String>,
    until_field: String,
    is_over: bool,
}

#[derive(Deserialize)]
pub(super) struct Asked {
    #[serde(default)]
    done: String,
    #[serde(default)]
    kind: String,
    #[serde(default)]
    id: String,
}

pub(super) async fn page(State(site): Shared, visitor: Visitor, Query(asked): Query<Asked>) -> Response {
    let done = said(&asked);
    shown(&site, &visitor, done, StatusCode::OK).await
}

fn said(asked: &Asked) -> Option<Done> {
    let (kind, id) = (asked.kind.parse::<GreetingKind>().ok(), asked.id.parse::<GreetingId>().ok());
    Some(match (asked.done.as_str(), kind, id) {
        ("number", ..) => Done::said("Set. The next caller of that number hears it."),
        ("aside", ..) => Done::said("Kept. What plays now goes on playing."),
        ("uploaded", Some(kind), _) => {
            Done::said(format!("Your {} is on. The next caller hears it.", title(kind).to_lowercase()))
        }
        ("chosen", ..) => Done::said("Switched. The next caller hears it."),
        ("off", _, Some(id)) => {
            Done { undo: Some(format!("/greetings/{id}/choose")), ..Done::said("Switched off.") }
        }
        ("until", ..) => Done::said("The end is noted."),
        ("named", ..) => Done::said("It has its new name."),
        _ => return None,
    })
}

pub(super) async fn shown(
    site: &Site,
    visitor: &Visitor,
    done: Option<Done>,
    status: StatusCode,
) -> Response {
    let made = async {
        let owner = visitor.owner()?;
        let services = &site.web.services;
        let greetings = services.settings.greetings(owner).await.map_err(refused)?;
        let mailbox = services.settings.show(owner).await.map_err(refused)?;
        let tenant = services.inbox.tenant(owner).await.map_err(refused)?;
        let unheard = services.inbox.counts(owner).await.map_err(refused)?.new;
        let (zone, now) = (words::zone(Some(&mailbox), &tenant), site.web.clock.now());
        // Somebody from outside whom no list or rule names.
        let forms = ["somebody".to_owned()];
        let calling = Calling { forms: &forms, internal: false };
        let reason = RedirectReason::NoAnswer;
        let arrangements = services.inbox.arrangements(owner).await.map_err(refused)?;
        let answered = answering::decide(&arrangements, &Asking { reason, calling, now, zone: &zone });
        let rule = answered.rule.as_ref();
        let choice = choose(&Situation {
            alias: None,
            greetings: &greetings,
            reason,
            internal: false,
            hours: &answered.hours,
            wanted: rule.and_then(|(_, rule)| Some((rule.then.greeting?, rule.name.as_str()))),
            presence: arrangements.presence_greeting(now),
            now,
            zone: zone.clone(),
            extension: &mailbox.extension,
        });
        let playing = match &choice.play {
            Play::Greeting { id, .. } | Play::RecordedName(id) => Some(*id),
            Play::ExtensionNumber(_) => None,
        };
        let named = match &choice.play {
            Play::Greeting { kind, .. } => title(*kind).to_owned(),
            Play::RecordedName(_) => "Built-in words with your recorded name".to_owned(),
            Play::ExtensionNumber(extension) => format!("Built-in words with your number, {extension}"),
        };
        // 004-03
        let user = visitor.actor.user.ok_or_else(missing)?;
        let person = services.people.person(owner.tenant, user).await.map_err(|error| trouble(&error))?;
        let policy = services.people.policy(owner.tenant).await.map_err(|error| trouble(&error))?;
        let is_shown = policy.shows(ProfileField::Mobile);
        let mobile = person.and_then(|person| person.user.profile.mobile).filter(|_| is_shown);
        let account = services.accounts.show(owner.tenant, &mailbox.extension).await;
        let account = account.map_err(|error| trouble(&error))?;
        let choices = aliases::choices(&greetings);
        let has_name = greetings.iter().any(|one| one.kind == GreetingKind::Name && one.active);
        let standing = services.directory.standing(&mailbox, has_name).await.map_err(refused)?;
        let kinds = GreetingKind::ALL.into_iter().map(|kind| of_kind(kind, &greetings, playing, now, &zone));
        Ok::<_, Response>(GreetingsPage {
            frame: Frame::new(site, visitor, "/greetings", Some(unheard)).with(done),
            playing: named,
            why: choice.why,
            kinds: kinds.collect(),
            zone: zone.iana_name().unwrap_or("UTC").to_owned(),
            now: field(now, &zone),
            limit: MAX_UPLOAD / 1024 / 1024,
            extension: mailbox.extension.to_string(),
            mobile,
            numbers: aliases::rows(&account.numbers, &choices),
            choices,
            calls_out: services.trials.calls_out(),
            has_operator: mailbox
                .operator
                .as_ref()
                .or(tenant.operator.as_ref())
                .is_some_and(|to| !to.is_empty()),
            standing: stands(standing),
        })
    };
    match made.await {
        Ok(page) => render_recording(&page, status),
        Err(response) => response,
    }
}

fn of_kind(
    kind: GreetingKind,
    greetings: &[Greeting],
    playing: Option<GreetingId>,
    now: Timestamp,
    zone: &TimeZone,
) -> Kind {
    let of_kind: Vec<&Greeting> = greetings.iter().filter(|greeting| greeting.kind == kind).collect();
    let show = |greeting: &Greeting| Shown {
        id: greeting.id.to_string(),
        label: greeting.label.clone(),
        length: link_page::clock(greeting.duration_ms),
        made: words::when(greeting.created_at, now, zone),
        from: greeting.from.filter(|from| *from > now).map(|from| words::exactly(from, zone)),
        until: greeting.until.map(|until| words::exactly(until, zone)),
        until_field: greeting.until.map(|until| field(until, zone)).unwrap_or_default(),
        is_over: greeting.until.is_some_and(|until| until <= now),
    };
    let on = of_kind.iter().find(|greeting| greeting.active);
    Kind {
        kind,
        title: title(kind),
        when: when(kind),
        playing: on.is_some_and(|greeting| playing == Some(greeting.id)),
        on: on.map(|greeting| show(greeting)),
        off: of_kind.iter().filter(|greeting| !greeting.active).map(|greeting| show(greeting)).collect(),
    }
}

/// As `<input type="datetime-local">` writes it.
fn field(at: Timestamp, zone: &TimeZone) -> String {
    at.to_zoned(zone.clone()).strftime("%Y-%m-%dT%H:%M").to_string()
}

pub(in crate::http) const fn title(kind: GreetingKind) -> &'static str {
    match kind {
        GreetingKind::Away => "Away greeting",
        GreetingKind::Busy => "Busy greeting",
        GreetingKind::Internal => "Greeting for colleagues",
        GreetingKind::Holiday => "Holiday greeting",
        GreetingKind::Closed => "After-hours greeting",
        GreetingKind::Standard => "Standard greeting",
        GreetingKind::Name => "Recorded name",
    }
}

/// 002-072
const fn stands(standing: Standing) -> &'static str {
    match standing {
        Standing::Named => "You are in the audio directory: callers find you by your name and hear it.",
        Standing::Spelled => {
            "You are in the audio directory, and your name is spelled there until you record it."
        }
        Standing::Nameless => {
            "You are not in the audio directory: callers find you once your name is recorded."
        }
        Standing::Hidden => {
            "You are not in the audio directory: “Callers find me in the directory” is off in your settings."
        }
    }
}

const fn when(kind: GreetingKind) -> &'static str {
    match kind {
        GreetingKind::Away => "Goes before all others while it is on.",
        GreetingKind::Busy => "When you are on the phone.",
        GreetingKind::Internal => "When a colleague calls.",
        GreetingKind::Holiday => "From its first to its last day.",
        GreetingKind::Closed => "When the phone system says that it is out of hours.",
        GreetingKind::Standard => "When nothing more special fits.",
        GreetingKind::Name => "Spoken in the directory, to your colleagues, and in the built-in greeting.",
    }
}

pub(super) async fn owner_zone(site: &Site, owner: Owner) -> Result<TimeZone, Response> {
    let mailbox = site.web.services.settings.show(owner).await.map_err(refused)?;
    let tenant = site.web.services.inbox.tenant(owner).await.map_err(refused)?;
    Ok(words::zone(Some(&mailbox), &tenant))
}

/// What a form calls a greeting; nothing for a name of its own.
pub(super) fn given_name(text: &str) -> Result<Option<GreetingName>, Invalid> {
    if text.trim().is_empty() { Ok(None) } else { text.parse().map(Some) }
}

/// A local time of a form; empty for none.
pub(super) fn time(text: &str, zone: &TimeZone) -> Result<Option<Timestamp>, Refused> {
    words::moment(text, zone).map_err(Refused::Mend)
}

pub(super) async fn act(
    State(site): Shared,
    Path((id, action)): Path<(String, String)>,
    posted: Posted,
) -> Response {
    let done = async {
        let owner = posted.visitor.owner()?;
        let id: GreetingId = id.parse().map_err(|_| missing())?;
        let settings = &site.web.services.settings.by(&posted.visitor.actor.name);
        let known = settings.greetings(owner).await.map_err(refused)?;
        let known = known.into_iter().find(|greeting| greeting.id == id).ok_or_else(missing)?;
        let word = match action.as_str() {
            "choose" => {
                settings.choose(owner, id).await.map_err(refused)?;
                "chosen"
            }
            "off" => {
                settings.switch_off(owner, known.kind).await.map_err(refused)?;
                "off"
            }
            "name" => {
                let renamed = match posted.fields.get("name").parse::<GreetingName>() {
                    Ok(name) => settings.rename(owner, id, &name).await,
                    Err(error) => return Ok(Err(sentence(&error))),
                };
                match renamed {
                    Ok(_) => {}
                    Err(error @ OwnerError::Invalid(_)) => return Ok(Err(sentence(&error))),
                    Err(error) => return Err(refused(error)),
                }
                "named"
            }
            "until" => {
                let zone = owner_zone(&site, owner).await?;
                let until = match time(posted.fields.get("until"), &zone) {
                    Ok(until) => until,
                    Err(Refused::Mend(why)) => return Ok(Err(why)),
                    Err(_) => return Err(missing()),
                };
                match settings.set_until(owner, id, until).await {
                    Ok(_) => {}
                    Err(error @ OwnerError::Invalid(_)) => return Ok(Err(sentence(&error))),
                    Err(error) => return Err(refused(error)),
                }
                "until"
            }
            _ => return Err(missing()),
        };
        Ok::<_, Response>(Ok((word, id)))
    };
    match done.await {
        Ok(Ok((word, id))) => see(&site, &format!("/greetings?done={word}&id={id}")),
        Ok(Err(why)) => {
            let done = Some(Done::refused(why));
            shown(&site, &posted.visitor, done, StatusCode::UNPROCESSABLE_ENTITY).await
        }
        Err(response) => response,
    }
}

pub(super) async fn wav(
    State(site): Shared,
    visitor: Visitor,
    Path(id): Path<String>,
    method: Method,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response {
    let found = async {
        let owner = visitor.owner()?;
        let id: GreetingId = id.parse().map_err(|_| missing())?;
        let known = site.web.services.settings.greetings(owner).await.map_err(refused)?;
        known.into_iter().find(|greeting| greeting.id == id).ok_or_else(missing)
    };
    match found.await {
        Ok(greeting) => audio::greeting(&site, &greeting, &method, query.as_deref(), &headers).await,
        Err(response) => response,
    }
}
