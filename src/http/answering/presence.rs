//! What somebody says of themselves, until when, and which greeting plays meanwhile (000-07).

use askama::Template;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::Response;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::Deserialize;

use crate::domain::{GreetingId, Owner, Presence, PresenceState};
use crate::service::presence::{PresenceError, Standing};
use crate::store::StoreError;

use super::super::portal::frame::{Done, Frame};
use super::super::portal::{greeting_title, missing, sentence, trouble, words};
use super::super::shell::render;
use super::super::visitor::{Fields, Posted, Visitor, see};
use super::super::{Shared, Site};
use super::{Refused, Whose, answer};

#[derive(Template)]
#[template(path = "portal/presence.html", config = "src/http/pages/askama.toml")]
struct PresencePage {
    frame: Frame,
    whose: Whose,
    presence: PresenceForm,
    ties: Vec<Tie>,
    /// Every greeting of the mailbox: id, and what it is.
    greetings: Vec<(String, String)>,
}

/// The one control that sets it; stands on several pages.
pub(in crate::http) struct PresenceForm {
    /// Address of the pages: `/answering/me`.
    pub(in crate::http) path: String,
    pub(in crate::http) title: &'static str,
    /// In words, for people.
    pub(in crate::http) until: Option<String>,
    pub(in crate::http) state: PresenceState,
    pub(in crate::http) until_field: String,
    pub(in crate::http) zone: String,
    pub(in crate::http) states: [PresenceState; 6],
}

struct Tie {
    state: PresenceState,
    greeting: String,
}

impl PresenceForm {
    /// The control of a mailbox's owner; `None`: the mailbox is nobody's.
    pub(in crate::http) async fn of(
        site: &Site,
        owner: Owner,
        path: String,
        zone: &TimeZone,
    ) -> Result<Option<Self>, Response> {
        match site.web.services.presences.of(owner).await {
            Ok(standing) => Ok(Some(Self::new(&standing.presence, path, zone))),
            Err(PresenceError::Nobody) => Ok(None),
            Err(PresenceError::Store(StoreError::Missing { .. })) => Err(missing()),
            Err(error) => Err(trouble(&error)),
        }
    }

    fn new(presence: &Presence, path: String, zone: &TimeZone) -> Self {
        let field = |at: Timestamp| at.to_zoned(zone.clone()).strftime("%Y-%m-%dT%H:%M").to_string();
        Self {
            path,
            title: presence.state.title(),
            until: presence.until.map(|until| words::exactly(until, zone)),
            state: presence.state,
            until_field: presence.until.map(field).unwrap_or_default(),
            zone: zone.iana_name().unwrap_or("UTC").to_owned(),
            states: PresenceState::ALL,
        }
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Asked {
    done: String,
}

pub(super) async fn page(
    State(site): Shared,
    visitor: Visitor,
    Path(word): Path<String>,
    Query(asked): Query<Asked>,
) -> Response {
    let said = match asked.done.as_str() {
        "set" => Some("Noted. It holds from the next call on."),
        "greetings" => Some("The greetings are noted. They play from the next call on."),
        _ => None,
    };
    let shown = async {
        let whose = Whose::read(&site, &visitor, &word).await?;
        shown(&site, &visitor, whose, said.map(Done::said)).await
    };
    answer(shown.await)
}

async fn shown(
    site: &Site,
    visitor: &Visitor,
    whose: Whose,
    done: Option<Done>,
) -> Result<Response, Refused> {
    let (owner, _) = whose.mailbox()?;
    let zone = zone(site, owner).await?;
    let standing = standing(site, owner).await?;
    let greetings = site.web.services.settings.greetings(owner).await.map_err(|error| trouble(&error))?;
    let is_bad = done.as_ref().is_some_and(|done| done.is_error);
    let page = PresencePage {
        frame: Frame::new(site, visitor, whose.here(), None).with(done),
        presence: PresenceForm::new(&standing.presence, whose.path.clone(), &zone),
        ties: standing.greetings.iter().map(|(state, greeting)| tie(*state, *greeting)).collect(),
        greetings: greetings
            .iter()
            .map(|one| (one.id.to_string(), format!("{}: {}", greeting_title(one.kind), one.label)))
            .collect(),
        whose,
    };
    Ok(render(&page, if is_bad { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK }))
}

fn tie(state: PresenceState, greeting: Option<GreetingId>) -> Tie {
    Tie { state, greeting: greeting.map(|greeting| greeting.to_string()).unwrap_or_default() }
}

async fn standing(site: &Site, owner: Owner) -> Result<Standing, Refused> {
    Ok(site.web.services.presences.of(owner).await?)
}

async fn zone(site: &Site, owner: Owner) -> Result<TimeZone, Refused> {
    let services = &site.web.services;
    let mailbox = services.settings.show(owner).await.map_err(|error| trouble(&error))?;
    let tenant = services.inbox.tenant(owner).await.map_err(|error| trouble(&error))?;
    Ok(words::zone(Some(&mailbox), &tenant))
}

pub(super) async fn set(State(site): Shared, Path(word): Path<String>, posted: Posted) -> Response {
    changed(&site, &word, &posted, "set", async |whose: &Whose, fields: &Fields| {
        let (owner, _) = whose.mailbox()?;
        let state: PresenceState = fields.get("state").parse()?;
        // Who comes back needs no end, whatever the field still says.
        let until = match state {
            PresenceState::InOffice => None,
            _ => words::moment(fields.get("until"), &zone(&site, owner).await?).map_err(Refused::Mend)?,
        };
        let presences = site.web.services.presences.by(&posted.visitor.actor.name);
        presences.set(owner, state, until).await?;
        Ok(())
    })
    .await
}

pub(super) async fn greetings(State(site): Shared, Path(word): Path<String>, posted: Posted) -> Response {
    changed(&site, &word, &posted, "greetings", async |whose: &Whose, fields: &Fields| {
        let (owner, _) = whose.mailbox()?;
        let given = |state: PresenceState| match fields.get(state.as_str()) {
            "" => Ok((state, None)),
            id => Ok((state, Some(id.parse::<GreetingId>()?))),
        };
        let ties = PresenceState::ALL.into_iter().map(given);
        let ties = ties.collect::<Result<Vec<_>, crate::domain::Invalid>>()?;
        site.web.services.presences.by(&posted.visitor.actor.name).tie(owner, &ties).await?;
        Ok(())
    })
    .await
}

async fn changed(
    site: &Site,
    word: &str,
    posted: &Posted,
    done: &str,
    change: impl AsyncFnOnce(&Whose, &Fields) -> Result<(), Refused>,
) -> Response {
    let visitor = &posted.visitor;
    let whose = match Whose::write(site, visitor, word).await {
        Ok(whose) => whose,
        Err(response) => return response,
    };
    match change(&whose, &posted.fields).await {
        Ok(()) => see(site, &format!("{}/presence?done={done}", whose.path)),
        Err(Refused::Response(response)) => *response,
        Err(Refused::Mend(why)) => answer(shown(site, visitor, whose, Some(Done::refused(why))).await),
    }
}

impl From<PresenceError> for Refused {
    fn from(error: PresenceError) -> Self {
        match error {
            PresenceError::Invalid(error) => error.into(),
            error @ PresenceError::Nobody => Self::Mend(sentence(&error)),
            PresenceError::Store(StoreError::Missing { what: "greeting", .. }) => {
                Self::Mend("That greeting is not there any more: choose another one.".to_owned())
            }
            PresenceError::Store(StoreError::Missing { .. }) => missing().into(),
            PresenceError::Store(error) => trouble(&error).into(),
        }
    }
}
